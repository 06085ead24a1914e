//! Authorizations: what a client asks of a person, from the request until its code is redeemed (RFC 6749 section 4.1).

use std::fmt;
use std::str::FromStr;

use strum::{Display, EnumString, IntoStaticStr, VariantArray};

use super::{
    Audience, AuthorizationDetails, BackchannelRequest, Client, ClientId, ClientKind, ExtraClaims, ForwardedSignIn, Invalid,
    OrgId, PersonGrantKey, Polling, Property, Scope, Seconds, SessionId, Shard, Subject, Thumbprint, Timestamp, TokenId,
};

/// Where an authorization is. As text it is `<org>.<id>`: that is the id by which a login application knows it.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct AuthorizationKey {
    /// The org of the client that asks.
    pub org: OrgId,
    /// The id of the authorization, unique in its org.
    pub id: TokenId,
}

impl fmt::Display for AuthorizationKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.org, self.id)
    }
}

impl FromStr for AuthorizationKey {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        const RULE: Invalid = Invalid("must be the id of an authorization");
        let (org, id) = text.split_once('.').ok_or(RULE)?;
        Ok(Self { org: OrgId::parse(org).map_err(|_| RULE)?, id: TokenId::parse(id).map_err(|_| RULE)? })
    }
}

/// A client's request to act for a person, and what became of it. One record lives through all states; each step is one
/// conditional write, made after all checks.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Authorization {
    /// The id of the authorization, unique in its org.
    pub id: TokenId,
    /// The org of the client.
    pub org: OrgId,
    /// The client that asks.
    pub client: ClientId,
    /// The client as it named itself, by its number, its alias or the URL of its metadata document: ID tokens have it as their `aud`.
    pub client_name: String,
    /// What the client asks for.
    pub request: AuthorizationRequest,
    /// SHA-256 of the cookie of the browser in which the request began: only that browser gets the code. Where an authorization server
    /// decides, of its ticket. `None`: no browser has come yet.
    pub browser: Option<[u8; 32]>,
    /// What is known of the device that asks without a browser: RFC 8628. `None`: it is asked in a browser.
    pub device: Option<Box<DeviceRequest>>,
    /// What is known of a request of which the person learns by themselves, without a browser of the client's: OpenID Connect CIBA.
    /// `None`: it is none.
    pub backchannel: Option<Box<BackchannelRequest>>,
    /// What belongs to an authorization server outside that decides it. `None`: a login application decides it.
    pub forwarded: Option<ForwardedRequest>,
    /// When the client asked.
    pub created_at: Timestamp,
    /// Good as long as `now < expires_at`: the request, and once there is a code, the code.
    pub expires_at: Timestamp,
    /// How far it has come.
    pub state: AuthorizationState,
    /// Counts the steps, from 0.
    pub revision: u32,
}

impl Authorization {
    /// For so long after its end a client that polls is told that it came too late: RFC 8628 section 3.5.
    const POLLS_ARE_TOLD_FOR: Seconds = Seconds(600);
    /// For so long after the end of a code, a second use of it ends the tokens that came of it: RFC 6749 section 4.1.2.
    const REUSE_IS_NOTICED_FOR: Seconds = Seconds::DAY;

    /// Returns the key under which the authorization is stored.
    pub fn key(&self) -> AuthorizationKey {
        AuthorizationKey { org: self.org.clone(), id: self.id }
    }

    /// Says whether the authorization is over: `now >= expires_at`. A store may hold the record for days after that.
    pub fn is_over(&self, now: Timestamp) -> bool {
        self.expires_at <= now
    }

    /// Says whether this client has asked for it. Of one that is known by a document the URL must be the same, not only the number that is made
    /// of it.
    pub fn is_of(&self, client: &Client) -> bool {
        self.client == client.id && client.document_url().is_none_or(|url| url.as_str() == self.client_name)
    }

