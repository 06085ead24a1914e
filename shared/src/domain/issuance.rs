//! What is known of a token that an OAuth client got.

use strum::{Display, EnumString, IntoStaticStr, VariantArray};

use super::{Audience, ClientId, ClientName, ClientUrl, Invalid, PlatformAssertion, SessionId, Subject, Timestamp, TokenId};

/// How a token came to an OAuth client, and what came with it. Of a token that a member asked for itself nothing of this is
/// known.
///
/// A token with one is its client's: it lives as long as the client is there and enabled, whether or not its subject is a member;
/// [`Issuance::of_member`] says where that counts, too.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Issuance {
    /// The grant that it began with. A refresh doesn't change it.
    pub grant: GrantType,
    /// Whether no resource owner is involved: the subject is then the client itself (RFC 9068 section 2.2).
    pub for_client: bool,
    /// Whether the client was named by its alias.
    pub alias_used: bool,
    /// The URL of the client's metadata document, by which it is known. `None`: it is known by its number.
    pub client_url: Option<ClientUrl>,
    /// The API key that it was exchanged for, in the place of a client: it has none then. `None`: it is a client's.
    pub api_key: Option<TokenId>,
    /// What the authorization server attached.
    pub properties: Vec<Property>,
    /// Who alone may use it.
    pub confirmation: Confirmation,
    /// What the client is authorized to do in detail, RFC 9396.
    pub details: Option<AuthorizationDetails>,
    /// How the resource owner was authenticated: the authentication context class (OpenID Connect Core section 2).
    pub acr: Option<String>,
    /// When that was, in whole seconds.
    pub auth_time: Option<Timestamp>,
    /// Whether it was made to be attached to what another server issues (Authlete's `forExternalAttachment`).
    pub for_external_attachment: bool,
    /// Whether its subject is a member of the org: it lives no longer than they may act.
    pub of_member: bool,
    /// Who acts for its subject: `act` of RFC 8693 section 4.1, the current actor first. At most [`Issuance::MAX_ACTORS`].
    pub actors: Vec<Actor>,
    /// How the person signed in who granted it at the authorization endpoint. `None`: no person did.
    pub sign_in: Option<Box<SignIn>>,
    /// What the token of its platform said, by which the client got its own token. `None`: it got it by something else.
    pub platform: Option<Box<PlatformAssertion>>,
}

impl Issuance {
    /// How many actors a token can have.
    pub const MAX_ACTORS: usize = 8;

    /// Returns the `client_id` of the client of this number, as others know it.
    pub fn client_name(&self, client: Option<ClientId>) -> Option<ClientName<'_>> {
        let number = || client.map(ClientName::Number);
        self.client_url.as_ref().map(ClientName::Url).or_else(number).or(self.api_key.map(ClientName::ApiKey))
    }

    /// Makes an issuance of which nothing is known but its grant.
    pub fn by(grant: GrantType) -> Self {
        Self {
            grant,
            for_client: false,
            alias_used: false,
            client_url: None,
            api_key: None,
            properties: Vec::new(),
            confirmation: Confirmation::default(),
            details: None,
            acr: None,
            auth_time: None,
            for_external_attachment: false,
            of_member: false,
            actors: Vec::new(),
            sign_in: None,
            platform: None,
        }
    }
}

/// How a person signed in, and what is known of them: what ID tokens and the userinfo endpoint tell.
///
/// It is kept with the refresh family, or with the access token where there is none.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct SignIn {
    /// The client as it named itself, by its number, its alias or the URL of its metadata document: the `aud` of ID tokens.
    pub audience: String,
    /// The resources that the person granted, if they are several: a refreshed token is for the one that is asked for (RFC 8707 section
    /// 2.2).
    pub resources: Vec<Audience>,
    /// How the person authenticated: `amr` of OpenID Connect Core section 2.
    pub amr: Vec<String>,
    /// The session of the login application: `sid` of ID tokens. Tokens with the scope `offline_access` outlive it.
    pub session: Option<SessionId>,
    /// The parameter `claims` of the request: a JSON object.
    pub requested: Option<ExtraClaims>,
    /// What is known of the person: a JSON object.
    pub claims: Option<ExtraClaims>,
    /// What ID tokens say besides: a JSON object.
    pub id_token_claims: Option<ExtraClaims>,
    /// What JWT access tokens and introspection say besides: a JSON object.
    pub access_token_claims: Option<ExtraClaims>,
    /// What only an authorization server outside can say of it. `None`: a login application has let the person in.
    pub forwarded: Option<Box<ForwardedSignIn>>,
}

impl SignIn {
    /// The same without what only refreshes, ID tokens and the userinfo endpoint need: for the access tokens of a family, which has all of
    /// it.
    #[must_use]
    pub fn without_person(self) -> Self {
        Self { resources: Vec::new(), requested: None, claims: None, id_token_claims: None, forwarded: None, ..self }
    }
}

/// What an authorization server outside says of a sign-in beside all that a login application can say.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct ForwardedSignIn {
    /// The `sub` of ID tokens and of userinfo, if it is another one than that of the tokens.
    pub told_subject: Option<Subject>,
    /// More members for the header of ID tokens: a JSON object.
    pub id_token_header: Option<ExtraClaims>,
    /// Whether the `aud` of ID tokens is a list, which has the client alone.
    pub has_audience_list: bool,
    /// The names of the claims that the person lets the client know.
    pub consented_claims: Vec<String>,
}

