//! Whose assertions an org takes (RFC 7523), on which conditions, and which clients they stand for.

use std::fmt;
use std::str::FromStr;

use super::{AllowedNetworks, ClientId, Invalid, Scope, Seconds};

/// Somebody whose assertions are taken: for tokens (RFC 7523 section 2.1), and as the proof of clients (section 2.2).
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct AssertionIssuer {
    /// The `iss` of its assertions, or `spiffe://` and the trust domain of its SPIFFE IDs.
    pub issuer: String,
    /// Where its keys are.
    pub keys: IssuerKeys,
    /// The audiences that its assertions may be for. `None`: the service alone.
    pub audiences: Option<Vec<String>>,
    /// The longest time between `iat` and `exp`.
    pub longest_life: Seconds,
    /// The longest time since `iat`, which must then be there. `None`: as `longest_life`, where there is an `iat`.
    pub longest_age: Option<Seconds>,
    /// Whether an assertion is taken more than once, until it expires.
    pub reusable: bool,
    /// What the claims of each assertion must say, whatever it is used for.
    pub claims: Vec<ClaimCondition>,
    /// The scopes that its assertions can open. `None`: all that the org supports.
    pub scopes: Option<Vec<Scope>>,
    /// The clients that may present them. `None`: all that have the grant.
    pub clients: Option<Vec<ClientId>>,
    /// Whether its subjects need not be members of the org.
    pub any_subject: bool,
    /// Whether a refresh token comes with the access token.
    pub refresh_tokens: bool,
    /// Whether its JWTs and ID tokens can be exchanged: `subject_token` of RFC 8693.
    pub subject_tokens: bool,
    /// Whether its identity assertion grants are taken (draft-ietf-oauth-identity-assertion-authz-grant).
    pub id_jag: bool,
    /// The networks from which its assertions may be presented. `None`: from anywhere.
    pub allowed_networks: Option<AllowedNetworks>,
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
    /// Where its discovery document says: OpenID Connect Discovery section 4.
    Discovery,
}

impl IssuerKeys {
    /// Returns the field of the settings that says where the keys are.
    pub const fn field(&self) -> &'static str {
        match self {
            Self::Inline(_) => "jwks",
            Self::At(_) => "jwks_uri",
            Self::Discovery => "discovery",
        }
    }
}

impl AssertionIssuer {
    /// How long assertions may live where nothing is said.
    pub const DEFAULT_LONGEST_LIFE: Seconds = Seconds(300);
    /// The longest `longest_life` and `longest_age`.
    pub const MAX_LONGEST_LIFE: Seconds = Seconds::DAY;
    /// What the names of SPIFFE trust domains begin with.
    pub const SPIFFE_SCHEME: &str = "spiffe://";

    /// An issuer of which nothing is said but where its keys are: enabled, for members only, each assertion good once.
    pub const fn new(issuer: String, keys: IssuerKeys) -> Self {
        Self {
            issuer,
            keys,
            audiences: None,
            longest_life: Self::DEFAULT_LONGEST_LIFE,
            longest_age: None,
            reusable: false,
            claims: Vec::new(),
            scopes: None,
            clients: None,
            any_subject: false,
            refresh_tokens: false,
            subject_tokens: false,
            id_jag: false,
            allowed_networks: None,
            enabled: true,
        }
    }

    /// Whether anybody whom it names can get in without a client that names them.
    pub const fn speaks_for_subjects(&self) -> bool {
        self.any_subject || self.subject_tokens || self.id_jag
    }

    /// Whether it is a SPIFFE trust domain, whose keys are those of its bundle.
    pub fn is_trust_domain(&self) -> bool {
        self.issuer.starts_with(Self::SPIFFE_SCHEME)
    }

    /// The URL of the discovery document of this issuer: OpenID Connect Discovery section 4.
    pub fn discovery_url(issuer: &str) -> String {
        format!("{}/.well-known/openid-configuration", issuer.trim_end_matches('/'))
    }
}

/// A workload that is a client of an org, as its platform names it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct FederatedIdentity {
    /// The [`AssertionIssuer`] of the platform.
    pub issuer: String,
    /// The `sub` of its tokens.
    pub subject: TextPattern,
    /// What else its tokens must say.
    pub claims: Vec<ClaimCondition>,
    /// The networks from which its tokens may be presented. `None`: from anywhere.
    pub allowed_networks: Option<AllowedNetworks>,
}

