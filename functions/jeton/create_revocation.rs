//! `POST /v1/orgs/{org}/revocations`: Jeton's own directory.

use shared::admin::clients;
use shared::api::http::{Answer, Bearer, Dialect, Endpoint, Json, OrgPath, Route};
use shared::api::jeton::revocation::{NamedTarget, NewRevocation, Revocation};
use shared::auth::service::authenticate_member;
use shared::domain::scope::api;
use shared::domain::{ClientRef, Error};
use shared::platform::capabilities::BulkRevoker;
use shared::tokens::revoke::{RevocationTarget, revoke_all};

/// Revokes everything of a member, an end user, a client or a session, at once and however much it is. Needs `tokens:revoke` in the
/// org or above it.
#[derive(Debug)]
pub struct CreateRevocation;

impl Endpoint for CreateRevocation {
    const ROUTE: Route =
        Route::post("jeton.create_revocation", "/v1/orgs/{org}/revocations", Dialect::Jeton).refuses(&[403, 404]);
    type Ports = BulkRevoker;
    type Input = (Bearer, OrgPath, Json<NewRevocation>);
    type Output = Answer<200, Revocation>;

    async fn handle(ports: &BulkRevoker, (bearer, OrgPath(org), Json(request)): Self::Input) -> Result<Self::Output, Error> {
        let target: NamedTarget = request.try_into()?;
        let client: Option<ClientRef> = target.client().cloned();
        let caller = authenticate_member(&ports.reader, bearer.token(), org, &[api::TOKENS_REVOKE], client).await?;
        let target = match target {
            NamedTarget::Subject(subject) => RevocationTarget::Subject(subject),
            NamedTarget::Session(session) => RevocationTarget::Session(session),
            NamedTarget::Client(named, subject) => {
                let client = clients::get(&ports.reader, &caller.service, &caller.found, &named).await?.id;
                RevocationTarget::from_client(client, subject)
            }
        };
        Ok(Answer::from_body(&Revocation::at(revoke_all(ports, &caller.service, target).await?))?)
    }
}
