//! Token Status List (draft-ietf-oauth-status-list): the bits of a list, where the status of a token stands in it, and what is signed.

use std::io::{Read as _, Write as _};

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use flate2::Compression;
use flate2::read::ZlibDecoder;
use flate2::write::ZlibEncoder;
use serde::Serialize;

use crate::domain::{Fault, Issuer, StatusIndex, StatusList, StatusListId, Timestamp};

/// The `typ` in the header of a signed list: section 5.1.
pub const TYPE: &str = "statuslist+jwt";

/// The bits of a list, one for each token: 1 if it is revoked. The first token has the lowest bit of the first byte (section 4).
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct StatusBits(Vec<u8>);

impl StatusBits {
    /// The bits of a list of which no token is revoked.
    pub fn none_set() -> Self {
        Self(vec![0; BYTES])
    }

    /// Reads what [`to_zlib`](Self::to_zlib) wrote.
    ///
    /// # Errors
    /// A [`Fault`] if it isn't that.
    pub fn from_zlib(compressed: &[u8]) -> Result<Self, Fault> {
        let broken = || Fault::internal("reading the bits of a status list");
        let mut bytes = Vec::with_capacity(BYTES);
        let longest = u64::try_from(BYTES).map_err(|e| broken().because(e))? + 1;
        ZlibDecoder::new(compressed).take(longest).read_to_end(&mut bytes).map_err(|e| broken().because(e))?;
        if bytes.len() == BYTES { Ok(Self(bytes)) } else { Err(broken().because("they are too few or too many")) }
    }

    /// Compresses the bits: DEFLATE in the format of zlib, at the highest level (section 4.1).
    ///
    /// # Errors
    /// A [`Fault`] if there is no memory for them.
    pub fn to_zlib(&self) -> Result<Vec<u8>, Fault> {
        compressed(&self.0).map_err(|e| Fault::internal("compressing the bits of a status list").because(e))
    }

    /// Sets the bit of a token. Returns whether that makes a difference: the bit is there and wasn't set before.
    pub fn set(&mut self, index: u32) -> bool {
        let Some(byte) = usize::try_from(index / 8).ok().and_then(|at| self.0.get_mut(at)) else { return false };
        let bit = 1 << (index % 8);
        let is_new = *byte & bit == 0;
        *byte |= bit;
        is_new
    }

    /// Says whether the bit of a token is set.
    pub fn is_set(&self, index: u32) -> bool {
        let byte = usize::try_from(index / 8).ok().and_then(|at| self.0.get(at));
        byte.is_some_and(|byte| byte & (1 << (index % 8)) != 0)
    }
}

const BYTES: usize = (StatusList::TOKENS / 8) as usize;

fn compressed(bytes: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes)?;
    encoder.finish()
}

/// Returns the name of the list of this number in an org with this secret: who doesn't know it can't tell which lists are of one org.
pub fn list_id(secret: &[u8; 32], number: u64) -> StatusListId {
    let mac = mac(secret, b"list\0", &number.to_be_bytes());
    let mut id = [0; 16];
    id.copy_from_slice(&mac[..16]);
    StatusListId::from_bytes(id)
}

/// Returns how many lists there are for so many indices.
pub fn lists_for(indices: u64) -> u64 {
    indices.div_ceil(u64::from(StatusList::TOKENS))
}

/// Returns where the status of the token stands that has the index of this number, in an org with this secret: each number has another
/// place. They are all of one list before the next begins, and in it in an order that looks random (section 13.2 wants it
/// unpredictable), so that nobody sees by two of them which token is older, or how many are between.
pub fn place_of(secret: &[u8; 32], number: u64) -> StatusIndex {
    let tokens = u64::from(StatusList::TOKENS);
    let list = number / tokens;
    let mut index = u32::try_from(number % tokens).unwrap_or_default();
    // Four rounds over 18 bits, in two halves of 9, map them one to one. What comes out above 2^17 goes in again, until it is below:
    // that maps the 17 bits one to one.
    loop {
        index = permuted(secret, list, index);
        if index < StatusList::TOKENS {
            return StatusIndex { list: list_id(secret, list), index };
        }
    }
}

/// A Feistel network over 18 bits, whose round function is HMAC-SHA-256.
fn permuted(secret: &[u8; 32], list: u64, index: u32) -> u32 {
    const HALF: u32 = 0x1ff;
    let (mut left, mut right) = (index >> 9, index & HALF);
    for round in 0_u8..4 {
        let mut context = list.to_be_bytes().to_vec();
        context.push(round);
        context.extend(right.to_be_bytes());
        let mac = mac(secret, b"index\0", &context);
        let mixed = u32::from_be_bytes([mac[0], mac[1], mac[2], mac[3]]) & HALF;
        (left, right) = (right, left ^ mixed);
    }
    left << 9 | right
}

fn mac(secret: &[u8; 32], purpose: &[u8], context: &[u8]) -> [u8; 32] {
    let mut all = purpose.to_vec();
    all.extend(context);
    let mut mac = [0; 32];
    mac.copy_from_slice(hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret), &all).as_ref());
    mac
}

