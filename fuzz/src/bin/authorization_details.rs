//! `authorization_details`: kept in one spelling, with nothing in them of another type.
#![no_main]

use libfuzzer_sys::fuzz_target;
use serde_json::{Map, Value};
use shared::domain::AuthorizationDetailsType;
use shared::oauth::authorization_details::{contains, read};

fuzz_target!(|text: &str| {
    let types = ["payment", "account"].map(|name| AuthorizationDetailsType::named(name.to_owned()));
    let Ok(details) = read(text, &types) else { return };
    let elements: Vec<Map<String, Value>> = serde_json::from_str(details.as_json()).unwrap();
    assert_eq!(serde_json::from_str::<Vec<Map<String, Value>>>(text).unwrap(), elements);
    assert!((1..=20).contains(&elements.len()));
    assert!(elements.iter().all(|element| types.iter().any(|kind| element["type"] == *kind.name)));
    assert_eq!(read(details.as_json(), &types).unwrap().as_json(), details.as_json());
    assert!(contains(&details, &details));
    // One element is within all of them; all are within one only where they are the same.
    let first = Value::Array(vec![Value::Object(elements[0].clone())]).to_string();
    let first = read(&first, &types).unwrap();
    assert!(contains(&details, &first));
    assert_eq!(contains(&first, &details), elements.iter().all(|element| *element == elements[0]));
});
