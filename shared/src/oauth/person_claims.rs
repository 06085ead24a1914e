//! The claims of a person: which ones a login application can say, and which of them a client may know.

use serde_json::{Map, Value};

use crate::domain::scope::openid;
use crate::domain::{ExtraClaims, Fault, Scope, SignIn};

/// What a login application can't say of a person: these claims are the service's own, or those of other tokens.
pub const RESERVED_CLAIMS: &[&str] = &[
    "acr",
    "act",
    "active",
    "amr",
    "anc",
    "at_hash",
    "aud",
    "auth_time",
    "authorization_details",
    "azp",
    "c_hash",
    "client_id",
    "cnf",
    "events",
    "exp",
    "fam",
    "grant_type",
    "iat",
    "iss",
    "jti",
    "may_act",
    "nbf",
    "nonce",
    "org",
    "roles",
    "root_org",
    "s_hash",
    "scope",
    "scopes",
    "session",
    "session_org",
    "sid",
    "status",
    "sub",
    "token_type",
    "typ",
];

/// Which claims each scope stands for: OpenID Connect Core section 5.4.
const CLAIMS_OF_SCOPES: &[(&str, &[&str])] = &[
    (
        openid::PROFILE,
        &[
            "name",
            "family_name",
            "given_name",
            "middle_name",
            "nickname",
            "preferred_username",
            "profile",
            "picture",
            "website",
            "gender",
            "birthdate",
            "zoneinfo",
            "locale",
            "updated_at",
        ],
    ),
    (openid::EMAIL, &["email", "email_verified"]),
    (openid::ADDRESS, &["address"]),
    (openid::PHONE, &["phone_number", "phone_number_verified"]),
];

/// Selects the claims of a person that a client may know: those of its scopes, and those that the member `at` of the request's parameter
/// `claims` names (OpenID Connect Core sections 5.4 and 5.5).
pub(crate) fn select(sign_in: &SignIn, scopes: &[Scope], at: &str) -> Result<Map<String, Value>, Fault> {
    let requested = read_claims(sign_in.requested.as_ref())?;
    let requested = requested.get(at).and_then(Value::as_object);
    let of_scope = |name: &str| {
        let has = |scope: &str| scopes.iter().any(|granted| granted.as_str() == scope);
        CLAIMS_OF_SCOPES.iter().any(|(scope, names)| names.contains(&name) && has(scope))
    };
    let is_requested = |name: &String| requested.is_some_and(|requested| requested.contains_key(name));
    let mut claims = read_claims(sign_in.claims.as_ref())?;
    // A login application may pass on what its own identity provider has said: that must not pass for a claim of ours.
    claims.retain(|name, _| (of_scope(name) || is_requested(name)) && !RESERVED_CLAIMS.contains(&name.as_str()));
    Ok(claims)
}

/// Reads an object that is kept as JSON.
pub(crate) fn read_claims(json: Option<&ExtraClaims>) -> Result<Map<String, Value>, Fault> {
    json.map(|json| {
        serde_json::from_str(json.as_json()).map_err(|e| Fault::internal("reading the claims of a person").because(e))
    })
    .transpose()
    .map(Option::unwrap_or_default)
}
