//! Networks on the wire.

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::domain::{AllowedNetworks, Network};
use crate::encoding::FromText;

/// The networks from which something may be used, in CIDR notation: `["192.0.2.0/24", "2001:db8::/32"]`.
#[derive(Clone, Debug)]
pub(in crate::api) struct AllowedCidrs(pub(in crate::api) AllowedNetworks);

impl<'de> Deserialize<'de> for AllowedCidrs {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        const RULE: &str = "must have 1 to 20 networks";
        let networks: Vec<FromText<Network>> = Vec::deserialize(deserializer)?;
        let networks: Vec<_> = networks.into_iter().map(|network| network.0).collect();
        AllowedNetworks::from_networks(networks).map(Self).ok_or_else(|| D::Error::custom(RULE))
    }
}

impl Serialize for AllowedCidrs {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().map(|network| network.to_string()))
    }
}

#[cfg(feature = "openapi")]
impl schemars::JsonSchema for AllowedCidrs {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        "AllowedCidrs".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "type": "array", "minItems": 1, "maxItems": AllowedNetworks::MAX,
            "items": {"type": "string", "minLength": 4, "maxLength": 43, "examples": ["192.0.2.0/24"]},
        })
    }
}
