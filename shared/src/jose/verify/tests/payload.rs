//! What is in a token with a good signature.

use super::*;

#[track_caller]
fn refused_payloads(payloads: impl IntoIterator<Item = Value>) {
    for payload in payloads {
        refused(&payload.to_string(), &signed(header().to_string(), payload.to_string()));
    }
}

#[test]
fn the_issuer_is_ours_to_the_letter() {
    let others = ["https://auth.example.com/", "https://AUTH.example.com", "https://evil.example", ""].map(Value::from);
    let values = others.into_iter().chain([json!([ISSUER]), json!({}), json!(1), Value::Null]);
    refused_payloads(values.map(Some).chain([None]).map(|iss| with(payload(), "iss", iss)));
}

#[test]
fn the_payload_is_one_plain_object() {
    let plain = payload().to_string();
    let inner = plain.trim_start_matches('{').trim_end_matches('}');
    for bad in [
        String::new(),
        "Zm9v".into(),
        "[]".into(),
        r#""x""#.into(),
        format!("[{plain}]"),
        format!(r#"{{{inner},"sub":"tok"}}"#),
        format!(r#"{{{inner},"aud":["urn:api"]}}"#),
        format!(r#"{{{inner},"scopes":[],"scopes":["urn:jeton:admin"]}}"#),
        format!(r#"{{{inner},"roles":{{"a":"x","a":"owner"}}}}"#),
        format!(r#"{{{inner},"unknown":{{"a":1,"a":1}}}}"#),
        format!(r#"{{{inner},"unknown":"\ud800"}}"#),
        format!("{plain} {plain}"),
        format!(r#"{{{inner},"x":{}{}}}"#, "[".repeat(40), "]".repeat(40)),
    ] {
        refused(&bad, &signed(header().to_string(), &bad));
    }
    refused("no UTF-8", &signed(header().to_string(), [inner.as_bytes(), b",\"x\":\"\xc3\x28\"}"].concat()));
    assert!(verify(&signed(header().to_string(), format!(r#"{{{inner},"unknown":{{"a":1}}}}"#))).is_ok(), "others are ignored");
}

#[test]
fn exp_is_judged_without_leeway() {
    let at = |exp: Value, now: Timestamp| {
        let token = signed(header().to_string(), with(payload(), "exp", Some(exp)).to_string());
        verifier().verify(&token, &OAUTH, now)
    };
    let expired = |answer| matches!(answer, Err(Rejection::Expired(claims)) if claims.id.to_string() == JTI);
    assert!(at(json!(NOW), Timestamp::from_ms(NOW * 1_000 - 1)).is_ok());
    assert!(expired(at(json!(NOW), Timestamp::from_secs(NOW))));
    assert!(expired(at(json!(NOW - 3_600), Timestamp::from_secs(NOW))));
    assert!(expired(at(json!(0), Timestamp::from_secs(NOW))));
    assert!(at(json!(253_402_300_799_i64), Timestamp::from_secs(NOW)).is_ok());
}

#[test]
fn nbf_may_be_ten_seconds_ahead() {
    let nbf = |value: Value| verify(&signed(header().to_string(), with(payload(), "nbf", Some(value)).to_string()));
    for ahead in [-60, 0, 8, 10] {
        assert!(nbf(json!(NOW + ahead)).is_ok(), "{ahead} s");
    }
    for ahead in [11, 60, 1_000_000] {
        assert!(
            matches!(nbf(json!(NOW + ahead)), Err(Rejection::NotYetValid(claims)) if claims.id.to_string() == JTI),
            "{ahead} s"
        );
    }
    assert!(nbf(Value::Null).is_ok(), "null is absent");
}

#[test]
fn iat_may_be_a_minute_ahead() {
    let iat = |secs: i64| verify(&signed(header().to_string(), with(payload(), "iat", Some(json!(secs))).to_string()));
    for ago in [-60, -8, 0, 315_360_000] {
        assert!(iat(NOW - ago).is_ok(), "{ago} s ago");
    }
    assert_eq!(iat(NOW + 61), Err(Rejection::Invalid));
}

#[test]
fn times_are_whole_seconds() {
    for member in ["iat", "exp", "nbf"] {
        let numbers = [json!(-1), json!(1.5), json!(1_800_000_000.0), json!(253_402_300_800_i64), json!(1.7e18), json!(u64::MAX)];
        let others = [json!("99999999999"), json!(true), json!([NOW]), json!({})];
        refused_payloads(numbers.into_iter().chain(others).map(|value| with(payload(), member, Some(value))));
    }
    refused_payloads(["iat", "exp"].map(|member| with(payload(), member, Some(Value::Null))));
}

#[test]
fn aud_is_a_list_of_strings() {
    let values = [json!(""), json!("urn:api"), json!(7), json!({}), json!(["urn:api", 7]), json!([""]), json!([null])];
    let many: Vec<_> = (0..1_000).map(|i| format!("urn:{i}")).collect();
    let values = values.map(Some).into_iter().chain([Some(Value::Null), Some(json!(many)), None]);
    refused_payloads(values.map(|aud| with(payload(), "aud", aud)));
    let two = with(payload(), "aud", Some(json!(["urn:api", "urn:other"])));
    assert_eq!(verify(&signed(header().to_string(), two.to_string())).unwrap().audiences.len(), 2);
}

#[test]
fn jti_is_an_id_of_ours() {
    let values = [json!(""), json!(7), json!(JTI.to_uppercase()), json!(&JTI[1..]), json!(format!("{JTI}0")), json!([JTI])];
    refused_payloads(values.map(Some).into_iter().chain([Some(Value::Null), None]).map(|jti| with(payload(), "jti", jti)));
}

#[test]
fn other_claims_are_as_we_mint_them() {
    for (member, bad) in [
        ("sub", vec![json!(""), json!(5), json!("a\0"), json!("x".repeat(256)), Value::Null]),
        ("org", vec![json!(""), json!("a/b"), json!(5), Value::Null]),
        ("client_id", vec![json!(57), json!("057"), json!("x"), json!("")]),
        ("session", vec![json!(""), json!(1)]),
        ("session_org", vec![json!("a b"), json!(["a"])]),
        ("fam", vec![json!("x"), json!(1)]),
        ("scopes", vec![json!("urn:a"), json!(["a b"]), json!([1]), json!({}), Value::Null]),
        ("roles", vec![json!([]), json!({"a": ["owner"]}), json!({"": "owner"}), json!({"a": ""}), Value::Null]),
    ] {
        refused_payloads(bad.into_iter().map(|value| with(payload(), member, Some(value))));
    }
    refused_payloads(["sub", "org"].map(|member| with(payload(), member, None)));
}
