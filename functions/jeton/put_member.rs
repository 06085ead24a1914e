//! `PUT /v1/orgs/{org}/members/{sub}`: Jeton's own directory.

use shared::admin::orgs_and_members;
use shared::api::http::{Bearer, Dialect, Endpoint, Json, MemberPath, Route, Written};
use shared::api::jeton::member;
use shared::api::jeton::member::MemberView;
use shared::domain::Error;
use shared::platform::capabilities::MemberWriter;
use shared::store::Put;

/// Creates or replaces a member.
#[derive(Debug)]
pub struct PutMember;

impl Endpoint for PutMember {
    const ROUTE: Route = Route::put("jeton.put_member", "/v1/orgs/{org}/members/{sub}", Dialect::Jeton).refuses(&[403, 404]);
    type Ports = MemberWriter;
    type Input = (Bearer, MemberPath, Json<member::PutMember>);
    type Output = Written<MemberView<'static>>;

    async fn handle(ports: &MemberWriter, (bearer, MemberPath(key), Json(request)): Self::Input) -> Result<Self::Output, Error> {
        let (member, put) = orgs_and_members::put_member(ports, bearer.token(), &key, request.into_draft(&key)?).await?;
        Ok(Written::from_body(put == Put::Created, &MemberView::from_member(&member))?)
    }
}
