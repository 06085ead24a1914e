//! `GET /client/authorization/get/list/{subject}` of Authlete's API.

use shared::api::authlete::response::ClientAuthorizationListResponse;
use shared::api::authlete::{ServiceCredentials, SubjectPath, request};
use shared::api::http::{Answer, Dialect, Endpoint, Query, Route};
use shared::auth::service::authenticate;
use shared::domain::Error;
use shared::domain::scope::api;
use shared::oauth::forwarded::client_authorizations::list;
use shared::platform::capabilities::ClientAuthorizationLister;

/// Lists the clients that a person has let in.
#[derive(Debug)]
pub struct ListClientAuthorizations;

impl Endpoint for ListClientAuthorizations {
    const ROUTE: Route = Route::get(
        "authlete.list_client_authorizations",
        "/api/{serviceId}/client/authorization/get/list/{subject}",
        Dialect::Authlete,
    )
    .and_at("/api/client/authorization/get/list/{subject}");
    type Ports = ClientAuthorizationLister;
    type Input = (ServiceCredentials, SubjectPath, Query<request::ListClientAuthorizations>);
    type Output = Answer<200, ClientAuthorizationListResponse<'static>>;

    async fn handle(
        ports: &ClientAuthorizationLister,
        (credentials, path, Query(query)): Self::Input,
    ) -> Result<Self::Output, Error> {
        let subject = path.agreeing_with(query.subject.as_ref())?;
        answer_list(ports, &credentials, query.try_into_page(subject)?).await
    }
}

/// Answers with a page of the clients.
pub(super) async fn answer_list(
    ports: &ClientAuthorizationLister,
    credentials: &ServiceCredentials,
    asked: request::AuthorizedClientsPage,
) -> Result<Answer<200, ClientAuthorizationListResponse<'static>>, Error> {
    let caller = authenticate(&ports.lister.reader, &credentials.0, &[api::TOKENS_READ], |_| ()).await?;
    let rows = (asked.start, asked.end);
    let found = list(ports, &caller.service, &asked.subject, |client| asked.wants(client), rows).await?;
    Ok(Answer::from_body(&ClientAuthorizationListResponse::from_found(&asked, &found))?)
}
