//! `TokenRequest`, `TokenIssueRequest` and `TokenFailRequest` of Authlete's API.

use serde::Deserialize;

use super::fields::{duration, extra_claims, lifetime, parsed, required, secret};
use crate::api::authlete::lenient::{Number, present};
use crate::api::authlete::property::Properties;
use crate::auth::client::ClientCredentials;
use crate::domain::Refusal;
use crate::encoding::SecretText;
use crate::oauth::TokenForm;
use crate::oauth::forwarded::TokenRequest;
use crate::tokens::introspect::ProofOfPossession;
use crate::tokens::issue::{TicketIssue, TicketValue};

/// What a client has sent to the token endpoint of an authorization server, as that passes it on.
#[derive(Debug, Default, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema), schemars(rename = "TokenRequest"))]
#[serde(rename_all = "camelCase", default)]
pub struct ProcessToken {
    #[serde(deserialize_with = "present")]
    #[cfg_attr(feature = "openapi", schemars(required))]
    parameters: Option<SecretText>,
    #[serde(deserialize_with = "present")]
    client_id: Option<String>,
    #[serde(deserialize_with = "present")]
    client_secret: Option<SecretText>,
    #[serde(deserialize_with = "present")]
    client_certificate: Option<String>,
    #[serde(deserialize_with = "present")]
    properties: Option<Properties>,
    #[serde(deserialize_with = "present")]
    dpop: Option<SecretText>,
    #[serde(deserialize_with = "present")]
    htm: Option<String>,
    #[serde(deserialize_with = "present")]
    htu: Option<String>,
    #[serde(deserialize_with = "present")]
    access_token: Option<SecretText>,
    #[serde(deserialize_with = "present")]
    access_token_duration: Option<Number>,
    #[serde(deserialize_with = "present")]
    refresh_token_duration: Option<Number>,
    #[serde(deserialize_with = "present")]
    jwt_at_claims: Option<String>,
}

impl ProcessToken {
    /// Converts the body into words of the domain.
    ///
    /// # Errors
    /// A [`Refusal`]: [`Refusal::Invalid`] names the first field that is missing or malformed, a `Denial` says what is wrong with
    /// the client's form.
    pub fn try_into_request(self) -> Result<TokenRequest, Refusal> {
        let parameters = required("parameters", self.parameters)?;
        let (form, credentials) = TokenForm::read(parameters.0.expose())?;
        let (id, secret_in_header) = (self.client_id, secret(self.client_secret));
        let (method, uri) = (self.htm.unwrap_or_else(|| "POST".to_owned()), self.htu.unwrap_or_default());
        Ok(TokenRequest {
            form,
            credentials: ClientCredentials {
                id,
                secret: secret_in_header,
                form: credentials,
                certificate: self.client_certificate,
                ..ClientCredentials::default()
            },
            properties: self.properties.map(Properties::try_into_properties).transpose()?.unwrap_or_default(),
            dpop: self.dpop.map(|SecretText(proof)| ProofOfPossession { proof, method, uri }),
            value: secret(self.access_token),
            lifetime: lifetime(self.access_token_duration)?,
            refresh_lifetime: duration("refreshTokenDuration", self.refresh_token_duration)?,
            extra_claims: extra_claims(self.jwt_at_claims)?,
        })
    }
}

/// What the authorization server says of a user who has proved who it is.
#[derive(Debug, Default, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema), schemars(rename = "TokenIssueRequest"))]
#[serde(rename_all = "camelCase", default)]
pub struct IssueToken {
    #[serde(deserialize_with = "present")]
    #[cfg_attr(feature = "openapi", schemars(required))]
    ticket: Option<SecretText>,
    #[serde(deserialize_with = "present")]
    #[cfg_attr(feature = "openapi", schemars(required))]
    subject: Option<String>,
    #[serde(deserialize_with = "present")]
    properties: Option<Properties>,
    #[serde(deserialize_with = "present")]
    jwt_at_claims: Option<String>,
    #[serde(deserialize_with = "present")]
    access_token: Option<SecretText>,
    #[serde(deserialize_with = "present")]
    access_token_duration: Option<Number>,
    #[serde(deserialize_with = "present")]
    refresh_token_duration: Option<Number>,
}

impl IssueToken {
    /// Returns the ticket and what was decided, in words of the domain.
    ///
    /// # Errors
    /// [`Refusal::Invalid`], which names the first field that is missing or malformed.
    pub fn try_into_parts(self) -> Result<(TicketValue, TicketIssue), Refusal> {
        let ticket = TicketValue(required("ticket", secret(self.ticket))?);
        let word = TicketIssue {
            subject: required("subject", parsed("subject", self.subject.as_deref())?)?,
            properties: self.properties.map(Properties::try_into_properties).transpose()?.unwrap_or_default(),
            extra_claims: extra_claims(self.jwt_at_claims)?,
            value: secret(self.access_token),
            lifetime: lifetime(self.access_token_duration)?,
            refresh_lifetime: duration("refreshTokenDuration", self.refresh_token_duration)?,
        };
        Ok((ticket, word))
    }
}

/// Why the authorization server gives a ticket back.
#[derive(Debug, Default, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema), schemars(rename = "TokenFailRequest"))]
#[serde(rename_all = "camelCase", default)]
pub struct FailToken {
    #[serde(deserialize_with = "present")]
    #[cfg_attr(feature = "openapi", schemars(required))]
    ticket: Option<SecretText>,
    #[serde(deserialize_with = "present")]
    #[cfg_attr(feature = "openapi", schemars(required, extend("enum" = <FailReason as strum::VariantNames>::VARIANTS)))]
    reason: Option<String>,
}

