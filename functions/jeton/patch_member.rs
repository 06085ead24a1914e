//! `PATCH /v1/orgs/{org}/members/{sub}` and `/v1/orgs/{org}/member?sub=`: Jeton's own directory.

use shared::admin::orgs_and_members;
use shared::api::http::{Bearer, Dialect, Endpoint, MemberPath, MergePatch, Preconditions, Route, Tagged};
use shared::api::jeton::member::{MemberView, PutMember};
use shared::domain::{Error, Member, Refusal};
use shared::platform::capabilities::MemberWriter;

/// Changes a member by a merge patch: what is left out stays as it is, and `null` means the default.
#[derive(Debug)]
pub struct PatchMember;

impl Endpoint for PatchMember {
    const ROUTE: Route = Route::patch("jeton.patch_member", "/v1/orgs/{org}/members/{sub}", Dialect::Jeton)
        .and_at("/v1/orgs/{org}/member")
        .refuses(&[403, 404, 409]);
    type Ports = MemberWriter;
    type Input = (Bearer, MemberPath, Preconditions, MergePatch<PutMember>);
    type Output = Tagged<200, MemberView<'static>>;

    async fn handle(
        ports: &MemberWriter,
        (bearer, MemberPath(key), conditions, patch): Self::Input,
    ) -> Result<Self::Output, Error> {
        let draft = |there: Option<&Member>| {
            let there = MemberView::from_member(there.ok_or(Refusal::NotFound("member"))?);
            conditions.check(Some(&there))?;
            Ok(patch.applied_to(&there)?.into_draft(&key)?)
        };
        let (member, _) = orgs_and_members::write_member(ports, bearer.token(), &key, draft).await?;
        Ok(Tagged::from_body(&MemberView::from_member(&member))?)
    }
}
