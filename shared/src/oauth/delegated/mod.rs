//! Token requests of OAuth clients, as an authorization server passes them on: Authlete's `/auth/token`.
//!
//! The request is read, the client authenticates, what it presents is proved, and then each grant has its own checks. What only
//! the authorization server can decide it is asked to: by a ticket, or by what was found out about the tokens that were presented.

mod exchange;

pub use crate::oauth::token_form::TokenForm;
pub use exchange::{Exchange, ExchangedToken, TokenType};

use crate::auth::client::{AuthenticatedClient, ClientCredentials};
use crate::auth::service::Lookup;
use crate::auth::{assertion, client, dpop};
use crate::domain::{
    Audience, ClientKind, ClientRef, Confirmation, Denial, Error, ExtraClaims, GrantType, Issuance, Property, Scope, Seconds,
    Secret, Service,
};
use crate::jose::certificate;
use crate::platform::capabilities::Granter;
use crate::policy::{self, ClientTokenRequest, Lifetime, Profile, RefreshOf, RefreshRequest, requestable};
use crate::store::{RecordKeys, Records};
use crate::tokens::introspect::ProofOfPossession;
use crate::tokens::issue::{Issued, TicketRequest, issue_to_client, ticket};
use crate::tokens::lookup::TokenLookup;
use crate::tokens::refresh::redeem_of_client;

/// A token request, and what the authorization server says with it.
#[derive(Debug)]
pub struct TokenRequest {
    /// What the client has sent.
    pub form: TokenForm,
    /// Who it is.
    pub credentials: ClientCredentials,
    /// To attach to the token.
    pub properties: Vec<Property>,
    /// The DPoP proof that it has sent. Without a URI: to the org's token endpoint.
    pub dpop: Option<ProofOfPossession>,
    /// The value for the access token.
    pub value: Option<Secret<String>>,
    /// How long the access token shall live.
    pub lifetime: Lifetime,
    /// How long the refresh token shall live.
    pub refresh_lifetime: Option<Seconds>,
    /// What a JWT says besides.
    pub extra_claims: Option<ExtraClaims>,
}

/// What is looked for while the service is authenticated.
#[derive(Debug, Default)]
pub struct Subjects {
    client: Option<ClientRef>,
    refresh_token: Option<TokenLookup>,
}

impl TokenRequest {
    /// What to look for in this org.
    pub fn subjects(&self, keys: &crate::keys::PublishedKeys, org: &crate::domain::OrgId) -> Subjects {
        let refresh_token = self.form.refresh_token().map(|token| TokenLookup::by_value(keys, org, token.expose()));
        Subjects { client: self.credentials.client(), refresh_token }
    }
}

impl Lookup for Subjects {
    fn wanted(&self, org: &crate::domain::OrgId) -> RecordKeys {
        self.client.wanted(org).and(self.refresh_token.wanted(org))
    }
}

/// What a token request comes to.
#[derive(Debug)]
pub enum Outcome {
    /// A token.
    Issued {
        /// It.
        issued: Box<Issued>,
        /// The resources that were asked for.
        resources: Vec<Audience>,
        /// Whether a refresh token was used that had just been replaced.
        previous_refresh_token_used: bool,
    },
    /// The authorization server must check a password.
    Password {
        /// For its word.
        ticket: Secret<String>,
        /// Whose.
        username: String,
        /// The password.
        password: Secret<String>,
        /// What was asked for.
        asked: Asked,
    },
    /// The authorization server must decide about an exchange.
    TokenExchange {
        /// The tokens.
        exchange: Box<Exchange>,
        /// What was asked for.
        asked: Asked,
    },
    /// The authorization server must verify an assertion.
    JwtBearer {
        /// The assertion.
        assertion: Secret<String>,
        /// What was asked for.
        asked: Asked,
    },
}

/// What was asked for, as far as the client may have it.
#[derive(Debug)]
pub struct Asked {
    /// Who asks. `None`: somebody who didn't say.
    pub client: Option<AuthenticatedClient>,
    /// The scopes.
    pub scopes: Vec<Scope>,
    /// RFC 8707.
    pub resources: Vec<Audience>,
}

