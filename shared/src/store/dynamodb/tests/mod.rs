//! The store against DynamoDB in this process, or against whatever is at `DYNAMODB_ENDPOINT`, through the real SDK.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use aws_sdk_dynamodb::Client;
use dynoxide::Database;
use dynoxide::storage_backend::Clock;
use tokio::net::TcpListener;

use super::keys::Key;
use super::{DynamoStore, Item, TTL, Tables, create_tables, enable_time_to_live};
use crate::domain::{Entropy, NotBeforeKey, NotBeforeScope, OrgId, Seeded, Shard};
use crate::platform::SystemEntropy;
use crate::platform::aws::Sdk;
use crate::platform::aws::testing::{Call, Wire};
use crate::platform::config::Aws;
use crate::store::{RecordKeys, Store, conformance};

mod calls;
mod copies;
mod expiry;
mod promises;
mod troubles;

#[tokio::test]
async fn the_emulator_keeps_its_promises() {
    promises::all_are_kept().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn keeps_the_contract() {
    // What follows says nothing about the store if what it stands on doesn't do as DynamoDB does.
    promises::all_are_kept().await;
    conformance::run(async || Emulator::at_hand(true).await.store).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_the_same_without_the_index() {
    conformance::run_lists(async || Emulator::at_hand(false).await.store).await;
}

#[tokio::test]
async fn without_the_index_nothing_is_asked_of_it() {
    let emulator = Emulator::at_hand(false).await;
    calls::setup(&*emulator.store).await;
    emulator.wire.take_calls();
    assert_eq!(calls::perform(&*emulator.store, "list by subject").await, "2");
    assert!(emulator.wire.take_calls().iter().all(|call| call.operation == "Query" && call.input["IndexName"].is_null()));
}

#[tokio::test]
async fn tables_are_only_made_once() {
    let emulator = Emulator::at_hand(true).await;
    create_tables(&emulator.client, &emulator.tables).await.unwrap();
}

#[tokio::test]
async fn items_expire_by_the_attribute_of_the_template() {
    let emulator = Emulator::here(true).await;
    let described = emulator.client.describe_time_to_live().table_name(&emulator.tables.tokens).send().await.unwrap();
    assert_eq!(described.time_to_live_description.unwrap().attribute_name.as_deref(), Some(TTL));
    enable_time_to_live(&emulator.client, &emulator.tables).await.expect("nothing to do the second time");
}

/// Copies of a mark are for its readers to be spread over: a partition is full at 3,000 reads a second.
#[tokio::test]
async fn marks_are_read_from_all_shards_where_none_is_named() {
    let emulator = Emulator::at_hand(false).await;
    let mark = NotBeforeKey { org: OrgId::parse("a").unwrap(), kind: NotBeforeScope::Org };
    let wanted = RecordKeys { marks: vec![mark], ..RecordKeys::default() };
    for _ in 0..200 {
        emulator.store.read(&wanted).await.unwrap();
    }
    let keys = |call: &Call| call.input["RequestItems"][&emulator.tables.tokens]["Keys"][0]["pk"]["S"].to_string();
    let partitions: BTreeSet<String> = emulator.wire.take_calls().iter().map(keys).collect();
    assert_eq!(partitions.len(), usize::from(Shard::COUNT), "{partitions:?}");
}

/// The clock of the emulator, which deletes by it: between what [`expiry`] has expire and all that the suite writes.
struct StandingClock;

impl Clock for StandingClock {
    fn now_unix_secs(&self) -> u64 {
        1_790_000_000
    }

    fn now_unix_secs_f64(&self) -> f64 {
        1_790_000_000.0
    }
}

/// A store in tables of its own.
struct Emulator {
    store: Arc<dyn Store>,
    client: Client,
    tables: Tables,
    /// Between the store and the emulator.
    wire: Wire,
    /// What is behind it, if that is in this process.
    database: Option<Database>,
}

impl Emulator {
    /// Where `DYNAMODB_ENDPOINT` says, or in this process.
    async fn at_hand(by_subject: bool) -> Self {
        #[expect(clippy::disallowed_methods, reason = "only tests know of it")]
        match std::env::var("DYNAMODB_ENDPOINT") {
            Ok(endpoint) => Self::at(&endpoint, by_subject, None).await,
            Err(_) => Self::here(by_subject).await,
        }
    }

    /// In this process, where expired items are deleted, too. Ends with the runtime.
    async fn here(by_subject: bool) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let database = Database::memory_with_clock(Arc::new(StandingClock)).unwrap();
        tokio::spawn(dynoxide::server::serve_on(listener, database.clone()));
        let emulator = Self::at(&endpoint, by_subject, Some(database)).await;
        enable_time_to_live(&emulator.client, &emulator.tables).await.unwrap();
        emulator
    }

    /// What is stored under a key of the table of tokens.
    async fn item(&self, key: Key) -> Item {
        let get = self.client.get_item().table_name(&self.tables.tokens).set_key(Some(key.into_item()));
        get.send().await.unwrap().item.unwrap()
    }

    async fn at(endpoint: &str, by_subject: bool, database: Option<Database>) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("{}-{count}", std::process::id());
        let tables = Tables { tokens: format!("Tokens-{name}"), directory: format!("Directory-{name}"), by_subject };
        let sdk = Sdk::new(&Aws::emulated(endpoint, &tables.tokens, &tables.directory));
        let sdk = if database.is_some() { sdk } else { sdk.with_longer_timeouts() };
        let client = sdk.dynamodb();
        create_tables(&client, &tables).await.unwrap();
        let wire = Wire::default();
        // Where others write, too, none of their request tokens may come again.
        let entropy: Arc<dyn Entropy> =
            if database.is_some() { Arc::new(Seeded::new(u64::from(count))) } else { Arc::new(SystemEntropy) };
        let store = Arc::new(DynamoStore::new(sdk.over(&wire).dynamodb(), tables.clone(), entropy));
        Self { store, client, tables, wire, database }
    }
}
