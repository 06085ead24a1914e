//! `POST /auth/token/create` of Authlete's API.

use shared::domain::Error;
use shared::domain::scope::api;
use shared::http::{Answer, Dialect, Endpoint, Lenient, Route, ServiceCredentials, understood};
use shared::issue;
use shared::ports::Granter;
use shared::service::authenticate;
use shared::wire::authlete::request::{self, CreateAsk};
use shared::wire::authlete::response::TokenCreateResponse;
use shared::wire::authlete::result::Call;

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
        let asked = request.take();
        let client = asked.as_ref().ok().map(|asked| asked.client.clone());
        let caller = authenticate(ports.reader(), &credentials.0, &[api::TOKENS_CREATE], |_| client).await?;
        let created = async {
            let CreateAsk { client, ask, identifier } = asked?;
            Ok((issue::create(ports, &caller.service, &caller.found, &client, ask).await?, identifier))
        };
        Ok(match understood(created.await)? {
            Ok((issued, identifier)) => Answer::of(&TokenCreateResponse::of(&issued, identifier)?)?,
            Err(refusal) => Answer::of(&TokenCreateResponse::refused(Call::at(Self::ROUTE.path), refusal)?)?,
        })
    }
}
