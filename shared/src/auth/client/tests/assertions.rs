//! `private_key_jwt`: RFC 7523.

use super::*;

#[test]
fn rfc7523_3_an_assertion_is_by_the_client_for_the_issuer_and_short_lived() {
    for (claim, value, good) in [
        ("iss", None, false),
        ("iss", Some(json!("8")), false),
        ("sub", None, false),
        ("sub", Some(json!("8")), false),
        ("aud", None, false),
        ("aud", Some(json!([ISSUER])), false),
        ("aud", Some(json!([ISSUER, "https://other.example.com"])), false),
        ("aud", Some(json!(format!("{ISSUER}/"))), false),
        ("aud", Some(json!(format!("{ISSUER}/oauth2/token"))), false),
        ("exp", None, false),
        ("exp", Some(json!(NOW)), false),
        ("exp", Some(json!(NOW - 300)), false),
        ("exp", Some(json!(NOW + 300)), true),
        ("exp", Some(json!(NOW + 361)), false),
        ("exp", Some(json!(format!("{}", NOW + 60))), false),
        ("iat", None, true),
        ("iat", Some(json!(NOW + 8)), true),
        ("iat", Some(json!(NOW + 61)), false),
        ("iat", Some(json!(NOW - 361)), false),
        ("iat", Some(json!("now")), false),
        ("nbf", Some(json!(NOW + 8)), true),
        ("nbf", Some(json!(NOW + 61)), false),
        ("jti", None, false),
        ("jti", Some(json!("")), false),
        ("jti", Some(json!(7)), false),
        ("jti", Some(json!("x".repeat(257))), false),
    ] {
        // Its subject names the client, unless it is named beside it.
        let credentials = assertion(&header(), &with(payload(), claim, value.clone()));
        let credentials = ClientCredentials { id: Some("7".to_owned()), ..credentials };
        let expected = if good { Ok(7) } else { Err(Denial::ClientAssertionInvalid) };
        assert_eq!(client_verified_by(PrivateKeyJwt, &credentials), expected, "{claim} {value:?}");
    }
    let by_alias = with(with(payload(), "iss", Some("client-7".into())), "sub", Some("client-7".into()));
    assert_eq!(client_verified_by(PrivateKeyJwt, &assertion(&header(), &by_alias)), Ok(7));
    let mixed = with(payload(), "sub", Some("client-7".into()));
    assert_eq!(
        client_verified_by(PrivateKeyJwt, &assertion(&header(), &mixed)),
        Err(Denial::ClientAssertionInvalid),
        "iss is sub"
    );
}

#[test]
fn rfc7521_4_2_a_client_id_beside_an_assertion_names_the_same_client() {
    let clients = [client(7, PrivateKeyJwt), client(8, PrivateKeyJwt)];
    let check = |id: &str| {
        let credentials = ClientCredentials { id: Some(id.to_owned()), ..assertion(&header(), &payload()) };
        with_clients(&clients, &Memory::default(), &credentials).map(|client| client.client().id.as_number())
    };
    assert_eq!(check("7"), Ok(7));
    assert_eq!(check("client-7"), Err(Denial::ClientAssertionInvalid), "by the same name");
    assert_eq!(check("8"), Err(Denial::ClientAssertionInvalid));
    assert_eq!(check("nobody"), Err(Denial::ClientAssertionInvalid));
}

