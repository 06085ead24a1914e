//! The machine's clock and randomness: the only file that asks for either. Everything else takes a [`Clock`] or an [`Entropy`],
//! so that tests can hold time still and repeat what was drawn.

use crate::domain::{Clock, Entropy, Fault, Timestamp};

/// The clock of the machine, in UTC.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is the clock")]
    fn now(&self) -> Timestamp {
        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        Timestamp::from_ms(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
    }
}

/// The cryptographic random number generator of AWS-LC.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemEntropy;

impl Entropy for SystemEntropy {
    #[expect(clippy::disallowed_methods, reason = "this is the source")]
    fn fill(&self, bytes: &mut [u8]) -> Result<(), Fault> {
        aws_lc_rs::rand::fill(bytes).map_err(|_| Fault::internal("drawing random bytes"))
    }
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    /// CPU time that this thread has used so far, in nanoseconds.
    #[cfg(target_os = "linux")]
    fn cpu() -> u64 {
        // The kernel accounts for CPU time when a thread stops running.
        std::thread::sleep(std::time::Duration::from_millis(1));
        let times = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap();
        times.split(' ').next().unwrap().parse().unwrap()
    }

    /// With jitter entropy the first number would cost 25 ms in every cold start: `.cargo/config.toml` turns it off.
    #[test]
    #[cfg(target_os = "linux")]
    fn the_first_random_number_costs_less_than_2_ms_of_cpu() {
        const NAME: &str = "platform::system::tests::the_first_random_number_costs_less_than_2_ms_of_cpu";
        const CHILD: &str = "JETON_FIRST_RANDOM_NUMBER";
        #[expect(clippy::disallowed_methods, reason = "whether this is the new process")]
        if std::env::var_os(CHILD).is_some() {
            let before = cpu();
            SystemEntropy.fill(&mut [0; 32]).unwrap();
            println!("cost={}=ns", cpu() - before);
            return;
        }
        // In this process other tests may have drawn before. Take the best of three, because the machine may be busy.
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
