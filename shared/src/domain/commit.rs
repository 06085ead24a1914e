//! What a commit has changed.

use std::cmp::Ordering;

use super::{
    ApiKey, ApiKeyRevocationReason, AssertionSettings, Authorization, AuthorizationState, Client, ClientId, EventStream, Family,
    KeyRing, Member, NotBeforeKey, NotBeforeScope, Org, OrgId, PersonGrant, Subject, Timestamp, TokenId, TokenRecord,
};

/// A change of one record, as the store has committed it.
#[derive(Clone, Debug)]
pub struct Commit {
    /// Its id: the same whenever it is told of.
    pub id: String,
    /// When, to the second.
    pub at: Timestamp,
    /// What a commit has changed in the store.
    pub change: Change,
}

/// What a commit has changed in the store.
#[derive(Clone, Debug)]
pub enum Change {
    /// The record of an access token.
    Token(Box<Diff<TokenRecord>>),
    /// A refresh family with its generation.
    Family(Box<Diff<Family>>),
    /// A not-before mark, which revokes a set of tokens.
    NotBefore(NotBeforeKey, Diff<NotBeforeStands>),
    /// What a client asks of a person, and what became of it.
    Authorization(Box<Diff<Authorization>>),
    /// What a person has granted to a client.
    PersonGrant(Box<Diff<PersonGrant>>),
    /// An API key of a member.
    ApiKey(Box<Diff<ApiKey>>),
    /// An org with its settings.
    Org(Box<Diff<Org>>),
    /// The settings of an org that only assertions need.
    AssertionSettings(OrgId, Diff<AssertionSettings>),
    /// A member of an org.
    Member(Box<Diff<Member>>),
    /// An OAuth client of an org.
    Client(Box<Diff<Client>>),
    /// An event stream of a client, by which it hears of what is revoked.
    EventStream(Box<Diff<EventStream>>),
    /// The ring of the signing keys.
    Keys(Box<Diff<KeyRing>>),
}

/// A record before and after.
#[derive(Clone, Debug)]
pub enum Diff<T> {
    /// It wasn't there before.
    Added(T),
    /// It was there before, with other contents.
    Changed {
        /// The contents before the commit.
        before: T,
        /// The contents after the commit.
        after: T,
    },
    /// It was removed; this is what it was.
    Removed(T),
}

impl<T> Diff<T> {
    /// The record before and after, as far as it was there.
    pub fn sides(&self) -> (Option<&T>, Option<&T>) {
        match self {
            Self::Added(after) => (None, Some(after)),
            Self::Changed { before, after } => (Some(before), Some(after)),
            Self::Removed(before) => (Some(before), None),
        }
    }

    /// The record as it is or, if it is gone, as it was.
    pub fn record(&self) -> &T {
        match self {
            Self::Added(record) | Self::Changed { after: record, .. } | Self::Removed(record) => record,
        }
    }

    /// Converts the records on both sides.
    ///
    /// # Errors
    /// The first error of `map`.
    pub fn try_map<U, E>(self, map: impl Fn(T) -> Result<U, E>) -> Result<Diff<U>, E> {
        Ok(match self {
            Self::Added(after) => Diff::Added(map(after)?),
            Self::Changed { before, after } => Diff::Changed { before: map(before)?, after: map(after)? },
            Self::Removed(before) => Diff::Removed(map(before)?),
        })
    }
}

/// How a not-before mark stands.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct NotBeforeStands {
    /// The mark's moment, [`NotBefore::not_before`](super::NotBefore::not_before).
    pub not_before: Timestamp,
    /// From when it may be forgotten, to the second. `None`: never.
    pub kept_until: Option<Timestamp>,
}

/// What a change means.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Action {
    /// In a word: `token.minted`. Whatever none of the operations does is `altered` or `deleted`.
    pub name: &'static str,
    /// When it happened, to the millisecond where the record knows.
    pub at: Timestamp,
}

impl Action {
    /// The names of those that receivers of shared signals are told of. Which signals are made of them is decided where the audit trail
    /// is written.
    pub const SIGNALLED: &[&str] = &[
        "api_key.changed",
        "api_key.created",
        "api_key.leaked",
        "api_key.revoked",
        "api_key.rotated",
        "client.changed",
        "client.deleted",
        "client.targets_changed",
        "family.revoked",
        "grant.ended",
        "member.changed",
        "member.deleted",
        "org.changed",
        "session.ended",
        "token.revoked",
        "tokens.revoked",
    ];
}

