//! Authorization requests that an authorization server has received, and forwards: Authlete's `/auth/authorization`, and the calls in
//! which it decides.
//!
//! The server asks its person in its own pages, and knows the request by a ticket that no browser ever sees. The rules of the request,
//! the code and its redemption are those of Jeton's own [authorization endpoint](crate::oauth::authorization): the record says which
//! of both decides it.

use std::sync::Arc;

use crate::auth::secret;
use crate::auth::service::{Lookup, client_named};
use crate::domain::scope::openid;
use crate::domain::{
    Algorithm, Approval, Authorization, AuthorizationDetails, AuthorizationKey, AuthorizationProblem, AuthorizationRequest,
    AuthorizationState, Client, ClientRef, Denial, Error, ExtraClaims, Fault, ForwardedRequest, ForwardedSignIn, MetadataValue,
    OrgId, Prompt, Property, Refusal, ResponseMode, Scope, Seconds, Secret, Service, SessionId, Subject, Timestamp, TokenId,
};
use crate::oauth::authorization::{
    Asker, AuthorizationCode, AuthorizationForm, ClientAnswer, RequestUri, hand_over, registered_redirect_uri,
};
use crate::oauth::{id_token, person_claims};
use crate::platform::capabilities::{AuthorizationKeeper, Reader};
use crate::policy;
use crate::store::{RecordKeys, Records};
use crate::telemetry::{note_client, note_error};
use crate::tokens::opaque;

/// An authorization request as the authorization server passes it on.
#[derive(Debug)]
pub struct ForwardedAuthorization {
    /// The parameters of the request, or why they can't be read.
    pub form: Result<AuthorizationForm, Denial>,
    /// What the authorization server keeps with the request.
    pub context: Option<String>,
}

impl ForwardedAuthorization {
    /// Returns the client that asks, and the request that it has pushed: both are looked up in the read that authenticates the service.
    pub fn subjects(&self) -> (Option<ClientRef>, Option<AuthorizationKey>) {
        let pushed = || Some(self.form.as_ref().ok()?.request_uri.as_ref()?.parse().ok());
        (self.client(), pushed().flatten().map(|RequestUri(key)| key))
    }

    fn client(&self) -> Option<ClientRef> {
        self.form.as_ref().ok()?.client_id.as_ref()?.parse().ok()
    }
}

/// What comes of a forwarded request.
#[derive(Debug)]
pub enum Examined {
    /// It is good, and waits for what the authorization server finds out about its person.
    Ticketed(Box<Ticketed>),
    /// Something is wrong with it.
    Denied(Box<DeniedRequest>),
}

/// A request that waits for the authorization server.
#[derive(Debug)]
pub struct Ticketed {
    /// By what the authorization server names it.
    pub ticket: Secret<String>,
    /// The request, and what is kept with it.
    pub authorization: Authorization,
    /// The client that asks.
    pub client: Arc<Client>,
}

/// A request that is denied.
#[derive(Debug)]
pub struct DeniedRequest {
    /// What is wrong with it.
    pub denial: Denial,
    /// The client that asks, if it is known, and whether it named itself by its alias.
    pub client: Option<(Arc<Client>, bool)>,
    /// The answer that may go to the client, still without its error. `None`: nobody knows whether its address is right (RFC 6749
    /// section 4.1.2.1).
    pub answer: Option<ClientAnswer>,
}

