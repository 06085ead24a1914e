use std::collections::HashSet;
use std::sync::Mutex;

use async_trait::async_trait;
use futures::FutureExt;
use serde_json::{Value, json};

use super::*;
use crate::domain::{Fault, Refusal, Secret};
use crate::jose::testing::{signed_by, with};
use crate::keys::signer::{HmacDeriver, LocalSigner, Signer};

const NOW: i64 = 1_800_000_000;
const HERE: &str = "https://auth.example.com/api/auth/token";
const TOKEN_PROOF: &str = "eyJ0eXAiOiJkcG9wK2p3dCIsImFsZyI6IkVTMjU2IiwiandrIjp7Imt0eSI6IkVDIiwieCI6Imw4dEZyaHgtMzR0VjNoUklDUkRZOXpDa0RscEJoRjQyVVFVZldWQVdCRnMiLCJ5IjoiOVZFNGpmX09rX282NHpiVFRsY3VOSmFqSG10NnY5VERWclUwQ2R2R1JEQSIsImNydiI6IlAtMjU2In19.eyJqdGkiOiItQndDM0VTYzZhY2MybFRjIiwiaHRtIjoiUE9TVCIsImh0dSI6Imh0dHBzOi8vc2VydmVyLmV4YW1wbGUuY29tL3Rva2VuIiwiaWF0IjoxNTYyMjYyNjE2fQ.2-GxA6T8lP4vfrg8v-FdWP0A0zdrj8igiMLvqRMUvwnQg4PtFLbdLXiOSsX0x7NVY-FNyJK70nfbV37xRZT3Lg";
const RESOURCE_PROOF: &str = "eyJ0eXAiOiJkcG9wK2p3dCIsImFsZyI6IkVTMjU2IiwiandrIjp7Imt0eSI6IkVDIiwieCI6Imw4dEZyaHgtMzR0VjNoUklDUkRZOXpDa0RscEJoRjQyVVFVZldWQVdCRnMiLCJ5IjoiOVZFNGpmX09rX282NHpiVFRsY3VOSmFqSG10NnY5VERWclUwQ2R2R1JEQSIsImNydiI6IlAtMjU2In19.eyJqdGkiOiJlMWozVl9iS2ljOC1MQUVCIiwiaHRtIjoiR0VUIiwiaHR1IjoiaHR0cHM6Ly9yZXNvdXJjZS5leGFtcGxlLm9yZy9wcm90ZWN0ZWRyZXNvdXJjZSIsImlhdCI6MTU2MjI2MjYxOCwiYXRoIjoiZlVIeU8ycjJaM0RaNTNFc05yV0JiMHhXWG9hTnk1OUlpS0NBcWtzbVFFbyJ9.2oW9RP35yRqzhrtNP86L-Ey71EOptxRimPPToA1plemAgR6pxHF8y6-yqyVnmcw6Fy1dqd-jfxSYoMxhAJpLjA";

/// Remembers what was used, for ever.
#[derive(Debug, Default)]
struct Memory(Mutex<HashSet<[u8; 32]>>);

#[async_trait]
impl ReplayStore for Memory {
    async fn use_once(&self, used: &ReplayKey) -> Result<bool, Fault> {
        Ok(self.0.lock().unwrap().insert(used.hash))
    }
}

const EXPECTED: Expected<'_> = Expected { method: "POST", uri: HERE, access_token: None, key: None, nonce: NonceRule::NotNeeded };

fn verify_with(memory: &Memory, proof: &str, expected: &Expected<'_>, now: i64) -> Result<Thumbprint, Denial> {
    let org = OrgId::parse("1").unwrap();
    match verify(memory, &org, Timestamp::from_secs(now), proof, expected).now_or_never().unwrap() {
        Ok(key) => Ok(key),
        Err(Error::Refused(Refusal::Denied(denial))) => Err(denial),
        Err(other) => panic!("{other:?}"),
    }
}

fn verified(proof: &str) -> Result<Thumbprint, Denial> {
    verify_with(&Memory::default(), proof, &EXPECTED, NOW)
}

fn signer() -> LocalSigner {
    LocalSigner::for_tests(Algorithm::Es256)
}

fn header_of(signer: &LocalSigner) -> Value {
    let mut jwk = jwk::to_json(signer.jwk());
    for member in ["kid", "use"] {
        jwk.as_object_mut().unwrap().remove(member);
    }
    json!({"typ": "dpop+jwt", "alg": signer.jwk().alg.as_str(), "jwk": jwk})
}

