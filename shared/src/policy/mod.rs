//! Who may be issued what: pure functions, and the only makers of a [`Grant`].
//!
//! - An administrator (`urn:jeton:tokens:create`, in the org or in an ancestor) may mint for any member, with any role, host
//!   and session. Required scopes must be held by the member, optional ones needn't. Scopes of Jeton's own API go only to
//!   tokens whose creator has them.
//! - Any other caller may mint only for itself, and only less than it presents. It can't leave its session.
//! - What a caller mints for itself, whoever it is, and what it reissues dies with the token that it presents, and ends no later.
//! - A reissued token has the presented one's subject, session and end, and at most its rights.
//! - A refreshed token has at most what its family began with.
//! - What an OAuth client gets is decided by its org's settings and its own record: `client`, and `exchange` for RFC 8693.
//!   `asserted` is about subjects that others name. What it may tell another authorization server of the subject of a token is in `domain_grant`.
//!
//! Everything that a decision needs is an argument: the use case reads it, and records and signs what was granted. To add a
//! rule, add it to the function that decides and to the tables in `policy/tests.rs`.

use std::collections::BTreeMap;

use crate::domain::scope::api;
use crate::domain::{
    Algorithm, Ancestor, App, Audience, Authority, Authorization, Caller, Creator, ExtraClaims, Family, HostPermissions, Label,
    MayAct, Member, MemberKind, NotBeforeKey, Org, OrgId, OrgSettings, PersonGrantUpdate, Refusal, Role, Scope, Seconds, Secret,
    Session, SessionId, SignIn, Subject, TicketKey, Timestamp, TokenContents, TokenRecord, Unheld,
};

/// What is asked for: a token for `subject` in `org`.
#[derive(Clone, Debug)]
pub struct MemberTokenRequest {
    /// Whom it shall stand for.
    pub subject: Subject,
    /// Where it shall act.
    pub org: OrgId,
    /// Who may take it.
    pub audiences: Vec<Audience>,
    /// The scopes as they were asked for, marks included.
    pub scopes: Vec<Scope>,
    /// The role that the token gives in each application.
    pub roles: BTreeMap<App, Role>,
    /// The hosts that it opens.
    pub hosts: Vec<HostPermissions>,
    /// Which session it shall be in.
    pub session: SessionRequest,
    /// What people shall call it.
    pub label: Option<Label>,
    /// Who may act for its subject. `None`: whoever may exchange it.
    pub may_act: Option<MayAct>,
    /// When it shall begin: `None` for now.
    pub start: Option<Timestamp>,
    /// How long it shall live.
    pub lifetime: Lifetime,
    /// Whether a refresh family shall begin with it.
    pub refresh: bool,
}

/// Which session a token shall be in.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum SessionRequest {
    /// That of the token that asks, if it has one.
    Inherit,
    /// The session with this id.
    Named(SessionId),
    /// The token belongs to no session.
    None,
}

/// How long a token shall live.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Lifetime {
    /// As long as the org's settings say.
    Default,
    /// So long from its start.
    For(Seconds),
    /// For ever, if the org allows that.
    Forever,
    /// Up to this moment.
    Until(Timestamp),
}

/// Where a token shall act and for whom, as read for this decision.
#[derive(Clone, Copy, Debug)]
pub struct Target<'a> {
    /// The org, if there is one.
    pub org: Option<&'a Org>,
    /// The member, if there is one.
    pub member: Option<&'a Member>,
}

impl<'a> Target<'a> {
    /// Returns both, if both are there and enabled. All the rest gets one refusal, so that nobody can probe.
    fn available(self) -> Option<(&'a Org, &'a Member)> {
        Some((self.org.filter(|org| org.enabled)?, self.member.filter(|member| member.enabled)?))
    }
}

