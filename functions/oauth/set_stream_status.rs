//! `POST /ssf/status`: OpenID Shared Signals Framework 1.0 section 8.1.2.2.

use shared::api::http::{Answer, Dialect, Endpoint, Json, Route};
use shared::api::oauth::event_stream::{StatusBody, StatusView};
use shared::domain::Error;
use shared::oauth::bearer::ClientBearer;
use shared::oauth::event_streams::{Access, Receiver, STATUS_PATH, status};
use shared::platform::capabilities::StreamVerifier;

/// Enables, pauses or disables an event stream of the client. Needs an access token of its own with the scope `ssf.manage`.
#[derive(Debug)]
pub struct SetStreamStatus;

impl Endpoint for SetStreamStatus {
    const ROUTE: Route = Route::post("oauth.set_stream_status", STATUS_PATH, Dialect::OAuth).refuses(&[403, 404]);
    type Ports = StreamVerifier;
    type Input = (ClientBearer, Json<StatusBody>);
    type Output = Answer<200, StatusView<'static>>;

    async fn handle(ports: &StreamVerifier, (bearer, Json(body)): Self::Input) -> Result<Self::Output, Error> {
        let receiver = Receiver::authenticate(&ports.introspector, bearer, STATUS_PATH, Access::Manage).await?;
        let (status, reason) = body.read()?;
        let stream = status::set(ports, &receiver, &body.stream_id, status, reason).await?;
        Ok(Answer::from_body(&StatusView::from_stream(&stream))?)
    }
}
