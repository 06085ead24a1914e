//! The store in `DynamoDB` keeps the contract of the port, here against an emulator in this process.
#![expect(clippy::unwrap_used, reason = "a test tells of a failure by a panic")]

use std::sync::Arc;

use aws_sdk_dynamodb::Client;
use dynoxide::Database;
use shared::aws::Sdk;
use shared::config::Aws;
use shared::store::dynamodb::{DynamoStore, Tables, create_tables};
use shared::store::{Store, conformance};
use tokio::net::TcpListener;

#[tokio::test(flavor = "multi_thread")]
async fn keeps_the_contract() {
    conformance::run(async || {
        let (client, tables) = (start().await, Tables { tokens: "Tokens".to_owned(), directory: "Directory".to_owned() });
        create_tables(&client, &tables).await.unwrap();
        let store: Arc<dyn Store> = Arc::new(DynamoStore::new(client, tables));
        store
    })
    .await;
}

/// A client of an emulator of its own, which ends with the runtime.
async fn start() -> Client {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(dynoxide::server::serve_on(listener, Database::memory().unwrap()));
    Sdk::new(&Aws::emulated(&endpoint, "Tokens", "Directory")).dynamodb()
}
