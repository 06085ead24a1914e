//! Jeton's own token endpoint: RFC 6749 section 3.2.
//!
//! [`grant`] takes the steps that all grants share; each grant then has a file. What a client may get is decided in
//! [`policy`], and tokens are minted in [`tokens`](crate::tokens).
//!
//! To add a grant, write its file and its variant of `ServedGrant`.

mod api_key;
pub(super) mod authorization_code;
pub(super) mod ciba;
mod client_credentials;
pub(super) mod device_code;
mod jwt_bearer;
mod polling;
mod refresh_token;
mod token_exchange;

use std::net::IpAddr;
use std::sync::Arc;

pub use self::api_key::API_KEY_TYPE;
use self::authorization_code::{CodeLookup, ServerWord};

use crate::auth::client::document::{Freshness, document_key};
use crate::auth::client::{ClientCredentials, Identified, UnnotedUse, federated, identify_any};
use crate::auth::dpop::{self, NonceRule};
use crate::auth::replay::ReplayGuard;
use crate::domain::{
    Audience, AuthorizationDetails, Client, ClientRef, Confirmation, Denial, Error, Fault, GrantType, Invalid, NotBefores, Org,
    OrgId, PlatformAssertion, Refusal, Secret, Service,
};
use crate::keys::Signing;
use crate::oauth::domain_grant::IssuedDomainGrant;
use crate::oauth::id_token::{IdTokenIssuer, IdTokenSubject};
use crate::oauth::steps::{ClientRequirements, SenderProofs, check_grant, parse_grant_type, verify_sender_constraint};
use crate::oauth::{TokenForm, TokenType, authorization_details};
use crate::platform::capabilities::{Granter, Reader, TokenEndpoint};
use crate::policy::{self, TokenProfile};
use crate::store::{KeepApiKeys, Records};
use crate::tokens::issue::{Issued, RecentRevocations, issue_to_client, record_for_client};
use crate::tokens::lookup::TokenLookup;
use crate::tokens::mint::{LiveGrant, Minted, sign};

/// What a client has sent to the token endpoint.
#[derive(Debug)]
pub struct GrantRequest {
    /// The parameters of the form.
    pub form: TokenForm,
    /// What the client proves its identity by.
    pub credentials: ClientCredentials,
    /// The DPoP proof of the `DPoP` header: RFC 9449 section 4.1.
    pub dpop: Option<Secret<String>>,
}

/// A successful answer to a token request: RFC 6749 section 5.1.
#[derive(Debug)]
pub struct GrantedToken {
    /// The token that was minted.
    pub minted: Minted,
    /// `issued_token_type` of a token exchange: RFC 8693 section 2.2.1. `None`: another grant.
    pub token_type: Option<TokenType>,
    /// The ID token that comes with it, where a person has granted `openid`.
    pub id_token: Option<Secret<String>>,
}

impl From<Granted> for GrantedToken {
    fn from(Granted { issued, token_type, id_token }: Granted) -> Self {
        Self { minted: issued.minted, token_type, id_token }
    }
}

/// What a grant has come to for a client.
#[derive(Debug)]
pub struct Granted {
    /// The token that was issued.
    pub issued: Issued,
    /// `issued_token_type` of a token exchange: RFC 8693 section 2.2.1. `None`: another grant.
    pub token_type: Option<TokenType>,
    /// The ID token that comes with it, where a person has granted `openid`.
    pub id_token: Option<Secret<String>>,
}

impl Granted {
    /// Only an access token, and perhaps a refresh token.
    fn without_id_token(issued: Issued) -> Self {
        Self { issued, token_type: None, id_token: None }
    }
}

/// What a token request is answered with, if it is good.
#[derive(Debug)]
pub enum GrantAnswer {
    /// A token of ours.
    Token(Box<GrantedToken>),
    /// A grant for another authorization server: no token of ours.
    ForDomain(Box<IssuedDomainGrant>),
}

