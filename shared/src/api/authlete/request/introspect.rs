//! `IntrospectionRequest` and `StandardIntrospectionRequest` of Authlete's API.

use serde::Deserialize;

use super::fields::{duration, parsed, required, resources, secret};
use super::revoke::{client_form, hint};
use crate::api::authlete::lenient::{Number, Words, flag, present};
use crate::domain::{Denial, Refusal, Scope, Secret};
use crate::encoding::SecretText;
use crate::jose::certificate;
use crate::tokens::introspect::{ProofOfPossession, ResourceRequest};
use crate::tokens::lookup::Hint;

/// What a resource server asks, as it is sent.
#[derive(Debug, Default, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema), schemars(rename = "IntrospectionRequest"))]
#[serde(rename_all = "camelCase", default)]
pub struct Introspect {
    #[serde(deserialize_with = "present")]
    #[cfg_attr(feature = "openapi", schemars(required))]
    token: Option<SecretText>,
    #[serde(deserialize_with = "present")]
    scopes: Option<Words>,
    #[serde(deserialize_with = "present")]
    subject: Option<String>,
    #[serde(deserialize_with = "present")]
    client_certificate: Option<String>,
    #[serde(deserialize_with = "present")]
    dpop: Option<SecretText>,
    #[serde(deserialize_with = "present")]
    htm: Option<String>,
    #[serde(deserialize_with = "present")]
    htu: Option<String>,
    #[serde(deserialize_with = "present")]
    resources: Option<Words>,
    #[serde(deserialize_with = "present")]
    acr_values: Option<Words>,
    #[serde(deserialize_with = "present")]
    max_age: Option<Number>,
}

/// What a resource server asks.
#[derive(Debug)]
pub struct Introspected {
    /// The token that is asked about.
    pub token: Secret<String>,
    /// What it must be good for.
    pub request: ResourceRequest,
    /// `scopes`, for the answer to repeat. One that can be no scope of ours is among them.
    pub scopes: Vec<String>,
}

/// Stands for what can be no scope: no token of a client has it.
const NO_SCOPE: &str = "urn:jeton:none";
const MAX_SCOPES: usize = 100;

impl Introspect {
    /// Converts the body into words of the domain.
    ///
    /// # Errors
    /// [`Refusal::Invalid`], which names the first field that is missing or malformed.
    pub fn try_into_request(self) -> Result<Introspected, Refusal> {
        let token = required("token", secret(self.token))?;
        let scopes = self.scopes.map(|Words(words)| words).unwrap_or_default();
        if scopes.len() > MAX_SCOPES {
            return Err(Refusal::invalid("scopes", "must have at most 100 entries"));
        }
        let scope = |text: &String| Scope::parse(text).or_else(|_| Scope::parse(NO_SCOPE));
        let proof = |SecretText(proof)| ProofOfPossession {
            proof,
            method: self.htm.unwrap_or_default(),
            uri: self.htu.unwrap_or_default(),
        };
        let request = ResourceRequest {
            scopes: scopes.iter().map(scope).collect::<Result<_, _>>().map_err(|rule| Refusal::invalid("scopes", rule.0))?,
            subject: parsed("subject", self.subject.as_deref())?,
            audiences: resources(self.resources.as_ref())?,
            acr_values: self.acr_values.map(|Words(words)| words).unwrap_or_default(),
            max_age: duration("maxAge", self.max_age)?,
            // What is no certificate proves none.
            certificate: self.client_certificate.as_deref().and_then(|pem| certificate::thumbprint(pem).ok()),
            dpop: self.dpop.map(proof),
        };
        Ok(Introspected { token, request, scopes })
    }
}

/// What a resource server asks as RFC 7662 has it, passed on.
#[derive(Debug, Default, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema), schemars(rename = "StandardIntrospectionRequest"))]
#[serde(rename_all = "camelCase", default)]
pub struct IntrospectStandard {
    #[serde(deserialize_with = "present")]
    #[cfg_attr(feature = "openapi", schemars(required))]
    parameters: Option<SecretText>,
    #[serde(deserialize_with = "flag")]
    with_hidden_properties: bool,
    #[serde(deserialize_with = "present")]
    rs_uri: Option<String>,
}

