//! Orgs, members and clients.
//!
//! An org counts what belongs to it: a number changes in the transaction that adds or deletes a child, and the transaction
//! that deletes the org asks for zeros, so nothing outlives its org. Transactions that meet in one item refuse each other, and
//! a single number would let the members of an org only be added one after the other. So there are 16 counters, and each
//! member or client has its own by the hash of its name: those who meet now and then try again. Sub-orgs, which are few, are
//! counted in the org itself.
//!
//! Each request reads its org and its client, and DynamoDB reads one item 3,000 times a second at most. So an org has a copy in each of
//! its 16 shards and a client in four of them, and requests read any of these. All are written in the transaction that writes the org or
//! the client, by whose item alone is decided what may be written: a copy has no condition.
//!
//! On which days the credentials of a client were used stands in its copies alone, where requests find it.

use std::collections::BTreeSet;

use async_trait::async_trait;
use aws_sdk_dynamodb::types::AttributeValue;
use futures::future::join_all;

use super::change::{Change, Check};
use super::items::{self, deletion, moment, number, text};
use super::keys::{CLIENT, Key, MEMBER, SUB_ORG, range_after};
use super::{DynamoStore, Item, fault};
use crate::domain::{
    AssertionSettings, Client, ClientId, CredentialUses, Fault, Member, MemberKey, Org, OrgId, Shard, Subject, Timestamp,
};
use crate::store::{
    ClientKey, Delete, MemberSwap, NoteCredentialUses, Put, ReadDirectory, Replaced, WorkloadKey, WriteDirectory, codec,
};

#[async_trait]
impl ReadDirectory for DynamoStore {
    async fn org(&self, id: &OrgId) -> Result<Option<Org>, Fault> {
        let item = self.get("reading an org", &self.tables.directory, Key::org(id)).await?;
        item.as_ref().map(items::org).transpose()
    }

    async fn assertion_settings(&self, org: &OrgId) -> Result<AssertionSettings, Fault> {
        const DOING: &str = "reading the settings for assertions";
        let item = self.get(DOING, &self.tables.directory, Key::assertion_settings(org)).await?;
        Ok(item.as_ref().map(items::assertion_settings).transpose()?.unwrap_or_default())
    }

    async fn sub_orgs(&self, parent: &OrgId, after: Option<&OrgId>, limit: usize) -> Result<Vec<OrgId>, Fault> {
        const DOING: &str = "listing orgs";
        let found = self.children(DOING, parent, range_after(SUB_ORG, after.map(OrgId::as_str)), limit).await?;
        let id = |item: &Item| {
            let id = items::string(item, "sk")?.trim_start_matches(SUB_ORG);
            OrgId::parse(id).map_err(|e| Fault::internal(DOING).because(e))
        };
        found.iter().map(id).collect()
    }

    async fn member(&self, key: &MemberKey) -> Result<Option<Member>, Fault> {
        let item = self.get("reading a member", &self.tables.directory, Key::member(key)).await?;
        item.as_ref().map(items::member).transpose()
    }

    async fn members(&self, org: &OrgId, after: Option<&Subject>, limit: usize) -> Result<Vec<Member>, Fault> {
        let range = range_after(MEMBER, after.map(Subject::as_str));
        self.children("listing members", org, range, limit).await?.iter().map(items::member).collect()
    }

    async fn client(&self, org: &OrgId, id: ClientId) -> Result<Option<Client>, Fault> {
        let item = self.get("reading a client", &self.tables.directory, Key::client(org, id)).await?;
        item.as_ref().map(items::client).transpose()
    }

    async fn clients(&self, org: &OrgId, after: Option<ClientId>, limit: usize) -> Result<Vec<Client>, Fault> {
        // In the order of their numbers as texts.
        let range = range_after(CLIENT, after.map(|after| after.to_string()).as_deref());
        self.children("listing clients", org, range, limit).await?.iter().map(items::client).collect()
    }
}

