//! What clients ask for a person who is not in their browser (OpenID Connect CIBA), at an authorization server, which forwards it, finds and
//! asks the person, and decides: Authlete's `/backchannel/authentication`, and the calls that follow it.
//!
//! One ticket goes through all of them: the request is ticketed, then acknowledged to its client or failed, then decided. What is kept of the
//! ticket is a hash, and what the service must give back later, to whom it shall be told, is encrypted with it. The service itself calls
//! nobody: the authorization server sends the notification, and the client gets its tokens at the
//! [token endpoint](crate::oauth::token_endpoint).

use std::sync::Arc;

use super::authorization::{AuthorizationTicket, TICKET_LIFETIME, checked, client_of_ticket, failed, of_ticket, take_step};
use super::decision::{PollError, ServerDecision, decided_state};
use crate::auth::client::{ClientCredentials, verify};
use crate::auth::{sealed, secret};
use crate::domain::backchannel::notification_endpoint;
use crate::domain::{
    Acknowledgement, Authorization, AuthorizationProblem, AuthorizationState, BackchannelRequest, Client, DeliveryMode, Denial,
    Error, ForwardedRequest, GrantType, MetadataValue, Org, Polling, Refusal, Seconds, Secret, Service,
};
use crate::oauth::authorization::{Asker, AuthorizationCode, AuthorizationForm, BackchannelForm, PersonHint};
use crate::oauth::steps::{ClientRequirements, check_grant};
use crate::platform::capabilities::{AuthorizationKeeper, PushForwarder};
use crate::store::Records;
use crate::telemetry::{note_client, note_error};
use crate::tokens::opaque;

/// What a client has sent, as the authorization server passes it on.
#[derive(Debug)]
pub struct ForwardedBackchannel {
    /// The parameters: who the person is, and what is asked for.
    pub form: AuthorizationForm,
    /// What the client proves its identity by.
    pub credentials: ClientCredentials,
}

/// A request whose person the authorization server must find.
#[derive(Debug)]
pub struct TicketedBackchannel {
    /// By what the authorization server names it.
    pub ticket: Secret<String>,
    /// The request, and what is kept with it.
    pub authorization: Authorization,
    /// The client that asks.
    pub client: Arc<Client>,
    /// How the client will learn what has come of it.
    pub delivery: DeliveryMode,
    /// Who the person is.
    pub hint: PersonHint,
    /// What the client wants to be told with.
    pub notification_token: Option<Secret<String>>,
    /// What the person sees on both devices.
    pub binding_message: Option<String>,
    /// A secret between the person and the authorization server, which compares it.
    pub user_code: Option<Secret<String>>,
    /// Whether there must be one.
    pub needs_user_code: bool,
    /// For how long the client wants the request to be good.
    pub requested_expiry: Option<Seconds>,
    /// What the client tells of its own situation: the text of a JSON object.
    pub context: Option<String>,
}

/// Checks what a client asks for, and keeps it for the authorization server to find the person. `found` is what was read for the client that
/// its credentials name. What can be used once is used up last.
///
/// # Errors
/// [`Refusal::Denied`] with the first thing that is wrong: who the client is, whether it may ask in this way, and then the request.
pub async fn begin(
    ports: &PushForwarder,
    service: &Service,
    found: &Records,
    forwarded: ForwardedBackchannel,
) -> Result<TicketedBackchannel, Error> {
    let ForwardedBackchannel { form, credentials } = forwarded;
    let keeper = &ports.pusher.keeper;
    let reader = &keeper.reader;
    let verified = verify(reader, service, found, &credentials).await?;
    let (org, client) = (service.org(), verified.shared_client());
    note_client(service.id(), client.id);
    let (keys, now, client_name) = (reader.keys.now().await?, reader.now(), verified.name());
    let asker = Asker { org, client: &client, client_name: &client_name, keys: &keys, now, is_pushed: true, drops_scopes: true };
    let delivery = delivery_mode(&asker)?;
    let needs_user_code = org.settings.oauth.ciba_user_code && is_set(&client, "backchannel_user_code_parameter");
    let good = form.check_for_backchannel(&asker, (delivery, needs_user_code))?;
    let BackchannelForm { request, hint, notification_token, binding_message, user_code, requested_expiry, context } = good;
    let request = checked(request, &client)?;
    let (ticket, id) = opaque::generate(now, None, &*keeper.entropy)?;
    let seal = |token| sealed::seal(&ticket, NOTIFICATION_TOKEN, token, &*keeper.entropy);
    let backchannel = BackchannelRequest {
        delivery,
        requested_expiry,
        notification_token: notification_token.as_ref().map(seal).transpose()?,
        acknowledgement: None,
    };
    let authorization = Authorization {
        id,
        org: org.id.clone(),
        client: client.id,
        client_name,
        request,
        browser: Some(secret::hash(&ticket)),
        device: None,
        backchannel: Some(Box::new(backchannel)),
        forwarded: Some(ForwardedRequest::default()),
        created_at: now,
        expires_at: now.plus(TICKET_LIFETIME),
        state: AuthorizationState::Pending,
        revision: 0,
    };
    verified.consume_proof(&*ports.pusher.once).await?;
    keeper.authorizations.put_authorization(&authorization).await?;
    Ok(TicketedBackchannel {
        ticket,
        authorization,
        client,
        delivery,
        hint,
        notification_token,
        binding_message,
        user_code,
        needs_user_code,
        requested_expiry,
        context,
    })
}

