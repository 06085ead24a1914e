//! Lists by which verifiers without a connection learn of revocations: Token Status List (draft-ietf-oauth-status-list).

use std::fmt;

use data_encoding::BASE32_DNSSEC;

use super::{Invalid, Issuer, OrgId, Seconds, Timestamp};

/// Names a list, in its URI and in the tokens that refer to it: 128 bits that tell neither its org nor how many tokens that has.
///
/// As text 26 characters of base32hex in lower case, which is one segment of a path.
#[derive(Clone, Copy, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct StatusListId([u8; 16]);

impl StatusListId {
    /// Where the lists are, behind the issuer.
    pub const PATH: &str = "/status/";
    const TEXT_LEN: usize = 26;

    /// Makes an id of these bytes.
    pub fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// Parses the text form. There is exactly one text for each id.
    ///
    /// # Errors
    /// [`Invalid`] if the text isn't the one text of an id.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        const RULE: Invalid = Invalid("must be 26 characters of 0-9 and a-v");
        if text.len() != Self::TEXT_LEN || text.bytes().any(|b| b.is_ascii_uppercase()) {
            return Err(RULE);
        }
        let mut bytes = [0; 16];
        BASE32_DNSSEC.decode_mut(text.as_bytes(), &mut bytes).map_err(|_| RULE)?;
        Ok(Self(bytes))
    }

    /// Returns the URI at which this issuer publishes the list.
    pub fn uri(&self, issuer: &Issuer) -> String {
        format!("{}{}{self}", issuer.as_str().trim_end_matches('/'), Self::PATH)
    }

    /// Returns the list that this issuer publishes at a URI. `None`: it publishes none there.
    pub fn from_uri(uri: &str, issuer: &Issuer) -> Option<Self> {
        let id = uri.strip_prefix(issuer.as_str().trim_end_matches('/'))?.strip_prefix(Self::PATH)?;
        Self::parse(id).ok()
    }
}

impl std::str::FromStr for StatusListId {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        Self::parse(text)
    }
}

impl fmt::Display for StatusListId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(BASE32_DNSSEC.encode_mut_str(&self.0, &mut [0; Self::TEXT_LEN]))
    }
}

impl fmt::Debug for StatusListId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Where the status of one token is: the claim `status_list` of section 6.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct StatusIndex {
    /// The list that its bit is in.
    pub list: StatusListId,
    /// The place in the list, below [`StatusList::TOKENS`]. No other token ever has it.
    pub index: u32,
}

/// A list as it is published, and what makes its next version.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct StatusList {
    /// The name of the list.
    pub id: StatusListId,
    /// The org whose tokens it is for.
    pub org: OrgId,
    /// 1 for the first version. Each replaces the one before.
    pub version: u64,
    /// The bits of its tokens, compressed as section 4 has it: those of tokens that are revoked are set. One that was set stays so.
    pub bits: Vec<u8>,
    /// The signed list, which is what is published: a JWT as section 5.1 has it.
    pub jwt: String,
    /// When the signed list ends.
    pub expires_at: Timestamp,
}

impl StatusList {
    /// How many tokens one list has room for: 2^17, whose bits are 16 KiB.
    pub const TOKENS: u32 = 1 << 17;
    /// For how many seconds a verifier may use a list before it must look for a newer one: the claim `ttl`.
    pub const TTL: Seconds = Seconds(30);
    /// How long a signed list is good. Each is signed anew every hour, so that one that isn't tells of an outage.
    pub const LIFETIME: Seconds = Seconds(3 * 3_600);
}

/// What is known of an org whose tokens are in lists.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct StatusOrg {
    /// The org whose tokens these are.
    pub org: OrgId,
    /// 256 random bits, drawn with the first index. The names of the lists and the order of the indices follow from them.
    pub secret: [u8; 32],
    /// How many indices have been leased. They fill one list after the other.
    pub leased: u64,
    /// How many of its lists have been published, the first ones.
    pub published: u64,
    /// Whether any of its tokens was made from another, and dies with that.
    pub has_derived: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_has_one_spelling_and_is_found_by_its_uri() {
        let id = StatusListId::from_bytes([0xa5; 16]);
        let text = id.to_string();
        assert_eq!((text.len(), StatusListId::parse(&text)), (26, Ok(id)));
        for bad in ["", "0", &text.to_uppercase(), &text[1..], &format!("{text}0"), &format!("{}1", &text[..25])] {
            assert!(StatusListId::parse(bad).is_err(), "{bad}");
        }
        for issuer in ["https://a.example", "https://a.example/", "https://a.example/x"] {
            let issuer = Issuer::parse(issuer).unwrap();
            let uri = id.uri(&issuer);
            assert_eq!(StatusListId::from_uri(&uri, &issuer), Some(id), "{uri}");
            assert_eq!(StatusListId::from_uri(&format!("{uri}/"), &issuer), None);
        }
        let other = Issuer::parse("https://b.example").unwrap();
        assert_eq!(StatusListId::from_uri(&id.uri(&Issuer::parse("https://a.example").unwrap()), &other), None);
    }
}