impl Commit {
    /// What it means. `None`: nothing, to anyone.
    pub fn action(&self) -> Option<Action> {
        let at = |name, at| Some(Action { name, at });
        let now = |name| at(name, self.at);
        match &self.change {
            Change::Token(diff) => match &**diff {
                Diff::Added(token) => at("token.minted", token.issued_at),
                Diff::Removed(_) => now("token.deleted"),
                Diff::Changed { before, after } => of_token(before, after, self.at),
            },
            Change::Family(diff) => match &**diff {
                Diff::Added(family) => at("family.begun", family.issued_at),
                Diff::Removed(_) => now("family.deleted"),
                Diff::Changed { before, after } => of_family(before, after, self.at),
            },
            Change::NotBefore(key, Diff::Added(mark)) => at(revocation(key), mark.not_before),
            Change::NotBefore(_, Diff::Removed(_)) => now("tokens.revocation_deleted"),
            Change::NotBefore(key, Diff::Changed { before, after }) => of_mark(key, before, after, self.at),
            Change::Authorization(diff) => of_authorization(diff, self.at),
            Change::PersonGrant(diff) => of_person_grant(diff, self.at),
            Change::ApiKey(diff) => of_api_key(diff, self.at),
            Change::Org(diff) => {
                let names = ["org.created", "org.changed", "org.deleted"];
                of_record(diff, names, |org| (org.created_at, org.updated_at), self.at)
            }
            Change::AssertionSettings(_, diff) => {
                let (before, after) = diff.sides();
                let none = AssertionSettings::default();
                (before.unwrap_or(&none) != after.unwrap_or(&none))
                    .then_some(Action { name: "org.assertions_changed", at: self.at })
            }
            Change::Member(diff) => {
                let names = ["member.created", "member.changed", "member.deleted"];
                of_record(diff, names, |member| (member.created_at, member.updated_at), self.at)
            }
            Change::Client(diff) => {
                let targets = |client: &Client| client.settings.exchange_targets.clone();
                let (before, after) = diff.sides();
                let other_targets = before.map(targets) != after.map(targets);
                let changed = if other_targets { "client.targets_changed" } else { "client.changed" };
                let names = ["client.created", changed, "client.deleted"];
                of_record(diff, names, |client| (client.created_at, client.updated_at), self.at)
            }
            Change::EventStream(diff) => of_event_stream(diff, self.at),
            Change::Keys(diff) => {
                of_record(diff, ["keys.created", "keys.changed", "keys.deleted"], |_| (self.at, self.at), self.at)
            }
        }
    }
}

/// A verification is no change: it only says when the next one may be asked for.
fn of_event_stream(diff: &Diff<EventStream>, now: Timestamp) -> Option<Action> {
    let (before, after) = match diff {
        Diff::Added(stream) => return Some(Action { name: "stream.created", at: stream.created_at }),
        Diff::Removed(_) => return Some(Action { name: "stream.deleted", at: now }),
        Diff::Changed { before, after } => (before, after),
    };
    let verified = EventStream { verified_at: after.verified_at, revision: after.revision, ..before.clone() };
    if verified == *after {
        return None;
    }
    let is_next = before.revision.checked_add(1) == Some(after.revision);
    let keeps_its_place = (&before.key, before.created_at) == (&after.key, after.created_at);
    Some(Action { name: if is_next && keeps_its_place { "stream.changed" } else { "stream.altered" }, at: now })
}

/// A use is no change: it is noted once an hour, and says nothing of the next.
fn of_api_key(diff: &Diff<ApiKey>, now: Timestamp) -> Option<Action> {
    let (before, after) = match diff {
        Diff::Added(key) => return Some(Action { name: "api_key.created", at: key.created_at }),
        Diff::Removed(_) => return Some(Action { name: "api_key.deleted", at: now }),
        Diff::Changed { before, after } => (before, after),
    };
    let before = ApiKey { used_at: after.used_at, ..before.clone() };
    if before == *after {
        return None;
    }
    let altered = Action { name: "api_key.altered", at: now };
    let is_next = before.revision.checked_add(1) == Some(after.revision) && before.owner == after.owner;
    Some(match (&before.revoked, &after.revoked) {
        (None, Some(revoked)) if ApiKey { revoked: None, ..after.clone() } == before => {
            let is_leaked = revoked.reason == ApiKeyRevocationReason::Leaked;
            Action { name: if is_leaked { "api_key.leaked" } else { "api_key.revoked" }, at: revoked.at }
        }
        (None, None) if is_next && before.value != after.value => Action { name: "api_key.rotated", at: after.issued_at },
        (None, None) if is_next => Action { name: "api_key.changed", ..altered },
        _ => altered,
    })
}