/// Examines a forwarded request, and keeps it if it is good. `found` is what was read for its
/// [subjects](ForwardedAuthorization::subjects).
///
/// # Errors
/// [`Refusal::ClientLocked`] if the client is disabled. A fault if the keys or the client can't be read, or the request can't be kept.
/// What is wrong with the request itself is part of what comes of it.
pub async fn examine(
    ports: &AuthorizationKeeper,
    service: &Service,
    found: &Records,
    request: ForwardedAuthorization,
) -> Result<Examined, Error> {
    let named = request.client();
    let ForwardedAuthorization { form, context } = request;
    let mut form = match form {
        Ok(form) => form,
        Err(denial) => return Ok(denied(denial, None, None)),
    };
    if form.client_id.is_none() {
        return Ok(denied(Denial::ClientIdMissing, None, None));
    }
    let client = match &named {
        // One that is known by a document has no other name.
        Some(named) => client_named(&ports.reader, service, found, named).await?.filter(|client| client.document_url().is_none()),
        None => None,
    };
    let Some(client) = client else { return Ok(denied(Denial::ClientUnknown, None, None)) };
    note_client(service.id(), client.id);
    if !client.enabled {
        return Err(Refusal::ClientLocked.into());
    }
    let alias_used = matches!(named, Some(ClientRef::Alias(_)));
    if let Some(uri) = form.request_uri.take() {
        return open_pushed(ports, found, (client, alias_used), &uri, context).await;
    }
    let redirect_uri = match registered_redirect_uri(&client, &mut form) {
        Ok(redirect_uri) => redirect_uri,
        Err(denial) => return Ok(denied(denial, Some((client, alias_used)), None)),
    };
    let issuer = ports.reader.keys.issuer().as_str();
    let (state, mode) = (form.state.clone(), form.response_mode());
    let to_client = |mode| ClientAnswer::new((&redirect_uri, mode, state.as_deref()), Vec::new(), issuer);
    let mode = match mode {
        Ok(mode) => mode,
        Err(denial) => return Ok(denied(denial, Some((client, alias_used)), Some(to_client(ResponseMode::Query)))),
    };
    let (keys, now) = (ports.reader.keys.now().await?, ports.reader.now());
    let alias = client.settings.alias.clone().filter(|_| alias_used);
    let client_name = alias.unwrap_or_else(|| client.id.to_string());
    let org = service.org();
    let asker = Asker { org, client: &client, client_name: &client_name, keys: &keys, now, is_pushed: false, drops_scopes: true };
    let request = form.check(&asker, (redirect_uri.clone(), mode)).and_then(|request| checked(request, &client));
    let request = match request {
        Ok(request) => request,
        Err(denial) => return Ok(denied(denial, Some((client, alias_used)), Some(to_client(mode)))),
    };
    let (ticket, id) = opaque::generate(now, None, &*ports.entropy)?;
    let authorization = Authorization {
        id,
        org: org.id.clone(),
        client: client.id,
        client_name,
        request,
        browser: Some(secret::hash(&ticket)),
        device: None,
        backchannel: None,
        forwarded: Some(ForwardedRequest { context }),
        created_at: now,
        expires_at: now.plus(TICKET_LIFETIME),
        state: AuthorizationState::Pending,
        revision: 0,
    };
    ports.authorizations.put_authorization(&authorization).await?;
    Ok(Examined::Ticketed(Box::new(Ticketed { ticket, authorization, client })))
}

/// Opens a request that the client has pushed (RFC 9126 section 4), at whichever door. Nothing else that the browser brings counts. The
/// first call that gets a ticket uses the reference up, and no other one does.
async fn open_pushed(
    ports: &AuthorizationKeeper,
    found: &Records,
    (client, alias_used): (Arc<Client>, bool),
    uri: &str,
    context: Option<String>,
) -> Result<Examined, Error> {
    let now = ports.reader.now();
    let is_good = |pushed: &&Authorization| {
        pushed.client == client.id && pushed.state == AuthorizationState::Pushed && !pushed.is_over(now)
    };
    let pushed = uri.parse().map(|RequestUri(key)| found.authorizations.get(&key).filter(is_good));
    let pushed = match pushed.and_then(|pushed| pushed.ok_or(Denial::RequestUriInvalid)) {
        Ok(pushed) => pushed,
        Err(denial) => return Ok(denied(denial, Some((client, alias_used)), None)),
    };
    // At Jeton's own door less is checked.
    let request = match checked(pushed.request.clone(), &client) {
        Ok(request) => request,
        Err(denial) => {
            let answer = ClientAnswer::of_request(&pushed.request, Vec::new(), ports.reader.keys.issuer().as_str());
            return Ok(denied(denial, Some((client, alias_used)), Some(answer)));
        }
    };
    let secret = secret::draw::<32>(&*ports.entropy)?;
    let ticket = Secret::new(format!("{}.{}", pushed.id, secret.expose()));
    let authorization = Authorization {
        request,
        browser: Some(secret::hash(&ticket)),
        forwarded: Some(ForwardedRequest { context }),
        ..pushed.moved_to(AuthorizationState::Pending, now.plus(TICKET_LIFETIME))
    };
    if !ports.authorizations.update_authorization(&authorization).await? {
        return Ok(denied(Denial::RequestUriInvalid, Some((client, alias_used)), None));
    }
    Ok(Examined::Ticketed(Box::new(Ticketed { ticket, authorization, client })))
}

