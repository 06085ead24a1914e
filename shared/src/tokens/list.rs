//! Listing: which tokens there are.

use std::sync::Arc;

use crate::auth::api_key::{ApiKeyState, states};
use crate::auth::bearer::authenticate;
use crate::domain::scope::api;
use crate::domain::{
    Ancestor, ApiKey, ApiKeyLocator, ApiKeyStatus, Caller, ClientId, Error, Family, Org, OrgId, Refusal, RevokedBy, Seconds,
    Service, StatusInputs, Subject, Timestamp, TokenId, TokenKey, TokenRecord, TokenRevocation,
};
use crate::platform::capabilities::{DirectoryReader, Lister, Reader, TokenFinder};
use crate::store::{ApiKeyPage, ApiKeyQuery, KeepApiKeys, RecordKeys, Records, TokenQuery, each_once};
use crate::tokens::introspect::{MAX_SUB_ORGS, descendants};

/// Which tokens to list: those for which everything given holds.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// The org whose tokens are listed; `None`: the caller's.
    pub org: Option<OrgId>,
    /// Whether the tokens have been revoked, by themselves or with a set.
    pub revoked: Option<bool>,
    /// Only tokens, or only API keys; `None`: both.
    pub kind: Option<RowKind>,
    /// What their records say, and how many to list.
    pub query: TokenQuery,
}

/// What a row of a listing is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum RowKind {
    /// A token with a record.
    Token,
    /// An API key of a member.
    ApiKey,
}

/// A token in a listing.
#[derive(Debug)]
pub struct Row {
    /// The record of the token. Of an API key: what it is as a token.
    pub record: TokenRecord,
    /// Whether it has been revoked, by itself or with a set.
    pub revoked: bool,
    /// The API key, if it is one.
    pub api_key: Option<Box<ApiKey>>,
}

/// So many pages are looked at for one answer at most, so that a filter that matches little can't read a whole table.
const MAX_PAGES: usize = 50;
const LARGE_PAGE: usize = 1_000;

/// One page of a listing.
#[derive(Debug, Default)]
pub struct Listing {
    /// The tokens, newest first.
    pub rows: Vec<Row>,
    /// After which token the listing goes on. `None`: this is all.
    pub next: Option<TokenId>,
}

/// Lists tokens, newest first: those of the org if the caller may read them, otherwise its own. One token that is asked for by its
/// id is found in the orgs below, too, if no org is named.
///
/// # Errors
/// [`Refusal::CredentialsRejected`] if the bearer's token isn't alive. [`Refusal::AccessDenied`] if the caller asks for tokens of
/// others and may not read tokens there.
pub async fn list(ports: &TokenFinder, bearer: &str, filter: Filter) -> Result<Listing, Error> {
    let reader = &ports.orgs.reader;
    let Filter { org, revoked: wanted, kind, mut query } = filter;
    let also = RecordKeys { orgs: org.iter().cloned().collect(), ..RecordKeys::default() };
    let (caller, mut found) = authenticate(reader, bearer, also).await?;
    let org = match (org, query.id) {
        (Some(org), _) => org,
        (None, Some(id)) => match find_by_id(&ports.orgs, &caller, None, (id, api::TOKENS_READ)).await? {
            Some((record, place)) => {
                found.orgs.insert(record.org.clone(), place);
                record.org
            }
            // Lists of the caller's own org alone show its API keys.
            None => caller.org().clone(),
        },
        (None, None) => caller.org().clone(),
    };
    query.subject = visible(&caller, found.org(&org), &org, query.subject)?;
    let limit = query.limit;
    query.after = after(&query);
    if wanted.is_some() {
        // Whether a token is revoked isn't all in its record: there may be many to look at for one that is asked for.
        query.limit = LARGE_PAGE;
    }
    let (mut rows, mut next) = (Vec::new(), None);
    for _ in 0..MAX_PAGES {
        let (page, keys) = futures::future::try_join(
            tokens_page(reader, &org, &query, kind),
            api_keys_page(&*ports.api_keys, reader, found.org(&org), &query, kind),
        )
        .await?;
        // Each is whole down to where its next page begins.
        let horizon = [page.1, keys.1].into_iter().flatten().max();
        let mut some: Vec<_> = page.0.into_iter().chain(keys.0).collect();
        some.retain(|row| horizon.is_none_or(|horizon| row.record.id >= horizon));
        some.sort_unstable_by_key(|row| std::cmp::Reverse(row.record.id));
        rows.extend(some.into_iter().filter(|row| wanted.is_none_or(|wanted| wanted == row.revoked)));
        next = horizon.filter(|next| !ends_before(&query, *next));
        if next.is_none() || rows.len() >= limit {
            break;
        }
        query.after = next;
    }
    if rows.len() > limit {
        rows.truncate(limit);
        next = rows.last().map(|row| row.record.id);
    }
    Ok(Listing { rows, next })
}

