//! What the document says of each property and parameter.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{committed, root};

/// A property or a parameter: the schema that it is in, or where a parameter stands; its name; and what is said of it.
struct Described {
    owner: String,
    name: String,
    text: Option<String>,
    schema: Value,
}

fn all() -> Vec<Described> {
    let document: Value = serde_json::from_str(&committed()).unwrap();
    let mut found = Vec::new();
    for (owner, schema) in document["components"]["schemas"].as_object().unwrap() {
        assert!(is_sentence(schema["description"].as_str()), "{owner}: its description must be a sentence");
        find(owner, schema, &mut found);
    }
    for operation in document["paths"].as_object().unwrap().values().flat_map(|item| item.as_object().unwrap().values()) {
        for parameter in operation.get("parameters").and_then(Value::as_array).into_iter().flatten() {
            let owner = if parameter["in"] == "path" { "Path" } else { "Query" };
            add(owner, parameter["name"].as_str().unwrap(), parameter, &parameter["schema"], &mut found);
        }
    }
    found
}

fn add(owner: &str, name: &str, described: &Value, schema: &Value, found: &mut Vec<Described>) {
    let text = described["description"].as_str().map(str::to_owned);
    found.push(Described { owner: owner.to_owned(), name: name.to_owned(), text, schema: schema.clone() });
}

fn find(owner: &str, schema: &Value, found: &mut Vec<Described>) {
    for (keyword, inner) in schema.as_object().into_iter().flatten() {
        match keyword.as_str() {
            "properties" => {
                for (name, property) in inner.as_object().unwrap() {
                    add(owner, name, property, property, found);
                    find(owner, property, found);
                }
            }
            "anyOf" | "oneOf" | "allOf" => inner.as_array().unwrap().iter().for_each(|choice| find(owner, choice, found)),
            "items" | "additionalProperties" => find(owner, inner, found),
            _ => {}
        }
    }
}

fn is_sentence(text: Option<&str>) -> bool {
    text.is_some_and(|text| text.ends_with('.') && text.split_whitespace().count() > 3)
}

#[test]
fn each_property_and_parameter_is_described_by_a_sentence() {
    let bad = all().into_iter().filter(|described| !is_sentence(described.text.as_deref()));
    let bad: BTreeSet<_> = bad.map(|Described { owner, name, text, .. }| format!("{owner}.{name}: {text:?}")).collect();
    assert!(bad.is_empty(), "comment on their fields, or add them to shared/src/api/openapi/glossary.txt: {bad:#?}");
}

#[test]
fn each_time_in_a_number_names_its_unit() {
    const TIMES: [&str; 10] = ["duration", "expires", "expiry", "iat", "nbf", "exp", "time", "age", "lifetime", "seconds"];
    const UNITS: [&str; 4] = ["s", "ms", "seconds", "milliseconds"];
    let mut times = 0;
    for Described { owner, name, text, schema } in all() {
        let of_number = |schema: &Value| matches!(schema["type"].as_str(), Some("integer" | "number"));
        let is_number = of_number(&schema) || schema["anyOf"].as_array().is_some_and(|choices| choices.iter().any(of_number));
        // `accessTokenExpiresAt` is read as `access_token_expires_at`.
        let words: String =
            name.chars().flat_map(|c| c.is_uppercase().then_some('_').into_iter().chain(c.to_lowercase())).collect();
        let is_time = words.ends_with("_at") || words.split('_').any(|word| TIMES.contains(&word));
        if is_number && is_time {
            times += 1;
            let text = text.unwrap_or_default().to_lowercase();
            let mut told = text.split(|c: char| !c.is_alphanumeric());
            assert!(told.any(|word| UNITS.contains(&word)), "{owner}.{name}: in which unit? {text}");
        }
    }
    assert!(times > 50, "only {times} were found");
}

#[test]
fn the_glossary_has_no_entry_twice_and_none_that_nothing_needs() {
    let glossary = std::fs::read_to_string(root().join("shared/src/api/openapi/glossary.txt")).unwrap();
    let described = all();
    let mut keys = BTreeSet::new();
    for line in glossary.lines().filter(|line| !line.starts_with('#') && !line.is_empty()) {
        let (names, sentence) = line.split_once(": ").unwrap_or_else(|| panic!("not a name, a colon and a sentence: {line}"));
        assert!(is_sentence(Some(sentence)), "{line}");
        for key in names.split(", ") {
            assert!(keys.insert(key), "{key} stands twice");
            let (owner, name) = key.split_once('.').map_or((None, key), |(owner, name)| (Some(owner), name));
            let fits = |it: &&Described| it.name == name && owner.is_none_or(|owner| it.owner == owner);
            assert!(described.iter().filter(fits).any(|it| it.text.as_deref() == Some(sentence)), "nothing needs {key}");
        }
    }
}
