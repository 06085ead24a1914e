//! `POST /auth/introspection/standard` of Authlete's API.

use shared::api::authlete::content::Style;
use shared::api::authlete::response::StandardIntrospectionResponse;
use shared::api::authlete::result::Call;
use shared::api::authlete::{Lenient, ServiceCredentials, request};
use shared::api::http::{Answer, Dialect, Endpoint, Route, understood};
use shared::auth::service::authenticate;
use shared::domain::scope::api;
use shared::domain::{Error, Fault};
use shared::platform::capabilities::Reader;
use shared::tokens::introspect::of_client;
use shared::tokens::lookup::Sought;

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
        let seek = |org: &_| asked.as_ref().ok().map(|(token, _)| Sought::by_value(&keys, org, token.expose()));
        let caller = authenticate(ports, &credentials.0, &[api::TOKENS_READ], seek).await?;
        let found = async {
            let (_, hint) = asked?;
            let sought = caller.sought.ok_or_else(|| Fault::internal("looking for the token to introspect"))?;
            of_client(ports, (&sought, &caller.found), hint, request.resource_server()).await
        };
        let answer = match understood(found.await)? {
            Ok(found) => {
                let with_hidden = request.with_hidden_properties();
                StandardIntrospectionResponse::of(found.as_ref(), ports.keys.issuer(), with_hidden)?
            }
            Err(refusal) => {
                let style = Style::of(caller.service.org(), ports.keys.issuer());
                StandardIntrospectionResponse::refused(Call::at(Self::ROUTE.path), &refusal, &style)?
            }
        };
        Ok(Answer::of(&answer)?)
    }
}
