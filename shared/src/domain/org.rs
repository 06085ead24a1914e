//! Orgs: tenants, and the hierarchy that they form.

use super::{Algorithm, Audience, ClientId, GrantType, OrgId, Scope, Seconds, Timestamp};

/// A tenant. Nothing crosses an org, but that an administrator of an ancestor may act on it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Org {
    /// Its id.
    pub id: OrgId,
    /// Its ancestors, parent first, root last. Fixed when the org is made.
    pub ancestors: Vec<OrgId>,
    /// A name for people, at most 100 characters.
    pub name: Option<String>,
    /// A disabled org's tokens are dead as long as it is disabled.
    pub enabled: bool,
    /// What its tokens are like.
    pub settings: OrgSettings,
    /// SHA-256 of its API secrets, of which two may be live during a change. The service makes them of 256 random bits.
    pub secrets: Vec<[u8; 32]>,
    /// Whether it has ever allowed tokens that don't expire: its not-before marks must then be kept for ever.
    pub ever_non_expiring: bool,
    /// Set when the org is first written.
    pub created_at: Timestamp,
    /// Set whenever the org is written.
    pub updated_at: Timestamp,
}

impl Org {
    /// How many ancestors an org can have.
    pub const MAX_DEPTH: usize = 16;

    /// The org above it.
    pub fn parent(&self) -> Option<&OrgId> {
        self.ancestors.first()
    }

    /// The root of its hierarchy, which may be itself.
    pub fn root(&self) -> &OrgId {
        self.ancestors.last().unwrap_or(&self.id)
    }

    /// Whether `other` is this org or one of its ancestors.
    pub fn is_within(&self, other: &OrgId) -> bool {
        self.id == *other || self.ancestors.contains(other)
    }

    /// Until when a not-before mark of this moment must be kept, or an alias: as long as a token can live that it concerns.
    pub fn mark_expiry(&self, at: Timestamp) -> Option<Timestamp> {
        (!self.ever_non_expiring).then(|| at.plus(OrgSettings::MAX_LIFETIME).plus(Seconds::DAY))
    }
}

/// What the tokens of an org are like.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct OrgSettings {
    /// Lifetime of an access token where the request names none. `None`: [`OrgSettings::DEFAULT_LIFETIME`], or that of clients.
    pub token_duration: Option<Seconds>,
    /// The longest lifetime that a request may name.
    pub max_token_duration: Seconds,
    /// Lifetime of a refresh family.
    pub refresh_token_duration: Seconds,
    /// Whether a refresh token stays the same when it is used. `None`: that of a confidential client does, any other is replaced.
    pub refresh_token_kept: Option<bool>,
    /// Whether `does_not_expire` may be asked for.
    pub allow_non_expiring: bool,
    /// What the tokens of its OAuth clients are like.
    pub oauth: OAuthSettings,
}

impl OrgSettings {
    /// No token that expires, and no refresh family, lives longer than this, whatever the settings: 400 days.
    pub const MAX_LIFETIME: Seconds = Seconds(400 * 86_400);
    /// How long a token lives where nothing else is said.
    pub const DEFAULT_LIFETIME: Seconds = Seconds::HOUR;
    /// The same for one that an OAuth client gets at the token endpoint.
    pub const USUAL_OF_CLIENTS: Seconds = Seconds(600);

    /// Lifetime of a token where the request names none, and where the settings say nothing, this one.
    pub fn duration_or(&self, usual: Seconds) -> Seconds {
        self.token_duration.unwrap_or(usual).min(self.max_token_duration)
    }

    /// Whether the refresh token of a client of this kind stays the same when it is used.
    pub fn keeps_refresh_token(&self, client: Option<super::ClientKind>) -> bool {
        self.refresh_token_kept.unwrap_or(client == Some(super::ClientKind::Confidential))
    }
}

impl Default for OrgSettings {
    fn default() -> Self {
        Self {
            token_duration: None,
            max_token_duration: Seconds::DAY,
            refresh_token_duration: Seconds(30 * 86_400),
            refresh_token_kept: None,
            allow_non_expiring: false,
            oauth: OAuthSettings::default(),
        }
    }
}

