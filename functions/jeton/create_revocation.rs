//! `POST /v1/orgs/{org}/revocations`: Jeton's own directory.

use shared::admin::clients;
use shared::api::http::{Answer, Bearer, Dialect, Endpoint, Json, OrgPath, Route};
use shared::api::jeton::revocation::{NamedTarget, NewRevocation, Revocation};
use shared::auth::service::authenticate_member;
use shared::domain::scope::api;
use shared::domain::{ClientRef, Error};
use shared::platform::capabilities::SubOrgRevoker;
use shared::tokens::revoke::{RevocationTarget, revoke_all};
use shared::tokens::revoke_made::revoke_made;

/// Revokes everything of a member, an end user, a client or a session, at once and however much it is; or all that the bearer of a
/// token had made. Needs `tokens:revoke` in the org or above it.
#[derive(Debug)]
pub struct CreateRevocation;

impl Endpoint for CreateRevocation {
    const ROUTE: Route =
        Route::post("jeton.create_revocation", "/v1/orgs/{org}/revocations", Dialect::Jeton).refuses(&[403, 404]);
    type Ports = SubOrgRevoker;
    type Input = (Bearer, OrgPath, Json<NewRevocation>);
    type Output = Answer<200, Revocation>;

    async fn handle(ports: &SubOrgRevoker, (bearer, OrgPath(org), Json(request)): Self::Input) -> Result<Self::Output, Error> {
        let target: NamedTarget = request.try_into()?;
        let client: Option<ClientRef> = target.client().cloned();
        let reader = &ports.orgs.reader;
        let caller = authenticate_member(reader, bearer.token(), org, &[api::TOKENS_REVOKE], client).await?;
        let target = match target {
            NamedTarget::Subject(subject) => RevocationTarget::Subject(subject),
            NamedTarget::Session(session) => RevocationTarget::Session(session),
            NamedTarget::Client(named, subject) => {
                let client = clients::get(reader, &caller.service, &caller.found, &named).await?.id;
                RevocationTarget::from_client(client, subject)
            }
            NamedTarget::MadeByBearer(target) => {
                let made = revoke_made(ports, &caller.service, target).await?;
                return Ok(Answer::from_body(&Revocation::from_made(made))?);
            }
        };
        Ok(Answer::from_body(&Revocation::at(revoke_all(&ports.to_bulk(), &caller.service, target).await?))?)
    }
}
