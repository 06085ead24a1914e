//! The access token of a client, as it is presented to an endpoint of the service itself.

use http::Method;

use super::extract::dpop;
use crate::api::http::authorization::authorization_header;
use crate::api::http::media_type::has_media_type;
use crate::api::http::{FromRequest, MaybeBearer, Request};
use crate::domain::{Refusal, Secret, TokenProblem};
use crate::encoding::form::Parameters;
use crate::oauth::bearer::ClientBearer;

impl FromRequest for ClientBearer {
    const ACCEPTS_QUERY: bool = true;

    fn from_request(request: &Request<'_>) -> Result<Self, Refusal> {
        let bearer = MaybeBearer::from_request(request)?.0.map(|bearer| Secret::new(bearer.token().to_owned()));
        let token = match (bearer, in_form(request)?, bound(request)?) {
            (Some(token), None, None) | (None, Some(token), None) => (token, None),
            // RFC 9449 section 7.1: the proof comes with the scheme alone.
            (None, None, Some(token)) => (token, dpop(request)?),
            (None, None, None) => return Err(Refusal::CredentialsMissing),
            // RFC 6750 section 2: one way only.
            _ => return Err(Refusal::invalid("access_token", "must be sent in one way only")),
        };
        Ok(Self { token: token.0, certificate: request.certificate(), dpop: token.1, method: request.parts.method.to_string() })
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
