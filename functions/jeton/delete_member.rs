//! `DELETE /v1/orgs/{org}/members/{sub}` and `/v1/orgs/{org}/member?sub=`: Jeton's own directory.

use shared::admin::orgs_and_members;
use shared::api::http::{Bearer, Dialect, Endpoint, MemberPath, NoContent, Preconditions, Route};
use shared::api::jeton::member::MemberView;
use shared::domain::{Error, Member};
use shared::platform::capabilities::MemberRemover;

/// Deletes a member and kills its tokens.
#[derive(Debug)]
pub struct DeleteMember;

impl Endpoint for DeleteMember {
    const ROUTE: Route = Route::delete("jeton.delete_member", "/v1/orgs/{org}/members/{sub}", Dialect::Jeton)
        .and_at("/v1/orgs/{org}/member")
        .refuses(&[403, 404, 409]);
    type Ports = MemberRemover;
    type Input = (Bearer, MemberPath, Preconditions);
    type Output = NoContent;

    async fn handle(ports: &MemberRemover, (bearer, MemberPath(key), conditions): Self::Input) -> Result<Self::Output, Error> {
        let condition = |there: &Member| conditions.check(Some(&MemberView::from_member(there)));
        let condition = (!conditions.is_empty()).then_some(condition);
        orgs_and_members::delete_member(ports, bearer.token(), &key, condition).await?;
        Ok(NoContent)
    }
}
