//! Seeding the directory from a file, by whoever runs the service.
//!
//! A seed creates what is missing. What is there belongs to those who administer it: a client that was disabled, a secret that was
//! changed or a member that was deleted stays so, unless [`SeedMode::Overwrite`] is asked for.

use std::collections::{BTreeSet, HashMap, HashSet};

use serde::Serialize;
use serde_json::Value;

use crate::admin::clients::{can_authenticate, form_is_possible, targets_are_possible};
use crate::admin::issuers::ensure_identities_are_known;
use crate::admin::org_size::fits_in_one_read;
use crate::admin::orgs_and_members::{NO_KEY, OrgDraft, keys_are_in_reach, member_as_drafted, org_as_drafted};
use crate::admin::rotation::keep_for_ever;
use crate::api::jeton::client::ClientView;
use crate::api::jeton::member::MemberView;
use crate::api::jeton::org::OrgView;
use crate::api::jeton::seed::{BadSeed, Seed, SeedClient, SeedOrg};
use crate::domain::{AssertionSettings, Client, ClientSecret, Error, Fault, Member, Org, OrgId, Refusal, Timestamp};
use crate::keys::PublishedKeys;
use crate::keys::remote::Origins;
use crate::store::{Put, RecordKeys, Store};

/// What happens to entries that are there already, or were.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum SeedMode {
    /// They stay as they are.
    CreateMissing {
        /// The [entries](Loaded::entries) of earlier seeds: one of them that isn't there was deleted since, and stays deleted.
        seeded: HashSet<String>,
    },
    /// They become what the file says.
    Overwrite,
}

/// What became of the entries of a seed.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Loaded {
    /// How many orgs the file has.
    pub orgs: usize,
    /// How many members the file has.
    pub members: usize,
    /// How many clients the file has.
    pub clients: usize,
    /// How many entries were created.
    pub created: usize,
    /// How many entries were changed: none, unless [`SeedMode::Overwrite`] was asked for.
    pub changed: usize,
    /// Sentences that say what the file has and the directory hasn't, and was left so. Without secrets.
    pub left: Vec<String>,
    /// The entries of the file that are there now, to be remembered for [`SeedMode::CreateMissing`].
    pub entries: Vec<String>,
}

impl Loaded {
    /// Decides what to do with an entry, and counts it. Returns whether it is to be written.
    ///
    /// `differences` are those between the entry and what is there. `None`: nothing is there.
    fn decide(&mut self, mode: &SeedMode, entry: String, differences: Option<Vec<String>>) -> bool {
        let is_written = match (differences, mode) {
            (None, SeedMode::CreateMissing { seeded }) if seeded.contains(&entry) => {
                self.left.push(format!("{entry} was deleted and is not created again."));
                return false;
            }
            (None, SeedMode::CreateMissing { .. } | SeedMode::Overwrite) => {
                self.created += 1;
                true
            }
            (Some(differences), SeedMode::CreateMissing { .. } | SeedMode::Overwrite) if differences.is_empty() => false,
            (Some(_), SeedMode::Overwrite) => {
                self.changed += 1;
                true
            }
            (Some(differences), SeedMode::CreateMissing { .. }) => {
                self.left.push(format!("{entry} stays as it is: {}.", differences.join("; ")));
                false
            }
        };
        self.entries.push(entry);
        is_written
    }

    /// Whether an entry can't be created because its org was deleted and stays so.
    fn is_left(&mut self, mode: &SeedMode, org: &OrgId, entry: &str) -> bool {
        let is_left = matches!(mode, SeedMode::CreateMissing { seeded } if seeded.contains(&format!("org {org}")));
        if is_left {
            self.left.push(format!("{entry} is not created: its org was deleted."));
        }
        is_left
    }
}

/// Returns the fields in which an entry differs from what is there, with both values; of secrets only that they differ.
fn differences<T: Serialize>(there: &T, wanted: &T, same_secrets: bool) -> Result<Vec<String>, Fault> {
    let mut found = Vec::new();
    compare("", &comparable(there)?, &comparable(wanted)?, &mut found);
    if !same_secrets {
        found.push("secrets_sha256 differs".to_owned());
    }
    Ok(found)
}

/// What of a client differs from what is wanted, its secrets included.
fn client_differences(there: &Client, wanted: &Client) -> Result<Vec<String>, Fault> {
    let hashes = |client: &Client| client.secrets.iter().map(|secret| secret.hash).collect::<Vec<_>>();
    differences(&ClientView::from_client(there), &ClientView::from_client(wanted), hashes(there) == hashes(wanted))
}