#[test]
fn an_assertion_is_signed_by_a_key_of_the_client() {
    let named = |credentials| ClientCredentials { id: Some("7".to_owned()), ..credentials };
    let without_kid = with(header(), "kid", None);
    assert_eq!(client_verified_by(PrivateKeyJwt, &assertion(&without_kid, &payload())), Ok(7));
    let second = LocalSigner::for_tests(Algorithm::Ps256);
    let by_second = signed_by(&second, json!({"alg": "PS256"}).to_string(), payload().to_string());
    assert_eq!(client_verified_by(PrivateKeyJwt, &asserting(&by_second)), Ok(7));
    let other = LocalSigner::for_tests(Algorithm::EdDsa);
    let jwk = jwk::to_json(other.jwk());
    for (signer, header) in [
        (&other, json!({"alg": "EdDSA"})),
        (&other, json!({"alg": "EdDSA", "jwk": jwk})),
        (&other, header()),
        (&second, json!({"alg": "RS256"})),
        (&second, json!({"alg": "PS256", "kid": "x"})),
        (&second, json!({"alg": "PS256", "crit": ["x"], "x": 1})),
        (&second, json!({"alg": "PS256", "typ": "dpop+jwt"})),
        (&second, json!({"alg": "PS256", "typ": "at+jwt"})),
    ] {
        let forged = named(asserting(&signed_by(signer, header.to_string(), payload().to_string())));
        assert_eq!(client_verified_by(PrivateKeyJwt, &forged), Err(Denial::ClientAssertionInvalid), "{header}");
    }
    for typ in ["JWT", "client-authentication+jwt"] {
        assert_eq!(
            client_verified_by(PrivateKeyJwt, &assertion(&with(header(), "typ", Some(typ.into())), &payload())),
            Ok(7),
            "{typ}"
        );
    }
    let mut keyless = client(7, PrivateKeyJwt);
    keyless.settings.jwks = None;
    let denied = with_clients(&[keyless], &Memory::default(), &assertion(&header(), &payload())).map(drop);
    assert_eq!(denied, Err(Denial::ClientAssertionInvalid));
    for bad in ["x", "a.b.c"] {
        assert_eq!(client_verified_by(PrivateKeyJwt, &named(asserting(bad))), Err(Denial::ClientAssertionInvalid), "{bad}");
    }
    let unsigned = format!("{}.{}.", URL_SAFE_NO_PAD.encode(r#"{"alg":"none"}"#), URL_SAFE_NO_PAD.encode(payload().to_string()));
    assert_eq!(client_verified_by(PrivateKeyJwt, &named(asserting(&unsigned))), Err(Denial::ClientAssertionInvalid));
    let mut of_another_type = assertion(&header(), &payload());
    of_another_type.form.assertion_type = Some("urn:ietf:params:oauth:client-assertion-type:saml2-bearer".to_owned());
    assert_eq!(client_verified_by(PrivateKeyJwt, &of_another_type), Err(Denial::ClientAssertionInvalid));
    of_another_type.form.assertion_type = None;
    assert_eq!(client_verified_by(PrivateKeyJwt, &of_another_type), Err(Denial::ClientAssertionInvalid));
}

#[test]
fn an_assertion_is_used_once_by_its_client() {
    let clients = [client(7, PrivateKeyJwt), client(8, PrivateKeyJwt)];
    let memory = Memory::default();
    let good = assertion(&header(), &payload());
    assert!(with_clients(&clients, &memory, &good).is_ok());
    assert_eq!(with_clients(&clients, &memory, &good).map(drop), Err(Denial::ClientAssertionReplayed));
    let of_8 = with(with(payload(), "iss", Some("8".into())), "sub", Some("8".into()));
    assert!(with_clients(&clients, &memory, &assertion(&header(), &of_8)).is_ok(), "the same jti of another client");
    let used: Vec<_> = memory.0.lock().unwrap().iter().map(|(_, purpose, _)| *purpose).collect();
    assert_eq!(used, ["assertion", "assertion"]);
}

#[test]
fn an_assertion_that_proves_nothing_is_not_used_up() {
    let memory = Memory::default();
    let forged = signed_by(&LocalSigner::for_tests(Algorithm::EdDsa), header().to_string(), payload().to_string());
    assert!(with_clients(&[client(7, PrivateKeyJwt)], &memory, &asserting(&forged)).is_err());
    let late = assertion(&header(), &with(payload(), "exp", Some(json!(NOW))));
    assert!(with_clients(&[client(7, PrivateKeyJwt)], &memory, &late).is_err());
    assert!(memory.0.lock().unwrap().is_empty());
}

#[test]
fn an_assertion_by_a_shared_secret_is_refused_clearly() {
    let mac = URL_SAFE_NO_PAD.encode([0; 32]);
    for alg in ["HS256", "HS512"] {
        let parts = [json!({"alg": alg}), payload()].map(|json| URL_SAFE_NO_PAD.encode(json.to_string()));
        let credentials = asserting(&format!("{}.{}.{mac}", parts[0], parts[1]));
        for method in [ClientSecretBasic, PrivateKeyJwt] {
            assert_eq!(client_verified_by(method, &credentials), Err(Denial::ClientAuthMethodUnsupported));
        }
    }
}
