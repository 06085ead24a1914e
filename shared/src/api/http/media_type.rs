//! The media types of requests and answers, and how `Content-Type` and `Content-Encoding` are read: RFC 9110 sections 8.3, 8.4.

use http::{HeaderMap, header};

/// The media type of JSON, RFC 8259.
pub(in crate::api) const JSON: &str = "application/json";

/// The media type of problem details, RFC 9457.
pub(in crate::api) const PROBLEM: &str = "application/problem+json";

/// The media type of merge patches, RFC 7396.
pub(in crate::api) const MERGE_PATCH: &str = "application/merge-patch+json";

/// Whether the body is JSON by its `Content-Type`: `application/json` in any case, with no charset but UTF-8.
pub(in crate::api) fn is_json(headers: &HeaderMap) -> bool {
    has_media_type(headers, JSON)
}

/// Whether the `Content-Type` names this media type, in any case, with no charset but UTF-8.
pub(in crate::api) fn has_media_type(headers: &HeaderMap, media_type: &str) -> bool {
    let Some(Ok(value)) = headers.get(header::CONTENT_TYPE).map(http::HeaderValue::to_str) else { return false };
    let mut parts = value.split(';').map(str::trim);
    let is_it = parts.next().is_some_and(|essence| essence.eq_ignore_ascii_case(media_type));
    is_it
        && parts.all(|parameter| match parameter.split_once('=') {
            Some((name, charset)) if name.trim().eq_ignore_ascii_case("charset") => {
                charset.trim().trim_matches('"').eq_ignore_ascii_case("utf-8")
            }
            _ => true,
        })
}

/// Whether the body is compressed or otherwise encoded, by its `Content-Encoding`. Nothing is inflated here: a few bytes could
/// become more than fit into memory.
pub(in crate::api) fn has_content_encoding(headers: &HeaderMap) -> bool {
    headers.get_all(header::CONTENT_ENCODING).iter().any(|value| !value.as_bytes().eq_ignore_ascii_case(b"identity"))
}