/// For so long an authorization server may take to decide.
pub(super) const TICKET_LIFETIME: Seconds = Seconds::DAY;

fn denied(denial: Denial, client: Option<(Arc<Client>, bool)>, answer: Option<ClientAnswer>) -> Examined {
    note_error(format!("{denial:?}"));
    Examined::Denied(Box::new(DeniedRequest { denial, client, answer }))
}

/// Completes a request by what the client has registered, and checks what only an authorization server asks to know beforehand.
pub(super) fn checked(mut request: AuthorizationRequest, client: &Client) -> Result<AuthorizationRequest, Denial> {
    if request.scopes.iter().any(|scope| scope.as_str() == openid::OPENID) && !can_have_id_tokens(client) {
        return Err(Denial::IdTokenUnavailable);
    }
    // A caller takes a `maxAge` of 0 for none: it must see that the person has to sign in.
    if request.max_age == Some(Seconds(0)) {
        if request.prompts.contains(&Prompt::None) {
            return Err(Denial::LoginRequired);
        }
        if !request.prompts.contains(&Prompt::Login) {
            request.prompts.push(Prompt::Login);
            request.prompts.sort_unstable();
        }
    }
    let demanded = person_claims::demanded_values(request.claims.as_ref(), "acr");
    let registered = || match client.settings.metadata.get("default_acr_values") {
        Some(MetadataValue::Texts(values)) => values.clone(),
        Some(_) | None => Vec::new(),
    };
    if !demanded.is_empty() {
        request.acr_values = demanded;
    } else if request.acr_values.is_empty() {
        request.acr_values = registered();
    }
    Ok(request)
}

/// Says whether ID tokens can be made as the client has registered them: signed by a key of ours, and of the subject itself.
fn can_have_id_tokens(client: &Client) -> bool {
    let text = |name| match client.settings.metadata.get(name) {
        Some(MetadataValue::Text(text)) => Some(text.as_str()),
        Some(_) | None => None,
    };
    let is_signed = text("id_token_signed_response_alg").is_none_or(|name| name.parse::<Algorithm>().is_ok());
    is_signed && text("subject_type") != Some("pairwise")
}

/// The ticket of a forwarded request, as an authorization server presents it.
#[derive(Clone, Debug)]
pub struct AuthorizationTicket(pub Secret<String>);

impl AuthorizationTicket {
    /// The ticket of a request that was pushed before names its record, the id of which is older than the ticket.
    fn key(&self, org: &OrgId) -> Option<AuthorizationKey> {
        let id = match self.0.expose().split_once('.') {
            Some((id, _)) => TokenId::parse(id).ok(),
            None => opaque::id_of(self.0.expose()),
        };
        id.map(|id| AuthorizationKey { org: org.clone(), id })
    }
}

impl Lookup for AuthorizationTicket {
    fn wanted(&self, org: &OrgId) -> RecordKeys {
        RecordKeys { authorizations: self.key(org).into_iter().collect(), ..RecordKeys::default() }
    }
}

