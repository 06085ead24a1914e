//! Reading key sets over HTTPS: HTTP/1.1 over rustls, with trust anchors that are compiled in. It knows of no proxy, follows no
//! redirect, and connects to nothing within the network that it runs in.

use std::future::Future;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll};
use std::time::Duration;
use std::{fmt, io};

use async_trait::async_trait;
use bytes::Bytes;
use http::{Request, Uri, header};
use http_body_util::{BodyExt as _, Empty, Limited};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::connect::dns::{GaiResolver, Name};
use hyper_util::rt::TokioExecutor;
use tower_service::Service;

use super::{FetchKeySets, KeySets, Origins};
use crate::domain::Fault;

impl KeySets {
    /// Makes the key sets at these origins, which are read over HTTPS. Opens no connection yet.
    pub fn over_https(origins: Origins) -> Self {
        if origins.is_empty() { Self::none() } else { Self::new(origins.clone(), Arc::new(Https::new(origins))) }
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

type HttpClient = Client<HttpsConnector<HttpConnector<Resolver>>, Empty<Bytes>>;

impl Https {
    /// Makes a client that fetches from these origins only.
    pub fn new(origins: Origins) -> Self {
        Self { origins: Arc::new(origins), client: OnceLock::new() }
    }

    fn client(&self) -> &HttpClient {
        self.client.get_or_init(|| {
            let resolver = Resolver { origins: Arc::clone(&self.origins), dns: GaiResolver::new() };
            let mut tcp = HttpConnector::new_with_resolver(resolver);
            tcp.enforce_http(false);
            tcp.set_connect_timeout(Some(PATIENCE));
            // Without TLS only where `Origin` allows it.
            let tls = HttpsConnectorBuilder::new().with_webpki_roots().https_or_http().enable_http1().wrap_connector(tcp);
            // Between two readings minutes pass.
            Client::builder(TokioExecutor::new()).pool_max_idle_per_host(0).build(tls)
        })
    }

    async fn read(&self, url: Uri) -> Result<String, Fault> {
        let request = Request::get(url)
            .header(header::ACCEPT, "application/jwk-set+json, application/json")
            .header(header::USER_AGENT, "jeton")
            .body(Empty::new())
            .map_err(|e| fault().because(e))?;
        let answer = self.client().request(request).await.map_err(|e| fault().because(e))?;
        if answer.status() != 200 {
            return Err(fault().because(format!("the answer has the status {}", answer.status())));
        }
        let body = Limited::new(answer.into_body(), MAX_BODY_BYTES).collect().await.map_err(|e| fault().because(e))?;
        String::from_utf8(body.to_bytes().into()).map_err(|e| fault().because(e.utf8_error()))
    }
}

#[async_trait]
impl FetchKeySets for Https {
    async fn fetch(&self, url: &str) -> Result<String, Fault> {
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

fn fault() -> Fault {
    Fault::unavailable("reading the key set of an issuer of assertions")
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