impl IntrospectStandard {
    /// Whether the answer shall have the hidden properties, too.
    pub fn with_hidden_properties(&self) -> bool {
        self.with_hidden_properties
    }

    /// The resource server that asks.
    pub fn resource_server(&self) -> Option<&str> {
        self.rs_uri.as_deref()
    }

    /// The token, and what it is said to be.
    ///
    /// # Errors
    /// [`Refusal::Invalid`] if there are no parameters. [`Denial::RequestMalformed`] or [`Denial::TokenMissing`] if they are
    /// malformed or have no token.
    pub fn token(&self) -> Result<(Secret<String>, Hint), Refusal> {
        let parameters = required("parameters", self.parameters.as_ref())?;
        let mut form = client_form(parameters.0.expose())?;
        let mut read = |name| form.remove(name).map_err(|_| Refusal::Denied(Denial::RequestMalformed));
        let token = read("token")?.map(Secret::new).ok_or(Denial::TokenMissing)?;
        Ok((token, hint(read("token_type_hint")?.as_deref())))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::domain::Seconds;
    use crate::encoding::json;

    fn read(body: &Value) -> Result<Introspected, Refusal> {
        json::read::<Introspect>(body.to_string().as_bytes()).and_then(Introspect::try_into_request)
    }

    fn standard(body: &Value) -> IntrospectStandard {
        json::read(body.to_string().as_bytes()).unwrap()
    }

    #[test]
    fn every_member_is_taken() {
        let asked = read(&json!({"token": "s3cret", "scopes": ["a", "b c"], "subject": "ann", "dpop": "pr00f", "htm": "GET", "htu": "https://a.example",
            "resources": ["https://r.example"], "acrValues": ["gold", "silver"], "maxAge": 60, "clientCertificate": "no PEM"}))
        .unwrap();
        assert!(!format!("{asked:?}").contains("s3cret") && !format!("{asked:?}").contains("pr00f"));
        let Introspected { token, request, scopes } = asked;
        assert_eq!((token.expose().as_str(), scopes), ("s3cret", vec!["a".to_owned(), "b c".to_owned()]));
        assert_eq!(request.scopes.iter().map(Scope::as_str).collect::<Vec<_>>(), ["a", NO_SCOPE]);
        assert_eq!((request.audiences.len(), request.acr_values.len(), request.max_age), (1, 2, Some(Seconds(60))));
        let proof = request.dpop.unwrap();
        assert_eq!((proof.method.as_str(), proof.uri.as_str()), ("GET", "https://a.example"));
        assert!(request.subject.is_some() && request.certificate.is_none());
    }

    #[test]
    fn a_max_age_of_zero_asks_for_nothing() {
        let asked = read(&json!({"token": "a", "maxAge": 0, "scopes": null, "subject": null, "dpop": null})).unwrap();
        assert!(asked.request.max_age.is_none() && asked.request.scopes.is_empty() && asked.request.dpop.is_none());
        assert_eq!(read(&json!({"token": ""})).unwrap_err(), Refusal::invalid("token", "is required"));
    }

    #[test]
    fn a_standard_introspection_has_its_token_in_the_form() {
        let asked = standard(
            &json!({"parameters": "token=t0ken&token_type_hint=refresh_token", "withHiddenProperties": true, "rsUri": "https://r.example"}),
        );
        assert!(!format!("{asked:?}").contains("t0ken"));
        let (token, hint) = asked.token().unwrap();
        assert_eq!((token.expose().as_str(), hint), ("t0ken", Hint::RefreshToken));
        assert_eq!((asked.with_hidden_properties(), asked.resource_server()), (true, Some("https://r.example")));
        assert_eq!(standard(&json!({"parameters": "x=y"})).token().unwrap_err(), Refusal::Denied(Denial::TokenMissing));
        assert_eq!(standard(&json!({})).token().unwrap_err(), Refusal::invalid("parameters", "is required"));
    }
}