/// Processes a token request.
pub async fn process(
    ports: &Granter,
    service: &Service,
    (subjects, found): (&Subjects, &Records),
    request: TokenRequest,
) -> Result<Outcome, Error> {
    let grant = supported_grant(service, &request.form)?;
    let client = authenticated(ports, service, found, &request, grant).await?;
    let confirmation = verify_sender_constraint(ports, service, client.as_ref(), &request).await?;
    let identified = |client: Option<AuthenticatedClient>| client.ok_or(Denial::ClientIdMissing);
    match grant {
        GrantType::ClientCredentials => client_credentials(ports, service, identified(client)?, request, confirmation).await,
        GrantType::Password => password(ports, service, identified(client)?, request, confirmation).await,
        GrantType::RefreshToken => {
            let token = subjects.refresh_token.as_ref().ok_or(Denial::RefreshTokenMissing)?;
            refresh_token(ports, service, identified(client)?, (token, found), request, confirmation).await
        }
        GrantType::TokenExchange => exchange::token_exchange(ports, service, client, request.form).await,
        GrantType::JwtBearer => jwt_bearer(ports, service, client, request.form).await,
        // There is no authorization endpoint, so there is no code that could be right.
        GrantType::AuthorizationCode => Err(Denial::CodeInvalid.into()),
        GrantType::Implicit | GrantType::Ciba | GrantType::DeviceCode | GrantType::PreAuthorizedCode => {
            Err(Denial::GrantTypeUnsupported.into())
        }
    }
}

fn supported_grant(service: &Service, form: &TokenForm) -> Result<GrantType, Denial> {
    let name = form.grant_type.as_ref().ok_or(Denial::GrantTypeMissing)?;
    let grant = name.parse().ok().filter(|grant| service.org().settings.oauth.supported_grants.contains(grant));
    grant.ok_or(Denial::GrantTypeUnsupported)
}

/// The client, which may use the grant. With two of them it may be nobody, if the org allows that.
async fn authenticated(
    ports: &Granter,
    service: &Service,
    found: &Records,
    request: &TokenRequest,
    grant: GrantType,
) -> Result<Option<AuthenticatedClient>, Error> {
    let settings = &service.org().settings.oauth;
    let (may_be_nobody, must_be_confidential, must_have_permit) = match grant {
        GrantType::TokenExchange => {
            let rules = settings.token_exchange;
            let strict = rules.by_confidential_clients_only || rules.by_permitted_clients_only;
            (!rules.by_identifiable_clients_only && !strict, rules.by_confidential_clients_only, rules.by_permitted_clients_only)
        }
        GrantType::JwtBearer => (!settings.jwt_grant.by_identifiable_clients_only, false, false),
        // RFC 6749 section 4.4
        GrantType::ClientCredentials => (false, true, false),
        GrantType::AuthorizationCode
        | GrantType::Implicit
        | GrantType::Password
        | GrantType::RefreshToken
        | GrantType::Ciba
        | GrantType::DeviceCode
        | GrantType::PreAuthorizedCode => (false, false, false),
    };
    let says_nothing = request.credentials.client().is_none() && request.credentials.is_empty();
    if says_nothing && may_be_nobody {
        return Ok(None);
    }
    let client = client::authenticate(ports.reader(), &*ports.once, service, found, &request.credentials).await?;
    if !client.client().grants.contains(&grant) {
        return Err(Denial::GrantNotAllowed.into());
    }
    if must_be_confidential && client.client().kind != ClientKind::Confidential {
        return Err(Denial::ClientMustBeConfidential.into());
    }
    if must_have_permit && !client.client().may_exchange_tokens {
        return Err(Denial::ClientNotPermittedToExchange.into());
    }
    Ok(Some(client))
}

/// The keys that the request proves: RFC 9449 section 5, RFC 8705 section 3.
async fn verify_sender_constraint(
    ports: &Granter,
    service: &Service,
    client: Option<&AuthenticatedClient>,
    request: &TokenRequest,
) -> Result<Confirmation, Error> {
    let bound = client.is_some_and(|client| client.client().certificate_bound_tokens);
    let certificate = match request.credentials.certificate.as_deref().filter(|_| bound) {
        Some(pem) => Some(certificate::thumbprint(pem).map_err(|_| Denial::CertificateMismatch)?),
        None if bound => return Err(Denial::CertificateMismatch.into()),
        None => None,
    };
    let dpop_key = match &request.dpop {
        Some(dpop) => {
            let endpoint = service.org().settings.oauth.token_endpoint.as_deref().unwrap_or_default();
            let uri = if dpop.uri.is_empty() { endpoint } else { &dpop.uri };
            let expected =
                dpop::Expected { method: &dpop.method, uri, access_token: None, key: None, nonce: dpop::NonceRule::NotNeeded };
            Some(dpop::verify(&*ports.once, service.id(), ports.reader().now(), dpop.proof.expose(), &expected).await?)
        }
        None if client.is_some_and(|client| client.client().dpop_bound_tokens) => return Err(Denial::DpopHeaderMissing.into()),
        None => None,
    };
    Ok(Confirmation { certificate, dpop_key })
}