impl From<Granted> for GrantAnswer {
    fn from(granted: Granted) -> Self {
        Self::Token(Box::new(granted.into()))
    }
}

/// What comes of a request, with the nonce that the client's next proof needs: RFC 9449 section 8.
#[derive(Debug)]
pub struct Outcome {
    /// What is granted, or [`Denial::DpopNonceRequired`], which must go out with the nonce.
    pub granted: Result<GrantAnswer, Denial>,
    /// The nonce, if the org wants one and the client proves a key.
    pub nonce: Option<String>,
}

/// The path of the endpoint: with the issuer before it, it is the `htu` of DPoP proofs.
pub const PATH: &str = "/oauth2/token";

/// A grant that this endpoint serves: each has a file of this module.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum ServedGrant {
    AuthorizationCode,
    ClientCredentials,
    DeviceCode,
    RefreshToken,
    TokenExchange,
    JwtBearer,
}

impl TryFrom<GrantType> for ServedGrant {
    type Error = Denial;

    fn try_from(grant: GrantType) -> Result<Self, Denial> {
        match grant {
            GrantType::AuthorizationCode => Ok(Self::AuthorizationCode),
            GrantType::ClientCredentials => Ok(Self::ClientCredentials),
            GrantType::DeviceCode => Ok(Self::DeviceCode),
            GrantType::RefreshToken => Ok(Self::RefreshToken),
            GrantType::TokenExchange => Ok(Self::TokenExchange),
            GrantType::JwtBearer => Ok(Self::JwtBearer),
            GrantType::Implicit | GrantType::Password | GrantType::Ciba | GrantType::PreAuthorizedCode => {
                Err(Denial::GrantTypeUnsupported)
            }
        }
    }
}

/// Names the grants that this endpoint serves by their `grant_type`: what metadata and the API description say.
pub fn served_grant_types() -> Vec<&'static str> {
    GrantType::ALL.iter().copied().filter(|grant| ServedGrant::try_from(*grant).is_ok()).map(GrantType::as_str).collect()
}

/// Answers a token request: the grant is read, the client authenticated, its right to the grant and its keys checked, and then
/// the grant served.
///
/// Whatever can be used once is used up last: what is wrong with a request costs no proof, no assertion and no refresh token. The
/// first use of a secret or a platform's identity on a day is noted once the token is issued, and fails nothing. A client with limits is counted once it is known who it
/// is, and what is refused afterwards counts for nothing.
///
/// # Errors
///
/// [`Refusal::Denied`] with the first [`Denial`] that a step finds, in that order. Only [`Denial::DpopNonceRequired`] is part of
/// the [`Outcome`]. [`Refusal::LimitReached`], if the client or the API key has been given as many tokens as it may be.
pub async fn grant(endpoint: &TokenEndpoint, mut request: GrantRequest) -> Result<Outcome, Error> {
    let ports = &endpoint.granter;
    let grant_type = parse_grant_type(&request.form)?;
    let grant = ServedGrant::try_from(grant_type)?;
    if let Some(key) = api_key::presented(&request) {
        return Box::pin(api_key::grant(endpoint, &request, key)).await;
    }
    if grant == ServedGrant::JwtBearer {
        request.credentials.grant_assertion.clone_from(&request.form.assertion);
    }
    name_workload(endpoint, &mut request.credentials).await?;
    let Identified { service, verified, lookup: ((lookup, code), _), mut found } =
        authenticate_client(endpoint, &request).await?;
    check_supported(&service, grant_type)?;
    let required = ClientRequirements { confidential: grant_type.is_for_confidential(), ..ClientRequirements::default() };
    check_grant(verified.client(), grant_type, required)?;
    let nonce = require_nonce(ports, &service, &request).await?;
    let verified_keys = verify_keys(ports.reader(), &service, Some(verified.client()), &request, nonce.as_ref()).await;
    let nonce = nonce.map(|nonce| nonce.next);
    let (confirmation, proof) = match verified_keys {
        Err(Error::Refused(Refusal::Denied(denial @ Denial::DpopNonceRequired))) => {
            return Ok(Outcome { granted: Err(denial), nonce });
        }
        proved => proved?,
    };
    let (client, assertion) = verified.into_parts();
    let unnoted_use = UnnotedUse::find(&client, &request.credentials, &found, ports.reader().now());
    let is_workload = client.federation().is_some_and(|federation| federation.is_grant);
    let platform = client.federation().map(|federation| Box::new(federation.said.clone()));
    let replay_guards = proof.into_iter().chain(assertion).collect();
    let unit = ports.quotas.count(client.client().limit_holder(), client.client().settings.limits, ports.reader().now()).await?;
    let context = GrantContext {
        ports,
        service,
        client: client.into_client(),
        address: request.credentials.address,
        confirmation,
        replay_guards,
        marks: std::mem::take(&mut found.marks),
        platform,
    };
    let api_keys = &*endpoint.api_keys;
    let granted = Box::pin(serve(grant, context, request.form, (lookup, code, &found), (is_workload, api_keys))).await;
    unit.settle(&granted);
    let granted = granted?;
    if let Some(unnoted_use) = unnoted_use {
        unnoted_use.note(&*endpoint.notes).await;
    }
    Ok(Outcome { granted: Ok(granted), nonce })
}

