//! Finding API keys by their values, with all that decides about them.
//!
//! A key doesn't say whose it is: so there are two reads, the first by the hash of its value, which an instance makes once. A text whose
//! checksum is wrong is none of ours, and takes no read at all.

use std::net::IpAddr;
use std::sync::Arc;

use crate::auth::presented::add;
use crate::domain::{
    ApiKey, ApiKeyRevocationReason, ApiKeyStatus, ApiKeyValue, Authority, Error, Fault, Member, MemberKey, NotBefore, NotBefores,
    Org, Scope, Timestamp, TokenProblem, TokenRecord,
};
use crate::jose::{equal, sha256};
use crate::platform::capabilities::Reader;
use crate::store::quotas::{CountedUnit, Quotas};
use crate::store::{ApiKeyHolder, KeepApiKeys, RecordKeys, Records, each_once};
use crate::telemetry::{Alarm, log_alarm};

/// An API key that was found by one of its good values.
#[derive(Debug)]
pub struct FoundApiKey {
    /// The key, as it is recorded.
    pub key: ApiKey,
    /// Its owner, if that is still a member.
    pub owner: Option<Member>,
    /// Its org, if that is still there.
    pub org: Option<Arc<Org>>,
    /// How the key stands.
    pub status: ApiKeyStatus,
    is_live: bool,
}

/// An API key that opens something now.
#[derive(Clone, Debug)]
pub struct LiveApiKey {
    /// The key, with the scopes that its owner still holds: at least one.
    pub key: ApiKey,
    /// The member whose key it is.
    pub owner: Member,
    /// The org of the key.
    pub org: Arc<Org>,
}

/// Finds an API key by its value, and reads what `also` names. `None`: it isn't one, or a value that has been replaced.
///
/// # Errors
/// A [`Fault`] if the records can't be read.
pub async fn find(ports: &Reader, text: &str, also: RecordKeys) -> Result<(Option<FoundApiKey>, Records), Fault> {
    let (known, records) = look_up(ports, text, also).await?;
    Ok((known.filter(|(_, is_good)| *is_good).map(|(found, _)| found), records))
}

/// Finds an API key by any value that it has had, and says whether it is one of those that are good. `None`: it isn't one.
///
/// # Errors
/// A [`Fault`] if the records can't be read.
pub(crate) async fn find_any(ports: &Reader, text: &str) -> Result<Option<(FoundApiKey, bool)>, Fault> {
    Ok(look_up(ports, text, RecordKeys::default()).await?.0)
}

async fn look_up(ports: &Reader, text: &str, also: RecordKeys) -> Result<(Option<(FoundApiKey, bool)>, Records), Fault> {
    let Some(value) = ApiKeyValue::parse(text) else { return Ok((None, Records::default())) };
    let hash = sha256(value.expose().as_bytes());
    let Some(holder) = holder(ports, hash).await? else { return Ok((None, Records::default())) };
    let member = MemberKey { org: holder.key.org.clone(), subject: holder.owner };
    let mut wanted = RecordKeys { shard_of: Some(holder.key.id), ..also };
    add(&mut wanted.api_keys, [holder.key.clone()]);
    add(&mut wanted.marks, NotBefore::keys_of(&member.org, Some(&member.subject), None, None));
    add(&mut wanted.orgs, [member.org.clone()]);
    add(&mut wanted.members, [member.clone()]);
    let found = ports.tokens.read(&wanted).await?;
    let now = ports.now();
    let Some(key) = found.api_keys.get(&holder.key).cloned() else { return Ok((None, found)) };
    let is_good = key.values(now).fold(false, |is_good, there| is_good | equal(there, &hash));
    if key.owner != member.subject {
        return Ok((None, found));
    }
    let (owner, org) = (found.members.get(&member).cloned(), found.orgs.get(&member.org).cloned());
    let status = key.status(owner.as_ref(), &found.marks, now);
    let is_live = key.is_live(owner.as_ref(), org.as_deref(), &found.marks, now);
    Ok((Some((FoundApiKey { key, owner, org, status, is_live }, is_good)), found))
}

/// Returns which key has a value of this hash, or had it: one read, if this instance hasn't seen the value before.
async fn holder(ports: &Reader, hash: [u8; 32]) -> Result<Option<ApiKeyHolder>, Fault> {
    if let Some(known) = ports.api_key_holders.find(&hash) {
        return Ok(Some(known));
    }
    let wanted = RecordKeys { api_key_values: vec![hash], ..RecordKeys::default() };
    let holder = ports.tokens.read(&wanted).await?.api_key_values.remove(&hash);
    if let Some(holder) = &holder {
        ports.api_key_holders.note(hash, holder.clone());
    }
    Ok(holder)
}