#[async_trait]
impl WriteDirectory for DynamoStore {
    async fn put_org(&self, seen: Option<&Org>, org: &Org, assertions: Option<&AssertionSettings>) -> Result<Put, Fault> {
        const DOING: &str = "writing an org";
        let mut backoff = self.backoff(DOING);
        loop {
            let item = self.get(DOING, &self.tables.directory, Key::org(&org.id)).await?;
            let there = item.as_ref().map(items::org).transpose()?;
            if there.as_ref() != seen || there.is_some_and(|there| there.ancestors != org.ancestors) {
                return Ok(Put::Taken);
            }
            let Some(item) = item else {
                let Some(checks) = self.transact(DOING, &self.creation(org, assertions)?).await? else { return Ok(Put::Created) };
                match &checks[..] {
                    [Check::Failed(_), ..] => backoff.wait().await?,
                    [_, Check::Failed(Some(_)), ..] => return Ok(Put::Taken),
                    _ => return Ok(Put::Dangling),
                }
                continue;
            };
            if self.transact(DOING, &self.replacement(org, assertions, &item)?).await?.is_none() {
                return Ok(Put::Replaced);
            }
            backoff.wait().await?;
        }
    }

    async fn delete_org(&self, id: &OrgId) -> Result<Delete, Fault> {
        const DOING: &str = "deleting an org";
        let mut backoff = self.backoff(DOING);
        loop {
            let Some(org) = self.org(id).await? else { return Ok(Delete::Unknown) };
            // Meanwhile it may have become another's child.
            let delete = Change::delete(&self.tables.directory, Key::org(id), "k = :none AND h = :chain");
            let mut changes = vec![delete.with("none", number(0)).with("chain", text(chain(&org.ancestors)))];
            changes.extend(Shard::all().map(|shard| {
                let counter = Key::counter(id, shard);
                Change::delete(&self.tables.directory, counter, "k = :none").with("none", number(0))
            }));
            let counters = 1..changes.len();
            changes.extend(Shard::all().map(|shard| Change::delete(&self.tables.directory, Key::org_copy(id, shard), "")));
            if let Some(parent) = org.parent() {
                changes.push(self.count_sub_orgs(parent, -1));
                changes.push(Change::delete(&self.tables.directory, Key::sub_org(parent, id), ""));
            }
            changes.push(Change::delete(&self.tables.directory, Key::assertion_settings(id), ""));
            let Some(checks) = self.transact(DOING, &changes).await? else { return Ok(Delete::Done) };
            match checks.first() {
                Some(Check::Failed(Some(item))) if items::find_number::<u64>(item, "k")? != Some(0) => return Ok(Delete::InUse),
                Some(Check::Failed(None)) => return Ok(Delete::Unknown),
                _ if checks.get(counters).into_iter().flatten().any(|check| matches!(check, Check::Failed(Some(_)))) => {
                    return Ok(Delete::InUse);
                }
                _ => backoff.wait().await?,
            }
        }
    }

    async fn put_member(&self, member: &Member) -> Result<Put, Fault> {
        const DOING: &str = "writing a member";
        let mut backoff = self.backoff(DOING);
        let write = |condition| -> Result<_, Fault> {
            let change = Change::update(&self.tables.directory, Key::member(&member.key()), SET_BODY, condition);
            Ok(change.with("b", text(codec::encode_member(member)?)).with("t", moment(member.created_at)))
        };
        loop {
            if let Check::Passed = self.change(DOING, write("attribute_exists(pk)")?).await? {
                return Ok(Put::Replaced);
            }
            let creation = [write("attribute_not_exists(pk)")?, self.count(&member.org, member.subject.as_str(), 1)];
            let Some(checks) = self.transact(DOING, &creation).await? else { return Ok(Put::Created) };
            if let Some(Check::Failed(_)) = checks.get(1) {
                return Ok(Put::Dangling);
            }
            backoff.wait().await?;
        }
    }

