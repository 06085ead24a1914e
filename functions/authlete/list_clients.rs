//! `GET /client/get/list` of Authlete's API.

use shared::clients;
use shared::domain::Error;
use shared::domain::scope::api;
use shared::http::{Answer, Dialect, Endpoint, Query, Route, ServiceCredentials};
use shared::ports::DirectoryReader;
use shared::service::authenticate;
use shared::wire::authlete::client::{self, ClientListView};

/// Lists the clients of the service.
#[derive(Debug)]
pub struct ListClients;

impl Endpoint for ListClients {
    const ROUTE: Route =
        Route::get("authlete.list_clients", "/api/{serviceId}/client/get/list", Dialect::Authlete).and_at("/api/client/get/list");
    type Ports = DirectoryReader;
    type Input = (ServiceCredentials, Query<client::ListClients>);
    type Output = Answer<200, ClientListView<'static>>;

    async fn handle(ports: &DirectoryReader, (credentials, Query(query)): Self::Input) -> Result<Self::Output, Error> {
        let caller = authenticate(&ports.reader, &credentials.0, &[api::CLIENTS_READ, api::CLIENTS_WRITE], |_| ()).await?;
        let page = clients::list(ports, &caller.service, query.start, query.end, |client| query.wants(client)).await?;
        Ok(Answer::of(&ClientListView::of(&query, &page)?)?)
    }
}
