//! `Authorization` headers: of one scheme, and what is read from them can be sent again.
#![no_main]

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderValue, header};
use libfuzzer_sys::fuzz_target;
use shared::api::http::{FromRequest, MaybeBearer, Request};
use shared::auth::client::ClientCredentials;
use shared::oauth::token_endpoint::GrantRequest;

fuzz_target!(|bytes: &[u8]| {
    let Ok(value) = HeaderValue::from_bytes(bytes) else { return };
    let bearer = bearer(&[&value]);
    let basic = basic(&[&value]);
    assert!(bearer.is_none() || basic.is_none());
    if let Some(token) = bearer {
        assert!(value.to_str().unwrap().ends_with(&token) || bytes.ends_with(b" ") || bytes.ends_with(b"\t"));
        assert!(bytes[..7].eq_ignore_ascii_case(b"bearer ") && !token.is_empty() && token.trim() == token);
        let again = HeaderValue::try_from(format!("BEARER  {token} ")).unwrap();
        assert_eq!(self::bearer(&[&again]), Some(token));
        assert_eq!(self::bearer(&[&value, &value]), None);
    }
    if let Some((id, secret)) = basic {
        assert!(bytes[..6].eq_ignore_ascii_case(b"basic ") && id.len() + secret.len() < bytes.len());
        let encoded = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
        let again = format!("basic {}", STANDARD.encode(format!("{}:{}", encoded(&id), encoded(&secret))));
        assert_eq!(self::basic(&[&HeaderValue::try_from(again).unwrap()]), Some((id, secret)));
        assert_eq!(self::basic(&[&value, &value]), None);
    }
});

fn read<T: FromRequest>(values: &[&HeaderValue]) -> Option<T> {
    let mut request = http::Request::post("/oauth2/token").header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
    for value in values {
        request = request.header(header::AUTHORIZATION, *value);
    }
    let (parts, ()) = request.body(()).unwrap().into_parts();
    T::from_request(&Request { parts: &parts, body: b"grant_type=client_credentials", path: Vec::new() }).ok()
}

fn bearer(values: &[&HeaderValue]) -> Option<String> {
    read::<MaybeBearer>(values)?.0.map(|bearer| bearer.token().to_owned())
}

fn basic(values: &[&HeaderValue]) -> Option<(String, String)> {
    let GrantRequest { credentials, .. } = read(values)?;
    let ClientCredentials { id: Some(id), secret: Some(secret), .. } = credentials else { panic!("neither scheme is taken") };
    Some((id, secret.expose().clone()))
}
