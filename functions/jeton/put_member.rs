//! `PUT /v1/orgs/{org}/members/{sub}`: Jeton's own directory.

use shared::directory;
use shared::domain::Error;
use shared::http::{Bearer, Dialect, Endpoint, Json, MemberPath, Route, Written};
use shared::ports::MemberWriter;
use shared::store::Put;
use shared::wire::jeton::member::{self, MemberView};

/// Creates or replaces a member.
#[derive(Debug)]
pub struct PutMember;

impl Endpoint for PutMember {
    const ROUTE: Route = Route::put("jeton.put_member", "/v1/orgs/{org}/members/{sub}", Dialect::Jeton).refuses(&[403, 404]);
    type Ports = MemberWriter;
    type Input = (Bearer, MemberPath, Json<member::PutMember>);
    type Output = Written<MemberView<'static>>;

    async fn handle(ports: &MemberWriter, (bearer, MemberPath(key), Json(request)): Self::Input) -> Result<Self::Output, Error> {
        let (member, put) = directory::put_member(ports, bearer.token(), &key, request.try_into()?).await?;
        Ok(Written::of(put == Put::Created, &MemberView::of(&member))?)
    }
}
