//! `POST /auth/userinfo` of Authlete's API.

use shared::api::authlete::content::ErrorStyle;
use shared::api::authlete::response::UserinfoResponse;
use shared::api::authlete::result::ApiCall;
use shared::api::authlete::{Lenient, ServiceCredentials, request};
use shared::api::http::{Answer, Dialect, Endpoint, Route};
use shared::auth::service::authenticate;
use shared::domain::scope::api;
use shared::domain::{Error, Fault};
use shared::oauth::forwarded::userinfo::examine;
use shared::platform::capabilities::Introspector;
use shared::tokens::lookup::TokenLookup;

/// Tells an authorization server what a token may know of its person.
#[derive(Debug)]
pub struct ProcessUserinfo;

impl Endpoint for ProcessUserinfo {
    const ROUTE: Route = Route::post("authlete.process_userinfo", "/api/{serviceId}/auth/userinfo", Dialect::Authlete)
        .and_at("/api/auth/userinfo");
    type Ports = Introspector;
    type Input = (ServiceCredentials, Lenient<request::ProcessUserinfo>);
    type Output = Answer<200, UserinfoResponse<'static>>;

    async fn handle(ports: &Introspector, (credentials, Lenient(request)): Self::Input) -> Result<Self::Output, Error> {
        let shown = request.try_into_request();
        let keys = ports.reader.keys.now().await?;
        let seek = |org: &_| shown.as_ref().ok().map(|shown| TokenLookup::by_value(&keys, org, shown.token.expose()));
        let caller = authenticate(&ports.reader, &credentials.0, &[api::TOKENS_READ], seek).await?;
        let org = caller.service.org();
        let style = ErrorStyle::for_org(org, ports.reader.keys.issuer());
        let shown = match shown {
            Ok(shown) => shown,
            Err(refusal) => {
                let lacking = UserinfoResponse::lacking(ApiCall::at(Self::ROUTE.path), &refusal, &style);
                return Ok(Answer::from_body(&lacking)?);
            }
        };
        let lookup = caller.lookup.ok_or_else(|| Fault::internal("looking for the token of a userinfo request"))?;
        Ok(match examine(ports, &caller.service, (&lookup, &caller.found), &shown).await? {
            Ok(person) => Answer::from_body(&UserinfoResponse::from_person(&person, &shown.token, org)?)?,
            Err(problem) => Answer::from_body(&UserinfoResponse::refused(problem, &style))?,
        })
    }
}
