//! `PATCH /v1/orgs/{org}`: Jeton's own directory.

use shared::admin::orgs_and_members::{self, OrgWrite};
use shared::api::http::{Bearer, Dialect, Endpoint, MergePatch, OrgPath, Preconditions, Query, Route, Tagged};
use shared::api::jeton::org::{OrgView, OrgWriteQuery, PutOrg};
use shared::domain::{AssertionSettings, Error, Org, Refusal};
use shared::platform::capabilities::OrgChanger;

/// Changes an org by a merge patch: what is left out stays as it is, and `null` means the default.
#[derive(Debug)]
pub struct PatchOrg;

impl Endpoint for PatchOrg {
    const ROUTE: Route = Route::patch("jeton.patch_org", "/v1/orgs/{org}", Dialect::Jeton).refuses(&[403, 409]);
    type Ports = OrgChanger;
    type Input = (Bearer, OrgPath, Preconditions, Query<OrgWriteQuery>, MergePatch<PutOrg>);
    type Output = Tagged<200, OrgView<'static>>;

    async fn handle(
        ports: &OrgChanger,
        (bearer, OrgPath(id), conditions, Query(query), patch): Self::Input,
    ) -> Result<Self::Output, Error> {
        let draft = |there: Option<(&Org, &AssertionSettings)>| {
            let (org, assertions) = there.ok_or(Refusal::NotFound("org"))?;
            let there = OrgView::from_org(org, assertions);
            conditions.check(Some(&there))?;
            Ok(patch.applied_to(&there)?.into_draft(&id)?)
        };
        let write = OrgWrite::Change;
        let (org, assertions, _) = orgs_and_members::write_org(ports, bearer.token(), &id, write, query.key_check, draft).await?;
        Ok(Tagged::from_body(&OrgView::from_org(&org, &assertions))?)
    }
}
