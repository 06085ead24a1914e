//! The first administrator, whom nobody can ask for: whoever runs the service makes it.

use crate::domain::{Error, Member, MemberKey, MemberKind, Org, OrgId, OrgSettings, Profile, ScopePattern, Seconds, Subject};
use crate::mint::{Minted, mint};
use crate::policy;
use crate::ports::Minter;
use crate::store::Store;

/// Makes the org and its administrator if they are missing, and leaves them as they are if not.
pub async fn administrator(
    store: &dyn Store,
    org: &OrgId,
    subject: &Subject,
    now: crate::domain::Timestamp,
) -> Result<(Org, Member), Error> {
    let org = match store.org(org).await? {
        Some(org) => org,
        None => {
            let org = Org {
                id: org.clone(),
                ancestors: Vec::new(),
                name: None,
                enabled: true,
                settings: OrgSettings::default(),
                ever_non_expiring: false,
                created_at: now,
                updated_at: now,
            };
            store.put_org(&org).await?;
            org
        }
    };
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

/// Mints an administrator's token with `urn:jeton:admin`.
pub async fn token(ports: &Minter, org: &Org, member: &Member, lifetime: Seconds) -> Result<Minted, Error> {
    mint(ports, policy::bootstrap(org, member, lifetime, ports.reader.now())).await
}
