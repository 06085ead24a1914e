//! Seeding the directory from a file, by whoever runs the service.

use std::collections::HashMap;

use crate::admin::clients::{form_is_possible, has_keys};
use crate::admin::orgs_and_members::{NO_KEY, keys_are_in_reach, member_as_drafted, org_as_drafted};
use crate::admin::rotation::keep_for_ever;
use crate::api::jeton::seed::{BadSeed, Seed, SeedClient, SeedOrg};
use crate::domain::{Client, Fault, Org, OrgId, Refusal, Timestamp};
use crate::keys::PublishedKeys;
use crate::keys::remote::Origins;
use crate::store::{Put, RecordKeys, Store};

/// How much was loaded.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Loaded {
    /// How many orgs the file has.
    pub orgs: usize,
    /// How many members the file has.
    pub members: usize,
    /// How many clients the file has.
    pub clients: usize,
}

/// Why nothing, or not all, was loaded.
#[derive(Debug)]
pub enum NotLoaded {
    /// The file contradicts itself or what is there: nothing of it was loaded.
    Bad(BadSeed),
    /// The store failed: loading the file again completes it.
    Failed(Fault),
}

impl From<Fault> for NotLoaded {
    fn from(fault: Fault) -> Self {
        Self::Failed(fault)
    }
}

/// Loads a seed, for tokens that these keys sign, where the keys of others may be at these origins. Idempotent: what is there already becomes what the file says. All of it is
/// checked before any of it is written.
pub async fn load(
    store: &dyn Store,
    keys: &PublishedKeys,
    origins: &Origins,
    seed: Seed,
    now: Timestamp,
) -> Result<Loaded, NotLoaded> {
    let loaded = Loaded { orgs: seed.orgs.len(), members: seed.members.len(), clients: seed.clients.len() };
    let mut orgs: HashMap<OrgId, Org> = HashMap::new();
    let mut in_order = Vec::new();
    for (index, SeedOrg { id, draft, secrets }) in seed.orgs.into_iter().enumerate() {
        let entry = format!("orgs[{index}]");
        if orgs.contains_key(&id) {
            return Err(contradiction(entry, "is in the file twice"));
        }
        if draft.settings.oauth.access_token_sign_alg.is_some_and(|alg| !keys.can_sign(alg)) {
            return Err(contradiction(format!("{entry}.settings.access_token_sign_alg"), NO_KEY));
        }
        keys_are_in_reach(&draft.settings, origins).map_err(|refusal| refused(entry.clone(), refusal))?;
        let existing = store.org(&id).await?;
        let parent = match &draft.parent {
            Some(parent) => {
                Some(known(store, &orgs, parent).await?.ok_or_else(|| contradiction(format!("{entry}.parent"), NO_ORG))?)
            }
            None => None,
        };
        let org =
            org_as_drafted(&id, draft, existing.as_ref(), parent.as_ref(), now).map_err(|refusal| refused(entry, refusal))?;
        let org = Org { secrets: secrets.unwrap_or(org.secrets), ..org };
        in_order.push(id.clone());
        orgs.insert(id, org);
    }
    let mut members = Vec::new();
    for (index, (key, draft)) in seed.members.into_iter().enumerate() {
        if known(store, &orgs, &key.org).await?.is_none() {
            return Err(contradiction(format!("members[{index}].org"), NO_ORG));
        }
        let existing = store.member(&key).await?;
        members.push(member_as_drafted(&key, draft, existing.as_ref(), now));
    }
    let mut clients = Vec::new();
    for (index, client) in seed.clients.into_iter().enumerate() {
        if known(store, &orgs, &client.org).await?.is_none() {
            return Err(contradiction(format!("clients[{index}].org"), NO_ORG));
        }
        let alias = &client.settings.alias;
        if clients
            .iter()
            .any(|other: &Client| other.org == client.org && other.settings.alias.is_some() && other.settings.alias == *alias)
        {
            return Err(contradiction(format!("clients[{index}].alias"), "is in the file twice"));
        }
        if clients.iter().any(|other: &Client| other.id == client.id) || is_anothers(store, &client).await? {
            return Err(contradiction(format!("clients[{index}].id"), "is the number of another client"));
        }
        if let Some(form) = client.settings.access_token_form {
            form_is_possible(keys, form).map_err(|rule| contradiction(format!("clients[{index}].access_token_form"), rule.0))?;
        }
        has_keys(client.settings.auth_method, client.settings.jwks.as_deref())
            .map_err(|rule| contradiction(format!("clients[{index}].auth_method"), rule.0))?;
        let existing = store.client(&client.org, client.id).await?;
        clients.push(client_of(client, existing, now));
    }
    if orgs.values().any(|org| org.ever_non_expiring) {
        keep_for_ever(store, now).await?;
    }
    for id in &in_order {
        written(store.put_org(&orgs[id]).await?)?;
    }
    for member in &members {
        written(store.put_member(member).await?)?;
    }
    for (index, client) in clients.iter().enumerate() {
        if store.put_client(client).await? == Put::Taken {
            return Err(contradiction(format!("clients[{index}]"), "its alias or its number belongs to another client"));
        }
    }
    Ok(loaded)
}

const NO_ORG: &str = "must be an org that is there or stands earlier in the file";

/// An org of the file or, failing that, of the store.
async fn known(store: &dyn Store, orgs: &HashMap<OrgId, Org>, id: &OrgId) -> Result<Option<Org>, Fault> {
    match orgs.get(id) {
        Some(org) => Ok(Some(org.clone())),
        None => store.org(id).await,
    }
}

/// Whether a client of another org has its number.
async fn is_anothers(store: &dyn Store, client: &SeedClient) -> Result<bool, Fault> {
    let found = store.read(&RecordKeys { client_orgs: vec![client.id], ..RecordKeys::default() }).await?;
    Ok(found.client_orgs.get(&client.id).is_some_and(|org| *org != client.org))
}

fn client_of(client: SeedClient, existing: Option<Client>, now: Timestamp) -> Client {
    let SeedClient { org, id, settings, secrets, enabled } = client;
    let client = match existing {
        Some(there) => there.with_settings(settings, now),
        None => Client::new(org, id, settings, now),
    };
    Client { secrets, enabled, ..client }
}

fn written(put: Put) -> Result<(), NotLoaded> {
    match put {
        Put::Created | Put::Replaced => Ok(()),
        Put::Dangling | Put::Taken => Err(NotLoaded::Failed(Fault::internal("seeding: the directory changed meanwhile"))),
    }
}

fn refused(entry: String, refusal: Refusal) -> NotLoaded {
    if let Refusal::Invalid { field, rule } = refusal {
        contradiction(format!("{entry}.{field}"), &rule)
    } else if let Refusal::Conflict(rule) = refusal {
        contradiction(entry, rule)
    } else {
        contradiction(entry, "is not possible")
    }
}

fn contradiction(entry: impl Into<String>, rule: &str) -> NotLoaded {
    NotLoaded::Bad(BadSeed::Contradiction { entry: entry.into(), rule: rule.into() })
}
