//! The token endpoint of OAuth 2: RFC 6749 section 3.2. One file for each grant.

mod client_credentials;
mod jwt_bearer;
mod refresh_token;
mod token_exchange;

use crate::auth::client::{ClientCredentials, Identified, identify};
use crate::auth::dpop;
use crate::auth::replay::ReplayGuard;
use crate::domain::{
    Audience, AuthorizationDetails, Client, ClientKind, Confirmation, Denial, Error, GrantType, Invalid, OrgId, Refusal, Secret,
    Service,
};
use crate::jose::certificate;
use crate::oauth::authorization_details;
use crate::oauth::delegated::{TokenForm, TokenType};
use crate::platform::capabilities::{Granter, Reader};
use crate::policy::{self, Profile};
use crate::tokens::issue::{Issued, issue_to_client};
use crate::tokens::lookup::TokenLookup;

/// What a client has sent to the token endpoint.
#[derive(Debug)]
pub struct GrantRequest {
    /// The form.
    pub form: TokenForm,
    /// Who it is.
    pub credentials: ClientCredentials,
    /// Its DPoP proof.
    pub dpop: Option<Secret<String>>,
}

/// What it gets.
#[derive(Debug)]
pub struct Granted {
    /// The token.
    pub issued: Issued,
    /// What kind of token it is, where several could be asked for.
    pub token_type: Option<TokenType>,
}

/// What comes of a request, with the nonce that the client's next proof needs: RFC 9449 section 8.
#[derive(Debug)]
pub struct Outcome {
    /// A token, or why there is none but for the want of a nonce.
    pub granted: Result<Box<Granted>, Denial>,
    /// The nonce, if the org wants one and the client proves a key.
    pub nonce: Option<String>,
}

/// The path of the endpoint: with the issuer before it, it is the `htu` of DPoP proofs.
pub const PATH: &str = "/oauth2/token";

/// A grant that this endpoint serves: each has a file of this module.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum ServedGrant {
    ClientCredentials,
    RefreshToken,
    TokenExchange,
    JwtBearer,
}

impl TryFrom<GrantType> for ServedGrant {
    type Error = Denial;

    fn try_from(grant: GrantType) -> Result<Self, Denial> {
        match grant {
            GrantType::ClientCredentials => Ok(Self::ClientCredentials),
            GrantType::RefreshToken => Ok(Self::RefreshToken),
            GrantType::TokenExchange => Ok(Self::TokenExchange),
            GrantType::JwtBearer => Ok(Self::JwtBearer),
            GrantType::AuthorizationCode
            | GrantType::Implicit
            | GrantType::Password
            | GrantType::Ciba
            | GrantType::DeviceCode
            | GrantType::PreAuthorizedCode => Err(Denial::GrantTypeUnsupported),
        }
    }
}

/// Names the grants that this endpoint serves by their `grant_type`: what metadata and the API description say.
pub fn served_grant_types() -> Vec<&'static str> {
    GrantType::ALL.into_iter().filter(|grant| ServedGrant::try_from(*grant).is_ok()).map(GrantType::as_str).collect()
}

/// Grants a token, or says why not.
///
/// Whatever can be used once is used up last: what is wrong with a request costs no proof, no assertion and no refresh token.
pub async fn grant(ports: &Granter, request: GrantRequest) -> Result<Outcome, Error> {
    let grant_type = grant_type(&request.form)?;
    let grant = ServedGrant::try_from(grant_type)?;
    let keys = ports.reader().keys.now().await?;
    let refresh_token = request.form.refresh_token();
    let seek = |org: &OrgId| refresh_token.map(|token| TokenLookup::by_value(&keys, org, token.expose()));
    let Identified { service, verified, sought, found } = identify(ports.reader(), &request.credentials, seek).await?;
    permitted(&service, verified.client(), grant_type)?;
    let needs_nonce = request.dpop.is_some() && service.org().settings.oauth.dpop_nonce_required;
    let signing = if needs_nonce { Some(ports.refresher.minter.signing.now().await?) } else { None };
    let (rule, nonce) = match &signing {
        Some(signing) => {
            let deriver = signing.deriver();
            let nonce = dpop::nonce(deriver, service.id(), ports.reader().now()).await?;
            (dpop::NonceRule::Required(deriver), Some(nonce))
        }
        None => (dpop::NonceRule::NotNeeded, None),
    };
    let (confirmation, proof) = match verify_sender_constraint(ports.reader(), &service, verified.client(), &request, rule).await
    {
        Err(Error::Refused(Refusal::Denied(denial @ Denial::DpopNonceRequired))) => {
            return Ok(Outcome { granted: Err(denial), nonce });
        }
        proved => proved?,
    };
    let (client, assertion) = verified.into_parts();
    let replay_guards = proof.into_iter().chain(assertion).collect();
    let context = GrantContext { ports, service, client: client.into_client(), confirmation, replay_guards };
    let granted = match grant {
        ServedGrant::ClientCredentials => client_credentials::grant(context, &request.form).await?,
        ServedGrant::RefreshToken => refresh_token::grant(context, (sought, &found), &request.form).await?,
        ServedGrant::TokenExchange => token_exchange::grant(context, request.form).await?,
        ServedGrant::JwtBearer => jwt_bearer::grant(context, &request.form).await?,
    };
    Ok(Outcome { granted: Ok(Box::new(granted)), nonce })
}

