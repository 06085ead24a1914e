//! The use cases about API keys: make, read, list, change, rotate and end them.
//!
//! Whoever holds `urn:jeton:tokens:create`, `…:read` or `…:revoke` in the org or above it does so for any member; the org itself does, by
//! its API secret; and members do for themselves, as far as the org lets them. What a key opens is found out in
//! [`auth::api_key`](crate::auth::api_key).

use std::sync::Arc;

use crate::auth::api_key::{ApiKeyState, holds, states};
use crate::auth::bearer;
use crate::auth::service::{Credentials, Lookup, Proof, authenticate as authenticate_service};
use crate::domain::scope::api;
use crate::domain::{
    AllowedNetworks, ApiKey, ApiKeyKind, ApiKeyLocator, ApiKeyProblem, ApiKeyRevocation, ApiKeyRevocationReason, ApiKeyStatus,
    ApiKeyValue, Audience, Caller, Creator, Error, Fault, Limits, Member, MemberKey, NotBefore, Org, OrgId, Refusal,
    RevokingParty, Scope, Seconds, Subject, Timestamp, TokenId,
};
use crate::jose::sha256;
use crate::platform::capabilities::{ApiKeyCreator, ApiKeyLister, ApiKeyRotator, ApiKeyWriter, Reader};
use crate::policy::find_resource;
use crate::store::{ApiKeyInsert, ApiKeyLimit, ApiKeyQuery, KeepApiKeys, RecordKeys, Records, Revocation};

/// What is asked for when a key is made.
#[derive(Clone, Debug)]
pub struct ApiKeyDraft {
    /// What people call it.
    pub name: String,
    /// The member whose key it shall be. `None`: the caller.
    pub owner: Option<Subject>,
    /// What it shall open.
    pub scopes: Vec<Scope>,
    /// The APIs that it shall be for. `None`: the org's default resource.
    pub resources: Option<Vec<Audience>>,
    /// The networks from which it may be used. `None`: from anywhere.
    pub allowed_networks: Option<AllowedNetworks>,
    /// How often it may be introspected and exchanged. `None`: as often as anybody likes.
    pub limits: Option<Limits>,
    /// How long it shall live.
    pub lifetime: ApiKeyLifetime,
}

/// How long a key shall live.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum ApiKeyLifetime {
    /// As long as the org says.
    Usual,
    /// For so long, from now on.
    For(Seconds),
    /// Until this moment, to the second.
    Until(Timestamp),
}

/// What is asked for when a key is rotated.
#[derive(Clone, Copy, Debug)]
pub struct ApiKeyRotation {
    /// For how long the value that is replaced stays good.
    pub previous_expires_in: Seconds,
    /// How long the key shall live from now on.
    pub lifetime: ApiKeyLifetime,
}

/// What a key shall be like after a change.
#[derive(Clone, Debug)]
pub struct ApiKeyUpdate {
    /// What people call it.
    pub name: String,
    /// What it opens: some of what it did.
    pub scopes: Vec<Scope>,
    /// The APIs that it is for: some of those that it was for.
    pub resources: Vec<Audience>,
    /// The networks from which it may be used: some of those from which it could be, or any if that was anywhere.
    pub allowed_networks: Option<AllowedNetworks>,
    /// How often it may be introspected and exchanged. `None`: as often as anybody likes. Only an administrator changes that.
    pub limits: Option<Limits>,
    /// When it ends: no later than it did.
    pub expires_at: Timestamp,
}

/// A key with the value that it has just got. This is the only time that the value is told.
#[derive(Debug)]
pub struct NewApiKey {
    /// The key, as it is shown.
    pub state: ApiKeyState,
    /// What its holder presents.
    pub value: ApiKeyValue,
}

