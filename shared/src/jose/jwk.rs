//! Public keys as JSON (RFC 7517), their thumbprints (RFC 7638), and their X.509 form, in which KMS has them.

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::jws::VerifyingKey;
use crate::domain::key::PublicKey;
use crate::domain::{Algorithm, Invalid, Jwk, KeyId, KeySet};
use crate::strict_json;

/// A key as it is published. `key_ops` is left out, as RFC 7517 section 4.3 asks for where `use` is there.
pub fn to_json(jwk: &Jwk) -> Value {
    let encode = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
    let (alg, kid, crv) = (jwk.alg.name(), jwk.kid.as_str(), curve(jwk.alg));
    match &jwk.key {
        PublicKey::Ec { x, y } => {
            json!({"kty": "EC", "use": "sig", "alg": alg, "kid": kid, "crv": crv, "x": encode(x), "y": encode(y)})
        }
        PublicKey::Okp { x } => json!({"kty": "OKP", "use": "sig", "alg": alg, "kid": kid, "crv": crv, "x": encode(x)}),
        PublicKey::Rsa { n, e } => {
            json!({"kty": "RSA", "use": "sig", "alg": alg, "kid": kid, "n": encode(n), "e": encode(e)})
        }
    }
}

/// The JWKS document of a set.
pub fn set_to_json(keys: &KeySet) -> String {
    json!({"keys": keys.iter().map(to_json).collect::<Vec<_>>()}).to_string()
}

/// Reads a public signature key, or says why it can't be used as one. A key without `kid` gets its thumbprint.
pub fn from_json(json: &[u8]) -> Result<Jwk, Invalid> {
    read(&strict_json::decode(json).map_err(|_| NOT_JSON)?)
}

