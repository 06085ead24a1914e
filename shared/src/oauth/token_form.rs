//! The form of a token request: its parameters, before any of them is checked.

use crate::auth::client::FormCredentials;
use crate::domain::{Audience, Denial, GrantType, Refusal, Scope, Secret};
use crate::encoding::form::Parameters;

/// The parameters of a token request.
#[derive(Debug, Default)]
pub struct TokenForm {
    pub(crate) grant_type: Option<String>,
    pub(crate) scope: Option<String>,
    pub(crate) resources: Vec<String>,
    pub(crate) audiences: Vec<String>,
    pub(crate) username: Option<String>,
    pub(crate) password: Option<Secret<String>>,
    pub(crate) refresh_token: Option<Secret<String>>,
    pub(crate) assertion: Option<Secret<String>>,
    pub(crate) requested_token_type: Option<String>,
    pub(crate) subject_token: Option<Secret<String>>,
    pub(crate) subject_token_type: Option<String>,
    pub(crate) actor_token: Option<Secret<String>>,
    pub(crate) actor_token_type: Option<String>,
    pub(crate) details: Option<String>,
    pub(crate) code: Option<Secret<String>>,
    pub(crate) device_code: Option<Secret<String>>,
    pub(crate) auth_req_id: Option<Secret<String>>,
    pub(crate) code_verifier: Option<Secret<String>>,
    pub(crate) redirect_uri: Option<String>,
}

impl TokenForm {
    /// Reads the form, and the credentials in it.
    ///
    /// # Errors
    ///
    /// [`Denial::RequestMalformed`] if it isn't form-encoded, or has a parameter twice that may be there once.
    pub fn read(parameters: &str) -> Result<(Self, FormCredentials), Denial> {
        let given = Parameters::read_up_to(parameters.len(), parameters);
        given.and_then(|mut given| Self::from_parameters(&mut given)).map_err(|_| Denial::RequestMalformed)
    }

    /// Removes the parameters of the form, and the credentials in it, from those that were given.
    ///
    /// # Errors
    ///
    /// [`Refusal::Invalid`] for a parameter that is there twice (RFC 6749 section 3.2), other than `resource` (RFC 8707 section 2)
    /// and `audience` (RFC 8693 section 2.1).
    pub fn from_parameters(given: &mut Parameters) -> Result<(Self, FormCredentials), Refusal> {
        let credentials = FormCredentials::from_parameters(given)?;
        let form = Self {
            grant_type: given.remove("grant_type")?,
            scope: given.remove("scope")?,
            resources: given.remove_all("resource"),
            audiences: given.remove_all("audience"),
            username: given.remove("username")?,
            password: given.remove("password")?.map(Secret::new),
            refresh_token: given.remove("refresh_token")?.map(Secret::new),
            assertion: given.remove("assertion")?.map(Secret::new),
            requested_token_type: given.remove("requested_token_type")?,
            subject_token: given.remove("subject_token")?.map(Secret::new),
            subject_token_type: given.remove("subject_token_type")?,
            actor_token: given.remove("actor_token")?.map(Secret::new),
            actor_token_type: given.remove("actor_token_type")?,
            details: given.remove("authorization_details")?,
            code: given.remove("code")?.map(Secret::new),
            device_code: given.remove("device_code")?.map(Secret::new),
            auth_req_id: given.remove("auth_req_id")?.map(Secret::new),
            code_verifier: given.remove("code_verifier")?.map(Secret::new),
            redirect_uri: given.remove("redirect_uri")?,
        };
        Ok((form, credentials))
    }

    /// Returns the grant type, if it is one that OAuth has.
    pub fn grant(&self) -> Option<GrantType> {
        self.grant_type.as_ref()?.parse().ok()
    }

    /// Returns the refresh token of a request for that grant, to be looked up in the read that authenticates.
    pub fn refresh_token(&self) -> Option<&Secret<String>> {
        self.refresh_token.as_ref().filter(|_| self.grant() == Some(GrantType::RefreshToken))
    }

    /// Returns the code of a request for a grant that has one, under whatever name, to be looked up in the read that authenticates.
    pub fn code(&self) -> Option<&Secret<String>> {
        match self.grant()? {
            GrantType::AuthorizationCode => self.code.as_ref(),
            GrantType::Ciba => self.auth_req_id.as_ref(),
            GrantType::DeviceCode => self.device_code.as_ref(),
            GrantType::Implicit
            | GrantType::Password
            | GrantType::ClientCredentials
            | GrantType::RefreshToken
            | GrantType::TokenExchange
            | GrantType::JwtBearer
            | GrantType::PreAuthorizedCode => None,
        }
    }

    /// Reads `scope`. `None`: it is missing, or has nothing but blanks.
    ///
    /// # Errors
    ///
    /// [`Denial::ScopeInvalid`] if one of them can't be the name of a scope.
    pub(crate) fn scopes(&self) -> Result<Option<Vec<Scope>>, Denial> {
        read_scopes(self.scope.as_deref())
    }

    /// Reads every `resource`: absolute URIs without fragment (RFC 8707 section 2).
    ///
    /// # Errors
    ///
    /// [`Denial::TargetInvalid`] if one of them isn't.
    pub(crate) fn resources(&self) -> Result<Vec<Audience>, Denial> {
        read_resources(&self.resources)
    }
}

/// Reads the text of `scope`. `None`: it is missing, or has nothing but blanks.
pub(super) fn read_scopes(text: Option<&str>) -> Result<Option<Vec<Scope>>, Denial> {
    let Some(text) = text else { return Ok(None) };
    let scopes: Result<Vec<_>, _> = text.split(' ').filter(|name| !name.is_empty()).map(Scope::parse).collect();
    // Nothing but blanks is as good as nothing.
    scopes.map(|scopes| Some(scopes).filter(|scopes| !scopes.is_empty())).map_err(|_| Denial::ScopeInvalid)
}

/// Reads every `resource`: absolute URIs without fragment (RFC 8707 section 2).
pub(super) fn read_resources(texts: &[String]) -> Result<Vec<Audience>, Denial> {
    let is_resource = |text: &str| {
        let has_scheme = text.parse::<http::Uri>().is_ok_and(|uri| uri.scheme().is_some()) || text.starts_with("urn:");
        has_scheme && !text.contains('#')
    };
    let resource = |text: &String| Audience::parse(text).ok().filter(|_| is_resource(text)).ok_or(Denial::TargetInvalid);
    texts.iter().map(resource).collect()
}
