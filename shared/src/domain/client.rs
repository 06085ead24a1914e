//! OAuth clients: what is known of one, and how it authenticates.

use strum::{EnumString, IntoStaticStr, VariantArray};

use super::{
    Algorithm, AllowedNetworks, Audience, ClientId, ClientMetadata, ClientName, ClientUrl, ExchangeTarget, FederatedIdentity,
    GrantType, Invalid, LimitHolder, Limits, OrgId, RedirectUri, Scope, Seconds, Timestamp,
};

/// An OAuth client of an org, RFC 6749 section 2.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Client {
    /// The org whose client it is.
    pub org: OrgId,
    /// Its number, which is its `client_id`: unique among all orgs, below 2^53.
    pub id: ClientId,
    /// What an administrator or the client itself says of it.
    pub settings: ClientSettings,
    /// Its secrets, the newest first, of which two may be live during a change.
    pub secrets: Vec<ClientSecret>,
    /// SHA-256 of the token by which it manages its own registration: RFC 7592 section 3.
    pub registration_token: Option<[u8; 32]>,
    /// How it came to its org.
    pub origin: ClientOrigin,
    /// A disabled client can do nothing, and its tokens are dead as long as it is disabled.
    pub enabled: bool,
    /// Set when the client is first written.
    pub created_at: Timestamp,
    /// Set whenever the client is written.
    pub updated_at: Timestamp,
}

/// How a client came to its org.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum ClientOrigin {
    /// An administrator made it, or let it register itself.
    Registered,
    /// It registered itself where strangers can: nobody in the org knows whose it is.
    SelfRegistered {
        /// From then on it is as if it weren't there. Each time that a person lets it in, the end moves.
        expires_at: Timestamp,
    },
    /// Nobody has registered it: it names itself by the URL of a document about itself.
    MetadataDocument {
        /// The URL of the document, which is its `client_id`.
        url: ClientUrl,
    },
}

impl ClientOrigin {
    /// Its name on the wire.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Registered => "registered",
            Self::SelfRegistered { .. } => "self_registered",
            Self::MetadataDocument { .. } => "metadata_document",
        }
    }

    /// When its client ends. `None`: it doesn't end by itself.
    pub const fn expires_at(&self) -> Option<Timestamp> {
        match self {
            Self::Registered | Self::MetadataDocument { .. } => None,
            Self::SelfRegistered { expires_at } => Some(*expires_at),
        }
    }
}

/// A secret of a client, of which nothing is kept from which it could be made.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct ClientSecret {
    /// Its SHA-256. The service makes secrets of 256 random bits or more, so a plain hash is enough.
    pub hash: [u8; 32],
    /// When it was made. `None`: before that was noted.
    pub created_at: Option<Timestamp>,
    /// From then on it opens nothing. `None`: it is good until it is deleted.
    pub expires_at: Option<Timestamp>,
}

impl ClientSecret {
    /// A secret that is made now, and that is good until it is deleted.
    pub const fn new(hash: [u8; 32], now: Timestamp) -> Self {
        Self { hash, created_at: Some(now), expires_at: None }
    }

    /// Whether it still opens something.
    pub fn is_live(&self, now: Timestamp) -> bool {
        self.expires_at.is_none_or(|end| now < end)
    }
}

