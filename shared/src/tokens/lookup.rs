//! Finding the tokens of OAuth clients by their values, or by identifiers that stand for these.
//!
//! A value tells where its record is, but not whose it is: so there are two reads. The first one, which also authenticates who
//! asks, finds the record; the second reads it once more with all that decides about it, but for the orgs and clients that the first one
//! has found.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::Arc;

use crate::auth::presented::{self, decisive_for_family, decisive_for_token, is_redeemable, want_ancestors};
use crate::auth::service::Lookup;
use crate::domain::{
    AliasKey, Aliased, Client, Family, FamilyKey, Fault, Issuance, Member, MemberKey, OrgId, PersonGrant, PersonGrantKey,
    RefreshToken, Secret, Subject, Timestamp, TokenContents, TokenId, TokenKey, TokenRecord, TokenStatus,
};
use crate::jose::access_token::JwtClaims;
use crate::jose::{equal, looks_like_jwt, sha256};
use crate::keys::PublishedKeys;
use crate::platform::capabilities::Reader;
use crate::store::{RecordKeys, Records};
use crate::telemetry::{Alarm, log_alarm};
use crate::tokens::opaque;

/// A token as somebody presents it, or something that stands for one: where its record may be.
#[derive(Debug)]
pub struct TokenLookup {
    org: OrgId,
    /// SHA-256 of the opaque value.
    hash: [u8; 32],
    /// The id of its record, if the service made the value.
    native: Option<TokenId>,
    /// What it is if it is an identifier, which opens nothing but names a token or a family.
    identified: Option<TokenId>,
    refresh: Option<RefreshToken>,
    /// The claims of the token, if it is a JWT.
    said: Option<Arc<JwtClaims>>,
}

/// How a request names a token.
#[derive(Clone, Debug)]
pub enum TokenRef {
    /// By the value of its access token: [`TokenLookup::by_value`].
    Access(Secret<String>),
    /// By the value of its refresh token: [`TokenLookup::by_value`].
    Refresh(Secret<String>),
    /// By its value, or by what stands for it: [`TokenLookup::by_identifier`].
    Identifier(Secret<String>),
    /// By the id of its record: [`TokenLookup::by_id`].
    Id(TokenId),
}

/// Which of both a text is looked up as first. It finds either, whatever is said (RFC 7009 section 2.1).
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Hint {
    /// Look for an access token first.
    #[default]
    AccessToken,
    /// Look for a refresh token first.
    RefreshToken,
}