fn header() -> Value {
    header_of(&signer())
}

fn payload() -> Value {
    json!({"jti": "a", "htm": "POST", "htu": HERE, "iat": NOW})
}

fn proof(header: &Value, payload: &Value) -> String {
    signed_by(&signer(), header.to_string(), payload.to_string())
}

fn proof_with(claim: &str, value: Option<Value>) -> String {
    proof(&header(), &with(payload(), claim, value))
}

#[test]
fn rfc9449_4_1_and_7_1_the_examples_verify() {
    let jkt: Thumbprint = "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I".parse().unwrap();
    let token = Expected { uri: "https://server.example.com/token", ..EXPECTED };
    assert_eq!(verify_with(&Memory::default(), TOKEN_PROOF, &token, 1_562_262_616), Ok(jkt));
    let resource = Expected {
        method: "GET",
        uri: "https://resource.example.org/protectedresource",
        access_token: Some("Kz~8mXK1EalYznwH-LC-1fBAo.4Ljp~zsPE_NeO.gxU"),
        key: Some(jkt),
        nonce: NonceRule::NotNeeded,
    };
    assert_eq!(verify_with(&Memory::default(), RESOURCE_PROOF, &resource, 1_562_262_618), Ok(jkt));
}

#[test]
fn fapi2_5_4_1_a_proof_is_by_an_asymmetric_algorithm_but_not_by_pkcs1_v1_5_and_its_key_need_not_name_it() {
    for alg in [Algorithm::Rs256, Algorithm::Rs384, Algorithm::Rs512] {
        let signer = LocalSigner::for_tests(alg);
        let proof = signed_by(&signer, header_of(&signer).to_string(), payload().to_string());
        assert_eq!(verified(&proof), Err(Denial::DpopProofInvalid), "{alg}");
    }
    for &alg in ALGORITHMS {
        let signer = LocalSigner::for_tests(alg);
        let mut header = header_of(&signer);
        if !alg.as_str().starts_with("ML-DSA") {
            header["jwk"].as_object_mut().unwrap().remove("alg");
        }
        let proof = signed_by(&signer, header.to_string(), payload().to_string());
        let expected = jwk::thumbprint(&signer.jwk().key, alg);
        assert_eq!(verified(&proof).map(|key| key.to_string()).as_deref(), Ok(expected.as_str()), "{alg:?}");
    }
}

#[test]
fn rfc9964_3_a_lattice_key_names_its_algorithm() {
    let signer = LocalSigner::for_tests(Algorithm::MlDsa44);
    let mut header = header_of(&signer);
    header["jwk"].as_object_mut().unwrap().remove("alg");
    let nameless = signed_by(&signer, header.to_string(), payload().to_string());
    assert_eq!(verified(&nameless), Err(Denial::DpopProofInvalid));
}

#[test]
fn exactly_one_jwt_is_a_proof() {
    let good = proof(&header(), &payload());
    assert!(verified(&good).is_ok());
    for bad in
        [String::new(), "x".into(), format!("{good},{good}"), format!("{good}, {good}"), format!(" {good}"), format!("{good}.")]
    {
        assert_eq!(verified(&bad), Err(Denial::DpopProofInvalid), "{bad}");
    }
    let long = proof_with("x", Some("x".repeat(MAX_TOKEN_BYTES).into()));
    assert_eq!(verified(&long), Err(Denial::DpopProofInvalid));
}

#[test]
fn the_type_of_a_proof_is_dpop_jwt_and_its_algorithm_is_asymmetric() {
    for typ in ["DPoP+JWT", "application/dpop+jwt"] {
        assert!(verified(&proof(&with(header(), "typ", Some(typ.into())), &payload())).is_ok(), "{typ}");
    }
    for typ in [None, Some(json!("jwt")), Some(json!("at+jwt")), Some(json!(5)), Some(Value::Null)] {
        assert_eq!(verified(&proof(&with(header(), "typ", typ.clone()), &payload())), Err(Denial::DpopProofInvalid), "{typ:?}");
    }
    for alg in ["none", "HS256", "RS256", "ES384", "es256"] {
        assert_eq!(
            verified(&proof(&with(header(), "alg", Some(alg.into())), &payload())),
            Err(Denial::DpopProofInvalid),
            "{alg}"
        );
    }
}

