use std::sync::atomic::{AtomicUsize, Ordering};

use futures::FutureExt;
use serde_json::{Value, json};

use super::*;
use crate::domain::Algorithm;
use crate::keys::signer::{LocalSigner, Signer};

const URL: &str = "https://idp.example/jwks";
const T: i64 = 1_800_000_000;

/// Answers with what it was told last, and counts how often.
#[derive(Debug, Default)]
struct Scripted {
    answer: Mutex<Option<String>>,
    /// What is answered at some URLs instead.
    elsewhere: Mutex<HashMap<String, String>>,
    max_age: Mutex<Option<Seconds>>,
    asked: AtomicUsize,
}

#[async_trait]
impl FetchKeySets for Scripted {
    async fn fetch(&self, url: &str) -> Result<FetchedText, Fault> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        tokio::task::yield_now().await;
        let elsewhere = self.elsewhere.lock().unwrap().get(url).cloned();
        let text = elsewhere.or_else(|| self.answer.lock().unwrap().clone()).ok_or(Fault::unavailable("reading a key set"))?;
        Ok(FetchedText { text, max_age: *self.max_age.lock().unwrap() })
    }
}

impl Scripted {
    fn says(&self, answer: Option<Value>) {
        *self.answer.lock().unwrap() = answer.map(|answer| answer.to_string());
    }

    fn asked(&self) -> usize {
        self.asked.swap(0, Ordering::SeqCst)
    }
}

fn jwk_of(alg: Algorithm) -> Value {
    jwk::to_json(LocalSigner::for_tests(alg).jwk())
}

fn kid_of(alg: Algorithm) -> String {
    LocalSigner::for_tests(alg).jwk().kid.as_str().to_owned()
}

fn sets() -> (KeySets, Arc<Scripted>) {
    let scripted = Arc::new(Scripted::default());
    scripted.says(Some(json!({"keys": [jwk_of(Algorithm::Es256)]})));
    (KeySets::new("https://idp.example".parse().unwrap(), scripted.clone()), scripted)
}

/// How many keys there are for a token of this `kid`, so many seconds later.
fn count(sets: &KeySets, kid: Option<&str>, after: i64) -> Result<Option<usize>, Fault> {
    let now = Timestamp::from_secs(T + after);
    tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap()
        .block_on(sets.at(URL, kid, now))
        .map(|keys| keys.map(|k| k.len()))
}

#[test]
fn no_url_is_read_that_is_not_allowed() {
    let (sets, scripted) = sets();
    let now = Timestamp::from_secs(T);
    for url in ["https://evil.example/jwks", "http://169.254.169.254/latest", "https://idp.example:8443/jwks"] {
        assert!(sets.at(url, None, now).now_or_never().unwrap().unwrap().is_none(), "{url}");
    }
    assert!(KeySets::none().at(URL, None, now).now_or_never().unwrap().unwrap().is_none());
    assert_eq!(scripted.asked(), 0);
}

#[test]
fn a_set_is_used_for_five_minutes() {
    let (sets, scripted) = sets();
    for after in [0, 1, 299] {
        assert_eq!(count(&sets, None, after).unwrap(), Some(1));
    }
    assert_eq!(scripted.asked(), 1);
    scripted.says(Some(json!({"keys": [jwk_of(Algorithm::Es256), jwk_of(Algorithm::EdDsa)]})));
    assert_eq!(count(&sets, None, 300).unwrap(), Some(2));
    assert_eq!(scripted.asked(), 1);
    assert_eq!(count(&sets, None, 100).unwrap(), Some(2));
    assert_eq!(scripted.asked(), 1, "the clock was set back");
}

#[test]
fn unknown_kids_have_a_set_read_again_at_once_and_then_at_most_every_30_s() {
    let (sets, scripted) = sets();
    assert_eq!(count(&sets, Some(&kid_of(Algorithm::Es256)), 0).unwrap(), Some(1));
    assert_eq!(scripted.asked(), 1);
    for after in 1..31 {
        for n in 0..34 {
            assert_eq!(count(&sets, Some(&format!("unknown-{after}-{n}")), after).unwrap(), Some(1));
        }
    }
    assert_eq!(scripted.asked(), 1, "a thousand made-up names cause one reading in 30 s");
    scripted.says(Some(json!({"keys": [jwk_of(Algorithm::Es256), jwk_of(Algorithm::EdDsa)]})));
    assert_eq!(count(&sets, Some(&kid_of(Algorithm::EdDsa)), 30).unwrap(), Some(1));
    for after in 31..61 {
        assert_eq!(count(&sets, Some(&kid_of(Algorithm::EdDsa)), after).unwrap(), Some(2), "a new key is found after {after} s");
    }
    assert_eq!(scripted.asked(), 1);
    for after in 61..91 {
        assert_eq!(count(&sets, Some("unknown"), after).unwrap(), Some(2));
    }
    assert_eq!(scripted.asked(), 1);
}