    /// Says whether a consent can be remembered: not where any app can pose as the client, on the person's own machine (RFC 8252 section
    /// 8.6). Of a client that is known by a document, one installation must not have what was granted to another: only what goes back to the
    /// origin of the document is remembered.
    pub fn can_be_remembered(&self, client: &Client) -> bool {
        if let Some(url) = client.document_url() {
            return url.has_origin_of(&self.request.redirect_uri);
        }
        client.settings.kind == ClientKind::Confidential || self.request.redirect_uri.starts_with("https:")
    }

    /// Says whether the client named itself by its alias, and not by its number.
    pub fn alias_used(&self) -> bool {
        self.client_name != self.client.to_string()
    }

    /// Returns the key of what this person has granted to the client.
    pub fn person_grant_key(&self, subject: &Subject) -> PersonGrantKey {
        PersonGrantKey { org: self.org.clone(), subject: subject.clone(), client: self.client }
    }

    /// Returns the moment from which on the record may be forgotten.
    pub fn kept_until(&self) -> Timestamp {
        if self.polling().is_some() {
            return self.expires_at.plus(Self::POLLS_ARE_TOLD_FOR);
        }
        match self.state {
            AuthorizationState::Pushed
            | AuthorizationState::Pending
            | AuthorizationState::Accepted { .. }
            | AuthorizationState::Denied { .. }
            | AuthorizationState::Failed { .. } => self.expires_at.plus(Seconds::HOUR),
            AuthorizationState::Issued { .. } | AuthorizationState::Redeemed { .. } => {
                self.expires_at.plus(Self::REUSE_IS_NOTICED_FOR)
            }
        }
    }

    /// How its client polls. `None`: it doesn't.
    pub fn polling(&self) -> Option<&Polling> {
        let of_device = self.device.as_ref().map(|device| &device.polling);
        let acknowledgement = || self.backchannel.as_ref()?.acknowledgement.as_ref();
        of_device.or_else(|| acknowledgement().map(|told| &told.polling))
    }

    /// The same authorization after a poll, which is a step, too.
    #[must_use]
    pub fn polled(&self, polling: Polling) -> Self {
        let mut next = self.moved_to(self.state.clone(), self.expires_at);
        if let Some(device) = &mut next.device {
            device.polling = polling;
        } else if let Some(acknowledgement) = next.backchannel.as_mut().and_then(|asked| asked.acknowledgement.as_mut()) {
            acknowledgement.polling = polling;
        }
        next
    }

    /// The same authorization once its code has become a token. `None`: it has no code that could. A code that is polled with is good
    /// once the request is accepted.
    pub fn redeemed(&self, token: TokenId, family: Option<TokenId>) -> Option<Self> {
        let code = match &self.state {
            AuthorizationState::Issued { code, .. } => *code,
            AuthorizationState::Accepted { .. } => self.polling()?.code,
            AuthorizationState::Pushed
            | AuthorizationState::Pending
            | AuthorizationState::Denied { .. }
            | AuthorizationState::Failed { .. }
            | AuthorizationState::Redeemed { .. } => return None,
        };
        Some(self.moved_to(AuthorizationState::Redeemed { code, token, family }, self.expires_at))
    }

    /// The same authorization, a step further: to be written where it is still as it was seen.
    #[must_use]
    pub fn moved_to(&self, state: AuthorizationState, expires_at: Timestamp) -> Self {
        Self { state, expires_at, revision: self.revision + 1, ..self.clone() }
    }
}

/// What is known of a device that asks for an authorization: RFC 8628.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct DeviceRequest {
    /// The address from which the device asks, for the person to compare. `None`: nobody knows.
    pub address: Option<String>,
    /// The `User-Agent` of the device, for the same.
    pub user_agent: Option<String>,
    /// How it polls, by its device code.
    pub polling: Polling,
}

/// Where the assignment of a user code is: the code itself isn't kept.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct UserCodeKey {
    /// The org of the client that asks.
    pub org: OrgId,
    /// SHA-256 of the letters of the code.
    pub hash: [u8; 32],
}

impl UserCodeKey {
    /// Returns the part of the org's records in which it is.
    pub fn shard(&self) -> Shard {
        Shard::from_byte(self.hash[0])
    }
}