/// What an administrator or the client itself says of a client when it is written. The rest is for the service to say: its
/// number, its secrets, its times.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ClientSettings {
    /// Another name for it, unique in the org: 1 to 100 of `A-Z a-z 0-9 . _ -`, not all digits.
    pub alias: Option<String>,
    /// A name for people.
    pub name: Option<String>,
    /// Whether it can keep a secret.
    pub kind: ClientKind,
    /// How it proves who it is: this way and no other.
    pub auth_method: ClientAuthMethod,
    /// The grants that it may use.
    pub grants: Vec<GrantType>,
    /// The scopes that it may ask for. `None`: all that the org supports.
    pub scopes: Option<Vec<Scope>>,
    /// Its public keys, for `private_key_jwt`: a JWK Set (RFC 7517 section 5) as text.
    pub jwks: Option<String>,
    /// The workloads that it is, whose platforms' tokens authenticate it as `private_key_jwt` does: at most 20.
    pub federated: Vec<FederatedIdentity>,
    /// The longest lifetime of its access tokens, in seconds. `None`: the org alone decides.
    pub token_duration: Option<Seconds>,
    /// The longest lifetime of its refresh tokens, in seconds. `None`: the org alone decides.
    pub refresh_token_duration: Option<Seconds>,
    /// Whether a subject has one access token of it at most: a new one ends the others.
    pub single_token_per_subject: bool,
    /// Whether its tokens are bound to the certificate of its TLS connection: RFC 8705 section 3.4.
    pub certificate_bound_tokens: bool,
    /// Whether it must prove a key with each token request: RFC 9449 section 5.2.
    pub dpop_bound_tokens: bool,
    /// Whose certificate authenticates it: RFC 8705 section 2.1.2.
    pub certificate_subject: Option<CertificateSubject>,
    /// What its access tokens are. `None`: what the org's are.
    pub access_token_form: Option<AccessTokenForm>,
    /// The resources that it is the server of: it may introspect tokens that are meant for one of them, or for nobody in
    /// particular. `None`: it is no resource server.
    pub resources: Option<Vec<Audience>>,
    /// Whether it may exchange tokens where the org demands a permit.
    pub may_exchange_tokens: bool,
    /// The networks from which it may send its credentials: `allowed_cidrs`. `None`: from anywhere.
    pub allowed_networks: Option<AllowedNetworks>,
    /// How many tokens it may be given. `None`: as many as it asks for.
    pub limits: Option<Limits>,
    /// Where it may go on to by an exchange, in the order in which an administrator has said it. Only a confidential client has any.
    pub exchange_targets: Vec<ExchangeTarget>,
    /// Pairs of key and value that an administrator keeps with it, in this order. Nothing here depends on them.
    pub attributes: Vec<(String, String)>,
    /// Where an authorization endpoint may send people back to: RFC 6749 section 3.1.2.
    pub redirect_uris: Vec<RedirectUri>,
    /// Where people may go after they have logged out: OpenID Connect RP-Initiated Logout section 3.1.
    pub post_logout_redirect_uris: Vec<RedirectUri>,
    /// Whether its authorization requests must have a `code_challenge`: RFC 7636.
    pub pkce: Pkce,
    /// Whether people must be asked whether they grant it what it asks for.
    pub consent: Consent,
    /// Whether its ID tokens have the claims of the scopes, too, which are else told by the userinfo endpoint alone.
    pub claims_in_id_token: bool,
    /// What is only kept and shown: contacts, the URLs of its pages, and so on.
    pub metadata: ClientMetadata,
}

impl ClientSettings {
    /// The settings of a client of this kind of which nothing else is said: it has no grants and all scopes of its org.
    pub fn new(kind: ClientKind) -> Self {
        Self {
            alias: None,
            name: None,
            kind,
            auth_method: ClientAuthMethod::default_of(kind),
            grants: Vec::new(),
            scopes: None,
            jwks: None,
            federated: Vec::new(),
            token_duration: None,
            refresh_token_duration: None,
            single_token_per_subject: false,
            certificate_bound_tokens: false,
            dpop_bound_tokens: false,
            certificate_subject: None,
            access_token_form: None,
            resources: None,
            may_exchange_tokens: false,
            allowed_networks: None,
            limits: None,
            exchange_targets: Vec::new(),
            attributes: Vec::new(),
            redirect_uris: Vec::new(),
            post_logout_redirect_uris: Vec::new(),
            pkce: Pkce::Required,
            consent: Consent::Required,
            claims_in_id_token: false,
            metadata: ClientMetadata::default(),
        }
    }
}

impl Client {
    /// A client that is written for the first time: enabled, and without secrets.
    pub const fn new(org: OrgId, id: ClientId, settings: ClientSettings, now: Timestamp) -> Self {
        Self {
            org,
            id,
            settings,
            secrets: Vec::new(),
            registration_token: None,
            origin: ClientOrigin::Registered,
            enabled: true,
            created_at: now,
            updated_at: now,
        }
    }

    /// Says whether it is a stranger's: what it may have is then limited by what its org lets strangers have.
    pub const fn is_stranger(&self) -> bool {
        match self.origin {
            ClientOrigin::Registered => false,
            ClientOrigin::SelfRegistered { .. } | ClientOrigin::MetadataDocument { .. } => true,
        }
    }

