//! `DELETE /v1/orgs/{org}/members/{sub}`: Jeton's own directory.

use shared::admin::orgs_and_members;
use shared::api::http::{Bearer, Dialect, Endpoint, MemberPath, NoContent, Route};
use shared::domain::Error;
use shared::platform::capabilities::MemberRemover;

/// Deletes a member and kills its tokens.
#[derive(Debug)]
pub struct DeleteMember;

impl Endpoint for DeleteMember {
    const ROUTE: Route =
        Route::delete("jeton.delete_member", "/v1/orgs/{org}/members/{sub}", Dialect::Jeton).refuses(&[403, 404, 409]);
    type Ports = MemberRemover;
    type Input = (Bearer, MemberPath);
    type Output = NoContent;

    async fn handle(ports: &MemberRemover, (bearer, MemberPath(key)): Self::Input) -> Result<Self::Output, Error> {
        orgs_and_members::delete_member(ports, bearer.token(), &key).await?;
        Ok(NoContent)
    }
}
