//! `POST /auth/token/update` of Authlete's API.

use shared::api::authlete::response::TokenUpdateResponse;
use shared::api::authlete::result::Call;
use shared::api::authlete::{Lenient, ServiceCredentials, request};
use shared::api::http::{Answer, Dialect, Endpoint, Route, understood};
use shared::auth::service::authenticate;
use shared::domain::scope::api;
use shared::domain::{Error, Fault};
use shared::platform::capabilities::Amender;
use shared::tokens::lookup::Sought;
use shared::tokens::update;

/// Changes a token that is there.
#[derive(Debug)]
pub struct UpdateToken;

impl Endpoint for UpdateToken {
    const ROUTE: Route = Route::post("authlete.update_token", "/api/{serviceId}/auth/token/update", Dialect::Authlete)
        .and_at("/api/auth/token/update");
    type Ports = Amender;
    type Input = (ServiceCredentials, Lenient<request::UpdateToken>);
    type Output = Answer<200, TokenUpdateResponse<'static>>;

    async fn handle(ports: &Amender, (credentials, Lenient(request)): Self::Input) -> Result<Self::Output, Error> {
        let asked = request.take();
        let keys = ports.reader.keys.now().await?;
        let seek = |org: &_| asked.as_ref().ok().map(|(token, _)| Sought::new(&keys, org, token));
        let caller = authenticate(&ports.reader, &credentials.0, &[api::TOKENS_CREATE], seek).await?;
        let updated = async {
            let (token, update) = asked?;
            let sought = caller.sought.ok_or_else(|| Fault::internal("looking for the token to change"))?;
            Ok((update::update(ports, &caller.service, (&sought, &caller.found), &update).await?, token))
        };
        Ok(match understood(updated.await)? {
            Ok((updated, token)) => Answer::of(&TokenUpdateResponse::of(&updated, &token)?)?,
            Err(refusal) => Answer::of(&TokenUpdateResponse::refused(Call::at(Self::ROUTE.path), &refusal))?,
        })
    }
}