    async fn swap_member(&self, swap: &MemberSwap) -> Result<Replaced, Fault> {
        const DOING: &str = "replacing a member";
        let mut backoff = self.backoff(DOING);
        // As this version of the code writes them. Another one may have written the same in other words.
        let body = |member: &Option<Member>| member.as_ref().map(codec::encode_member).transpose();
        let (mut there, mut witnessed) = (body(&swap.seen)?, body(&swap.witness)?);
        loop {
            let mut changes = vec![self.member_swap(swap, there.as_deref())?];
            let by = i8::from(swap.member.is_some()) - i8::from(swap.seen.is_some());
            changes.extend((by != 0).then(|| self.count(&swap.key.org, swap.key.subject.as_str(), by)));
            let nth_witness = changes.len();
            changes.extend(swap.witness.as_ref().zip(witnessed.as_deref()).map(|(witness, body)| self.unchanged(witness, body)));
            let Some(checks) = self.change_all(DOING, changes).await? else { return Ok(Replaced::Done) };
            if let Some(Check::Failed(item)) = checks.first() {
                let found = item.as_ref().map(items::member).transpose()?;
                if found == swap.member {
                    return Ok(Replaced::Done);
                }
                if found != swap.seen {
                    return Ok(Replaced::Outdated);
                }
                there = item.as_ref().map(|item| items::string(item, "b").map(str::to_owned)).transpose()?;
            } else if let Some(Check::Failed(item)) = checks.get(nth_witness) {
                if item.as_ref().map(items::member).transpose()? != swap.witness {
                    return Ok(Replaced::Outdated);
                }
                witnessed = item.as_ref().map(|item| items::string(item, "b").map(str::to_owned)).transpose()?;
            } else {
                // What counts it is of its org, and goes with that.
                return Ok(if swap.seen.is_none() { Replaced::Dangling } else { Replaced::Outdated });
            }
            backoff.wait().await?;
        }
    }

    async fn delete_member(&self, key: &MemberKey) -> Result<Delete, Fault> {
        let delete = Change::delete(&self.tables.directory, Key::member(key), "attribute_exists(pk)");
        let refused = self.transact("deleting a member", &[delete, self.count(&key.org, key.subject.as_str(), -1)]).await?;
        Ok(if refused.is_some() { Delete::Unknown } else { Delete::Done })
    }

    async fn put_client(&self, client: &Client) -> Result<Put, Fault> {
        const DOING: &str = "writing a client";
        let mut backoff = self.backoff(DOING);
        loop {
            // What must change besides depends on what is there: only while it is as seen here anything changes.
            let old = self.client(&client.org, client.id).await?;
            let is_new = old.is_none();
            let created_at = old.as_ref().map_or(client.created_at, |old| old.created_at);
            let by = counted(client) - old.as_ref().map_or(0, counted);
            // What it has named before is noted again: another one may be about to take it away.
            let before = old.as_ref().map(WorkloadKey::named_by).unwrap_or_default();
            let workloads = self.workload_changes(client, &before, &BTreeSet::new());
            let (old_alias, new_alias) = (old.and_then(|old| old.settings.alias), client.settings.alias.as_ref());
            let mut changes = vec![self.client_change(client, is_new, old_alias.as_deref())?];
            // A new one that isn't counted still needs an org.
            changes.extend((is_new || by != 0).then(|| self.count(&client.org, &client.id.to_string(), by)));
            changes.push(self.numbering(client));
            let nth_alias = changes.len();
            if old_alias.as_ref() != new_alias {
                changes.extend(new_alias.map(|alias| self.taking(client, alias)));
                changes.extend(old_alias.map(|alias| self.freeing(&client.org, &alias)));
            }
            changes.extend(workloads);
            changes.extend(self.copies_of_client(client, created_at, is_new)?);
            let Some(checks) = self.transact(DOING, &changes).await? else {
                return Ok(if is_new { Put::Created } else { Put::Replaced });
            };
            let failed = |n: usize| matches!(checks.get(n), Some(Check::Failed(_)));
            let is_as_seen = !failed(0);
            if is_as_seen && is_new && failed(1) {
                return Ok(Put::Dangling);
            }
            if is_as_seen && (failed(nth_alias - 1) || failed(nth_alias)) {
                return Ok(Put::Taken);
            }
            backoff.wait().await?;
        }
    }

