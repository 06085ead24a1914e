//! `PushedAuthReqRequest` of Authlete's API.

use serde::Deserialize;

use super::fields::client_request;
use crate::api::authlete::lenient::present;
use crate::domain::Refusal;
use crate::encoding::SecretText;
use crate::oauth::forwarded::push::ForwardedPush;
use crate::tokens::introspect::ProofOfPossession;

/// What a client has sent to the endpoint for pushed requests of an authorization server, as that passes it on.
#[derive(Debug, Default, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema), schemars(rename = "PushedAuthReqRequest"))]
#[serde(rename_all = "camelCase", default)]
pub struct PushAuthorization {
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
    dpop: Option<SecretText>,
    #[serde(deserialize_with = "present")]
    htm: Option<String>,
    #[serde(deserialize_with = "present")]
    htu: Option<String>,
}

impl PushAuthorization {
    /// Converts the body into words of the domain.
    ///
    /// # Errors
    /// [`Refusal::Invalid`] if there are no parameters. A `Denial` if they can't be read, which is the client's fault.
    pub fn try_into_request(self) -> Result<ForwardedPush, Refusal> {
        let credentials = (self.client_id, self.client_secret, self.client_certificate);
        let (form, credentials) = client_request(self.parameters, credentials)?;
        let (method, uri) = (self.htm.unwrap_or_else(|| "POST".to_owned()), self.htu.unwrap_or_default());
        let dpop = self.dpop.map(|SecretText(proof)| ProofOfPossession { proof, method, uri });
        Ok(ForwardedPush { form, credentials, dpop })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::auth::client::ClientCredentials;
    use crate::domain::Denial;
    use crate::encoding::json;

    fn read(body: &Value) -> Result<ForwardedPush, Refusal> {
        json::read::<PushAuthorization>(body.to_string().as_bytes()).and_then(PushAuthorization::try_into_request)
    }

    #[test]
    fn every_member_is_taken_and_no_secret_is_in_a_debug_text() {
        let request = read(&json!({
            "parameters": "client_id=5&client_secret=s3cret&client_assertion=s3cret&scope=a", "clientId": "5", "clientSecret": "s3cret",
            "clientCertificate": "PEM", "dpop": "s3cret", "htm": "PUT", "htu": "https://a.example/par"
        }))
        .unwrap();
        assert!(!format!("{request:?}").contains("s3cret"), "{request:?}");
        let ClientCredentials { id, secret, form, certificate, .. } = &request.credentials;
        assert_eq!((id.as_deref(), form.id.as_deref(), certificate.as_deref()), (Some("5"), Some("5"), Some("PEM")));
        assert!(secret.is_some() && form.secret.is_some() && form.assertion.is_some());
        let dpop = request.dpop.unwrap();
        assert_eq!((dpop.method.as_str(), dpop.uri.as_str()), ("PUT", "https://a.example/par"));
        let least = read(&json!({"parameters": "a=b", "dpop": "x", "htm": null})).unwrap().dpop.unwrap();
        assert_eq!((least.method.as_str(), least.uri.as_str()), ("POST", ""));
    }

    #[test]
    fn a_broken_form_is_the_client_s_fault_and_none_is_the_caller_s() {
        assert_eq!(read(&json!({})).unwrap_err(), Refusal::invalid("parameters", "is required"));
        for bad in ["a=%zz", "client_id=5&client_id=6", "redirect_uri=a&redirect_uri=a", "client_secret=a&client_secret=a"] {
            let denied = read(&json!({"parameters": bad})).unwrap_err();
            assert_eq!(denied, Refusal::Denied(Denial::AuthorizationRequestMalformed), "{bad}");
        }
        let long = format!("client_assertion={}", "a".repeat(16_384));
        assert!(read(&json!({"parameters": long})).is_ok());
        assert!(read(&json!({"parameters": format!("state={}", "a".repeat(4_001))})).is_err());
    }
}
