//! `POST /ssf/verify`: OpenID Shared Signals Framework 1.0 section 8.1.4.2.

use shared::api::http::{Dialect, Endpoint, Json, NoContent, Route};
use shared::api::oauth::event_stream::VerificationBody;
use shared::domain::Error;
use shared::oauth::bearer::ClientBearer;
use shared::oauth::event_streams::{Access, Receiver, VERIFICATION_PATH, verification};
use shared::platform::capabilities::StreamVerifier;

/// Puts a verification event into an event stream of the client, at most one a minute: so a receiver tests that signals reach it. Needs an
/// access token of its own with the scope `ssf.manage`.
#[derive(Debug)]
pub struct VerifyEventStream;

impl Endpoint for VerifyEventStream {
    const ROUTE: Route = Route::post("oauth.verify_event_stream", VERIFICATION_PATH, Dialect::OAuth).refuses(&[403, 404, 429]);
    type Ports = StreamVerifier;
    type Input = (ClientBearer, Json<VerificationBody>);
    type Output = NoContent;

    async fn handle(ports: &StreamVerifier, (bearer, Json(body)): Self::Input) -> Result<Self::Output, Error> {
        let receiver = Receiver::authenticate(&ports.introspector, bearer, VERIFICATION_PATH, Access::Manage).await?;
        verification::request(ports, &receiver, &body.stream_id, body.state()?).await?;
        Ok(NoContent)
    }
}
