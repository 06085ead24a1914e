//! Whether clients of strangers can register themselves: RFC 7591 section 3.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::Length;
use crate::domain::redirect_uri::is_scheme_of_an_app;
use crate::domain::{ClientDocumentHost, ClientDocumentRules, Invalid, OpenRegistration};
use crate::encoding::{FromText, integer_within, present};

/// Whether clients of strangers can register themselves without a token, how many, and how long they stay.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema), schemars(rename = "OpenRegistration"))]
#[serde(deny_unknown_fields)]
pub(super) struct OpenRegistrationBody {
    /// Whether they can at all. Default: false.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    enabled: Option<bool>,
    /// For how many seconds a client stays that no person has let in. Default: 86400, a day.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    unused_duration: Option<Length>,
    /// For how many seconds a client stays after a person has let it in for the last time. Default: 7776000, which is 90 days.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    duration: Option<Length>,
    /// How many can register in an hour: 1 to 1,000,000. Default: 100.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    most_per_hour: Option<Most>,
    /// How many can register in an hour from one address: 1 to 1,000,000. Default: 10.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    most_per_address: Option<Most>,
    /// The schemes without a dot that their redirect URIs may have, such as `cursor`. Default: none.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    schemes: Option<Vec<FromText<Scheme>>>,
}

/// Whether clients can name themselves by the URL of their metadata document, in the org that is open to strangers, and at which hosts it
/// is read.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema), schemars(rename = "ClientMetadataDocuments"))]
#[serde(deny_unknown_fields)]
pub(super) struct ClientMetadataDocumentsBody {
    /// Whether they can at all. Default: false.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    enabled: Option<bool>,
    /// The hosts whose documents are read, in lower case: `claude.ai`, `*.example.org` for all names below one, `*` for all; with a port if
    /// that isn't 443. Default: none.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    hosts: Option<Vec<FromText<ClientDocumentHost>>>,
}

#[cfg(feature = "openapi")]
impl crate::encoding::TextSchema for ClientDocumentHost {
    fn text_schema() -> schemars::Schema {
        schemars::json_schema!({"type": "string", "maxLength": 255, "pattern": "^(\\*|(\\*\\.)?[a-z0-9.:\\[\\]-]+)$"})
    }
}

impl From<ClientMetadataDocumentsBody> for ClientDocumentRules {
    fn from(body: ClientMetadataDocumentsBody) -> Self {
        let hosts = body.hosts.unwrap_or_default().into_iter().map(|host| host.0).collect();
        Self { enabled: body.enabled.unwrap_or_default(), hosts }
    }
}

impl From<ClientDocumentRules> for ClientMetadataDocumentsBody {
    fn from(setting: ClientDocumentRules) -> Self {
        Self { enabled: Some(setting.enabled), hosts: Some(setting.hosts.into_iter().map(FromText).collect()) }
    }
}

/// The most of something, from 1 to a million.
#[derive(Clone, Copy, Debug)]
struct Most(u32);

impl Most {
    const MAX: u32 = 1_000_000;
}

impl<'de> Deserialize<'de> for Most {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        integer_within(deserializer, 1..=Self::MAX, "must be an integer from 1 to 1,000,000").map(Self)
    }
}

impl Serialize for Most {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u32(self.0)
    }
}

#[cfg(feature = "openapi")]
impl schemars::JsonSchema for Most {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Most".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({"type": "integer", "minimum": 1, "maximum": Self::MAX})
    }
}

/// The scheme of an app's own URIs.
#[derive(Clone, Debug)]
struct Scheme(String);

impl FromStr for Scheme {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        const RULE: Invalid = Invalid("must be the scheme of an app in lower case, and none that browsers or mail programs know");
        if text.len() <= 50 && is_scheme_of_an_app(text) { Ok(Self(text.to_owned())) } else { Err(RULE) }
    }
}

impl fmt::Display for Scheme {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(feature = "openapi")]
impl crate::encoding::TextSchema for Scheme {
    fn text_schema() -> schemars::Schema {
        schemars::json_schema!({"type": "string", "maxLength": 50, "pattern": "^[a-z][a-z0-9+.-]*$"})
    }
}

impl From<OpenRegistrationBody> for OpenRegistration {
    fn from(body: OpenRegistrationBody) -> Self {
        let usual = Self::default();
        Self {
            enabled: body.enabled.unwrap_or(usual.enabled),
            unused_duration: body.unused_duration.map_or(usual.unused_duration, |length| length.0),
            duration: body.duration.map_or(usual.duration, |length| length.0),
            most_per_hour: body.most_per_hour.map_or(usual.most_per_hour, |most| most.0),
            most_per_address: body.most_per_address.map_or(usual.most_per_address, |most| most.0),
            schemes: body.schemes.map_or(usual.schemes, |schemes| schemes.into_iter().map(|scheme| scheme.0.0).collect()),
        }
    }
}

impl From<OpenRegistration> for OpenRegistrationBody {
    fn from(setting: OpenRegistration) -> Self {
        Self {
            enabled: Some(setting.enabled),
            unused_duration: Some(Length(setting.unused_duration)),
            duration: Some(Length(setting.duration)),
            most_per_hour: Some(Most(setting.most_per_hour)),
            most_per_address: Some(Most(setting.most_per_address)),
            schemes: Some(setting.schemes.into_iter().map(Scheme).map(FromText).collect()),
        }
    }
}
