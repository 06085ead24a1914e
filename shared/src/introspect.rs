//! Introspection: what a token is good for now.

use crate::domain::{Error, Family, Member, MemberKey, Org, OrgId, Refusal, Scope, Standing, TokenProblem, TokenRecord};
use crate::examine::{Presented, authenticate, examine, problem};
use crate::ports::{DirectoryReader, Reader};
use crate::store::Wanted;

/// How many orgs below its own a token is shown for at most.
pub const MOST_SUB_ORGS: usize = 100;

/// What introspection found. None of it is an error: it is what was asked for.
#[derive(Debug)]
pub enum Introspection {
    /// Alive.
    Active(Active),
    /// Genuine, and revoked.
    Revoked,
    /// Not good for anything, for this reason.
    Inactive(TokenProblem),
}

impl Introspection {
    /// The token, for who refuses one that isn't alive. Telling that it has been revoked makes no oracle: its signature has
    /// proved that the caller has the token itself.
    pub fn active(self) -> Result<Active, Refusal> {
        match self {
            Self::Active(active) => Ok(active),
            Self::Revoked => Err(Refusal::TokenGone),
            Self::Inactive(problem) => Err(Refusal::TokenRejected(problem)),
        }
    }
}

/// A token that is alive.
#[derive(Debug)]
pub enum Active {
    /// An access token.
    Access {
        /// Its record.
        record: Box<TokenRecord>,
        /// Its subject.
        member: Box<Member>,
    },
    /// A refresh token.
    Refresh {
        /// Its family.
        family: Box<Family>,
        /// Its subject.
        member: Box<Member>,
    },
}

/// Introspects any token of ours. Whoever has the token may know what it is.
pub async fn introspect(ports: &Reader, token: &str) -> Result<Introspection, Error> {
    let (presented, _) = examine(ports, token, Wanted::default()).await?;
    Ok(match presented {
        Presented::Access(token) => match (token.standing, token.member) {
            (Standing::Live, Some(member)) => {
                crate::telemetry::note_token(&token.record);
                Introspection::Active(Active::Access { record: Box::new(token.record), member: Box::new(member) })
            }
            (standing, _) => inactive(standing),
        },
        Presented::Refresh(token) => match (token.standing, token.member) {
            (Standing::Live, Some(member)) => {
                Introspection::Active(Active::Refresh { family: Box::new(token.family), member: Box::new(member) })
            }
            (standing, _) => inactive(standing),
        },
        Presented::Expired(_) => Introspection::Inactive(TokenProblem::Expired),
        Presented::Invalid => Introspection::Inactive(TokenProblem::Invalid),
    })
}

/// Introspects the bearer's own token.
pub async fn introspect_self(ports: &Reader, bearer: &str) -> Result<(TokenRecord, Member), Error> {
    let (caller, _) = authenticate(ports, bearer, Wanted::default()).await?;
    Ok((caller.token().clone(), caller.member().clone()))
}

/// What an access token would be in each org below its own in which its subject is a member, too: all of them or those in
/// `only`, [`MOST_SUB_ORGS`] at most. Nothing for a refresh token.
pub async fn in_sub_orgs(
    ports: &DirectoryReader,
    active: &Active,
    only: Option<&[OrgId]>,
) -> Result<Vec<(TokenRecord, Member)>, Error> {
    let Active::Access { record, .. } = active else { return Ok(Vec::new()) };
    let orgs = match only {
        Some(only) => only.to_vec(),
        None => descendants(ports, &record.org).await?,
    };
    let mut views = Vec::new();
    // Each org is two keys of the hundred that one read takes.
    for orgs in orgs.chunks(50) {
        let members = orgs.iter().map(|org| MemberKey { org: org.clone(), subject: record.subject.clone() }).collect();
        let mut found = ports.reader.tokens.read(&Wanted { orgs: orgs.to_vec(), members, ..Wanted::default() }).await?;
        for id in orgs {
            let key = MemberKey { org: id.clone(), subject: record.subject.clone() };
            let (Some(org), Some(member)) = (found.orgs.get(id), found.members.remove(&key)) else { continue };
            if org.enabled && member.enabled && *id != record.org && org.is_within(&record.org) {
                views.push((view_in(record, org, &member), member));
            }
        }
    }
    Ok(views)
}

/// The same token as it would be in `org`: at most what it is, and at most what the member holds there.
fn view_in(record: &TokenRecord, org: &Org, member: &Member) -> TokenRecord {
    let mut view = record.clone();
    view.org = org.id.clone();
    view.scopes.retain(|scope: &Scope| member.holds(scope.name()));
    view.roles.retain(|app, role| member.roles.get(app).is_some_and(|held| held.contains(role)));
    view
}

/// The orgs below `root`, level by level, so that the nearest come first where there are too many.
async fn descendants(ports: &DirectoryReader, root: &OrgId) -> Result<Vec<OrgId>, Error> {
    let mut found: Vec<OrgId> = Vec::new();
    let mut next = 0;
    let mut parent = root.clone();
    loop {
        let left = MOST_SUB_ORGS - found.len();
        found.extend(ports.directory.sub_orgs(&parent, None, left).await?);
        if found.len() >= MOST_SUB_ORGS || next >= found.len() {
            return Ok(found);
        }
        parent = found[next].clone();
        next += 1;
    }
}

fn inactive(standing: Standing) -> Introspection {
    match standing {
        Standing::Revoked => Introspection::Revoked,
        other => Introspection::Inactive(problem(other)),
    }
}