/// What the first read has found of a token: how it stands isn't known yet, nor whether a refresh token is genuine.
#[derive(Clone, Copy, Debug)]
pub enum Located<'a> {
    /// The record of an access token.
    Token(&'a TokenRecord),
    /// The family of a refresh token.
    Family(&'a Family),
}

/// A token of a client that was found.
#[derive(Debug)]
pub enum FoundToken {
    /// An access token, with its record.
    Access(Box<ClientAccessToken>),
    /// A refresh token, with its family.
    Refresh(Box<ClientFamily>),
}

impl FoundToken {
    /// Returns the token without the scopes that it doesn't open now: [`ClientAccessToken::narrowed`],
    /// [`ClientFamily::narrowed`].
    #[must_use]
    pub fn narrowed(self) -> Self {
        match self {
            Self::Access(token) => Self::Access(Box::new(token.narrowed())),
            Self::Refresh(found) => Self::Refresh(Box::new(found.narrowed())),
        }
    }
}

/// An access token of a client, with all that decides about it.
#[derive(Debug)]
pub struct ClientAccessToken {
    /// The record of the token.
    pub record: TokenRecord,
    /// The token's refresh family, if it has one that is still there.
    pub family: Option<Family>,
    /// Its client, if that is still there.
    pub client: Option<Arc<Client>>,
    /// The member on whom it depends, if it does.
    pub member: Option<Member>,
    /// Whether it is alive, and if not, why.
    pub status: TokenStatus,
    /// Whether its family is alive, and if not, why. `None`: it has no family.
    pub family_status: Option<TokenStatus>,
}

impl ClientAccessToken {
    /// Returns the token with the scopes that it opens now: no more than the member holds on whom it depends.
    #[must_use]
    pub fn narrowed(mut self) -> Self {
        if let Some(member) = &self.member {
            self.record.scopes.retain(|scope| member.holds(scope.name()));
        }
        self
    }

    /// Says whether the token's refresh token is alive.
    pub fn is_refreshable(&self) -> bool {
        self.family_status == Some(TokenStatus::Live)
    }
}

/// A refresh family of a client, with all that decides about it.
#[derive(Debug)]
pub struct ClientFamily {
    /// The refresh family that was found.
    pub family: Family,
    /// The newest of its access tokens, if that is still there.
    pub token: Option<TokenRecord>,
    /// Its client, if that is still there.
    pub client: Option<Arc<Client>>,
    /// The member on whom it depends, if it does.
    pub member: Option<Member>,
    /// Whether it is alive, and if not, why.
    pub status: TokenStatus,
    /// What the person has granted to the client, if a person let it in.
    pub person_grant: Option<PersonGrant>,
}

impl ClientFamily {
    /// Returns the family with the scopes that its next access token can open: no more than the member holds on whom it depends.
    #[must_use]
    pub fn narrowed(mut self) -> Self {
        if let Some(member) = &self.member {
            self.family.scopes.retain(|scope| member.holds(scope.name()));
        }
        self
    }
}

impl TokenLookup {
    /// Looks a token up as a request names it.
    pub fn new(keys: &PublishedKeys, org: &OrgId, token: &TokenRef) -> Self {
        match token {
            TokenRef::Access(text) | TokenRef::Refresh(text) => Self::by_value(keys, org, text.expose()),
            TokenRef::Identifier(text) => Self::by_identifier(keys, org, text.expose()),
            TokenRef::Id(id) => Self::by_id(org, *id),
        }
    }

    /// Looks a token up by its value: opaque, a JWT of ours, or a refresh token. A JWT that we didn't sign is never found.
    pub fn by_value(keys: &PublishedKeys, org: &OrgId, text: &str) -> Self {
        let said = if looks_like_jwt(text) { keys.verifier.access_token(text) } else { None };
        let own = opaque::split_org(text).filter(|(named, _)| named == org).map(|(_, value)| value);
        let value = said.as_ref().map_or(own.unwrap_or(text), |said| said.id.expose());
        let refresh = RefreshToken::parse(value).filter(|token| token.family.org == *org);
        let (hash, native) = (sha256(value.as_bytes()), opaque::id_of(value));
        // Only a JWT opens a record by its id.
        let native = native.or_else(|| said.as_ref().and_then(|said| TokenId::parse(said.id.expose()).ok()));
        Self { hash, native, refresh, said, ..Self::nothing(org) }
    }

    /// Looks a token up by its value, or by what lists show in its place: its `jti`, or Authlete's `accessTokenHash`.
    pub fn by_identifier(keys: &PublishedKeys, org: &OrgId, text: &str) -> Self {
        let identified = opaque::identified(text).or_else(|| TokenId::parse(text).ok());
        Self { identified, ..Self::by_value(keys, org, text) }
    }

    /// Looks a token up by the id of its record.
    pub fn by_id(org: &OrgId, id: TokenId) -> Self {
        Self { identified: Some(id), ..Self::nothing(org) }
    }

    fn nothing(org: &OrgId) -> Self {
        // Nothing has this hash.
        Self { org: org.clone(), hash: [0; 32], native: None, identified: None, refresh: None, said: None }
    }

    /// Finds the token, with all that decides about it. `first` is what the first read has found. A refresh token that was
    /// replaced is no token any more.
    ///
    /// # Errors
    /// A [`Fault`] if the store can't be read.
    pub async fn find(&self, ports: &Reader, first: &Records, hint: Hint) -> Result<Option<FoundToken>, Fault> {
        // A value is of one kind only; an identifier may be that of a token and, in theory, that of a family.
        if hint == Hint::RefreshToken
            && let Some(family) = self.find_good_refresh(ports, first).await?
        {
            return Ok(Some(FoundToken::Refresh(Box::new(family))));
        }
        if let Some(token) = self.find_access(ports, first).await? {
            return Ok(Some(FoundToken::Access(Box::new(token))));
        }
        let family = if hint == Hint::RefreshToken { None } else { self.find_good_refresh(ports, first).await? };
        Ok(family.map(|family| FoundToken::Refresh(Box::new(family))))
    }

    /// Finds the access token. `first` is what the first read has found.
    ///
    /// # Errors
    /// A [`Fault`] if the store can't be read.
    pub async fn find_access(&self, ports: &Reader, first: &Records) -> Result<Option<ClientAccessToken>, Fault> {
        let Some(record) = self.record(ports, first).await? else { return Ok(None) };
        read_token(ports, record, first).await
    }

    /// Finds the refresh token. Whether it is the current one isn't looked at.
    ///
    /// # Errors
    /// A [`Fault`] if the store can't be read.
    pub async fn find_refresh(&self, ports: &Reader, first: &Records) -> Result<Option<ClientFamily>, Fault> {
        let aliased = match first.aliases.get(&self.alias()) {
            Some(Aliased::Family(id)) => Some(self.family_key(*id)),
            Some(Aliased::Token(_)) | None => None,
        };
        let by_text = self.refresh.as_ref().map(|token| token.family.clone());
        let identified = || self.identified.map(|id| self.family_key(id));
        let Some(key) = by_text.or(aliased).or_else(identified) else { return Ok(None) };
        let family = match first.families.get(&key) {
            Some(family) => Some(family.clone()),
            None => presented::read_family(ports, &key).await?,
        };
        match family.filter(|family| family.issuance.is_some()) {
            Some(family) => read_client_family(ports, family, first).await,
            None => Ok(None),
        }
    }

    /// The refresh token, if it can be redeemed as it is shown, or if it is only named.
    async fn find_good_refresh(&self, ports: &Reader, first: &Records) -> Result<Option<ClientFamily>, Fault> {
        let found = self.find_refresh(ports, first).await?;
        Ok(found.filter(|found| self.is_identifier() || self.proves(&found.family, ports.now())))
    }

    /// Whether it is the refresh token that `family` has now, or had until now and may be repeated.
    fn proves(&self, family: &Family, now: Timestamp) -> bool {
        // A value that a caller chose is the first generation's.
        let (generation, hash) = match &self.refresh {
            Some(token) => (token.generation, sha256(token.secret.expose())),
            None => (0, self.hash),
        };
        is_redeemable(family, generation, &hash, now)
    }

    /// Returns the refresh token, if it was made by the service.
    pub fn refresh_token(&self) -> Option<&RefreshToken> {
        self.refresh.as_ref()
    }

    /// Says whether this names a record instead of opening it.
    pub fn is_identifier(&self) -> bool {
        self.identified.is_some()
    }

    /// Returns what the first read has found of the token already.
    pub fn at_hand<'a>(&self, first: &'a Records) -> Option<Located<'a>> {
        let family = || first.families.get(&self.refresh.as_ref()?.family).filter(|family| family.issuance.is_some());
        self.record_at_hand(first).map(Located::Token).or_else(|| family().map(Located::Family))
    }

    fn record_at_hand<'a>(&self, first: &'a Records) -> Option<&'a TokenRecord> {
        let record = |id: TokenId| first.tokens.get(&self.token_key(id)).filter(|record| record.issuance.is_some());
        let native = || self.native.and_then(record).filter(|record| record.value.is_none());
        self.identified.and_then(record).or_else(native)
    }

    async fn record(&self, ports: &Reader, first: &Records) -> Result<Option<TokenRecord>, Fault> {
        if let Some(record) = self.record_at_hand(first) {
            return Ok(self.matches_record(record)?.then(|| record.clone()));
        }
        let Some(Aliased::Token(id)) = first.aliases.get(&self.alias()) else { return Ok(None) };
        let key = self.token_key(*id);
        let wanted = RecordKeys { tokens: vec![key.clone()], ..RecordKeys::default() };
        let record = ports.tokens.read(&wanted).await?.tokens.remove(&key);
        match record.filter(|record| record.value.is_some_and(|hash| equal(&hash, &self.hash))) {
            Some(record) if self.matches_record(&record)? => Ok(Some(record)),
            _ => Ok(None),
        }
    }

    /// Says whether the claims of a JWT are what is recorded. If they aren't, somebody else signs with our key, which is logged
    /// as an alarm.
    pub(crate) fn matches_record(&self, record: &TokenRecord) -> Result<bool, Fault> {
        let agrees = self.said.as_ref().map(|said| said.agrees_with(record)).transpose()?.unwrap_or(true);
        if !agrees {
            log_alarm(Alarm::SignedOtherwise, &record.org, record.client, record.id);
        }
        Ok(agrees)
    }

    fn alias(&self) -> AliasKey {
        AliasKey { org: self.org.clone(), hash: self.hash }
    }

    fn token_key(&self, id: TokenId) -> TokenKey {
        TokenKey { org: self.org.clone(), id }
    }

    fn family_key(&self, id: TokenId) -> FamilyKey {
        FamilyKey { org: self.org.clone(), id }
    }
}

