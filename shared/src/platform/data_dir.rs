//! The data directory of the local server: the database of the embedded store, the signing keys as PEM files, and the secret
//! behind refresh tokens. All that the service keeps is in this folder.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use crate::domain::{Algorithm, Entropy, Fault, Issuer, Secret};
use crate::keys::signer::{HmacDeriver, LocalSigner, Signer};
use crate::platform::{Platform, PlatformParts, SystemClock, SystemEntropy};
use crate::store::Store;
use crate::store::sqlite::{Durability, SqliteStore};

/// A folder that only its owner can read (mode 0700), with files of mode 0600.
#[derive(Clone, Debug)]
pub struct DataDir(PathBuf);

impl DataDir {
    /// Opens the folder, or creates it with mode 0700 if it is missing.
    ///
    /// # Errors
    ///
    /// An internal fault if it can't be created.
    pub fn open(path: &Path) -> Result<Self, Fault> {
        if path.exists() && !path.is_dir() {
            return Err(Fault::internal("opening the data folder").because(format!("{} isn't a folder", path.display())));
        }
        fs::DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(|e| fault("making the data folder", path, &e))?;
        Ok(Self(path.to_owned()))
    }

    /// Returns the path of a file in the folder.
    pub fn file(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    /// Opens the embedded store in `jeton.db`, and locks it for this process.
    ///
    /// # Errors
    ///
    /// A fault if another process has locked it, or if it can't be read.
    pub fn store(&self, durability: Durability) -> Result<Arc<SqliteStore>, Fault> {
        Ok(Arc::new(SqliteStore::open(&self.file("jeton.db"), durability, Arc::new(SystemClock))?))
    }

    /// Puts a platform together from a store and the keys in this folder. It signs with `algorithms`, the preferred one first,
    /// and creates their keys where they are missing. Keys of other algorithms in the folder are published after these, so that
    /// tokens they have signed stay valid.
    ///
    /// # Errors
    ///
    /// An internal fault if a key can't be read, created or written.
    pub fn platform(&self, issuer: Issuer, store: Arc<dyn Store>, algorithms: &[Algorithm]) -> Result<Platform, Fault> {
        let mut signers: Vec<Arc<dyn Signer>> = Vec::new();
        let others = Algorithm::ALL.iter().filter(|alg| !algorithms.contains(alg));
        for (algorithm, is_wanted) in algorithms.iter().map(|alg| (*alg, true)).chain(others.map(|alg| (*alg, false))) {
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

    /// Reads the secret in this file of the folder. `None`: there is no such file.
    ///
    /// # Errors
    ///
    /// An internal fault if the file can't be read.
    pub fn read(&self, name: &str) -> Result<Option<Secret<String>>, Fault> {
        let path = self.file(name);
        match fs::read_to_string(&path) {
            Ok(text) => Ok(Some(Secret::new(text))),
            Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(e) => Err(fault("reading", &path, &e)),
        }
    }

    /// Writes a secret to a file of mode 0600, atomically: after an error or a crash the file has either its old text or the new
    /// one, never a part.
    ///
    /// # Errors
    ///
    /// An internal fault if it can't be written.
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

    /// Deletes a file of the folder. One that isn't there is no error.
    ///
    /// # Errors
    ///
    /// An internal fault if it can't be deleted.
    pub fn delete(&self, name: &str) -> Result<(), Fault> {
        let path = self.file(name);
        match fs::remove_file(&path) {
            Err(e) if e.kind() != io::ErrorKind::NotFound => Err(fault("deleting", &path, &e)),
            Ok(()) | Err(_) => Ok(()),
        }
    }

    /// Returns the names of the files in the folder, each with when it was last written.
    ///
    /// # Errors
    ///
    /// An internal fault if the folder can't be read.
    pub(super) fn files(&self) -> Result<Vec<(String, SystemTime)>, Fault> {
        let read = || -> io::Result<_> {
            let mut files = Vec::new();
            for entry in fs::read_dir(&self.0)? {
                let entry = entry?;
                files.extend(entry.file_name().into_string().ok().zip(Some(entry.metadata()?.modified()?)));
            }
            Ok(files)
        };
        read().map_err(|e| fault("listing", &self.0, &e))
    }

    /// Reads the signing key of this algorithm. If there is none it is created when `is_wanted`; otherwise this returns `None`.
    fn signer(&self, algorithm: Algorithm, is_wanted: bool) -> Result<Option<LocalSigner>, Fault> {
        let is_first = algorithm == Algorithm::Es256;
        let name = if is_first { "signing-key.pem".to_owned() } else { format!("signing-key.{algorithm}.pem") };
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

    /// Reads the secret from which refresh tokens are derived, or creates it: 32 bytes, as base64 in `refresh-key`.
    pub(super) fn deriver(&self) -> Result<HmacDeriver, Fault> {
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