    async fn replace_client(&self, seen: &Client, client: &Client) -> Result<Replaced, Fault> {
        const DOING: &str = "replacing a client";
        let mut backoff = self.backoff(DOING);
        loop {
            let key = Key::client(&seen.org, seen.id);
            let Some(item) = self.get(DOING, &self.tables.directory, key.clone()).await? else { return Ok(Replaced::Outdated) };
            let there = items::client(&item)?;
            if there == *client {
                return Ok(Replaced::Done);
            }
            if there != *seen {
                return Ok(Replaced::Outdated);
            }
            let before = WorkloadKey::named_by(&there);
            let mut changes = vec![self.replacement_of(client, items::string(&item, "b")?)?];
            let moves_its_end = there.origin != client.origin;
            if moves_its_end {
                // Its number must stay as long as it does. Nothing moves the end of a client together with its alias.
                let by = counted(client) - counted(&there);
                changes.push(self.numbering(client));
                changes.extend((by != 0).then(|| self.count(&client.org, &client.id.to_string(), by)));
            } else if there.settings.alias != client.settings.alias {
                changes.extend(client.settings.alias.as_ref().map(|alias| self.taking(client, alias)));
                changes.extend(there.settings.alias.as_ref().map(|alias| self.freeing(&client.org, alias)));
            }
            changes.extend(self.workload_changes(client, &before, &before));
            changes.extend(self.copies_of_client(client, there.created_at, false)?);
            let Some(checks) = self.transact(DOING, &changes).await? else { return Ok(Replaced::Done) };
            if !moves_its_end && matches!(checks[..], [Check::Passed, Check::Failed(_), ..]) {
                return Ok(Replaced::Taken);
            }
            backoff.wait().await?;
        }
    }

    async fn delete_client(&self, org: &OrgId, id: ClientId) -> Result<Delete, Fault> {
        const DOING: &str = "deleting a client";
        let mut backoff = self.backoff(DOING);
        loop {
            let item = self.get(DOING, &self.tables.directory, Key::client(org, id)).await?;
            let Some(item) = item else { return Ok(Delete::Unknown) };
            let old = items::client(&item)?;
            let has_streams = item.contains_key("s");
            let streams = if has_streams { "s = :streams" } else { "attribute_not_exists(s)" };
            let condition = format!("{} AND {streams}", as_seen(old.settings.alias.as_deref()));
            let delete = Change::delete(&self.tables.directory, Key::client(org, id), condition);
            let delete = with_alias(delete, "old", old.settings.alias.as_deref());
            let delete = item.get("s").into_iter().fold(delete, |delete, streams| delete.with("streams", streams.clone()));
            let mut changes = vec![delete, self.count(org, &id.to_string(), -counted(&old))];
            changes.extend(self.deletions_of_streams(org, id, &item)?);
            // No more than its own, as every other store does.
            let own = Change::delete(&self.tables.directory, Key::client_org(id), "attribute_not_exists(pk) OR o = :org");
            changes.push(own.with("org", text(org.as_str())));
            changes.extend(WorkloadKey::named_by(&old).iter().map(|key| self.workload_change(key, "DELETE c :c", id)));
            changes.extend(old.settings.alias.map(|alias| self.freeing(org, &alias)));
            changes.extend(Key::client_copies(org, id).map(|copy| Change::delete(&self.tables.directory, copy, "")));
            if self.transact(DOING, &changes).await?.is_none() {
                return Ok(Delete::Done);
            }
            backoff.wait().await?;
        }
    }
}

#[async_trait]
impl NoteCredentialUses for DynamoStore {
    async fn note_credential_uses(
        &self,
        (org, id): &ClientKey,
        seen: &CredentialUses,
        uses: &CredentialUses,
    ) -> Result<(), Fault> {
        const DOING: &str = "noting the use of a secret";
        let is_first = seen.as_slice().is_empty();
        let condition = if is_first { "attribute_exists(pk) AND attribute_not_exists(u)" } else { "u = :seen" };
        let uses = text(codec::encode_credential_uses(uses)?);
        let seen = if is_first { None } else { Some(text(codec::encode_credential_uses(seen)?)) };
        // Not in one transaction: that would meet others, and a copy that isn't written now notes the next use that it sees.
        let notes = Key::client_copies(org, *id).map(|copy| {
            let note = Change::update(&self.tables.directory, copy, "SET u = :u", condition).with("u", uses.clone());
            let note = seen.iter().fold(note, |note, seen| note.with("seen", seen.clone()));
            self.change(DOING, note)
        });
        join_all(notes).await.into_iter().try_for_each(|noted| noted.map(drop))
    }
}

