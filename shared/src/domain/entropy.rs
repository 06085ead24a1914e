//! The port that draws random bytes. The machine's source is [`SystemEntropy`](crate::platform::SystemEntropy).

use crate::domain::Fault;

/// A source of unpredictable bytes. It is an argument everywhere, so that tests can repeat what was drawn.
pub trait Entropy: Send + Sync + std::fmt::Debug {
    /// Fills `bytes` with random bytes.
    ///
    /// # Errors
    ///
    /// An internal fault if the source fails.
    fn fill(&self, bytes: &mut [u8]) -> Result<(), Fault>;
}

/// A predictable source for tests: the same seed gives the same bytes, SHA-256 of seed and counter.
#[cfg(any(test, feature = "testing"))]
#[derive(Debug)]
pub struct Seeded {
    seed: u64,
    drawn: std::sync::atomic::AtomicU64,
}

#[cfg(any(test, feature = "testing"))]
impl Seeded {
    /// Starts the sequence of this seed.
    pub fn new(seed: u64) -> Self {
        Self { seed, drawn: 0.into() }
    }
}

#[cfg(any(test, feature = "testing"))]
impl Entropy for Seeded {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), Fault> {
        for chunk in bytes.chunks_mut(32) {
            let count = self.drawn.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
            let mut block = self.seed.to_be_bytes().to_vec();
            block.extend(count.to_be_bytes());
            let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, &block);
            chunk.copy_from_slice(&digest.as_ref()[..chunk.len()]);
        }
        Ok(())
    }
}
