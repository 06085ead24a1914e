//! Creates the tables.

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::BuildError;
use aws_sdk_dynamodb::types::{
    AttributeDefinition, BillingMode, GlobalSecondaryIndex, KeySchemaElement, KeyType, Projection, ProjectionType,
    ScalarAttributeType, TimeToLiveSpecification,
};

use super::{Tables, fault};
use crate::domain::Fault;

/// The index that finds the tokens of a subject.
pub(super) const BY_SUBJECT: &str = "by_subject";

/// Creates both tables, paid by request. For tests and the local server: in production a template creates them.
pub async fn create_tables(client: &Client, tables: &Tables) -> Result<(), Fault> {
    const DOING: &str = "creating the tables";
    let built = |e: BuildError| Fault::internal(DOING).because(e);
    let create = |table: &str| client.create_table().table_name(table).billing_mode(BillingMode::PayPerRequest);
    let key = || Ok([element("pk", KeyType::Hash)?, element("sk", KeyType::Range)?]);
    let key_texts = || Ok([a_text("pk")?, a_text("sk")?]);

    let by_subject = GlobalSecondaryIndex::builder()
        .index_name(BY_SUBJECT)
        .key_schema(element("j", KeyType::Hash).map_err(built)?)
        .key_schema(element("sk", KeyType::Range).map_err(built)?)
        .projection(Projection::builder().projection_type(ProjectionType::All).build())
        .build();
    let tokens = create(&tables.tokens)
        .set_key_schema(Some(key().map_err(built)?.into()))
        .set_attribute_definitions(Some(key_texts().map_err(built)?.into()))
        .attribute_definitions(a_text("j").map_err(built)?)
        .global_secondary_indexes(by_subject.map_err(built)?);
    tokens.send().await.map_err(|e| fault(DOING, e))?;
    let ttl = TimeToLiveSpecification::builder().enabled(true).attribute_name("x").build();
    let ttl = client.update_time_to_live().table_name(&tables.tokens).time_to_live_specification(ttl.map_err(built)?);
    ttl.send().await.map_err(|e| fault(DOING, e))?;

    let directory = create(&tables.directory)
        .set_key_schema(Some(key().map_err(built)?.into()))
        .set_attribute_definitions(Some(key_texts().map_err(built)?.into()));
    directory.send().await.map_err(|e| fault(DOING, e))?;
    Ok(())
}

fn element(name: &str, kind: KeyType) -> Result<KeySchemaElement, BuildError> {
    KeySchemaElement::builder().attribute_name(name).key_type(kind).build()
}

fn a_text(name: &str) -> Result<AttributeDefinition, BuildError> {
    AttributeDefinition::builder().attribute_name(name).attribute_type(ScalarAttributeType::S).build()
}
