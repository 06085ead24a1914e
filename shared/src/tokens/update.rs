//! Changing the tokens of OAuth clients: Authlete's `/auth/token/update`.

use crate::domain::{
    Alias, AliasKey, Aliased, AuthorizationDetails, Client, Error, Family, Fault, Org, OrgSettings, Property, Refusal, Scope,
    Seconds, Secret, Service, SupportedScope, Thumbprint, Timestamp, TokenRecord, TokenStatus,
};
use crate::jose::sha256;
use crate::platform::capabilities::TokenUpdater;
use crate::policy::{amend_scopes, supported};
use crate::store::{FamilyUpdate, Records, TokenUpdate, UpdateOutcome};
use crate::tokens::lookup::{ClientAccessToken, FoundToken, Hint, TokenLookup, read_token};
use crate::tokens::opaque;

/// What shall change. What isn't given stays.
#[derive(Clone, Debug, Default)]
pub struct Update {
    /// When the access token ends.
    pub expires_at: Option<Timestamp>,
    /// When the refresh token ends.
    pub refresh_expires_at: Option<Timestamp>,
    /// Its scopes from now on; those that can't be had are dropped.
    pub scopes: Option<Vec<Scope>>,
    /// Whether new scopes that shorten access tokens move its end.
    pub end_follows_scopes: bool,
    /// Whether new scopes that shorten refresh tokens move the end of that one.
    pub refresh_end_follows_scopes: bool,
    /// What is attached from now on.
    pub properties: Option<Vec<Property>>,
    /// Whether it does not expire any more.
    pub forever: bool,
    /// Whether it gets a new value.
    pub new_value: bool,
    /// The certificate that it is bound to.
    pub certificate: Option<Thumbprint>,
    /// The key that it is bound to.
    pub dpop_key: Option<Thumbprint>,
    /// What the client is authorized to do in detail, RFC 9396.
    pub details: Option<AuthorizationDetails>,
    /// Whether it is made to be attached to what another server issues.
    pub for_external_attachment: bool,
}

/// A token as it is now.
#[derive(Debug)]
pub struct Updated {
    /// The record of the token.
    pub record: TokenRecord,
    /// Its family, if it has one.
    pub family: Option<Family>,
    /// Its new value, if it got one.
    pub value: Option<Secret<String>>,
}

/// Changes a token, and its family with it: both or neither. What was signed before stays as it was signed.
///
/// # Errors
/// [`Refusal::NotFound`] if the token or its client is gone, or the token is revoked. [`Refusal::Lifetime`] if it would live
/// longer than the org allows. [`Refusal::Invalid`] if its refresh token would. A [`Fault`] that can be retried if others changed
/// the token at the same time, again and again.
pub async fn update(
    ports: &TokenUpdater,
    service: &Service,
    (lookup, first): (&TokenLookup, &Records),
    update: &Update,
) -> Result<Updated, Error> {
    let found = match lookup.find(&ports.reader, first, Hint::AccessToken).await? {
        Some(FoundToken::Access(token)) => Some(*token),
        Some(FoundToken::Refresh(family)) => match family.token {
            Some(token) => read_token(&ports.reader, token, first).await?,
            None => None,
        },
        None => None,
    };
    update_found(ports, service, found, update).await
}

/// Changes a token of which the record is known.
///
/// # Errors
/// As [`update`].
pub(crate) async fn update_record(
    ports: &TokenUpdater,
    service: &Service,
    record: TokenRecord,
    update: &Update,
) -> Result<Updated, Error> {
    let found = read_token(&ports.reader, record, &Records::default()).await?;
    update_found(ports, service, found, update).await
}

async fn update_found(
    ports: &TokenUpdater,
    service: &Service,
    mut found: Option<ClientAccessToken>,
    update: &Update,
) -> Result<Updated, Error> {
    const UNKNOWN: Refusal = Refusal::NotFound("access token");
    for _ in 0..TRIES {
        let Some(token) = found.filter(|token| token.status != TokenStatus::Revoked) else { return Err(UNKNOWN.into()) };
        let client = token.client.clone().ok_or(UNKNOWN)?;
        let (amendment, value) = amendment(ports, service.org(), &client, &token, update)?;
        match ports.amend.update_token(&amendment).await? {
            UpdateOutcome::Done => {
                let record = amendment.token.unwrap_or(token.record);
                return Ok(Updated { record, family: amendment.family.map(|change| change.family).or(token.family), value });
            }
            UpdateOutcome::ValueTaken => return Err(Fault::internal("drawing a new value: it was drawn before").into()),
            UpdateOutcome::Outdated => found = read_token(&ports.reader, token.record, &Records::default()).await?,
        }
    }
    Err(Fault::unavailable("changing a token: others were always faster").into())
}

const TRIES: usize = 5;

