//! Minting: a grant becomes a record and a signed token.

use crate::domain::{
    Caller, Claims, Error, Family, Fault, Member, MemberKey, RefreshToken, Refusal, Seconds, Secret, SessionId, TokenId,
    TokenRecord,
};
use crate::examine::{Also, authenticate};
use crate::jose;
use crate::policy::{self, Ask, Grant, RefreshGrant, Target};
use crate::ports::{Lookup, Minter};
use crate::store::Found;

/// The `typ` of tokens of the Agilicus dialect: its SDK takes nothing else.
const TYPE: &str = "JWT";

/// A token that was minted, recorded and signed.
#[derive(Debug)]
pub struct Minted {
    /// The token itself.
    pub token: Secret<String>,
    /// Its record.
    pub record: TokenRecord,
    /// The refresh token that came with it.
    pub refresh_token: Option<Secret<String>>,
}

impl Minted {
    /// How long it lives from the moment it begins; `None`: for ever.
    pub fn lifetime(&self) -> Option<Seconds> {
        self.record.expires_at.map(|exp| exp.since(self.record.not_before.whole_second()))
    }

    /// The session that it is in.
    pub fn session(&self) -> Option<&SessionId> {
        self.record.session.as_ref().map(|session| &session.id)
    }
}

/// Mints what the bearer asks for, if it may have it. Returns the member with it.
pub async fn create(ports: &Minter, bearer: &str, ask: Ask) -> Result<(Minted, Member), Error> {
    let target = MemberKey { org: ask.org.clone(), subject: ask.subject.clone() };
    let (caller, mut found) = authenticate(&ports.reader, bearer, also(&target)).await?;
    let grant = policy::decide(ask, &caller, target_in(&found, &target), ports.reader.now())?;
    let minted = mint(ports, grant).await?;
    let member = found.members.remove(&target).ok_or(Fault::internal("finding the member that was just decided on"))?;
    Ok((minted, member))
}

/// Says whether [`create`] would mint what is asked for, if an administrator asked. Writes nothing.
pub async fn validate(ports: &Lookup, ask: &Ask) -> Result<(), Error> {
    let target = MemberKey { org: ask.org.clone(), subject: ask.subject.clone() };
    let wanted = crate::store::Wanted { orgs: vec![ask.org.clone()], members: vec![target.clone()], ..Default::default() };
    let found = ports.directory.read(&wanted).await?;
    policy::verdict(ask, target_in(&found, &target), ports.clock.now())?;
    Ok(())
}

/// Mints a token for `org` from the presented one, which stays as it is.
pub async fn reissue(ports: &Minter, token: &str, org: crate::domain::OrgId) -> Result<Minted, Error> {
    let now = ports.reader.now();
    let (presented, mut found) =
        crate::examine::examine(&ports.reader, token, Also { orgs: vec![org.clone()], members: Vec::new() }).await?;
    let caller: Caller = crate::examine::caller(presented).map_err(Refusal::TokenRejected)?;
    crate::telemetry::note_caller(&caller);
    let target = MemberKey { org, subject: caller.subject().clone() };
    if !found.members.contains_key(&target) {
        // Whose membership it is was in the token, so it takes a second read.
        let wanted = crate::store::Wanted { members: vec![target.clone()], ..Default::default() };
        found.members = ports.reader.tokens.read(&wanted).await?.members;
    }
    let grant = policy::reissue(&caller, target_in(&found, &target), now)?;
    mint(ports, grant).await
}

/// Records and signs at the same time: nothing is returned before both have succeeded. What was signed and not recorded is
/// invalid wherever it is presented; what was recorded and not signed expires by itself.
pub async fn mint(ports: &Minter, grant: Grant) -> Result<Minted, Error> {
    let id = TokenId::generate(grant.issued_at, None, &*ports.entropy)?;
    mint_as(ports, grant, id, None).await
}

