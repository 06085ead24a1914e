//! `GET /v1/orgs/{org}/clients`: Jeton's own directory.

use shared::admin::clients;
use shared::api::http::{Answer, Bearer, Dialect, Endpoint, OrgPath, Query, Route};
use shared::api::jeton::client::{ClientsPage, ClientsView};
use shared::auth::service::authenticate_member;
use shared::domain::Error;
use shared::domain::scope::api;
use shared::platform::capabilities::DirectoryReader;

/// Lists the OAuth clients of an org, a page at a time, in an order that doesn't change.
#[derive(Debug)]
pub struct ListClients;

impl Endpoint for ListClients {
    const ROUTE: Route = Route::get("jeton.list_clients", "/v1/orgs/{org}/clients", Dialect::Jeton).refuses(&[403]);
    type Ports = DirectoryReader;
    type Input = (Bearer, OrgPath, Query<ClientsPage>);
    type Output = Answer<200, ClientsView<'static>>;

    async fn handle(ports: &DirectoryReader, (bearer, OrgPath(org), Query(page)): Self::Input) -> Result<Self::Output, Error> {
        let needs = [api::CLIENTS_READ, api::CLIENTS_WRITE];
        let caller = authenticate_member(&ports.reader, bearer.token(), org, &needs, ()).await?;
        let clients = clients::page(ports, &caller.service, page.after, page.limit).await?;
        Ok(Answer::from_body(&ClientsView::from_clients(&clients, page.limit))?)
    }
}
