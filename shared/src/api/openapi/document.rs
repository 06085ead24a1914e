//! The OpenAPI document as a whole.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::glossary;
use super::operation::{self, Operation};
use super::schemas::Schemas;
use crate::api::dialects;
use crate::api::http::{Dialect, Entry, Route};
use crate::platform::capabilities::AwsAccess;

/// The document of these endpoints. What only a reader of their rooms knows is left for the caller to add: what each is for, and examples.
///
/// # Panics
/// Two types of the wire that differ have one name.
pub fn document<P>(entries: &[Entry<P>]) -> Value {
    let mut schemas = Schemas::default();
    let mut paths: BTreeMap<String, Map<String, Value>> = BTreeMap::new();
    let mut responses = BTreeMap::new();
    for entry in entries {
        for (index, path) in entry.route.paths().enumerate() {
            let dialect = &dialects::rules(entry.route.dialect).description;
            let mut operation = Operation::new(&entry.route, dialect, path, &mut schemas);
            operation.refuses(entry.route.refusals);
            // Whatever it takes: a request with two `Host` headers is refused (RFC 9112 section 3.2).
            operation.refuses(&[400]);
            operation.refuses(if entry.access == AwsAccess::NONE { &[500] } else { &[500, 503] });
            (entry.describe)(&mut operation);
            let (operation, errors) = operation.finish(&operation_id(&entry.route, index));
            responses.extend(errors);
            let item = paths.entry(path.replace("+}", "}")).or_default();
            item.insert(entry.route.method.as_str().to_ascii_lowercase(), operation);
        }
    }
    let about =
        |dialect: &Dialect| json!({"name": dialect.to_string(), "description": dialects::rules(*dialect).description.about});
    let mut schemas = schemas.into_map();
    schemas.iter_mut().for_each(|(name, schema)| glossary::describe(name, schema));
    json!({
        "openapi": "3.1.1",
        "info": {
            "title": "Jeton",
            "version": env!("CARGO_PKG_VERSION"),
            "description": ABOUT,
            "license": {"name": "Apache License 2.0", "identifier": env!("CARGO_PKG_LICENSE")},
        },
        "servers": [{"url": "/"}],
        "tags": Dialect::ALL.iter().map(about).collect::<Vec<_>>(),
        "paths": paths,
        "components": {
            "schemas": schemas,
            "responses": responses,
            "securitySchemes": operation::security_schemes(),
        },
    })
}

/// The name of an endpoint, and at its second path what that is. Generators make a function's name of it, so the dialect, which is the tag
/// already, stands in it only where another dialect has an operation of that name.
fn operation_id(route: &Route, index: usize) -> String {
    let description = &dialects::rules(route.dialect).description;
    let name = if description.names_operations_fully {
        route.name
    } else {
        route.name.split_once('.').map_or(route.name, |(_, name)| name)
    };
    match index {
        0 => name.to_owned(),
        _ => format!("{name}.{}", description.second_path_suffix),
    }
}

const ABOUT: &str = "A token service: it mints, reissues, refreshes, introspects, lists, validates and revokes tokens, in several dialects. \
    Each dialect spells errors in its own way. A field that stands twice is refused. A field or parameter that is unknown is refused in \
    Jeton's own API, and wherever tokens are listed or revoked; the other dialects ignore it. The server is the one that the document \
    comes from: clients that are generated from a file need its address.";