impl Lookup for TokenLookup {
    fn wanted(&self, _: &OrgId) -> RecordKeys {
        let ids = [self.native, self.identified].into_iter().flatten();
        let mut families: Vec<_> = self.identified.map(|id| self.family_key(id)).into_iter().collect();
        families.extend(self.refresh.as_ref().map(|token| token.family.clone()));
        let aliases = if self.hash == [0; 32] { Vec::new() } else { vec![self.alias()] };
        RecordKeys { tokens: ids.map(|id| self.token_key(id)).collect(), families, aliases, ..RecordKeys::default() }
    }
}

/// Reads a client's token once more, with all that decides about it. `None`: it is gone meanwhile. The orgs and clients that the request
/// has read `before` aren't read again.
///
/// # Errors
/// A [`Fault`] if the store can't be read.
pub async fn read_token(ports: &Reader, seen: TokenRecord, before: &Records) -> Result<Option<ClientAccessToken>, Fault> {
    let mut wanted = decisive(&seen.org, seen.client, seen.id);
    wanted.tokens.push(seen.key());
    wanted.families.extend(seen.family_key());
    wanted.marks = seen.marks();
    want_owner(&mut wanted, &seen.subject, seen.issuance.as_deref(), &seen.org);
    want_ancestors(&mut wanted, &seen.ancestors);
    let mut found = read_more(ports, wanted, before).await?;
    let same = |record: &TokenRecord| record.value == seen.value;
    let Some(record) = found.tokens.remove(&seen.key()).filter(same) else { return Ok(None) };
    let decisive = decisive_for_token(&found, &record, ports.now());
    let status = decisive.status(&record, ports.now());
    let family_status = decisive.family.map(|family| decisive.family_status(family, ports.now()));
    let family = record.family_key().and_then(|key| found.families.remove(&key));
    let (client, member) = parties(&mut found, &record.org, &record);
    Ok(Some(ClientAccessToken { record, family, client, member, status, family_status }))
}

