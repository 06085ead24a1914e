//! Orgs: tenants, and the hierarchy that they form.

use super::{
    Algorithm, AssertionIssuer, Audience, ChainLimit, Client, ClientDocumentRules, DeliveryMode, Family, GrantType, LoginUrl,
    OrgId, ProtectedResource, Scope, Seconds, Timestamp,
};

/// A tenant. Nothing crosses an org, but that an administrator of an ancestor may act on it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Org {
    /// The id of the org.
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

    /// The root of a hierarchy, written for the first time: enabled, without secrets, and with every setting at its default.
    pub fn new(id: OrgId, now: Timestamp) -> Self {
        Self {
            id,
            ancestors: Vec::new(),
            name: None,
            enabled: true,
            settings: OrgSettings::default(),
            secrets: Vec::new(),
            ever_non_expiring: false,
            created_at: now,
            updated_at: now,
        }
    }

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

    /// Whether a client of it is still there. A stranger's client ends by itself, and doesn't come back with another org of the same id.
    pub fn still_has(&self, client: &Client, now: Timestamp) -> bool {
        client.origin.expires_at().is_none_or(|end| now < end && self.created_at <= client.created_at)
    }

    /// Until when a not-before mark of this moment must be kept, or an alias: as long as a token can live that it concerns.
    pub fn mark_expiry(&self, at: Timestamp) -> Option<Timestamp> {
        (!self.ever_non_expiring).then(|| at.plus(OrgSettings::MAX_LIFETIME).plus(Seconds::DAY))
    }
}

