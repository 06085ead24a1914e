//! `urn:ietf:params:oauth:grant-type:device_code`: RFC 8628 section 3.4. A device polls until the person has decided.
//!
//! Of several polls at once one is told that the request is pending, and the others to slow down: a conditional write decides. What
//! is lost on its way ends nothing here, because devices repeat their polls.

use super::authorization_code::{CodeLookup, ServerWord, ensure_not_revoked, person_grant, refresh_of, request};
use super::{GrantContext, Granted};
use crate::domain::{Authorization, AuthorizationState, Denial, DeviceRequest, Error, GrantType, Timestamp, TokenId};
use crate::oauth::TokenForm;
use crate::platform::capabilities::Granter;
use crate::policy;
use crate::store::{RecordKeys, Records};
use crate::telemetry::{Alarm, log_alarm};

/// Grants the token of a device code, once the person has accepted.
pub(in crate::oauth) async fn grant(
    mut context: GrantContext<'_>,
    (lookup, found): (Option<&CodeLookup>, &Records),
    form: &TokenForm,
    word: ServerWord,
) -> Result<Granted, Error> {
    let lookup = lookup.ok_or(Denial::DeviceCodeMissing)?;
    let now = context.ports.reader().now();
    let (authorization, device) = find(&context, lookup, found, now)?;
    if authorization.is_over(now) {
        return Err(Denial::DeviceCodeExpired.into());
    }
    let approval = match &authorization.state {
        AuthorizationState::Accepted { approval, .. } => approval,
        AuthorizationState::Pending => return Err(poll(context.ports, authorization, device, now).await?.into()),
        AuthorizationState::Denied { .. } => return Err(Denial::DeviceAccessDenied.into()),
        // The person hasn't come so far as to decide.
        AuthorizationState::Failed { .. } => return Err(Denial::DeviceCodeExpired.into()),
        AuthorizationState::Pushed | AuthorizationState::Issued { .. } | AuthorizationState::Redeemed { .. } => {
            return Err(Denial::DeviceCodeInvalid.into());
        }
    };
    let has_remembered = ensure_not_revoked(&mut context, authorization, approval).await.map_err(of_device)?;
    let mut ask = request(&context, authorization, approval, (GrantType::DeviceCode, form, word))?;
    ask.person_grant = Some(Box::new(person_grant(&context, authorization, approval, has_remembered)));
    let refresh_of = refresh_of(&context, approval);
    let grant = policy::issue(&context.service, &context.client, ask, refresh_of, now)?;
    let (issued, id_token) = Box::pin(context.grant_for_sign_in(grant, None)).await.map_err(of_device)?;
    Ok(Granted { issued, token_type: None, id_token })
}

/// Says of a device code what is said of codes.
fn of_device(error: Error) -> Error {
    let is_of_code = matches!(&error, Error::Refused(refusal) if refusal.denial() == Some(Denial::CodeInvalid));
    if is_of_code { Denial::DeviceCodeInvalid.into() } else { error }
}

/// Finds the authorization of the code. Unknown codes and those of other clients get one answer, and are left as they are.
fn find<'a>(
    context: &GrantContext<'_>,
    lookup: &CodeLookup,
    found: &'a Records,
    now: Timestamp,
) -> Result<(&'a Authorization, &'a DeviceRequest), Denial> {
    const INVALID: Denial = Denial::DeviceCodeInvalid;
    let (code, key) = lookup.of_org(context.service.id()).ok_or(INVALID)?;
    let authorization = found.authorizations.get(key).filter(|found| now < found.kept_until()).ok_or(INVALID)?;
    let device = authorization.device.as_deref().filter(|device| code.matches(&device.code)).ok_or(INVALID)?;
    if !authorization.is_of(&context.client) {
        log_alarm(Alarm::DeviceCodeOfAnother, &authorization.org, Some(context.client.id), authorization.id);
        return Err(INVALID);
    }
    Ok((authorization, device))
}

/// Notes a poll of a request that waits, and says what the device is told: RFC 8628 section 3.5.
async fn poll(ports: &Granter, authorization: &Authorization, device: &DeviceRequest, now: Timestamp) -> Result<Denial, Error> {
    if device.is_too_soon(now) {
        slow_down(ports, authorization, device).await?;
        return Ok(Denial::SlowDown);
    }
    let poll = TokenId::generate(now, None, &*ports.refresher.minter.entropy)?;
    let polled = DeviceRequest { polled_at: Some(now), poll: Some(poll), ..device.clone() };
    if ports.authorizations.update_authorization(&noted(authorization, polled)).await? {
        return Ok(Denial::AuthorizationPending);
    }
    let key = authorization.key();
    let wanted = RecordKeys { authorizations: vec![key.clone()], ..RecordKeys::default() };
    match ports.reader().tokens.read(&wanted).await?.authorizations.remove(&key) {
        Some(there @ Authorization { state: AuthorizationState::Pending, .. }) => {
            if let Some(device) = &there.device {
                slow_down(ports, &there, device).await?;
            }
            Ok(Denial::SlowDown)
        }
        // The person has decided meanwhile, which the next poll is told.
        Some(_) | None => Ok(Denial::AuthorizationPending),
    }
}

/// Makes the interval longer for good. Of several at once one does, which is enough.
async fn slow_down(ports: &Granter, authorization: &Authorization, device: &DeviceRequest) -> Result<(), Error> {
    if let Some(slower) = device.slowed_down() {
        ports.authorizations.update_authorization(&noted(authorization, slower)).await?;
    }
    Ok(())
}

fn noted(authorization: &Authorization, device: DeviceRequest) -> Authorization {
    let noted = authorization.moved_to(authorization.state.clone(), authorization.expires_at);
    Authorization { device: Some(Box::new(device)), ..noted }
}
