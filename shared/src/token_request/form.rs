//! The form that a client sends.

use crate::client_auth::FormCredentials;
use crate::domain::{Audience, Denial, GrantType, Refusal, Scope, Secret};
use crate::wire::form::Parameters;

/// The parameters of a token request.
#[derive(Debug, Default)]
pub struct Form {
    pub(super) grant_type: Option<String>,
    pub(super) scope: Option<String>,
    pub(super) resources: Vec<String>,
    pub(super) audiences: Vec<String>,
    pub(super) username: Option<String>,
    pub(super) password: Option<Secret<String>>,
    pub(super) refresh_token: Option<Secret<String>>,
    pub(super) assertion: Option<Secret<String>>,
    pub(super) requested_token_type: Option<String>,
    pub(super) subject_token: Option<Secret<String>>,
    pub(super) subject_token_type: Option<String>,
    pub(super) actor_token: Option<Secret<String>>,
    pub(super) actor_token_type: Option<String>,
}

impl Form {
    /// Reads the form, and what the client authenticates by in it.
    pub fn read(parameters: &str) -> Result<(Self, FormCredentials), Denial> {
        let read = |parameters: &str| -> Result<_, Refusal> {
            let mut given = Parameters::read_up_to(parameters.len(), parameters)?;
            let credentials = FormCredentials {
                id: given.take("client_id")?,
                secret: given.take("client_secret")?.map(Secret::new),
                assertion_type: given.take("client_assertion_type")?,
                assertion: given.take("client_assertion")?.map(Secret::new),
            };
            let form = Self {
                grant_type: given.take("grant_type")?,
                scope: given.take("scope")?,
                resources: given.take_all("resource"),
                audiences: given.take_all("audience"),
                username: given.take("username")?,
                password: given.take("password")?.map(Secret::new),
                refresh_token: given.take("refresh_token")?.map(Secret::new),
                assertion: given.take("assertion")?.map(Secret::new),
                requested_token_type: given.take("requested_token_type")?,
                subject_token: given.take("subject_token")?.map(Secret::new),
                subject_token_type: given.take("subject_token_type")?,
                actor_token: given.take("actor_token")?.map(Secret::new),
                actor_token_type: given.take("actor_token_type")?,
            };
            Ok((form, credentials))
        };
        read(parameters).map_err(|_| Denial::RequestMalformed)
    }

    /// The grant, as far as it is one.
    pub fn grant(&self) -> Option<GrantType> {
        self.grant_type.as_ref()?.parse().ok()
    }

    /// The refresh token, to be looked for while the service is authenticated.
    pub fn refresh_token(&self) -> Option<&Secret<String>> {
        self.refresh_token.as_ref().filter(|_| self.grant() == Some(GrantType::RefreshToken))
    }

    pub(super) fn scopes(&self) -> Result<Option<Vec<Scope>>, Denial> {
        let Some(text) = &self.scope else { return Ok(None) };
        let scopes: Result<Vec<_>, _> = text.split(' ').filter(|name| !name.is_empty()).map(Scope::parse).collect();
        scopes.map(Some).map_err(|_| Denial::ScopeInvalid)
    }

    /// RFC 8707 section 2: absolute URIs without fragment.
    pub(super) fn resources(&self) -> Result<Vec<Audience>, Denial> {
        let is_resource = |text: &str| {
            let has_scheme = text.parse::<http::Uri>().is_ok_and(|uri| uri.scheme().is_some()) || text.starts_with("urn:");
            has_scheme && !text.contains('#')
        };
        let resource = |text: &String| Audience::parse(text).ok().filter(|_| is_resource(text)).ok_or(Denial::TargetInvalid);
        self.resources.iter().map(resource).collect()
    }
}
