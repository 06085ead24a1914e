//! What all look-ups of presented tokens have in common: reading a refresh family, judging a refresh token, and weighing what one
//! read has found.
//!
//! [`bearer`](crate::auth::bearer) finds the tokens of members by it, [`tokens::lookup`](crate::tokens::lookup) those of clients.

use crate::domain::{
    Ancestor, ApiKey, Client, ClientId, Family, FamilyKey, Fault, Member, MemberKey, OrgId, Redemption, StatusInputs, Subject,
    Timestamp, TokenRecord, TokenStatus,
};
use crate::jose::equal;
use crate::platform::capabilities::Reader;
use crate::store::{RecordKeys, Records};

/// Reads a refresh family, and nothing that decides about it.
pub(crate) async fn read_family(ports: &Reader, key: &FamilyKey) -> Result<Option<Family>, Fault> {
    let wanted = RecordKeys { families: vec![key.clone()], ..RecordKeys::default() };
    Ok(ports.tokens.read(&wanted).await?.families.remove(key))
}

/// Says whether the SHA-256 of a refresh token of that generation is the family's current one, or the one before while that may
/// still be repeated.
pub(crate) fn is_redeemable(family: &Family, generation: u64, hash: &[u8; 32], now: Timestamp) -> bool {
    let expected = match family.judge(generation, now) {
        Redemption::Current => Some(family.current),
        Redemption::Retry => family.previous,
        Redemption::Reuse => None,
    };
    expected.is_some_and(|expected| equal(hash, &expected))
}

/// Adds all that decides about the tokens that one was made from.
pub(crate) fn want_ancestors(wanted: &mut RecordKeys, ancestors: &[Ancestor]) {
    for ancestor in ancestors {
        let org = &ancestor.org;
        match ancestor.api_key_locator() {
            Some(key) => add(&mut wanted.api_keys, [key]),
            None => add(&mut wanted.tokens, [ancestor.key()]),
        }
        add(&mut wanted.families, ancestor.family_key());
        add(&mut wanted.marks, ancestor.marks());
        add(&mut wanted.orgs, [org.clone()]);
        add(&mut wanted.members, [MemberKey { org: org.clone(), subject: ancestor.subject.clone() }]);
        add(&mut wanted.clients, ancestor.client.map(|client| (org.clone(), client)));
    }
}

/// Adds the keys that aren't listed yet.
pub(crate) fn add<K: PartialEq>(keys: &mut Vec<K>, more: impl IntoIterator<Item = K>) {
    for key in more {
        if !keys.contains(&key) {
            keys.push(key);
        }
    }
}

/// Says whether all the tokens are alive that one was made from: what is absent counts against them.
fn are_live(ancestors: &[Ancestor], found: &Records, now: Timestamp) -> bool {
    // The ancestors of each of them are among these.
    let is_live = |record: &TokenRecord| by_itself(found, record).status(record, now) == TokenStatus::Live;
    ancestors.iter().all(|ancestor| match ancestor.api_key_locator() {
        Some(key) => found.api_keys.get(&key).is_some_and(|key| is_live_api_key(key, found, now)),
        None => found.tokens.get(&ancestor.key()).is_some_and(is_live),
    })
}

fn is_live_api_key(key: &ApiKey, found: &Records, now: Timestamp) -> bool {
    key.is_live(member_in(found, &key.org, &key.owner), found.org(&key.org), &found.marks, now)
}

/// Returns a member, if it was found.
pub(crate) fn member_in<'a>(found: &'a Records, org: &OrgId, subject: &Subject) -> Option<&'a Member> {
    found.members.get(&MemberKey { org: org.clone(), subject: subject.clone() })
}

/// Returns the client that a token was issued to, if it was found.
pub(crate) fn client_in<'a>(found: &'a Records, org: &OrgId, client: Option<ClientId>) -> Option<&'a Client> {
    found.client(&(org.clone(), client?))
}

/// Gathers what decides about an access token from what was found, [its ancestors](want_ancestors) included.
pub(crate) fn decisive_for_token<'a>(found: &'a Records, record: &TokenRecord, now: Timestamp) -> StatusInputs<'a> {
    StatusInputs { ancestors_live: are_live(&record.ancestors, found, now), ..by_itself(found, record) }
}

/// What decides about an access token, but for the tokens that it was made from.
fn by_itself<'a>(found: &'a Records, record: &TokenRecord) -> StatusInputs<'a> {
    let family = record.family_key().and_then(|key| found.families.get(&key));
    StatusInputs { family, ..decisive(found, &record.org, &record.subject, record.client) }
}

/// Gathers what decides about a refresh family from what was found, [its ancestors](want_ancestors) included.
pub(crate) fn decisive_for_family<'a>(found: &'a Records, family: &'a Family, now: Timestamp) -> StatusInputs<'a> {
    let ancestors_live = are_live(&family.ancestors, found, now);
    StatusInputs { family: Some(family), ancestors_live, ..decisive(found, &family.org, &family.subject, family.client) }
}

fn decisive<'a>(found: &'a Records, org: &OrgId, subject: &Subject, client: Option<ClientId>) -> StatusInputs<'a> {
    StatusInputs {
        org: found.org(org),
        member: member_in(found, org, subject),
        client: client_in(found, org, client),
        family: None,
        marks: &found.marks,
        ancestors_live: true,
    }
}
