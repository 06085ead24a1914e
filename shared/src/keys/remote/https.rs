//! Reading key sets and the documents of strangers over HTTPS: HTTP/1.1 over rustls, with trust anchors that are compiled in. It knows of no proxy, follows no
//! redirect, and connects to nothing within the network that it runs in. `post` sends tokens to receivers by the same client.

use std::future::Future;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll};
use std::time::Duration;
use std::{fmt, io};

use async_trait::async_trait;
use bytes::Bytes;
use http::{HeaderMap, Request, Uri, header};
use http_body_util::{BodyExt as _, Empty, LengthLimitError, Limited};
use hyper::body::Body;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::connect::dns::{GaiResolver, Name};
use hyper_util::rt::TokioExecutor;
use tower_service::Service;

use super::web::{FetchDocuments, FetchFailure, Fetched, WebDocuments};
use super::{FetchKeySets, FetchedText, KeySets, Origins};
use crate::domain::{Clock, Fault, Seconds};

mod post;

impl KeySets {
    /// Makes the key sets at these origins, which are read over HTTPS. Opens no connection yet.
    pub fn over_https(origins: Origins) -> Self {
        if origins.is_empty() { Self::none() } else { Self::new(origins.clone(), Arc::new(Https::new(origins))) }
    }
}

impl WebDocuments {
    /// Makes the gate to the documents of strangers. `takes_loopback`: whether those of this very machine are read, too, over `http`. Opens no
    /// connection yet.
    pub fn over_https(clock: Arc<dyn Clock>, takes_loopback: bool) -> Self {
        Self::new(Arc::new(Web { takes_loopback, client: OnceLock::new() }), clock)
    }
}

/// How long a reading may take, from the name to the last byte.
const PATIENCE: Duration = Duration::from_secs(2);
/// How large a key set may be, in bytes.
const MAX_BODY_BYTES: usize = 65_536;

/// Reads key sets over HTTPS.
pub struct Https {
    origins: Arc<Origins>,
    /// Made when it is first needed, because most deployments read nothing.
    client: OnceLock<HttpClient>,
}

type HttpClient<B = Empty<Bytes>> = Client<HttpsConnector<HttpConnector<Resolver>>, B>;

impl Https {
    /// Makes a client that fetches from these origins only.
    pub fn new(origins: Origins) -> Self {
        Self { origins: Arc::new(origins), client: OnceLock::new() }
    }

    fn client(&self) -> &HttpClient {
        self.client.get_or_init(|| http_client(Arc::clone(&self.origins), 0))
    }

    async fn read(&self, url: Uri) -> Result<FetchedText, Fault> {
        let request = Request::get(url)
            .header(header::ACCEPT, "application/jwk-set+json, application/json")
            .header(header::USER_AGENT, "jeton")
            .body(Empty::new())
            .map_err(|e| fault().because(e))?;
        let answer = self.client().request(request).await.map_err(|e| fault().because(e))?;
        if answer.status() != 200 {
            return Err(fault().because(format!("the answer has the status {}", answer.status())));
        }
        let max_age = max_age(answer.headers());
        let body = Limited::new(answer.into_body(), MAX_BODY_BYTES).collect().await.map_err(|e| fault().because(e))?;
        let text = String::from_utf8(body.to_bytes().into()).map_err(|e| fault().because(e.utf8_error()))?;
        Ok(FetchedText { text, max_age })
    }
}

#[async_trait]
impl FetchKeySets for Https {
    async fn fetch(&self, url: &str) -> Result<FetchedText, Fault> {
        let uri: Uri = url.parse().map_err(|e: http::uri::InvalidUri| fault().because(e))?;
        if !self.origins.allow(url) {
            return Err(fault().because("its origin is not allowed"));
        }
        tokio::time::timeout(PATIENCE, self.read(uri)).await.unwrap_or_else(|e| Err(fault().because(e)))
    }
}