fn grant_type(form: &TokenForm) -> Result<GrantType, Denial> {
    let name = form.grant_type.as_ref().ok_or(Denial::GrantTypeMissing)?;
    name.parse().map_err(|Invalid(_)| Denial::GrantTypeUnsupported)
}

fn permitted(service: &Service, client: &Client, grant: GrantType) -> Result<(), Denial> {
    if !service.org().settings.oauth.supported_grants.contains(&grant) || !client.grants.contains(&grant) {
        return Err(Denial::GrantNotAllowed);
    }
    if grant.is_for_confidential() && client.kind != ClientKind::Confidential {
        return Err(Denial::ClientMustBeConfidential);
    }
    Ok(())
}

/// The keys that the request proves: RFC 9449 section 5, RFC 8705 section 3.
async fn verify_sender_constraint(
    reader: &Reader,
    service: &Service,
    client: &Client,
    request: &GrantRequest,
    nonce: dpop::NonceRule<'_>,
) -> Result<(Confirmation, Option<ReplayGuard>), Error> {
    let certificate = request.credentials.certificate.as_deref().and_then(|pem| certificate::thumbprint(pem).ok());
    if client.certificate_bound_tokens && certificate.is_none() {
        return Err(Denial::CertificateMismatch.into());
    }
    let (dpop_key, replay_guard) = match &request.dpop {
        Some(proof) => {
            let uri = format!("{}{PATH}", reader.keys.issuer().as_str().trim_end_matches('/'));
            let expected = dpop::Expected { method: "POST", uri: &uri, access_token: None, key: None, nonce };
            let (key, replay_guard) = dpop::check(service.id(), reader.now(), proof.expose(), &expected).await?;
            (Some(key), Some(replay_guard))
        }
        None if client.dpop_bound_tokens => return Err(Denial::DpopHeaderMissing.into()),
        None => (None, None),
    };
    Ok((Confirmation { certificate, dpop_key }, replay_guard))
}

/// A client whose turn it is.
struct GrantContext<'a> {
    ports: &'a Granter,
    service: Service,
    client: Client,
    /// The keys that it has proved.
    confirmation: Confirmation,
    /// Its assertion and its proof, which nothing has used up yet.
    replay_guards: Vec<ReplayGuard>,
}

impl GrantContext<'_> {
    /// What its token shall be like.
    fn profile(&self) -> Result<Profile, Refusal> {
        let issuer = Audience::parse(self.ports.reader().keys.issuer().as_str());
        Ok(Profile::Standard { issuer: issuer.map_err(|Invalid(rule)| Refusal::invalid("resource", rule))? })
    }

    /// What a new token is bound to: to a certificate only if the client's tokens are.
    fn binding(&self) -> Confirmation {
        let certificate = self.confirmation.certificate.filter(|_| self.client.certificate_bound_tokens);
        Confirmation { certificate, ..self.confirmation.clone() }
    }

    /// Mints what was decided: nothing is wrong with the request any more but that it may have been made before.
    async fn grant(self, grant: policy::Grant) -> Result<Issued, Error> {
        for replay_guard in &self.replay_guards {
            replay_guard.consume(&*self.ports.once).await?;
        }
        issue_to_client(self.ports, &self.service, self.client, grant).await
    }

    /// `authorization_details`, of types that the org has: RFC 9396 section 5.
    fn details(&self, form: &TokenForm) -> Result<Option<AuthorizationDetails>, Denial> {
        let Some(text) = &form.details else { return Ok(None) };
        authorization_details::read(text, &self.service.org().settings.oauth.authorization_details_types).map(Some)
    }
}