impl DynamoStore {
    /// The items of an org whose sort keys are in this range, in their order.
    async fn children(&self, doing: &'static str, org: &OrgId, range: [String; 2], limit: usize) -> Result<Vec<Item>, Fault> {
        let [from, to] = range;
        let mut found = Vec::new();
        let mut rest = None;
        while found.len() < limit {
            let asked = self.client.query().table_name(&self.tables.directory).consistent_read(true);
            let asked = asked
                .key_condition_expression("pk = :pk AND sk BETWEEN :from AND :to")
                .expression_attribute_values(":pk", text(org.as_str()))
                .expression_attribute_values(":from", text(&from))
                .expression_attribute_values(":to", text(&to))
                .set_exclusive_start_key(rest)
                .limit(i32::try_from(limit - found.len()).unwrap_or(i32::MAX));
            let some = asked.send().await.map_err(|e| fault(doing, e))?;
            found.extend(some.items.unwrap_or_default());
            rest = some.last_evaluated_key.filter(|key| !key.is_empty());
            if rest.is_none() {
                break;
            }
        }
        Ok(found)
    }

    /// Writes an org of the same ancestors over the body of this very item.
    fn replacement(&self, org: &Org, assertions: Option<&AssertionSettings>, there: &Item) -> Result<Vec<Change>, Fault> {
        let (body, old) = (text(codec::encode_org(org)?), text(items::string(there, "b")?));
        let change = Change::update(&self.tables.directory, Key::org(&org.id), "SET b = :b", "b = :there");
        let mut changes = vec![change.with("b", body.clone()).with("there", old)];
        // When an org was made stays as it is written there.
        changes.extend(self.copies(&org.id, &body, &moment(items::created_at(there)?)));
        changes.extend(self.assertions_of(org, assertions)?);
        Ok(changes)
    }

    /// Writes the copies of an org, whether they are there or not, in the same transaction in which the org is written.
    fn copies(&self, id: &OrgId, body: &AttributeValue, created_at: &AttributeValue) -> impl Iterator<Item = Change> {
        Shard::all().map(move |shard| {
            let copy = Change::update(&self.tables.directory, Key::org_copy(id, shard), "SET b = :b, t = :t", "");
            copy.with("b", body.clone()).with("t", created_at.clone())
        })
    }

    /// Writes what only assertions need of an org, in the same transaction in which the org is written.
    fn assertions_of(&self, org: &Org, assertions: Option<&AssertionSettings>) -> Result<Option<Change>, Fault> {
        let Some(assertions) = assertions else { return Ok(None) };
        let change = Change::update(&self.tables.directory, Key::assertion_settings(&org.id), "SET b = :b", "");
        Ok(Some(change.with("b", text(codec::encode_assertion_settings(assertions)?))))
    }

    /// Adds an org, then tells its parent, whose ancestors must be the rest of the org's.
    fn creation(&self, org: &Org, assertions: Option<&AssertionSettings>) -> Result<Vec<Change>, Fault> {
        let table = &self.tables.directory;
        let mut item = Key::org(&org.id).into_item();
        let (body, created_at) = (text(codec::encode_org(org)?), moment(org.created_at));
        let copies = self.copies(&org.id, &body, &created_at);
        let rest = [("b", body.clone()), ("h", text(chain(&org.ancestors))), ("k", number(0)), ("t", created_at.clone())];
        item.extend(rest.map(|(name, value)| (name.to_owned(), value)));
        let mut changes = vec![Change::insert(table, item)];
        if let [parent, further @ ..] = &org.ancestors[..] {
            let count = Change::update(table, Key::org(parent), "SET k = k + :by", "h = :chain");
            changes.push(count.with("by", number(1)).with("chain", text(chain(further))));
            changes.push(Change::put(table, Key::sub_org(parent, &org.id).into_item()));
        }
        changes.extend(Shard::all().map(|shard| {
            let mut counter = Key::counter(&org.id, shard).into_item();
            counter.insert("k".to_owned(), number(0));
            Change::put(table, counter)
        }));
        changes.extend(copies);
        changes.extend(self.assertions_of(org, assertions)?);
        Ok(changes)
    }

