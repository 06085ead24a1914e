//! The directory: orgs and members, and who may change them.

use crate::admin::issuers::{ensure_clients_keep_theirs, ensure_keys_can_be_read};
use crate::admin::org_size::fits_in_one_read;
use crate::admin::rotation::keep_for_ever;
use crate::auth::bearer::{authenticate, require_scope};
use crate::auth::secret;
use crate::domain::scope::api;
use crate::domain::{
    App, AssertionIssuer, AssertionSettings, Caller, Entropy, Error, Fault, IssuerKeys, Member, MemberKey, MemberKind,
    NotBeforeKey, NotBeforeScope, Org, OrgId, OrgSettings, Profile, Refusal, Role, ScopePattern, Secret, Subject, Timestamp,
};
use crate::keys::remote::Origins;
use crate::platform::capabilities::{DirectoryReader, MemberRemover, MemberWriter, OrgChanger, OrgRemover, Reader, SecretWriter};
use crate::policy::may_hand_out;
use crate::store::{Delete, MemberSwap, Put, ReadDirectory, RecordKeys, Records, Replaced, WriteDirectory};
use crate::tokens::revoke::mark;
use std::collections::BTreeMap;
use std::sync::Arc;

/// What is wrong with an algorithm by which nothing can be signed here.
pub(crate) const NO_KEY: &str = "must be an algorithm that the service has a signing key for";

/// How often a change is tried that others get in the way of.
const MAX_ATTEMPTS: usize = 32;

/// What is said of an org when it is written.
#[derive(Clone, Debug)]
pub struct OrgDraft {
    /// The org above it; must be given for a new one, and can't change.
    pub parent: Option<OrgId>,
    /// A name for people.
    pub name: Option<String>,
    /// Whether its tokens are good for anything.
    pub enabled: bool,
    /// What its tokens are like.
    pub settings: OrgSettings,
    /// Which assertions it takes.
    pub assertions: AssertionSettings,
}

/// What a write of an org may do.
#[derive(Clone, Copy, Debug)]
pub enum OrgWrite<'a> {
    /// It creates the org below this one, or changes it.
    CreateOrChange {
        /// The org above a new one. Needed only there.
        parent: Option<&'a OrgId>,
    },
    /// It changes an org that is there.
    Change,
}

/// What is tried of the issuers of assertions before an org is written.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum KeyCheck {
    /// Nothing: an issuer that doesn't answer mustn't stop a change of something else.
    Skip,
    /// The keys of all that are enabled are read.
    Read,
}

/// What is said of a member when it is written.
#[derive(Clone, Debug)]
pub struct MemberDraft {
    /// Whether the member is a person, a service account or a group.
    pub kind: MemberKind,
    /// What is shown of it.
    pub profile: Profile,
    /// What its tokens may be good for.
    pub scopes: Vec<ScopePattern>,
    /// Its roles by application.
    pub roles: BTreeMap<App, Vec<Role>>,
    /// Whether its tokens are good for anything.
    pub enabled: bool,
}

/// Reads an org with all its settings, for who may read orgs there.
///
/// # Errors
/// [`Refusal::AccessDenied`] if the caller may neither read nor write orgs there; also if there is no such org, so that nobody
/// can probe.
pub async fn org(ports: &Reader, bearer: &str, id: &OrgId) -> Result<(Org, AssertionSettings), Error> {
    let needs = [api::ORGS_READ, api::ORGS_WRITE];
    let (_, org, found) = authorize(ports, bearer, id, &needs, assertions_of(id)).await?;
    Ok((org, found.into_assertion_settings(id)))
}

