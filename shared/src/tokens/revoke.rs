//! Revocation: of one token, of a session, of everything that a member has.

use crate::auth::api_key;
use crate::auth::bearer::{PresentedToken, authenticate, inspect};
use crate::auth::service::{Authenticated, Credentials, authenticate as authenticate_service};
use crate::domain::scope::api;
use crate::domain::{
    ApiKey, ApiKeyLocator, ApiKeyRevocation, ApiKeyRevocationReason, ApiKeyValue, Caller, Client, ClientId, Denial, Error, Fault,
    MemberKey, NotBefore, NotBeforeKey, NotBeforeScope, NotBefores, Org, OrgId, Refusal, RevocationStamp, RevokingParty, Seconds,
    Service, SessionId, Subject, Timestamp, TokenId, TokenProblem, TokenRecord, TokenStatus,
};
use crate::platform::capabilities::{BulkRevoker, ClientRevoker, Revoker, TokenRemover};
use crate::store::{RecordKeys, Records, Revocation, RevokeTokens, TokenQuery};
use crate::telemetry::{Alarm, log_alarm};
use crate::tokens::list::{evidence, find_by_id, is_live_or_refreshable};
use crate::tokens::lookup::{FoundToken, Hint, Located, TokenLookup};
use crate::tokens::pages::Pages;

/// Revokes the presented token with its refresh family, and with `whole_session` everything in its session. Whoever has a
/// token may end it. A repetition, an expired or an unrecorded token is a success: there is nothing left to end.
///
/// Nothing is returned before everything is committed; a repetition completes what a fault has cut short.
///
/// # Errors
/// [`Refusal::TokenRejected`] if nobody can tell what was presented: it is no genuine token, or has no record. Also of an expired
/// token whose session shall end, if its record is gone.
pub async fn revoke(ports: &Revoker, token: &str, whole_session: bool) -> Result<(), Error> {
    let now = ports.reader.now();
    if ApiKeyValue::looks_like(token) {
        return revoke_api_key(ports, token).await;
    }
    let (presented, mut found) = inspect(&ports.reader, token, RecordKeys::default()).await?;
    let (session, org) = match presented {
        PresentedToken::Access(token) => {
            let record = token.record;
            crate::telemetry::note_token(&record);
            let family = record.family_key();
            ports
                .revoke
                .revoke(&record.key(), family.as_ref(), RevocationStamp::new(now, RevokingParty::bearer_of(&record)))
                .await?;
            (record.contents.session, record.org)
        }
        PresentedToken::Refresh(token) => {
            ports
                .revoke
                .revoke_family(&token.family.key(), RevocationStamp::new(now, RevokingParty::holder_of(&token.family)))
                .await?;
            (token.family.contents.session, token.family.org)
        }
        PresentedToken::Expired(_) if !whole_session => return Ok(()),
        PresentedToken::Expired(key) => {
            let wanted = RecordKeys { tokens: vec![key.clone()], orgs: vec![key.org.clone()], ..RecordKeys::default() };
            found = ports.reader.tokens.read(&wanted).await?;
            let Some(record) = found.tokens.get(&key) else {
                // Which session it was in isn't known any more: to answer with success would say that it has ended.
                return Err(Refusal::TokenRejected(TokenProblem::Expired).into());
            };
            (record.contents.session.clone(), record.org.clone())
        }
        PresentedToken::Invalid => return Err(Refusal::TokenRejected(TokenProblem::Invalid).into()),
    };
    if let Some(session) = session.filter(|_| whole_session) {
        let key = NotBeforeKey { org: session.org, kind: NotBeforeScope::Session(session.id) };
        ports.revoke.set_not_before(&mark(key, found.org(&org), now)).await?;
    }
    Ok(())
}

/// Revokes the API key that somebody presents: both of its values, and what came of it. A repetition is a success.
async fn revoke_api_key(ports: &Revoker, text: &str) -> Result<(), Error> {
    let (found, _) = api_key::find(&ports.reader, text, RecordKeys::default()).await?;
    let found = found.ok_or(Refusal::TokenRejected(TokenProblem::Invalid))?;
    ports.api_keys.revoke_api_key(&found.key.locator(), &by_holder(&found.key, ports.reader.now())).await?;
    Ok(())
}

