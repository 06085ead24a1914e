//! What API Gateway asks a Lambda authorizer, and how it wants to be answered.
//!
//! | gateway | event | let in | refused | bad token |
//! |---|---|---|---|---|
//! | HTTP API, payload 2.0, simple responses | `version` 2.0 | `isAuthorized` | `isAuthorized: false`: 403 | the same |
//! | HTTP API, payload 1.0; REST and WebSocket API | `type` `TOKEN` or `REQUEST`, `methodArn` | policy `Allow` | policy `Deny`: 403 | error `Unauthorized`: 401 |
//!
//! Any other error is a 500: a failure of ours lets nobody in, and calls no token bad.

use std::collections::BTreeMap;
use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use super::gateway::{self, Peer};
use crate::domain::{Audience, ReachedLimit, Refusal, Scope, Secret, TokenRecord};
use crate::encoding::SecretText;
use crate::jose::certificate;
use crate::tokens::authorize::{ApiRequest, TokenScheme};
use crate::tokens::introspect::ProofOfPossession;

/// The question of API Gateway: may this request pass?
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Question {
    version: Option<String>,
    method_arn: Option<String>,
    authorization_token: Option<SecretText>,
    #[serde(rename = "type")]
    kind: Option<String>,
    headers: Option<BTreeMap<String, SecretText>>,
    multi_value_headers: Option<BTreeMap<String, Vec<SecretText>>>,
    http_method: Option<String>,
    raw_path: Option<String>,
    #[serde(default)]
    request_context: RequestContext,
}

/// What a gateway tells of the request around its headers.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct RequestContext {
    domain_name: Option<String>,
    /// With the stage. Not in payload 2.0.
    path: Option<String>,
    /// Only in payload 2.0.
    http: Option<Http>,
    authentication: Option<Peer>,
    identity: Option<Peer>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Http {
    method: Option<String>,
    source_ip: Option<IpAddr>,
}

/// Returns the form that the answer must have.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum AuthorizerVersion {
    /// Payload 2.0: yes or no.
    Simple,
    /// A policy for these resources.
    Policy {
        /// ARN of all methods of the stage.
        resource: String,
    },
}

impl Question {
    /// Returns the form that the answer must have.
    ///
    /// # Errors
    /// [`Refusal::Invalid`] if `methodArn` is needed, and missing or malformed.
    pub fn form(&self) -> Result<AuthorizerVersion, Refusal> {
        if self.version.as_deref() == Some("2.0") {
            return Ok(AuthorizerVersion::Simple);
        }
        let arn = self.method_arn.as_deref().ok_or_else(|| Refusal::invalid("methodArn", "is required"))?;
        // The gateway keeps the policy with the token and applies it to whatever is called next: one for this method alone
        // would refuse all others until it is forgotten.
        let mut parts = arn.splitn(3, '/');
        match (parts.next(), parts.next(), parts.next()) {
            (Some(api), Some(stage), Some(_)) if api.contains(":execute-api:") && !stage.is_empty() => {
                Ok(AuthorizerVersion::Policy { resource: format!("{api}/{stage}/*") })
            }
            _ => Err(Refusal::invalid("methodArn", "must be the ARN of a method")),
        }
    }

    /// Returns the request that it is about, as far as it tells.
    pub fn request(&self) -> ApiRequest {
        let header =
            if self.kind.as_deref() == Some("TOKEN") { self.authorization_token.as_ref() } else { self.header("authorization") };
        let RequestContext { authentication, identity, .. } = &self.request_context;
        let pem = authentication.as_ref().or(identity.as_ref()).and_then(Peer::certificate);
        ApiRequest {
            token: header.and_then(credentials),
            address: self.address(),
            dpop: self.proof(),
            certificate: pem.and_then(|pem| certificate::thumbprint(pem).ok()),
        }
    }

    /// Returns the address that has connected to the gateway: payload 2.0 has it with the method, others with who calls.
    fn address(&self) -> Option<IpAddr> {
        let RequestContext { http, identity, .. } = &self.request_context;
        http.as_ref().and_then(|http| http.source_ip).or_else(|| identity.as_ref()?.address())
    }

    /// Returns the header of this name. Of two nobody knows which one counts, so there is none.
    fn header(&self, name: &str) -> Option<&SecretText> {
        let is_it = |other: &str| other.eq_ignore_ascii_case(name);
        let multi = self.multi_value_headers.iter().flatten().filter(|(name, _)| is_it(name)).flat_map(|(_, values)| values);
        let multi: Vec<_> = multi.collect();
        let single: Vec<_> = self.headers.iter().flatten().filter(|(name, _)| is_it(name)).map(|(_, value)| value).collect();
        match (&multi[..], &single[..]) {
            ([value], _) | ([], [value]) => Some(value),
            _ => None,
        }
    }

    /// Returns the DPoP proof with the request that it must be for. A gateway that hands over one header tells neither.
    fn proof(&self) -> Option<ProofOfPossession> {
        let proof = self.header("dpop")?.0.clone();
        let context = &self.request_context;
        let domain = context.domain_name.as_deref()?;
        let method = context.http.as_ref().and_then(|http| http.method.as_ref()).or(self.http_method.as_ref())?;
        let path = self.raw_path.as_deref().or(context.path.as_deref())?;
        // Only HTTP APIs say which version of the payload it is, and they decode paths.
        let path = if self.version.is_some() { gateway::path_as_sent(path, Some(domain)) } else { path.to_owned() };
        Some(ProofOfPossession {
            proof,
            method: method.clone(),
            uri: format!("https://{domain}{}", gateway::encoded_path(&path)),
        })
    }
}