/// Reads a client's family once more, with all that decides about it. `None`: it is gone meanwhile. The orgs and clients that the request
/// has read `before` aren't read again.
///
/// # Errors
/// A [`Fault`] if the store can't be read.
pub async fn read_client_family(ports: &Reader, seen: Family, before: &Records) -> Result<Option<ClientFamily>, Fault> {
    let mut wanted = decisive(&seen.org, seen.client, seen.id);
    let token = TokenKey { org: seen.org.clone(), id: seen.token };
    wanted.tokens.push(token.clone());
    wanted.families.push(seen.key());
    wanted.marks = seen.marks();
    want_owner(&mut wanted, &seen.subject, seen.issuance.as_deref(), &seen.org);
    want_ancestors(&mut wanted, &seen.ancestors);
    let granted = person_grant_of(&seen);
    wanted.person_grants.extend(granted.clone());
    let mut found = read_more(ports, wanted, before).await?;
    let Some(family) = found.families.remove(&seen.key()) else { return Ok(None) };
    let decisive = decisive_for_family(&found, &family, ports.now());
    let status = decisive.family_status(&family, ports.now());
    let (client, member) = parties(&mut found, &family.org, &family);
    let person_grant = granted.and_then(|key| found.person_grants.remove(&key));
    Ok(Some(ClientFamily { token: found.tokens.remove(&token), family, client, member, status, person_grant }))
}