/// Which keys of an org to list.
#[derive(Clone, Debug)]
pub struct ApiKeyFilter {
    /// Only keys of this member.
    pub owner: Option<Subject>,
    /// Only keys that stand so.
    pub status: Option<ApiKeyStatus>,
    /// Only ids below this one.
    pub after: Option<TokenId>,
    /// How many at most, 1 to [`MAX_PAGE`].
    pub limit: usize,
}

/// One page of keys, newest first.
#[derive(Debug)]
pub struct ApiKeyListing {
    /// The keys of the page.
    pub keys: Vec<ApiKeyState>,
    /// Where the next page begins. `None`: this was the last.
    pub next: Option<TokenId>,
}

/// How many keys a page can have.
pub const MAX_PAGE: usize = 100;
/// How many pages of the store are looked at for one answer, so that a filter that matches little can't read a whole table.
const MAX_PAGES: usize = 20;
/// For how long the value that is replaced stays good where nothing is said: a day.
pub const USUAL_OVERLAP: Seconds = Seconds::DAY;
/// How often a change is tried that others get in the way of.
const MAX_ATTEMPTS: usize = 32;
const UNKNOWN: Refusal = Refusal::NotFound("API key");

/// Makes a key. This is the only time that its value is told.
///
/// # Errors
/// - [`Refusal::CredentialsRejected`] and [`Refusal::AccessDenied`], if the caller isn't who may make keys here.
/// - [`Refusal::ApiKeyRejected`], if the caller is a key, members don't look after their keys here, or the owner has too many.
/// - [`Refusal::NotFound`], if the owner isn't an enabled person or service account of the org.
/// - [`Refusal::ScopeOutOfReach`], [`Refusal::ScopeNotForKeys`] and [`Refusal::Invalid`] for what can't be had.
pub async fn create(
    ports: &ApiKeyCreator,
    credentials: &Credentials,
    org: OrgId,
    draft: ApiKeyDraft,
) -> Result<NewApiKey, Error> {
    let named = draft.owner.as_ref().map(|owner| MemberKey { org: org.clone(), subject: owner.clone() });
    let also = RecordKeys {
        members: named.iter().cloned().collect(),
        marks: NotBefore::keys_of(&org, draft.owner.as_ref(), None, None).collect(),
        ..RecordKeys::default()
    };
    let (actor, mut found) = Actor::authenticate(&ports.reader, credentials, org, also, api::TOKENS_CREATE).await?;
    let key = named.or_else(|| actor.own_key()).ok_or(Refusal::invalid("owner", "is required: the org itself has no keys"))?;
    actor.may_look_after(&key.subject)?;
    let owner = match actor.caller.as_ref().filter(|caller| caller.member().key() == key) {
        Some(caller) => Some(caller.member().clone()),
        None => found.members.remove(&key),
    };
    let owner = owner.filter(|owner| owner.enabled).ok_or(Refusal::NotFound("owner"))?;
    let kind = ApiKeyKind::of_member(owner.kind).ok_or(Refusal::NotFound("owner"))?;
    let now = ports.reader.now();
    ensure_scopes(&actor, &owner, &draft.scopes)?;
    let resources = resources(&ports.reader, &actor.org, draft.resources)?;
    ensure_uses_are_counted(&ports.reader, draft.limits, &resources)?;
    let expires_at = end_of(&actor.org, draft.lifetime, now)?;
    if actor.org.settings.api_keys.require_cidrs && draft.allowed_networks.is_none() {
        return Err(Refusal::invalid("allowed_cidrs", "is required (the org's api_keys.require_cidrs)").into());
    }
    let value = ApiKeyValue::draw(kind, &*ports.entropy)?;
    let key = ApiKey {
        id: TokenId::generate(now, None, &*ports.entropy)?,
        org: actor.org.id.clone(),
        owner: owner.subject.clone(),
        kind,
        name: draft.name,
        hint: value.hint(),
        scopes: draft.scopes,
        resources,
        allowed_networks: draft.allowed_networks,
        limits: draft.limits,
        created_at: now,
        created_by: actor.creator(),
        expires_at,
        value: sha256(value.expose().as_bytes()),
        issued_at: now,
        previous: None,
        revision: 0,
        used_at: None,
        revoked: None,
    };
    // The marks of the caller's own keys were read with its token.
    if key.marks().any(|mark| found.marks.kills(&mark, now)) {
        return Err(Fault::unavailable("creating an API key: all of its owner were revoked this second").into());
    }
    let marked = key.marks().filter_map(|mark| found.marks.find(&mark)).max();
    let limit = ApiKeyLimit { most: actor.org.settings.api_keys.max_per_owner, made_after: marked.map(Timestamp::plus_slack) };
    match ports.api_keys.create_api_key(&key, limit).await? {
        ApiKeyInsert::Done => Ok(NewApiKey { state: ApiKeyState::new(key, Some(&owner), &found.marks, now), value }),
        ApiKeyInsert::TooMany => Err(ApiKeyProblem::TooMany.into()),
    }
}