/// Who acts for the subject of a token.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Actor {
    /// The `sub` of the actor.
    pub subject: Subject,
    /// The client that its own token was issued to.
    pub client: Option<ClientId>,
}

/// A grant of OAuth: the values of `grant_type`, and `implicit`, which has none.
#[derive(Clone, Copy, Debug, Display, EnumString, Eq, Hash, IntoStaticStr, Ord, PartialEq, PartialOrd, VariantArray)]
#[strum(serialize_all = "snake_case", parse_err_ty = Invalid, parse_err_fn = Self::unknown)]
pub enum GrantType {
    /// RFC 6749 section 4.1
    AuthorizationCode,
    /// RFC 6749 section 4.2
    Implicit,
    /// RFC 6749 section 4.3
    Password,
    /// RFC 6749 section 4.4
    ClientCredentials,
    /// RFC 6749 section 6
    RefreshToken,
    /// OpenID Connect CIBA section 10.1
    #[strum(serialize = "urn:openid:params:grant-type:ciba")]
    Ciba,
    /// The device grant, RFC 8628.
    #[strum(serialize = "urn:ietf:params:oauth:grant-type:device_code")]
    DeviceCode,
    /// Token exchange, RFC 8693.
    #[strum(serialize = "urn:ietf:params:oauth:grant-type:token-exchange")]
    TokenExchange,
    /// RFC 7523 section 2.1
    #[strum(serialize = "urn:ietf:params:oauth:grant-type:jwt-bearer")]
    JwtBearer,
    /// OpenID for Verifiable Credential Issuance section 6.1
    #[strum(serialize = "urn:ietf:params:oauth:grant-type:pre-authorized_code")]
    PreAuthorizedCode,
}

impl GrantType {
    /// All grants, in the order in which they are listed.
    pub const ALL: &[Self] = Self::VARIANTS;

    /// The value of `grant_type`.
    pub fn as_str(self) -> &'static str {
        self.into()
    }

    /// The grants of an org that doesn't say which. Without `password`, unless somebody wants it (RFC 9700 section 2.4).
    pub fn supported_by_default() -> Vec<Self> {
        vec![
            Self::AuthorizationCode,
            Self::ClientCredentials,
            Self::RefreshToken,
            Self::DeviceCode,
            Self::TokenExchange,
            Self::JwtBearer,
        ]
    }

    /// Whether a client must authenticate for it: RFC 6749 section 4.4, OpenID Connect CIBA section 7.1. In an exchange anybody could pose as a
    /// public client.
    pub const fn is_for_confidential(self) -> bool {
        matches!(self, Self::ClientCredentials | Self::Ciba | Self::TokenExchange)
    }

    /// Whether no refresh token comes with it: RFC 6749 sections 4.2.2 and 4.4.3.
    pub const fn is_without_refresh(self) -> bool {
        matches!(self, Self::Implicit | Self::ClientCredentials)
    }

    fn unknown(_: &str) -> Invalid {
        Invalid("must be a grant_type of OAuth")
    }
}

/// Something that the authorization server attached to a token.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Property {
    /// Its name: that of a member of the token response and of a claim, unless it is hidden.
    pub key: String,
    /// The value of the property.
    pub value: String,
    /// Whether the OAuth client must not see it.
    pub hidden: bool,
}

/// The keys of which the presenter of a token must prove to have one: `cnf`, RFC 7800.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Confirmation {
    /// That of a TLS client certificate: `x5t#S256`, RFC 8705 section 3.1.
    pub certificate: Option<Thumbprint>,
    /// That of DPoP proofs: `jkt`, RFC 9449 section 6.
    pub dpop_key: Option<Thumbprint>,
}

/// A SHA-256 thumbprint: 43 characters of base64url.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct Thumbprint(pub [u8; 32]);

impl std::str::FromStr for Thumbprint {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        use base64::Engine as _;
        use base64::engine::general_purpose::URL_SAFE_NO_PAD;
        let bytes = URL_SAFE_NO_PAD.decode(text).ok().and_then(|bytes| bytes.try_into().ok());
        bytes.map(Self).ok_or(Invalid("must be a SHA-256 as 43 characters of base64url"))
    }
}

impl std::fmt::Display for Thumbprint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        use base64::Engine as _;
        use base64::engine::general_purpose::URL_SAFE_NO_PAD;
        f.write_str(&URL_SAFE_NO_PAD.encode(self.0))
    }
}

/// `authorization_details` of RFC 9396: a JSON array of objects that each have a `type`, kept in one spelling.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct AuthorizationDetails(Box<str>);

impl AuthorizationDetails {
    /// Takes over a JSON array in the one spelling. Only `wire` makes them.
    pub fn from_json(json: String) -> Self {
        Self(json.into())
    }

    /// Returns the JSON array as text.
    pub fn as_json(&self) -> &str {
        &self.0
    }
}

/// Claims that a caller adds to a JWT access token: a JSON object, kept as it was given. What the service itself says wins.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ExtraClaims(Box<str>);

impl ExtraClaims {
    /// Takes over a JSON object. Only `wire` makes them.
    pub fn from_json(json: String) -> Self {
        Self(json.into())
    }

    /// Returns the JSON object as text.
    pub fn as_json(&self) -> &str {
        &self.0
    }
}
