//! `DELETE /client/granted_scopes/delete/{id}/{subject}` of Authlete's API.

use shared::admin::clients;
use shared::api::authlete::response::ClientAuthorizationResponse;
use shared::api::authlete::{ClientPath, ServiceCredentials, SubjectPath, request};
use shared::api::http::{Answer, Dialect, Endpoint, Query, Route};
use shared::auth::service::authenticate;
use shared::domain::scope::api;
use shared::domain::{ClientRef, Error, Subject};
use shared::oauth::forwarded::client_authorizations::forget;
use shared::platform::capabilities::PersonGrantRemover;

/// Forgets which scopes a client has been granted by a person.
#[derive(Debug)]
pub struct DeleteGrantedScopes;

impl Endpoint for DeleteGrantedScopes {
    const ROUTE: Route = Route::delete(
        "authlete.delete_granted_scopes",
        "/api/{serviceId}/client/granted_scopes/delete/{id}/{subject}",
        Dialect::Authlete,
    )
    .and_at("/api/client/granted_scopes/delete/{id}/{subject}");
    type Ports = PersonGrantRemover;
    type Input = (ServiceCredentials, ClientPath, SubjectPath, Query<request::SubjectQuery>);
    type Output = Answer<200, ClientAuthorizationResponse>;

    async fn handle(
        ports: &PersonGrantRemover,
        (credentials, ClientPath(named), path, Query(query)): Self::Input,
    ) -> Result<Self::Output, Error> {
        let subject = path.agreeing_with(query.subject.as_ref())?;
        answer_forgotten(ports, &credentials, named, subject).await
    }
}

/// Answers for a client and a person.
pub(super) async fn answer_forgotten(
    ports: &PersonGrantRemover,
    credentials: &ServiceCredentials,
    named: ClientRef,
    subject: Subject,
) -> Result<Answer<200, ClientAuthorizationResponse>, Error> {
    let caller = authenticate(&ports.reader, &credentials.0, &[api::TOKENS_REVOKE], |_| named).await?;
    let client = clients::get(&ports.reader, &caller.service, &caller.found, &caller.lookup).await?;
    forget(ports, &caller.service, &client, subject).await?;
    Ok(Answer::from_body(&ClientAuthorizationResponse::forgotten(&client, caller.service.org()))?)
}
