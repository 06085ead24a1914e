//! Names of things. Each is parsed once, at the edge, into a type that can't be wrong.

use std::fmt;
use std::sync::Arc;

use data_encoding::BASE32_DNSSEC;

use super::{Fault, Timestamp};
use crate::domain::Entropy;

/// Why a text is no such name: a rule to show to whoever sent it.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{0}")]
pub struct Invalid(pub &'static str);

// A name is shared, not copied: one request hands each of its names on dozens of times.
macro_rules! name {
    ($(#[$doc:meta])* $name:ident, $accepts:expr, $rule:literal) => {
        $(#[$doc])*
        #[derive(Clone, Eq, Hash, Ord, PartialEq, PartialOrd)]
        pub struct $name(Arc<str>);

        impl $name {
            /// Parses the name, or says what it must be.
            ///
            /// # Errors
            /// [`Invalid`] with the rule that the text breaks.
            pub fn parse(text: &str) -> Result<Self, Invalid> {
                let accepts: fn(&str) -> bool = $accepts;
                if accepts(text) { Ok(Self(text.into())) } else { Err(Invalid($rule)) }
            }

            /// The name as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{:?}", &*self.0)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl std::str::FromStr for $name {
            type Err = Invalid;

            fn from_str(text: &str) -> Result<Self, Invalid> {
                Self::parse(text)
            }
        }
    };
}

name! {
    /// An org: 1 to 64 of `A-Z a-z 0-9 _ -`. All digits where Authlete's SDKs shall be used (it is their `serviceId`).
    OrgId,
    |text| (1..=64).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-'),
    "must be 1 to 64 of A-Z, a-z, 0-9, _ and -"
}

name! {
    /// The `sub` of a member or a client within its org: 1 to 255 bytes without control characters.
    Subject,
    |text| is_plain(text, 255),
    "must be 1 to 255 bytes without control characters"
}

name! {
    /// A session that chains tokens: 1 to 128 bytes without control characters.
    SessionId,
    |text| is_plain(text, 128),
    "must be 1 to 128 bytes without control characters"
}

name! {
    /// What people call a token, so that they know it again: 1 to 100 characters without control characters.
    Label,
    |text| (1..=100).contains(&text.chars().count()) && !text.chars().any(char::is_control),
    "must be 1 to 100 characters without control characters"
}

name! {
    /// A recipient of tokens, RFC 7519 section 4.1.3: 1 to 255 bytes without control characters.
    Audience,
    |text| is_plain(text, 255),
    "must be 1 to 255 bytes without control characters"
}

name! {
    /// An application in which a role is held: 1 to 255 bytes without control characters.
    App,
    |text| is_plain(text, 255),
    "must be 1 to 255 bytes without control characters"
}

name! {
    /// A role in an application: 1 to 255 bytes without control characters.
    Role,
    |text| is_plain(text, 255),
    "must be 1 to 255 bytes without control characters"
}

name! {
    /// The `iss` of our tokens: an http or https URL without query and fragment (RFC 8414 section 2), compared as a string.
    Issuer,
    |text| (text.starts_with("https://") || text.starts_with("http://"))
        && is_plain(text, 255)
        && !text.contains(['?', '#', ' ']),
    "must be an http or https URL without query and fragment"
}

name! {
    /// The URI of a type of events (RFC 8417 section 2.2): 1 to 255 bytes without control characters.
    EventUri,
    |text| is_plain(text, 255),
    "must be 1 to 255 bytes without control characters"
}

name! {
    /// The address at which clients present their certificates (RFC 8705 section 5): an http or https URL without query and fragment.
    MtlsUrl,
    |text| Issuer::parse(text).is_ok(),
    "must be an http or https URL without query and fragment"
}

impl Issuer {
    /// Says whether the service is on a loopback address of this very machine, without TLS: to try things out.
    pub fn is_on_loopback(&self) -> bool {
        let url = url::Url::parse(self.as_str()).ok();
        let host = url.as_ref().filter(|url| url.scheme() == "http").and_then(url::Url::host);
        host.is_some_and(|host| match host {
            url::Host::Ipv4(address) => address.is_loopback(),
            url::Host::Ipv6(address) => address.is_loopback(),
            url::Host::Domain(name) => name == "localhost",
        })
    }
}

fn is_plain(text: &str, longest: usize) -> bool {
    (1..=longest).contains(&text.len()) && !text.chars().any(char::is_control)
}

/// An OAuth client: a number below 2^53, so that JavaScript can hold it.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct ClientId(u64);

impl ClientId {
    /// The highest number that a client can have.
    pub const MAX: Self = Self((1 << 53) - 1);

    /// Makes the id of a number, which must be 1 to 2^53 - 1.
    ///
    /// # Errors
    /// [`Invalid`] if the number is out of range.
    pub fn from_number(number: u64) -> Result<Self, Invalid> {
        if (1..1 << 53).contains(&number) { Ok(Self(number)) } else { Err(Invalid("must be a number from 1 to 2^53 - 1")) }
    }

    /// Returns the client's number, below 2^53.
    pub fn as_number(self) -> u64 {
        self.0
    }
}

impl fmt::Display for ClientId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// One of the 16 parts over which the tokens of an org are spread.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Shard(u8);

impl Shard {
    /// How many there are.
    pub const COUNT: u8 = 16;

    /// Iterates over all shards, in order.
    pub fn all() -> impl Iterator<Item = Self> {
        (0..Self::COUNT).map(Self)
    }

    /// The one that a byte of a hash falls into.
    pub fn from_byte(byte: u8) -> Self {
        Self(byte % Self::COUNT)
    }

    /// The shard of this digit, as it is displayed.
    pub fn parse(text: &str) -> Option<Self> {
        Self::all().find(|shard| shard.to_string() == text)
    }

    /// Returns the number of the shard, 0 to 15.
    pub fn number(self) -> u8 {
        self.0
    }
}

impl fmt::Display for Shard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:x}", self.0)
    }
}

