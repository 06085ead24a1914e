//! `AuthorizationRequest`, `AuthorizationIssueRequest`, `AuthorizationFailRequest` and the requests about tickets of Authlete's API.

use serde::Deserialize;
use serde_json::{Map, Value};

use super::fields::{duration, json_object, parsed, required, scopes, secret};
use crate::api::authlete::details::AuthzDetails;
use crate::api::authlete::lenient::{Number, Words, present};
use crate::api::authlete::property::Properties;
use crate::domain::{ExtraClaims, ForwardedSignIn, Refusal, Scope, Subject, Timestamp};
use crate::encoding::SecretText;
use crate::oauth::authorization::AuthorizationForm;
use crate::oauth::forwarded::authorization::{AuthorizationTicket, ForwardedAuthorization, ServerApproval};
use crate::oauth::person_claims::RESERVED_CLAIMS;

/// The most bytes that an authorization server can keep with a request.
const MAX_CONTEXT_BYTES: usize = 16_384;

/// What a client has sent to the authorization endpoint of an authorization server, as that passes it on.
#[derive(Debug, Default, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema), schemars(rename = "AuthorizationProcessRequest"))]
#[serde(rename_all = "camelCase", default)]
pub struct ProcessAuthorization {
    #[serde(deserialize_with = "present")]
    #[cfg_attr(feature = "openapi", schemars(required))]
    parameters: Option<String>,
    #[serde(deserialize_with = "present")]
    context: Option<String>,
}

impl ProcessAuthorization {
    /// Converts the body into words of the domain. What is wrong with the parameters is part of the request: it is the client's fault.
    ///
    /// # Errors
    /// [`Refusal::Invalid`] if there are no parameters, or `context` is too long.
    pub fn try_into_request(self) -> Result<ForwardedAuthorization, Refusal> {
        let parameters = required("parameters", self.parameters)?;
        let form = AuthorizationForm::read(parameters.strip_prefix('?').unwrap_or(&parameters));
        Ok(ForwardedAuthorization { form, context: self.context.map(|text| context("context", text)).transpose()? })
    }
}

fn context(field: &'static str, text: String) -> Result<String, Refusal> {
    if text.len() <= MAX_CONTEXT_BYTES { Ok(text) } else { Err(Refusal::invalid(field, "must be at most 16,384 bytes")) }
}

/// What the authorization server says of a person who has signed in and agreed.
#[derive(Debug, Default, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema), schemars(rename = "AuthorizationIssueRequest"))]
#[serde(rename_all = "camelCase", default)]
pub struct IssueAuthorization {
    #[serde(deserialize_with = "present")]
    #[cfg_attr(feature = "openapi", schemars(required))]
    ticket: Option<SecretText>,
    #[serde(deserialize_with = "present")]
    #[cfg_attr(feature = "openapi", schemars(required))]
    subject: Option<String>,
    #[serde(deserialize_with = "present")]
    sub: Option<String>,
    #[serde(deserialize_with = "present")]
    auth_time: Option<Number>,
    #[serde(deserialize_with = "present")]
    acr: Option<String>,
    #[serde(deserialize_with = "present")]
    claims: Option<String>,
    #[serde(deserialize_with = "present")]
    properties: Option<Properties>,
    #[serde(deserialize_with = "present")]
    scopes: Option<Words>,
    #[serde(deserialize_with = "present")]
    idt_header_params: Option<String>,
    #[serde(deserialize_with = "present")]
    consented_claims: Option<Words>,
    #[serde(deserialize_with = "present")]
    authorization_details: Option<AuthzDetails>,
    #[serde(deserialize_with = "present")]
    jwt_at_claims: Option<String>,
    #[serde(deserialize_with = "present")]
    id_token_aud_type: Option<String>,
    #[serde(deserialize_with = "present")]
    session_id: Option<String>,
}

impl IssueAuthorization {
    /// Returns the ticket, if there is one: it is looked up in the read that authenticates the service.
    pub fn ticket(&self) -> Option<AuthorizationTicket> {
        ticket(self.ticket.as_ref())
    }

    /// Converts what is said of the person into words of the domain. Claims and header members that are the service's own are dropped.
    ///
    /// # Errors
    /// [`Refusal::Invalid`], which names the first field that is missing or malformed.
    pub fn try_into_approval(self) -> Result<ServerApproval, Refusal> {
        required("ticket", self.ticket)?;
        let said = PersonSaid {
            subject: self.subject,
            sub: self.sub,
            auth_time: self.auth_time,
            acr: self.acr,
            claims: self.claims,
            properties: self.properties,
            scopes: self.scopes,
            idt_header_params: self.idt_header_params,
            consented_claims: self.consented_claims,
            authorization_details: self.authorization_details,
            jwt_at_claims: self.jwt_at_claims,
            id_token_aud_type: self.id_token_aud_type,
            session_id: self.session_id,
            access_token_duration: None,
            refresh_token_duration: None,
        };
        said.try_into_approval()
    }
}