/// Creates or changes an org by what `draft` makes of what is there by then, which it may also refuse.
///
/// If somebody else changes the org meanwhile, it is read again and `draft` is asked again, up to 32 times: no change is lost.
///
/// # Errors
/// [`Refusal::AccessDenied`] if the caller administers neither the org nor, for a new one, its parent. [`Refusal::Conflict`] if
/// the org would move below another parent. [`Refusal::Invalid`] if a new org has no parent or would lie too deep, if the service
/// has no key of its algorithm, if keys of an assertion issuer are at an origin that the deployment doesn't allow, or if the org
/// would be larger than one read covers. [`Refusal::FederationRejected`] if clients would lose an issuer that they name, or conditions
/// without which strangers could be them; and, with [`KeyCheck::Read`], if the keys of an issuer can't be had. Whatever `draft` refuses.
pub async fn write_org(
    ports: &OrgChanger,
    bearer: &str,
    id: &OrgId,
    write: OrgWrite<'_>,
    key_check: KeyCheck,
    draft: impl Fn(Option<(&Org, &AssertionSettings)>) -> Result<OrgDraft, Error> + Send + Sync,
) -> Result<(Org, AssertionSettings, Put), Error> {
    let parent = match write {
        OrgWrite::CreateOrChange { parent } => parent,
        OrgWrite::Change => None,
    };
    let keys = || RecordKeys { orgs: std::iter::once(id).chain(parent).cloned().collect(), ..assertions_of(id) };
    let (caller, mut found) = authenticate(&ports.reader, bearer, keys()).await?;
    for _ in 0..MAX_ATTEMPTS {
        let existing = found.org(id);
        let parent = parent.and_then(|parent| found.org(parent));
        may_write_org(&caller, write, existing.or(parent))?;
        let seen = existing.map(|org| (org, found.assertion_settings.get(id).cloned().unwrap_or_default()));
        let draft = draft(seen.as_ref().map(|(org, assertions)| (*org, assertions)))?;
        let (org, assertions) = org_as_drafted(id, draft, existing, parent, ports.reader.now())?;
        fits_in_one_read(existing, &org)?;
        if let Some(alg) = org.settings.oauth.access_token_sign_alg
            && !ports.reader.keys.now().await?.can_sign(alg)
        {
            return Err(Refusal::invalid("settings.access_token_sign_alg", NO_KEY).into());
        }
        keys_are_in_reach(&assertions, &ports.key_origins)?;
        if key_check == KeyCheck::Read {
            ensure_keys_can_be_read(&ports.reader, &assertions).await?;
        }
        if let Some((_, before)) = &seen {
            ensure_clients_keep_theirs(&*ports.directory, id, before, &assertions).await?;
        }
        if org.ever_non_expiring && !existing.is_some_and(|existing| existing.ever_non_expiring) {
            keep_for_ever(&*ports.keys, ports.reader.now()).await?;
        }
        let put = ports.write.put_org(existing, &org, Some(&assertions)).await?;
        match put {
            Put::Created | Put::Replaced => return Ok((org, assertions, put)),
            Put::Dangling | Put::Taken => found = ports.reader.tokens.read(&keys()).await?,
        }
    }
    Err(Fault::unavailable("changing an org that others change all the time").into())
}

/// Checks that a caller administers an org that is there, or the one above a new one.
///
/// Who may not look into an org gets the same answer whether it is there or not.
fn may_write_org(caller: &Caller, write: OrgWrite<'_>, place: Option<&Org>) -> Result<(), Refusal> {
    const NEEDS: &str = api::ORGS_WRITE;
    if place.is_some_and(|place| caller.may(NEEDS, place)) {
        return Ok(());
    }
    let is_out_of_sight = !place.is_some_and(|place| place.is_within(caller.org()));
    let is_without_parent = matches!(write, OrgWrite::CreateOrChange { parent: None });
    if is_without_parent && is_out_of_sight && caller.authority().permits_api(NEEDS) {
        return Err(Refusal::invalid("parent", "is required for a new org: the id of the org above it"));
    }
    Err(Refusal::AccessDenied { needs: NEEDS })
}

/// Whether the keys of who makes assertions are where some may be read.
pub(crate) fn keys_are_in_reach(assertions: &AssertionSettings, origins: &Origins) -> Result<(), Refusal> {
    for (n, issuer) in assertions.assertion_issuers.iter().enumerate() {
        let url = match &issuer.keys {
            IssuerKeys::Inline(_) => continue,
            IssuerKeys::At(url) => url.clone(),
            IssuerKeys::Discovery => AssertionIssuer::discovery_url(&issuer.issuer),
        };
        if !origins.allow(&url) {
            let field = format!("settings.assertion_issuers[{n}].{}", issuer.keys.field());
            return Err(Refusal::invalid(field, "must be at an origin that the deployment allows (JwksOrigins, --jwks-origin)"));
        }
    }
    Ok(())
}

