//! Reads what decides about tokens.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use async_trait::async_trait;
use aws_sdk_dynamodb::types::KeysAndAttributes;

use super::keys::Key;
use super::{DynamoStore, Item, fault, items};
use crate::domain::{
    AliasKey, ApiKeyLocator, AuthorizationKey, ClientDocumentKey, ClientId, FamilyKey, Fault, LogoutKey, MemberKey, NotBeforeKey,
    NotBefores, OrgId, PersonGrantKey, Shard, TicketKey, TokenKey, UserCodeKey,
};
use crate::store::{ClientKey, ReadTokens, RecordKeys, Records, TokenPage, TokenQuery, UseKey, WorkloadKey};

#[async_trait]
impl ReadTokens for DynamoStore {
    async fn read(&self, wanted: &RecordKeys) -> Result<Records, Fault> {
        let any = self.any_shard(wanted)?;
        let tokens = wanted_tokens(wanted, wanted.shard_of.map_or(any, |id| id.shard()));
        let mut found = Records { marks: NotBefores::looked_up(&wanted.marks), ..Records::default() };
        let partitions = self.note_all(&tokens, &wanted_directory(wanted, any), &mut found).await?;
        let without_copy = without_copy(wanted, &found, &partitions);
        if !without_copy.is_empty() {
            self.note_all(&Keys::new(), &without_copy, &mut found).await?;
        }
        Ok(found)
    }

    async fn list(&self, org: &OrgId, query: &TokenQuery) -> Result<TokenPage, Fault> {
        self.page(org, query).await
    }
}

impl DynamoStore {
    /// Draws the shard from which orgs are read, clients, and marks if no other is named: there are copies of each.
    ///
    /// It is another one each time: else all would read from one partition, which is full at 3,000 reads a second. Orgs and clients aren't
    /// read from the shard of a token, because there may be one that is presented more often than all others.
    fn any_shard(&self, wanted: &RecordKeys) -> Result<Shard, Fault> {
        let mut byte = [0];
        if !wanted.orgs.is_empty() || !wanted.clients.is_empty() || !wanted.marks.is_empty() && wanted.shard_of.is_none() {
            self.entropy.fill(&mut byte)?;
        }
        let [byte] = byte;
        Ok(Shard::from_byte(byte))
    }

    /// Notes what is there of all these, and returns in which partitions something is.
    async fn note_all(&self, tokens: &Keys<'_>, directory: &Keys<'_>, found: &mut Records) -> Result<HashSet<String>, Fault> {
        let mut partitions = HashSet::new();
        for (table, items) in self.get_all(tokens, directory).await? {
            let wanted = if table == self.tables.tokens { tokens } else { directory };
            for item in items {
                let key = key_of(&item)?;
                if let Some(name) = wanted.get(&key) {
                    name.note(&item, found)?;
                    partitions.insert(key.pk);
                }
            }
        }
        Ok(partitions)
    }

    /// The item of this key, if there is one.
    pub(super) async fn get(&self, doing: &'static str, table: &str, key: Key) -> Result<Option<Item>, Fault> {
        let get = self.client.get_item().table_name(table).set_key(Some(key.into_item())).consistent_read(true);
        Ok(get.send().await.map_err(|e| fault(doing, e))?.item)
    }

    /// The items of all these keys that are there, by table.
    async fn get_all(&self, tokens: &Keys<'_>, directory: &Keys<'_>) -> Result<Vec<(String, Vec<Item>)>, Fault> {
        const DOING: &str = "reading records";
        let mut backoff = self.backoff(DOING);
        let mut all = Vec::new();
        let mut rest = HashMap::new();
        for (table, keys) in [(&self.tables.tokens, tokens), (&self.tables.directory, directory)] {
            if !keys.is_empty() {
                let keys = keys.keys().cloned().map(Key::into_item).collect();
                let keys = KeysAndAttributes::builder().set_keys(Some(keys)).consistent_read(true).build();
                rest.insert(table.clone(), keys.map_err(|e| Fault::internal(DOING).because(e))?);
            }
        }
        while !rest.is_empty() {
            let some = self.client.batch_get_item().set_request_items(Some(rest)).send().await.map_err(|e| fault(DOING, e))?;
            // An answer without this isn't DynamoDB's: it must not pass for one that has found nothing.
            let found = some.responses.ok_or_else(|| Fault::unavailable(DOING).because("an answer without Responses"))?;
            all.extend(found);
            rest = some.unprocessed_keys.unwrap_or_default();
            if !rest.is_empty() {
                backoff.wait().await?;
            }
        }
        Ok(all)
    }
}

