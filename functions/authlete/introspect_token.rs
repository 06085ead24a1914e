//! `POST /auth/introspection` of Authlete's API.

use shared::api::authlete::content::ErrorStyle;
use shared::api::authlete::response::IntrospectionResponse;
use shared::api::authlete::result::ApiCall;
use shared::api::authlete::{Lenient, ServiceCredentials, request};
use shared::api::http::{Answer, Dialect, Endpoint, Route, split_refusal};
use shared::auth::service::authenticate;
use shared::domain::scope::api;
use shared::domain::{Error, Fault};
use shared::platform::capabilities::Introspector;
use shared::tokens::introspect::introspect_for_resource_server;
use shared::tokens::lookup::TokenLookup;

/// Tells a resource server whether a token opens what is asked for.
#[derive(Debug)]
pub struct IntrospectToken;

impl Endpoint for IntrospectToken {
    const ROUTE: Route = Route::post("authlete.introspect_token", "/api/{serviceId}/auth/introspection", Dialect::Authlete)
        .and_at("/api/auth/introspection");
    type Ports = Introspector;
    type Input = (ServiceCredentials, Lenient<request::Introspect>);
    type Output = Answer<200, IntrospectionResponse<'static>>;

    async fn handle(ports: &Introspector, (credentials, Lenient(request)): Self::Input) -> Result<Self::Output, Error> {
        let asked = request.try_into_request();
        let keys = ports.reader.keys.now().await?;
        let seek = |org: &_| asked.as_ref().ok().map(|asked| TokenLookup::by_value(&keys, org, asked.token.expose()));
        let caller = authenticate(&ports.reader, &credentials.0, &[api::TOKENS_READ], seek).await?;
        let org = caller.service.org();
        let found = async {
            let asked = asked?;
            let lookup = caller.lookup.ok_or_else(|| Fault::internal("looking for the token to introspect"))?;
            let token = (&lookup, &caller.found);
            Ok((
                introspect_for_resource_server(ports, &caller.service, token, asked.token.expose(), &asked.request).await?,
                asked,
            ))
        };
        let style = ErrorStyle::for_org(org, ports.reader.keys.issuer());
        Ok(match split_refusal(found.await)? {
            Ok((found, asked)) => Answer::from_body(&IntrospectionResponse::from_introspection(&found, &asked, org, &style)?)?,
            Err(refusal) => Answer::from_body(&IntrospectionResponse::refused(ApiCall::at(Self::ROUTE.path), &refusal, &style))?,
        })
    }
}
