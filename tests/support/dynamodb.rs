//! DynamoDB in this process.

use std::sync::Arc;

use shared::aws::Sdk;
use shared::aws::platform::{store, tables};
use shared::config::Aws;
use shared::store::Store;
use shared::store::dynamodb::create_tables;
use tokio::net::TcpListener;

/// Empty tables, on an emulator of their own that ends with the runtime.
pub(super) async fn empty_tables(by_subject: bool) -> Aws {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let endpoint = format!("http://{}", listener.local_addr().expect("an address"));
    tokio::spawn(dynoxide::server::serve_on(listener, dynoxide::Database::memory().expect("a database")));
    let aws = Aws { by_subject, ..Aws::emulated(&endpoint, "Tokens", "Directory") };
    create_tables(&Sdk::new(&aws).dynamodb(), &tables(&aws)).await.expect("tables");
    aws
}

/// A store in such tables.
pub(super) async fn empty_store() -> Arc<dyn Store> {
    let aws = empty_tables(true).await;
    store(&Sdk::new(&aws), &aws)
}
