//! `POST /v1/tokens` of the Agilicus Tokens API.

use shared::api::agilicus::request;
use shared::api::agilicus::response::RawToken;
use shared::api::http::{Answer, Bearer, Dialect, Endpoint, Json, Route};
use shared::domain::Error;
use shared::platform::capabilities::Minter;
use shared::tokens::mint;

/// Mints a token for a member.
#[derive(Debug)]
pub struct CreateToken;

impl Endpoint for CreateToken {
    const ROUTE: Route = Route::post("agilicus.create_token", "/v1/tokens", Dialect::Agilicus).refuses(&[403]);
    type Ports = Minter;
    type Input = (Bearer, Json<request::CreateToken>);
    type Output = Answer<201, RawToken<'static>>;

    async fn handle(ports: &Minter, (bearer, Json(request)): Self::Input) -> Result<Self::Output, Error> {
        let (minted, member) = mint::create(ports, bearer.token(), request.ask()?).await?;
        let user = request.wants_user().then_some(&member);
        Ok(Answer::from_body(&RawToken::from_minted(&minted, user))?)
    }
}
