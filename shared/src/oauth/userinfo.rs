//! The userinfo endpoint: what a client may know of the person who has signed in (OpenID Connect Core section 5.3).

use serde_json::{Map, Value};

use super::bearer::ClientBearer;
use crate::domain::scope::openid;
use crate::domain::{Error, Refusal};
use crate::oauth::person_claims;
use crate::platform::capabilities::Introspector;

/// The path of the endpoint.
pub const PATH: &str = "/oauth2/userinfo";

/// Returns what the bearer of an access token may know of the person: `sub`, and the claims of the granted scopes and of the request's
/// parameter `claims`.
///
/// # Errors
/// What [`ClientBearer::authenticate`] refuses: an API that is handed a token for itself must not be able to read the person's e-mail
/// address with it. [`Refusal::AccessDenied`] if the token lacks the scope `openid`.
pub async fn userinfo(ports: &Introspector, bearer: ClientBearer) -> Result<Map<String, Value>, Error> {
    let (_, token) = bearer.authenticate(ports, PATH).await?;
    let record = &token.record;
    if !record.scopes.iter().any(|scope| scope.as_str() == openid::OPENID) {
        return Err(Refusal::AccessDenied { needs: openid::OPENID }.into());
    }
    let of_family = token.family.as_ref().and_then(|family| family.issuance.as_deref()?.sign_in.as_deref());
    let sign_in = of_family.or(record.issuance.as_deref().and_then(|issuance| issuance.sign_in.as_deref()));
    let mut claims =
        sign_in.map(|sign_in| person_claims::select(sign_in, &record.scopes, "userinfo")).transpose()?.unwrap_or_default();
    let told = sign_in.and_then(|sign_in| sign_in.forwarded.as_ref()?.told_subject.as_ref());
    claims.insert("sub".to_owned(), told.unwrap_or(&record.subject).as_str().into());
    Ok(claims)
}
