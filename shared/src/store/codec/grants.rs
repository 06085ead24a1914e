//! Grants that may be used: `#[serde(with = "grants")]`, in the spelling of OAuth. What this version doesn't know is left out,
//! for it can't be used.

use serde::{Deserialize, Deserializer, Serializer};

use crate::domain::GrantType;

pub(super) fn serialize<S: Serializer>(grants: &[GrantType], to: S) -> Result<S::Ok, S::Error> {
    to.collect_seq(grants.iter().map(|grant| grant.as_str()))
}

pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<GrantType>, D::Error> {
    Ok(Vec::<String>::deserialize(from)?.iter().filter_map(|name| name.parse().ok()).collect())
}
