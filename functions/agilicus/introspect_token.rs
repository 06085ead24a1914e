//! `POST /v1/tokens/introspect` of the Agilicus Tokens API.

use shared::api::agilicus::request;
use shared::api::agilicus::response::Token;
use shared::api::http::{Answer, Dialect, Endpoint, Json, Route};
use shared::domain::Error;
use shared::platform::capabilities::TokenIntrospector;
use shared::tokens::introspect;

/// Tells what a token is good for. Whoever has it may know: there is no other authorization.
#[derive(Debug)]
pub struct IntrospectToken;

impl Endpoint for IntrospectToken {
    const ROUTE: Route =
        Route::post("agilicus.introspect_token", "/v1/tokens/introspect", Dialect::Agilicus).refuses(&[410, 429]);
    type Ports = TokenIntrospector;
    type Input = Json<request::IntrospectToken>;
    type Output = Answer<200, Token<'static>>;

    async fn handle(ports: &TokenIntrospector, Json(request): Self::Input) -> Result<Self::Output, Error> {
        let uses = introspect::ApiKeyUses { quotas: &ports.quotas, api_keys: &*ports.api_keys };
        let active = introspect::introspect(&ports.reader, Some(uses), request.token()?).await?.active()?;
        Ok(Answer::from_body(&Token::of_active(&active).without_roles(request.excludes_roles()))?)
    }
}
