//! The suite of the port, and what only a data file can get wrong.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::*;
use crate::clock::FrozenClock;
use crate::store::{Store, conformance};

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn memory_conforms() {
    conformance::run(async || Arc::new(SqliteStore::in_memory(clock()).unwrap()) as Arc<dyn Store>).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn normal_conforms() {
    let folder = Folder::new();
    conformance::run(async || Arc::new(folder.open_another(Durability::Normal)) as Arc<dyn Store>).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn full_conforms() {
    let folder = Folder::new();
    conformance::run(async || Arc::new(folder.open_another(Durability::Full)) as Arc<dyn Store>).await;
}

fn clock() -> Arc<dyn Clock> {
    Arc::new(FrozenClock::at(Timestamp::from_secs(1_800_000_000)))
}

/// A folder of its own for a test, gone when the test is over.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let name = format!("jeton-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn file(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    fn open_another(&self, durability: Durability) -> SqliteStore {
        let count = std::fs::read_dir(&self.0).unwrap().count();
        SqliteStore::open(&self.file(&format!("{count}.db")), durability, clock()).unwrap()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