/// Reads a key, for its owner and for whoever may read tokens in the org.
///
/// # Errors
/// [`Refusal::NotFound`], if there is no such key, or it isn't the caller's to see.
pub async fn get(ports: &Reader, credentials: &Credentials, locator: ApiKeyLocator) -> Result<ApiKeyState, Error> {
    Ok(read(ports, credentials, &locator, api::TOKENS_READ).await?.state)
}

/// Lists keys, newest first: those of the org for whoever may read its tokens, else the caller's own.
///
/// # Errors
/// [`Refusal::AccessDenied`], if the caller asks for those of others, and may not read tokens here.
pub async fn list(
    ports: &ApiKeyLister,
    credentials: &Credentials,
    org: OrgId,
    filter: ApiKeyFilter,
) -> Result<ApiKeyListing, Error> {
    let (actor, _) = Actor::authenticate(&ports.reader, credentials, org, RecordKeys::default(), api::TOKENS_READ).await?;
    let mut owner = filter.owner;
    if !actor.is_administrator {
        let own = actor.own_key().ok_or(actor.denied())?.subject;
        if owner.as_ref().is_some_and(|owner| *owner != own) {
            return Err(actor.denied().into());
        }
        owner = Some(own);
    }
    let mut query = ApiKeyQuery { owner, after: filter.after, limit: filter.limit };
    let mut listing = ApiKeyListing { keys: Vec::new(), next: None };
    for _ in 0..MAX_PAGES {
        let page = ports.api_keys.api_keys(&actor.org.id, &query).await?;
        listing.keys.extend(
            states(&ports.reader, page.keys)
                .await?
                .into_iter()
                .filter(|state| filter.status.is_none_or(|status| status == state.status)),
        );
        listing.next = page.next;
        if page.next.is_none() || listing.keys.len() >= filter.limit {
            break;
        }
        query.after = page.next;
    }
    if listing.keys.len() > filter.limit {
        listing.keys.truncate(filter.limit);
        listing.next = listing.keys.last().map(|state| state.key.id);
    }
    Ok(listing)
}