/// The revocation of a key by whoever presents it.
fn by_holder(key: &ApiKey, now: Timestamp) -> ApiKeyRevocation {
    let by = RevokingParty { org: key.org.clone(), subject: Some(key.owner.clone()), client: None, token: Some(key.id) };
    ApiKeyRevocation { at: now, reason: ApiKeyRevocationReason::Owner, by: Some(by), place: None }
}

/// Revokes a token that is named by its id, with its refresh family. `org`: where it is, if the caller knows. A token that is
/// dead already is a success: it is as it shall be.
///
/// # Errors
/// [`Refusal::CredentialsRejected`] if the bearer's token isn't alive. [`Refusal::NotFound`] if there is no such token, or the caller
/// may not revoke it: it may revoke its own, and with `urn:jeton:tokens:revoke` those of others. [`Refusal::Invalid`] if no org is
/// named and there are too many to look in.
pub async fn revoke_by_id(ports: &TokenRemover, bearer: &str, id: TokenId, org: Option<OrgId>) -> Result<(), Error> {
    let (caller, _) = authenticate(&ports.orgs.reader, bearer, RecordKeys::default()).await?;
    let place = org.clone().unwrap_or_else(|| caller.org().clone());
    let found = find_by_id(&ports.orgs, &caller, org, (id, api::TOKENS_REVOKE)).await?;
    let Some((record, _)) = found else {
        return revoke_api_key_by_id(ports, &caller, id, place).await;
    };
    crate::telemetry::note_token(&record);
    let stamp = RevocationStamp::new(ports.orgs.reader.now(), RevokingParty::bearer_of(caller.token()));
    let revoked = ports.revoke.revoke(&record.key(), record.family_key().as_ref(), stamp).await?;
    if revoked == Revocation::Unknown { Err(Refusal::NotFound("token").into()) } else { Ok(()) }
}

/// Revokes the API key of this id in an org: lists of tokens show keys, too.
async fn revoke_api_key_by_id(ports: &TokenRemover, caller: &Caller, id: TokenId, org: OrgId) -> Result<(), Error> {
    const UNKNOWN: Refusal = Refusal::NotFound("token");
    let locator = ApiKeyLocator { org: org.clone(), id };
    let wanted = RecordKeys { api_keys: vec![locator.clone()], orgs: vec![org.clone()], ..RecordKeys::default() };
    let found = ports.orgs.reader.tokens.read(&wanted).await?;
    let (key, place) = found.api_keys.get(&locator).zip(found.org(&org)).ok_or(UNKNOWN)?;
    let is_own = org == *caller.org() && key.owner == *caller.subject();
    if !is_own && !caller.may(api::TOKENS_REVOKE, place) {
        return Err(UNKNOWN.into());
    }
    let reason = if is_own { ApiKeyRevocationReason::Owner } else { ApiKeyRevocationReason::Administrator };
    let by = Some(RevokingParty::bearer_of(caller.token()));
    ports.api_keys.revoke_api_key(&locator, &ApiKeyRevocation { at: ports.orgs.reader.now(), reason, by, place: None }).await?;
    Ok(())
}

/// What to revoke of a member.
#[derive(Clone, Debug)]
pub struct Bulk {
    /// The member whose tokens are revoked.
    pub subject: Subject,
    /// Where; `None`: in the caller's org.
    pub org: Option<OrgId>,
    /// Only what is in this session.
    pub session: Option<SessionId>,
}

/// How many live tokens a revocation hit.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Counted {
    /// How many were counted.
    pub tokens: u64,
    /// Whether these are all: no more than [`MAX_COUNTED_TOKENS`] are counted, for no longer than two seconds.
    pub is_whole: bool,
}