fn compare(path: &str, there: &Value, wanted: &Value, found: &mut Vec<String>) {
    if let (Value::Object(there), Value::Object(wanted)) = (there, wanted) {
        let names: BTreeSet<&String> = there.keys().chain(wanted.keys()).collect();
        for name in names {
            let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
            compare(&path, there.get(name).unwrap_or(&Value::Null), wanted.get(name).unwrap_or(&Value::Null), found);
        }
    } else if there != wanted {
        let text = |value: &Value| if value.is_null() { "not set".to_owned() } else { value.to_string() };
        found.push(format!("{path} is {}, the file has {}", text(there), text(wanted)));
    }
}

/// What is compared of an entry: its view without its times.
fn comparable(view: &impl Serialize) -> Result<Value, Fault> {
    let mut value = serde_json::to_value(view).map_err(|error| Fault::internal("comparing a seed").because(error))?;
    if let Some(fields) = value.as_object_mut() {
        fields.retain(|name, _| name != "created" && name != "updated");
    }
    Ok(value)
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

/// Loads a seed, for tokens that these keys sign, where the keys of others may be at these origins. All of it is checked before any
/// of it is written; loading it again completes what was cut short.
///
/// # Errors
/// [`NotLoaded::Bad`] when the file contradicts itself or what is there, also where that is left as it is; [`NotLoaded::Failed`]
/// when the store fails.
pub async fn load(
    store: &dyn Store,
    keys: &PublishedKeys,
    origins: &Origins,
    (seed, mode): (Seed, &SeedMode),
    now: Timestamp,
) -> Result<Loaded, NotLoaded> {
    let mut loaded =
        Loaded { orgs: seed.orgs.len(), members: seed.members.len(), clients: seed.clients.len(), ..Loaded::default() };
    let mut orgs: HashMap<OrgId, Org> = HashMap::new();
    let mut new_orgs = Vec::new();
    for (index, SeedOrg { id, draft, secrets }) in seed.orgs.into_iter().enumerate() {
        let entry = format!("orgs[{index}]");
        if orgs.contains_key(&id) {
            return Err(contradiction(entry, "is in the file twice"));
        }
        check_org(&draft, &entry, keys, origins)?;
        let existing = store.org(&id).await?;
        let parent = match &draft.parent {
            Some(parent) => known(store, &orgs, parent).await?,
            None => None,
        };
        if let (Some(above), None) = (&draft.parent, &parent) {
            if loaded.is_left(mode, above, &format!("org {id}")) {
                continue;
            }
            return Err(contradiction(format!("{entry}.parent"), NO_ORG));
        }
        let (org, assertions) = org_as_drafted(&id, draft, existing.as_ref(), parent.as_ref(), now)
            .map_err(|refusal| refused(entry.clone(), refusal))?;
        let org = Org { secrets: secrets.unwrap_or(org.secrets), ..org };
        match fits_in_one_read(existing.as_ref(), &org) {
            Ok(()) => {}
            Err(Error::Refused(refusal)) => return Err(refused(entry, refusal)),
            Err(Error::Failed(fault)) => return Err(fault.into()),
        }
        let found = match &existing {
            Some(there) => {
                let wanted = RecordKeys { assertion_settings: vec![id.clone()], ..RecordKeys::default() };
                let theirs = store.read(&wanted).await?.into_assertion_settings(&id);
                let (there_now, wanted) = (OrgView::from_org(there, &theirs), OrgView::from_org(&org, &assertions));
                Some(differences(&there_now, &wanted, there.secrets == org.secrets)?)
            }
            None => None,
        };
        if loaded.decide(mode, format!("org {id}"), found) {
            orgs.insert(id, org.clone());
            new_orgs.push(NewOrg { seen: existing, org, assertions });
        } else if let Some(existing) = existing {
            orgs.insert(id, existing);
        }
    }
    let mut members = Vec::new();
    for (index, (key, draft)) in seed.members.into_iter().enumerate() {
        let name = format!("member {} of org {}", key.subject, key.org);
        if known(store, &orgs, &key.org).await?.is_none() {
            if loaded.is_left(mode, &key.org, &name) {
                continue;
            }
            return Err(contradiction(format!("members[{index}].org"), NO_ORG));
        }
        let existing = store.member(&key).await?;
        let member = member_as_drafted(&key, draft, existing.as_ref(), now);
        let found = existing
            .as_ref()
            .map(|there| differences(&MemberView::from_member(there), &MemberView::from_member(&member), true))
            .transpose()?;
        if loaded.decide(mode, name, found) {
            members.push(member);
        }
    }
    let (mut clients, mut new_clients) = (Vec::<Client>::new(), Vec::new());
    for (index, client) in seed.clients.into_iter().enumerate() {
        let name = format!("client {} of org {}", client.id, client.org);
        let Some(org) = known(store, &orgs, &client.org).await? else {
            if loaded.is_left(mode, &client.org, &name) {
                continue;
            }
            return Err(contradiction(format!("clients[{index}].org"), NO_ORG));
        };
        let alias = &client.settings.alias;
        if clients.iter().any(|other| other.org == client.org && alias.is_some() && other.settings.alias == *alias) {
            return Err(contradiction(format!("clients[{index}].alias"), "is in the file twice"));
        }
        if clients.iter().any(|other| other.id == client.id) || is_anothers(store, &client).await? {
            return Err(contradiction(format!("clients[{index}].id"), "is the number of another client"));
        }
        let existing = store.client(&client.org, client.id).await?;
        check_client((&client, index), &org, existing.as_ref(), keys)?;
        check_identities(store, &new_orgs, &client, index).await?;
        let client = client_of(client, existing.clone(), now);
        let found = existing.as_ref().map(|there| client_differences(there, &client)).transpose()?;
        if loaded.decide(mode, name, found) {
            new_clients.push((index, client.clone()));
        }
        clients.push(client);
    }
    write_all(store, (&new_orgs, &members, &new_clients), now).await?;
    Ok(loaded)
}

/// An org to be written: what was there, and what will be.
struct NewOrg {
    seen: Option<Org>,
    org: Org,
    assertions: AssertionSettings,
}

/// Writes what is new or changed, orgs in the order of the file, and clients with their places in it.
async fn write_all(
    store: &dyn Store,
    (orgs, members, clients): (&[NewOrg], &[Member], &[(usize, Client)]),
    now: Timestamp,
) -> Result<(), NotLoaded> {
    if orgs.iter().any(|new| new.org.ever_non_expiring) {
        keep_for_ever(store, now).await?;
    }
    for NewOrg { seen, org, assertions } in orgs {
        written(store.put_org(seen.as_ref(), org, Some(assertions)).await?)?;
    }
    for member in members {
        written(store.put_member(member).await?)?;
    }
    for (index, client) in clients {
        if store.put_client(client).await? == Put::Taken {
            return Err(contradiction(format!("clients[{index}]"), "its alias or its number belongs to another client"));
        }
    }
    Ok(())
}

fn check_org(draft: &OrgDraft, entry: &str, keys: &PublishedKeys, origins: &Origins) -> Result<(), NotLoaded> {
    if draft.settings.oauth.access_token_sign_alg.is_some_and(|alg| !keys.can_sign(alg)) {
        return Err(contradiction(format!("{entry}.settings.access_token_sign_alg"), NO_KEY));
    }
    keys_are_in_reach(&draft.assertions, origins).map_err(|refusal| refused(entry.to_owned(), refusal))
}

fn check_client(
    (client, index): (&SeedClient, usize),
    org: &Org,
    existing: Option<&Client>,
    keys: &PublishedKeys,
) -> Result<(), NotLoaded> {
    if let Some(form) = client.settings.access_token_form {
        form_is_possible(keys, form).map_err(|rule| contradiction(format!("clients[{index}].access_token_form"), rule.0))?;
    }
    can_authenticate(&client.settings).map_err(|rule| contradiction(format!("clients[{index}].auth_method"), rule.0))?;
    targets_are_possible((org, keys.verifier.issuer()), &client.settings, existing)
        .map_err(|refusal| refused(format!("clients[{index}]"), refusal))
}

/// Checks the identities of a client against the issuers of its org, as they will be.
async fn check_identities(store: &dyn Store, orgs: &[NewOrg], client: &SeedClient, index: usize) -> Result<(), NotLoaded> {
    let identities = &client.settings.federated;
    if identities.is_empty() {
        return Ok(());
    }
    let stored;
    let settings = if let Some(new) = orgs.iter().find(|new| new.org.id == client.org) {
        &new.assertions
    } else {
        let wanted = RecordKeys { assertion_settings: vec![client.org.clone()], ..RecordKeys::default() };
        stored = store.read(&wanted).await?.into_assertion_settings(&client.org);
        &stored
    };
    ensure_identities_are_known(settings, identities).map_err(|problem| refused(format!("clients[{index}]"), problem.into()))
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
    let kept = existing.as_ref().map(|there| there.secrets.clone()).unwrap_or_default();
    let created_at = |hash| kept.iter().find(|there| there.hash == hash).map_or(Some(now), |there| there.created_at);
    let secret = |hash| ClientSecret { hash, created_at: created_at(hash), expires_at: None };
    let secrets = secrets.into_iter().map(secret).collect();
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
    } else if let Refusal::ResourceUnknown { field } = refusal {
        contradiction(format!("{entry}.{field}"), "must be a resource of the org")
    } else if let Refusal::Conflict(rule) = refusal {
        contradiction(entry, rule)
    } else if let Refusal::FederationRejected(problem) = refusal {
        contradiction(entry, problem.describe().trim_end_matches('.'))
    } else {
        contradiction(entry, "is not possible")
    }
}

fn contradiction(entry: impl Into<String>, rule: &str) -> NotLoaded {
    NotLoaded::Bad(BadSeed::Contradiction { entry: entry.into(), rule: rule.into() })
}
