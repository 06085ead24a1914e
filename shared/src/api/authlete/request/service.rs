//! What is asked about the service itself: `/service/…` of Authlete's API.

use serde::Deserialize;

use crate::api::authlete::lenient::{flag, present};
use crate::domain::Refusal;
use crate::encoding::form::Parameters;

/// How the service's metadata shall look.
#[derive(Debug, Default, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema), schemars(rename = "ServiceConfigurationRequest"))]
#[serde(default)]
pub struct Configuration {
    /// Whether the answer has line breaks, for people.
    #[serde(deserialize_with = "flag")]
    pub pretty: bool,
    /// A JSON Patch (RFC 6902) to apply to it.
    #[serde(deserialize_with = "present")]
    pub patch: Option<String>,
}

impl TryFrom<Parameters> for Configuration {
    type Error = Refusal;

    fn try_from(mut query: Parameters) -> Result<Self, Refusal> {
        Ok(Self { pretty: query.flag("pretty")?.unwrap_or(false), patch: query.remove("patch")? })
    }
}

/// How the key set shall look.
#[derive(Clone, Copy, Debug)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct KeySetQuery {
    /// Whether the answer has line breaks, for people.
    pub pretty: bool,
}

impl TryFrom<Parameters> for KeySetQuery {
    type Error = Refusal;

    fn try_from(mut query: Parameters) -> Result<Self, Refusal> {
        if query.flag("includePrivateKeys")?.unwrap_or(false) {
            return Err(Refusal::invalid("includePrivateKeys", "must not be true: no private key leaves the service"));
        }
        Ok(Self { pretty: query.flag("pretty")?.unwrap_or(false) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_of_a_query_have_any_case() {
        let read = |query: &str| Parameters::read(query).and_then(KeySetQuery::try_from);
        for (query, pretty) in
            [("", false), ("pretty=true", true), ("pretty=True&includePrivateKeys=False", true), ("pretty=FALSE", false)]
        {
            assert_eq!(read(query).unwrap().pretty, pretty, "{query}");
        }
        assert!(read("pretty=yes").is_err() && read("includePrivateKeys=True").is_err());
    }
}
