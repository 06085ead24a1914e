//! What the grants have in common whose clients poll until a person has decided elsewhere: RFC 8628 section 3.5.
//!
//! Of several polls at once one is told that the request is pending, and the others to slow down: a conditional write decides. What
//! is lost on its way ends nothing here, because clients repeat their polls.

use super::authorization_code::{CodeLookup, ServerWord, ensure_not_revoked, person_grant, refresh_of, request};
use super::{GrantContext, Granted};
use crate::domain::{Authorization, AuthorizationState, Denial, Error, GrantType, Polling, Timestamp, TokenId};
use crate::oauth::TokenForm;
use crate::platform::capabilities::Granter;
use crate::policy;
use crate::store::{RecordKeys, Records};
use crate::telemetry::{Alarm, log_alarm};

/// A grant whose clients poll, and in what words they are answered.
#[derive(Debug)]
pub(super) struct PolledGrant {
    /// The grant by which such a code is redeemed.
    pub(super) grant: GrantType,
    /// Whether an authorization is one that is polled for by this grant.
    pub(super) is_of: fn(&Authorization) -> bool,
    /// There is no code in the request.
    pub(super) missing: Denial,
    /// The code is unknown, another client's or used.
    pub(super) invalid: Denial,
    /// Its time is over.
    pub(super) expired: Denial,
    /// The person has said no.
    pub(super) denied: Denial,
    /// It came to no decision.
    pub(super) failed: Denial,
    /// Nobody has decided yet.
    pub(super) pending: Denial,
    /// The client polls too often.
    pub(super) slow_down: Denial,
    /// What is logged if another client has the code.
    pub(super) of_another: Alarm,
}

/// Grants the token of a code that is polled with, once the person has accepted.
///
/// # Errors
/// [`Refusal::Denied`](crate::domain::Refusal::Denied) with what the grant says of the state of the request.
pub(super) async fn grant(
    polled: &PolledGrant,
    mut context: GrantContext<'_>,
    (lookup, found): (Option<&CodeLookup>, &Records),
    form: &TokenForm,
    word: ServerWord,
) -> Result<Granted, Error> {
    let lookup = lookup.ok_or(polled.missing)?;
    let now = context.ports.reader().now();
    let (authorization, polling) = find(polled, &context, (lookup, found), now)?;
    let is_used = matches!(authorization.state, AuthorizationState::Redeemed { .. });
    if authorization.is_over(now) && !is_used {
        return Err(polled.expired.into());
    }
    let approval = match &authorization.state {
        AuthorizationState::Accepted { approval, .. } => approval,
        AuthorizationState::Pending => return Err(poll(polled, context.ports, (authorization, polling), now).await?.into()),
        AuthorizationState::Denied { .. } => return Err(polled.denied.into()),
        AuthorizationState::Failed { .. } => return Err(polled.failed.into()),
        AuthorizationState::Pushed | AuthorizationState::Issued { .. } | AuthorizationState::Redeemed { .. } => {
            return Err(polled.invalid.into());
        }
    };
    let has_remembered =
        ensure_not_revoked(&mut context, authorization, approval).await.map_err(|error| in_words_of(polled, error))?;
    let mut ask = request(&context, authorization, approval, (polled.grant, form, word))?;
    ask.person_grant = Some(Box::new(person_grant(&context, authorization, approval, has_remembered)));
    let refresh_of = refresh_of(&context, approval);
    let grant = policy::issue(&context.service, &context.client, ask, refresh_of, now)?;
    let granted = Box::pin(context.grant_for_sign_in(grant, None)).await;
    let (issued, id_token) = granted.map_err(|error| in_words_of(polled, error))?;
    Ok(Granted { issued, token_type: None, id_token })
}

/// Says of a code that is polled with what is said of codes.
fn in_words_of(polled: &PolledGrant, error: Error) -> Error {
    let is_of_code = matches!(&error, Error::Refused(refusal) if refusal.denial() == Some(Denial::CodeInvalid));
    if is_of_code { polled.invalid.into() } else { error }
}

/// Finds the authorization of the code. Unknown codes and those of other clients get one answer, and are left as they are.
fn find<'a>(
    polled: &PolledGrant,
    context: &GrantContext<'_>,
    (lookup, found): (&CodeLookup, &'a Records),
    now: Timestamp,
) -> Result<(&'a Authorization, &'a Polling), Denial> {
    let invalid = polled.invalid;
    let (code, key) = lookup.of_org(context.service.id()).ok_or(invalid)?;
    let is_good = |found: &&Authorization| (polled.is_of)(found) && now < found.kept_until();
    let authorization = found.authorizations.get(key).filter(is_good).ok_or(invalid)?;
    let polling = authorization.polling().filter(|polling| code.matches(&polling.code)).ok_or(invalid)?;
    if !authorization.is_of(&context.client) {
        log_alarm(polled.of_another, &authorization.org, Some(context.client.id), authorization.id);
        return Err(invalid);
    }
    Ok((authorization, polling))
}

/// Notes a poll of a request that waits, and says what its client is told: RFC 8628 section 3.5.
async fn poll(
    polled: &PolledGrant,
    ports: &Granter,
    (authorization, polling): (&Authorization, &Polling),
    now: Timestamp,
) -> Result<Denial, Error> {
    if polling.is_too_soon(now) {
        slow_down(ports, authorization, polling).await?;
        return Ok(polled.slow_down);
    }
    let poll = TokenId::generate(now, None, &*ports.refresher.minter.entropy)?;
    let in_time = Polling { polled_at: Some(now), poll: Some(poll), ..polling.clone() };
    if ports.authorizations.update_authorization(&authorization.polled(in_time)).await? {
        return Ok(polled.pending);
    }
    let key = authorization.key();
    let wanted = RecordKeys { authorizations: vec![key.clone()], ..RecordKeys::default() };
    match ports.reader().tokens.read(&wanted).await?.authorizations.remove(&key) {
        Some(there @ Authorization { state: AuthorizationState::Pending, .. }) => {
            if let Some(polling) = there.polling() {
                slow_down(ports, &there, polling).await?;
            }
            Ok(polled.slow_down)
        }
        // The person has decided meanwhile, which the next poll is told.
        Some(_) | None => Ok(polled.pending),
    }
}

/// Makes the interval longer for good. Of several at once one does, which is enough.
async fn slow_down(ports: &Granter, authorization: &Authorization, polling: &Polling) -> Result<(), Error> {
    if let Some(slower) = polling.slowed_down() {
        ports.authorizations.update_authorization(&authorization.polled(slower)).await?;
    }
    Ok(())
}
