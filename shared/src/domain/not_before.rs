//! Not-before marks: how sets of tokens are revoked.

use std::collections::HashMap;

use super::{ClientId, OrgId, SessionId, Subject, Timestamp};

/// Whose tokens a mark kills.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum NotBeforeScope {
    /// All of a client.
    Client(ClientId),
    /// All of a member.
    Member(Subject),
    /// All of the org.
    Org,
    /// All of a session.
    Session(SessionId),
    /// All that a client has for a subject. To the millisecond, and without the second more: a token that ends its
    /// predecessors is not among them.
    ClientOf(ClientId, Subject),
    /// All that clients have for a subject: not what it has as a member.
    ClientsOf(Subject),
}

/// Where a mark is. The store keeps a copy in every shard of the org, so that one read in one partition decides; but of
/// [`ClientOf`](NotBeforeScope::ClientOf), which is written with every token where a subject may have one only, there is one.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct NotBeforeKey {
    /// The org; of a session the one in which it was begun.
    pub org: OrgId,
    /// Which set of tokens the mark revokes.
    pub kind: NotBeforeScope,
}

/// Tokens of the set issued up to `not_before` (and one second more, for clocks that differ) are dead for good.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct NotBefore {
    /// The org and the set of tokens that the mark is for.
    pub key: NotBeforeKey,
    /// To the millisecond. It only ever moves forward.
    pub not_before: Timestamp,
    /// When it may be forgotten: no token can still be alive that it kills. `None`: never.
    pub expires_at: Option<Timestamp>,
}

/// The marks that were looked for, by their keys, and those of them that were found.
#[derive(Clone, Debug, Default)]
pub struct NotBefores(HashMap<NotBeforeKey, Option<Timestamp>>);

impl NotBefores {
    /// Makes the answer to a look-up of `keys` that has found nothing yet.
    pub fn looked_up(keys: &[NotBeforeKey]) -> Self {
        keys.iter().map(|key| (key.clone(), None)).collect()
    }

    /// Adds a mark that was found.
    pub fn insert(&mut self, key: NotBeforeKey, not_before: Timestamp) {
        self.0.insert(key, Some(not_before));
    }

    /// Takes a mark away.
    pub fn remove(&mut self, key: &NotBeforeKey) {
        self.0.remove(key);
    }

    /// The moment of this mark.
    pub fn find(&self, key: &NotBeforeKey) -> Option<Timestamp> {
        self.0.get(key).copied().flatten()
    }

    /// Says whether this mark was looked for, be it there or not.
    pub fn has_looked_up(&self, key: &NotBeforeKey) -> bool {
        self.0.contains_key(key)
    }

    /// Whether a token of the set that was issued at this moment is dead.
    pub fn kills(&self, key: &NotBeforeKey, issued_at: Timestamp) -> bool {
        let Some(mark) = self.find(key) else { return false };
        match key.kind {
            NotBeforeScope::ClientOf(..) => issued_at < mark,
            NotBeforeScope::Client(_)
            | NotBeforeScope::ClientsOf(_)
            | NotBeforeScope::Member(_)
            | NotBeforeScope::Org
            | NotBeforeScope::Session(_) => issued_at <= mark.plus_slack(),
        }
    }
}

impl Extend<(NotBeforeKey, Option<Timestamp>)> for NotBefores {
    fn extend<T: IntoIterator<Item = (NotBeforeKey, Option<Timestamp>)>>(&mut self, marks: T) {
        self.0.extend(marks);
    }
}

impl IntoIterator for NotBefores {
    type Item = (NotBeforeKey, Option<Timestamp>);
    type IntoIter = std::collections::hash_map::IntoIter<NotBeforeKey, Option<Timestamp>>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl FromIterator<(NotBeforeKey, Option<Timestamp>)> for NotBefores {
    fn from_iter<T: IntoIterator<Item = (NotBeforeKey, Option<Timestamp>)>>(marks: T) -> Self {
        Self(marks.into_iter().collect())
    }
}
