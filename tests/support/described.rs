//! The document of the API, and whether answers are as it says.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex};

use http::{Method, header};
use jsonschema::Validator;
use serde_json::{Value, json};
use shared::api::http::Entry;
use shared::api::openapi;

use super::Answer;
use super::deployment::Instance;

/// As the catalogue says it, with nothing added.
pub(crate) static DOCUMENT: LazyLock<Value> = LazyLock::new(|| openapi::document(&functions::catalogue::<Instance>()));

static ENTRIES: LazyLock<Vec<Entry<Instance>>> = LazyLock::new(functions::catalogue);

/// Its schemas, which here take no member that they don't name.
static SCHEMAS: LazyLock<Value> = LazyLock::new(|| {
    let mut schemas = DOCUMENT["components"]["schemas"].clone();
    schemas.as_object_mut().expect("schemas").values_mut().for_each(close);
    schemas
});

static VALIDATORS: LazyLock<Mutex<HashMap<String, Arc<Validator>>>> = LazyLock::new(Mutex::default);

/// What most answers have, and what HTTP is made of: no caller is told of it.
const EVERYWHERE: [&str; 11] = [
    "cache-control",
    "connection",
    "content-length",
    "content-type",
    "date",
    "keep-alive",
    "pragma",
    "referrer-policy",
    "strict-transport-security",
    "x-content-type-options",
    "x-request-id",
];

/// An answer has a status that the document knows, with the headers and a body of the type that it has there. Does nothing where
/// there is no endpoint.
#[track_caller]
pub(crate) fn check(method: &Method, path: &str, answer: &Answer) {
    let Some((path, operation)) = operation(method, path) else { return };
    let status = answer.status.as_str();
    let name = operation["operationId"].as_str().expect("a name");
    let documented = resolved(&operation["responses"][status]);
    assert!(documented.is_object(), "{name}: {status} isn't documented: {answer:?}");
    for header in answer.headers.keys().filter(|header| !EVERYWHERE.contains(&header.as_str())) {
        let known = documented["headers"].as_object().into_iter().flatten();
        assert!(known.into_iter().any(|(name, _)| header == name.as_str()), "{name}: {status}: {header} isn't documented");
    }
    for (header, told) in documented["headers"].as_object().into_iter().flatten() {
        assert!(told["required"] != true || answer.headers.contains_key(header), "{name}: {status}: {header} is missing");
    }
    let media_type = answer.headers.get(header::CONTENT_TYPE).map(|value| value.to_str().expect("text"));
    let content = media_type.map(|media_type| &documented["content"][media_type]);
    assert_eq!(content.is_some(), documented.get("content").is_some(), "{name}: {status}: {media_type:?}");
    let Some(content) = content else { return };
    assert!(content.is_object(), "{name}: {status}: {media_type:?} isn't documented");
    let body = serde_json::from_slice(&answer.body).unwrap_or_else(|_| String::from_utf8_lossy(&answer.body).into());
    let problems = problems(&format!("{method} {path} {status} {media_type:?}"), &content["schema"], &body);
    assert!(problems.is_empty(), "{name}: {status}: {problems:#?}: {body:#}");
}

/// The operation that serves a request, and its path in the document.
fn operation(method: &Method, path: &str) -> Option<(String, &'static Value)> {
    let entries = ENTRIES.iter().filter(|entry| entry.route.method == *method);
    let paths = entries.flat_map(|entry| entry.route.paths()).filter(|pattern| fits(pattern, path));
    // What is spelled out goes before what is a parameter.
    let path = paths.min_by_key(|path| path.matches('{').count())?.replace("+}", "}");
    let operation = &DOCUMENT["paths"][&path][method.as_str().to_ascii_lowercase()];
    Some((path, operation))
}

/// Whether an HTTP API has a route for a request, as [`drift`](crate::drift) has them: it takes a slash at the end for none.
pub(crate) fn has_route(method: &Method, path: &str) -> bool {
    let path = path.strip_suffix('/').unwrap_or(path);
    let entries = ENTRIES.iter().filter(|entry| entry.methods().any(|one| one == *method));
    entries.flat_map(|entry| entry.route.paths()).any(|pattern| fits(pattern, path))
}

/// Whether a path is one that a route's stands for.
fn fits(pattern: &str, path: &str) -> bool {
    let (pattern, parts): (Vec<_>, Vec<_>) = (pattern.split('/').collect(), path.split('/').collect());
    let takes_rest = pattern.last().is_some_and(|last| last.ends_with("+}"));
    let fits = |(pattern, part): (&&str, &&str)| pattern == part || (pattern.starts_with('{') && !part.is_empty());
    let all = pattern.iter().zip(&parts).all(fits);
    all && (pattern.len() == parts.len() || (takes_rest && pattern.len() < parts.len()))
}

/// What a reference leads to.
pub(crate) fn resolved(value: &'static Value) -> &'static Value {
    match value["$ref"].as_str() {
        Some(reference) => DOCUMENT.pointer(reference.trim_start_matches('#')).expect("it is there"),
        None => value,
    }
}

/// What is wrong with a value, by a schema of this name.
pub(crate) fn problems(name: &str, schema: &Value, value: &Value) -> Vec<String> {
    let mut validators = VALIDATORS.lock().expect("nobody panics here");
    let validator = validators.entry(name.to_owned()).or_insert_with(|| {
        let mut schema = schema.clone();
        schema["components"] = json!({"schemas": *SCHEMAS});
        Arc::new(jsonschema::draft202012::new(&schema).expect("a schema"))
    });
    let validator = validator.clone();
    drop(validators);
    validator.iter_errors(value).map(|error| format!("{} {error}", error.instance_path())).collect()
}

/// Has a schema take no member that it doesn't name.
fn close(schema: &mut Value) {
    let Value::Object(members) = schema else { return };
    if members.contains_key("properties") && !members.contains_key("additionalProperties") {
        members.insert("unevaluatedProperties".to_owned(), false.into());
    }
    for (name, inner) in members {
        match name.as_str() {
            "properties" => inner.as_object_mut().expect("members").values_mut().for_each(close),
            "items" | "additionalProperties" => close(inner),
            _ => {}
        }
    }
}
