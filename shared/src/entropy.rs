//! The one place that asks the machine for randomness.

use crate::domain::Fault;

/// A source of unpredictable bytes. An argument everywhere, so that tests can repeat themselves.
pub trait Entropy: Send + Sync + std::fmt::Debug {
    /// Fills `bytes`.
    fn fill(&self, bytes: &mut [u8]) -> Result<(), Fault>;
}

/// The cryptographic generator of aws-lc.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemEntropy;

impl Entropy for SystemEntropy {
    #[expect(clippy::disallowed_methods, reason = "this is the source")]
    fn fill(&self, bytes: &mut [u8]) -> Result<(), Fault> {
        aws_lc_rs::rand::fill(bytes).map_err(|_| Fault::internal("drawing random bytes"))
    }
}

/// The same bytes for the same seed, for tests only: SHA-256 of seed and counter.
#[cfg(any(test, feature = "testing"))]
#[derive(Debug)]
pub struct Seeded {
    seed: u64,
    drawn: std::sync::atomic::AtomicU64,
}

#[cfg(any(test, feature = "testing"))]
impl Seeded {
    /// Starts a sequence.
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
