//! The OpenAPI document as a whole.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

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
    json!({
        "openapi": "3.1.1",
        "info": {"title": "Jeton", "version": env!("CARGO_PKG_VERSION"), "description": ABOUT},
        "servers": [{"url": "/"}],
        "tags": Dialect::ALL.iter().map(about).collect::<Vec<_>>(),
        "paths": paths,
        "components": {
            "schemas": schemas.into_map(),
            "responses": responses,
            "securitySchemes": operation::security_schemes(),
        },
    })
}

/// The name of an endpoint, and at its second path what that is.
fn operation_id(route: &Route, index: usize) -> String {
    match index {
        0 => route.name.to_owned(),
        _ => format!("{}.{}", route.name, dialects::rules(route.dialect).description.second_path_suffix),
    }
}

const ABOUT: &str = "A token service: it mints, reissues, refreshes, introspects, lists, validates and revokes tokens, in several dialects. \
    Each dialect spells errors in its own way. A field that stands twice is refused. A field or parameter that is unknown is refused in Jeton's own API, and wherever tokens are \
    listed or revoked; the other dialects ignore it.";
