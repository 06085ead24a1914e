//! What clients have on the web: documents by URL, and who has asked for them.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard};

use async_trait::async_trait;
use serde_json::Value;
use shared::domain::{Fault, Seconds};
use shared::keys::remote::web::{FetchDocuments, FetchFailure, Fetched};
use shared::keys::remote::{FetchKeySets, FetchedText, KeySets, Origin, SecretScanners};

use super::scanner;

/// The web as the service sees it: what isn't there is a 404.
#[derive(Debug, Default)]
pub(crate) struct Web {
    pages: Mutex<HashMap<String, Result<Fetched, FetchFailure>>>,
    asked: Mutex<Vec<(String, Option<String>)>>,
}

impl Web {
    /// Puts a document at a URL.
    pub(crate) fn put(&self, url: &str, document: &Value) {
        self.put_with(url, document, None, None);
    }

    /// Puts a document at a URL that is served with these headers.
    pub(crate) fn put_with(&self, url: &str, document: &Value, etag: Option<&str>, max_age: Option<u32>) {
        let (text, etag, max_age) = (document.to_string(), etag.map(str::to_owned), max_age.map(Seconds));
        locked(&self.pages).insert(url.to_owned(), Ok(Fetched::Document { text, etag, max_age }));
    }

    /// Has a URL fail.
    pub(crate) fn fail(&self, url: &str, failure: FetchFailure) {
        locked(&self.pages).insert(url.to_owned(), Err(failure));
    }

    /// Returns what was asked for since the last call, each with the `ETag` that came with it.
    pub(crate) fn asked(&self) -> Vec<(String, Option<String>)> {
        std::mem::take(&mut locked(&self.asked))
    }
}

/// The only origin at which a service reads the keys of others whose web this is.
pub(crate) const KEY_SETS: &str = "https://keys.example";

/// The key sets that a service reads whose web this is: at [`KEY_SETS`].
pub(crate) fn key_sets(web: &Arc<Web>) -> KeySets {
    KeySets::new(Origin::from_url(KEY_SETS).into_iter().collect(), web.clone())
}

/// The scanners of secrets that a service hears from whose web this is: [`scanner`].
pub(crate) fn scanners(web: &Arc<Web>) -> SecretScanners {
    web.put(scanner::KEYS, &scanner::published());
    SecretScanners::new(vec![scanner::KEYS.parse().expect("a URL")], web.clone())
}

#[async_trait]
impl FetchKeySets for Web {
    async fn fetch(&self, url: &str) -> Result<FetchedText, Fault> {
        match FetchDocuments::fetch(self, url, None, 65_536).await {
            Ok(Fetched::Document { text, max_age, .. }) => Ok(FetchedText { text, max_age }),
            Ok(Fetched::Unchanged { .. }) | Err(_) => Err(Fault::unavailable("reading what the test has on the web")),
        }
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().expect("nobody panics here")
}

#[async_trait]
impl FetchDocuments for Web {
    async fn fetch(&self, url: &str, etag: Option<&str>, max_bytes: usize) -> Result<Fetched, FetchFailure> {
        locked(&self.asked).push((url.to_owned(), etag.map(str::to_owned)));
        tokio::task::yield_now().await;
        let page = locked(&self.pages).get(url).cloned().unwrap_or(Err(FetchFailure::Refused))?;
        let Fetched::Document { text, etag: kept, max_age } = &page else { return Ok(page) };
        if kept.is_some() && kept.as_deref() == etag {
            return Ok(Fetched::Unchanged { max_age: *max_age });
        }
        if text.len() > max_bytes { Err(FetchFailure::Refused) } else { Ok(page) }
    }
}
