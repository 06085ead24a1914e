//! What a client may have for a subject that somebody has named of whom there is no record here: by an assertion (RFC 7523 section 2.1), or by a
//! token that is presented to be exchanged (RFC 8693). Nothing is derived from a scope over there: it is the first token here.

use super::client::{deduplicated, issue, own_subject};
use super::exchange::{ExchangeToken, acting, bound_to, may_exchange_what_is, with_lineage};
use super::{
    ClientTokenRequest, ExchangeRequest, Grant, RefreshOf, TokenFormat, find_resource, granted_resource, names_same_resource,
    requestable, requested, requested_resource,
};
use crate::domain::{
    Audience, Client, Confirmation, Denial, GrantType, Issuance, MayAct, Member, Org, Refusal, Scope, Service, SessionId,
    Subject, Thumbprint, Timestamp,
};

/// What bounds the scopes of a token for a subject, besides what its client may request.
#[derive(Clone, Copy, Debug, Default)]
pub struct SubjectBounds<'a> {
    /// The scopes that whoever names the subject can open. `None`: all.
    pub issuer: Option<&'a [Scope]>,
    /// The scopes that are said with the subject. `None`: nothing is said of scopes.
    pub said: Option<&'a [Scope]>,
    /// The member that the subject is. `None`: it is none.
    pub member: Option<&'a Member>,
}

impl SubjectBounds<'_> {
    fn allow(&self, scope: &Scope) -> bool {
        let is_in = |scopes: Option<&[Scope]>| scopes.is_none_or(|scopes| scopes.contains(scope));
        is_in(self.issuer) && is_in(self.said) && self.member.is_none_or(|member| member.holds(scope.name()))
    }
}

/// Returns the scopes of a token for a subject: those that are asked for or, where none is, what of those that are said with the subject, else
/// of the org's default ones, remains within the bounds.
///
/// # Errors
/// [`Denial::ScopeInvalid`] if the client may not have one that it asks for. [`Denial::ScopeRequired`] if there is none where the org
/// requires one.
pub fn requested_for_subject(
    org: &Org,
    client: &Client,
    bounds: SubjectBounds<'_>,
    asked: Option<Vec<Scope>>,
) -> Result<Vec<Scope>, Denial> {
    let is_default = asked.is_none();
    let wanted = match (asked, bounds.said) {
        (Some(asked), _) => requested(org, client, Some(asked))?,
        (None, said) => requestable(org, client, said.map(<[Scope]>::to_vec)),
    };
    let count = wanted.len();
    let scopes: Vec<Scope> = wanted.into_iter().filter(|scope| bounds.allow(scope)).collect();
    if !is_default && scopes.len() < count {
        return Err(Denial::ScopeInvalid);
    }
    if org.settings.oauth.scope_required && scopes.is_empty() { Err(Denial::ScopeRequired) } else { Ok(scopes) }
}

/// Returns the resource of a token, of those that are said with its subject: the one that is asked for, or the only one that the org has.
/// `None` said: any of the org's, or none, as for any other token.
///
/// # Errors
/// [`Denial::TargetInvalid`] if the org has none of those, or if it isn't the one that is asked for. [`Denial::TargetsTooMany`] if it could be
/// several.
pub fn requested_resource_of(org: &Org, said: Option<&[Audience]>, asked: Vec<Audience>) -> Result<Vec<Audience>, Denial> {
    let Some(said) = said else { return requested_resource(org, asked) };
    let known = said.iter().filter_map(|resource| requested_resource(org, vec![resource.clone()]).ok()).flatten();
    let known = deduplicated(known.collect());
    if known.is_empty() { Err(Denial::TargetInvalid) } else { granted_resource(&known, &asked) }
}

