//! `POST /v1/tokens/validations` of the Agilicus Tokens API.

use shared::api::agilicus::request;
use shared::api::http::{Answer, Dialect, Endpoint, Json, Route};
use shared::domain::Error;
use shared::encoding::EchoedRequest;
use shared::platform::capabilities::DirectoryLookup;
use shared::tokens::mint;

/// Tells whether the subject of a request would get what it asks for. Mints nothing.
#[derive(Debug)]
pub struct ValidateTokenRequest;

impl Endpoint for ValidateTokenRequest {
    const ROUTE: Route =
        Route::post("agilicus.validate_token_request", "/v1/tokens/validations", Dialect::Agilicus).refuses(&[403]);
    type Ports = DirectoryLookup;
    type Input = Json<request::CreateToken>;
    type Output = Answer<200, EchoedRequest<request::CreateToken>>;

    async fn handle(ports: &DirectoryLookup, Json(request): Self::Input) -> Result<Self::Output, Error> {
        mint::validate(ports, &request.ask()?).await?;
        Ok(Answer::from_body(&request.echo())?)
    }
}