fn of_token(before: &TokenRecord, after: &TokenRecord, now: Timestamp) -> Option<Action> {
    if before == after {
        return None;
    }
    let is_next = before.revision.checked_add(1) == Some(after.revision);
    Some(match (before.revoked_at, after.revoked_at) {
        (None, Some(at)) if TokenRecord { revoked_at: None, revoked_by: None, ..after.clone() } == *before => {
            Action { name: "token.revoked", at }
        }
        (None, None) if is_next && whose(before) == whose(after) => Action { name: "token.amended", at: now },
        _ => Action { name: "token.altered", at: now },
    })
}

/// What no amendment changes.
fn whose(token: &TokenRecord) -> (&Subject, Option<ClientId>, Option<TokenId>, Timestamp) {
    (&token.subject, token.client, token.family, token.issued_at)
}

fn of_family(before: &Family, after: &Family, now: Timestamp) -> Option<Action> {
    if before == after {
        return None;
    }
    let is_revoked = Family { revoked_at: before.revoked_at, revoked_by: before.revoked_by.clone(), ..after.clone() } == *before;
    if let (None, Some(at), true) = (before.revoked_at, after.revoked_at, is_revoked) {
        return Some(Action { name: "family.revoked", at });
    }
    Some(if let Some(at) = refreshed(before, after) {
        Action { name: "family.refreshed", at }
    } else if is_amended(before, after) {
        Action { name: "family.amended", at: now }
    } else {
        Action { name: "family.altered", at: now }
    })
}

/// When it was refreshed, if that and nothing else makes the difference.
fn refreshed(before: &Family, after: &Family) -> Option<Timestamp> {
    let Family { generation, current, previous, rotated_at, token, refreshed_at, expires_at, needed_until, .. } = *before;
    let rest = Family { generation, current, previous, rotated_at, refreshed_at, token, ..after.clone() };
    let rest = Family { expires_at, needed_until, ..rest };
    let may_end_then = after.expires_at == expires_at || before.slides.is_some();
    if rest != *before || !may_end_then {
        return None;
    }
    if generation.checked_add(1) == Some(after.generation) && after.previous == Some(current) {
        return Some(after.rotated_at);
    }
    let stays =
        (after.generation, after.current, after.previous, after.rotated_at) == (generation, current, previous, rotated_at);
    after.refreshed_at.filter(|at| stays && refreshed_at != Some(*at))
}

/// Whether it was amended: it is the next revision, and what refreshing changes is as it was.
fn is_amended(before: &Family, after: &Family) -> bool {
    let of = |family: &Family| (family.generation, family.current, family.previous, family.rotated_at, family.salt);
    let more = |family: &Family| (family.refreshed_at, family.token, family.issued_at, family.revoked_at);
    before.revision.checked_add(1) == Some(after.revision)
        && before.revoked_at.is_none()
        && (of(before), more(before)) == (of(after), more(after))
        && (&before.subject, before.client) == (&after.subject, after.client)
}

/// What it means that all tokens of a set are revoked.
fn revocation(key: &NotBeforeKey) -> &'static str {
    match key.kind {
        NotBeforeScope::Session(_) => "session.ended",
        NotBeforeScope::Client(_)
        | NotBeforeScope::ClientOf(..)
        | NotBeforeScope::ClientsOf(_)
        | NotBeforeScope::Member(_)
        | NotBeforeScope::Org => "tokens.revoked",
    }
}

fn of_mark(key: &NotBeforeKey, before: &NotBeforeStands, after: &NotBeforeStands, now: Timestamp) -> Option<Action> {
    let is_kept = after.kept_until.is_none() || before.kept_until.is_some_and(|until| after.kept_until >= Some(until));
    match after.not_before.cmp(&before.not_before) {
        Ordering::Greater if is_kept => Some(Action { name: revocation(key), at: after.not_before }),
        // Being kept for longer kills no more.
        Ordering::Equal if is_kept => None,
        Ordering::Less | Ordering::Equal | Ordering::Greater => Some(Action { name: "tokens.revocation_altered", at: now }),
    }
}

