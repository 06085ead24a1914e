//! `authorization_details`: RFC 9396.

use serde_json::{Map, Value};

use crate::domain::{AuthorizationDetails, AuthorizationDetailsType, Denial};
use crate::encoding::strict_json;

/// The largest number of elements.
const MAX_DETAILS: usize = 20;

/// Reads the text of the parameter: a JSON array of at most 20 objects, each of one of `types`.
///
/// # Errors
///
/// [`Denial::AuthorizationDetailsInvalid`] if it is anything else.
pub fn read(text: &str, types: &[AuthorizationDetailsType]) -> Result<AuthorizationDetails, Denial> {
    const BAD: Denial = Denial::AuthorizationDetailsInvalid;
    strict_json::check(text.as_bytes()).map_err(|_| BAD)?;
    let elements: Vec<Map<String, Value>> = serde_json::from_str(text).map_err(|_| BAD)?;
    let is_known = |element: &Map<String, Value>| match element.get("type") {
        Some(Value::String(kind)) => types.iter().any(|there| there.name == *kind),
        _ => false,
    };
    if elements.is_empty() || elements.len() > MAX_DETAILS || !elements.iter().all(is_known) {
        return Err(BAD);
    }
    let elements = Value::Array(elements.into_iter().map(Value::Object).collect());
    Ok(AuthorizationDetails::from_json(elements.to_string()))
}

/// Says whether every element of `asked` is in `held`.
pub fn contains(held: &AuthorizationDetails, asked: &AuthorizationDetails) -> bool {
    let elements = |details: &AuthorizationDetails| serde_json::from_str::<Vec<Value>>(details.as_json()).ok();
    let (Some(held), Some(asked)) = (elements(held), elements(asked)) else { return false };
    asked.iter().all(|element| held.contains(element))
}
