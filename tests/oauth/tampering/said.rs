//! Tamperings with what a token says, under a good signature.

use serde_json::json;

use super::super::tenant::{ISSUER, NOW, text};
use super::Carrier;
use super::cases::{Case, Good};

/// It says who made it, and names a token that there is.
pub(super) fn ids(good: &Good) -> Vec<Case> {
    let mut claims = vec![
        ("jti", None),
        ("jti", Some(json!(""))),
        ("jti", Some(json!(5))),
        ("jti", Some(json!(["a"]))),
        ("jti", Some(json!({}))),
        ("jti", Some(json!(null))),
        ("jti", Some(json!("x".repeat(300)))),
        ("iss", None),
        ("iss", Some(json!(null))),
        ("iss", Some(json!("https://evil.example"))),
        ("iss", Some(json!([good.claims["iss"]]))),
        ("iss", Some(json!(5))),
        ("iss", Some(json!(format!("{}/", text(&good.claims["iss"]))))),
        ("iss", Some(json!(text(&good.claims["iss"]).to_uppercase() + " "))),
    ];
    if !good.carrier.is_assertion() {
        let id = text(&good.claims["jti"]);
        let last = if id.ends_with('0') { "1" } else { "0" };
        for other in
            [format!("{}{last}", &id[..id.len() - 1]), format!("{id} "), format!("../{id}"), "A".repeat(43), "0".repeat(32)]
        {
            claims.push(("jti", Some(json!(other))));
        }
        claims.extend([json!("6004"), json!("1"), json!(6_001), json!(""), json!([6_001])].map(|id| ("client_id", Some(id))));
    }
    claims.into_iter().map(|(name, value)| (format!("{name} {value:?}"), good.with_claim(name, value))).collect()
}

/// An assertion is short-lived, and for us alone.
pub(super) fn assertions(good: &Good) -> Vec<Case> {
    let many: Vec<String> = (0..300).map(|n| format!("https://{n}.example")).chain([ISSUER.to_owned()]).collect();
    let claims = [
        ("nbf", json!(NOW + 61)),
        ("nbf", json!("99999999999")),
        ("nbf", json!([NOW])),
        ("nbf", json!(true)),
        ("nbf", json!(-1)),
        ("exp", json!(NOW)),
        ("exp", json!(NOW - 1)),
        ("exp", json!(NOW - 300)),
        ("exp", json!(NOW + 3_600)),
        ("exp", json!(1.7e18)),
        ("exp", json!((NOW + 60).to_string())),
        ("exp", json!(-1)),
        ("exp", json!(null)),
        ("exp", json!({})),
        ("iat", json!(NOW + 61)),
        ("iat", json!(NOW - 315_360_000)),
        ("iat", json!("now")),
        ("iat", json!([NOW])),
        ("aud", json!("")),
        ("aud", json!("https://evil.example")),
        ("aud", json!(7)),
        ("aud", json!({})),
        ("aud", json!(null)),
        ("aud", json!([ISSUER, 7])),
        ("aud", json!([ISSUER, "https://evil.example"])),
        ("aud", json!(["https://evil.example"])),
        ("aud", json!(format!("{ISSUER}/"))),
        ("aud", json!(format!("{ISSUER}/oauth2/token"))),
        ("aud", json!(ISSUER.to_uppercase())),
        ("aud", json!(many)),
        ("sub", json!(5)),
        ("sub", json!(null)),
        ("sub", json!("")),
        ("sub", json!(["ann"])),
        ("sub", json!("nobody")),
    ];
    let mut cases: Vec<_> = claims.map(|(name, value)| (format!("{name} {value}"), good.with_claim(name, Some(value)))).into();
    if good.carrier == Carrier::ClientAssertion {
        // FAPI 2.0 section 5.3.2.1: only a string, while a platform's token may have a list of one.
        cases.push(("aud [ISSUER]".to_owned(), good.with_claim("aud", Some(json!([ISSUER])))));
    }
    cases.extend(["exp", "aud", "sub"].map(|name| (format!("no {name}"), good.with_claim(name, None))));
    cases
}

/// All that a member's token says must be what is recorded.
pub(super) fn members(good: &Good) -> Vec<Case> {
    let claims = [
        ("nbf", json!(NOW + 60)),
        ("nbf", json!("99999999999")),
        ("nbf", json!(true)),
        ("exp", json!(NOW)),
        ("exp", json!(NOW - 1)),
        ("exp", json!(NOW + 86_400)),
        ("exp", json!(1.7e18)),
        ("exp", json!("4102444800")),
        ("exp", json!(1_795_348_860.5)),
        ("exp", json!(-1)),
        ("exp", json!(null)),
        ("iat", json!(NOW + 61)),
        ("iat", json!(NOW - 1)),
        ("iat", json!("now")),
        ("iat", json!(null)),
        ("aud", json!(null)),
        ("aud", json!(7)),
        ("aud", json!({})),
        ("aud", json!("urn:api")),
        ("aud", json!(["urn:api", 7])),
        ("aud", json!(["urn:evil"])),
        ("aud", json!([])),
        ("sub", json!("administrator")),
        ("sub", json!(5)),
        ("sub", json!("")),
        ("org", json!("2")),
        ("org", json!("11")),
        ("org", json!(1)),
        ("scopes", json!(["urn:jeton:admin"])),
        ("scopes", json!("urn:jeton:admin")),
        ("roles", json!({"shop": "owner"})),
        ("session", json!("s-9")),
        ("session_org", json!("2")),
        ("fam", json!("0".repeat(32))),
    ];
    let mut cases: Vec<_> = claims.map(|(name, value)| (format!("{name} {value}"), good.with_claim(name, Some(value)))).into();
    cases.extend(["exp", "iat", "aud", "sub", "org"].map(|name| (format!("no {name}"), good.with_claim(name, None))));
    cases
}