async fn client_credentials(
    ports: &Granter,
    service: &Service,
    client: AuthenticatedClient,
    request: TokenRequest,
    confirmation: Confirmation,
) -> Result<Outcome, Error> {
    let resources = request.form.resources()?;
    let ask = ClientTokenRequest {
        scopes: requestable(service.org(), client.client(), request.form.scopes()?),
        audiences: resources.clone(),
        lifetime: request.lifetime,
        value: request.value,
        extra_claims: request.extra_claims,
        ..ClientTokenRequest::new(Issuance {
            alias_used: client.alias_used(),
            properties: request.properties,
            confirmation,
            ..Issuance::by(GrantType::ClientCredentials)
        })
    };
    let grant = policy::issue(service, client.client(), ask, RefreshOf::OrgAndClient, ports.reader().now())?;
    let issued = Box::new(issue_to_client(ports, service, client.into_client(), grant).await?);
    Ok(Outcome::Issued { issued, resources, previous_refresh_token_used: false })
}

async fn password(
    ports: &Granter,
    service: &Service,
    client: AuthenticatedClient,
    request: TokenRequest,
    confirmation: Confirmation,
) -> Result<Outcome, Error> {
    let asked = asked(service, Some(client), &request.form)?;
    let username = request.form.username.ok_or(Denial::UsernameMissing)?;
    let password = request.form.password.ok_or(Denial::PasswordMissing)?;
    let client = asked.client.as_ref().ok_or(Denial::ClientIdMissing)?;
    let ask = TicketRequest {
        alias_used: client.alias_used(),
        scopes: asked.scopes.clone(),
        audiences: asked.resources.clone(),
        properties: request.properties,
        confirmation,
    };
    let (ticket, _) = ticket(ports, client.client(), ask).await?;
    Ok(Outcome::Password { ticket, username, password, asked })
}

async fn refresh_token(
    ports: &Granter,
    service: &Service,
    client: AuthenticatedClient,
    token: (&TokenLookup, &Records),
    request: TokenRequest,
    confirmation: Confirmation,
) -> Result<Outcome, Error> {
    let resources = request.form.resources()?;
    let ask = RefreshRequest {
        scopes: request.form.scopes()?,
        lifetime: request.lifetime,
        refresh_lifetime: request.refresh_lifetime,
        value: request.value,
        properties: request.properties,
        confirmation,
        audiences: None,
        profile: Profile::Authlete,
    };
    let redeemed = redeem_of_client(ports, service, client.client(), token, ask, Vec::new()).await?;
    let issued = Box::new(Issued { minted: redeemed.minted, client: client.into_client() });
    Ok(Outcome::Issued { issued, resources, previous_refresh_token_used: redeemed.was_previous })
}

async fn jwt_bearer(
    ports: &Granter,
    service: &Service,
    client: Option<AuthenticatedClient>,
    form: TokenForm,
) -> Result<Outcome, Error> {
    let asked = asked(service, client, &form)?;
    let assertion = form.assertion.ok_or(Denial::AssertionMissing)?;
    let settings = &service.org().settings.oauth;
    let issuer = ports.reader().keys.now().await?.verifier.issuer().clone();
    let endpoint = settings.token_endpoint.as_deref();
    assertion::check_assertion(assertion.expose(), settings.jwt_grant, &issuer, endpoint, ports.reader().now())?;
    Ok(Outcome::JwtBearer { assertion, asked })
}

fn asked(service: &Service, client: Option<AuthenticatedClient>, form: &TokenForm) -> Result<Asked, Denial> {
    let (scopes, resources) = (form.scopes()?, form.resources()?);
    let scopes = match &client {
        Some(client) => requestable(service.org(), client.client(), scopes),
        None => policy::supported_of(service.org(), scopes.unwrap_or_default()),
    };
    if service.org().settings.oauth.scope_required && scopes.is_empty() {
        return Err(Denial::ScopeRequired);
    }
    Ok(Asked { client, scopes, resources })
}