/// Mints under a given id, which was drawn before: for the next token of an existing `family`.
pub(crate) async fn mint_as(ports: &Minter, grant: Grant, id: TokenId, family: Option<TokenId>) -> Result<Minted, Error> {
    let begun = match &grant.refresh {
        Some(refresh) => Some(begin_family(ports, &grant, refresh, id).await?),
        None => None,
    };
    let record = record(grant, id, begun.as_ref().map(|(family, _)| family.id).or(family));
    let payload = jose::claims::to_json(&Claims::of(&record, &ports.issuer))?;
    let signing = ports.signing.now().await?;
    let signer = signing.signer();
    if jose::jws::length(signer.jwk(), TYPE, &payload)? > signer.longest() {
        return Err(Refusal::TokenTooLarge { limit: signer.longest() }.into());
    }
    let family = begun.as_ref().map(|(family, _)| family);
    let (token, ()) = tokio::try_join!(jose::sign(signer, TYPE, &payload), ports.write.record(&record, family))?;
    crate::telemetry::note_token(&record);
    Ok(Minted { token: Secret::new(token), record, refresh_token: begun.map(|(_, token)| Secret::new(token.to_string())) })
}

/// The secret of one generation: derived, so that a repeated request gets the same one and nothing raw is stored. The
/// database alone can't derive it, nor can the key alone.
pub(crate) async fn generation(ports: &Minter, family: &Family, generation: u64) -> Result<RefreshToken, Fault> {
    let mut context = b"jeton refresh token\0".to_vec();
    context.extend(family.salt);
    context.extend(family.id.as_bytes());
    context.extend(generation.to_be_bytes());
    context.extend(family.org.as_str().as_bytes());
    Ok(RefreshToken { family: family.key(), generation, secret: ports.signing.now().await?.deriver().derive(&context).await? })
}

async fn begin_family(
    ports: &Minter,
    grant: &Grant,
    refresh: &RefreshGrant,
    token: TokenId,
) -> Result<(Family, RefreshToken), Fault> {
    let mut salt = [0; 16];
    ports.entropy.fill(&mut salt)?;
    let mut family = Family {
        id: TokenId::generate(grant.issued_at, Some(token.shard()), &*ports.entropy)?,
        org: grant.org.clone(),
        root_org: grant.root_org.clone(),
        subject: grant.subject.clone(),
        client: grant.client,
        generation: 0,
        salt,
        current: [0; 32],
        previous: None,
        rotated_at: grant.issued_at,
        rotates: refresh.rotates,
        issued_at: grant.issued_at,
        expires_at: refresh.expires_at,
        revoked_at: None,
        token,
        token_duration: refresh.token_duration,
        audiences: grant.audiences.clone(),
        scopes: grant.scopes.clone(),
        roles: grant.roles.clone(),
        hosts: grant.hosts.clone(),
        session: grant.session.clone(),
        creator: grant.creator.clone(),
        masquerading: grant.masquerading,
    };
    let first = generation(ports, &family, 0).await?;
    family.current = jose::sha256(first.secret.expose());
    Ok((family, first))
}

fn record(grant: Grant, id: TokenId, family: Option<TokenId>) -> TokenRecord {
    let Grant { org, root_org, subject, client, issued_at, not_before, expires_at, .. } = grant;
    let Grant { audiences, scopes, roles, hosts, session, creator, masquerading, .. } = grant;
    TokenRecord {
        id,
        org,
        root_org,
        subject,
        client,
        issued_at,
        not_before,
        expires_at,
        audiences,
        scopes,
        roles,
        hosts,
        session,
        creator,
        masquerading,
        family,
        revoked_at: None,
    }
}

fn also(target: &MemberKey) -> Also {
    Also { orgs: vec![target.org.clone()], members: vec![target.clone()] }
}

fn target_in<'a>(found: &'a Found, key: &MemberKey) -> Target<'a> {
    Target { org: found.orgs.get(&key.org), member: found.members.get(key) }
}
