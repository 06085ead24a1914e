//! Published vectors, read from the folder that `JETON_VECTORS` names: Wycheproof, the JOSE cookbook (RFC 7520) and JSONTestSuite.

use std::fs;
use std::path::PathBuf;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use futures::FutureExt;
use serde_json::Value;
use shared::domain::{Algorithm, KeySet, Secret};
use shared::encoding::strict_json;
use shared::encoding::strict_json::Flaw;
use shared::jose::jwk;
use shared::jose::jws::Compact;
use shared::jose::{VerifyingKey, verify_signature};
use shared::keys::signer::{HmacDeriver, LocalSigner, SecretDeriver, Signer};

/// Vectors of `json_web_signature_test` whose label is wrong:
/// 346 and 350 give an RSA key for PS256 and a header of PS384, 347 and 351 a key for "ES521", and call it valid;
/// 372 and 373 have a `?` inside of base64url and are called valid; 367 and 370 are byte for byte the valid 357
/// and are called invalid.
const MISLABELLED: [u64; 8] = [346, 347, 350, 351, 367, 370, 372, 373];

#[test]
#[ignore = "needs JETON_VECTORS"]
fn wycheproof_json_web_signature() {
    let (mut agreed, mut accepted) = (0, 0);
    for (group, test) in tests("wycheproof/json_web_signature_test.json") {
        let key = public_key(&group);
        let accepts = jwk::from_json(key.to_string().as_bytes()).is_ok_and(|jwk| {
            Compact::parse(&compact(&test)).is_some_and(|jws| jws.is_signed_by(&VerifyingKey::new(&jwk).unwrap()))
        });
        let id = test["tcId"].as_u64().unwrap();
        if MISLABELLED.contains(&id) {
            assert!(!accepts, "tc{id}");
            continue;
        }
        // Nothing symmetric is ours.
        assert_eq!(accepts, test["result"] == "valid" && key["kty"] != "oct", "tc{id} {}", test["comment"]);
        agreed += 1;
        accepted += u32::from(accepts);
    }
    assert_eq!((agreed, accepted), (393, 32));
}

#[test]
#[ignore = "needs JETON_VECTORS"]
fn wycheproof_json_web_key() {
    let (mut agreed, mut accepted) = (0, 0);
    for (group, test) in tests("wycheproof/json_web_key_test.json") {
        let set = public_key(&group);
        let accepts =
            jwk::set_from_json(set.to_string().as_bytes()).is_ok_and(|keys| is_signed_by_one_of(&keys, &compact(&test)));
        let symmetric = set["keys"].as_array().unwrap().iter().any(|key| key["kty"] == "oct");
        assert_eq!(accepts, test["result"] == "valid" && !symmetric, "tc{} {}", test["tcId"], test["comment"]);
        agreed += 1;
        accepted += u32::from(accepts);
    }
    assert_eq!((agreed, accepted), (26, 1));
}

/// The older set, with encryption: of its 83 vectors only the JWS by ECDSA and RSA are for us.
#[test]
#[ignore = "needs JETON_VECTORS"]
fn wycheproof_json_web_crypto() {
    let (mut agreed, mut accepted) = (0, 0);
    for (group, test) in tests("wycheproof/json_web_crypto_test.json") {
        let key = public_key(&group);
        let accepts = jwk::from_json(key.to_string().as_bytes()).is_ok_and(|jwk| {
            Compact::parse(&compact(&test)).is_some_and(|jws| jws.is_signed_by(&VerifyingKey::new(&jwk).unwrap()))
        });
        let ours = test.get("jws").is_some() && key["kty"] != "oct" && key.get("keys").is_none();
        assert_eq!(accepts, test["result"] == "valid" && ours, "tc{} {}", test["tcId"], test["comment"]);
        agreed += 1;
        accepted += u32::from(accepts);
    }
    assert_eq!((agreed, accepted), (83, 2));
}