    /// Changes how many sub-orgs an org has, if there is such an org.
    fn count_sub_orgs(&self, org: &OrgId, by: i8) -> Change {
        self.count_in(Key::org(org), by)
    }

    /// Changes how many members or clients an org has, if there is such an org: in the counter of the one of this name.
    fn count(&self, org: &OrgId, name: &str, by: i8) -> Change {
        self.count_in(Key::counter(org, shard_of(name)), by)
    }

    fn count_in(&self, key: Key, by: i8) -> Change {
        let change = Change::update(&self.tables.directory, key, "SET k = k + :by", "attribute_exists(pk)");
        change.with("by", number(by))
    }

    /// Adds, replaces or deletes a member, if it still has this body, or none.
    fn member_swap(&self, swap: &MemberSwap, there: Option<&str>) -> Result<Change, Fault> {
        let (table, key) = (&self.tables.directory, Key::member(&swap.key));
        let condition = if there.is_some() { "b = :there" } else { "attribute_not_exists(pk)" };
        let change = match &swap.member {
            None => Change::delete(table, key, condition),
            Some(member) => {
                let change = Change::update(table, key, SET_BODY, condition);
                change.with("b", text(codec::encode_member(member)?)).with("t", moment(member.created_at))
            }
        };
        Ok(match there {
            Some(there) => change.with("there", text(there)),
            None => change,
        })
    }

    /// Holds if a member has this body. It is written over itself, which changes nothing and tells the stream of nothing, and for
    /// which the role that writes members suffices.
    fn unchanged(&self, member: &Member, body: &str) -> Change {
        let change = Change::update(&self.tables.directory, Key::member(&member.key()), "SET b = :b", "b = :b");
        change.with("b", text(body))
    }

    /// Writes a client, if it is still what was seen.
    fn client_change(&self, client: &Client, is_new: bool, old_alias: Option<&str>) -> Result<Change, Fault> {
        let new_alias = client.settings.alias.as_deref();
        let expression = with_alias_and_end(SET_BODY, client);
        let condition = if is_new { "attribute_not_exists(pk)" } else { as_seen(old_alias) };
        let change = Change::update(&self.tables.directory, Key::client(&client.org, client.id), expression, condition);
        let change = change.with("b", text(codec::encode_client(client)?)).with("t", moment(client.created_at));
        Ok(with_end(with_alias(with_alias(change, "new", new_alias), "old", old_alias), client))
    }

    /// Writes a client over this very body.
    fn replacement_of(&self, client: &Client, body: &str) -> Result<Change, Fault> {
        let alias = client.settings.alias.as_deref();
        let expression = with_alias_and_end("SET b = :b", client);
        let change = Change::update(&self.tables.directory, Key::client(&client.org, client.id), expression, "b = :there");
        let change = change.with("b", text(codec::encode_client(client)?)).with("there", text(body));
        Ok(with_end(with_alias(change, "new", alias), client))
    }

    /// Writes the copies of a client, in the same transaction in which the client is written. Those of a new one know of no uses.
    fn copies_of_client(
        &self,
        client: &Client,
        created_at: Timestamp,
        is_new: bool,
    ) -> Result<impl Iterator<Item = Change>, Fault> {
        let (body, created_at) = (text(codec::encode_client(client)?), moment(created_at));
        let mut attributes = vec![("x", ":x", client.origin.expires_at().is_some())];
        attributes.extend(is_new.then_some(("u", "", false)));
        let expression = set_or_remove("SET b = :b, t = :t", &attributes);
        Ok(Key::client_copies(&client.org, client.id).map(move |copy| {
            let copy = Change::update(&self.tables.directory, copy, &expression, "");
            with_end(copy.with("b", body.clone()).with("t", created_at.clone()), client)
        }))
    }

