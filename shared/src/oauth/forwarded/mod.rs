//! Token requests that an authorization server has received, and forwards: Authlete's `/auth/token`.
//!
//! The request is read, the client authenticated, its right to the grant and its keys checked, and then each grant has its own
//! checks: the steps of `oauth::steps`. What only the authorization server can decide it is asked to: by a ticket, or by what was
//! found out about the tokens that were presented.

pub mod authorization;
pub mod backchannel;
pub mod client_authorizations;
pub mod decision;
pub mod device;
mod exchange;
pub mod id_token;
pub mod push;
pub mod userinfo;

pub use exchange::{Exchange, ExchangedToken};

use self::decision::PollError;

use crate::auth::client::{AuthenticatedClient, ClientCredentials};
use crate::auth::service::Lookup;
use crate::auth::{assertion, client, dpop};
use crate::domain::{
    Audience, ClientRef, Confirmation, Denial, Error, ExtraClaims, GrantType, Issuance, NotBefores, OAuthSettings, OrgId,
    Property, Refusal, Scope, Seconds, Secret, Service,
};
use crate::oauth::TokenForm;
use crate::oauth::steps::{ClientRequirements, SenderProofs, check_grant, parse_grant_type, verify_sender_constraint};
use crate::oauth::token_endpoint::authorization_code::{self, CodeLookup, ServerWord};
use crate::oauth::token_endpoint::{self, GrantContext, Granted, ciba, device_code};
use crate::platform::capabilities::Granter;
use crate::policy::{self, ClientTokenRequest, Lifetime, RefreshOf, RefreshRequest, TokenProfile, requestable};
use crate::store::quotas::CountedUnit;
use crate::store::{RecordKeys, Records};
use crate::telemetry::note_error;
use crate::tokens::introspect::ProofOfPossession;
use crate::tokens::issue::{Issued, RecentRevocations, TicketRequest, issue_to_client, ticket};
use crate::tokens::lookup::TokenLookup;
use crate::tokens::mint::LiveGrant;
use crate::tokens::refresh::redeem_of_client;

/// A token request, and what the authorization server says with it.
#[derive(Debug)]
pub struct TokenRequest {
    /// The parameters that the client has sent.
    pub form: TokenForm,
    /// What the client proves its identity by.
    pub credentials: ClientCredentials,
    /// Properties to attach to the token.
    pub properties: Vec<Property>,
    /// The DPoP proof that it has sent. Without a URI: to the org's token endpoint.
    pub dpop: Option<ProofOfPossession>,
    /// The value for the access token.
    pub value: Option<Secret<String>>,
    /// The lifetime of the access token.
    pub lifetime: Lifetime,
    /// The lifetime of the refresh token. `None`: what the org and the client say.
    pub refresh_lifetime: Option<Seconds>,
    /// Claims to add to a token that is a JWT.
    pub extra_claims: Option<ExtraClaims>,
}

/// The client, the refresh token and the code of a request, which are looked up in the read that authenticates the service.
#[derive(Debug, Default)]
pub struct Subjects {
    client: Option<ClientRef>,
    refresh_token: Option<TokenLookup>,
    code: Option<CodeLookup>,
}

impl TokenRequest {
    /// What to look for in this org.
    pub fn subjects(&self, keys: &crate::keys::PublishedKeys, org: &OrgId) -> Subjects {
        let refresh_token = self.form.refresh_token().map(|token| TokenLookup::by_value(keys, org, token.expose()));
        let code = self.form.code().map(|code| CodeLookup::new(code.expose()));
        Subjects { client: self.credentials.client(), refresh_token, code }
    }
}

impl Lookup for Subjects {
    fn wanted(&self, org: &OrgId) -> RecordKeys {
        // Of a refresh token it is found out with its family.
        let is_new = self.refresh_token.is_none();
        let revocations = is_new.then(|| RecentRevocations::of_client(self.client.as_ref(), None));
        let token = self.refresh_token.wanted(org).and(self.code.wanted(org));
        self.client.wanted(org).and(token).and(revocations.wanted(org))
    }
}