/// What a user code, which a person types, stands for: RFC 8628 section 6.1.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct UserCodeAssignment {
    /// Where the assignment is kept.
    pub key: UserCodeKey,
    /// The authorization that is found by the code.
    pub authorization: TokenId,
    /// The client that asks, so that both are read at once.
    pub client: ClientId,
    /// Good as long as `now < expires_at`. The code may stand for something else after that.
    pub expires_at: Timestamp,
}

/// What belongs to an authorization that an authorization server outside has received, and decides by a ticket.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct ForwardedRequest {
    /// What the authorization server keeps with it: any text.
    pub context: Option<String>,
}

/// What a client asks for at the authorization endpoint, after all checks: RFC 6749 section 4.1.1 and OpenID Connect Core
/// section 3.1.2.1.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct AuthorizationRequest {
    /// Where the answer goes, letter by letter as the request said it. Empty for a device, to which nobody is sent.
    pub redirect_uri: String,
    /// How the answer gets there.
    pub response_mode: ResponseMode,
    /// The client's `state`, returned to the letter.
    pub state: Option<String>,
    /// The scopes that it asks for.
    pub scopes: Vec<Scope>,
    /// The resources that it asks for: RFC 8707.
    pub resources: Vec<Audience>,
    /// What it asks for in detail: RFC 9396.
    pub details: Option<AuthorizationDetails>,
    /// The SHA-256 of the `code_verifier`: the `code_challenge` of the method `S256` (RFC 7636 section 4.2).
    pub code_challenge: Option<Thumbprint>,
    /// The key that the code is bound to: `dpop_jkt` of RFC 9449 section 10.
    pub dpop_key: Option<Thumbprint>,
    /// The `nonce` for the ID token.
    pub nonce: Option<String>,
    /// The words of `prompt`.
    pub prompts: Vec<Prompt>,
    /// The longest time since the sign-in, in seconds: `max_age`, or what the client has registered instead.
    pub max_age: Option<Seconds>,
    /// The sign-in must not be older than this: of `max_age` and `prompt=login`.
    pub authenticated_after: Option<Timestamp>,
    /// The subject of the `id_token_hint`.
    pub subject_hint: Option<Subject>,
    /// The `login_hint`, for the login application.
    pub login_hint: Option<String>,
    /// The words of `acr_values`, which are wishes.
    pub acr_values: Vec<String>,
    /// The values of an essential `acr` of the parameter `claims`: one of them must be met.
    pub acr_required: Vec<String>,
    /// The words of `ui_locales`, for the login application.
    pub ui_locales: Vec<String>,
    /// The `display`, for the login application.
    pub display: Option<String>,
    /// The words of `claims_locales`, for an authorization server outside.
    pub claims_locales: Vec<String>,
    /// Why the client asks, for the person to read, as an authorization server outside shows it.
    pub purpose: Option<String>,
    /// The parameter `claims`: a JSON object (OpenID Connect Core section 5.5).
    pub claims: Option<ExtraClaims>,
}

/// How the answer of the authorization endpoint gets to the client.
#[derive(Clone, Copy, Debug, Default, Display, EnumString, Eq, IntoStaticStr, PartialEq, VariantArray)]
#[strum(serialize_all = "snake_case")]
pub enum ResponseMode {
    /// In the query of the redirect URI.
    #[default]
    Query,
    /// In a form that the browser posts: OAuth 2.0 Form Post Response Mode.
    FormPost,
}

impl ResponseMode {
    /// All modes, as the metadata lists them.
    pub const ALL: &[Self] = Self::VARIANTS;

    /// Returns the value of `response_mode` that stands for it.
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

/// A word of `prompt`: OpenID Connect Core section 3.1.2.1.
#[derive(Clone, Copy, Debug, Display, EnumString, Eq, IntoStaticStr, Ord, PartialEq, PartialOrd, VariantArray)]
#[strum(serialize_all = "snake_case")]
pub enum Prompt {
    /// No page must be shown.
    None,
    /// The person must sign in again.
    Login,
    /// The person must be asked for consent.
    Consent,
    /// The person must choose an account.
    SelectAccount,
}

impl Prompt {
    /// All words, as the metadata lists them.
    pub const ALL: &[Self] = Self::VARIANTS;