/// Revokes all that a member has, or all that it has in one session: by a mark, at once, however many there are. Returns how
/// many live tokens it hit, as far as they were counted.
///
/// # Errors
/// [`Refusal::CredentialsRejected`] if the bearer's token isn't alive. [`Refusal::AccessDenied`] if the caller may not revoke
/// tokens there and isn't the member itself. [`Refusal::MemberUnknown`] if there is no such member. A [`Fault`] if the member
/// has so many tokens that it wasn't found out in time where its session was begun; what was found by then is revoked.
pub async fn bulk_revoke(ports: &BulkRevoker, bearer: &str, bulk: Bulk) -> Result<Counted, Error> {
    let also = RecordKeys { orgs: bulk.org.iter().cloned().collect(), ..RecordKeys::default() };
    let (caller, found) = authenticate(&ports.reader, bearer, also).await?;
    let org = bulk.org.unwrap_or_else(|| caller.org().clone());
    let permitted = found
        .orgs
        .get(&org)
        .filter(|place| caller.may(api::TOKENS_REVOKE, place) || (org == *caller.org() && bulk.subject == *caller.subject()));
    let Some(place) = permitted else { return Err(Refusal::AccessDenied { needs: api::TOKENS_REVOKE }.into()) };
    let now = ports.reader.now();
    let member = MemberKey { org: org.clone(), subject: bulk.subject.clone() };
    let before = ports.reader.tokens.read(&RecordKeys { members: vec![member.clone()], ..RecordKeys::default() }).await?;
    if !before.members.contains_key(&member) {
        return Err(Refusal::MemberUnknown.into());
    }
    let mut query = TokenQuery {
        subject: Some(bulk.subject.clone()),
        session: bulk.session.clone(),
        limit: MAX_PAGE_TOKENS,
        ..TokenQuery::default()
    };
    let mut marks = Marks { ports, place, now, keys: Vec::new(), earlier: NotBefores::default() };
    match bulk.session {
        None => marks.set([NotBeforeKey { org: org.clone(), kind: NotBeforeScope::Member(bulk.subject) }]).await?,
        // Whose session it is only the member's tokens say: that of somebody else must live.
        Some(_) => marks.set_sessions(&org, query.clone()).await?,
    }
    query.expires_from = Some(now);
    count(&marks, &org, query).await
}

/// Where [`bulk_revoke`] stops counting; the marks have decided by then.
pub const MAX_COUNTED_TOKENS: u64 = 100_000;
/// So many tokens are read at once, at most.
const MAX_PAGE_TOKENS: usize = 1_000;
/// For how long tokens are counted. A function has ten seconds for all that it does.
const COUNTING_TIME_LIMIT: Seconds = Seconds(2);
/// For how long the tokens of a member are searched for where its session was begun.
const SEARCH_TIME_LIMIT: Seconds = Seconds(6);

/// The marks of one revocation.
struct Marks<'a> {
    ports: &'a BulkRevoker,
    place: &'a Org,
    now: Timestamp,
    /// Those that are set.
    keys: Vec<NotBeforeKey>,
    /// Where they stood before.
    earlier: NotBefores,
}

impl Marks<'_> {
    /// Sets those that aren't set yet.
    async fn set(&mut self, keys: impl IntoIterator<Item = NotBeforeKey>) -> Result<(), Fault> {
        let mut new: Vec<_> = keys.into_iter().filter(|key| !self.keys.contains(key)).collect();
        new.sort_unstable();
        new.dedup();
        if new.is_empty() {
            return Ok(());
        }
        let wanted = RecordKeys { marks: new.clone(), ..RecordKeys::default() };
        self.earlier.extend(self.ports.reader.tokens.read(&wanted).await?.marks);
        for key in new {
            self.ports.revoke.set_not_before(&mark(key.clone(), Some(self.place), self.now)).await?;
            self.keys.push(key);
        }
        Ok(())
    }

    /// Sets those of the sessions that the tokens asked for are in, as soon as a page shows one: a session may have been begun in an
    /// org above, and its tokens say in which. All pages: a store may give less than it is asked for, and still have more.
    async fn set_sessions(&mut self, org: &OrgId, query: TokenQuery) -> Result<(), Fault> {
        let ports = self.ports;
        let mut pages = Pages::new(&ports.reader, org, query, self.now.plus(SEARCH_TIME_LIMIT));
        while let Some(tokens) = pages.next().await? {
            let sessions = tokens.into_iter().filter_map(|token| token.contents.session);
            self.set(sessions.map(|session| NotBeforeKey { org: session.org, kind: NotBeforeScope::Session(session.id) }))
                .await?;
        }
        match pages.rest() {
            None => Ok(()),
            Some(_) => Err(Fault::unavailable("looking for where a session was begun: the member has too many tokens")),
        }
    }
}

