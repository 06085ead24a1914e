mod stage;

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use super::*;
use crate::domain::{
    Algorithm, AssertionSettings, ClientId, FrozenClock, Issuer, IssuerKeys, MemberKind, OrgId, Profile, Refusal, Secret, Seeded,
};
use crate::jose::testing::{signed_by, with};
use crate::jose::{jwk, sha256};
use crate::keys::remote::{FetchKeySets, FetchedText, KeySets};
use crate::keys::signer::{HmacDeriver, LocalSigner, Signer};
use crate::platform::capabilities::Provides as _;
use crate::platform::{Platform, PlatformParts};
use crate::store::conformance::samples::bare_client;
use crate::store::sqlite::SqliteStore;
use crate::store::{Put, ReplayKey, WriteDirectory as _};

use stage::{Stage, client_of, second, set, signer};

const NOW: i64 = 1_800_000_000;
const HERE: &str = "https://auth.example.com";
const IDP: &str = "https://idp.example";
const JWKS_URI: &str = "https://idp.example/jwks";

fn header() -> Value {
    json!({"alg": "ES256", "kid": signer().jwk().kid.as_str()})
}

fn payload() -> Value {
    json!({"iss": IDP, "sub": "ann", "aud": HERE, "iat": NOW, "exp": NOW + 60, "jti": "a"})
}

fn assertion(header: &Value, payload: &Value) -> String {
    signed_by(&signer(), header.to_string(), payload.to_string())
}

fn claiming(claim: &str, value: impl Into<Value>) -> String {
    assertion(&header(), &with(payload(), claim, Some(value.into())))
}

#[tokio::test]
async fn an_assertion_says_for_whom_by_whom_and_until_when() {
    let stage = Stage::new().await;
    let said = with(with(payload(), "acr", Some("gold".into())), "auth_time", Some((NOW - 9).into()));
    let asserted = stage.redeemed(7, &assertion(&header(), &said)).await.unwrap();
    assert_eq!((asserted.issuer.issuer.as_str(), asserted.subject.as_str()), (IDP, "ann"));
    assert_eq!(asserted.member.map(|member| member.subject), Some(Subject::parse("ann").unwrap()));
    assert_eq!((asserted.acr.as_deref(), asserted.auth_time), (Some("gold"), Some(Timestamp::from_secs(NOW - 9))));
}

#[tokio::test]
async fn an_issuer_is_registered_enabled_and_allowed_for_the_client() {
    let stage = Stage::new().await;
    for iss in ["https://unknown.example", "https://disabled.example", "https://of-8.example", "https://idp.example/", ""] {
        assert_eq!(stage.denied(7, &claiming("iss", iss)).await, Denial::AssertionIssuerUntrusted, "{iss}");
    }
    for iss in [json!(7), json!([IDP]), Value::Null] {
        assert_eq!(stage.denied(7, &claiming("iss", iss.clone())).await, Denial::AssertionIssuerUntrusted, "{iss}");
    }
    assert!(stage.redeemed(8, &claiming("iss", "https://of-8.example")).await.is_ok());
}

#[tokio::test]
async fn a_subject_is_an_enabled_member() {
    let stage = Stage::new().await;
    for sub in ["bob", "nobody", "Ann"] {
        assert_eq!(stage.denied(7, &claiming("sub", sub)).await, Denial::AssertionSubjectUnknown, "{sub}");
    }
    for sub in [Value::Null, json!(5), json!(["ann"]), json!("")] {
        assert_eq!(stage.denied(7, &claiming("sub", sub.clone())).await, Denial::AssertionSubject, "{sub}");
    }
    let open = |sub: &str, jti: &str| {
        let open = with(with(payload(), "iss", Some("https://open.example".into())), "sub", Some(sub.into()));
        assertion(&header(), &with(open, "jti", Some(jti.into())))
    };
    let stranger = stage.redeemed(7, &open("nobody", "1")).await.unwrap();
    assert!(stranger.member.is_none() && stranger.issuer.any_subject);
    assert!(stage.redeemed(7, &open("ann", "2")).await.unwrap().member.is_some(), "a member stays one");
    assert_eq!(stage.denied(7, &open("bob", "3")).await, Denial::AssertionSubjectUnknown, "a disabled member is nobody else");
}

