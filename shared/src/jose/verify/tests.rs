mod payload;

use aws_lc_rs::hmac;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use futures::FutureExt;
use serde_json::{Value, json};

use super::*;
use crate::domain::key::PublicKey;
use crate::domain::{Algorithm, Entropy, Jwk, Seeded};
use crate::jose::testing::{signed_by, with};
use crate::keys::signer::{LocalSigner, Signer};

const NOW: i64 = 1_800_000_000;
const ISSUER: &str = "https://auth.example.com";
const JTI: &str = "0d6hq1g0000000000000000000000000";
const OAUTH: Expected = Expected { types: &["at+jwt"] };

fn signer() -> LocalSigner {
    LocalSigner::for_tests(Algorithm::Es256)
}

fn verifier_of(keys: Vec<Jwk>) -> Verifier {
    Verifier::new(&KeySet::new(keys), Issuer::parse(ISSUER).unwrap()).unwrap()
}

fn verifier() -> Verifier {
    verifier_of(vec![signer().jwk().clone()])
}

fn verify(token: &str) -> Result<Arc<Claims>, Rejection> {
    verifier().verify(token, &OAUTH, Timestamp::from_secs(NOW))
}

fn header() -> Value {
    json!({"alg": "ES256", "typ": "at+jwt", "kid": signer().jwk().kid.as_str()})
}

fn payload() -> Value {
    json!({"iss": ISSUER, "sub": "tok", "org": "acme", "aud": ["urn:api"], "iat": NOW - 10, "exp": NOW + 600, "jti": JTI})
}

fn signed(header: impl AsRef<[u8]>, payload: impl AsRef<[u8]>) -> String {
    signed_by(&signer(), header, payload)
}

fn good() -> String {
    signed(header().to_string(), payload().to_string())
}

#[track_caller]
fn refused(what: &str, token: &str) {
    assert_eq!(verify(token), Err(Rejection::Invalid), "{what}");
}

#[track_caller]
fn refused_headers(headers: impl IntoIterator<Item = Value>) {
    for header in headers {
        refused(&header.to_string(), &signed(header.to_string(), payload().to_string()));
    }
}

#[test]
fn a_token_that_we_mint_verifies() {
    for &alg in Algorithm::ALL {
        let signer = LocalSigner::for_tests(alg);
        let claims = claims::from_json(payload().to_string().as_bytes()).unwrap();
        let token = crate::keys::signer::jws::sign(&signer, "at+jwt", &claims::to_json(&claims).unwrap())
            .now_or_never()
            .unwrap()
            .unwrap();
        let verifier = verifier_of(vec![signer.jwk().clone()]);
        assert_eq!(*verifier.verify(&token, &OAUTH, Timestamp::from_secs(NOW)).unwrap(), claims, "{alg:?}");
    }
}

#[test]
fn alg_is_spelled_as_registered_and_never_none() {
    let spellings = ["none", "None", "NONE", "nOnE", "none ", "", "es256", "Es256", "ES256 ", "ES256\0", "ES256K", "HS256"];
    let values = spellings.map(Value::from).into_iter().chain([Value::Null, json!(["ES256"]), json!(5), json!({})]);
    for alg in values.map(Some).chain([None]) {
        let header = with(header(), "alg", alg).to_string();
        let token = signed(&header, payload().to_string());
        refused(&header, &token);
        refused(&header, &format!("{}.", token.rsplit_once('.').unwrap().0));
    }
}

#[test]
fn a_signature_is_present_and_complete() {
    let good = good();
    let (input, _) = good.rsplit_once('.').unwrap();
    for signature in ["", ".", ".AA", &format!(".{}", URL_SAFE_NO_PAD.encode([0; 64]))] {
        refused(signature, &format!("{input}{signature}"));
    }
}

#[test]
fn no_symmetric_algorithm_verifies() {
    let input = format!(
        "{}.{}",
        URL_SAFE_NO_PAD.encode(with(header(), "alg", Some(json!("HS256"))).to_string()),
        URL_SAFE_NO_PAD.encode(payload().to_string())
    );
    let public = crate::jose::jwk::to_json(signer().jwk()).to_string();
    for key in [&b""[..], b"secret", &[0; 32], signer().jwk().kid.as_str().as_bytes(), public.as_bytes()] {
        let mac = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), input.as_bytes());
        refused("HS256", &format!("{input}.{}", URL_SAFE_NO_PAD.encode(mac)));
    }
}

