//! `GET /v1/orgs/{org}/members/{sub}` and `/v1/orgs/{org}/member?sub=`: Jeton's own directory.

use shared::admin::orgs_and_members;
use shared::api::http::{Bearer, Dialect, Endpoint, MemberPath, Route, Tagged};
use shared::api::jeton::member::MemberView;
use shared::domain::Error;
use shared::platform::capabilities::Reader;

/// Shows a member, also to itself, with its `ETag`.
#[derive(Debug)]
pub struct GetMember;

impl Endpoint for GetMember {
    const ROUTE: Route = Route::get("jeton.get_member", "/v1/orgs/{org}/members/{sub}", Dialect::Jeton)
        .and_at("/v1/orgs/{org}/member")
        .refuses(&[403, 404]);
    type Ports = Reader;
    type Input = (Bearer, MemberPath);
    type Output = Tagged<200, MemberView<'static>>;

    async fn handle(ports: &Reader, (bearer, MemberPath(key)): Self::Input) -> Result<Self::Output, Error> {
        let member = orgs_and_members::member(ports, bearer.token(), &key).await?;
        Ok(Tagged::from_body(&MemberView::from_member(&member))?)
    }
}