/// Id of a token (its `jti`) or of a refresh family: 48 bits of milliseconds, 4 bits of shard, 108 random bits.
///
/// As text 32 characters of base32hex in lower case, which sort as the ids do. The shard and the age can be read from it,
/// so a record is found from its id without a look-up.
#[derive(Clone, Copy, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct TokenId([u8; 20]);

impl TokenId {
    /// How many characters its text has.
    pub const TEXT_LEN: usize = 32;

    /// Draws a new id of this moment, in `shard` or in one by chance.
    ///
    /// # Errors
    /// A [`Fault`] if there is no randomness.
    pub fn generate(now: Timestamp, shard: Option<Shard>, entropy: &dyn Entropy) -> Result<Self, Fault> {
        let mut bytes = [0; 20];
        entropy.fill(&mut bytes[6..])?;
        let ms = now.as_ms().to_be_bytes();
        bytes[..6].copy_from_slice(&ms[2..]);
        if let Some(Shard(number)) = shard {
            bytes[6] = number << 4 | bytes[6] & 0x0f;
        }
        Ok(Self(bytes))
    }

    /// Makes the id of what happened at a moment, from a hash by which it is told from all else: the same each time.
    pub fn from_hash(moment: Timestamp, hash: &[u8; 32]) -> Self {
        let mut id = Self::first_of(moment);
        id.0[6..].copy_from_slice(&hash[..14]);
        id
    }

    /// The smallest id of a moment: where a range of ids by time begins.
    pub fn first_of(moment: Timestamp) -> Self {
        let mut bytes = [0; 20];
        let ms = moment.as_ms().clamp(0, (1 << 48) - 1).to_be_bytes();
        bytes[..6].copy_from_slice(&ms[2..]);
        Self(bytes)
    }

    /// Returns the moment at which the id was drawn, to the millisecond.
    pub fn drawn_at(&self) -> Timestamp {
        let mut ms = [0; 8];
        ms[2..].copy_from_slice(&self.0[..6]);
        Timestamp::from_ms(i64::from_be_bytes(ms))
    }