/// Permission to mint one token, with everything that the token shall say.
#[derive(Clone, Debug)]
pub struct Grant {
    pub(crate) org: OrgId,
    pub(crate) root_org: OrgId,
    /// What the token shall say; so does its refresh family.
    pub(crate) contents: TokenContents,
    pub(crate) issued_at: Timestamp,
    pub(crate) not_before: Timestamp,
    pub(crate) expires_at: Option<Timestamp>,
    pub(crate) form: TokenFormat,
    /// The value that was chosen for the token.
    pub(crate) value: Option<Secret<String>>,
    /// So long nobody else can choose such a value. `None`: for ever.
    pub(crate) values_kept_until: Option<Timestamp>,
    /// The ticket that it is issued on.
    pub(crate) ticket: Option<TicketKey>,
    /// The authorization whose code it is issued on, as it was read.
    pub(crate) authorization: Option<Box<Authorization>>,
    /// What its person grants with it.
    pub(crate) consent: Option<Box<PersonGrantUpdate>>,
    pub(crate) refresh: Option<RefreshGrant>,
    /// Whether its org has lists of the status of its JWTs.
    pub(crate) has_status_list: bool,
}

impl Grant {
    /// Grants a member's JWT that begins now, with no refresh token.
    fn for_member(org: &Org, contents: TokenContents, expires_at: Option<Timestamp>, now: Timestamp) -> Self {
        Self {
            org: org.id.clone(),
            root_org: org.root().clone(),
            contents,
            issued_at: now,
            not_before: now,
            expires_at,
            form: TokenFormat::Jwt,
            value: None,
            values_kept_until: None,
            ticket: None,
            authorization: None,
            consent: None,
            refresh: None,
            has_status_list: org.settings.status_list,
        }
    }

    /// Whether the token says where its status is: what is opaque is looked up anyway.
    pub(crate) fn has_status_claim(&self) -> bool {
        match self.form {
            TokenFormat::Opaque => false,
            TokenFormat::Jwt | TokenFormat::AccessTokenJwt { .. } => self.has_status_list,
        }
    }

    /// Returns how the person signed in who granted it at the authorization endpoint, if one did.
    pub(crate) fn sign_in(&self) -> Option<&SignIn> {
        self.contents.issuance.as_deref()?.sign_in.as_deref()
    }

    /// Says whether somebody acts for the token's subject.
    pub(crate) fn names_actors(&self) -> bool {
        self.contents.issuance.as_deref().is_some_and(|issuance| !issuance.actors.is_empty())
    }

    /// Returns the marks that could concern the token.
    pub(crate) fn marks(&self) -> impl Iterator<Item = NotBeforeKey> {
        self.marks_in(&self.org)
    }
}

// Readers of a grant ask for `grant.subject`, wherever in it that is.
impl std::ops::Deref for Grant {
    type Target = TokenContents;

    fn deref(&self) -> &TokenContents {
        &self.contents
    }
}

impl std::ops::DerefMut for Grant {
    fn deref_mut(&mut self) -> &mut TokenContents {
        &mut self.contents
    }
}

/// What a token looks like.
#[derive(Clone, Debug)]
pub(crate) enum TokenFormat {
    /// A JWT of a member (`typ` `JWT`).
    Jwt,
    /// A value that tells nothing.
    Opaque,
    /// Such a value and, with it as its `jti`, a JWT as in RFC 9068.
    AccessTokenJwt {
        algorithm: Algorithm,
        /// What else it says.
        extra: Option<ExtraClaims>,
        profile: TokenProfile,
    },
}

/// Which rules shape a client's token: what it says and what becomes of it.
#[derive(Clone, Debug)]
pub enum TokenProfile {
    /// An authorization server outside decides what the token says, down to its value. A refresh ends the access token before.
    ExternalServer,
    /// The token is as RFC 9068 has it. A refresh ends nothing, because a client may run in several places.
    Rfc9068 {
        /// The issuer: for whom a token is that is meant for nobody in particular (RFC 9068 section 3).
        issuer: Audience,
    },
}

