//! The revocation of many tokens on the wire.

use serde::{Deserialize, Serialize};

use crate::api::agilicus::Rfc3339;
use crate::domain::{ClientRef, Refusal, SessionId, Subject, Timestamp};
use crate::encoding::{FromText, present};

/// The body of `POST /v1/orgs/{org}/revocations`: whose tokens are revoked. `subject`, `client_id`, both, or `session`.
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
}

impl NamedTarget {
    /// Returns the client that is named, if one is.
    pub fn client(&self) -> Option<&ClientRef> {
        match self {
            Self::Client(client, _) => Some(client),
            Self::Subject(_) | Self::Session(_) => None,
        }
    }
}

impl TryFrom<NewRevocation> for NamedTarget {
    type Error = Refusal;

    fn try_from(NewRevocation { subject, client_id, session }: NewRevocation) -> Result<Self, Refusal> {
        match (subject, client_id, session) {
            (Some(subject), None, None) => Ok(Self::Subject(subject.0)),
            (subject, Some(client), None) => Ok(Self::Client(client.0, subject.map(|subject| subject.0))),
            (None, None, Some(session)) => Ok(Self::Session(session.0)),
            (None, None, None) => Err(Refusal::invalid("subject", "is required, or client_id, or session")),
            (_, _, Some(_)) => Err(Refusal::invalid("session", "must be named alone: it ends for everybody who is in it")),
        }
    }
}

/// What holds after a revocation of many tokens.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct Revocation {
    /// Tokens of the target that were issued until then are dead, with their refresh tokens.
    revoked_before: Rfc3339,
}

impl Revocation {
    /// Shows a revocation of this moment.
    pub fn at(moment: Timestamp) -> Self {
        Self { revoked_before: Rfc3339(moment) }
    }
}
