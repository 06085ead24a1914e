//! Status lists: an item for each org that has some, and one for each list.

use async_trait::async_trait;

use super::change::{Change, Check};
use super::items::{self, bytes, moment, number, text};
use super::keys::{Key, STATUS_ORG, STATUS_ORGS, range_after};
use super::tables::KEY;
use super::{DynamoStore, Item, Stream, fault};
use crate::domain::{Commit, Fault, OrgId, StatusList, StatusListId, StatusOrg};
use crate::store::{KeepStatusLists, ReadChanges, StatusLease};

impl ReadChanges for DynamoStore {
    fn change(&self, record: &str) -> Result<Option<Commit>, Fault> {
        Stream.change(record)
    }
}

#[async_trait]
impl KeepStatusLists for DynamoStore {
    async fn lease_status_indices(&self, lease: &StatusLease) -> Result<StatusOrg, Fault> {
        const DOING: &str = "leasing indices of status lists";
        let StatusLease { org, count, secret, has_derived } = lease;
        let noting = if *has_derived { ", d = :d" } else { "" };
        let expression = format!("SET k = if_not_exists(k, :k){noting} ADD n :n");
        let add = Change::update(&self.tables.tokens, Key::status_org(org), expression, "");
        let mut add = add.with("k", bytes(secret)).with("n", number(*count));
        if *has_derived {
            add = add.with("d", number(1));
        }
        let (_, before) = self.change_and_show(DOING, add, true).await?;
        // Of an item that wasn't there its key may be told.
        let before = before.filter(|item| item.contains_key("n")).map(|item| status_org(org, &item)).transpose()?;
        let before =
            before.unwrap_or(StatusOrg { org: org.clone(), secret: *secret, leased: 0, published: 0, has_derived: false });
        let leased = before.leased.saturating_add(u64::from(*count));
        Ok(StatusOrg { leased, has_derived: before.has_derived || *has_derived, ..before })
    }

    async fn note_published_lists(&self, org: &OrgId, published: u64) -> Result<(), Fault> {
        let condition = "attribute_not_exists(p) OR p < :p";
        let note = Change::update(&self.tables.tokens, Key::status_org(org), "SET p = :p", condition);
        self.change("noting a status list", note.with("p", number(published))).await.map(drop)
    }

    async fn status_orgs(&self, after: Option<&OrgId>, limit: usize) -> Result<Vec<StatusOrg>, Fault> {
        const DOING: &str = "listing orgs with status lists";
        let [from, to] = range_after(STATUS_ORG, after.map(OrgId::as_str));
        let asked = self.client.query().table_name(&self.tables.tokens).consistent_read(true);
        let asked = asked
            .key_condition_expression(format!("{} = :pk AND sk BETWEEN :from AND :to", KEY.partition))
            .expression_attribute_values(":pk", text(STATUS_ORGS))
            .expression_attribute_values(":from", text(from))
            .expression_attribute_values(":to", text(to))
            .limit(i32::try_from(limit).unwrap_or(i32::MAX));
        // The items are of 150 bytes: as many as anybody asks for fit into one answer of 1 MB.
        let found = asked.send().await.map_err(|e| fault(DOING, e))?;
        let org = |item: &Item| {
            let id = items::string(item, "sk")?.trim_start_matches(STATUS_ORG);
            status_org(&OrgId::parse(id).map_err(|e| Fault::internal(DOING).because(e))?, item)
        };
        found.items().iter().map(org).collect()
    }

    async fn status_list(&self, id: &StatusListId) -> Result<Option<StatusList>, Fault> {
        let item = self.get("reading a status list", &self.tables.tokens, Key::status_list(id)).await?;
        item.as_ref().map(|item| status_list(id, item)).transpose()
    }

    async fn put_status_list(&self, list: &StatusList) -> Result<bool, Fault> {
        let (table, item) = (&self.tables.tokens, item(list));
        let put = match list.version {
            1 => Change::insert(table, item),
            version => Change::put_if(table, item, "v = :before").with("before", number(version.saturating_sub(1))),
        };
        match self.change("writing a status list", put).await? {
            Check::Passed => Ok(true),
            // What an earlier try has written, whose answer was lost, is our own.
            Check::Failed(there) => Ok(there.map(|item| status_list(&list.id, &item)).transpose()?.as_ref() == Some(list)),
        }
    }
}

fn item(list: &StatusList) -> Item {
    let StatusList { id, org, version, bits, jwt, expires_at } = list;
    let mut item = Key::status_list(id).into_item();
    item.extend([
        ("o".to_owned(), text(org.as_str())),
        ("v".to_owned(), number(*version)),
        ("c".to_owned(), bytes(bits)),
        ("b".to_owned(), text(jwt)),
        ("e".to_owned(), moment(*expires_at)),
    ]);
    item
}

fn status_list(id: &StatusListId, item: &Item) -> Result<StatusList, Fault> {
    let broken = || Fault::internal("reading a status list");
    let bits = item.get("c").and_then(|bits| bits.as_b().ok()).ok_or_else(broken)?;
    Ok(StatusList {
        id: *id,
        org: OrgId::parse(items::string(item, "o")?).map_err(|e| broken().because(e))?,
        version: items::find_number(item, "v")?.ok_or_else(broken)?,
        bits: bits.as_ref().to_vec(),
        jwt: items::string(item, "b")?.to_owned(),
        expires_at: items::find_moment(item, "e")?.ok_or_else(broken)?,
    })
}

fn status_org(org: &OrgId, item: &Item) -> Result<StatusOrg, Fault> {
    let broken = || Fault::internal("reading an org with status lists");
    Ok(StatusOrg {
        org: org.clone(),
        secret: items::find_bytes(item, "k")?.ok_or_else(broken)?,
        leased: items::find_number(item, "n")?.ok_or_else(broken)?,
        published: items::find_number(item, "p")?.unwrap_or(0),
        has_derived: item.contains_key("d"),
    })
}
