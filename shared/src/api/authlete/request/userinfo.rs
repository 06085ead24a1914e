//! `UserInfoRequest` and `UserInfoIssueRequest` of Authlete's API.

use serde::Deserialize;
use serde_json::{Map, Value};

use super::fields::{json_object, parsed, required, secret};
use crate::api::authlete::lenient::present;
use crate::domain::{Refusal, Secret, Subject};
use crate::encoding::SecretText;
use crate::jose::certificate;
use crate::oauth::forwarded::userinfo::ForwardedUserinfo;
use crate::tokens::introspect::{ProofOfPossession, ResourceRequest};

/// A token that a client has shown to the userinfo endpoint of an authorization server.
#[derive(Debug, Default, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema), schemars(rename = "UserinfoProcessRequest"))]
#[serde(rename_all = "camelCase", default)]
pub struct ProcessUserinfo {
    #[serde(deserialize_with = "present")]
    #[cfg_attr(feature = "openapi", schemars(required))]
    token: Option<SecretText>,
    #[serde(deserialize_with = "present")]
    client_certificate: Option<String>,
    #[serde(deserialize_with = "present")]
    dpop: Option<SecretText>,
    #[serde(deserialize_with = "present")]
    htm: Option<String>,
    #[serde(deserialize_with = "present")]
    htu: Option<String>,
}

impl ProcessUserinfo {
    /// Converts the body into words of the domain.
    ///
    /// # Errors
    /// [`Refusal::Invalid`] if there is no token.
    pub fn try_into_request(self) -> Result<ForwardedUserinfo, Refusal> {
        let token = required("token", secret(self.token))?;
        let (method, uri) = (self.htm.unwrap_or_default(), self.htu.unwrap_or_default());
        let request = ResourceRequest {
            certificate: self.client_certificate.as_deref().and_then(|pem| certificate::thumbprint(pem).ok()),
            dpop: self.dpop.map(|SecretText(proof)| ProofOfPossession { proof, method, uri }),
            ..ResourceRequest::default()
        };
        Ok(ForwardedUserinfo { token, request })
    }
}

/// What the authorization server knows of the person.
#[derive(Debug, Default, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema), schemars(rename = "UserinfoIssueRequest"))]
#[serde(rename_all = "camelCase", default)]
pub struct IssueUserinfo {
    #[serde(deserialize_with = "present")]
    #[cfg_attr(feature = "openapi", schemars(required))]
    token: Option<SecretText>,
    #[serde(deserialize_with = "present")]
    claims: Option<String>,
    #[serde(deserialize_with = "present")]
    sub: Option<String>,
}

/// What a client shall be told of a person.
#[derive(Debug)]
pub struct PersonTold {
    /// The token that the client has shown.
    pub token: Secret<String>,
    /// The `sub` that it is told, if that isn't the one of the token.
    pub sub: Option<Subject>,
    /// What is known of the person.
    pub claims: Map<String, Value>,
}

impl IssueUserinfo {
    /// Converts the body into words of the domain.
    ///
    /// # Errors
    /// [`Refusal::Invalid`], which names the first field that is missing or malformed.
    pub fn try_into_told(self) -> Result<PersonTold, Refusal> {
        let token = required("token", secret(self.token))?;
        let sub: Option<Subject> = parsed("sub", self.sub.as_deref())?;
        if sub.as_ref().is_some_and(|sub| !sub.is_of_client()) {
            return Err(Refusal::invalid("sub", "must be 1 to 255 ASCII characters"));
        }
        let claims = json_object("claims", self.claims)?.unwrap_or_default();
        Ok(PersonTold { token, sub, claims })
    }
}