#[test]
fn rfc9449_4_3_the_key_is_public_and_signed_the_proof() {
    let mut private = header();
    private["jwk"]["d"] = "jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI".into();
    let secret = with(header(), "jwk", Some(json!({"kty": "oct", "k": "AAAA"})));
    let of_another = with(header(), "jwk", Some(jwk::to_json(LocalSigner::for_tests(Algorithm::EdDsa).jwk())));
    let mut for_encryption = header();
    for_encryption["jwk"]["use"] = "enc".into();
    for bad in [private, secret, of_another, for_encryption, with(header(), "jwk", None), with(header(), "jwk", Some(json!("x")))]
    {
        assert_eq!(verified(&proof(&bad, &payload())), Err(Denial::DpopProofInvalid), "{bad}");
    }
    let good = proof(&header(), &payload());
    let (input, signature) = good.rsplit_once('.').unwrap();
    for bad in ["", &signature[1..], &"A".repeat(86)] {
        assert_eq!(verified(&format!("{input}.{bad}")), Err(Denial::DpopProofInvalid));
    }
}

#[test]
fn the_method_url_and_id_of_a_proof_are_present_and_right() {
    for (claim, value) in [
        ("jti", None),
        ("jti", Some(json!(7))),
        ("jti", Some(json!(""))),
        ("jti", Some(json!("x".repeat(10_000)))),
        ("htm", None),
        ("htm", Some(json!(["POST"]))),
        ("htu", None),
        ("htu", Some(json!(7))),
        ("htu", Some(json!("/api/auth/token"))),
        ("htu", Some(json!("ftp://auth.example.com/api/auth/token"))),
        ("iat", None),
        ("iat", Some(json!("1800000000"))),
        ("exp", Some(json!("soon"))),
    ] {
        assert_eq!(verified(&proof_with(claim, value.clone())), Err(Denial::DpopProofInvalid), "{claim} {value:?}");
    }
    for (claim, value) in [
        ("htm", "PUT"),
        ("htm", "post"),
        ("htu", "https://other.example.com/api/auth/token"),
        ("htu", "http://auth.example.com/api/auth/token"),
        ("htu", "https://auth.example.com:8443/api/auth/token"),
        ("htu", "https://auth.example.com/api/auth/token/"),
        ("htu", "https://auth.example.com/api/auth%2Ftoken"),
        ("htu", "https://auth.example.com/api/Auth/token"),
        ("htu", "https://auth.example.com./api/auth/token"),
    ] {
        assert_eq!(verified(&proof_with(claim, Some(value.into()))), Err(Denial::DpopProofForAnother), "{claim} {value}");
    }
    let bad = proof_with("htu", Some("https://me@auth.example.com/api/auth/token".into()));
    assert_eq!(verified(&bad), Err(Denial::DpopProofInvalid));
}

#[test]
fn the_url_of_a_proof_is_compared_after_normalisation() {
    for same in [
        "https://auth.example.com/api/auth/token?a=b#c",
        "HTTPS://Auth.Example.COM/api/auth/token",
        "https://auth.example.com:443/api/auth/token",
        "https://auth.example.com/api/%61uth/tok%65n",
    ] {
        assert!(verified(&proof_with("htu", Some(same.into()))).is_ok(), "{same}");
        let expected = Expected { uri: same, ..EXPECTED };
        assert!(verify_with(&Memory::default(), &proof(&header(), &payload()), &expected, NOW).is_ok(), "{same}");
    }
    assert_eq!(Target::parse("https://a"), Target::parse("https://a/"));
    assert_eq!(plain("/a%2fb%zz%"), "/a%2Fb%zz%");
    assert_eq!(Target::parse("http://127.0.0.1:3000/x").unwrap().port, 3_000);
}

#[test]
fn a_proof_is_fresh() {
    for (iat, good) in
        [(NOW - 61, false), (NOW - 60, true), (NOW - 10, true), (NOW + 10, true), (NOW + 30, true), (NOW + 61, false)]
    {
        assert_eq!(verified(&proof_with("iat", Some(iat.into()))).is_ok(), good, "{iat}");
    }
    assert!(verified(&proof_with("iat", Some(json!(1_799_999_999.5)))).is_ok(), "RFC 7519 allows fractions");
    for (claim, value, good) in [("exp", NOW, false), ("exp", NOW + 1, true), ("nbf", NOW + 10, true), ("nbf", NOW + 61, false)] {
        let expected = if good { Ok(()) } else { Err(Denial::DpopProofStale) };
        assert_eq!(verified(&proof_with(claim, Some(value.into()))).map(drop), expected, "{claim} {value}");
    }
}