/// The rows of one page of tokens, and where the next one begins.
async fn tokens_page(
    reader: &Reader,
    org: &OrgId,
    query: &TokenQuery,
    kind: Option<RowKind>,
) -> Result<(Vec<Row>, Option<TokenId>), Error> {
    if kind == Some(RowKind::ApiKey) {
        return Ok((Vec::new(), None));
    }
    let page = reader.tokens.list(org, query).await?;
    let evidence = evidence(reader, &page.tokens).await?;
    let row = |record: TokenRecord| Row { revoked: is_revoked(&record, &evidence), record, api_key: None };
    Ok((page.tokens.into_iter().map(row).collect(), page.next))
}

/// The rows of one page of API keys, and where the next one begins.
async fn api_keys_page(
    api_keys: &dyn KeepApiKeys,
    reader: &Reader,
    org: Option<&Org>,
    query: &TokenQuery,
    kind: Option<RowKind>,
) -> Result<(Vec<Row>, Option<TokenId>), Error> {
    // No key has anything of these.
    let is_of_tokens = query.session.is_some() || query.created_by.is_some() || query.client.is_some();
    let Some(org) = org.filter(|_| kind != Some(RowKind::Token) && !is_of_tokens) else { return Ok((Vec::new(), None)) };
    let page = if let Some(id) = query.id {
        let locator = ApiKeyLocator { org: org.id.clone(), id };
        let wanted = RecordKeys { api_keys: vec![locator], ..RecordKeys::default() };
        let keys = reader.tokens.read(&wanted).await?.api_keys.into_values().collect();
        ApiKeyPage { keys, next: None }
    } else {
        let wanted = ApiKeyQuery { owner: query.subject.clone(), after: query.after, limit: query.limit };
        api_keys.api_keys(&org.id, &wanted).await?
    };
    let row = |state: ApiKeyState| Row {
        record: state.key.to_token(org),
        revoked: state.status == ApiKeyStatus::Revoked,
        api_key: Some(Box::new(state.key)),
    };
    let rows = states(reader, page.keys).await?.into_iter().map(row).filter(|row| query.matches(&row.record));
    Ok((rows.collect(), page.next))
}

/// After which token to begin, of the one that the caller names and the first that can match: ids begin with the moment at which the
/// token was issued, and none expires before that. So a filter by time reads none of the newer ones.
fn after(query: &TokenQuery) -> Option<TokenId> {
    let to = [query.issued_to, query.expires_to].into_iter().flatten().min();
    let first = to.map(|to| TokenId::first_of(to.plus(Seconds(1))));
    query.after.into_iter().chain(first).min()
}

/// Whether all that comes after this token was issued too early.
fn ends_before(query: &TokenQuery, next: TokenId) -> bool {
    query.issued_from.is_some_and(|from| next < TokenId::first_of(from.whole_second()))
}

/// Shows one token: as the listing does, with what has revoked it. `org`: where it is, if the caller knows.
///
/// # Errors
/// [`Refusal::CredentialsRejected`] if the bearer's token isn't alive. [`Refusal::NotFound`] if there is no such token, or the caller
/// may not read it. [`Refusal::Invalid`] if no org is named, and there are too many to look in.
pub async fn show(
    ports: &DirectoryReader,
    bearer: &str,
    id: TokenId,
    org: Option<OrgId>,
) -> Result<(Row, Option<TokenRevocation>), Error> {
    let (caller, _) = authenticate(&ports.reader, bearer, RecordKeys::default()).await?;
    let found = find_by_id(ports, &caller, org, (id, api::TOKENS_READ)).await?;
    let (record, _) = found.ok_or(Refusal::NotFound("token"))?;
    let evidence = evidence(&ports.reader, std::slice::from_ref(&record)).await?;
    let revocation = revocation(&record, &evidence);
    Ok((Row { record, revoked: revocation.is_some(), api_key: None }, revocation))
}

