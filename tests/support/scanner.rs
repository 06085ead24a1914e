//! A scanner of secrets: where it publishes its key, and how it signs.

use std::sync::LazyLock;

use aws_lc_rs::encoding::AsDer as _;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

/// Where its keys are.
pub(crate) const KEYS: &str = "https://scanner.example/keys";
/// What names its key.
pub(crate) const KEY: &str = "k-1";

static PAIR: LazyLock<EcdsaKeyPair> =
    LazyLock::new(|| EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).expect("a key pair"));

/// What is at [`KEYS`]: its key, which isn't its newest any more.
pub(crate) fn published() -> Value {
    let der = PAIR.public_key().as_der().expect("a public key");
    let pem = format!("-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n", STANDARD.encode(der.as_ref()));
    json!({"public_keys": [{"key_identifier": KEY, "key": pem, "is_current": false}]})
}

/// The signature of a body, as its header has it.
pub(crate) fn signature(body: &[u8]) -> String {
    STANDARD.encode(PAIR.sign(&SystemRandom::new(), body).expect("a signature"))
}