/// The table of the settings of an org: this is where a setting is added.
///
/// Each entry is the sentence that the API's document shows, the name on the wire, the type, and the default of an org that doesn't
/// say otherwise. The first block is [`OrgSettings`], the block `oauth` is [`OAuthSettings`]; every request reads both with the org.
/// The block `assertions` is [`AssertionSettings`], which may be large and which few requests read. An example of an entry:
///
/// ```ignore
/// /// Whether a token must have a scope. Default: false.
/// scope_required: bool = false;
/// ```
///
/// The macro gives the table to another macro, so that each room makes of it what it needs: this file the structs, `api/jeton/settings.rs`
/// the body in JSON, `api/jeton/audit/settings.rs` what the audit trail tells. Both go by the type of a setting, so a setting of a type
/// that others have needs nothing there. Only what is stored is written by hand, in `store/codec/org.rs`: its names must never change.
macro_rules! org_settings {
    ($callback:ident) => {
        $callback! {
            {
                /// For how many seconds an access token lives where a request says nothing. Default: 3600, or `max_token_duration` if less.
                token_duration: Option<Seconds> = None;
                /// The longest lifetime that a request can ask for, in seconds. Default: 86400, a day.
                max_token_duration: Seconds = Seconds::DAY;
                /// For how many seconds a refresh token lives. Default: 2592000, which is 30 days.
                refresh_token_duration: Seconds = Seconds(30 * 86_400);
                /// Whether a refresh token stays the same when it is used. Default: that of a confidential client does.
                refresh_token_kept: Option<bool> = None;
                /// For how long, once a refresh token was replaced, a repeated refresh gets the same successor, unless that has been
                /// used: 1 to 3600 s. Default: 60.
                refresh_token_retry_seconds: Seconds = Family::DEFAULT_RETRY_WINDOW;
                /// Whether tokens may be asked for that don't expire. Default: false.
                allow_non_expiring: bool = false;
                /// Whether JWTs say where verifiers without a connection learn that they are revoked: Token Status List
                /// (draft-ietf-oauth-status-list). Default: false.
                status_list: bool = false;
                /// Whether members look after their own API keys, and how long keys live. Default: they don't.
                api_keys: ApiKeyRules = ApiKeyRules::default();
            }
            oauth {
                /// What signs the access tokens of OAuth clients, which then are JWTs. Default: they are opaque.
                access_token_sign_alg: Option<Algorithm> = None;
                /// The scopes that OAuth clients can ask for. Default: none.
                supported_scopes: Vec<SupportedScope> = Vec::new();
                /// Which grants there are. Default: `authorization_code`, `client_credentials`, `refresh_token`, device, exchange, JWT bearer.
                supported_grants: Vec<GrantType> = GrantType::supported_by_default();
                /// Whether a new refresh token ends when the one that it replaces would have. Default: true.
                refresh_token_duration_kept: bool = true;
                /// Whether a refresh token that stays the same lives on with each use. Default: false.
                refresh_token_duration_reset: bool = false;
                /// Whether a repeated refresh gets the same successor for a while. Default: true.
                refresh_token_idempotent: bool = true;
                /// Whether a new token of a client ends those before of the same subject. Default: false.
                single_token_per_subject: bool = false;
                /// Whether an access token ends with its refresh token. Default: false.
                token_expiration_linked: bool = false;
                /// Whether a token must have a scope. Default: false.
                scope_required: bool = false;
                /// Whether errors for OAuth clients come without `error_description`. Default: false.
                error_description_omitted: bool = false;
                /// Whether errors for OAuth clients come without `error_uri`. Default: false.
                error_uri_omitted: bool = false;
                /// Where the authorization server takes token requests: what DPoP proofs and assertions are for.
                token_endpoint: Option<String> = None;
                /// Who may exchange tokens, and which: RFC 8693.
                token_exchange: ExchangeRules = ExchangeRules::default();
                /// How many actors a token can name that came of exchanges which go on: 1 to 8. Default: 4.
                exchange_chain_limit: ChainLimit = ChainLimit::DEFAULT;
                /// Which assertions are taken: RFC 7523.
                jwt_grant: AssertionRules = AssertionRules::default();
                /// The resources that a client can ask a token for (RFC 8707), each by its URI or with what its metadata says of it
                /// (RFC 9728). Default: any `https` URL or URN.
                resources: Option<Vec<ProtectedResource>> = None;
                /// For whom a token is where a request names nobody. Default: for the issuer.
                default_resource: Option<Audience> = None;
                /// The types of `authorization_details` that there are (RFC 9396), each by its name or with what becomes of it. Default: none.
                authorization_details_types: Vec<AuthorizationDetailsType> = Vec::new();
                /// Whether DPoP proofs at the token endpoint need a nonce of the service: RFC 9449 section 8. Default: false.
                dpop_nonce_required: bool = false;
                /// The page of the login application, to which the authorization endpoint sends people. Default: none, so that nobody
                /// can sign in.
                login_url: Option<LoginUrl> = None;
                /// For how many seconds a person may take to sign in and decide: 60 to 3600. Default: 1800.
                authorization_duration: Seconds = Seconds(1_800);
                /// For how many seconds an authorization code can be redeemed: 10 to 600. Default: 60.
                code_duration: Seconds = Seconds(60);
                /// For how many seconds a browser may come with a pushed request (RFC 9126): 5 to 600. Default: 60.
                pushed_request_duration: Seconds = Seconds(60);
                /// Whether clients must push their authorization requests: RFC 9126. Default: false.
                pushed_requests_required: bool = false;
                /// The page of the login application for people with a device, on which they type its code. Default: none, so that no device
                /// can ask.
                device_url: Option<LoginUrl> = None;
                /// For how many seconds a person may take to type and decide: 60 to 1800. Default: 600.
                device_code_duration: Seconds = Seconds(600);
                /// How many seconds a device waits between two polls: 1 to 60. Default: 5.
                device_poll_interval: Seconds = Seconds(5);
                /// How clients may learn what has come of a request for a person who is not in their browser (OpenID Connect CIBA): `poll`,
                /// `ping`. Default: both.
                ciba_delivery_modes: Vec<DeliveryMode> = DeliveryMode::served_by_default();
                /// For how many seconds a person may take to decide such a request: 60 to 1800. Default: 600.
                ciba_request_duration: Seconds = Seconds(600);
                /// How many seconds its client waits between two polls: 1 to 60. Default: 5.
                ciba_poll_interval: Seconds = Seconds(5);
                /// Whether a client that is registered with a user code must send one. Default: false.
                ciba_user_code: bool = false;
                /// The page of the login application that logs people out. Default: none, so that clients can log nobody out.
                logout_url: Option<LoginUrl> = None;
                /// The page to which people are sent with what is wrong with an authorization request, if the client can't be told. Default:
                /// none, so that they are shown a text.
                error_url: Option<LoginUrl> = None;
                /// For how many seconds an ID token is good: 60 to 86400. Default: 3600.
                id_token_duration: Seconds = Seconds::HOUR;
                /// What signs ID tokens. Default: the first algorithm of the deployment.
                id_token_sign_alg: Option<Algorithm> = None;
                /// Whether a person's refresh token needs the scope `offline_access`. Default: false.
                refresh_needs_offline_access: bool = false;
                /// Whether clients of strangers can register themselves without a token (RFC 7591 section 3). Default: they can't.
                open_registration: OpenRegistration = OpenRegistration::default();
                /// Whether clients can name themselves by the URL of their metadata document, and at which hosts that is read. Default: they
                /// can't.
                client_metadata_documents: ClientDocumentRules = ClientDocumentRules::default();
                /// The scopes that clients of strangers can ask for, of those that the org supports. Default: those with `default`.
                strangers_scopes: Option<Vec<Scope>> = None;
                /// Texts by name, which others keep with the org.
                attributes: Vec<(String, String)> = Vec::new();
            }
            assertions {
                /// Whose assertions become tokens (RFC 7523), or stand for clients. Default: none.
                assertion_issuers: Vec<AssertionIssuer> = Vec::new();
            }
        }
    };
}
pub(crate) use org_settings;

