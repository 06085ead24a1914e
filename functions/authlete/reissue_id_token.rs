//! `POST /idtoken/reissue` of Authlete's API.

use shared::api::authlete::response::IdTokenReissueResponse;
use shared::api::authlete::result::ApiCall;
use shared::api::authlete::{Lenient, ServiceCredentials, request};
use shared::api::http::{Answer, Dialect, Endpoint, Route, split_refusal};
use shared::auth::service::authenticate;
use shared::domain::scope::api;
use shared::domain::{Error, Fault, OrgId, Secret};
use shared::oauth::forwarded::id_token::reissue;
use shared::platform::capabilities::SigningReader;
use shared::tokens::lookup::TokenLookup;

/// Makes the ID token anew that comes with the tokens of a refresh, with what has changed of the person since.
#[derive(Debug)]
pub struct ReissueIdToken;

impl Endpoint for ReissueIdToken {
    const ROUTE: Route = Route::post("authlete.reissue_id_token", "/api/{serviceId}/idtoken/reissue", Dialect::Authlete)
        .and_at("/api/idtoken/reissue");
    type Ports = SigningReader;
    type Input = (ServiceCredentials, Lenient<request::ReissueIdToken>);
    type Output = Answer<200, IdTokenReissueResponse<'static>>;

    async fn handle(ports: &SigningReader, (credentials, Lenient(request)): Self::Input) -> Result<Self::Output, Error> {
        let reader = &ports.reader;
        let asked = request.try_into_request();
        let keys = reader.keys.now().await?;
        let lookup = |org: &OrgId, token: &Secret<String>| TokenLookup::by_value(&keys, org, token.expose());
        let seek =
            |org: &OrgId| asked.as_ref().ok().map(|asked| (lookup(org, &asked.access_token), lookup(org, &asked.refresh_token)));
        let caller = authenticate(reader, &credentials.0, &[api::TOKENS_CREATE], seek).await?;
        let reissued = async {
            let asked = asked?;
            let tokens = caller.lookup.as_ref().ok_or_else(|| Fault::internal("looking for the tokens of an ID token"))?;
            Box::pin(reissue(ports, &caller.service, ((&tokens.0, &tokens.1), &caller.found), asked)).await
        };
        Ok(match split_refusal(reissued.await)? {
            Ok(reissued) => Answer::from_body(&IdTokenReissueResponse::from_reissued(&reissued, reader.now())?)?,
            Err(refusal) => Answer::from_body(&IdTokenReissueResponse::refused(ApiCall::at(Self::ROUTE.path), &refusal))?,
        })
    }
}
