//! Strict JSON: what is accepted has one meaning, and what is no JSON is not accepted.
#![no_main]

use libfuzzer_sys::fuzz_target;
use serde_json::{Map, Value};
use shared::encoding::strict_json::{self, Flaw, MAX_DEPTH};

fuzz_target!(|bytes: &[u8]| {
    let read = serde_json::from_slice::<Value>(bytes);
    match strict_json::check(bytes) {
        Ok(()) => {
            let value = read.expect("what is accepted is JSON");
            let (members, depth) = outline(bytes);
            assert_eq!(members, count_members(&value), "no member is lost, so none was there twice");
            assert!(depth <= MAX_DEPTH);
            let again = value.to_string();
            assert_eq!(strict_json::check(again.as_bytes()), Ok(()));
            assert_eq!(serde_json::from_str::<Value>(&again).unwrap(), value);
            assert_eq!(strict_json::decode::<Map<String, Value>>(bytes).is_ok(), value.is_object());
        }
        Err(Flaw::Syntax) => assert!(read.is_err()),
        Err(Flaw::DuplicateMember | Flaw::TooDeep) => assert!(strict_json::decode::<Value>(bytes).is_err()),
        Err(flaw @ (Flaw::Mismatch { .. } | Flaw::NotAnObject)) => panic!("{flaw}: nothing was asked for"),
    }
});

/// How many members JSON has and how deep it is, told from its colons and brackets outside of strings.
fn outline(json: &[u8]) -> (usize, usize) {
    let (mut members, mut depth, mut deepest) = (0, 0_usize, 0);
    let mut bytes = json.iter();
    while let Some(byte) = bytes.next() {
        match byte {
            b'"' => {
                while let Some(byte) = bytes.next().filter(|byte| **byte != b'"') {
                    if *byte == b'\\' {
                        bytes.next();
                    }
                }
            }
            b':' => members += 1,
            b'{' | b'[' => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            b'}' | b']' => depth -= 1,
            _ => {}
        }
    }
    (members, deepest)
}

fn count_members(value: &Value) -> usize {
    match value {
        Value::Array(elements) => elements.iter().map(count_members).sum(),
        Value::Object(members) => members.len() + members.values().map(count_members).sum::<usize>(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => 0,
    }
}
