//! The hand-over of a person to a login application, on the wire.

use serde::de::{Deserializer, Error as _};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use crate::api::agilicus::Rfc3339;
use crate::api::http::{FromRequest, Request};
use crate::domain::ExtraClaims;
use crate::domain::{
    Audience, AuthorizationDetailsType, AuthorizationError, AuthorizationKey, AuthorizationProblem, AuthorizationState, Client,
    ClientUrl, Fault, Invalid, MetadataValue, Org, OrgId, PersonGrant, Prompt, Refusal, Scope, SessionId, Subject, Timestamp,
    is_on_loopback,
};
use crate::encoding::form::Parameters;
use crate::encoding::{FromText, present};
use crate::oauth::authorization::find::Attempt;
use crate::oauth::authorization::hand_over::{Acceptance, AuthorizationSeen};
use crate::oauth::authorization_details;
use crate::oauth::person_claims::RESERVED_CLAIMS;

/// The parameter `{id}` of the path: an authorization, as the login application was told it. What can't be one names none.
#[derive(Debug)]
pub struct AuthorizationPath(pub AuthorizationKey);

impl FromRequest for AuthorizationPath {
    fn from_request(request: &Request<'_>) -> Result<Self, Refusal> {
        request.path_text("id")?.parse().map(Self).map_err(|_| AuthorizationProblem::NotFound.into())
    }
}

/// The query of `GET /v1/authorizations/{id}`.
#[derive(Debug)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct AuthorizationQuery {
    /// The person who has signed in: the answer then says whether they must be asked for consent.
    #[cfg_attr(feature = "openapi", schemars(with = "Option<FromText<Subject>>"))]
    pub subject: Option<Subject>,
}

impl TryFrom<Parameters> for AuthorizationQuery {
    type Error = Refusal;

    fn try_from(mut query: Parameters) -> Result<Self, Refusal> {
        let asked = Self { subject: query.parse("subject")? };
        query.refuse_unknown()?;
        Ok(asked)
    }
}

/// What a client asks of a person. What has no value is left out.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema), schemars(rename = "Authorization"))]
pub struct AuthorizationView<'a> {
    /// The id of the authorization.
    id: String,
    /// `browser`: somebody waits before a browser. `device`: a device polls (RFC 8628).
    kind: &'static str,
    status: &'static str,
    created: Rfc3339,
    /// From then on nobody can decide it any more.
    expires: Rfc3339,
    client: AskingClient<'a>,
    /// The device that asks, for the person to compare. Only of `kind` `device`.
    #[serde(skip_serializing_if = "Option::is_none")]
    requested_from: Option<RequestedFrom<'a>>,
    /// Where the answer goes. Only of `kind` `browser`, as `loopback` and `prompt`.
    #[serde(skip_serializing_if = "Option::is_none")]
    redirect_uri: Option<&'a str>,
    /// The host of that address: what a person can check, where a name could be anybody's.
    #[serde(skip_serializing_if = "Option::is_none")]
    redirect_host: Option<String>,
    /// Whether it is on the person's own machine, where any app can pose as the client (RFC 8252 section 8.6).
    #[serde(skip_serializing_if = "Option::is_none")]
    loopback: Option<bool>,
    scopes: Vec<AskedScope<'a>>,
    resources: Vec<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schemars(with = "Option<Vec<Map<String, Value>>>"))]
    authorization_details: Option<Box<RawValue>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    prompt: Option<Vec<&'static str>>,
    /// The person must have signed in no earlier than this, in seconds since 1970.
    #[serde(skip_serializing_if = "Option::is_none")]
    authenticated_after: Option<i64>,
    /// The person that must be there.
    #[serde(skip_serializing_if = "Option::is_none")]
    subject_hint: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    login_hint: Option<&'a str>,
    /// The authentication context classes that the client wishes, the best first.
    acr_values: &'a [String],
    /// The authentication context classes of which one must be met. Empty: any will do.
    acr_required: &'a [String],
    ui_locales: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    display: Option<&'a str>,
    /// The parameter `claims` of the request: OpenID Connect Core section 5.5.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schemars(with = "Option<Map<String, Value>>"))]
    claims: Option<Box<RawValue>>,
    /// Only where the query names a person.
    #[serde(skip_serializing_if = "Option::is_none")]
    consent: Option<ConsentView<'a>>,
}

