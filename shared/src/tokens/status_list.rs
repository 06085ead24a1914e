//! Lists by which verifiers without a connection learn of revocations: Token Status List (draft-ietf-oauth-status-list).
//!
//! Minting takes an index for each JWT of an org that wants it (`take_index`). What the store tells of its commits sets bits
//! ([`publish`]): that of a token that was revoked by itself at once. Where more may have died by it, all tokens of the org and of those
//! below it are weighed again, by the same rule as at introspection. An hourly round ([`renew`]) weighs all of them, whatever was told, and
//! signs each list anew that is still needed. A request only reads what was signed.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::Duration;

use crate::auth::presented::{decisive_for_token, want_ancestors};
use crate::domain::{
    Algorithm, Change, Commit, Diff, Fault, Issuer, MemberKey, OrgId, Seconds, StatusIndex, StatusList, StatusListId, StatusOrg,
    Timestamp, TokenId, TokenKey, TokenRecord, TokenStatus,
};
use crate::jose::status_list::{self, StatusBits, list_id, lists_for};
use crate::keys::{SigningKeys, signer};
use crate::platform::capabilities::{Minter, StatusPublisher};
use crate::policy::Grant;
use crate::store::status_indices::TakenIndex;
use crate::store::{KeepStatusLists, RecordKeys, Records, TokenQuery, each_once};
use crate::telemetry;

/// Takes the index of a token that is granted, and sees to it that its list is published before anybody can ask for it.
///
/// # Errors
/// A [`Fault`] if the store can't be asked, or the first version of a list can't be signed.
pub(crate) async fn take_index(ports: &Minter, grant: &Grant) -> Result<StatusIndex, Fault> {
    let TakenIndex { place, number, is_published } = ports.status.take(&grant.org, !grant.ancestors.is_empty()).await?;
    if !is_published {
        let bits = StatusBits::none_set().to_zlib()?;
        let list = signed(&ports.signing, &ports.issuer, (place.list, &grant.org), (1, bits), ports.reader.now()).await?;
        // Of many at once one is first, and may have been replaced by now. It is there in any case.
        ports.status.lists().put_status_list(&list).await?;
        ports.status.note_published(&grant.org, number + 1).await?;
    }
    Ok(place)
}

/// Brings into the lists what records of the store's commits tell. All is there when this returns; a repetition does no harm.
///
/// Where more than a token by itself may have died, this waits until `settling` after the commit: by then each request that had looked
/// before it has recorded its token, and none escapes.
///
/// # Errors
/// A [`Fault`] if the store can't be reached or nothing can be signed: the records must come again.
pub async fn publish(ports: &StatusPublisher, records: impl IntoIterator<Item = &str>, settling: Seconds) -> Result<(), Fault> {
    let orgs = status_orgs(&*ports.lists).await?;
    if orgs.is_empty() {
        return Ok(());
    }
    let mut told = Told::default();
    for record in records {
        match ports.lists.change(record) {
            Ok(Some(commit)) => told.hear(&commit),
            Ok(None) => {}
            Err(fault) if fault.can_retry() => return Err(fault),
            // It would hold up all behind it. The next round finds what it has revoked.
            Err(fault) => telemetry::log_fault("status lists", &fault),
        }
    }
    set_bits(ports, told.dead.drain(..)).await?;
    let Some(latest) = told.latest else { return Ok(()) };
    let affected = told.affected(ports, &orgs).await?;
    if affected.is_empty() && told.families.is_empty() && told.replaced.is_empty() {
        return Ok(());
    }
    let wait = latest.plus(settling).as_ms().saturating_sub(ports.reader.now().as_ms());
    tokio::time::sleep(Duration::from_millis(u64::try_from(wait).unwrap_or(0))).await;
    let mut dead = Vec::new();
    for (org, family) in &told.families {
        let query = TokenQuery { family: Some(*family), ..page_query(ports.reader.now()) };
        dead.extend(weigh(ports, org, query).await?.dead);
    }
    for some in told.replaced.chunks(RecordKeys::MAX_KEYS) {
        let found = ports.reader.tokens.read(&RecordKeys { tokens: some.to_vec(), ..RecordKeys::default() }).await?;
        dead.extend(found.tokens.values().filter_map(|token| token.status));
    }
    set_bits(ports, dead.drain(..)).await?;
    for org in affected {
        set_bits(ports, weigh(ports, &org, page_query(ports.reader.now())).await?.dead).await?;
    }
    Ok(())
}