    /// Returns the `client_id` by which others know it.
    pub const fn outward_name(&self) -> ClientName<'_> {
        match &self.origin {
            ClientOrigin::Registered | ClientOrigin::SelfRegistered { .. } => ClientName::Number(self.id),
            ClientOrigin::MetadataDocument { url } => ClientName::Url(url),
        }
    }

    /// Returns the URL of its metadata document, by which alone it may name itself. `None`: it is registered.
    pub const fn document_url(&self) -> Option<&ClientUrl> {
        match &self.origin {
            ClientOrigin::Registered | ClientOrigin::SelfRegistered { .. } => None,
            ClientOrigin::MetadataDocument { url } => Some(url),
        }
    }

    /// Returns whose limits its own are.
    pub fn limit_holder(&self) -> LimitHolder {
        LimitHolder::Client(self.org.clone(), self.id)
    }

    /// The same client with these settings in place of those that it has.
    #[must_use]
    pub fn with_settings(self, settings: ClientSettings, now: Timestamp) -> Self {
        Self { settings, updated_at: now, ..self }
    }

    /// Its secrets that still open something, the newest first.
    pub fn live_secrets(&self, now: Timestamp) -> impl Iterator<Item = &ClientSecret> {
        self.secrets.iter().filter(move |secret| secret.is_live(now))
    }

    /// The same client with a new secret. The newest one before it is good until `previous_ends`, if it doesn't end earlier, so
    /// that the client can be told in peace; all others end at once.
    #[must_use]
    pub fn with_secret(self, hash: [u8; 32], previous_ends: Timestamp, now: Timestamp) -> Self {
        let previous = self.live_secrets(now).find(|secret| secret.hash != hash);
        let ends = |secret: &ClientSecret| secret.expires_at.map_or(previous_ends, |end| end.min(previous_ends));
        let previous = previous.map(|secret| ClientSecret { expires_at: Some(ends(secret)), ..*secret });
        let previous = previous.filter(|secret| secret.is_live(now));
        let secrets = std::iter::once(ClientSecret::new(hash, now)).chain(previous).collect();
        Self { secrets, updated_at: now, ..self }
    }

    /// Whether a token that is meant for `audience` is meant for it: that is its number, its alias, or a resource of it.
    pub fn answers_to(&self, audience: &Audience) -> bool {
        let name = audience.as_str();
        let is_its_name = self.settings.alias.as_deref() == Some(name) || self.id.to_string() == name;
        is_its_name || self.settings.resources.as_ref().is_some_and(|resources| resources.contains(audience))
    }

    /// Whether a text can be an alias.
    pub fn is_alias(text: &str) -> bool {
        let known = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-');
        (1..=100).contains(&text.len()) && text.bytes().all(known) && !text.bytes().all(|b| b.is_ascii_digit())
    }
}

/// The form of access tokens: opaque, or a JWT.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum AccessTokenForm {
    /// Texts that only the service can read.
    Opaque,
    /// JWTs (RFC 9068), signed by this.
    Jwt(Algorithm),
}

/// The one name that a client certificate must have: of the `tls_client_auth_…` members of RFC 8705 section 2.1.2 there is one.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum CertificateSubject {
    /// `tls_client_auth_subject_dn`, as RFC 4514 spells it.
    DistinguishedName(String),
    /// A DNS name: `tls_client_auth_san_dns` of RFC 8705.
    DnsName(String),
    /// A URI: `tls_client_auth_san_uri` of RFC 8705.
    Uri(String),
    /// An IP address: `tls_client_auth_san_ip` of RFC 8705.
    IpAddress(std::net::IpAddr),
    /// An e-mail address: `tls_client_auth_san_email` of RFC 8705.
    Email(String),
}

