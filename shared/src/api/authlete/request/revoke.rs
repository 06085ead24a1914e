//! `TokenRevokeRequest`, the query of the list, and `RevocationRequest`, of Authlete's API.

use serde::Deserialize;

use super::fields::{parsed, required, secret};
use crate::api::authlete::lenient::present;
use crate::auth::client::{ClientCredentials, FormCredentials};
use crate::domain::{ClientRef, Denial, Refusal, Secret, Subject};
#[cfg(feature = "openapi")]
use crate::encoding::FromText;
use crate::encoding::SecretText;
use crate::encoding::form::Parameters;
use crate::tokens::lookup::{Hint, TokenRef};

/// What to revoke, as it is sent.
#[derive(Debug, Default, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema), schemars(rename = "TokenRevokeRequest"))]
#[serde(rename_all = "camelCase", default)]
pub struct RevokeToken {
    #[serde(deserialize_with = "present")]
    access_token_identifier: Option<SecretText>,
    #[serde(deserialize_with = "present")]
    refresh_token_identifier: Option<SecretText>,
    #[serde(deserialize_with = "present")]
    client_identifier: Option<String>,
    #[serde(deserialize_with = "present")]
    subject: Option<String>,
}

/// Which tokens a call revokes.
#[derive(Debug)]
pub enum Revoked {
    /// One token, with what belongs to it.
    Token(TokenRef, Hint),
    /// All that a client has, or what it has for one subject. `None`: a client that can't be.
    OfClient(Option<ClientRef>, Option<Subject>),
    /// All that stands for a subject.
    OfSubject(Subject),
}

impl RevokeToken {
    /// Converts the body into words of the domain. Of several fields the first that is given counts.
    ///
    /// # Errors
    /// [`Refusal::Invalid`] if it names neither a token, a client nor a subject, or a malformed subject.
    pub fn try_into_request(self) -> Result<Revoked, Refusal> {
        let token = |text: SecretText, hint| Revoked::Token(TokenRef::Identifier(text.0), hint);
        let subject = || parsed("subject", self.subject.as_deref());
        match (self.access_token_identifier, self.refresh_token_identifier, &self.client_identifier) {
            (Some(text), _, _) => Ok(token(text, Hint::AccessToken)),
            (None, Some(text), _) => Ok(token(text, Hint::RefreshToken)),
            (None, None, Some(client)) => Ok(Revoked::OfClient(client.parse().ok(), subject()?)),
            (None, None, None) => Ok(Revoked::OfSubject(required("accessTokenIdentifier", subject()?)?)),
        }
    }
}

/// The query of the list.
#[derive(Debug)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema), schemars(rename_all = "camelCase"))]
pub struct ListTokens {
    /// The parameter `clientIdentifier`: only tokens of this client.
    #[cfg_attr(feature = "openapi", schemars(rename = "clientIdentifier", with = "Option<FromText<ClientRef>>"))]
    pub client: Option<ClientRef>,
    /// The parameter `subject`: only tokens of this subject.
    #[cfg_attr(feature = "openapi", schemars(with = "Option<FromText<Subject>>"))]
    pub subject: Option<Subject>,
    /// `tokenStatus`: whether they are valid. `None`: either.
    #[cfg_attr(feature = "openapi", schemars(rename = "tokenStatus", with = "Option<String>", extend("enum" = ["ALL", "VALID", "INVALID"])))]
    pub valid: Option<bool>,
    /// The parameter `start`: index of the first row, from 0.
    pub start: usize,
    /// The parameter `end`: index after the last row.
    pub end: usize,
}

/// How many tokens one answer lists.
const MAX_PAGE_ROWS: usize = 1_000;

impl TryFrom<Parameters> for ListTokens {
    type Error = Refusal;

    fn try_from(mut query: Parameters) -> Result<Self, Refusal> {
        let valid = match query.remove("tokenStatus")?.as_deref() {
            None | Some("ALL") => None,
            Some("VALID") => Some(true),
            Some("INVALID") => Some(false),
            Some(_) => return Err(Refusal::invalid("tokenStatus", "must be ALL, VALID or INVALID")),
        };
        let (start, end) = range(&mut query, MAX_PAGE_ROWS)?;
        Ok(Self { client: query.parse("clientIdentifier")?, subject: query.parse("subject")?, valid, start, end })
    }
}

