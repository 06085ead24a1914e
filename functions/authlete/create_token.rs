//! `POST /auth/token/create` of Authlete's API.

use shared::api::authlete::request::CreateTokenRequest;
use shared::api::authlete::response::TokenCreateResponse;
use shared::api::authlete::result::ApiCall;
use shared::api::authlete::{Lenient, ServiceCredentials, request};
use shared::api::http::{Answer, Dialect, Endpoint, Route, split_refusal};
use shared::auth::service::authenticate;
use shared::domain::Error;
use shared::domain::scope::api;
use shared::platform::capabilities::Granter;
use shared::tokens::issue;

/// Makes a token for a client outside of any flow.
#[derive(Debug)]
pub struct CreateToken;

impl Endpoint for CreateToken {
    const ROUTE: Route = Route::post("authlete.create_token", "/api/{serviceId}/auth/token/create", Dialect::Authlete)
        .and_at("/api/auth/token/create");
    type Ports = Granter;
    type Input = (ServiceCredentials, Lenient<request::CreateToken>);
    type Output = Answer<200, TokenCreateResponse<'static>>;

    async fn handle(ports: &Granter, (credentials, Lenient(request)): Self::Input) -> Result<Self::Output, Error> {
        let asked = request.try_into_request();
        let lookup = asked.as_ref().ok().map(CreateTokenRequest::lookup);
        let caller = authenticate(ports.reader(), &credentials.0, &[api::TOKENS_CREATE], |_| lookup).await?;
        let created = async {
            let CreateTokenRequest { client, ask, identifier } = asked?;
            Ok((issue::create(ports, &caller.service, &caller.found, &client, ask).await?, identifier))
        };
        Ok(match split_refusal(created.await)? {
            Ok((issued, identifier)) => Answer::from_body(&TokenCreateResponse::from_issued(&issued, identifier)?)?,
            Err(refusal) => Answer::from_body(&TokenCreateResponse::refused(ApiCall::at(Self::ROUTE.path), refusal)?)?,
        })
    }
}