/// Finds a token by its id, with the org that it is in: in `org`, or else in the caller's org and in those below it. The caller sees
/// its own tokens there, and with the scope everybody's. `None`: there is none that it may see.
///
/// # Errors
/// [`Refusal::Invalid`] if no org is named, and there are more below the caller's than are looked in.
pub(crate) async fn find_by_id(
    ports: &DirectoryReader,
    caller: &Caller,
    org: Option<OrgId>,
    (id, scope): (TokenId, &'static str),
) -> Result<Option<(TokenRecord, Arc<Org>)>, Error> {
    let is_visible = |record: &TokenRecord, place: &Org| {
        caller.may(scope, place) || record.org == *caller.org() && record.owner() == Some(caller.subject())
    };
    let is_named = org.is_some();
    let first = org.unwrap_or_else(|| caller.org().clone());
    if let Some((record, place)) = find_in(&ports.reader, std::slice::from_ref(&first), id).await? {
        return Ok(is_visible(&record, &place).then_some((record, place)));
    }
    if is_named || !caller.authority().permits_api(scope) {
        return Ok(None);
    }
    let below = descendants(ports, &first).await?;
    let found = find_in(&ports.reader, &below, id).await?.filter(|(record, place)| is_visible(record, place));
    if found.is_none() && below.len() >= MAX_SUB_ORGS {
        return Err(Refusal::invalid("org", format!("is required where there are more than {MAX_SUB_ORGS} orgs below")).into());
    }
    Ok(found)
}

/// Reads the token of this id in whichever of the orgs has it.
async fn find_in(reader: &Reader, orgs: &[OrgId], id: TokenId) -> Result<Option<(TokenRecord, Arc<Org>)>, Error> {
    // Each org is two keys of those that one read takes.
    for orgs in orgs.chunks(RecordKeys::MAX_KEYS / 2) {
        let tokens = orgs.iter().map(|org| TokenKey { org: org.clone(), id }).collect();
        let wanted = RecordKeys { tokens, orgs: orgs.to_vec(), ..RecordKeys::default() };
        let mut found = reader.tokens.read(&wanted).await?;
        if let Some((key, record)) = found.tokens.into_iter().next() {
            return Ok(found.orgs.remove(&key.org).map(|place| (record, place)));
        }
    }
    Ok(None)
}

/// Returns whose tokens the caller gets to see of those that it asks for; `None`: everybody's.
fn visible(caller: &Caller, place: Option<&Org>, org: &OrgId, subject: Option<Subject>) -> Result<Option<Subject>, Refusal> {
    if place.is_some_and(|place| caller.may(api::TOKENS_READ, place)) {
        return Ok(subject);
    }
    if org == caller.org() && subject.is_none_or(|subject| subject == *caller.subject()) {
        return Ok(Some(caller.subject().clone()));
    }
    Err(Refusal::AccessDenied { needs: api::TOKENS_READ })
}

/// The marks, families and ancestors that decide about the tokens of one page, a hundred keys at a time.
pub(crate) async fn evidence(ports: &Reader, tokens: &[TokenRecord]) -> Result<Records, Error> {
    let ancestors = || tokens.iter().flat_map(|token| &token.ancestors);
    let families = tokens.iter().filter_map(TokenRecord::family_key).chain(ancestors().filter_map(Ancestor::family_key));
    let mut marks = each_once(tokens.iter().flat_map(TokenRecord::marks));
    let mut families = each_once(families);
    let mut records = each_once(ancestors().filter(|ancestor| !ancestor.is_api_key).map(Ancestor::key));
    let mut api_keys = each_once(ancestors().filter_map(Ancestor::api_key_locator));
    let mut all = Records::default();
    while !(marks.is_empty() && families.is_empty() && records.is_empty() && api_keys.is_empty()) {
        let mut room = RecordKeys::MAX_KEYS;
        let wanted = RecordKeys {
            marks: taken(&mut marks, &mut room),
            families: taken(&mut families, &mut room),
            tokens: taken(&mut records, &mut room),
            api_keys: taken(&mut api_keys, &mut room),
            ..RecordKeys::default()
        };
        let found = ports.tokens.read(&wanted).await?;
        all.marks.extend(found.marks);
        all.families.extend(found.families);
        all.tokens.extend(found.tokens);
        all.api_keys.extend(found.api_keys);
    }
    Ok(all)
}

/// Takes as many of the keys as there is room for.
fn taken<K>(keys: &mut Vec<K>, room: &mut usize) -> Vec<K> {
    let some = keys.split_off(keys.len().saturating_sub(*room));
    *room -= some.len();
    some
}

fn is_revoked(token: &TokenRecord, found: &Records) -> bool {
    revocation(token, found).is_some()
}

/// What has revoked a token, if anything has: what ended it by itself, or what ended a token that it was made from.
fn revocation(token: &TokenRecord, found: &Records) -> Option<TokenRevocation> {
    let of_ancestor = |ancestor: &Ancestor| {
        if let Some(key) = ancestor.api_key_locator() {
            let revoked = found.api_keys.get(&key)?.revoked.as_ref()?;
            return Some(TokenRevocation { at: Some(revoked.at), by: RevokedBy::Ancestor, party: revoked.by.clone() });
        }
        let record = found.tokens.get(&ancestor.key())?;
        inputs(record, found).revocation(record).map(|revocation| TokenRevocation { by: RevokedBy::Ancestor, ..revocation })
    };
    inputs(token, found).revocation(token).or_else(|| token.ancestors.iter().find_map(of_ancestor))
}

fn inputs<'a>(token: &TokenRecord, found: &'a Records) -> StatusInputs<'a> {
    let family = token.family_key().and_then(|key| found.families.get(&key));
    StatusInputs { org: None, member: None, client: None, family, marks: &found.marks, ancestors_live: true }
}

