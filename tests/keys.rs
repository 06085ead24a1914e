//! Signers in KMS, and keys that follow each other.
//!
//! `KMS_ENDPOINT` points what is ignored at a KMS elsewhere: an emulator, or AWS.

use std::sync::Arc;

use http::StatusCode;
use serde_json::{Value, json};
use shared::admin::rotation;
use shared::admin::rotation::RotationRequest;
use shared::api::http::Service;
use shared::domain::{Algorithm, FrozenClock, Issuer, KeyState, PrivateHalf, RingKey, Schedule, Seconds, SigningMode, Timestamp};
use shared::keys::signer::kms::{KmsMaker, KmsOpener, Making};
use shared::keys::signer::{KeyFactory as _, KeyOpener as _, Signer, conformance};
use shared::platform::aws::Sdk;
use shared::platform::aws::testing::{Trouble, Wire};
use shared::platform::capabilities::Provides as _;
use shared::platform::config::Aws;
use shared::platform::{KeyMaking, LocalService, Operations, Platform, SystemEntropy};
use shared::store::Store;
use shared::store::sqlite::SqliteStore;

use crate::support::kms::FakeKms;
use crate::support::queue::{HeldQueue, HeldStreams};
use crate::support::{Answer, Watched, ask};

mod ml_dsa;

const T0: Timestamp = Timestamp::from_ms(1_795_348_800_250);
const MODES: [SigningMode; 2] = [SigningMode::Kms, SigningMode::Envelope];

/// What makes and opens keys at a KMS.
struct Keys {
    maker: KmsMaker,
    opener: KmsOpener,
}

fn keys(endpoint: &str, envelope_key: &str, mode: SigningMode, rsa_bits: u16) -> Keys {
    let sdk = Sdk::new(&Aws::emulated(endpoint, "Tokens", "Directory")).with_longer_timeouts();
    let opener = KmsOpener::new(sdk.kms(), envelope_key.to_owned());
    Keys { maker: KmsMaker::new(&sdk.kms(), making(envelope_key, mode, rsa_bits)), opener }
}

