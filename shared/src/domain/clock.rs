//! The one place that asks the machine for the time.

use crate::domain::Timestamp;

/// Tells the time. An argument everywhere, so that tests can hold it still.
pub trait Clock: Send + Sync + std::fmt::Debug {
    /// This moment.
    fn now(&self) -> Timestamp;
}

/// The machine's clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is the clock")]
    fn now(&self) -> Timestamp {
        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        Timestamp::from_ms(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
    }
}

/// A clock that stands still until it is moved.
#[cfg(any(test, feature = "testing"))]
#[derive(Debug)]
pub struct FrozenClock(std::sync::atomic::AtomicI64);

#[cfg(any(test, feature = "testing"))]
impl FrozenClock {
    /// A clock that stands at `moment`.
    pub fn at(moment: Timestamp) -> Self {
        Self(moment.as_ms().into())
    }

    /// Moves the clock by `ms` milliseconds, back if negative.
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
