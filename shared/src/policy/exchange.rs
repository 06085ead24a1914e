//! What a client may have for the token of somebody: RFC 8693. Never more than that token opens, nor for longer; or, at a target of the
//! client, what the token leads to there.

use super::client::{confirmed, deduplicated, end, form, own_subject, requestable, requested_resource, still_there, supported};
use super::resource::{find_resource, find_resources, names_same_resource};
use super::{Grant, Lifetime, TokenFormat, TokenProfile};
use crate::domain::{
    Actor, Ancestor, Audience, Authority, AuthorizationDetails, Client, ClientKind, Confirmation, Denial, ExchangeTarget,
    GrantType, Issuance, MayAct, Member, Org, Refusal, Scope, Service, Subject, TargetScope, Timestamp, TokenContents,
    TokenRecord,
};
use crate::encoding::json::of_types;
use crate::jose::access_token;

/// What is asked for in exchange for a token.
#[derive(Clone, Debug)]
pub struct ExchangeRequest {
    /// Some of its scopes. `None`: all that the client may request.
    pub scopes: Option<Vec<Scope>>,
    /// The APIs that are asked for as `resource`: some of its audiences, or a target of the client. Empty, like `audiences`: all of its
    /// audiences.
    pub resources: Vec<Audience>,
    /// The same as `audience`.
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
    /// Whether it is an API key, which is told as a token.
    pub is_api_key: bool,
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

    /// Whom it names if its bearer acts for somebody else.
    pub(super) fn as_actor(&self) -> Actor {
        Actor { subject: self.record.subject.clone(), client: self.record.client }
    }

    /// The ancestors of what is made from it.
    fn lineage(&self) -> Vec<Ancestor> {
        let mut all = self.record.lineage();
        if let Some(own) = all.first_mut().filter(|_| self.is_api_key) {
            own.is_api_key = true;
        }
        all
    }

    fn confirmation(&self) -> Confirmation {
        self.record.issuance.as_ref().map(|issuance| issuance.confirmation.clone()).unwrap_or_default()
    }
}

/// Decides on an exchange. The original stays as it is.
///
/// Where nothing is asked for but what the presented token is for, the new one has less of it. Where an API is asked for that the token isn't
/// for, the exchange goes on to it: if that is a target of the client, and with what the target's scopes say.
///
/// An API key must be for the client, whatever permits it has; who exchanges it is always told, and the new token lives no longer than one that
/// the key's holder could have.
///
/// # Errors
/// A [`Denial`], all of RFC 8693 section 2.2.2: the client may not exchange the token, the token is bound to keys that the client
/// didn't prove, subject and actor are the same, the token says that somebody else may act for its subject, more is asked for than the token opens or leads to, a JWT is asked for where the org
/// issues none, or the chain of exchanges gets too long.
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
    if subject.is_api_key && !is_for(client, record) {
        return Err(Denial::ClientNotPermittedToExchange.into());
    }
    let acting = acting(org, client, (&record.subject, record.may_act.as_deref()), actor, &ask.confirmation)?;
    let step = match leads_to(client, record, &ask)? {
        Way::Within(audiences) => {
            let named = (actor.is_some() || subject.is_api_key).then_some(acting);
            narrowed(org, client, (subject, named), audiences, &ask)?
        }
        Way::On(target, resource) => gone_on(org, client, (subject, acting), (target, resource), &ask)?,
    };
    if org.settings.oauth.scope_required && step.scopes.is_empty() {
        return Err(Denial::ScopeRequired.into());
    }
    // RFC 9068 section 5: it would look like the client's own token.
    if !step.for_client && record.subject.as_str() == client.id.to_string() {
        return Err(Denial::SubjectTokenInvalid.into());
    }
    let usual = end(org, client, &step.scopes, Lifetime::Default, &ask.profile, now)?;
    let of_key = subject.is_api_key.then(|| now.whole_second().plus(org.settings.api_keys.jwt_duration));
    let ends = [usual, record.expires_at, actor.and_then(|actor| actor.record.expires_at), of_key];
    let original = record.issuance.as_deref();
    let issuance = Issuance {
        for_client: step.for_client,
        confirmation: step.confirmation,
        details: step.details,
        acr: original.and_then(|issuance| issuance.acr.clone()),
        auth_time: original.and_then(|issuance| issuance.auth_time),
        of_member: original.is_none_or(|issuance| issuance.of_member),
        actors: step.actors,
        ..Issuance::by(GrantType::TokenExchange)
    };
    let form = form(org, client, None, ask.profile);
    if ask.jwt && matches!(form, TokenFormat::Opaque) {
        return Err(Denial::RequestedTokenTypeInvalid.into());
    }
    let contents = TokenContents {
        client: Some(client.id),
        audiences: step.audiences,
        scopes: step.scopes,
        session: record.session.clone(),
        created_by: Some(record.id),
        ancestors: ancestors(subject, actor)?,
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
        has_status_list: org.settings.status_list,
    })
}