/// An org as it will be, with its settings for assertions. Without an org above it, it is the root of a hierarchy: only who runs
/// the service makes one.
pub(crate) fn org_as_drafted(
    id: &OrgId,
    draft: OrgDraft,
    existing: Option<&Org>,
    parent: Option<&Org>,
    now: Timestamp,
) -> Result<(Org, AssertionSettings), Refusal> {
    let ancestors = match (existing, parent) {
        (Some(existing), _) if draft.parent.is_some() && existing.parent() != draft.parent.as_ref() => {
            return Err(Refusal::Conflict("an org can't move below another parent"));
        }
        (Some(existing), _) => existing.ancestors.clone(),
        (None, Some(parent)) if parent.ancestors.len() + 1 >= Org::MAX_DEPTH => {
            return Err(Refusal::invalid("parent", "must have fewer than 15 orgs above it"));
        }
        (None, Some(parent)) => std::iter::once(&parent.id).chain(&parent.ancestors).cloned().collect(),
        (None, None) => Vec::new(),
    };
    let org = existing.cloned().unwrap_or_else(|| Org::new(id.clone(), now));
    let org = Org {
        ancestors,
        name: draft.name,
        enabled: draft.enabled,
        ever_non_expiring: draft.settings.allow_non_expiring || org.ever_non_expiring,
        settings: draft.settings,
        updated_at: now,
        ..org
    };
    // The store tells by the org whether somebody else was faster: so the org also changes where only its assertions do.
    let is_the_same = existing == Some(&org);
    let org = if is_the_same { Org { updated_at: Timestamp::from_ms(now.as_ms() + 1), ..org } } else { org };
    Ok((org, draft.assertions))
}

/// A member as it will be.
pub(crate) fn member_as_drafted(key: &MemberKey, draft: MemberDraft, existing: Option<&Member>, now: Timestamp) -> Member {
    let MemberDraft { kind, profile, scopes, roles, enabled } = draft;
    Member {
        org: key.org.clone(),
        subject: key.subject.clone(),
        kind,
        profile,
        scopes,
        roles,
        enabled,
        created_at: existing.map_or(now, |member| member.created_at),
        updated_at: now,
    }
}

/// Gives an org a new API secret, by which who has it acts on its tokens and clients: so the caller must be able to do all of
/// that itself. The secret before stays good until the next one is made. This is the only time that it is told.
///
/// # Errors
/// [`Refusal::AccessDenied`] if the caller may not administer the org, or lacks a scope that the secret opens.
/// [`Refusal::Conflict`] if the org changed meanwhile.
pub async fn refresh_org_secret(ports: &SecretWriter, bearer: &str, id: &OrgId) -> Result<Secret<String>, Error> {
    let (caller, seen, _) = authorize(&ports.reader, bearer, id, &[api::ORGS_WRITE], RecordKeys::default()).await?;
    let opened = [api::TOKENS_CREATE, api::TOKENS_READ, api::TOKENS_REVOKE, api::CLIENTS_WRITE, api::AUTHORIZATIONS_DECIDE];
    if let Some(needs) = opened.into_iter().find(|needs| !caller.may(needs, &seen)) {
        return Err(Refusal::AccessDenied { needs }.into());
    }
    let secret = draw_org_secret(&*ports.entropy)?;
    let secrets = std::iter::once(secret::hash(&secret)).chain(seen.secrets.first().copied()).collect();
    let org = Org { secrets, updated_at: ports.reader.now(), ..seen.clone() };
    match ports.write.put_org(Some(&seen), &org, None).await? {
        Put::Created | Put::Replaced => Ok(secret),
        Put::Dangling | Put::Taken => Err(Refusal::Conflict("the org has changed meanwhile: try again").into()),
    }
}