#[test]
fn a_key_that_changes_right_after_the_first_reading_is_found_at_once_and_the_old_one_is_gone() {
    let (sets, scripted) = sets();
    assert_eq!(count(&sets, Some(&kid_of(Algorithm::Es256)), 0).unwrap(), Some(1));
    scripted.says(Some(json!({"keys": [jwk_of(Algorithm::EdDsa)]})));
    let found = |kid: &str, after| {
        let reading = sets.of_issuer(KeySource::JwkSet(URL), Some(kid), Timestamp::from_secs(T + after));
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(reading).unwrap().keys.iter().any(|key| key.jwk().kid.as_str() == kid)
    };
    assert!(found(&kid_of(Algorithm::EdDsa), 1));
    assert!(!found(&kid_of(Algorithm::Es256), 2));
}

#[test]
fn a_max_age_makes_a_set_good_for_a_shorter_time_but_for_a_minute() {
    for (max_age, fresh_for) in [(None, 300), (Some(0), 60), (Some(100), 100), (Some(86_400), 300)] {
        let (sets, scripted) = sets();
        *scripted.max_age.lock().unwrap() = max_age.map(Seconds);
        for after in [0, fresh_for - 1] {
            assert_eq!(count(&sets, None, after).unwrap(), Some(1));
        }
        assert_eq!(scripted.asked(), 1, "{max_age:?}");
        assert_eq!(count(&sets, None, fresh_for).unwrap(), Some(1));
        assert_eq!(scripted.asked(), 1, "{max_age:?}");
    }
}

#[test]
fn a_set_that_can_not_be_read_is_tried_again_ever_less_often_until_once_a_minute() {
    let (sets, scripted) = sets();
    scripted.says(None);
    let mut tried = Vec::new();
    for after in 0..200 {
        assert!(count(&sets, None, after).unwrap_err().can_retry());
        if scripted.asked() == 1 {
            tried.push(after);
        }
    }
    assert_eq!(tried, [0, 5, 15, 35, 75, 135, 195]);
    scripted.says(Some(json!({"keys": [jwk_of(Algorithm::Es256)]})));
    assert_eq!(count(&sets, None, 255).unwrap(), Some(1));
    scripted.says(None);
    assert_eq!(count(&sets, None, 555).unwrap(), Some(1));
    assert_eq!(count(&sets, None, 559).unwrap(), Some(1));
    assert_eq!(scripted.asked(), 2);
    assert_eq!(count(&sets, None, 560).unwrap(), Some(1));
    assert_eq!(scripted.asked(), 1, "a success begins anew");
}

const ISSUER: &str = "https://idp.example/tenant/";
const DOCUMENT: &str = "https://idp.example/tenant/.well-known/openid-configuration";

/// How many keys an issuer has whose discovery document says where they are.
fn discovered(sets: &KeySets, after: i64) -> Result<usize, NoKeys> {
    let reading = sets.of_issuer(KeySource::Discovery(ISSUER), None, Timestamp::from_secs(T + after));
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(reading).map(|reading| reading.keys.len())
}

fn document(jwks_uri: &str) -> String {
    json!({"issuer": ISSUER, "jwks_uri": jwks_uri}).to_string()
}

#[test]
fn a_discovery_document_says_where_the_keys_are_for_an_hour() {
    let (sets, scripted) = sets();
    let says = |jwks_uri: &str| scripted.elsewhere.lock().unwrap().insert(DOCUMENT.to_owned(), document(jwks_uri));
    says(URL);
    assert_eq!(discovered(&sets, 0).unwrap(), 1);
    assert_eq!(scripted.asked(), 2);
    assert_eq!(discovered(&sets, 299).unwrap(), 1);
    assert_eq!(scripted.asked(), 0);
    let other = json!({"keys": [jwk_of(Algorithm::Es256), jwk_of(Algorithm::EdDsa)]}).to_string();
    scripted.elsewhere.lock().unwrap().insert("https://idp.example/new".to_owned(), other);
    says("https://idp.example/new");
    assert_eq!(discovered(&sets, 3_599).unwrap(), 1);
    assert_eq!(discovered(&sets, 3_600).unwrap(), 2, "one that changes is followed");
    scripted.elsewhere.lock().unwrap().remove(DOCUMENT);
    scripted.says(None);
    assert_eq!(discovered(&sets, 3_600 + 86_399).unwrap(), 2, "a day if it can't be read again");
    assert!(discovered(&sets, 3_600 + 86_400 + 60).is_err());
}

