//! The userinfo endpoint on the wire: OpenID Connect Core section 5.3.

use serde::Serialize;
use serde_json::{Map, Value};

/// What a client may know of a person: `sub`, and the claims of the granted scopes and of the request's parameter `claims`.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct Userinfo {
    /// The person, by the name that all tokens have.
    sub: String,
    /// What the login application has said of the person: OpenID Connect Core section 5.1.
    #[serde(flatten)]
    claims: Map<String, Value>,
}

impl Userinfo {
    /// Shows the claims of a person, of which `sub` is one.
    pub fn from_claims(mut claims: Map<String, Value>) -> Self {
        let sub = match claims.remove("sub") {
            Some(Value::String(sub)) => sub,
            Some(_) | None => String::new(),
        };
        Self { sub, claims }
    }
}
