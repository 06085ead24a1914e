//! The signing keys.

use std::sync::Arc;

use futures::future::join_all;

use super::cases;
use super::samples::{T0, at};
use crate::domain::{Algorithm, KeyRing, PrivateHalf, RingKey};
use crate::keys::signer::{LocalSigner, Signer as _};
use crate::store::Store;

cases![
    a_key_ring_is_made_and_replaced,
    a_key_ring_is_only_replaced_by_the_one_that_follows_it,
    of_parallel_changes_of_the_key_ring_one_wins,
    the_same_change_of_the_key_ring_succeeds_again,
];

fn ring(version: u64) -> KeyRing {
    let key = |alg, private| RingKey {
        jwk: LocalSigner::for_tests(alg).jwk().clone(),
        private,
        published_at: T0,
        signs_from: at(1),
        retires_at: Some(at(2)),
    };
    KeyRing {
        version,
        algorithms: vec![Algorithm::Es256, Algorithm::Ps512],
        keeps_for_ever: true,
        refresh_key: vec![0, 255],
        keys: vec![
            key(Algorithm::Es256, PrivateHalf::Kms { arn: "arn:aws:kms:us-east-1:111122223333:key/1".to_owned() }),
            key(Algorithm::EdDsa, PrivateHalf::Envelope { ciphertext: vec![7; 300] }),
            key(Algorithm::Es384, PrivateHalf::File { name: "signing-key.ES384.pem".to_owned() }),
            RingKey { retires_at: None, ..key(Algorithm::Ps512, PrivateHalf::Discarded) },
        ],
    }
}

async fn a_key_ring_is_made_and_replaced(store: Arc<dyn Store>) {
    assert_eq!(store.key_ring().await.unwrap(), None);
    assert!(store.put_key_ring(&ring(1)).await.unwrap());
    assert_eq!(store.key_ring().await.unwrap(), Some(ring(1)));
    let second = KeyRing { keeps_for_ever: false, keys: Vec::new(), ..ring(2) };
    assert!(store.put_key_ring(&second).await.unwrap());
    assert_eq!(store.key_ring().await.unwrap(), Some(second));
}

async fn a_key_ring_is_only_replaced_by_the_one_that_follows_it(store: Arc<dyn Store>) {
    assert!(!store.put_key_ring(&ring(2)).await.unwrap());
    assert_eq!(store.key_ring().await.unwrap(), None);
    assert!(store.put_key_ring(&ring(1)).await.unwrap());
    for version in [0, 1, 3] {
        let other = KeyRing { keys: Vec::new(), ..ring(version) };
        assert!(!store.put_key_ring(&other).await.unwrap(), "{version}");
    }
    assert_eq!(store.key_ring().await.unwrap(), Some(ring(1)));
}

async fn the_same_change_of_the_key_ring_succeeds_again(store: Arc<dyn Store>) {
    for version in [1, 1, 2, 2] {
        assert!(store.put_key_ring(&ring(version)).await.unwrap(), "{version}");
    }
}

async fn of_parallel_changes_of_the_key_ring_one_wins(store: Arc<dyn Store>) {
    let changes = (0..16).map(|n| {
        let store = Arc::clone(&store);
        let ring = KeyRing { refresh_key: vec![n], ..ring(1) };
        tokio::spawn(async move { store.put_key_ring(&ring).await.unwrap() })
    });
    let won = join_all(changes).await.into_iter().filter(|won| *won.as_ref().unwrap()).count();
    assert_eq!(won, 1);
}
