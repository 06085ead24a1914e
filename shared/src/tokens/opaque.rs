//! Opaque tokens and tickets: values that say where their record is, and nothing else.
//!
//! A value is 32 bytes as 43 characters of base64url: 48 bits of milliseconds, 4 bits of shard, 204 random bits. The id of
//! its record has the same first 52 bits, and then a part of the value's SHA-256: so a record is found without a look-up,
//! and nothing at rest is a credential.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::domain::{Entropy, Fault, OrgId, Secret, Shard, Timestamp, TokenId};
use crate::jose::sha256;

/// Draws a new value of this moment, in `shard` or in one by chance, and returns it with the id of its record.
///
/// # Errors
/// A [`Fault`] if there is no randomness.
pub fn generate(now: Timestamp, shard: Option<Shard>, entropy: &dyn Entropy) -> Result<(Secret<String>, TokenId), Fault> {
    let mut bytes = [0; 32];
    // Time and shard are where an id has them.
    bytes[..20].copy_from_slice(TokenId::generate(now, shard, entropy)?.as_bytes());
    entropy.fill(&mut bytes[20..])?;
    let value = URL_SAFE_NO_PAD.encode(bytes);
    let id = id_of_bytes(&bytes, &value);
    Ok((Secret::new(value), id))
}

/// The id of the record of a value, if the value is of this kind.
pub fn id_of(value: &str) -> Option<TokenId> {
    Some(id_of_bytes(&decode(value)?, value))
}

/// Writes the org before an opaque value: `<org>.<value>`. So the service's own endpoints, at which nobody says of which org they are, find
/// where the token is.
pub fn in_org(org: &OrgId, value: &Secret<String>) -> Secret<String> {
    Secret::new(format!("{org}.{}", value.expose()))
}

/// Splits an opaque value that names its org.
pub fn split_org(text: &str) -> Option<(OrgId, &str)> {
    let (org, value) = text.split_once('.')?;
    Some((OrgId::parse(org).ok()?, value)).filter(|_| decode(value).is_some())
}

/// What stands for a token where its value must not: Authlete's `accessTokenHash` and `refreshTokenHash`. 43 characters of
/// base64url that tell where the record is, so that it is found by them; the last 12 bytes are a check, by which they can't be
/// taken for a value.
pub fn identifier(id: &TokenId) -> String {
    let mut bytes = [0; 32];
    let (front, check) = bytes.split_at_mut(20);
    front.copy_from_slice(id.as_bytes());
    check.copy_from_slice(&check_of(id));
    URL_SAFE_NO_PAD.encode(bytes)
}

/// The id that an [`identifier`] stands for, if it is one.
pub fn identified(text: &str) -> Option<TokenId> {
    let bytes = decode(text)?;
    let id = TokenId::from_bytes(bytes[..20].try_into().ok()?);
    (bytes[20..] == check_of(&id)).then_some(id)
}

fn id_of_bytes(bytes: &[u8; 32], value: &str) -> TokenId {
    let hash = sha256(value.as_bytes());
    let mut id = [0; 20];
    id[..6].copy_from_slice(&bytes[..6]);
    id[6] = bytes[6] & 0xf0 | hash[0] & 0x0f;
    id[7..].copy_from_slice(&hash[1..14]);
    TokenId::from_bytes(id)
}

fn check_of(id: &TokenId) -> [u8; 12] {
    let mut input = b"jeton identifier\0".to_vec();
    input.extend(id.as_bytes());
    let mut check = [0; 12];
    check.copy_from_slice(&sha256(&input)[..12]);
    check
}

/// There is exactly one text for each value.
fn decode(text: &str) -> Option<[u8; 32]> {
    URL_SAFE_NO_PAD.decode(text).ok()?.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Seeded;

    const NOW: Timestamp = Timestamp::from_ms(1_800_000_000_001);

    #[test]
    fn a_value_tells_where_its_record_is_and_the_id_does_not_tell_the_value() {
        let entropy = Seeded::new(7);
        for shard in Shard::all() {
            let (value, id) = generate(NOW, Some(shard), &entropy).unwrap();
            assert_eq!((value.expose().len(), id_of(value.expose())), (43, Some(id)));
            assert_eq!(id.shard(), shard);
            assert!(id >= TokenId::first_of(NOW) && id < TokenId::first_of(Timestamp::from_ms(NOW.as_ms() + 1)));
            let bytes = decode(value.expose()).unwrap();
            assert_ne!(bytes[7..20], id.as_bytes()[7..]);
        }
    }

    #[test]
    fn a_value_that_names_its_org_is_split_again() {
        let org = OrgId::parse("my-org").unwrap();
        let (value, _) = generate(NOW, None, &Seeded::new(7)).unwrap();
        let named = in_org(&org, &value);
        assert_eq!(split_org(named.expose()), Some((org, value.expose().as_str())));
        for bad in ["", ".", value.expose(), "my-org.x", &format!("a b.{}", value.expose()), &format!("x.y.{}", value.expose())] {
            assert_eq!(split_org(bad), None, "{bad}");
        }
    }

    #[test]
    fn an_identifier_is_found_again_and_is_no_value() {
        let (value, id) = generate(NOW, None, &Seeded::new(7)).unwrap();
        let identifier = identifier(&id);
        assert_eq!((identifier.len(), identified(&identifier)), (43, Some(id)));
        assert_ne!(id_of(&identifier), Some(id), "an identifier opens nothing");
        assert_eq!(identified(value.expose()), None);
        for bad in ["", "x", &identifier[1..], &format!("{identifier}A"), &identifier.replace(['-', '_'], "+")] {
            assert!(identified(bad).is_none() || bad == identifier, "{bad}");
        }
    }
}
