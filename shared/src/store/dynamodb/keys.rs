//! Where a record is.

use aws_sdk_dynamodb::types::AttributeValue;

use super::Item;
use crate::domain::{ClientId, FamilyKey, MarkKey, MemberKey, OrgId, Shard, Subject, TokenId, TokenKey};
use crate::store::codec;

/// The key of an item. No org has a `#` in its id, so no part of a key is mistaken for another.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub(super) struct Key {
    pub(super) pk: String,
    pub(super) sk: String,
}

impl Key {
    pub(super) fn token(key: &TokenKey) -> Self {
        Self { pk: partition(&key.org, key.id.shard()), sk: token_sk(&key.id) }
    }

    pub(super) fn family(key: &FamilyKey) -> Self {
        Self { pk: partition(&key.org, key.id.shard()), sk: format!("f#{}", key.id) }
    }

    /// The copy in this shard.
    pub(super) fn mark(key: &MarkKey, shard: Shard) -> Self {
        Self { pk: partition(&key.org, shard), sk: format!("v#{}", codec::mark_name(&key.kind)) }
    }

    pub(super) fn org(id: &OrgId) -> Self {
        Self { pk: id.to_string(), sk: "o".to_owned() }
    }

    /// What tells a parent of its child.
    pub(super) fn sub_org(parent: &OrgId, id: &OrgId) -> Self {
        Self { pk: parent.to_string(), sk: format!("{SUB_ORG}{id}") }
    }

    pub(super) fn member(key: &MemberKey) -> Self {
        Self { pk: key.org.to_string(), sk: format!("{MEMBER}{}", key.subject) }
    }

    pub(super) fn client(org: &OrgId, id: ClientId) -> Self {
        Self { pk: org.to_string(), sk: format!("c#{id}") }
    }

    /// What tells whose an alias is.
    pub(super) fn alias(org: &OrgId, alias: &str) -> Self {
        Self { pk: org.to_string(), sk: format!("a#{alias}") }
    }

    /// One of those that count what belongs to an org.
    pub(super) fn counter(org: &OrgId, shard: Shard) -> Self {
        Self { pk: org.to_string(), sk: format!("n#{shard}") }
    }

    /// There is one, and no org has its name.
    pub(super) fn key_ring() -> Self {
        Self { pk: "#keys".to_owned(), sk: "k".to_owned() }
    }

    pub(super) fn into_item(self) -> Item {
        let (pk, sk) = (AttributeValue::S(self.pk), AttributeValue::S(self.sk));
        Item::from([("pk".to_owned(), pk), ("sk".to_owned(), sk)])
    }
}

/// How the sort keys of the sub-orgs begin.
pub(super) const SUB_ORG: &str = "s#";

/// How the sort keys of the members begin.
pub(super) const MEMBER: &str = "m#";

/// The partition of an org's shard.
pub(super) fn partition(org: &OrgId, shard: Shard) -> String {
    format!("{org}#{shard}")
}

/// The partition of a subject's tokens in the index.
pub(super) fn subject_partition(org: &OrgId, subject: &Subject, shard: Shard) -> String {
    format!("{org}#{subject}#{shard}")
}

/// The sort key of a token, which sorts as the id does.
pub(super) fn token_sk(id: &TokenId) -> String {
    format!("t#{id}")
}

/// The sort keys of tokens up to this id, or of all.
pub(super) fn token_range(up_to: Option<&TokenId>) -> [String; 2] {
    // No id begins with a `w`.
    ["t#".to_owned(), up_to.map_or_else(|| "t#w".to_owned(), token_sk)]
}

/// The sort keys that begin so, after this one.
pub(super) fn range_after(kind: &str, after: Option<&str>) -> [String; 2] {
    // No name has control characters, so nothing is between a name and its continuation by the first of them.
    let from = after.map_or_else(|| kind.to_owned(), |after| format!("{kind}{after}\u{1}"));
    // `$` is what follows `#`.
    [from, kind.replace('#', "$")]
}
