//! The service in a folder: a data file and its keys, nothing else.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::domain::{Algorithm, Entropy, Fault, Issuer, Secret};
use crate::keys::signer::{HmacDeriver, LocalSigner, Signer};
use crate::platform::{Platform, PlatformParts, SystemClock, SystemEntropy};
use crate::store::Store;
use crate::store::sqlite::{Durability, SqliteStore};

/// A folder that only its owner can read.
#[derive(Clone, Debug)]
pub struct DataDir(PathBuf);

impl DataDir {
    /// Opens the folder, or makes it with mode 0700.
    pub fn open(path: &Path) -> Result<Self, Fault> {
        fs::DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(|e| fault("making the data folder", path, &e))?;
        Ok(Self(path.to_owned()))
    }

    /// A file in the folder.
    pub fn file(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    /// The embedded store. It is locked: one process at a time.
    pub fn store(&self, durability: Durability) -> Result<Arc<SqliteStore>, Fault> {
        Ok(Arc::new(SqliteStore::open(&self.file("jeton.db"), durability, Arc::new(SystemClock))?))
    }

    /// The service on this store, with the keys in this folder. It signs by these algorithms, of which the first is the
    /// preferred one; their keys are made when they are missing. Keys of others that are there stay in use after them: what
    /// they have signed goes on being valid.
    pub fn platform(&self, issuer: Issuer, store: Arc<dyn Store>, algorithms: &[Algorithm]) -> Result<Platform, Fault> {
        let mut signers: Vec<Arc<dyn Signer>> = Vec::new();
        let others = Algorithm::ALL.into_iter().filter(|alg| !algorithms.contains(alg));
        for (algorithm, is_wanted) in algorithms.iter().map(|alg| (*alg, true)).chain(others.map(|alg| (alg, false))) {
            if let Some(signer) = self.signer(algorithm, is_wanted)? {
                signers.push(Arc::new(signer));
            }
        }
        let deriver = Arc::new(self.deriver()?);
        Platform::new(PlatformParts {
            clock: Arc::new(SystemClock),
            entropy: Arc::new(SystemEntropy),
            issuer,
            store,
            signers,
            deriver,
        })
    }

    /// A secret that was kept here, if there is one.
    pub fn read(&self, name: &str) -> Result<Option<Secret<String>>, Fault> {
        let path = self.file(name);
        match fs::read_to_string(&path) {
            Ok(text) => Ok(Some(Secret::new(text))),
            Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(e) => Err(fault("reading", &path, &e)),
        }
    }

    /// Keeps a secret in a file of mode 0600: the whole of it or, if something goes wrong, what was there before.
    pub fn write(&self, name: &str, text: &Secret<String>) -> Result<(), Fault> {
        let (path, fresh) = (self.file(name), self.file(&format!("{name}.new")));
        let written = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&fresh).and_then(|mut file| {
            file.write_all(text.expose().as_bytes())?;
            file.sync_all()?;
            fs::rename(&fresh, &path)?;
            File::open(&self.0)?.sync_all()
        });
        written.map_err(|e| fault("writing", &path, &e))
    }

    /// The key of this algorithm. Where there is none it is made, if it is wanted.
    fn signer(&self, algorithm: Algorithm, is_wanted: bool) -> Result<Option<LocalSigner>, Fault> {
        let name = match algorithm {
            Algorithm::Es256 => "signing-key.pem".to_owned(),
            other => format!("signing-key.{other}.pem"),
        };
        if let Some(pem) = self.read(&name)? {
            return LocalSigner::from_pkcs8_pem(algorithm, pem.expose()).map(Some);
        }
        if !is_wanted {
            return Ok(None);
        }
        let signer = LocalSigner::generate(algorithm)?;
        self.write(&name, &signer.to_pkcs8_pem()?)?;
        Ok(Some(signer))
    }

    fn deriver(&self) -> Result<HmacDeriver, Fault> {
        use base64::Engine as _;
        use base64::engine::general_purpose::STANDARD;
        const NAME: &str = "refresh-key";
        let mut key = [0; 32];
        if let Some(text) = self.read(NAME)? {
            let bytes = STANDARD.decode(text.expose().trim()).ok().and_then(|bytes| bytes.try_into().ok());
            key = bytes.ok_or_else(|| Fault::internal("reading refresh-key: it is not 32 bytes of base64"))?;
        } else {
            SystemEntropy.fill(&mut key)?;
            self.write(NAME, &Secret::new(STANDARD.encode(key)))?;
        }
        Ok(HmacDeriver::new(&Secret::new(key)))
    }
}

fn fault(doing: &'static str, path: &Path, error: &io::Error) -> Fault {
    Fault::internal(doing).because(format!("{}: {error}", path.display()))
}
