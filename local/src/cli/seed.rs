//! `jeton check-seed`: a seed file without a server.

use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;
use shared::api::jeton::load_seed::{self, NotLoaded, SeedMode};
use shared::api::jeton::seed::Seed;
use shared::domain::{Algorithm, Fault, Issuer, Secret};
use shared::keys::remote::{KeySets, Origin};
use shared::keys::signer::{HmacDeriver, LocalSigner, Signer};
use shared::platform::{Platform, PlatformParts, SystemClock, SystemEntropy};
use shared::store::sqlite::{Durability, SqliteStore};

use super::{Failure, print};
use crate::options::algorithm;

/// The file to check, and what it may rely on.
#[derive(Debug, Args)]
pub(crate) struct CheckSeed {
    /// Seed file to check
    file: PathBuf,

    /// Algorithm that the server signs with, as its option has it. Repeatable
    #[arg(long = "algorithm", value_name = "ALGORITHM", default_value = "ES256", value_parser = algorithm)]
    algorithms: Vec<Algorithm>,

    /// Origin from which the server fetches key sets, as its option has it. Repeatable
    #[arg(long, value_name = "URL")]
    jwks_origin: Vec<Origin>,
}

/// Loads the file into a store that is gone afterwards.
pub(super) async fn check(asked: &CheckSeed) -> Result<(), Failure> {
    let name = asked.file.display();
    let text = std::fs::read_to_string(&asked.file).map_err(|error| Failure::Refused(format!("can't read {name}: {error}")))?;
    let seed = Seed::read(&text).map_err(|bad| Failure::Refused(format!("{name}: {bad}")))?;
    let platform = platform(asked).map_err(|fault| Failure::Refused(crate::in_words(&fault)))?;
    let reader = &platform.records.reader;
    let keys = reader.keys.now().await.map_err(|fault| Failure::Refused(crate::in_words(&fault)))?;
    let origins = &platform.records.key_origins;
    let loaded = load_seed::load(&*platform.records.store, &keys, origins, (seed, &SeedMode::Overwrite), reader.now()).await;
    let loaded = loaded.map_err(|error| match error {
        NotLoaded::Bad(bad) => Failure::Refused(format!("{name}: {bad}")),
        NotLoaded::Failed(fault) => Failure::Refused(crate::in_words(&fault)),
    })?;
    print::out(&format!("{name} is good: {}.", crate::inventory(&loaded)));
    Ok(())
}

/// A service with the keys that the server would have, and nothing else.
fn platform(asked: &CheckSeed) -> Result<Platform, Fault> {
    let signer = |alg: &Algorithm| LocalSigner::generate(*alg).map(|signer| Arc::new(signer) as Arc<dyn Signer>);
    let parts = PlatformParts {
        clock: Arc::new(SystemClock),
        entropy: Arc::new(SystemEntropy),
        issuer: Issuer::parse("http://127.0.0.1").map_err(|_| Fault::internal("naming an issuer"))?,
        store: Arc::new(SqliteStore::open(&asked.file, Durability::Memory, Arc::new(SystemClock))?),
        signers: asked.algorithms.iter().map(signer).collect::<Result<_, _>>()?,
        deriver: Arc::new(HmacDeriver::new(&Secret::new([0; 32]))),
    };
    Ok(Platform::new(parts)?.reading(KeySets::over_https(asked.jwks_origin.iter().cloned().collect())))
}