#[test]
fn a_proof_is_used_once_at_each_url() {
    let memory = Memory::default();
    let good = proof(&header(), &payload());
    assert!(verify_with(&memory, &good, &EXPECTED, NOW).is_ok());
    assert_eq!(verify_with(&memory, &good, &EXPECTED, NOW), Err(Denial::DpopProofReplayed));
    let another = proof(&header(), &with(payload(), "jti", Some("b".into())));
    assert!(verify_with(&memory, &another, &EXPECTED, NOW).is_ok(), "another jti");
    let resigned = proof(&with(header(), "x", Some(json!(1))), &with(payload(), "htu", Some(format!("{HERE}?x").into())));
    assert_eq!(verify_with(&memory, &resigned, &EXPECTED, NOW), Err(Denial::DpopProofReplayed), "the same jti again");
    let other = LocalSigner::for_tests(Algorithm::Es384);
    let of_another = signed_by(&other, header_of(&other).to_string(), payload().to_string());
    assert!(verify_with(&memory, &of_another, &EXPECTED, NOW).is_ok(), "another key's jti");
    let elsewhere = Expected { uri: "https://auth.example.com/elsewhere", ..EXPECTED };
    let there = proof(&header(), &with(payload(), "htu", Some(elsewhere.uri.into())));
    assert!(verify_with(&memory, &there, &elsewhere, NOW).is_ok());
}

#[test]
fn a_proof_is_remembered_longer_than_it_can_be_presented() {
    #[derive(Debug)]
    struct Noted(Mutex<Option<ReplayKey>>);

    #[async_trait]
    impl ReplayStore for Noted {
        async fn use_once(&self, used: &ReplayKey) -> Result<bool, Fault> {
            *self.0.lock().unwrap() = Some(used.clone());
            Ok(true)
        }
    }

    let noted = Noted(Mutex::new(None));
    let ahead = proof_with("iat", Some((NOW + 30).into()));
    let org = OrgId::parse("1").unwrap();
    verify(&noted, &org, Timestamp::from_secs(NOW), &ahead, &EXPECTED).now_or_never().unwrap().unwrap();
    let used = noted.0.lock().unwrap().take().unwrap();
    let last = (NOW..NOW + 1_000).rev().find(|now| verify_with(&Memory::default(), &ahead, &EXPECTED, *now).is_ok());
    assert_eq!(last, Some(NOW + 90));
    assert!(used.until >= Timestamp::from_secs(NOW + 90 + 60));
    assert_eq!((used.org, used.purpose), (org, "dpop"));
}

#[test]
fn a_proof_for_a_resource_is_bound_to_its_token() {
    let expected = Expected { access_token: Some("token"), ..EXPECTED };
    let hash = |token: &str| Thumbprint(sha256(token.as_bytes())).to_string();
    let check = |ath: Option<Value>| verify_with(&Memory::default(), &proof_with("ath", ath), &expected, NOW).map(drop);
    assert_eq!(check(Some(hash("token").into())), Ok(()));
    for bad in [None, Some(hash("other").into()), Some(json!(7)), Some(Value::Null), Some(format!("{}=", hash("token")).into())] {
        assert_eq!(check(bad.clone()), Err(Denial::DpopProofForAnother), "{bad:?}");
    }
}

#[test]
fn a_proof_is_by_the_key_that_is_expected() {
    let key = verified(&proof(&header(), &payload())).unwrap();
    let memory = Memory::default();
    let other = Expected { key: Some(Thumbprint([7; 32])), ..EXPECTED };
    let good = proof(&header(), &payload());
    assert_eq!(verify_with(&memory, &good, &other, NOW), Err(Denial::DpopKeyMismatch));
    let same = Expected { key: Some(key), ..EXPECTED };
    assert_eq!(verify_with(&memory, &good, &same, NOW), Ok(key), "what was refused is not used up");
}

