//! `POST /auth/token`: contract `authlete`, section 5.2.

use shared::domain::scope::api;
use shared::domain::{Error, Fault};
use shared::http::{Answer, Dialect, Endpoint, Lenient, Route, ServiceCredentials, understood};
use shared::ports::Granter;
use shared::service::authenticate;
use shared::token_request;
use shared::wire::authlete::content::Style;
use shared::wire::authlete::request;
use shared::wire::authlete::response::TokenResponse;
use shared::wire::authlete::result::Call;

/// Processes what a client has sent to the token endpoint of an authorization server.
#[derive(Debug)]
pub struct ProcessToken;

impl Endpoint for ProcessToken {
    const ROUTE: Route =
        Route::post("authlete.process_token", "/api/{serviceId}/auth/token", Dialect::Authlete).and_at("/api/auth/token");
    type Ports = Granter;
    type Input = (ServiceCredentials, Lenient<request::ProcessToken>);
    type Output = Answer<200>;

    async fn handle(ports: &Granter, (credentials, Lenient(request)): Self::Input) -> Result<Self::Output, Error> {
        let asked = request.take();
        let keys = ports.reader().keys.now().await?;
        let subjects = |org: &_| asked.as_ref().ok().map(|request| request.subjects(&keys, org));
        let caller = authenticate(ports.reader(), &credentials.0, &[api::TOKENS_CREATE], subjects).await?;
        let org = caller.service.org();
        let form = asked.as_ref().ok().map(|request| &request.form);
        let (grant, presented) = (form.and_then(|form| form.grant()), form.and_then(|form| form.refresh_token()).cloned());
        let processed = async {
            let (request, subjects) = asked.map(|request| (request, caller.sought.unwrap_or_default()))?;
            token_request::process(ports, &caller.service, (&subjects, &caller.found), request).await
        };
        Ok(match understood(processed.await)? {
            Ok(outcome) => {
                let grant = grant.ok_or_else(|| Fault::internal("telling by which grant a token was issued"))?;
                Answer::of(&TokenResponse::of(&outcome, grant, org, presented.as_ref())?)?
            }
            Err(refusal) => {
                let style = Style::of(org, ports.reader().keys.issuer());
                Answer::of(&TokenResponse::refused(Call::at(Self::ROUTE.path), &refusal, grant, &style)?)?
            }
        })
    }
}
