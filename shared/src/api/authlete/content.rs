//! `responseContent`: what an authorization server sends on to its OAuth client as it is.

use std::collections::BTreeMap;

use serde::Serialize;

use super::result::ApiResult;
use crate::domain::{Fault, Issuer, Org, Property, Scope, Seconds, Secret};
use crate::encoding::ExposedSecret;

/// What an extra property can't take the place of.
const RESERVED: &[&str] = &[
    "access_token",
    "token_type",
    "expires_in",
    "refresh_token",
    "scope",
    "error",
    "error_description",
    "error_uri",
    "id_token",
];

/// A token response: RFC 6749 section 5.1.
#[derive(Debug, Serialize)]
pub struct TokenContent<'a> {
    /// What the client presents.
    pub access_token: ExposedSecret<'a>,
    /// How it presents it.
    pub token_type: &'static str,
    /// For how long. `None`: for ever.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires_in: Option<u32>,
    /// Its scopes, blanks between. Always there, be it `null`.
    pub scope: Option<String>,
    /// What it gets the next one with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refresh_token: Option<ExposedSecret<'a>>,
    /// What it is told of the person.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id_token: Option<ExposedSecret<'a>>,
    /// What the authorization server attached for the client to see.
    #[serde(flatten)]
    pub properties: BTreeMap<&'a str, &'a str>,
}

impl<'a> TokenContent<'a> {
    /// Makes the content for a token with these scopes and properties.
    pub fn new(
        (access_token, token_type): (&'a Secret<String>, &'static str),
        expires_in: Option<Seconds>,
        scopes: &[Scope],
        refresh_token: Option<&'a Secret<String>>,
        properties: &'a [Property],
    ) -> Self {
        Self {
            access_token: ExposedSecret(access_token),
            token_type,
            expires_in: expires_in.map(|length| length.0),
            scope: (!scopes.is_empty()).then(|| scope(scopes)),
            refresh_token: refresh_token.map(ExposedSecret),
            id_token: None,
            properties: visible(properties).collect(),
        }
    }

    /// Returns the content as the text that the caller sends on.
    ///
    /// # Errors
    /// A [`Fault`] if the answer can't be written.
    pub fn text(&self) -> Result<String, Fault> {
        serde_json::to_string(self).map_err(|error| Fault::internal("writing a token response").because(error))
    }
}

/// Scopes as OAuth has them: RFC 6749 section 3.3.
pub fn scope(scopes: &[Scope]) -> String {
    scopes.iter().map(Scope::as_str).collect::<Vec<_>>().join(" ")
}

/// The properties that an OAuth client and a resource server may see, and that hide nothing of the protocol's.
pub fn visible(properties: &[Property]) -> impl Iterator<Item = (&str, &str)> {
    let shown = properties.iter().filter(|property| !property.hidden && !RESERVED.contains(&property.key.as_str()));
    shown.map(|property| (property.key.as_str(), property.value.as_str()))
}

/// How errors are explained to the OAuth clients of an org.
#[derive(Clone, Debug)]
pub struct ErrorStyle {
    describes: bool,
    /// What begins an `error_uri`.
    pages: Option<String>,
}

impl ErrorStyle {
    /// Returns the style that the org's settings ask for. The issuer has a page for each code.
    pub fn for_org(org: &Org, issuer: &Issuer) -> Self {
        let settings = &org.settings.oauth;
        let pages = || format!("{}/errors/", issuer.as_str().trim_end_matches('/'));
        Self { describes: !settings.error_description_omitted, pages: (!settings.error_uri_omitted).then(pages) }
    }

    /// Returns the `error_description`, unless the org suppresses it.
    pub fn description(&self, result: &ApiResult) -> Option<String> {
        self.describes.then(|| result.message().to_owned())
    }

    /// Returns the `error_uri`, unless the org suppresses it.
    pub fn uri(&self, result: &ApiResult) -> Option<String> {
        self.pages.as_ref().map(|pages| format!("{pages}{}", result.code()))
    }
}

/// An error response: RFC 6749 section 5.2.
///
/// # Errors
/// A [`Fault`] if the answer can't be written.
pub fn error(error: &'static str, result: &ApiResult, style: &ErrorStyle) -> Result<String, Fault> {
    ToldError { error, error_description: style.description(result), error_uri: style.uri(result) }.into_text()
}

/// What an error response says.
#[derive(Debug, Serialize)]
pub struct ToldError {
    /// The error of an RFC.
    pub error: &'static str,
    /// What the developer of the client reads.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error_description: Option<String>,
    /// Where they can read more.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error_uri: Option<String>,
}

impl ToldError {
    /// Returns the text of the response.
    ///
    /// # Errors
    /// A [`Fault`] if it can't be written.
    pub fn into_text(self) -> Result<String, Fault> {
        serde_json::to_string(&self).map_err(|error| Fault::internal("writing an error response").because(error))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::result::ResultCode;
    use super::*;
    use crate::domain::{OrgId, Timestamp};

    fn org() -> Org {
        Org::new(OrgId::parse("1").unwrap(), Timestamp::from_ms(0))
    }

    fn read(text: &str) -> Value {
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn content_is_the_text_of_a_token_response() {
        let token = Secret::new("at".to_owned());
        let property = |key: &str, hidden| Property { key: key.into(), value: "v".into(), hidden };
        let properties = ["scope", "id_token", "error", "shown"].map(|key| property(key, false));
        let properties: Vec<_> = properties.into_iter().chain([property("kept", true)]).collect();
        let scopes = ["a", "b"].map(|scope| Scope::parse(scope).unwrap());
        let content = TokenContent::new((&token, "Bearer"), Some(Seconds(60)), &scopes, Some(&token), &properties);
        let expected = json!({
            "access_token": "at", "token_type": "Bearer", "expires_in": 60, "scope": "a b", "refresh_token": "at", "shown": "v"
        });
        assert_eq!(read(&content.text().unwrap()), expected);
        let least = TokenContent::new((&token, "DPoP"), None, &[], None, &[]);
        assert_eq!(read(&least.text().unwrap()), json!({"access_token": "at", "token_type": "DPoP", "scope": null}));
    }

    #[test]
    fn an_org_decides_how_much_an_error_says() {
        let mut org = org();
        let issuer = Issuer::parse("https://a.example/x/").unwrap();
        let result = ApiResult::new(ResultCode::FAIL_CREDENTIALS, "No.");
        let told = |org: &Org| read(&error("invalid_request", &result, &ErrorStyle::for_org(org, &issuer)).unwrap());
        let uri = "https://a.example/x/errors/A067301";
        let expected = json!({"error": "invalid_request", "error_description": "[A067301] No.", "error_uri": uri});
        assert_eq!(told(&org), expected);
        org.settings.oauth.error_uri_omitted = true;
        assert_eq!(told(&org), json!({"error": "invalid_request", "error_description": "[A067301] No."}));
        org.settings.oauth.error_description_omitted = true;
        assert_eq!(told(&org), json!({"error": "invalid_request"}));
    }
}
