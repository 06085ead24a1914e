//! Limits on the wire.

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::domain::Limits;
use crate::encoding::{Object, integer_within, present};

/// How often something may be done: `{"per_minute": 60, "per_day": 5000}`.
#[derive(Clone, Copy, Debug)]
pub(in crate::api) struct LimitsBody(pub(in crate::api) Limits);

/// How often something may be done: in each minute, in each day, or both.
#[derive(Deserialize, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema), schemars(rename = "Limits"))]
#[serde(deny_unknown_fields)]
struct Members {
    /// How often in each minute of UTC: 1 to 100,000. Left out: as often as the day allows.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schemars(with = "Option<u32>", range(min = 1, max = 100_000)))]
    per_minute: Option<PerMinute>,
    /// How often in each day of UTC: 1 to 10,000,000. Left out: as often as the minutes allow.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schemars(with = "Option<u32>", range(min = 1, max = 10_000_000)))]
    per_day: Option<PerDay>,
}

#[derive(Clone, Copy, Serialize)]
struct PerMinute(u32);

impl<'de> Deserialize<'de> for PerMinute {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        integer_within(deserializer, 1..=Limits::MAX_PER_MINUTE, "must be an integer from 1 to 100,000 (a minute)").map(Self)
    }
}

#[derive(Clone, Copy, Serialize)]
struct PerDay(u32);

impl<'de> Deserialize<'de> for PerDay {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        integer_within(deserializer, 1..=Limits::MAX_PER_DAY, "must be an integer from 1 to 10,000,000 (a day)").map(Self)
    }
}

impl<'de> Deserialize<'de> for LimitsBody {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Object(Members { per_minute, per_day }) = Object::deserialize(deserializer)?;
        let limits = Limits::new(per_minute.map(|limit| limit.0), per_day.map(|limit| limit.0));
        limits.map(Self).ok_or_else(|| D::Error::custom("must have per_minute, per_day or both"))
    }
}

impl Serialize for LimitsBody {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (per_minute, per_day) = (self.0.per_minute().map(PerMinute), self.0.per_day().map(PerDay));
        Members { per_minute, per_day }.serialize(serializer)
    }
}

#[cfg(feature = "openapi")]
impl schemars::JsonSchema for LimitsBody {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        Members::schema_name()
    }

    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        let mut schema = Members::json_schema(generator);
        schema.insert("minProperties".to_owned(), 1.into());
        schema
    }
}