#[test]
fn both_origins_must_be_listed_and_the_one_that_is_not_is_named() {
    let (sets, scripted) = sets();
    scripted.elsewhere.lock().unwrap().insert(DOCUMENT.to_owned(), document("https://www.keys.example/certs"));
    let refused = discovered(&sets, 0).unwrap_err();
    assert!(matches!(&refused, NoKeys::OutOfReach(url) if url == "https://www.keys.example/certs"), "{refused:?}");
    assert!(refused.to_string().contains("https://www.keys.example:443"), "{refused}");
    assert_eq!(scripted.asked(), 1, "the keys weren't read");
    let elsewhere = sets.of_issuer(KeySource::Discovery("https://other.example"), None, Timestamp::from_secs(T));
    assert!(matches!(elsewhere.now_or_never(), Some(Err(NoKeys::OutOfReach(_)))));
}

#[test]
fn the_discovery_document_of_another_issuer_says_nothing() {
    let (sets, scripted) = sets();
    for issuer in ["https://idp.example/tenant", "https://IDP.example/tenant/", "https://evil.example/"] {
        let look_alike = json!({"issuer": issuer, "jwks_uri": URL}).to_string();
        scripted.elsewhere.lock().unwrap().insert(DOCUMENT.to_owned(), look_alike);
        let sets = KeySets::new(sets.origins.clone(), scripted.clone());
        let refused = discovered(&sets, 0).unwrap_err();
        assert!(
            matches!(&refused, NoKeys::Unread(fault) if fault.can_retry()) && refused.to_string().contains("letter by letter")
        );
    }
}

#[test]
fn the_bundle_of_a_trust_domain_has_keys_for_jwts_and_others_that_verify_none() {
    let (sets, scripted) = sets();
    let key = |alg, usage: &str, kid: Option<&str>| {
        let mut key = jwk_of(alg);
        let members = key.as_object_mut().unwrap();
        members.remove("alg");
        members.insert("use".to_owned(), usage.into());
        match kid {
            Some(kid) => members.insert("kid".to_owned(), kid.into()),
            None => members.remove("kid"),
        };
        key
    };
    let bundle = json!({"spiffe_sequence": 1, "spiffe_refresh_hint": 5, "keys": [
        key(Algorithm::Es256, "jwt-svid", Some("a")),
        key(Algorithm::Es256, "x509-svid", Some("b")),
        key(Algorithm::Es384, "jwt-svid", None),
        key(Algorithm::EdDsa, "sig", Some("c")),
        key(Algorithm::Rs256, "jwt-svid", Some("d")),
    ]});
    scripted.says(Some(bundle));
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let read = |after| {
        let reading = sets.of_issuer(KeySource::SpiffeBundle(URL), None, Timestamp::from_secs(T + after));
        let keys = runtime.block_on(reading).unwrap().keys;
        keys.iter().map(|key| format!("{} {}", key.jwk().kid, key.jwk().alg.as_str())).collect::<Vec<_>>()
    };
    assert_eq!(read(0), ["a ES256", "d RS256", "d RS384", "d RS512", "d PS256", "d PS384", "d PS512"]);
    read(59);
    assert_eq!(scripted.asked(), 1);
    read(60);
    assert_eq!(scripted.asked(), 1, "its refresh hint of 5 s counts as a minute");
}

#[test]
fn a_set_that_can_not_be_read_again_goes_on_for_an_hour() {
    let (sets, scripted) = sets();
    assert_eq!(count(&sets, None, 0).unwrap(), Some(1));
    scripted.asked();
    scripted.says(None);
    for after in [300, 304, 1_000, 3_599] {
        assert_eq!(count(&sets, None, after).unwrap(), Some(1), "{after}");
    }
    assert_eq!(scripted.asked(), 3, "not again within 5 s of a failure");
    assert!(count(&sets, None, 3_604).unwrap_err().can_retry());
    scripted.says(Some(json!({"keys": []})));
    assert_eq!(count(&sets, None, 3_619).unwrap(), Some(0));
}

