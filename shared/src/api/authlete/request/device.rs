//! `DeviceAuthorizationRequest`, `DeviceVerificationRequest` and `DeviceCompleteRequest` of Authlete's API.

use serde::Deserialize;

use super::authorization::PersonSaid;
use super::decision::decision;
use super::fields::{client_request, required};
use crate::api::authlete::details::AuthzDetails;
use crate::api::authlete::lenient::{Number, Words, present};
use crate::api::authlete::property::Properties;
use crate::domain::Refusal;
use crate::encoding::SecretText;
use crate::oauth::authorization::UserCode;
use crate::oauth::forwarded::decision::ServerDecision;
use crate::oauth::forwarded::device::ForwardedDevice;

/// What a device has sent to the device authorization endpoint of an authorization server, as that passes it on.
#[derive(Debug, Default, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema), schemars(rename = "DeviceAuthorizationProcessRequest"))]
#[serde(rename_all = "camelCase", default)]
pub struct AuthorizeDevice {
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

impl AuthorizeDevice {
    /// Converts the body into words of the domain.
    ///
    /// # Errors
    /// [`Refusal::Invalid`] if there are no parameters. A `Denial` if they can't be read, which is the device's fault.
    pub fn try_into_request(self) -> Result<ForwardedDevice, Refusal> {
        let credentials = (self.client_id, self.client_secret, self.client_certificate);
        let (form, credentials) = client_request(self.parameters, credentials)?;
        Ok(ForwardedDevice { form, credentials })
    }
}

/// What somebody has typed that a device shows.
#[derive(Debug, Default, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema), schemars(rename = "DeviceVerificationRequest"))]
#[serde(rename_all = "camelCase", default)]
pub struct VerifyDevice {
    #[serde(deserialize_with = "present")]
    #[cfg_attr(feature = "openapi", schemars(required))]
    user_code: Option<SecretText>,
}

impl VerifyDevice {
    /// Returns the user code. `None`: what was typed can't be one.
    pub fn user_code(&self) -> Option<UserCode> {
        user_code(self.user_code.as_ref())
    }
}

fn user_code(typed: Option<&SecretText>) -> Option<UserCode> {
    typed.and_then(|SecretText(typed)| typed.expose().parse().ok())
}

/// What is decided about what a device asks for.
#[derive(Debug, Default, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema), schemars(rename = "DeviceCompleteRequest"))]
#[serde(rename_all = "camelCase", default)]
pub struct CompleteDevice {
    #[serde(deserialize_with = "present")]
    #[cfg_attr(feature = "openapi", schemars(required))]
    user_code: Option<SecretText>,
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

impl CompleteDevice {
    /// Returns the user code. `None`: what was typed can't be one.
    pub fn user_code(&self) -> Option<UserCode> {
        user_code(self.user_code.as_ref())
    }

    /// Converts what is decided into words of the domain. What is said of a person counts only if they have agreed.
    ///
    /// # Errors
    /// [`Refusal::Invalid`], which names the first field that is missing or malformed.
    pub fn try_into_decision(self) -> Result<ServerDecision, Refusal> {
        required("userCode", self.user_code)?;
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
    use crate::domain::Seconds;
    use crate::encoding::json;
    use crate::oauth::forwarded::decision::PollError;

    fn decide(body: &Value) -> Result<ServerDecision, Refusal> {
        json::read::<CompleteDevice>(body.to_string().as_bytes()).and_then(CompleteDevice::try_into_decision)
    }

    #[test]
    fn what_a_device_sends_is_taken_and_its_secrets_are_in_no_debug_text() {
        let body = json!({
            "parameters": "client_id=5&client_secret=s3cret&scope=a", "clientId": "5", "clientSecret": "s3cret", "clientCertificate": "PEM"
        });
        let request = json::read::<AuthorizeDevice>(body.to_string().as_bytes()).unwrap().try_into_request().unwrap();
        assert!(!format!("{request:?}").contains("s3cret"), "{request:?}");
        assert!(request.credentials.secret.is_some() && request.credentials.form.secret.is_some());
        assert_eq!((request.credentials.id.as_deref(), request.credentials.certificate.as_deref()), (Some("5"), Some("PEM")));
    }

    #[test]
    fn what_is_said_of_a_person_counts_only_if_they_agree() {
        let body = json!({
            "userCode": "WDJB-MJHT", "result": "AUTHORIZED", "subject": "john", "authTime": 5, "scopes": [], "accessTokenDuration": 60,
            "refreshTokenDuration": 600, "errorDescription": "no", "errorUri": "not a URI"
        });
        let Ok(ServerDecision::Accepted(said)) = decide(&body) else { panic!() };
        assert_eq!((said.subject.as_str(), said.scopes), ("john", Some(Vec::new())));
        assert_eq!((said.token_duration, said.refresh_token_duration), (Some(Seconds(60)), Some(Seconds(600))));
        let body = json!({
            "userCode": "WDJB-MJHT", "result": "ACCESS_DENIED", "subject": "ü", "authTime": -1, "claims": "x",
            "errorDescription": "No \"way\"", "errorUri": "https://a.example/no"
        });
        let Ok(ServerDecision::Denied(told)) = decide(&body) else { panic!() };
        let expected = PollError { description: Some("No way".to_owned()), uri: Some("https://a.example/no".to_owned()) };
        assert_eq!(told, expected);
        let failed = decide(&json!({"userCode": "x", "result": "TRANSACTION_FAILED", "subject": null, "errorUri": null}));
        assert!(matches!(failed, Ok(ServerDecision::Failed(told)) if told == PollError::default()));
    }

    #[test]
    fn the_member_that_is_wrong_is_named() {
        for (body, field) in [
            (json!({"result": "AUTHORIZED", "subject": "john"}), "userCode"),
            (json!({"userCode": "x", "subject": "john"}), "result"),
            (json!({"userCode": "x", "result": "DENIED"}), "result"),
            (json!({"userCode": "x", "result": "AUTHORIZED"}), "subject"),
            (json!({"userCode": "x", "result": "AUTHORIZED", "subject": "a", "claims": "[]"}), "claims"),
            (json!({"userCode": "x", "result": "ACCESS_DENIED", "errorUri": "a b"}), "errorUri"),
        ] {
            let Err(Refusal::Invalid { field: named, .. }) = decide(&body) else { panic!("{body}") };
            assert_eq!(named, field, "{body}");
        }
    }
}
