//! Refreshing: a refresh token becomes the next access token.

use std::sync::Arc;

use crate::auth::bearer::{Refreshable, family_of, find_family};
use crate::auth::replay::ReplayGuard;
use crate::domain::{
    Client, ClientKind, Denial, Error, Family, Fault, Member, OrgSettings, PersonGrant, PersonGrantKey, Redemption, RefreshToken,
    Refusal, Secret, Service, Timestamp, TokenId, TokenStatus,
};
use crate::jose;
use crate::platform::capabilities::{Granter, Refresher};
use crate::policy::{self, Grant, RefreshRequest, Target};
use crate::store::{AdvanceOutcome, FamilyAdvance, FamilyUpdate, Records, TokenUpdate, UpdateOutcome};
use crate::telemetry::{Alarm, log_alarm};
use crate::tokens::lookup::TokenLookup;
use crate::tokens::mint::{LiveGrant, Minted, Name, generation, mint_as, needed_until};

/// Redeems the refresh token, which is all the proof that it takes. `access_token`, if given, must be one of its family, be it expired.
///
/// One conditional write decides. A repetition of the request within the window gets the same successor; a token that was used
/// up before that ends its family and so every access token of it.
///
/// # Errors
/// [`Refusal::RefreshRejected`] if the refresh token is unknown, expired or revoked, or if it was replaced more than 60 seconds
/// ago: that also ends its family (RFC 9700 section 4.14.2).
pub async fn redeem(ports: &Refresher, token: &str, access_token: Option<&str>) -> Result<Minted, Error> {
    let now = ports.minter.reader.now();
    let token = RefreshToken::parse(token).ok_or(Refusal::RefreshRejected)?;
    let Refreshable { family, member, org, status } =
        find_family(&ports.minter.reader, &token.family).await?.ok_or(Refusal::RefreshRejected)?;
    if !is_genuine(ports, &family, &token).await? || status != TokenStatus::Live {
        return Err(Refusal::RefreshRejected.into());
    }
    if let Some(access) = access_token
        && family_of(&ports.minter.reader, access).await?.as_ref() != Some(&token.family)
    {
        return Err(Refusal::RefreshRejected.into());
    }
    let grant = policy::refresh(&family, Target { org: org.as_deref(), member: member.as_ref() }, now)?;
    match family.judge(token.generation, now) {
        Redemption::Current if family.rotates => rotate(ports, family, grant).await,
        Redemption::Current | Redemption::Retry => repeat(ports, family, grant).await,
        Redemption::Reuse => end(ports, &family).await,
    }
}

/// Whether the secret is the one that was handed out for that generation, be it long ago: only who had it can end the family.
async fn is_genuine(ports: &Refresher, family: &Family, token: &RefreshToken) -> Result<bool, Error> {
    if token.generation > family.generation {
        return Ok(false);
    }
    let genuine = generation(&ports.minter, family, token.generation).await?;
    Ok(jose::equal(genuine.secret.expose(), token.secret.expose()))
}

/// What redeeming the refresh token of a client gives.
#[derive(Debug)]
pub struct Redeemed {
    /// The next access token, with the refresh token that goes with it.
    pub minted: Minted,
    /// Whether the refresh token was the one before the current one.
    pub was_previous: bool,
}