/// Returns the request that a ticket stands for, if it waits for its decision. All other tickets get one refusal.
///
/// # Errors
/// [`Refusal::TicketRejected`] if the ticket is unknown, over, used or of another service.
pub fn waiting<'a>(
    reader: &Reader,
    service: &Service,
    found: &'a Records,
    ticket: &AuthorizationTicket,
) -> Result<&'a Authorization, Refusal> {
    of_ticket(reader, service, found, ticket).filter(|there| there.backchannel.is_none()).ok_or(Refusal::TicketRejected)
}

/// Returns what a ticket stands for, if it waits for its decision: whoever asks knows whether it is what it is asked about.
pub(super) fn of_ticket<'a>(
    reader: &Reader,
    service: &Service,
    found: &'a Records,
    ticket: &AuthorizationTicket,
) -> Option<&'a Authorization> {
    let authorization = found.authorizations.get(&ticket.key(service.id())?)?;
    let is_its_own = authorization.forwarded.is_some() && secret::is_among(&ticket.0, authorization.browser.as_slice());
    let is_waiting = authorization.state == AuthorizationState::Pending && !authorization.is_over(reader.now());
    (is_its_own && is_waiting).then_some(authorization)
}

/// Reads the client of a request whose ticket is good.
///
/// # Errors
/// [`Refusal::TicketRejected`] if it is gone, [`Refusal::ClientLocked`] if it is disabled.
pub(super) async fn client_of_ticket(
    reader: &Reader,
    service: &Service,
    authorization: &Authorization,
) -> Result<Arc<Client>, Error> {
    let key = (authorization.org.clone(), authorization.client);
    let wanted = RecordKeys { clients: vec![key.clone()], ..RecordKeys::default() };
    let still_there = |client: &Arc<Client>| service.org().still_has(client, reader.now());
    let client = reader.tokens.read(&wanted).await?.clients.remove(&key).filter(still_there).ok_or(Refusal::TicketRejected)?;
    note_client(service.id(), client.id);
    if client.enabled { Ok(client) } else { Err(Refusal::ClientLocked.into()) }
}

/// What an authorization server says of its person, who has signed in and agreed.
#[derive(Clone, Debug)]
pub struct ServerApproval {
    /// The person, as the tokens will name them.
    pub subject: Subject,
    /// The scopes that the person grants. `None`: all that were asked for.
    pub scopes: Option<Vec<Scope>>,
    /// What the person grants in detail. `None`: what was asked for.
    pub details: Option<AuthorizationDetails>,
    /// When the person signed in.
    pub auth_time: Option<Timestamp>,
    /// The authentication context class that was met.
    pub acr: Option<String>,
    /// The session of the authorization server.
    pub session: Option<SessionId>,
    /// What the ID token says besides.
    pub id_token_claims: Option<ExtraClaims>,
    /// What a JWT access token says besides.
    pub access_token_claims: Option<ExtraClaims>,
    /// What is attached to the tokens.
    pub properties: Vec<Property>,
    /// What ID tokens and userinfo are like.
    pub forwarded: ForwardedSignIn,
    /// How long the access token shall live, where that is said before it is asked for.
    pub token_duration: Option<Seconds>,
    /// The same of the refresh token.
    pub refresh_token_duration: Option<Seconds>,
}

/// What has come of the decision of an authorization server.
#[derive(Debug)]
pub struct Decided {
    /// The answer for the client: with the code, or still without its error.
    pub answer: ClientAnswer,
    /// The code. Or what the client demanded of the sign-in and didn't get, which is final: its ticket is used.
    pub code: Result<Secret<String>, AuthorizationProblem>,
    /// What the authorization server had kept with the request.
    pub context: Option<String>,
}

