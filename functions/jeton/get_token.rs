//! `GET /v1/tokens/{jti}`: one token, as an administrator or its owner sees it.

use shared::api::http::{Answer, Bearer, Dialect, Endpoint, Query, Route};
use shared::api::jeton::token::{OrgQuery, TokenPath, TokenView};
use shared::domain::Error;
use shared::platform::capabilities::DirectoryReader;
use shared::tokens::list;

/// Shows one token: the row of the list, with what has revoked it.
#[derive(Debug)]
pub struct GetToken;

impl Endpoint for GetToken {
    const ROUTE: Route = Route::get("jeton.get_token", "/v1/tokens/{jti}", Dialect::Jeton).refuses(&[404]);
    type Ports = DirectoryReader;
    type Input = (Bearer, TokenPath, Query<OrgQuery>);
    type Output = Answer<200, TokenView<'static>>;

    async fn handle(ports: &DirectoryReader, (bearer, TokenPath(id), Query(query)): Self::Input) -> Result<Self::Output, Error> {
        let (row, revocation) = list::show(ports, bearer.token(), id, query.org).await?;
        Ok(Answer::from_body(&TokenView::from_row(&row, revocation.as_ref()))?)
    }
}