/// What the tokens of an org's OAuth clients are like: what Authlete calls the settings of a service.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct OAuthSettings {
    /// What signs access tokens. `None`: they are opaque.
    pub access_token_sign_alg: Option<Algorithm>,
    /// The scopes that there are.
    pub supported_scopes: Vec<SupportedScope>,
    /// The grants that there are. Without `password`, unless somebody wants it (RFC 9700 section 2.4).
    pub supported_grants: Vec<GrantType>,
    /// Whether a new refresh token ends when the one that it replaces would have.
    pub refresh_token_duration_kept: bool,
    /// Whether a refresh token that stays the same lives on with each use.
    pub refresh_token_duration_reset: bool,
    /// Whether a refresh token that was just replaced gets the same successor again. FAPI 2.0 security profile section 5.3.2.1 asks for it.
    pub refresh_token_idempotent: bool,
    /// Whether a subject has one access token of a client at most.
    pub single_token_per_subject: bool,
    /// Whether an access token must end no later than the refresh token that comes with it.
    pub token_expiration_linked: bool,
    /// Whether a token must have a scope.
    pub scope_required: bool,
    /// Whether errors for OAuth clients come without `error_description`.
    pub error_description_omitted: bool,
    /// Whether errors for OAuth clients come without `error_uri`.
    pub error_uri_omitted: bool,
    /// Where the authorization server takes token requests.
    pub token_endpoint: Option<String>,
    /// Who may exchange tokens, and which.
    pub token_exchange: ExchangeRules,
    /// Which assertions are taken.
    pub jwt_grant: AssertionRules,
    /// The resources that a client can ask a token for: RFC 8707. `None`: all that an https URL or a URN names.
    pub resources: Option<Vec<Audience>>,
    /// For whom a token is where a request names nobody. `None`: for the issuer.
    pub default_resource: Option<Audience>,
    /// Whether DPoP proofs must have a nonce of the service: RFC 9449 section 8.
    pub dpop_nonce_required: bool,
    /// The types of `authorization_details` that there are: RFC 9396 section 2.1.
    pub authorization_details_types: Vec<String>,
    /// Whose assertions become tokens here: RFC 7523 section 2.1.
    pub assertion_issuers: Vec<AssertionIssuer>,
    /// What others keep with it.
    pub attributes: Vec<(String, String)>,
}

impl Default for OAuthSettings {
    fn default() -> Self {
        Self {
            access_token_sign_alg: None,
            supported_scopes: Vec::new(),
            supported_grants: vec![
                GrantType::AuthorizationCode,
                GrantType::ClientCredentials,
                GrantType::RefreshToken,
                GrantType::TokenExchange,
                GrantType::JwtBearer,
            ],
            refresh_token_duration_kept: true,
            refresh_token_duration_reset: false,
            refresh_token_idempotent: true,
            single_token_per_subject: false,
            token_expiration_linked: false,
            scope_required: false,
            error_description_omitted: false,
            error_uri_omitted: false,
            token_endpoint: None,
            token_exchange: ExchangeRules::default(),
            jwt_grant: AssertionRules::default(),
            resources: None,
            default_resource: None,
            dpop_nonce_required: false,
            authorization_details_types: Vec::new(),
            assertion_issuers: Vec::new(),
            attributes: Vec::new(),
        }
    }
}

/// A scope that an org supports.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct SupportedScope {
    /// The scope.
    pub name: Scope,
    /// Whether a request that names no scope gets it.
    pub default: bool,
    /// What it stands for, for people.
    pub description: Option<String>,
    /// Access tokens with it live no longer.
    pub token_duration: Option<Seconds>,
    /// Refresh tokens with it live no longer.
    pub refresh_token_duration: Option<Seconds>,
    /// What others keep with it.
    pub attributes: Vec<(String, String)>,
}

/// Who may exchange tokens (RFC 8693), and which.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct ExchangeRules {
    /// A client must name itself.
    pub by_identifiable_clients_only: bool,
    /// A client must be confidential.
    pub by_confidential_clients_only: bool,
    /// A client must have a permit of its own.
    pub by_permitted_clients_only: bool,
    /// No JWT that is encrypted.
    pub encrypted_jwt_rejected: bool,
    /// No JWT that isn't signed.
    pub unsigned_jwt_rejected: bool,
}

/// Which assertions are taken for a grant (RFC 7523 section 2.1).
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct AssertionRules {
    /// A client must name itself.
    pub by_identifiable_clients_only: bool,
    /// None that is encrypted.
    pub encrypted_jwt_rejected: bool,
    /// None that isn't signed.
    pub unsigned_jwt_rejected: bool,
}

/// Somebody whose assertions are taken for tokens: RFC 7523 section 2.1.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct AssertionIssuer {
    /// The `iss` of its assertions.
    pub issuer: String,
    /// Where its keys are.
    pub keys: IssuerKeys,
    /// The scopes that its assertions can open. `None`: all that the org supports.
    pub scopes: Option<Vec<Scope>>,
    /// The clients that may present them. `None`: all that have the grant.
    pub clients: Option<Vec<ClientId>>,
    /// Whether its subjects need not be members of the org.
    pub any_subject: bool,
    /// Whether a refresh token comes with the access token.
    pub refresh_tokens: bool,
    /// Whether its assertions are taken at all now.
    pub enabled: bool,
}

/// Where the keys of an [`AssertionIssuer`] are.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum IssuerKeys {
    /// Here: a JWK Set.
    Inline(Box<str>),
    /// At this URL. It is read only if the deployment allows its origin.
    At(String),
}