#[test]
fn rfc8725_3_1_a_key_verifies_one_algorithm() {
    let rsa = LocalSigner::for_tests(Algorithm::Rs256);
    let verifier = verifier_of(vec![signer().jwk().clone(), rsa.jwk().clone()]);
    let verify = |signer: &LocalSigner, alg: Algorithm, kid: &LocalSigner| {
        let header = json!({"alg": alg.as_str(), "typ": "at+jwt", "kid": kid.jwk().kid.as_str()});
        let token = signed_by(signer, header.to_string(), payload().to_string());
        verifier.verify(&token, &OAUTH, Timestamp::from_secs(NOW)).is_ok()
    };
    assert!(verify(&rsa, Algorithm::Rs256, &rsa));
    assert!(!verify(&rsa, Algorithm::Rs256, &signer()), "a key of another kid");
    for other in [Algorithm::Ps256, Algorithm::Rs384, Algorithm::Rs512] {
        assert!(!verify(&LocalSigner::for_tests(other), other, &rsa), "{other:?} with the same key");
        assert!(!verify(&rsa, other, &rsa), "{other:?} in the header only");
    }
}

#[test]
fn keys_in_the_header_are_never_read() {
    let attacker = LocalSigner::generate(Algorithm::Es256).unwrap();
    let jwk = crate::jose::jwk::to_json(attacker.jwk());
    for (member, value) in [
        ("jwk", jwk.clone()),
        ("x5c", json!(["MIIB"])),
        ("x5t#S256", json!("AAAA")),
        ("jku", json!("https://evil.example/jwks")),
        ("x5u", json!("https://evil.example/cert")),
    ] {
        let ours = with(header(), member, Some(value));
        refused(member, &signed_by(&attacker, ours.to_string(), payload().to_string()));
        let theirs = with(ours.clone(), "kid", Some(json!(attacker.jwk().kid.as_str())));
        refused(member, &signed_by(&attacker, theirs.to_string(), payload().to_string()));
        assert!(verify(&signed(ours.to_string(), payload().to_string())).is_ok(), "{member} is ignored");
    }
}

#[test]
fn kid_names_a_key_of_the_ring() {
    let kid = signer().jwk().kid.to_string();
    let values = [json!("unknown"), json!(""), json!("k".repeat(5_000)), json!(7), json!([kid]), Value::Null, json!(kid + " ")];
    refused_headers(values.map(Some).into_iter().chain([None]).map(|kid| with(header(), "kid", kid)));
}

#[test]
fn no_retired_key_verifies() {
    let token = good();
    let now = Timestamp::from_secs(NOW);
    assert!(verifier().verify(&token, &OAUTH, now).is_ok());
    let next = LocalSigner::generate(Algorithm::Es256).unwrap();
    assert!(verifier_of(vec![next.jwk().clone(), signer().jwk().clone()]).verify(&token, &OAUTH, now).is_ok());
    assert_eq!(verifier_of(vec![next.jwk().clone()]).verify(&token, &OAUTH, now), Err(Rejection::Invalid));
    assert_eq!(verifier_of(Vec::new()).verify(&token, &OAUTH, now), Err(Rejection::Invalid));
}

#[test]
fn no_critical_extension_is_accepted() {
    for member in ["crit", "b64", "zip"] {
        let values = [json!(["exp"]), json!([]), json!(false), json!(true), json!("DEF"), Value::Null];
        refused_headers(values.map(|value| with(header(), member, Some(value))));
    }
}

