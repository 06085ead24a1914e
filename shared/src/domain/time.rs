//! Moments and lengths of time. A moment always comes from a [`Clock`](crate::domain::Clock).

/// A length of time in whole seconds.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Seconds(pub u32);

impl Seconds {
    /// One hour, in seconds.
    pub const HOUR: Self = Self(3_600);
    /// One day of 24 hours.
    pub const DAY: Self = Self(86_400);

    /// Returns the length in milliseconds.
    pub const fn as_ms(self) -> i64 {
        self.0 as i64 * 1_000
    }
}

/// A moment, in milliseconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Timestamp(i64);

impl Timestamp {
    /// 9999-12-31T23:59:59Z: the last moment that RFC 3339 can spell, and the `exp` of a token that does not expire.
    pub const END_OF_TIME: Self = Self(253_402_300_799_000);

    /// Makes a moment of milliseconds since 1970.
    pub const fn from_ms(ms: i64) -> Self {
        Self(ms)
    }

    /// Makes a moment of whole seconds since 1970.
    pub const fn from_secs(secs: i64) -> Self {
        Self(secs.saturating_mul(1_000))
    }

    /// Returns the moment in milliseconds since 1970.
    pub const fn as_ms(self) -> i64 {
        self.0
    }

    /// Whole seconds since 1970, rounded down: the `NumericDate` of RFC 7519 section 2.
    pub const fn as_secs(self) -> i64 {
        self.0.div_euclid(1_000)
    }

    /// Drops the fraction of a second.
    #[must_use]
    pub const fn whole_second(self) -> Self {
        Self::from_secs(self.as_secs())
    }

    /// Returns the last moment before or at this one that is a multiple of `length` since 1970: the start of its hour, of its day.
    #[must_use]
    pub const fn rounded_down(self, length: Seconds) -> Self {
        let length = length.as_ms();
        Self(self.0.saturating_sub(self.0.rem_euclid(length)))
    }

    /// This moment, `length` later.
    #[must_use]
    pub const fn plus(self, length: Seconds) -> Self {
        Self(self.0.saturating_add(length.as_ms()))
    }

    /// The latest that another instance's clock may show at this moment: a second later.
    #[must_use]
    pub const fn plus_slack(self) -> Self {
        self.plus(Seconds(1))
    }

    /// This moment, `length` earlier.
    #[must_use]
    pub const fn minus(self, length: Seconds) -> Self {
        Self(self.0.saturating_sub(length.as_ms()))
    }

    /// Whole seconds from `earlier` to here, none if `earlier` is later.
    pub fn since(self, earlier: Self) -> Seconds {
        let secs = self.0.saturating_sub(earlier.0) / 1_000;
        Seconds(u32::try_from(secs.max(0)).unwrap_or(u32::MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_round_down_also_before_1970() {
        assert_eq!(Timestamp::from_ms(1_999).as_secs(), 1);
        assert_eq!(Timestamp::from_ms(-1).as_secs(), -1);
    }

    #[test]
    fn a_moment_is_rounded_down_to_the_start_of_its_hour_also_before_1970() {
        assert_eq!(Timestamp::from_ms(7_199_999).rounded_down(Seconds::HOUR), Timestamp::from_secs(3_600));
        assert_eq!(Timestamp::from_secs(3_600).rounded_down(Seconds::HOUR), Timestamp::from_secs(3_600));
        assert_eq!(Timestamp::from_ms(-1).rounded_down(Seconds::HOUR), Timestamp::from_secs(-3_600));
    }

    #[test]
    fn a_length_never_turns_negative() {
        assert_eq!(Timestamp::from_secs(1).since(Timestamp::from_secs(5)), Seconds(0));
        assert_eq!(Timestamp::from_secs(5).since(Timestamp::from_secs(1)), Seconds(4));
    }
}
