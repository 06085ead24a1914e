//! Who looks after API keys, and how long they live.

use serde::{Deserialize, Serialize};

use super::Length;
use crate::domain::{ApiKeyRules, OrgSettings, Refusal};
use crate::encoding::present;

/// Whether members look after their own API keys, how long keys live, and how many a member can have.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema), schemars(rename = "ApiKeyRules"))]
#[serde(deny_unknown_fields)]
pub(super) struct ApiKeysBody {
    /// Whether members make, see, rotate and end their own keys. Default: false, so that administrators do.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    self_service: Option<bool>,
    /// For how many seconds a key lives where a request says nothing: 60 to 34560000. Default: 7776000, which is 90 days, or `max_duration` if
    /// less.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    duration: Option<Length>,
    /// The longest lifetime of a key that a request can ask for, in seconds: 60 to 34560000. Default: 31536000, which is 365 days.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    max_duration: Option<Length>,
    /// How many live keys a member can have: 1 to 200. Default: 20.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schemars(range(min = 1, max = 200)))]
    max_per_owner: Option<u32>,
    /// Whether each new key must say from which networks it may be used. Default: false.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    require_cidrs: Option<bool>,
    /// For how many seconds a JWT lives that a key is exchanged for: 60 to 3600. Default: 600.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    jwt_duration: Option<Length>,
}

impl ApiKeysBody {
    /// Reads the rules. What is absent has its default.
    ///
    /// # Errors
    /// [`Refusal::Invalid`] for a length or a number that is out of its range, and for a usual lifetime that is longer than the longest.
    pub(super) fn try_into_rules(self) -> Result<ApiKeyRules, Refusal> {
        const LENGTH: &str = "must be an integer from 60 to 34,560,000 (seconds: at most 400 days)";
        let usual = ApiKeyRules::default();
        let max_duration = self.max_duration.map_or(usual.max_duration, |length| length.0);
        let rules = ApiKeyRules {
            self_service: self.self_service.unwrap_or(usual.self_service),
            duration: self.duration.map_or(usual.duration.min(max_duration), |length| length.0),
            max_duration,
            max_per_owner: self.max_per_owner.unwrap_or(usual.max_per_owner),
            require_cidrs: self.require_cidrs.unwrap_or(usual.require_cidrs),
            jwt_duration: self.jwt_duration.map_or(usual.jwt_duration, |length| length.0),
        };
        for (value, range, field, rule) in [
            (rules.max_duration.0, 60..=OrgSettings::MAX_LIFETIME.0, "settings.api_keys.max_duration", LENGTH),
            (rules.duration.0, 60..=OrgSettings::MAX_LIFETIME.0, "settings.api_keys.duration", LENGTH),
            (rules.max_per_owner, 1..=200, "settings.api_keys.max_per_owner", "must be an integer from 1 to 200"),
            (rules.jwt_duration.0, 60..=3_600, "settings.api_keys.jwt_duration", "must be an integer from 60 to 3,600 (seconds)"),
        ] {
            if !range.contains(&value) {
                return Err(Refusal::invalid(field, rule));
            }
        }
        if rules.duration > rules.max_duration {
            return Err(Refusal::invalid("settings.api_keys.duration", "must not be longer than max_duration"));
        }
        Ok(rules)
    }

    pub(super) fn from_rules(rules: ApiKeyRules) -> Self {
        Self {
            self_service: Some(rules.self_service),
            duration: Some(Length(rules.duration)),
            max_duration: Some(Length(rules.max_duration)),
            max_per_owner: Some(rules.max_per_owner),
            require_cidrs: Some(rules.require_cidrs),
            jwt_duration: Some(Length(rules.jwt_duration)),
        }
    }
}
