//! Public keys as JSON (RFC 7517), their thumbprints (RFC 7638), and their X.509 form, in which KMS has them.

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use x509_cert::spki::{AlgorithmIdentifierRef, ObjectIdentifier};

use super::der;
use super::verifying_key::VerifyingKey;
use crate::domain::key::PublicKey;
use crate::domain::{Algorithm, Invalid, Jwk, KeyId, KeySet};
use crate::encoding::strict_json;

/// An empty JWK Set.
pub const NO_KEYS: &str = r#"{"keys":[]}"#;

/// A key as it is published. `key_ops` is left out, as RFC 7517 section 4.3 asks for where `use` is there.
pub fn to_json(jwk: &Jwk) -> Value {
    let encode = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
    let (alg, kid, crv) = (jwk.alg.as_str(), jwk.kid.as_str(), curve(jwk.alg));
    match &jwk.key {
        PublicKey::Akp { public } => json!({"kty": "AKP", "use": "sig", "alg": alg, "kid": kid, "pub": encode(public)}),
        PublicKey::Ec { x, y } => {
            json!({"kty": "EC", "use": "sig", "alg": alg, "kid": kid, "crv": crv, "x": encode(x), "y": encode(y)})
        }
        PublicKey::Okp { x } => json!({"kty": "OKP", "use": "sig", "alg": alg, "kid": kid, "crv": crv, "x": encode(x)}),
        PublicKey::Rsa { n, e } => {
            json!({"kty": "RSA", "use": "sig", "alg": alg, "kid": kid, "n": encode(n), "e": encode(e)})
        }
    }
}

/// Writes a JWK Set document.
pub fn set_to_json<'a>(keys: impl Iterator<Item = &'a Jwk>) -> String {
    json!({"keys": keys.map(to_json).collect::<Vec<_>>()}).to_string()
}

/// Reads a public signature key, or says why it can't be used as one. A key without `kid` gets its thumbprint.
///
/// # Errors
/// [`Invalid`] with the rule that the key breaks.
pub fn from_json(json: &[u8]) -> Result<Jwk, Invalid> {
    read(&strict_json::decode(json).map_err(|_| NOT_JSON)?)
}

/// Reads the public signature key that stands in a header of this algorithm, which a key needn't name again: RFC 7515 section 4.1.3.
///
/// # Errors
/// [`Invalid`] with the rule that the key breaks.
pub fn from_header(jwk: &Map<String, Value>, alg: Algorithm) -> Result<Jwk, Invalid> {
    read_for(jwk, Some(alg))
}

/// Reads a JWKS document. One key that can't be used makes the set unusable, as does a `kid` that isn't unique.
///
/// # Errors
/// [`Invalid`] with the rule that the set or one of its keys breaks.
pub fn set_from_json(json: &[u8]) -> Result<KeySet, Invalid> {
    let set: Set = strict_json::decode(json).map_err(|_| NOT_JSON)?;
    let mut keys: Vec<Jwk> = Vec::with_capacity(set.keys.len());
    for members in &set.keys {
        let jwk = read(members)?;
        if keys.iter().any(|other| other.kid == jwk.kid) {
            return Err(Invalid("must have each kid once"));
        }
        keys.push(jwk);
    }
    Ok(KeySet::new(keys))
}

/// Reads a JWKS document that somebody else keeps, of which at most 100 keys are looked at. Keys that can't be used are ignored
/// (RFC 7517 section 5), and so are all of a `kid` that isn't unique. An RSA key that names no algorithm is for RS256, as those of most
/// OpenID providers are.
///
/// # Errors
/// [`Invalid`] if it is no JWK Set.
pub fn usable_from_json(json: &[u8]) -> Result<KeySet, Invalid> {
    let set: Set = strict_json::decode(json).map_err(|_| Invalid("must be a JWK Set"))?;
    let is_rsa = |members: &Map<String, Value>| members.get("kty").is_some_and(|kty| kty == "RSA");
    let keys = set.keys.iter().take(MAX_FOREIGN_KEYS);
    let usable = keys.filter_map(|members| read_for(members, is_rsa(members).then_some(Algorithm::Rs256)).ok());
    let keys: Vec<Jwk> = usable.collect();
    let is_unique = |jwk: &&Jwk| keys.iter().filter(|other| other.kid == jwk.kid).count() == 1;
    Ok(KeySet::new(keys.iter().filter(is_unique).cloned().collect()))
}