    /// Gives a number to a client's org, if no other has it: for as long as the client stays.
    fn numbering(&self, client: &Client) -> Change {
        const CONDITION: &str = "attribute_not_exists(pk) OR o = :org";
        let ends = client.origin.expires_at().is_some();
        let expression = if ends { "SET o = :org, x = :x" } else { "SET o = :org REMOVE x" };
        let change = Change::update(&self.tables.directory, Key::client_org(client.id), expression, CONDITION);
        with_end(change.with("org", text(client.org.as_str())), client)
    }

    /// Notes which workloads a client names, but those that are `noted`, and no more those of `before` that it doesn't name.
    fn workload_changes(&self, client: &Client, before: &BTreeSet<WorkloadKey>, noted: &BTreeSet<WorkloadKey>) -> Vec<Change> {
        let named = WorkloadKey::named_by(client);
        let new = named.difference(noted).map(|key| self.workload_change(key, "ADD c :c", client.id));
        new.chain(before.difference(&named).map(|key| self.workload_change(key, "DELETE c :c", client.id))).collect()
    }

    /// Changes the set of the clients that name a workload. Without one its item stays, which is of no use and in nobody's way.
    fn workload_change(&self, key: &WorkloadKey, expression: &str, client: ClientId) -> Change {
        let change = Change::update(&self.tables.directory, Key::workload(key), expression, "");
        change.with("c", AttributeValue::Ns(vec![client.as_number().to_string()]))
    }

    /// Takes an alias for a client, if it is free.
    fn taking(&self, client: &Client, alias: &str) -> Change {
        let mut item = Key::client_alias(&client.org, alias).into_item();
        item.insert("c".to_owned(), number(client.id));
        Change::insert(&self.tables.directory, item)
    }

    /// Frees an alias, in the same transaction in which its client gives it up.
    fn freeing(&self, org: &OrgId, alias: &str) -> Change {
        Change::delete(&self.tables.directory, Key::client_alias(org, alias), "")
    }
}

/// The condition that a client is there with this alias, or without one.
fn as_seen(alias: Option<&str>) -> &'static str {
    if alias.is_some() { "a = :old" } else { "attribute_exists(pk) AND attribute_not_exists(a)" }
}

fn with_alias(change: Change, name: &str, alias: Option<&str>) -> Change {
    match alias {
        Some(alias) => change.with(name, text(alias)),
        None => change,
    }
}

/// How much a client counts for its org. What ends by itself is deleted by nobody who could count it.
fn counted(client: &Client) -> i8 {
    i8::from(client.origin.expires_at().is_none())
}

/// An expression that also sets the alias of a client and when DynamoDB may delete it, or removes what it doesn't have.
fn with_alias_and_end(set: &str, client: &Client) -> String {
    let (alias, end) = (client.settings.alias.is_some(), client.origin.expires_at().is_some());
    set_or_remove(set, &[("a", ":new", alias), ("x", ":x", end)])
}

/// An expression that also sets those of the attributes that are there to their values, and removes the others.
fn set_or_remove(set: &str, attributes: &[(&str, &str, bool)]) -> String {
    let (there, gone): (Vec<_>, Vec<_>) = attributes.iter().partition(|(.., is_there)| *is_there);
    let sets: Vec<_> =
        std::iter::once(set.to_owned()).chain(there.iter().map(|(name, value, _)| format!("{name} = {value}"))).collect();
    let gone: Vec<_> = gone.iter().map(|(name, ..)| *name).collect();
    let removes = if gone.is_empty() { String::new() } else { format!(" REMOVE {}", gone.join(", ")) };
    format!("{}{removes}", sets.join(", "))
}

fn with_end(change: Change, client: &Client) -> Change {
    match client.origin.expires_at() {
        Some(end) => change.with("x", number(deletion(end))),
        None => change,
    }
}

/// Returns the counter in which the member or client of this name is counted, for ever.
fn shard_of(name: &str) -> Shard {
    let hash = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, name.as_bytes());
    Shard::from_byte(hash.as_ref()[0])
}

/// Ancestors as one text, to be compared.
fn chain(ancestors: &[OrgId]) -> String {
    ancestors.iter().map(OrgId::as_str).collect::<Vec<_>>().join("/")
}

/// When something was first written stays.
const SET_BODY: &str = "SET b = :b, t = if_not_exists(t, :t)";