/// What the token of a platform said of the client that it has authenticated, for the audit trail.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct PlatformAssertion {
    /// The [`AssertionIssuer`] of the platform.
    pub issuer: String,
    /// The `sub` of the token, cut to 255 bytes.
    pub subject: String,
    /// The `jti` of the token, if it has one.
    pub id: Option<String>,
    /// The name of the key that signed the token, if it has one.
    pub kid: Option<String>,
    /// The place of the [`FederatedIdentity`] among those of the client.
    pub identity: u32,
}

impl PlatformAssertion {
    /// Cuts a subject to what is kept of it.
    pub fn cut(subject: &str) -> String {
        const MAX_BYTES: usize = 255;
        let end = (0..=MAX_BYTES.min(subject.len())).rev().find(|end| subject.is_char_boundary(*end)).unwrap_or(0);
        subject[..end].to_owned()
    }
}

/// What a claim of an assertion must be.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ClaimCondition {
    /// The claim that it is about.
    pub claim: ClaimName,
    /// What the claim may be: one of these.
    pub values: Vec<ClaimPattern>,
}

/// The name of a claim: of a top-level one, or a JSON Pointer (RFC 6901), which begins with `/`. 1 to 255 characters.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct ClaimName(String);

impl ClaimName {
    /// The names of the claims that have settings of their own.
    const RESERVED: &[&str] = &["iss", "aud", "exp", "nbf", "iat", "jti"];

    /// Returns the name as it is written.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it is a JSON Pointer.
    pub fn is_pointer(&self) -> bool {
        self.0.starts_with('/')
    }

    /// Whether it names this top-level claim, in either notation.
    pub fn is(&self, claim: &str) -> bool {
        self.0 == claim || self.0.strip_prefix('/') == Some(claim)
    }
}

impl FromStr for ClaimName {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let has_length = (1..=255).contains(&text.chars().count()) && !text.chars().any(char::is_control);
        if !has_length {
            return Err(Invalid("must be the name of a claim: 1 to 255 characters without control characters"));
        }
        let is_escape = |rest: &str| rest.starts_with(['0', '1']);
        if text.starts_with('/') && (text == "/" || !text.split('~').skip(1).all(is_escape)) {
            return Err(Invalid("must be a JSON Pointer if it begins with /: ~1 stands for /, ~0 for ~ (RFC 6901)"));
        }
        let name = Self(text.to_owned());
        if Self::RESERVED.iter().any(|reserved| name.is(reserved)) {
            return Err(Invalid("must not be iss, aud, exp, nbf, iat or jti, which have settings of their own"));
        }
        Ok(name)
    }
}

impl fmt::Display for ClaimName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What a claim may be.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum ClaimPattern {
    /// A text, or the beginning of one.
    Text(TextPattern),
    /// An integer, and no other number.
    Integer(i64),
    /// A boolean, and no text.
    Flag(bool),
}

/// A text, or all that begin with one: then it ends with `*`. 1 to 1,024 bytes. Nothing else in it is special.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum TextPattern {
    /// This text, character by character.
    Exact(String),
    /// Every text that begins with this one, which isn't empty.
    Prefix(String),
}

impl TextPattern {
    /// The longest pattern, in bytes.
    pub const MAX_BYTES: usize = 1_024;

    /// Whether a text is what it says.
    pub fn matches(&self, text: &str) -> bool {
        match self {
            Self::Exact(exact) => text == exact,
            Self::Prefix(prefix) => text.starts_with(prefix.as_str()),
        }
    }
}

impl FromStr for TextPattern {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        if !(1..=Self::MAX_BYTES).contains(&text.len()) || text.chars().any(char::is_control) {
            return Err(Invalid("must be 1 to 1,024 bytes without control characters"));
        }
        let (rest, has_star) = text.strip_suffix('*').map_or((text, false), |rest| (rest, true));
        if rest.contains('*') {
            return Err(Invalid("may have a * only as its last character"));
        }
        match (rest, has_star) {
            ("", _) => Err(Invalid("must have at least one character before its *")),
            (rest, true) => Ok(Self::Prefix(rest.to_owned())),
            (rest, false) => Ok(Self::Exact(rest.to_owned())),
        }
    }
}

impl fmt::Display for TextPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exact(text) => f.write_str(text),
            Self::Prefix(text) => write!(f, "{text}*"),
        }
    }
}

