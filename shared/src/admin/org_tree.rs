//! The orgs at and below one, in the order in which they are listed.

use std::sync::Arc;

use crate::auth::bearer::{authenticate, require_scope};
use crate::domain::scope::api;
use crate::domain::{Error, Org, OrgId, Refusal};
use crate::platform::capabilities::DirectoryReader;
use crate::store::{OrgWalk, RecordKeys};

/// One page of a listing of orgs.
#[derive(Debug)]
pub struct OrgPage {
    /// The orgs, each before those below it.
    pub orgs: Vec<Org>,
    /// Where the next page begins: behind this one. `None`: this is the last.
    pub next: Option<OrgId>,
}

/// Returns one page of the orgs at and below the caller's own: each before those below it, and those of one parent by their ids.
///
/// # Errors
/// [`Refusal::AccessDenied`] if the caller may neither read nor write orgs. [`Refusal::Invalid`] if `after` is
/// none of these orgs, or was deleted since.
pub async fn orgs(ports: &DirectoryReader, bearer: &str, after: Option<&OrgId>, limit: usize) -> Result<OrgPage, Error> {
    const BEGIN_AGAIN: &str = "must be the next of the page before, and that org must still be there: begin again without after";
    let (caller, _) = authenticate(&ports.reader, bearer, RecordKeys::default()).await?;
    let own = ports.directory.org(caller.org()).await?;
    let own = require_scope(&caller, own.as_ref(), &[api::ORGS_READ, api::ORGS_WRITE])?;
    let (mut ids, mut walk) = match after {
        None => (vec![own.id.clone()], OrgWalk::below(&own.id)),
        Some(after) => {
            let last = ports.directory.org(after).await?.filter(|org| org.is_within(&own.id));
            (Vec::new(), OrgWalk::behind(&last.ok_or_else(|| Refusal::invalid("after", BEGIN_AGAIN))?, &own.id))
        }
    };
    while ids.len() < limit
        && let Some(id) = walk.next(&*ports.directory, limit - ids.len()).await?
    {
        ids.push(id);
    }
    let next = ids.last().filter(|_| ids.len() == limit).cloned();
    let mut orgs = Vec::new();
    for some in ids.chunks(RecordKeys::MAX_KEYS) {
        let wanted = RecordKeys { orgs: some.to_vec(), ..RecordKeys::default() };
        let mut found = ports.reader.tokens.read(&wanted).await?.orgs;
        // One that was deleted meanwhile is left out.
        orgs.extend(some.iter().filter_map(|id| found.remove(id)).map(Arc::unwrap_or_clone));
    }
    Ok(OrgPage { orgs, next })
}
