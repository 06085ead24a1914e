//! The hand-over: a login application reads what a client asks of a person, and accepts or denies it.
//!
//! The rules that login applications get wrong are kept here: how old a sign-in may be, who must be there, how they must have
//! authenticated, and that nobody's consent is made up without a page. The login application alone knows who sits before the browser.

use std::sync::Arc;

use super::endpoint::continue_url;
use crate::auth::client::client_as_kept;
use crate::auth::client::document::document_key;
use crate::auth::secret;
use crate::auth::service::{Authenticated, Credentials, Lookup, authenticate};
use crate::domain::scope::{api, openid};
use crate::domain::{
    Approval, Audience, Authorization, AuthorizationDetails, AuthorizationDetailsType, AuthorizationError, AuthorizationKey,
    AuthorizationProblem, AuthorizationState, Client, ClientUrl, Consent, Error, ExtraClaims, Fault, Org, OrgId, PersonGrant,
    Prompt, Refusal, Scope, Seconds, Secret, Service, SessionId, Subject, Timestamp,
};
use crate::oauth::{id_token, registration};
use crate::platform::capabilities::{AuthorizationAccepter, AuthorizationKeeper, Reader};
use crate::policy;
use crate::store::{Put, RecordKeys, Records, WriteDirectory};

/// An authorization as a login application reads it.
#[derive(Debug)]
pub struct AuthorizationSeen {
    /// The authorization, which isn't over.
    pub authorization: Authorization,
    /// The client that asks.
    pub client: Arc<Client>,
    /// The org of the client, in whose name it is decided.
    pub service: Service,
    /// What the person has granted to the client before, if the login application says who it is.
    pub person_grant: Option<PersonGrant>,
}

impl AuthorizationSeen {
    /// Says whether the person must be asked for consent.
    pub fn needs_consent(&self) -> bool {
        let request = &self.authorization.request;
        let asked = Wanted { scopes: &request.scopes, resources: &request.resources, details: request.details.as_ref() };
        needs_consent(&self.authorization, &self.client, &asked, self.person_grant.as_ref())
    }
}

/// What a login application says when it accepts. What is left out is as it was asked for.
#[derive(Clone, Debug)]
pub struct Acceptance {
    /// The person who has signed in.
    pub subject: Subject,
    /// The scopes that the person grants. `None`: all that were asked for.
    pub scopes: Option<Vec<Scope>>,
    /// The resources that the person grants. `None`: all that were asked for.
    pub resources: Option<Vec<Audience>>,
    /// What the person grants in detail, narrowed or enriched (RFC 9396 section 7). `None`: what was asked for.
    pub details: Option<AuthorizationDetails>,
    /// When the person signed in.
    pub auth_time: Option<Timestamp>,
    /// The authentication context class that was met.
    pub acr: Option<String>,
    /// How the person authenticated.
    pub amr: Vec<String>,
    /// The session of the login application.
    pub session: Option<SessionId>,
    /// What is known of the person.
    pub claims: Option<ExtraClaims>,
    /// What the ID token says besides.
    pub id_token_claims: Option<ExtraClaims>,
    /// What the access token says besides.
    pub access_token_claims: Option<ExtraClaims>,
    /// Whether the consent is remembered, where it can be. Otherwise the person is asked again the next time.
    pub remember: bool,
}

/// Reads an authorization, with what `subject` has granted to the client before. It isn't changed by that.
///
/// # Errors
/// As [`authenticate`]. [`Refusal::AuthorizationRejected`] if there is no such authorization in the org, or it is over.
pub async fn read(
    ports: &Reader,
    credentials: Credentials,
    key: &AuthorizationKey,
    subject: Option<&Subject>,
) -> Result<AuthorizationSeen, Error> {
    let (service, authorization) = find(ports, credentials, key).await?;
    let Asking { client, person_grant, .. } = client_of(ports, &service, &authorization, subject).await?;
    Ok(AuthorizationSeen { authorization, client, service, person_grant })
}

