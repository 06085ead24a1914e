//! Orgs on the wire.

use serde::{Deserialize, Serialize};

use super::Text;
use crate::directory::OrgDraft;
use crate::domain::{Invalid, Org, OrgId, OrgSettings, Refusal, Seconds};
use crate::wire::agilicus::rfc3339;
use crate::wire::{Object, Parsed, given};

/// The body of `PUT /v1/orgs/{org}`. What is absent gets its default: a `PUT` replaces.
#[derive(Clone, Debug, Deserialize)]
pub struct PutOrg {
    #[serde(default, deserialize_with = "given")]
    pub(super) parent: Option<Parsed<OrgId>>,
    #[serde(default, deserialize_with = "given")]
    pub(super) name: Option<Parsed<Text>>,
    #[serde(default, deserialize_with = "given")]
    pub(super) enabled: Option<bool>,
    #[serde(default, deserialize_with = "given")]
    pub(super) settings: Option<Object<Settings>>,
}

/// `settings`: lengths of time in seconds.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Settings {
    #[serde(default, deserialize_with = "given")]
    token_duration: Option<Length>,
    #[serde(default, deserialize_with = "given")]
    max_token_duration: Option<Length>,
    #[serde(default, deserialize_with = "given")]
    refresh_token_duration: Option<Length>,
    #[serde(default, deserialize_with = "given")]
    refresh_token_kept: Option<bool>,
    #[serde(default, deserialize_with = "given")]
    allow_non_expiring: Option<bool>,
}

/// 1 s to 400 days.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(try_from = "u32")]
pub(super) struct Length(pub(super) Seconds);

impl TryFrom<u32> for Length {
    type Error = Invalid;

    fn try_from(seconds: u32) -> Result<Self, Invalid> {
        if (1..=OrgSettings::LONGEST.0).contains(&seconds) {
            Ok(Self(Seconds(seconds)))
        } else {
            Err(Invalid("must be 1 to 34,560,000 seconds (400 days)"))
        }
    }
}

impl Settings {
    /// The settings, with defaults for what is absent.
    fn take(&self) -> Result<OrgSettings, Refusal> {
        let default = OrgSettings::default();
        let length = |given: Option<Length>, default: Seconds| given.map_or(default, |length| length.0);
        let max_token_duration = length(self.max_token_duration, default.max_token_duration);
        let settings = OrgSettings {
            token_duration: length(self.token_duration, default.token_duration.min(max_token_duration)),
            max_token_duration,
            refresh_token_duration: length(self.refresh_token_duration, default.refresh_token_duration),
            refresh_token_kept: self.refresh_token_kept,
            oauth: default.oauth,
            allow_non_expiring: self.allow_non_expiring.unwrap_or(default.allow_non_expiring),
        };
        if settings.token_duration > settings.max_token_duration {
            return Err(Refusal::invalid("settings.token_duration", "must not be longer than max_token_duration"));
        }
        Ok(settings)
    }
}

impl TryFrom<PutOrg> for OrgDraft {
    type Error = Refusal;

    fn try_from(request: PutOrg) -> Result<Self, Refusal> {
        let PutOrg { parent, name, enabled, settings } = request;
        Ok(Self {
            parent: parent.map(|parent| parent.0),
            name: name.map(|name| name.0.0),
            enabled: enabled.unwrap_or(true),
            settings: settings.unwrap_or_default().0.take()?,
        })
    }
}

/// An org in an answer.
#[derive(Debug, Serialize)]
pub struct OrgView<'a> {
    id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    parent: Option<&'a str>,
    root: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
    enabled: bool,
    settings: SettingsView,
    created: String,
    updated: String,
}

#[derive(Debug, Serialize)]
struct SettingsView {
    token_duration: u32,
    max_token_duration: u32,
    refresh_token_duration: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    refresh_token_kept: Option<bool>,
    allow_non_expiring: bool,
}

impl<'a> OrgView<'a> {
    /// The view of an org.
    pub fn of(org: &'a Org) -> Self {
        let settings = &org.settings;
        Self {
            id: org.id.as_str(),
            parent: org.parent().map(OrgId::as_str),
            root: org.root().as_str(),
            name: org.name.as_deref(),
            enabled: org.enabled,
            settings: SettingsView {
                token_duration: settings.token_duration.0,
                max_token_duration: settings.max_token_duration.0,
                refresh_token_duration: settings.refresh_token_duration.0,
                refresh_token_kept: settings.refresh_token_kept,
                allow_non_expiring: settings.allow_non_expiring,
            },
            created: rfc3339(org.created_at),
            updated: rfc3339(org.updated_at),
        }
    }
}
