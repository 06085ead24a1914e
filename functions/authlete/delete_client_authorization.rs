//! `DELETE /client/authorization/delete/{id}/{subject}` of Authlete's API.

use shared::admin::clients;
use shared::api::authlete::response::ClientAuthorizationResponse;
use shared::api::authlete::{ClientPath, ServiceCredentials, SubjectPath, request};
use shared::api::http::{Answer, Dialect, Endpoint, Query, Route};
use shared::auth::service::authenticate;
use shared::domain::scope::api;
use shared::domain::{ClientRef, Error, Subject};
use shared::oauth::forwarded::client_authorizations::delete;
use shared::platform::capabilities::ClientAuthorizationRemover;

/// Ends all that a client has for a person.
#[derive(Debug)]
pub struct DeleteClientAuthorization;

impl Endpoint for DeleteClientAuthorization {
    const ROUTE: Route = Route::delete(
        "authlete.delete_client_authorization",
        "/api/{serviceId}/client/authorization/delete/{id}/{subject}",
        Dialect::Authlete,
    )
    .and_at("/api/client/authorization/delete/{id}/{subject}");
    type Ports = ClientAuthorizationRemover;
    type Input = (ServiceCredentials, ClientPath, SubjectPath, Query<request::SubjectQuery>);
    type Output = Answer<200, ClientAuthorizationResponse>;

    async fn handle(
        ports: &ClientAuthorizationRemover,
        (credentials, ClientPath(named), path, Query(query)): Self::Input,
    ) -> Result<Self::Output, Error> {
        let subject = path.agreeing_with(query.subject.as_ref())?;
        answer_deletion(ports, &credentials, named, subject).await
    }
}

/// Answers for a client and a person.
pub(super) async fn answer_deletion(
    ports: &ClientAuthorizationRemover,
    credentials: &ServiceCredentials,
    named: ClientRef,
    subject: Subject,
) -> Result<Answer<200, ClientAuthorizationResponse>, Error> {
    let caller = authenticate(&ports.revoker.reader, &credentials.0, &[api::TOKENS_REVOKE], |_| named).await?;
    let client = clients::get(&ports.revoker.reader, &caller.service, &caller.found, &caller.lookup).await?;
    let counted = delete(ports, &caller.service, &client, subject).await?;
    Ok(Answer::from_body(&ClientAuthorizationResponse::deleted(counted, &client, caller.service.org()))?)
}