/// Accepts an authorization, and returns the address to which the browser must be sent, if there is one. To accept again, while the browser isn't back,
/// replaces what was said before. `read_acceptance` reads what is said, by the types of authorization details that the org has.
///
/// # Errors
/// As [`read`]. [`Refusal::AuthorizationRejected`] also if it can't be decided any more, or if what is said isn't what the client demands
/// of a sign-in. [`Refusal::Invalid`] if more is granted than was asked for, or something is missing.
pub async fn accept(
    ports: &AuthorizationAccepter,
    credentials: Credentials,
    key: &AuthorizationKey,
    read_acceptance: impl FnOnce(&[AuthorizationDetailsType]) -> Result<Acceptance, Refusal>,
) -> Result<Option<String>, Error> {
    let AuthorizationAccepter { keeper: ports, write } = ports;
    let (service, authorization) = find(&ports.reader, credentials, key).await?;
    let said = read_acceptance(&service.org().settings.oauth.authorization_details_types)?;
    let now = ports.reader.now();
    ensure_undecided(&authorization)?;
    let approval = approval(&service, &authorization, said, now)?;
    ensure_demands_are_met(&authorization, &approval)?;
    let is_silent = authorization.request.prompts.contains(&Prompt::None);
    let subject = is_silent.then_some(&approval.subject);
    let Asking { client, recorded, person_grant: granted } = client_of(&ports.reader, &service, &authorization, subject).await?;
    let Approval { scopes, resources, details, .. } = &approval;
    let wanted = Wanted { scopes, resources, details: details.as_ref() };
    if is_silent && needs_consent(&authorization, &client, &wanted, granted.as_ref()) {
        return Err(AuthorizationProblem::ConsentRequired.into());
    }
    record_client(&**write, recorded, &client).await?;
    registration::keep_longer(&ports.reader, &**write, &service, client).await?;
    let approval = Box::new(approval);
    decide(ports, authorization, ensure_undecided, |verifier| AuthorizationState::Accepted { approval, verifier }).await
}

/// Denies an authorization, and returns the address to which the browser must be sent, if there is one. An accepted one can be denied as long as the
/// browser isn't back.
///
/// # Errors
/// As [`read`]. [`Refusal::AuthorizationRejected`] also if it can't be decided any more.
pub async fn deny(
    ports: &AuthorizationKeeper,
    credentials: Credentials,
    key: &AuthorizationKey,
    error: AuthorizationError,
    description: Option<String>,
) -> Result<Option<String>, Error> {
    let (_, authorization) = find(&ports.reader, credentials, key).await?;
    ensure_deniable(&authorization)?;
    decide(ports, authorization, ensure_deniable, |verifier| AuthorizationState::Denied {
        error,
        description,
        error_uri: None,
        verifier,
    })
    .await
}

impl Lookup for AuthorizationKey {
    fn wanted(&self, org: &OrgId) -> RecordKeys {
        // One of another org is not looked for: the answer is that of one that isn't there.
        let authorizations = (self.org == *org).then(|| self.clone()).into_iter().collect();
        RecordKeys { authorizations, ..RecordKeys::default() }
    }
}

/// Authenticates the login application, and finds the authorization in its org: one read.
async fn find(ports: &Reader, credentials: Credentials, key: &AuthorizationKey) -> Result<(Service, Authorization), Error> {
    let credentials = Credentials { org: Some(key.org.clone()), ..credentials };
    let needs = [api::AUTHORIZATIONS_DECIDE];
    let Authenticated { service, mut found, .. } = authenticate(ports, &credentials, &needs, |_| key.clone()).await?;
    // One that no browser has opened isn't there for a login application, nor one that an authorization server decides by its ticket.
    let is_for_it = |found: &Authorization| found.state != AuthorizationState::Pushed && found.forwarded.is_none();
    let authorization = found.authorizations.remove(key).filter(is_for_it).ok_or(AuthorizationProblem::NotFound)?;
    if authorization.is_over(ports.now()) {
        return Err(AuthorizationProblem::Expired.into());
    }
    Ok((service, authorization))
}

/// A client that asks, and what is kept of it.
struct Asking {
    client: Arc<Client>,
    /// The client as the directory has it. `None`: nobody has let it in yet, and only its metadata document is known.
    recorded: Option<Arc<Client>>,
    /// What the person has granted to it.
    person_grant: Option<PersonGrant>,
}

/// Reads the client that asks, and what this person has granted to it.
async fn client_of(
    ports: &Reader,
    service: &Service,
    authorization: &Authorization,
    subject: Option<&Subject>,
) -> Result<Asking, Error> {
    let key = (authorization.org.clone(), authorization.client);
    let url = ClientUrl::parse(&authorization.client_name).ok();
    let client_documents = url.iter().map(|url| document_key(&authorization.org, url)).collect();
    let granted = subject.map(|subject| authorization.person_grant_key(subject));
    let person_grants = granted.iter().cloned().collect();
    let wanted = RecordKeys { clients: vec![key.clone()], client_documents, person_grants, ..RecordKeys::default() };
    let mut found = ports.tokens.read(&wanted).await?;
    let recorded = found.clients.get(&key).cloned();
    let client = client_among(service.org(), authorization, &mut found, ports.now())?.ok_or(AuthorizationProblem::NotFound)?;
    let person_grant = granted.and_then(|key| found.person_grants.remove(&key)).filter(|grant| grant.ended_at.is_none());
    Ok(Asking { client, recorded, person_grant })
}

