//! The metadata of clients in the words of Authlete's API: members by the one table, values as its SDKs spell them.
//!
//! There is an allow-list of members, because the enums of the SDKs are closed: they fail on a name that they don't know.

use serde::Deserialize as _;
use serde_json::{Map, Value, json};

use crate::api::authlete::lenient::{Number, Words};
use crate::domain::client_metadata::{MAX_METADATA_ENTRIES, MetadataType};
use crate::domain::{Client, ClientMetadata, MetadataMember, MetadataValue, RedirectUri, Refusal};

const REDIRECT_URIS: &str = "redirectUris";
/// An empty list of these is no default, which is `CODE`.
const RESPONSE_TYPES: &str = "responseTypes";

/// Reads the redirect URIs and the metadata of a body. What isn't in the table is ignored.
///
/// Redirect URIs are kept as they are, whatever they are: Authlete's API doesn't check them either.
///
/// # Errors
/// [`Refusal::Invalid`] with the name of the first member whose value has a wrong type or an unknown name in it, or with no name
/// if all together are too large.
pub(super) fn read(body: &Map<String, Value>) -> Result<(Vec<RedirectUri>, ClientMetadata), Refusal> {
    let (mut redirect_uris, mut metadata) = (Vec::new(), ClientMetadata::default());
    for (name, value) in body {
        let is_empty_choice = name == RESPONSE_TYPES && value.is_array();
        if is_nothing(value) && !is_empty_choice {
            continue;
        }
        if name == REDIRECT_URIS {
            let Words(uris) = words(value).map_err(|rule| Refusal::invalid(REDIRECT_URIS, rule))?;
            redirect_uris = uris.into_iter().map(RedirectUri::from_administrator).collect();
        } else if let Some(member) = MetadataMember::named_in_camel_case(name) {
            let value = read_value(member.value_type, value).map_err(|rule| Refusal::invalid(member.camel_case_name, rule))?;
            metadata.insert(member, value);
        }
    }
    metadata.check_size(&redirect_uris).map_err(|rule| Refusal::invalid("", rule.0))?;
    Ok((redirect_uris, metadata))
}

/// The members of an answer that show the redirect URIs and the metadata of a client.
pub(super) fn members(client: &Client) -> Map<String, Value> {
    let metadata = client.settings.metadata.iter();
    let mut members: Map<String, Value> =
        metadata.map(|(member, value)| (member.camel_case_name.to_owned(), show_value(member.value_type, value))).collect();
    if !client.settings.redirect_uris.is_empty() {
        members.insert(REDIRECT_URIS.to_owned(), client.settings.redirect_uris.iter().map(RedirectUri::as_str).collect());
    }
    members
}

fn is_nothing(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => true,
        Value::Number(number) => number.as_f64() == Some(0.0),
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Bool(true) | Value::Object(_) => false,
    }
}

/// A value in the one form in which it is kept, or the rule that it breaks.
fn read_value(value_type: MetadataType, value: &Value) -> Result<MetadataValue, &'static str> {
    match value_type {
        MetadataType::Flag => match value {
            Value::Bool(on) => Ok(MetadataValue::Flag(*on)),
            Value::String(text) if text.eq_ignore_ascii_case("true") => Ok(MetadataValue::Flag(true)),
            Value::String(text) if text.eq_ignore_ascii_case("false") => Ok(MetadataValue::Flag(false)),
            Value::Null | Value::Number(_) | Value::String(_) | Value::Array(_) | Value::Object(_) => {
                Err("must be true or false")
            }
        },
        MetadataType::Number => {
            let Number(number) =
                Number::deserialize(value).map_err(|_| "must be an integer from -9007199254740991 to 9007199254740991")?;
            // So that JavaScript can hold it.
            let is_exact = number.unsigned_abs() < 1 << 53;
            if is_exact {
                Ok(MetadataValue::Number(number))
            } else {
                Err("must be an integer from -9007199254740991 to 9007199254740991")
            }
        }
        MetadataType::Text | MetadataType::Page => {
            value.as_str().map(|text| MetadataValue::Text(text.to_owned())).ok_or("must be a string")
        }
        MetadataType::OneOf(names) => {
            let name = value.as_str().and_then(|constant| name_of(names, constant)).ok_or("must be one of its names")?;
            Ok(MetadataValue::Text(name.to_owned()))
        }
        MetadataType::Texts => words(value).map(|Words(items)| MetadataValue::Texts(items)),
        MetadataType::SomeOf(names) => {
            let Words(items) = words(value)?;
            let items = items.iter().map(|constant| name_of(names, constant).map(str::to_owned));
            items.collect::<Option<_>>().map(MetadataValue::Texts).ok_or("must be a list of its names")
        }
        MetadataType::LocalizedText | MetadataType::LocalizedPage => {
            tagged(value).map(MetadataValue::Localized).ok_or("must be a list of objects with tag and value")
        }
    }
}

fn words(value: &Value) -> Result<Words, &'static str> {
    Words::deserialize(value)
        .ok()
        .filter(|Words(items)| items.len() <= MAX_METADATA_ENTRIES)
        .ok_or("must be a list of at most 200 strings")
}

/// A list of `TaggedValue`, as pairs of tag and value.
fn tagged(value: &Value) -> Option<Vec<(String, String)>> {
    let items = value.as_array().filter(|items| items.len() <= MAX_METADATA_ENTRIES)?;
    let item = |item: &Value| {
        let members = item.as_object()?;
        let text = |name| members.get(name).filter(|value| !value.is_null()).map_or(Some(""), Value::as_str).map(str::to_owned);
        Some((text("tag")?, text("value")?))
    };
    items.iter().filter(|item| !item.is_null()).map(item).collect()
}

/// A kept value as it is shown.
fn show_value(value_type: MetadataType, value: &MetadataValue) -> Value {
    let is_name = matches!(value_type, MetadataType::OneOf(_) | MetadataType::SomeOf(_));
    match value {
        MetadataValue::Flag(on) => json!(on),
        MetadataValue::Number(number) => json!(number),
        MetadataValue::Text(name) if is_name => json!(constant(name)),
        MetadataValue::Text(text) => json!(text),
        MetadataValue::Texts(names) if is_name => names.iter().map(|name| constant(name)).collect(),
        MetadataValue::Texts(items) => json!(items),
        MetadataValue::Localized(items) => items.iter().map(|(tag, text)| json!({"tag": tag, "value": text})).collect(),
    }
}

/// The constant that Authlete's SDKs have for a registered name: `RSA_OAEP` for `RSA-OAEP`.
pub(super) fn constant(name: &str) -> String {
    // The one registered name that is its own constant.
    if name == "EdDSA" { name.to_owned() } else { name.replace(['-', '+', ' '], "_").to_ascii_uppercase() }
}

/// The registered name for a constant of the SDKs.
fn name_of(names: &[&'static str], wanted: &str) -> Option<&'static str> {
    names.iter().copied().find(|name| constant(name) == wanted)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::client_metadata::CLIENT_METADATA;

    #[test]
    fn names_become_constants_and_come_back() {
        for member in CLIENT_METADATA {
            if let MetadataType::OneOf(names) | MetadataType::SomeOf(names) = member.value_type {
                for name in names {
                    assert_eq!(name_of(names, &constant(name)), Some(*name));
                }
            }
        }
        assert_eq!(
            [constant("ECDH-ES+A128KW"), constant("dir"), constant("code id_token")],
            ["ECDH_ES_A128KW", "DIR", "CODE_ID_TOKEN"]
        );
    }
}
