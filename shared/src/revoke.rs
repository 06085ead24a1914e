//! Revocation: of one token, of a session, of everything that a member has.

use crate::domain::scope::api;
use crate::domain::{
    Error, Mark, MarkKey, MarkKind, Marks, MemberKey, Org, OrgId, Refusal, SessionId, Subject, Timestamp, TokenProblem,
};
use crate::examine::{Presented, authenticate, examine};
use crate::ports::{BulkRevoker, Revoker};
use crate::store::{TokenQuery, Wanted};

/// Revokes the presented token with its refresh family, and with `whole_session` everything in its session. Whoever has a
/// token may end it. A repetition, an expired or an unrecorded token is a success: there is nothing left to end.
///
/// Nothing is returned before everything is committed; a repetition completes what a fault has cut short.
pub async fn revoke(ports: &Revoker, token: &str, whole_session: bool) -> Result<(), Error> {
    let now = ports.reader.now();
    let (presented, found) = examine(&ports.reader, token, Wanted::default()).await?;
    let (session, org) = match presented {
        Presented::Access(token) => {
            let record = token.record;
            crate::telemetry::note_token(&record);
            let family = record.family_key();
            ports.revoke.revoke(&record.key(), family.as_ref(), now).await?;
            (record.session, record.org)
        }
        Presented::Refresh(token) => {
            ports.revoke.revoke_family(&token.family.key(), now).await?;
            (token.family.session, token.family.org)
        }
        Presented::Expired(_) => return Ok(()),
        Presented::Invalid => return Err(Refusal::TokenRejected(TokenProblem::Invalid).into()),
    };
    if let Some(session) = session.filter(|_| whole_session) {
        let key = MarkKey { org: session.org, kind: MarkKind::Session(session.id) };
        ports.revoke.mark(&mark(key, found.orgs.get(&org), now)).await?;
    }
    Ok(())
}

/// What to revoke of a member.
#[derive(Clone, Debug)]
pub struct Bulk {
    /// The member.
    pub subject: Subject,
    /// Where; `None`: in the caller's org.
    pub org: Option<OrgId>,
    /// Only what is in this session.
    pub session: Option<SessionId>,
}

/// Revokes all that a member has, or all that it has in one session: by a mark, at once, however many there are. Returns how
/// many live tokens it hit, counted up to [`MOST_COUNTED`].
pub async fn bulk_revoke(ports: &BulkRevoker, bearer: &str, bulk: Bulk) -> Result<u64, Error> {
    let also = Wanted { orgs: bulk.org.iter().cloned().collect(), ..Wanted::default() };
    let (caller, found) = authenticate(&ports.reader, bearer, also).await?;
    let org = bulk.org.unwrap_or_else(|| caller.org().clone());
    let permitted = found
        .orgs
        .get(&org)
        .filter(|place| caller.may(api::TOKENS_REVOKE, place) || (org == *caller.org() && bulk.subject == *caller.subject()));
    let Some(place) = permitted else { return Err(Refusal::AccessDenied { needs: api::TOKENS_REVOKE }.into()) };
    let now = ports.reader.now();
    let member = MemberKey { org: org.clone(), subject: bulk.subject.clone() };
    let before = ports.reader.tokens.read(&Wanted { members: vec![member.clone()], ..Wanted::default() }).await?;
    if !before.members.contains_key(&member) {
        return Err(Refusal::MemberUnavailable.into());
    }
    let mut query = TokenQuery {
        subject: Some(bulk.subject.clone()),
        session: bulk.session.clone(),
        limit: PAGE,
        ..TokenQuery::of(org.clone())
    };
    let keys = match bulk.session {
        None => vec![MarkKey { org, kind: MarkKind::Member(bulk.subject) }],
        // A session may have been begun in an org above: its tokens here say in which.
        Some(_) => sessions_in(ports, &query).await?,
    };
    let earlier = ports.reader.tokens.read(&Wanted { marks: keys.clone(), ..Wanted::default() }).await?.marks;
    for key in &keys {
        ports.revoke.mark(&mark(key.clone(), Some(place), now)).await?;
    }
    query.expires_from = Some(now);
    count(ports, query, &keys, &earlier, now).await
}

/// Where [`bulk_revoke`] stops counting; the marks have decided by then.
pub const MOST_COUNTED: u64 = 100_000;
const PAGE: usize = 1_000;

/// How many tokens the new marks have killed that were alive under the earlier ones.
async fn count(
    ports: &BulkRevoker,
    mut query: TokenQuery,
    keys: &[MarkKey],
    earlier: &Marks,
    now: Timestamp,
) -> Result<u64, Error> {
    let mut counted = 0;
    loop {
        let page = ports.reader.tokens.list(&query).await?;
        for token in &page.tokens {
            let dead = token.revoked_at.is_some_and(|at| at < now)
                || token.issued_at > now
                || keys.iter().any(|key| earlier.kills(key, token.issued_at));
            counted += u64::from(!dead);
        }
        match page.next {
            Some(next) if counted < MOST_COUNTED => query.after = Some(next),
            _ => return Ok(counted),
        }
    }
}

/// The sessions that the tokens asked for are in. All pages: a store may give less than it is asked for, and still have more.
async fn sessions_in(ports: &BulkRevoker, query: &TokenQuery) -> Result<Vec<MarkKey>, Error> {
    let mut query = query.clone();
    let mut keys = Vec::new();
    loop {
        let page = ports.reader.tokens.list(&query).await?;
        let sessions = page.tokens.into_iter().filter_map(|token| token.session);
        keys.extend(sessions.map(|session| MarkKey { org: session.org, kind: MarkKind::Session(session.id) }));
        keys.sort_unstable();
        keys.dedup();
        match page.next {
            Some(next) => query.after = Some(next),
            None => return Ok(keys),
        }
    }
}

/// A mark of this moment. Without its org's record nobody knows how long it is needed, so it is kept.
pub(crate) fn mark(key: MarkKey, org: Option<&Org>, now: Timestamp) -> Mark {
    Mark { key, not_before: now, expires_at: org.and_then(|org| org.mark_expiry(now)) }
}
