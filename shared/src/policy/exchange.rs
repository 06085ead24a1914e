//! What a client may have for the token of somebody: RFC 8693. Never more than that token opens, nor for longer.

use super::client::{confirmed, deduplicated, end, form, requestable, still_there};
use super::resource::find_resources;
use super::{Grant, Lifetime, TokenFormat, TokenProfile};
use crate::domain::{
    Actor, Ancestor, Audience, Authority, AuthorizationDetails, Client, ClientKind, Confirmation, Denial, GrantType, Issuance,
    Member, Org, Refusal, Scope, Service, Timestamp, TokenContents, TokenRecord,
};

/// What is asked for in exchange for a token.
#[derive(Clone, Debug)]
pub struct ExchangeRequest {
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
    pub profile: TokenProfile,
}

/// A token that is presented, and which is alive.
#[derive(Clone, Copy, Debug)]
pub struct ExchangeToken<'a> {
    /// The record of the presented token.
    pub record: &'a TokenRecord,
    /// The member on whom it depends, if it does: a member's own token, or one that came of an assertion about a member.
    pub member: Option<&'a Member>,
}

impl ExchangeToken<'_> {
    /// Whether it opens this scope now: no more than the member holds. Only a member's own token has patterns.
    fn opens(&self, scope: &Scope) -> bool {
        match self.member {
            Some(member) if self.record.issuance.is_none() => {
                Authority { token: &self.record.scopes, held: &member.scopes }.permits(scope.name())
            }
            member => self.record.scopes.contains(scope) && member.is_none_or(|member| member.holds(scope.name())),
        }
    }

    fn confirmation(&self) -> Confirmation {
        self.record.issuance.as_ref().map(|issuance| issuance.confirmation.clone()).unwrap_or_default()
    }
}

/// Decides on an exchange. The original stays as it is.
///
/// # Errors
/// A [`Denial`], all of RFC 8693 section 2.2.2: the client may not exchange the token, the token is bound to keys that the client
/// didn't prove, subject and actor are the same, more is asked for than the token opens, a JWT is asked for where the org issues
/// none, or the chain of exchanges gets too long.
pub fn exchange(
    service: &Service,
    client: &Client,
    subject: ExchangeToken<'_>,
    actor: Option<ExchangeToken<'_>>,
    ask: ExchangeRequest,
    now: Timestamp,
) -> Result<Grant, Refusal> {
    let (org, record) = (service.org(), subject.record);
    may_exchange(org, client, record)?;
    if let Some(actor) = &actor {
        may_exchange(org, client, actor.record)?;
        bound(client, actor, &ask.confirmation)?;
        if actor.record.subject == record.subject {
            return Err(Denial::ActorIsSubject.into());
        }
    }
    let scopes = scopes(org, client, subject, ask.scopes)?;
    if org.settings.oauth.scope_required && scopes.is_empty() {
        return Err(Denial::ScopeRequired.into());
    }
    let audiences = audiences(record, &ask.audiences, &ask.profile)?;
    still_there(org, &audiences, &ask.profile)?;
    let usual = end(org, client, &scopes, Lifetime::Default, &ask.profile, now)?;
    let ends = [usual, record.expires_at, actor.and_then(|actor| actor.record.expires_at)];
    let original = record.issuance.as_deref();
    // A client that had a token for itself is somebody else's subject now.
    let for_client = original.is_some_and(|issuance| issuance.for_client) && record.client == Some(client.id);
    // RFC 9068 section 5: it would look like the client's own token.
    if !for_client && record.subject.as_str() == client.id.to_string() {
        return Err(Denial::SubjectTokenInvalid.into());
    }
    let issuance = Issuance {
        for_client,
        confirmation: bound(client, &subject, &ask.confirmation)?,
        details: ask.details.or_else(|| original?.details.clone()),
        acr: original.and_then(|issuance| issuance.acr.clone()),
        auth_time: original.and_then(|issuance| issuance.auth_time),
        of_member: original.is_none_or(|issuance| issuance.of_member),
        actors: actors(record, actor)?,
        ..Issuance::by(GrantType::TokenExchange)
    };
    let form = form(org, client, None, ask.profile);
    if ask.jwt && matches!(form, TokenFormat::Opaque) {
        return Err(Denial::RequestedTokenTypeInvalid.into());
    }
    let contents = TokenContents {
        client: Some(client.id),
        audiences,
        scopes,
        session: record.session.clone(),
        created_by: Some(record.id),
        ancestors: ancestors(record, actor)?,
        issuance: Some(Box::new(issuance)),
        ..TokenContents::new(record.subject.clone())
    };
    Ok(Grant {
        org: org.id.clone(),
        root_org: org.root().clone(),
        contents,
        issued_at: now,
        not_before: now,
        expires_at: ends.into_iter().flatten().min(),
        form,
        value: None,
        values_kept_until: org.mark_expiry(now),
        ticket: None,
        authorization: None,
        consent: None,
        refresh: None,
    })
}