#[test]
fn a_set_that_was_never_read_is_a_fault_that_can_be_retried() {
    let (sets, scripted) = sets();
    for bad in [None, Some(json!({})), Some(json!([])), Some(json!({"keys": {}})), Some(json!({"keys": ["x"]}))] {
        let (sets, scripted) = (&self::sets().0, scripted.clone());
        scripted.says(bad.clone());
        let sets = KeySets::new(sets.origins.clone(), scripted);
        assert!(count(&sets, None, 0).unwrap_err().can_retry(), "{bad:?}");
    }
    scripted.asked();
    scripted.says(None);
    for after in [0, 1, 4] {
        assert_eq!(count(&sets, None, after).unwrap_err().retry_after(), Some(Seconds(5)), "nobody asks again before");
    }
    assert_eq!(scripted.asked(), 1);
    scripted.says(Some(json!({"keys": [jwk_of(Algorithm::Es256)]})));
    assert_eq!(count(&sets, None, 5).unwrap(), Some(1));
}

#[tokio::test]
async fn many_who_come_at_the_same_time_cause_one_read() {
    let (sets, scripted) = sets();
    let now = Timestamp::from_secs(T);
    let all = futures::future::join_all((0..64).map(|_| sets.at(URL, None, now))).await;
    assert!(all.into_iter().all(|keys| keys.unwrap().is_some_and(|keys| keys.len() == 1)));
    assert_eq!(scripted.asked(), 1);
    scripted.says(None);
    let sets = KeySets::new(sets.origins.clone(), scripted.clone());
    let all = futures::future::join_all((0..64).map(|_| sets.at(URL, None, now))).await;
    assert!(all.into_iter().all(|keys| keys.is_err()));
    assert_eq!(scripted.asked(), 1, "nor do they fail one after the other");
}

#[tokio::test]
async fn no_more_than_100_sets_are_kept() {
    let (sets, scripted) = sets();
    for n in 0..150 {
        sets.at(&format!("{URL}/{n}"), None, Timestamp::from_secs(T + n)).await.unwrap();
    }
    assert_eq!((sets.sets.places.lock().unwrap().len(), scripted.asked()), (MAX_ENTRIES, 150));
    sets.at(&format!("{URL}/149"), None, Timestamp::from_secs(T + 150)).await.unwrap();
    assert_eq!(scripted.asked(), 0, "the latest are kept");
}

#[test]
fn rfc7517_5_keys_of_others_that_can_not_be_used_are_ignored() {
    let (sets, scripted) = sets();
    let with = |change: &dyn Fn(&mut Value)| {
        let mut key = jwk_of(Algorithm::EdDsa);
        change(&mut key);
        key
    };
    let mut unnamed = jwk_of(Algorithm::Rs256);
    unnamed.as_object_mut().unwrap().remove("alg");
    let keys = [
        jwk_of(Algorithm::Es256),
        with(&|key| key["use"] = "enc".into()),
        with(&|key| key["d"] = "AA".into()),
        with(&|key| key["crv"] = "X25519".into()),
        json!({"kty": "oct", "k": "AAAA", "kid": "a"}),
        json!({"kty": "RSA", "n": "AQAB", "e": "AQAB", "alg": "RS256"}),
        unnamed,
    ];
    scripted.says(Some(json!({"keys": keys})));
    let keys = sets.at(URL, None, Timestamp::from_secs(T)).now_or_never();
    assert!(keys.is_none(), "it is read in the background of a yield");
    let kept = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap()
        .block_on(sets.at(URL, None, Timestamp::from_secs(T)))
        .unwrap()
        .unwrap();
    let algorithms: Vec<_> = kept.iter().map(|key| key.jwk().alg).collect();
    assert_eq!(algorithms, [Algorithm::Es256, Algorithm::Rs256], "an RSA key without alg is for RS256");
}

#[test]
fn a_kid_that_two_keys_share_names_neither() {
    let (sets, scripted) = sets();
    let named = |alg, kid: &str| {
        let mut key = jwk_of(alg);
        key["kid"] = kid.into();
        key
    };
    let keys = [named(Algorithm::Es256, "a"), named(Algorithm::EdDsa, "a"), named(Algorithm::Ps256, "b")];
    scripted.says(Some(json!({"keys": keys})));
    assert_eq!(count(&sets, None, 0).unwrap(), Some(1));
}