#[test]
fn an_unknown_header_is_ignored_unless_it_is_critical() {
    let more = with(with(header(), "kid", Some(json!("x"))), "foo", Some(json!({"bar": 1})));
    let proof_more = proof(&more, &with(payload(), "nonce", Some(json!("n"))));
    assert!(verified(&proof_more).is_ok());
    for (member, value) in [("crit", json!(["foo"])), ("b64", json!(false)), ("zip", json!("DEF"))] {
        assert_eq!(verified(&proof(&with(header(), member, Some(value)), &payload())), Err(Denial::DpopProofInvalid), "{member}");
    }
}

fn deriver(key: u8) -> HmacDeriver {
    HmacDeriver::new(&Secret::new([key; 32]))
}

/// A nonce that was made so many seconds ago.
fn nonce_of(deriver: &HmacDeriver, org: &str, ago: i64) -> String {
    let org = OrgId::parse(org).unwrap();
    nonce(deriver, &org, Timestamp::from_secs(NOW - ago)).now_or_never().unwrap().unwrap()
}

#[test]
fn rfc9449_8_a_nonce_is_fresh_and_by_us_for_this_org() {
    let deriver = deriver(7);
    let expected = Expected { nonce: NonceRule::Required(&deriver), ..EXPECTED };
    let check = |nonce: Option<Value>| verify_with(&Memory::default(), &proof_with("nonce", nonce), &expected, NOW);
    for ago in [0, 1, 299, 300, -30] {
        assert!(check(Some(nonce_of(&deriver, "1", ago).into())).is_ok(), "{ago}");
    }
    for ago in [301, 3_600, -31, -3_600] {
        assert_eq!(check(Some(nonce_of(&deriver, "1", ago).into())), Err(Denial::DpopNonceRequired), "{ago}");
    }
    let good = nonce_of(&deriver, "1", 0);
    assert_eq!(good.len(), 32);
    for at in 0..good.len() {
        let other = if good.as_bytes()[at] == b'A' { "B" } else { "A" };
        let mut tampered = good.clone();
        tampered.replace_range(at..=at, other);
        assert_eq!(check(Some(tampered.into())), Err(Denial::DpopNonceRequired), "{at}");
    }
    for bad in [
        json!(""),
        json!("x"),
        json!(7),
        Value::Null,
        json!(format!("{good}AAAA")),
        json!(format!("{good}=")),
        json!(nonce_of(&deriver, "2", 0)),
        json!(nonce_of(&self::deriver(8), "1", 0)),
    ] {
        assert_eq!(check(Some(bad.clone())), Err(Denial::DpopNonceRequired), "{bad}");
    }
    assert_eq!(check(None), Err(Denial::DpopNonceRequired));
    assert_eq!(Denial::DpopNonceRequired.error(), "use_dpop_nonce");
}

/// A client whose clock is off by minutes, or by a day.
#[test]
fn rfc9449_11_1_the_time_of_a_nonce_stands_for_that_of_its_proof() {
    let deriver = deriver(7);
    let expected = Expected { nonce: NonceRule::Required(&deriver), ..EXPECTED };
    for off in [-86_400, -200, 200, 86_400] {
        let mut claims = payload();
        claims["iat"] = (NOW + off).into();
        claims["nonce"] = nonce_of(&deriver, "1", 0).into();
        let (proof, memory) = (proof(&header(), &claims), Memory::default());
        assert!(verify_with(&memory, &proof, &expected, NOW).is_ok(), "{off}");
        // It is remembered as long as its nonce is good, and not by its own time.
        assert_eq!(verify_with(&memory, &proof, &expected, NOW + 299), Err(Denial::DpopProofReplayed), "{off}");
        assert_eq!(verify_with(&Memory::default(), &proof, &EXPECTED, NOW), Err(Denial::DpopProofStale), "{off}");
    }
}

#[test]
fn a_proof_without_the_nonce_that_it_needs_is_not_used_up() {
    let (memory, deriver) = (Memory::default(), deriver(7));
    let expected = Expected { nonce: NonceRule::Required(&deriver), ..EXPECTED };
    let proof = proof_with("nonce", None);
    assert_eq!(verify_with(&memory, &proof, &expected, NOW), Err(Denial::DpopNonceRequired));
    assert!(verify_with(&memory, &proof, &EXPECTED, NOW).is_ok(), "where none is needed it is good");
    let any = proof_with("nonce", Some("whatever".into()));
    assert!(verify_with(&Memory::default(), &any, &EXPECTED, NOW).is_ok());
}