/// Weighs all tokens that are in lists, and signs anew each list that a token is in which hasn't ended: what was missed is found, and none of
/// these lists ends.
///
/// # Errors
/// The first [`Fault`], once all that could be done is done.
pub async fn renew(ports: &StatusPublisher) -> Result<(), Fault> {
    let mut outcome = Ok(());
    for org in status_orgs(&*ports.lists).await? {
        let renewed = renew_org(ports, &org).await;
        if let (Err(fault), true) = (&renewed, outcome.is_err()) {
            telemetry::log_fault("status lists", fault);
        }
        outcome = outcome.and(renewed);
    }
    outcome
}

async fn renew_org(ports: &StatusPublisher, org: &StatusOrg) -> Result<(), Fault> {
    let Weighed { dead, lists } = weigh(ports, &org.org, page_query(ports.reader.now())).await?;
    let (mut dead, count) = (by_list(dead), lists_for(org.leased));
    for number in 0..count {
        let id = list_id(&org.secret, number);
        // Of the newest, an instance may be about to give indices that it has leased.
        if number + NEWEST >= count || lists.contains(&id) {
            replace(ports, id, Next::Renewed, &dead.remove(&id).unwrap_or_default()).await?;
        }
    }
    Ok(())
}

/// What records tell that may concern lists.
#[derive(Debug, Default)]
struct Told {
    /// Tokens that are revoked by themselves.
    dead: Vec<StatusIndex>,
    /// Refresh families that are revoked, with all of their tokens.
    families: BTreeSet<(OrgId, TokenId)>,
    /// Tokens of which the next one of their family is alive alone.
    replaced: Vec<TokenKey>,
    /// Orgs in which, or below which, tokens may have died, by what they belong to.
    changed: BTreeSet<OrgId>,
    /// Orgs of tokens that have died: what was made from those may be there, or below.
    bereft: BTreeSet<OrgId>,
    /// When the last of all these was committed. `None`: there is none.
    latest: Option<Timestamp>,
}

impl Told {
    fn hear(&mut self, commit: &Commit) {
        if self.takes_note(&commit.change) {
            self.latest = self.latest.max(Some(commit.at));
        }
    }

    /// Returns whether a change may have ended any token.
    fn takes_note(&mut self, change: &Change) -> bool {
        match change {
            Change::Token(diff) => {
                let Some(token) = ended(diff, |token| token.revoked_at.is_some()) else { return false };
                self.dead.extend(token.status);
                self.bereft.insert(token.org.clone());
            }
            Change::Family(diff) => match &**diff {
                Diff::Changed { before, after } if after.exclusive && before.token != after.token => {
                    self.replaced.push(TokenKey { org: after.org.clone(), id: before.token });
                    self.bereft.insert(after.org.clone());
                }
                Diff::Added(_) | Diff::Changed { .. } | Diff::Removed(_) => {
                    let Some(family) = ended(diff, |family| family.revoked_at.is_some()) else { return false };
                    self.families.insert((family.org.clone(), family.id));
                    self.bereft.insert(family.org.clone());
                }
            },
            Change::NotBefore(key, Diff::Added(_) | Diff::Changed { .. }) => {
                self.changed.insert(key.org.clone());
            }
            Change::ApiKey(diff) => {
                let Some(key) = ended(diff, |key| key.revoked.is_some()) else { return false };
                self.bereft.insert(key.org.clone());
            }
            Change::Org(diff) => {
                let Some(org) = ended(diff, |org| !org.enabled) else { return false };
                self.changed.insert(org.id.clone());
            }
            Change::Member(diff) => {
                let Some(member) = ended(diff, |member| !member.enabled) else { return false };
                self.changed.insert(member.org.clone());
            }
            Change::Client(diff) => {
                let Some(client) = ended(diff, |client| !client.enabled) else { return false };
                self.changed.insert(client.org.clone());
            }
            // These end no token: marks and families do, which are told of by themselves.
            Change::NotBefore(_, Diff::Removed(_))
            | Change::Authorization(_)
            | Change::PersonGrant(_)
            | Change::AssertionSettings(..)
            | Change::EventStream(_)
            | Change::Keys(_) => return false,
        }
        true
    }

