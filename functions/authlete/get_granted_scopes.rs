//! `GET /client/granted_scopes/get/{id}/{subject}` of Authlete's API.

use shared::admin::clients;
use shared::api::authlete::response::GrantedScopesResponse;
use shared::api::authlete::{ClientPath, ServiceCredentials, SubjectPath, request};
use shared::api::http::{Answer, Dialect, Endpoint, Query, Route};
use shared::auth::service::authenticate;
use shared::domain::scope::api;
use shared::domain::{ClientRef, Error, Subject};
use shared::oauth::forwarded::client_authorizations::granted;
use shared::platform::capabilities::Reader;

/// Tells which scopes a client has been granted by a person.
#[derive(Debug)]
pub struct GetGrantedScopes;

impl Endpoint for GetGrantedScopes {
    const ROUTE: Route =
        Route::get("authlete.get_granted_scopes", "/api/{serviceId}/client/granted_scopes/get/{id}/{subject}", Dialect::Authlete)
            .and_at("/api/client/granted_scopes/get/{id}/{subject}");
    type Ports = Reader;
    type Input = (ServiceCredentials, ClientPath, SubjectPath, Query<request::SubjectQuery>);
    type Output = Answer<200, GrantedScopesResponse<'static>>;

    async fn handle(
        ports: &Reader,
        (credentials, ClientPath(named), path, Query(query)): Self::Input,
    ) -> Result<Self::Output, Error> {
        let subject = path.agreeing_with(query.subject.as_ref())?;
        answer_granted(ports, &credentials, named, subject).await
    }
}

/// Answers for a client and a person.
pub(super) async fn answer_granted(
    ports: &Reader,
    credentials: &ServiceCredentials,
    named: ClientRef,
    subject: Subject,
) -> Result<Answer<200, GrantedScopesResponse<'static>>, Error> {
    let caller = authenticate(ports, &credentials.0, &[api::TOKENS_READ], |_| named).await?;
    let client = clients::get(ports, &caller.service, &caller.found, &caller.lookup).await?;
    let grant = granted(ports, &caller.service, &client, subject.clone()).await?;
    let of = (&subject, caller.service.org());
    Ok(Answer::from_body(&GrantedScopesResponse::from_grant(grant.as_ref(), &client, of))?)
}
