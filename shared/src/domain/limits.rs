//! Limits: how often something may be done in a minute and in a day.
//!
//! Who counts, and where, is in [`store::quotas`](crate::store::quotas).

use std::fmt;

use super::{ClientId, OrgId, Seconds, Timestamp, TokenId};

/// How often something may be done: in a minute, in a day, or both.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Limits {
    per_minute: Option<u32>,
    per_day: Option<u32>,
}

impl Limits {
    /// The largest limit of a minute.
    pub const MAX_PER_MINUTE: u32 = 100_000;
    /// The largest limit of a day.
    pub const MAX_PER_DAY: u32 = 10_000_000;

    /// Makes limits of how often something may be done in a minute and in a day. `None`: there is neither, or one is 0 or more than it can be.
    pub fn new(per_minute: Option<u32>, per_day: Option<u32>) -> Option<Self> {
        let is_within = |limit: Option<u32>, max: u32| limit.is_none_or(|limit| (1..=max).contains(&limit));
        let is_some = per_minute.is_some() || per_day.is_some();
        let is_good = is_some && is_within(per_minute, Self::MAX_PER_MINUTE) && is_within(per_day, Self::MAX_PER_DAY);
        is_good.then_some(Self { per_minute, per_day })
    }

    /// How often in a minute. `None`: as often as the day allows.
    pub const fn per_minute(self) -> Option<u32> {
        self.per_minute
    }

    /// How often in a day. `None`: as often as the minutes allow.
    pub const fn per_day(self) -> Option<u32> {
        self.per_day
    }

    /// Returns each limit with its window, the longest window first: who has used up both must wait for its end.
    pub fn iter(self) -> impl Iterator<Item = (LimitWindow, u32)> {
        let each = [(LimitWindow::Day, self.per_day), (LimitWindow::Minute, self.per_minute)];
        each.into_iter().filter_map(|(window, limit)| limit.map(|limit| (window, limit)))
    }
}

/// The stretch of time that a limit is about: a minute or a day of UTC, from its first moment to its last.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum LimitWindow {
    /// 60 seconds, from second 0 on.
    Minute,
    /// 24 hours, from midnight on.
    Day,
}

impl LimitWindow {
    /// How long it is.
    pub const fn length(self) -> Seconds {
        match self {
            Self::Minute => Seconds(60),
            Self::Day => Seconds::DAY,
        }
    }

    /// Its name in answers and records: `minute` or `day`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Minute => "minute",
            Self::Day => "day",
        }
    }

    /// Returns the moment at which the one began in which `now` is.
    pub fn start(self, now: Timestamp) -> Timestamp {
        now.rounded_down(self.length())
    }

    /// Returns the whole seconds until the one is over in which `now` is: at least 1.
    pub fn left(self, now: Timestamp) -> Seconds {
        let passed = now.as_secs().rem_euclid(i64::from(self.length().0));
        Seconds(u32::try_from(passed).map_or(1, |passed| self.length().0 - passed))
    }
}

/// Whose limits they are.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub enum LimitHolder {
    /// A client: its tokens are counted.
    Client(OrgId, ClientId),
    /// An API key: its uses are counted.
    ApiKey(OrgId, TokenId),
}

impl LimitHolder {
    /// Returns the org that it is in.
    pub const fn org(&self) -> &OrgId {
        match self {
            Self::Client(org, _) | Self::ApiKey(org, _) => org,
        }
    }
}

/// A limit that is reached.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct ReachedLimit {
    /// What the limit counts.
    pub counted: CountedUse,
    /// How many there may be.
    pub limit: u32,
    /// In which stretch of time.
    pub window: LimitWindow,
    /// How long it is until there may be more: at least a second.
    pub retry_after: Seconds,
}

/// What a limit counts.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum CountedUse {
    /// The tokens that a client is given.
    TokensOfClient,
    /// The introspections and exchanges of an API key.
    UsesOfApiKey,
}

impl fmt::Display for ReachedLimit {
    /// Says which limit it is, as a sentence: "The client's limit of 5 tokens a minute is reached."
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (holder, one) = match self.counted {
            CountedUse::TokensOfClient => ("client", "token"),
            CountedUse::UsesOfApiKey => ("API key", "use"),
        };
        let plural = if self.limit == 1 { "" } else { "s" };
        write!(f, "The {holder}'s limit of {} {one}{plural} a {} is reached.", self.limit, self.window.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_whole_numbers_in_their_ranges_and_at_least_one_is_said() {
        for (per_minute, per_day, is_good) in [
            (Some(1), None, true),
            (Some(100_000), Some(10_000_000), true),
            (None, Some(1), true),
            (None, None, false),
            (Some(0), Some(5), false),
            (Some(5), Some(0), false),
            (Some(100_001), None, false),
            (None, Some(10_000_001), false),
        ] {
            assert_eq!(Limits::new(per_minute, per_day).is_some(), is_good, "{per_minute:?} {per_day:?}");
        }
    }

    #[test]
    fn the_longest_window_is_asked_first() {
        let limits = Limits::new(Some(5), Some(7)).unwrap();
        assert_eq!(limits.iter().collect::<Vec<_>>(), [(LimitWindow::Day, 7), (LimitWindow::Minute, 5)]);
        assert_eq!(Limits::new(Some(5), None).unwrap().iter().collect::<Vec<_>>(), [(LimitWindow::Minute, 5)]);
    }

    #[test]
    fn windows_begin_with_the_minute_and_the_day_of_utc_and_the_wait_is_never_zero() {
        // 2026-11-28T13:45:59.999Z
        let at = |ms: i64| Timestamp::from_ms(1_795_873_559_999 + ms);
        assert_eq!(LimitWindow::Minute.start(at(0)), Timestamp::from_secs(1_795_873_500));
        assert_eq!(LimitWindow::Minute.start(at(1)), Timestamp::from_secs(1_795_873_560));
        assert_eq!((LimitWindow::Minute.left(at(0)), LimitWindow::Minute.left(at(1))), (Seconds(1), Seconds(60)));
        assert_eq!(LimitWindow::Day.start(at(0)), Timestamp::from_secs(1_795_824_000));
        let midnight = Timestamp::from_secs(1_795_910_400);
        assert_eq!(LimitWindow::Day.left(midnight), Seconds::DAY);
        assert_eq!(LimitWindow::Day.left(Timestamp::from_ms(midnight.as_ms() - 1)), Seconds(1));
        assert_eq!(LimitWindow::Day.start(Timestamp::from_ms(midnight.as_ms() - 1)), midnight.minus(Seconds::DAY));
    }

    #[test]
    fn a_reached_limit_says_whose_it_is_and_how_many() {
        let reached =
            ReachedLimit { counted: CountedUse::TokensOfClient, limit: 5, window: LimitWindow::Minute, retry_after: Seconds(1) };
        assert_eq!(reached.to_string(), "The client's limit of 5 tokens a minute is reached.");
        let reached = ReachedLimit { counted: CountedUse::UsesOfApiKey, limit: 1, window: LimitWindow::Day, ..reached };
        assert_eq!(reached.to_string(), "The API key's limit of 1 use a day is reached.");
    }
}