/// Reads `start` and `end`, by default 0 and 5.
///
/// # Errors
/// [`Refusal::Invalid`] if one is no number, or if the range is reversed or longer than `longest`.
pub fn range(query: &mut Parameters, longest: usize) -> Result<(usize, usize), Refusal> {
    const FURTHEST: usize = 1 << 31;
    let start = query.number("start", 0..=FURTHEST)?;
    let end = query.number("end", 0..=FURTHEST)?;
    let (start, end) = match (start, end) {
        (None, None) => (0, 5),
        (Some(start), None) => (start, start + 5),
        (start, Some(end)) => (start.unwrap_or(0), end),
    };
    if end < start || end - start > longest {
        return Err(Refusal::invalid("end", format!("must be from start to start + {longest}")));
    }
    Ok((start, end))
}

/// What a client of the authorization server sent to its revocation endpoint (RFC 7009), as that passes it on.
#[derive(Debug, Default, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema), schemars(rename = "RevocationRequest"))]
#[serde(rename_all = "camelCase", default)]
pub struct Revocation {
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

/// What is in it.
#[derive(Debug)]
pub struct RevokeParameters {
    /// The token to revoke. `None`: the request has none.
    pub token: Option<Secret<String>>,
    /// What it is said to be.
    pub hint: Hint,
    /// The credentials of the client that asks for the revocation.
    pub credentials: ClientCredentials,
    /// The JavaScript function that the answer shall call: RFC 7009 section 2.3.
    pub callback: Option<String>,
}

impl Revocation {
    /// Reads the form. Whatever is wrong with the form is the client's fault.
    ///
    /// # Errors
    /// [`Refusal::Invalid`] if there are no parameters. [`Denial::RequestMalformed`] if they are malformed (RFC 7009 section
    /// 2.1).
    pub fn try_into_parameters(self) -> Result<RevokeParameters, Refusal> {
        let parameters = required("parameters", self.parameters)?;
        let mut form = client_form(parameters.0.expose())?;
        let mut take = |name| form.remove(name).map_err(|_| Refusal::Denied(Denial::RequestMalformed));
        let token = take("token")?.map(Secret::new);
        let hint = hint(take("token_type_hint")?.as_deref());
        let callback = take("callback")?;
        if callback.as_deref().is_some_and(|callback| !is_function(callback)) {
            return Err(Denial::RequestMalformed.into());
        }
        let form = FormCredentials {
            id: take("client_id")?,
            secret: take("client_secret")?.map(Secret::new),
            assertion_type: take("client_assertion_type")?,
            assertion: take("client_assertion")?.map(Secret::new),
        };
        let Self { client_id: id, client_secret, client_certificate: certificate, .. } = self;
        let secret = secret(client_secret);
        let credentials = ClientCredentials { id, secret, form, certificate, ..ClientCredentials::default() };
        Ok(RevokeParameters { token, hint, credentials, callback })
    }
}

/// Whether it is the name of a JavaScript function, and can be nothing else.
fn is_function(name: &str) -> bool {
    let known = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'$');
    (1..=100).contains(&name.len()) && name.bytes().all(known)
}

/// A form that a client has sent to an authorization server.
pub(super) fn client_form(parameters: &str) -> Result<Parameters, Refusal> {
    Parameters::read_up_to(parameters.len(), parameters).map_err(|_| Denial::RequestMalformed.into())
}