/// The result of processing a token request: a token, or what the authorization server must decide.
#[derive(Debug)]
pub enum Outcome {
    /// A token was issued.
    Issued {
        /// The token, with its client.
        issued: Box<Issued>,
        /// The ID token that comes with it, where a person has granted `openid`.
        id_token: Option<Secret<String>>,
        /// The resources that were asked for.
        resources: Vec<Audience>,
        /// Whether a refresh token was used that had just been replaced.
        previous_refresh_token_used: bool,
    },
    /// The authorization server must check a password.
    Password {
        /// The ticket by which the authorization server answers.
        ticket: Secret<String>,
        /// Whose password it is.
        username: String,
        /// The password that the user typed.
        password: Secret<String>,
        /// What was asked for.
        asked: Asked,
    },
    /// The authorization server must decide about an exchange.
    TokenExchange {
        /// The tokens to exchange, and what was found of them.
        exchange: Box<Exchange>,
        /// What was asked for.
        asked: Asked,
    },
    /// The authorization server must verify an assertion.
    JwtBearer {
        /// The assertion as it was presented.
        assertion: Secret<String>,
        /// What was asked for.
        asked: Asked,
    },
}

/// Why nothing comes of what a client polls for, in words that the authorization server has chosen.
#[derive(Debug)]
pub struct EndedPolling {
    /// What the client is told.
    pub denial: Denial,
    /// What the authorization server has said of it.
    pub error: PollError,
}

/// What was asked for, as far as the client may have it.
#[derive(Debug)]
pub struct Asked {
    /// The client. `None`: it didn't say who it is.
    pub client: Option<AuthenticatedClient>,
    /// The scopes, without those that the client may not have.
    pub scopes: Vec<Scope>,
    /// The resources that the token is meant for: RFC 8707.
    pub resources: Vec<Audience>,
}

/// Processes a token request. `found` is what was read for `subjects`.
///
/// # Errors
///
/// [`Refusal::Denied`] with the first [`Denial`] that a step finds. The order of the steps can be
/// seen in the result codes of Authlete's API: a grant that the org doesn't support comes before a client that can't be
/// authenticated, and that before a grant that nothing serves.
pub async fn process(
    ports: &Granter,
    service: &Service,
    (subjects, found): (&Subjects, &Records),
    request: TokenRequest,
) -> Result<Result<Outcome, EndedPolling>, Error> {
    let grant = parse_supported_grant(service, &request.form)?;
    let client = authenticate_client(ports, service, found, &request, grant).await?;
    let unit = count(ports, client.as_ref()).await?;
    let processed = Box::pin(serve(ports, service, (subjects, found), request, (grant, client))).await;
    match processed {
        // Nothing has come of it.
        Ok(Err(_)) => unit.give_back(),
        Ok(Ok(_)) | Err(_) => unit.settle(&processed),
    }
    processed
}

/// Counts a request of a client that has limits: also one that waits for what the authorization server decides.
async fn count(ports: &Granter, client: Option<&AuthenticatedClient>) -> Result<CountedUnit, Error> {
    let Some(client) = client.map(AuthenticatedClient::client) else { return Ok(CountedUnit::default()) };
    match ports.quotas.count(client.limit_holder(), client.settings.limits, ports.reader().now()).await {
        Err(Error::Refused(Refusal::LimitReached(_))) => Err(Denial::ClientLimitReached.into()),
        counted => counted,
    }
}

/// Serves the grant to a client that has authenticated and may use it.
async fn serve(
    ports: &Granter,
    service: &Service,
    (subjects, found): (&Subjects, &Records),
    request: TokenRequest,
    (grant, client): (GrantType, Option<AuthenticatedClient>),
) -> Result<Result<Outcome, EndedPolling>, Error> {
    let confirmation = verify_keys(ports, service, client.as_ref(), &request).await?;
    let identified = |client: Option<AuthenticatedClient>| client.ok_or(Denial::ClientIdMissing);
    let outcome = match grant {
        GrantType::ClientCredentials => {
            client_credentials(ports, service, identified(client)?, &found.marks, request, confirmation).await
        }
        GrantType::Password => password(ports, service, identified(client)?, request, confirmation).await,
        GrantType::RefreshToken => {
            let token = subjects.refresh_token.as_ref().ok_or(Denial::RefreshTokenMissing)?;
            Box::pin(refresh_token(ports, service, identified(client)?, (token, found), request, confirmation)).await
        }
        GrantType::TokenExchange => exchange::token_exchange(ports, service, client, request.form).await,
        GrantType::JwtBearer => jwt_bearer(ports, service, client, request.form).await,
        GrantType::AuthorizationCode => {
            let context = grant_context(ports, service, (identified(client)?, found), confirmation);
            redeem_code(context, (subjects.code.as_ref(), found), request).await
        }
        GrantType::DeviceCode => {
            let context = grant_context(ports, service, (identified(client)?, found), confirmation);
            return redeem_device_code(context, (subjects.code.as_ref(), found), request).await;
        }
        GrantType::Ciba => {
            let context = grant_context(ports, service, (identified(client)?, found), confirmation);
            return redeem_auth_req_id(context, (subjects.code.as_ref(), found), request).await;
        }
        GrantType::Implicit | GrantType::PreAuthorizedCode => Err(Denial::GrantTypeUnsupported.into()),
    };
    outcome.map(Ok)
}

