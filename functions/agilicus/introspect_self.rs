//! `GET /v1/tokens/introspect_self` of the Agilicus Tokens API.

use shared::api::agilicus::request;
use shared::api::agilicus::response::Token;
use shared::api::http::{Answer, Bearer, Dialect, Endpoint, Query, Route};
use shared::domain::Error;
use shared::platform::capabilities::Reader;
use shared::tokens::introspect;

/// Tells the bearer what its own token is good for.
#[derive(Debug)]
pub struct IntrospectSelf;

impl Endpoint for IntrospectSelf {
    const ROUTE: Route = Route::get("agilicus.introspect_self", "/v1/tokens/introspect_self", Dialect::Agilicus);
    type Ports = Reader;
    type Input = (Bearer, Query<request::IntrospectSelf>);
    type Output = Answer<200, Token<'static>>;

    async fn handle(ports: &Reader, (bearer, Query(query)): Self::Input) -> Result<Self::Output, Error> {
        let (record, member) = introspect::introspect_self(ports, bearer.token()).await?;
        Ok(Answer::from_body(&Token::from_record(&record, Some(&member)).without_roles(query.exclude_roles))?)
    }
}