/// How many tokens the new marks have killed that were alive under the earlier ones.
async fn count(marks: &Marks<'_>, org: &OrgId, query: TokenQuery) -> Result<Counted, Error> {
    let Marks { ports, now, keys, earlier, .. } = marks;
    let mut pages = Pages::new(&ports.reader, org, query, ports.reader.now().plus(COUNTING_TIME_LIMIT));
    let mut count = 0;
    while count < MAX_COUNTED_TOKENS
        && let Some(tokens) = pages.next().await?
    {
        for token in &tokens {
            let dead = token.revoked_at.is_some_and(|at| at < *now)
                || token.issued_at > *now
                || keys.iter().any(|key| earlier.kills(key, token.issued_at));
            count += u64::from(!dead);
        }
    }
    Ok(Counted { tokens: count, is_whole: pages.rest().is_none() })
}

/// Revokes a client's token that was found, with all of its family. Returns whether there was anything left to revoke.
///
/// # Errors
/// Only a fault: the store can't be written.
pub async fn revoke_located(revoke: &dyn RevokeTokens, found: Option<FoundToken>, stamp: RevocationStamp) -> Result<bool, Error> {
    let revocation = match found {
        // A token that another one of its family has replaced is as good as unknown: it must not end its successor.
        Some(FoundToken::Access(token)) if token.status != TokenStatus::Revoked => {
            crate::telemetry::note_token(&token.record);
            revoke.revoke(&token.record.key(), token.record.family_key().as_ref(), stamp).await?
        }
        Some(FoundToken::Refresh(found)) if found.status != TokenStatus::Revoked => {
            revoke.revoke_family(&found.family.key(), stamp).await?
        }
        Some(FoundToken::Access(_) | FoundToken::Refresh(_)) | None => Revocation::Unknown,
    };
    Ok(revocation == Revocation::Done)
}

/// Revokes for a client that has authenticated: RFC 7009 section 2.1. A token of another client is refused.
///
/// # Errors
/// [`Denial::TokenOfAnotherClient`] if the token was issued to another client (RFC 7009 section 2.1).
pub async fn revoke_for_client(
    ports: &ClientRevoker,
    client: &Client,
    (lookup, first): (&TokenLookup, &Records),
    hint: Hint,
) -> Result<(), Error> {
    let reader = &ports.revoker.reader;
    let of_another = |id| {
        log_alarm(Alarm::TokenOfAnother, &client.org, Some(client.id), id);
        Err(Denial::TokenOfAnotherClient.into())
    };
    // No more is read of another's, so that it takes as long as what isn't there.
    if let Some(Located::Token(record)) = lookup.at_hand(first)
        && record.client != Some(client.id)
    {
        return if lookup.matches_record(record)? { of_another(record.id) } else { Ok(()) };
    }
    let found = lookup.find(reader, first, hint).await?;
    let (owner, id) = match &found {
        Some(FoundToken::Access(token)) => (token.record.client, token.record.id),
        Some(FoundToken::Refresh(found)) => (found.family.client, found.family.id),
        None => return Ok(()),
    };
    if owner != Some(client.id) {
        return of_another(id);
    }
    let stamp = RevocationStamp::new(reader.now(), RevokingParty::client(client));
    revoke_located(&*ports.revoker.revoke, found, stamp).await.map(drop)
}

