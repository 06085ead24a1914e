//! What the local server does besides what every mount does: for whoever runs it.

mod administrator;
mod audit;
mod cors;
mod health;
mod keys;
mod metrics;

use std::net::SocketAddr;
use std::sync::Arc;

use bytes::Bytes;
use http::{Request, Response};
use local::{Edge, Served};
use serde_json::json;
use shared::api::http::Service;
use shared::platform::LocalService;

use crate::support::{App, Mount, listen, over_http};

/// All that the local server answers, on what an app stands on.
fn local_service(app: &App) -> Service {
    let whole =
        LocalService { platform: app.platform.clone(), queue: Arc::new(app.queue.clone()), signalling: app.streams.signalling() };
    Service::new(&local::catalogue(), &Served { whole, rotator: None }).unwrap()
}

/// A service in process, behind the local server with an edge of its own.
pub(crate) struct Server {
    address: SocketAddr,
}

impl Server {
    async fn start(edge: Edge) -> Self {
        let app = App::new(Mount::InProcess).await;
        let resources = json!(["https://jeton.example/mcp", "https://mcp.example/mcp"]);
        app.seed(&json!({"orgs": [{"id": "1", "name": "Root", "settings": {"resources": resources}}]})).await.unwrap();
        Self { address: listen(app.service.clone(), edge).await }
    }

    /// Sends a request without a body.
    async fn send(&self, method: &str, path: &str, headers: &[(&str, &str)]) -> Response<Bytes> {
        let request = headers
            .iter()
            .fold(Request::builder().method(method).uri(path), |request, (name, value)| request.header(*name, *value));
        over_http(self.address, request.body(Bytes::new()).unwrap()).await
    }
}
