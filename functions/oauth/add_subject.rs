//! `POST /ssf/subjects/add`: OpenID Shared Signals Framework 1.0 section 8.1.3.2.

use shared::api::http::{Dialect, Done, Endpoint, Json, Route};
use shared::api::oauth::event_stream::SubjectBody;
use shared::domain::Error;
use shared::oauth::bearer::ClientBearer;
use shared::oauth::event_streams::{ADD_SUBJECT_PATH, Access, Receiver, subjects};
use shared::platform::capabilities::StreamChanger;

/// Lets an event stream of the client tell of a subject again that was removed. Of all others it tells anyway, and nobody learns whether
/// there is such a subject. Needs an access token of its own with the scope `ssf.manage`.
#[derive(Debug)]
pub struct AddSubject;

impl Endpoint for AddSubject {
    const ROUTE: Route = Route::post("oauth.add_subject", ADD_SUBJECT_PATH, Dialect::OAuth).refuses(&[403, 404]);
    type Ports = StreamChanger;
    type Input = (ClientBearer, Json<SubjectBody>);
    type Output = Done;

    async fn handle(ports: &StreamChanger, (bearer, Json(body)): Self::Input) -> Result<Self::Output, Error> {
        let receiver = Receiver::authenticate(&ports.introspector, bearer, ADD_SUBJECT_PATH, Access::Manage).await?;
        subjects::add(ports, &receiver, &body.stream_id, &body.fingerprints()?).await?;
        Ok(Done)
    }
}
