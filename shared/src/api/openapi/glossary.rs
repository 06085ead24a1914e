//! What properties and parameters mean where no comment in the code says it: `glossary.txt`.
//!
//! A line of it has names, a colon and a sentence. `Schema.name` goes before `name`, for what means something else in that schema. The
//! parameters of paths and of queries are found as `Path.name` and `Query.name`.

use std::collections::HashMap;
use std::sync::LazyLock;

use serde_json::Value;

static SENTENCES: LazyLock<HashMap<&str, &str>> = LazyLock::new(|| {
    let lines = include_str!("glossary.txt").lines().filter(|line| !line.starts_with('#'));
    let entries = lines.filter_map(|line| line.split_once(": "));
    entries.flat_map(|(names, sentence)| names.split(", ").map(move |name| (name, sentence))).collect()
});

/// Returns the sentence for a property of this owner, if there is one.
fn sentence(owner: &str, name: &str) -> Option<&'static str> {
    SENTENCES.get(format!("{owner}.{name}").as_str()).or_else(|| SENTENCES.get(name)).copied()
}

/// Describes the properties of a schema that have no description yet, and those within them.
pub(super) fn describe(owner: &str, schema: &mut Value) {
    let Some(members) = schema.as_object_mut() else { return };
    for (keyword, inner) in members {
        match (keyword.as_str(), inner) {
            ("properties", Value::Object(properties)) => {
                for (name, property) in properties {
                    describe(owner, property);
                    describe_one(owner, name, property);
                }
            }
            ("anyOf" | "oneOf" | "allOf", Value::Array(choices)) => choices.iter_mut().for_each(|choice| describe(owner, choice)),
            ("items" | "additionalProperties", inner) => describe(owner, inner),
            _ => {}
        }
    }
}

/// Describes one property or parameter, if nothing else does.
pub(super) fn describe_one(owner: &str, name: &str, described: &mut Value) {
    if let (Some(members), Some(sentence)) = (described.as_object_mut(), sentence(owner, name)) {
        members.entry("description").or_insert_with(|| sentence.into());
    }
}
