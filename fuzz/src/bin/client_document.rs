//! Metadata documents of clients, and the URLs at which they are: what is taken keeps the rules.
#![no_main]

use libfuzzer_sys::fuzz_target;
use shared::auth::client::document::DocumentMetadata;
use shared::domain::ClientUrl;

fuzz_target!(|bytes: &[u8]| {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    if let Ok(url) = ClientUrl::parse(text) {
        assert_eq!(url.as_str(), text);
        assert!(text.is_ascii() && text.len() <= 512 && !text.contains(['#', '@', '\\', ' ']));
        assert!(!url.host().is_empty() && url.has_origin_of(text) && url.is_on_loopback() == text.starts_with("http:"));
        assert!(!text.split('?').next().unwrap().split('/').any(|segment| segment == ".."));
    }
    let url = ClientUrl::parse("https://a.example/c").unwrap();
    if let Ok(read) = DocumentMetadata::read(&url, text) {
        assert!(read.offers_none || read.offers_keys);
        assert!((1..=20).contains(&read.settings.redirect_uris.len()));
        assert!(read.settings.redirect_uris.iter().all(|uri| uri.is_permitted()));
        assert!(read.jwks_uri.is_none_or(|place| url.has_origin_of(&place)));
        assert!(!read.settings.jwks.is_some_and(|jwks| jwks.contains("\"d\":")));
    }
});