/// Why an issuer of assertions, or an identity of a client at one, can't be as it is said.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum FederationProblem {
    /// Strangers can have tokens of the issuer, and nothing keeps them out.
    OpenToStrangers {
        /// Where that would have to be said.
        field: String,
        /// What it should be.
        rule: String,
    },
    /// A client names an issuer that its org doesn't have.
    IssuerUnknown {
        /// The entry of the client.
        field: String,
    },
    /// The keys of an issuer can't be read, and the caller wanted that to be tried.
    IssuerUnreadable {
        /// The entry of the settings.
        field: String,
        /// What happened, as a sentence.
        why: String,
    },
    /// Clients name an issuer that would be gone.
    IssuerInUse(Vec<ClientId>),
    /// Clients rely on conditions of an issuer that would be gone, and would let strangers in.
    ClientsNeedConditions(Vec<ClientId>),
}

impl FederationProblem {
    /// The most clients that are named.
    pub const MAX_NAMED: usize = 10;
    /// The code of [`FederationProblem::OpenToStrangers`].
    pub const OPEN_TO_STRANGERS: &str = "ISSUER_OPEN_TO_STRANGERS";

    /// Its code on the wire.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::OpenToStrangers { .. } => Self::OPEN_TO_STRANGERS,
            Self::IssuerUnknown { .. } => "ISSUER_UNKNOWN",
            Self::IssuerUnreadable { .. } => "ISSUER_UNREADABLE",
            Self::IssuerInUse(_) => "ISSUER_IN_USE",
            Self::ClientsNeedConditions(_) => "CLIENTS_NEED_CONDITIONS",
        }
    }

    /// What is wrong and what to do.
    pub fn describe(&self) -> String {
        match self {
            Self::OpenToStrangers { field, rule } => format!("{field}: {rule}."),
            Self::IssuerUnknown { field } => {
                format!("{field}: the org has no such issuer. Add it to the org's assertion_issuers first.")
            }
            Self::IssuerUnreadable { field, why } => format!("{field}: {why}"),
            Self::IssuerInUse(clients) => {
                format!("An issuer that would be gone is in federated of the clients {}. Change them first.", listed(clients))
            }
            Self::ClientsNeedConditions(clients) => format!(
                "Without the issuer's conditions strangers could be the clients {}. Give these clients conditions of their own first.",
                listed(clients)
            ),
        }
    }

    /// The member of the request that is wrong, if it is one.
    pub fn field(&self) -> Option<&str> {
        match self {
            Self::OpenToStrangers { field, .. } | Self::IssuerUnknown { field } | Self::IssuerUnreadable { field, .. } => {
                Some(field)
            }
            Self::IssuerInUse(_) | Self::ClientsNeedConditions(_) => None,
        }
    }
}

fn listed(clients: &[ClientId]) -> String {
    clients.iter().take(FederationProblem::MAX_NAMED).map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_is_a_text_or_the_beginning_of_one() {
        let pattern = |text: &str| text.parse::<TextPattern>();
        assert!(pattern("repo:acme/shop").unwrap().matches("repo:acme/shop"));
        for other in ["repo:acme/shop2", "Repo:acme/shop", " repo:acme/shop", "repo:acme/sho", ""] {
            assert!(!pattern("repo:acme/shop").unwrap().matches(other), "{other}");
        }
        let prefix = pattern("repo:acme/*").unwrap();
        assert!(prefix.matches("repo:acme/") && prefix.matches("repo:acme/x:y*z"));
        assert!(!prefix.matches("repo:acme-evil/x"));
        assert_eq!(prefix.to_string(), "repo:acme/*");
        assert!(pattern("a?c.[d]").unwrap().matches("a?c.[d]") && !pattern("a?c").unwrap().matches("abc"));
        let long = "x".repeat(1_025);
        for bad in ["", "*", "a*b", "*a", "a**", "a\n", long.as_str()] {
            assert!(pattern(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn rfc6901_a_name_with_a_slash_in_front_is_a_pointer() {
        let name = |text: &str| text.parse::<ClaimName>();
        assert!(!name("oidc.circleci.com/project-id").unwrap().is_pointer());
        for pointer in ["/kubernetes.io/namespace", "/https:~1~1sts.amazonaws.com~1/aws_account", "/a~0b", "/a//b"] {
            assert!(name(pointer).unwrap().is_pointer(), "{pointer}");
        }
        for bad in ["", "/", "/a~2", "/a~", "iss", "aud", "exp", "nbf", "iat", "jti", "/aud", "a\tb"] {
            assert!(name(bad).is_err(), "{bad}");
        }
        assert!(name("sub").unwrap().is("sub") && name("/sub").unwrap().is("sub"));
    }
}