    /// Returns the word as requests and metadata spell it.
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

/// How far an authorization has come.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum AuthorizationState {
    /// The client has pushed the request, and no browser has come with it yet: RFC 9126 section 2.
    Pushed,
    /// The login application hasn't decided yet.
    Pending,
    /// The login application has accepted, and the browser isn't back yet.
    Accepted {
        /// What the login application said.
        approval: Box<Approval>,
        /// SHA-256 of the verifier that the browser must bring back.
        verifier: [u8; 32],
    },
    /// The login application has denied.
    Denied {
        /// What the client is told.
        error: AuthorizationError,
        /// The `error_description` for the client.
        description: Option<String>,
        /// The `error_uri` for the client, where an authorization server has denied what a device asks for.
        error_uri: Option<String>,
        /// SHA-256 of the verifier that the browser must bring back.
        verifier: [u8; 32],
    },
    /// An authorization server has said that it comes to nothing, and the client is told so.
    Failed {
        /// Tells this decision from another one of the same kind: of several at once, one is taken.
        decision: TokenId,
        /// The `error_description` for a device, which polls.
        description: Option<String>,
        /// The `error_uri` for a device.
        error_uri: Option<String>,
    },
    /// The browser has the code.
    Issued {
        /// What the login application said.
        approval: Box<Approval>,
        /// SHA-256 of the secret in the code.
        code: [u8; 32],
    },
    /// The code has become a token.
    Redeemed {
        /// SHA-256 of the secret in the code.
        code: [u8; 32],
        /// The access token that came of it.
        token: TokenId,
        /// The refresh family that came of it.
        family: Option<TokenId>,
    },
}

/// What a login application says when it accepts: who is there, and what the person has granted.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Approval {
    /// The person, as tokens will name them.
    pub subject: Subject,
    /// The scopes that the person grants, of those that were asked for.
    pub scopes: Vec<Scope>,
    /// The resources that the person grants, of those that were asked for.
    pub resources: Vec<Audience>,
    /// What the person grants in detail.
    pub details: Option<AuthorizationDetails>,
    /// When the person signed in, in whole seconds.
    pub auth_time: Option<Timestamp>,
    /// The authentication context class that was met.
    pub acr: Option<String>,
    /// How the person authenticated: `amr` of OpenID Connect Core section 2.
    pub amr: Vec<String>,
    /// The session of the login application.
    pub session: Option<SessionId>,
    /// What is known of the person: a JSON object.
    pub claims: Option<ExtraClaims>,
    /// What the ID token says besides: a JSON object.
    pub id_token_claims: Option<ExtraClaims>,
    /// What the access token and its introspection say besides: a JSON object.
    pub access_token_claims: Option<ExtraClaims>,
    /// Whether the person wants to be asked again the next time. Otherwise the consent is remembered, where it can be.
    pub forget: bool,
    /// How long the access token lives, if an authorization server has said so already.
    pub token_duration: Option<Seconds>,
    /// The same of the refresh token.
    pub refresh_token_duration: Option<Seconds>,
    /// What an authorization server attaches to the tokens. A login application attaches nothing.
    pub properties: Vec<Property>,
    /// What only an authorization server can say of the sign-in. `None`: a login application has decided.
    pub forwarded: Option<Box<ForwardedSignIn>>,
    /// When the login application decided: marks that are set later end the code.
    pub decided_at: Timestamp,
}