/// Redeems the refresh token of a client that has authenticated. `first` is what the first read has found of it.
///
/// One conditional write decides, also about which access token is the family's only one from now on.
///
/// # Errors
/// [`Denial::RefreshTokenInvalid`] if the refresh token is unknown, expired, revoked or another client's, or if it was used
/// before: that also ends its family (RFC 9700 section 4.14.2). A [`Denial`] if a replay guard was consumed before. A [`Fault`]
/// that can be retried if others changed the family at the same time, again and again. Else as [`policy::refresh_of_client`].
pub async fn redeem_of_client(
    ports: &Granter,
    service: &Service,
    client: &Client,
    (lookup, first): (&TokenLookup, &Records),
    ask: RefreshRequest,
    mut replay_guards: Vec<ReplayGuard>,
) -> Result<Redeemed, Error> {
    let (now, refresh_lifetime) = (ports.reader().now(), ask.refresh_lifetime);
    // A value that a caller chose is the first generation's.
    let generation = lookup.refresh_token().map_or(0, |token| token.generation);
    for _ in 0..TRIES {
        let PresentFamily { family, member, person_grant } = present_family(ports, client, (lookup, first)).await?;
        let redemption = family.judge(generation, now);
        let is_over = redemption == Redemption::Reuse;
        // Whatever else is wrong with it, who has its key must not learn by a used-up token whether the family lives.
        let ask = if is_over { RefreshRequest { scopes: None, audiences: None, ..ask.clone() } } else { ask.clone() };
        let grant = policy::refresh_of_client(service.org(), client, (&family, member.as_ref()), ask, now)?;
        for replay_guard in replay_guards.drain(..) {
            replay_guard.consume(&*ports.once).await?;
        }
        let family = if is_over || grant.issuance == family.issuance {
            Some(family)
        } else {
            with_issuance(ports, family, &grant).await?
        };
        let Some(mut family) = family else { continue };
        // A client that could authenticate when it got the token may not be able to any more.
        family.rotates |=
            client.settings.kind == ClientKind::Public && !service.org().settings.keeps_refresh_token(Some(client.settings.kind));
        // A length of time that is said moves its end this once.
        family.slides = refresh_lifetime.or(family.slides);
        let minted = match redemption {
            Redemption::Current if family.rotates => rotate(&ports.refresher, family, grant).await,
            Redemption::Current | Redemption::Retry => repeat(&ports.refresher, family, grant).await,
            Redemption::Reuse => end(&ports.refresher, &family).await,
        };
        let minted = minted.map_err(|error| match error {
            Error::Refused(Refusal::RefreshRejected) => REJECTED.into(),
            other @ (Error::Refused(_) | Error::Failed(_)) => other,
        })?;
        if let Some(grant) = person_grant.filter(|grant| grant.notes_use(now)) {
            note_use(ports, &grant.key, now).await;
        }
        return Ok(Redeemed { minted, was_previous: redemption == Redemption::Retry });
    }
    Err(Fault::unavailable("changing a family: others were always faster").into())
}

const REJECTED: Denial = Denial::RefreshTokenInvalid;
const TRIES: usize = 5;

/// Notes when a person's grant was last used. That decides nothing: if it fails the person sees an earlier time.
async fn note_use(ports: &Granter, key: &PersonGrantKey, now: Timestamp) {
    if let Err(fault) = ports.person_grants.note_person_grant_use(key, now).await {
        tracing::warn!(?fault, "the use of a grant isn't noted");
    }
}

/// The family of the refresh token of a client, which is genuine, be it used up, with the member on whom it depends and what a person
/// has granted by which it began.
struct PresentFamily {
    family: Family,
    member: Option<Member>,
    person_grant: Option<PersonGrant>,
}

async fn present_family(
    ports: &Granter,
    client: &Client,
    (lookup, first): (&TokenLookup, &Records),
) -> Result<PresentFamily, Error> {
    let found = lookup.find_refresh(ports.reader(), first).await?.ok_or(REJECTED)?;
    let (family, member, person_grant) = (found.family, found.member, found.person_grant);
    // A value that a caller chose is found by its hash, which proves it.
    let is_genuine = match lookup.refresh_token() {
        Some(token) => is_genuine(&ports.refresher, &family, token).await?,
        None => !lookup.is_identifier(),
    };
    let is_own = family.client == Some(client.id);
    if is_genuine && !is_own {
        log_alarm(Alarm::RefreshTokenOfAnother, &family.org, Some(client.id), family.id);
    }
    let is_good = is_genuine && is_own && found.status == TokenStatus::Live;
    if is_good { Ok(PresentFamily { family, member, person_grant }) } else { Err(REJECTED.into()) }
}

