//! A walk through the orgs below one, a few reads at a time.

use std::collections::VecDeque;

use super::ReadDirectory;
use crate::domain::{Fault, Org, OrgId};

/// A walk through a tree of orgs: each before those below it, and those of one parent by their ids.
///
/// It knows no more of the tree than the branch that it has come to.
pub(crate) struct OrgWalk {
    /// The levels of the branch, the lowest last.
    levels: Vec<Level>,
}

impl OrgWalk {
    /// Begins a walk through all that is below an org.
    pub(crate) fn below(org: &OrgId) -> Self {
        Self { levels: vec![Level::new(org, None)] }
    }

    /// Goes on with a walk behind an org: through all that is below it, then through what comes after it below its parent, and so
    /// on for each parent up to `top`.
    pub(crate) fn behind(org: &Org, top: &OrgId) -> Self {
        let line: Vec<&OrgId> = std::iter::once(&org.id).chain(&org.ancestors).collect();
        let height = line.iter().position(|id| *id == top).unwrap_or(0);
        let mut levels: Vec<_> = line[..=height].windows(2).map(|pair| Level::new(pair[1], Some(pair[0]))).collect();
        levels.reverse();
        levels.push(Level::new(&org.id, None));
        Self { levels }
    }

    /// Returns the next org, if there is one. No more than `wanted` are read of one parent at once.
    ///
    /// # Errors
    /// A [`Fault`] if the directory can't be read.
    pub(crate) async fn next(&mut self, directory: &dyn ReadDirectory, wanted: usize) -> Result<Option<OrgId>, Fault> {
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
