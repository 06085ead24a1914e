//! `GET /v1/tokens` of the Agilicus Tokens API.

use shared::api::agilicus::{request, response};
use shared::api::http::{Answer, Bearer, Dialect, Endpoint, Query, Route};
use shared::domain::Error;
use shared::platform::capabilities::TokenFinder;
use shared::tokens::list;

/// Lists tokens, newest first.
#[derive(Debug)]
pub struct ListTokens;

impl Endpoint for ListTokens {
    const ROUTE: Route = Route::get("agilicus.list_tokens", "/v1/tokens", Dialect::Agilicus).refuses(&[403]);
    type Ports = TokenFinder;
    type Input = (Bearer, Query<request::ListTokens>);
    type Output = Answer<200, response::ListTokens<'static>>;

    async fn handle(ports: &TokenFinder, (bearer, Query(query)): Self::Input) -> Result<Self::Output, Error> {
        let filter = query.filter(ports.orgs.reader.now())?;
        let limit = filter.query.limit;
        let listing = list::list(ports, bearer.token(), filter).await?;
        Ok(Answer::from_body(&response::ListTokens::from_listing(&listing, limit))?)
    }
}
