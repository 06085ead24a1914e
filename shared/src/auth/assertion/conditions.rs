//! Whether the claims of a token are what the conditions want. They hold all together; of one condition one value is enough.

use serde_json::Value;

use super::finding::Finding;
use crate::domain::{ClaimCondition, ClaimName, ClaimPattern};
use crate::jose::foreign::Claims;

/// A condition that a token doesn't meet.
pub(super) struct Unmet<'a> {
    pub(super) claim: &'a ClaimName,
    pub(super) finding: Finding,
}

/// Returns the first condition that isn't met. `None`: all are.
pub(super) fn unmet<'a>(claims: &Claims, conditions: &'a [ClaimCondition]) -> Option<Unmet<'a>> {
    let condition = conditions.iter().find(|condition| !is_met(claims, condition))?;
    Some(Unmet { claim: &condition.claim, finding: finding(claims, condition) })
}

/// Returns the claim whose condition isn't met, and why. `None`: all are met.
pub(crate) fn unmet_condition(claims: &Claims, conditions: &[ClaimCondition]) -> Option<(String, Finding)> {
    unmet(claims, conditions).map(|unmet| (unmet.claim.to_string(), unmet.finding))
}

fn is_met(claims: &Claims, condition: &ClaimCondition) -> bool {
    claims.find(&condition.claim).is_some_and(|claim| condition.values.iter().any(|value| matches(value, claim)))
}

/// Whether a claim is of this value, or an array with one element that is.
fn matches(wanted: &ClaimPattern, claim: &Value) -> bool {
    match claim {
        Value::Array(elements) => elements.iter().any(|element| is(wanted, element)),
        Value::String(_) | Value::Number(_) | Value::Bool(_) | Value::Null | Value::Object(_) => is(wanted, claim),
    }
}

/// A text never is a number or a boolean: the `"true"` of a platform isn't `true`.
fn is(wanted: &ClaimPattern, found: &Value) -> bool {
    match (wanted, found) {
        (ClaimPattern::Text(pattern), Value::String(text)) => pattern.matches(text),
        (ClaimPattern::Integer(wanted), Value::Number(number)) => number.as_i64() == Some(*wanted),
        (ClaimPattern::Flag(wanted), Value::Bool(flag)) => wanted == flag,
        (ClaimPattern::Text(_) | ClaimPattern::Integer(_) | ClaimPattern::Flag(_), _) => false,
    }
}

fn finding(claims: &Claims, condition: &ClaimCondition) -> Finding {
    let (name, found) = (condition.claim.as_str(), claims.find(&condition.claim));
    let expected: Vec<Value> = condition.values.iter().map(pattern_value).collect();
    let kinds = found.zip(condition.values.first()).map(|(found, wanted)| (kind_of(found), kind_of(&pattern_value(wanted))));
    let wanted = expected.iter().map(value_text).collect::<Vec<_>>().join(" or ");
    let detail = match (found, kinds) {
        (None, _) => format!("The claim {name} is absent; the condition wants {wanted}."),
        (Some(_), Some((found, wanted))) if found != wanted && found != "an array" => {
            format!("The claim {name} is {found}, the condition is {wanted}.")
        }
        (Some(found), _) => format!("The claim {name} is {}; the condition wants {wanted}.", value_text(found)),
    };
    Finding { detail, field: None, expected, found: found.cloned() }
}

fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::String(_) => "a text",
        Value::Number(_) => "a number",
        Value::Bool(_) => "a boolean",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
        Value::Null => "null",
    }
}

fn pattern_value(pattern: &ClaimPattern) -> Value {
    match pattern {
        ClaimPattern::Text(text) => text.to_string().into(),
        ClaimPattern::Integer(number) => (*number).into(),
        ClaimPattern::Flag(flag) => (*flag).into(),
    }
}

/// A value as it is told of in a sentence.
pub(super) fn value_text(value: &Value) -> String {
    value.to_string()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn is_met_by(claim: &str, wanted: Vec<ClaimPattern>, claims: &Value) -> bool {
        let claims = Claims::read(claims.to_string().as_bytes()).unwrap();
        is_met(&claims, &ClaimCondition { claim: claim.parse().unwrap(), values: wanted })
    }

    fn text(text: &str) -> ClaimPattern {
        ClaimPattern::Text(text.parse().unwrap())
    }

    #[test]
    fn a_claim_is_one_of_the_values_in_its_own_type() {
        for (wanted, found, met) in [
            (vec![text("prod")], json!("prod"), true),
            (vec![text("prod")], json!("Prod"), false),
            (vec![text("prod")], json!("prod "), false),
            (vec![text("é")], json!("e\u{301}"), false),
            (vec![text("prod"), text("staging")], json!("staging"), true),
            (vec![text("refs/heads/*")], json!("refs/heads/a/b"), true),
            (vec![text("refs/heads/*")], json!("refs/tags/a"), false),
            (vec![text("true")], json!(true), false),
            (vec![ClaimPattern::Flag(true)], json!("true"), false),
            (vec![ClaimPattern::Flag(false)], json!(false), true),
            (vec![ClaimPattern::Flag(false)], json!(0), false),
            (vec![ClaimPattern::Integer(7)], json!(7), true),
            (vec![ClaimPattern::Integer(7)], json!(7.5), false),
            (vec![ClaimPattern::Integer(7)], json!("7"), false),
            (vec![text("7")], json!(7), false),
            (vec![text("a")], json!(["x", "a"]), true),
            (vec![text("a")], json!(["x", ["a"]]), false),
            (vec![text("a")], json!([]), false),
            (vec![text("a")], json!({"a": "a"}), false),
            (vec![text("a")], Value::Null, false),
        ] {
            assert_eq!(is_met_by("c", wanted.clone(), &json!({ "c": found })), met, "{wanted:?} {found}");
        }
        assert!(!is_met_by("c", vec![text("a")], &json!({})), "absent");
    }

    #[test]
    fn what_is_unmet_is_told_with_what_was_wanted() {
        let claims = Claims::read(br#"{"repository_id":"957014467","ref_protected":"true"}"#).unwrap();
        let one = ClaimCondition { claim: "repository_id".parse().unwrap(), values: vec![text("957014466")] };
        let told = unmet(&claims, std::slice::from_ref(&one)).unwrap().finding;
        assert_eq!(told.detail, r#"The claim repository_id is "957014467"; the condition wants "957014466"."#);
        assert_eq!((told.expected, told.found), (vec![json!("957014466")], Some(json!("957014467"))));
        let other = ClaimCondition { claim: "ref_protected".parse().unwrap(), values: vec![ClaimPattern::Flag(true)] };
        let told = unmet(&claims, std::slice::from_ref(&other)).unwrap().finding;
        assert_eq!(told.detail, "The claim ref_protected is a text, the condition is a boolean.");
    }
}