/// Why the authorization server fails a ticket: `reason` of the call.
#[derive(Clone, Copy, Debug, Eq, PartialEq, strum::EnumString, strum::VariantNames)]
#[strum(serialize_all = "SCREAMING_SNAKE_CASE")]
#[expect(missing_docs, reason = "the names are Authlete's")]
pub enum FailReason {
    Unknown,
    InvalidResourceOwnerCredentials,
    InvalidTarget,
    InvalidClient,
    UnauthorizedClient,
    InvalidScope,
}

impl FailToken {
    /// Returns the ticket and the reason.
    ///
    /// # Errors
    /// [`Refusal::Invalid`] if the ticket or the reason is missing, or the reason unknown.
    pub fn try_into_parts(self) -> Result<(TicketValue, FailReason), Refusal> {
        let ticket = TicketValue(required("ticket", secret(self.ticket))?);
        let reason = required("reason", self.reason.as_deref())?;
        let reason = reason.parse().map_err(|_| Refusal::invalid("reason", "must be the name of a reason"))?;
        Ok((ticket, reason))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::domain::{Denial, GrantType, Seconds};
    use crate::encoding::json;
    use crate::policy::Lifetime;

    fn read<T: serde::de::DeserializeOwned>(body: &Value) -> T {
        json::read(body.to_string().as_bytes()).unwrap()
    }

    fn process(body: &Value) -> Result<TokenRequest, Refusal> {
        read::<ProcessToken>(body).try_into_request()
    }

    #[test]
    fn every_member_of_a_token_request_is_taken() {
        let request = process(&json!({
            "parameters": "grant_type=refresh_token&refresh_token=s3cret&client_id=5", "clientId": "5", "clientSecret": "s3cret",
            "clientCertificate": "PEM", "properties": "[{\"key\":\"k\",\"value\":\"v\"}]", "dpop": "s3cret", "htm": "PUT",
            "htu": "https://a.example", "accessToken": "s3cret", "accessTokenDuration": 60, "refreshTokenDuration": 90,
            "jwtAtClaims": "{}"
        }))
        .unwrap();
        assert!(!format!("{request:?}").contains("s3cret"));
        assert_eq!(request.form.grant(), Some(GrantType::RefreshToken));
        assert!(request.form.refresh_token().is_some() && request.credentials.secret.is_some());
        assert_eq!((request.credentials.id.as_deref(), request.credentials.form.id.as_deref()), (Some("5"), Some("5")));
        assert_eq!((request.properties.len(), request.credentials.certificate.as_deref()), (1, Some("PEM")));
        let dpop = request.dpop.unwrap();
        assert_eq!((dpop.method.as_str(), dpop.uri.as_str()), ("PUT", "https://a.example"));
        assert_eq!((request.lifetime, request.refresh_lifetime), (Lifetime::For(Seconds(60)), Some(Seconds(90))));
        assert!(request.value.is_some() && request.extra_claims.is_some());
    }

    #[test]
    fn a_proof_is_for_a_post_unless_it_is_said_otherwise() {
        let dpop = process(&json!({"parameters": "grant_type=password", "dpop": "a", "htm": null})).unwrap().dpop.unwrap();
        assert_eq!((dpop.method.as_str(), dpop.uri.as_str()), ("POST", ""));
    }

    #[test]
    fn a_broken_form_is_the_client_s_fault_and_none_is_the_caller_s() {
        assert_eq!(process(&json!({"parameters": null})).unwrap_err(), Refusal::invalid("parameters", "is required"));
        for bad in ["grant_type=%zz", "grant_type=password&grant_type=password"] {
            assert_eq!(process(&json!({"parameters": bad})).unwrap_err(), Refusal::Denied(Denial::RequestMalformed), "{bad}");
        }
    }

    #[test]
    fn all_seven_members_of_an_issue_are_taken() {
        let request: IssueToken = read(&json!({
            "ticket": "t1cket", "subject": "john", "properties": [{"key": "k", "value": "v"}], "jwtAtClaims": "{}",
            "accessToken": "s3cret", "accessTokenDuration": 60, "refreshTokenDuration": 90
        }));
        assert!(!format!("{request:?}").contains("t1cket") && !format!("{request:?}").contains("s3cret"));
        let (ticket, word) = request.try_into_parts().unwrap();
        assert_eq!((ticket.0.expose().as_str(), word.subject.as_str()), ("t1cket", "john"));
        assert_eq!((word.properties.len(), word.extra_claims.is_some(), word.value.is_some()), (1, true, true));
        assert_eq!((word.lifetime, word.refresh_lifetime), (Lifetime::For(Seconds(60)), Some(Seconds(90))));
    }

    #[test]
    fn ticket_and_subject_or_reason_are_required() {
        let missing = |field| Some(Refusal::invalid(field, "is required"));
        assert_eq!(read::<IssueToken>(&json!({"subject": "a"})).try_into_parts().err(), missing("ticket"));
        assert_eq!(read::<IssueToken>(&json!({"ticket": "a", "subject": ""})).try_into_parts().err(), missing("subject"));
        assert_eq!(read::<FailToken>(&json!({"reason": "UNKNOWN"})).try_into_parts().err(), missing("ticket"));
        assert_eq!(read::<FailToken>(&json!({"ticket": "a"})).try_into_parts().err(), missing("reason"));
        assert!(read::<FailToken>(&json!({"ticket": "a", "reason": "BORED"})).try_into_parts().is_err());
        assert_eq!(
            read::<FailToken>(&json!({"ticket": "a", "reason": "INVALID_SCOPE"})).try_into_parts().unwrap().1,
            FailReason::InvalidScope
        );
    }
}
