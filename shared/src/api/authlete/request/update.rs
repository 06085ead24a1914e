//! `TokenUpdateRequest` of Authlete's API.

use serde::Deserialize;

use super::fields::{moment, parsed, required, scopes, secret};
use crate::api::authlete::details::AuthzDetails;
use crate::api::authlete::lenient::{Number, Words, flag, present};
use crate::api::authlete::property::Properties;
use crate::domain::{Refusal, TokenId};
use crate::encoding::{Object, SecretText};
use crate::tokens::lookup::TokenRef;
use crate::tokens::update::Update;

/// What shall change of which token, as it is sent.
#[derive(Debug, Default, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema), schemars(rename = "TokenUpdateRequest"))]
#[serde(rename_all = "camelCase", default)]
pub struct UpdateToken {
    #[serde(deserialize_with = "present")]
    access_token: Option<SecretText>,
    #[serde(deserialize_with = "present")]
    access_token_hash: Option<SecretText>,
    #[serde(deserialize_with = "present")]
    refresh_token: Option<SecretText>,
    #[serde(deserialize_with = "present")]
    refresh_token_hash: Option<SecretText>,
    #[serde(deserialize_with = "present")]
    token_id: Option<String>,
    #[serde(deserialize_with = "present")]
    access_token_expires_at: Option<Number>,
    #[serde(deserialize_with = "present")]
    refresh_token_expires_at: Option<Number>,
    #[serde(deserialize_with = "present")]
    scopes: Option<Words>,
    #[serde(deserialize_with = "present")]
    properties: Option<Properties>,
    #[serde(deserialize_with = "flag")]
    access_token_expires_at_updated_on_scope_update: bool,
    #[serde(deserialize_with = "flag")]
    refresh_token_expires_at_updated_on_scope_update: bool,
    #[serde(deserialize_with = "flag")]
    access_token_persistent: bool,
    #[serde(deserialize_with = "flag")]
    access_token_value_updated: bool,
    #[serde(deserialize_with = "present")]
    certificate_thumbprint: Option<String>,
    #[serde(deserialize_with = "present")]
    dpop_key_thumbprint: Option<String>,
    #[serde(deserialize_with = "present")]
    authorization_details: Option<Object<AuthzDetails>>,
    #[serde(deserialize_with = "flag")]
    for_external_attachment: bool,
}

impl UpdateToken {
    /// Returns which token to change, and how.
    ///
    /// # Errors
    /// [`Refusal::Invalid`], which names the first field that is missing or malformed.
    pub fn try_into_parts(self) -> Result<(TokenRef, Update), Refusal> {
        let update = Update {
            expires_at: moment(self.access_token_expires_at),
            refresh_expires_at: moment(self.refresh_token_expires_at),
            scopes: scopes(self.scopes.as_ref())?,
            end_follows_scopes: self.access_token_expires_at_updated_on_scope_update,
            refresh_end_follows_scopes: self.refresh_token_expires_at_updated_on_scope_update,
            properties: self.properties.map(Properties::try_into_properties).transpose()?,
            forever: self.access_token_persistent,
            new_value: self.access_token_value_updated,
            certificate: parsed("certificateThumbprint", self.certificate_thumbprint.as_deref())?,
            dpop_key: parsed("dpopKeyThumbprint", self.dpop_key_thumbprint.as_deref())?,
            details: self.authorization_details.map(|Object(details)| details.try_into_details()).transpose()?.flatten(),
            for_external_attachment: self.for_external_attachment,
        };
        let [access_hash, refresh_hash] =
            [self.access_token_hash, self.refresh_token_hash].map(|text| secret(text).map(TokenRef::Identifier));
        let access = secret(self.access_token).map(TokenRef::Access).or(access_hash);
        let token = match access.or(secret(self.refresh_token).map(TokenRef::Refresh)).or(refresh_hash) {
            Some(token) => Some(token),
            None => parsed::<TokenId>("tokenId", self.token_id.as_deref())?.map(TokenRef::Id),
        };
        Ok((required("accessToken", token)?, update))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::domain::Timestamp;
    use crate::encoding::json;

    fn read(body: &Value) -> Result<(TokenRef, Update), Refusal> {
        json::read::<UpdateToken>(body.to_string().as_bytes()).and_then(UpdateToken::try_into_parts)
    }

    #[test]
    fn which_token_is_said_in_five_ways_of_which_the_first_counts() {
        let id = "0".repeat(32);
        let all =
            [("accessToken", "a"), ("accessTokenHash", "b"), ("refreshToken", "c"), ("refreshTokenHash", "d"), ("tokenId", &id)];
        for n in 0..all.len() {
            let body: Value = all[n..].iter().map(|(name, value)| ((*name).to_owned(), json!(value))).collect();
            let found = match (n, read(&body).unwrap().0) {
                (0, TokenRef::Access(text)) | (2, TokenRef::Refresh(text)) | (1 | 3, TokenRef::Identifier(text)) => {
                    text.expose().clone()
                }
                (4, TokenRef::Id(id)) => id.to_string(),
                (n, other) => panic!("{n}: {other:?}"),
            };
            assert_eq!(found, all[n].1);
        }
        assert_eq!(read(&json!({})).err(), Some(Refusal::invalid("accessToken", "is required")));
        assert!(read(&json!({"tokenId": "x"})).is_err());
    }

    #[test]
    fn what_is_null_zero_or_false_stays_as_it_is() {
        let (_, update) = read(&json!({
            "accessToken": "a", "accessTokenExpiresAt": 0, "refreshTokenExpiresAt": -1, "scopes": null, "properties": null,
            "accessTokenPersistent": false, "certificateThumbprint": null, "authorizationDetails": null
        }))
        .unwrap();
        assert!(update.expires_at.is_none() && update.refresh_expires_at.is_none() && update.scopes.is_none());
        assert!(update.properties.is_none() && !update.forever && update.details.is_none() && update.certificate.is_none());
    }

    #[test]
    fn an_empty_list_replaces_and_times_are_milliseconds() {
        let (_, update) =
            read(&json!({"accessToken": "a", "scopes": [], "properties": [], "accessTokenExpiresAt": 1_642_048_148_973_i64}))
                .unwrap();
        assert_eq!((update.scopes, update.properties), (Some(Vec::new()), Some(Vec::new())));
        assert_eq!(update.expires_at, Some(Timestamp::from_ms(1_642_048_148_973)));
    }
}