/// Revokes an API key for an API that it is for. Of a key for others nothing is told.
///
/// # Errors
/// Only a fault: the store can't be read or written.
pub async fn revoke_shown_api_key(ports: &ClientRevoker, client: &Client, text: &str) -> Result<(), Error> {
    let reader = &ports.revoker.reader;
    let (found, _) = api_key::find(reader, text, RecordKeys::default()).await?;
    let is_shown = |key: &ApiKey| key.org == client.org && key.resources.iter().any(|resource| client.answers_to(resource));
    if let Some(found) = found.filter(|found| is_shown(&found.key)) {
        let revocation = ApiKeyRevocation { by: Some(RevokingParty::client(client)), ..by_holder(&found.key, reader.now()) };
        ports.revoker.api_keys.revoke_api_key(&found.key.locator(), &revocation).await?;
    }
    Ok(())
}

/// Revokes for a client that comes straight to us. It isn't told that a token is another's, because a thief would learn that it
/// is alive.
///
/// # Errors
/// Only a fault: a token that is unknown or another client's is a success (RFC 7009 section 2.2).
pub async fn revoke_own(
    ports: &ClientRevoker,
    client: &Client,
    token: (&TokenLookup, &Records),
    hint: Hint,
) -> Result<(), Error> {
    match revoke_for_client(ports, client, token, hint).await {
        Err(Error::Refused(Refusal::Denied(Denial::TokenOfAnotherClient))) => Ok(()),
        outcome => outcome,
    }
}

/// Revokes all that is said of OAuth clients: by a mark, at once, however many there are. Returns how many records it hit, as far as
/// they were counted: those that were alive or could still be refreshed.
///
/// # Errors
/// Only a fault: the store can't be read or written.
pub async fn revoke_of_clients(ports: &BulkRevoker, service: &Service, target: RevocationTarget) -> Result<Counted, Error> {
    let now = ports.reader.now();
    let query = TokenQuery { limit: MAX_PAGE_TOKENS, ..target.query() };
    let mark = target.into_mark(service, now);
    let key = mark.key.clone();
    let wanted = RecordKeys { marks: vec![key.clone()], ..RecordKeys::default() };
    let before = ports.reader.tokens.read(&wanted).await?.marks.find(&key);
    ports.revoke.set_not_before(&mark).await?;
    let mut pages = Pages::new(&ports.reader, service.id(), query.clone(), ports.reader.now().plus(COUNTING_TIME_LIMIT));
    let mut count = 0;
    while count < MAX_COUNTED_TOKENS
        && let Some(tokens) = pages.next().await?
    {
        let mut found = evidence(&ports.reader, &tokens).await?;
        // As it was before.
        match before {
            Some(before) => found.marks.insert(key.clone(), before),
            None => found.marks.remove(&key),
        }
        let is_meant = |token: &&TokenRecord| token.issued_at <= now && (query.subject.is_none() || token.owner().is_some());
        let hit = tokens.iter().filter(is_meant).filter(|token| is_live_or_refreshable(token, &found, now));
        count += u64::try_from(hit.count()).unwrap_or(u64::MAX);
    }
    Ok(Counted { tokens: count, is_whole: pages.rest().is_none() })
}

/// Whose tokens to revoke in an org, however many they are.
#[derive(Clone, Debug)]
pub enum RevocationTarget {
    /// All of this subject: of a member, and what OAuth clients have for it.
    Subject(Subject),
    /// All that this client has.
    Client(ClientId),
    /// All that this client has for this subject.
    ClientOf(ClientId, Subject),
    /// All that clients have for this subject.
    ClientsOf(Subject),
    /// All in this session, which was begun in the org.
    Session(SessionId),
}

impl RevocationTarget {
    /// Makes the target of a client: all that it has, or all that it has for a subject.
    pub fn from_client(client: ClientId, subject: Option<Subject>) -> Self {
        subject.map_or(Self::Client(client), |subject| Self::ClientOf(client, subject))
    }

    /// Asks for the tokens of the target.
    fn query(&self) -> TokenQuery {
        let (client, subject, session) = match self {
            Self::Subject(subject) | Self::ClientsOf(subject) => (None, Some(subject), None),
            Self::Client(client) => (Some(*client), None, None),
            Self::ClientOf(client, subject) => (Some(*client), Some(subject), None),
            Self::Session(session) => (None, None, Some(session)),
        };
        TokenQuery { client, subject: subject.cloned(), session: session.cloned(), ..TokenQuery::default() }
    }