/// What calls that decide say of a person, as it is sent.
#[derive(Debug, Default)]
pub(super) struct PersonSaid {
    pub(super) subject: Option<String>,
    pub(super) sub: Option<String>,
    pub(super) auth_time: Option<Number>,
    pub(super) acr: Option<String>,
    pub(super) claims: Option<String>,
    pub(super) properties: Option<Properties>,
    pub(super) scopes: Option<Words>,
    pub(super) idt_header_params: Option<String>,
    pub(super) consented_claims: Option<Words>,
    pub(super) authorization_details: Option<AuthzDetails>,
    pub(super) jwt_at_claims: Option<String>,
    pub(super) id_token_aud_type: Option<String>,
    pub(super) session_id: Option<String>,
    pub(super) access_token_duration: Option<Number>,
    pub(super) refresh_token_duration: Option<Number>,
}

impl PersonSaid {
    /// Converts it into words of the domain. Claims and header members that are the service's own are dropped.
    ///
    /// # Errors
    /// [`Refusal::Invalid`], which names the first field that is missing or malformed.
    pub(super) fn try_into_approval(self) -> Result<ServerApproval, Refusal> {
        let subject = required("subject", person("subject", self.subject.as_deref())?)?;
        let forwarded = ForwardedSignIn {
            told_subject: person("sub", self.sub.as_deref())?,
            id_token_header: id_token_header(self.idt_header_params)?,
            has_audience_list: is_audience_list(self.id_token_aud_type.as_deref())?.unwrap_or(true),
            consented_claims: consented(self.consented_claims)?,
        };
        let access_token_claims = json_object("jwtAtClaims", self.jwt_at_claims)?;
        Ok(ServerApproval {
            subject,
            scopes: named_scopes(self.scopes.as_ref())?,
            details: self.authorization_details.map(AuthzDetails::try_into_details).transpose()?.flatten(),
            auth_time: self.auth_time.map(auth_time).transpose()?,
            acr: self.acr.map(acr).transpose()?,
            session: parsed("sessionId", self.session_id.as_deref())?,
            id_token_claims: id_token_claims(self.claims)?,
            access_token_claims: access_token_claims.and_then(|claims| only(claims, |name| !RESERVED_CLAIMS.contains(&name))),
            properties: self.properties.map(Properties::try_into_properties).transpose()?.unwrap_or_default(),
            forwarded,
            token_duration: duration("accessTokenDuration", self.access_token_duration)?,
            refresh_token_duration: duration("refreshTokenDuration", self.refresh_token_duration)?,
        })
    }
}

/// The members of an ID token's header that are the service's own, or that change how it is verified.
const OWN_HEADER_MEMBERS: &[&str] =
    &["alg", "b64", "crit", "cty", "jku", "jwk", "kid", "typ", "x5c", "x5t", "x5t#S256", "x5u", "zip"];

/// `idtHeaderParams`, without the members that are the service's own.
pub(super) fn id_token_header(text: Option<String>) -> Result<Option<ExtraClaims>, Refusal> {
    let header = json_object("idtHeaderParams", text)?;
    Ok(header.and_then(|members| only(members, |name| !OWN_HEADER_MEMBERS.contains(&name))))
}

/// `idTokenAudType`: whether the `aud` of ID tokens is a list.
pub(super) fn is_audience_list(kind: Option<&str>) -> Result<Option<bool>, Refusal> {
    match kind {
        None => Ok(None),
        Some("array") => Ok(Some(true)),
        Some("string") => Ok(Some(false)),
        Some(_) => Err(Refusal::invalid("idTokenAudType", "must be array or string")),
    }
}

/// `claims` for an ID token, without those that are the service's own. How a person authenticated has no field of its own.
pub(super) fn id_token_claims(text: Option<String>) -> Result<Option<ExtraClaims>, Refusal> {
    let claims = json_object("claims", text)?;
    Ok(claims.and_then(|claims| only(claims, |name| name == "amr" || !RESERVED_CLAIMS.contains(&name))))
}

pub(super) fn person(field: &'static str, text: Option<&str>) -> Result<Option<Subject>, Refusal> {
    let subject: Option<Subject> = parsed(field, text)?;
    if subject.as_ref().is_none_or(Subject::is_of_client) {
        Ok(subject)
    } else {
        Err(Refusal::invalid(field, "must be 1 to 255 ASCII characters"))
    }
}

