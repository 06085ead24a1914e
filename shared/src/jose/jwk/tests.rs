use super::*;
use crate::keys::signer::{LocalSigner, Signer};

fn ec() -> Value {
    to_json(LocalSigner::for_tests(Algorithm::Es256).jwk())
}

fn rsa() -> Value {
    to_json(LocalSigner::for_tests(Algorithm::Rs256).jwk())
}

fn akp() -> Value {
    to_json(LocalSigner::for_tests(Algorithm::MlDsa65).jwk())
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
fn rfc9964_a1_thumbprints() {
    for (alg, kid) in [
        (Algorithm::MlDsa44, "T4xl70S7MT6Zeq6r9V9fPJGVn76wfnXJ21-gyo0Gu6o"),
        (Algorithm::MlDsa65, "Suiu29qbfuaBaR4Ats-c6XQBePB_OpAxAwcTR_0KXVM"),
        (Algorithm::MlDsa87, "tRn1JNIkgMsABVQBlXeDHxAIcclh-2IX0UdDEzPt5XU"),
    ] {
        assert_eq!(LocalSigner::for_tests(alg).jwk().kid.as_str(), kid);
    }
}

#[test]
fn a_published_key_has_these_members_and_no_others() {
    for (alg, expected) in [
        (Algorithm::Es256, "alg crv kid kty use x y"),
        (Algorithm::EdDsa, "alg crv kid kty use x"),
        (Algorithm::MlDsa44, "alg kid kty pub use"),
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
    let keys = Algorithm::ALL[..8].iter().map(|alg| LocalSigner::for_tests(*alg).jwk().clone());
    let set = KeySet::new(keys.collect());
    let read = set_from_json(set_to_json(set.iter()).as_bytes()).unwrap();
    assert!(read.iter().eq(set.iter()));
    assert_eq!(set_to_json(KeySet::default().iter()), r#"{"keys":[]}"#);
}

#[test]
fn what_is_left_out_follows_from_the_key() {
    let kid = ec()["kid"].clone();
    let parsed = parse(&with(ec(), json!({"kid": null, "alg": null, "use": null, "x5c": ["?"]}))).unwrap();
    assert_eq!((parsed.kid.as_str(), parsed.alg), (kid.as_str().unwrap(), Algorithm::Es256));
    assert_eq!(parse(&with(ec(), json!({"kid": "mine"}))).unwrap().kid.as_str(), "mine");
    assert!(parse(&with(ec(), json!({"use": null, "key_ops": ["verify"]}))).is_ok());
    assert!(parse(&with(rsa(), json!({"alg": null}))).is_err(), "an RSA key could be for six algorithms");
    assert!(parse(&with(rsa(), json!({"alg": null, "crv": ""}))).is_err());
    assert!(parse(&with(akp(), json!({"alg": null}))).is_err(), "RFC 9964 section 3");
}

#[test]
fn a_key_for_something_else_than_signatures_is_refused() {
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
    for member in ["d", "p", "priv", "q", "dp", "dq", "qi", "oth", "k"] {
        assert!(parse(&with(rsa(), json!({member: "AQAB"}))).is_err(), "{member}");
    }
    assert!(parse(&json!({"kty": "oct", "kid": "x", "alg": "HS256", "use": "sig"})).is_err());
    assert!(from_json(ec().to_string().replacen('{', r#"{"d":null,"#, 1).as_bytes()).is_err());
}

#[test]
fn a_key_of_an_impossible_form_is_refused() {
    let x = ec()["x"].as_str().unwrap().to_owned();
    let n = rsa()["n"].as_str().unwrap().to_owned();
    let public = akp()["pub"].as_str().unwrap().to_owned();
    let key = URL_SAFE_NO_PAD.decode(&public).unwrap();
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
        with(rsa(), json!({"alg": "ML-DSA-44"})),
        with(akp(), json!({"alg": "ML-DSA-44"})),
        with(akp(), json!({"alg": "ml-dsa-65"})),
        with(akp(), json!({"alg": "RS256"})),
        with(akp(), json!({"kty": "OKP"})),
        with(akp(), json!({"pub": null})),
        with(akp(), json!({"pub": &public[4..]})),
        with(akp(), json!({"pub": public.clone() + "AAAA"})),
        with(akp(), json!({"pub": URL_SAFE_NO_PAD.encode(ml_dsa_spki(18, &key))})),
        rsa_with(&modulus[..255], &[1, 0, 1]),
        rsa_with(&[&modulus[..255], &[modulus[255] ^ 1]].concat(), &[1, 0, 1]),
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
    let with_long_length = [&[0x30, 0x81], &der[1..]].concat();
    assert!(from_spki(Algorithm::EdDsa, &with_long_length).is_err(), "X.690 section 10.1: the shortest form");
    let with_unused_bits = [&der[..11], &[1], &der[12..]].concat();
    assert!(from_spki(Algorithm::EdDsa, &with_unused_bits).is_err());
    for alg in Algorithm::ALL.iter().copied().filter(|alg| *alg != Algorithm::EdDsa) {
        assert!(from_spki(alg, &der).is_err(), "{alg:?}");
    }
}

/// RFC 9881 section 2, with the last number of the OID: 17 to 19 are ML-DSA, 32 to 34 are HashML-DSA.
fn ml_dsa_spki(level: u8, key: &[u8]) -> Vec<u8> {
    let sequence = |tag: u8, content: &[u8]| {
        let [high, low] = u16::try_from(content.len()).unwrap().to_be_bytes();
        [&[tag, 0x82, high, low], content].concat()
    };
    let identifier = [0x30, 0x0b, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x03, level];
    sequence(0x30, &[&identifier[..], &sequence(0x03, &[&[0], key].concat())].concat())
}

#[test]
fn rfc9881_2_an_spki_names_its_level_of_ml_dsa() {
    let levels = [(Algorithm::MlDsa44, 17), (Algorithm::MlDsa65, 18), (Algorithm::MlDsa87, 19)];
    for (alg, level) in levels {
        let jwk = LocalSigner::for_tests(alg).jwk().clone();
        let PublicKey::Akp { public } = &jwk.key else { panic!("{alg:?}") };
        assert_eq!(from_spki(alg, &ml_dsa_spki(level, public)), Ok(jwk.clone()));
        for other in [16, 17, 18, 19, 20, 32, 33, 34].into_iter().filter(|other| *other != level) {
            assert!(from_spki(alg, &ml_dsa_spki(other, public)).is_err(), "{other}");
        }
        for (other, _) in levels.into_iter().filter(|(other, _)| *other != alg) {
            assert!(from_spki(other, &ml_dsa_spki(level, public)).is_err(), "{other:?}");
        }
        assert!(from_spki(alg, &ml_dsa_spki(level, &public[1..])).is_err());
    }
}
