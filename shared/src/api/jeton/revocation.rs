//! The revocation of many tokens on the wire.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::api::agilicus::Rfc3339;
use crate::domain::{ClientRef, Invalid, OrgId, Refusal, SessionId, Subject, Timestamp, TokenId, TokenKey};
use crate::encoding::{FromText, present};
use crate::tokens::revoke_made::{MadeByBearer, MadeRevocation};

/// The body of `POST /v1/orgs/{org}/revocations`: whose tokens are revoked. `subject`, `client_id`, both, `session`, or `created_by`.
#[derive(Clone, Debug, Default, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct NewRevocation {
    /// All tokens of this member or end user; together with `client_id`, those that the client has for it.
    #[serde(default, deserialize_with = "present")]
    subject: Option<FromText<Subject>>,
    /// All tokens that were issued to this client, which is named by its number or its alias.
    #[serde(default, deserialize_with = "present")]
    client_id: Option<FromText<ClientRef>>,
    /// All tokens of this session, which was begun in the org.
    #[serde(default, deserialize_with = "present")]
    session: Option<FromText<SessionId>>,
    /// The `jti` of a token of the org: this token, and all that its bearer had made by it in the org and in those below.
    #[serde(default, deserialize_with = "present")]
    created_by: Option<FromText<TokenId>>,
    /// With `created_by`: the `next` of the answer before.
    #[serde(default, deserialize_with = "present")]
    after: Option<FromText<RevocationCursor>>,
}

/// Whose tokens a request names.
#[derive(Clone, Debug)]
pub enum NamedTarget {
    /// Those of a subject.
    Subject(Subject),
    /// Those of a client; with a subject, those that it has for it.
    Client(ClientRef, Option<Subject>),
    /// Those of a session.
    Session(SessionId),
    /// What the bearer of a token had made, and that token.
    MadeByBearer(MadeByBearer),
}

impl NamedTarget {
    /// Returns the client that is named, if one is.
    pub fn client(&self) -> Option<&ClientRef> {
        match self {
            Self::Client(client, _) => Some(client),
            Self::Subject(_) | Self::Session(_) | Self::MadeByBearer(_) => None,
        }
    }
}

impl TryFrom<NewRevocation> for NamedTarget {
    type Error = Refusal;

    fn try_from(NewRevocation { subject, client_id, session, created_by, after }: NewRevocation) -> Result<Self, Refusal> {
        if after.is_some() && created_by.is_none() {
            return Err(Refusal::invalid("after", "goes with created_by alone: all else is revoked at once"));
        }
        match (subject, client_id, session, created_by) {
            (Some(subject), None, None, None) => Ok(Self::Subject(subject.0)),
            (subject, Some(client), None, None) => Ok(Self::Client(client.0, subject.map(|subject| subject.0))),
            (None, None, Some(session), None) => Ok(Self::Session(session.0)),
            (None, None, None, Some(creator)) => {
                Ok(Self::MadeByBearer(MadeByBearer { creator: creator.0, after: after.map(|after| after.0.0) }))
            }
            (None, None, None, None) => Err(Refusal::invalid("subject", "is required, or client_id, session or created_by")),
            (_, _, _, Some(_)) => Err(Refusal::invalid("created_by", "must be named alone: it ends all that the token made")),
            (_, _, Some(_), None) => Err(Refusal::invalid("session", "must be named alone: it ends for everybody who is in it")),
        }
    }
}

/// Where a revocation goes on, as text: the org and the id of the last token that was looked at.
#[derive(Clone, Debug)]
pub(in crate::api) struct RevocationCursor(TokenKey);

impl FromStr for RevocationCursor {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        const RULE: Invalid = Invalid("must be the next of the answer before");
        let (org, id) = text.split_once('.').ok_or(RULE)?;
        Ok(Self(TokenKey { org: OrgId::parse(org).map_err(|_| RULE)?, id: TokenId::parse(id).map_err(|_| RULE)? }))
    }
}

impl fmt::Display for RevocationCursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.0.org, self.0.id)
    }
}

/// What holds after a revocation of many tokens.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct Revocation {
    /// Tokens of the target that were issued until then are dead, with their refresh tokens.
    revoked_before: Rfc3339,
    /// The time was up: send the same again with this as `after`, until an answer has none. Only with `created_by`.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<FromText<RevocationCursor>>,
}

impl Revocation {
    /// Shows a revocation of this moment.
    pub fn at(moment: Timestamp) -> Self {
        Self { revoked_before: Rfc3339(moment), next: None }
    }

    /// Shows how far a revocation of what a bearer had made has come.
    pub fn from_made(MadeRevocation { at, next }: MadeRevocation) -> Self {
        Self { next: next.map(|key| FromText(RevocationCursor(key))), ..Self::at(at) }
    }
}