/// 256 random bits behind a mark by which scanners find it where it shouldn't be. No character needs encoding in `Basic`.
fn draw_org_secret(entropy: &dyn Entropy) -> Result<Secret<String>, Fault> {
    Ok(Secret::new(format!("jeton-sk-{}", secret::draw::<32>(entropy)?.expose())))
}

/// Deletes an org in which nothing is left, and which `condition` accepts as it is read.
///
/// # Errors
/// [`Refusal::AccessDenied`] if the caller may not administer the org. [`Refusal::Conflict`] if it is the caller's own, or has
/// sub-orgs, members or clients. [`Refusal::NotFound`] if it is gone meanwhile. Whatever `condition` refuses.
pub async fn delete_org(
    ports: &OrgRemover,
    bearer: &str,
    id: &OrgId,
    condition: impl FnOnce(&Org, &AssertionSettings) -> Result<(), Error>,
) -> Result<(), Error> {
    let (caller, org, found) = authorize(&ports.reader, bearer, id, &[api::ORGS_WRITE], assertions_of(id)).await?;
    condition(&org, &found.into_assertion_settings(id))?;
    if org.id == *caller.org() {
        return Err(Refusal::Conflict("an org can't delete itself").into());
    }
    match ports.write.delete_org(id).await? {
        // Its members went before it, each with a mark of its own: there is nothing left to kill.
        Delete::Done => Ok(()),
        Delete::InUse => Err(Refusal::Conflict("the org isn't empty: delete its sub-orgs, members and clients first").into()),
        Delete::Unknown => Err(Refusal::NotFound("org").into()),
    }
}

/// A member, for who may read members there, or for the member itself.
///
/// # Errors
/// [`Refusal::AccessDenied`] if the caller may not read members there and isn't the member itself. [`Refusal::NotFound`] if there
/// is no such member.
pub async fn member(ports: &Reader, bearer: &str, key: &MemberKey) -> Result<Member, Error> {
    let also = RecordKeys { orgs: vec![key.org.clone()], members: vec![key.clone()], ..RecordKeys::default() };
    let (caller, mut found) = authenticate(ports, bearer, also).await?;
    let itself = key.org == *caller.org() && key.subject == *caller.subject();
    if !itself {
        require_scope(&caller, found.org(&key.org), &[api::MEMBERS_READ, api::MEMBERS_WRITE])?;
    }
    Ok(found.members.remove(key).ok_or(Refusal::NotFound("member"))?)
}

/// Returns one page of an org's members, by subject, beginning after `after`.
///
/// # Errors
/// [`Refusal::AccessDenied`] if the caller may not read members there.
pub async fn members(
    ports: &DirectoryReader,
    bearer: &str,
    org: &OrgId,
    after: Option<&Subject>,
    limit: usize,
) -> Result<Vec<Member>, Error> {
    authorize(&ports.reader, bearer, org, &[api::MEMBERS_READ, api::MEMBERS_WRITE], RecordKeys::default()).await?;
    Ok(ports.directory.members(org, after, limit).await?)
}

/// Creates or replaces a member by what `draft` makes of what is there by then, which it may also refuse. Scopes of Jeton's own API
/// can only be given, or taken from one who has them, by one who has them.
///
/// If somebody else changes the member meanwhile, it is read again and `draft` is asked again, up to 32 times: no change is lost.
///
/// # Errors
/// [`Refusal::AccessDenied`] if the caller may not write members there. [`Refusal::OutsideAuthority`] if the member holds or
/// would get a scope of Jeton's own API that the caller lacks. [`Refusal::Conflict`] if the root org would have no administrator
/// left. [`Refusal::NotFound`] if the org is gone meanwhile. Whatever `draft` refuses.
pub async fn write_member(
    ports: &MemberWriter,
    bearer: &str,
    key: &MemberKey,
    draft: impl Fn(Option<&Member>) -> Result<MemberDraft, Error> + Send + Sync,
) -> Result<(Member, Put), Error> {
    let (caller, found) = for_change(&ports.reader, bearer, key).await?;
    let now = ports.reader.now();
    let change = |seen: Option<&Member>| Ok(member_as_drafted(key, draft(seen)?, seen, now));
    let directory = Directory { reader: &ports.reader, read: &*ports.directory, write: &*ports.write };
    let (seen, member) = directory.swap(&caller, &found, key, change).await?;
    Ok((member, if seen.is_some() { Put::Replaced } else { Put::Created }))
}

