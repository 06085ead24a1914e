//! What strangers can't say of their clients.

use super::{Members, MetadataValue};
use crate::domain::{ClientAuthMethod, Refusal};
use crate::oauth::registration::Registration;

/// The most bytes of a body, as JSON.
const MAX_BODY_BYTES: usize = 8_192;
/// The most characters of a text that is shown to people.
const MAX_TEXT_CHARS: usize = 200;
/// The most bytes of a URL.
const MAX_URL_BYTES: usize = 512;
/// The most redirect URIs.
const MAX_REDIRECT_URIS: usize = 50;

/// What proves who a client is by keys of its own.
const KEYS: [&str; 6] = [
    "jwks",
    "tls_client_auth_subject_dn",
    "tls_client_auth_san_dns",
    "tls_client_auth_san_uri",
    "tls_client_auth_san_ip",
    "tls_client_auth_san_email",
];

/// Checks a body before it is read.
pub(super) fn check(members: &Members<'_>) -> Result<(), Refusal> {
    let is_small = serde_json::to_string(members.body).is_ok_and(|json| json.len() <= MAX_BODY_BYTES);
    if !is_small {
        return Err(Refusal::invalid("", "the body must be at most 8,192 bytes without an initial access token"));
    }
    match KEYS.iter().find(|name| members.given(name).is_some()) {
        Some(name) => Err(Refusal::invalid(*name, "must not be given without an initial access token")),
        None => Ok(()),
    }
}

/// Checks what was read of a body.
pub(super) fn check_kept(said: &Registration) -> Result<(), Refusal> {
    match said.auth_method {
        ClientAuthMethod::None | ClientAuthMethod::ClientSecretBasic | ClientAuthMethod::ClientSecretPost => {}
        ClientAuthMethod::PrivateKeyJwt | ClientAuthMethod::TlsClientAuth | ClientAuthMethod::SelfSignedTlsClientAuth => {
            let rule = "must be none, client_secret_basic or client_secret_post without an initial access token";
            return Err(Refusal::invalid("token_endpoint_auth_method", rule));
        }
    }
    let uris = [("redirect_uris", &said.redirect_uris), ("post_logout_redirect_uris", &said.post_logout_redirect_uris)];
    if let Some((name, _)) = uris.iter().find(|(_, uris)| uris.len() > MAX_REDIRECT_URIS) {
        return Err(Refusal::invalid(*name, "must be at most 50 URIs"));
    }
    // Loopback addresses are let in whatever the type is: many apps say none, which is `web`.
    let is_web = said.metadata.get("application_type") == Some(&MetadataValue::Text("web".to_owned()));
    let is_of_app = |uri: &str| !uri.starts_with("https:") && !uri.starts_with("http:");
    let of_app = uris.iter().find(|(_, uris)| uris.iter().any(|uri| is_of_app(uri.as_str())));
    if let Some((name, _)) = of_app.filter(|_| is_web) {
        return Err(Refusal::invalid(*name, "must be https, or http on the loopback interface, where application_type is web"));
    }
    if said.name.as_ref().is_some_and(|name| name.chars().count() > MAX_TEXT_CHARS) {
        return Err(Refusal::invalid("client_name", "must be at most 200 characters"));
    }
    let is_short = |text: &String| {
        if text.contains("://") { text.len() <= MAX_URL_BYTES } else { text.chars().count() <= MAX_TEXT_CHARS }
    };
    for (member, value) in said.metadata.iter() {
        let is_good = match value {
            MetadataValue::Flag(_) | MetadataValue::Number(_) => true,
            MetadataValue::Text(text) => is_short(text),
            MetadataValue::Texts(items) => items.iter().all(is_short),
            MetadataValue::Localized(items) => items.iter().all(|(_, text)| is_short(text)),
        };
        if !is_good {
            let name = member.name.trim_end_matches('#');
            return Err(Refusal::invalid(name, "must be at most 200 characters, or 512 bytes if it is a URL"));
        }
    }
    Ok(())
}