/// Changes a key by what `update` makes of what is there by then, which it may also refuse: never to more than it is, but for its name and
/// its limits. Those an administrator alone changes.
///
/// # Errors
/// As [`rotate`], and [`Refusal::Invalid`] for what the key isn't.
pub async fn update(
    ports: &ApiKeyWriter,
    credentials: &Credentials,
    locator: ApiKeyLocator,
    update: impl Fn(&ApiKeyState) -> Result<ApiKeyUpdate, Error> + Send + Sync,
) -> Result<ApiKeyState, Error> {
    change((&ports.reader, &*ports.api_keys), credentials, &locator, |actor, state| {
        let ApiKeyUpdate { name, scopes, resources, allowed_networks, limits, expires_at } = update(state)?;
        let there = &state.key;
        let wider = |field: &'static str| Refusal::invalid(field, "can only be narrowed: create another key for more");
        if scopes.is_empty() || !scopes.iter().all(|scope| there.scopes.contains(scope)) {
            return Err(wider("scopes").into());
        }
        if resources.is_empty() || !resources.iter().all(|resource| there.resources.contains(resource)) {
            return Err(wider("resources").into());
        }
        if let Some(before) = &there.allowed_networks {
            let is_among = |network| before.iter().any(|known| known == network);
            if !allowed_networks.as_ref().is_some_and(|networks| networks.iter().all(is_among)) {
                return Err(wider("allowed_cidrs").into());
            }
        }
        if limits != there.limits {
            if !actor.is_administrator {
                return Err(actor.denied().into());
            }
            ensure_uses_are_counted(&ports.reader, limits, &resources)?;
        }
        if expires_at > there.expires_at {
            return Err(Refusal::invalid("expires", "can only be sooner: rotate the key, or create another one").into());
        }
        let revision = there.revision + 1;
        Ok(ApiKey { name, scopes, resources, allowed_networks, limits, expires_at, revision, ..there.clone() })
    })
    .await
}

/// Gives a key another value. The one before stays good for as long as is said, and an earlier one ends.
///
/// # Errors
/// - [`Refusal::NotFound`], if there is no such key, or it isn't the caller's to see.
/// - [`Refusal::AccessDenied`], if the caller sees it, but may not make keys here.
/// - [`Refusal::ApiKeyRejected`], if the caller is a key, members don't look after their keys here, or the key has ended.
/// - [`Refusal::ScopeOutOfReach`], if it opens something of Jeton's own API that the caller can't.
pub async fn rotate(
    ports: &ApiKeyRotator,
    credentials: &Credentials,
    locator: ApiKeyLocator,
    rotation: ApiKeyRotation,
) -> Result<NewApiKey, Error> {
    let mut drawn = None;
    let state = change((&ports.reader, &*ports.api_keys), credentials, &locator, |actor, state| {
        let (there, now) = (&state.key, state.now);
        ensure_may_hand_out_api(actor, &there.scopes)?;
        let value = ApiKeyValue::draw(there.kind, &*ports.entropy)?;
        let expires_at = end_of(&actor.org, rotation.lifetime, now)?;
        // It would have ended then, too.
        let overlap = rotation.previous_expires_in.min(there.expires_at.since(now));
        let key = there.clone().rotated(sha256(value.expose().as_bytes()), value.hint(), expires_at, overlap, now);
        drawn = Some(value);
        Ok(key)
    })
    .await?;
    let value = drawn.ok_or_else(|| Fault::internal("rotating an API key: it has got no value"))?;
    Ok(NewApiKey { state, value })
}

/// Ends the value that a key had before it was rotated.
///
/// # Errors
/// [`Refusal::NotFound`], if there is no such key, it isn't the caller's to see, or it has no such value any more.
/// [`Refusal::AccessDenied`], if the caller sees it, but may not revoke here.
pub async fn end_previous(ports: &ApiKeyWriter, credentials: &Credentials, locator: ApiKeyLocator) -> Result<(), Error> {
    for _ in 0..MAX_ATTEMPTS {
        let read = read(&ports.reader, credentials, &locator, api::TOKENS_REVOKE).await?;
        let seen = read.state.key;
        if seen.previous.is_none_or(|previous| previous.expires_at <= read.state.now) || seen.revoked.is_some() {
            return Err(Refusal::NotFound("previous value of the API key").into());
        }
        let key = ApiKey { previous: None, revision: seen.revision + 1, ..seen.clone() };
        if ports.api_keys.update_api_key(&seen, &key).await? {
            return Ok(());
        }
    }
    Err(Fault::unavailable("changing an API key that others change all the time").into())
}