fn amendment(
    ports: &TokenUpdater,
    org: &Org,
    client: &Client,
    token: &ClientAccessToken,
    update: &Update,
) -> Result<(TokenUpdate, Option<Secret<String>>), Error> {
    let now = ports.reader.now();
    let mut record = token.record.clone();
    record.revision += 1;
    let new_scopes = match &update.scopes {
        Some(scopes) => {
            let amended = amend_scopes(org, client, scopes.clone(), &record.scopes);
            let before = std::mem::replace(&mut record.scopes, amended);
            record.scopes.iter().filter(|scope| !before.contains(scope)).filter_map(|scope| supported(org, scope)).collect()
        }
        None => Vec::new(),
    };
    change_end(&mut record, org, update, &new_scopes, now)?;
    change_issuance(&mut record, update);
    let family = family_amendment(token.family.as_ref(), &mut record, update, &new_scopes, now)?;
    let (value, alias) = new_value(ports, org, &mut record, update, now)?;
    Ok((TokenUpdate { token: Some(record), family, alias }, value))
}

fn change_end(
    record: &mut TokenRecord,
    org: &Org,
    update: &Update,
    new_scopes: &[&SupportedScope],
    now: Timestamp,
) -> Result<(), Refusal> {
    let shortest = || shortest(update.end_follows_scopes, new_scopes, |scope| scope.token_duration);
    if update.forever {
        if !org.settings.allow_non_expiring {
            return Err(Refusal::Lifetime(
                "must expire: the org doesn't allow tokens without an end (setting allow_non_expiring)".into(),
            ));
        }
        record.expires_at = None;
    } else if let Some(end) = update.expires_at {
        if end.as_ms() > now.plus(org.settings.max_token_duration).as_ms() {
            return Err(Refusal::too_long(org.settings.max_token_duration));
        }
        // Lists by time rely on it that none ends before it is issued.
        record.expires_at = Some(end.max(record.issued_at).whole_second());
    } else if let Some(length) = shortest() {
        record.expires_at = Some(now.whole_second().plus(length));
    }
    Ok(())
}

/// The smallest length of time among those of the new scopes.
fn shortest(
    wanted: bool,
    new_scopes: &[&SupportedScope],
    length: impl Fn(&SupportedScope) -> Option<Seconds>,
) -> Option<Seconds> {
    new_scopes.iter().filter_map(|scope| length(scope)).min().filter(|_| wanted)
}

fn change_issuance(record: &mut TokenRecord, update: &Update) {
    let Some(issuance) = &mut record.issuance else { return };
    if let Some(properties) = &update.properties {
        issuance.properties.clone_from(properties);
    }
    // To be bound to another key is possible, to be bound to none isn't.
    let confirmation = &mut issuance.confirmation;
    confirmation.certificate = update.certificate.or(confirmation.certificate);
    confirmation.dpop_key = update.dpop_key.or(confirmation.dpop_key);
    if let Some(details) = &update.details {
        issuance.details = Some(details.clone());
    }
    issuance.for_external_attachment |= update.for_external_attachment;
}

/// What follows for the family: its next access tokens are issued as this one now is, but for the scopes, which are its own.
fn family_amendment(
    family: Option<&Family>,
    record: &mut TokenRecord,
    update: &Update,
    new_scopes: &[&SupportedScope],
    now: Timestamp,
) -> Result<Option<FamilyUpdate>, Refusal> {
    let Some(old) = family.filter(|family| family.revoked_at.is_none()) else { return Ok(None) };
    let mut family = old.clone();
    family.revision += 1;
    family.issuance.clone_from(&record.issuance);
    let shortest = shortest(update.refresh_end_follows_scopes, new_scopes, |scope| scope.refresh_token_duration);
    let moved = update.refresh_expires_at.map(Timestamp::whole_second).or(shortest.map(|length| now.whole_second().plus(length)));
    if let Some(end) = moved {
        if end > family.issued_at.plus(OrgSettings::MAX_LIFETIME) {
            return Err(Refusal::invalid("refreshTokenExpiresAt", "must be within 400 days of the token's beginning"));
        }
        family.expires_at = end;
        record.refreshable_until = record.refreshable_until.map(|_| end);
    }
    let needed = crate::tokens::mint::needed_until(record.expires_at, family.expires_at);
    family.needed_until = family.needed_until.zip(needed).map(|(before, now)| before.max(now));
    Ok(Some(FamilyUpdate { family, moves_end: moved.is_some() }))
}

fn new_value(
    ports: &TokenUpdater,
    org: &Org,
    record: &mut TokenRecord,
    update: &Update,
    now: Timestamp,
) -> Result<(Option<Secret<String>>, Option<Alias>), Fault> {
    let value = if update.new_value { Some(opaque::generate(now, None, &*ports.entropy)?.0) } else { None };
    if let Some(value) = &value {
        record.value = Some(sha256(value.expose().as_bytes()));
    }
    // A value that is found by an alias must be found as long as the token lives.
    let is_needed = update.new_value || update.forever;
    let alias = record.value.filter(|_| is_needed).map(|hash| Alias {
        key: AliasKey { org: org.id.clone(), hash },
        target: Aliased::Token(record.id),
        expires_at: record.expires_at.and_then(|_| org.mark_expiry(now)),
    });
    Ok((value, alias))
}
