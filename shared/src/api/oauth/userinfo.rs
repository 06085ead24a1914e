//! The userinfo endpoint on the wire: OpenID Connect Core section 5.3.

use http::Method;
use serde::Serialize;
use serde_json::{Map, Value};

use super::extract::dpop;
use crate::api::http::authorization::authorization_header;
use crate::api::http::media_type::has_media_type;
use crate::api::http::{FromRequest, MaybeBearer, Request};
use crate::domain::{Refusal, Secret, TokenProblem};
use crate::encoding::form::Parameters;
use crate::oauth::userinfo::UserinfoRequest;

impl FromRequest for UserinfoRequest {
    const ACCEPTS_QUERY: bool = true;

    fn from_request(request: &Request<'_>) -> Result<Self, Refusal> {
        let method = if request.parts.method == Method::POST { "POST" } else { "GET" };
        let bearer = MaybeBearer::from_request(request)?.0.map(|bearer| Secret::new(bearer.token().to_owned()));
        let token = match (bearer, in_form(request)?, bound(request)?) {
            (Some(token), None, None) | (None, Some(token), None) => (token, None),
            // RFC 9449 section 7.1: the proof comes with the scheme alone.
            (None, None, Some(token)) => (token, dpop(request)?),
            (None, None, None) => return Err(Refusal::CredentialsMissing),
            // RFC 6750 section 2: one way only.
            _ => return Err(Refusal::invalid("access_token", "must be sent in one way only")),
        };
        Ok(Self { token: token.0, certificate: request.certificate(), dpop: token.1, method })
    }
}

/// The token in the body of a form: RFC 6750 section 2.2.
fn in_form(request: &Request<'_>) -> Result<Option<Secret<String>>, Refusal> {
    const MAX_TOKEN_BYTES: usize = 16_384;
    if request.parts.method != Method::POST || !has_media_type(&request.parts.headers, "application/x-www-form-urlencoded") {
        return Ok(None);
    }
    let body = std::str::from_utf8(request.body).map_err(|_| Refusal::invalid("", "must be form-encoded UTF-8"))?;
    Ok(Parameters::read_up_to(MAX_TOKEN_BYTES, body)?.remove("access_token")?.map(Secret::new))
}

/// The token of the scheme `DPoP`: RFC 9449 section 7.1.
fn bound(request: &Request<'_>) -> Result<Option<Secret<String>>, Refusal> {
    let Some(value) = authorization_header(&request.parts.headers)? else { return Ok(None) };
    let text = value.to_str().map_err(|_| Refusal::CredentialsRejected(TokenProblem::Invalid))?;
    let token = text.split_once(' ').filter(|(scheme, _)| scheme.eq_ignore_ascii_case("dpop")).map(|(_, token)| token.trim());
    Ok(token.filter(|token| !token.is_empty()).map(|token| Secret::new(token.to_owned())))
}

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