/// Permission to begin a refresh family with a token.
#[derive(Clone, Debug)]
pub(crate) struct RefreshGrant {
    pub(crate) expires_at: Timestamp,
    pub(crate) token_duration: Seconds,
    pub(crate) rotates: bool,
    /// Zero: a refresh token that was replaced is refused at once.
    pub(crate) retry_window: Seconds,
    pub(crate) slides: Option<Seconds>,
    pub(crate) exclusive: bool,
    /// The value that was chosen for the refresh token.
    pub(crate) value: Option<Secret<String>>,
}

/// Decides whether `caller` gets what it asks for.
///
/// # Errors
/// [`Refusal::AccessDenied`] if the caller is no administrator and asks for somebody else. [`Refusal::MemberUnavailable`] if the
/// org or the member is missing or disabled. [`Refusal::Lifetime`] if the times aren't within the org's settings.
/// [`Refusal::ScopeNotHeld`] if the member lacks a required scope. [`Refusal::OutsideAuthority`] if the caller asks for more than
/// it may pass on. [`Refusal::Invalid`] if it may not leave its session, or if the presented token comes of too many others.
pub fn decide(ask: MemberTokenRequest, caller: &Caller, target: Target<'_>, now: Timestamp) -> Result<Grant, Refusal> {
    let administers = target.org.is_some_and(|org| caller.may(api::TOKENS_CREATE, org));
    let for_itself = ask.org == *caller.org() && ask.subject == *caller.subject();
    if !administers && !for_itself {
        return Err(Refusal::AccessDenied { needs: api::TOKENS_CREATE });
    }
    let (org, member) = target.available().ok_or(Refusal::MemberUnavailable)?;
    let (not_before, mut expires_at) = validity(ask.start, ask.lifetime, org, now)?;
    let mut refresh = ask.refresh.then(|| refresh_grant(org, not_before, expires_at, now));
    if !administers {
        within_presented(&ask, caller.token())?;
    }
    if for_itself {
        expires_at = earlier(expires_at, caller.token().expires_at);
        if expires_at.is_some_and(|exp| exp <= not_before) {
            return Err(Refusal::Lifetime("must begin before the presented token ends".into()));
        }
        if let (Some(refresh), Some(end)) = (&mut refresh, caller.token().expires_at) {
            refresh.expires_at = refresh.expires_at.min(end);
        }
    }
    let scopes = granted_scopes(&ask.scopes, member, |scope| {
        if administers {
            !scope.reaches_api() || caller.authority().permits_api(scope.name())
        } else {
            caller.authority().on_token(scope.name())
        }
    })?;
    let another = ask.subject != *caller.subject();
    // Whoever isn't in charge passes on what the presented token says of it.
    let may_act =
        if administers { ask.may_act.map(Box::new) } else { ask.may_act.map(Box::new).or(caller.token().may_act.clone()) };
    let contents = TokenContents {
        client: None,
        session: session(ask.session, caller, &ask.org, administers)?,
        label: ask.label,
        created_by: Some(caller.token().id),
        ancestors: if for_itself { lineage(caller.token())? } else { Vec::new() },
        creator: if another { Some(creator_of(caller)) } else { caller.token().creator.clone() },
        masquerading: caller.token().masquerading || another && is_person(caller.member()) && is_person(member),
        may_act,
        issuance: None,
        scopes,
        subject: ask.subject,
        audiences: ask.audiences,
        roles: ask.roles,
        hosts: ask.hosts,
        unheld: Unheld::default(),
    };
    let contents = contents.noting_unheld(member);
    Ok(Grant { not_before, refresh, ..Grant::for_member(org, contents, expires_at, now) })
}

