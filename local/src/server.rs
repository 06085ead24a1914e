//! HTTP/1.1 on a socket.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::{HeaderMap, HeaderName};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use shared::api::http::{CallerAddress, ClientCertificate, RequestId, Service};
use tokio::net::{TcpListener, TcpStream};

use crate::cors::Cors;

/// A client that takes longer than this to send its headers, or its body, is hung up on.
const PATIENCE: Duration = Duration::from_secs(30);
/// Requests that are under way when the server is stopped get so long to end.
const SHUTDOWN_TIMEOUT: Duration = Duration::from_secs(10);
/// Room for a request's line and headers, in bytes: API Gateway takes 10,240.
const HEAD: usize = 16_384;

/// What the server does about a request before and after the service.
#[derive(Clone, Debug, Default)]
pub struct Edge {
    /// The header in which a proxy that ends TLS tells the client's certificate. `None`: there is no such proxy.
    pub certificate_header: Option<HeaderName>,
    /// Whose web pages may call the server.
    pub cors: Cors,
}

/// Serves until `stopped`, then lets the requests under way end.
pub async fn serve(listener: TcpListener, service: Arc<Service>, edge: Edge, stopped: impl Future<Output = ()>) {
    let graceful = GracefulShutdown::new();
    let shared = Arc::new(Shared { service, edge, ids: RequestIds::new() });
    let mut stopped = std::pin::pin!(stopped);
    loop {
        let (stream, address) = tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, peer)) => (stream, peer.ip()),
                Err(error) => {
                    // Out of file descriptors, say: connections that end will free some.
                    tracing::warn!(%error, "can't accept a connection");
                    tokio::time::sleep(Duration::from_millis(50)).await;
                    continue;
                }
            },
            () = &mut stopped => break,
        };
        connect(stream, CallerAddress(Some(address)), &shared, &graceful);
    }
    drop(listener);
    if tokio::time::timeout(SHUTDOWN_TIMEOUT, graceful.shutdown()).await.is_err() {
        tracing::warn!("stopped with requests still under way");
    }
}

/// What all connections stand on.
struct Shared {
    service: Arc<Service>,
    edge: Edge,
    ids: RequestIds,
}

fn connect(stream: TcpStream, address: CallerAddress, shared: &Arc<Shared>, graceful: &GracefulShutdown) {
    // Answers are written whole: waiting for more to send would only delay them.
    let _ = stream.set_nodelay(true);
    let shared = Arc::clone(shared);
    let handler = service_fn(move |request| answer(Arc::clone(&shared), address, request));
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(PATIENCE)
        .max_buf_size(HEAD)
        .serve_connection(TokioIo::new(stream), handler);
    let connection = graceful.watch(connection);
    tokio::spawn(async move {
        // A client that hangs up or talks nonsense concerns nobody else.
        let _ = connection.await;
    });
}

async fn answer(
    shared: Arc<Shared>,
    address: CallerAddress,
    request: http::Request<Incoming>,
) -> Result<http::Response<Full<Bytes>>, std::io::Error> {
    let Shared { service, edge, ids } = &*shared;
    let (mut parts, body) = request.into_parts();
    parts.extensions.clear();
    parts.extensions.insert(ids.next());
    parts.extensions.insert(address);
    if let Some(certificate) = edge.certificate_header.as_ref().and_then(|name| certificate(&parts.headers, name)) {
        parts.extensions.insert(certificate);
    }
    let cors = edge.cors.headers(&parts);
    let reading = read(body, service.max_body_bytes(&parts));
    let body = tokio::time::timeout(PATIENCE, reading).await.map_err(|_| std::io::ErrorKind::TimedOut)??;
    let mut response = match edge.cors.preflight(&parts) {
        Some(response) => response,
        None => service.call(http::Request::from_parts(parts, body)).await,
    };
    response.headers_mut().extend(cors);
    Ok(response.map(Full::new))
}

/// The certificate in a header: one byte sequence, RFC 9440 section 2.1. What is there twice, or isn't one, is none.
fn certificate(headers: &HeaderMap, name: &HeaderName) -> Option<ClientCertificate> {
    let mut values = headers.get_all(name).iter();
    let (Some(value), None) = (values.next(), values.next()) else { return None };
    let base64 = value.to_str().ok()?.trim().strip_prefix(':')?.strip_suffix(':')?;
    Some(ClientCertificate(format!("-----BEGIN CERTIFICATE-----\n{base64}\n-----END CERTIFICATE-----\n")))
}

/// The body, or the beginning of one of more than `max_bytes`: enough for the service to see that it is too large.
async fn read(mut body: Incoming, max_bytes: usize) -> Result<Bytes, std::io::Error> {
    let mut whole = BytesMut::new();
    while let Some(frame) = body.frame().await {
        if let Ok(data) = frame.map_err(std::io::Error::other)?.into_data() {
            whole.extend_from_slice(&data);
        }
        if whole.len() > max_bytes {
            break;
        }
    }
    Ok(whole.freeze())
}

/// Ids for requests, for which there is no gateway to give them.
#[derive(Debug)]
struct RequestIds {
    process: u32,
    next: AtomicU64,
}

impl RequestIds {
    /// Begins to count, with the id of the process, for which it asks the system once: to ask is a system call.
    fn new() -> Self {
        Self { process: std::process::id(), next: AtomicU64::new(0) }
    }

    fn next(&self) -> RequestId {
        RequestId(format!("{}-{}", self.process, self.next.fetch_add(1, Ordering::Relaxed)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rfc9440_2_1_a_certificate_is_one_byte_sequence_in_one_header() {
        let name = HeaderName::from_static("client-cert");
        let read = |values: &[&str]| {
            let mut headers = HeaderMap::new();
            for value in values {
                headers.append(&name, value.parse().unwrap());
            }
            certificate(&headers, &name).map(|ClientCertificate(pem)| pem)
        };
        let pem = "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n";
        assert_eq!(read(&[":MAA=:"]).as_deref(), Some(pem));
        for none in [&[][..], &["MAA="], &[":MAA="], &["MAA=:"], &[""], &[":"], &[":MAA=:", ":MAA=:"]] {
            assert_eq!(read(none), None, "{none:?}");
        }
    }
}
