//! What a resource server hears: `/auth/introspection` and `/auth/introspection/standard` of Authlete's API.

use super::*;

#[test]
fn each_verdict_has_its_challenge() {
    let expected = [
        ("UNAUTHORIZED", "A063301", "DPoP error=\"invalid_token\""),
        ("UNAUTHORIZED", "A065301", "DPoP error=\"invalid_token\""),
        ("UNAUTHORIZED", "A065304", "DPoP error=\"invalid_token\""),
        ("UNAUTHORIZED", "A065302", "DPoP error=\"invalid_token\""),
        ("UNAUTHORIZED", "A065308", "DPoP error=\"invalid_dpop_proof\""),
        ("UNAUTHORIZED", "A065401", "DPoP error=\"insufficient_user_authentication\""),
        ("UNAUTHORIZED", "A065402", "DPoP error=\"insufficient_user_authentication\""),
        ("FORBIDDEN", "A064302", "DPoP error=\"insufficient_scope\""),
        ("FORBIDDEN", "A064303", "DPoP error=\"invalid_request\""),
        ("FORBIDDEN", "A064304", "DPoP error=\"invalid_target\""),
        ("OK", "A056001", "Bearer error=\"invalid_request\""),
    ];
    let verdicts = verdicts();
    assert_eq!(verdicts.len(), expected.len());
    for ((verdict, answer), (action, code, challenge)) in verdicts.iter().zip(expected) {
        // Of an unknown token nobody knows what it is bound to.
        let challenge = if *verdict == Verdict::Unknown { challenge.replace("DPoP", "Bearer") } else { challenge.to_owned() };
        assert_eq!((&answer["action"], &answer["resultCode"]), (&json!(action), &json!(code)), "{verdict:?}");
        assert!(answer["responseContent"].as_str().unwrap().starts_with(&challenge), "{verdict:?}: {answer}");
        assert_eq!(answer["existent"], *verdict != Verdict::Unknown);
    }
    let content = |n: usize| verdicts[n].1["responseContent"].as_str().unwrap().to_owned();
    assert!(content(5).contains(",acr_values=\"gold\"") && content(6).contains(",max_age=\"60\""));
    assert!(content(7).contains("'x y'") && content(7).contains(",scope=\"history.read x y\""), "{}", content(7));
    assert_eq!((&verdicts[7].1["sufficient"], &verdicts[7].1["scopes"][0]), (&json!(false), &json!("history.read")));
    assert_eq!(content(10), "Bearer error=\"invalid_request\"");
}

#[test]
fn a_resource_server_learns_nothing_hidden_unless_it_asks() {
    let found = FoundToken::Access(Box::new(access_token(true)));
    let issuer = Issuer::parse("https://a.example").unwrap();
    let content = |with_hidden| {
        let answer = json(&StandardIntrospectionResponse::from_token(Some(&found), &issuer, with_hidden).unwrap());
        serde_json::from_str::<Value>(answer["responseContent"].as_str().unwrap()).unwrap()
    };
    let (shown, all) = (content(false), content(true));
    assert_eq!((&shown["active"], &shown["shown"], shown.get("kept")), (&json!(true), &json!("v"), None));
    assert_eq!(all["kept"], "v");
    assert_eq!(shown["client_id"], "https://client.example/x?y=z", "by which it is known");
    let none = json(&StandardIntrospectionResponse::from_token(None, &issuer, true).unwrap());
    assert_eq!(none["responseContent"], r#"{"active":false}"#);
}