/// Deletes a member and kills its tokens, so that they stay dead if a member of that name comes again. If there is a `condition`,
/// only what it accepts is deleted.
///
/// Where something can forbid the deletion, the member is disabled first, by one write that decides; then its tokens are killed;
/// then it is deleted. So none of a member that stays is killed.
///
/// # Errors
/// [`Refusal::AccessDenied`] if the caller may not write members there. [`Refusal::OutsideAuthority`] if the member holds a scope
/// of Jeton's own API that the caller lacks. [`Refusal::NotFound`] if there is no such member. [`Refusal::Conflict`] if something
/// still belongs to it, or if it is the last administrator of the root org. Whatever `condition` refuses.
pub async fn delete_member(
    ports: &MemberRemover,
    bearer: &str,
    key: &MemberKey,
    condition: Option<impl Fn(&Member) -> Result<(), Error> + Send + Sync>,
) -> Result<(), Error> {
    const UNKNOWN: Refusal = Refusal::NotFound("member");
    let (caller, found) = for_change(&ports.reader, bearer, key).await?;
    let there = found.members.get(key).ok_or(UNKNOWN)?;
    let now = ports.reader.now();
    let mut disabled = None;
    if condition.is_some() || is_root(found.org(&key.org)) && is_administrator(there) {
        let disable = |seen: Option<&Member>| {
            let seen = seen.ok_or(UNKNOWN)?;
            condition.as_ref().map_or(Ok(()), |condition| condition(seen))?;
            Ok(Member { enabled: false, updated_at: now, ..seen.clone() })
        };
        let directory = Directory { reader: &ports.reader, read: &*ports.directory, write: &*ports.write };
        disabled = Some(directory.swap(&caller, &found, key, disable).await?.1);
    }
    let dead = NotBeforeKey { org: key.org.clone(), kind: NotBeforeScope::Member(key.subject.clone()) };
    ports.revoke.set_not_before(&mark(dead, found.org(&key.org), now)).await?;
    if disabled.is_some() {
        let swap = MemberSwap { key: key.clone(), seen: disabled, member: None, witness: None };
        return match ports.write.swap_member(&swap).await? {
            Replaced::Done | Replaced::Dangling | Replaced::Taken => Ok(()),
            Replaced::Outdated => Err(Refusal::Conflict("somebody has changed the member meanwhile: delete it again").into()),
        };
    }
    match ports.write.delete_member(key).await? {
        Delete::Done | Delete::Unknown => Ok(()),
        Delete::InUse => Err(Refusal::Conflict("something still belongs to the member").into()),
    }
}

/// Whether an org is one above which there is none.
fn is_root(org: Option<&Org>) -> bool {
    org.is_some_and(|org| org.ancestors.is_empty())
}

/// Whether a member can do everything in its org and below.
pub(crate) fn is_administrator(member: &Member) -> bool {
    member.enabled && member.holds(api::ADMIN)
}

/// What a change of a member reads and writes.
struct Directory<'a> {
    reader: &'a Reader,
    read: &'a dyn ReadDirectory,
    write: &'a dyn WriteDirectory,
}

