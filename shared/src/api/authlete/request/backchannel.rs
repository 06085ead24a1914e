//! `BackchannelAuthenticationRequest` and the requests that follow it of Authlete's API.

use serde::Deserialize;

use super::authorization::{PersonSaid, ticket, told_description};
use super::decision::{decision, error_uri};
use super::fields::{client_request, required};
use crate::api::authlete::details::AuthzDetails;
use crate::api::authlete::lenient::{Number, Words, present};
use crate::api::authlete::property::Properties;
use crate::domain::Refusal;
use crate::encoding::SecretText;
use crate::oauth::forwarded::authorization::AuthorizationTicket;
use crate::oauth::forwarded::backchannel::ForwardedBackchannel;
use crate::oauth::forwarded::decision::{PollError, ServerDecision};

/// What a client has sent to the backchannel authentication endpoint of an authorization server, as that passes it on.
#[derive(Debug, Default, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema), schemars(rename = "BackchannelAuthenticationRequest"))]
#[serde(rename_all = "camelCase", default)]
pub struct ProcessBackchannel {
    #[serde(deserialize_with = "present")]
    #[cfg_attr(feature = "openapi", schemars(required))]
    parameters: Option<SecretText>,
    #[serde(deserialize_with = "present")]
    client_id: Option<String>,
    #[serde(deserialize_with = "present")]
    client_secret: Option<SecretText>,
    #[serde(deserialize_with = "present")]
    client_certificate: Option<String>,
}

impl ProcessBackchannel {
    /// Converts the body into words of the domain.
    ///
    /// # Errors
    /// [`Refusal::Invalid`] if there are no parameters. A `Denial` if they can't be read, which is the client's fault.
    pub fn try_into_request(self) -> Result<ForwardedBackchannel, Refusal> {
        let credentials = (self.client_id, self.client_secret, self.client_certificate);
        let (form, credentials) = client_request(self.parameters, credentials)?;
        Ok(ForwardedBackchannel { form, credentials })
    }
}

/// The body of `/backchannel/authentication/issue`.
#[derive(Debug, Default, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema), schemars(rename = "BackchannelAuthenticationIssueRequest"))]
#[serde(default)]
pub struct IssueBackchannel {
    #[serde(deserialize_with = "present")]
    #[cfg_attr(feature = "openapi", schemars(required))]
    ticket: Option<SecretText>,
}

impl IssueBackchannel {
    /// Returns the ticket of the request that is good.
    ///
    /// # Errors
    /// [`Refusal::Invalid`] if there is none.
    pub fn ticket(&self) -> Result<AuthorizationTicket, Refusal> {
        required("ticket", ticket(self.ticket.as_ref()))
    }
}

/// Why nothing comes of a request whose person isn't asked.
#[derive(Debug, Default, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema), schemars(rename = "BackchannelAuthenticationFailRequest"))]
#[serde(rename_all = "camelCase", default)]
pub struct FailBackchannel {
    #[serde(deserialize_with = "present")]
    #[cfg_attr(feature = "openapi", schemars(required))]
    ticket: Option<SecretText>,
    #[serde(deserialize_with = "present")]
    #[cfg_attr(feature = "openapi", schemars(required, extend("enum" = BackchannelFailReason::NAMES)))]
    reason: Option<String>,
    #[serde(deserialize_with = "present")]
    error_description: Option<String>,
    #[serde(deserialize_with = "present")]
    error_uri: Option<String>,
}

/// Why the authorization server fails a request: `reason` of the call.
#[derive(Clone, Copy, Debug, Eq, PartialEq, strum::EnumString, strum::VariantNames)]
#[strum(serialize_all = "SCREAMING_SNAKE_CASE")]
#[expect(missing_docs, reason = "the names are Authlete's")]
pub enum BackchannelFailReason {
    ExpiredLoginHintToken,
    UnknownUserId,
    UnauthorizedClient,
    MissingUserCode,
    InvalidUserCode,
    InvalidBindingMessage,
    InvalidTarget,
    AccessDenied,
    ServerError,
}

impl BackchannelFailReason {
    /// The names of all reasons, as the SDKs send them.
    pub const NAMES: &[&str] = <Self as strum::VariantNames>::VARIANTS;
}

impl FailBackchannel {
    /// Returns the ticket, if there is one: it is looked up in the read that authenticates the service.
    pub fn ticket(&self) -> Option<AuthorizationTicket> {
        ticket(self.ticket.as_ref())
    }

    /// Returns the reason, and what the client is told instead of our text.
    ///
    /// # Errors
    /// [`Refusal::Invalid`] if the ticket or the reason is missing, the reason unknown, or `errorUri` no URI.
    pub fn try_into_reason(self) -> Result<(BackchannelFailReason, PollError), Refusal> {
        required("ticket", self.ticket)?;
        let reason = required("reason", self.reason)?;
        let reason = reason.parse().map_err(|_| Refusal::invalid("reason", "must be the name of a reason"))?;
        let told = PollError { description: told_description(self.error_description), uri: error_uri(self.error_uri)? };
        Ok((reason, told))
    }
}