/// What a client can be told when its request is denied: RFC 6749 section 4.1.2.1 and OpenID Connect Core section 3.1.2.6.
#[derive(Clone, Copy, Debug, Display, EnumString, Eq, IntoStaticStr, PartialEq, VariantArray)]
#[strum(serialize_all = "snake_case")]
pub enum AuthorizationError {
    /// The person or the login application said no.
    AccessDenied,
    /// With `prompt=none`: the person must sign in.
    LoginRequired,
    /// With `prompt=none`: the person must be asked for consent.
    ConsentRequired,
    /// With `prompt=none`: a page must be shown.
    InteractionRequired,
    /// With `prompt=none`: the person must choose an account.
    AccountSelectionRequired,
    /// The authentication that the client demands can't be met.
    UnmetAuthenticationRequirements,
    /// A scope is unknown or malformed, or the client may not have it.
    InvalidScope,
    /// A resource can't be had: RFC 8707 section 2.
    InvalidTarget,
    /// The login application can't serve now.
    TemporarilyUnavailable,
    /// The login application has failed.
    ServerError,
}

impl AuthorizationError {
    /// All errors that a login application can deny with.
    pub const ALL: &[Self] = Self::VARIANTS;

    /// Returns the value of `error` that stands for it.
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

/// Why a login application can't do what it asks for with an authorization.
#[derive(Clone, Copy, Debug, Eq, PartialEq, VariantArray)]
pub enum AuthorizationProblem {
    /// There is none of this id in the org: unknown, another org's, or forgotten.
    NotFound,
    /// Its time is over.
    Expired,
    /// It has been denied, or its code is made.
    Decided,
    /// The client demands a sign-in that isn't as old.
    AuthenticationTooOld,
    /// The client demands another person.
    SubjectMismatch,
    /// The client demands another authentication context class.
    AcrNotMet,
    /// With `prompt=none` nobody can be asked for consent, and it isn't there.
    ConsentRequired,
    /// An ID token with all that is said of the person would be too large.
    ClaimsTooLarge,
}

impl AuthorizationProblem {
    /// All problems, in the order in which they are looked for.
    pub const ALL: &[Self] = Self::VARIANTS;

    /// Returns its code, as answers have it.
    pub const fn code(self) -> &'static str {
        match self {
            Self::NotFound => "AUTHORIZATION_NOT_FOUND",
            Self::Expired => "AUTHORIZATION_EXPIRED",
            Self::Decided => "AUTHORIZATION_DECIDED",
            Self::AuthenticationTooOld => "AUTHENTICATION_TOO_OLD",
            Self::SubjectMismatch => "SUBJECT_MISMATCH",
            Self::AcrNotMet => "ACR_NOT_MET",
            Self::ConsentRequired => "CONSENT_REQUIRED",
            Self::ClaimsTooLarge => "CLAIMS_TOO_LARGE",
        }
    }

    /// What is wrong, and what a login application does then.
    pub const fn describe(self) -> &'static str {
        match self {
            Self::NotFound => "There is no such authorization in this org. Ask the person to start again in the app.",
            Self::Expired => "The authorization is over. Ask the person to start again in the app.",
            Self::Decided => "The authorization has been decided. Ask the person to start again in the app.",
            Self::AuthenticationTooOld => {
                "auth_time is before authenticated_after. Let the person sign in again, or deny with login_required."
            }
            Self::SubjectMismatch => "subject is not subject_hint. Let that person sign in, or deny with login_required.",
            Self::AcrNotMet => {
                "acr is not among acr_required. Let the person authenticate so, or deny with unmet_authentication_requirements."
            }
            Self::ClaimsTooLarge => "claims and id_token_claims are too large together: an ID token has at most 7,168 bytes.",
            Self::ConsentRequired => "The person must be asked for consent, and prompt is none. Deny with consent_required.",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_id_of_an_authorization_names_its_org() {
        let id = TokenId::first_of(Timestamp::from_secs(1_800_000_000));
        let key = AuthorizationKey { org: OrgId::parse("my-org_1").unwrap(), id };
        assert_eq!(key.to_string().parse(), Ok(key));
        let id = id.to_string();
        for bad in ["", ".", "1", "1.", &id, &format!(".{id}"), &format!("1.{id}."), &format!("1.{id}0"), &format!("a b.{id}")] {
            assert!(bad.parse::<AuthorizationKey>().is_err(), "{bad}");
        }
    }
}
