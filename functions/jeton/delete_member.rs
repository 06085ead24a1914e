//! `DELETE /v1/orgs/{org}/members/{sub}`: Jeton's own directory.

use shared::directory;
use shared::domain::Error;
use shared::http::{Bearer, Dialect, Endpoint, MemberPath, NoContent, Route};
use shared::ports::MemberRemover;

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
        directory::delete_member(ports, bearer.token(), &key).await?;
        Ok(NoContent)
    }
}