/// Decides whether a member would get what an administrator asked for, with the same rules for scopes and lifetime as [`decide`].
///
/// # Errors
/// [`Refusal::MemberUnavailable`], [`Refusal::Lifetime`] and [`Refusal::ScopeNotHeld`], as [`decide`].
///
/// # Examples
/// ```
/// # use std::collections::BTreeMap;
/// # use shared::domain::{Audience, Clock, Invalid, Refusal, Scope, ScopePattern, Seconds};
/// # use shared::platform::SystemClock;
/// # use shared::policy::{Lifetime, MemberTokenRequest, SessionRequest, Target, verdict};
/// # use shared::store::conformance::samples;
/// # fn main() -> Result<(), Invalid> {
/// let org = samples::org("1", &[]);
/// let mut ann = samples::member("1", "ann");
/// ann.scopes = vec![ScopePattern::parse("shop:read:*")?];
/// let target = Target { org: Some(&org), member: Some(&ann) };
///
/// let mut ask = MemberTokenRequest {
///     subject: ann.subject.clone(),
///     org: org.id.clone(),
///     audiences: vec![Audience::parse("https://shop.example.com")?],
///     scopes: vec![Scope::parse("shop:read:orders")?],
///     roles: BTreeMap::new(),
///     hosts: Vec::new(),
///     session: SessionRequest::None,
///     label: None,
///     may_act: None,
///     start: None,
///     lifetime: Lifetime::For(Seconds::HOUR),
///     refresh: false,
/// };
/// assert!(verdict(&ask, target, SystemClock.now()).is_ok());
///
/// ask.scopes = vec![Scope::parse("shop:write:orders")?];
/// assert!(matches!(verdict(&ask, target, SystemClock.now()), Err(Refusal::ScopeNotHeld(_))));
/// # Ok(())
/// # }
/// ```
pub fn verdict(ask: &MemberTokenRequest, target: Target<'_>, now: Timestamp) -> Result<(), Refusal> {
    let (org, member) = target.available().ok_or(Refusal::MemberUnavailable)?;
    validity(ask.start, ask.lifetime, org, now)?;
    granted_scopes(&ask.scopes, member, |_| true).map(drop)
}

/// Decides on a token like `presented` for another org, or for the same one: the org itself or one below it, in which its
/// subject is a member. Never upwards or sideways: there the same `sub` may be somebody else.
///
/// # Errors
/// [`Refusal::OrgUnavailable`] if the org is missing, disabled or not at or below the token's own, or if the token's subject is
/// no member there. [`Refusal::Invalid`] if the presented token comes of too many others.
pub fn reissue(presented: &Caller, target: Target<'_>, now: Timestamp) -> Result<Grant, Refusal> {
    let (org, member) = target.available().ok_or(Refusal::OrgUnavailable)?;
    if !org.is_within(presented.org()) || member.subject != *presented.subject() {
        return Err(Refusal::OrgUnavailable);
    }
    let token = presented.token();
    let same_org = org.id == token.org;
    let (created_by, ancestors) = (Some(token.id), lineage(token)?);
    let mut contents = TokenContents { created_by, ancestors, issuance: None, ..token.contents.clone() };
    contents.scopes.retain(|scope| member.holds(scope.name()));
    // Of those in its own org the caller has lost none.
    contents.roles.retain(|app, role| same_org || member.has_role(app, role));
    Ok(Grant::for_member(org, contents.noting_unheld(member), token.expires_at, now))
}

/// Decides on the next access token of a family that was found alive. Left out are roles and required
/// scopes that the member has lost.
///
/// # Errors
/// [`Refusal::RefreshRejected`] if the org or the member is missing or disabled, or isn't the family's.
pub fn refresh(family: &Family, target: Target<'_>, now: Timestamp) -> Result<Grant, Refusal> {
    let (org, member) = target.available().ok_or(Refusal::RefreshRejected)?;
    if org.id != family.org || member.subject != family.subject {
        return Err(Refusal::RefreshRejected);
    }
    let expires_at = now.whole_second().plus(family.token_duration).min(family.expires_at);
    let mut contents = TokenContents { issuance: None, ..family.contents.clone() };
    contents.scopes.retain(|scope| scope.is_optional() || member.holds(scope.name()));
    contents.drop_lost_roles(member);
    let contents = contents.noting_unheld(member);
    Ok(Grant { root_org: family.root_org.clone(), ..Grant::for_member(org, contents, Some(expires_at), now) })
}

