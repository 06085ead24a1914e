//! `IDTokenReissueRequest` of Authlete's API.

use serde::Deserialize;

use super::authorization::{id_token_claims, id_token_header, is_audience_list, person};
use super::fields::{required, secret};
use crate::api::authlete::lenient::present;
use crate::domain::Refusal;
use crate::encoding::SecretText;
use crate::oauth::forwarded::id_token::Reissue;

/// What a client has got by a refresh, and what its new ID token shall say.
#[derive(Debug, Default, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema), schemars(rename = "IDTokenReissueRequest"))]
#[serde(rename_all = "camelCase", default)]
pub struct ReissueIdToken {
    #[serde(deserialize_with = "present")]
    #[cfg_attr(feature = "openapi", schemars(required))]
    access_token: Option<SecretText>,
    #[serde(deserialize_with = "present")]
    #[cfg_attr(feature = "openapi", schemars(required))]
    refresh_token: Option<SecretText>,
    #[serde(deserialize_with = "present")]
    sub: Option<String>,
    #[serde(deserialize_with = "present")]
    claims: Option<String>,
    #[serde(deserialize_with = "present")]
    idt_header_params: Option<String>,
    #[serde(deserialize_with = "present")]
    id_token_aud_type: Option<String>,
}

impl ReissueIdToken {
    /// Converts the body into words of the domain.
    ///
    /// # Errors
    /// [`Refusal::Invalid`], which names the first field that is missing or malformed.
    pub fn try_into_request(self) -> Result<Reissue, Refusal> {
        Ok(Reissue {
            access_token: required("accessToken", secret(self.access_token))?,
            refresh_token: required("refreshToken", secret(self.refresh_token))?,
            told_subject: person("sub", self.sub.as_deref())?,
            claims: id_token_claims(self.claims)?,
            header: id_token_header(self.idt_header_params)?,
            has_audience_list: is_audience_list(self.id_token_aud_type.as_deref())?,
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::encoding::json;

    fn read(body: &Value) -> Result<Reissue, Refusal> {
        json::read::<ReissueIdToken>(body.to_string().as_bytes()).and_then(ReissueIdToken::try_into_request)
    }

    #[test]
    fn every_member_is_taken_and_what_is_the_service_s_own_dropped() {
        let body = json!({
            "accessToken": "s3cret", "refreshToken": "s3cret", "sub": "pair", "claims": "{\"email\":\"a@b.example\",\"iss\":\"x\"}",
            "idtHeaderParams": "{\"x\":1,\"kid\":\"y\"}", "idTokenAudType": "string"
        });
        let asked = read(&body).unwrap();
        assert!(!format!("{asked:?}").contains("s3cret"));
        assert_eq!(asked.claims.unwrap().as_json(), r#"{"email":"a@b.example"}"#);
        assert_eq!(asked.header.unwrap().as_json(), r#"{"x":1}"#);
        assert_eq!((asked.told_subject.unwrap().as_str(), asked.has_audience_list), ("pair", Some(false)));
        for (bad, field) in [
            (json!({"refreshToken": "a"}), "accessToken"),
            (json!({"accessToken": "a", "refreshToken": ""}), "refreshToken"),
            (json!({"accessToken": "a", "refreshToken": "a", "claims": "[]"}), "claims"),
            (json!({"accessToken": "a", "refreshToken": "a", "idTokenAudType": "x"}), "idTokenAudType"),
        ] {
            let Err(Refusal::Invalid { field: named, .. }) = read(&bad) else { panic!("{bad}") };
            assert_eq!(named, field, "{bad}");
        }
    }
}
