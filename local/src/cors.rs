//! Which web pages may call the server: the CORS protocol of the Fetch standard. In AWS the gateway speaks it, with the same lists.

use std::fmt;
use std::str::FromStr;

use bytes::Bytes;
use functions::agilicus::agilicus_jwks::AgilicusJwks;
use functions::jeton::jwks::Jwks;
use functions::jeton::openapi::Openapi;
use functions::oauth::metadata::GetMetadata;
use functions::oauth::openid_configuration::OpenIdConfiguration;
use functions::oauth::org_resource_metadata::GetOrgResourceMetadata;
use functions::oauth::resource_metadata::GetResourceMetadata;
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Method, Response, StatusCode, Uri, header};
use shared::api::http::{Endpoint as _, Route};
use shared::domain::Invalid;

/// The methods that a page may use.
pub const ALLOWED_METHODS: &str = "DELETE, GET, PATCH, POST, PUT";
/// The request headers that a page may set.
pub const ALLOWED_HEADERS: &str = "authorization, content-type, dpop, if-match, if-none-match, mcp-protocol-version";
/// The response headers that a page may read, besides those that any page may.
pub const EXPOSED_HEADERS: &str = "dpop-nonce, etag, location, retry-after, www-authenticate";
/// How long a browser may remember the answer to a preflight, in seconds.
pub const MAX_AGE_SECONDS: &str = "3600";

/// The documents that anybody may read, and so pages of any origin.
static DOCUMENTS: [Route; 7] = [
    AgilicusJwks::ROUTE,
    GetMetadata::ROUTE,
    GetOrgResourceMetadata::ROUTE,
    GetResourceMetadata::ROUTE,
    Jwks::ROUTE,
    OpenIdConfiguration::ROUTE,
    Openapi::ROUTE,
];

const ANY: HeaderValue = HeaderValue::from_static("*");

/// The origin of a web page as browsers write it, such as `https://app.example`, or `*` for all.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct PageOrigin(HeaderValue);

impl FromStr for PageOrigin {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        const RULE: Invalid = Invalid(
            "must be * or an origin as browsers send it: scheme, host and, unless it is the usual one, port, in lower case and \
             without a slash at the end, such as https://app.example or http://localhost:5173",
        );
        if text != "*" && !is_origin(text) {
            return Err(RULE);
        }
        HeaderValue::from_str(text).map(Self).map_err(|_| RULE)
    }
}

impl fmt::Display for PageOrigin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.to_str().unwrap_or_default())
    }
}

/// Whether a browser would write an origin so (RFC 6454 section 6.2). What it writes otherwise would never match.
fn is_origin(text: &str) -> bool {
    let Ok(url) = text.parse::<Uri>() else { return false };
    let (Some(scheme), Some(authority)) = (url.scheme_str(), url.authority()) else { return false };
    let port = authority.as_str().strip_prefix(authority.host());
    let is_usual_port = matches!((scheme, port), ("http", Some(":80")) | ("https", Some(":443")));
    let has_good_port = port == Some("") || authority.port_u16().is_some_and(|port| port != 0) && !is_usual_port;
    // A browser matches no patterns.
    text == format!("{scheme}://{authority}") && text == text.to_ascii_lowercase() && has_good_port && !text.contains(['*', '@'])
}

/// Whose web pages may call the server.
#[derive(Clone, Debug, Default)]
pub struct Cors(Vec<PageOrigin>);

impl Cors {
    /// Lets pages of these origins call the server. Those of others may read no more than the public documents.
    pub fn new(origins: Vec<PageOrigin>) -> Self {
        Self(origins)
    }

    /// Answers the preflight of a request that the page may make. `None`: it isn't one, or the page may not.
    pub(crate) fn preflight(&self, request: &Parts) -> Option<Response<Bytes>> {
        if request.method != Method::OPTIONS || !request.headers.contains_key(header::ACCESS_CONTROL_REQUEST_METHOD) {
            return None;
        }
        self.allowed(request)?;
        let mut response = Response::new(Bytes::new());
        *response.status_mut() = StatusCode::NO_CONTENT;
        let headers = response.headers_mut();
        headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static(ALLOWED_METHODS));
        headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, HeaderValue::from_static(ALLOWED_HEADERS));
        headers.insert(header::ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static(MAX_AGE_SECONDS));
        Some(response)
    }

    /// Returns what is to be told the page about the answer to this request, whatever that is.
    pub(crate) fn headers(&self, request: &Parts) -> HeaderMap {
        let mut headers = HeaderMap::new();
        // Caches must not give the answer for one page to another.
        if !self.0.is_empty() && !self.is_open(request) {
            headers.insert(header::VARY, HeaderValue::from_static("origin"));
        }
        if let Some(origin) = self.allowed(request) {
            headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
            headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static(EXPOSED_HEADERS));
        }
        headers
    }

    /// The origin that may read the answer, if the one of the request may.
    fn allowed(&self, request: &Parts) -> Option<HeaderValue> {
        let origin = request.headers.get(header::ORIGIN)?;
        if self.is_open(request) {
            return Some(ANY);
        }
        self.0.iter().any(|allowed| allowed.0 == origin).then(|| origin.clone())
    }

    /// Whether pages of any origin may make this request.
    fn is_open(&self, request: &Parts) -> bool {
        self.0.iter().any(|allowed| allowed.0 == ANY) || is_document(request.uri.path())
    }
}

fn is_document(path: &str) -> bool {
    let mut paths = DOCUMENTS.iter().flat_map(Route::paths);
    paths.any(|known| known.split_once('{').map_or(known == path, |(front, _)| path.starts_with(front)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_is_written_as_browsers_write_it() {
        for good in [
            "*",
            "https://app.example",
            "http://localhost:5173",
            "http://[::1]:8080",
            "tauri://localhost",
            "https://a.example:8443",
        ] {
            assert_eq!(good.parse::<PageOrigin>().unwrap().to_string(), good);
        }
        for bad in [
            "",
            "null",
            "app.example",
            "https://",
            "https://app.example/",
            "https://app.example/x",
            "https://app.example?x",
            "https://App.example",
            "HTTPS://app.example",
            "https://app.example:443",
            "http://app.example:80",
            "http://app.example:0",
            "http://app.example:",
            "https://u@app.example",
            "https://*.app.example",
            "https://a.example https://b.example",
            "https://a.example\n",
        ] {
            let error = bad.parse::<PageOrigin>().unwrap_err();
            assert!(error.0.contains("https://app.example"), "{bad}");
        }
    }
}
