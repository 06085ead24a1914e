//! `GET /status/{list}`: a list of revoked tokens.

use shared::api::http::{Dialect, Endpoint, IfNoneMatch, PublishedStatusList, Route};
use shared::api::jeton::status_list::StatusListPath;
use shared::domain::{Error, Refusal};
use shared::platform::capabilities::StatusListReader;

/// Publishes which tokens of an org are revoked, for verifiers that don't ask for each: a status list token
/// (draft-ietf-oauth-status-list section 5.1). A JWT of an org with `status_list` says in its claim `status` which list and which bit. Anybody
/// may read and cache it: it was signed before, and names no token.
#[derive(Debug)]
pub struct GetStatusList;

impl Endpoint for GetStatusList {
    const ROUTE: Route = Route::get("jeton.get_status_list", "/status/{list}", Dialect::Jeton);
    type Ports = StatusListReader;
    type Input = (StatusListPath, IfNoneMatch);
    type Output = PublishedStatusList;

    async fn handle(ports: &StatusListReader, (StatusListPath(id), known): Self::Input) -> Result<Self::Output, Error> {
        let list = ports.lists.status_list(&id).await?.ok_or(Refusal::NotFound("status list"))?;
        Ok(PublishedStatusList::new(list, &known))
    }
}