/// Who presents a token for another authorization server, and what they have proved.
pub(super) struct Presentation {
    /// Who acts for the subject.
    pub(super) acting: Actor,
    /// The keys that what comes of it is bound to.
    pub(super) confirmation: Confirmation,
}

/// Decides whether a client may tell others of the subject of a token: one that it was issued, or that is for it. No permit counts.
///
/// # Errors
/// Those of [`exchange`] about who presents what.
pub(super) fn permitted(
    org: &Org,
    client: &Client,
    (subject, actor): (ExchangeToken<'_>, Option<ExchangeToken<'_>>),
    proved: &Confirmation,
) -> Result<Presentation, Refusal> {
    may_exchange(org, client, subject.record)?;
    if subject.record.client != Some(client.id) && !is_for(client, subject.record) {
        return Err(Denial::ClientNotPermittedToExchange.into());
    }
    let record = subject.record;
    let acting = acting(org, client, (&record.subject, record.may_act.as_deref()), actor, proved)?;
    Ok(Presentation { acting, confirmation: bound_onward(client, &subject, proved)? })
}

/// Returns who acts for the subject of what is granted: the subject of the actor's token, which must be the client's to present and its key
/// proved, or else the client itself. The presented token may say that it must be somebody else.
pub(super) fn acting(
    org: &Org,
    client: &Client,
    (subject, permit): (&Subject, Option<&MayAct>),
    actor: Option<ExchangeToken<'_>>,
    proved: &Confirmation,
) -> Result<Actor, Refusal> {
    let acting = if let Some(actor) = actor {
        may_exchange(org, client, actor.record)?;
        bound(client, &actor, proved)?;
        if actor.record.subject == *subject {
            return Err(Denial::ActorIsSubject.into());
        }
        actor.as_actor()
    } else {
        Actor { subject: own_subject(client)?, client: Some(client.id) }
    };
    if permit.is_some_and(|permit| !permit.permits(&acting)) {
        return Err(Denial::ActorNotPermitted.into());
    }
    Ok(acting)
}

/// Where an exchange leads to.
enum Way<'a> {
    /// Nowhere else than where the presented token does: these of its audiences.
    Within(Vec<Audience>),
    /// On to a target of the client, which is this API.
    On(&'a ExchangeTarget, &'a Audience),
}

/// What an exchange gives that depends on its way.
struct Step {
    audiences: Vec<Audience>,
    scopes: Vec<Scope>,
    confirmation: Confirmation,
    details: Option<AuthorizationDetails>,
    actors: Vec<Actor>,
    /// Whether the token still stands for a client, and for nobody else.
    for_client: bool,
}

/// Finds where the exchange leads to. What the presented token is for already needs no target.
fn leads_to<'a>(client: &'a Client, original: &TokenRecord, ask: &ExchangeRequest) -> Result<Way<'a>, Denial> {
    let asked: Vec<Audience> = ask.resources.iter().chain(&ask.audiences).cloned().collect();
    if let Some(named) = find_resources(&original.audiences, &asked) {
        return Ok(Way::Within(named));
    }
    let [one, others @ ..] = &asked[..] else { return Err(Denial::TargetExceeds) };
    if asked.iter().any(|asked| find_resource(&original.audiences, asked).is_some()) {
        return Err(Denial::TargetExceeds);
    }
    if !others.iter().all(|other| names_same_resource(one, other)) {
        let is_pair = ask.resources.len() == 1 && ask.audiences.len() == 1;
        return Err(if is_pair { Denial::TargetsDiffer } else { Denial::TargetsTooMany });
    }
    let mut targets = client.settings.exchange_targets.iter().filter_map(|target| Some((target, target.api()?)));
    let found = targets.find(|(_, resource)| names_same_resource(resource, one));
    found.map(|(target, resource)| Way::On(target, resource)).ok_or(Denial::TargetExceeds)
}