/// `token_type_hint`: what it doesn't know, RFC 7009 section 2.2.1 lets a server ignore.
pub(super) fn hint(text: Option<&str>) -> Hint {
    if text == Some("refresh_token") { Hint::RefreshToken } else { Hint::AccessToken }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::encoding::json;

    fn revoke(body: &Value) -> Result<Revoked, Refusal> {
        json::read::<RevokeToken>(body.to_string().as_bytes()).and_then(RevokeToken::try_into_request)
    }

    fn list(query: &str) -> Result<ListTokens, Refusal> {
        Parameters::read(query).and_then(ListTokens::try_from)
    }

    fn revocation(body: &Value) -> Result<RevokeParameters, Refusal> {
        json::read::<Revocation>(body.to_string().as_bytes()).and_then(Revocation::try_into_parameters)
    }

    #[test]
    fn what_is_said_first_is_revoked() {
        let all = json!({"accessTokenIdentifier": "a", "refreshTokenIdentifier": "b", "clientIdentifier": "5", "subject": "ann"});
        let mut body = all.clone();
        assert!(matches!(revoke(&body), Ok(Revoked::Token(TokenRef::Identifier(_), Hint::AccessToken))));
        body["accessTokenIdentifier"] = Value::Null;
        assert!(matches!(revoke(&body), Ok(Revoked::Token(TokenRef::Identifier(_), Hint::RefreshToken))));
        body["refreshTokenIdentifier"] = Value::Null;
        assert!(matches!(revoke(&body), Ok(Revoked::OfClient(Some(ClientRef::Id(_)), Some(_)))));
        body["subject"] = Value::Null;
        assert!(matches!(revoke(&body), Ok(Revoked::OfClient(Some(_), None))));
        body["clientIdentifier"] = json!("no such name");
        assert!(matches!(revoke(&body), Ok(Revoked::OfClient(None, None))));
        assert!(matches!(revoke(&json!({"subject": "ann"})), Ok(Revoked::OfSubject(_))));
        assert_eq!(revoke(&json!({})).unwrap_err(), Refusal::invalid("accessTokenIdentifier", "is required"));
    }

    #[test]
    fn the_list_takes_a_status() {
        for (query, valid) in
            [("", None), ("tokenStatus=ALL", None), ("tokenStatus=VALID", Some(true)), ("tokenStatus=INVALID", Some(false))]
        {
            assert_eq!(list(query).unwrap().valid, valid, "{query}");
        }
        assert!(list("tokenStatus=valid").is_err());
    }

    #[test]
    fn a_page_is_five_unless_it_says_otherwise() {
        for (query, range) in
            [("", (0, 5)), ("start=3", (3, 8)), ("end=9", (0, 9)), ("start=2&end=2", (2, 2)), ("start=&end=", (0, 5))]
        {
            let list = list(query).unwrap();
            assert_eq!((list.start, list.end), range, "{query}");
        }
        for bad in ["start=-1", "start=5&end=4", "end=1001", "start=x", "end=1.5", "start=1&start=2"] {
            assert!(list(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_revocation_is_what_the_client_has_sent() {
        let taken = revocation(&json!({"parameters": "token=t0ken&token_type_hint=refresh_token&callback=f", "clientId": "5",
            "clientSecret": "s3cret", "clientCertificate": "PEM"}))
        .unwrap();
        assert_eq!(taken.token.as_ref().map(|token| token.expose().as_str()), Some("t0ken"));
        assert_eq!((taken.hint, taken.callback.as_deref()), (Hint::RefreshToken, Some("f")));
        let ClientCredentials { id, secret, form, certificate, .. } = &taken.credentials;
        assert_eq!((id.as_deref(), certificate.as_deref(), secret.is_some()), (Some("5"), Some("PEM"), true));
        assert!(form.id.is_none() && form.secret.is_none());
        assert!(!format!("{taken:?}").contains("s3cret") && !format!("{taken:?}").contains("t0ken"));

        let form = revocation(
            &json!({"parameters": "token=a&token_type_hint=pigeon&client_id=5&client_secret=b&client_assertion=c&client_assertion_type=d"}),
        );
        let RevokeParameters { hint, credentials, .. } = form.unwrap();
        assert_eq!(
            (hint, credentials.form.id.as_deref(), credentials.form.assertion_type.as_deref()),
            (Hint::AccessToken, Some("5"), Some("d"))
        );
        assert!(credentials.form.secret.is_some() && credentials.form.assertion.is_some() && credentials.id.is_none());
    }

    #[test]
    fn a_broken_form_is_the_client_s_fault_and_none_is_the_caller_s() {
        for bad in ["token=%zz", "token=a&token=b", "token=a&callback=alert(1)//"] {
            assert_eq!(revocation(&json!({"parameters": bad})).unwrap_err(), Refusal::Denied(Denial::RequestMalformed), "{bad}");
        }
        assert_eq!(revocation(&json!({})).unwrap_err(), Refusal::invalid("parameters", "is required"));
    }
}
