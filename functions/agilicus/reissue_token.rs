//! `POST /v1/tokens/reissue` of the Agilicus Tokens API.

use shared::api::agilicus::request;
use shared::api::agilicus::response::RawToken;
use shared::api::http::{Answer, Dialect, Endpoint, Json, Route};
use shared::domain::Error;
use shared::platform::capabilities::Minter;
use shared::tokens::mint;

/// Mints a token like the presented one for another org. It ends when the presented one does.
#[derive(Debug)]
pub struct ReissueToken;

impl Endpoint for ReissueToken {
    const ROUTE: Route = Route::post("agilicus.reissue_token", "/v1/tokens/reissue", Dialect::Agilicus).refuses(&[403]);
    type Ports = Minter;
    type Input = Json<request::ReissueToken>;
    type Output = Answer<200, RawToken<'static>>;

    async fn handle(ports: &Minter, Json(request): Self::Input) -> Result<Self::Output, Error> {
        let (token, org) = request.parts()?;
        let minted = mint::reissue(ports, token, org).await?;
        Ok(Answer::from_body(&RawToken::from_minted(&minted, None))?)
    }
}