/// Checks that the client may ask in this way, and returns how it will learn what has come of it.
fn delivery_mode(asker: &Asker<'_>) -> Result<DeliveryMode, Denial> {
    let Asker { org, client, .. } = asker;
    asker.check_grant(GrantType::Ciba)?;
    check_grant(client, GrantType::Ciba, ClientRequirements { confidential: true, ..ClientRequirements::default() })?;
    let is_signed = client.settings.metadata.get("backchannel_authentication_request_signing_alg").is_some();
    if is_signed || is_set(client, "require_signed_request_object") {
        return Err(Denial::RequestObjectRequired);
    }
    DeliveryMode::registered(client).filter(|mode| is_available(*mode, org, client)).ok_or(Denial::DeliveryModeUnavailable)
}

fn is_available(mode: DeliveryMode, org: &Org, client: &Client) -> bool {
    let is_served = org.settings.oauth.ciba_delivery_modes.contains(&mode);
    is_served
        && match mode {
            DeliveryMode::Poll => true,
            DeliveryMode::Ping => notification_endpoint(client).is_some_and(|url| url.starts_with("https://")),
            DeliveryMode::Push => false,
        }
}

fn is_set(client: &Client, name: &str) -> bool {
    client.settings.metadata.get(name) == Some(&MetadataValue::Flag(true))
}

/// What a client is told whose request is good: OpenID Connect CIBA section 7.3.
#[derive(Debug)]
pub struct AcknowledgedBackchannel {
    /// What the client polls with at the token endpoint.
    pub auth_req_id: Secret<String>,
    /// For how long it is good.
    pub expires_in: Seconds,
    /// How long the client waits between two polls.
    pub interval: Seconds,
}

/// Acknowledges a request, once its person is found and is being asked. It can be done once, and the ticket is good for the decision then.
///
/// # Errors
/// [`Refusal::TicketRejected`] if the ticket isn't good for this, or its client is gone; [`Refusal::ClientLocked`] if that is disabled.
pub async fn issue(
    ports: &AuthorizationKeeper,
    service: &Service,
    found: &Records,
    ticket: &AuthorizationTicket,
) -> Result<AcknowledgedBackchannel, Error> {
    let (authorization, asked) = ticketed(ports, service, found, ticket)?;
    client_of_ticket(&ports.reader, service, authorization).await?;
    let settings = &service.org().settings.oauth;
    let expires_in = asked.requested_expiry.map_or(settings.ciba_request_duration, |it| it.min(settings.ciba_request_duration));
    let interval = settings.ciba_poll_interval;
    let code = AuthorizationCode::generate(authorization.key(), &*ports.entropy)?;
    let auth_req_id = Secret::new(code.expose());
    let acknowledgement = Acknowledgement {
        auth_req_id: sealed::seal(&ticket.0, AUTH_REQ_ID, &auth_req_id, &*ports.entropy)?,
        polling: Polling::new(code.hash(), interval),
    };
    let backchannel = BackchannelRequest { acknowledgement: Some(acknowledgement), ..asked.clone() };
    let step = authorization.moved_to(AuthorizationState::Pending, ports.reader.now().plus(expires_in));
    let acknowledged = Authorization { backchannel: Some(Box::new(backchannel)), ..step };
    if !ports.authorizations.update_authorization(&acknowledged).await? {
        return Err(Refusal::TicketRejected.into());
    }
    Ok(AcknowledgedBackchannel { auth_req_id, expires_in, interval })
}

/// Ends a request that isn't acknowledged yet. A ticket that isn't good for this ends nothing, and that is no error: what the client is told is
/// the authorization server's to say.
///
/// # Errors
/// Only a fault.
pub async fn fail(
    ports: &AuthorizationKeeper,
    service: &Service,
    found: &Records,
    ticket: &AuthorizationTicket,
) -> Result<(), Error> {
    if let Ok((authorization, _)) = ticketed(ports, service, found, ticket) {
        note_client(service.id(), authorization.client);
        let ended = authorization.moved_to(failed(ports)?, authorization.expires_at);
        ports.authorizations.update_authorization(&ended).await?;
    }
    Ok(())
}

