//! `POST /ssf/subjects/remove`: OpenID Shared Signals Framework 1.0 section 8.1.3.3.

use shared::api::http::{Dialect, Endpoint, Json, NoContent, Route};
use shared::api::oauth::event_stream::SubjectBody;
use shared::domain::Error;
use shared::oauth::bearer::ClientBearer;
use shared::oauth::event_streams::{Access, REMOVE_SUBJECT_PATH, Receiver, subjects};
use shared::platform::capabilities::StreamChanger;

/// Lets an event stream of the client no longer tell of a subject. Of its name only a hash is kept, and nobody learns whether there is such
/// a subject. Needs an access token of its own with the scope `ssf.manage`.
#[derive(Debug)]
pub struct RemoveSubject;

impl Endpoint for RemoveSubject {
    const ROUTE: Route = Route::post("oauth.remove_subject", REMOVE_SUBJECT_PATH, Dialect::OAuth).refuses(&[403, 404, 409]);
    type Ports = StreamChanger;
    type Input = (ClientBearer, Json<SubjectBody>);
    type Output = NoContent;

    async fn handle(ports: &StreamChanger, (bearer, Json(body)): Self::Input) -> Result<Self::Output, Error> {
        let receiver = Receiver::authenticate(&ports.introspector, bearer, REMOVE_SUBJECT_PATH, Access::Manage).await?;
        subjects::remove(ports, &receiver, &body.stream_id, &body.fingerprints()?).await?;
        Ok(NoContent)
    }
}
