//! The document itself.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::operation::{self, Operation};
use super::schemas::Schemas;
use crate::api::http::{Dialect, Entry, Route};
use crate::platform::capabilities::Access;

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
            let mut operation = Operation::new(&entry.route, path, &mut schemas);
            operation.refuses(entry.route.refusals);
            operation.refuses(if entry.access == Access::NONE { &[500] } else { &[500, 503] });
            (entry.describe)(&mut operation);
            let (operation, errors) = operation.finish(&operation_id(&entry.route, index));
            responses.extend(errors);
            let item = paths.entry(path.replace("+}", "}")).or_default();
            item.insert(entry.route.method.as_str().to_ascii_lowercase(), operation);
        }
    }
    json!({
        "openapi": "3.1.1",
        "info": {"title": "Jeton", "version": env!("CARGO_PKG_VERSION"), "description": ABOUT},
        "servers": [{"url": "/"}],
        "tags": Dialect::ALL.map(|dialect| json!({"name": dialect.name(), "description": about(dialect)})),
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
    match (index, route.dialect) {
        (0, _) => route.name.to_owned(),
        (_, Dialect::Authlete) => format!("{}.v2", route.name),
        (_, Dialect::Agilicus | Dialect::Jeton | Dialect::OAuth) => format!("{}.at_path", route.name),
    }
}

const ABOUT: &str = "A token service: it mints, reissues, refreshes, introspects, lists, validates and revokes tokens, in several dialects. \
    Each dialect spells errors in its own way. Members of a request that are unknown are ignored; a member twice is refused.";

fn about(dialect: Dialect) -> &'static str {
    match dialect {
        Dialect::Agilicus => "The Agilicus Tokens API. No member is null.",
        Dialect::Authlete => {
            "Authlete's token API, versions 3 and 2. What has been understood is answered with 200, whatever came of it: `action` says what. \
             In a request null, 0, false and \"\" are as good as nothing, and a body may be a form."
        }
        Dialect::OAuth => "OAuth 2: RFC 6749 and those that extend it. A parameter twice is refused.",
        Dialect::Jeton => "Jeton's own API: the directory of orgs and members, keys and health. No member is null.",
    }
}
