//! Revocation of what the bearer of one token has had made.

use futures::future::try_join_all;

use crate::domain::{Error, Fault, OrgId, Refusal, RevocationStamp, Seconds, Service, Timestamp, TokenId, TokenKey, TokenRecord};
use crate::platform::capabilities::SubOrgRevoker;
use crate::store::{OrgWalk, RecordKeys, TokenQuery};
use crate::tokens::pages::Pages;

/// Whose tokens to revoke: what the bearer of one token has had made.
#[derive(Clone, Debug)]
pub struct MadeByBearer {
    /// The token by which they were made, which is in the org of the service.
    pub creator: TokenId,
    /// Where an earlier call stopped, if it did. `None`: begin with the newest token.
    pub after: Option<TokenKey>,
}

/// How far a revocation of what a bearer has had made has come.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct MadeRevocation {
    /// The moment of the call: what was made before and looked at is dead.
    pub at: Timestamp,
    /// Where to go on, because the time was up. `None`: all was looked at.
    pub next: Option<TokenKey>,
}

/// Revokes a token, so that its bearer has no more made by it, and then all that its bearer had made, in the org and below it, each
/// with its refresh family.
///
/// No mark could do that: which token made another is in no claim, so each introspection would have to look it up. It walks back from
/// the newest token to the moment at which the creator was made, and stops after six seconds; a repetition with `next` goes on.
///
/// # Errors
/// [`Refusal::NotFound`] if there is no such token in the org, and none that it made either: its record goes some time after its
/// end, and what it made may last longer. [`Refusal::Invalid`] if the org of `after` isn't at or below the service's, or was deleted.
pub async fn revoke_made(ports: &SubOrgRevoker, service: &Service, target: MadeByBearer) -> Result<MadeRevocation, Error> {
    let MadeByBearer { creator, after } = target;
    let is_first_call = after.is_none();
    let (mut org, mut walk, mut after) = begin(ports, service.id(), after).await?;
    let reader = &ports.orgs.reader;
    let now = reader.now();
    let revoker = MadeRevoker {
        ports,
        creator,
        stamp: RevocationStamp::new(now, service.as_revoking_party()),
        oldest: TokenId::first_of(creator.drawn_at().minus(Seconds(1))),
        until: now.plus(REVOCATION_TIME_LIMIT),
    };
    let mut is_known = revoker.revoke_creator(service.id()).await? || !is_first_call;
    loop {
        let here = revoker.revoke_in(&org, after.take()).await?;
        is_known |= here.has_any;
        if let Some(id) = here.next {
            return Ok(MadeRevocation { at: now, next: Some(TokenKey { org, id }) });
        }
        match walk.next(&*ports.orgs.directory, ORGS_AT_ONCE).await? {
            Some(below) => org = below,
            None if is_known => return Ok(MadeRevocation { at: now, next: None }),
            None => return Err(Refusal::NotFound("token").into()),
        }
    }
}

/// The org to begin in, the walk through those that follow, and behind which token to begin.
async fn begin(ports: &SubOrgRevoker, top: &OrgId, after: Option<TokenKey>) -> Result<(OrgId, OrgWalk, Option<TokenId>), Error> {
    let Some(TokenKey { org, id }) = after else { return Ok((top.clone(), OrgWalk::below(top), None)) };
    let last = ports.orgs.directory.org(&org).await?.filter(|org| org.is_within(top));
    let last = last.ok_or_else(|| Refusal::invalid("after", BEGIN_AGAIN))?;
    Ok((org, OrgWalk::behind(&last, top), Some(id)))
}

/// One call of the revocation.
struct MadeRevoker<'a> {
    ports: &'a SubOrgRevoker,
    creator: TokenId,
    stamp: RevocationStamp,
    /// No token that the creator made has a smaller id: clocks differ by a second at most.
    oldest: TokenId,
    /// When the call stops.
    until: Timestamp,
}

/// What was done in one org.
struct RevokedInOrg {
    /// Whether there was any token that the creator made.
    has_any: bool,
    /// Behind which token to go on, because the time was up.
    next: Option<TokenId>,
}

impl MadeRevoker<'_> {
    /// Revokes the creator itself. Returns whether it is on record.
    async fn revoke_creator(&self, org: &OrgId) -> Result<bool, Fault> {
        let key = TokenKey { org: org.clone(), id: self.creator };
        let wanted = RecordKeys { tokens: vec![key.clone()], ..RecordKeys::default() };
        let found = self.ports.orgs.reader.tokens.read(&wanted).await?;
        let Some(record) = found.tokens.get(&key) else { return Ok(false) };
        crate::telemetry::note_token(record);
        self.revoke(record).await?;
        Ok(true)
    }

    /// Revokes what was made in one org, the newest first.
    async fn revoke_in(&self, org: &OrgId, after: Option<TokenId>) -> Result<RevokedInOrg, Fault> {
        let reader = &self.ports.orgs.reader;
        let query = TokenQuery { created_by: Some(self.creator), after, limit: MAX_PAGE_TOKENS, ..TokenQuery::default() };
        let mut pages = Pages::new(reader, org, query, self.until);
        let mut has_any = false;
        while let Some(made) = pages.next().await? {
            has_any |= !made.is_empty();
            for some in made.chunks(TOKENS_AT_ONCE) {
                try_join_all(some.iter().filter(|token| self.may_open_anything(token)).map(|token| self.revoke(token))).await?;
                if reader.now() >= self.until {
                    return Ok(RevokedInOrg { has_any, next: some.last().map(|token| token.id) });
                }
            }
            if pages.rest().is_none_or(|rest| rest < self.oldest) {
                // Where the time is up now, the next call finds nothing more here and goes on with the orgs below.
                let next = (reader.now() >= self.until).then_some(self.oldest);
                return Ok(RevokedInOrg { has_any, next });
            }
        }
        Ok(RevokedInOrg { has_any, next: pages.rest() })
    }

    /// Whether a token has to be revoked: it or its family may be alive.
    fn may_open_anything(&self, token: &TokenRecord) -> bool {
        token.family.is_some() || (token.revoked_at.is_none() && !token.is_expired(self.stamp.at))
    }

    async fn revoke(&self, token: &TokenRecord) -> Result<(), Fault> {
        self.ports.revoke.revoke(&token.key(), token.family_key().as_ref(), self.stamp.clone()).await?;
        Ok(())
    }
}

/// What is wrong with an `after` whose org isn't there.
const BEGIN_AGAIN: &str = "must be the next of the answer before, and its org must still be there: begin again without after";
/// So many tokens are read at once, at most.
const MAX_PAGE_TOKENS: usize = 1_000;
/// For how long tokens are looked for and revoked. A function has ten seconds for all that it does.
const REVOCATION_TIME_LIMIT: Seconds = Seconds(6);
/// So many tokens are revoked at the same time.
const TOKENS_AT_ONCE: usize = 16;
/// So many ids of orgs are read at the same time.
const ORGS_AT_ONCE: usize = 100;
