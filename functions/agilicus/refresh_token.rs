//! `POST /v1/tokens/refresh` of the Agilicus Tokens API.
//!
//! The API leaves open which token goes where, so both readings work: the refresh token in the body (whatever the
//! header says: the access token there may well have expired), or as the bearer, with its access token in the body or without.

use shared::api::agilicus::request;
use shared::api::agilicus::response::RawToken;
use shared::api::http::{Answer, Bearer, Dialect, Endpoint, MaybeBearer, MaybeJson, Route};
use shared::domain::{self, Error, Refusal};
use shared::platform::capabilities::Refresher;
use shared::tokens::refresh;

/// Redeems a refresh token for the next access token.
#[derive(Debug)]
pub struct RefreshToken;

impl Endpoint for RefreshToken {
    const ROUTE: Route = Route::post("agilicus.refresh_token", "/v1/tokens/refresh", Dialect::Agilicus);
    type Ports = Refresher;
    type Input = (MaybeBearer, MaybeJson<request::RefreshToken>);
    type Output = Answer<201, RawToken<'static>>;

    async fn handle(ports: &Refresher, (MaybeBearer(bearer), MaybeJson(request)): Self::Input) -> Result<Self::Output, Error> {
        let in_body = request.token()?;
        let in_header = bearer.as_ref().map(Bearer::token).filter(|token| domain::RefreshToken::looks_like(token));
        let minted = match (in_body.filter(|token| domain::RefreshToken::looks_like(token)), in_header) {
            (Some(token), _) => refresh::redeem(ports, token, None).await?,
            (None, Some(token)) => refresh::redeem(ports, token, in_body).await?,
            (None, None) if in_body.is_some() => return Err(Refusal::RefreshRejected.into()),
            (None, None) => return Err(Refusal::invalid("token", "is required: the refresh token").into()),
        };
        Ok(Answer::from_body(&RawToken::from_minted(&minted, None))?)
    }
}