impl fmt::Debug for Https {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Https").field("origins", &self.origins).finish_non_exhaustive()
    }
}

/// Makes a client that connects to public addresses, and to those that are listed. Between two readings minutes pass, so that most keep no
/// connection.
fn http_client<B: Body<Data: Send> + Send>(origins: Arc<Origins>, max_idle_connections: usize) -> HttpClient<B> {
    let resolver = Resolver { origins, dns: GaiResolver::new() };
    let mut tcp = HttpConnector::new_with_resolver(resolver);
    tcp.enforce_http(false);
    tcp.set_connect_timeout(Some(PATIENCE));
    // Without TLS only where the caller allows it: of listed origins `Origin`, of strangers `Web`.
    let tls = HttpsConnectorBuilder::new().with_webpki_roots().https_or_http().enable_http1().wrap_connector(tcp);
    Client::builder(TokioExecutor::new()).pool_max_idle_per_host(max_idle_connections).build(tls)
}

/// Reads the documents of strangers.
struct Web {
    /// Whether those of this very machine are read, too.
    takes_loopback: bool,
    /// Made when it is first needed, because most deployments read nothing.
    client: OnceLock<HttpClient>,
}

/// How long the reading of a document may take, from the name to the last byte.
const PATIENCE_WITH_STRANGERS: Duration = Duration::from_secs(4);

impl Web {
    /// Whether the URL may be asked. An address instead of a name is never resolved, so nobody would check it later.
    fn allows(&self, url: &Uri) -> bool {
        let Some(host) = url.host() else { return false };
        let address = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>().ok();
        match (url.scheme_str(), address) {
            (Some("https"), None) => true,
            (Some("http"), Some(address)) => self.takes_loopback && address.is_loopback(),
            _ => false,
        }
    }

    async fn read(&self, url: Uri, etag: Option<&str>, max_bytes: usize) -> Result<Fetched, FetchFailure> {
        let client = self.client.get_or_init(|| http_client(Arc::default(), 0));
        let mut request = Request::get(url).header(header::ACCEPT, "application/json").header(header::USER_AGENT, "jeton");
        if let Some(etag) = etag {
            request = request.header(header::IF_NONE_MATCH, etag);
        }
        let request = request.body(Empty::new()).map_err(|_| FetchFailure::Refused)?;
        let answer = client.request(request).await.map_err(|_| FetchFailure::Unreachable)?;
        let max_age = max_age(answer.headers());
        match answer.status().as_u16() {
            200 => {}
            304 if etag.is_some() => return Ok(Fetched::Unchanged { max_age }),
            500.. => return Err(FetchFailure::Unreachable),
            _ => return Err(FetchFailure::Refused),
        }
        if !is_json(answer.headers()) {
            return Err(FetchFailure::Refused);
        }
        let etag = answer.headers().get(header::ETAG).and_then(|etag| etag.to_str().ok());
        let etag = etag.filter(|etag| etag.len() <= MAX_ETAG_BYTES).map(str::to_owned);
        let body = Limited::new(answer.into_body(), max_bytes).collect().await.map_err(|e| {
            let is_too_large = e.downcast_ref::<LengthLimitError>().is_some();
            if is_too_large { FetchFailure::Refused } else { FetchFailure::Unreachable }
        })?;
        let text = String::from_utf8(body.to_bytes().into()).map_err(|_| FetchFailure::Refused)?;
        Ok(Fetched::Document { text, etag, max_age })
    }
}

/// Longer ones aren't kept: the document is then read anew each time.
const MAX_ETAG_BYTES: usize = 256;

#[async_trait]
impl FetchDocuments for Web {
    async fn fetch(&self, url: &str, etag: Option<&str>, max_bytes: usize) -> Result<Fetched, FetchFailure> {
        let uri: Uri = url.parse().map_err(|_| FetchFailure::Refused)?;
        if !self.allows(&uri) {
            return Err(FetchFailure::Refused);
        }
        let reading = tokio::time::timeout(PATIENCE_WITH_STRANGERS, self.read(uri, etag, max_bytes));
        reading.await.unwrap_or(Err(FetchFailure::Unreachable))
    }
}

