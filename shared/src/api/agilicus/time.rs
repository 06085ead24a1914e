//! Moments in the Agilicus dialect.

use std::fmt;

use serde::{Serialize, Serializer};

use crate::domain::{Day, Invalid, Timestamp};

/// A moment, written as RFC 3339 has it, in UTC and whole seconds: `2026-11-22T04:49:07Z`.
#[derive(Clone, Copy, Debug)]
pub struct Rfc3339(pub Timestamp);

impl fmt::Display for Rfc3339 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        jiff::Timestamp::from_second(self.0.as_secs()).map_or(Ok(()), |moment| fmt::Display::fmt(&moment, f))
    }
}

impl Serialize for Rfc3339 {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// A day of UTC, written as RFC 3339 has it: `2026-11-22`.
#[derive(Clone, Copy, Debug)]
pub struct Date(pub Day);

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let begins_at = jiff::Timestamp::from_second(self.0.begins_at().as_secs());
        begins_at.map_or(Ok(()), |moment| fmt::Display::fmt(&jiff::tz::Offset::UTC.to_datetime(moment).date(), f))
    }
}

impl Serialize for Date {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// A date-time as Python's `isoformat` writes it: with an offset, or naive, which means UTC.
#[derive(Clone, Debug)]
pub(super) struct DateTime {
    /// The moment, to the millisecond.
    pub moment: Timestamp,
    /// As it was written, for the echo.
    pub text: String,
}

impl std::str::FromStr for DateTime {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        // Python has no second 60 either; the calendar here would take it for the second before.
        let has_leap_second = text.get(16..19) == Some(":60");
        let has_time = text.len() >= 16 && matches!(text.as_bytes()[10], b'T' | b't' | b' ') && !has_leap_second;
        let moment = text.parse::<jiff::Timestamp>().ok().or_else(|| {
            let naive = text.parse::<jiff::civil::DateTime>().ok()?;
            // Python's `datetime.max` is a date and time like any other, if only a little too far away for the calendar.
            Some(jiff::tz::Offset::UTC.to_timestamp(naive).unwrap_or(jiff::Timestamp::MAX))
        });
        match moment {
            Some(moment) if has_time => Ok(Self { moment: Timestamp::from_ms(moment.as_millisecond()), text: text.to_owned() }),
            _ => Err(Invalid("must be an ISO 8601 date and time, like 2026-01-02T03:04:05Z")),
        }
    }
}

#[cfg(feature = "openapi")]
impl crate::encoding::TextSchema for DateTime {
    fn text_schema() -> schemars::Schema {
        schemars::json_schema!({"type": "string", "format": "date-time"})
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn python_s_isoformat_is_read_and_naive_means_utc() {
        for (text, ms) in [
            ("2026-01-01T00:00:00", 1_767_225_600_000),
            ("2026-01-01T00:00:00+00:00", 1_767_225_600_000),
            ("2026-01-01T02:00:00+02:00", 1_767_225_600_000),
            ("2026-01-01T01:02:03.000400", 1_767_229_323_000),
            ("2026-01-01T00:00:00Z", 1_767_225_600_000),
            ("9999-12-31T23:59:59.999999", 253_402_207_200_999),
        ] {
            assert_eq!(text.parse::<DateTime>().unwrap().moment.as_ms(), ms, "{text}");
        }
        for bad in [
            "",
            "2026-12-31T23:59:60Z",
            "2026-12-31T23:59:60",
            "2026-01-01",
            "soon",
            "2026-13-01T00:00:00",
            "1767225600",
            "2026-01-01T00:00:00+99:00",
        ] {
            assert!(bad.parse::<DateTime>().is_err(), "{bad}");
        }
    }

    #[test]
    fn moments_are_written_in_whole_seconds() {
        assert_eq!(Rfc3339(Timestamp::from_ms(1_767_225_600_999)).to_string(), "2026-01-01T00:00:00Z");
    }
}
