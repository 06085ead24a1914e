//! What OAuth endpoints take from a request: RFC 6749 sections 2.3.1 and 3.2.

use std::net::IpAddr;

use http::{HeaderName, HeaderValue, header};

use crate::api;
use crate::api::http::authorization;
use crate::api::http::media_type::has_media_type;
use crate::api::http::{Bearer, Dialect, FromRequest, IntoReply, MaybeBearer, Reply, Request, Route, render};
use crate::auth::client::{ClientCredentials, FormCredentials};
use crate::domain::{Denial, Refusal, Seconds, Secret, TokenProblem};
use crate::encoding::form::{self, Parameters};
use crate::oauth::TokenForm;
use crate::oauth::authorization::AuthorizationForm;
use crate::oauth::authorization::device::DeviceAuthorizationRequest;
use crate::oauth::authorization::push::PushRequest;
use crate::oauth::token_endpoint::GrantRequest;
use crate::tokens::lookup::Hint;

/// A form of these media types and lengths, and nothing beside it: what belongs in a form is refused in the query, where logs
/// would have it.
fn form(request: &Request<'_>) -> Result<Parameters, Refusal> {
    const MAX_TOKEN_BYTES: usize = 16_384;
    if request.parts.uri.query().is_some_and(|query| !query.is_empty()) {
        return Err(Refusal::invalid("", "must have its parameters in the body, and no query"));
    }
    if !has_media_type(&request.parts.headers, "application/x-www-form-urlencoded") {
        return Err(Refusal::UnsupportedMediaType);
    }
    let body = std::str::from_utf8(request.body).map_err(|_| Refusal::invalid("", "must be form-encoded UTF-8"))?;
    let longest = |name: &str| match name {
        "token" | "subject_token" | "actor_token" | "assertion" | "client_assertion" | "refresh_token" => MAX_TOKEN_BYTES,
        _ => Parameters::MAX_VALUE_BYTES,
    };
    let given = Parameters::read_within(longest, body)?;
    // RFC 6749 section 3.2; RFC 8693 section 2.1 and RFC 8707 section 2 have two that may.
    if let Some(name) = given.repeated().find(|name| !["audience", "resource"].contains(name)) {
        return Err(Refusal::invalid(name.to_owned(), "must be given only once"));
    }
    // RFC 6750 section 2: a token is sent in one way only.
    if given.has("access_token") {
        return Err(Refusal::invalid("access_token", "must be sent in the Authorization header"));
    }
    Ok(given)
}

/// What the `Authorization` header has.
enum Authorization {
    Nothing,
    Basic { id: String, secret: Secret<String> },
    Bearer(Secret<String>),
}

fn authorization(request: &Request<'_>) -> Result<Authorization, Refusal> {
    let Some(value) = authorization::authorization_header(&request.parts.headers)? else { return Ok(Authorization::Nothing) };
    let rejected: Refusal = Denial::ClientUnauthenticated.into();
    let text = value.to_str().map_err(|_| rejected.clone())?;
    match api::bearer(text) {
        Some(token) => Ok(Authorization::Bearer(Secret::new(token.to_owned()))),
        None => basic(text).ok_or(rejected),
    }
}

/// RFC 6749 section 2.3.1: both are form-encoded before they are put together, so that either can have a colon.
fn basic(header: &str) -> Option<Authorization> {
    let (id, secret) = authorization::basic(header)?;
    Some(Authorization::Basic { id: form::decode(&id)?, secret: Secret::new(form::decode(secret.expose())?) })
}

/// Reads the credentials. More than one method is refused, even if each is right: RFC 6749 section 2.3.
fn credentials(request: &Request<'_>, form: FormCredentials) -> Result<ClientCredentials, Refusal> {
    let (certificate, address) = (request.certificate(), request.address());
    match authorization(request)? {
        Authorization::Basic { .. } if form.secret.is_some() || form.assertion.is_some() => {
            Err(Denial::ClientAuthenticatedTwice.into())
        }
        Authorization::Basic { id, secret } => {
            Ok(ClientCredentials { id: Some(id), secret: Some(secret), form, certificate, address, grant_assertion: None })
        }
        Authorization::Nothing => Ok(ClientCredentials { form, certificate, address, ..ClientCredentials::default() }),
        Authorization::Bearer(_) => Err(Denial::ClientUnauthenticated.into()),
    }
}

/// The proof of RFC 9449 section 4.1. There is one at most.
pub(super) fn dpop(request: &Request<'_>) -> Result<Option<Secret<String>>, Refusal> {
    const DPOP: HeaderName = HeaderName::from_static("dpop");
    let mut values = request.parts.headers.get_all(DPOP).iter();
    let Some(value) = values.next() else { return Ok(None) };
    let proof = value.to_str().ok().filter(|_| values.next().is_none());
    proof.map(|proof| Some(Secret::new(proof.to_owned()))).ok_or(Denial::DpopProofInvalid.into())
}