fn named_scopes(words: Option<&Words>) -> Result<Option<Vec<Scope>>, Refusal> {
    let scopes = scopes(words)?;
    if scopes.iter().flatten().any(Scope::is_optional) {
        return Err(Refusal::invalid("scopes", "must not end with ?"));
    }
    Ok(scopes)
}

fn consented(names: Option<Words>) -> Result<Vec<String>, Refusal> {
    let Words(names) = names.unwrap_or_default();
    let is_good = names.len() <= 100 && names.iter().all(|name| name.len() <= 255);
    if is_good { Ok(names) } else { Err(Refusal::invalid("consentedClaims", "must be at most 100 names of at most 255 bytes")) }
}

fn auth_time(Number(seconds): Number) -> Result<Timestamp, Refusal> {
    const MAX_SECONDS: i64 = 253_402_300_799;
    if (0..=MAX_SECONDS).contains(&seconds) {
        Ok(Timestamp::from_secs(seconds))
    } else {
        Err(Refusal::invalid("authTime", "must be when the person signed in, in seconds since 1970"))
    }
}

fn acr(text: String) -> Result<String, Refusal> {
    if text.len() <= 255 { Ok(text) } else { Err(Refusal::invalid("acr", "must be at most 255 bytes")) }
}

/// The members of an object whose names are wanted, as they are kept. `None`: there are none.
fn only(members: Map<String, Value>, is_wanted: impl Fn(&str) -> bool) -> Option<ExtraClaims> {
    let members: Map<_, _> = members.into_iter().filter(|(name, _)| is_wanted(name)).collect();
    (!members.is_empty()).then(|| ExtraClaims::from_json(Value::Object(members).to_string()))
}

pub(super) fn ticket(text: Option<&SecretText>) -> Option<AuthorizationTicket> {
    text.map(|SecretText(ticket)| AuthorizationTicket(ticket.clone()))
}

/// Why nothing comes of an authorization request.
#[derive(Debug, Default, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema), schemars(rename = "AuthorizationFailRequest"))]
#[serde(rename_all = "camelCase", default)]
pub struct FailAuthorization {
    #[serde(deserialize_with = "present")]
    #[cfg_attr(feature = "openapi", schemars(required))]
    ticket: Option<SecretText>,
    #[serde(deserialize_with = "present")]
    #[cfg_attr(feature = "openapi", schemars(required, extend("enum" = AuthorizationFailReason::NAMES)))]
    reason: Option<String>,
    #[serde(deserialize_with = "present")]
    description: Option<String>,
}

/// Why the authorization server fails an authorization request: `reason` of the call.
#[derive(Clone, Copy, Debug, Eq, PartialEq, strum::EnumString, strum::VariantNames)]
#[strum(serialize_all = "SCREAMING_SNAKE_CASE")]
#[expect(missing_docs, reason = "the names are Authlete's")]
pub enum AuthorizationFailReason {
    Unknown,
    NotLoggedIn,
    MaxAgeNotSupported,
    ExceedsMaxAge,
    DifferentSubject,
    AcrNotSatisfied,
    Denied,
    ServerError,
    NotAuthenticated,
    AccountSelectionRequired,
    ConsentRequired,
    InteractionRequired,
    InvalidTarget,
    InvalidScope,
    UnauthorizedClient,
    TemporarilyUnavailable,
}

impl AuthorizationFailReason {
    /// The names of all reasons, as the SDKs send them.
    pub const NAMES: &[&str] = <Self as strum::VariantNames>::VARIANTS;
}

impl FailAuthorization {
    /// Returns the ticket, if there is one: it is looked up in the read that authenticates the service.
    pub fn ticket(&self) -> Option<AuthorizationTicket> {
        ticket(self.ticket.as_ref())
    }

    /// Returns the reason, and what the client is told instead of our text, as far as RFC 6749 section 4.1.2.1 has the characters.
    ///
    /// # Errors
    /// [`Refusal::Invalid`] if the ticket or the reason is missing, or the reason unknown.
    pub fn try_into_reason(self) -> Result<(AuthorizationFailReason, Option<String>), Refusal> {
        required("ticket", self.ticket)?;
        let reason = required("reason", self.reason)?;
        let reason = reason.parse().map_err(|_| Refusal::invalid("reason", "must be the name of a reason"))?;
        Ok((reason, told_description(self.description)))
    }
}

