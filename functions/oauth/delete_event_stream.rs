//! `DELETE /ssf/stream`: OpenID Shared Signals Framework 1.0 section 8.1.1.5.

use shared::api::http::{Dialect, Endpoint, NoContent, Query, Route};
use shared::api::oauth::event_stream::StreamQuery;
use shared::domain::Error;
use shared::oauth::bearer::ClientBearer;
use shared::oauth::event_streams::{Access, CONFIGURATION_PATH, Receiver, configuration};
use shared::platform::capabilities::StreamRemover;

/// Deletes an event stream of the client, with what waits in it. Needs an access token of its own with the scope `ssf.manage`.
#[derive(Debug)]
pub struct DeleteEventStream;

impl Endpoint for DeleteEventStream {
    const ROUTE: Route = Route::delete("oauth.delete_event_stream", CONFIGURATION_PATH, Dialect::OAuth).refuses(&[403, 404]);
    type Ports = StreamRemover;
    type Input = (ClientBearer, Query<StreamQuery>);
    type Output = NoContent;

    async fn handle(ports: &StreamRemover, (bearer, Query(query)): Self::Input) -> Result<Self::Output, Error> {
        let receiver = Receiver::authenticate(&ports.introspector, bearer, CONFIGURATION_PATH, Access::Manage).await?;
        configuration::delete(ports, &receiver, &query.stream_id).await?;
        Ok(NoContent)
    }
}