#[tokio::test]
async fn an_assertion_is_signed_by_a_key_of_its_issuer_with_the_algorithm_of_that_key() {
    let stage = Stage::new().await;
    let jwk = jwk::to_json(LocalSigner::for_tests(Algorithm::EdDsa).jwk());
    let kid = second().jwk().kid.as_str().to_owned();
    let unsigned = format!("{}.{}.", URL_SAFE_NO_PAD.encode(r#"{"alg":"none"}"#), URL_SAFE_NO_PAD.encode(payload().to_string()));
    let good = assertion(&header(), &payload());
    let mut bad = vec![String::new(), "x".to_owned(), "a.b.c".to_owned(), unsigned, format!("{good}A"), format!(" {good}")];
    bad.push(format!("{}.AA.AA", good.rsplit_once('.').unwrap().0));
    bad.push(format!("{good},{good}"));
    bad.push(claiming("x", "x".repeat(17_000)));
    for header in [
        json!({"alg": "HS256", "kid": kid}),
        json!({"alg": "RS256", "kid": kid}),
        json!({"alg": "es256", "kid": signer().jwk().kid.as_str()}),
        json!({"alg": "ES256", "kid": kid}),
        json!({"alg": "ES256", "kid": "unknown"}),
        json!({"alg": "ES256", "kid": ""}),
        json!({"alg": "ES256", "kid": null}),
        json!({"alg": "ES256", "kid": 5}),
        with(header(), "crit", Some(json!(["x"]))),
        with(header(), "b64", Some(json!(false))),
        with(header(), "zip", Some(json!("DEF"))),
        with(header(), "typ", Some(json!("at+jwt"))),
        with(header(), "typ", Some(json!("dpop+jwt"))),
        with(header(), "typ", Some(json!("client-authentication+jwt"))),
    ] {
        bad.push(assertion(&header, &payload()));
    }
    let stranger = LocalSigner::for_tests(Algorithm::EdDsa);
    for header in [
        json!({"alg": "EdDSA", "kid": stranger.jwk().kid.as_str()}),
        json!({"alg": "EdDSA", "kid": stranger.jwk().kid.as_str(), "jwk": jwk}),
        json!({"alg": "EdDSA", "kid": signer().jwk().kid.as_str(), "jwk": jwk}),
    ] {
        bad.push(signed_by(&stranger, header.to_string(), payload().to_string()));
    }
    for bad in bad {
        assert_eq!(stage.denied(7, &bad).await, Denial::AssertionUnverified, "{bad}");
    }
    for typ in ["JWT", "jwt", "application/jwt"] {
        let payload = with(payload(), "jti", Some(typ.into()));
        assert!(stage.redeemed(7, &assertion(&with(header(), "typ", Some(typ.into())), &payload)).await.is_ok(), "{typ}");
    }
}

#[tokio::test]
async fn the_key_of_one_issuer_verifies_nothing_of_another() {
    let stage = Stage::new().await;
    let header = json!({"alg": "PS256", "kid": second().jwk().kid.as_str()});
    let of = |iss: &str| signed_by(&second(), header.to_string(), with(payload(), "iss", Some(iss.into())).to_string());
    assert_eq!(stage.denied(7, &of("https://single.example")).await, Denial::AssertionUnverified);
    assert!(stage.redeemed(7, &of(IDP)).await.is_ok());
}

#[tokio::test]
async fn rfc7515_4_5_a_kid_is_needed_where_there_are_several_keys_for_the_alg() {
    let stage = Stage::new().await;
    let nameless = json!({"alg": "ES256"});
    let twins = with(payload(), "iss", Some("https://twins.example".into()));
    assert_eq!(stage.denied(7, &assertion(&nameless, &twins)).await, Denial::AssertionUnverified);
    assert!(stage.redeemed(7, &assertion(&nameless, &payload())).await.is_ok(), "the other key is for another alg");
    let single = with(payload(), "iss", Some("https://single.example".into()));
    assert!(stage.redeemed(7, &assertion(&nameless, &single)).await.is_ok());
}

#[tokio::test]
async fn rfc7523_3_an_assertion_is_for_us_alone_in_its_time_and_short_lived() {
    let stage = Stage::new().await;
    for (n, (claim, value, good)) in [
        ("aud", None, false),
        ("aud", Some(json!([HERE])), true),
        ("aud", Some(json!([HERE, HERE])), false),
        ("aud", Some(json!([HERE, "https://other.example"])), false),
        ("aud", Some(json!(format!("{HERE}/"))), false),
        ("aud", Some(json!(format!("{HERE}/oauth2/token"))), false),
        ("aud", Some(json!("")), false),
        ("aud", Some(json!({"a": HERE})), false),
        ("exp", None, false),
        ("exp", Some(json!(NOW)), false),
        ("exp", Some(json!(NOW + 1)), true),
        ("exp", Some(json!(NOW + 300)), true),
        ("exp", Some(json!(NOW + 360)), true),
        ("exp", Some(json!(NOW + 361)), false),
        ("exp", Some(json!(1.7e18)), false),
        ("exp", Some(json!(format!("{}", NOW + 60))), false),
        ("iat", None, true),
        ("iat", Some(json!(NOW + 8)), true),
        ("iat", Some(json!(NOW + 61)), false),
        ("iat", Some(json!(NOW - 300)), true),
        ("iat", Some(json!(NOW - 301)), false),
        ("iat", Some(json!("now")), false),
        ("nbf", Some(json!(NOW + 8)), true),
        ("nbf", Some(json!(NOW + 61)), false),
        ("nbf", Some(json!("99999999999")), false),
        ("nbf", Some(Value::Null), true),
        ("jti", None, false),
        ("jti", Some(json!("")), false),
        ("jti", Some(json!(7)), false),
        ("jti", Some(json!("x".repeat(257))), false),
        ("acr", Some(json!(7)), false),
        ("auth_time", Some(json!("then")), false),
    ]
    .into_iter()
    .enumerate()
    {
        let base = if claim == "jti" { payload() } else { with(payload(), "jti", Some(format!("jti-{n}").into())) };
        let text = assertion(&header(), &with(base, claim, value.clone()));
        if good {
            assert!(stage.redeemed(7, &text).await.is_ok(), "{claim} {value:?}");
        } else {
            assert_eq!(stage.denied(7, &text).await, Denial::AssertionUnverified, "{claim} {value:?}");
        }
    }
    for twice in ["aud", "iss", "sub", "jti"] {
        let text = payload().to_string().replacen('{', &format!("{{\"{twice}\":\"x\","), 1);
        assert_eq!(stage.denied(7, &signed_by(&signer(), header().to_string(), text)).await, Denial::AssertionUnverified);
    }
}

#[tokio::test]
async fn an_assertion_is_used_once_by_its_issuer() {
    let stage = Stage::new().await;
    let good = assertion(&header(), &payload());
    let all = futures::future::join_all((0..16).map(|_| stage.redeemed(7, &good))).await;
    assert_eq!(all.iter().filter(|one| one.is_ok()).count(), 1);
    assert_eq!(stage.redeemed(8, &good).await.map(drop), Err(Denial::AssertionReplayed), "whoever presents it");
    assert!(stage.redeemed(7, &claiming("iss", "https://single.example")).await.is_ok(), "the same jti of another issuer");
    let of_client = ReplayKey {
        org: stage.org.id.clone(),
        purpose: "assertion",
        hash: sha256(format!("{IDP}\0b").as_bytes()),
        now: Timestamp::from_secs(NOW),
        until: Timestamp::from_secs(NOW + 60),
    };
    assert!(stage.ports.once.use_once(&of_client).await.unwrap());
    assert!(stage.redeemed(7, &claiming("jti", "b")).await.is_ok(), "the same jti by which a client has authenticated");
}

#[tokio::test]
async fn what_else_is_wrong_with_a_request_costs_no_assertion() {
    let stage = Stage::new().await;
    let good = assertion(&header(), &payload());
    let verified = verify(&stage.ports, &stage.org, (&client_of(&stage.org, 7), None), &good, Purpose::Grant).await.unwrap();
    assert_eq!(verified.asserted.subject.as_str(), "ann");
    drop(verified);
    assert!(stage.redeemed(7, &good).await.is_ok());
}

#[tokio::test]
async fn an_assertion_is_remembered_longer_than_it_could_be_accepted() {
    let stage = Stage::new().await;
    assert!(stage.redeemed(7, &assertion(&header(), &payload())).await.is_ok());
    let again = ReplayKey {
        org: stage.org.id.clone(),
        purpose: "jwt-bearer",
        hash: sha256(format!("{IDP}\0a").as_bytes()),
        now: Timestamp::from_secs(NOW + 60 + 119),
        until: Timestamp::from_secs(NOW + 1_000),
    };
    assert!(!stage.ports.once.use_once(&again).await.unwrap());
    stage.clock.advance_ms(60_000);
    assert_eq!(stage.denied(7, &assertion(&header(), &payload())).await, Denial::AssertionUnverified, "it has expired");
}

#[tokio::test]
async fn keys_are_read_where_the_deployment_allows_it_and_nowhere_else() {
    let stage = Stage::new().await;
    let of = |iss: &str| claiming("iss", iss);
    assert_eq!(stage.denied(7, &of("https://elsewhere.example")).await, Denial::AssertionIssuerUntrusted);
    let client = client_of(&stage.org, 7);
    let fault = verify(&stage.ports, &stage.org, (&client, None), &of("https://remote.example"), Purpose::Grant).await;
    assert!(matches!(fault, Err(Error::Failed(fault)) if fault.can_retry()), "no keys were ever read");
    *stage.remote.0.lock().unwrap() = Some(set(&[&second()]));
    stage.clock.advance_ms(5_000);
    assert_eq!(stage.denied(7, &of("https://remote.example")).await, Denial::AssertionUnverified, "not yet its key");
    *stage.remote.0.lock().unwrap() = Some(set(&[&second(), &signer()]));
    stage.clock.advance_ms(30_000);
    assert!(stage.redeemed(7, &of("https://remote.example")).await.is_ok(), "a new key is found");
}
