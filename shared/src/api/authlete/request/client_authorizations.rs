//! `ClientAuthorizationGetListRequest`, `ClientAuthorizationUpdateRequest`, `ClientAuthorizationDeleteRequest` and the requests about granted
//! scopes, of Authlete's API.

use serde::Deserialize;

use super::fields::{parsed, required, scopes};
use crate::api::authlete::lenient::{Number, Words, present};
use crate::domain::{Client, Refusal, Scope, Subject};
use crate::encoding::form::Parameters;

/// Which page of the clients that a person has let in is wanted.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct AuthorizedClientsPage {
    /// The person who has let the clients in.
    pub subject: Subject,
    /// Only clients of this developer.
    pub developer: Option<String>,
    /// The index of the first row, from 0.
    pub start: usize,
    /// The index after the last row.
    pub end: usize,
}

impl AuthorizedClientsPage {
    /// Reads which rows are wanted. 0 is left out: Authlete's SDKs send that.
    fn new(subject: Subject, developer: Option<String>, (start, end): (usize, usize)) -> Result<Self, Refusal> {
        const DEFAULT_ROWS: usize = 5;
        const MAX_ROWS: usize = 1_000;
        let end = if end == 0 { start.saturating_add(DEFAULT_ROWS) } else { end };
        if end < start || end - start > MAX_ROWS {
            return Err(Refusal::invalid("end", "must be from start to start + 1000"));
        }
        Ok(Self { subject, developer, start, end })
    }

    /// Whether a client is asked for.
    pub fn wants(&self, client: &Client) -> bool {
        self.developer.is_none() || crate::api::authlete::client::developer(client) == self.developer.as_deref()
    }
}

/// The query of the list.
#[derive(Debug)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct ListClientAuthorizations {
    /// The parameter `subject`, which the path has, too.
    #[cfg_attr(feature = "openapi", schemars(with = "Option<crate::encoding::FromText<Subject>>"))]
    pub subject: Option<Subject>,
    /// The parameter `developer`: only clients of this developer.
    developer: Option<String>,
    /// The parameter `start`: index of the first row, from 0.
    start: usize,
    /// The parameter `end`: index after the last row.
    end: usize,
}

/// No index is further than this.
const FURTHEST: usize = 1 << 31;

impl TryFrom<Parameters> for ListClientAuthorizations {
    type Error = Refusal;

    fn try_from(mut query: Parameters) -> Result<Self, Refusal> {
        let start = query.number("start", 0..=FURTHEST)?.unwrap_or_default();
        let end = query.number("end", 0..=FURTHEST)?.unwrap_or_default();
        Ok(Self { subject: query.parse("subject")?, developer: query.remove("developer")?, start, end })
    }
}

impl ListClientAuthorizations {
    /// Converts the query into words of the use case.
    ///
    /// # Errors
    /// [`Refusal::Invalid`] if the rows can't be these.
    pub fn try_into_page(self, subject: Subject) -> Result<AuthorizedClientsPage, Refusal> {
        AuthorizedClientsPage::new(subject, self.developer, (self.start, self.end))
    }
}

/// The same as a body.
#[derive(Debug, Default, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema), schemars(rename = "ClientAuthorizationGetListRequest"))]
#[serde(default)]
pub struct PostedClientAuthorizations {
    #[serde(deserialize_with = "present")]
    #[cfg_attr(feature = "openapi", schemars(required))]
    subject: Option<String>,
    #[serde(deserialize_with = "present")]
    developer: Option<String>,
    #[serde(deserialize_with = "present")]
    start: Option<Number>,
    #[serde(deserialize_with = "present")]
    end: Option<Number>,
}

impl PostedClientAuthorizations {
    /// Converts the body into words of the use case.
    ///
    /// # Errors
    /// [`Refusal::Invalid`], which names the first field that is missing or malformed.
    pub fn try_into_page(self) -> Result<AuthorizedClientsPage, Refusal> {
        let index = |field, number: Option<Number>| match number {
            None => Ok(0),
            Some(Number(number)) => usize::try_from(number)
                .ok()
                .filter(|number| *number <= FURTHEST)
                .ok_or_else(|| Refusal::invalid(field, "must be an integer from 0 to 2147483648")),
        };
        let rows = (index("start", self.start)?, index("end", self.end)?);
        AuthorizedClientsPage::new(person(self.subject.as_deref())?, self.developer, rows)
    }
}

