//! What every signer and every deriver must do, whatever holds its key.

#![expect(clippy::unwrap_used, reason = "a suite fails by panicking")]

use super::jws::{length, sign};
use super::{LocalSigner, SecretDeriver, Signer};
use crate::domain::Algorithm;
use crate::domain::key::PublicKey;
use crate::jose::jwk;
use crate::jose::jws::{self, Compact};
use crate::jose::{VerifyingKey, verify_signature};

/// Holds `signer` against the contract of [`Signer`].
///
/// # Panics
/// Where it fails.
pub async fn run(signer: &dyn Signer) {
    is_named_by_its_thumbprint(signer);
    its_public_key_survives_json(signer);
    signs_what_its_public_key_verifies(signer).await;
    signs_for_no_other_message_key_or_algorithm(signer).await;
    signs_messages_of_any_length(signer).await;
    signs_a_thousand_times_in_one_width(signer).await;
    signs_at_the_same_time(signer).await;
    makes_a_token_of_three_parts(signer).await;
}

/// Holds `deriver` against the contract of [`SecretDeriver`].
///
/// # Panics
/// Where it fails.
pub async fn deriver(deriver: &dyn SecretDeriver) {
    let derive = async |context: &[u8]| *deriver.derive(context).await.unwrap().expose();
    let first = derive(b"a").await;
    assert_eq!(derive(b"a").await, first, "the same context gives the same bytes");
    for other in [&b""[..], b"b", b"a\0", b"aa", &[0; 4_000]] {
        assert_ne!(derive(other).await, first, "another context gives other bytes");
    }
    assert_eq!(format!("{:?}", deriver.derive(b"a").await.unwrap()), "[redacted]");
}

fn is_named_by_its_thumbprint(signer: &dyn Signer) {
    let jwk = signer.jwk();
    assert_eq!(jwk.kid, jwk::thumbprint(&jwk.key, jwk.alg));
}

fn its_public_key_survives_json(signer: &dyn Signer) {
    assert_eq!(jwk::from_json(jwk::to_json(signer.jwk()).to_string().as_bytes()).as_ref(), Ok(signer.jwk()));
}

async fn signs_what_its_public_key_verifies(signer: &dyn Signer) {
    let signature = signer.sign(MESSAGE).await.unwrap();
    assert!(verify_signature(signer.jwk(), MESSAGE, &signature));
    assert_eq!(signature.len(), jws::signature_len(signer.jwk()));
}

async fn signs_for_no_other_message_key_or_algorithm(signer: &dyn Signer) {
    let jwk = signer.jwk();
    let signature = signer.sign(MESSAGE).await.unwrap();
    assert!(!verify_signature(jwk, b"another message", &signature));
    assert!(!verify_signature(jwk, b"", &signature));

    let mut tampered = signature.clone();
    tampered[signature.len() / 2] ^= 1;
    assert!(!verify_signature(jwk, MESSAGE, &tampered));
    assert!(!verify_signature(jwk, MESSAGE, &signature[1..]));
    assert!(!verify_signature(jwk, MESSAGE, &[&signature[..], &[0]].concat()));
    assert!(!verify_signature(jwk, MESSAGE, b""));

    let known = LocalSigner::for_tests(jwk.alg);
    let stranger = if known.jwk().kid == jwk.kid { LocalSigner::generate(jwk.alg).unwrap() } else { known };
    assert!(!verify_signature(stranger.jwk(), MESSAGE, &signature));
    for alg in Algorithm::ALL.iter().copied().filter(|alg| *alg != jwk.alg) {
        let mut other = jwk.clone();
        other.alg = alg;
        assert!(!verify_signature(&other, MESSAGE, &signature), "{alg:?}");
    }
}

async fn signs_messages_of_any_length(signer: &dyn Signer) {
    // KMS takes 4,096 bytes where it must see the message itself.
    for len in [0, 1, 64, 4_096] {
        let message = vec![b'x'; len];
        assert!(verify_signature(signer.jwk(), &message, &signer.sign(&message).await.unwrap()), "{len} bytes");
    }
}

/// One ECDSA signature in 128 has a number that DER would write shorter: it goes on until one has been seen.
async fn signs_a_thousand_times_in_one_width(signer: &dyn Signer) {
    let PublicKey::Ec { x, .. } = &signer.jwk().key else { return };
    let key = VerifyingKey::new(signer.jwk()).unwrap();
    let mut with_leading_zero = 0;
    for i in 0..10_000_u32 {
        let message = i.to_be_bytes();
        let signature = signer.sign(&message).await.unwrap();
        assert_eq!(signature.len(), 2 * x.len());
        assert!(key.verify(&message, &signature));
        with_leading_zero += u32::from(signature[0] == 0 || signature[x.len()] == 0);
        if i >= 1_000 && with_leading_zero > 0 {
            return;
        }
    }
    panic!("no number was ever padded to its width");
}

async fn signs_at_the_same_time(signer: &dyn Signer) {
    let messages: Vec<_> = (0..16_u8).map(|i| [i; 8]).collect();
    let signatures = futures::future::join_all(messages.iter().map(|message| signer.sign(message))).await;
    for (message, signature) in messages.iter().zip(signatures) {
        assert!(verify_signature(signer.jwk(), message, &signature.unwrap()));
    }
}

async fn makes_a_token_of_three_parts(signer: &dyn Signer) {
    let token = sign(signer, "at+jwt", b"{}").await.unwrap();
    assert_eq!(token.len(), length(signer.jwk(), "at+jwt", b"{}").unwrap());
    let read = Compact::parse(&token).unwrap();
    assert_eq!(read.kid.as_deref(), Some(signer.jwk().kid.as_str()));
    assert_eq!(read.typ.as_deref(), Some("at+jwt"));
    assert_eq!(read.payload, b"{}");
    assert!(read.is_signed_by(&VerifyingKey::new(signer.jwk()).unwrap()));
}

const MESSAGE: &[u8] = b"eyJhbGciOiJFUzI1NiJ9.e30";
