//! Examining the token that a member presents: the step in which every endpoint of an administrator's API begins.

use std::borrow::Borrow;
use std::sync::Arc;

use crate::auth::api_key;
use crate::auth::presented::{add, decisive_for_family, decisive_for_token, is_redeemable, read_family, want_ancestors};
use crate::domain::scope::api;
use crate::domain::{
    ApiKeyValue, Caller, Claims, Error, Family, FamilyKey, Fault, Member, MemberKey, NotBefore, Org, OrgId, RefreshToken,
    Refusal, Session, StatusInputs, Subject, TokenId, TokenKey, TokenProblem, TokenRecord, TokenStatus,
};
use crate::jose::{Expected, Rejection, sha256};
use crate::platform::capabilities::Reader;
use crate::store::{RecordKeys, Records};
use crate::telemetry::{Alarm, log_alarm};

/// What a presented token turned out to be.
#[derive(Debug)]
pub enum PresentedToken {
    /// An access token of ours, with its record.
    Access(Box<MemberAccessToken>),
    /// A refresh token of ours, with its family.
    Refresh(Box<Refreshable>),
    /// A genuine access token whose time is over: nothing was read.
    Expired(TokenKey),
    /// Nothing of ours, or nothing that anyone should know of.
    Invalid,
}

/// An access token of a member that was found.
#[derive(Debug)]
pub struct MemberAccessToken {
    /// The record, with which the token's claims agree.
    pub record: TokenRecord,
    /// The token's subject, if that is still a member.
    pub member: Option<Member>,
    /// Whether the token is live, expired or revoked.
    pub status: TokenStatus,
}

/// A refresh token of a member that was found.
#[derive(Debug)]
pub struct Refreshable {
    /// The family that the token belongs to.
    pub family: Family,
    /// The token's subject, if that is still a member.
    pub member: Option<Member>,
    /// The token's org, if that is still there.
    pub org: Option<Arc<Org>>,
    /// How the family stands.
    pub status: TokenStatus,
}

/// The access tokens that the service takes as its own: members' JWTs.
const OURS: Expected = Expected { types: &["JWT"] };

/// Authenticates the bearer of an access token, or of an API key for Jeton's own API, and reads what `also` names: one consistent read.
///
/// # Errors
///
/// [`Refusal::CredentialsRejected`] with what is wrong with the token: it is expired, not yet valid or revoked, or else invalid.
pub async fn authenticate(ports: &Reader, token: &str, also: RecordKeys) -> Result<(Caller, Records), Error> {
    let (caller, found) = if ApiKeyValue::looks_like(token) {
        by_api_key(ports, token, also).await?
    } else {
        let (presented, found) = inspect(ports, token, also).await?;
        (caller(presented).map_err(Refusal::CredentialsRejected)?, found)
    };
    crate::telemetry::note_caller(&caller);
    Ok((caller, found))
}

/// Authenticates the bearer of an API key, which must be for Jeton's own API: one of the APIs that it is for is the issuer.
/// One that is good only in some networks, or only so often, isn't taken: endpoints don't ask from where a bearer comes, and those that may
/// only read can't count.
async fn by_api_key(ports: &Reader, text: &str, also: RecordKeys) -> Result<(Caller, Records), Error> {
    const UNKNOWN: Refusal = Refusal::CredentialsRejected(TokenProblem::Invalid);
    let (key, found) = api_key::find(ports, text, also).await?;
    let issuer = ports.keys.issuer().as_str();
    let key = key.filter(|found| found.key.resources.iter().any(|resource| resource.as_str() == issuer)).ok_or(UNKNOWN)?;
    let live = key.into_live_if_unlimited().map_err(Refusal::CredentialsRejected)?;
    Ok((Caller::by_api_key(live.to_token(), live.owner), found))
}

/// Requires that the caller has one of these API scopes in `org`, and returns the org.
///
/// # Errors
///
/// [`Refusal::AccessDenied`], which names the first of the scopes, if the caller has none of them, and also if the org is of
/// others or isn't there: nobody can probe for orgs.
pub(crate) fn require_scope<'a, O: Borrow<Org>>(
    caller: &Caller,
    org: Option<&'a O>,
    any_of: &[&'static str],
) -> Result<&'a O, Refusal> {
    let may = |org: &&O| any_of.iter().any(|scope| caller.may(scope, (*org).borrow()));
    org.filter(may).ok_or(Refusal::AccessDenied { needs: any_of.first().copied().unwrap_or(api::ADMIN) })
}

/// Returns the bearer of a token that is alive, or what is wrong with the token.
pub(crate) fn caller(presented: PresentedToken) -> Result<Caller, TokenProblem> {
    match presented {
        PresentedToken::Access(token) => match (token.status, token.member) {
            (TokenStatus::Live, Some(member)) => Ok(Caller::authenticated(token.record, member)),
            (status, _) => Err(problem(status)),
        },
        PresentedToken::Expired(_) => Err(TokenProblem::Expired),
        PresentedToken::Refresh(_) | PresentedToken::Invalid => Err(TokenProblem::Invalid),
    }
}

