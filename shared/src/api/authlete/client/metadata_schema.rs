//! JSON Schemas of clients: what is read, and what is only kept.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde_json::{Map, Value, json};

use super::metadata::constant;
use super::{ClientBody, ClientSummary, ClientView, Members};
use crate::api::authlete::names;
use crate::api::openapi::schema_impls::as_read;
use crate::domain::client_metadata::{CLIENT_METADATA, MAX_METADATA_ENTRIES, MetadataType};
use crate::domain::{ClientAuthMethod, GrantType};

impl JsonSchema for ClientBody {
    fn schema_name() -> Cow<'static, str> {
        "ClientRequest".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "What is said of a client. What the server assigns is ignored in it.",
            "type": "object",
            "properties": members()
        })
    }
}

impl JsonSchema for ClientView {
    fn schema_name() -> Cow<'static, str> {
        "Client".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let mut properties = members();
        let moment = || json!({"type": "integer", "format": "int64"});
        properties.extend([
            ("clientIdAliasEnabled".to_owned(), json!({"type": "boolean"})),
            (
                "clientSecret".to_owned(),
                json!({"type": "string", "description": "The client's secret, only in the answer that makes it."}),
            ),
            ("locked".to_owned(), json!({"type": "boolean"})),
            ("createdAt".to_owned(), moment()),
            ("modifiedAt".to_owned(), moment()),
        ]);
        json_schema!({
            "description": "A client with all its metadata.",
            "type": "object",
            "required": [
                "clientId", "clientIdAlias", "clientIdAliasEnabled", "clientType", "tokenAuthMethod", "grantTypes", "extension",
                "applicationType", "responseTypes", "singleAccessTokenPerSubject", "tlsClientCertificateBoundAccessTokens",
                "locked", "createdAt", "modifiedAt"
            ],
            "properties": properties
        })
    }
}

impl JsonSchema for ClientSummary {
    fn schema_name() -> Cow<'static, str> {
        "ClientSummary".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let mut properties = members();
        properties.insert("clientIdAliasEnabled".to_owned(), json!({"type": "boolean"}));
        properties.retain(|name, _| Self::MEMBERS.contains(&name.as_str()));
        json_schema!({
            "description": "A client, as people may know it.",
            "type": "object",
            "required": ["clientId", "clientIdAlias", "clientIdAliasEnabled", "clientType", "grantTypes", "applicationType", "responseTypes"],
            "properties": properties
        })
    }
}

fn members() -> Map<String, Value> {
    let mut members = as_read::<Members>();
    let mut properties: Map<String, Value> =
        members.remove("properties").and_then(|properties| properties.as_object().cloned()).unwrap_or_default();
    let methods: Vec<_> = ClientAuthMethod::ALL.iter().copied().map(names::auth_method).collect();
    let grants: Vec<_> = GrantType::ALL.iter().copied().map(names::grant).collect();
    properties.extend([
        ("clientType".to_owned(), json!({"enum": ["PUBLIC", "CONFIDENTIAL"]})),
        ("tokenAuthMethod".to_owned(), json!({"enum": methods})),
        ("grantTypes".to_owned(), json!({"type": "array", "items": {"enum": grants}})),
    ]);
    properties.insert("redirectUris".to_owned(), value_schema(MetadataType::Texts));
    properties.extend(CLIENT_METADATA.iter().map(|member| (member.camel_case_name.to_owned(), value_schema(member.value_type))));
    properties
}

/// How the values of a member look in a body.
fn value_schema(value_type: MetadataType) -> Value {
    let text = json!({"type": "string"});
    let constants = |names: &[&str]| json!({"enum": names.iter().map(|name| constant(name)).collect::<Vec<_>>()});
    let list = |items: Value| json!({"type": "array", "items": items, "maxItems": MAX_METADATA_ENTRIES});
    match value_type {
        MetadataType::Flag => json!({"type": "boolean"}),
        MetadataType::Number => json!({"type": "integer"}),
        MetadataType::Text | MetadataType::Page => text,
        MetadataType::OneOf(names) => constants(names),
        MetadataType::Texts => list(text),
        MetadataType::SomeOf(names) => list(constants(names)),
        MetadataType::LocalizedText | MetadataType::LocalizedPage => {
            list(json!({"type": "object", "properties": {"tag": text, "value": text}}))
        }
    }
}