/// What is known of somebody whose token is presented to be exchanged, and which isn't on record: the token of an issuer that the org trusts, or
/// an ID token of ours.
#[derive(Clone, Debug)]
pub struct AssertedToken<'a> {
    /// Whom it is about.
    pub subject: Subject,
    /// What bounds the scopes.
    pub bounds: SubjectBounds<'a>,
    /// The APIs that its subject lets the client reach. `None`: whichever the org has.
    pub resources: Option<Vec<Audience>>,
    /// Who alone may act for its subject.
    pub may_act: Option<MayAct>,
    /// The key of DPoP proofs that it is bound to.
    pub key: Option<Thumbprint>,
    /// The session that it belongs to.
    pub session: Option<SessionId>,
    /// How the subject was authenticated.
    pub acr: Option<String>,
    /// When the subject was authenticated.
    pub auth_time: Option<Timestamp>,
    /// When the presented token ends.
    pub expires_at: Timestamp,
}

/// Decides on an exchange of a token that isn't on record. What comes of it ends with that at the latest, and with the actor's.
///
/// # Errors
/// A [`Denial`], all of RFC 8693 section 2.2.2: the client may not exchange tokens; the token is bound to a key that the client didn't prove, says
/// that somebody else may act for its subject, or names the client; more is asked for than the client may have for the subject; details are
/// asked for, of which such a token has none; or a JWT is asked for where the org issues none.
pub fn exchange_asserted(
    service: &Service,
    client: &Client,
    token: &AssertedToken<'_>,
    actor: Option<ExchangeToken<'_>>,
    ask: ExchangeRequest,
    now: Timestamp,
) -> Result<Grant, Refusal> {
    let org = service.org();
    may_exchange_what_is(org, client, true)?;
    acting(org, client, (&token.subject, token.may_act.as_ref()), actor, &ask.confirmation)?;
    // RFC 9068 section 5: it would look like the client's own token.
    if token.subject == own_subject(client)? || token.subject.as_str() == client.outward_name().to_string() {
        return Err(Denial::SubjectTokenInvalid.into());
    }
    if ask.details.is_some() {
        return Err(Denial::AuthorizationDetailsInvalid.into());
    }
    let keys = Confirmation { dpop_key: token.key, ..Confirmation::default() };
    let issuance = Issuance {
        confirmation: bound_to(client, &keys, &ask.confirmation)?,
        acr: token.acr.clone(),
        auth_time: token.auth_time,
        of_member: token.bounds.member.is_some(),
        actors: actor.iter().map(ExchangeToken::as_actor).collect(),
        ..Issuance::by(GrantType::TokenExchange)
    };
    let is_jwt_wanted = ask.jwt;
    let wanted = ClientTokenRequest {
        subject: Some(token.subject.clone()),
        scopes: requested_for_subject(org, client, token.bounds, ask.scopes)?,
        audiences: target(org, token, ask.resources, ask.audiences)?,
        session: token.session.clone(),
        profile: ask.profile,
        ..ClientTokenRequest::new(issuance)
    };
    let mut grant = issue(service, client, wanted, RefreshOf::Nobody, now)?;
    if is_jwt_wanted && matches!(grant.form, TokenFormat::Opaque) {
        return Err(Denial::RequestedTokenTypeInvalid.into());
    }
    let ends = [grant.expires_at, Some(token.expires_at), actor.and_then(|actor| actor.record.expires_at)];
    grant.expires_at = ends.into_iter().flatten().min();
    grant.contents.ancestors = with_lineage(Vec::new(), actor)?;
    Ok(grant)
}

/// Returns the API that the new token is for. `resource` and `audience` mean the same.
fn target(
    org: &Org,
    token: &AssertedToken<'_>,
    resources: Vec<Audience>,
    audiences: Vec<Audience>,
) -> Result<Vec<Audience>, Denial> {
    let asked = match (&resources[..], &audiences[..]) {
        ([one], [other]) if names_same_resource(one, other) => resources,
        ([_], [_]) => return Err(Denial::TargetsDiffer),
        (_, []) => resources,
        ([], _) => audiences,
        _ => return Err(Denial::TargetsTooMany),
    };
    match &token.resources {
        // What nobody was asked about can still be the default.
        Some(known) if asked.iter().any(|asked| find_resource(known, asked).is_none()) => Err(Denial::TargetInvalid),
        Some(_) | None => requested_resource(org, asked),
    }
}
