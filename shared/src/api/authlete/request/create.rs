//! `TokenCreateRequest` of Authlete's API.

use serde::Deserialize;

use super::fields::{duration, extra_claims, lifetime, parsed, required, resources, scopes, secret};
use crate::api::authlete::details::AuthzDetails;
use crate::api::authlete::lenient::{Number, Words, flag, present};
use crate::api::authlete::names;
use crate::api::authlete::property::Properties;
use crate::api::may_act::MayActBody;
use crate::domain::{ClientId, ClientRef, Confirmation, Issuance, Refusal, Timestamp};
use crate::encoding::{Object, SecretText};
use crate::policy::{ClientTokenRequest, Lifetime};
use crate::tokens::issue::RecentRevocations;

/// What is asked for, as it is sent.
#[derive(Debug, Default, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema), schemars(rename = "TokenCreateRequest"))]
#[serde(rename_all = "camelCase", default)]
pub struct CreateToken {
    #[serde(deserialize_with = "present")]
    #[cfg_attr(feature = "openapi", schemars(required, extend("enum" = crate::domain::GrantType::ALL.iter().copied().map(names::grant).collect::<Vec<_>>())))]
    grant_type: Option<String>,
    #[serde(deserialize_with = "present")]
    client_id: Option<Number>,
    #[serde(deserialize_with = "present")]
    client_identifier: Option<String>,
    #[serde(deserialize_with = "present")]
    subject: Option<String>,
    #[serde(deserialize_with = "present")]
    scopes: Option<Words>,
    #[serde(deserialize_with = "present")]
    access_token_duration: Option<Number>,
    #[serde(deserialize_with = "present")]
    refresh_token_duration: Option<Number>,
    #[serde(deserialize_with = "present")]
    properties: Option<Properties>,
    #[serde(deserialize_with = "flag")]
    client_id_alias_used: bool,
    #[serde(deserialize_with = "flag")]
    client_entity_id_used: bool,
    #[serde(deserialize_with = "flag")]
    metadata_document_used: bool,
    #[serde(deserialize_with = "present")]
    access_token: Option<SecretText>,
    #[serde(deserialize_with = "present")]
    refresh_token: Option<SecretText>,
    #[serde(deserialize_with = "flag")]
    access_token_persistent: bool,
    #[serde(deserialize_with = "present")]
    certificate_thumbprint: Option<String>,
    #[serde(deserialize_with = "present")]
    dpop_key_thumbprint: Option<String>,
    #[serde(deserialize_with = "present")]
    authorization_details: Option<Object<AuthzDetails>>,
    #[serde(deserialize_with = "present")]
    resources: Option<Words>,
    #[serde(deserialize_with = "flag")]
    for_external_attachment: bool,
    #[serde(deserialize_with = "present")]
    jwt_at_claims: Option<String>,
    #[serde(deserialize_with = "present")]
    acr: Option<String>,
    #[serde(deserialize_with = "present")]
    auth_time: Option<Number>,
    #[serde(deserialize_with = "present")]
    session_id: Option<String>,
    /// Who may act for the subject: `may_act` of RFC 8693 section 4.4. Authlete has no such field.
    #[serde(rename = "may_act", deserialize_with = "present")]
    may_act: Option<Object<MayActBody>>,
}

/// The same in words of the domain.
#[derive(Debug)]
pub struct CreateTokenRequest {
    /// Whose the token shall be.
    pub client: ClientRef,
    /// What is asked for.
    pub ask: ClientTokenRequest,
    /// `clientIdentifier`, for the answer to repeat.
    pub identifier: Option<String>,
}

impl CreateTokenRequest {
    /// What to look for in the read that authenticates the service.
    pub fn lookup(&self) -> (ClientRef, RecentRevocations) {
        (self.client.clone(), RecentRevocations::of_client(Some(&self.client), self.ask.subject.clone()))
    }
}

