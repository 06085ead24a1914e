//! `POST /auth/introspection/standard` of Authlete's API.

use shared::api::authlete::content::ErrorStyle;
use shared::api::authlete::response::StandardIntrospectionResponse;
use shared::api::authlete::result::ApiCall;
use shared::api::authlete::{Lenient, ServiceCredentials, request};
use shared::api::http::{Answer, Dialect, Endpoint, Route, split_refusal};
use shared::auth::service::authenticate;
use shared::domain::scope::api;
use shared::domain::{Error, Fault};
use shared::platform::capabilities::Reader;
use shared::tokens::introspect::introspect_rfc7662;
use shared::tokens::lookup::TokenLookup;

/// Tells what RFC 7662 tells of a token, for an authorization server to send on.
#[derive(Debug)]
pub struct IntrospectTokenStandard;

impl Endpoint for IntrospectTokenStandard {
    const ROUTE: Route =
        Route::post("authlete.introspect_token_standard", "/api/{serviceId}/auth/introspection/standard", Dialect::Authlete)
            .and_at("/api/auth/introspection/standard");
    type Ports = Reader;
    type Input = (ServiceCredentials, Lenient<request::IntrospectStandard>);
    type Output = Answer<200, StandardIntrospectionResponse>;

    async fn handle(ports: &Reader, (credentials, Lenient(request)): Self::Input) -> Result<Self::Output, Error> {
        let asked = request.token();
        let keys = ports.keys.now().await?;
        let seek = |org: &_| asked.as_ref().ok().map(|(token, _)| TokenLookup::by_value(&keys, org, token.expose()));
        let caller = authenticate(ports, &credentials.0, &[api::TOKENS_READ], seek).await?;
        let found = async {
            let (_, hint) = asked?;
            let lookup = caller.lookup.ok_or_else(|| Fault::internal("looking for the token to introspect"))?;
            introspect_rfc7662(ports, (&lookup, &caller.found), hint, request.resource_server()).await
        };
        let answer = match split_refusal(found.await)? {
            Ok(found) => {
                let with_hidden = request.with_hidden_properties();
                StandardIntrospectionResponse::from_token(found.as_ref(), ports.keys.issuer(), with_hidden)?
            }
            Err(refusal) => {
                let style = ErrorStyle::for_org(caller.service.org(), ports.keys.issuer());
                StandardIntrospectionResponse::refused(ApiCall::at(Self::ROUTE.path), &refusal, &style)?
            }
        };
        Ok(Answer::from_body(&answer)?)
    }
}