/// Makes the structs of the table, with their defaults.
macro_rules! settings_structs {
    (
        { $($(#[$doc:meta])* $name:ident: $type:ty = $default:expr;)* }
        oauth { $($(#[$oauth_doc:meta])* $oauth_name:ident: $oauth_type:ty = $oauth_default:expr;)* }
        assertions { $($(#[$assertion_doc:meta])* $assertion_name:ident: $assertion_type:ty = $assertion_default:expr;)* }
    ) => {
        /// The settings of an org: what its tokens are like.
        #[derive(Clone, Debug, Eq, PartialEq)]
        pub struct OrgSettings {
            $($(#[$doc])* pub $name: $type,)*
            /// What the tokens of its OAuth clients are like.
            pub oauth: OAuthSettings,
        }

        /// What the tokens of an org's OAuth clients are like: what Authlete calls the settings of a service.
        #[derive(Clone, Debug, Eq, PartialEq)]
        pub struct OAuthSettings {
            $($(#[$oauth_doc])* pub $oauth_name: $oauth_type,)*
        }

        /// The settings of an org that only assertions need. They are written together with the org, but read only where an
        /// assertion is verified, or the whole org is shown or replaced.
        #[derive(Clone, Debug, Eq, PartialEq)]
        pub struct AssertionSettings {
            $($(#[$assertion_doc])* pub $assertion_name: $assertion_type,)*
        }

        impl Default for OrgSettings {
            fn default() -> Self {
                Self { $($name: $default,)* oauth: OAuthSettings::default() }
            }
        }

        impl Default for OAuthSettings {
            fn default() -> Self {
                Self { $($oauth_name: $oauth_default,)* }
            }
        }

        impl Default for AssertionSettings {
            fn default() -> Self {
                Self { $($assertion_name: $assertion_default,)* }
            }
        }

        impl OrgSettings {
            /// The names of all settings on the wire, in the order of the table.
            pub const NAMES: &[&str] = &[$(stringify!($name),)* $(stringify!($oauth_name),)* $(stringify!($assertion_name),)*];
        }
    };
}

org_settings!(settings_structs);

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

/// A scope that an org supports.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct SupportedScope {
    /// The scope that the org supports.
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

/// A type of `authorization_details` that there is in an org: RFC 9396 section 2.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct AuthorizationDetailsType {
    /// The `type` of the details.
    pub name: String,
    /// Whether an exchange may take them on to another API. They are narrowed down in any case.
    pub goes_on: bool,
}

impl AuthorizationDetailsType {
    /// A type that stays with the API that it was granted for.
    pub const fn named(name: String) -> Self {
        Self { name, goes_on: false }
    }
}

/// Whether clients of strangers can register themselves, how many, and how long they stay.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct OpenRegistration {
    /// Whether they can at all.
    pub enabled: bool,
    /// How long a client stays that no person has let in yet.
    pub unused_duration: Seconds,
    /// How long a client stays once a person has let it in for the last time.
    pub duration: Seconds,
    /// How many can register in an hour.
    pub most_per_hour: u32,
    /// How many of them from one address.
    pub most_per_address: u32,
    /// The schemes without a dot that their redirect URIs may have besides: `cursor`.
    pub schemes: Vec<String>,
}

impl Default for OpenRegistration {
    fn default() -> Self {
        Self {
            enabled: false,
            unused_duration: Seconds::DAY,
            duration: Seconds(90 * 86_400),
            most_per_hour: 100,
            most_per_address: 10,
            schemes: Vec::new(),
        }
    }
}

impl OAuthSettings {
    /// Whether clients of strangers can have a scope: one of those that are named for them, or else of those that nobody need ask for.
    pub fn lets_strangers_have(&self, scope: &Scope) -> bool {
        self.strangers_scopes().any(|allowed| allowed == scope)
    }

    /// The scopes that clients of strangers can have, of those that the org supports. None reaches the service's own API.
    pub fn strangers_scopes(&self) -> impl Iterator<Item = &Scope> {
        let is_allowed = |scope: &&SupportedScope| match &self.strangers_scopes {
            Some(allowed) => allowed.contains(&scope.name),
            None => scope.default,
        };
        self.supported_scopes.iter().filter(is_allowed).map(|scope| &scope.name).filter(|scope| !scope.reaches_api())
    }
}

/// The settings of an org for API keys.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct ApiKeyRules {
    /// Whether members look after their own keys.
    pub self_service: bool,
    /// How long a key lives where a request says nothing.
    pub duration: Seconds,
    /// The longest life that a request can ask for.
    pub max_duration: Seconds,
    /// How many live keys a member can have.
    pub max_per_owner: u32,
    /// Whether each key must say from which networks it may be used.
    pub require_cidrs: bool,
    /// How long a JWT lives that a key is exchanged for.
    pub jwt_duration: Seconds,
}

impl Default for ApiKeyRules {
    fn default() -> Self {
        Self {
            self_service: false,
            duration: Seconds(90 * 86_400),
            max_duration: Seconds(365 * 86_400),
            max_per_owner: 20,
            require_cidrs: false,
            jwt_duration: Seconds(600),
        }
    }
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
