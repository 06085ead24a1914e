//! `POST /ssf/poll/{stream_id}`: RFC 8936 section 2.

use shared::api::http::{Answer, Dialect, Endpoint, Json, Route};
use shared::api::oauth::event_stream::{PollBody, PollView, StreamPath};
use shared::domain::Error;
use shared::oauth::bearer::ClientBearer;
use shared::oauth::event_streams::poll::{POLL_PATH_BEFORE_STREAM, poll};
use shared::oauth::event_streams::{Access, POLL_PATH, Receiver};
use shared::platform::capabilities::SignalPoller;

/// Hands over the signals that wait in an event stream of the client, each a signed JWT, and forgets those that the client has or rejects.
/// It answers at once, also where nothing waits. Needs an access token of its own with the scope `ssf.read` or `ssf.manage`.
#[derive(Debug)]
pub struct PollSignals;

impl Endpoint for PollSignals {
    const ROUTE: Route = Route::post("oauth.poll_signals", POLL_PATH, Dialect::OAuth).refuses(&[403, 404]);
    type Ports = SignalPoller;
    type Input = (ClientBearer, StreamPath, Json<PollBody>);
    type Output = Answer<200, PollView<'static>>;

    async fn handle(ports: &SignalPoller, (bearer, StreamPath(id), Json(body)): Self::Input) -> Result<Self::Output, Error> {
        let path = format!("{POLL_PATH_BEFORE_STREAM}{id}");
        let receiver = Receiver::authenticate(&ports.introspector, bearer, &path, Access::Read).await?;
        let polled = poll(ports, &receiver, &id, &body.request()?).await?;
        Ok(Answer::from_body(&PollView::from_polled(&polled))?)
    }
}