/// Reads the keys for JWT-SVIDs in the bundle of a SPIFFE trust domain (SPIFFE Trust Domain and Bundle section 4.2), of which at most
/// 100 keys are looked at. Those of another `use`, or without `kid`, are ignored: an `x509-svid` key verifies no JWT. An RSA key
/// that names no algorithm is one for each of RSA's.
///
/// # Errors
/// [`Invalid`] if it is no JWK Set.
pub fn svid_keys_from_json(json: &[u8]) -> Result<KeySet, Invalid> {
    const RSA: [Algorithm; 6] =
        [Algorithm::Rs256, Algorithm::Rs384, Algorithm::Rs512, Algorithm::Ps256, Algorithm::Ps384, Algorithm::Ps512];
    let set: Set = strict_json::decode(json).map_err(|_| Invalid("must be the bundle of a SPIFFE trust domain"))?;
    let is_for_jwts = |members: &&Map<String, Value>| {
        members.get("use").is_some_and(|it| it == "jwt-svid") && members.get("kid").is_some_and(Value::is_string)
    };
    let for_jwts: Vec<_> = set.keys.iter().take(MAX_FOREIGN_KEYS).filter(is_for_jwts).collect();
    let is_unique =
        |members: &&&Map<String, Value>| for_jwts.iter().filter(|other| other.get("kid") == members.get("kid")).count() == 1;
    let mut keys = Vec::new();
    for members in for_jwts.iter().filter(is_unique) {
        let mut members = Map::clone(members);
        members.remove("use");
        if members.get("kty").is_some_and(|kty| kty == "RSA") && !members.contains_key("alg") {
            keys.extend(RSA.iter().filter_map(|alg| read_for(&members, Some(*alg)).ok()));
        } else {
            keys.extend(read_for(&members, None).ok());
        }
    }
    Ok(KeySet::new(keys))
}

/// Returns for how many seconds the bundle of a SPIFFE trust domain asks to be used, if it says so.
pub fn spiffe_refresh_hint(json: &str) -> Option<u32> {
    #[derive(Deserialize)]
    struct Bundle {
        spiffe_refresh_hint: u32,
    }

    strict_json::decode::<Bundle>(json.as_bytes()).ok().map(|bundle| bundle.spiffe_refresh_hint)
}

/// Reads the key of an X.509 `SubjectPublicKeyInfo` in DER and names it by its thumbprint.
///
/// # Errors
/// [`Invalid`] when it isn't strict DER, when the key is none for the algorithm, or when it is weak.
pub fn from_spki(alg: Algorithm, spki: &[u8]) -> Result<Jwk, Invalid> {
    const RULE: Invalid = Invalid("must be a public key in DER");
    let info = der::subject_public_key_info(spki).ok_or(RULE)?;
    let bits = info.subject_public_key.as_bytes().ok_or(RULE)?;
    // For elliptic curves and RSA it doesn't matter which algorithm is named: a key of another one has another width, or is no
    // point on the curve. HashML-DSA, another algorithm, has keys of the same form as ML-DSA.
    if ml_dsa_identifier(alg)
        .is_some_and(|identifier| info.algorithm != AlgorithmIdentifierRef { oid: identifier, parameters: None })
    {
        return Err(RULE);
    }
    let key = match alg {
        Algorithm::MlDsa44 | Algorithm::MlDsa65 | Algorithm::MlDsa87 => PublicKey::Akp { public: bits.to_vec() },
        Algorithm::Es256 | Algorithm::Es384 | Algorithm::Es512 => {
            let (x, y) = bits.strip_prefix(&[4]).and_then(|point| point.split_at_checked(point.len() / 2)).ok_or(RULE)?;
            PublicKey::Ec { x: x.to_vec(), y: y.to_vec() }
        }
        Algorithm::EdDsa => PublicKey::Okp { x: bits.to_vec() },
        Algorithm::Ps256 | Algorithm::Ps384 | Algorithm::Ps512 | Algorithm::Rs256 | Algorithm::Rs384 | Algorithm::Rs512 => {
            let (n, e) = der::two_numbers(bits).ok_or(RULE)?;
            PublicKey::Rsa { n: n.to_vec(), e: e.to_vec() }
        }
    };
    sound(Jwk { kid: thumbprint(&key, alg), alg, key })
}

