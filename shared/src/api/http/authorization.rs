//! The `Authorization` header of a request: RFC 9110 section 11.6.2.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderMap, HeaderValue, header};

use crate::api;
use crate::auth::service::{Credentials, Proof};
use crate::domain::{OrgId, Refusal, Secret, TokenProblem};

/// Returns the `Authorization` header, if there is one.
///
/// # Errors
///
/// [`Refusal::Invalid`] if there are several: which of them counts would be anybody's guess.
pub(in crate::api) fn authorization_header(headers: &HeaderMap) -> Result<Option<&HeaderValue>, Refusal> {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let value = values.next();
    if values.next().is_some() {
        return Err(Refusal::invalid("Authorization", "must be given only once"));
    }
    Ok(value)
}

/// Reads who acts on an org: the bearer of a token, or the org itself by its id and API secret (RFC 7617).
///
/// # Errors
///
/// [`Refusal::CredentialsMissing`] without the header, [`Refusal::CredentialsRejected`] if it has anything else.
pub(in crate::api) fn org_credentials(headers: &HeaderMap) -> Result<Credentials, Refusal> {
    const REJECTED: Refusal = Refusal::CredentialsRejected(TokenProblem::Invalid);
    let header = authorization_header(headers)?.ok_or(Refusal::CredentialsMissing)?.to_str().map_err(|_| REJECTED)?;
    let by_secret = |(org, secret): (String, _)| Some(Proof::Secret { org: org.parse::<OrgId>().ok()?, secret });
    let proof = match api::bearer(header) {
        Some(token) => Proof::Bearer(Secret::new(token.to_owned())),
        None => basic(header).and_then(by_secret).ok_or(REJECTED)?,
    };
    Ok(Credentials { org: None, proof })
}

/// Reads the user-id and the password of the `Basic` scheme (RFC 7617 section 2), in whatever case the scheme is written.
///
/// Both are as they were sent: what OAuth clients send is form-encoded besides (RFC 6749 section 2.3.1).
pub(in crate::api) fn basic(header: &str) -> Option<(String, Secret<String>)> {
    let (scheme, encoded) = header.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let decoded = Secret::new(STANDARD.decode(encoded.trim()).ok()?);
    let (id, password) = std::str::from_utf8(decoded.expose()).ok()?.split_once(':')?;
    Some((id.to_owned(), Secret::new(password.to_owned())))
}
