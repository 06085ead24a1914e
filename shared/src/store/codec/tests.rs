//! Bodies outlive the code that wrote them.

use super::*;
use crate::domain::MarkKind;
use crate::store::conformance::samples;

/// As they are in tables now. Whoever changes one of these makes records unreadable that are in use.
const TOKEN: &str = r#"{"o":"a","q":"the_ROOT-1","s":"auth0|Ann \"Ä\" O'Neill\\%_#/é@例え","c":9007199254740991,"i":1800000000123,"n":1800000000456,"a":["https://api.example/\"x\"","b"],"z":["urn:agilicus:api:*?","a'b%_","a'b%_"],"r":{"app \"1\"":"owner/é","b":"viewer"},"h":[{"allowed_list":[{"paths":["/a\"b"]}],"host":"x.example","n":1.50},{}],"x":{"o":"elsewhere","i":"s/1#é"},"w":{"o":"the_ROOT-1","s":"root \"0\""},"m":true,"f":"#;
const PLAIN: &str = r#"{"o":"a","q":"a","s":"ann","i":1800000000000,"n":1800000000000,"e":1800003600000}"#;

const FRESH: TokenState = TokenState { revision: 0, revoked_at: None };

#[test]
fn bodies_are_spelled_as_ever() {
    let rich = encode_token(&samples::rich_token("a", 1)).unwrap();
    assert_eq!(rich, format!("{TOKEN}\"{}\"}}", samples::id(2)));
    assert_eq!(encode_token(&samples::token("a", 1)).unwrap(), PLAIN);
}

#[test]
fn what_is_unknown_is_ignored_and_what_was_added_later_may_be_missing() {
    let newer = PLAIN.replacen('{', r#"{"new":{"a":[1,null]},"#, 1);
    for body in [PLAIN, &newer] {
        let token = decode_token(&samples::token_key("a", 1), body.as_bytes(), FRESH).unwrap();
        assert_eq!(token, samples::token("a", 1));
    }
}

#[test]
fn what_is_no_record_is_a_fault() {
    let key = samples::token_key("a", 1);
    let bodies = [
        "",
        "null",
        "{}",
        "[]",
        &PLAIN[1..],
        &PLAIN.replace("ann", ""),
        &PLAIN.replace("1800000000000", "\"1\""),
        &format!("{PLAIN}x"),
    ];
    for body in bodies {
        let fault = decode_token(&key, body.as_bytes(), FRESH).unwrap_err();
        assert!(!fault.can_retry(), "{body}");
    }
    assert!(decode_token(&samples::token_key("b", 1), PLAIN.as_bytes(), FRESH).is_err(), "a record of another org");
    assert!(decode_token(&key, b"\xff", FRESH).is_err());
}

#[test]
fn kinds_of_marks_have_names_of_their_own() {
    let member = |text| MarkKind::Member(samples::subject(text));
    let session = MarkKind::Session(samples::session("a", "1").id);
    let kinds = [MarkKind::Org, MarkKind::Client(samples::client_id(1)), member("1"), member("o"), member("c#1"), session];
    assert_eq!(kinds.map(|kind| mark_name(&kind)), ["o", "c#1", "m#1", "m#o", "m#c#1", "s#1"]);
}
