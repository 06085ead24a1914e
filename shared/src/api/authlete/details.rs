//! `AuthzDetails`: RFC 9396 as Authlete wraps it.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::lenient::{Words, present};
use crate::domain::{AuthorizationDetails, Fault, Refusal};
use crate::encoding::{Object, strict_json};

/// `authorizationDetails` of a request.
#[derive(Clone, Debug, Default, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct AuthzDetails {
    #[serde(default, deserialize_with = "present")]
    elements: Option<Vec<Object<Element>>>,
}

/// One element: the members that RFC 9396 section 2.2 knows, and the text of an object with all others.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema), schemars(rename = "AuthorizationDetailsElement"))]
#[serde(rename_all = "camelCase")]
struct Element {
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schemars(required))]
    r#type: Option<String>,
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    locations: Option<Words>,
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    actions: Option<Words>,
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    data_types: Option<Words>,
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    identifier: Option<String>,
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    privileges: Option<Words>,
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    other_fields: Option<String>,
}

impl AuthzDetails {
    /// Converts them into words of the domain: the array of RFC 9396. `None` without elements.
    ///
    /// # Errors
    /// [`Refusal::Invalid`], which names the element that has no type or is malformed (RFC 9396 section 2).
    pub fn try_into_details(self) -> Result<Option<AuthorizationDetails>, Refusal> {
        let elements = self.elements.unwrap_or_default().into_iter().enumerate();
        let elements: Vec<Value> = elements.map(|(n, Object(element))| element.try_into_value(n)).collect::<Result<_, _>>()?;
        Ok((!elements.is_empty()).then(|| AuthorizationDetails::from_json(Value::Array(elements).to_string())))
    }
}

impl Element {
    fn try_into_value(self, index: usize) -> Result<Value, Refusal> {
        let field = |name: &str| format!("authorizationDetails.elements[{index}].{name}");
        let Self { r#type, locations, actions, data_types, identifier, privileges, other_fields } = self;
        let kind = r#type.ok_or_else(|| Refusal::invalid(field("type"), "is required"))?;
        let mut object: Map<String, Value> = match &other_fields {
            Some(text) => strict_json::decode(text.as_bytes())
                .map_err(|_| Refusal::invalid(field("otherFields"), "must be the text of a JSON object"))?,
            None => Map::new(),
        };
        let list = |words: Option<Words>| words.map(|Words(words)| Value::from(words));
        let known = [
            ("type", Some(Value::from(kind))),
            ("locations", list(locations)),
            ("actions", list(actions)),
            ("datatypes", list(data_types)),
            ("identifier", identifier.map(Value::from)),
            ("privileges", list(privileges)),
        ];
        for (name, value) in known {
            object.remove(name);
            object.extend(value.map(|value| (name.to_owned(), value)));
        }
        Ok(Value::Object(object))
    }

    /// Makes the view of an object of the array. A field whose type isn't that of RFC 9396 goes to the other fields.
    fn from_object(mut object: Map<String, Value>) -> Self {
        let mut text = |name: &str| match object.remove(name) {
            Some(Value::String(text)) => Some(text),
            Some(other) => {
                object.insert(name.to_owned(), other);
                None
            }
            None => None,
        };
        let (r#type, identifier) = (text("type"), text("identifier"));
        let mut list = |name: &str| {
            let items = object.get(name)?.as_array()?.iter();
            let words = Words(items.map(|item| item.as_str().map(str::to_owned)).collect::<Option<_>>()?);
            object.remove(name);
            Some(words)
        };
        let (locations, actions, data_types) = (list("locations"), list("actions"), list("datatypes"));
        let privileges = list("privileges");
        let other_fields = (!object.is_empty()).then(|| Value::Object(object).to_string());
        Self { r#type, locations, actions, data_types, identifier, privileges, other_fields }
    }
}

impl Serialize for Words {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

/// `authorizationDetails` of an answer.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema), schemars(rename = "AuthzDetailsOfToken"))]
pub struct AuthzDetailsView {
    elements: Vec<Element>,
}

impl AuthzDetailsView {
    /// The view of what a token has, if it has any.
    ///
    /// # Errors
    /// A [`Fault`] if what is kept isn't JSON.
    pub fn from_details(details: Option<&AuthorizationDetails>) -> Result<Option<Self>, Fault> {
        let Some(details) = details else { return Ok(None) };
        let elements: Vec<Map<String, Value>> = serde_json::from_str(details.as_json())
            .map_err(|error| Fault::internal("reading authorization details").because(error))?;
        Ok(Some(Self { elements: elements.into_iter().map(Element::from_object).collect() }))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(details: &Value) -> Result<Option<AuthorizationDetails>, Refusal> {
        AuthzDetails::deserialize(details).unwrap().try_into_details()
    }

    #[test]
    fn the_wire_has_elements_and_the_domain_the_array_of_rfc_9396() {
        let wire = json!({"elements": [{
            "type": "payment", "locations": ["https://a.example"], "actions": ["pay", "see it"], "dataTypes": ["x"],
            "identifier": "i-1", "privileges": [], "otherFields": "{\"limit\": {\"b\": 2, \"a\": 1}, \"type\": \"ignored\"}"
        }, {"type": "account"}]});
        let details = read(&wire).unwrap().unwrap();
        assert_eq!(
            details.as_json(),
            concat!(
                r#"[{"actions":["pay","see it"],"datatypes":["x"],"identifier":"i-1","limit":{"a":1,"b":2},"#,
                r#""locations":["https://a.example"],"privileges":[],"type":"payment"},{"type":"account"}]"#
            )
        );
        let back = serde_json::to_value(AuthzDetailsView::from_details(Some(&details)).unwrap()).unwrap();
        let mut expected = wire;
        expected["elements"][0]["otherFields"] = json!(r#"{"limit":{"a":1,"b":2}}"#);
        assert_eq!(back, expected);
    }

    #[test]
    fn members_that_were_not_given_come_as_null() {
        let null = json!({"elements": [{"type": "a", "locations": null, "actions": null, "dataTypes": null, "identifier": null,
            "privileges": null, "otherFields": null}]});
        assert_eq!(read(&null).unwrap().unwrap().as_json(), r#"[{"type":"a"}]"#);
        assert_eq!(read(&json!({"elements": null})), Ok(None));
        assert_eq!(read(&json!({"elements": []})), Ok(None));
    }

    #[test]
    fn an_element_without_type_or_with_other_fields_that_are_no_object_is_refused() {
        for (element, name) in [
            (json!({}), "type"),
            (json!({"type": "a", "otherFields": "x"}), "otherFields"),
            (json!({"type": "a", "otherFields": "[]"}), "otherFields"),
            (json!({"type": "a", "otherFields": "{\"b\":1,\"b\":2}"}), "otherFields"),
        ] {
            let Err(Refusal::Invalid { field, .. }) = read(&json!({ "elements": [element] })) else { panic!("{element}") };
            assert_eq!(field, format!("authorizationDetails.elements[0].{name}"));
        }
    }

    #[test]
    fn a_member_of_another_type_than_rfc_9396_has_it_is_among_the_others() {
        let details = AuthorizationDetails::from_json(r#"[{"actions":"all","identifier":5,"type":"a"}]"#.into());
        let view = serde_json::to_value(AuthzDetailsView::from_details(Some(&details)).unwrap()).unwrap();
        assert_eq!(view, json!({"elements": [{"type": "a", "otherFields": r#"{"actions":"all","identifier":5}"#}]}));
    }
}
