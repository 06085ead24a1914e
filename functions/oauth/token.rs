//! `POST /oauth2/token`: RFC 6749 section 3.2.

use shared::api::http::{Answer, Dialect, Endpoint, Route};
use shared::api::oauth::WithNonce;
use shared::api::oauth::token::TokenResponse;
use shared::domain::Error;
use shared::oauth::token_endpoint;
use shared::oauth::token_endpoint::GrantRequest;
use shared::platform::capabilities::TokenEndpoint;

/// Grants a token to a client.
#[derive(Debug)]
pub struct Token;

impl Endpoint for Token {
    const ROUTE: Route = Route::post("oauth.token", token_endpoint::PATH, Dialect::OAuth).refuses(&[429]);
    type Ports = TokenEndpoint;
    type Input = GrantRequest;
    type Output = WithNonce<Answer<200, TokenResponse>>;

    async fn handle(ports: &TokenEndpoint, request: GrantRequest) -> Result<Self::Output, Error> {
        // Boxed: it holds all that every grant may need.
        let outcome = Box::pin(token_endpoint::grant(ports, request)).await?;
        let answer = match outcome.granted {
            Ok(granted) => Ok(Answer::from_body(&TokenResponse::from_answer(&granted)?)?),
            Err(denial) => Err(denial),
        };
        Ok(WithNonce { answer, nonce: outcome.nonce })
    }
}
