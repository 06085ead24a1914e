//! Jeton's own API: orgs and members, the audit trail, the functions of operators, and the file that seeds the directory.
//!
//! `org`, `member` and `settings` are the bodies of the directory, `token` shows one token, `seed` and `load_seed` the file, `audit` and `publish_audit`
//! the events, `signals` what receivers are told of them, `operate` what is invoked by hand or by schedule, and `leak_report` what scanners of secrets send. Who may do what is decided in [`admin`](crate::admin).
//!
//! A setting of an org is added to the table in `domain/org.rs`; its name here follows from that.

pub(in crate::api) mod errors;
pub mod load_seed;
pub mod publish_audit;
pub mod revocation;
pub mod signals;

pub mod api_key;
pub mod audit;
pub mod authorization;
pub mod client;
mod conditions;
pub mod issuer;
pub mod jwks;
pub mod leak_report;
pub(in crate::api) mod limits;
pub mod logout;
pub mod member;
pub(in crate::api) mod networks;
pub mod operate;
pub mod org;
pub mod person_grant;
pub mod seed;
mod settings;
pub mod status_list;
pub mod token;

use serde::Serialize;

use crate::domain::Invalid;

/// The answer of `GET /health`.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema), schemars(rename = "Health"))]
pub struct Healthy {
    /// `ok`, always: what isn't well answers with an error.
    status: &'static str,
    /// The version of the program.
    version: &'static str,
    /// `ok`: the store answers. Only the local server asks it.
    #[serde(skip_serializing_if = "Option::is_none")]
    store: Option<&'static str>,
}

impl Healthy {
    /// The answer of a process that is there.
    pub const OK: Self = Self { status: "ok", version: env!("CARGO_PKG_VERSION"), store: None };
    /// The answer of a process whose store answers, too.
    pub const WITH_STORE: Self = Self { store: Some("ok"), ..Self::OK };
}

/// Text for people, of at most 100 characters.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) struct Text(pub(super) String);

/// The same, of at most 1,000.
#[derive(Clone, Debug)]
pub(super) struct LongText(pub(super) String);

impl std::str::FromStr for Text {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        const RULE: Invalid = Invalid("must be 1 to 100 characters without control characters");
        plain(text, 100).map(Self).ok_or(RULE)
    }
}

impl std::str::FromStr for LongText {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        const RULE: Invalid = Invalid("must be 1 to 1,000 characters without control characters");
        plain(text, 1_000).map(Self).ok_or(RULE)
    }
}

impl std::fmt::Display for Text {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::fmt::Display for LongText {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(feature = "openapi")]
impl crate::encoding::TextSchema for Text {
    fn text_schema() -> schemars::Schema {
        super::openapi::schema_impls::plain(100)
    }
}

#[cfg(feature = "openapi")]
impl crate::encoding::TextSchema for LongText {
    fn text_schema() -> schemars::Schema {
        super::openapi::schema_impls::plain(1_000)
    }
}

fn plain(text: &str, longest: usize) -> Option<String> {
    let is_plain = (1..=longest).contains(&text.chars().count()) && !text.chars().any(char::is_control);
    is_plain.then(|| text.to_owned())
}