fn person(text: Option<&str>) -> Result<Subject, Refusal> {
    required("subject", parsed("subject", text)?)
}

/// Which scopes all tokens of a client for a person shall have.
#[derive(Debug, Default, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema), schemars(rename = "ClientAuthorizationUpdateRequest"))]
#[serde(default)]
pub struct UpdateClientAuthorization {
    #[serde(deserialize_with = "present")]
    #[cfg_attr(feature = "openapi", schemars(required))]
    subject: Option<String>,
    #[serde(deserialize_with = "present")]
    scopes: Option<Words>,
}

impl UpdateClientAuthorization {
    /// Returns the person, and the scopes. `None`: the tokens keep theirs.
    ///
    /// # Errors
    /// [`Refusal::Invalid`], which names the first field that is missing or malformed.
    pub fn try_into_parts(self) -> Result<(Subject, Option<Vec<Scope>>), Refusal> {
        Ok((person(self.subject.as_deref())?, scopes(self.scopes.as_ref())?))
    }
}

/// A person, whom a call about a client is about.
#[derive(Debug, Default, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema), schemars(rename = "ClientAuthorizationOfSubjectRequest"))]
#[serde(default)]
pub struct PostedSubject {
    #[serde(deserialize_with = "present")]
    #[cfg_attr(feature = "openapi", schemars(required))]
    subject: Option<String>,
}

impl PostedSubject {
    /// Returns the person whom the call is about.
    ///
    /// # Errors
    /// [`Refusal::Invalid`] if there is none, or it can't be one.
    pub fn try_into_subject(self) -> Result<Subject, Refusal> {
        person(self.subject.as_deref())
    }
}

/// The query of calls about a client and a person, whom the path has, too.
#[derive(Debug)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct SubjectQuery {
    /// The parameter `subject`, which the path has, too.
    #[cfg_attr(feature = "openapi", schemars(with = "Option<crate::encoding::FromText<Subject>>"))]
    pub subject: Option<Subject>,
}

impl TryFrom<Parameters> for SubjectQuery {
    type Error = Refusal;

    fn try_from(mut query: Parameters) -> Result<Self, Refusal> {
        Ok(Self { subject: query.parse("subject")? })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::encoding::json;

    fn posted(body: &Value) -> Result<(usize, usize), Refusal> {
        let body = json::read::<PostedClientAuthorizations>(body.to_string().as_bytes()).unwrap();
        body.try_into_page().map(|page| (page.start, page.end))
    }

    fn asked(query: &str) -> Result<(usize, usize), Refusal> {
        let query = Parameters::read(query).and_then(ListClientAuthorizations::try_from)?;
        query.try_into_page(Subject::parse("ann").unwrap()).map(|page| (page.start, page.end))
    }

    #[test]
    fn a_page_is_five_unless_it_says_otherwise() {
        for (start, end, rows) in
            [(None, None, (0, 5)), (Some(0), Some(0), (0, 5)), (Some(3), None, (3, 8)), (None, Some(9), (0, 9))]
        {
            assert_eq!(posted(&json!({"subject": "ann", "start": start, "end": end})), Ok(rows));
            let text = |name: &str, number: Option<usize>| number.map(|number| format!("{name}={number}&")).unwrap_or_default();
            assert_eq!(asked(&format!("{}{}", text("start", start), text("end", end))), Ok(rows));
        }
        for bad in [json!({"start": 5, "end": 4}), json!({"end": 1_001}), json!({"start": -1}), json!({"end": 1_u64 << 32})] {
            let mut body = bad.clone();
            body["subject"] = json!("ann");
            assert!(posted(&body).is_err(), "{bad}");
        }
        for bad in ["start=5&end=4", "end=1001", "start=-1", "start=x", "subject=a&subject=b"] {
            assert!(asked(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_person_must_be_named() {
        let missing = Err(Refusal::invalid("subject", "is required"));
        assert_eq!(posted(&json!({"subject": null, "start": 0, "end": 0})), missing.clone());
        assert_eq!(PostedSubject::default().try_into_subject().map(|_| (0, 0)), missing.clone());
        assert_eq!(UpdateClientAuthorization::default().try_into_parts().map(|_| (0, 0)), missing);
    }
}
