//! `authorization_details`: RFC 9396.

use serde_json::{Map, Value};

use crate::domain::{AuthorizationDetails, Denial};
use crate::encoding::strict_json;

/// How many there can be.
const MAX_DETAILS: usize = 20;

/// Reads the text of the parameter: an array of objects, each of a type that there is.
pub fn read(text: &str, types: &[String]) -> Result<AuthorizationDetails, Denial> {
    const BAD: Denial = Denial::AuthorizationDetailsInvalid;
    strict_json::check(text.as_bytes()).map_err(|_| BAD)?;
    let elements: Vec<Map<String, Value>> = serde_json::from_str(text).map_err(|_| BAD)?;
    let is_known = |element: &Map<String, Value>| match element.get("type") {
        Some(Value::String(kind)) => types.contains(kind),
        _ => false,
    };
    if elements.is_empty() || elements.len() > MAX_DETAILS || !elements.iter().all(is_known) {
        return Err(BAD);
    }
    let elements = Value::Array(elements.into_iter().map(Value::Object).collect());
    Ok(AuthorizationDetails::from_json(elements.to_string()))
}

/// Whether all of `asked` is in `held`, element by element.
pub fn contains(held: &AuthorizationDetails, asked: &AuthorizationDetails) -> bool {
    let elements = |details: &AuthorizationDetails| serde_json::from_str::<Vec<Value>>(details.as_json()).ok();
    let (Some(held), Some(asked)) = (elements(held), elements(asked)) else { return false };
    asked.iter().all(|element| held.contains(element))
}
