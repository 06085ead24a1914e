//! Revokes: one by one, or sets by a mark.

use async_trait::async_trait;
use aws_sdk_dynamodb::types::AttributeValue;

use super::change::{Change, Check};
use super::items::{self, bytes, deletion, moment, number};
use super::keys::Key;
use super::{DynamoStore, Item};
use crate::domain::{FamilyKey, Fault, NotBefore, NotBeforeKey, OrgId, RevocationStamp, Shard, Timestamp, TokenKey};
use crate::store::{Revocation, RevokeTokens, codec};

#[async_trait]
impl RevokeTokens for DynamoStore {
    async fn revoke(&self, token: &TokenKey, family: Option<&FamilyKey>, stamp: RevocationStamp) -> Result<Revocation, Fault> {
        let revoking = self.revoking(&token.org, &stamp)?;
        let Some(family) = family else { return self.revoke_one(Key::token(token), &revoking).await };
        // A transaction that is refused changes nothing, so both must be as they should, or only what remains is written.
        let both = [self.revocation(Key::token(token), &revoking), self.revocation(Key::family(family), &revoking)];
        let Some(checks) = self.transact(REVOKING, &both).await? else { return Ok(Revocation::Done) };
        match checks.first() {
            Some(Check::Passed) => self.revoke_one(Key::token(token), &revoking).await,
            Some(Check::Failed(Some(item))) => {
                let revocation = revoking.found(item)?;
                self.revoke_one(Key::family(family), &revoking).await?;
                Ok(revocation)
            }
            Some(Check::Failed(None)) | None => Ok(Revocation::Unknown),
        }
    }

    async fn revoke_family(&self, family: &FamilyKey, stamp: RevocationStamp) -> Result<Revocation, Fault> {
        self.revoke_one(Key::family(family), &self.revoking(&family.org, &stamp)?).await
    }

    async fn set_not_before(&self, mark: &NotBefore) -> Result<(), Fault> {
        const DOING: &str = "writing a not-before mark";
        let mut backoff = self.backoff(DOING);
        let asked = StoredMark::asked(mark);
        let shards = codec::mark_shard(&mark.key.kind).map_or_else(|| Shard::all().collect(), |only| vec![only]);
        let mut copies: Vec<_> = shards.into_iter().map(|shard| (shard, None)).collect();
        loop {
            let changes: Vec<_> =
                copies.iter().map(|(shard, stands)| self.mark_copy((&mark.key, *shard), *stands, asked)).collect();
            let Some(checks) = self.change_all(DOING, changes).await? else { return Ok(()) };
            // Where one has stood, something at least as late will stand: a copy that needs no change now never will.
            let mut rest = Vec::new();
            for ((shard, stands), check) in copies.into_iter().zip(checks) {
                match check {
                    Check::Passed => rest.push((shard, stands)),
                    Check::Failed(None) => rest.push((shard, None)),
                    Check::Failed(Some(item)) => {
                        let stands = StoredMark::from_item(&item)?;
                        rest.extend(Some((shard, Some(stands))).filter(|_| stands.merged(asked) != stands));
                    }
                }
            }
            if rest.is_empty() {
                return Ok(());
            }
            copies = rest;
            backoff.wait().await?;
        }
    }
}

impl DynamoStore {
    pub(super) fn revoking(&self, org: &OrgId, stamp: &RevocationStamp) -> Result<Revoking, Fault> {
        let by = stamp.by.as_ref().map(|by| items::revoking_party(by, org)).transpose()?;
        Ok(Revoking { at: stamp.at, by, name: self.name_of_write()? })
    }

    async fn revoke_one(&self, key: Key, revoking: &Revoking) -> Result<Revocation, Fault> {
        match self.change(REVOKING, self.revocation(key, revoking)).await? {
            Check::Passed => Ok(Revocation::Done),
            Check::Failed(Some(item)) => revoking.found(&item),
            Check::Failed(None) => Ok(Revocation::Unknown),
        }
    }

    fn revocation(&self, key: Key, revoking: &Revoking) -> Change {
        let condition = "attribute_exists(pk) AND attribute_not_exists(r)";
        revoking.valued(Change::update(&self.tables.tokens, key, revoking.expression(), condition))
    }

    /// Moves the copy of a mark in one shard forward from where it `stands`. `None`: that isn't known.
    fn mark_copy(&self, (key, shard): (&NotBeforeKey, Shard), stands: Option<StoredMark>, asked: StoredMark) -> Change {
        let to = stands.map_or(asked, |old| old.merged(asked));
        let expression = if to.expires.is_some() { "SET n = :n, x = :x" } else { "SET n = :n REMOVE x" };
        let condition = match (stands, to.expires) {
            (None, Some(_)) => "attribute_not_exists(n) OR n < :n AND x <= :x",
            (None, None) => "attribute_not_exists(n) OR n < :n",
            (Some(StoredMark { expires: Some(_), .. }), _) => "n = :old_n AND x = :old_x",
            (Some(StoredMark { expires: None, .. }), _) => "n = :old_n AND attribute_not_exists(x)",
        };
        let mut change = Change::update(&self.tables.tokens, Key::mark(key, shard), expression, condition);
        change = change.with("n", moment(to.not_before));
        if let Some(second) = to.expires {
            change = change.with("x", number(second));
        }
        if let Some(old) = stands {
            change = change.with("old_n", moment(old.not_before));
        }
        if let Some(second) = stands.and_then(|old| old.expires) {
            change = change.with("old_x", number(second));
        }
        change
    }
}

/// One revocation of a token, a family or an API key.
pub(super) struct Revoking {
    at: Timestamp,
    /// Who asked for it, as the item keeps it.
    by: Option<AttributeValue>,
    /// By which it knows again what it has written.
    name: [u8; 8],
}

impl Revoking {
    /// The expression that notes it.
    pub(super) fn expression(&self) -> &'static str {
        if self.by.is_some() { "SET r = :at, w = :name, z = :by" } else { "SET r = :at, w = :name" }
    }

    /// Gives a change the values of the expression.
    pub(super) fn valued(&self, change: Change) -> Change {
        let change = change.with("at", moment(self.at)).with("name", bytes(&self.name));
        match &self.by {
            Some(by) => change.with("by", by.clone()),
            None => change,
        }
    }

    /// What it did, if it finds this item revoked: that may have been its own first attempt, whose answer got lost.
    pub(super) fn found(&self, item: &Item) -> Result<Revocation, Fault> {
        let is_own = items::find_bytes(item, "w")? == Some(self.name);
        Ok(if is_own { Revocation::Done } else { Revocation::Already })
    }
}

/// Where the copy of a mark stands.
#[derive(Clone, Copy, PartialEq)]
struct StoredMark {
    not_before: Timestamp,
    /// When DynamoDB may delete it, s. `None`: never.
    expires: Option<i64>,
}

impl StoredMark {
    /// Returns where the mark shall stand.
    fn asked(mark: &NotBefore) -> Self {
        Self { not_before: mark.not_before, expires: mark.expires_at.map(deletion) }
    }

    fn from_item(item: &Item) -> Result<Self, Fault> {
        Ok(Self { not_before: items::not_before(item)?, expires: items::find_number(item, "x")? })
    }

    fn merged(self, other: Self) -> Self {
        let expires = self.expires.zip(other.expires).map(|(one, another)| one.max(another));
        Self { not_before: self.not_before.max(other.not_before), expires }
    }
}

const REVOKING: &str = "revoking";
