//! `urn:ietf:params:oauth:grant-type:jwt-bearer`: RFC 7523 section 2.1. Somebody whom the org trusts says for whom the token is.

use super::{GrantContext, Granted};
use crate::auth::assertion;
use crate::auth::assertion::{Asserted, Verified};
use crate::domain::{Denial, Error, GrantType, Issuance, Scope, Seconds};
use crate::oauth::TokenForm;
use crate::policy::{self, ClientTokenRequest, RefreshOf};

/// Grants a token for the subject of an assertion, if an issuer that the org trusts has signed it.
pub(super) async fn grant(mut context: GrantContext<'_>, form: &TokenForm) -> Result<Granted, Error> {
    let assertion = form.assertion.as_ref().ok_or(Denial::AssertionMissing)?;
    let org = context.service.org();
    let Verified { asserted, replay_guard, marks } =
        assertion::verify(context.ports, org, &context.client, assertion.expose()).await?;
    // RFC 9068 section 5: it would look like the client's own token.
    let subject = asserted.subject.as_str();
    if subject == context.client.id.to_string() || subject == context.client.outward_name().to_string() {
        return Err(Denial::AssertionSubject.into());
    }
    let issuance = Issuance {
        confirmation: context.binding(),
        details: context.details(form)?,
        acr: asserted.acr.clone(),
        auth_time: asserted.auth_time,
        of_member: asserted.member.is_some(),
        ..Issuance::by(GrantType::JwtBearer)
    };
    let ask = ClientTokenRequest {
        subject: Some(asserted.subject.clone()),
        scopes: scopes(&context, &asserted, form)?,
        audiences: policy::requested_resource(org, form.resources()?)?,
        profile: context.profile()?,
        ..ClientTokenRequest::new(issuance)
    };
    // RFC 7521 section 4.1: whoever can have another assertion needs no refresh token.
    let refresh_of = if asserted.issuer.refresh_tokens { RefreshOf::OrgAndClient } else { RefreshOf::Nobody };
    let grant = policy::issue(&context.service, &context.client, ask, refresh_of, context.ports.reader().now())?;
    context.replay_guards.extend(replay_guard);
    context.marks.extend(marks);
    Ok(Granted::without_id_token(context.grant(grant).await?))
}

/// Grants to a client that is a workload, and whose platform's token has authenticated it, what `client_credentials` would give it: a token
/// for itself, for an hour at most.
pub(super) async fn grant_to_workload(context: GrantContext<'_>, form: &TokenForm) -> Result<Granted, Error> {
    let org = context.service.org();
    let issuance =
        Issuance { confirmation: context.binding(), details: context.details(form)?, ..Issuance::by(GrantType::JwtBearer) };
    let ask = ClientTokenRequest {
        scopes: policy::requested(org, &context.client, form.scopes()?)?,
        audiences: policy::requested_resource(org, form.resources()?)?,
        profile: context.profile()?,
        ..ClientTokenRequest::new(issuance)
    };
    let mut client = context.client.clone();
    let longest = client.settings.token_duration.map_or(Seconds::HOUR, |length| length.min(Seconds::HOUR));
    client.settings.token_duration = Some(longest);
    // RFC 7521 section 4.1: whoever can have another assertion needs no refresh token.
    let grant = policy::issue(&context.service, &client, ask, RefreshOf::Nobody, context.ports.reader().now())?;
    Ok(Granted::without_id_token(context.grant(grant).await?))
}

/// What the client may request, the issuer may open, and the member holds. Of the default ones those that remain.
fn scopes(context: &GrantContext<'_>, asserted: &Asserted, form: &TokenForm) -> Result<Vec<Scope>, Denial> {
    let asked = form.scopes()?;
    let is_default = asked.is_none();
    let mut scopes = policy::requested(context.service.org(), &context.client, asked)?;
    let count = scopes.len();
    let opens = |scope: &Scope| asserted.issuer.scopes.as_ref().is_none_or(|scopes| scopes.contains(scope));
    let holds = |scope: &Scope| asserted.member.as_ref().is_none_or(|member| member.holds(scope.name()));
    scopes.retain(|scope| opens(scope) && holds(scope));
    if is_default || scopes.len() == count { Ok(scopes) } else { Err(Denial::ScopeInvalid) }
}