/// Finds the request of a ticket that isn't acknowledged yet.
fn ticketed<'a>(
    ports: &AuthorizationKeeper,
    service: &Service,
    found: &'a Records,
    ticket: &AuthorizationTicket,
) -> Result<(&'a Authorization, &'a BackchannelRequest), Refusal> {
    let authorization = of_ticket(&ports.reader, service, found, ticket).ok_or(Refusal::TicketRejected)?;
    let asked = authorization.backchannel.as_deref().filter(|asked| asked.acknowledgement.is_none());
    asked.map(|asked| (authorization, asked)).ok_or(Refusal::TicketRejected)
}

/// What has come of a decision that is kept.
#[derive(Debug)]
pub struct DecidedBackchannel {
    /// The request, as it was before.
    pub authorization: Authorization,
    /// The client that asked.
    pub client: Arc<Client>,
    /// What the client polls with.
    pub auth_req_id: Secret<String>,
    /// Whom the authorization server must tell that there is something. `None`: nobody, for the client polls.
    pub notification: Option<Notification>,
    /// What the client demands of the sign-in and doesn't get, so that nothing comes of its request. `None`: the decision is as it was made.
    pub unmet: Option<AuthorizationProblem>,
}

/// Where and by what a client lets itself be told: OpenID Connect CIBA section 10.2.
#[derive(Debug)]
pub struct Notification {
    /// The address that the client has registered.
    pub endpoint: String,
    /// The bearer token for it.
    pub token: Secret<String>,
}

/// Decides a request that is acknowledged, once: of several decisions at the same time one is kept. What the client demands of the sign-in
/// and doesn't get ends its request.
///
/// # Errors
/// [`Refusal::TicketRejected`] if the ticket isn't good for this, or its client is gone; [`Refusal::ClientLocked`] if that is disabled;
/// [`Refusal::Invalid`] or [`Refusal::AuthorizationRejected`] if what is said of the person can't be. All of these decide nothing.
pub async fn complete(
    ports: &AuthorizationKeeper,
    service: &Service,
    found: &Records,
    (ticket, decision): (&AuthorizationTicket, ServerDecision),
) -> Result<DecidedBackchannel, Error> {
    let authorization = of_ticket(&ports.reader, service, found, ticket).ok_or(Refusal::TicketRejected)?;
    let acknowledged = authorization.backchannel.as_deref().and_then(|asked| Some((asked, asked.acknowledgement.as_ref()?)));
    let (asked, Acknowledgement { auth_req_id, .. }) = acknowledged.ok_or(Refusal::TicketRejected)?;
    let client = client_of_ticket(&ports.reader, service, authorization).await?;
    let auth_req_id = sealed::open(&ticket.0, AUTH_REQ_ID, auth_req_id)?;
    let notification = notification(&client, asked, ticket)?;
    let (state, unmet) = match decided_state(ports, service, (&client, authorization), decision) {
        Ok(state) => (state, None),
        Err(Error::Refused(Refusal::AuthorizationRejected(problem))) if is_demand(problem) => {
            note_error(problem.code());
            let nothing = ServerDecision::Failed(PollError::default());
            (decided_state(ports, service, (&client, authorization), nothing)?, Some(problem))
        }
        Err(error) => return Err(error),
    };
    let is_kept = take_step(ports, authorization, |there| there.moved_to(state.clone(), there.expires_at)).await?;
    if !is_kept {
        return Err(Refusal::TicketRejected.into());
    }
    Ok(DecidedBackchannel { authorization: authorization.clone(), client, auth_req_id, notification, unmet })
}

/// Says whether a problem is that the client doesn't get what it demands of the sign-in, and not that the call can't be as it is.
const fn is_demand(problem: AuthorizationProblem) -> bool {
    match problem {
        AuthorizationProblem::AuthenticationTooOld | AuthorizationProblem::SubjectMismatch | AuthorizationProblem::AcrNotMet => {
            true
        }
        AuthorizationProblem::NotFound
        | AuthorizationProblem::Expired
        | AuthorizationProblem::Decided
        | AuthorizationProblem::ConsentRequired
        | AuthorizationProblem::ClaimsTooLarge => false,
    }
}

/// Whom to tell, if the client lets itself be told. One that has registered no address since then must poll.
fn notification(
    client: &Client,
    asked: &BackchannelRequest,
    ticket: &AuthorizationTicket,
) -> Result<Option<Notification>, Error> {
    let (Some(endpoint), Some(token)) = (notification_endpoint(client), &asked.notification_token) else { return Ok(None) };
    let token = sealed::open(&ticket.0, NOTIFICATION_TOKEN, token)?;
    Ok(Some(Notification { endpoint: endpoint.to_owned(), token }))
}

/// What the secrets are that are encrypted with a ticket.
const NOTIFICATION_TOKEN: &str = "client_notification_token";
const AUTH_REQ_ID: &str = "auth_req_id";
