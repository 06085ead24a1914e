//! `GET /auth/token/get/list` of Authlete's API.

use shared::domain::scope::api;
use shared::domain::{Error, Refusal};
use shared::http::{Answer, Dialect, Endpoint, Query, Route, ServiceCredentials};
use shared::list::{ClientFilter, list_of_clients};
use shared::ports::Lister;
use shared::service::{authenticate, client_named};
use shared::wire::authlete::request;
use shared::wire::authlete::response::TokenListResponse;

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
        let client = match &caller.sought {
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
        Ok(Answer::of(&TokenListResponse::of(&query, client.as_ref(), &page)?)?)
    }
}
