//! What the tables look like, and what makes them so.

use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::BuildError;
use aws_sdk_dynamodb::operation::create_table::CreateTableError;
use aws_sdk_dynamodb::operation::create_table::builders::CreateTableFluentBuilder;
use aws_sdk_dynamodb::types::{
    AttributeDefinition, BillingMode, GlobalSecondaryIndex, IndexStatus, KeySchemaElement, KeyType, Projection, ProjectionType,
    ScalarAttributeType, TableStatus, TimeToLiveSpecification, TimeToLiveStatus,
};
use tokio::time::sleep;

use super::{Tables, fault};
use crate::domain::Fault;

/// How items are found: the names of two texts that each item has.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct KeySchema {
    /// The attribute whose value is the partition.
    pub partition: &'static str,
    /// The attribute by which a partition is sorted.
    pub sort: &'static str,
}

/// The key of both tables.
pub const KEY: KeySchema = KeySchema { partition: "pk", sort: "sk" };

/// The index that finds the tokens of a subject.
pub const BY_SUBJECT: &str = "by_subject";

/// The key of the index by subject.
pub const BY_SUBJECT_KEY: KeySchema = KeySchema { partition: "j", sort: KEY.sort };

/// The attribute of the table of tokens with the second from which DynamoDB may delete the item.
pub const TTL: &str = "x";

/// What the index holds beside the keys: what a listing shows.
pub const BY_SUBJECT_ATTRIBUTES: [&str; 2] = ["b", "r"];

const DOING: &str = "creating the tables";

/// Makes those tables that aren't there, paid by request, and waits until both can be used, at most half a minute. For tests
/// and emulators: in production a template makes them.
///
/// Expired items stay until [`enable_time_to_live`] is called. Tests with a clock of their own leave it off, because an
/// emulator deletes by the machine's clock.
///
/// # Errors
/// A [`Fault`] if DynamoDB refuses, or if the tables can't be used after half a minute.
pub async fn create_tables(client: &Client, tables: &Tables) -> Result<(), Fault> {
    let tokens = || -> Result<_, BuildError> {
        let tokens = table(client, &tables.tokens)?;
        Ok(if tables.by_subject {
            tokens.attribute_definitions(a_text(BY_SUBJECT_KEY.partition)?).global_secondary_indexes(index()?)
        } else {
            tokens
        })
    };
    create(tokens().map_err(built)?).await?;
    create(table(client, &tables.directory).map_err(built)?).await?;
    wait_until_active(client, &tables.tokens).await?;
    wait_until_active(client, &tables.directory).await
}

fn table(client: &Client, name: &str) -> Result<CreateTableFluentBuilder, BuildError> {
    let table = client.create_table().table_name(name).billing_mode(BillingMode::PayPerRequest);
    let table = table.set_key_schema(Some(elements(KEY)?));
    Ok(table.attribute_definitions(a_text(KEY.partition)?).attribute_definitions(a_text(KEY.sort)?))
}

fn index() -> Result<GlobalSecondaryIndex, BuildError> {
    let shown = Projection::builder().projection_type(ProjectionType::Include);
    let shown = shown.set_non_key_attributes(Some(BY_SUBJECT_ATTRIBUTES.map(str::to_owned).to_vec()));
    GlobalSecondaryIndex::builder()
        .index_name(BY_SUBJECT)
        .set_key_schema(Some(elements(BY_SUBJECT_KEY)?))
        .projection(shown.build())
        .build()
}

async fn create(table: CreateTableFluentBuilder) -> Result<(), Fault> {
    match table.send().await {
        Err(e) if !e.as_service_error().is_some_and(CreateTableError::is_resource_in_use_exception) => Err(fault(DOING, e)),
        _ => Ok(()),
    }
}

async fn wait_until_active(client: &Client, name: &str) -> Result<(), Fault> {
    for _ in 0..60 {
        let there = client.describe_table().table_name(name).send().await.map_err(|e| fault(DOING, e))?.table;
        let is_active = there.is_some_and(|table| {
            table.table_status() == Some(&TableStatus::Active)
                && table.global_secondary_indexes().iter().all(|index| index.index_status() == Some(&IndexStatus::Active))
        });
        if is_active {
            return Ok(());
        }
        sleep(Duration::from_millis(500)).await;
    }
    Err(Fault::unavailable(DOING).because("it takes longer than half a minute"))
}

/// Lets DynamoDB delete items from the second in their attribute [`TTL`] on.
///
/// # Errors
/// A [`Fault`] if DynamoDB refuses.
pub async fn enable_time_to_live(client: &Client, tables: &Tables) -> Result<(), Fault> {
    for name in [&tables.tokens, &tables.directory] {
        enable_in(client, name).await?;
    }
    Ok(())
}

async fn enable_in(client: &Client, name: &str) -> Result<(), Fault> {
    // DynamoDB refuses to enable it a second time.
    let told = client.describe_time_to_live().table_name(name).send().await.map_err(|e| fault(DOING, e))?;
    let status = told.time_to_live_description.and_then(|told| told.time_to_live_status);
    if matches!(status, Some(TimeToLiveStatus::Enabled | TimeToLiveStatus::Enabling)) {
        return Ok(());
    }
    let ttl = TimeToLiveSpecification::builder().enabled(true).attribute_name(TTL).build().map_err(built)?;
    client.update_time_to_live().table_name(name).time_to_live_specification(ttl).send().await.map_err(|e| fault(DOING, e))?;
    Ok(())
}

fn elements(key: KeySchema) -> Result<Vec<KeySchemaElement>, BuildError> {
    Ok(vec![element(key.partition, KeyType::Hash)?, element(key.sort, KeyType::Range)?])
}

fn element(name: &str, kind: KeyType) -> Result<KeySchemaElement, BuildError> {
    KeySchemaElement::builder().attribute_name(name).key_type(kind).build()
}

fn a_text(name: &str) -> Result<AttributeDefinition, BuildError> {
    AttributeDefinition::builder().attribute_name(name).attribute_type(ScalarAttributeType::S).build()
}

fn built(error: BuildError) -> Fault {
    Fault::internal(DOING).because(error)
}