/// What a client is told instead of our text, as far as RFC 6749 section 4.1.2.1 has the characters.
pub(super) fn told_description(text: Option<String>) -> Option<String> {
    const MAX_CHARS: usize = 1_000;
    let is_allowed = |c: &char| matches!(c, ' ' | '!' | '#'..='[' | ']'..='~');
    let told: Option<String> = text.map(|text| text.chars().filter(is_allowed).take(MAX_CHARS).collect());
    told.filter(|text| !text.is_empty())
}

/// The body of `/auth/authorization/ticket/info`.
#[derive(Debug, Default, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema), schemars(rename = "AuthorizationTicketInfoRequest"))]
#[serde(default)]
pub struct TicketInfo {
    #[serde(deserialize_with = "present")]
    #[cfg_attr(feature = "openapi", schemars(required))]
    ticket: Option<SecretText>,
}

impl TicketInfo {
    /// Returns the ticket that is asked about.
    ///
    /// # Errors
    /// [`Refusal::Invalid`] if there is none.
    pub fn try_into_ticket(self) -> Result<AuthorizationTicket, Refusal> {
        Ok(AuthorizationTicket(required("ticket", secret(self.ticket))?))
    }
}

/// The body of `/auth/authorization/ticket/update`.
#[derive(Debug, Default, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema), schemars(rename = "AuthorizationTicketUpdateRequest"))]
#[serde(default)]
pub struct UpdateTicket {
    #[serde(deserialize_with = "present")]
    #[cfg_attr(feature = "openapi", schemars(required))]
    ticket: Option<SecretText>,
    #[serde(deserialize_with = "present")]
    info: Option<Info>,
}

/// What is kept with a ticket. Authlete's SDKs don't agree on how it is sent: it is an object, the text of one, or the context itself.
#[derive(Debug, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema), schemars(inline))]
#[serde(untagged)]
enum Info {
    Text(String),
    Object(InfoObject),
}

#[derive(Debug, Default, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema), schemars(inline))]
#[serde(default)]
struct InfoObject {
    #[serde(deserialize_with = "present")]
    context: Option<String>,
}