impl CertificateSubject {
    /// What kind of name it is: the registered name of its member, but for `tls_client_auth_` at the beginning.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::DistinguishedName(_) => "subject_dn",
            Self::DnsName(_) => "san_dns",
            Self::Uri(_) => "san_uri",
            Self::IpAddress(_) => "san_ip",
            Self::Email(_) => "san_email",
        }
    }

    /// The name itself, as it is compared with the certificate.
    pub fn name(&self) -> std::borrow::Cow<'_, str> {
        match self {
            Self::DistinguishedName(name) | Self::DnsName(name) | Self::Uri(name) | Self::Email(name) => name.into(),
            Self::IpAddress(address) => address.to_string().into(),
        }
    }

    /// Accepts a name of 1 to 1,024 characters, of the kind that [`kind`](Self::kind) says.
    ///
    /// # Errors
    /// [`Invalid`], if the kind is unknown, or the name is empty, too long, or no IP address where it must be one.
    pub fn new(kind: &str, name: &str) -> Result<Self, Invalid> {
        const RULE: Invalid = Invalid("must be 1 to 1,024 characters, and an IP address if it stands for one");
        if name.is_empty() || name.len() > 1_024 || name.chars().any(char::is_control) {
            return Err(RULE);
        }
        Ok(match kind {
            "subject_dn" => Self::DistinguishedName(name.to_owned()),
            "san_dns" => Self::DnsName(name.to_owned()),
            "san_uri" => Self::Uri(name.to_owned()),
            "san_ip" => Self::IpAddress(name.parse().map_err(|_| RULE)?),
            "san_email" => Self::Email(name.to_owned()),
            _ => return Err(RULE),
        })
    }
}

impl AccessTokenForm {
    /// `opaque`, or the name of the algorithm.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Opaque => "opaque",
            Self::Jwt(algorithm) => algorithm.as_str(),
        }
    }
}

impl std::str::FromStr for AccessTokenForm {
    type Err = Invalid;

    fn from_str(name: &str) -> Result<Self, Invalid> {
        const RULE: Invalid = Invalid("must be opaque or the name of a signature algorithm: ES256, RS256, …");
        if name == "opaque" { Ok(Self::Opaque) } else { name.parse().map(Self::Jwt).map_err(|_| RULE) }
    }
}

/// Whether a client can keep a secret: RFC 6749 section 2.1.
#[derive(Clone, Copy, Debug, EnumString, Eq, IntoStaticStr, PartialEq)]
#[strum(serialize_all = "snake_case", parse_err_ty = Invalid, parse_err_fn = Self::unknown)]
pub enum ClientKind {
    /// Can keep a secret, because it runs on a server.
    Confidential,
    /// Can't keep a secret, because it runs on a device of its user: an app, or a page in a browser.
    Public,
}

impl ClientKind {
    /// Its name on the wire.
    pub fn as_str(self) -> &'static str {
        self.into()
    }

    fn unknown(_: &str) -> Invalid {
        Invalid("must be confidential or public")
    }
}

/// Whether a client's authorization requests must have a `code_challenge`: RFC 7636.
#[derive(Clone, Copy, Debug, EnumString, Eq, IntoStaticStr, PartialEq)]
#[strum(serialize_all = "snake_case", parse_err_ty = Invalid, parse_err_fn = Self::unknown)]
pub enum Pkce {
    /// Each request must have one (RFC 9700 section 2.1.1).
    Required,
    /// A request may have none, for the sake of clients that send no challenge. Only a confidential client may be so.
    Optional,
}

impl Pkce {
    /// Its name on the wire.
    pub fn as_str(self) -> &'static str {
        self.into()
    }

    fn unknown(_: &str) -> Invalid {
        Invalid("must be required or optional")
    }
}

/// Whether people must be asked whether they grant a client what it asks for.
#[derive(Clone, Copy, Debug, EnumString, Eq, IntoStaticStr, PartialEq)]
#[strum(serialize_all = "snake_case", parse_err_ty = Invalid, parse_err_fn = Self::unknown)]
pub enum Consent {
    /// They must be asked.
    Required,
    /// They need not be asked: the client is the team's own.
    Implied,
}

impl Consent {
    /// Its name on the wire.
    pub fn as_str(self) -> &'static str {
        self.into()
    }

    fn unknown(_: &str) -> Invalid {
        Invalid("must be required or implied")
    }
}

