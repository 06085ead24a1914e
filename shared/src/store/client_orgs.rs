//! Whose a client is that comes straight to us: its number doesn't say.

use std::collections::HashMap;
use std::sync::{PoisonError, RwLock};

use crate::domain::{ClientId, OrgId};

/// The orgs of clients that were seen. A number never changes its org while its client is there, so what is remembered can only
/// be of a client that is gone: whoever doesn't find it there asks the store again.
#[derive(Debug, Default)]
pub struct ClientOrgs(RwLock<HashMap<ClientId, OrgId>>);

/// How many are remembered: about a megabyte.
const MAX_ENTRIES: usize = 10_000;

impl ClientOrgs {
    /// The org of this client, if it was seen.
    pub fn find(&self, client: ClientId) -> Option<OrgId> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).get(&client).cloned()
    }

    /// Any client that was seen, and its org.
    pub fn any(&self) -> Option<(OrgId, ClientId)> {
        let seen = self.0.read().unwrap_or_else(PoisonError::into_inner);
        seen.iter().next().map(|(client, org)| (org.clone(), *client))
    }

    /// Remembers the org of a client.
    pub fn note(&self, client: ClientId, org: &OrgId) {
        let mut seen = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if seen.len() >= MAX_ENTRIES {
            seen.clear();
        }
        seen.insert(client, org.clone());
    }

    /// Forgets which org a client belongs to, after it was deleted.
    pub fn forget(&self, client: ClientId) {
        self.0.write().unwrap_or_else(PoisonError::into_inner).remove(&client);
    }
}
