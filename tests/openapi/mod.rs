//! The document of the API: `functions/openapi.json`. `JETON_BLESS=1` writes it anew.
//!
//! Its paths, parameters and schemas are what the catalogue and the types of the wire say; what an endpoint is for is said by the comment on
//! its type; and its examples are what `examples.json` asks of a service that has what `seed.json` says, with what that answers.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use http::Method;
use serde_json::{Value, json};
use shared::api::http::{Dialect, Entry, Route};

use crate::golden::hold_file;
use crate::support::deployment::Instance;
use crate::support::described::{DOCUMENT, problems};
use crate::support::scenario;

mod descriptions;
mod examples;

use examples::Example;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn committed() -> String {
    std::fs::read_to_string(root().join("functions/openapi.json")).unwrap()
}

fn routes() -> BTreeMap<&'static str, Route> {
    functions::catalogue::<Instance>().into_iter().map(|Entry { route, .. }| (route.name, route)).collect()
}

#[tokio::test]
async fn the_document_says_what_the_catalogue_the_types_and_the_examples_say() {
    let mut document = DOCUMENT.clone();
    for operation in operations(&mut document) {
        let name = name_of(operation);
        let (summary, more) = purpose(&name);
        operation["summary"] = summary.into();
        if !more.is_empty() {
            operation["description"] = more.into();
        }
    }
    for example in examples::run().await {
        add(&mut document, &example);
    }
    let text = serde_json::to_string_pretty(&document).unwrap() + "\n";
    hold_file(&root().join("functions/openapi.json"), &text);
}

fn operations(document: &mut Value) -> impl Iterator<Item = &mut Value> {
    let paths = document["paths"].as_object_mut().unwrap().values_mut();
    paths.flat_map(|item| item.as_object_mut().unwrap().values_mut())
}

/// The name of the endpoint of an operation, which can be at two paths.
fn name_of(operation: &Value) -> String {
    let (dialect, id) = (operation["tags"][0].as_str().unwrap(), operation["operationId"].as_str().unwrap());
    let operation = id.strip_prefix(&format!("{dialect}.")).unwrap_or(id);
    format!("{dialect}.{}", operation.split('.').next().unwrap())
}

/// What an endpoint is for: the first sentence of the comment on its type, and the others.
fn purpose(name: &str) -> (String, String) {
    let room = std::fs::read_to_string(root().join("functions").join(name.replace('.', "/")).with_extension("rs")).unwrap();
    let comment: Vec<_> = room.lines().filter_map(|line| line.strip_prefix("/// ")).collect();
    assert!(!comment.is_empty(), "{name}");
    let comment = comment.join(" ");
    let (summary, more) = comment.split_once(". ").unwrap_or((&comment, ""));
    (summary.trim_end_matches('.').to_owned(), more.to_owned())
}

/// Puts an example where it belongs, at both paths of its operation.
fn add(document: &mut Value, example: &Example) {
    let key = format!("{}.{}", example.operation, example.name);
    let reference = |part: &str| json!({"$ref": format!("#/components/examples/{key}.{part}")});
    let named = |summary: &str, value: &Value| json!({"summary": summary, "value": value});
    let mut shared = BTreeMap::new();
    let mut is_known = false;
    for operation in operations(document) {
        if name_of(operation) != example.operation {
            continue;
        }
        is_known = true;
        for parameter in operation.get_mut("parameters").and_then(Value::as_array_mut).into_iter().flatten() {
            if let Some(value) = example.parameter(parameter["name"].as_str().unwrap(), &parameter["schema"]) {
                parameter["examples"][&example.name] = named(&example.summary, &value);
            }
        }
        if let Some(body) = &example.body {
            operation["requestBody"]["content"][example.media_type]["examples"][&example.name] = reference("request");
            shared.insert(format!("{key}.request"), named(&example.summary, body));
        }
        let answer = &mut operation["responses"][example.status.to_string()];
        let contents = answer.get_mut("content").and_then(Value::as_object_mut);
        let content = contents.and_then(|contents| {
            let of_its_type = contents.iter().position(|(media_type, _)| Some(media_type) == example.answer_type.as_ref());
            contents.values_mut().nth(of_its_type.unwrap_or(0))
        });
        if let Some(content) = content {
            content["examples"][&example.name] = reference("answer");
            shared.insert(format!("{key}.answer"), named(&example.summary, &example.answer));
        }
    }
    assert!(is_known, "{key} is of no operation");
    for (key, value) in shared {
        document["components"]["examples"][key] = value;
    }
}

