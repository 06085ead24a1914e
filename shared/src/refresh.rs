//! Refreshing: a refresh token becomes the next access token.

use crate::domain::{Error, Family, Redemption, RefreshToken, Refusal, Secret, Standing, TokenId};
use crate::examine::{Refreshable, family_of, read_family};
use crate::jose;
use crate::mint::{Minted, generation, mint_as};
use crate::policy::{self, Grant, Target};
use crate::ports::Refresher;
use crate::store::{Rotation, RotationStep};

/// Redeems the refresh token, which is all the proof that it takes. `access_token`, if given, must be one of its family, be it expired.
///
/// One conditional write decides. A repetition of the request within the window gets the same successor; a token that was used
/// up before that ends its family and so every access token of it.
pub async fn redeem(ports: &Refresher, token: &str, access_token: Option<&str>) -> Result<Minted, Error> {
    let now = ports.minter.reader.now();
    let token = RefreshToken::parse(token).ok_or(Refusal::RefreshRejected)?;
    let Refreshable { family, member, org, standing } =
        read_family(&ports.minter.reader, &token.family).await?.ok_or(Refusal::RefreshRejected)?;
    if !is_genuine(ports, &family, &token).await? || standing != Standing::Live {
        return Err(Refusal::RefreshRejected.into());
    }
    if let Some(access) = access_token
        && family_of(&ports.minter.reader, access).await?.as_ref() != Some(&token.family)
    {
        return Err(Refusal::RefreshRejected.into());
    }
    let grant = policy::refresh(&family, Target { org: org.as_ref(), member: member.as_ref() }, now)?;
    match family.judge(token.generation, now) {
        Redemption::Current if family.rotates => rotate(ports, family, grant).await,
        Redemption::Current | Redemption::Retry => repeat(ports, &family, grant).await,
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

/// Moves the family on, then mints: if minting fails, the repeated request still gets the successor.
async fn rotate(ports: &Refresher, family: Family, grant: Grant) -> Result<Minted, Error> {
    let id = TokenId::generate(grant.issued_at, Some(family.id.shard()), &*ports.minter.entropy)?;
    let next = generation(&ports.minter, &family, family.generation + 1).await?;
    let step = RotationStep {
        key: family.key(),
        from: family.generation,
        next: jose::sha256(next.secret.expose()),
        token: id,
        now: grant.issued_at,
    };
    match ports.refresh.rotate(&step).await? {
        Rotation::Won => {
            let minted = mint_as(&ports.minter, grant, id, Some(family.id)).await?;
            Ok(Minted { refresh_token: Some(Secret::new(next.to_string())), ..minted })
        }
        Rotation::Lost(now) if now.revoked_at.is_none() => match now.judge(family.generation, step.now) {
            Redemption::Current | Redemption::Retry => repeat(ports, &now, grant).await,
            Redemption::Reuse => end(ports, &now).await,
        },
        Rotation::Lost(_) | Rotation::Unknown => Err(Refusal::RefreshRejected.into()),
    }
}

/// Mints once more at the family's current generation, and returns its token: the same one, however often it is asked for.
async fn repeat(ports: &Refresher, family: &Family, grant: Grant) -> Result<Minted, Error> {
    let id = TokenId::generate(grant.issued_at, Some(family.id.shard()), &*ports.minter.entropy)?;
    let current = generation(&ports.minter, family, family.generation).await?;
    let minted = mint_as(&ports.minter, grant, id, Some(family.id)).await?;
    Ok(Minted { refresh_token: Some(Secret::new(current.to_string())), ..minted })
}

/// Ends a family of which a token was used twice: one of the two users is a thief (RFC 9700 section 4.14.2).
async fn end(ports: &Refresher, family: &Family) -> Result<Minted, Error> {
    ports.revoke.revoke_family(&family.key(), ports.minter.reader.now()).await?;
    tracing::warn!(org = %family.org, family = %family.id, "a refresh token was used twice: its family is revoked");
    Err(Refusal::RefreshRejected.into())
}