fn making(envelope_key: &str, mode: SigningMode, rsa_bits: u16) -> Making {
    Making {
        mode,
        envelope_key: envelope_key.to_owned(),
        alias: "alias/jeton/signing".to_owned(),
        policy: Some(r#"{"Version":"2012-10-17","Statement":[]}"#.to_owned()),
        rsa_bits,
        multi_region: false,
    }
}

impl Keys {
    async fn signer(&self, alg: Algorithm) -> Arc<dyn Signer> {
        let (jwk, private) = self.maker.make(alg).await.unwrap();
        self.opener.signer(&ring_key(jwk, private)).await.unwrap()
    }
}

fn ring_key(jwk: shared::domain::Jwk, private: PrivateHalf) -> RingKey {
    RingKey { jwk, private, published_at: T0, signs_from: T0, retires_at: None }
}

async fn fake() -> (FakeKms, String, String) {
    let kms = FakeKms::default();
    let (endpoint, envelope_key) = (kms.serve().await, kms.symmetric_key());
    (kms, endpoint, envelope_key)
}

#[tokio::test]
async fn a_signer_of_each_algorithm_conforms_in_each_mode() {
    let (_, endpoint, envelope_key) = fake().await;
    for mode in MODES {
        let keys = keys(&endpoint, &envelope_key, mode, 2_048);
        for alg in Algorithm::ALL.iter().copied().filter(|alg| mode.has(*alg)) {
            println!("{alg:?} in {mode:?} mode");
            conformance::run(&*keys.signer(alg).await).await;
        }
    }
}

#[tokio::test]
async fn rsa_keys_have_the_size_that_is_asked_for() {
    let (_, endpoint, envelope_key) = fake().await;
    for (mode, bits) in [(SigningMode::Kms, 3_072), (SigningMode::Envelope, 3_072), (SigningMode::Kms, 4_096)] {
        let signer = keys(&endpoint, &envelope_key, mode, bits).signer(Algorithm::Ps256).await;
        assert_eq!(signer.sign(b"x").await.unwrap().len() * 8, usize::from(bits));
    }
}

#[tokio::test]
async fn the_key_of_the_refresh_tokens_conforms() {
    let (_, endpoint, envelope_key) = fake().await;
    let keys = keys(&endpoint, &envelope_key, SigningMode::Kms, 2_048);
    let sealed = keys.maker.make_refresh_key().await.unwrap();
    conformance::deriver(&*keys.opener.deriver(&sealed).await.unwrap()).await;
    assert_eq!(
        keys.opener.deriver(&sealed).await.unwrap().derive(b"x").await.unwrap().expose(),
        keys.opener.deriver(&sealed).await.unwrap().derive(b"x").await.unwrap().expose(),
        "also after a restart"
    );
}

/// A token never leaves that its own key doesn't verify.
#[tokio::test]
async fn a_signature_by_another_key_is_a_fault() {
    let (kms, endpoint, envelope_key) = fake().await;
    let keys = keys(&endpoint, &envelope_key, SigningMode::Kms, 2_048);
    for alg in [Algorithm::Es256, Algorithm::Rs256, Algorithm::EdDsa, Algorithm::MlDsa65] {
        let (mine, (_, other)) = (keys.signer(alg).await, keys.maker.make(alg).await.unwrap());
        let PrivateHalf::Kms { arn } = other else { unreachable!("in KMS") };
        kms.let_sign(Some(&arn));
        let fault = mine.sign(b"x").await.unwrap_err();
        assert!(format!("{fault:?}").contains("not by the key that the ring names"), "{fault:?}");
        kms.let_sign(None);
        mine.sign(b"x").await.unwrap();
    }
}

/// Whoever tries again meets the same: so nobody is told to.
#[tokio::test]
async fn a_key_that_is_disabled_or_being_deleted_is_a_fault_that_does_not_pass() {
    let (kms, endpoint, envelope_key) = fake().await;
    let signer = keys(&endpoint, &envelope_key, SigningMode::Kms, 2_048).signer(Algorithm::Es256).await;
    for state in ["Disabled", "PendingDeletion", "Unavailable"] {
        kms.set_all(state);
        assert!(!signer.sign(b"x").await.unwrap_err().can_retry(), "{state}");
    }
    kms.set_all("Enabled");
    signer.sign(b"x").await.unwrap();
}

#[tokio::test]
async fn only_a_failure_of_kms_that_passes_is_one_to_be_tried_again() {
    let (_, endpoint, envelope_key) = fake().await;
    let wire = Wire::default();
    let sdk = Sdk::new(&Aws::emulated(&endpoint, "Tokens", "Directory")).over(&wire);
    let (jwk, private) = keys(&endpoint, &envelope_key, SigningMode::Kms, 2_048).maker.make(Algorithm::Es256).await.unwrap();
    let signer = KmsOpener::new(sdk.kms(), envelope_key).signer(&ring_key(jwk, private)).await.unwrap();
    for (code, passes) in [
        ("KeyUnavailableException", true),
        ("ThrottlingException", true),
        ("KMSInternalException", true),
        ("NotFoundException", true),
        ("AccessDeniedException", false),
        ("DisabledException", false),
        ("ValidationException", false),
        ("InvalidKeyUsageException", false),
        ("KMSInvalidStateException", false),
    ] {
        wire.trouble("Sign", 3, Trouble::Refuse(code));
        assert_eq!(signer.sign(b"x").await.unwrap_err().can_retry(), passes, "{code}");
        wire.calm();
    }
    wire.trouble("Sign", 3, Trouble::LoseAnswer);
    assert!(signer.sign(b"x").await.unwrap_err().can_retry());
}

/// KMS may need seconds to know a key that it has just made.
#[tokio::test]
async fn a_new_key_that_kms_does_not_know_yet_is_waited_for() {
    let mut deployment = Deployment::new(SigningMode::Kms).await;
    deployment.algorithms = vec![Algorithm::Es256, Algorithm::Es384];
    let wire = Wire::default();
    for (operation, code) in [("GetPublicKey", "NotFoundException"), ("CreateAlias", "KMSInvalidStateException")] {
        wire.trouble(operation, 2, Trouble::Refuse(code));
    }
    deployment.rotate_over(&wire, RotationRequest::default()).await.unwrap();
    assert_eq!(wire.take_calls().iter().filter(|call| call.operation == "CreateKey").count(), 1);

    // Of one that can't be named nothing stays, though it isn't known at first.
    wire.trouble("CreateAlias", 9, Trouble::Refuse("LimitExceededException"));
    wire.trouble("ScheduleKeyDeletion", 2, Trouble::Refuse("NotFoundException"));
    let now = RotationRequest { now: true, stolen: None };
    deployment.rotate_over(&wire, now).await.unwrap_err();
    let enabled = deployment.kms.pairs().into_values().filter(|state| *state == "Enabled").count();
    assert_eq!(enabled, deployment.states().await.len());
}

/// A region may not have what another has.
#[tokio::test]
async fn an_algorithm_that_gets_no_key_keeps_no_other_from_its_key_and_leaves_nothing() {
    let mut deployment = Deployment::new(SigningMode::Kms).await;
    deployment.algorithms = vec![Algorithm::Es384, Algorithm::MlDsa44, Algorithm::Es512];
    for nth in 0..3 {
        let wire = Wire::default();
        // The first is made, and the second can't be.
        wire.trouble("CreateKey", u32::from(nth == 0), Trouble::Delay(std::time::Duration::ZERO));
        wire.trouble("CreateKey", 1, Trouble::Refuse("UnsupportedOperationException"));
        let failed = deployment.rotate_over(&wire, RotationRequest::default()).await;
        assert!(failed.is_err(), "the one that failed is told");
    }
    let ring = deployment.store.key_ring().await.unwrap().unwrap();
    let made: Vec<_> = ring.keys.iter().map(|key| key.jwk.alg).collect();
    assert_eq!(made, [Algorithm::Es256, Algorithm::Es384, Algorithm::Es512]);
    assert_eq!(deployment.kms.pairs().len(), 3, "each try leaves nothing behind");
}

#[tokio::test]
async fn keys_whose_ring_can_not_be_written_are_destroyed() {
    let deployment = Deployment::new(SigningMode::Kms).await;
    let watched = Arc::new(Watched::new(deployment.store.clone()));
    let now = RotationRequest { now: true, stolen: None };
    for (is_after, states) in [(false, [KeyState::Active].as_slice()), (true, &[KeyState::Active, KeyState::Next])] {
        let mut rotator: shared::platform::capabilities::Rotator = deployment.instance(SigningMode::Kms).provide();
        rotator.keys = watched.clone();
        watched.fail_in(1, is_after);
        assert_eq!(rotation::rotate(&rotator, &now).await.is_err(), !is_after, "what was written is written");
        assert_eq!(deployment.states().await, states);
        let enabled = deployment.kms.pairs().into_values().filter(|state| *state == "Enabled").count();
        assert_eq!(enabled, states.len());
    }
}

#[tokio::test]
async fn a_ciphertext_is_opened_by_its_own_key_for_its_own_purpose_only() {
    let (kms, endpoint, envelope_key) = fake().await;
    let mine = keys(&endpoint, &envelope_key, SigningMode::Envelope, 2_048);
    let others = keys(&endpoint, &kms.symmetric_key(), SigningMode::Envelope, 2_048);
    let (jwk, private) = mine.maker.make(Algorithm::Es256).await.unwrap();
    let PrivateHalf::Envelope { ciphertext } = &private else { unreachable!("here") };

    assert!(others.opener.signer(&ring_key(jwk.clone(), private.clone())).await.is_err(), "another KMS key");
    assert!(mine.opener.deriver(ciphertext).await.is_err(), "another purpose");
    let mut tampered = ciphertext.clone();
    *tampered.last_mut().unwrap() ^= 1;
    assert!(mine.opener.signer(&ring_key(jwk.clone(), PrivateHalf::Envelope { ciphertext: tampered })).await.is_err());
    let (other_jwk, _) = mine.maker.make(Algorithm::Es256).await.unwrap();
    assert!(mine.opener.signer(&ring_key(other_jwk, private.clone())).await.is_err(), "another key of the ring");
    mine.opener.signer(&ring_key(jwk, private)).await.unwrap();
}

#[tokio::test]
async fn eddsa_in_kms_signs_up_to_what_kms_takes_at_once() {
    let (_, endpoint, envelope_key) = fake().await;
    let signer = keys(&endpoint, &envelope_key, SigningMode::Kms, 2_048).signer(Algorithm::EdDsa).await;
    assert_eq!(signer.longest(), 4_096 + 1 + 86);
    signer.sign(&[b'x'; 4_096]).await.unwrap();
    signer.sign(&[b'x'; 4_097]).await.unwrap_err();
}

#[tokio::test]
async fn a_key_in_kms_has_a_policy_and_an_alias_and_is_destroyed_with_both() {
    let (kms, endpoint, envelope_key) = fake().await;
    let keys = keys(&endpoint, &envelope_key, SigningMode::Kms, 2_048);
    let (jwk, private) = keys.maker.make(Algorithm::Es256).await.unwrap();
    let PrivateHalf::Kms { arn } = &private else { unreachable!("in KMS") };
    assert_eq!(kms.aliases()[&format!("alias/jeton/signing/{}", jwk.kid)], *arn);
    assert_eq!(kms.policy(arn).as_deref(), Some(r#"{"Version":"2012-10-17","Statement":[]}"#));
    keys.maker.discard(&private).await.unwrap();
    keys.maker.discard(&private).await.unwrap();
    assert_eq!(kms.pairs().into_values().collect::<Vec<_>>(), ["PendingDeletion"]);
}

/// KMS replicates only keys that were made for it, whose ids begin so.
#[tokio::test]
async fn a_signing_key_is_one_for_several_regions_if_that_is_asked_for() {
    let (_, endpoint, envelope_key) = fake().await;
    for multi_region in [false, true] {
        let sdk = Sdk::new(&Aws::emulated(&endpoint, "Tokens", "Directory")).with_longer_timeouts();
        let maker = KmsMaker::new(&sdk.kms(), Making { multi_region, ..making(&envelope_key, SigningMode::Kms, 2_048) });
        let (_, private) = maker.make(Algorithm::Es256).await.unwrap();
        let PrivateHalf::Kms { arn } = private else { unreachable!("in KMS") };
        assert_eq!(arn.contains(":key/mrk-"), multi_region, "{arn}");
    }
}

/// One deployment: any number of instances of its functions on one directory, one KMS and one clock.
struct Deployment {
    kms: FakeKms,
    endpoint: String,
    envelope_key: String,
    clock: Arc<FrozenClock>,
    store: Arc<dyn Store>,
    algorithms: Vec<Algorithm>,
}

const SCHEDULE: Schedule = Schedule { every: Seconds(90 * 86_400), lead: Seconds::DAY };

impl Deployment {
    async fn new(mode: SigningMode) -> Self {
        let (kms, endpoint, envelope_key) = fake().await;
        let clock = Arc::new(FrozenClock::at(T0));
        let store: Arc<dyn Store> = Arc::new(SqliteStore::in_memory(clock.clone()).unwrap());
        let deployment = Self { kms, endpoint, envelope_key, clock, store, algorithms: vec![Algorithm::Es256] };
        deployment.rotate(mode, RotationRequest::default()).await.unwrap();
        deployment
    }

    /// A new instance of all functions.
    fn instance(&self, mode: SigningMode) -> Operations {
        let Keys { maker, opener } = keys(&self.endpoint, &self.envelope_key, mode, 2_048);
        let issuer = Issuer::parse("https://jeton.example").unwrap();
        let (clock, store) = (self.clock.clone(), self.store.clone());
        let platform = Platform::with_ring(clock, Arc::new(SystemEntropy), issuer, store, Arc::new(opener));
        let key_making = KeyMaking { maker: Arc::new(maker), algorithms: self.algorithms.clone(), schedule: SCHEDULE };
        Operations { platform, key_making }
    }

    async fn rotate(&self, mode: SigningMode, ask: RotationRequest) -> Result<shared::domain::KeyRing, shared::domain::Error> {
        rotation::rotate(&self.instance(mode).provide(), &ask).await
    }

    /// The same, and what is asked of KMS passes through `wire`.
    async fn rotate_over(&self, wire: &Wire, ask: RotationRequest) -> Result<shared::domain::KeyRing, shared::domain::Error> {
        let sdk = Sdk::new(&Aws::emulated(&self.endpoint, "Tokens", "Directory")).over(wire);
        let mut rotator: shared::platform::capabilities::Rotator = self.instance(SigningMode::Kms).provide();
        let making = making(&self.envelope_key, SigningMode::Kms, 2_048);
        rotator.maker = Arc::new(KmsMaker::new(&sdk.kms(), making));
        rotation::rotate(&rotator, &ask).await
    }

    fn now(&self) -> Timestamp {
        shared::domain::Clock::now(&*self.clock)
    }

    fn pass(&self, time: Seconds) {
        self.clock.advance_ms(time.as_ms());
    }

    async fn states(&self) -> Vec<KeyState> {
        let ring = self.store.key_ring().await.unwrap().unwrap();
        ring.keys.iter().map(|key| ring.state(key, self.now())).collect()
    }
}

/// A function of a deployment.
struct Instance {
    service: Service,
    admin: String,
}

impl Instance {
    async fn new(deployment: &Deployment, mode: SigningMode) -> Self {
        let operations = deployment.instance(mode);
        let whole = LocalService {
            platform: operations.platform.clone(),
            queue: Arc::new(HeldQueue::default()),
            signalling: HeldStreams::default().signalling(),
        };
        let service = Service::new(&functions::catalogue(), &whole).unwrap();
        let mut instance = Self { service, admin: String::new() };
        instance.sign_in(deployment, &operations).await;
        instance
    }

    async fn sign_in(&mut self, deployment: &Deployment, operations: &Operations) {
        let (org, name) = ("1".parse().unwrap(), "administrator".parse().unwrap());
        let founded = shared::admin::bootstrap::administrator(&*deployment.store, &org, &name, deployment.now()).await.unwrap();
        let minted = shared::admin::bootstrap::token(&operations.provide(), &founded.0, &founded.1, Seconds(400 * 86_400)).await;
        self.admin.clone_from(minted.unwrap().token.expose());
    }

    async fn call(&self, path: &str, body: Value) -> Answer {
        let request = http::Request::post(path).header("content-type", "application/json");
        let request = request.header("authorization", format!("Bearer {}", self.admin));
        self.service.call(request.body(body.to_string().into()).unwrap()).await.into()
    }

    async fn mint(&self, seconds: u32) -> String {
        let request = ask("1", "administrator", json!({"time_validity": {"duration": seconds}}));
        self.call("/v1/tokens", request).await.created()["token"].as_str().unwrap().to_owned()
    }

    async fn is_live(&self, token: &str) -> bool {
        let status = self.call("/v1/tokens/introspect", json!({"token": token})).await.status;
        assert!(matches!(status, StatusCode::OK | StatusCode::BAD_REQUEST), "{status}");
        status == StatusCode::OK
    }
}

/// Over three rotations: no valid token fails, whichever instance it meets; no retired key verifies.
#[tokio::test]
async fn no_valid_token_fails_and_no_retired_key_verifies_over_three_rotations() {
    for mode in MODES {
        let deployment = Deployment::new(mode).await;
        let mut old = Instance::new(&deployment, mode).await;
        let mut live: Vec<(String, Timestamp)> = Vec::new();
        let (mut minted, mut seen) = (0, 0);
        // The schedule runs once a day, the clock goes on by half a day: three turns, and the first key's end.
        for half_day in 0..(3 * 90 + 402) * 2 + 4 {
            if half_day % 2 == 0 {
                deployment.rotate(mode, RotationRequest::default()).await.unwrap();
            }
            if half_day % 20 == 0 {
                let fresh = Instance::new(&deployment, mode).await;
                // The first one's own token doesn't last as long as this test.
                old.admin.clone_from(&fresh.admin);
                for instance in [&old, &fresh] {
                    let lifetime = Seconds(if half_day % 60 == 0 { 86_400 } else { 3_600 });
                    live.push((instance.mint(lifetime.0).await, deployment.now().plus(lifetime)));
                    minted += 1;
                }
                for (token, _) in &live {
                    assert!(old.is_live(token).await && fresh.is_live(token).await, "{mode:?} on day {}", half_day / 2);
                    seen += 1;
                }
            }
            deployment.pass(Seconds(43_200));
            live.retain(|(_, exp)| *exp > deployment.now());
        }
        assert!(minted > 130 && seen >= minted, "{minted} {seen}");
        let ring = deployment.store.key_ring().await.unwrap().unwrap();
        let gone = ring.keys.len();
        let active = ring.active(Algorithm::Es256, deployment.now()).unwrap();
        assert!(gone >= 5, "{gone} keys are published");
        assert!(ring.keys.iter().all(|key| key.jwk.kid == active.jwk.kid || key.signs_from > T0), "the first has retired");
        let states = deployment.states().await;
        assert_eq!(states.iter().filter(|state| **state == KeyState::Active).count(), 1);
        assert!(!states.contains(&KeyState::Retired));
        if mode == SigningMode::Kms {
            let enabled = deployment.kms.pairs().into_values().filter(|state| *state == "Enabled").count();
            assert!(enabled <= 2, "{enabled} keys are paid for");
        }
    }
}

#[tokio::test]
async fn a_token_that_outlives_its_key_dies_with_it() {
    for mode in MODES {
        let deployment = Deployment::new(mode).await;
        let instance = Instance::new(&deployment, mode).await;
        let kid = deployment.store.key_ring().await.unwrap().unwrap().keys[0].jwk.kid.as_str().to_owned();
        let token = instance.mint(3_600).await;
        assert!(instance.is_live(&token).await);
        deployment.rotate(mode, RotationRequest { stolen: Some(kid.clone()), now: false }).await.unwrap();
        assert_eq!(deployment.states().await, [KeyState::Retired, KeyState::Active]);
        // An instance that has read the ring before reads it again within five minutes.
        deployment.pass(Seconds(300));
        assert!(!instance.is_live(&token).await, "{mode:?}");
        let fresh = Instance::new(&deployment, mode).await;
        assert!(!fresh.is_live(&token).await);
        let next = fresh.mint(3_600).await;
        assert!(fresh.is_live(&next).await && instance.is_live(&next).await);
        deployment.rotate(mode, RotationRequest { stolen: Some("unknown".to_owned()), now: false }).await.unwrap_err();
    }
}

#[tokio::test]
async fn a_change_of_mode_is_a_rotation_like_any_other() {
    let deployment = Deployment::new(SigningMode::Kms).await;
    let instance = Instance::new(&deployment, SigningMode::Kms).await;
    let before = instance.mint(86_400 * 3 / 4).await;
    let ring = deployment.rotate(SigningMode::Envelope, RotationRequest::default()).await.unwrap();
    assert!(matches!(
        ring.keys[..],
        [RingKey { private: PrivateHalf::Kms { .. }, .. }, RingKey { private: PrivateHalf::Envelope { .. }, .. }]
    ));
    assert_eq!(deployment.states().await, [KeyState::Active, KeyState::Next]);
    deployment.pass(Seconds(43_200));
    assert!(instance.is_live(&before).await);
    deployment.pass(Seconds(43_200));
    let after = instance.mint(600).await;
    assert_eq!(deployment.states().await, [KeyState::Retiring, KeyState::Active]);
    assert!(instance.is_live(&after).await);
}

#[tokio::test]
async fn of_rotations_at_the_same_time_one_wins_and_the_others_leave_nothing() {
    let deployment = Arc::new(Deployment::new(SigningMode::Kms).await);
    let rotations = (0..8).map(|_| {
        let deployment = deployment.clone();
        tokio::spawn(
            async move { deployment.rotate(SigningMode::Kms, RotationRequest { now: true, stolen: None }).await.unwrap() },
        )
    });
    futures::future::join_all(rotations).await;
    assert_eq!(deployment.states().await, [KeyState::Active, KeyState::Next]);
    let enabled = deployment.kms.pairs().into_values().filter(|state| *state == "Enabled").count();
    assert_eq!(enabled, 2);
}

/// What verifies goes on when KMS and the directory don't answer.
#[tokio::test]
async fn published_keys_outlast_a_directory_that_doesnt_answer() {
    let deployment = Deployment::new(SigningMode::Envelope).await;
    let watched = Arc::new(crate::support::Watched::new(deployment.store.clone()));
    let deployment = Deployment { store: watched.clone(), ..deployment };
    let operations = deployment.instance(SigningMode::Envelope);
    let keys = &operations.platform.records.reader.keys;
    let first = keys.now().await.unwrap();
    deployment.pass(Seconds(3_600));
    watched.fail_in(0, false);
    assert_eq!(keys.now().await.unwrap().jwks, first.jwks);
    assert!(watched.recover(), "it was asked");
}

/// The key of the refresh tokens stays the same when keys follow each other.
#[tokio::test]
async fn a_rotation_leaves_refresh_tokens_alone() {
    let deployment = Deployment::new(SigningMode::Envelope).await;
    let before = deployment.store.key_ring().await.unwrap().unwrap().refresh_key;
    deployment.rotate(SigningMode::Envelope, RotationRequest { now: true, stolen: None }).await.unwrap();
    assert_eq!(deployment.store.key_ring().await.unwrap().unwrap().refresh_key, before);
}

/// Against a KMS that isn't ours: what the fake promises holds there, too. The emulator has no ML-DSA, in no mode.
#[tokio::test]
#[ignore = "needs KMS_ENDPOINT"]
async fn a_signer_of_each_algorithm_conforms_at_kms_endpoint() {
    #[expect(clippy::disallowed_methods, reason = "a test that is told where")]
    let endpoint = std::env::var("KMS_ENDPOINT").unwrap();
    let client = Sdk::new(&Aws::emulated(&endpoint, "Tokens", "Directory")).with_longer_timeouts().kms();
    let envelope_key = client.create_key().send().await.unwrap().key_metadata.unwrap().arn.unwrap();
    for mode in MODES {
        let keys = keys(&endpoint, &envelope_key, mode, 2_048);
        for alg in Algorithm::ALL.iter().copied().filter(|alg| SigningMode::Envelope.has(*alg)) {
            println!("{alg:?} in {mode:?} mode");
            conformance::run(&*keys.signer(alg).await).await;
        }
        let sealed = keys.maker.make_refresh_key().await.unwrap();
        conformance::deriver(&*keys.opener.deriver(&sealed).await.unwrap()).await;
    }
}