#[test]
fn typ_is_of_an_access_token() {
    let accepts =
        |typ: &Value| verify(&signed(with(header(), "typ", Some(typ.clone())).to_string(), payload().to_string())).is_ok();
    for good in ["at+jwt", "AT+JWT", "application/at+jwt", "Application/At+Jwt"] {
        assert!(accepts(&json!(good)), "{good}");
    }
    for bad in [
        "JWT",
        "",
        "id_token",
        "dpop+jwt",
        "logout+jwt",
        "token-introspection+jwt",
        "secevent+jwt",
        "at+JWT\0",
        "at+jwt ",
        "application/application/at+jwt",
        "text/at+jwt",
        "applicatiön/at+jwt",
    ] {
        assert!(!accepts(&json!(bad)), "{bad}");
    }
    for bad in [Value::Null, json!(["at+jwt"]), json!(1)] {
        assert!(!accepts(&bad), "{bad}");
    }
    refused_headers([with(header(), "typ", None)]);
}

#[test]
fn the_expected_type_is_not_remembered_from_one_call_to_the_next() {
    let (verifier, token, now) = (verifier(), good(), Timestamp::from_secs(NOW));
    assert!(verifier.verify(&token, &OAUTH, now).is_ok());
    assert_eq!(verifier.verify(&token, &Expected { types: &["JWT"] }, now), Err(Rejection::Invalid));
    assert_eq!(verifier.verify(&token, &Expected { types: &[] }, now), Err(Rejection::Invalid));
    assert!(verifier.verify(&token, &Expected { types: &["JWT", "at+jwt"] }, now).is_ok());
}

#[test]
fn a_token_is_three_parts_and_nothing_else() {
    let good = good();
    let (input, signature) = good.rsplit_once('.').unwrap();
    let (header, payload) = input.split_once('.').unwrap();
    for bad in [
        String::new(),
        ".".into(),
        "..".into(),
        "...".into(),
        header.into(),
        input.into(),
        format!("{good}.{signature}"),
        format!("{good}..{signature}"),
        format!(".{good}"),
        format!("{good}."),
        format!(" {good}"),
        format!("{good} "),
        format!("\t{good}"),
        format!("{good}\n"),
        format!("{good}="),
        format!("{header}=.{payload}.{signature}"),
        format!("{header}. {payload}.{signature}"),
        format!("{good},{good}"),
        format!("{good} {good}"),
        format!("{}.{payload}.{signature}", header.replace('-', "+") + "+"),
        json!({"payload": payload, "protected": header, "signature": signature}).to_string(),
        json!({"payload": payload, "signatures": [{"protected": header, "signature": signature}]}).to_string(),
        json!({"payload": payload, "x": good}).to_string(),
    ] {
        refused(&bad, &bad);
    }
    refused("a nested token", &signed(self::header().to_string(), &good));
}