/// What is known of a device that asks.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
struct RequestedFrom<'a> {
    /// The address from which it asks.
    #[serde(skip_serializing_if = "Option::is_none")]
    ip: Option<&'a str>,
    /// What it says that it is: its `User-Agent`.
    #[serde(skip_serializing_if = "Option::is_none")]
    user_agent: Option<&'a str>,
}

/// A client that asks a person for something.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub(super) struct AskingClient<'a> {
    client_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
    /// `registered`: an administrator made it, or let it register itself. `self_registered`: a stranger's, whose name is what the stranger says:
    /// show `redirect_host`, too. `metadata_document`: a stranger's, too, known by a document at its `client_id`: show `host` and `redirect_host`.
    kind: &'static str,
    /// The host of the metadata document, with its port if that isn't 443.
    #[serde(skip_serializing_if = "Option::is_none")]
    host: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_uri: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    logo_uri: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    policy_uri: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tos_uri: Option<&'a str>,
    consent: &'static str,
}

/// A scope that a client asks for, in words for people.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub(super) struct AskedScope<'a> {
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<&'a str>,
}

/// Whether a person must be asked for consent.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
struct ConsentView<'a> {
    needed: bool,
    /// What the person has granted to the client before.
    #[serde(skip_serializing_if = "Option::is_none")]
    granted: Option<GrantedView<'a>>,
}

/// What a person has granted to a client before.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
struct GrantedView<'a> {
    scopes: Vec<&'a str>,
    resources: Vec<&'a str>,
    /// When the person last granted something to the client.
    at: Rfc3339,
}

impl<'a> GrantedView<'a> {
    fn from_grant(grant: &'a PersonGrant) -> Self {
        Self {
            scopes: grant.granted.scopes.iter().map(Scope::as_str).collect(),
            resources: grant.granted.resources.iter().map(Audience::as_str).collect(),
            at: Rfc3339(grant.granted_at),
        }
    }
}

impl<'a> AskedScope<'a> {
    /// Shows a scope, in the words that the org has for it.
    pub(super) fn from_scope(scope: &'a Scope, org: &'a Org) -> Self {
        let known = org.settings.oauth.supported_scopes.iter().find(|supported| supported.name == *scope);
        Self { name: scope.as_str(), description: known.and_then(|known| known.description.as_deref()) }
    }
}

impl<'a> AuthorizationView<'a> {
    /// Shows an authorization as the login application reads it.
    ///
    /// # Errors
    /// A [`Fault`] if what is kept of it as JSON isn't.
    pub fn from_seen(seen: &'a AuthorizationSeen, query: &AuthorizationQuery) -> Result<Self, Fault> {
        let AuthorizationSeen { authorization, client, service, person_grant } = seen;
        let request = &authorization.request;
        let device = authorization.device.as_deref();
        let redirect_uri = device.is_none().then_some(request.redirect_uri.as_str());
        let json = |text: &str| {
            RawValue::from_string(text.to_owned()).map_err(|e| Fault::internal("showing an authorization").because(e))
        };
        Ok(Self {
            id: authorization.key().to_string(),
            kind: if device.is_some() { "device" } else { "browser" },
            status: status(&authorization.state),
            created: Rfc3339(authorization.created_at),
            expires: Rfc3339(authorization.expires_at),
            client: AskingClient::from_client(client, &authorization.client_name),
            requested_from: device
                .map(|device| RequestedFrom { ip: device.address.as_deref(), user_agent: device.user_agent.as_deref() }),
            redirect_uri,
            redirect_host: redirect_uri.and_then(|uri| url::Url::parse(uri).ok()?.host_str().map(str::to_owned)),
            loopback: redirect_uri.map(is_on_loopback),
            scopes: request.scopes.iter().map(|scope| AskedScope::from_scope(scope, service.org())).collect(),
            resources: request.resources.iter().map(Audience::as_str).collect(),
            authorization_details: request.details.as_ref().map(|details| json(details.as_json())).transpose()?,
            prompt: redirect_uri.map(|_| request.prompts.iter().copied().map(Prompt::as_str).collect()),
            authenticated_after: request.authenticated_after.map(Timestamp::as_secs),
            subject_hint: request.subject_hint.as_ref().map(Subject::as_str),
            login_hint: request.login_hint.as_deref(),
            acr_values: &request.acr_values,
            acr_required: &request.acr_required,
            ui_locales: &request.ui_locales,
            display: request.display.as_deref(),
            claims: request.claims.as_ref().map(|claims| json(claims.as_json())).transpose()?,
            consent: query.subject.as_ref().map(|_| ConsentView {
                needed: seen.needs_consent(),
                granted: person_grant.as_ref().map(GrantedView::from_grant),
            }),
        })
    }
}

