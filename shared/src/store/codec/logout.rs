//! Logouts.
//!
//! | name | logout | client | hint |
//! |---|---|---|---|
//! | `c` | client | number | |
//! | `h` | hint | | |
//! | `i` | created at, ms | | |
//! | `l` | logout hint | | |
//! | `n` | | as it named itself | |
//! | `o` | org | | |
//! | `s` | state | | subject |
//! | `u` | post-logout redirect URI | | |
//! | `ul` | locales | | |
//! | `x` | | | session |

use serde::{Deserialize, Serialize};

use super::coded;
use super::{decode, encode, placeholder_id, placeholder_time};
use crate::domain::{
    ClientId, Fault, Logout, LogoutClient, LogoutHint, LogoutKey, OrgId, SessionId, Subject, Timestamp, TokenId,
};

/// What of a logout is beside its body.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct LogoutState {
    /// When the logout ends, [`Logout::expires_at`].
    pub expires_at: Timestamp,
    /// Which write has completed it, [`Logout::completed_by`].
    pub completed_by: Option<TokenId>,
}

/// Encodes the body of a logout: all of it but `id` and its [`LogoutState`].
///
/// # Errors
/// A [`Fault`] if the body can't be written as JSON.
pub fn encode_logout(logout: &Logout) -> Result<String, Fault> {
    encode(|to| LogoutBody::serialize(logout, to))
}

/// Decodes the logout of this body.
///
/// # Errors
/// A [`Fault`] if the body isn't what [`encode_logout`] writes.
pub fn decode_logout(key: &LogoutKey, body: &[u8], state: LogoutState) -> Result<Logout, Fault> {
    let logout = decode(body, |from| LogoutBody::deserialize(from))
        .map_err(|e| Fault::internal("decoding the record of a logout").because(e))?;
    if logout.org != key.org {
        return Err(Fault::internal("decoding the record of a logout: it is another org's"));
    }
    let LogoutState { expires_at, completed_by } = state;
    Ok(Logout { id: key.id, expires_at, completed_by, ..logout })
}

/// Whether keeping `new` where `there` is changes nothing: it may have been completed since.
pub fn is_same_logout(there: &Logout, new: &Logout) -> bool {
    Logout { completed_by: new.completed_by, ..there.clone() } == *new
}

coded::records!(LogoutClient as LogoutClientBody, LogoutHint as LogoutHintBody);

#[derive(Deserialize, Serialize)]
#[serde(remote = "Logout")]
struct LogoutBody {
    #[serde(skip, default = "placeholder_id")]
    id: TokenId,
    #[serde(rename = "o", with = "coded")]
    org: OrgId,
    #[serde(rename = "c", with = "coded", default, skip_serializing_if = "Option::is_none")]
    client: Option<LogoutClient>,
    #[serde(rename = "h", with = "coded", default, skip_serializing_if = "Option::is_none")]
    hint: Option<LogoutHint>,
    #[serde(rename = "u", default, skip_serializing_if = "Option::is_none")]
    post_logout_redirect_uri: Option<String>,
    #[serde(rename = "s", default, skip_serializing_if = "Option::is_none")]
    state: Option<String>,
    #[serde(rename = "l", default, skip_serializing_if = "Option::is_none")]
    logout_hint: Option<String>,
    #[serde(rename = "ul", default, skip_serializing_if = "Vec::is_empty")]
    ui_locales: Vec<String>,
    #[serde(rename = "i", with = "coded")]
    created_at: Timestamp,
    #[serde(skip, default = "placeholder_time")]
    expires_at: Timestamp,
    #[serde(skip)]
    completed_by: Option<TokenId>,
}

#[derive(Deserialize, Serialize)]
#[serde(remote = "LogoutClient")]
struct LogoutClientBody {
    #[serde(rename = "c", with = "coded")]
    id: ClientId,
    #[serde(rename = "n")]
    name: String,
}

#[derive(Deserialize, Serialize)]
#[serde(remote = "LogoutHint")]
struct LogoutHintBody {
    #[serde(rename = "s", with = "coded")]
    subject: Subject,
    #[serde(rename = "x", with = "coded", default, skip_serializing_if = "Option::is_none")]
    session: Option<SessionId>,
}
