//! `GET /client/get/list` of Authlete's API.

use shared::admin::clients;
use shared::api::authlete::client::ClientListView;
use shared::api::authlete::{ServiceCredentials, client};
use shared::api::http::{Answer, Dialect, Endpoint, Query, Route};
use shared::auth::service::authenticate;
use shared::domain::Error;
use shared::domain::scope::api;
use shared::platform::capabilities::DirectoryReader;

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
        Ok(Answer::from_body(&ClientListView::from_page(&query, &page))?)
    }
}