impl CreateToken {
    /// Converts the body into words of the domain.
    ///
    /// # Errors
    /// A [`Refusal`] that names the first field that is missing or malformed.
    pub fn try_into_request(self) -> Result<CreateTokenRequest, Refusal> {
        let issuance = self.issuance()?;
        // A path can't name it behind every gateway: `DELETE /auth/token/delete/{value}` would delete another token.
        if self.access_token.as_ref().is_some_and(|SecretText(value)| value.expose().contains(['?', '%'])) {
            return Err(Refusal::invalid("accessToken", "must not contain ? or %"));
        }
        let client = self.client()?;
        let lifetime = if self.access_token_persistent { Lifetime::Forever } else { lifetime(self.access_token_duration)? };
        let details = self.authorization_details.map(|Object(details)| details.try_into_details()).transpose()?.flatten();
        let properties = self.properties.map(Properties::try_into_properties).transpose()?.unwrap_or_default();
        let ask = ClientTokenRequest {
            subject: parsed("subject", self.subject.as_deref())?,
            scopes: scopes(self.scopes.as_ref())?.unwrap_or_default(),
            audiences: resources(self.resources.as_ref())?,
            session: parsed("sessionId", self.session_id.as_deref())?,
            lifetime,
            refresh_lifetime: duration("refreshTokenDuration", self.refresh_token_duration)?,
            value: secret(self.access_token),
            refresh_value: secret(self.refresh_token),
            extra_claims: extra_claims(self.jwt_at_claims)?,
            may_act: self.may_act.map(|Object(permit)| permit.to_may_act()).transpose()?,
            ..ClientTokenRequest::new(Issuance { properties, details, ..issuance })
        };
        Ok(CreateTokenRequest { client, ask, identifier: self.client_identifier })
    }

    /// Returns the client that `clientId` names or, without it, `clientIdentifier`.
    fn client(&self) -> Result<ClientRef, Refusal> {
        if let Some(Number(id)) = self.client_id {
            let id = u64::try_from(id).ok().and_then(|id| ClientId::from_number(id).ok());
            return id.map(ClientRef::Id).ok_or_else(|| Refusal::invalid("clientId", "must be a client's number"));
        }
        required("clientId", parsed("clientIdentifier", self.client_identifier.as_deref())?)
    }

