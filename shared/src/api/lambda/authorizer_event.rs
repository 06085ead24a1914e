//! What API Gateway asks a Lambda authorizer, and how it wants to be answered.
//!
//! | gateway | event | let in | refused | bad token |
//! |---|---|---|---|---|
//! | HTTP API, payload 2.0, simple responses | `version` 2.0 | `isAuthorized` | `isAuthorized: false`: 403 | the same |
//! | HTTP API, payload 1.0; REST and WebSocket API | `type` `TOKEN` or `REQUEST`, `methodArn` | policy `Allow` | policy `Deny`: 403 | error `Unauthorized`: 401 |
//!
//! Any other error is a 500: a failure of ours lets nobody in, and calls no token bad.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::api;
use crate::domain::{Audience, Caller, Refusal, Scope, Secret};
use crate::encoding::SecretText;

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

    /// The bearer's token. Of two nobody knows which one counts, so there is none.
    pub fn token(&self) -> Option<Secret<String>> {
        if self.kind.as_deref() == Some("TOKEN") {
            return self.authorization_token.as_ref().and_then(bearer);
        }
        let is_it = |name: &str| name.eq_ignore_ascii_case("authorization");
        let multi = self.multi_value_headers.iter().flatten().filter(|(name, _)| is_it(name)).flat_map(|(_, values)| values);
        let multi: Vec<_> = multi.collect();
        let single: Vec<_> = self.headers.iter().flatten().filter(|(name, _)| is_it(name)).map(|(_, value)| value).collect();
        match (&multi[..], &single[..]) {
            ([value], _) | ([], [value]) => bearer(value),
            _ => None,
        }
    }
}

fn bearer(header: &SecretText) -> Option<Secret<String>> {
    api::bearer(header.0.expose()).map(|token| Secret::new(token.to_owned()))
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
    pub fn allowed(form: AuthorizerVersion, caller: &Caller) -> Self {
        Self::new(form, true, caller.subject().to_string(), claims(caller))
    }

    /// Answers no, although the token is alive.
    pub fn insufficient_scope(form: AuthorizerVersion, caller: &Caller) -> Self {
        Self::new(form, false, caller.subject().to_string(), error("insufficient_scope"))
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
fn claims(caller: &Caller) -> Context {
    let token = caller.token();
    let mut claims = Context::from([
        ("sub", token.subject.to_string()),
        ("org", token.org.to_string()),
        ("root_org", token.root_org.to_string()),
        ("jti", token.id.to_string()),
        ("iat", token.issued_at.as_secs().to_string()),
        ("aud", token.audiences.iter().map(Audience::as_str).collect::<Vec<_>>().join(" ")),
        ("scopes", caller.scopes().map(Scope::name).collect::<Vec<_>>().join(" ")),
    ]);
    claims.extend(token.expires_at.map(|at| ("exp", at.as_secs().to_string())));
    claims.extend(token.client.map(|client| ("client_id", client.to_string())));
    claims.extend(token.session.as_ref().map(|session| ("session", session.id.to_string())));
    let roles: BTreeMap<_, _> = token.roles.iter().map(|(app, role)| (app.as_str(), role.as_str())).collect();
    if !roles.is_empty() {
        claims.extend(serde_json::to_string(&roles).ok().map(|json| ("roles", json)));
    }
    claims
}
