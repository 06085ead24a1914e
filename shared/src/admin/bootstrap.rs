//! The first administrator, whom nobody can ask for: whoever runs the service makes it.

use crate::admin::rotation::{RotationRequest, rotate};
use crate::domain::{
    Error, Member, MemberKey, MemberKind, Org, OrgId, Profile, Refusal, ScopePattern, Seconds, Subject, Timestamp,
};
use crate::platform::capabilities::{Bootstrapper, Minter};
use crate::policy;
use crate::store::Store;
use crate::tokens::mint::{Minted, mint};

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

/// Makes the first keys, org, administrator and token. Refuses where there is such an administrator, unless told to go on.
///
/// # Errors
/// [`Refusal::Conflict`] if there is such an administrator already and `again` isn't set.
pub async fn found(ports: &Bootstrapper, ask: Foundation) -> Result<Minted, Error> {
    let key = MemberKey { org: ask.org.clone(), subject: ask.subject.clone() };
    if !ask.again && ports.store.member(&key).await?.is_some() {
        return Err(Refusal::Conflict("the administrator exists already: send \"again\": true for another token").into());
    }
    rotate(&ports.rotator, &RotationRequest::default()).await?;
    let (org, member) = administrator(&*ports.store, &ask.org, &ask.subject, ports.rotator.clock.now()).await?;
    let mut tries = 0;
    loop {
        match token(&ports.minter, &org, &member, ask.lifetime).await {
            Ok(minted) => return Ok(minted),
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

async fn first_org(store: &dyn Store, id: &OrgId, now: Timestamp) -> Result<Org, Error> {
    let org = Org::new(id.clone(), now);
    store.put_org(&org).await?;
    Ok(org)
}

/// Mints an administrator's token with `urn:jeton:admin`.
///
/// # Errors
/// [`Refusal::TokenTooLarge`] if the token is longer than the key can sign.
pub async fn token(ports: &Minter, org: &Org, member: &Member, lifetime: Seconds) -> Result<Minted, Error> {
    mint(ports, policy::bootstrap(org, member, lifetime, ports.reader.now())).await
}