/// Returns the client that asks, if it is good for anything: of the records that were read, its own and its metadata document.
pub(super) fn client_among(
    org: &Org,
    authorization: &Authorization,
    found: &mut Records,
    now: Timestamp,
) -> Result<Option<Arc<Client>>, Fault> {
    let client = match ClientUrl::parse(&authorization.client_name) {
        Ok(url) => client_as_kept(org, &url, found, now)?,
        Err(_) => found.clients.remove(&(authorization.org.clone(), authorization.client)),
    };
    Ok(client.filter(|client| client.enabled && org.still_has(client, now) && authorization.is_of(client)))
}

/// Makes the record of a client that names itself by a metadata document, or brings it up to date: so it can be listed and disabled.
///
/// # Errors
/// [`Refusal::AuthorizationRejected`] if the number that is made of its URL is another client's.
async fn record_client(write: &dyn WriteDirectory, recorded: Option<Arc<Client>>, client: &Client) -> Result<(), Error> {
    if client.document_url().is_none() {
        return Ok(());
    }
    match recorded {
        None => match write.put_client(client).await? {
            Put::Created | Put::Replaced => Ok(()),
            Put::Dangling | Put::Taken => Err(AuthorizationProblem::NotFound.into()),
        },
        // Whoever was faster has seen what is as good.
        Some(recorded) if recorded.settings != client.settings => {
            write.replace_client(&recorded, client).await.map(drop).map_err(Error::from)
        }
        Some(_) => Ok(()),
    }
}

fn ensure_undecided(authorization: &Authorization) -> Result<(), AuthorizationProblem> {
    match authorization.state {
        // A device may have its token already.
        AuthorizationState::Accepted { .. } if authorization.device.is_some() => Err(AuthorizationProblem::Decided),
        AuthorizationState::Pending | AuthorizationState::Accepted { .. } => Ok(()),
        AuthorizationState::Pushed
        | AuthorizationState::Denied { .. }
        | AuthorizationState::Failed { .. }
        | AuthorizationState::Issued { .. }
        | AuthorizationState::Redeemed { .. } => Err(AuthorizationProblem::Decided),
    }
}

fn ensure_deniable(authorization: &Authorization) -> Result<(), AuthorizationProblem> {
    let is_replaceable = matches!(authorization.state, AuthorizationState::Denied { .. }) && authorization.device.is_none();
    if is_replaceable { Ok(()) } else { ensure_undecided(authorization) }
}

/// What a person is asked for, or grants.
struct Wanted<'a> {
    scopes: &'a [Scope],
    resources: &'a [Audience],
    details: Option<&'a AuthorizationDetails>,
}

/// A person is asked each time, unless the client is the team's own, or they have granted all of it before. What they grant in detail is
/// about one matter, such as one payment, and never remembered.
fn needs_consent(authorization: &Authorization, client: &Client, wanted: &Wanted<'_>, granted: Option<&PersonGrant>) -> bool {
    if authorization.request.prompts.contains(&Prompt::Consent) {
        return true;
    }
    match client.settings.consent {
        Consent::Implied => false,
        Consent::Required => {
            wanted.details.is_some()
                || !authorization.can_be_remembered(client)
                || !granted.is_some_and(|granted| granted.remembers(wanted.scopes, wanted.resources))
        }
    }
}

/// How far the clock of whoever signs people in may be ahead of ours.
pub(in crate::oauth) const MAX_CLOCK_AHEAD: Seconds = Seconds(60);

