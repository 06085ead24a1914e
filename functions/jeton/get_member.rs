//! `GET /v1/orgs/{org}/members/{sub}`: Jeton's own directory.

use shared::directory;
use shared::domain::Error;
use shared::http::{Answer, Bearer, Dialect, Endpoint, MemberPath, Route};
use shared::ports::Reader;
use shared::wire::jeton::member::MemberView;

/// Shows a member, also to itself.
#[derive(Debug)]
pub struct GetMember;

impl Endpoint for GetMember {
    const ROUTE: Route = Route::get("jeton.get_member", "/v1/orgs/{org}/members/{sub}", Dialect::Jeton).refuses(&[403, 404]);
    type Ports = Reader;
    type Input = (Bearer, MemberPath);
    type Output = Answer<200, MemberView<'static>>;

    async fn handle(ports: &Reader, (bearer, MemberPath(key)): Self::Input) -> Result<Self::Output, Error> {
        let member = directory::member(ports, bearer.token(), &key).await?;
        Ok(Answer::of(&MemberView::of(&member))?)
    }
}
