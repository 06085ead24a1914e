//! The keys of the local server: a ring in its data file, and private halves as PEM files of mode 0600 in its data folder.

use std::sync::Arc;
use std::time::SystemTime;

use async_trait::async_trait;

use crate::domain::{Algorithm, Clock, Fault, Issuer, Jwk, KeyState, PrivateHalf, RingKey, Schedule, Timestamp};
use crate::keys::signer::{KeyFactory, KeyOpener, LocalSigner, SecretDeriver, Signer};
use crate::platform::data_dir::DataDir;
use crate::platform::{KeyMaking, Operations, Platform, SystemEntropy};
use crate::store::{Store, WriteKeys};

/// Makes keys as files of a data folder, opens and deletes them.
#[derive(Clone, Debug)]
pub struct KeyFiles(DataDir);

impl KeyFiles {
    /// The keys of this folder.
    pub fn new(folder: DataDir) -> Self {
        Self(folder)
    }

    /// Puts a platform together from a store and these keys, which follow each other as the ring in the store says. Keys are made for
    /// the algorithms that have none. With it comes what makes further keys by this schedule.
    ///
    /// # Errors
    /// A [`Fault`] if a key can't be read, made or written.
    pub async fn operations(
        self,
        issuer: Issuer,
        store: Arc<dyn Store>,
        clock: Arc<dyn Clock>,
        (algorithms, schedule): (&[Algorithm], Schedule),
    ) -> Result<Operations, Fault> {
        self.settle(&*store, algorithms, clock.now()).await?;
        let keys = Arc::new(self);
        let platform = Platform::with_ring(clock, Arc::new(SystemEntropy), issuer, store, keys.clone());
        platform.warm_up().await?;
        Ok(Operations { platform, key_making: KeyMaking { maker: keys, algorithms: algorithms.to_vec(), schedule } })
    }

    /// Sees to it that the ring has a key for each algorithm that is wanted, and knows those of others that are in the folder: they
    /// go on verifying what they have signed. What an earlier version has left in the folder is taken over.
    async fn settle(&self, keys: &(impl WriteKeys + ?Sized), wanted: &[Algorithm], now: Timestamp) -> Result<(), Fault> {
        let before = keys.key_ring().await?.unwrap_or_default();
        let mut ring = before.clone();
        ring.algorithms = wanted.to_vec();
        if ring.refresh_key.is_empty() {
            ring.refresh_key = self.make_refresh_key().await?;
        }
        let others = Algorithm::ALL.iter().filter(|alg| !wanted.contains(alg));
        for &alg in wanted.iter().chain(others) {
            let is_kept =
                |key: &RingKey| key.jwk.alg == alg && self.is_current(&key.private) && ring.state(key, now) != KeyState::Retired;
            if ring.keys.iter().any(is_kept) {
                continue;
            }
            let known = |jwk: &Jwk| ring.keys.iter().any(|key| key.jwk.kid == jwk.kid);
            let found = self.latest(alg, known)?;
            let made = if found.is_none() && wanted.contains(&alg) { Some(self.make(alg).await?) } else { found };
            ring.keys.extend(made.map(|(jwk, private)| RingKey {
                jwk,
                private,
                published_at: now,
                signs_from: now,
                retires_at: None,
            }));
        }
        if ring == before {
            return Ok(());
        }
        ring.version += 1;
        if keys.put_key_ring(&ring).await? { Ok(()) } else { Err(Fault::unavailable("taking the keys of the data folder over")) }
    }

    /// Returns the latest key of this algorithm in the folder that isn't known yet.
    fn latest(&self, alg: Algorithm, is_known: impl Fn(&Jwk) -> bool) -> Result<Option<(Jwk, PrivateHalf)>, Fault> {
        let mut found: Option<(SystemTime, Jwk, PrivateHalf)> = None;
        for (name, written) in self.0.files()? {
            if name != first_name(alg) && !name.starts_with(&format!("signing-key.{alg}.")) {
                continue;
            }
            let jwk = self.open(alg, &name)?.jwk().clone();
            if !is_known(&jwk) && found.as_ref().is_none_or(|(before, ..)| *before < written) {
                found = Some((written, jwk, PrivateHalf::File { name }));
            }
        }
        Ok(found.map(|(_, jwk, private)| (jwk, private)))
    }

