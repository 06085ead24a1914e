//! How the tables are keyed, and what creates them so.

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::BuildError;
use aws_sdk_dynamodb::types::{
    AttributeDefinition, BillingMode, GlobalSecondaryIndex, KeySchemaElement, KeyType, Projection, ProjectionType,
    ScalarAttributeType, TimeToLiveSpecification,
};

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

/// The index that finds the tokens of a subject; it has all attributes.
pub const BY_SUBJECT: &str = "by_subject";

/// The key of the index by subject.
pub const BY_SUBJECT_KEY: KeySchema = KeySchema { partition: "j", sort: KEY.sort };

/// The attribute of the table of tokens with the second from which DynamoDB may delete the item.
pub const TTL: &str = "x";

/// Creates both tables, paid by request. For tests and the local server: in production a template creates them.
pub async fn create_tables(client: &Client, tables: &Tables) -> Result<(), Fault> {
    const DOING: &str = "creating the tables";
    let built = |e: BuildError| Fault::internal(DOING).because(e);
    let create = |table: &str| client.create_table().table_name(table).billing_mode(BillingMode::PayPerRequest);
    let key_texts = || Ok([a_text(KEY.partition)?, a_text(KEY.sort)?]);

    let by_subject = GlobalSecondaryIndex::builder()
        .index_name(BY_SUBJECT)
        .set_key_schema(Some(elements(BY_SUBJECT_KEY).map_err(built)?))
        .projection(Projection::builder().projection_type(ProjectionType::All).build())
        .build();
    let tokens = create(&tables.tokens)
        .set_key_schema(Some(elements(KEY).map_err(built)?))
        .set_attribute_definitions(Some(key_texts().map_err(built)?.into()))
        .attribute_definitions(a_text(BY_SUBJECT_KEY.partition).map_err(built)?)
        .global_secondary_indexes(by_subject.map_err(built)?);
    tokens.send().await.map_err(|e| fault(DOING, e))?;
    let ttl = TimeToLiveSpecification::builder().enabled(true).attribute_name(TTL).build();
    let ttl = client.update_time_to_live().table_name(&tables.tokens).time_to_live_specification(ttl.map_err(built)?);
    ttl.send().await.map_err(|e| fault(DOING, e))?;

    let directory = create(&tables.directory)
        .set_key_schema(Some(elements(KEY).map_err(built)?))
        .set_attribute_definitions(Some(key_texts().map_err(built)?.into()));
    directory.send().await.map_err(|e| fault(DOING, e))?;
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