/// What is decided about what a client asks for.
#[derive(Debug, Default, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema), schemars(rename = "BackchannelAuthenticationCompleteRequest"))]
#[serde(rename_all = "camelCase", default)]
pub struct CompleteBackchannel {
    #[serde(deserialize_with = "present")]
    #[cfg_attr(feature = "openapi", schemars(required))]
    ticket: Option<SecretText>,
    #[serde(deserialize_with = "present")]
    #[cfg_attr(feature = "openapi", schemars(required, extend("enum" = super::decision::DecisionResult::NAMES)))]
    result: Option<String>,
    #[serde(deserialize_with = "present")]
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
    #[serde(deserialize_with = "present")]
    access_token_duration: Option<Number>,
    #[serde(deserialize_with = "present")]
    refresh_token_duration: Option<Number>,
    #[serde(deserialize_with = "present")]
    error_description: Option<String>,
    #[serde(deserialize_with = "present")]
    error_uri: Option<String>,
}

impl CompleteBackchannel {
    /// Returns the ticket, if there is one: it is looked up in the read that authenticates the service.
    pub fn ticket(&self) -> Option<AuthorizationTicket> {
        ticket(self.ticket.as_ref())
    }

    /// Converts what is decided into words of the domain. What is said of a person counts only if they have agreed.
    ///
    /// # Errors
    /// [`Refusal::Invalid`], which names the first field that is missing or malformed.
    pub fn try_into_decision(self) -> Result<ServerDecision, Refusal> {
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
            access_token_duration: self.access_token_duration,
            refresh_token_duration: self.refresh_token_duration,
        };
        decision(self.result, said, (self.error_description, self.error_uri))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::encoding::json;

    fn read<T: serde::de::DeserializeOwned>(body: &Value) -> T {
        json::read(body.to_string().as_bytes()).unwrap()
    }

    #[test]
    fn no_secret_is_in_a_debug_text() {
        let asked: ProcessBackchannel =
            read(&json!({"parameters": "client_notification_token=s3cret", "clientSecret": "s3cret"}));
        let (issued, failed): (IssueBackchannel, FailBackchannel) =
            (read(&json!({"ticket": "s3cret"})), read(&json!({"ticket": "s3cret"})));
        let decided: CompleteBackchannel = read(&json!({"ticket": "s3cret", "result": "AUTHORIZED"}));
        let shown = format!("{asked:?} {issued:?} {failed:?} {decided:?} {:?}", decided.ticket());
        assert!(!shown.contains("s3cret"), "{shown}");
        assert!(!format!("{:?}", asked.try_into_request().unwrap()).contains("s3cret"));
    }

    #[test]
    fn the_member_that_is_wrong_is_named() {
        for (body, field) in [
            (json!({"result": "AUTHORIZED", "subject": "john"}), "ticket"),
            (json!({"ticket": "x", "subject": "john"}), "result"),
            (json!({"ticket": "x", "result": "DENIED"}), "result"),
            (json!({"ticket": "x", "result": "AUTHORIZED", "subject": null}), "subject"),
            (json!({"ticket": "x", "result": "TRANSACTION_FAILED", "errorUri": "a b"}), "errorUri"),
        ] {
            let Err(Refusal::Invalid { field: named, .. }) = read::<CompleteBackchannel>(&body).try_into_decision() else {
                panic!("{body}")
            };
            assert_eq!(named, field, "{body}");
        }
        for (body, field) in [
            (json!({"reason": "ACCESS_DENIED"}), "ticket"),
            (json!({"ticket": "x"}), "reason"),
            (json!({"ticket": "x", "reason": "DENIED"}), "reason"),
            (json!({"ticket": "x", "reason": "ACCESS_DENIED", "errorUri": "a b"}), "errorUri"),
        ] {
            let Err(Refusal::Invalid { field: named, .. }) = read::<FailBackchannel>(&body).try_into_reason() else {
                panic!("{body}")
            };
            assert_eq!(named, field, "{body}");
        }
        assert!(read::<IssueBackchannel>(&json!({"ticket": null})).ticket().is_err());
    }

    #[test]
    fn what_typescript_sends_with_a_denial_is_not_looked_at() {
        let body =
            json!({"ticket": "x", "result": "ACCESS_DENIED", "subject": "ü", "authTime": -1, "errorDescription": "No \"way\""});
        let Ok(ServerDecision::Denied(told)) = read::<CompleteBackchannel>(&body).try_into_decision() else { panic!() };
        assert_eq!(told, PollError { description: Some("No way".to_owned()), uri: None });
    }
}
