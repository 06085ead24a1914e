//! What devices ask for at an authorization server (RFC 8628), which forwards it, shows its pages and decides: Authlete's `/device/…`.
//!
//! What is kept is what Jeton's own [endpoint](crate::oauth::authorization::device) keeps: what was asked for at one door can be decided
//! and polled at the other. Who guesses user codes only the authorization server can see, so it must bound them: here they are counted.

use std::sync::Arc;

use super::authorization::{checked, take_step};
use super::decision::{ServerDecision, decided_state};
use crate::auth::client::{ClientCredentials, verify};
use crate::domain::{Authorization, Client, Error, Fault, Service};
use crate::oauth::authorization::device::{AskingDevice, DeviceAuthorization, keep};
use crate::oauth::authorization::find::{count_wrong, undecided};
use crate::oauth::authorization::{AuthorizationForm, UserCode};
use crate::platform::capabilities::{AuthorizationFinder, DeviceDecider, PushForwarder, Reader};
use crate::store::{CountEvents, Records};
use crate::telemetry::note_client;

/// What a device has sent, as the authorization server passes it on.
#[derive(Debug)]
pub struct ForwardedDevice {
    /// The parameters: what it asks for.
    pub form: AuthorizationForm,
    /// What its client proves its identity by.
    pub credentials: ClientCredentials,
}

/// What a device asks for, once it is kept.
#[derive(Debug)]
pub struct KeptDevice {
    /// What the device shows and polls with.
    pub told: DeviceAuthorization,
    /// What it asks for.
    pub seen: SeenDevice,
}

/// What a device asks for, and its client.
#[derive(Debug)]
pub struct SeenDevice {
    /// The request, and what is kept with it.
    pub authorization: Authorization,
    /// The client that asks.
    pub client: Arc<Client>,
}

/// Checks what a device asks for, and keeps it until somebody types its user code. `found` is what was read for the client that its
/// credentials name.
///
/// # Errors
/// [`Refusal::Denied`](crate::domain::Refusal::Denied) with what is wrong with the client or the request, or because the org has no page for
/// devices.
pub async fn begin(
    ports: &PushForwarder,
    service: &Service,
    found: &Records,
    asked: ForwardedDevice,
) -> Result<KeptDevice, Error> {
    let ForwardedDevice { form, credentials } = asked;
    let verified = verify(&ports.pusher.keeper.reader, service, found, &credentials).await?;
    let client = verified.shared_client();
    note_client(service.id(), client.id);
    let asking = AskingDevice { org: service.org(), verified, address: None, user_agent: None, drops_scopes: true };
    let (told, authorization) = keep(&ports.pusher, asking, form, checked).await?;
    Ok(KeptDevice { told, seen: SeenDevice { authorization, client } })
}

/// What a user code stands for.
#[derive(Debug)]
pub enum Verified {
    /// Something that waits for its decision.
    Waits(Box<SeenDevice>),
    /// Something of which nothing can come any more, because nobody has decided in time.
    Expired,
    /// Nothing, or something that is decided.
    Unknown,
}

/// Finds what a user code stands for. `None`: what was typed can't be a code. `found` is what was read for it.
///
/// # Errors
/// Only a fault.
pub async fn see(
    ports: &AuthorizationFinder,
    service: &Service,
    found: &Records,
    code: Option<&UserCode>,
) -> Result<Verified, Fault> {
    look_up(&ports.reader, &*ports.counts, service, found, code).await
}

async fn look_up(
    reader: &Reader,
    counts: &dyn CountEvents,
    service: &Service,
    found: &Records,
    code: Option<&UserCode>,
) -> Result<Verified, Fault> {
    let now = reader.now();
    let seen = match code {
        Some(code) => undecided(reader, service, found, code).await?,
        None => None,
    };
    match seen {
        Some((authorization, _)) if authorization.is_over(now) => Ok(Verified::Expired),
        Some((authorization, client)) => Ok(Verified::Waits(Box::new(SeenDevice { authorization, client }))),
        None => {
            count_wrong(counts, service.id(), now).await?;
            Ok(Verified::Unknown)
        }
    }
}

/// What has come of a decision.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Completion {
    /// It is kept, and the device's next poll finds it.
    Done,
    /// It came too late.
    Expired,
    /// There is nothing of this code that could be decided.
    Unknown,
}

/// Decides what a device asks for, once: of several decisions at the same time one is kept. `found` is what was read for the code.
///
/// # Errors
/// [`Refusal::Invalid`](crate::domain::Refusal::Invalid) or [`Refusal::AuthorizationRejected`](crate::domain::Refusal::AuthorizationRejected)
/// if what is said of the person can't be or isn't what the client demands, which decides nothing.
pub async fn complete(
    ports: &DeviceDecider,
    service: &Service,
    found: &Records,
    (code, decision): (Option<&UserCode>, ServerDecision),
) -> Result<Completion, Error> {
    let keeper = &ports.keeper;
    let seen = match look_up(&keeper.reader, &*ports.counts, service, found, code).await? {
        Verified::Waits(seen) => *seen,
        Verified::Expired => return Ok(Completion::Expired),
        Verified::Unknown => return Ok(Completion::Unknown),
    };
    let SeenDevice { authorization, client } = &seen;
    note_client(service.id(), client.id);
    let state = decided_state(keeper, service, (client, authorization), decision)?;
    let is_kept = take_step(keeper, authorization, |there| there.moved_to(state.clone(), there.expires_at)).await?;
    Ok(if is_kept { Completion::Done } else { Completion::Unknown })
}
