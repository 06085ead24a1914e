//! `GET /ssf/stream`: OpenID Shared Signals Framework 1.0 section 8.1.1.2.

use shared::api::http::{Answer, Dialect, Endpoint, Query, Route};
use shared::api::oauth::event_stream::{MaybeStreamQuery, StreamView, StreamViews};
use shared::domain::Error;
use shared::oauth::bearer::ClientBearer;
use shared::oauth::event_streams::{Access, CONFIGURATION_PATH, Receiver, configuration};
use shared::platform::capabilities::StreamLister;

/// Shows an event stream of the client or, where none is named, a list of all. Needs an access token of its own with the scope `ssf.read`
/// or `ssf.manage`.
#[derive(Debug)]
pub struct GetEventStream;

impl Endpoint for GetEventStream {
    const ROUTE: Route = Route::get("oauth.get_event_stream", CONFIGURATION_PATH, Dialect::OAuth).refuses(&[403, 404]);
    type Ports = StreamLister;
    type Input = (ClientBearer, Query<MaybeStreamQuery>);
    type Output = Answer<200, StreamViews<'static>>;

    async fn handle(ports: &StreamLister, (bearer, Query(query)): Self::Input) -> Result<Self::Output, Error> {
        let receiver = Receiver::authenticate(&ports.reader.introspector, bearer, CONFIGURATION_PATH, Access::Read).await?;
        let issuer = ports.reader.introspector.reader.keys.issuer();
        let Some(id) = query.stream_id else {
            let all = configuration::list(ports, &receiver).await?;
            let views = all.iter().map(|stream| StreamView::from_stream(stream, issuer)).collect();
            return Ok(Answer::from_body(&StreamViews::All(views))?);
        };
        let stream = configuration::read(&ports.reader, &receiver, &id).await?;
        Ok(Answer::from_body(&StreamViews::One(StreamView::from_stream(&stream, issuer)))?)
    }
}
