//! `template.yaml`, as CloudFormation would have it in JSON.

use std::path::{Path, PathBuf};

use saphyr::{LoadableYamlNode as _, Scalar, Yaml};
use serde_json::{Map, Value, json};

/// The function that the API hands what no route leads to.
pub(crate) const UNROUTED: &str = "jeton.explain_error";

/// The template.
pub(crate) struct Template(Value);

impl Template {
    /// The one of this repository.
    pub(crate) fn load() -> Self {
        Self(json(&Yaml::load_from_str(&Self::text()).expect("YAML")[0]))
    }

    /// What is written there.
    pub(crate) fn text() -> String {
        std::fs::read_to_string(Self::path()).expect("template.yaml")
    }

    /// Where it is.
    pub(crate) fn path() -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../template.yaml")
    }

    /// What a JSON pointer points at.
    pub(crate) fn at(&self, pointer: &str) -> &Value {
        self.0.pointer(pointer).unwrap_or_else(|| panic!("template.yaml has no {pointer}"))
    }

    /// The resources of a type, by their logical ids.
    pub(crate) fn of_type<'a>(&'a self, kind: &'a str) -> impl Iterator<Item = (&'a str, &'a Value)> + 'a {
        let resources = self.at("/Resources").as_object().expect("resources").iter();
        resources.filter(move |(_, resource)| resource["Type"] == kind).map(|(id, resource)| (id.as_str(), resource))
    }

    /// The functions, by their logical ids.
    pub(crate) fn functions(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.of_type("AWS::Serverless::Function")
    }

    /// The properties of a resource.
    pub(crate) fn properties(&self, id: &str) -> &Value {
        self.at(&format!("/Resources/{id}/Properties"))
    }
}

/// The logical id of `agilicus.create_token`: `AgilicusCreateToken`.
pub(crate) fn logical_id(name: &str) -> String {
    let capitalized = |word: &str| word[..1].to_uppercase() + &word[1..];
    name.split(['.', '_']).map(capitalized).collect()
}

fn json(node: &Yaml) -> Value {
    match node {
        Yaml::Value(Scalar::Null) => Value::Null,
        Yaml::Value(Scalar::Boolean(value)) => json!(value),
        Yaml::Value(Scalar::Integer(value)) => json!(value),
        Yaml::Value(Scalar::FloatingPoint(value)) => json!(value.into_inner()),
        Yaml::Value(Scalar::String(value)) => json!(value),
        Yaml::Sequence(items) => items.iter().map(json).collect(),
        Yaml::Mapping(members) => {
            let member = |(name, value): (&Yaml, &Yaml)| (name.as_str().expect("a name").to_owned(), json(value));
            Value::Object(members.iter().map(member).collect())
        }
        Yaml::Tagged(tag, node) => {
            let name = if tag.suffix == "Ref" { "Ref".to_owned() } else { format!("Fn::{}", tag.suffix) };
            Value::Object(Map::from_iter([(name, json(node))]))
        }
        Yaml::Representation(..) | Yaml::Alias(_) | Yaml::BadValue => panic!("not in a template: {node:?}"),
    }
}