    /// The orgs with lists of which all tokens have to be weighed. Where an org has no token yet that was made from another, none can have
    /// died with one that was revoked by itself. Only its very first could be made at this moment, which the next round then finds.
    async fn affected(&self, ports: &StatusPublisher, orgs: &[StatusOrg]) -> Result<Vec<OrgId>, Fault> {
        let mut affected = Vec::new();
        for some in orgs.chunks(RecordKeys::MAX_KEYS) {
            let ids = some.iter().map(|known| known.org.clone()).collect();
            let found = ports.reader.tokens.read(&RecordKeys { orgs: ids, ..RecordKeys::default() }).await?.orgs;
            let is_affected = |known: &&StatusOrg| {
                let line = || std::iter::once(&known.org).chain(found.get(&known.org).into_iter().flat_map(|org| &org.ancestors));
                line().any(|org| self.changed.contains(org) || known.has_derived && self.bereft.contains(org))
            };
            affected.extend(some.iter().filter(is_affected).map(|known| known.org.clone()));
        }
        Ok(affected)
    }
}

/// What a change has ended: it is so now and wasn't before, or it was removed.
fn ended<T>(diff: &Diff<T>, is_over: impl Fn(&T) -> bool) -> Option<&T> {
    match diff {
        Diff::Added(_) => None,
        Diff::Changed { before, after } => (is_over(after) && !is_over(before)).then_some(after),
        Diff::Removed(before) => Some(before),
    }
}

/// All tokens that haven't ended by themselves, a large page at a time.
fn page_query(now: Timestamp) -> TokenQuery {
    TokenQuery { expires_from: Some(now), limit: PAGE, ..TokenQuery::default() }
}

/// What came of weighing tokens.
#[derive(Debug, Default)]
struct Weighed {
    /// Where those stand that are dead.
    dead: Vec<StatusIndex>,
    /// The lists that any of them is in.
    lists: BTreeSet<StatusListId>,
}

/// Reads the tokens of an org that a query asks for, and weighs them. Their subject is never asked for: an index of the store could lag.
async fn weigh(ports: &StatusPublisher, org: &OrgId, mut query: TokenQuery) -> Result<Weighed, Fault> {
    let mut weighed = Weighed::default();
    loop {
        let page = ports.reader.tokens.list(org, &query).await?;
        let listed: Vec<_> = page.tokens.into_iter().filter(|token| token.status.is_some()).collect();
        let evidence = evidence(ports, &listed).await?;
        let now = ports.reader.now();
        let is_dead = |token: &&TokenRecord| match decisive_for_token(&evidence, token, now).status(token, now) {
            TokenStatus::Revoked | TokenStatus::Orphaned => true,
            TokenStatus::Live | TokenStatus::NotYetValid | TokenStatus::Expired => false,
        };
        weighed.dead.extend(listed.iter().filter(is_dead).filter_map(|token| token.status));
        weighed.lists.extend(listed.iter().filter_map(|token| token.status).map(|place| place.list));
        match page.next {
            Some(next) => query.after = Some(next),
            None => return Ok(weighed),
        }
    }
}

/// Reads all that decides about these tokens, as introspection does, a hundred keys at a time.
async fn evidence(ports: &StatusPublisher, tokens: &[TokenRecord]) -> Result<Records, Fault> {
    let mut wanted = RecordKeys::default();
    for token in tokens {
        want_ancestors(&mut wanted, &token.ancestors);
    }
    wanted.families.extend(tokens.iter().filter_map(TokenRecord::family_key));
    wanted.marks.extend(tokens.iter().flat_map(TokenRecord::marks));
    wanted.orgs.extend(tokens.iter().map(|token| token.org.clone()));
    wanted.members.extend(tokens.iter().map(|token| MemberKey { org: token.org.clone(), subject: token.subject.clone() }));
    wanted.clients.extend(tokens.iter().filter_map(|token| Some((token.org.clone(), token.client?))));
    let mut all = Records::default();
    let RecordKeys { tokens, families, marks, orgs, members, clients, api_keys, .. } = wanted;
    let (mut tokens, mut families) = (each_once(tokens.into_iter()), each_once(families.into_iter()));
    let (mut marks, mut orgs) = (each_once(marks.into_iter()), each_once(orgs.into_iter()));
    let (mut members, mut clients) = (each_once(members.into_iter()), each_once(clients.into_iter()));
    let mut api_keys = each_once(api_keys.into_iter());
    loop {
        let mut room = RecordKeys::MAX_KEYS;
        let wanted = RecordKeys {
            tokens: taken(&mut tokens, &mut room),
            families: taken(&mut families, &mut room),
            marks: taken(&mut marks, &mut room),
            orgs: taken(&mut orgs, &mut room),
            members: taken(&mut members, &mut room),
            clients: taken(&mut clients, &mut room),
            api_keys: taken(&mut api_keys, &mut room),
            ..RecordKeys::default()
        };
        if room == RecordKeys::MAX_KEYS {
            return Ok(all);
        }
        let found = ports.reader.tokens.read(&wanted).await?;
        all.tokens.extend(found.tokens);
        all.families.extend(found.families);
        all.marks.extend(found.marks);
        all.orgs.extend(found.orgs);
        all.members.extend(found.members);
        all.clients.extend(found.clients);
        all.api_keys.extend(found.api_keys);
    }
}