/// The family with what its next tokens are issued with, too. `None`: it has changed since it was read.
async fn with_issuance(ports: &Granter, family: Family, grant: &Grant) -> Result<Option<Family>, Error> {
    let mut family = family;
    family.issuance.clone_from(&grant.issuance);
    family.revision += 1;
    let change = FamilyUpdate { family: family.clone(), moves_end: false };
    let amendment = TokenUpdate { token: None, family: Some(change), alias: None };
    match ports.amend.update_token(&amendment).await? {
        UpdateOutcome::Done => Ok(Some(family)),
        UpdateOutcome::Outdated | UpdateOutcome::ValueTaken => Ok(None),
    }
}

/// Moves the family on, then mints: if minting fails, the repeated request still gets the successor.
async fn rotate(ports: &Refresher, family: Family, grant: Grant) -> Result<Minted, Error> {
    let next = generation(&ports.minter, &family, family.generation + 1).await?;
    let name = Name::new(&grant, Some(family.id.shard()), &*ports.minter.entropy)?;
    let step = step(&family, &grant, name.id, Some(jose::sha256(next.secret.expose())));
    match ports.refresh.advance_family(&step).await? {
        AdvanceOutcome::Applied => {
            let minted =
                mint_as(&ports.minter, LiveGrant::of_live_family(grant), name, Some(Arc::new(step.taken(family)))).await?;
            Ok(Minted { refresh_token: Some(Secret::new(next.to_string())), ..minted })
        }
        AdvanceOutcome::Superseded(now) if now.revoked_at.is_none() => match now.judge(family.generation, step.now) {
            Redemption::Current | Redemption::Retry => repeat(ports, *now, grant).await,
            Redemption::Reuse => end(ports, &now).await,
        },
        AdvanceOutcome::Superseded(_) | AdvanceOutcome::Unknown => Err(Refusal::RefreshRejected.into()),
    }
}

/// Mints once more at the family's current generation, and returns its token: the same one, however often it is asked for.
async fn repeat(ports: &Refresher, family: Family, grant: Grant) -> Result<Minted, Error> {
    let current = generation(&ports.minter, &family, family.generation).await?;
    let is_derived = jose::equal(&jose::sha256(current.secret.expose()), &family.current);
    let name = Name::new(&grant, Some(family.id.shard()), &*ports.minter.entropy)?;
    let family = if family.exclusive {
        // Only the newest access token is alive: the family must know it.
        let step = step(&family, &grant, name.id, None);
        match ports.refresh.advance_family(&step).await? {
            AdvanceOutcome::Applied => step.taken(family),
            AdvanceOutcome::Superseded(_) | AdvanceOutcome::Unknown => return Err(Refusal::RefreshRejected.into()),
        }
    } else {
        family
    };
    let minted = mint_as(&ports.minter, LiveGrant::of_live_family(grant), name, Some(Arc::new(family))).await?;
    // A value that a caller chose isn't ours to tell: who presented it has it.
    Ok(Minted { refresh_token: is_derived.then(|| Secret::new(current.to_string())), ..minted })
}

fn step(family: &Family, grant: &Grant, token: TokenId, next: Option<[u8; 32]>) -> FamilyAdvance {
    let latest = family.issued_at.plus(OrgSettings::MAX_LIFETIME);
    let end = family.slides.map_or(family.expires_at, |length| grant.issued_at.whole_second().plus(length).min(latest));
    let needed = family.needed_until.zip(needed_until(grant.expires_at, end)).map(|(before, now)| before.max(now));
    let ends = (end, needed) != (family.expires_at, family.needed_until);
    FamilyAdvance {
        key: family.key(),
        from: family.generation,
        next,
        token,
        now: grant.issued_at,
        ends: ends.then_some((end, needed)),
    }
}

/// Ends a family of which a token was used twice: one of the two users is a thief (RFC 9700 section 4.14.2).
async fn end(ports: &Refresher, family: &Family) -> Result<Minted, Error> {
    ports.revoke.revoke_family(&family.key(), ports.minter.reader.now().into()).await?;
    log_alarm(Alarm::RefreshTokenReused, &family.org, family.client, family.id);
    Err(Refusal::RefreshRejected.into())
}