/// Checks that a client may exchange a token: any if it has a permit; else, where the org demands none, one that it was issued
/// itself or that was meant for it.
fn may_exchange(org: &Org, client: &Client, token: &TokenRecord) -> Result<(), Denial> {
    if client.settings.kind != ClientKind::Confidential {
        return Err(Denial::ClientMustBeConfidential);
    }
    let is_own = token.client == Some(client.id);
    let is_for_it = token.audiences.iter().any(|audience| client.answers_to(audience));
    let needs_permit = org.settings.oauth.token_exchange.by_permitted_clients_only || !(is_own || is_for_it);
    if client.settings.may_exchange_tokens || !needs_permit { Ok(()) } else { Err(Denial::ClientNotPermittedToExchange) }
}

/// Returns the audiences that are asked for, which must be among the original's; all of those if none is asked for.
fn audiences(original: &TokenRecord, asked: &[Audience], profile: &TokenProfile) -> Result<Vec<Audience>, Denial> {
    let named = find_resources(&original.audiences, asked).ok_or(Denial::TargetExceeds)?;
    Ok(match (named.is_empty(), original.audiences.is_empty(), profile) {
        (false, ..) => named,
        (true, true, TokenProfile::Rfc9068 { issuer }) => vec![issuer.clone()],
        (true, ..) => original.audiences.clone(),
    })
}

fn scopes(org: &Org, client: &Client, subject: ExchangeToken<'_>, asked: Option<Vec<Scope>>) -> Result<Vec<Scope>, Denial> {
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

/// Checks that the presenter of a bound token has proved its keys. The binding of the original stays, whatever is added: RFC 9449
/// section 5 has nothing of exchanges, and a thief must not get rid of it by one.
fn bound(client: &Client, token: &ExchangeToken<'_>, proved: &Confirmation) -> Result<Confirmation, Denial> {
    let spelled = |denial| if denial == Denial::DpopHeaderMissing { denial } else { Denial::SubjectTokenBound };
    confirmed(client, &token.confirmation(), proved).map_err(spelled)
}

fn actors(subject: &TokenRecord, actor: Option<ExchangeToken<'_>>) -> Result<Vec<Actor>, Denial> {
    let current = actor.map(|actor| Actor { subject: actor.record.subject.clone(), client: actor.record.client });
    let before = subject.issuance.iter().flat_map(|issuance| issuance.actors.iter().cloned());
    at_most(Issuance::MAX_ACTORS, current.into_iter().chain(before).collect())
}

/// Returns the ancestors of the new token, the actor's token included: where that ends, nobody acts any more.
fn ancestors(subject: &TokenRecord, actor: Option<ExchangeToken<'_>>) -> Result<Vec<Ancestor>, Denial> {
    let mut all = subject.lineage();
    for ancestor in actor.into_iter().flat_map(|actor| actor.record.lineage()) {
        if !all.contains(&ancestor) {
            all.push(ancestor);
        }
    }
    at_most(Ancestor::MAX_PER_TOKEN, all)
}

fn at_most<T>(most: usize, all: Vec<T>) -> Result<Vec<T>, Denial> {
    if all.len() <= most { Ok(all) } else { Err(Denial::ExchangeTooDeep) }
}