/// Which tokens of OAuth clients to list: Authlete's `/auth/token/get/list`.
#[derive(Clone, Debug, Default)]
pub struct ClientFilter {
    /// Only tokens of this client.
    pub client: Option<ClientId>,
    /// Only tokens of this subject.
    pub subject: Option<Subject>,
    /// Whether their access tokens have not expired.
    pub valid: Option<bool>,
    /// The first one to show, from 0.
    pub start: usize,
    /// The first one that isn't shown any more.
    pub end: usize,
}

/// The records of OAuth clients that match, oldest first.
#[derive(Debug, Default)]
pub struct ClientPage {
    /// How many match: at most [`MAX_LISTED_TOKENS`].
    pub total: usize,
    /// Those that are asked for.
    pub rows: Vec<(TokenRecord, Option<Family>)>,
}

/// So many records are looked at for one answer, so that it never reads a whole table: the newest.
pub const MAX_LISTED_TOKENS: usize = 10_000;

/// Lists the records of an org's OAuth clients: access tokens with the refresh tokens that they can be refreshed by.
///
/// # Errors
/// Only a fault: the store can't be read.
pub async fn list_of_clients(ports: &Lister, service: &Service, filter: &ClientFilter) -> Result<ClientPage, Error> {
    let now = ports.reader.now();
    let ClientFilter { client, subject, valid, start, end } = filter.clone();
    let mut query = TokenQuery { client, subject, limit: LARGE_PAGE, ..TokenQuery::default() };
    let mut rows = Vec::new();
    let mut looked_at = 0;
    loop {
        let page = ports.reader.tokens.list(service.id(), &query).await?;
        let found = evidence(&ports.reader, &page.tokens).await?;
        looked_at += page.tokens.len();
        for record in page.tokens {
            let owned = query.subject.is_none() || record.owner().is_some();
            let wanted = record.issuance.is_some() && owned && valid.is_none_or(|valid| valid != record.is_expired(now));
            if wanted && is_live_or_refreshable(&record, &found, now) {
                let family = record.family_key().and_then(|key| found.families.get(&key).cloned());
                rows.push((record, family));
            }
        }
        match page.next {
            Some(next) if looked_at < MAX_LISTED_TOKENS => query.after = Some(next),
            _ => break,
        }
    }
    rows.reverse();
    let total = rows.len();
    let rows = rows.into_iter().skip(start).take(end.saturating_sub(start)).collect();
    Ok(ClientPage { total, rows })
}

/// Whether the record of a client's token stands for anything: it is alive, or it can be refreshed.
pub(crate) fn is_live_or_refreshable(token: &TokenRecord, found: &Records, now: Timestamp) -> bool {
    let family = token.family_key().and_then(|key| found.families.get(&key));
    let can_be_refreshed = family.is_some_and(|family| now < family.expires_at);
    !is_revoked(token, found) && (!token.is_expired(now) || can_be_refreshed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_by_time_reads_nothing_that_is_too_new_or_too_old() {
        let (early, late) = (Timestamp::from_secs(1_000), Timestamp::from_secs(2_000));
        let first = |moment: Timestamp| Some(TokenId::first_of(moment.plus(Seconds(1))));
        let query = TokenQuery::default();
        assert_eq!(after(&query), None);
        let named = TokenQuery { after: first(early), ..query.clone() };
        assert_eq!(after(&TokenQuery { issued_to: Some(late), ..named.clone() }), first(early), "where the caller is already");
        for (issued_to, expires_to) in [(Some(early), Some(late)), (Some(late), Some(early)), (None, Some(early))] {
            assert_eq!(after(&TokenQuery { issued_to, expires_to, ..query.clone() }), first(early));
        }
        let from = TokenQuery { issued_from: Some(late), ..query };
        assert!(ends_before(&from, TokenId::first_of(early)) && !ends_before(&from, TokenId::first_of(late)));
    }
}