/// Takes as many of the keys as there is room for.
fn taken<K>(keys: &mut Vec<K>, room: &mut usize) -> Vec<K> {
    let some = keys.split_off(keys.len().saturating_sub(*room));
    *room -= some.len();
    some
}

async fn status_orgs(lists: &dyn KeepStatusLists) -> Result<Vec<StatusOrg>, Fault> {
    let mut all: Vec<StatusOrg> = Vec::new();
    loop {
        let some = lists.status_orgs(all.last().map(|last| &last.org), PAGE).await?;
        let is_last = some.len() < PAGE;
        all.extend(some);
        if is_last {
            return Ok(all);
        }
    }
}

fn by_list(places: impl IntoIterator<Item = StatusIndex>) -> HashMap<StatusListId, BTreeSet<u32>> {
    let mut lists: HashMap<_, BTreeSet<_>> = HashMap::new();
    for StatusIndex { list, index } in places {
        lists.entry(list).or_default().insert(index);
    }
    lists
}

/// Sets the bits of these tokens: a new version of each list in which one wasn't set.
async fn set_bits(ports: &StatusPublisher, places: impl IntoIterator<Item = StatusIndex>) -> Result<(), Fault> {
    // In order, so that it is the same whenever it is done again.
    for (id, indices) in by_list(places).into_iter().collect::<BTreeMap<_, _>>() {
        replace(ports, id, Next::IfChanged, &indices).await?;
    }
    Ok(())
}

/// When a list gets its next version.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Next {
    /// Where a bit changes.
    IfChanged,
    /// In any case, so that it doesn't end.
    Renewed,
}

/// Replaces a list by its next version, in which these bits are set, too.
async fn replace(ports: &StatusPublisher, id: StatusListId, next: Next, indices: &BTreeSet<u32>) -> Result<(), Fault> {
    for _ in 0..TRIES {
        // One that has been leased and not been published yet is, before anybody has a token that is in it.
        let Some(list) = ports.lists.status_list(&id).await? else { return Ok(()) };
        let mut bits = StatusBits::from_zlib(&list.bits)?;
        let has_changed = indices.iter().filter(|index| bits.set(**index)).count() > 0;
        if !has_changed && next == Next::IfChanged {
            return Ok(());
        }
        let new = (list.version + 1, bits.to_zlib()?);
        let new = signed(&ports.signing, &ports.issuer, (id, &list.org), new, ports.reader.now()).await?;
        if ports.lists.put_status_list(&new).await? {
            return Ok(());
        }
    }
    Err(Fault::unavailable("publishing a status list: others were always faster"))
}

/// Signs a version of a list, by the preferred key that can sign so much: KMS takes no more than 4 KiB for some algorithms.
async fn signed(
    signing: &SigningKeys,
    issuer: &Issuer,
    (id, org): (StatusListId, &OrgId),
    (version, bits): (u64, Vec<u8>),
    now: Timestamp,
) -> Result<StatusList, Fault> {
    let expires_at = now.whole_second().plus(StatusList::LIFETIME);
    let payload = status_list::payload(&id, issuer, &bits, (now, expires_at))?;
    let signing = signing.now().await?;
    let algorithms = std::iter::once(None).chain(Algorithm::ALL.iter().copied().map(Some));
    for signer in algorithms.filter_map(|algorithm| signing.signer(algorithm).ok()) {
        if signer::jws::length(signer.jwk(), status_list::TYPE, &payload)? <= signer.longest_document() {
            let jwt = signer::jws::sign(signer, status_list::TYPE, &payload).await?;
            return Ok(StatusList { id, org: org.clone(), version, bits, jwt, expires_at });
        }
    }
    Err(Fault::internal("signing a status list: no key can sign so much"))
}

/// So many lists of an org are signed anew whether or not a token is in them: a lease is of one of these, unless an instance has lasted while
/// two lists were filled.
const NEWEST: u64 = 3;
/// So many tokens, or orgs, are read at once, at most.
const PAGE: usize = 1_000;
/// How often a list is begun anew that another has changed meanwhile.
const TRIES: usize = 8;
