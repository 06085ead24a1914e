//! `urn:ietf:params:oauth:grant-type:jwt-bearer`: RFC 7523 section 2.1. Somebody whom the org trusts says for whom the token is.

use super::{GrantContext, Granted};
use crate::auth::assertion;
use crate::auth::assertion::{Asserted, IdJag, Purpose, Verified};
use crate::domain::{AuthorizationDetails, ClientKind, Denial, Error, GrantType, Issuance, Seconds};
use crate::encoding::json::of_types;
use crate::jose::foreign::WrongType;
use crate::oauth::{TokenForm, authorization_details};
use crate::policy::{self, ClientTokenRequest, RefreshOf, SubjectBounds};
use crate::tokens::mint;

/// Grants a token for the subject of an assertion, if an issuer that the org trusts has signed it.
pub(super) async fn grant(mut context: GrantContext<'_>, form: &TokenForm) -> Result<Granted, Error> {
    let assertion = form.assertion.as_ref().ok_or(Denial::AssertionMissing)?;
    let org = context.service.org();
    let purpose = assertion::grant_purpose(assertion.expose());
    let Verified { asserted, replay_guard, marks } =
        assertion::verify(context.ports, org, (&context.client, context.address), assertion.expose(), purpose).await?;
    let id_jag = if purpose == Purpose::IdJag { Some(context.read_id_jag(&asserted)?) } else { None };
    // RFC 9068 section 5: it would look like the client's own token.
    let subject = asserted.subject.as_str();
    if subject == context.client.id.to_string() || subject == context.client.outward_name().to_string() {
        return Err(Denial::AssertionSubject.into());
    }
    let asked = context.details(form)?;
    let issuance = Issuance {
        confirmation: context.binding(),
        details: match &id_jag {
            Some(id_jag) => context.details_within(id_jag, asked)?,
            None => asked,
        },
        acr: asserted.acr.clone(),
        auth_time: asserted.auth_time,
        of_member: asserted.member.is_some(),
        actors: id_jag.as_ref().map(|id_jag| id_jag.actors.clone()).unwrap_or_default(),
        ..Issuance::by(GrantType::JwtBearer)
    };
    let bounds = SubjectBounds {
        issuer: asserted.issuer.scopes.as_deref(),
        said: id_jag.as_ref().and_then(|id_jag| id_jag.scopes.as_deref()),
        member: asserted.member.as_ref(),
    };
    let resources = id_jag.as_ref().and_then(|id_jag| id_jag.resources.as_deref());
    let ask = ClientTokenRequest {
        subject: Some(asserted.subject.clone()),
        scopes: policy::requested_for_subject(org, &context.client, bounds, form.scopes()?)?,
        audiences: policy::requested_resource_of(org, resources, form.resources()?)?,
        profile: context.profile()?,
        ..ClientTokenRequest::new(issuance)
    };
    // RFC 7521 section 4.1: whoever can have another assertion needs no refresh token.
    let has_refresh = asserted.issuer.refresh_tokens && id_jag.is_none();
    let refresh_of = if has_refresh { RefreshOf::OrgAndClient } else { RefreshOf::Nobody };
    let grant = policy::issue(&context.service, &context.client, ask, refresh_of, context.ports.reader().now())?;
    if grant.names_actors() && !mint::fits(&context.ports.refresher.minter, &grant).await? {
        return Err(Denial::ActorChainTooLong.into());
    }
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
    let mut client = (*context.client).clone();
    let longest = client.settings.token_duration.map_or(Seconds::HOUR, |length| length.min(Seconds::HOUR));
    client.settings.token_duration = Some(longest);
    // RFC 7521 section 4.1: whoever can have another assertion needs no refresh token.
    let grant = policy::issue(&context.service, &client, ask, RefreshOf::Nobody, context.ports.reader().now())?;
    Ok(Granted::without_id_token(context.grant(grant).await?))
}

impl GrantContext<'_> {
    /// Reads what an ID-JAG says besides, and checks that it is for this client, which has proved the key that it is bound to.
    ///
    /// # Errors
    /// [`Denial::AssertionUnverified`] if a claim is of another type than it must be. [`Denial::IdJagForAnotherClient`],
    /// [`Denial::IdJagOfPublicClient`] and [`Denial::IdJagBound`]. [`Denial::ActorChainTooLong`] if too many acted before.
    fn read_id_jag(&self, asserted: &Asserted) -> Result<IdJag, Denial> {
        let id_jag = IdJag::from_claims(&asserted.claims).map_err(|WrongType| Denial::AssertionUnverified)?;
        if !id_jag.is_for(&self.client) {
            return Err(Denial::IdJagForAnotherClient);
        }
        // Anybody can pose as a public client.
        if self.client.settings.kind == ClientKind::Public && asserted.issuer.clients.is_none() {
            return Err(Denial::IdJagOfPublicClient);
        }
        if id_jag.key.is_some() && self.confirmation.dpop_key != id_jag.key {
            return Err(Denial::IdJagBound);
        }
        policy::ensure_chain_is_short(self.service.org(), &id_jag.actors)?;
        Ok(id_jag)
    }

    /// Returns what a token opens in detail by an ID-JAG: what is asked for of what that says, or all of it that is of the org's types.
    ///
    /// # Errors
    /// [`Denial::AuthorizationDetailsInvalid`] if more is asked for.
    fn details_within(
        &self,
        id_jag: &IdJag,
        asked: Option<AuthorizationDetails>,
    ) -> Result<Option<AuthorizationDetails>, Denial> {
        let types = &self.service.org().settings.oauth.authorization_details_types;
        let is_known = |name: &str| types.iter().any(|there| there.name == name);
        match (asked, &id_jag.details) {
            (None, said) => {
                let known = said.as_ref().and_then(|said| of_types(said.as_json(), is_known));
                known.map(|known| authorization_details::read(&known, types)).transpose()
            }
            (Some(asked), Some(said)) if authorization_details::contains(said, &asked) => Ok(Some(asked)),
            (Some(_), _) => Err(Denial::AuthorizationDetailsInvalid),
        }
    }
}