/// Makes the code of a request to which a person has agreed. The ticket is used up by that.
///
/// # Errors
/// [`Refusal::TicketRejected`] if the ticket isn't good, or its client is gone; [`Refusal::ClientLocked`] if that is disabled;
/// [`Refusal::Invalid`] or [`Refusal::AuthorizationRejected`] if what is said can't be or isn't enough. All of these leave the ticket.
pub async fn issue(
    ports: &AuthorizationKeeper,
    service: &Service,
    found: &Records,
    ticket: &AuthorizationTicket,
    said: ServerApproval,
) -> Result<Decided, Error> {
    let authorization = waiting(&ports.reader, service, found, ticket)?;
    let client = client_of_ticket(&ports.reader, service, authorization).await?;
    let now = ports.reader.now();
    let approval = approval(service, &client, authorization, said, now)?;
    let issuer = ports.reader.keys.issuer().as_str();
    let context = authorization.forwarded.as_ref().and_then(|forwarded| forwarded.context.clone());
    if let Err(problem) = ensure_demands_are_met(authorization, &approval) {
        let failed = failed(ports)?;
        decide(ports, authorization, &failed, authorization.expires_at).await?;
        note_error(problem.code());
        let answer = ClientAnswer::of_request(&authorization.request, Vec::new(), issuer);
        return Ok(Decided { answer, code: Err(problem), context });
    }
    let code = AuthorizationCode::generate(authorization.key(), &*ports.entropy)?;
    let state = AuthorizationState::Issued { approval: Box::new(approval), code: code.hash() };
    decide(ports, authorization, &state, now.plus(service.org().settings.oauth.code_duration)).await?;
    let code = code.expose();
    let answer = ClientAnswer::of_request(&authorization.request, vec![("code", code.clone())], issuer);
    Ok(Decided { answer, code: Ok(Secret::new(code)), context })
}

/// Ends a request of which nothing comes, and returns the answer for the client, still without its error.
///
/// # Errors
/// [`Refusal::TicketRejected`] if the ticket isn't good.
pub async fn fail(
    ports: &AuthorizationKeeper,
    service: &Service,
    found: &Records,
    ticket: &AuthorizationTicket,
) -> Result<ClientAnswer, Error> {
    let authorization = waiting(&ports.reader, service, found, ticket)?;
    note_client(service.id(), authorization.client);
    let failed = failed(ports)?;
    decide(ports, authorization, &failed, authorization.expires_at).await?;
    Ok(ClientAnswer::of_request(&authorization.request, Vec::new(), ports.reader.keys.issuer().as_str()))
}

pub(super) fn failed(ports: &AuthorizationKeeper) -> Result<AuthorizationState, Fault> {
    let decision = TokenId::generate(ports.reader.now(), None, &*ports.entropy)?;
    Ok(AuthorizationState::Failed { decision, description: None, error_uri: None })
}

/// Replaces what the authorization server keeps with a request that waits for it.
///
/// # Errors
/// [`Refusal::TicketRejected`] if the ticket isn't good.
pub async fn update_context(
    ports: &AuthorizationKeeper,
    service: &Service,
    found: &Records,
    ticket: &AuthorizationTicket,
    context: Option<String>,
) -> Result<(), Error> {
    let authorization = waiting(&ports.reader, service, found, ticket)?;
    let step = |there: &Authorization| {
        let forwarded = Some(ForwardedRequest { context: context.clone() });
        Authorization { forwarded, ..there.moved_to(AuthorizationState::Pending, there.expires_at) }
    };
    if take_step(ports, authorization, step).await? { Ok(()) } else { Err(Refusal::TicketRejected.into()) }
}

/// Writes the decision, of which each request has one: of several at once, the others find the ticket used.
async fn decide(
    ports: &AuthorizationKeeper,
    authorization: &Authorization,
    state: &AuthorizationState,
    expires_at: Timestamp,
) -> Result<(), Error> {
    let step = |there: &Authorization| there.moved_to(state.clone(), expires_at);
    if take_step(ports, authorization, step).await? { Ok(()) } else { Err(Refusal::TicketRejected.into()) }
}

