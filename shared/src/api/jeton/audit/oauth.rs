//! What the audit trail tells of OAuth: how a client got a token.

use serde::{Deserialize, Serialize};

use crate::domain::{AuthorizationDetails, GrantType, Issuance, Timestamp};

/// How an OAuth client got a token. Of what was attached to it only the names, for the values may be about people.
#[derive(Serialize)]
pub(super) struct IssuanceFacts<'a> {
    grant: &'static str,
    #[serde(skip_serializing_if = "is_false")]
    for_client: bool,
    #[serde(skip_serializing_if = "is_false")]
    alias_used: bool,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    properties: Vec<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    certificate: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    dpop_key: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    authorization_types: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    acr: Option<&'a str>,
    /// In seconds, as in a token.
    #[serde(skip_serializing_if = "Option::is_none")]
    auth_time: Option<i64>,
    #[serde(skip_serializing_if = "is_false")]
    for_external_attachment: bool,
    #[serde(skip_serializing_if = "is_false")]
    of_member: bool,
    /// The current one first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    actors: Vec<&'a str>,
    /// What the token of its platform said, by which the client got it.
    #[serde(skip_serializing_if = "Option::is_none")]
    assertion: Option<AssertionFacts<'a>>,
}

/// What is told of a platform's token.
#[derive(Serialize)]
struct AssertionFacts<'a> {
    iss: &'a str,
    sub: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    jti: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    kid: Option<&'a str>,
    /// The place of the identity in the client's `federated`.
    federated: u32,
}

pub(super) fn of_issuance(issuance: &Issuance) -> IssuanceFacts<'_> {
    // All of them are named, so that a new one can't be forgotten here.
    let Issuance {
        grant,
        for_client,
        alias_used,
        // The client is told by its number, as everywhere in the trail.
        client_url: _,
        // It is among the ancestors.
        api_key: _,
        properties,
        confirmation,
        details,
        acr,
        auth_time,
        for_external_attachment,
        of_member,
        actors,
        // Of the person the subject is told, and nothing else.
        sign_in: _,
        platform,
    } = issuance;
    IssuanceFacts {
        grant: grant.as_str(),
        for_client: *for_client,
        alias_used: *alias_used,
        properties: properties.iter().map(|property| property.key.as_str()).collect(),
        certificate: confirmation.certificate.map(|thumbprint| thumbprint.to_string()),
        dpop_key: confirmation.dpop_key.map(|thumbprint| thumbprint.to_string()),
        authorization_types: details.as_ref().map(types).unwrap_or_default(),
        acr: acr.as_deref(),
        auth_time: auth_time.map(Timestamp::as_secs),
        for_external_attachment: *for_external_attachment,
        of_member: *of_member,
        actors: actors.iter().map(|actor| actor.subject.as_str()).collect(),
        assertion: platform.as_ref().map(|platform| AssertionFacts {
            iss: &platform.issuer,
            sub: &platform.subject,
            jti: platform.id.as_deref(),
            kid: platform.kid.as_deref(),
            federated: platform.identity,
        }),
    }
}

/// RFC 9396 section 2: what all of them have.
fn types(details: &AuthorizationDetails) -> Vec<String> {
    #[derive(Deserialize)]
    struct Detail {
        r#type: String,
    }
    let details: Vec<Detail> = serde_json::from_str(details.as_json()).unwrap_or_default();
    details.into_iter().map(|detail| detail.r#type).collect()
}

pub(super) fn grants(grants: &[GrantType]) -> Vec<&'static str> {
    grants.iter().map(|grant| grant.as_str()).collect()
}

/// What something is kept under. The values are others'.
pub(super) fn names(attributes: &[(String, String)]) -> Vec<&str> {
    attributes.iter().map(|(name, _)| name.as_str()).collect()
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes references")]
fn is_false(flag: &bool) -> bool {
    !flag
}