impl Directory<'_> {
    /// How many members are read at once.
    const AT_ONCE: usize = 100;

    /// Writes what `change` makes of a member, by a write that happens only to what `change` has seen. Returns both.
    async fn swap(
        &self,
        caller: &Caller,
        found: &Records,
        key: &MemberKey,
        change: impl Fn(Option<&Member>) -> Result<Member, Error> + Send + Sync,
    ) -> Result<(Option<Member>, Member), Error> {
        let mut seen = found.members.get(key).cloned();
        for _ in 0..MAX_ATTEMPTS {
            may_touch(caller, seen.as_ref())?;
            let member = change(seen.as_ref())?;
            may_touch(caller, Some(&member))?;
            let is_last =
                is_root(found.org(&key.org)) && seen.as_ref().is_some_and(is_administrator) && !is_administrator(&member);
            let witness = if is_last { Some(self.another_administrator(caller, key).await?) } else { None };
            let swap = MemberSwap { key: key.clone(), seen, member: Some(member.clone()), witness };
            match self.write.swap_member(&swap).await? {
                Replaced::Done => return Ok((swap.seen, member)),
                // A member has no alias that another could have.
                Replaced::Dangling | Replaced::Taken => return Err(Refusal::NotFound("org").into()),
                Replaced::Outdated => {
                    let wanted = RecordKeys { members: vec![key.clone()], ..RecordKeys::default() };
                    seen = self.reader.tokens.read(&wanted).await?.members.remove(key);
                }
            }
        }
        Err(Fault::unavailable("changing a member that others change all the time").into())
    }

    /// Finds an administrator of the org beside the member of this key. That it still is one is a condition of the write by which
    /// the member stops being one: so of the last two that go at the same time one stays, without a count that could go wrong.
    ///
    /// Mostly it is the caller itself. Only who gives up its own office costs a listing.
    ///
    /// # Errors
    /// [`Refusal::Conflict`], if there is none.
    async fn another_administrator(&self, caller: &Caller, key: &MemberKey) -> Result<Member, Error> {
        let is_another = |member: &Member| member.org == key.org && member.subject != key.subject && is_administrator(member);
        if is_another(caller.member()) {
            return Ok(caller.member().clone());
        }
        let mut after = None;
        loop {
            let page = self.read.members(&key.org, after.as_ref(), Self::AT_ONCE).await?;
            after = page.last().filter(|_| page.len() == Self::AT_ONCE).map(|member| member.subject.clone());
            if let Some(another) = page.into_iter().find(is_another) {
                return Ok(another);
            }
            if after.is_none() {
                return Err(Refusal::Conflict(LAST_ADMINISTRATOR).into());
            }
        }
    }
}

const LAST_ADMINISTRATOR: &str =
    "the root org must keep an enabled member that holds urn:jeton:admin: give it to another one first";

/// Checks that a caller may give or take what a member holds.
fn may_touch(caller: &Caller, member: Option<&Member>) -> Result<(), Refusal> {
    let held = member.map(|member| &member.scopes[..]).unwrap_or_default();
    if may_hand_out(caller.authority(), held) { Ok(()) } else { Err(Refusal::OutsideAuthority { field: "scopes" }) }
}

/// Authenticates one who may change this member, as it is now.
async fn for_change(ports: &Reader, bearer: &str, key: &MemberKey) -> Result<(Caller, Records), Error> {
    let also = RecordKeys { orgs: vec![key.org.clone()], members: vec![key.clone()], ..RecordKeys::default() };
    let (caller, found) = authenticate(ports, bearer, also).await?;
    require_scope(&caller, found.org(&key.org), &[api::MEMBERS_WRITE])?;
    may_touch(&caller, found.members.get(key))?;
    Ok((caller, found))
}

fn assertions_of(org: &OrgId) -> RecordKeys {
    RecordKeys { assertion_settings: vec![org.clone()], ..RecordKeys::default() }
}

/// Authenticates one who holds a scope in this org. Reads the org, and what is wanted besides.
async fn authorize(
    ports: &Reader,
    bearer: &str,
    id: &OrgId,
    any_of: &[&'static str],
    also: RecordKeys,
) -> Result<(Caller, Org, Records), Error> {
    let (caller, mut found) = authenticate(ports, bearer, RecordKeys { orgs: vec![id.clone()], ..also }).await?;
    require_scope(&caller, found.org(id), any_of)?;
    let org = found.orgs.remove(id).map(Arc::unwrap_or_clone).ok_or(Refusal::NotFound("org"))?;
    Ok((caller, org, found))
}
