//! The schemas of a document: of what is read, and of what is written.

use schemars::generate::SchemaSettings;
use schemars::transform::{Transform, transform_subschemas};
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde_json::{Map, Value, json};

/// Two sets that become one: the same type can look different when it is read.
#[derive(Debug)]
pub(in crate::api) struct Schemas {
    read: SchemaGenerator,
    written: SchemaGenerator,
    patches: Map<String, Value>,
}

impl Default for Schemas {
    fn default() -> Self {
        let settings = SchemaSettings::draft2020_12().with(|settings| {
            settings.definitions_path = "#/components/schemas".into();
            settings.meta_schema = None;
            settings.untagged_enum_variant_titles = false;
        });
        let settings = settings.with_transform(NoNull);
        let (read, written) = (settings.clone().for_deserialize().into_generator(), settings.for_serialize().into_generator());
        Self { read, written, patches: Map::new() }
    }
}

impl Schemas {
    /// Adds the schema of a request body, and returns a reference to it.
    pub(super) fn of_request<T: JsonSchema>(&mut self) -> Value {
        finished(self.read.subschema_for::<T>())
    }

    /// Adds the schema of a merge patch of a request body, and returns a reference to it: nothing is required, and what can be left
    /// out of an object can also be `null`.
    pub(super) fn of_patch<T: JsonSchema>(&mut self) -> Value {
        let inline = self.read.settings().clone().with(|settings| settings.inline_subschemas = true);
        let mut schema = finished(inline.into_generator().into_root_schema_for::<T>());
        make_patch(&mut schema);
        schema["description"] = "A merge patch (RFC 7396): what is left out stays, and null removes.".into();
        let name = format!("{}Patch", T::schema_name().trim_start_matches("Put"));
        self.patches.insert(name.clone(), schema);
        json!({"$ref": format!("#/components/schemas/{name}")})
    }

    /// Returns the schemas of the fields of a request, each by itself.
    pub(super) fn members<T: JsonSchema>(&mut self) -> Map<String, Value> {
        let mut schema = finished(T::json_schema(&mut self.read));
        schema["properties"].as_object_mut().map(std::mem::take).unwrap_or_default()
    }

    /// Adds the schema of an answer's body, and returns a reference to it.
    pub(in crate::api) fn of_answer<T: JsonSchema>(&mut self) -> Value {
        finished(self.written.subschema_for::<T>())
    }

    /// Returns all schemas that have a name.
    pub(super) fn into_map(mut self) -> Map<String, Value> {
        let mut all = self.read.take_definitions(true);
        all.extend(self.patches);
        for (name, schema) in self.written.take_definitions(true) {
            let other = all.insert(name.clone(), schema.clone());
            assert!(other.is_none_or(|other| other == schema), "{name} looks different when it is read");
        }
        assert!(
            !all.keys().any(|name| name.ends_with(|last: char| last.is_ascii_digit())),
            "a name is taken twice: {:?}",
            all.keys()
        );
        all
    }
}

fn finished(mut schema: Schema) -> Value {
    NoNull.transform(&mut schema);
    schema.to_value()
}

/// Makes the schema of an object that of a merge patch of it. Lists are replaced whole, so what is in them stays as it is.
fn make_patch(schema: &mut Value) {
    let Some(members) = schema.as_object_mut() else { return };
    members.remove("required");
    members.remove("title");
    let mut make_removable = |value: &mut Value| {
        make_patch(value);
        let description = value.as_object_mut().and_then(|members| members.remove("description"));
        *value = json!({"anyOf": [value.take(), {"type": "null"}]});
        if let Some(description) = description {
            value["description"] = description;
        }
    };
    for names in ["properties", "patternProperties"] {
        let named = members.get_mut(names).and_then(Value::as_object_mut);
        named.into_iter().flat_map(Map::values_mut).for_each(&mut make_removable);
    }
    members.get_mut("additionalProperties").into_iter().filter(|others| others.is_object()).for_each(make_removable);
}

/// What isn't there is left out: in no dialect is a member `null`.
#[derive(Clone, Debug)]
struct NoNull;

impl Transform for NoNull {
    fn transform(&mut self, schema: &mut Schema) {
        transform_subschemas(self, schema);
        let Some(members) = schema.as_object_mut() else { return };
        if members.get("default") == Some(&Value::Null) {
            members.remove("default");
        }
        if let Some(Value::Array(types)) = members.get_mut("type") {
            types.retain(|kind| kind != "null");
            if let [only] = &types[..] {
                let only = only.clone();
                members.insert("type".to_owned(), only);
            }
        }
        if let Some(Value::Array(choices)) = members.get_mut("anyOf") {
            choices.retain(|choice| choice["type"] != "null");
            if let [Value::Object(only)] = &choices[..] {
                let only = only.clone();
                members.remove("anyOf");
                members.extend(only);
            }
        }
        if let Some(Value::Array(names)) = members.get_mut("enum") {
            names.retain(|name| !name.is_null());
        }
    }
}
