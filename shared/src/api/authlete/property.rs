//! `Property`: what an authorization server attaches to a token.

use std::fmt;

use serde::Serialize;
use serde::de::{Deserialize, Deserializer, Error, SeqAccess, Visitor};

use super::lenient::{flag, present};
use crate::domain::{self, Refusal};
use crate::encoding::{Object, strict_json};

/// `properties` of a request: a list, or the JSON text of one, which is how the TypeScript SDK sends them to `/auth/token`.
#[derive(Clone, Debug, Default)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema), schemars(inline))]
pub struct Properties(Vec<Member>);

/// An extra property of a token: a key with its value.
#[derive(Clone, Debug, serde::Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema), schemars(rename = "Property"))]
struct Member {
    #[serde(default, deserialize_with = "present")]
    key: Option<String>,
    #[serde(default, deserialize_with = "present")]
    value: Option<String>,
    #[serde(default, deserialize_with = "flag")]
    hidden: bool,
}

impl Properties {
    const MAX_PROPERTIES: usize = 100;

    /// Converts them into words of the domain.
    ///
    /// # Errors
    /// [`Refusal::Invalid`] if there are too many, or if one has no key.
    pub fn try_into_properties(self) -> Result<Vec<domain::Property>, Refusal> {
        if self.0.len() > Self::MAX_PROPERTIES {
            return Err(Refusal::invalid("properties", "must have at most 100 entries"));
        }
        let property = |(n, Member { key, value, hidden }): (usize, Member)| {
            let key = key.ok_or_else(|| Refusal::invalid(format!("properties[{n}].key"), "is required"))?;
            Ok(domain::Property { key, value: value.unwrap_or_default(), hidden })
        };
        self.0.into_iter().enumerate().map(property).collect()
    }
}

impl<'de> Deserialize<'de> for Properties {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct List;

        impl<'de> Visitor<'de> for List {
            type Value = Properties;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a sequence")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Properties, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = list.next_element::<Option<Object<Member>>>()? {
                    members.extend(member.map(|Object(member)| member));
                }
                Ok(Properties(members))
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Properties, E> {
                let rule = || E::custom("must be a list of properties, or the JSON text of one");
                strict_json::check(text.as_bytes()).map_err(|_| rule())?;
                let members: Vec<Object<Member>> = serde_json::from_str(text).map_err(|_| rule())?;
                Ok(Properties(members.into_iter().map(|Object(member)| member).collect()))
            }
        }

        deserializer.deserialize_any(List)
    }
}

/// `Property` in an answer.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema), schemars(rename = "PropertyOfToken"))]
pub struct Property<'a> {
    key: &'a str,
    value: &'a str,
    hidden: bool,
}

impl<'a> Property<'a> {
    /// Makes the views of all properties, hidden ones too. `None` if there are none.
    pub fn list(properties: &'a [domain::Property]) -> Option<Vec<Self>> {
        let view = |property: &'a domain::Property| Self { key: &property.key, value: &property.value, hidden: property.hidden };
        (!properties.is_empty()).then(|| properties.iter().map(view).collect())
    }
}

/// `Pair`: a key and a value that others keep with something.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct Pair<'a> {
    key: &'a str,
    value: &'a str,
}

impl<'a> Pair<'a> {
    /// Makes the views of all pairs. `None` if there are none.
    pub fn list(pairs: &'a [(String, String)]) -> Option<Vec<Self>> {
        (!pairs.is_empty()).then(|| pairs.iter().map(|(key, value)| Self { key, value }).collect())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn property(key: &str, value: &str, hidden: bool) -> domain::Property {
        domain::Property { key: key.into(), value: value.into(), hidden }
    }

    #[test]
    fn properties_are_a_list_or_the_text_of_one() {
        let list = json!([{"key": "a", "value": "1", "hidden": null}, null, {"key": "b", "value": null, "hidden": true, "x": 1}]);
        let text = json!(r#"[{"key":"a","value":"1"},{"key":"b","hidden":true}]"#);
        for given in [list, text] {
            let taken = Properties::deserialize(given.clone()).unwrap().try_into_properties();
            assert_eq!(taken, Ok(vec![property("a", "1", false), property("b", "", true)]), "{given}");
        }
        for bad in [json!("x"), json!("{}"), json!(r#"[{"key":"a","key":"b"}]"#), json!(["a"]), json!({"key": "a"}), json!("[1]")]
        {
            assert!(Properties::deserialize(bad.clone()).is_err(), "{bad}");
        }
        let nameless = Properties::deserialize(json!([{"value": "1"}])).unwrap().try_into_properties();
        assert_eq!(nameless, Err(Refusal::invalid("properties[0].key", "is required")));
    }

    #[test]
    fn whether_it_is_hidden_is_always_said() {
        let properties = [property("a", "1", false)];
        let json = serde_json::to_value(Property::list(&properties)).unwrap();
        assert_eq!(json, json!([{"key": "a", "value": "1", "hidden": false}]));
        assert!(Property::list(&[]).is_none());
    }
}
