//! `PUT /v1/orgs/{org}/members/{sub}` and `/v1/orgs/{org}/member?sub=`: Jeton's own directory.

use shared::admin::orgs_and_members;
use shared::api::http::{Bearer, Dialect, Endpoint, Json, MemberPath, Preconditions, Route, Written};
use shared::api::jeton::member;
use shared::api::jeton::member::MemberView;
use shared::domain::{Error, Member};
use shared::platform::capabilities::MemberWriter;
use shared::store::Put;

/// Creates or replaces a member. What is left out gets its default: `PATCH` changes one thing and leaves the rest.
#[derive(Debug)]
pub struct PutMember;

impl Endpoint for PutMember {
    const ROUTE: Route = Route::put("jeton.put_member", "/v1/orgs/{org}/members/{sub}", Dialect::Jeton)
        .and_at("/v1/orgs/{org}/member")
        .refuses(&[403, 404, 409]);
    type Ports = MemberWriter;
    type Input = (Bearer, MemberPath, Preconditions, Json<member::PutMember>);
    type Output = Written<MemberView<'static>>;

    async fn handle(
        ports: &MemberWriter,
        (bearer, MemberPath(key), conditions, Json(request)): Self::Input,
    ) -> Result<Self::Output, Error> {
        let said = request.into_draft(&key)?;
        let draft = |there: Option<&Member>| {
            conditions.check(there.map(MemberView::from_member).as_ref())?;
            Ok(said.clone())
        };
        let (member, put) = orgs_and_members::write_member(ports, bearer.token(), &key, draft).await?;
        Ok(Written::from_body(put == Put::Created, &MemberView::from_member(&member))?)
    }
}
