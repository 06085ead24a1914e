//! Aliases: where the record of a token is whose value doesn't tell.

use super::{OrgId, Shard, Timestamp, TokenId};

/// Where an alias is: in the shard that its hash names.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct AliasKey {
    /// The org of the token.
    pub org: OrgId,
    /// SHA-256 of the token's value.
    pub hash: [u8; 32],
}

impl AliasKey {
    /// The shard that holds it.
    pub fn shard(&self) -> Shard {
        Shard::from_byte(self.hash[0])
    }
}

/// Says whose a value is. There is one for each value that the service didn't make of the id: chosen by a caller, or renewed.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Alias {
    /// The value's hash, under which the alias is found.
    pub key: AliasKey,
    /// Whose the value is.
    pub target: Aliased,
    /// From when on it may be forgotten: no token with this value can be alive. `None`: never.
    pub expires_at: Option<Timestamp>,
}

/// What has the value.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Aliased {
    /// The access token with this id.
    Token(TokenId),
    /// The refresh family with this id.
    Family(TokenId),
}