/// Ends a key at once, and what came of it.
///
/// # Errors
/// [`Refusal::NotFound`], if there is no such key, it isn't the caller's to see, or it was revoked before.
/// [`Refusal::AccessDenied`], if the caller sees it, but may not revoke here.
pub async fn revoke(ports: &ApiKeyWriter, credentials: &Credentials, locator: ApiKeyLocator) -> Result<(), Error> {
    let Read { actor, state } = read(&ports.reader, credentials, &locator, api::TOKENS_REVOKE).await?;
    if state.status == ApiKeyStatus::Revoked {
        return Err(UNKNOWN.into());
    }
    let is_own = actor.own_key().is_some_and(|own| own.subject == state.key.owner);
    let reason = if is_own { ApiKeyRevocationReason::Owner } else { ApiKeyRevocationReason::Administrator };
    let revocation = ApiKeyRevocation { at: state.now, reason, by: Some(actor.as_revoking_party()), place: None };
    match ports.api_keys.revoke_api_key(&locator, &revocation).await? {
        Revocation::Done => Ok(()),
        Revocation::Already | Revocation::Unknown => Err(UNKNOWN.into()),
    }
}

/// Who acts on the keys of an org.
#[derive(Debug)]
struct Actor {
    org: Arc<Org>,
    /// The bearer. `None`: the org itself, by its API secret.
    caller: Option<Caller>,
    /// Whether it may do this to the keys of anybody in the org.
    is_administrator: bool,
    /// The scope by which it may.
    needs: &'static str,
}

/// A look-up of records whose keys are known.
struct Also(RecordKeys);

impl Lookup for Also {
    fn wanted(&self, _: &OrgId) -> RecordKeys {
        self.0.clone()
    }
}

impl Actor {
    /// Authenticates whoever calls, and reads what `also` names.
    async fn authenticate(
        ports: &Reader,
        credentials: &Credentials,
        org: OrgId,
        also: RecordKeys,
        needs: &'static str,
    ) -> Result<(Self, Records), Error> {
        match &credentials.proof {
            Proof::Bearer(token) => {
                let mut also = also;
                also.orgs.push(org.clone());
                let (caller, found) = bearer::authenticate(ports, token.expose(), also).await?;
                let place = found.orgs.get(&org).filter(|place| place.enabled && place.is_within(caller.org()));
                let place = place.cloned().ok_or(Refusal::AccessDenied { needs })?;
                let is_administrator = caller.may(needs, &place);
                // Whoever is of an org above has no keys here, and nothing to look after but as an administrator.
                if !is_administrator && place.id != *caller.org() {
                    return Err(Refusal::AccessDenied { needs }.into());
                }
                Ok((Self { org: place, caller: Some(caller), is_administrator, needs }, found))
            }
            Proof::Secret { .. } => {
                let credentials = Credentials { org: Some(org), ..credentials.clone() };
                let authenticated = authenticate_service(ports, &credentials, &[], |_| Also(also)).await?;
                let org = authenticated.service.into_org();
                Ok((Self { org, caller: None, is_administrator: true, needs }, authenticated.found))
            }
        }
    }

    /// The caller itself, if it can have keys in this org.
    fn own_key(&self) -> Option<MemberKey> {
        self.caller.as_ref().filter(|caller| *caller.org() == self.org.id).map(|caller| caller.member().key())
    }

    fn denied(&self) -> Refusal {
        Refusal::AccessDenied { needs: self.needs }
    }

    /// Checks that it may make and change keys of this member. A key may do so for nobody, whatever it opens.
    fn may_look_after(&self, owner: &Subject) -> Result<(), Refusal> {
        if self.caller.as_ref().is_some_and(Caller::came_of_api_key) {
            return Err(ApiKeyProblem::KeyCannotMakeKeys.into());
        }
        if self.is_administrator {
            return Ok(());
        }
        if self.own_key().is_none_or(|own| own.subject != *owner) {
            return Err(self.denied());
        }
        if self.org.settings.api_keys.self_service { Ok(()) } else { Err(ApiKeyProblem::SelfServiceOff.into()) }
    }

