//! `POST /v1/tokens/introspect` of the Agilicus Tokens API.

use shared::domain::Error;
use shared::http::{Answer, Dialect, Endpoint, Json, Route};
use shared::introspect;
use shared::ports::Reader;
use shared::wire::agilicus::request;
use shared::wire::agilicus::response::Token;

/// Tells what a token is good for. Whoever has it may know: there is no other authorization.
#[derive(Debug)]
pub struct IntrospectToken;

impl Endpoint for IntrospectToken {
    const ROUTE: Route = Route::post("agilicus.introspect_token", "/v1/tokens/introspect", Dialect::Agilicus).refuses(&[410]);
    type Ports = Reader;
    type Input = Json<request::IntrospectToken>;
    type Output = Answer<200, Token<'static>>;

    async fn handle(ports: &Reader, Json(request): Self::Input) -> Result<Self::Output, Error> {
        let active = introspect::introspect(ports, request.token()?).await?.active()?;
        Ok(Answer::of(&Token::of_active(&active).without_roles(request.excludes_roles()))?)
    }
}