/// Only decisions are told of: a request alone changes nothing for anybody, and a redemption begins a token.
fn of_authorization(diff: &Diff<Authorization>, now: Timestamp) -> Option<Action> {
    let (before, after) = match diff {
        Diff::Added(_) => return None,
        Diff::Removed(_) => return Some(Action { name: "authorization.deleted", at: now }),
        Diff::Changed { before, after } => (before, after),
    };
    let is_accepted_before = matches!(before.state, AuthorizationState::Accepted { .. } | AuthorizationState::Issued { .. });
    match &after.state {
        AuthorizationState::Accepted { approval, .. } if before.state != after.state => {
            Some(Action { name: "authorization.accepted", at: approval.decided_at })
        }
        // An authorization server accepts and hands out the code at once.
        AuthorizationState::Issued { approval, .. } if !is_accepted_before => {
            Some(Action { name: "authorization.accepted", at: approval.decided_at })
        }
        AuthorizationState::Denied { .. } | AuthorizationState::Failed { .. } if before.state != after.state => {
            Some(Action { name: "authorization.denied", at: now })
        }
        AuthorizationState::Pushed
        | AuthorizationState::Pending
        | AuthorizationState::Accepted { .. }
        | AuthorizationState::Denied { .. }
        | AuthorizationState::Failed { .. }
        | AuthorizationState::Issued { .. }
        | AuthorizationState::Redeemed { .. } => None,
    }
}

/// What is added to a grant, and its use, are told of with the token.
fn of_person_grant(diff: &Diff<PersonGrant>, now: Timestamp) -> Option<Action> {
    let is_good = |grant: &&PersonGrant| grant.ended_at.is_none();
    let (before, after) = diff.sides();
    match (before.filter(is_good), after.filter(is_good)) {
        (None, Some(begun)) => Some(Action { name: "grant.begun", at: begun.created_at }),
        (Some(_), None) => Some(match after.and_then(|after| after.ended_at) {
            Some(at) => Action { name: "grant.ended", at },
            None => Action { name: "grant.deleted", at: now },
        }),
        (Some(_), Some(_)) | (None, None) => None,
    }
}

fn of_record<T: PartialEq>(
    diff: &Diff<T>,
    [created, changed, deleted]: [&'static str; 3],
    times: impl Fn(&T) -> (Timestamp, Timestamp),
    now: Timestamp,
) -> Option<Action> {
    match diff {
        Diff::Added(record) => Some(Action { name: created, at: times(record).0 }),
        Diff::Changed { before, after } => (before != after).then(|| Action { name: changed, at: times(after).1 }),
        Diff::Removed(_) => Some(Action { name: deleted, at: now }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Audience, EventStreamKey};

    #[test]
    fn a_stream_that_is_not_changed_step_by_step_in_its_place_was_altered_by_hand() {
        let [created_at, later] = [1, 2].map(Timestamp::from_secs);
        let [id, other] = [1, 2].map(|n| TokenId::from_bytes([n; 20]));
        let key = EventStreamKey { org: OrgId::parse("1").unwrap(), client: ClientId::from_number(7).unwrap(), id };
        let before = EventStream::new(key, Audience::parse("7").unwrap(), created_at);
        let named = EventStream { description: Some("door".to_owned()), revision: 1, ..before.clone() };
        let elsewhere = EventStream { key: EventStreamKey { id: other, ..named.key.clone() }, ..named.clone() };
        for (after, name) in [
            (before.clone(), None),
            (EventStream { verified_at: Some(later), revision: 1, ..before.clone() }, None),
            (named.clone(), Some("stream.changed")),
            (EventStream { revision: 0, ..named.clone() }, Some("stream.altered")),
            (EventStream { revision: 2, ..named.clone() }, Some("stream.altered")),
            (EventStream { created_at: later, ..named.clone() }, Some("stream.altered")),
            (elsewhere, Some("stream.altered")),
        ] {
            let change = Change::EventStream(Box::new(Diff::Changed { before: before.clone(), after: after.clone() }));
            let commit = Commit { id: "1".to_owned(), at: later, change };
            assert_eq!(commit.action(), name.map(|name| Action { name, at: later }), "{after:?}");
        }
    }
}
