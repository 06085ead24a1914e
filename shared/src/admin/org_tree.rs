//! The orgs at and below one, in the order in which they are listed.

use std::collections::VecDeque;

use crate::auth::bearer::{authenticate, require_scope};
use crate::domain::scope::api;
use crate::domain::{Error, Fault, Org, OrgId, Refusal};
use crate::platform::capabilities::DirectoryReader;
use crate::store::{ReadDirectory, RecordKeys};

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
        None => (vec![own.id.clone()], Walk::below(&own.id)),
        Some(after) => {
            let last = ports.directory.org(after).await?.filter(|org| org.is_within(&own.id));
            (Vec::new(), Walk::behind(&last.ok_or_else(|| Refusal::invalid("after", BEGIN_AGAIN))?, &own.id))
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
        orgs.extend(some.iter().filter_map(|id| found.remove(id)));
    }
    Ok(OrgPage { orgs, next })
}

/// A walk through a tree of orgs, of which only the branch is known on which it is.
struct Walk {
    /// The levels of the branch, the lowest last.
    levels: Vec<Level>,
}

/// The orgs of one parent, of which some are behind already.
struct Level {
    parent: OrgId,
    after: Option<OrgId>,
    waiting: VecDeque<OrgId>,
    is_read: bool,
}

impl Level {
    fn new(parent: &OrgId, after: Option<&OrgId>) -> Self {
        Self { parent: parent.clone(), after: after.cloned(), waiting: VecDeque::new(), is_read: false }
    }
}

impl Walk {
    /// A walk through all that is below an org.
    fn below(org: &OrgId) -> Self {
        Self { levels: vec![Level::new(org, None)] }
    }

    /// A walk that goes on behind an org: through all that is below it, then through what comes after it below its parent, and so
    /// on for each parent up to `top`.
    fn behind(org: &Org, top: &OrgId) -> Self {
        let line: Vec<&OrgId> = std::iter::once(&org.id).chain(&org.ancestors).collect();
        let height = line.iter().position(|id| *id == top).unwrap_or(0);
        let mut levels: Vec<_> = line[..=height].windows(2).map(|pair| Level::new(pair[1], Some(pair[0]))).collect();
        levels.reverse();
        levels.push(Level::new(&org.id, None));
        Self { levels }
    }

    /// Returns the next org, if there is one. No more than `wanted` are read of one parent at once.
    async fn next(&mut self, directory: &dyn ReadDirectory, wanted: usize) -> Result<Option<OrgId>, Fault> {
        while let Some(level) = self.levels.last_mut() {
            if let Some(id) = level.waiting.pop_front() {
                self.levels.push(Level::new(&id, None));
                return Ok(Some(id));
            }
            if level.is_read {
                self.levels.pop();
                continue;
            }
            let some = directory.sub_orgs(&level.parent, level.after.as_ref(), wanted).await?;
            level.is_read = some.len() < wanted;
            level.after = some.last().cloned().or(level.after.take());
            level.waiting.extend(some);
        }
        Ok(None)
    }
}
