//! OAuth clients.

use super::{ClientId, GrantType, OrgId, Scope, Seconds, Timestamp};

/// An OAuth client of an org, RFC 6749 section 2.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Client {
    /// The org.
    pub org: OrgId,
    /// Its number.
    pub id: ClientId,
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
    /// SHA-256 of its secrets, of which two may be live during a change. The service makes secrets of 256 random bits or more, so a plain hash is enough.
    pub secrets: Vec<[u8; 32]>,
    /// Its public keys, for `private_key_jwt`: a JWK Set (RFC 7517 section 5) as text.
    pub jwks: Option<String>,
    /// Its access tokens live no longer.
    pub token_duration: Option<Seconds>,
    /// Its refresh tokens live no longer.
    pub refresh_token_duration: Option<Seconds>,
    /// Whether a subject has one access token of it at most: a new one ends the others.
    pub single_token_per_subject: bool,
    /// Whether its tokens are bound to the certificate of its TLS connection: RFC 8705 section 3.4.
    pub certificate_bound_tokens: bool,
    /// Whether it may exchange tokens where the org demands a permit.
    pub may_exchange_tokens: bool,
    /// What others keep with it.
    pub attributes: Vec<(String, String)>,
    /// What is only kept and shown, as a JSON object: redirect URIs, contacts, and so on.
    pub metadata: Option<Box<str>>,
    /// A disabled client can do nothing, and its tokens are dead as long as it is disabled.
    pub enabled: bool,
    /// Set when the client is first written.
    pub created_at: Timestamp,
    /// Set whenever the client is written.
    pub updated_at: Timestamp,
}

impl Client {
    /// Whether a text can be an alias.
    pub fn is_alias(text: &str) -> bool {
        let known = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-');
        (1..=100).contains(&text.len()) && text.bytes().all(known) && !text.bytes().all(|b| b.is_ascii_digit())
    }
}

/// RFC 6749 section 2.1.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum ClientKind {
    /// Can keep a secret.
    Confidential,
    /// Can't.
    Public,
}

/// How a client proves who it is: the values of `token_endpoint_auth_method`.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
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
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::None,
        Self::ClientSecretBasic,
        Self::ClientSecretPost,
        Self::PrivateKeyJwt,
        Self::TlsClientAuth,
        Self::SelfSignedTlsClientAuth,
    ];

    /// The registered name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::ClientSecretBasic => "client_secret_basic",
            Self::ClientSecretPost => "client_secret_post",
            Self::PrivateKeyJwt => "private_key_jwt",
            Self::TlsClientAuth => "tls_client_auth",
            Self::SelfSignedTlsClientAuth => "self_signed_tls_client_auth",
        }
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
    /// Whether a client of this kind can have it: one that can keep a secret must prove that it does, or anybody could pose as it.
    pub fn suits(self, kind: ClientKind) -> Result<(), super::Invalid> {
        match (kind, self) {
            (ClientKind::Confidential, Self::None) => Err(super::Invalid("must not be none for a confidential client")),
            _ => Ok(()),
        }
    }
}

impl std::str::FromStr for ClientAuthMethod {
    type Err = super::Invalid;

    fn from_str(text: &str) -> Result<Self, super::Invalid> {
        const RULE: super::Invalid = super::Invalid(
            "must be none, client_secret_basic, client_secret_post, private_key_jwt, tls_client_auth or self_signed_tls_client_auth",
        );
        Self::ALL.into_iter().find(|method| method.as_str() == text).ok_or(RULE)
    }
}