impl<'a> AskingClient<'a> {
    pub(super) fn from_client(client: &'a Client, named: &str) -> Self {
        let page = |name: &str| match client.settings.metadata.get(name) {
            Some(MetadataValue::Text(url)) => Some(url.as_str()),
            Some(_) | None => None,
        };
        Self {
            client_id: named.to_owned(),
            name: client.settings.name.as_deref(),
            kind: client.origin.as_str(),
            host: client.document_url().map(ClientUrl::host),
            client_uri: page("client_uri"),
            logo_uri: page("logo_uri"),
            policy_uri: page("policy_uri"),
            tos_uri: page("tos_uri"),
            consent: client.settings.consent.as_str(),
        }
    }
}

fn status(state: &AuthorizationState) -> &'static str {
    match state {
        AuthorizationState::Pushed => "pushed",
        AuthorizationState::Pending => "pending",
        AuthorizationState::Accepted { .. } => "accepted",
        AuthorizationState::Denied { .. } | AuthorizationState::Failed { .. } => "denied",
        AuthorizationState::Issued { .. } => "issued",
        AuthorizationState::Redeemed { .. } => "redeemed",
    }
}

/// The body that accepts an authorization: who has signed in, and what they grant.
#[derive(Debug, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct AcceptanceBody {
    /// The person, as tokens will name them: 1 to 255 printable ASCII characters. Need not be a member of the org.
    subject: FromText<Person>,
    /// The scopes that the person grants, of those that are asked for. Left out: all of them.
    #[serde(default, deserialize_with = "present")]
    scopes: Option<Vec<FromText<Scope>>>,
    /// The resources that the person grants, of those that are asked for. Left out: all of them.
    #[serde(default, deserialize_with = "present")]
    resources: Option<Vec<FromText<Audience>>>,
    /// What the person grants in detail, narrowed or enriched: RFC 9396 section 7. Left out: what is asked for.
    #[serde(default, deserialize_with = "present")]
    authorization_details: Option<Vec<Map<String, Value>>>,
    /// When the person signed in, in seconds since 1970. Required where `openid` is granted, or `authenticated_after` is there.
    #[serde(default, deserialize_with = "present")]
    #[cfg_attr(feature = "openapi", schemars(range(min = 0)))]
    auth_time: Option<i64>,
    /// The authentication context class that was met, of at most 255 characters.
    #[serde(default, deserialize_with = "present")]
    acr: Option<FromText<Word>>,
    /// How the person authenticated (RFC 8176): at most 10 texts.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schemars(length(max = 10)))]
    amr: Vec<FromText<Word>>,
    /// The session of the login application: 1 to 64 of A-Z, a-z, 0-9, ., _ and -.
    #[serde(default, deserialize_with = "present")]
    session: Option<FromText<LoginSession>>,
    /// What is known of the person, of at most 4,096 bytes: told by scope and by the request's `claims`.
    #[serde(default, deserialize_with = "present")]
    claims: Option<Map<String, Value>>,
    /// What the ID token says besides, of at most 2,048 bytes.
    #[serde(default, deserialize_with = "present")]
    id_token_claims: Option<Map<String, Value>>,
    /// What JWT access tokens and introspection say besides, of at most 2,048 bytes.
    #[serde(default, deserialize_with = "present")]
    access_token_claims: Option<Map<String, Value>>,
    /// Whether the consent is remembered, so that the person isn't asked again for the same. Default: true. False: they are asked the next
    /// time, for whatever it is.
    #[serde(default = "is_remembered")]
    remember: bool,
}

fn is_remembered() -> bool {
    true
}