    fn creator(&self) -> Option<Creator> {
        let caller = self.caller.as_ref()?;
        Some(Creator { org: caller.org().clone(), subject: caller.subject().clone() })
    }

    fn as_revoking_party(&self) -> RevokingParty {
        match &self.caller {
            Some(caller) => RevokingParty::bearer_of(caller.token()),
            None => RevokingParty { org: self.org.id.clone(), subject: None, client: None, token: None },
        }
    }
}

/// A key that was read for somebody who may see it.
struct Read {
    actor: Actor,
    state: ApiKeyState,
}

/// Reads a key for somebody who acts on it by the scope `needs`, or because it is their own.
async fn read(ports: &Reader, credentials: &Credentials, locator: &ApiKeyLocator, needs: &'static str) -> Result<Read, Error> {
    let also = RecordKeys { api_keys: vec![locator.clone()], ..RecordKeys::default() };
    let (actor, mut found) = Actor::authenticate(ports, credentials, locator.org.clone(), also, needs).await?;
    let key = found.api_keys.remove(locator).ok_or(UNKNOWN)?;
    if !actor.is_administrator && actor.own_key().is_none_or(|own| own.subject != key.owner) {
        let sees = actor.caller.as_ref().is_some_and(|caller| caller.may(api::TOKENS_READ, &actor.org));
        return Err(if sees { actor.denied() } else { UNKNOWN }.into());
    }
    let state = states(ports, vec![key]).await?.pop().ok_or(UNKNOWN)?;
    Ok(Read { actor, state })
}

/// Writes what `change` makes of a key that is alive. If somebody else changes it meanwhile, it is read again and `change` is asked again.
async fn change(
    (reader, api_keys): (&Reader, &dyn KeepApiKeys),
    credentials: &Credentials,
    locator: &ApiKeyLocator,
    mut change: impl FnMut(&Actor, &ApiKeyState) -> Result<ApiKey, Error> + Send,
) -> Result<ApiKeyState, Error> {
    for _ in 0..MAX_ATTEMPTS {
        let Read { actor, state } = read(reader, credentials, locator, api::TOKENS_CREATE).await?;
        actor.may_look_after(&state.key.owner)?;
        if state.status != ApiKeyStatus::Active {
            return Err(ApiKeyProblem::Ended.into());
        }
        let key = change(&actor, &state)?;
        if api_keys.update_api_key(&state.key, &key).await? {
            return Ok(ApiKeyState { key, ..state });
        }
    }
    Err(Fault::unavailable("changing an API key that others change all the time").into())
}

/// Checks that a key can have these scopes: the owner holds each, and so does the caller, on its token, too, if it may not make keys for
/// anybody.
fn ensure_scopes(actor: &Actor, owner: &Member, scopes: &[Scope]) -> Result<(), Refusal> {
    if !(1..=ApiKey::MAX_SCOPES).contains(&scopes.len()) {
        return Err(Refusal::invalid("scopes", "must have 1 to 50 entries"));
    }
    for (n, scope) in scopes.iter().enumerate() {
        let field = format!("scopes[{n}]");
        if scope.is_optional() || scope.name().contains('*') {
            return Err(Refusal::invalid(field, "must be the name of one scope, without * and without ? at its end"));
        }
        if scopes[..n].contains(scope) {
            return Err(Refusal::invalid(field, "must be there once"));
        }
        let is_for_keys = scope.name().ends_with(":read") || scope.name() == api::TOKENS_REVOKE;
        if scope.reaches_api() && !is_for_keys {
            return Err(Refusal::ScopeNotForKeys { field });
        }
        let may_hand_out = |caller: &Caller| {
            if scope.reaches_api() {
                caller.authority().permits_api(scope.name())
            } else {
                actor.is_administrator || caller.authority().permits(scope.name())
            }
        };
        if !holds(owner, scope) || !actor.caller.as_ref().is_none_or(may_hand_out) {
            return Err(Refusal::ScopeOutOfReach { field });
        }
    }
    Ok(())
}