/// Where something is, and what the asker calls it. A map, because DynamoDB refuses to be asked twice for one item.
type Keys<'a> = HashMap<Key, Name<'a>>;

enum Name<'a> {
    Token(&'a TokenKey),
    Family(&'a FamilyKey),
    Alias(&'a AliasKey),
    ApiKeyValue(&'a [u8; 32]),
    ApiKey(&'a ApiKeyLocator),
    Ticket(&'a TicketKey),
    Authorization(&'a AuthorizationKey),
    Logout(&'a LogoutKey),
    PersonGrant(&'a PersonGrantKey),
    UserCode(&'a UserCodeKey),
    ClientDocument(&'a ClientDocumentKey),
    Use(&'a UseKey),
    NotBefore(&'a NotBeforeKey),
    Org(&'a OrgId),
    AssertionSettings(&'a OrgId),
    Member(&'a MemberKey),
    Client(&'a ClientKey),
    ClientAlias(&'a (OrgId, String)),
    ClientOrg(ClientId),
    Workload(&'a WorkloadKey),
}

impl Name<'_> {
    fn note(&self, item: &Item, found: &mut Records) -> Result<(), Fault> {
        match *self {
            Self::Token(key) => drop(found.tokens.insert(key.clone(), items::token(key, item)?)),
            Self::Family(key) => drop(found.families.insert(key.clone(), items::family(key, item)?)),
            Self::Alias(key) => drop(found.aliases.insert(key.clone(), items::aliased(item)?)),
            Self::ApiKeyValue(hash) => drop(found.api_key_values.insert(*hash, items::api_key_holder(item)?)),
            Self::ApiKey(key) => drop(found.api_keys.insert(key.clone(), items::api_key(key, item)?)),
            Self::Ticket(key) => drop(found.tickets.insert(key.clone(), items::ticket(key, item)?)),
            Self::Authorization(key) => drop(found.authorizations.insert(key.clone(), items::authorization(key, item)?)),
            Self::Logout(key) => drop(found.logouts.insert(key.clone(), items::logout(key, item)?)),
            Self::PersonGrant(key) => drop(found.person_grants.insert(key.clone(), items::person_grant(&key.org, item)?)),
            Self::UserCode(key) => drop(found.user_codes.insert(key.clone(), items::user_code(key, item)?)),
            Self::ClientDocument(key) => drop(found.client_documents.insert(key.clone(), items::client_document(key, item)?)),
            Self::Use(key) => drop(found.uses.insert(key.clone(), items::used_until(item)?)),
            Self::NotBefore(key) => found.marks.insert(key.clone(), items::not_before(item)?),
            Self::Org(id) => drop(found.orgs.insert(id.clone(), Arc::new(items::org(item)?))),
            Self::AssertionSettings(org) => {
                drop(found.assertion_settings.insert(org.clone(), items::assertion_settings(item)?));
            }
            Self::Member(key) => drop(found.members.insert(key.clone(), items::member(item)?)),
            Self::Client(key) => {
                found.clients.insert(key.clone(), Arc::new(items::client(item)?));
                found.credential_uses.extend(items::credential_uses(item)?.map(|uses| (key.clone(), uses)));
            }
            Self::ClientAlias(key) => drop(found.client_aliases.insert(key.clone(), items::holder(item)?)),
            Self::ClientOrg(id) => drop(found.client_orgs.insert(id, items::client_org(item)?)),
            Self::Workload(key) => drop(found.workloads.insert(key.clone(), items::clients_of_workload(item)?)),
        }
        Ok(())
    }
}

fn wanted_tokens(wanted: &RecordKeys, shard_of_marks: Shard) -> Keys<'_> {
    let tokens = wanted.tokens.iter().map(|key| (Key::token(key), Name::Token(key)));
    let families = wanted.families.iter().map(|key| (Key::family(key), Name::Family(key)));
    let aliases = wanted.aliases.iter().map(|key| (Key::alias(key), Name::Alias(key)));
    let values = wanted.api_key_values.iter().map(|hash| (Key::api_key_value(hash), Name::ApiKeyValue(hash)));
    let api_keys = wanted.api_keys.iter().map(|key| (Key::api_key(key), Name::ApiKey(key)));
    let tickets = wanted.tickets.iter().map(|key| (Key::ticket(key), Name::Ticket(key)));
    let authorizations = wanted.authorizations.iter().map(|key| (Key::authorization(key), Name::Authorization(key)));
    let logouts = wanted.logouts.iter().map(|key| (Key::logout(key), Name::Logout(key)));
    let person_grants = wanted.person_grants.iter().map(|key| (Key::person_grant(key), Name::PersonGrant(key)));
    let user_codes = wanted.user_codes.iter().map(|key| (Key::user_code(key), Name::UserCode(key)));
    let documents = wanted.client_documents.iter().map(|key| (Key::client_document(key), Name::ClientDocument(key)));
    let uses = wanted.uses.iter().map(|key| (Key::used(key), Name::Use(key)));
    let marks = wanted.marks.iter().map(|key| (Key::mark(key, shard_of_marks), Name::NotBefore(key)));
    let waiting =
        tickets.chain(authorizations).chain(logouts).chain(user_codes).chain(documents).chain(person_grants).chain(uses);
    tokens.chain(families).chain(aliases).chain(values).chain(api_keys).chain(waiting).chain(marks).collect()
}

fn wanted_directory(wanted: &RecordKeys, drawn: Shard) -> Keys<'_> {
    let orgs = wanted.orgs.iter().map(|id| (Key::org_copy(id, drawn), Name::Org(id)));
    let assertions = wanted.assertion_settings.iter().map(|org| (Key::assertion_settings(org), Name::AssertionSettings(org)));
    let members = wanted.members.iter().map(|key| (Key::member(key), Name::Member(key)));
    let clients = wanted.clients.iter().map(|key| (Key::any_client_copy(&key.0, key.1, drawn), Name::Client(key)));
    let aliases = wanted.client_aliases.iter().map(|key| (Key::client_alias(&key.0, &key.1), Name::ClientAlias(key)));
    let numbers = wanted.client_orgs.iter().map(|id| (Key::client_org(*id), Name::ClientOrg(*id)));
    let workloads = wanted.workloads.iter().map(|key| (Key::workload(key), Name::Workload(key)));
    orgs.chain(assertions).chain(members).chain(clients).chain(aliases).chain(numbers).chain(workloads).collect()
}

/// The items of orgs and clients that seem to have no copy.
///
/// A table that was written before there were copies, or from which somebody has deleted one, can thus be mended by writing them again. An
/// org of which nothing is there isn't looked for again, nor a client if no member was found: strangers would learn from the time that it
/// takes which orgs and clients there are.
fn without_copy<'a>(wanted: &'a RecordKeys, found: &Records, partitions: &HashSet<String>) -> Keys<'a> {
    let missing = wanted.orgs.iter().filter(|id| !found.orgs.contains_key(id));
    let is_there = |id: &&OrgId| partitions.iter().any(|pk| pk.split('#').next() == Some(id.as_str()));
    let orgs = missing.filter(is_there).map(|id| (Key::org(id), Name::Org(id)));
    let missing = wanted.clients.iter().filter(|key| !found.members.is_empty() && !found.clients.contains_key(*key));
    orgs.chain(missing.map(|key| (Key::client(&key.0, key.1), Name::Client(key)))).collect()
}

fn key_of(item: &Item) -> Result<Key, Fault> {
    Ok(Key { pk: items::string(item, "pk")?.to_owned(), sk: items::string(item, "sk")?.to_owned() })
}