/// Returns what to say of a token that isn't alive.
pub(crate) fn problem(status: TokenStatus) -> TokenProblem {
    match status {
        TokenStatus::Expired => TokenProblem::Expired,
        TokenStatus::NotYetValid => TokenProblem::NotYetValid,
        TokenStatus::Revoked => TokenProblem::Revoked,
        TokenStatus::Live | TokenStatus::Orphaned => TokenProblem::Invalid,
    }
}

/// Finds out what `token` is and how it stands. A genuine token without a record is as invalid as a forged one: it is what is
/// left of a mint that failed between signing and recording.
///
/// # Errors
/// A [`Fault`] if the keys or the records can't be read.
pub async fn inspect(ports: &Reader, token: &str, also: RecordKeys) -> Result<(PresentedToken, Records), Fault> {
    if RefreshToken::looks_like(token) {
        return Ok((inspect_refresh_token(ports, token).await?, Records::default()));
    }
    let claims = match ports.keys.now().await?.verifier.verify(token, &OURS, ports.now()) {
        Ok(claims) | Err(Rejection::NotYetValid(claims)) => claims,
        Err(Rejection::Expired(claims)) => return Ok((PresentedToken::Expired(key_of(&claims)), Records::default())),
        Err(Rejection::Invalid) => return Ok((PresentedToken::Invalid, Records::default())),
    };
    let mut wanted = wanted(&claims.org, &claims.subject, claims.id, also);
    wanted.tokens.push(key_of(&claims));
    let session = claims
        .session
        .as_ref()
        .map(|id| Session { org: claims.session_org.as_ref().unwrap_or(&claims.org).clone(), id: id.clone() });
    add(&mut wanted.marks, NotBefore::keys_of(&claims.org, Some(&claims.subject), claims.client, session.as_ref()));
    wanted.families.extend(claims.family_key());
    want_ancestors(&mut wanted, &claims.ancestors);
    let mut found = ports.tokens.read(&wanted).await?;
    let Some(record) = found.tokens.remove(&key_of(&claims)) else { return Ok((PresentedToken::Invalid, found)) };
    if !claims.agree_with(&record) {
        log_alarm(Alarm::SignedOtherwise, &record.org, record.client, record.id);
        return Ok((PresentedToken::Invalid, found));
    }
    // No client stands for a member's token, even if one was read for something else.
    let decisive = StatusInputs { client: None, ..decisive_for_token(&found, &record, ports.now()) };
    let (status, member) = (decisive.status(&record, ports.now()), decisive.member.cloned());
    Ok((PresentedToken::Access(Box::new(MemberAccessToken { record, member, status })), found))
}

async fn inspect_refresh_token(ports: &Reader, token: &str) -> Result<PresentedToken, Fault> {
    let Some(token) = RefreshToken::parse(token) else { return Ok(PresentedToken::Invalid) };
    let found = find_family(ports, &token.family).await?;
    let hash = sha256(token.secret.expose());
    let is_current = |found: &Refreshable| is_redeemable(&found.family, token.generation, &hash, ports.now());
    Ok(match found.filter(is_current) {
        Some(found) => PresentedToken::Refresh(Box::new(found)),
        None => PresentedToken::Invalid,
    })
}

/// Finds a refresh family of a member, and how it stands. Two reads, because a refresh token doesn't say whose it is: first the family, then,
/// with it once more, what decides about it.
pub(crate) async fn find_family(ports: &Reader, key: &FamilyKey) -> Result<Option<Refreshable>, Fault> {
    let Some(family) = read_family(ports, key).await? else { return Ok(None) };
    let mut wanted = wanted(&family.org, &family.subject, family.id, RecordKeys::default());
    wanted.families = vec![key.clone()];
    wanted.marks = family.marks();
    want_ancestors(&mut wanted, &family.ancestors);
    let mut found = ports.tokens.read(&wanted).await?;
    let Some(family) = found.families.remove(key) else { return Ok(None) };
    let decisive = decisive_for_family(&found, &family, ports.now());
    let status = decisive.family_status(&family, ports.now());
    let member = found.remove_member(&family.org, &family.subject);
    let org = found.orgs.remove(&family.org);
    Ok(Some(Refreshable { family, member, org, status }))
}

/// Returns the family that a genuine access token belongs to, even if the token is expired.
pub(crate) async fn family_of(ports: &Reader, access_token: &str) -> Result<Option<FamilyKey>, Fault> {
    let claims = match ports.keys.now().await?.verifier.verify(access_token, &OURS, ports.now()) {
        Ok(claims) | Err(Rejection::NotYetValid(claims) | Rejection::Expired(claims)) => claims,
        Err(Rejection::Invalid) => return Ok(None),
    };
    Ok(claims.family_key())
}

/// Lists the records that decide about a token of this org and subject, and those of `also`. None is listed twice.
fn wanted(org: &OrgId, subject: &Subject, shard_of: TokenId, also: RecordKeys) -> RecordKeys {
    let own = MemberKey { org: org.clone(), subject: subject.clone() };
    let mut wanted = RecordKeys { shard_of: Some(shard_of), ..also };
    wanted.orgs.retain(|other| other != org);
    wanted.orgs.insert(0, org.clone());
    wanted.members.retain(|other| *other != own);
    wanted.members.push(own);
    wanted
}

fn key_of(claims: &Claims) -> TokenKey {
    TokenKey { org: claims.org.clone(), id: claims.id }
}
