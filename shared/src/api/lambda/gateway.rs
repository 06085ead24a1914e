//! What the events of API Gateway have in common, whoever reads them: the caller's certificate, and paths.

use std::net::IpAddr;

use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use serde::Deserialize;

/// The other side of the TLS connection.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Peer {
    client_cert: Option<Certificate>,
    source_ip: Option<IpAddr>,
}

impl Peer {
    /// Its address, if the event has it here.
    pub(super) fn address(&self) -> Option<IpAddr> {
        self.source_ip
    }

    /// Its certificate in PEM, which API Gateway has verified.
    pub(super) fn certificate(&self) -> Option<&str> {
        self.client_cert.as_ref()?.client_cert_pem.as_deref().filter(|pem| !pem.is_empty())
    }
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Certificate {
    client_cert_pem: Option<String>,
}

/// The path of an event of payload 2.0, encoded once. A function URL leaves it as it was sent. An HTTP API has decoded it: a percent
/// sign there begins no escape.
pub(super) fn path_as_sent(path: &str, domain: Option<&str>) -> String {
    let is_function_url = domain.is_some_and(|domain| domain.contains(".lambda-url."));
    if is_function_url { path.to_owned() } else { path.replace('%', "%25") }
}

/// A path in which what no path may have in it is encoded.
pub(super) fn encoded_path(path: &str) -> String {
    utf8_percent_encode(path, NOT_IN_PATH).to_string()
}

/// RFC 9112 section 3.2, and what would begin a fragment.
pub(super) const NOT_IN_TARGET: &AsciiSet =
    &CONTROLS.add(b' ').add(b'"').add(b'#').add(b'<').add(b'>').add(b'\\').add(b'^').add(b'`').add(b'{').add(b'|').add(b'}');

/// Here a question mark would begin the query.
const NOT_IN_PATH: &AsciiSet = &NOT_IN_TARGET.add(b'?');
