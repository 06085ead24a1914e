//! Where a client may go on to with a token that it was shown: what an operator has written down of it (RFC 8693).

use strum::{Display, EnumString, IntoStaticStr};

use super::{Audience, Invalid, Scope, Seconds};

/// A target of a client: where its exchanges may lead to, and to which scopes there.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ExchangeTarget {
    /// Who takes what comes of the exchange.
    pub destination: Destination,
    /// What can be had there. At least one.
    pub scopes: Vec<TargetScope>,
}

/// Who takes what comes of an exchange that goes on.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Destination {
    /// An API of the org, by the URI of its resource: it takes an access token of ours.
    Api(Audience),
    /// Another authorization server: it takes a grant that we sign.
    Server(Box<AuthorizationServer>),
}

/// An authorization server that isn't ours, which takes what we say of subjects as grants.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct AuthorizationServer {
    /// Its issuer identifier: the `aud` of grants, to the letter.
    pub issuer: Audience,
    /// What kind of grant it takes.
    pub grant_type: DomainGrantType,
    /// What the client is called over there. Only an ID-JAG names it.
    pub client_id: Option<String>,
    /// The APIs over there that the client may ask for. Only an ID-JAG names one.
    pub resources: Vec<Audience>,
    /// How subjects are called over there.
    pub subject: GrantSubject,
    /// How long a grant is good.
    pub duration: Seconds,
    /// Whether it is told who acts for the subject.
    pub actors: bool,
}

/// A kind of grant for another authorization server.
#[derive(Clone, Copy, Debug, Display, EnumString, Eq, IntoStaticStr, PartialEq)]
#[strum(serialize_all = "kebab-case", parse_err_ty = Invalid, parse_err_fn = Self::unknown)]
pub enum DomainGrantType {
    /// A JWT authorization grant: draft-ietf-oauth-identity-chaining section 2.3.
    Jwt,
    /// An ID-JAG: draft-ietf-oauth-identity-assertion-authz-grant section 4.3.
    IdJag,
}

impl DomainGrantType {
    /// Its name on the wire.
    pub fn as_str(self) -> &'static str {
        self.into()
    }

    /// The `requested_token_type` and `issued_token_type` of an exchange for it.
    pub const fn token_type(self) -> &'static str {
        match self {
            Self::Jwt => "urn:ietf:params:oauth:token-type:jwt",
            Self::IdJag => "urn:ietf:params:oauth:token-type:id-jag",
        }
    }

    /// The `typ` of its header. An ID-JAG has one of its own, so that neither passes for the other.
    pub const fn header_type(self) -> &'static str {
        match self {
            Self::Jwt => "JWT",
            Self::IdJag => "oauth-id-jag+jwt",
        }
    }

    /// How long one is good where nothing is said.
    pub const fn usual_duration(self) -> Seconds {
        match self {
            Self::Jwt => Seconds(60),
            Self::IdJag => Seconds(300),
        }
    }

    fn unknown(_: &str) -> Invalid {
        Invalid("must be jwt or id-jag")
    }
}

/// How another authorization server is told of whom a grant is.
#[derive(Clone, Copy, Debug, Display, EnumString, Eq, IntoStaticStr, PartialEq)]
#[strum(serialize_all = "snake_case", parse_err_ty = Invalid, parse_err_fn = Self::unknown)]
pub enum GrantSubject {
    /// By the `sub` that they have here.
    Sub,
    /// By the e-mail address in the profile of the member.
    Email,
    /// By a name that they have nowhere else.
    Pairwise,
}

impl GrantSubject {
    /// Its name on the wire.
    pub fn as_str(self) -> &'static str {
        self.into()
    }

    fn unknown(_: &str) -> Invalid {
        Invalid("must be sub, email or pairwise")
    }
}

impl AuthorizationServer {
    /// Says whether it takes only what is said of tokens that the client got itself: an ID-JAG stands for a sign-in to the client.
    pub fn takes_own_tokens_only(&self) -> bool {
        self.grant_type == DomainGrantType::IdJag
    }

    /// Says whether grants have the claim `email`.
    pub fn tells_email(&self) -> bool {
        self.grant_type == DomainGrantType::IdJag && self.subject == GrantSubject::Email
    }
}

/// A scope that can be had at a target, and from what.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct TargetScope {
    /// The scope as the target knows it.
    pub name: Scope,
    /// The scopes of which the presented token must open one. At least one, so that nothing comes from nothing.
    pub sources: Vec<Scope>,
}

impl ExchangeTarget {
    /// Returns the API that it leads to.
    pub const fn api(&self) -> Option<&Audience> {
        match &self.destination {
            Destination::Api(resource) => Some(resource),
            Destination::Server(_) => None,
        }
    }

    /// Returns the authorization server that it leads to.
    pub fn server(&self) -> Option<&AuthorizationServer> {
        match &self.destination {
            Destination::Api(_) => None,
            Destination::Server(server) => Some(server),
        }
    }
}

impl TargetScope {
    /// A scope that goes on under its own name.
    pub fn kept(name: Scope) -> Self {
        Self { sources: vec![name.clone()], name }
    }

    /// Says whether the scope goes on under its own name, and comes from nothing else.
    pub fn is_kept(&self) -> bool {
        self.sources == [self.name.clone()]
    }
}

/// How many actors a token can name that came of exchanges which go on: 1 to 8.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct ChainLimit(u8);

impl ChainLimit {
    /// The longest chain that can be let: no token has more ancestors either.
    pub const MAX: u8 = 8;
    /// That of an org which says nothing.
    pub const DEFAULT: Self = Self(4);

    /// Accepts a number of actors.
    ///
    /// # Errors
    /// [`Invalid`] if it isn't within 1 to 8.
    pub const fn from_number(actors: u32) -> Result<Self, Invalid> {
        match actors {
            #[expect(clippy::cast_possible_truncation, reason = "it is 8 at most")]
            1..=8 => Ok(Self(actors as u8)),
            _ => Err(Invalid("must be an integer from 1 to 8 (actors)")),
        }
    }

    /// Returns the number of actors.
    pub const fn as_number(self) -> u32 {
        self.0 as u32
    }
}
