//! `GET /auth/token/get/list` of Authlete's API.

use shared::api::authlete::response::TokenListResponse;
use shared::api::authlete::{ServiceCredentials, request};
use shared::api::http::{Answer, Dialect, Endpoint, Query, Route};
use shared::auth::service::{authenticate, client_named};
use shared::domain::scope::api;
use shared::domain::{Error, Refusal};
use shared::platform::capabilities::Lister;
use shared::tokens::list::{ClientFilter, list_of_clients};

/// Lists the tokens of clients, oldest first.
#[derive(Debug)]
pub struct ListTokens;

impl Endpoint for ListTokens {
    const ROUTE: Route = Route::get("authlete.list_tokens", "/api/{serviceId}/auth/token/get/list", Dialect::Authlete)
        .and_at("/api/auth/token/get/list");
    type Ports = Lister;
    type Input = (ServiceCredentials, Query<request::ListTokens>);
    type Output = Answer<200, TokenListResponse<'static>>;

    async fn handle(ports: &Lister, (credentials, Query(query)): Self::Input) -> Result<Self::Output, Error> {
        let caller = authenticate(&ports.reader, &credentials.0, &[api::TOKENS_READ], |_| query.client.clone()).await?;
        let client = match &caller.lookup {
            Some(named) => {
                let client = client_named(&ports.reader, &caller.service, &caller.found, named).await?;
                Some(client.ok_or_else(|| Refusal::invalid("clientIdentifier", "must be a client of the service"))?)
            }
            None => None,
        };
        let request::ListTokens { ref subject, valid, start, end, .. } = query;
        let filter =
            ClientFilter { client: client.as_ref().map(|client| client.id), subject: subject.clone(), valid, start, end };
        let page = list_of_clients(ports, &caller.service, &filter).await?;
        Ok(Answer::from_body(&TokenListResponse::from_page(&query, client.as_deref(), &page)?)?)
    }
}