impl FromRequest for GrantRequest {
    fn from_request(request: &Request<'_>) -> Result<Self, Refusal> {
        let mut given = form(request)?;
        let (form, credentials_in_form) = TokenForm::from_parameters(&mut given)?;
        let credentials = credentials(request, credentials_in_form)?;
        Ok(Self { form, credentials, dpop: dpop(request)? })
    }
}

impl FromRequest for PushRequest {
    fn from_request(request: &Request<'_>) -> Result<Self, Refusal> {
        let mut given = form(request)?;
        let credentials = credentials(request, FormCredentials::from_parameters(&mut given)?)?;
        Ok(Self { form: AuthorizationForm::from_parameters(given)?, credentials, dpop: dpop(request)? })
    }
}

impl FromRequest for DeviceAuthorizationRequest {
    fn from_request(request: &Request<'_>) -> Result<Self, Refusal> {
        const MAX_USER_AGENT_BYTES: usize = 255;
        let mut given = form(request)?;
        let credentials = credentials(request, FormCredentials::from_parameters(&mut given)?)?;
        let user_agent = request.parts.headers.get(header::USER_AGENT).and_then(|value| value.to_str().ok());
        Ok(Self {
            form: AuthorizationForm::from_parameters(given)?,
            credentials,
            address: request.address().map(|address| address.to_string()),
            // It is ASCII, so it can be cut anywhere.
            user_agent: user_agent.map(|text| text[..text.len().min(MAX_USER_AGENT_BYTES)].to_owned()),
        })
    }
}

/// An answer with the nonce for the next DPoP proof, if there shall be one: RFC 9449 section 8.
#[derive(Debug)]
pub struct WithNonce<A> {
    /// What the endpoint answers.
    pub answer: Result<A, Denial>,
    /// The nonce for the client's next DPoP proof, if the org wants one.
    pub nonce: Option<String>,
}

impl<A: IntoReply> IntoReply for WithNonce<A> {
    fn into_reply(self) -> Reply {
        const NONCE: HeaderName = HeaderName::from_static("dpop-nonce");
        static HERE: Route = Route::post("", "/oauth2", Dialect::OAuth);
        let mut reply = match self.answer {
            Ok(answer) => answer.into_reply(),
            Err(denial) => render::refusal(&HERE, &denial.into()),
        };
        let nonce = self.nonce.and_then(|nonce| HeaderValue::try_from(nonce).ok());
        reply.headers.extend(nonce.map(|nonce| (NONCE, nonce)));
        reply
    }
}

/// An answer that says when to ask again, if there is no other before: RFC 9110 section 10.2.3.
#[derive(Debug)]
pub struct WithRetryAfter<A> {
    /// What the endpoint answers.
    pub answer: A,
    /// How long it stays that. `None`: nobody knows.
    pub retry_after: Option<Seconds>,
}

impl<A: IntoReply> IntoReply for WithRetryAfter<A> {
    fn into_reply(self) -> Reply {
        let mut reply = self.answer.into_reply();
        reply.headers.extend(self.retry_after.map(|wait| (header::RETRY_AFTER, HeaderValue::from(wait.0))));
        reply
    }
}

/// A client that names a token: RFC 7009 section 2.1.
#[derive(Debug)]
pub struct TokenNamed {
    /// The token that the request is about.
    pub token: Secret<String>,
    /// Which of both it is looked for as first.
    pub hint: Hint,
    /// The credentials of the client that names it.
    pub credentials: ClientCredentials,
}

impl FromRequest for TokenNamed {
    fn from_request(request: &Request<'_>) -> Result<Self, Refusal> {
        let mut given = form(request)?;
        let (token, hint) = token(&mut given)?;
        let credentials = credentials(request, FormCredentials::from_parameters(&mut given)?)?;
        Ok(Self { token, hint, credentials })
    }
}

fn token(given: &mut Parameters) -> Result<(Secret<String>, Hint), Refusal> {
    let token = given.remove("token")?.ok_or_else(|| Refusal::invalid("token", "is required"))?;
    let hint = match given.remove("token_type_hint")?.as_deref() {
        Some("refresh_token") => Hint::RefreshToken,
        // What nobody knows is no hint: RFC 7009 section 2.1.
        _ => Hint::AccessToken,
    };
    Ok((Secret::new(token), hint))
}

/// Somebody who asks about a token: RFC 7662 section 2.1.
#[derive(Debug)]
pub struct TokenShown {
    /// The token that the request is about.
    pub token: Secret<String>,
    /// Which of both it is looked for as first.
    pub hint: Hint,
    /// The credentials of the caller, a client or a bearer.
    pub asker: AskerCredentials,
    /// Whether the answer shall be signed: RFC 9701 section 4.
    pub signed: bool,
    /// The address from which the API was called, as it says: for API keys that are good only in some networks.
    pub client_address: Option<IpAddr>,
}

