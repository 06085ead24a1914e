//! The port that tells the time. The machine's clock is [`SystemClock`](crate::platform::SystemClock).

use crate::domain::Timestamp;

/// Tells the time. It is an argument everywhere, so that tests can hold it still.
pub trait Clock: Send + Sync + std::fmt::Debug {
    /// The current time, to the millisecond.
    fn now(&self) -> Timestamp;
}

/// A clock for tests that stands still until it is moved.
#[cfg(any(test, feature = "testing"))]
#[derive(Debug)]
pub struct FrozenClock(std::sync::atomic::AtomicI64);

#[cfg(any(test, feature = "testing"))]
impl FrozenClock {
    /// Makes a clock that stands at `moment`.
    pub fn at(moment: Timestamp) -> Self {
        Self(moment.as_ms().into())
    }

    /// Moves the clock by `ms` milliseconds: forward, or back if `ms` is negative.
    pub fn advance_ms(&self, ms: i64) {
        self.0.fetch_add(ms, std::sync::atomic::Ordering::SeqCst);
    }
}

#[cfg(any(test, feature = "testing"))]
impl Clock for FrozenClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_ms(self.0.load(std::sync::atomic::Ordering::SeqCst))
    }
}