/// Reads what is wanted. The orgs and clients that were read `before` are taken from there.
async fn read_more(ports: &Reader, mut wanted: RecordKeys, before: &Records) -> Result<Records, Fault> {
    let orgs = take_known(&mut wanted.orgs, &before.orgs);
    let clients = take_known(&mut wanted.clients, &before.clients);
    let mut found = ports.tokens.read(&wanted).await?;
    found.orgs.extend(orgs);
    found.clients.extend(clients);
    Ok(found)
}

/// Removes from what is wanted what was read before, and returns that.
fn take_known<K: Clone + Eq + Hash, V>(wanted: &mut Vec<K>, before: &HashMap<K, Arc<V>>) -> Vec<(K, Arc<V>)> {
    let known = wanted.iter().filter_map(|key| Some((key.clone(), before.get(key)?.clone()))).collect();
    wanted.retain(|key| !before.contains_key(key));
    known
}

/// Where it is noted what the person has granted by which a family began.
fn person_grant_of(family: &Family) -> Option<PersonGrantKey> {
    let client = family.client.filter(|_| family.issuance.as_ref().is_some_and(|issuance| issuance.sign_in.is_some()))?;
    Some(PersonGrantKey { org: family.org.clone(), subject: family.subject.clone(), client })
}

fn decisive(org: &OrgId, client: Option<crate::domain::ClientId>, shard_of: TokenId) -> RecordKeys {
    let clients = client.map(|client| (org.clone(), client)).into_iter().collect();
    RecordKeys { orgs: vec![org.clone()], clients, shard_of: Some(shard_of), ..RecordKeys::default() }
}

/// Removes from what was found, and returns, the client of a token or a family, and the member whose scopes it depends on.
fn parties(found: &mut Records, org: &OrgId, contents: &TokenContents) -> (Option<Arc<Client>>, Option<Member>) {
    let client = contents.client.and_then(|client| found.clients.remove(&(org.clone(), client)));
    let has_owner = depends_on_member(contents.issuance.as_deref());
    (client, has_owner.then(|| found.remove_member(org, &contents.subject)).flatten())
}

/// Says whether a token opens no more than its subject holds as a member of the org.
fn depends_on_member(issuance: Option<&Issuance>) -> bool {
    issuance.is_some_and(|issuance| issuance.of_member)
}

/// Adds the member on whom a token depends, if it does.
fn want_owner(wanted: &mut RecordKeys, subject: &Subject, issuance: Option<&Issuance>, org: &OrgId) {
    wanted.members.extend(depends_on_member(issuance).then(|| MemberKey { org: org.clone(), subject: subject.clone() }));
}
