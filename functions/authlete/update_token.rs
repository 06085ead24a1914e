//! `POST /auth/token/update` of Authlete's API.

use shared::api::authlete::response::TokenUpdateResponse;
use shared::api::authlete::result::ApiCall;
use shared::api::authlete::{Lenient, ServiceCredentials, request};
use shared::api::http::{Answer, Dialect, Endpoint, Route, split_refusal};
use shared::auth::service::authenticate;
use shared::domain::scope::api;
use shared::domain::{Error, Fault};
use shared::platform::capabilities::TokenUpdater;
use shared::tokens::lookup::TokenLookup;
use shared::tokens::update;

/// Changes a token that is there.
#[derive(Debug)]
pub struct UpdateToken;

impl Endpoint for UpdateToken {
    const ROUTE: Route = Route::post("authlete.update_token", "/api/{serviceId}/auth/token/update", Dialect::Authlete)
        .and_at("/api/auth/token/update");
    type Ports = TokenUpdater;
    type Input = (ServiceCredentials, Lenient<request::UpdateToken>);
    type Output = Answer<200, TokenUpdateResponse<'static>>;

    async fn handle(ports: &TokenUpdater, (credentials, Lenient(request)): Self::Input) -> Result<Self::Output, Error> {
        let asked = request.try_into_parts();
        let keys = ports.reader.keys.now().await?;
        let seek = |org: &_| asked.as_ref().ok().map(|(token, _)| TokenLookup::new(&keys, org, token));
        let caller = authenticate(&ports.reader, &credentials.0, &[api::TOKENS_CREATE], seek).await?;
        let updated = async {
            let (token, update) = asked?;
            let lookup = caller.lookup.ok_or_else(|| Fault::internal("looking for the token to change"))?;
            Ok((update::update(ports, &caller.service, (&lookup, &caller.found), &update).await?, token))
        };
        Ok(match split_refusal(updated.await)? {
            Ok((updated, token)) => Answer::from_body(&TokenUpdateResponse::from_updated(&updated, &token)?)?,
            Err(refusal) => Answer::from_body(&TokenUpdateResponse::refused(ApiCall::at(Self::ROUTE.path), &refusal))?,
        })
    }
}