/// By what somebody who asks proves who it is.
#[derive(Debug)]
pub enum AskerCredentials {
    /// A client with its own credentials.
    Client(Box<ClientCredentials>),
    /// The bearer of an access token of a member.
    Bearer(Secret<String>),
}

impl FromRequest for TokenShown {
    fn from_request(request: &Request<'_>) -> Result<Self, Refusal> {
        let mut given = form(request)?;
        let (token, hint) = token(&mut given)?;
        let form = FormCredentials::from_parameters(&mut given)?;
        let asker = match authorization(request)? {
            // A token says nothing about itself here: RFC 7662 section 2.1 wants somebody else to ask.
            Authorization::Bearer(bearer) if bearer.expose() == token.expose() => {
                return Err(Refusal::CredentialsRejected(TokenProblem::Invalid));
            }
            Authorization::Bearer(_) if !form.is_empty() => return Err(Denial::ClientAuthenticatedTwice.into()),
            Authorization::Bearer(bearer) => AskerCredentials::Bearer(bearer),
            Authorization::Nothing | Authorization::Basic { .. } => {
                AskerCredentials::Client(Box::new(credentials(request, form)?))
            }
        };
        let rule = "must be an IPv4 or IPv6 address";
        let client_address = given.remove("client_address")?.map(|text| text.parse());
        let client_address = client_address.transpose().map_err(|_| Refusal::invalid("client_address", rule))?;
        Ok(Self { token, hint, asker, signed: wants_signed(request), client_address })
    }
}

/// Whether `Accept` names the media type of RFC 9701 section 4, and none with more weight (RFC 9110 section 12.4.2).
fn wants_signed(request: &Request<'_>) -> bool {
    let quality = |media_types: &[&str]| {
        let accepted = request.parts.headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok());
        let weights = accepted.flat_map(|value| value.split(',')).filter_map(|range| {
            let mut parts = range.split(';').map(str::trim);
            let is_it = parts.next().is_some_and(|name| media_types.iter().any(|it| name.eq_ignore_ascii_case(it)));
            let weight = parts.find_map(|parameter| parameter.strip_prefix(['q', 'Q'])?.strip_prefix('='));
            is_it.then(|| weight.map_or(1.0, |weight| weight.parse().unwrap_or(0.0)))
        });
        weights.fold(0.0_f32, f32::max)
    };
    let signed = quality(&[crate::api::http::SignedJson::MEDIA_TYPE]);
    signed > 0.0 && signed >= quality(&[Reply::JSON, "application/*", "*/*"])
}

/// The initial access token of a registration (RFC 7591 section 3), if there is one. Credentials of another kind are no such token, and are
/// not as good as none either.
#[derive(Debug)]
pub struct InitialAccess(pub Option<Secret<String>>);

impl FromRequest for InitialAccess {
    fn from_request(request: &Request<'_>) -> Result<Self, Refusal> {
        let MaybeBearer(bearer) = MaybeBearer::from_request(request)?;
        if bearer.is_none() && request.parts.headers.contains_key(header::AUTHORIZATION) {
            return Err(Refusal::CredentialsMissing);
        }
        Ok(Self(bearer.map(|bearer| Secret::new(bearer.token().to_owned()))))
    }
}

/// A client that looks after its registration: RFC 7592 section 2.
#[derive(Debug)]
pub struct RegistrationAccess {
    /// Which client the path names.
    pub id: String,
    /// Its registration access token.
    pub token: Secret<String>,
}

impl FromRequest for RegistrationAccess {
    fn from_request(request: &Request<'_>) -> Result<Self, Refusal> {
        let token = Secret::new(Bearer::from_request(request)?.token().to_owned());
        // What can't be a client's name is none's.
        Ok(Self { id: request.path_text("client_id").unwrap_or_default(), token })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rfc6749_2_3_1_the_example_is_read() {
        for scheme in ["Basic", "basic", "BASIC"] {
            let header = format!("{scheme} czZCaGRSa3F0Mzo3RmpmcDBaQnIxS3REUmJuZlZkbUl3");
            let Some(Authorization::Basic { id, secret }) = basic(&header) else { panic!("{header} isn't read") };
            assert_eq!((&*id, secret.expose().as_str()), ("s6BhdRkqt3", "7Fjfp0ZBr1KtDRbnfVdmIw"));
        }
        for bad in
            ["Basic", "Basic czZCaGRSa3F0Mw==", "Basic czZCaGRSa3F0Mzo=x", "Bearer czZCaGRSa3F0Mzo3RmpmcDBaQnIxS3REUmJuZlZkbUl3"]
        {
            assert!(basic(bad).is_none(), "{bad}");
        }
    }
}
