//! The first administrator, whom nobody can ask for: whoever runs the service makes it.

use crate::domain::{
    Error, Member, MemberKey, MemberKind, Org, OrgId, OrgSettings, Profile, ScopePattern, Seconds, Subject, Timestamp,
};
use crate::mint::{Minted, mint};
use crate::policy;
use crate::ports::Minter;
use crate::store::Store;

/// Makes the org and its administrator if they are missing, and leaves them as they are if not.
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
    let org = Org {
        id: id.clone(),
        ancestors: Vec::new(),
        name: None,
        enabled: true,
        settings: OrgSettings::default(),
        ever_non_expiring: false,
        created_at: now,
        updated_at: now,
    };
    store.put_org(&org).await?;
    Ok(org)
}

/// Mints an administrator's token with `urn:jeton:admin`.
pub async fn token(ports: &Minter, org: &Org, member: &Member, lifetime: Seconds) -> Result<Minted, Error> {
    mint(ports, policy::bootstrap(org, member, lifetime, ports.reader.now())).await
}
