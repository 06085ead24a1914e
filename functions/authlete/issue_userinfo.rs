//! `POST /auth/userinfo/issue` of Authlete's API.

use shared::api::authlete::content::ErrorStyle;
use shared::api::authlete::request::PersonTold;
use shared::api::authlete::response::UserinfoIssueResponse;
use shared::api::authlete::result::ApiCall;
use shared::api::authlete::{Lenient, ServiceCredentials, request};
use shared::api::http::{Answer, Dialect, Endpoint, Route, split_refusal};
use shared::auth::service::authenticate;
use shared::domain::scope::api;
use shared::domain::{Error, Fault};
use shared::oauth::forwarded::userinfo::{answer, examine_again};
use shared::platform::capabilities::SigningReader;
use shared::tokens::lookup::TokenLookup;

/// Writes what a client is told of a person, of whom the authorization server knows more.
#[derive(Debug)]
pub struct IssueUserinfo;

impl Endpoint for IssueUserinfo {
    const ROUTE: Route = Route::post("authlete.issue_userinfo", "/api/{serviceId}/auth/userinfo/issue", Dialect::Authlete)
        .and_at("/api/auth/userinfo/issue");
    type Ports = SigningReader;
    type Input = (ServiceCredentials, Lenient<request::IssueUserinfo>);
    type Output = Answer<200, UserinfoIssueResponse>;

    async fn handle(ports: &SigningReader, (credentials, Lenient(request)): Self::Input) -> Result<Self::Output, Error> {
        let reader = &ports.reader;
        let told = request.try_into_told();
        let keys = reader.keys.now().await?;
        let seek = |org: &_| told.as_ref().ok().map(|told| TokenLookup::by_value(&keys, org, told.token.expose()));
        let caller = authenticate(reader, &credentials.0, &[api::TOKENS_READ], seek).await?;
        let style = ErrorStyle::for_org(caller.service.org(), reader.keys.issuer());
        let answered = async {
            let PersonTold { sub, claims, .. } = told?;
            let lookup = caller.lookup.ok_or_else(|| Fault::internal("looking for the token of a userinfo request"))?;
            match examine_again(reader, (&lookup, &caller.found)).await? {
                Ok(person) => Ok(Ok(answer(ports, &person, sub.as_ref(), claims).await?)),
                Err(problem) => Ok(Err(problem)),
            }
        };
        Ok(match split_refusal(answered.await)? {
            Ok(Ok(answer)) => Answer::from_body(&UserinfoIssueResponse::from_answer(answer))?,
            Ok(Err(problem)) => Answer::from_body(&UserinfoIssueResponse::refused(problem, &style))?,
            Err(refusal) => Answer::from_body(&UserinfoIssueResponse::lacking(ApiCall::at(Self::ROUTE.path), &refusal, &style))?,
        })
    }
}
