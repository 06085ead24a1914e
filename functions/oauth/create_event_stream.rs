//! `POST /ssf/stream`: OpenID Shared Signals Framework 1.0 section 8.1.1.1.

use shared::api::http::{Answer, Dialect, Endpoint, Json, Route};
use shared::api::oauth::event_stream::{NewStreamBody, StreamView};
use shared::domain::Error;
use shared::oauth::bearer::ClientBearer;
use shared::oauth::event_streams::{Access, CONFIGURATION_PATH, Receiver, configuration};
use shared::platform::capabilities::StreamCreator;

/// Creates an event stream of the client: from now on it is told of what happens in its org. Needs an access token of its own with the
/// scope `ssf.manage`.
#[derive(Debug)]
pub struct CreateEventStream;

impl Endpoint for CreateEventStream {
    const ROUTE: Route = Route::post("oauth.create_event_stream", CONFIGURATION_PATH, Dialect::OAuth).refuses(&[403, 409]);
    type Ports = StreamCreator;
    type Input = (ClientBearer, Json<NewStreamBody>);
    type Output = Answer<201, StreamView<'static>>;

    async fn handle(ports: &StreamCreator, (bearer, Json(body)): Self::Input) -> Result<Self::Output, Error> {
        let receiver = Receiver::authenticate(&ports.introspector, bearer, CONFIGURATION_PATH, Access::Manage).await?;
        let created = configuration::create(ports, &receiver, body.settings()?).await?;
        Ok(Answer::from_body(&StreamView::from_stream(&created, ports.introspector.reader.keys.issuer()))?)
    }
}
