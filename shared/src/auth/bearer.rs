//! Examining a presented token: the step in which every endpoint begins.

use crate::domain::{
    Caller, Claims, Error, Evidence, Family, FamilyKey, Fault, Mark, Member, MemberKey, Org, OrgId, RefreshToken, Refusal,
    Session, Standing, Subject, TokenId, TokenKey, TokenProblem, TokenRecord,
};
use crate::jose::{Expected, Rejection};
use crate::platform::capabilities::Reader;
use crate::store::{Found, Wanted};
use crate::telemetry::{Alarm, log_alarm};

/// What a presented token turned out to be.
#[derive(Debug)]
pub enum Presented {
    /// An access token of ours, with its record.
    Access(Box<AccessToken>),
    /// A refresh token of ours, with its family.
    Refresh(Box<Refreshable>),
    /// A genuine access token whose time is over: nothing was read.
    Expired(TokenKey),
    /// Nothing of ours, or nothing that anyone should know of.
    Invalid,
}

/// An access token that was found.
#[derive(Debug)]
pub struct AccessToken {
    /// Its record, with which its claims agree.
    pub record: TokenRecord,
    /// Its subject, if that is still a member.
    pub member: Option<Member>,
    /// How it stands.
    pub standing: Standing,
}

/// A refresh token that was found.
#[derive(Debug)]
pub struct Refreshable {
    /// Its family.
    pub family: Family,
    /// Its subject, if that is still a member.
    pub member: Option<Member>,
    /// Its org, if that is still there.
    pub org: Option<Org>,
    /// How the family stands.
    pub standing: Standing,
}

/// The access tokens that the service takes as its own: those of the Agilicus dialect (`typ` `JWT`).
const OURS: Expected = Expected { types: &["JWT"] };

/// Authenticates the bearer of an access token, and reads what `also` names: one consistent read.
pub async fn authenticate(ports: &Reader, token: &str, also: Wanted) -> Result<(Caller, Found), Error> {
    let (presented, found) = examine(ports, token, also).await?;
    let caller = caller(presented).map_err(Refusal::CredentialsRejected)?;
    crate::telemetry::note_caller(&caller);
    Ok((caller, found))
}

/// The bearer of a token that is alive, or what is wrong with it.
pub(crate) fn caller(presented: Presented) -> Result<Caller, TokenProblem> {
    match presented {
        Presented::Access(token) => match (token.standing, token.member) {
            (Standing::Live, Some(member)) => Ok(Caller::authenticated(token.record, member)),
            (standing, _) => Err(problem(standing)),
        },
        Presented::Expired(_) => Err(TokenProblem::Expired),
        Presented::Refresh(_) | Presented::Invalid => Err(TokenProblem::Invalid),
    }
}

/// What is wrong with a token that stands like this.
pub(crate) fn problem(standing: Standing) -> TokenProblem {
    match standing {
        Standing::Expired => TokenProblem::Expired,
        Standing::NotYetValid => TokenProblem::NotYetValid,
        Standing::Revoked => TokenProblem::Revoked,
        Standing::Live | Standing::Orphaned => TokenProblem::Invalid,
    }
}

/// Finds out what `token` is and how it stands. A genuine token without a record is as invalid as a forged one: it is what is
/// left of a mint that failed between signing and recording.
pub async fn examine(ports: &Reader, token: &str, also: Wanted) -> Result<(Presented, Found), Fault> {
    if RefreshToken::looks_like(token) {
        return Ok((examine_refresh_token(ports, token).await?, Found::default()));
    }
    let claims = match ports.keys.now().await?.verifier.verify(token, &OURS, ports.now()) {
        Ok(claims) | Err(Rejection::NotYetValid(claims)) => claims,
        Err(Rejection::Expired(claims)) => return Ok((Presented::Expired(key_of(&claims)), Found::default())),
        Err(Rejection::Invalid) => return Ok((Presented::Invalid, Found::default())),
    };
    let mut wanted = wanted(&claims.org, &claims.subject, claims.id, also);
    wanted.tokens.push(key_of(&claims));
    let session = claims
        .session
        .as_ref()
        .map(|id| Session { org: claims.session_org.as_ref().unwrap_or(&claims.org).clone(), id: id.clone() });
    wanted.marks = Mark::keys_of(&claims.org, Some(&claims.subject), claims.client, session.as_ref()).collect();
    wanted.families.extend(claims.family_key());
    let mut found = ports.tokens.read(&wanted).await?;
    let Some(record) = found.tokens.remove(&key_of(&claims)) else { return Ok((Presented::Invalid, found)) };
    if !claims.agree_with(&record) {
        log_alarm(Alarm::SignedOtherwise, &record.org, record.client, record.id);
        return Ok((Presented::Invalid, found));
    }
    let family = record.family_key().and_then(|key| found.families.get(&key));
    let (org, member) = subject_of(&found, &record.org, &record.subject);
    let standing =
        Evidence { org, member, client: None, family, marks: &found.marks, ancestors_live: true }.standing(&record, ports.now());
    let member = member.cloned();
    Ok((Presented::Access(Box::new(AccessToken { record, member, standing })), found))
}