    fn issuance(&self) -> Result<Issuance, Refusal> {
        let grant = required("grantType", self.grant_type.as_deref())?;
        let grant = names::grant_of(grant).map_err(|rule| Refusal::invalid("grantType", rule.0))?;
        let flags = [self.client_id_alias_used, self.client_entity_id_used, self.metadata_document_used];
        if flags.into_iter().filter(|is_on| *is_on).count() > 1 {
            let rule = "must not stand beside clientEntityIdUsed or metadataDocumentUsed";
            return Err(Refusal::invalid("clientIdAliasUsed", rule));
        }
        if self.auth_time.is_some_and(|Number(seconds)| seconds < 0) {
            return Err(Refusal::invalid("authTime", "must not be negative"));
        }
        Ok(Issuance {
            grant,
            for_client: false,
            alias_used: self.client_id_alias_used,
            client_url: None,
            api_key: None,
            properties: Vec::new(),
            confirmation: Confirmation {
                certificate: parsed("certificateThumbprint", self.certificate_thumbprint.as_deref())?,
                dpop_key: parsed("dpopKeyThumbprint", self.dpop_key_thumbprint.as_deref())?,
            },
            details: None,
            acr: self.acr.clone(),
            auth_time: self.auth_time.map(|Number(seconds)| Timestamp::from_secs(seconds)),
            for_external_attachment: self.for_external_attachment,
            of_member: false,
            actors: Vec::new(),
            sign_in: None,
            platform: None,
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::domain::{GrantType, Property, Seconds};
    use crate::encoding::json;

    fn read(body: &Value) -> Result<CreateTokenRequest, Refusal> {
        json::read::<CreateToken>(body.to_string().as_bytes()).and_then(CreateToken::try_into_request)
    }

    fn with(more: &Value) -> Value {
        let mut body = json!({"grantType": "PASSWORD", "clientId": 5});
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        body
    }

    #[test]
    fn every_member_is_taken() {
        let thumbprint = "A".repeat(43);
        let CreateTokenRequest { client, ask, identifier } = read(&json!({
            "grantType": "AUTHORIZATION_CODE", "clientId": "26888344961664", "clientIdentifier": "my-client", "subject": "john",
            "scopes": ["a", "b"], "accessTokenDuration": 60, "refreshTokenDuration": 90,
            "properties": [{"key": "k", "value": "v", "hidden": true}], "clientIdAliasUsed": true, "accessToken": "at",
            "refreshToken": "rt", "certificateThumbprint": thumbprint, "dpopKeyThumbprint": thumbprint,
            "authorizationDetails": {"elements": [{"type": "t"}]}, "resources": ["https://a.example"],
            "forExternalAttachment": true, "jwtAtClaims": "{\"x\":1}", "acr": "silver", "authTime": 1_640_995_200, "sessionId": "s-1"
        }))
        .unwrap();
        assert_eq!(
            (client, identifier.as_deref()),
            (ClientRef::Id(ClientId::from_number(26_888_344_961_664).unwrap()), Some("my-client"))
        );
        let issuance = &ask.issuance;
        assert_eq!(
            (issuance.grant, issuance.alias_used, issuance.for_external_attachment),
            (GrantType::AuthorizationCode, true, true)
        );
        assert_eq!(issuance.properties, [Property { key: "k".into(), value: "v".into(), hidden: true }]);
        assert!(issuance.confirmation.certificate.is_some() && issuance.confirmation.dpop_key.is_some());
        assert_eq!(issuance.details.as_ref().map(crate::domain::AuthorizationDetails::as_json), Some(r#"[{"type":"t"}]"#));
        assert_eq!((issuance.acr.as_deref(), issuance.auth_time), (Some("silver"), Some(Timestamp::from_secs(1_640_995_200))));
        assert_eq!(ask.subject.as_ref().map(crate::domain::Subject::as_str), Some("john"));
        assert_eq!((ask.scopes.len(), ask.audiences.len(), ask.session.is_some()), (2, 1, true));
        assert_eq!((ask.lifetime, ask.refresh_lifetime), (Lifetime::For(Seconds(60)), Some(Seconds(90))));
        assert_eq!(ask.value.unwrap().expose(), "at");
        assert_eq!(ask.refresh_value.unwrap().expose(), "rt");
        assert_eq!(ask.extra_claims.unwrap().as_json(), r#"{"x":1}"#);
    }

    #[test]
    fn a_request_with_every_other_member_null_is_the_least_one() {
        let nothing: Value = [
            "subject",
            "scopes",
            "properties",
            "accessToken",
            "refreshToken",
            "certificateThumbprint",
            "acr",
            "dpopKeyThumbprint",
            "authorizationDetails",
            "resources",
            "jwtAtClaims",
            "sessionId",
            "clientIdentifier",
        ]
        .into_iter()
        .map(|name| (name.to_owned(), Value::Null))
        .collect();
        let mut body = with(&nothing);
        for (name, value) in [
            ("accessTokenDuration", json!(0)),
            ("refreshTokenDuration", json!(0)),
            ("authTime", json!(0)),
            ("accessTokenPersistent", json!(false)),
            ("clientIdAliasUsed", json!(false)),
            ("forExternalAttachment", json!(false)),
        ] {
            body[name] = value;
        }
        let ask = read(&body).unwrap().ask;
        assert_eq!((ask.lifetime, ask.refresh_lifetime), (Lifetime::Default, None));
        assert!(ask.subject.is_none() && ask.scopes.is_empty() && ask.value.is_none() && ask.issuance.auth_time.is_none());
    }

    #[test]
    fn the_member_that_is_wrong_is_named() {
        for (more, field) in [
            (json!({"grantType": null}), "grantType"),
            (json!({"grantType": "password"}), "grantType"),
            (json!({"clientId": 0}), "clientId"),
            (json!({"clientId": -1}), "clientId"),
            (json!({"clientId": 9_007_199_254_740_992_u64}), "clientId"),
            (json!({"clientId": 0, "clientIdentifier": "no such name"}), "clientIdentifier"),
            (json!({"scopes": ["a b"]}), "scopes[0]"),
            (json!({"scopes": vec!["a"; 101]}), "scopes"),
            (json!({"accessTokenDuration": 4_294_967_296_u64}), "accessTokenDuration"),
            (json!({"authTime": -1}), "authTime"),
            (json!({"certificateThumbprint": "x"}), "certificateThumbprint"),
            (json!({"dpopKeyThumbprint": "x"}), "dpopKeyThumbprint"),
            (json!({"jwtAtClaims": "[]"}), "jwtAtClaims"),
            (json!({"jwtAtClaims": "{\"a\":1,\"a\":2}"}), "jwtAtClaims"),
            (json!({"clientIdAliasUsed": true, "metadataDocumentUsed": true}), "clientIdAliasUsed"),
            (json!({"subject": "a\nb"}), "subject"),
        ] {
            let Err(Refusal::Invalid { field: named, .. }) = read(&with(&more)) else { panic!("{more} was taken") };
            assert_eq!(named, field, "{more}");
        }
    }

    #[test]
    fn a_persistent_token_needs_no_duration_and_a_negative_one_is_none() {
        assert_eq!(
            read(&with(&json!({"accessTokenPersistent": true, "accessTokenDuration": 5}))).unwrap().ask.lifetime,
            Lifetime::Forever
        );
        assert_eq!(read(&with(&json!({"accessTokenDuration": -5}))).unwrap().ask.lifetime, Lifetime::Default);
    }

    #[test]
    fn no_token_is_in_a_debug_text() {
        let body = with(&json!({"accessToken": "s3cret", "refreshToken": "s3cret"})).to_string();
        let request: CreateToken = json::read(body.as_bytes()).unwrap();
        assert!(!format!("{request:?}").contains("s3cret"));
        assert!(!format!("{:?}", request.try_into_request().unwrap()).contains("s3cret"));
    }
}
