//! `may_act` as requests write it, in whatever dialect: RFC 8693 section 4.4.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::domain::{ClientId, Invalid, MayAct, Refusal, Subject};
use crate::encoding::{FromText, present};

/// Who may act for the subject of a token. An empty object: nobody.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema), schemars(rename = "MayAct"))]
// A misspelled name would let another one act.
#[serde(deny_unknown_fields)]
pub(super) struct MayActBody {
    /// The `sub` of whoever may act: a person's, or the number of a client.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    sub: Option<FromText<Subject>>,
    /// The number of the client whose token the actor must have, as a text. Left out: it may be any client's.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    client_id: Option<FromText<ClientNumber>>,
}

impl MayActBody {
    /// Converts the body into words of the domain.
    ///
    /// # Errors
    /// [`Refusal::Invalid`] if there is a client and no subject.
    pub(super) fn to_may_act(&self) -> Result<MayAct, Refusal> {
        if self.sub.is_none() && self.client_id.is_some() {
            return Err(Refusal::invalid("may_act.sub", "is required with client_id: the sub of whoever may act"));
        }
        let (subject, client) = (self.sub.as_ref(), self.client_id.as_ref());
        Ok(MayAct { subject: subject.map(|sub| sub.0.clone()), client: client.map(|client| client.0.0) })
    }
}

/// The number of a client as a text, as `client_id` is in tokens.
#[derive(Clone, Copy, Debug)]
struct ClientNumber(ClientId);

impl FromStr for ClientNumber {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        const RULE: Invalid = Invalid("must be the number of a client, as a text");
        let number = text.parse().ok().filter(|_| text.bytes().all(|b| b.is_ascii_digit())).ok_or(RULE)?;
        ClientId::from_number(number).map(Self).map_err(|_| RULE)
    }
}

impl fmt::Display for ClientNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(feature = "openapi")]
impl crate::encoding::TextSchema for ClientNumber {
    fn text_schema() -> schemars::Schema {
        schemars::json_schema!({"type": "string", "pattern": "^[0-9]{1,16}$"})
    }
}