/// Serves a grant to a client that has passed every check that all grants share. `found` is what was read with the client; `api_keys` notes
/// the use of a key that it exchanges.
async fn serve(
    grant: ServedGrant,
    context: GrantContext<'_>,
    form: TokenForm,
    (lookup, code, found): (Option<TokenLookup>, Option<CodeLookup>, &Records),
    (is_workload, api_keys): (bool, &dyn KeepApiKeys),
) -> Result<GrantAnswer, Error> {
    Ok(match grant {
        ServedGrant::AuthorizationCode => {
            let word = ServerWord::none(context.profile()?);
            Box::pin(authorization_code::grant(context, (code.as_ref(), found), &form, word)).await?.into()
        }
        ServedGrant::DeviceCode => {
            let word = ServerWord::none(context.profile()?);
            Box::pin(device_code::grant(context, (code.as_ref(), found), &form, word)).await?.into()
        }
        ServedGrant::ClientCredentials => client_credentials::grant(context, &form).await?.into(),
        ServedGrant::RefreshToken => Box::pin(refresh_token::grant(context, (lookup, found), &form)).await?.into(),
        ServedGrant::TokenExchange => Box::pin(token_exchange::grant(context, form, api_keys)).await?,
        ServedGrant::JwtBearer if is_workload => jwt_bearer::grant_to_workload(context, &form).await?.into(),
        ServedGrant::JwtBearer => jwt_bearer::grant(context, &form).await?.into(),
    })
}

/// What is looked up in the read that authenticates the client: its refresh token, its code, and what may have ended its tokens this
/// second.
type RequestLookup = ((Option<TokenLookup>, Option<CodeLookup>), Option<RecentRevocations>);

/// Names the client of a workload that shows its platform's token and doesn't say which client it is, as MCP's clients do: one of the org that
/// is open to strangers. If it isn't exactly one, nobody is named.
async fn name_workload(endpoint: &TokenEndpoint, credentials: &mut ClientCredentials) -> Result<(), Fault> {
    let Some(org) = endpoint.documents.open_org.id() else { return Ok(()) };
    let Some(token) = credentials.unnamed_token() else { return Ok(()) };
    let client = federated::find_by_token(endpoint.granter.reader(), org, token).await?;
    credentials.form.id = client.map(|client| client.to_string());
    Ok(())
}