#[test]
#[ignore = "needs JETON_VECTORS"]
fn wycheproof_signatures() {
    for (file, alg, count) in [
        ("ecdsa_secp256r1_sha256_p1363", Algorithm::Es256, (262, 173)),
        ("ecdsa_secp384r1_sha384_p1363", Algorithm::Es384, (280, 193)),
        ("ecdsa_secp521r1_sha512_p1363", Algorithm::Es512, (318, 231)),
        ("ed25519", Algorithm::EdDsa, (151, 88)),
        ("rsa_pss_2048_sha256_mgf1_32", Algorithm::Ps256, (108, 63)),
        ("rsa_pss_3072_sha256_mgf1_32", Algorithm::Ps256, (108, 63)),
        ("rsa_pss_4096_sha256_mgf1_32", Algorithm::Ps256, (108, 63)),
        ("rsa_signature_2048_sha256", Algorithm::Rs256, (259, 7)),
        ("rsa_signature_3072_sha256", Algorithm::Rs256, (259, 7)),
        ("rsa_signature_4096_sha256", Algorithm::Rs256, (258, 7)),
    ] {
        let (mut agreed, mut accepted) = (0, 0);
        for (group, test) in tests(&format!("wycheproof/{file}_test.json")) {
            let spki = hex(&group["publicKeyDer"]);
            let accepts =
                jwk::from_spki(alg, &spki).is_ok_and(|jwk| verify_signature(&jwk, &hex(&test["msg"]), &hex(&test["sig"])));
            // We take no RSA key with an exponent of 3: three vectors have one.
            let ours = !file.starts_with("rsa") || !spki.ends_with(&[0x02, 0x01, 0x03]);
            // "acceptable" is a PKCS #1 signature without the NULL that RFC 8017 asks for.
            assert_eq!(accepts, test["result"] == "valid" && ours, "{file} tc{} {}", test["tcId"], test["comment"]);
            agreed += 1;
            accepted += u32::from(accepts);
        }
        assert_eq!((agreed, accepted), count, "{file}");
    }
}

#[test]
#[ignore = "needs JETON_VECTORS"]
fn wycheproof_ecdsa_in_der_is_never_a_jws_signature() {
    let mut refused = 0;
    for (group, test) in tests("wycheproof/ecdsa_secp256r1_sha256_test.json") {
        let jwk = jwk::from_spki(Algorithm::Es256, &hex(&group["publicKeyDer"])).unwrap();
        assert!(!verify_signature(&jwk, &hex(&test["msg"]), &hex(&test["sig"])), "tc{}", test["tcId"]);
        refused += 1;
    }
    assert_eq!(refused, 484);
}

#[test]
#[ignore = "needs JETON_VECTORS"]
fn wycheproof_hmac() {
    let mut agreed = 0;
    for (group, test) in tests("wycheproof/hmac_sha256_test.json") {
        let Ok(key) = <[u8; 32]>::try_from(hex(&test["key"])) else { continue };
        let deriver = HmacDeriver::new(&Secret::new(key));
        let tag = deriver.derive(&hex(&test["msg"])).now_or_never().unwrap().unwrap();
        let len = usize::try_from(group["tagSize"].as_u64().unwrap()).unwrap() / 8;
        assert_eq!(tag.expose()[..len] == hex(&test["tag"]), test["result"] == "valid", "tc{}", test["tcId"]);
        agreed += 1;
    }
    assert_eq!(agreed, 162);
}

#[test]
#[ignore = "needs JETON_VECTORS"]
fn rfc7520_4_1_to_4_3_verify() {
    for (file, alg) in [
        ("4_1.rsa_v15_signature", Algorithm::Rs256),
        ("4_2.rsa-pss_signature", Algorithm::Ps384),
        ("4_3.ecdsa_signature", Algorithm::Es512),
    ] {
        let vector = json(&format!("jose-cookbook/jws/{file}.json"));
        let mut key = without_private(vector["input"]["key"].clone());
        key["alg"] = alg.as_str().into();
        let key = VerifyingKey::new(&jwk::from_json(key.to_string().as_bytes()).unwrap()).unwrap();
        let output = &vector["output"];
        let jws = Compact::parse(output["compact"].as_str().unwrap()).unwrap();
        assert!(jws.is_signed_by(&key), "{file}");
        assert_eq!(jws.payload, vector["input"]["payload"].as_str().unwrap().as_bytes());
        for form in ["json", "json_flat"] {
            assert!(Compact::parse(&output[form].to_string()).is_none(), "{file} as {form}");
        }
    }
}

