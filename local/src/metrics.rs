//! Metrics for Prometheus, as text on a listener of their own: `--metrics`.
//!
//! Labels are names of endpoints, statuses and names of audit events: few, whoever calls, and never a secret. To add a metric,
//! register it in [`Metrics::new`].

use std::convert::Infallible;
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use http::{Method, Request, Response, StatusCode, header};
use http_body_util::Full;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use prometheus_client::encoding::{EncodeLabelSet, text};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::{Registry, Unit};
use shared::api::http::Observe;
use shared::platform::events::{Event, Publish, Unpublished};
use tokio::net::TcpListener;

/// The upper ends of the buckets of the histogram, in seconds.
const BUCKET_ENDS_SECONDS: [f64; 12] = [0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0];
const MEDIA_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
/// How long a scraper may take to send its request.
const HEADER_TIMEOUT: Duration = Duration::from_secs(10);

#[derive(Clone, Debug, EncodeLabelSet, Eq, Hash, PartialEq)]
struct RequestLabels {
    endpoint: &'static str,
    status: u16,
}

#[derive(Clone, Debug, EncodeLabelSet, Eq, Hash, PartialEq)]
struct EndpointLabels {
    endpoint: &'static str,
}

#[derive(Clone, Debug, EncodeLabelSet, Eq, Hash, PartialEq)]
struct EventLabels {
    action: &'static str,
}

/// Counts requests and audit events.
pub struct Metrics {
    registry: Registry,
    requests: Family<RequestLabels, Counter>,
    durations: Family<EndpointLabels, Histogram>,
    events: Family<EventLabels, Counter>,
    store_bytes: Gauge<u64, AtomicU64>,
    data_file: PathBuf,
}

impl Metrics {
    /// Makes the metrics of a service whose store is in this file.
    pub fn new(data_file: PathBuf) -> Self {
        let mut registry = Registry::with_prefix("jeton");
        let requests = Family::default();
        let durations: Family<_, Histogram> = Family::new_with_constructor(|| Histogram::new(BUCKET_ENDS_SECONDS));
        let (events, store_bytes) = (Family::default(), Gauge::default());
        registry.register("requests", "Requests, by endpoint and status", requests.clone());
        let name = "request_duration";
        registry.register_with_unit(name, "Time from request to answer, by endpoint", Unit::Seconds, durations.clone());
        registry.register(
            "events",
            "Changes that the audit trail told, by action: token.minted, token.revoked …",
            events.clone(),
        );
        registry.register_with_unit("store", "Size of the data file, without its log", Unit::Bytes, store_bytes.clone());
        registry.register("build", "The version of the program", Info::new([("version", env!("CARGO_PKG_VERSION"))]));
        Self { registry, requests, durations, events, store_bytes, data_file }
    }

    /// Writes all of them as text.
    ///
    /// # Errors
    /// None that is known: the text is written to memory.
    pub fn as_text(&self) -> Result<String, fmt::Error> {
        // With `--durability memory` there is no file.
        self.store_bytes.set(std::fs::metadata(&self.data_file).map_or(0, |file| file.len()));
        let mut whole = String::new();
        text::encode(&mut whole, &self.registry)?;
        Ok(whole)
    }
}

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Metrics")
    }
}

impl Observe for Metrics {
    fn answered(&self, endpoint: &'static str, status: StatusCode, took: Duration) {
        // A path at which nothing is has no endpoint, and could be anything.
        let endpoint = if endpoint.is_empty() { "none" } else { endpoint };
        self.requests.get_or_create(&RequestLabels { endpoint, status: status.as_u16() }).inc();
        self.durations.get_or_create(&EndpointLabels { endpoint }).observe(took.as_secs_f64());
    }
}

#[async_trait]
impl Publish for Metrics {
    async fn publish(&self, events: &[Event]) -> Result<(), Unpublished> {
        for event in events {
            self.events.get_or_create(&EventLabels { action: event.action }).inc();
        }
        Ok(())
    }
}

/// Answers `GET /metrics` until the task is aborted.
pub async fn serve(listener: TcpListener, metrics: Arc<Metrics>) {
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            // Out of file descriptors, say: connections that end will free some.
            tokio::time::sleep(Duration::from_millis(50)).await;
            continue;
        };
        let metrics = Arc::clone(&metrics);
        let answer = service_fn(move |request| std::future::ready(Ok::<_, Infallible>(answer(&metrics, &request))));
        let mut http = http1::Builder::new();
        let connection =
            http.timer(TokioTimer::new()).header_read_timeout(HEADER_TIMEOUT).serve_connection(TokioIo::new(stream), answer);
        tokio::spawn(async move {
            // A scraper that hangs up concerns nobody else.
            let _ = connection.await;
        });
    }
}

fn answer<B>(metrics: &Metrics, request: &Request<B>) -> Response<Full<Bytes>> {
    let (status, body) = match (request.method(), request.uri().path()) {
        (&Method::GET, "/metrics") => {
            metrics.as_text().map_or((StatusCode::INTERNAL_SERVER_ERROR, String::new()), |text| (StatusCode::OK, text))
        }
        (_, "/metrics") => (StatusCode::METHOD_NOT_ALLOWED, "This path takes GET.\n".to_owned()),
        _ => (StatusCode::NOT_FOUND, "The metrics are at /metrics.\n".to_owned()),
    };
    let mut response = Response::new(Full::new(body.into()));
    let media_type = if status == StatusCode::OK { MEDIA_TYPE } else { "text/plain" };
    response.headers_mut().insert(header::CONTENT_TYPE, http::HeaderValue::from_static(media_type));
    *response.status_mut() = status;
    response
}