/// Authenticates the client: RFC 6749 section 3.2.1. What the client has proved itself by isn't used up yet.
async fn authenticate_client(endpoint: &TokenEndpoint, request: &GrantRequest) -> Result<Identified<RequestLookup>, Error> {
    let ports = &endpoint.granter;
    let keys = ports.reader().keys.now().await?;
    let refresh_token = request.form.refresh_token();
    let (client, url) = (request.credentials.client(), request.credentials.client_url());
    let seek = |org: &OrgId| {
        let refresh_token = refresh_token.map(|token| TokenLookup::by_value(&keys, org, token.expose()));
        // Of a refresh token it is found out with its family.
        let of_url = url.as_ref().map(|url| ClientRef::Id(document_key(org, url).client()));
        let client = of_url.as_ref().or(client.as_ref());
        let revocations = refresh_token.is_none().then(|| RecentRevocations::of_client(client, None));
        let code = request.form.code().map(|code| CodeLookup::new(code.expose()));
        ((refresh_token, code), revocations)
    };
    // People have let the client in already, or it gets nothing.
    let freshness = Freshness::LastKnown;
    Box::pin(identify_any(ports.reader(), &endpoint.documents, freshness, &request.credentials, seek)).await
}

/// Checks that the org lets its clients use the grant.
fn check_supported(service: &Service, grant: GrantType) -> Result<(), Denial> {
    let is_supported = service.org().settings.oauth.supported_grants.contains(&grant);
    is_supported.then_some(()).ok_or(Denial::GrantNotAllowed)
}

/// The nonce of the client's next DPoP proof, and the keys that the nonce of this one must have been made with.
struct RequiredNonce {
    signing: Arc<Signing>,
    next: String,
}

/// Draws the next nonce, if the org requires nonces and the client sends a proof: RFC 9449 section 8.
async fn require_nonce(ports: &Granter, service: &Service, request: &GrantRequest) -> Result<Option<RequiredNonce>, Error> {
    if request.dpop.is_none() || !service.org().settings.oauth.dpop_nonce_required {
        return Ok(None);
    }
    let signing = ports.refresher.minter.signing.now().await?;
    let next = dpop::nonce(signing.deriver(), service.id(), ports.reader().now()).await?;
    Ok(Some(RequiredNonce { signing, next }))
}

/// Verifies the keys that the request proves, as one to this endpoint: [`verify_sender_constraint`].
async fn verify_keys(
    reader: &Reader,
    service: &Service,
    client: Option<&Client>,
    request: &GrantRequest,
    nonce: Option<&RequiredNonce>,
) -> Result<(Confirmation, Option<ReplayGuard>), Error> {
    let endpoint = || format!("{}{PATH}", reader.keys.issuer().as_str().trim_end_matches('/'));
    let uri = request.dpop.is_some().then(endpoint).unwrap_or_default();
    let nonce = nonce.map_or(NonceRule::NotNeeded, |nonce| NonceRule::Required(nonce.signing.deriver()));
    let expected = dpop::Expected { method: "POST", uri: &uri, access_token: None, key: None, nonce };
    let proofs = SenderProofs {
        certificate: request.credentials.certificate.as_deref(),
        dpop: request.dpop.as_ref().map(|proof| (proof.expose().as_str(), expected)),
    };
    verify_sender_constraint(service.id(), client, proofs, reader.now()).await
}

/// A client that has passed every check that all grants share, and what its grant is served with.
pub(super) struct GrantContext<'a> {
    pub(super) ports: &'a Granter,
    pub(super) service: Service,
    pub(super) client: Arc<Client>,
    /// From where it asks, if that is known.
    pub(super) address: Option<IpAddr>,
    /// The keys that it has proved.
    pub(super) confirmation: Confirmation,
    /// Its assertion and its proof, which nothing has used up yet.
    pub(super) replay_guards: Vec<ReplayGuard>,
    /// The marks that were read with the client.
    pub(super) marks: NotBefores,
    /// What its platform has said of it, if that is what it has authenticated by.
    pub(super) platform: Option<Box<PlatformAssertion>>,
}