/// Grants the first token of an administrator. Nobody can ask for it; whoever runs the service may have it.
pub fn bootstrap(org: &Org, member: &Member, lifetime: Seconds, now: Timestamp) -> Grant {
    let contents =
        TokenContents { scopes: Scope::parse(api::ADMIN).into_iter().collect(), ..TokenContents::new(member.subject.clone()) };
    Grant::for_member(org, contents, Some(now.whole_second().plus(lifetime)), now)
}

/// When a token begins and ends.
fn validity(
    start: Option<Timestamp>,
    lifetime: Lifetime,
    org: &Org,
    now: Timestamp,
) -> Result<(Timestamp, Option<Timestamp>), Refusal> {
    const CLOCK_TOLERANCE: Seconds = Seconds(60);
    let settings = &org.settings;
    let start = start.unwrap_or(now);
    if start < now.minus(CLOCK_TOLERANCE) {
        return Err(Refusal::Lifetime("must not begin more than 60 seconds ago".into()));
    }
    if start > now.plus(OrgSettings::MAX_LIFETIME) {
        return Err(Refusal::Lifetime("must begin within 400 days".into()));
    }
    let not_before = start.max(now);
    let end = match lifetime {
        Lifetime::Default => start.whole_second().plus(settings.duration_or(OrgSettings::DEFAULT_LIFETIME)),
        Lifetime::For(Seconds(0)) => return Err(Refusal::Lifetime("must be at least 1 second".into())),
        Lifetime::For(length) if length > settings.max_token_duration => {
            return Err(Refusal::too_long(settings.max_token_duration));
        }
        Lifetime::For(length) => start.whole_second().plus(length),
        Lifetime::Forever if settings.allow_non_expiring => return Ok((not_before, None)),
        Lifetime::Forever => {
            return Err(Refusal::Lifetime(
                "must expire: the org doesn't allow tokens without an end (setting allow_non_expiring)".into(),
            ));
        }
        Lifetime::Until(end) if end > start.plus(settings.max_token_duration) => {
            return Err(Refusal::too_long(settings.max_token_duration));
        }
        Lifetime::Until(end) => end.whole_second(),
    };
    if end <= not_before {
        return Err(Refusal::Lifetime("must end after it begins".into()));
    }
    Ok((not_before, Some(end)))
}

/// A family outlives its first token's setting by nothing: it ends when the org's settings say, at the latest.
fn refresh_grant(org: &Org, not_before: Timestamp, expires_at: Option<Timestamp>, now: Timestamp) -> RefreshGrant {
    let token_duration = expires_at.map_or(org.settings.max_token_duration, |exp| exp.since(not_before.whole_second()));
    RefreshGrant {
        expires_at: now.whole_second().plus(org.settings.refresh_token_duration),
        token_duration,
        rotates: !org.settings.keeps_refresh_token(None),
        retry_window: org.settings.refresh_token_retry_seconds,
        slides: None,
        exclusive: false,
        value: None,
    }
}

/// The scopes that the member gets: refuses where a required one isn't to be had, drops an optional one that the creator may not
/// pass on.
fn granted_scopes(asked: &[Scope], member: &Member, may_pass_on: impl Fn(&Scope) -> bool) -> Result<Vec<Scope>, Refusal> {
    let mut granted = Vec::with_capacity(asked.len());
    for scope in asked {
        if !scope.is_optional() && !member.holds(scope.name()) {
            return Err(Refusal::ScopeNotHeld(scope.clone()));
        }
        if may_pass_on(scope) {
            granted.push(scope.clone());
        } else if !scope.is_optional() {
            return Err(Refusal::OutsideAuthority { field: "scopes" });
        }
    }
    Ok(granted)
}