#[test]
fn the_header_is_one_plain_object() {
    let (plain, payload) = (header().to_string(), payload().to_string());
    let inner = plain.trim_start_matches('{').trim_end_matches('}');
    for bad in [
        format!(r#"{{"alg":"none",{inner}}}"#),
        format!(r#"{{{inner},"alg":"none"}}"#),
        format!(r#"{{{inner},"\u0061lg":"ES256"}}"#),
        format!(r#"{{{inner},"x":{{"a":1,"a":1}}}}"#),
        format!("[{plain}]"),
        r#"["ES256","at+jwt"]"#.into(),
        r#""ES256""#.into(),
        "null".into(),
        String::new(),
        format!("\u{feff}{plain}"),
        format!("{plain}x"),
        format!("{plain}{plain}"),
        format!(r#"{{{inner},"x":"{}"}}"#, "y".repeat(8_000)),
        format!(r#"{{{inner},"x":{}{}}}"#, "[".repeat(40), "]".repeat(40)),
    ] {
        refused(&bad, &signed(&bad, &payload));
    }
    assert!(verify(&signed(format!("{{ {inner}\t,\n\"x\": {{}} }}"), &payload)).is_ok(), "blanks are JSON");
}

#[test]
fn a_token_has_at_most_7168_bytes() {
    let of_length = |length: usize| {
        let padded = |len| signed(header().to_string(), with(payload(), "x", Some(json!("x".repeat(len)))).to_string());
        (4_500..5_500).map(padded).find(|token| token.len() >= length).unwrap()
    };
    let (longest, longer) = (of_length(MAX_TOKEN_BYTES), of_length(MAX_TOKEN_BYTES + 1));
    assert_eq!(longest.len(), MAX_TOKEN_BYTES);
    assert!(verify(&longest).is_ok());
    refused("too long", &longer);
}

#[test]
fn rfc7518_3_4_a_signature_has_its_width() {
    let good = good();
    let (input, signature) = good.rsplit_once('.').unwrap();
    let raw = URL_SAFE_NO_PAD.decode(signature).unwrap();
    let (r, s) = raw.split_at(32);
    let der = [&[0x30, 0x46, 0x02, 0x21, 0x00], r, &[0x02, 0x21, 0x00], s].concat();
    let mut candidates = vec![der, raw[..63].to_vec(), [&raw[..], &[0]].concat(), [&[0], &raw[..]].concat()];
    candidates.extend([66, 72, 128].map(|len| [&raw[..], &vec![0; len - 64]].concat()));
    candidates.push([&[0], r, &[0], s].concat());
    candidates.push([r, r].concat());
    candidates.push([s, r].concat());
    for bad in candidates {
        refused(&format!("{} bytes", bad.len()), &format!("{input}.{}", URL_SAFE_NO_PAD.encode(bad)));
    }
}

#[test]
fn the_twin_of_a_signature_names_the_same_token() {
    const ORDER: &str = "_____wAAAAD__________7zm-q2nF56E87nKwvxjJVE";
    let good = good();
    let (input, signature) = good.rsplit_once('.').unwrap();
    let mut twin = URL_SAFE_NO_PAD.decode(signature).unwrap();
    let mut borrow = 0;
    for (n, s) in URL_SAFE_NO_PAD.decode(ORDER).unwrap().into_iter().zip(&mut twin[32..]).rev() {
        let difference = i16::from(n) - i16::from(*s) - borrow;
        borrow = i16::from(difference < 0);
        *s = u8::try_from(difference.rem_euclid(256)).unwrap();
    }
    let twin = format!("{input}.{}", URL_SAFE_NO_PAD.encode(twin));
    assert_ne!(twin, good);
    assert_eq!(verify(&twin).unwrap().id, verify(&good).unwrap().id);
}

#[test]
fn a_token_with_one_byte_changed_is_refused() {
    let (verifier, good, entropy) = (verifier(), good(), Seeded::new(44));
    let mut random = [0; 3];
    for _ in 0..20_000 {
        entropy.fill(&mut random).unwrap();
        let at = usize::from(u16::from_be_bytes([random[0], random[1]])) % good.len();
        let mut bytes = good.clone().into_bytes();
        bytes[at] ^= random[2] % 127 + 1;
        let flipped = String::from_utf8(bytes).unwrap();
        assert_eq!(verifier.verify(&flipped, &OAUTH, Timestamp::from_secs(NOW)), Err(Rejection::Invalid), "{flipped}");
    }
    assert!(verifier.verify(&good, &OAUTH, Timestamp::from_secs(NOW)).is_ok());
}

#[test]
fn a_signature_is_verified_once_and_time_every_time() {
    let (verifier, token) = (verifier(), good());
    let first = verifier.verify(&token, &OAUTH, Timestamp::from_secs(NOW)).unwrap();
    let second = verifier.verify(&token, &OAUTH, Timestamp::from_secs(NOW + 1)).unwrap();
    assert!(Arc::ptr_eq(&first, &second));
    let late = verifier.verify(&token, &OAUTH, Timestamp::from_secs(NOW + 600)).unwrap_err();
    assert!(matches!(late, Rejection::Expired(third) if Arc::ptr_eq(&first, &third)));
    let early = verifier.verify(&token, &OAUTH, Timestamp::from_secs(NOW - 71)).unwrap_err();
    assert_eq!(early, Rejection::Invalid);
}

#[test]
fn a_verifier_of_an_unusable_key_is_not_made() {
    let mut jwk = signer().jwk().clone();
    jwk.key = PublicKey::Ec { x: vec![1; 32], y: vec![1; 32] };
    assert!(Verifier::new(&KeySet::new(vec![jwk]), Issuer::parse(ISSUER).unwrap()).is_err());
}
