//! `POST /oauth2/token`: RFC 6749 section 3.2.

use shared::domain::Error;
use shared::grants::{self, GrantRequest};
use shared::http::{Answer, Dialect, Endpoint, Route, WithNonce};
use shared::ports::Granter;
use shared::wire::oauth::token::TokenResponse;

/// Grants a token to a client.
#[derive(Debug)]
pub struct Token;

impl Endpoint for Token {
    const ROUTE: Route = Route::post("oauth.token", grants::PATH, Dialect::OAuth);
    type Ports = Granter;
    type Input = GrantRequest;
    type Output = WithNonce<Answer<200, TokenResponse>>;

    async fn handle(ports: &Granter, request: GrantRequest) -> Result<Self::Output, Error> {
        let outcome = grants::grant(ports, request).await?;
        let answer = match outcome.granted {
            Ok(granted) => Ok(Answer::of(&TokenResponse::of(&granted)?)?),
            Err(denial) => Err(denial),
        };
        Ok(WithNonce { answer, nonce: outcome.nonce })
    }
}
