//! `GET /v1/tokens` of the Agilicus Tokens API.

use shared::api::agilicus::{request, response};
use shared::api::http::{Answer, Bearer, Dialect, Endpoint, Query, Route};
use shared::domain::Error;
use shared::platform::capabilities::Lister;
use shared::tokens::list;

/// Lists tokens, newest first.
#[derive(Debug)]
pub struct ListTokens;

impl Endpoint for ListTokens {
    const ROUTE: Route = Route::get("agilicus.list_tokens", "/v1/tokens", Dialect::Agilicus).refuses(&[403]);
    type Ports = Lister;
    type Input = (Bearer, Query<request::ListTokens>);
    type Output = Answer<200, response::ListTokens<'static>>;

    async fn handle(ports: &Lister, (bearer, Query(query)): Self::Input) -> Result<Self::Output, Error> {
        let filter = query.filter(ports.reader.now())?;
        let limit = filter.query.limit;
        let rows = list::list(ports, bearer.token(), filter).await?;
        Ok(Answer::from_body(&response::ListTokens::from_rows(&rows, limit))?)
    }
}