    fn open(&self, alg: Algorithm, name: &str) -> Result<LocalSigner, Fault> {
        let path = self.0.file(name);
        let missing =
            || Fault::internal("opening a signing key").because(format!("{}: it is missing. Restore it", path.display()));
        let pem = self.0.read(name)?.ok_or_else(missing)?;
        let wrong = |_| {
            let what_to_do = "Restore it: a new key would end all tokens of this one";
            let why = format!("{}: it isn't a PKCS #8 key for {} in PEM. {what_to_do}", path.display(), alg.as_str());
            Fault::internal("reading a signing key").because(why)
        };
        LocalSigner::from_pkcs8_pem(alg, pem.expose()).map_err(wrong)
    }
}

/// The name of the first key of an algorithm.
fn first_name(alg: Algorithm) -> String {
    if alg == Algorithm::Es256 { "signing-key.pem".to_owned() } else { format!("signing-key.{alg}.pem") }
}

#[async_trait]
impl KeyFactory for KeyFiles {
    async fn make(&self, alg: Algorithm) -> Result<(Jwk, PrivateHalf), Fault> {
        let signer = LocalSigner::generate(alg)?;
        let jwk = signer.jwk().clone();
        let first = first_name(alg);
        let name = if self.0.file(&first).exists() { format!("signing-key.{alg}.{}.pem", jwk.kid) } else { first };
        self.0.write(&name, &signer.to_pkcs8_pem()?)?;
        Ok((jwk, PrivateHalf::File { name }))
    }

    async fn make_refresh_key(&self) -> Result<Vec<u8>, Fault> {
        self.0.deriver()?;
        Ok(b"refresh-key".to_vec())
    }

    async fn discard(&self, private: &PrivateHalf) -> Result<(), Fault> {
        match private {
            PrivateHalf::File { name } => self.0.delete(name),
            PrivateHalf::Kms { .. } | PrivateHalf::Envelope { .. } | PrivateHalf::Discarded => Ok(()),
        }
    }

    fn is_current(&self, private: &PrivateHalf) -> bool {
        match private {
            PrivateHalf::File { .. } => true,
            PrivateHalf::Kms { .. } | PrivateHalf::Envelope { .. } | PrivateHalf::Discarded => false,
        }
    }
}

#[async_trait]
impl KeyOpener for KeyFiles {
    async fn signer(&self, key: &RingKey) -> Result<Arc<dyn Signer>, Fault> {
        const DOING: &str = "opening a signing key";
        match &key.private {
            PrivateHalf::File { name } => {
                let signer = self.open(key.jwk.alg, name)?;
                if signer.jwk() != &key.jwk {
                    let path = self.0.file(name);
                    return Err(Fault::internal(DOING).because(format!("{}: it is another key. Restore it", path.display())));
                }
                Ok(Arc::new(signer))
            }
            PrivateHalf::Kms { .. } | PrivateHalf::Envelope { .. } => {
                Err(Fault::internal(DOING).because("it is in KMS: start with the same --signer as before"))
            }
            PrivateHalf::Discarded => Err(Fault::internal("opening a signing key that has been discarded")),
        }
    }