    /// The mark by which they are revoked at this moment.
    fn into_mark(self, service: &Service, now: Timestamp) -> NotBefore {
        let (kind, not_before) = match self {
            Self::Subject(subject) => (NotBeforeScope::Member(subject), now),
            Self::Client(client) => (NotBeforeScope::Client(client), now),
            // It is exact: to the millisecond, and without a second for clocks that differ.
            Self::ClientOf(client, subject) => {
                (NotBeforeScope::ClientOf(client, subject), Timestamp::from_ms(now.plus_slack().as_ms() + 1))
            }
            Self::ClientsOf(subject) => (NotBeforeScope::ClientsOf(subject), now),
            Self::Session(session) => (NotBeforeScope::Session(session), now),
        };
        let key = NotBeforeKey { org: service.id().clone(), kind };
        NotBefore { not_before, ..mark(key, Some(service.org()), now) }
    }
}

/// Revokes all tokens of a target by a mark, at once. Returns the moment up to which they were issued.
///
/// # Errors
/// [`Refusal::NotFound`] if the org has no such member, and no token of the target is on record. Where the first 5,000 tokens that
/// are looked at don't tell, the mark is set.
pub async fn revoke_all(ports: &BulkRevoker, service: &Service, target: RevocationTarget) -> Result<Timestamp, Error> {
    let now = ports.reader.now();
    if !may_have_tokens(ports, service.id(), &target).await? {
        return Err(Refusal::NotFound("token of the target").into());
    }
    ports.revoke.set_not_before(&target.into_mark(service, now)).await?;
    Ok(now)
}

/// Ends a session that was begun in the org of the credentials: all tokens in it, be there any or not.
///
/// # Errors
/// As [`authenticate_service`], with the scope `urn:jeton:grants:write`.
pub async fn end_session(ports: &Revoker, credentials: &Credentials, session: SessionId) -> Result<(), Error> {
    let needs = [api::GRANTS_WRITE];
    let Authenticated { service, .. } = authenticate_service(&ports.reader, credentials, &needs, |_| ()).await?;
    let target = RevocationTarget::Session(session);
    Ok(end_all_of(&*ports.revoke, &service, target, ports.reader.now()).await?)
}

/// Revokes all tokens of a target by a mark, be there any or not.
pub(crate) async fn end_all_of(
    revoke: &dyn RevokeTokens,
    service: &Service,
    target: RevocationTarget,
    now: Timestamp,
) -> Result<(), Fault> {
    revoke.set_not_before(&target.into_mark(service, now)).await
}

/// Whether a mark of the target could hit anything: so that no misspelled name is taken for a revocation.
async fn may_have_tokens(ports: &BulkRevoker, org: &OrgId, target: &RevocationTarget) -> Result<bool, Fault> {
    match target {
        // Who revokes has looked up the client.
        RevocationTarget::Client(_) => return Ok(true),
        RevocationTarget::Subject(subject) => {
            let member = MemberKey { org: org.clone(), subject: subject.clone() };
            let wanted = RecordKeys { members: vec![member.clone()], ..RecordKeys::default() };
            if ports.reader.tokens.read(&wanted).await?.members.contains_key(&member) {
                return Ok(true);
            }
        }
        RevocationTarget::ClientOf(..) | RevocationTarget::ClientsOf(_) | RevocationTarget::Session(_) => {}
    }
    let page = ports.reader.tokens.list(org, &TokenQuery { limit: 1, ..target.query() }).await?;
    Ok(!page.tokens.is_empty() || page.next.is_some())
}

/// A mark of this moment. Without its org's record nobody knows how long it is needed, so it is kept.
pub(crate) fn mark(key: NotBeforeKey, org: Option<&Org>, now: Timestamp) -> NotBefore {
    NotBefore { key, not_before: now, expires_at: org.and_then(|org| org.mark_expiry(now)) }
}