/// How a client proves who it is: the values of `token_endpoint_auth_method`.
#[derive(Clone, Copy, Debug, EnumString, Eq, IntoStaticStr, PartialEq, VariantArray)]
#[strum(serialize_all = "snake_case", parse_err_ty = Invalid, parse_err_fn = Self::unknown)]
pub enum ClientAuthMethod {
    /// Not at all: it is public.
    None,
    /// By its secret in the `Authorization` header: RFC 6749 section 2.3.1.
    ClientSecretBasic,
    /// By its secret in the body: RFC 6749 section 2.3.1.
    ClientSecretPost,
    /// By a JWT that its key signed: RFC 7523 section 2.2.
    PrivateKeyJwt,
    /// By a certificate of a known subject: RFC 8705 section 2.1.
    TlsClientAuth,
    /// By a certificate of a known key: RFC 8705 section 2.2.
    SelfSignedTlsClientAuth,
}

impl ClientAuthMethod {
    /// All methods with which a client can be registered.
    pub const ALL: &[Self] = Self::VARIANTS;

    /// The name that is registered for it as a value of `token_endpoint_auth_method`.
    pub fn as_str(self) -> &'static str {
        self.into()
    }

    /// Whether it is by a secret.
    pub const fn has_secret(self) -> bool {
        matches!(self, Self::ClientSecretBasic | Self::ClientSecretPost)
    }

    /// Whether it is by the certificate of the TLS connection: RFC 8705 section 2.
    pub const fn needs_certificate(self) -> bool {
        matches!(self, Self::TlsClientAuth | Self::SelfSignedTlsClientAuth)
    }

    /// What a client of this kind uses where nothing is said.
    pub const fn default_of(kind: ClientKind) -> Self {
        match kind {
            ClientKind::Confidential => Self::ClientSecretBasic,
            ClientKind::Public => Self::None,
        }
    }
}

impl ClientAuthMethod {
    /// Checks that a client of this kind can have the method. One that can keep a secret must prove that it has it.
    ///
    /// # Errors
    /// [`Invalid`] if it is `none` and the client is confidential.
    pub fn suits_kind(self, kind: ClientKind) -> Result<(), Invalid> {
        const RULE: Invalid = Invalid("must not be none for a confidential client");
        if kind == ClientKind::Confidential && self == Self::None { Err(RULE) } else { Ok(()) }
    }

    /// Checks that a client can have the method with this subject of its certificate, which RFC 8705 section 2.1.2 requires.
    ///
    /// # Errors
    /// [`Invalid`] if it is `tls_client_auth` and the client has no subject.
    pub fn suits_certificate(self, subject: Option<&CertificateSubject>) -> Result<(), Invalid> {
        const RULE: Invalid = Invalid("must be given for tls_client_auth: one name, and one only");
        if self == Self::TlsClientAuth && subject.is_none() { Err(RULE) } else { Ok(()) }
    }

    fn unknown(_: &str) -> Invalid {
        Invalid(
            "must be none, client_secret_basic, client_secret_post, private_key_jwt, tls_client_auth or self_signed_tls_client_auth",
        )
    }
}

/// Whether the certificates of clients reach the service: only what ends TLS for it can pass them on.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum ClientCertificates {
    /// Nothing asks clients for certificates, or nothing passes them on.
    #[default]
    NeverArrive,
    /// A gateway or a proxy passes on those that it has verified.
    Arrive,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_has_two_live_secrets_at_most_and_the_older_one_ends() {
        let now = Timestamp::from_secs(1_000);
        let after = |seconds| now.plus(Seconds(seconds));
        let org = OrgId::parse("1").unwrap();
        let client = Client::new(org, ClientId::from_number(7).unwrap(), ClientSettings::new(ClientKind::Confidential), now);
        let live = |client: &Client, at| client.live_secrets(at).map(|secret| secret.hash[0]).collect::<Vec<_>>();
        let first = client.with_secret([1; 32], after(60), now);
        assert_eq!((live(&first, now), first.secrets[0].expires_at), (vec![1], None));
        let second = first.clone().with_secret([2; 32], after(60), now);
        assert_eq!((live(&second, after(59)), live(&second, after(60))), (vec![2, 1], vec![2]));
        let third = second.clone().with_secret([3; 32], after(90), after(1));
        assert_eq!(live(&third, after(1)), [3, 2], "the first has ended");
        let at_once = second.clone().with_secret([3; 32], now, now);
        assert_eq!(live(&at_once, now), [3]);
        let again = second.with_secret([1; 32], after(5), now);
        assert_eq!(live(&again, now), [1, 2], "the same secret isn't there twice");
        assert_eq!(again.secrets[0].expires_at, None);
    }
}
