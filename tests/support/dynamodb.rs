//! The store that production uses, on an emulator of its own.

use std::sync::Arc;

use shared::aws::Sdk;
use shared::aws::testing::Wire;
use shared::config::Aws;
use shared::entropy::SystemEntropy;
use shared::store::Store;
use shared::store::dynamodb::{DynamoStore, Tables, create_tables};
use tokio::net::TcpListener;

/// A store with empty tables, at the end of this wire. The emulator ends with the runtime.
pub(super) async fn store(wire: &Wire) -> Arc<dyn Store> {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let endpoint = format!("http://{}", listener.local_addr().expect("an address"));
    let database = dynoxide::Database::memory().expect("a database");
    tokio::spawn(dynoxide::server::serve_on(listener, database));
    let tables = Tables { tokens: "Tokens".to_owned(), directory: "Directory".to_owned(), by_subject: true };
    let sdk = Sdk::new(&Aws::emulated(&endpoint, &tables.tokens, &tables.directory));
    create_tables(&sdk.dynamodb(), &tables).await.expect("tables");
    Arc::new(DynamoStore::new(sdk.over(wire).dynamodb(), tables, Arc::new(SystemEntropy)))
}
