//! `PATCH /ssf/stream`: OpenID Shared Signals Framework 1.0 section 8.1.1.3.

use shared::api::http::{Answer, Dialect, Endpoint, Json, Route};
use shared::api::oauth::event_stream::{StreamBody, StreamView};
use shared::domain::Error;
use shared::oauth::bearer::ClientBearer;
use shared::oauth::event_streams::{Access, CONFIGURATION_PATH, Receiver, configuration};
use shared::platform::capabilities::StreamWriter;

/// Changes what is said of an event stream of the client, and leaves the rest. `delivery` is replaced as a whole. Needs an access token of its own with the scope `ssf.manage`.
#[derive(Debug)]
pub struct PatchEventStream;

impl Endpoint for PatchEventStream {
    const ROUTE: Route = Route::patch("oauth.patch_event_stream", CONFIGURATION_PATH, Dialect::OAuth).refuses(&[403, 404]);
    type Ports = StreamWriter;
    type Input = (ClientBearer, Json<StreamBody>);
    type Output = Answer<200, StreamView<'static>>;

    async fn handle(ports: &StreamWriter, (bearer, Json(body)): Self::Input) -> Result<Self::Output, Error> {
        let receiver = Receiver::authenticate(&ports.introspector, bearer, CONFIGURATION_PATH, Access::Manage).await?;
        let issuer = ports.introspector.reader.keys.issuer();
        let changed = configuration::change(ports, &receiver, &body.stream_id, |there| body.updating(there, issuer)).await?;
        Ok(Answer::from_body(&StreamView::from_stream(&changed, issuer))?)
    }
}
