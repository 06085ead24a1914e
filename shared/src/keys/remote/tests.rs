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
    asked: AtomicUsize,
}

#[async_trait]
impl FetchKeySets for Scripted {
    async fn fetch(&self, _: &str) -> Result<String, Fault> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        tokio::task::yield_now().await;
        self.answer.lock().unwrap().clone().ok_or(Fault::unavailable("reading a key set"))
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
fn unknown_kids_have_a_set_read_again_at_most_every_30_s() {
    let (sets, scripted) = sets();
    assert_eq!(count(&sets, Some(&kid_of(Algorithm::Es256)), 0).unwrap(), Some(1));
    for (n, after) in (0..30).enumerate() {
        assert_eq!(count(&sets, Some(&format!("unknown-{n}")), after).unwrap(), Some(1));
    }
    assert_eq!(scripted.asked(), 1);
    scripted.says(Some(json!({"keys": [jwk_of(Algorithm::Es256), jwk_of(Algorithm::EdDsa)]})));
    for after in 30..60 {
        assert_eq!(count(&sets, Some(&kid_of(Algorithm::EdDsa)), after).unwrap(), Some(2), "a new key is found after {after} s");
    }
    assert_eq!(scripted.asked(), 1);
    for after in 60..90 {
        assert_eq!(count(&sets, Some("unknown"), after).unwrap(), Some(2));
    }
    assert_eq!(scripted.asked(), 1);
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
    assert_eq!(count(&sets, None, 3_610).unwrap(), Some(0));
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
        assert!(count(&sets, None, after).unwrap_err().can_retry());
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
    assert_eq!((sets.places.lock().unwrap().len(), scripted.asked()), (MAX_ENTRIES, 150));
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