/// Writes what is signed of a list: the claims of section 5.1. `bits` are compressed.
///
/// # Errors
/// A [`Fault`] if they can't be written.
pub fn payload(
    list: &StatusListId,
    issuer: &Issuer,
    bits: &[u8],
    (issued_at, expires_at): (Timestamp, Timestamp),
) -> Result<Vec<u8>, Fault> {
    let claims = Claims {
        sub: list.uri(issuer),
        iat: issued_at.as_secs(),
        exp: expires_at.as_secs(),
        ttl: StatusList::TTL.0,
        status_list: Statuses { bits: 1, lst: URL_SAFE_NO_PAD.encode(bits) },
    };
    serde_json::to_vec(&claims).map_err(|e| Fault::internal("writing a status list").because(e))
}

#[derive(Serialize)]
struct Claims {
    sub: String,
    iat: i64,
    exp: i64,
    ttl: u32,
    status_list: Statuses,
}

#[derive(Serialize)]
struct Statuses {
    /// How many bits a token has.
    bits: u8,
    lst: String,
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// The example of section 4.1.
    const STATUSES: [u8; 16] = [1, 0, 0, 1, 1, 1, 0, 1, 1, 1, 0, 0, 0, 1, 0, 1];
    const LST: &str = "eNrbuRgAAhcBXQ";

    #[test]
    fn section_4_1_the_example_of_one_bit() {
        let mut bits = StatusBits::none_set();
        for (index, status) in (0..).zip(STATUSES) {
            assert_eq!(status == 1 && bits.set(index), status == 1);
        }
        assert_eq!((bits.0[0], bits.0[1], &bits.0[2..4]), (0xb9, 0xa3, &[0, 0][..]));
        assert!((0..).zip(STATUSES).all(|(index, status)| bits.is_set(index) == (status == 1)));
        assert_eq!(URL_SAFE_NO_PAD.encode(compressed(&[0xb9, 0xa3]).unwrap()), LST);
        let mut read = Vec::new();
        ZlibDecoder::new(&*URL_SAFE_NO_PAD.decode(LST).unwrap()).read_to_end(&mut read).unwrap();
        assert_eq!(read, [0xb9, 0xa3]);
    }

    #[test]
    fn bits_survive_compression_and_nothing_else_is_taken_for_them() {
        let mut bits = StatusBits::none_set();
        assert!(bits.set(131_071) && !bits.set(131_071) && !bits.set(131_072), "a bit is set once, and there are no more");
        let written = bits.to_zlib().unwrap();
        assert!(written.len() < 100, "one of 131,072 takes {} bytes", written.len());
        assert_eq!(StatusBits::from_zlib(&written).unwrap(), bits);
        let long = compressed(&vec![0; BYTES + 1]).unwrap();
        for broken in [&b""[..], b"x", &written[..written.len() / 2], &compressed(&[1]).unwrap(), &long] {
            assert!(StatusBits::from_zlib(broken).is_err());
        }
    }

    #[test]
    fn each_number_has_a_place_of_its_own_in_its_list() {
        let secret = [7; 32];
        let places: BTreeSet<_> = (0..u64::from(StatusList::TOKENS)).map(|n| place_of(&secret, n)).collect();
        assert_eq!(places.len(), 131_072, "none is used twice");
        assert!(places.iter().all(|place| place.index < StatusList::TOKENS && place.list == list_id(&secret, 0)));
        let next = place_of(&secret, u64::from(StatusList::TOKENS));
        assert_eq!(next.list, list_id(&secret, 1));
        assert_eq!((lists_for(0), lists_for(1), lists_for(131_072), lists_for(131_073)), (0, 1, 1, 2));
    }

    #[test]
    fn places_look_random_and_differ_from_org_to_org() {
        let places = |secret: [u8; 32]| (0..1_000).map(|n| place_of(&secret, n).index).collect::<Vec<_>>();
        let (one, other) = (places([1; 32]), places([2; 32]));
        assert_ne!(one, other);
        let rises = one.windows(2).filter(|pair| pair[0] < pair[1]).count();
        assert!((430..570).contains(&rises), "{rises} of 999 are above the one before");
        let low = one.iter().filter(|index| **index < StatusList::TOKENS / 2).count();
        assert!((430..570).contains(&low), "{low} of 1,000 are in the first half");
        assert_ne!(list_id(&[1; 32], 0), list_id(&[2; 32], 0));
    }

    #[test]
    fn section_5_1_what_is_signed_names_its_uri_its_end_and_how_long_it_may_be_kept() {
        let (id, issuer) = (list_id(&[1; 32], 0), Issuer::parse("https://jeton.example").unwrap());
        let times = (Timestamp::from_secs(1_800_000_000), Timestamp::from_secs(1_800_010_800));
        let claims = payload(&id, &issuer, &[1, 2, 3], times).unwrap();
        let claims: serde_json::Value = serde_json::from_slice(&claims).unwrap();
        let expected = serde_json::json!({"sub": format!("https://jeton.example/status/{id}"), "iat": 1_800_000_000,
            "exp": 1_800_010_800, "ttl": 30, "status_list": {"bits": 1, "lst": "AQID"}});
        assert_eq!(claims, expected);
    }
}