    async fn deriver(&self, _: &[u8]) -> Result<Arc<dyn SecretDeriver>, Fault> {
        Ok(Arc::new(self.0.deriver()?))
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;
    use crate::domain::{FrozenClock, KeyRing, Seconds};
    use crate::store::ReadKeys as _;
    use crate::store::sqlite::SqliteStore;

    const T0: Timestamp = Timestamp::from_secs(1_795_348_800);

    fn folder(name: &str) -> DataDir {
        let path = std::env::temp_dir().join(format!("jeton-keys-{}-{name}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        DataDir::open(&path).unwrap()
    }

    fn store() -> SqliteStore {
        SqliteStore::in_memory(Arc::new(FrozenClock::at(T0))).unwrap()
    }

    async fn ring(store: &SqliteStore) -> KeyRing {
        store.key_ring().await.unwrap().unwrap()
    }

    fn kids(ring: &KeyRing) -> Vec<&str> {
        ring.keys.iter().map(|key| key.jwk.kid.as_str()).collect()
    }

    #[tokio::test]
    async fn the_key_of_an_old_folder_goes_on_signing() {
        let home = folder("old");
        let old = LocalSigner::generate(Algorithm::Es256).unwrap();
        home.write("signing-key.pem", &old.to_pkcs8_pem().unwrap()).unwrap();
        let store = store();
        // What an org that allows tokens without end has left there.
        assert!(store.put_key_ring(&KeyRing { version: 1, keeps_for_ever: true, ..KeyRing::default() }).await.unwrap());
        let files = KeyFiles::new(home);
        for _ in 0..2 {
            files.settle(&store, &[Algorithm::Es256], T0).await.unwrap();
            let ring = ring(&store).await;
            assert_eq!((kids(&ring), ring.version, ring.keeps_for_ever), (vec![old.jwk().kid.as_str()], 2, true));
            assert_eq!(files.signer(&ring.keys[0]).await.unwrap().jwk(), old.jwk());
        }
    }

    #[tokio::test]
    async fn a_wanted_algorithm_gets_a_key_at_once_and_the_others_stay_published() {
        let (files, store) = (KeyFiles::new(folder("wanted")), store());
        files.settle(&store, &[Algorithm::Es256], T0).await.unwrap();
        files.settle(&store, &[Algorithm::EdDsa], T0.plus(Seconds::HOUR)).await.unwrap();
        let ring = ring(&store).await;
        let now = T0.plus(Seconds::HOUR);
        assert_eq!(ring.preferred(now).unwrap().jwk.alg, Algorithm::EdDsa);
        assert_eq!(ring.published(now).iter().count(), 2);
        assert!(ring.keys.iter().all(|key| key.retires_at.is_none()));
    }

    #[tokio::test]
    async fn a_rotated_key_is_a_file_for_its_owner_and_a_retired_one_is_deleted_and_never_taken_over_again() {
        let home = folder("rotated");
        let (files, store) = (KeyFiles::new(home.clone()), store());
        files.settle(&store, &[Algorithm::Es256], T0).await.unwrap();
        let mut ring = ring(&store).await;
        let (jwk, private) = files.make(Algorithm::Es256).await.unwrap();
        let PrivateHalf::File { name } = private.clone() else { unreachable!("a file") };
        assert_eq!(name, format!("signing-key.ES256.{}.pem", jwk.kid));
        assert_eq!(fs::metadata(home.file(&name)).unwrap().permissions().mode() & 0o777, 0o600);
        ring.add(RingKey { jwk: jwk.clone(), private, published_at: T0, signs_from: T0, retires_at: None });
        let stolen = ring.keys[0].clone();
        assert!(ring.retire(stolen.jwk.kid.as_str(), T0));
        ring.version += 1;
        assert!(store.put_key_ring(&ring).await.unwrap());
        files.settle(&store, &[Algorithm::Es256], T0).await.unwrap();
        assert_eq!(self::ring(&store).await, ring, "its file is still there, and is known");
        files.discard(&stolen.private).await.unwrap();
        files.discard(&stolen.private).await.unwrap();
        assert!(!home.file("signing-key.pem").exists());
    }

    #[tokio::test]
    async fn a_key_that_is_missing_or_another_one_is_named_and_none_is_made_in_its_place() {
        let home = folder("missing");
        let (files, store) = (KeyFiles::new(home.clone()), store());
        files.settle(&store, &[Algorithm::Es256], T0).await.unwrap();
        let key = ring(&store).await.keys[0].clone();
        let other = LocalSigner::generate(Algorithm::Es256).unwrap();
        home.write("signing-key.pem", &other.to_pkcs8_pem().unwrap()).unwrap();
        let fault = files.signer(&key).await.unwrap_err();
        assert!(format!("{fault:?}").contains("signing-key.pem: it is another key"), "{fault:?}");
        fs::remove_file(home.file("signing-key.pem")).unwrap();
        files.settle(&store, &[Algorithm::Es256], T0).await.unwrap();
        let fault = files.signer(&key).await.unwrap_err();
        assert!(format!("{fault:?}").contains("signing-key.pem: it is missing"), "{fault:?}");
    }
}
