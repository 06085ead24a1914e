//! `TokenIssueRequest` and `TokenFailRequest`: contract `authlete` sections 5.3 and 5.4.

use serde::Deserialize;

use super::fields::{duration, extra_claims, lifetime, parsed, required, secret};
use crate::domain::{Refusal, Secret};
use crate::issue::TicketIssue;
use crate::wire::TokenText;
use crate::wire::authlete::lenient::{Number, given};
use crate::wire::authlete::property::Properties;

/// What the authorization server says of a user who has proved who it is.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct IssueToken {
    #[serde(deserialize_with = "given")]
    ticket: Option<TokenText>,
    #[serde(deserialize_with = "given")]
    subject: Option<String>,
    #[serde(deserialize_with = "given")]
    properties: Option<Properties>,
    #[serde(deserialize_with = "given")]
    jwt_at_claims: Option<String>,
    #[serde(deserialize_with = "given")]
    access_token: Option<TokenText>,
    #[serde(deserialize_with = "given")]
    access_token_duration: Option<Number>,
    #[serde(deserialize_with = "given")]
    refresh_token_duration: Option<Number>,
}

impl IssueToken {
    /// The ticket, and the word in words of the domain.
    pub fn take(self) -> Result<(Secret<String>, TicketIssue), Refusal> {
        let ticket = required("ticket", secret(self.ticket))?;
        let word = TicketIssue {
            subject: required("subject", parsed("subject", self.subject.as_deref())?)?,
            properties: self.properties.map(Properties::take).transpose()?.unwrap_or_default(),
            extra_claims: extra_claims(self.jwt_at_claims)?,
            value: secret(self.access_token),
            lifetime: lifetime(self.access_token_duration)?,
            refresh_lifetime: duration("refreshTokenDuration", self.refresh_token_duration)?,
        };
        Ok((ticket, word))
    }
}

/// Why the authorization server gives a ticket back.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct FailToken {
    #[serde(deserialize_with = "given")]
    ticket: Option<TokenText>,
    #[serde(deserialize_with = "given")]
    reason: Option<String>,
}

/// `reason`
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[expect(missing_docs, reason = "the names are the contract's")]
pub enum FailReason {
    Unknown,
    InvalidResourceOwnerCredentials,
    InvalidTarget,
    InvalidClient,
    UnauthorizedClient,
    InvalidScope,
}

impl FailToken {
    /// The ticket, and the reason.
    pub fn take(self) -> Result<(Secret<String>, FailReason), Refusal> {
        let ticket = required("ticket", secret(self.ticket))?;
        let reason = match required("reason", self.reason.as_deref())? {
            "UNKNOWN" => FailReason::Unknown,
            "INVALID_RESOURCE_OWNER_CREDENTIALS" => FailReason::InvalidResourceOwnerCredentials,
            "INVALID_TARGET" => FailReason::InvalidTarget,
            "INVALID_CLIENT" => FailReason::InvalidClient,
            "UNAUTHORIZED_CLIENT" => FailReason::UnauthorizedClient,
            "INVALID_SCOPE" => FailReason::InvalidScope,
            _ => return Err(Refusal::invalid("reason", "must be the name of a reason")),
        };
        Ok((ticket, reason))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::domain::Seconds;
    use crate::policy::Lifetime;
    use crate::wire::json;

    fn read<T: serde::de::DeserializeOwned>(body: &Value) -> T {
        json::read(body.to_string().as_bytes()).unwrap()
    }

    #[test]
    fn all_seven_members_of_an_issue_are_taken() {
        let request: IssueToken = read(&json!({
            "ticket": "t1cket", "subject": "john", "properties": [{"key": "k", "value": "v"}], "jwtAtClaims": "{}",
            "accessToken": "s3cret", "accessTokenDuration": 60, "refreshTokenDuration": 90
        }));
        assert!(!format!("{request:?}").contains("t1cket") && !format!("{request:?}").contains("s3cret"));
        let (ticket, word) = request.take().unwrap();
        assert_eq!((ticket.expose().as_str(), word.subject.as_str()), ("t1cket", "john"));
        assert_eq!((word.properties.len(), word.extra_claims.is_some(), word.value.is_some()), (1, true, true));
        assert_eq!((word.lifetime, word.refresh_lifetime), (Lifetime::For(Seconds(60)), Some(Seconds(90))));
    }

    #[test]
    fn ticket_and_subject_or_reason_are_required() {
        let missing = |field| Some(Refusal::invalid(field, "is required"));
        assert_eq!(read::<IssueToken>(&json!({"subject": "a"})).take().err(), missing("ticket"));
        assert_eq!(read::<IssueToken>(&json!({"ticket": "a", "subject": ""})).take().err(), missing("subject"));
        assert_eq!(read::<FailToken>(&json!({"reason": "UNKNOWN"})).take().err(), missing("ticket"));
        assert_eq!(read::<FailToken>(&json!({"ticket": "a"})).take().err(), missing("reason"));
        assert!(read::<FailToken>(&json!({"ticket": "a", "reason": "BORED"})).take().is_err());
        assert_eq!(
            read::<FailToken>(&json!({"ticket": "a", "reason": "INVALID_SCOPE"})).take().unwrap().1,
            FailReason::InvalidScope
        );
    }
}