/// What the grants of Jeton's own endpoint need of a client that has used up its assertion and its proof.
fn grant_context<'a>(
    ports: &'a Granter,
    service: &Service,
    (client, found): (AuthenticatedClient, &Records),
    confirmation: Confirmation,
) -> GrantContext<'a> {
    let (client, marks) = (client.into_client(), found.marks.clone());
    let (service, replay_guards) = (service.clone(), Vec::new());
    // Of its grants none is by an assertion, for which alone that counts.
    let address = None;
    GrantContext { ports, service, client, address, confirmation, replay_guards, marks, platform: None }
}

/// Reads `grant_type`, which must be one that the org supports.
fn parse_supported_grant(service: &Service, form: &TokenForm) -> Result<GrantType, Denial> {
    let grant = parse_grant_type(form)?;
    let is_supported = service.org().settings.oauth.supported_grants.contains(&grant);
    is_supported.then_some(grant).ok_or(Denial::GrantTypeUnsupported)
}

/// Returns what the org requires of a client that uses the grant, and whether the client may remain unknown.
fn client_rules(settings: &OAuthSettings, grant: GrantType) -> (ClientRequirements, bool) {
    match grant {
        GrantType::TokenExchange => {
            let rules = settings.token_exchange;
            let required = ClientRequirements {
                confidential: rules.by_confidential_clients_only,
                exchange_permit: rules.by_permitted_clients_only,
            };
            let may_be_unknown = !rules.by_identifiable_clients_only && !required.confidential && !required.exchange_permit;
            (required, may_be_unknown)
        }
        GrantType::JwtBearer => (ClientRequirements::default(), !settings.jwt_grant.by_identifiable_clients_only),
        // RFC 6749 section 4.4, OpenID Connect CIBA section 7.1
        GrantType::ClientCredentials | GrantType::Ciba => {
            (ClientRequirements { confidential: true, ..ClientRequirements::default() }, false)
        }
        GrantType::AuthorizationCode
        | GrantType::Implicit
        | GrantType::Password
        | GrantType::RefreshToken
        | GrantType::DeviceCode
        | GrantType::PreAuthorizedCode => (ClientRequirements::default(), false),
    }
}

/// Authenticates the client, and checks that it may use the grant. `None`: it didn't say who it is, and need not.
async fn authenticate_client(
    ports: &Granter,
    service: &Service,
    found: &Records,
    request: &TokenRequest,
    grant: GrantType,
) -> Result<Option<AuthenticatedClient>, Error> {
    let (required, may_be_unknown) = client_rules(&service.org().settings.oauth, grant);
    let says_nothing = request.credentials.client().is_none() && request.credentials.is_empty();
    if says_nothing && may_be_unknown {
        return Ok(None);
    }
    let client = client::authenticate(ports.reader(), &*ports.once, service, found, &request.credentials).await?;
    check_grant(client.client(), grant, required)?;
    Ok(Some(client))
}

/// Verifies the keys that the request proves, as one to the authorization server's endpoint, and uses up the DPoP proof:
/// [`verify_sender_constraint`].
async fn verify_keys(
    ports: &Granter,
    service: &Service,
    client: Option<&AuthenticatedClient>,
    request: &TokenRequest,
) -> Result<Confirmation, Error> {
    let client = client.map(AuthenticatedClient::client);
    let endpoint = service.org().settings.oauth.token_endpoint.as_deref().unwrap_or_default();
    let dpop = request.dpop.as_ref().map(|dpop| {
        let uri = if dpop.uri.is_empty() { endpoint } else { &dpop.uri };
        let nonce = dpop::NonceRule::NotNeeded;
        let expected = dpop::Expected { method: &dpop.method, uri, access_token: None, key: None, nonce };
        (dpop.proof.expose().as_str(), expected)
    });
    let proofs = SenderProofs { certificate: request.credentials.certificate.as_deref(), dpop };
    let (proved, replay_guard) = verify_sender_constraint(service.id(), client, proofs, ports.reader().now()).await?;
    if let Some(replay_guard) = replay_guard {
        replay_guard.consume(&*ports.once).await?;
    }
    let is_bound = client.is_some_and(|client| client.settings.certificate_bound_tokens);
    Ok(Confirmation { certificate: proved.certificate.filter(|_| is_bound), ..proved })
}