/// Reads a JWKS document. One key that can't be used makes the set unusable, as does a `kid` that isn't unique.
pub fn set_from_json(json: &[u8]) -> Result<KeySet, Invalid> {
    #[derive(Deserialize)]
    struct Set {
        keys: Vec<Map<String, Value>>,
    }

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

/// The key of an X.509 `SubjectPublicKeyInfo`, named by its thumbprint.
pub fn from_spki(alg: Algorithm, der: &[u8]) -> Result<Jwk, Invalid> {
    const RULE: Invalid = Invalid("must be a public key in DER");
    let bits = spki_bits(der).ok_or(RULE)?;
    let key = match alg {
        Algorithm::Es256 | Algorithm::Es384 | Algorithm::Es512 => {
            let (x, y) = bits.strip_prefix(&[4]).and_then(|point| point.split_at_checked(point.len() / 2)).ok_or(RULE)?;
            PublicKey::Ec { x: x.to_vec(), y: y.to_vec() }
        }
        Algorithm::EdDsa => PublicKey::Okp { x: bits.to_vec() },
        _ => rsa_numbers(bits).ok_or(RULE)?,
    };
    sound(Jwk { kid: thumbprint(&key, alg), alg, key })
}

/// RFC 7638 section 3: the SHA-256 of the key's required members in their one spelling.
pub fn thumbprint(key: &PublicKey, alg: Algorithm) -> KeyId {
    let encode = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
    let crv = curve(alg);
    let members = match key {
        PublicKey::Ec { x, y } => format!(r#"{{"crv":"{crv}","kty":"EC","x":"{}","y":"{}"}}"#, encode(x), encode(y)),
        PublicKey::Okp { x } => format!(r#"{{"crv":"{crv}","kty":"OKP","x":"{}"}}"#, encode(x)),
        PublicKey::Rsa { n, e } => format!(r#"{{"e":"{}","kty":"RSA","n":"{}"}}"#, encode(e), encode(n)),
    };
    KeyId::new(&encode(digest(&SHA256, members.as_bytes()).as_ref()))
}

const NOT_JSON: Invalid = Invalid("must be a JSON object without duplicate members");

/// The `crv` of an algorithm's keys. RSA has none.
const fn curve(alg: Algorithm) -> &'static str {
    match alg {
        Algorithm::Es256 => "P-256",
        Algorithm::Es384 => "P-384",
        Algorithm::Es512 => "P-521",
        Algorithm::EdDsa => "Ed25519",
        Algorithm::Ps256 | Algorithm::Ps384 | Algorithm::Ps512 | Algorithm::Rs256 | Algorithm::Rs384 | Algorithm::Rs512 => "",
    }
}

fn read(members: &Map<String, Value>) -> Result<Jwk, Invalid> {
    if ["d", "dp", "dq", "k", "oth", "p", "q", "qi"].iter().any(|private| members.contains_key(*private)) {
        return Err(Invalid("must be a public key"));
    }
    if text(members, "use")?.is_some_and(|usage| usage != "sig") || !may_verify(members.get("key_ops")) {
        return Err(Invalid("must be a key for signatures"));
    }
    let key = match text(members, "kty")? {
        Some("EC") => PublicKey::Ec { x: bytes(members, "x")?, y: bytes(members, "y")? },
        Some("OKP") => PublicKey::Okp { x: bytes(members, "x")? },
        Some("RSA") => PublicKey::Rsa { n: bytes(members, "n")?, e: bytes(members, "e")? },
        _ => return Err(Invalid("must have the kty EC, OKP or RSA")),
    };
    let crv = text(members, "crv")?;
    let alg = match text(members, "alg")? {
        Some(name) => Algorithm::from_name(name),
        // The curve leaves no choice. With RSA one key could verify six algorithms: RFC 8725 section 3.1.
        None => crv.and_then(|crv| Algorithm::ALL.into_iter().find(|alg| curve(*alg) == crv)),
    }
    .ok_or(Invalid("must have an alg that we know"))?;
    if !matches!(key, PublicKey::Rsa { .. }) && crv != Some(curve(alg)) {
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
    match &jwk.key {
        PublicKey::Rsa { n, .. } if has_roca_fingerprint(n) => Err(Invalid("must not be a weak key (CVE-2017-15361)")),
        _ => Ok(jwk),
    }
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

const BIT_STRING: u8 = 0x03;
const INTEGER: u8 = 0x02;
const SEQUENCE: u8 = 0x30;

/// What is in the bit string of `SEQUENCE { SEQUENCE algorithm, BIT STRING key }`. Which algorithm it names doesn't matter:
/// a key of another one has another width, or is no point on the curve.
fn spki_bits(der: &[u8]) -> Option<&[u8]> {
    let (spki, []) = element(SEQUENCE, der)? else { return None };
    let (_algorithm, rest) = element(SEQUENCE, spki)?;
    let (bits, []) = element(BIT_STRING, rest)? else { return None };
    bits.strip_prefix(&[0])
}

/// `SEQUENCE { INTEGER n, INTEGER e }`.
fn rsa_numbers(der: &[u8]) -> Option<PublicKey> {
    let (numbers, []) = element(SEQUENCE, der)? else { return None };
    let (n, rest) = element(INTEGER, numbers)?;
    let (e, []) = element(INTEGER, rest)? else { return None };
    // A first byte of zero keeps the number positive.
    let unsigned = |number: &[u8]| number.strip_prefix(&[0]).unwrap_or(number).to_vec();
    Some(PublicKey::Rsa { n: unsigned(n), e: unsigned(e) })
}

/// The contents of the DER element of this tag with which `der` begins, and what follows it.
fn element(tag: u8, der: &[u8]) -> Option<(&[u8], &[u8])> {
    let (&[found, first], rest) = der.split_first_chunk()?;
    let (len, rest) = match first {
        ..=0x7f => (usize::from(first), rest),
        0x81 => rest.split_first().map(|(len, rest)| (usize::from(*len), rest))?,
        0x82 => rest.split_first_chunk().map(|(len, rest)| (usize::from(u16::from_be_bytes(*len)), rest))?,
        _ => return None,
    };
    if found == tag { rest.split_at_checked(len) } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::signer::{LocalSigner, Signer};

    fn ec() -> Value {
        to_json(LocalSigner::for_tests(Algorithm::Es256).jwk())
    }

    fn rsa() -> Value {
        to_json(LocalSigner::for_tests(Algorithm::Rs256).jwk())
    }

    /// `key` with some members set; `null` takes one away.
    fn with(mut key: Value, changes: Value) -> Value {
        let (Value::Object(members), Value::Object(changes)) = (&mut key, changes) else { panic!("no objects") };
        members.extend(changes);
        members.retain(|_, value| !value.is_null());
        key
    }

    fn parse(key: &Value) -> Result<Jwk, Invalid> {
        from_json(key.to_string().as_bytes())
    }

    #[test]
    fn rfc7638_3_1_thumbprint() {
        let n = "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3\
                 oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdA\
                 ZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-\
                 kEgU8awapJzKnqDKgw";
        let key = PublicKey::Rsa { n: URL_SAFE_NO_PAD.decode(n).unwrap(), e: vec![1, 0, 1] };
        assert_eq!(thumbprint(&key, Algorithm::Rs256).as_str(), "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs");
    }

    #[test]
    fn rfc8037_a3_thumbprint() {
        let x = URL_SAFE_NO_PAD.decode("11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo").unwrap();
        let kid = thumbprint(&PublicKey::Okp { x }, Algorithm::EdDsa);
        assert_eq!(kid.as_str(), "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
    }

    #[test]
    fn a_published_key_has_these_members_and_no_others() {
        for (alg, expected) in [
            (Algorithm::Es256, "alg crv kid kty use x y"),
            (Algorithm::EdDsa, "alg crv kid kty use x"),
            (Algorithm::Ps256, "alg e kid kty n use"),
        ] {
            let key = to_json(LocalSigner::for_tests(alg).jwk());
            let mut members: Vec<_> = key.as_object().unwrap().keys().map(String::as_str).collect();
            members.sort_unstable();
            assert_eq!(members.join(" "), expected);
        }
    }

    #[test]
    fn a_set_survives_its_json() {
        let keys = Algorithm::ALL[..5].iter().map(|alg| LocalSigner::for_tests(*alg).jwk().clone());
        let set = KeySet::new(keys.collect());
        let read = set_from_json(set_to_json(&set).as_bytes()).unwrap();
        assert!(read.iter().eq(set.iter()));
        assert_eq!(set_to_json(&KeySet::default()), r#"{"keys":[]}"#);
    }

    #[test]
    fn what_is_left_out_follows_from_the_key() {
        let kid = ec()["kid"].clone();
        let parsed = parse(&with(ec(), json!({"kid": null, "alg": null, "use": null, "x5c": ["?"]}))).unwrap();
        assert_eq!((parsed.kid.as_str(), parsed.alg), (kid.as_str().unwrap(), Algorithm::Es256));
        assert_eq!(parse(&with(ec(), json!({"kid": "mine"}))).unwrap().kid.as_str(), "mine");
        assert!(parse(&with(ec(), json!({"use": null, "key_ops": ["verify"]}))).is_ok());
        assert!(parse(&with(rsa(), json!({"alg": null}))).is_err(), "an RSA key could be for six algorithms");
    }

    #[test]
    fn j43_a_key_for_something_else_is_refused() {
        for changes in [
            json!({"use": "enc"}),
            json!({"use": ""}),
            json!({"use": ["sig"]}),
            json!({"key_ops": []}),
            json!({"key_ops": "verify"}),
            json!({"key_ops": ["encrypt"]}),
            json!({"use": null, "key_ops": ["sign"]}),
        ] {
            assert!(parse(&with(ec(), changes.clone())).is_err(), "{changes}");
        }
    }

    #[test]
    fn a_private_or_symmetric_key_is_refused() {
        for member in ["d", "p", "q", "dp", "dq", "qi", "oth", "k"] {
            assert!(parse(&with(rsa(), json!({member: "AQAB"}))).is_err(), "{member}");
        }
        assert!(parse(&json!({"kty": "oct", "kid": "x", "alg": "HS256", "use": "sig"})).is_err());
        assert!(from_json(ec().to_string().replacen('{', r#"{"d":null,"#, 1).as_bytes()).is_err());
    }

    #[test]
    fn a_key_of_an_impossible_form_is_refused() {
        let x = ec()["x"].as_str().unwrap().to_owned();
        let n = rsa()["n"].as_str().unwrap().to_owned();
        let rsa_with = |n: &[u8], e: &[u8]| with(rsa(), json!({"n": URL_SAFE_NO_PAD.encode(n), "e": URL_SAFE_NO_PAD.encode(e)}));
        let modulus = URL_SAFE_NO_PAD.decode(&n).unwrap();
        for bad in [
            json!({}),
            with(ec(), json!({"kty": null})),
            with(ec(), json!({"kty": "ec"})),
            with(ec(), json!({"kty": "RSA"})),
            with(ec(), json!({"crv": null})),
            with(ec(), json!({"crv": "P-384"})),
            with(ec(), json!({"crv": "secp256k1"})),
            with(ec(), json!({"alg": "ES384"})),
            with(ec(), json!({"alg": "EdDSA"})),
            with(ec(), json!({"alg": "ES256K"})),
            with(ec(), json!({"alg": "RS256"})),
            with(ec(), json!({"alg": 7})),
            with(ec(), json!({"kid": ""})),
            with(ec(), json!({"kid": 7})),
            with(ec(), json!({"kid": "k".repeat(256)})),
            with(ec(), json!({"x": null})),
            with(ec(), json!({"x": x.clone() + "="})),
            with(ec(), json!({"x": &x[..40]})),
            with(ec(), json!({"x": ec()["y"], "y": x})),
            with(ec(), json!({"x": URL_SAFE_NO_PAD.encode([0; 32]), "y": URL_SAFE_NO_PAD.encode([0; 32])})),
            with(rsa(), json!({"alg": "ES256"})),
            rsa_with(&modulus[..255], &[1, 0, 1]),
            rsa_with(&modulus[..128], &[1, 0, 1]),
            rsa_with(&[0x7f; 256], &[1, 0, 1]),
            rsa_with(&[&[0], &modulus[..]].concat(), &[1, 0, 1]),
            rsa_with(&[&[1], &modulus.repeat(4)[..]].concat(), &[1, 0, 1]),
            rsa_with(&modulus, &[]),
            rsa_with(&modulus, &[1]),
            rsa_with(&modulus, &[3]),
            rsa_with(&modulus, &[1, 0, 0]),
            rsa_with(&modulus, &[1, 0, 2]),
            rsa_with(&modulus, &[0, 1, 0, 1]),
            rsa_with(&modulus, &[1; 9]),
        ] {
            assert!(parse(&bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_set_has_each_kid_once_and_no_key_that_is_unusable() {
        for keys in [
            json!([ec(), ec()]),
            json!([ec(), with(rsa(), json!({"kid": ec()["kid"]}))]),
            json!([ec(), {"kty": "oct", "k": "AAAA", "kid": "x"}]),
            json!([ec(), with(rsa(), json!({"use": "enc"}))]),
            json!([7]),
            json!({}),
            json!(null),
        ] {
            assert!(set_from_json(json!({"keys": keys}).to_string().as_bytes()).is_err(), "{keys}");
        }
        assert!(set_from_json(br#"{"keys":[],"keys":[]}"#).is_err());
        assert!(set_from_json(b"{}").is_err());
    }

    #[test]
    fn only_a_whole_spki_is_read() {
        let x = URL_SAFE_NO_PAD.decode("11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo").unwrap();
        let der = [&[0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00], &x[..]].concat();
        assert!(from_spki(Algorithm::EdDsa, &der).is_ok());
        for end in 0..der.len() {
            assert!(from_spki(Algorithm::EdDsa, &der[..end]).is_err(), "{end} bytes");
        }
        assert!(from_spki(Algorithm::EdDsa, &[&der[..], &[0]].concat()).is_err());
        for alg in Algorithm::ALL.into_iter().filter(|alg| *alg != Algorithm::EdDsa) {
            assert!(from_spki(alg, &der).is_err(), "{alg:?}");
        }
    }
}