/// That of an OpenAPI document in an OpenAPI document would be endless.
#[test]
fn each_operation_has_an_example_of_what_it_takes_and_answers() {
    let document: Value = serde_json::from_str(&committed()).unwrap();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let lacks = |content: &Value| content.as_object().unwrap().values().all(|content| content.get("examples").is_none());
            if let Some(body) = operation.get("requestBody") {
                assert!(!lacks(&body["content"]), "{method} {path}: no example of a request");
            }
            let good = operation["responses"].as_object().unwrap().iter().filter(|(status, _)| status.starts_with('2'));
            let shown: Vec<_> = good.filter_map(|(_, answer)| answer.get("content")).collect();
            assert!(!shown.into_iter().any(lacks) || path == "/openapi.json", "{method} {path}: no example of an answer");
        }
    }
}

#[test]
fn each_example_of_a_request_is_as_the_schema_says() {
    let document: Value = serde_json::from_str(&committed()).unwrap();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            for content in operation["requestBody"]["content"].as_object().into_iter().flat_map(|content| content.values()) {
                for (name, example) in content["examples"].as_object().into_iter().flatten() {
                    let example = document.pointer(example["$ref"].as_str().unwrap().trim_start_matches('#')).unwrap();
                    let problems = problems(&format!("{method} {path} request"), &content["schema"], &example["value"]);
                    assert!(problems.is_empty(), "{method} {path}: {name}: {problems:#?}");
                }
            }
        }
    }
}

/// Generators of clients drop what has an array of they don't know what, and every call that answers with it.
#[test]
fn each_array_says_of_what_it_is() {
    let document: Value = serde_json::from_str(&committed()).unwrap();
    let mut places = vec![(String::new(), &document["components"]["schemas"]), (String::new(), &document["paths"])];
    while let Some((place, value)) = places.pop() {
        assert!(value["type"] != "array" || value["items"].is_object(), "{place}");
        match value {
            Value::Array(items) => places.extend(items.iter().map(|item| (place.clone(), item))),
            Value::Object(members) => {
                places.extend(members.iter().map(|(name, member)| (format!("{place}/{name}"), member)));
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }
}

/// Catalogue, rooms and document are one list. What the template has, `drift` holds to the catalogue.
#[test]
fn each_route_is_in_the_document_and_there_is_no_other() {
    let document: Value = serde_json::from_str(&committed()).unwrap();
    let (mut ids, mut documented) = (BTreeSet::new(), BTreeSet::new());
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let id = operation["operationId"].as_str().unwrap();
            assert!(Dialect::ALL.iter().any(|dialect| operation["tags"] == json!([dialect.to_string()])), "{id}");
            assert!(ids.insert(id.to_owned()), "two operations are called {id}");
            documented.insert((name_of(operation), method.to_ascii_uppercase(), path.clone()));
        }
    }
    let routes = routes().into_values().flat_map(|route| {
        let of = |path: &str| (route.name.to_owned(), route.method.to_string(), path.replace("+}", "}"));
        route.paths().map(of).collect::<Vec<_>>()
    });
    assert_eq!(documented, routes.collect());
}

scenario! {
    async fn the_document_is_there_for_anybody(app) {
        let request = http::Request::builder().method(Method::GET).uri("/openapi.json").body(bytes::Bytes::new()).unwrap();
        let answer = app.send(request).await;
        assert_eq!((answer.status.as_u16(), &answer.body[..]), (200, crate::openapi::committed().as_bytes()));
    }
}
