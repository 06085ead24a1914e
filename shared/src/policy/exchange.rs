//! What a client may have for the token of somebody: RFC 8693. Never more than that token opens, nor for longer.

use super::client::{confirmed, deduplicated, end, form, requestable};
use super::{Form, Grant, Lifetime, Profile};
use crate::domain::{
    Actor, Ancestor, Audience, Authority, AuthorizationDetails, Client, ClientKind, Confirmation, Denial, GrantType, Issuance,
    Member, Org, Refusal, Scope, Service, Timestamp, TokenRecord,
};

/// What is asked for in exchange for a token.
#[derive(Clone, Debug)]
pub struct ExchangeAsk {
    /// Some of its scopes. `None`: all that the client may request.
    pub scopes: Option<Vec<Scope>>,
    /// Some of its audiences. Empty: all of them.
    pub audiences: Vec<Audience>,
    /// Some of what it opens in detail. `None`: all of it.
    pub details: Option<AuthorizationDetails>,
    /// The keys that the request proved.
    pub confirmation: Confirmation,
    /// Whether it must be a JWT.
    pub jwt: bool,
    /// What it shall be like.
    pub profile: Profile,
}

/// A token that is presented, and which is alive.
#[derive(Clone, Copy, Debug)]
pub struct Presented<'a> {
    /// Its record.
    pub record: &'a TokenRecord,
    /// Its subject, if it is a member's own.
    pub member: Option<&'a Member>,
}

impl Presented<'_> {
    /// Whether it opens this scope now. A member's own token opens what the member holds.
    fn opens(&self, scope: &Scope) -> bool {
        match self.member {
            Some(member) => Authority { token: &self.record.scopes, held: &member.scopes }.permits(scope.name()),
            None => self.record.scopes.contains(scope),
        }
    }

    fn confirmation(&self) -> Confirmation {
        self.record.issuance.as_ref().map(|issuance| issuance.confirmation.clone()).unwrap_or_default()
    }
}

/// Decides on an exchange. The original stays as it is.
pub fn exchange(
    service: &Service,
    client: &Client,
    subject: Presented<'_>,
    actor: Option<Presented<'_>>,
    ask: ExchangeAsk,
    now: Timestamp,
) -> Result<Grant, Refusal> {
    let (org, record) = (service.org(), subject.record);
    may_exchange(client, record)?;
    if actor.is_some_and(|actor| actor.record.subject == record.subject) {
        return Err(Denial::ActorIsSubject.into());
    }
    let scopes = scopes(org, client, subject, ask.scopes)?;
    let audiences = if ask.audiences.is_empty() { record.audiences.clone() } else { ask.audiences };
    if !audiences.iter().all(|audience| record.audiences.contains(audience)) {
        return Err(Denial::TargetExceeds.into());
    }
    let usual = end(org, client, &scopes, Lifetime::Default, now)?;
    let ends = [usual, record.expires_at, actor.and_then(|actor| actor.record.expires_at)];
    let original = record.issuance.as_deref();
    let issuance = Issuance {
        // A client that had a token for itself is somebody else's subject now.
        for_client: original.is_some_and(|issuance| issuance.for_client) && record.client == Some(client.id),
        confirmation: bound(&subject, &ask.confirmation)?,
        details: ask.details.or_else(|| original?.details.clone()),
        acr: original.and_then(|issuance| issuance.acr.clone()),
        auth_time: original.and_then(|issuance| issuance.auth_time),
        of_member: original.is_none_or(|issuance| issuance.of_member),
        actors: actors(record, actor)?,
        ancestors: ancestors(record, actor)?,
        ..Issuance::by(GrantType::TokenExchange)
    };
    let form = form(org, client, None, ask.profile);
    if ask.jwt && matches!(form, Form::Opaque) {
        return Err(Denial::RequestedTokenTypeInvalid.into());
    }
    Ok(Grant {
        org: org.id.clone(),
        root_org: org.root().clone(),
        subject: record.subject.clone(),
        client: Some(client.id),
        issued_at: now,
        not_before: now,
        expires_at: ends.into_iter().flatten().min(),
        audiences,
        scopes,
        roles: std::collections::BTreeMap::new(),
        hosts: Vec::new(),
        session: record.session.clone(),
        creator: None,
        masquerading: false,
        issuance: Some(Box::new(issuance)),
        form,
        value: None,
        values_kept_until: org.mark_expiry(now),
        ticket: None,
        refresh: None,
    })
}