impl UpdateTicket {
    /// Returns the ticket, and what shall be kept with it. `None`: nothing.
    ///
    /// # Errors
    /// [`Refusal::Invalid`] if there is no ticket, or `context` is too long.
    pub fn try_into_parts(self) -> Result<(AuthorizationTicket, Option<String>), Refusal> {
        let ticket = AuthorizationTicket(required("ticket", secret(self.ticket))?);
        let text = match self.info {
            None => None,
            Some(Info::Object(InfoObject { context })) => context,
            Some(Info::Text(text)) => match serde_json::from_str::<InfoObject>(&text) {
                Ok(InfoObject { context }) if text.trim_start().starts_with('{') => context,
                Ok(_) | Err(_) => Some(text),
            },
        };
        Ok((ticket, text.map(|text| context("info", text)).transpose()?))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::encoding::json;

    fn read<T: serde::de::DeserializeOwned>(body: &Value) -> T {
        json::read(body.to_string().as_bytes()).unwrap()
    }

    fn approval(more: &Value) -> Result<ServerApproval, Refusal> {
        let mut body = json!({"ticket": "t1cket", "subject": "john"});
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        read::<IssueAuthorization>(&body).try_into_approval()
    }

    #[test]
    fn every_member_of_an_issue_is_taken() {
        let body = json!({
            "ticket": "t1cket", "subject": "john", "sub": "pair", "authTime": 1_795_348_800, "acr": "gold",
            "claims": "{\"email\":\"a@b.example\",\"amr\":[\"pwd\"],\"iss\":\"x\",\"jti\":\"y\",\"org\":\"1\"}",
            "properties": [{"key": "k", "value": "v"}], "scopes": ["read"], "idtHeaderParams": "{\"x\":1,\"kid\":\"y\",\"b64\":false}",
            "consentedClaims": ["email"], "authorizationDetails": {"elements": [{"type": "t"}]}, "sessionId": "s-1",
            "jwtAtClaims": "{\"plan\":\"free\",\"active\":false,\"cnf\":{}}", "idTokenAudType": "string", "accessToken": "ignored"
        });
        let request = read::<IssueAuthorization>(&body);
        assert!(!format!("{request:?}").contains("t1cket"));
        assert_eq!(request.ticket().unwrap().0.expose(), "t1cket");
        let said = request.try_into_approval().unwrap();
        assert_eq!(said.id_token_claims.unwrap().as_json(), r#"{"amr":["pwd"],"email":"a@b.example"}"#);
        assert_eq!(said.access_token_claims.unwrap().as_json(), r#"{"plan":"free"}"#);
        assert_eq!(said.forwarded.id_token_header.unwrap().as_json(), r#"{"x":1}"#);
        assert_eq!((said.forwarded.has_audience_list, said.forwarded.consented_claims), (false, vec!["email".to_owned()]));
        assert_eq!(said.forwarded.told_subject.unwrap().as_str(), "pair");
        assert_eq!((said.auth_time, said.acr.as_deref()), (Some(Timestamp::from_secs(1_795_348_800)), Some("gold")));
        assert_eq!((said.scopes.unwrap().len(), said.properties.len()), (1, 1));
        assert!(said.details.is_some() && said.session.is_some());
    }

    #[test]
    fn null_zero_and_false_are_nothing_and_an_empty_list_of_scopes_is_none_of_them() {
        let said =
            approval(&json!({"sub": null, "authTime": 0, "acr": null, "claims": null, "scopes": null, "sessionId": ""})).unwrap();
        assert!(
            said.scopes.is_none()
                && said.auth_time.is_none()
                && said.id_token_claims.is_none()
                && said.forwarded.has_audience_list
        );
        assert_eq!(approval(&json!({"scopes": []})).unwrap().scopes, Some(Vec::new()));
    }

    #[test]
    fn the_member_that_is_wrong_is_named() {
        for (more, field) in [
            (json!({"ticket": null}), "ticket"),
            (json!({"subject": null}), "subject"),
            (json!({"subject": "ü"}), "subject"),
            (json!({"sub": "a".repeat(256)}), "sub"),
            (json!({"authTime": -1}), "authTime"),
            (json!({"acr": "a".repeat(256)}), "acr"),
            (json!({"claims": "[]"}), "claims"),
            (json!({"claims": "{\"a\":1,\"a\":2}"}), "claims"),
            (json!({"idtHeaderParams": "x"}), "idtHeaderParams"),
            (json!({"jwtAtClaims": "1"}), "jwtAtClaims"),
            (json!({"idTokenAudType": "list"}), "idTokenAudType"),
            (json!({"scopes": ["a?"]}), "scopes"),
        ] {
            let Err(Refusal::Invalid { field: named, .. }) = approval(&more) else { panic!("{more}") };
            assert_eq!(named, field, "{more}");
        }
    }

    #[test]
    fn a_description_loses_what_a_redirect_cannot_have() {
        let fail = |reason: &str, description: &str| {
            read::<FailAuthorization>(&json!({"ticket": "t", "reason": reason, "description": description})).try_into_reason()
        };
        let told = fail("DENIED", "No \"way\"\r\n\\ é!").unwrap();
        assert_eq!(told, (AuthorizationFailReason::Denied, Some("No way !".to_owned())));
        assert_eq!(fail("INVALID_SCOPE", "é").unwrap(), (AuthorizationFailReason::InvalidScope, None));
        assert!(fail("ACCESS_DENIED", "").is_err() && fail("", "").is_err());
    }

    #[test]
    fn the_info_of_a_ticket_is_an_object_or_its_text_or_the_context() {
        let kept =
            |info: Value| read::<UpdateTicket>(&json!({"ticket": "t", "info": info})).try_into_parts().map(|(_, text)| text);
        for (info, expected) in [
            (json!({"context": "c"}), Some("c")),
            (json!("{\"context\":\"c\"}"), Some("c")),
            (json!("c"), Some("c")),
            (json!("[1]"), Some("[1]")),
            (json!({}), None),
            (json!(null), None),
            (json!("{}"), None),
            (json!({"context": null}), None),
        ] {
            assert_eq!(kept(info.clone()).unwrap().as_deref(), expected, "{info}");
        }
        assert!(kept(json!("a".repeat(16_385))).is_err());
    }

    #[test]
    fn a_leading_question_mark_is_forgiven() {
        let read = |body: Value| read::<ProcessAuthorization>(&body).try_into_request();
        for parameters in ["?client_id=5&x=y", "client_id=5&x=y"] {
            assert!(read(json!({ "parameters": parameters })).unwrap().subjects().0.is_some(), "{parameters}");
        }
        assert_eq!(read(json!({"parameters": ""})).unwrap_err(), Refusal::invalid("parameters", "is required"));
        let long = json!({"parameters": "x=y", "context": "a".repeat(16_385)});
        assert_eq!(read(long).unwrap_err(), Refusal::invalid("context", "must be at most 16,384 bytes"));
        assert!(read(json!({"parameters": "client_id=5&client_id=6"})).unwrap().form.is_err());
    }
}