    /// Parses the text form. There is exactly one text for each id.
    ///
    /// # Errors
    /// [`Invalid`] if the text isn't the one text of an id.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        const RULE: Invalid = Invalid("must be 32 characters of 0-9 and a-v");
        // The decoder would take capitals, too.
        if text.len() != Self::TEXT_LEN || text.bytes().any(|b| b.is_ascii_uppercase()) {
            return Err(RULE);
        }
        let mut bytes = [0; 20];
        BASE32_DNSSEC.decode_mut(text.as_bytes(), &mut bytes).map_err(|_| RULE)?;
        Ok(Self(bytes))
    }

    /// The shard that holds the record.
    pub fn shard(&self) -> Shard {
        Shard(self.0[6] >> 4)
    }

    /// The bytes of the id, which sort as the text does.
    pub fn as_bytes(&self) -> &[u8; 20] {
        &self.0
    }

    /// Makes an id of the bytes that [`TokenId::as_bytes`] returned.
    pub fn from_bytes(bytes: [u8; 20]) -> Self {
        Self(bytes)
    }
}

impl Subject {
    /// Whether a client can have a token about it: Authlete takes ASCII alone.
    pub fn is_of_client(&self) -> bool {
        self.as_str().is_ascii()
    }
}

impl std::str::FromStr for TokenId {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        Self::parse(text)
    }
}

impl fmt::Display for TokenId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(BASE32_DNSSEC.encode_mut_str(&self.0, &mut [0; Self::TEXT_LEN]))
    }
}

impl fmt::Debug for TokenId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Seeded;

    #[test]
    fn an_id_survives_its_text_and_sorts_by_time() {
        let entropy = Seeded::new(7);
        let early = TokenId::generate(Timestamp::from_ms(1_800_000_000_000), None, &entropy).unwrap();
        let late = TokenId::generate(Timestamp::from_ms(1_800_000_000_001), None, &entropy).unwrap();
        assert_eq!(TokenId::parse(&early.to_string()).unwrap(), early);
        assert!(early < late && early.to_string() < late.to_string());
        assert!(TokenId::first_of(Timestamp::from_ms(1_800_000_000_001)) <= late);
        assert!(TokenId::first_of(Timestamp::from_ms(1_800_000_000_001)) > early);
    }

    #[test]
    fn an_id_of_a_hash_is_the_same_each_time() {
        let moment = Timestamp::from_ms(1_800_000_000_000);
        let id = TokenId::from_hash(moment, &[7; 32]);
        assert_eq!((id, id.drawn_at()), (TokenId::from_hash(moment, &[7; 32]), moment));
        assert_ne!(id, TokenId::from_hash(moment, &[8; 32]));
    }

    #[test]
    fn the_shard_is_in_the_id() {
        let entropy = Seeded::new(7);
        for shard in Shard::all() {
            let id = TokenId::generate(Timestamp::from_ms(1), Some(shard), &entropy).unwrap();
            assert_eq!(TokenId::parse(&id.to_string()).unwrap().shard(), shard);
        }
    }

    #[test]
    fn an_id_has_one_spelling() {
        for bad in [
            "",
            "0",
            "ABCDEFGHABCDEFGHABCDEFGHABCDEFGH",
            "0123456789abcdefghijklmnopqrstuV",
            "wwwwwwwwwwwwwwwwwwwwwwwwwwwwwwww",
            "0123456789abcdefghijklmnopqrstu",
            "0123456789abcdefghijklmnopqrstuv0",
            "0123456789abcdefghijklmnopqrstu=",
            "0123456789abcdef ghijklmnopqrstu",
        ] {
            assert!(TokenId::parse(bad).is_err(), "{bad}");
        }
        assert_eq!(TokenId::parse("0123456789abcdefghijklmnopqrstuv").unwrap().to_string(), "0123456789abcdefghijklmnopqrstuv");
    }

    #[test]
    fn names_keep_to_their_rules() {
        assert!(OrgId::parse("4817_a-B").is_ok());
        assert!(OrgId::parse("a#b").is_err() && OrgId::parse("").is_err() && OrgId::parse(&"x".repeat(65)).is_err());
        assert!(Subject::parse("ann@example.org").is_ok() && Subject::parse("a\nb").is_err());
        assert!(Issuer::parse("https://a.example/x").is_ok() && Issuer::parse("https://a.example/?q").is_err());
        assert!(ClientId::from_number(1 << 53).is_err() && ClientId::from_number(0).is_err());
    }
}