/// Reads the scheme, whose case doesn't count, and the token behind it.
fn credentials(SecretText(header): &SecretText) -> Option<(TokenScheme, Secret<String>)> {
    let (scheme, token) = header.expose().split_once(' ')?;
    let scheme = match scheme.to_ascii_lowercase().as_str() {
        "bearer" => TokenScheme::Bearer,
        "dpop" => TokenScheme::Dpop,
        _ => return None,
    };
    Some(token.trim()).filter(|token| !token.is_empty()).map(|token| (scheme, Secret::new(token.to_owned())))
}

/// The answer to API Gateway, in the form of the payload version.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub enum Answer {
    /// The simple form of HTTP APIs, payload version 2.0.
    #[serde(rename_all = "camelCase")]
    Simple {
        /// Whether the request is passed on.
        is_authorized: bool,
        /// What the API behind the gateway, and its access log, gets to know.
        context: Context,
    },
    /// An IAM policy, payload version 1.0 and REST APIs.
    #[serde(rename_all = "camelCase")]
    Policy {
        /// Whom the request is from.
        principal_id: String,
        /// Whether the request is passed on.
        policy_document: Policy,
        /// What the API behind the gateway, and its access log, gets to know.
        context: Context,
    },
}

/// Flat and all strings, because some gateways take nothing else.
pub type Context = BTreeMap<&'static str, String>;

/// An IAM policy of one statement.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Policy {
    version: &'static str,
    statement: [Statement; 1],
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Statement {
    action: &'static str,
    effect: &'static str,
    resource: String,
}

impl Answer {
    /// Yes, with the claims.
    pub fn allowed(form: AuthorizerVersion, token: &TokenRecord) -> Self {
        Self::new(form, true, token.subject.to_string(), claims(token))
    }

    /// Yes, with what an API key says. Its context has `kind` besides.
    pub fn allowed_by_api_key(form: AuthorizerVersion, key: &TokenRecord) -> Self {
        let mut context = claims(key);
        context.insert("kind", "api_key".to_owned());
        Self::new(form, true, key.subject.to_string(), context)
    }

    /// Answers no, although the token is alive.
    pub fn insufficient_scope(form: AuthorizerVersion, token: &TokenRecord) -> Self {
        Self::new(form, false, token.subject.to_string(), error("insufficient_scope"))
    }

    /// Answers no, because an API key was used as often as it may be. The context says when there may be more: an authorizer can't send a 429,
    /// but the response of a gateway can be made one from it.
    pub fn limit_reached(form: AuthorizerVersion, key: &TokenRecord, reached: &ReachedLimit) -> Self {
        let mut context = error("rate_limited");
        context.insert("retry_after", reached.retry_after.0.to_string());
        Self::new(form, false, key.subject.to_string(), context)
    }

    /// Answers no, because there is no token that is alive. `None` if the form has only an error for that.
    pub fn unauthenticated(form: &AuthorizerVersion) -> Option<Self> {
        match form {
            AuthorizerVersion::Simple => Some(Self::Simple { is_authorized: false, context: error("invalid_token") }),
            AuthorizerVersion::Policy { .. } => None,
        }
    }

    fn new(form: AuthorizerVersion, is_authorized: bool, principal_id: String, context: Context) -> Self {
        match form {
            AuthorizerVersion::Simple => Self::Simple { is_authorized, context },
            AuthorizerVersion::Policy { resource } => {
                let effect = if is_authorized { "Allow" } else { "Deny" };
                let statement = [Statement { action: "execute-api:Invoke", effect, resource }];
                Self::Policy { principal_id, policy_document: Policy { version: "2012-10-17", statement }, context }
            }
        }
    }
}

/// A code of RFC 6750 section 3.1.
fn error(code: &str) -> Context {
    Context::from([("error", code.to_owned())])
}

/// What the token says, as it stands now: its scopes are those that its subject still holds.
fn claims(token: &TokenRecord) -> Context {
    let scope = token.scopes.iter().map(Scope::name).collect::<Vec<_>>().join(" ");
    let mut claims = Context::from([
        ("sub", token.subject.to_string()),
        ("org", token.org.to_string()),
        ("root_org", token.root_org.to_string()),
        ("jti", token.id.to_string()),
        ("iat", token.issued_at.as_secs().to_string()),
        ("aud", token.audiences.iter().map(Audience::as_str).collect::<Vec<_>>().join(" ")),
        // As OAuth has it, and as it was called before.
        ("scope", scope.clone()),
        ("scopes", scope),
    ]);
    claims.extend(token.expires_at.map(|at| ("exp", at.as_secs().to_string())));
    claims.extend(token.client_name().map(|name| ("client_id", name.to_string())));
    claims.extend(token.session.as_ref().map(|session| ("session", session.id.to_string())));
    let roles: BTreeMap<_, _> = token.roles.iter().map(|(app, role)| (app.as_str(), role.as_str())).collect();
    if !roles.is_empty() {
        claims.extend(serde_json::to_string(&roles).ok().map(|json| ("roles", json)));
    }
    claims
}