/// Reads the key of an X.509 `SubjectPublicKeyInfo` in PEM (RFC 7468 section 13) and names it by its thumbprint.
///
/// # Errors
/// [`Invalid`] when it isn't one, and as from [`from_spki`].
pub fn from_pem(alg: Algorithm, pem: &str) -> Result<Jwk, Invalid> {
    from_spki(alg, &der::from_pem("PUBLIC KEY", pem).ok_or(Invalid("must be one public key in PEM"))?)
}

/// RFC 7638 section 3: the SHA-256 of the key's required members in their one spelling.
pub fn thumbprint(key: &PublicKey, alg: Algorithm) -> KeyId {
    let encode = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
    let crv = curve(alg).unwrap_or_default();
    let members = match key {
        // RFC 9964 section 6.
        PublicKey::Akp { public } => format!(r#"{{"alg":"{}","kty":"AKP","pub":"{}"}}"#, alg.as_str(), encode(public)),
        PublicKey::Ec { x, y } => format!(r#"{{"crv":"{crv}","kty":"EC","x":"{}","y":"{}"}}"#, encode(x), encode(y)),
        PublicKey::Okp { x } => format!(r#"{{"crv":"{crv}","kty":"OKP","x":"{}"}}"#, encode(x)),
        PublicKey::Rsa { n, e } => format!(r#"{{"e":"{}","kty":"RSA","n":"{}"}}"#, encode(e), encode(n)),
    };
    KeyId::new(&encode(digest(&SHA256, members.as_bytes()).as_ref()))
}

#[derive(Deserialize)]
struct Set {
    keys: Vec<Map<String, Value>>,
}

/// How many keys of a set that somebody else keeps are looked at.
const MAX_FOREIGN_KEYS: usize = 100;
const NOT_JSON: Invalid = Invalid("must be a JSON object without duplicate members");

/// The `crv` of an algorithm's keys. ML-DSA and RSA have none.
const fn curve(alg: Algorithm) -> Option<&'static str> {
    match alg {
        Algorithm::Es256 => Some("P-256"),
        Algorithm::Es384 => Some("P-384"),
        Algorithm::Es512 => Some("P-521"),
        Algorithm::EdDsa => Some("Ed25519"),
        Algorithm::MlDsa44
        | Algorithm::MlDsa65
        | Algorithm::MlDsa87
        | Algorithm::Ps256
        | Algorithm::Ps384
        | Algorithm::Ps512
        | Algorithm::Rs256
        | Algorithm::Rs384
        | Algorithm::Rs512 => None,
    }
}

fn read(members: &Map<String, Value>) -> Result<Jwk, Invalid> {
    read_for(members, None)
}

/// A key for the algorithm that it names itself or, failing that, for `used_with`.
fn read_for(members: &Map<String, Value>, used_with: Option<Algorithm>) -> Result<Jwk, Invalid> {
    if ["d", "dp", "dq", "k", "oth", "p", "priv", "q", "qi"].iter().any(|private| members.contains_key(*private)) {
        return Err(Invalid("must be a public key"));
    }
    if text(members, "use")?.is_some_and(|usage| usage != "sig") || !may_verify(members.get("key_ops")) {
        return Err(Invalid("must be a key for signatures"));
    }
    let key = match text(members, "kty")? {
        Some("AKP") => PublicKey::Akp { public: bytes(members, "pub")? },
        Some("EC") => PublicKey::Ec { x: bytes(members, "x")?, y: bytes(members, "y")? },
        Some("OKP") => PublicKey::Okp { x: bytes(members, "x")? },
        Some("RSA") => PublicKey::Rsa { n: bytes(members, "n")?, e: bytes(members, "e")? },
        _ => return Err(Invalid("must have the kty AKP, EC, OKP or RSA")),
    };
    let crv = text(members, "crv")?;
    let alg = match text(members, "alg")? {
        Some(name) => Algorithm::from_foreign_name(name),
        // The curve leaves no choice. With RSA one key could verify six algorithms: RFC 8725 section 3.1. With AKP there must be
        // an alg: RFC 9964 section 3.
        None => match key {
            PublicKey::Akp { .. } => None,
            PublicKey::Ec { .. } | PublicKey::Okp { .. } | PublicKey::Rsa { .. } => {
                used_with.or_else(|| crv.and_then(|crv| Algorithm::ALL.iter().copied().find(|alg| curve(*alg) == Some(crv))))
            }
        },
    }
    .ok_or(Invalid("must have a supported alg"))?;
    if !matches!(key, PublicKey::Akp { .. } | PublicKey::Rsa { .. }) && crv != curve(alg) {
        return Err(Invalid("must have the crv of its alg"));
    }
    let kid = match text(members, "kid")? {
        Some(kid) if (1..=255).contains(&kid.len()) => KeyId::new(kid),
        Some(_) => return Err(Invalid("must have a kid of 1 to 255 bytes")),
        None => thumbprint(&key, alg),
    };
    sound(Jwk { kid, alg, key })
}

fn sound(jwk: Jwk) -> Result<Jwk, Invalid> {
    VerifyingKey::new(&jwk)?;
    if let PublicKey::Rsa { n, .. } = &jwk.key
        && has_roca_fingerprint(n)
    {
        return Err(Invalid("must not be a weak key (CVE-2017-15361)"));
    }
    Ok(jwk)
}

fn text<'a>(members: &'a Map<String, Value>, name: &str) -> Result<Option<&'a str>, Invalid> {
    match members.get(name) {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(Invalid("must have strings for kty, use, alg, kid, crv and numbers")),
    }
}

fn bytes(members: &Map<String, Value>, name: &str) -> Result<Vec<u8>, Invalid> {
    const RULE: Invalid = Invalid("must have its numbers in base64url without padding");
    URL_SAFE_NO_PAD.decode(text(members, name)?.ok_or(RULE)?).map_err(|_| RULE)
}

fn may_verify(key_ops: Option<&Value>) -> bool {
    key_ops.is_none_or(|ops| ops.as_array().is_some_and(|ops| ops.iter().any(|op| op == "verify")))
}

/// Keys of a broken generator have moduli that are powers of 65,537 modulo every small prime: they can be factored.
/// Of other keys one in 2^27 and less looks so.
fn has_roca_fingerprint(n: &[u8]) -> bool {
    let primes = (3..168_u64).step_by(2).filter(|p| (3..*p).all(|divisor| p % divisor != 0));
    primes.into_iter().all(|p| {
        let remainder = n.iter().fold(0, |sum, &byte| (sum * 256 + u64::from(byte)) % p);
        (0..p).scan(1, |power, _| Some(std::mem::replace(power, *power * 65_537 % p))).any(|power| power == remainder)
    })
}

/// The algorithm identifier of ML-DSA keys, which has no parameters: RFC 9881 section 2.
const fn ml_dsa_identifier(alg: Algorithm) -> Option<ObjectIdentifier> {
    match alg {
        Algorithm::MlDsa44 => Some(ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.3.17")),
        Algorithm::MlDsa65 => Some(ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.3.18")),
        Algorithm::MlDsa87 => Some(ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.3.19")),
        Algorithm::EdDsa
        | Algorithm::Es256
        | Algorithm::Es384
        | Algorithm::Es512
        | Algorithm::Ps256
        | Algorithm::Ps384
        | Algorithm::Ps512
        | Algorithm::Rs256
        | Algorithm::Rs384
        | Algorithm::Rs512 => None,
    }
}

#[cfg(test)]
mod tests;