/// Takes a request a step further, as long as it waits, and says whether it did: what is kept with it may have been replaced meanwhile, or
/// its device has polled, which is a step, too.
pub(super) async fn take_step(
    ports: &AuthorizationKeeper,
    seen: &Authorization,
    step: impl Fn(&Authorization) -> Authorization,
) -> Result<bool, Fault> {
    const MAX_ATTEMPTS: usize = 5;
    let key = seen.key();
    let mut there = seen.clone();
    for _ in 0..MAX_ATTEMPTS {
        if ports.authorizations.update_authorization(&step(&there)).await? {
            return Ok(true);
        }
        let wanted = RecordKeys { authorizations: vec![key.clone()], ..RecordKeys::default() };
        let found = ports.reader.tokens.read(&wanted).await?.authorizations.remove(&key);
        match found.filter(|found| found.state == AuthorizationState::Pending) {
            Some(waiting) => there = waiting,
            None => return Ok(false),
        }
    }
    Ok(false)
}

/// Checks what is said of the sign-in, and puts it together with what was asked for.
pub(super) fn approval(
    service: &Service,
    client: &Client,
    authorization: &Authorization,
    said: ServerApproval,
    now: Timestamp,
) -> Result<Approval, Refusal> {
    let request = &authorization.request;
    let forwarded = &said.forwarded;
    let told = [&said.id_token_claims, &forwarded.id_token_header].into_iter().flatten().map(|claims| claims.as_json().len());
    if !id_token::has_room_for(told.sum()) {
        return Err(AuthorizationProblem::ClaimsTooLarge.into());
    }
    // Else the token would pass for one that the client has in its own name: RFC 9700 section 4.15.
    if said.subject.as_str() == authorization.client.to_string() {
        return Err(Refusal::invalid("subject", "must not be the number of the client"));
    }
    let scopes = policy::granted_of_person(service.org(), client, &request.scopes, said.scopes)?;
    policy::attachable(&said.properties)?;
    match said.auth_time {
        None if needs_auth_time(request, client, &scopes) => {
            return Err(Refusal::invalid("authTime", "is required: when the person signed in, in seconds since 1970"));
        }
        Some(at) if at > now.plus(hand_over::MAX_CLOCK_AHEAD) => {
            return Err(Refusal::invalid("authTime", "must not be later than now, in seconds since 1970"));
        }
        None | Some(_) => {}
    }
    Ok(Approval {
        subject: said.subject,
        scopes,
        resources: request.resources.clone(),
        details: said.details.or_else(|| request.details.clone()),
        auth_time: said.auth_time,
        acr: said.acr,
        amr: Vec::new(),
        session: said.session,
        claims: None,
        id_token_claims: said.id_token_claims,
        access_token_claims: said.access_token_claims,
        properties: said.properties,
        forwarded: Some(Box::new(said.forwarded)),
        forget: false,
        token_duration: said.token_duration,
        refresh_token_duration: said.refresh_token_duration,
        decided_at: now,
    })
}

/// Says whether the client must be told when the person signed in: OpenID Connect Core sections 2 and 5.5.1.
fn needs_auth_time(request: &AuthorizationRequest, client: &Client, scopes: &[Scope]) -> bool {
    let is_openid = scopes.iter().any(|scope| scope.as_str() == openid::OPENID);
    let is_registered = client.settings.metadata.get("require_auth_time") == Some(&MetadataValue::Flag(true));
    let is_demanded = person_claims::is_essential(request.claims.as_ref(), "auth_time");
    request.max_age.is_some() || is_openid && (is_registered || is_demanded)
}

/// Checks what the client demands of the sign-in. Without a time of the sign-in `prompt=login` can't be checked: the authorization
/// server has shown its pages.
pub(super) fn ensure_demands_are_met(authorization: &Authorization, approval: &Approval) -> Result<(), AuthorizationProblem> {
    match approval.auth_time {
        Some(_) => hand_over::ensure_demands_are_met(authorization, approval),
        None => hand_over::ensure_person_is_right(authorization, approval),
    }
}
