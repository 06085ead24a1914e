//! `POST /v1/tokens/introspect_all_sub_orgs` of the Agilicus Tokens API.

use shared::api::agilicus::request;
use shared::api::agilicus::response::{ManyOrgs, Token};
use shared::api::http::{Answer, Dialect, Endpoint, Json, Route};
use shared::domain::Error;
use shared::platform::capabilities::DirectoryReader;
use shared::tokens::introspect;

/// Tells what a token is good for in its org and would be in each org below.
#[derive(Debug)]
pub struct IntrospectAllSubOrgs;

impl Endpoint for IntrospectAllSubOrgs {
    const ROUTE: Route =
        Route::post("agilicus.introspect_all_sub_orgs", "/v1/tokens/introspect_all_sub_orgs", Dialect::Agilicus).refuses(&[410]);
    type Ports = DirectoryReader;
    type Input = Json<request::IntrospectToken>;
    type Output = Answer<200, ManyOrgs<'static>>;

    async fn handle(ports: &DirectoryReader, Json(request): Self::Input) -> Result<Self::Output, Error> {
        let only = request.target_orgs()?;
        let exclude_roles = request.excludes_roles();
        let active = introspect::introspect(&ports.reader, None, request.token()?).await?.active()?;
        let views = introspect::introspect_in_sub_orgs(ports, &active, only.as_deref()).await?;
        Ok(Answer::from_body(&ManyOrgs {
            primary_token: Token::of_active(&active).without_roles(exclude_roles),
            sub_org_results: views
                .iter()
                .map(|(record, member)| Token::from_record(record, Some(member)).without_roles(exclude_roles))
                .collect(),
        })?)
    }
}
