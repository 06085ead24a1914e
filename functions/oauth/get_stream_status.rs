//! `GET /ssf/status`: OpenID Shared Signals Framework 1.0 section 8.1.2.1.

use shared::api::http::{Answer, Dialect, Endpoint, Query, Route};
use shared::api::oauth::event_stream::{StatusView, StreamQuery};
use shared::domain::Error;
use shared::oauth::bearer::ClientBearer;
use shared::oauth::event_streams::{Access, Receiver, STATUS_PATH, configuration};
use shared::platform::capabilities::StreamReader;

/// Tells whether the signals of an event stream of the client are sent. Needs an access token of its own with the scope `ssf.read` or
/// `ssf.manage`.
#[derive(Debug)]
pub struct GetStreamStatus;

impl Endpoint for GetStreamStatus {
    const ROUTE: Route = Route::get("oauth.get_stream_status", STATUS_PATH, Dialect::OAuth).refuses(&[403, 404]);
    type Ports = StreamReader;
    type Input = (ClientBearer, Query<StreamQuery>);
    type Output = Answer<200, StatusView<'static>>;

    async fn handle(ports: &StreamReader, (bearer, Query(query)): Self::Input) -> Result<Self::Output, Error> {
        let receiver = Receiver::authenticate(&ports.introspector, bearer, STATUS_PATH, Access::Read).await?;
        let stream = configuration::read(ports, &receiver, &query.stream_id).await?;
        Ok(Answer::from_body(&StatusView::from_stream(&stream))?)
    }
}