/// Narrows a token down to some of its audiences and scopes.
fn narrowed(
    org: &Org,
    client: &Client,
    (subject, acting): (ExchangeToken<'_>, Option<Actor>),
    named: Vec<Audience>,
    ask: &ExchangeRequest,
) -> Result<Step, Denial> {
    let record = subject.record;
    let original = record.issuance.as_deref();
    let scopes = scopes(org, client, subject, ask.scopes.clone())?;
    let audiences = match (named.is_empty(), record.audiences.is_empty(), &ask.profile) {
        (false, ..) => named,
        (true, true, TokenProfile::Rfc9068 { issuer }) => vec![issuer.clone()],
        (true, ..) => record.audiences.clone(),
    };
    still_there(org, &audiences, &ask.profile)?;
    Ok(Step {
        audiences,
        scopes,
        confirmation: bound(client, &subject, &ask.confirmation)?,
        details: ask.details.clone().or_else(|| original?.details.clone()),
        actors: actors(record, acting)?,
        // A client that had a token for itself is somebody else's subject now.
        for_client: original.is_some_and(|issuance| issuance.for_client) && record.client == Some(client.id),
    })
}

/// Goes on to an API that the presented token isn't for. Who goes on is always told: RFC 8693 section 4.1.
fn gone_on(
    org: &Org,
    client: &Client,
    (subject, acting): (ExchangeToken<'_>, Actor),
    (target, resource): (&ExchangeTarget, &Audience),
    ask: &ExchangeRequest,
) -> Result<Step, Refusal> {
    let record = subject.record;
    let audiences = requested_resource(org, vec![resource.clone()])?;
    let scopes = target_scopes(subject, target, ask.scopes.as_deref(), |scope| {
        supported(org, scope).is_some() && subject.member.is_none_or(|member| member.holds(scope.name()))
    })?;
    let actors = actors(record, Some(acting))?;
    ensure_chain_is_short(org, &actors)?;
    Ok(Step {
        audiences,
        scopes,
        confirmation: bound_onward(client, &subject, &ask.confirmation)?,
        details: details_that_go_on(org, record, ask.details.as_ref())?,
        actors,
        for_client: record.issuance.as_deref().is_some_and(|issuance| issuance.for_client),
    })
}

/// Checks that no more actors are named than the org allows, and not at too great a length.
///
/// # Errors
/// [`Denial::ActorChainTooLong`].
pub fn ensure_chain_is_short(org: &Org, actors: &[Actor]) -> Result<(), Denial> {
    /// How long `act` may be as JSON: it is in each token that comes of the chain.
    const MAX_ACT_BYTES: usize = 2_048;
    let told = access_token::actors(actors).map(|act| act.to_string().len()).unwrap_or_default();
    let is_short = actors.len() <= org.settings.oauth.exchange_chain_limit.as_number() as usize && told <= MAX_ACT_BYTES;
    if is_short { Ok(()) } else { Err(Denial::ActorChainTooLong) }
}

/// Returns the scopes that a presented token leads to at a target: of those that are asked for, or of all. The rule of one step; what
/// several steps lead to follows from it, because each looks at what the one before has given.
///
/// # Errors
/// [`Denial::TargetScopeInvalid`] if it leads to none, or not to all that are asked for.
pub(super) fn target_scopes(
    subject: ExchangeToken<'_>,
    target: &ExchangeTarget,
    asked: Option<&[Scope]>,
    can_be_given: impl Fn(&Scope) -> bool,
) -> Result<Vec<Scope>, Denial> {
    let leads_to = |scope: &TargetScope| scope.sources.iter().any(|source| subject.opens(source));
    let can_be_had = |scope: &&TargetScope| leads_to(scope) && can_be_given(&scope.name);
    let to_be_had = target.scopes.iter().filter(can_be_had).map(|scope| scope.name.clone());
    let scopes: Vec<Scope> = match asked {
        None => to_be_had.collect(),
        Some(asked) => {
            let asked = deduplicated(asked.to_vec());
            let all: Vec<Scope> = to_be_had.collect();
            if !asked.iter().all(|scope| all.contains(scope)) {
                return Err(Denial::TargetScopeInvalid);
            }
            asked
        }
    };
    // A token that opens nothing would be found out late.
    if scopes.is_empty() { Err(Denial::TargetScopeInvalid) } else { Ok(scopes) }
}

/// Returns the details that the new token takes along: those that are asked for, which the presented token has, or else all of it that go
/// on. Details are about an API, so they stay with it unless the org says of their type that they don't.
fn details_that_go_on(
    org: &Org,
    original: &TokenRecord,
    asked: Option<&AuthorizationDetails>,
) -> Result<Option<AuthorizationDetails>, Denial> {
    let types = &org.settings.oauth.authorization_details_types;
    let goes_on = |name: &str| types.iter().any(|kind| kind.goes_on && kind.name == name);
    let those_that_go_on =
        |details: &AuthorizationDetails| of_types(details.as_json(), goes_on).map(AuthorizationDetails::from_json);
    if let Some(asked) = asked {
        let is_possible = those_that_go_on(asked).as_ref() == Some(asked);
        return if is_possible { Ok(Some(asked.clone())) } else { Err(Denial::AuthorizationDetailsInvalid) };
    }
    let there = original.issuance.as_deref().and_then(|issuance| issuance.details.as_ref());
    Ok(there.and_then(those_that_go_on))
}

/// Checks that a client may exchange a token: any if it has a permit; else, where the org demands none, one that it was issued
/// itself or that was meant for it.
fn may_exchange(org: &Org, client: &Client, token: &TokenRecord) -> Result<(), Denial> {
    may_exchange_what_is(org, client, token.client == Some(client.id) || is_for(client, token))
}

/// Checks the same of a token of which it is known whether it is the client's to present.
pub(super) fn may_exchange_what_is(org: &Org, client: &Client, its_own: bool) -> Result<(), Denial> {
    if client.settings.kind != ClientKind::Confidential {
        return Err(Denial::ClientMustBeConfidential);
    }
    let needs_permit = org.settings.oauth.token_exchange.by_permitted_clients_only || !its_own;
    if client.settings.may_exchange_tokens || !needs_permit { Ok(()) } else { Err(Denial::ClientNotPermittedToExchange) }
}

/// Whether a token is meant for the client.
fn is_for(client: &Client, token: &TokenRecord) -> bool {
    token.audiences.iter().any(|audience| client.answers_to(audience))
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
    bound_to(client, &token.confirmation(), proved)
}

/// Checks the same of the keys that a token is bound to.
pub(super) fn bound_to(client: &Client, keys: &Confirmation, proved: &Confirmation) -> Result<Confirmation, Denial> {
    let spelled = |denial| if denial == Denial::DpopHeaderMissing { denial } else { Denial::SubjectTokenBound };
    confirmed(client, keys, proved).map_err(spelled)
}

/// Checks who goes on with a bound token: RFC 9449 has nothing of exchanges, and none must make a bearer token of a bound one.
///
/// The client that a token was issued to proves the keys of the token. An API that was shown it can't: the proof was for the API's own
/// address. It proves keys of its own, of the same kinds, and the new token is bound to these.
fn bound_onward(client: &Client, token: &ExchangeToken<'_>, proved: &Confirmation) -> Result<Confirmation, Denial> {
    let of_token = token.confirmation();
    let was_shown_it = token.record.client != Some(client.id) && is_for(client, token.record);
    if !was_shown_it {
        return bound(client, token, proved);
    }
    if of_token.dpop_key.is_some() && proved.dpop_key.is_none() {
        return Err(Denial::DpopHeaderMissing);
    }
    if of_token.certificate.is_some() && proved.certificate.is_none() {
        return Err(Denial::SubjectTokenBound);
    }
    let keeps_certificate = of_token.certificate.is_some() || client.settings.certificate_bound_tokens;
    Ok(Confirmation { certificate: proved.certificate.filter(|_| keeps_certificate), dpop_key: proved.dpop_key })
}

/// Returns the actors of the new token, the current one first, and those before it: RFC 8693 section 4.1.
fn actors(subject: &TokenRecord, current: Option<Actor>) -> Result<Vec<Actor>, Denial> {
    let before = subject.issuance.iter().flat_map(|issuance| issuance.actors.iter().cloned());
    at_most(Issuance::MAX_ACTORS, current.into_iter().chain(before).collect())
}

/// Returns the ancestors of the new token, the actor's token included: where that ends, nobody acts any more.
fn ancestors(subject: ExchangeToken<'_>, actor: Option<ExchangeToken<'_>>) -> Result<Vec<Ancestor>, Denial> {
    with_lineage(subject.lineage(), actor)
}

/// Returns these ancestors and those by the actor's token.
pub(super) fn with_lineage(mut all: Vec<Ancestor>, actor: Option<ExchangeToken<'_>>) -> Result<Vec<Ancestor>, Denial> {
    for ancestor in actor.into_iter().flat_map(|actor| actor.lineage()) {
        if !all.contains(&ancestor) {
            all.push(ancestor);
        }
    }
    at_most(Ancestor::MAX_PER_TOKEN, all)
}

fn at_most<T>(most: usize, all: Vec<T>) -> Result<Vec<T>, Denial> {
    if all.len() <= most { Ok(all) } else { Err(Denial::ExchangeTooDeep) }
}