async fn client_credentials(
    ports: &Granter,
    service: &Service,
    client: AuthenticatedClient,
    marks: &NotBefores,
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
    let grant = LiveGrant::check(ports.reader(), grant, marks).await?;
    let issued = Box::new(issue_to_client(ports, service, client.into_client(), grant).await?);
    Ok(Outcome::Issued { issued, id_token: None, resources, previous_refresh_token_used: false })
}

async fn redeem_code(
    context: GrantContext<'_>,
    code: (Option<&CodeLookup>, &Records),
    request: TokenRequest,
) -> Result<Outcome, Error> {
    let (form, word) = server_word(request);
    // Boxed: it holds all that a sign-in may need.
    let granted = Box::pin(authorization_code::grant(context, code, &form, word)).await?;
    let (issued, id_token) = (Box::new(granted.issued), granted.id_token);
    Ok(Outcome::Issued { issued, id_token, resources: form.resources()?, previous_refresh_token_used: false })
}

async fn redeem_device_code(
    context: GrantContext<'_>,
    (code, found): (Option<&CodeLookup>, &Records),
    request: TokenRequest,
) -> Result<Result<Outcome, EndedPolling>, Error> {
    let (form, word) = server_word(request);
    let org = context.service.id().clone();
    let granted = Box::pin(device_code::grant(context, (code, found), &form, word)).await;
    polled(&org, (code, found), &form, granted)
}

async fn redeem_auth_req_id(
    context: GrantContext<'_>,
    (code, found): (Option<&CodeLookup>, &Records),
    request: TokenRequest,
) -> Result<Result<Outcome, EndedPolling>, Error> {
    let (form, word) = server_word(request);
    let org = context.service.id().clone();
    let granted = Box::pin(ciba::grant(context, (code, found), &form, word)).await;
    polled(&org, (code, found), &form, granted)
}

/// What has come of a poll: a client that polls in vain is told what the authorization server has said of it.
fn polled(
    org: &OrgId,
    (code, found): (Option<&CodeLookup>, &Records),
    form: &TokenForm,
    granted: Result<Granted, Error>,
) -> Result<Result<Outcome, EndedPolling>, Error> {
    let (issued, id_token) = match granted {
        Ok(granted) => (Box::new(granted.issued), granted.id_token),
        Err(Error::Refused(refusal)) => {
            // Only the client of the code is told these.
            let ended = |denial: &Denial| {
                matches!(
                    denial,
                    Denial::DeviceAccessDenied
                        | Denial::DeviceCodeExpired
                        | Denial::AuthReqIdDenied
                        | Denial::AuthReqIdExpired
                        | Denial::AuthReqIdFailed
                )
            };
            let Some(denial) = refusal.denial().filter(ended) else { return Err(Error::Refused(refusal)) };
            note_error(format!("{denial:?}"));
            let authorization = code.and_then(|code| found.authorizations.get(code.of_org(org)?.1));
            return Ok(Err(EndedPolling { denial, error: authorization.map(PollError::of_authorization).unwrap_or_default() }));
        }
        Err(error) => return Err(error),
    };
    Ok(Ok(Outcome::Issued { issued, id_token, resources: form.resources()?, previous_refresh_token_used: false }))
}

/// What the authorization server says of a token, apart from the form.
fn server_word(request: TokenRequest) -> (TokenForm, ServerWord) {
    let TokenRequest { form, properties, value, lifetime, refresh_lifetime, extra_claims, .. } = request;
    let profile = TokenProfile::ExternalServer;
    (form, ServerWord { profile, properties, value, lifetime, refresh_lifetime, extra_claims })
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
        profile: TokenProfile::ExternalServer,
    };
    let redeemed = redeem_of_client(ports, service, client.client(), token, ask, Vec::new()).await?;
    let issued = Box::new(Issued { minted: redeemed.minted, client: client.into_client() });
    let id_token = token_endpoint::id_token(ports, service.org(), (&issued.minted, &issued.client), None).await?;
    Ok(Outcome::Issued { issued, id_token, resources, previous_refresh_token_used: redeemed.was_previous })
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
