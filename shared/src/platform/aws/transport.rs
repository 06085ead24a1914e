//! The HTTP client below the SDK: HTTP/1.1 over rustls, with compiled-in trust anchors and a pool of connections.
//!
//! The SDK's own client is not used because it reads and parses the certificates of the machine in every cold start.

use std::error::Error;
use std::fmt;
use std::time::Duration;

use aws_sdk_dynamodb::config::{HttpClient, RuntimeComponents, SharedHttpClient};
use aws_smithy_runtime_api::client::connection::{CaptureSmithyConnection, ConnectionMetadata};
use aws_smithy_runtime_api::client::http::{HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::retry::ErrorKind;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::connect::{CaptureConnection, HttpConnector as Tcp, capture_connection};
use hyper_util::client::legacy::{Client, Error as ClientError};
use hyper_util::rt::{TokioExecutor, TokioTimer};

/// The timeout of opening a TCP connection, without the TLS handshake.
const CONNECT: Duration = Duration::from_millis(400);

/// How long an idle connection stays in the pool. AWS keeps it longer, so that a request never meets one that AWS has closed.
const IDLE: Duration = Duration::from_secs(15);

/// The connections to AWS, and to what hands out credentials.
pub(super) type Pool = Client<HttpsConnector<Tcp>, SdkBody>;

/// Returns a pool that opens connections when requests need them. It allows plain HTTP, for emulators.
pub(super) fn pool() -> Pool {
    let mut tcp = Tcp::new();
    tcp.enforce_http(false);
    tcp.set_nodelay(true);
    tcp.set_connect_timeout(Some(CONNECT));
    let tls = HttpsConnectorBuilder::new().with_webpki_roots().https_or_http().enable_http1().wrap_connector(tcp);
    let mut pool = Client::builder(TokioExecutor::new());
    pool.pool_timer(TokioTimer::new()).pool_idle_timeout(IDLE);
    pool.build(tls)
}

/// Returns a client of the SDK that uses these connections.
pub(super) fn client(pool: Pool) -> SharedHttpClient {
    SharedHttpClient::new(Transport(pool))
}

/// The connection pool, as the SDK wants to call it.
#[derive(Clone)]
struct Transport(Pool);

impl fmt::Debug for Transport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Transport")
    }
}

impl HttpClient for Transport {
    /// Ignores the settings of the SDK: they hold timeouts of connections, and here each attempt as a whole has one.
    fn http_connector(&self, _: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

impl HttpConnector for Transport {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let mut request = match request.try_into_http1x() {
            Ok(request) => request,
            Err(e) => return HttpConnectorFuture::ready(Err(ConnectorError::user(e.into()))),
        };
        let connection = capture_connection(&mut request);
        if let Some(capture) = request.extensions().get::<CaptureSmithyConnection>() {
            capture.set_connection_retriever(move || Some(to_be_dropped(connection.clone())));
        }
        let answer = self.0.request(request);
        HttpConnectorFuture::new(async move {
            let answer = answer.await.map_err(failed)?;
            HttpResponse::try_from(answer.map(SdkBody::from_body_1_x)).map_err(|e| ConnectorError::other(e.into(), None))
        })
    }
}

/// Gives the SDK a handle by which it keeps a connection that has failed out of the pool.
fn to_be_dropped(connection: CaptureConnection) -> ConnectionMetadata {
    let poison = move || {
        if let Some(connected) = connection.connection_metadata().as_ref() {
            connected.poison();
        }
    };
    ConnectionMetadata::builder().proxied(false).poison_fn(poison).build()
}

/// Classifies a failure for the SDK's retries. Whatever happens on the way to AWS and back is worth a retry: a connection that
/// was cut while the function was frozen, a name that wasn't resolved, a response that ended too early.
fn failed(error: ClientError) -> ConnectorError {
    let is_ours = error.source().and_then(|cause| cause.downcast_ref::<hyper::Error>()).is_some_and(hyper::Error::is_user);
    if is_ours {
        ConnectorError::user(error.into())
    } else if error.is_connect() {
        ConnectorError::io(error.into()).never_connected()
    } else {
        ConnectorError::other(error.into(), Some(ErrorKind::TransientError))
    }
}
