//! DynamoDB in this process.

use std::sync::Arc;

use dynoxide::Database;
use dynoxide::storage_backend::Clock;
use shared::platform::aws::Sdk;
use shared::platform::aws::platform::{store, tables};
use shared::platform::config::Aws;
use shared::store::Store;
use shared::store::dynamodb::create_tables;
use tokio::net::TcpListener;

use super::NOW;

/// The emulator's clock stands at [`NOW`], like the service's: what it says of a moment doesn't depend on the date.
struct StandingClock;

impl Clock for StandingClock {
    fn now_unix_secs(&self) -> u64 {
        NOW.as_secs().try_into().expect("after 1970")
    }

    fn now_unix_secs_f64(&self) -> f64 {
        std::time::Duration::from_secs(self.now_unix_secs()).as_secs_f64()
    }
}

/// An emulator's database at [`NOW`].
pub(crate) fn database() -> Database {
    Database::memory_with_clock(Arc::new(StandingClock)).expect("a database")
}

/// Empty tables, on an emulator of their own that ends with the runtime.
pub(super) async fn empty_tables(by_subject: bool) -> Aws {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let endpoint = format!("http://{}", listener.local_addr().expect("an address"));
    tokio::spawn(dynoxide::server::serve_on(listener, database()));
    let aws = Aws { by_subject, ..Aws::emulated(&endpoint, "Tokens", "Directory") };
    create_tables(&Sdk::new(&aws).with_longer_timeouts().dynamodb(), &tables(&aws)).await.expect("tables");
    aws
}

/// A store in such tables.
pub(super) async fn empty_store() -> Arc<dyn Store> {
    let aws = empty_tables(true).await;
    store(&Sdk::new(&aws).with_longer_timeouts(), &aws)
}
