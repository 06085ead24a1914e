//! How clients poll for what a person decides elsewhere.

use super::{Seconds, Timestamp, TokenId};

/// How a client polls for the tokens of a request that a person decides elsewhere: RFC 8628 section 3.5.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Polling {
    /// SHA-256 of the secret in the code that it polls with.
    pub code: [u8; 32],
    /// How long it must wait between two polls. Each one that comes too soon makes it longer.
    pub interval: Seconds,
    /// When it last polled in time.
    pub polled_at: Option<Timestamp>,
    /// The id of that poll: of two at the same moment, one is in time.
    pub poll: Option<TokenId>,
}

impl Polling {
    /// By how much the interval grows with each poll that comes too soon: RFC 8628 section 3.5.
    const SLOW_DOWN: Seconds = Seconds(5);
    /// No interval is longer than the longest life of a code that is polled with.
    const MAX_INTERVAL: Seconds = Seconds(1_800);

    /// That of a client which hasn't polled yet.
    pub const fn new(code: [u8; 32], interval: Seconds) -> Self {
        Self { code, interval, polled_at: None, poll: None }
    }

    /// Says whether a poll comes too soon after the one before.
    pub fn is_too_soon(&self, now: Timestamp) -> bool {
        self.polled_at.is_some_and(|polled_at| now < polled_at.plus(self.interval))
    }

    /// The same with a longer interval. `None`: it can't be longer.
    pub fn slowed_down(&self) -> Option<Self> {
        let interval = Seconds(self.interval.0 + Self::SLOW_DOWN.0).min(Self::MAX_INTERVAL);
        (interval > self.interval).then(|| Self { interval, ..self.clone() })
    }
}