impl AcceptanceBody {
    /// Reads what the login application says. `types` are the org's types of authorization details.
    ///
    /// # Errors
    /// [`Refusal::Invalid`] with the field that breaks a rule.
    pub fn try_into_acceptance(self, types: &[AuthorizationDetailsType]) -> Result<Acceptance, Refusal> {
        const MAX_METHODS: usize = 10;
        const MAX_CLAIMS_BYTES: usize = 4_096;
        const MAX_TOKEN_CLAIMS_BYTES: usize = 2_048;
        const DETAILS_RULE: &str = "must be a list of objects, each of a type of the org's authorization_details_types";
        if self.amr.len() > MAX_METHODS {
            return Err(Refusal::invalid("amr", "must have at most 10 entries"));
        }
        let details = self.authorization_details.map(|details| {
            let details = Value::Array(details.into_iter().map(Value::Object).collect());
            authorization_details::read(&details.to_string(), types)
        });
        let auth_time = match self.auth_time {
            Some(seconds) if seconds < 0 => {
                return Err(Refusal::invalid("auth_time", "must be 0 or more, in seconds since 1970"));
            }
            seconds => seconds.map(Timestamp::from_secs),
        };
        Ok(Acceptance {
            subject: self.subject.0.0,
            scopes: self.scopes.map(|scopes| scopes.into_iter().map(|scope| scope.0).collect()),
            resources: self.resources.map(|resources| resources.into_iter().map(|resource| resource.0).collect()),
            details: details.transpose().map_err(|_| Refusal::invalid("authorization_details", DETAILS_RULE))?,
            auth_time,
            acr: self.acr.map(|acr| acr.0.0),
            amr: self.amr.into_iter().map(|method| method.0.0).collect(),
            session: self.session.map(|session| session.0.0),
            claims: claims("claims", self.claims, MAX_CLAIMS_BYTES, &[])?,
            id_token_claims: claims("id_token_claims", self.id_token_claims, MAX_TOKEN_CLAIMS_BYTES, RESERVED_CLAIMS)?,
            access_token_claims: claims(
                "access_token_claims",
                self.access_token_claims,
                MAX_TOKEN_CLAIMS_BYTES,
                RESERVED_CLAIMS,
            )?,
            remember: self.remember,
        })
    }
}

/// Reads an object of claims, of which some names are not the login application's to say.
fn claims(
    field: &'static str,
    claims: Option<Map<String, Value>>,
    max_bytes: usize,
    reserved: &[&str],
) -> Result<Option<ExtraClaims>, Refusal> {
    let Some(claims) = claims else { return Ok(None) };
    if let Some(name) = reserved.iter().find(|name| claims.contains_key(**name)) {
        return Err(Refusal::invalid(format!("{field}.{name}"), "must be left out: the service alone says this claim"));
    }
    let json = Value::Object(claims).to_string();
    if json.len() > max_bytes {
        return Err(Refusal::invalid(field, format!("must be at most {max_bytes} bytes as JSON")));
    }
    Ok(Some(ExtraClaims::from_json(json)))
}

/// The body that denies an authorization.
#[derive(Debug, Default, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct DenialBody {
    /// What the client is told. Default: `access_denied`.
    #[serde(default, deserialize_with = "present")]
    error: Option<Denied>,
    /// Why, for the client's developer: at most 200 printable ASCII characters without `"` and `\`.
    #[serde(default, deserialize_with = "present")]
    error_description: Option<FromText<Description>>,
}

impl DenialBody {
    /// Returns the error, and its description.
    pub fn into_parts(self) -> (AuthorizationError, Option<String>) {
        let error = self.error.map_or(AuthorizationError::AccessDenied, |error| error.0);
        (error, self.error_description.map(|text| text.0.0))
    }
}

/// Where the browser must be sent now, at once, and in the same browser. It must not be shown, logged or kept.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct AuthorizationDecided {
    /// Where the browser must be sent now, to be used once. Left out for a device, which polls.
    #[serde(skip_serializing_if = "Option::is_none")]
    redirect_to: Option<String>,
}

impl AuthorizationDecided {
    /// Shows the address to which the browser must be sent, if there is one.
    pub fn to(url: Option<String>) -> Self {
        Self { redirect_to: url }
    }
}

/// The body that finds what a device asks for.
#[derive(Debug, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct AttemptBody {
    /// The code as the person has typed it: neither case nor hyphens nor blanks count.
    user_code: String,
    /// Who tries, as the login application knows it: the subject who has signed in, or an address. 1 to 255 characters.
    attempt_by: FromText<Word>,
    /// The id of the org in which the code is looked for. Left out: that of the credentials.
    #[serde(default, deserialize_with = "present")]
    org: Option<FromText<OrgId>>,
}

