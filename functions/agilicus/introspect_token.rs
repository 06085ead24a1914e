//! `POST /v1/tokens/introspect`: contract `agilicus`, section 1.1, operation 3.

use shared::domain::{Error, Refusal};
use shared::http::{Answer, Dialect, Endpoint, Json, Route};
use shared::introspect::{self, Introspection};
use shared::ports::Reader;
use shared::wire::agilicus::request;
use shared::wire::agilicus::response::Token;

/// Tells what a token is good for. Whoever has it may know: there is no other authorization.
#[derive(Debug)]
pub struct IntrospectToken;

impl Endpoint for IntrospectToken {
    const ROUTE: Route = Route::post("agilicus.introspect_token", "/v1/tokens/introspect", Dialect::Agilicus);
    type Ports = Reader;
    type Input = Json<request::IntrospectToken>;
    type Output = Answer<200>;

    async fn handle(ports: &Reader, Json(request): Self::Input) -> Result<Self::Output, Error> {
        match introspect::introspect(ports, request.token()?).await? {
            Introspection::Active(active) => Ok(Answer::of(&Token::of_active(&active).without_roles(request.excludes_roles()))?),
            // Not an oracle: the signature has proved that the caller has the token itself.
            Introspection::Revoked => Err(Refusal::TokenGone.into()),
            Introspection::Inactive(problem) => Err(Refusal::TokenRejected(problem).into()),
        }
    }
}