/// Whether roles, audiences and hosts are among those of the presented token.
fn within_presented(ask: &MemberTokenRequest, presented: &TokenRecord) -> Result<(), Refusal> {
    let outside = |field| Err(Refusal::OutsideAuthority { field });
    if !ask.audiences.iter().all(|audience| presented.audiences.contains(audience)) {
        return outside("audiences");
    }
    if !ask.roles.iter().all(|(app, role)| presented.roles.get(app) == Some(role)) {
        return outside("roles");
    }
    if !ask.hosts.iter().all(|host| presented.hosts.contains(host)) {
        return outside("hosts");
    }
    if presented.may_act.is_some() && ask.may_act.is_some() && presented.may_act.as_deref() != ask.may_act.as_ref() {
        return outside("may_act");
    }
    Ok(())
}

/// The ancestors of what is made from a token.
fn lineage(presented: &TokenRecord) -> Result<Vec<Ancestor>, Refusal> {
    const MAX: usize = Ancestor::MAX_PER_TOKEN;
    let lineage = presented.lineage();
    if lineage.len() <= MAX {
        return Ok(lineage);
    }
    let rule = format!("the presented token already comes of {MAX} others, one made from the next. Use one that comes of fewer");
    Err(Refusal::invalid("", rule))
}

fn session(ask: SessionRequest, caller: &Caller, org: &OrgId, administers: bool) -> Result<Option<Session>, Refusal> {
    let own = &caller.token().session;
    match ask {
        SessionRequest::Inherit => Ok(own.clone()),
        SessionRequest::None if administers || own.is_none() => Ok(None),
        // The end of the session must reach it.
        SessionRequest::None => Err(Refusal::invalid(
            "inherit_session",
            format!("must not be false without {}: a token that is in a session can't mint one that isn't", api::TOKENS_CREATE),
        )),
        SessionRequest::Named(id) if own.as_ref().is_some_and(|session| session.id == id) => Ok(own.clone()),
        SessionRequest::Named(id) if administers => Ok(Some(Session { org: org.clone(), id })),
        SessionRequest::Named(_) => Err(Refusal::OutsideAuthority { field: "session" }),
    }
}

fn earlier(a: Option<Timestamp>, b: Option<Timestamp>) -> Option<Timestamp> {
    a.into_iter().chain(b).min()
}

fn creator_of(caller: &Caller) -> Creator {
    Creator { org: caller.org().clone(), subject: caller.subject().clone() }
}

fn is_person(member: &Member) -> bool {
    member.kind == MemberKind::User
}

/// Whether `authority` may hand out what `patterns` hold: those that reach Jeton's own API must be covered by it.
pub fn may_hand_out<'a>(authority: Authority<'_>, patterns: impl IntoIterator<Item = &'a crate::domain::ScopePattern>) -> bool {
    patterns.into_iter().all(|pattern| {
        Scope::parse(pattern.as_str()).is_ok_and(|scope| !scope.reaches_api() || authority.permits_api(scope.name()))
    })
}

mod api_key;
mod asserted;
mod client;
mod domain_grant;
mod exchange;
mod resource;

pub use api_key::{ApiKeyExchange, exchange_api_key};
pub use asserted::{AssertedToken, SubjectBounds, exchange_asserted, requested_for_subject, requested_resource_of};
pub use client::{
    ClientTokenRequest, RefreshOf, RefreshRequest, amend_scopes, available_of, granted_of_person, granted_resource, issue,
    merged, refresh_of_client, requestable, requestable_of_person, requested, requested_of_person, requested_resource,
    requested_resources, supported_of,
};
pub(crate) use client::{attachable, deduplicated, supported};
pub use domain_grant::{DomainGrant, DomainGrantRequest, grant_for_domain};
pub use exchange::{ExchangeRequest, ExchangeToken, ensure_chain_is_short, exchange};
pub(crate) use resource::{find_resource, names_same_resource};

#[cfg(test)]
mod tests;
