//! `urn:ietf:params:oauth:grant-type:jwt-bearer`: RFC 7523 section 2.1. Somebody whom the org trusts says for whom the token is.

use super::{Granted, Turn};
use crate::auth::assertion;
use crate::auth::assertion::{Asserted, Verified};
use crate::domain::{Denial, Error, GrantType, Issuance, Scope};
use crate::oauth::delegated::Form;
use crate::policy::{self, ClientAsk, RefreshOf};

pub(super) async fn grant(mut turn: Turn<'_>, form: &Form) -> Result<Granted, Error> {
    let assertion = form.assertion.as_ref().ok_or(Denial::AssertionMissing)?;
    let org = turn.service.org();
    let Verified { asserted, single_use } = assertion::verify(turn.ports, org, &turn.client, assertion.expose()).await?;
    // RFC 9068 section 5: it would look like the client's own token.
    if asserted.subject.as_str() == turn.client.id.to_string() {
        return Err(Denial::AssertionSubject.into());
    }
    let issuance = Issuance {
        confirmation: turn.binding(),
        details: turn.details(form)?,
        acr: asserted.acr.clone(),
        auth_time: asserted.auth_time,
        of_member: asserted.member.is_some(),
        ..Issuance::by(GrantType::JwtBearer)
    };
    let ask = ClientAsk {
        subject: Some(asserted.subject.clone()),
        scopes: scopes(&turn, &asserted, form)?,
        audiences: policy::requested_resource(org, form.resources()?)?,
        profile: turn.profile()?,
        ..ClientAsk::of(issuance)
    };
    // RFC 7521 section 4.1: whoever can have another assertion needs no refresh token.
    let refresh_of = if asserted.issuer.refresh_tokens { RefreshOf::OrgAndClient } else { RefreshOf::Nobody };
    let grant = policy::issue(&turn.service, &turn.client, ask, refresh_of, turn.ports.reader().now())?;
    turn.single_uses.push(single_use);
    Ok(Granted { issued: turn.grant(grant).await?, token_type: None })
}

/// What the client may request, the issuer may open, and the member holds. Of the default ones those that remain.
fn scopes(turn: &Turn<'_>, asserted: &Asserted, form: &Form) -> Result<Vec<Scope>, Denial> {
    let asked = form.scopes()?;
    let is_default = asked.is_none();
    let mut scopes = policy::requested(turn.service.org(), &turn.client, asked)?;
    let count = scopes.len();
    let opens = |scope: &Scope| asserted.issuer.scopes.as_ref().is_none_or(|scopes| scopes.contains(scope));
    let holds = |scope: &Scope| asserted.member.as_ref().is_none_or(|member| member.holds(scope.name()));
    scopes.retain(|scope| opens(scope) && holds(scope));
    if is_default || scopes.len() == count { Ok(scopes) } else { Err(Denial::ScopeInvalid) }
}