impl GrantContext<'_> {
    /// Returns the rules that shape the client's token: RFC 9068's.
    fn profile(&self) -> Result<TokenProfile, Refusal> {
        let issuer = Audience::parse(self.ports.reader().keys.issuer().as_str());
        Ok(TokenProfile::Rfc9068 { issuer: issuer.map_err(|Invalid(rule)| Refusal::invalid("resource", rule))? })
    }

    /// Returns the keys that a new token is bound to: the certificate only if the client's tokens are bound to one.
    fn binding(&self) -> Confirmation {
        let certificate = self.confirmation.certificate.filter(|_| self.client.settings.certificate_bound_tokens);
        Confirmation { certificate, ..self.confirmation.clone() }
    }

    /// Uses up the assertion and the proof, and mints what was decided: nothing else is wrong with the request any more.
    ///
    /// # Errors
    ///
    /// [`Denial::ClientAssertionReplayed`] or [`Denial::DpopProofReplayed`] if either was used before.
    async fn grant(self, grant: policy::Grant) -> Result<Issued, Error> {
        let grant = LiveGrant::check(self.ports.reader(), grant, &self.marks).await?;
        self.consume_replay_guards().await?;
        issue_to_client(self.ports, &self.service, self.client, grant).await
    }

    /// Signs the tokens of a person's sign-in, and only then uses up the assertion, the proof and the code: what can't be signed, or not
    /// now, must leave the client its code.
    ///
    /// # Errors
    ///
    /// As [`grant`](Self::grant).
    async fn grant_for_sign_in(
        self,
        grant: policy::Grant,
        nonce: Option<&str>,
    ) -> Result<(Issued, Option<Secret<String>>), Error> {
        let grant = LiveGrant::check(self.ports.reader(), grant, &self.marks).await?;
        let signed = sign(&self.ports.refresher.minter, grant).await?;
        let id_token = id_token(self.ports, self.service.org(), (signed.minted(), &self.client), nonce).await?;
        self.consume_replay_guards().await?;
        Ok((record_for_client(self.ports, &self.service, self.client, signed).await?, id_token))
    }

    async fn consume_replay_guards(&self) -> Result<(), Error> {
        for replay_guard in &self.replay_guards {
            replay_guard.consume(&*self.ports.once).await?;
        }
        Ok(())
    }

    /// Reads `authorization_details`: RFC 9396 section 5.
    ///
    /// # Errors
    ///
    /// [`Denial::AuthorizationDetailsInvalid`] if they are of a type that the org doesn't have, or no JSON array of objects.
    fn details(&self, form: &TokenForm) -> Result<Option<AuthorizationDetails>, Denial> {
        let Some(text) = &form.details else { return Ok(None) };
        authorization_details::read(text, &self.service.org().settings.oauth.authorization_details_types).map(Some)
    }
}

/// Signs the ID token that comes with an access token, if a person has granted `openid`.
///
/// # Errors
///
/// A fault if it can't be signed.
pub(super) async fn id_token(
    ports: &Granter,
    org: &Org,
    (minted, client): (&Minted, &Client),
    nonce: Option<&str>,
) -> Result<Option<Secret<String>>, Error> {
    let of_family = minted.family.as_ref().and_then(|family| family.issuance.as_deref()?.sign_in.as_deref());
    let of_token = minted.record.issuance.as_deref().and_then(|issuance| issuance.sign_in.as_deref());
    let Some(sign_in) = of_family.or(of_token) else { return Ok(None) };
    let (record, by) = (&minted.record, &ports.refresher.minter);
    let of = IdTokenSubject { record, access_token: &minted.token, sign_in, client, issued_at: record.issued_at, nonce };
    crate::oauth::id_token::issue(IdTokenIssuer { signing: &by.signing, issuer: &by.issuer }, org, of).await
}
