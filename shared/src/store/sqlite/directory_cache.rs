//! What was read of orgs, members and clients, decoded, until any of them changes.
//!
//! Each request reads its org and its client, which change seldom: to find and decode them again costs more than all else that is read. This
//! process alone writes the data file, so it knows of each change. Temporary triggers tell, whatever statement makes it.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rusqlite::Connection;
use rusqlite::functions::FunctionFlags;

use super::Result;
use crate::domain::{Client, ClientId, CredentialUses, Member, MemberKey, Org, OrgId};
use crate::store::ClientKey;

/// Keeps what was read of the directory. What isn't there is never kept, so nobody can fill it with names.
#[derive(Debug, Default)]
pub(super) struct DirectoryCache {
    /// Raised by each change, and again when that is committed: a reader beside the writer may see until then what was there before.
    version: AtomicU64,
    /// Whether something has changed that may not be committed yet.
    is_changing: AtomicBool,
    kept: Mutex<Kept>,
}

impl DirectoryCache {
    /// Begins to watch what the connection that writes does to the directory.
    ///
    /// # Errors
    /// SQLite's own, if the triggers can't be made.
    pub(super) fn watch(self: &Arc<Self>, writer: &Connection) -> Result<()> {
        let cache = Arc::clone(self);
        writer.create_scalar_function("directory_changed", 0, FunctionFlags::SQLITE_UTF8, move |_| {
            cache.version.fetch_add(1, Ordering::SeqCst);
            cache.is_changing.store(true, Ordering::SeqCst);
            Ok(true)
        })?;
        for table in TABLES {
            for event in ["INSERT", "UPDATE", "DELETE"] {
                writer.execute_batch(&format!(
                    "CREATE TEMP TRIGGER directory_{table}_{event} AFTER {event} ON main.{table} BEGIN SELECT directory_changed(); END"
                ))?;
            }
        }
        Ok(())
    }

    /// Takes note that whatever was written is committed or undone.
    pub(super) fn settle(&self) {
        if self.is_changing.swap(false, Ordering::SeqCst) {
            self.version.fetch_add(1, Ordering::SeqCst);
        }
    }

    /// Begins a read. To be called before its transaction begins, so that what is kept is never older than that.
    pub(super) fn begin(&self) -> CachedRead<'_> {
        CachedRead { cache: self, version: self.version.load(Ordering::SeqCst) }
    }

    /// Returns what is kept of this version. `None`: something newer is.
    fn kept(&self, version: u64) -> Option<MutexGuard<'_, Kept>> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.version < version {
            *kept = Kept { version, ..Kept::default() };
        }
        (kept.version == version).then_some(kept)
    }
}

/// One read, of the directory as it was when that began.
#[derive(Clone, Copy, Debug)]
pub(super) struct CachedRead<'a> {
    cache: &'a DirectoryCache,
    version: u64,
}

impl CachedRead<'_> {
    /// Returns an org, which `read` brings if it isn't kept.
    pub(super) fn org(self, id: &OrgId, read: impl FnOnce() -> Result<Option<Arc<Org>>>) -> Result<Option<Arc<Org>>> {
        self.recall(|kept| &mut kept.orgs, id, read)
    }

    /// Returns a member, which `read` brings if it isn't kept.
    pub(super) fn member(self, key: &MemberKey, read: impl FnOnce() -> Result<Option<Member>>) -> Result<Option<Member>> {
        self.recall(|kept| &mut kept.members, key, read)
    }

    /// Returns a client with the uses of its credentials, which `read` brings if they aren't kept.
    pub(super) fn client(
        self,
        key: &ClientKey,
        read: impl FnOnce() -> Result<Option<ClientWithUses>>,
    ) -> Result<Option<ClientWithUses>> {
        self.recall(|kept| &mut kept.clients, key, read)
    }

    /// Returns the org of a client, which `read` brings if it isn't kept.
    pub(super) fn client_org(self, id: ClientId, read: impl FnOnce() -> Result<Option<OrgId>>) -> Result<Option<OrgId>> {
        self.recall(|kept| &mut kept.client_orgs, &id, read)
    }

    fn recall<K, V>(
        self,
        part: impl Fn(&mut Kept) -> &mut HashMap<K, V>,
        key: &K,
        read: impl FnOnce() -> Result<Option<V>>,
    ) -> Result<Option<V>>
    where
        K: Clone + Eq + Hash,
        V: Clone,
    {
        if let Some(value) = self.cache.kept(self.version).and_then(|mut kept| part(&mut kept).get(key).cloned()) {
            return Ok(Some(value));
        }
        let Some(value) = read()? else { return Ok(None) };
        // What was read may be older than a change that was committed meanwhile.
        if let Some(mut kept) = self.cache.kept(self.version)
            && self.cache.version.load(Ordering::SeqCst) == self.version
        {
            let part = part(&mut kept);
            if part.len() >= MAX_KEPT {
                part.clear();
            }
            part.insert(key.clone(), value.clone());
        }
        Ok(Some(value))
    }
}

/// A client, and on which day each of its credentials was used. `None`: no use was noted.
pub(super) type ClientWithUses = (Arc<Client>, Option<CredentialUses>);

/// What is kept, all of one version of the directory.
#[derive(Debug, Default)]
struct Kept {
    version: u64,
    orgs: HashMap<OrgId, Arc<Org>>,
    members: HashMap<MemberKey, Member>,
    clients: HashMap<ClientKey, ClientWithUses>,
    client_orgs: HashMap<ClientId, OrgId>,
}

/// The tables of which something is kept.
const TABLES: &[&str] = &["orgs", "members", "clients", "client_orgs", "secret_uses"];

/// How many records of a kind are kept at most. After that it is begun anew, which costs a read for each.
const MAX_KEPT: usize = 512;
