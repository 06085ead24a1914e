//! Logouts: what a client asks for when a person leaves it, until the login application has seen to it (OpenID Connect RP-Initiated
//! Logout 1.0).

use std::fmt;
use std::str::FromStr;

use strum::VariantArray;

use super::{ClientId, Invalid, OrgId, Seconds, SessionId, Subject, Timestamp, TokenId};

/// Where a logout is. As text it is `<org>.<id>`: that is the id by which a login application knows it.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct LogoutKey {
    /// The org whose login application sees to it.
    pub org: OrgId,
    /// The id of the logout, unique in its org.
    pub id: TokenId,
}

impl fmt::Display for LogoutKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.org, self.id)
    }
}

impl FromStr for LogoutKey {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        const RULE: Invalid = Invalid("must be the id of a logout");
        let (org, id) = text.split_once('.').ok_or(RULE)?;
        Ok(Self { org: OrgId::parse(org).map_err(|_| RULE)?, id: TokenId::parse(id).map_err(|_| RULE)? })
    }
}

/// A request to log a person out, which waits for the login application.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Logout {
    /// The id of the logout, unique in its org.
    pub id: TokenId,
    /// The org whose login application sees to it.
    pub org: OrgId,
    /// The client that asks, as far as the request tells.
    pub client: Option<LogoutClient>,
    /// Whom the `id_token_hint` is about. `None`: anybody can have made the request, so the person must be asked.
    pub hint: Option<LogoutHint>,
    /// Where the person goes after that: a registered URI, letter by letter.
    pub post_logout_redirect_uri: Option<String>,
    /// The client's `state`, returned to the letter.
    pub state: Option<String>,
    /// The `logout_hint`, for the login application.
    pub logout_hint: Option<String>,
    /// The words of `ui_locales`, for the login application.
    pub ui_locales: Vec<String>,
    /// When the client asked.
    pub created_at: Timestamp,
    /// Good as long as `now < expires_at`.
    pub expires_at: Timestamp,
    /// Which write has completed it.
    pub completed_by: Option<TokenId>,
}

impl Logout {
    /// How long the login application may take.
    pub const LIFETIME: Seconds = Seconds(1_800);

    /// Returns the key under which the logout is stored.
    pub fn key(&self) -> LogoutKey {
        LogoutKey { org: self.org.clone(), id: self.id }
    }

    /// Says whether the logout is over: `now >= expires_at`. A store may hold the record for days after that.
    pub fn is_over(&self, now: Timestamp) -> bool {
        self.expires_at <= now
    }
}

/// The client that asks for a logout.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct LogoutClient {
    /// The number of the client.
    pub id: ClientId,
    /// The client as it named itself.
    pub name: String,
}

/// Whom an ID token is about, as far as it matters to a logout.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct LogoutHint {
    /// The person, `sub` of the ID token.
    pub subject: Subject,
    /// The session of the login application, `sid` of the ID token. `None`: the ID token names none.
    pub session: Option<SessionId>,
}

/// Why a login application can't do what it asks for with a logout.
#[derive(Clone, Copy, Debug, Eq, PartialEq, VariantArray)]
pub enum LogoutProblem {
    /// There is none of this id in the org: unknown, another org's, or forgotten.
    NotFound,
    /// Its time is over.
    Expired,
    /// It has been completed.
    Completed,
}

impl LogoutProblem {
    /// All problems, in the order in which they are looked for.
    pub const ALL: &[Self] = Self::VARIANTS;

    /// Returns its code, as answers have it.
    pub const fn code(self) -> &'static str {
        match self {
            Self::NotFound => "LOGOUT_NOT_FOUND",
            Self::Expired => "LOGOUT_EXPIRED",
            Self::Completed => "LOGOUT_COMPLETED",
        }
    }

    /// What is wrong, and what a login application does then.
    pub const fn describe(self) -> &'static str {
        match self {
            Self::NotFound => "There is no such logout in this org. Ask the person to start again in the app.",
            Self::Expired => "The logout is over. Ask the person to start again in the app.",
            Self::Completed => "The logout has been completed. The person can close the page.",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_id_of_a_logout_names_its_org() {
        let id = TokenId::first_of(Timestamp::from_secs(1_800_000_000));
        let key = LogoutKey { org: OrgId::parse("my-org_1").unwrap(), id };
        assert_eq!(key.to_string().parse(), Ok(key));
        let id = id.to_string();
        for bad in ["", ".", "1", "1.", &id, &format!(".{id}"), &format!("1.{id}."), &format!("1.{id}0"), &format!("a b.{id}")] {
            assert!(bad.parse::<LogoutKey>().is_err(), "{bad}");
        }
    }
}
