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

/// Names the claims that a client may know, as far as they can be told before anybody knows the person: those of its scopes, and those
/// that the member `at` of the request's parameter `claims` asks for. Claims of the service's own aren't among them.
pub(crate) fn names(requested: Option<&ExtraClaims>, scopes: &[Scope], at: &str) -> Result<Vec<String>, Fault> {
    let is_granted = |scope: &str| scopes.iter().any(|granted| granted.as_str() == scope);
    let of_scopes = CLAIMS_OF_SCOPES.iter().filter(|(scope, _)| is_granted(scope)).flat_map(|(_, names)| names.iter());
    let mut names: Vec<String> = of_scopes.map(|name| (*name).to_owned()).collect();
    if let Some(Value::Object(asked)) = read_claims(requested)?.remove(at) {
        let more = asked.into_iter().map(|(name, _)| name);
        names.extend(more.filter(|name| !RESERVED_CLAIMS.contains(&name.as_str())));
    }
    Ok(crate::policy::deduplicated(names))
}

/// Returns the values that a client wants a claim of the ID token to have, by the parameter `claims`: OpenID Connect Core section 5.5.1.
pub(crate) fn demanded_values(requested: Option<&ExtraClaims>, name: &str) -> Vec<String> {
    let Some(wanted) = of_id_token(requested, name) else { return Vec::new() };
    let several = wanted.get("values").and_then(Value::as_array).into_iter().flatten();
    several.chain(wanted.get("value")).filter_map(|value| value.as_str().map(str::to_owned)).collect()
}

/// Says whether a client can't do without a claim of the ID token: OpenID Connect Core section 5.5.1.
pub(crate) fn is_essential(requested: Option<&ExtraClaims>, name: &str) -> bool {
    of_id_token(requested, name).is_some_and(|wanted| wanted.get("essential") == Some(&Value::Bool(true)))
}

fn of_id_token(requested: Option<&ExtraClaims>, name: &str) -> Option<Value> {
    read_claims(requested).ok()?.get_mut("id_token")?.get_mut(name).map(Value::take)
}

/// Reads an object that is kept as JSON.
pub(crate) fn read_claims(json: Option<&ExtraClaims>) -> Result<Map<String, Value>, Fault> {
    json.map(|json| {
        serde_json::from_str(json.as_json()).map_err(|e| Fault::internal("reading the claims of a person").because(e))
    })
    .transpose()
    .map(Option::unwrap_or_default)
}
