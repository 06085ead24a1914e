//! The first administrator, whom nobody can ask for: whoever runs the service makes it.

use crate::admin::orgs_and_members::is_administrator;
use crate::admin::rotation::{RotationRequest, rotate};
use crate::domain::scope::api;
use crate::domain::{
    AssertionSettings, Error, Fault, Member, MemberKey, MemberKind, NotBefores, Org, OrgId, Profile, Refusal, ScopePattern,
    Seconds, Subject, Timestamp,
};
use crate::platform::capabilities::{Bootstrapper, Minter};
use crate::policy;
use crate::store::{Put, Store};
use crate::telemetry::{log_founded, log_restored};
use crate::tokens::mint::{LiveGrant, Minted, mint};

/// The first org and its administrator, which the bootstrap makes.
#[derive(Clone, Debug)]
pub struct Foundation {
    /// Id of the first org, the root of all others.
    pub org: OrgId,
    /// The `sub` of the administrator of that org.
    pub subject: Subject,
    /// How long the administrator's token lives.
    pub lifetime: Seconds,
    /// Whether to mint another token where there is an administrator already.
    pub again: bool,
}

/// What the bootstrap has made.
#[derive(Debug)]
pub struct Founded {
    /// The token of the administrator.
    pub minted: Minted,
    /// Whether the administrator was there, and couldn't act as one any more.
    pub restored: bool,
}

/// Makes the first keys, org, administrator and token. Refuses where there is such an administrator, unless told to go on: then one
/// that has lost its office gets it back.
///
/// # Errors
/// [`Refusal::Conflict`] if there is such an administrator already and `again` isn't set.
pub async fn found(ports: &Bootstrapper, ask: Foundation) -> Result<Founded, Error> {
    let key = MemberKey { org: ask.org.clone(), subject: ask.subject.clone() };
    if !ask.again && ports.store.member(&key).await?.is_some() {
        return Err(Refusal::Conflict(
            "the administrator exists already: send \"again\": true for another token, and for its office if it has lost that",
        )
        .into());
    }
    rotate(&ports.rotator, &RotationRequest::default()).await?;
    let now = ports.rotator.clock.now();
    let (org, member) = administrator(&*ports.store, &ask.org, &ask.subject, now).await?;
    let (org, member, restored) = restore(&*ports.store, org, member, now).await?;
    let mut tries = 0;
    loop {
        match token(&ports.minter, &org, &member, ask.lifetime).await {
            Ok(minted) => {
                log_founded(&minted.record, restored);
                return Ok(Founded { minted, restored });
            }
            // A key that KMS has just made isn't known in all of KMS yet.
            Err(Error::Failed(fault)) if fault.can_retry() && tries < 5 => tries += 1,
            Err(error) => return Err(error),
        }
        tokio::time::sleep(std::time::Duration::from_secs(2)).await;
    }
}

/// Makes the org and its administrator if they are missing, and leaves them as they are if not.
///
/// # Errors
/// Only a fault: the store can't be read or written.
pub async fn administrator(store: &dyn Store, org: &OrgId, subject: &Subject, now: Timestamp) -> Result<(Org, Member), Error> {
    let org = if let Some(org) = store.org(org).await? { org } else { first_org(store, org, now).await? };
    let key = MemberKey { org: org.id.clone(), subject: subject.clone() };
    if let Some(member) = store.member(&key).await? {
        return Ok((org, member));
    }
    let member = Member {
        org: key.org,
        subject: key.subject,
        kind: MemberKind::ServiceAccount,
        profile: Profile::default(),
        scopes: ScopePattern::parse("*").into_iter().collect(),
        roles: std::collections::BTreeMap::new(),
        enabled: true,
        created_at: now,
        updated_at: now,
    };
    store.put_member(&member).await?;
    Ok((org, member))
}

/// Lets the first administrator and its org act again, if they can't: both are enabled, and the administrator holds
/// `urn:jeton:admin`. What else was decided of them stays. Whoever runs the service can always do that, so that nobody is locked
/// out of it for ever.
///
/// It is a line in the log, and where there is an audit trail the change is told like any other. Returns whether anything was
/// restored that had been lost.
///
/// # Errors
/// Only a fault: the store can't be written.
pub async fn restore(store: &dyn Store, org: Org, member: Member, now: Timestamp) -> Result<(Org, Member, bool), Error> {
    if org.enabled && is_administrator(&member) {
        return Ok((org, member, false));
    }
    let seen = org;
    let org = if seen.enabled { seen.clone() } else { Org { enabled: true, updated_at: now, ..seen.clone() } };
    let mut member = Member { enabled: true, updated_at: now, ..member };
    if !is_administrator(&member) {
        member.scopes.extend(ScopePattern::parse(api::ADMIN));
    }
    if store.put_org(Some(&seen), &org, None).await? != Put::Replaced {
        return Err(Fault::internal("restoring the administrator: its org has changed meanwhile, try again").into());
    }
    store.put_member(&member).await?;
    log_restored(&org.id, &member.subject);
    Ok((org, member, true))
}

async fn first_org(store: &dyn Store, id: &OrgId, now: Timestamp) -> Result<Org, Error> {
    let org = Org::new(id.clone(), now);
    store.put_org(None, &org, Some(&AssertionSettings::default())).await?;
    Ok(org)
}

/// Mints an administrator's token with `urn:jeton:admin`.
///
/// # Errors
/// [`Refusal::TokenTooLarge`] if the token is longer than the key can sign.
pub async fn token(ports: &Minter, org: &Org, member: &Member, lifetime: Seconds) -> Result<Minted, Error> {
    let grant = policy::bootstrap(org, member, lifetime, ports.reader.now());
    mint(ports, LiveGrant::check(&ports.reader, grant, &NotBefores::default()).await?).await
}