#[test]
#[ignore = "needs JETON_VECTORS"]
fn rfc7520_4_4_to_4_8_and_rfc7797_are_refused() {
    let mut refused = 0;
    for file in [
        "jws/4_4.hmac-sha2_integrity_protection",
        "jws/4_5.signature_with_detached_content",
        "jws/4_6.protecting_specific_header_fields",
        "jws/4_7.protecting_content_only",
        "jws/4_8.multiple_signatures",
        "rfc7797/4.2.hmac-sha2_b64_false",
        "rfc7797/hmac-sha2_b64_false",
    ] {
        let vector = json(&format!("jose-cookbook/{file}.json"));
        for form in vector["output"].as_object().unwrap().values() {
            let text = form.as_str().map_or_else(|| form.to_string(), str::to_owned);
            assert!(Compact::parse(&text).is_none(), "{file}");
            refused += 1;
        }
    }
    assert_eq!(refused, 16);
}

#[test]
#[ignore = "needs JETON_VECTORS"]
fn rfc8037_signatures_repeat_themselves() {
    let vector = json("jose-cookbook/curve25519/jws.json");
    let signer = LocalSigner::for_tests(Algorithm::EdDsa);
    let signature = signer.sign(vector["signing"]["sig-input"].as_str().unwrap().as_bytes()).now_or_never().unwrap().unwrap();
    assert_eq!(URL_SAFE_NO_PAD.encode(signature), vector["signing"]["sig"]);
}

#[test]
#[ignore = "needs JETON_VECTORS"]
fn json_test_suite() {
    let (mut accepted, mut refused, mut either) = (0, 0, 0);
    let mut duplicates = Vec::new();
    for entry in fs::read_dir(folder().join("json-test-suite/test_parsing")).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        let checked = strict_json::check(&fs::read(&path).unwrap());
        match (&name[..2], checked) {
            ("y_", Ok(())) => accepted += 1,
            ("y_", Err(Flaw::DuplicateMember)) => duplicates.push(name),
            ("n_", Err(_)) => refused += 1,
            ("i_", _) => either += 1,
            (_, outcome) => panic!("{name}: {outcome:?}"),
        }
    }
    duplicates.sort();
    // Valid JSON that we refuse on purpose.
    assert_eq!(duplicates, ["y_object_duplicated_key.json", "y_object_duplicated_key_and_value.json"]);
    assert_eq!((accepted, refused, either), (93, 188, 35));
}

/// The folder of the vectors. Tests that need it are ignored without it.
#[expect(clippy::disallowed_methods, reason = "where the vectors are is no configuration of the service")]
pub(crate) fn folder() -> PathBuf {
    std::env::var_os("JETON_VECTORS").expect("JETON_VECTORS names the folder of the vectors").into()
}

fn json(file: &str) -> Value {
    let path = folder().join(file);
    serde_json::from_slice(&fs::read(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))).unwrap()
}

/// All tests of a Wycheproof file, each with its group.
fn tests(file: &str) -> Vec<(Value, Value)> {
    let mut all = Vec::new();
    for group in json(file)["testGroups"].as_array_mut().unwrap() {
        let tests = group["tests"].take();
        all.extend(tests.as_array().unwrap().iter().map(|test| (group.clone(), test.clone())));
    }
    all
}

/// The public key of a group, or its public half: so that it isn't for being private that it is refused.
fn public_key(group: &Value) -> Value {
    group.get("public").cloned().unwrap_or_else(|| without_private(group["private"].clone()))
}

fn without_private(mut key: Value) -> Value {
    if let Some(keys) = key.get_mut("keys").and_then(Value::as_array_mut) {
        for key in keys {
            *key = without_private(key.take());
        }
    }
    if let Some(members) = key.as_object_mut().filter(|members| members.get("kty") != Some(&"oct".into())) {
        members.retain(|name, _| !["d", "dp", "dq", "p", "q", "qi"].contains(&name.as_str()));
    }
    key
}

fn compact(test: &Value) -> String {
    let token = test.get("jws").or_else(|| test.get("jwe")).unwrap();
    token.as_str().map_or_else(|| token.to_string(), str::to_owned)
}

fn is_signed_by_one_of(keys: &KeySet, token: &str) -> bool {
    Compact::parse(token).is_some_and(|jws| {
        let key = jws.kid.as_deref().and_then(|kid| keys.find(kid));
        key.is_some_and(|key| jws.is_signed_by(&VerifyingKey::new(key).unwrap()))
    })
}

fn hex(text: &Value) -> Vec<u8> {
    let digits = text.as_str().unwrap().as_bytes();
    digits.chunks(2).map(|pair| u8::from_str_radix(str::from_utf8(pair).unwrap(), 16).unwrap()).collect()
}