impl FoundApiKey {
    /// Returns the key if it opens something now, for a caller at this address. `None`: it isn't known, so that a key with networks opens
    /// nothing. Its use isn't counted yet: see [`LiveApiKey::count_use`].
    ///
    /// # Errors
    /// What is wrong with it otherwise.
    pub fn into_live(self, address: Option<IpAddr>) -> Result<LiveApiKey, TokenProblem> {
        match self.status {
            ApiKeyStatus::Revoked => return Err(TokenProblem::Revoked),
            ApiKeyStatus::Expired => return Err(TokenProblem::Expired),
            ApiKeyStatus::Active => {}
        }
        if self.key.allowed_networks.as_ref().is_some_and(|networks| !networks.allow(address)) {
            let alarm = if address.is_some() { Alarm::AddressRefused } else { Alarm::AddressMissing };
            log_alarm(alarm, &self.key.org, None, self.key.id);
            return Err(TokenProblem::Invalid);
        }
        let (Some(owner), Some(org)) = (self.owner, self.org) else { return Err(TokenProblem::Invalid) };
        let mut key = self.key;
        key.scopes.retain(|scope| holds(&owner, scope));
        if self.is_live && !key.scopes.is_empty() { Ok(LiveApiKey { key, owner, org }) } else { Err(TokenProblem::Invalid) }
    }

    /// Returns the key if it opens something now at an endpoint that neither learns from where it is called nor counts: a key with networks
    /// or limits opens nothing there.
    ///
    /// # Errors
    /// What is wrong with it otherwise.
    pub fn into_live_if_unlimited(self) -> Result<LiveApiKey, TokenProblem> {
        let is_limited = self.key.limits.is_some();
        self.into_live(None).and_then(|live| if is_limited { Err(TokenProblem::Invalid) } else { Ok(live) })
    }
}

impl LiveApiKey {
    /// Counts a use of the key by its limits, before what it is used for is granted.
    ///
    /// # Errors
    /// [`Refusal::LimitReached`](crate::domain::Refusal::LimitReached), if the key was used as often as it may be. A [`Fault`] if the store
    /// can't be asked.
    pub async fn count_use(&self, quotas: &Quotas, now: Timestamp) -> Result<CountedUnit, Error> {
        quotas.count(self.key.limit_holder(), self.key.limits, now).await
    }

    /// Returns the key as a token, for those who weigh tokens.
    pub fn to_token(&self) -> TokenRecord {
        self.key.to_token(&self.org)
    }

    /// Notes in which hour the key is used, if that isn't noted yet. That it can't be noted keeps nobody from using it.
    pub async fn note_use(&self, ports: &Reader, api_keys: &dyn KeepApiKeys) {
        if let Some(hour) = self.key.unnoted_use(ports.now()) {
            drop(api_keys.note_api_key_use(&self.key.locator(), hour).await);
        }
    }
}

/// A key with how it stands.
#[derive(Clone, Debug)]
pub struct ApiKeyState {
    /// The key, as it is recorded.
    pub key: ApiKey,
    /// How the key stands.
    pub status: ApiKeyStatus,
    /// Why it was revoked, and when, as far as that is known.
    pub revocation: Option<(ApiKeyRevocationReason, Option<Timestamp>)>,
    /// The moment at which it stands so.
    pub now: Timestamp,
}

impl ApiKeyState {
    /// How a key stands, by what was read of its owner and the marks.
    pub(crate) fn new(key: ApiKey, owner: Option<&Member>, marks: &NotBefores, now: Timestamp) -> Self {
        let (status, revocation) = (key.status(owner, marks, now), key.revocation(owner, marks));
        Self { key, status, revocation, now }
    }
}

/// Finds out how keys of one org stand.
///
/// # Errors
/// A [`Fault`] if the records can't be read.
pub(crate) async fn states(ports: &Reader, keys: Vec<ApiKey>) -> Result<Vec<ApiKeyState>, Fault> {
    let members = each_once(keys.iter().map(|key| MemberKey { org: key.org.clone(), subject: key.owner.clone() }));
    let mut found = Records::default();
    // Each is two keys of those that one read takes, and all have the mark of their org in common.
    for some in members.chunks(RecordKeys::MAX_KEYS / 2 - 1) {
        let marks = some.iter().flat_map(|member| NotBefore::keys_of(&member.org, Some(&member.subject), None, None));
        let wanted = RecordKeys { members: some.to_vec(), marks: each_once(marks), ..RecordKeys::default() };
        let more = ports.tokens.read(&wanted).await?;
        found.members.extend(more.members);
        found.marks.extend(more.marks);
    }
    let now = ports.now();
    let state = |key: ApiKey| {
        let owner = found.members.get(&MemberKey { org: key.org.clone(), subject: key.owner.clone() });
        ApiKeyState::new(key, owner, &found.marks, now)
    };
    Ok(keys.into_iter().map(state).collect())
}

/// Says whether a member holds a scope as it counts for API keys: who holds all of Jeton's own API holds each scope of it.
pub(crate) fn holds(member: &Member, scope: &Scope) -> bool {
    let authority = Authority { token: std::slice::from_ref(scope), held: &member.scopes };
    if scope.reaches_api() { authority.permits_api(scope.name()) } else { member.holds(scope.name()) }
}