/// Checks what is granted against what was asked for.
fn approval(service: &Service, authorization: &Authorization, said: Acceptance, now: Timestamp) -> Result<Approval, Refusal> {
    let request = &authorization.request;
    let told = [&said.claims, &said.id_token_claims].into_iter().flatten().map(|claims| claims.as_json().len());
    if !id_token::has_room_for(told.chain(said.amr.iter().map(String::len)).sum()) {
        return Err(AuthorizationProblem::ClaimsTooLarge.into());
    }
    // Else the token would pass for one that the client has in its own name: RFC 9700 section 4.15.
    let is_name = |name: &str| said.subject.as_str() == name;
    if is_name(&authorization.client.to_string()) || is_name(&authorization.client_name) {
        return Err(Refusal::invalid("subject", "must not be the number of the client"));
    }
    let scopes = subset(said.scopes, &request.scopes, "scopes")?;
    let resources = subset(said.resources, &request.resources, "resources")?;
    if service.org().settings.oauth.scope_required && scopes.is_empty() {
        return Err(Refusal::invalid("scopes", "must not be empty: the org's scope_required is true"));
    }
    let is_openid = scopes.iter().any(|scope| scope.as_str() == openid::OPENID);
    match said.auth_time {
        None if is_openid || request.authenticated_after.is_some() => {
            return Err(Refusal::invalid("auth_time", "is required: when the person signed in, in seconds since 1970"));
        }
        Some(at) if at > now.plus(MAX_CLOCK_AHEAD) => {
            return Err(Refusal::invalid("auth_time", "must not be later than now, in seconds since 1970"));
        }
        None | Some(_) => {}
    }
    Ok(Approval {
        subject: said.subject,
        scopes,
        resources,
        details: said.details.or_else(|| request.details.clone()),
        auth_time: said.auth_time,
        acr: said.acr,
        amr: said.amr,
        session: said.session,
        claims: said.claims,
        id_token_claims: said.id_token_claims,
        access_token_claims: said.access_token_claims,
        forget: !said.remember,
        token_duration: None,
        refresh_token_duration: None,
        properties: Vec::new(),
        forwarded: None,
        decided_at: now,
    })
}

fn subset<T: Clone + PartialEq>(said: Option<Vec<T>>, asked: &[T], field: &'static str) -> Result<Vec<T>, Refusal> {
    let Some(said) = said else { return Ok(asked.to_vec()) };
    if !said.iter().all(|one| asked.contains(one)) {
        return Err(Refusal::invalid(field, "must be among those that the client asks for"));
    }
    Ok(policy::deduplicated(said))
}

/// Checks what the client demands of the sign-in: OpenID Connect Core sections 3.1.2.1 and 5.5.1.1.
pub(in crate::oauth) fn ensure_demands_are_met(
    authorization: &Authorization,
    approval: &Approval,
) -> Result<(), AuthorizationProblem> {
    let is_recent = |after: Timestamp| approval.auth_time.is_some_and(|at| at >= after.whole_second());
    if !authorization.request.authenticated_after.is_none_or(is_recent) {
        return Err(AuthorizationProblem::AuthenticationTooOld);
    }
    ensure_person_is_right(authorization, approval)
}

/// Checks who has signed in, and how: OpenID Connect Core sections 3.1.2.1 and 5.5.1.1.
pub(in crate::oauth) fn ensure_person_is_right(
    authorization: &Authorization,
    approval: &Approval,
) -> Result<(), AuthorizationProblem> {
    let request = &authorization.request;
    // What the client knows of the person may be another name than that of the tokens.
    let told = approval.forwarded.as_ref().and_then(|forwarded| forwarded.told_subject.as_ref());
    if request.subject_hint.as_ref().is_some_and(|hint| *hint != approval.subject && Some(hint) != told) {
        return Err(AuthorizationProblem::SubjectMismatch);
    }
    let is_met = approval.acr.as_ref().is_some_and(|acr| request.acr_required.contains(acr));
    if request.acr_required.is_empty() || is_met { Ok(()) } else { Err(AuthorizationProblem::AcrNotMet) }
}

/// Writes a decision, and returns the address at which the right browser gets the answer: none for a device, which polls. Of several
/// decisions at once the last one is kept, as of several one after the other. What a device asks for is decided once.
async fn decide(
    ports: &AuthorizationKeeper,
    mut authorization: Authorization,
    ensure_replaceable: fn(&Authorization) -> Result<(), AuthorizationProblem>,
    decision: impl FnOnce([u8; 32]) -> AuthorizationState,
) -> Result<Option<String>, Error> {
    const MAX_ATTEMPTS: usize = 5;
    let verifier: Secret<String> = secret::draw::<32>(&*ports.entropy)?;
    let state = decision(secret::hash(&verifier));
    let key = authorization.key();
    for _ in 0..MAX_ATTEMPTS {
        let decided = authorization.moved_to(state.clone(), authorization.expires_at);
        if ports.authorizations.update_authorization(&decided).await? {
            let url = || continue_url(ports.reader.keys.issuer().as_str(), &key, &verifier);
            return Ok(authorization.device.is_none().then(url));
        }
        let wanted = RecordKeys { authorizations: vec![key.clone()], ..RecordKeys::default() };
        let found = ports.reader.tokens.read(&wanted).await?.authorizations.remove(&key);
        authorization = found.filter(|now| !now.is_over(ports.reader.now())).ok_or(AuthorizationProblem::Decided)?;
        ensure_replaceable(&authorization)?;
    }
    Err(AuthorizationProblem::Decided.into())
}
