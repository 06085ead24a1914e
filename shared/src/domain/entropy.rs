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

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    /// CPU of this thread so far, in nanoseconds.
    #[cfg(target_os = "linux")]
    fn cpu() -> u64 {
        // What runs is accounted for when it stops.
        std::thread::sleep(std::time::Duration::from_millis(1));
        let times = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap();
        times.split(' ').next().unwrap().parse().unwrap()
    }

    /// With jitter entropy it would be 25 ms, in every cold start: see `.cargo/config.toml`.
    #[test]
    #[cfg(target_os = "linux")]
    fn the_first_random_number_costs_less_than_2_ms_of_cpu() {
        const NAME: &str = "domain::entropy::tests::the_first_random_number_costs_less_than_2_ms_of_cpu";
        const CHILD: &str = "JETON_FIRST_RANDOM_NUMBER";
        #[expect(clippy::disallowed_methods, reason = "whether this is the new process")]
        if std::env::var_os(CHILD).is_some() {
            let before = cpu();
            SystemEntropy.fill(&mut [0; 32]).unwrap();
            println!("cost={}=ns", cpu() - before);
            return;
        }
        // In this process others may have drawn before. The best of three: a machine may be busy.
        let costs = (0..3).map(|_| {
            let mut child = Command::new(std::env::current_exe().unwrap());
            let output = child.args(["--exact", NAME, "--nocapture"]).env(CHILD, "1").output().unwrap();
            let text = String::from_utf8_lossy(&output.stdout).into_owned();
            text.split('=').nth(1).expect("a cost").parse::<u64>().unwrap()
        });
        let cost = costs.min().unwrap();
        assert!(cost < 2_000_000, "{cost} ns");
    }
}