impl fmt::Debug for Web {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Web").field("takes_loopback", &self.takes_loopback).finish_non_exhaustive()
    }
}

/// The `max-age` of `Cache-Control`, in seconds: RFC 9111 section 5.2.2.1. What must not be kept is kept for as short as can be.
fn max_age(headers: &HeaderMap) -> Option<Seconds> {
    let all = headers.get_all(header::CACHE_CONTROL).into_iter().filter_map(|value| value.to_str().ok());
    let directives: Vec<_> = all.flat_map(|value| value.split(',')).map(|one| one.trim().to_ascii_lowercase()).collect();
    if directives.iter().any(|one| matches!(one.as_str(), "no-store" | "no-cache")) {
        return Some(Seconds(0));
    }
    let seconds = directives.iter().find_map(|one| one.strip_prefix("max-age="))?.trim_matches('"');
    let is_number = !seconds.is_empty() && seconds.bytes().all(|b| b.is_ascii_digit());
    is_number.then(|| seconds.parse().map_or(Seconds(u32::MAX), Seconds))
}

/// Whether the type is `application/json` or one that is built on it: RFC 6839 section 3.1.
fn is_json(headers: &HeaderMap) -> bool {
    let value = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let media_type = value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    media_type == "application/json" || media_type.starts_with("application/") && media_type.ends_with("+json")
}

fn fault() -> Fault {
    Fault::unavailable("reading the keys that others publish")
}

/// Resolves names to addresses that may be asked. Between this and the connection nobody can change what a name stands for.
#[derive(Clone)]
struct Resolver {
    origins: Arc<Origins>,
    dns: GaiResolver,
}

impl Service<Name> for Resolver {
    type Response = std::vec::IntoIter<SocketAddr>;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = io::Result<Self::Response>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.dns.poll_ready(context)
    }

    fn call(&mut self, name: Name) -> Self::Future {
        let (origins, found) = (Arc::clone(&self.origins), self.dns.call(name));
        Box::pin(async move {
            let may_be_asked = |found: &SocketAddr| is_public(found.ip()) || origins.name_address(found.ip());
            let addresses: Vec<_> = found.await?.filter(may_be_asked).collect();
            if addresses.is_empty() {
                return Err(io::Error::other("the name stands for no public address"));
            }
            Ok(addresses.into_iter())
        })
    }
}

/// Whether an address is one of the internet: the registries of special addresses, RFC 6890.
fn is_public(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    // This network, private, loopback; multicast, reserved, broadcast.
    let is_whole_net = matches!(a, 0 | 10 | 127 | 224..);
    // Shared by the customers of a carrier; link-local; private.
    let is_private = matches!((a, b), (100, 64..=127) | (169, 254) | (172, 16..=31) | (192, 168));
    // Protocol assignments, 6to4 relays, benchmarks, documentation.
    let is_special = matches!((a, b, c), (192, 0, 0 | 2) | (192, 88, 99) | (198, 18 | 19, _) | (198, 51, 100) | (203, 0, 113));
    !(is_whole_net || is_private || is_special)
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    let segments = address.segments();
    let embedded = |high: u16, low: u16| Ipv4Addr::from((u32::from(high) << 16) | u32::from(low));
    match segments {
        // NAT64 (RFC 6052) and 6to4 (RFC 3056) lead to an IPv4 address.
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] | [0x2002, high, low, ..] => is_public_v4(embedded(high, low)),
        // Teredo and other protocols; documentation.
        [0x2001, 0..0x200 | 0xdb8, ..] | [0x3fff, 0..0x1000, ..] => false,
        // Global unicast, RFC 4291 section 2.4.
        [first, ..] => first & 0xe000 == 0x2000,
    }
}

#[cfg(test)]
mod tests;
