//! How often and how long something is tried again.

use std::time::Duration;

use tokio::time::{Instant, sleep};

use crate::domain::{Entropy, Fault};

/// What is left of the will to try again: at most ten times, and no more once [`RETRY_FOR`](Self::RETRY_FOR) has
/// passed since it began.
pub(super) struct Backoff<'a> {
    doing: &'static str,
    entropy: &'a dyn Entropy,
    begun: Instant,
    retry_for: Duration,
    waits: u32,
}

impl<'a> Backoff<'a> {
    const MAX_WAITS: u32 = 10;
    pub(super) const RETRY_FOR: Duration = Duration::from_millis(1_500);

    pub(super) fn new(doing: &'static str, entropy: &'a dyn Entropy, retry_for: Duration) -> Self {
        Self { doing, entropy, begun: Instant::now(), retry_for, waits: 0 }
    }

    /// Waits before the next try: 10 ms, then twice as long each time up to 200 ms, of which chance takes off up to a half, so
    /// that those who got into each other's way don't do it again.
    pub(super) async fn wait(&mut self) -> Result<(), Fault> {
        if self.waits == Self::MAX_WAITS || self.begun.elapsed() >= self.retry_for {
            return Err(Fault::unavailable(self.doing).because("others were always faster, or DynamoDB had too much to do"));
        }
        let mut chance = [0];
        self.entropy.fill(&mut chance)?;
        sleep(delay(self.waits, chance[0])).await;
        self.waits += 1;
        Ok(())
    }
}

fn delay(waits: u32, chance: u8) -> Duration {
    let whole = Duration::from_millis((10 << waits).min(200));
    whole / 2 + whole / 2 * u32::from(chance) / u32::from(u8::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Seeded;

    #[test]
    fn all_waits_together_are_bounded() {
        let longest: Duration = (0..Backoff::MAX_WAITS).map(|waits| delay(waits, u8::MAX)).sum();
        assert_eq!(longest, Duration::from_millis(1_310));
        let shortest: Duration = (0..Backoff::MAX_WAITS).map(|waits| delay(waits, 0)).sum();
        assert_eq!(shortest, longest / 2);
    }

    #[tokio::test]
    async fn patience_ends_with_a_fault_that_can_be_retried() {
        let entropy = Seeded::new(1);
        let mut backoff = Backoff::new("a test", &entropy, Backoff::RETRY_FOR);
        for _ in 0..Backoff::MAX_WAITS {
            backoff.wait().await.unwrap();
        }
        assert!(backoff.wait().await.unwrap_err().can_retry());
        assert!(backoff.begun.elapsed() < Duration::from_secs(5));
    }
}