impl AttemptBody {
    /// Returns the attempt. What can't be a code is none, and counts.
    pub fn into_attempt(self) -> Attempt {
        let Self { user_code, attempt_by, org } = self;
        Attempt { user_code: user_code.parse().ok(), attempt_by: attempt_by.0.0, org: org.map(|org| org.0) }
    }
}

/// The `error` of a denial.
#[derive(Clone, Copy, Debug)]
struct Denied(AuthorizationError);

impl<'de> Deserialize<'de> for Denied {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let names: Vec<_> = AuthorizationError::ALL.iter().copied().map(AuthorizationError::as_str).collect();
        text.parse().map(Self).map_err(|_| D::Error::custom(format!("must be one of {}", names.join(", "))))
    }
}

/// A person: OpenID Connect Core section 2 has 255 ASCII characters at most.
#[derive(Clone, Debug)]
struct Person(Subject);

impl std::str::FromStr for Person {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        const RULE: Invalid = Invalid("must be 1 to 255 printable ASCII characters");
        let is_printable = text.bytes().all(|b| (b' '..=b'~').contains(&b)) && text.trim() == text;
        Subject::parse(text).ok().filter(|_| is_printable).map(Self).ok_or(RULE)
    }
}

/// A text of 1 to 255 characters without control characters.
#[derive(Clone, Debug)]
struct Word(String);

impl std::str::FromStr for Word {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        const RULE: Invalid = Invalid("must be 1 to 255 characters without control characters");
        let is_word = (1..=255).contains(&text.chars().count()) && !text.chars().any(char::is_control);
        is_word.then(|| Self(text.to_owned())).ok_or(RULE)
    }
}

/// A session of a login application, which stands in the `sid` of ID tokens.
#[derive(Clone, Debug)]
pub(super) struct LoginSession(pub(super) SessionId);

impl std::str::FromStr for LoginSession {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        const RULE: Invalid = Invalid("must be 1 to 64 of A-Z, a-z, 0-9, ., _ and -");
        let is_known = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-');
        let is_session = (1..=64).contains(&text.len()) && text.bytes().all(is_known);
        SessionId::parse(text).ok().filter(|_| is_session).map(Self).ok_or(RULE)
    }
}

/// An `error_description`: RFC 6749 section 4.1.2.1.
#[derive(Clone, Debug)]
struct Description(String);

impl std::str::FromStr for Description {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        const RULE: Invalid = Invalid("must be 1 to 200 printable ASCII characters without \" and \\");
        let is_known = |b: u8| (b' '..=b'~').contains(&b) && !matches!(b, b'"' | b'\\');
        let is_description = (1..=200).contains(&text.len()) && text.bytes().all(is_known);
        is_description.then(|| Self(text.to_owned())).ok_or(RULE)
    }
}

#[cfg(feature = "openapi")]
mod schemas {
    use schemars::{Schema, SchemaGenerator, json_schema};

    use super::{AuthorizationError, Denied, Description, LoginSession, Person, Word};
    use crate::encoding::TextSchema;

    impl TextSchema for Person {
        fn text_schema() -> Schema {
            json_schema!({"type": "string", "pattern": "^[!-~]([ -~]{0,253}[!-~])?$"})
        }
    }

    impl TextSchema for Word {
        fn text_schema() -> Schema {
            crate::api::openapi::schema_impls::plain(255)
        }
    }

    impl TextSchema for LoginSession {
        fn text_schema() -> Schema {
            json_schema!({"type": "string", "pattern": "^[A-Za-z0-9._-]{1,64}$"})
        }
    }

    impl TextSchema for Description {
        fn text_schema() -> Schema {
            json_schema!({"type": "string", "pattern": r"^[ !#-\[\]-~]{1,200}$"})
        }
    }

    impl schemars::JsonSchema for Denied {
        fn inline_schema() -> bool {
            true
        }

        fn schema_name() -> std::borrow::Cow<'static, str> {
            "AuthorizationError".into()
        }

        fn json_schema(_: &mut SchemaGenerator) -> Schema {
            let names: Vec<_> = AuthorizationError::ALL.iter().copied().map(AuthorizationError::as_str).collect();
            json_schema!({"type": "string", "enum": names})
        }
    }
}