/// Whether a client may exchange a token: one that it was issued itself, or that was meant for it, or any if it has a permit.
fn may_exchange(client: &Client, token: &TokenRecord) -> Result<(), Denial> {
    if client.kind != ClientKind::Confidential {
        return Err(Denial::ClientMustBeConfidential);
    }
    let is_its = token.client == Some(client.id);
    let is_for_it = token.audiences.iter().any(|audience| client.answers_to(audience));
    if is_its || is_for_it || client.may_exchange_tokens { Ok(()) } else { Err(Denial::ClientNotPermittedToExchange) }
}

fn scopes(org: &Org, client: &Client, subject: Presented<'_>, asked: Option<Vec<Scope>>) -> Result<Vec<Scope>, Denial> {
    if let Some(asked) = asked {
        let asked = deduplicated(asked);
        let granted = requestable(org, client, Some(asked.clone()));
        let is_within = granted.len() == asked.len() && asked.iter().all(|scope| subject.opens(scope));
        return if is_within { Ok(asked) } else { Err(Denial::ScopeInvalid) };
    }
    // Marks of a member's scopes mean nothing to clients.
    let names = subject.record.scopes.iter().filter_map(|scope| Scope::parse(scope.name()).ok());
    let all = requestable(org, client, Some(names.collect()));
    Ok(all.into_iter().filter(|scope| subject.opens(scope)).collect())
}

/// The binding of the original stays, whatever is added: RFC 9449 section 5 has nothing of exchanges, and a thief must not get rid
/// of it by one.
fn bound(subject: &Presented<'_>, proved: &Confirmation) -> Result<Confirmation, Denial> {
    confirmed(&subject.confirmation(), proved).map_err(|denial| match denial {
        Denial::DpopHeaderMissing => denial,
        _ => Denial::SubjectTokenBound,
    })
}

fn actors(subject: &TokenRecord, actor: Option<Presented<'_>>) -> Result<Vec<Actor>, Denial> {
    let current = actor.map(|actor| Actor { subject: actor.record.subject.clone(), client: actor.record.client });
    let before = subject.issuance.iter().flat_map(|issuance| issuance.actors.iter().cloned());
    at_most_deepest(current.into_iter().chain(before).collect())
}

/// Also the actor's token: where that ends, nobody acts any more.
fn ancestors(subject: &TokenRecord, actor: Option<Presented<'_>>) -> Result<Vec<Ancestor>, Denial> {
    let of = |token: &TokenRecord| Ancestor {
        id: token.id,
        subject: token.subject.clone(),
        client: token.client,
        family: token.family,
        session: token.session.clone(),
    };
    let lineage = |token: &TokenRecord| -> Vec<Ancestor> {
        let before = token.issuance.iter().flat_map(|issuance| issuance.ancestors.iter().cloned());
        std::iter::once(of(token)).chain(before).collect()
    };
    let mut all = lineage(subject);
    for ancestor in actor.into_iter().flat_map(|actor| lineage(actor.record)) {
        if !all.contains(&ancestor) {
            all.push(ancestor);
        }
    }
    at_most_deepest(all)
}

fn at_most_deepest<T>(all: Vec<T>) -> Result<Vec<T>, Denial> {
    if all.len() <= Issuance::DEEPEST { Ok(all) } else { Err(Denial::ExchangeTooDeep) }
}