async fn examine_refresh_token(ports: &Reader, token: &str) -> Result<Presented, Fault> {
    let Some(token) = RefreshToken::parse(token) else { return Ok(Presented::Invalid) };
    let found = read_family(ports, &token.family).await?;
    Ok(match found.filter(|found| proves(&token, &found.family, ports)) {
        Some(found) => Presented::Refresh(Box::new(found)),
        None => Presented::Invalid,
    })
}

/// A refresh family and how it stands. Two reads, because a refresh token doesn't say whose it is: first the family, then,
/// with it once more, what decides about it.
pub(crate) async fn read_family(ports: &Reader, key: &FamilyKey) -> Result<Option<Refreshable>, Fault> {
    let families = vec![key.clone()];
    let first = Wanted { families: families.clone(), ..Wanted::default() };
    let Some(family) = ports.tokens.read(&first).await?.families.remove(key) else { return Ok(None) };
    let mut wanted = wanted(&family.org, &family.subject, family.id, Wanted::default());
    wanted.families = families;
    wanted.marks = family.marks();
    let mut found = ports.tokens.read(&wanted).await?;
    let Some(family) = found.families.remove(key) else { return Ok(None) };
    let (org, member) = subject_of(&found, &family.org, &family.subject);
    let evidence = Evidence { org, member, client: None, family: Some(&family), marks: &found.marks, ancestors_live: true };
    let standing = evidence.family_standing(&family, ports.now());
    let (org, member) = (org.cloned(), member.cloned());
    Ok(Some(Refreshable { family, member, org, standing }))
}

/// The family that a genuine access token belongs to, be it expired.
pub(crate) async fn family_of(ports: &Reader, access_token: &str) -> Result<Option<FamilyKey>, Fault> {
    let claims = match ports.keys.now().await?.verifier.verify(access_token, &OURS, ports.now()) {
        Ok(claims) | Err(Rejection::NotYetValid(claims) | Rejection::Expired(claims)) => claims,
        Err(Rejection::Invalid) => return Ok(None),
    };
    Ok(claims.family_key())
}

/// Whether the token is the family's current one, or the one before while that may still be repeated.
fn proves(token: &RefreshToken, family: &Family, ports: &Reader) -> bool {
    use crate::domain::Redemption::{Current, Retry, Reuse};
    let hash = crate::jose::sha256(token.secret.expose());
    let expected = match family.judge(token.generation, ports.now()) {
        Current => Some(family.current),
        Retry => family.previous,
        Reuse => None,
    };
    expected.is_some_and(|expected| crate::jose::equal(&hash, &expected))
}

/// What decides about a token of this org and subject, and what else is asked for. Nothing twice.
fn wanted(org: &OrgId, subject: &Subject, shard_of: TokenId, also: Wanted) -> Wanted {
    let own = MemberKey { org: org.clone(), subject: subject.clone() };
    let mut wanted = Wanted { shard_of: Some(shard_of), ..also };
    wanted.orgs.retain(|other| other != org);
    wanted.orgs.insert(0, org.clone());
    wanted.members.retain(|other| *other != own);
    wanted.members.push(own);
    wanted
}

fn subject_of<'a>(found: &'a Found, org: &OrgId, subject: &Subject) -> (Option<&'a Org>, Option<&'a Member>) {
    (found.orgs.get(org), found.members.get(&MemberKey { org: org.clone(), subject: subject.clone() }))
}

fn key_of(claims: &Claims) -> TokenKey {
    TokenKey { org: claims.org.clone(), id: claims.id }
}