/// Checks that the caller has what a key opens of Jeton's own API, before it gets the key.
fn ensure_may_hand_out_api(actor: &Actor, scopes: &[Scope]) -> Result<(), Refusal> {
    let Some(caller) = &actor.caller else { return Ok(()) };
    let missing = scopes.iter().position(|scope| scope.reaches_api() && !caller.authority().permits_api(scope.name()));
    missing.map_or(Ok(()), |n| Err(Refusal::ScopeOutOfReach { field: format!("scopes[{n}]") }))
}

/// The APIs that a key is for, each as the org spells it. The issuer stands for Jeton's own API.
fn resources(ports: &Reader, org: &Org, asked: Option<Vec<Audience>>) -> Result<Vec<Audience>, Refusal> {
    let settings = &org.settings.oauth;
    let Some(asked) = asked else {
        const RULE: &str = "is required: the org has no default_resource";
        return settings.default_resource.clone().map(|one| vec![one]).ok_or(Refusal::invalid("resources", RULE));
    };
    if !(1..=ApiKey::MAX_RESOURCES).contains(&asked.len()) {
        return Err(Refusal::invalid("resources", "must have 1 to 20 entries"));
    }
    let known = settings.resources.as_deref().unwrap_or_default();
    let mut resources: Vec<Audience> = Vec::with_capacity(asked.len());
    for (n, asked) in asked.into_iter().enumerate() {
        let field = || format!("resources[{n}]");
        let is_default = settings.default_resource.as_ref() == Some(&asked);
        let is_own_api = asked.as_str() == ports.keys.issuer().as_str();
        let resource =
            if is_default || is_own_api { Some(asked) } else { find_resource(known, &asked).map(|one| one.as_ref().clone()) };
        let resource = resource
            .ok_or_else(|| Refusal::invalid(field(), "must be one of the org's resources, or the issuer for Jeton's own API"))?;
        if resources.contains(&resource) {
            return Err(Refusal::invalid(field(), "must be there once"));
        }
        resources.push(resource);
    }
    Ok(resources)
}

/// Checks that a key with limits isn't for Jeton's own API: the functions that serve that may only read, so they count nothing, and take no
/// such key.
fn ensure_uses_are_counted(ports: &Reader, limits: Option<Limits>, resources: &[Audience]) -> Result<(), Refusal> {
    const RULE: &str = "must be left out for a key whose resources have the issuer: calls of Jeton's own API are not counted";
    let is_own_api = |resource: &Audience| resource.as_str() == ports.keys.issuer().as_str();
    let is_uncounted = limits.is_some() && resources.iter().any(is_own_api);
    if is_uncounted { Err(Refusal::invalid("limits", RULE)) } else { Ok(()) }
}

/// When a key ends that is made or rotated now. Every key ends.
fn end_of(org: &Org, lifetime: ApiKeyLifetime, now: Timestamp) -> Result<Timestamp, Refusal> {
    let rules = &org.settings.api_keys;
    let (max, min) = (rules.max_duration, ApiKey::MIN_LIFETIME);
    let now = now.whole_second();
    match lifetime {
        ApiKeyLifetime::Usual => Ok(now.plus(rules.duration)),
        ApiKeyLifetime::For(length) if (min..=max).contains(&length) => Ok(now.plus(length)),
        ApiKeyLifetime::For(_) => {
            let rule = format!("must be an integer from {} to {} (seconds; the org's api_keys.max_duration)", min.0, max.0);
            Err(Refusal::invalid("expires_in", rule))
        }
        ApiKeyLifetime::Until(end) if (now.plus(min)..=now.plus(max)).contains(&end.whole_second()) => Ok(end.whole_second()),
        ApiKeyLifetime::Until(_) => {
            let rule = format!("must be {} to {} seconds from now (the org's api_keys.max_duration)", min.0, max.0);
            Err(Refusal::invalid("expires", rule))
        }
    }
}
