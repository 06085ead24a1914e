//! The device authorization endpoint: RFC 8628 section 3.1. A device asks without a browser, and the person decides in one elsewhere.

use super::endpoint::{self, Beginning, with_query};
use super::request::{Asker, AuthorizationForm};
use super::{AuthorizationCode, UserCode};
use crate::auth::client::document::Freshness;
use crate::auth::client::{ClientCredentials, Identified, VerifiedClient, identify_any};
use crate::domain::{
    Authorization, AuthorizationRequest, AuthorizationState, Client, Denial, DeviceRequest, Error, Fault, LoginUrl, Org, OrgId,
    Polling, Seconds, Secret, UserCodeAssignment,
};
use crate::platform::capabilities::AuthorizationPusher;

/// The path of the endpoint.
pub const PATH: &str = "/oauth2/device_authorization";

/// What a device sends.
#[derive(Debug)]
pub struct DeviceAuthorizationRequest {
    /// The parameters: what it asks for.
    pub form: AuthorizationForm,
    /// What the client proves its identity by.
    pub credentials: ClientCredentials,
    /// The address from which it asks, for the person to compare. `None`: nobody knows.
    pub address: Option<String>,
    /// What it says that it is, for the same: its `User-Agent`.
    pub user_agent: Option<String>,
}

/// What a device shows to the person, and what it polls with: RFC 8628 section 3.2.
#[derive(Debug)]
pub struct DeviceAuthorization {
    /// What the device polls with at the token endpoint.
    pub device_code: Secret<String>,
    /// What the person types.
    pub user_code: UserCode,
    /// Where the person types it.
    pub verification_uri: String,
    /// The same with the code in it.
    pub verification_uri_complete: String,
    /// For how long both codes are good.
    pub expires_in: Seconds,
    /// How long the device waits between two polls.
    pub interval: Seconds,
}

/// Checks what a device asks for, and keeps it until somebody finds it by the user code. What can be used once is used up last.
///
/// # Errors
/// As [`identify_any`]. [`Refusal::Denied`](crate::domain::Refusal::Denied) with what is wrong with the request.
pub async fn begin(ports: &AuthorizationPusher, request: DeviceAuthorizationRequest) -> Result<DeviceAuthorization, Error> {
    let DeviceAuthorizationRequest { form, credentials, address, user_agent } = request;
    let Identified { service, verified, .. } =
        identify_any(&ports.keeper.reader, &ports.documents, Freshness::Current, &credentials, |_: &OrgId| ()).await?;
    let asking = AskingDevice { org: service.org(), verified, address, user_agent, drops_scopes: false };
    keep(ports, asking, form, |request, _| Ok(request)).await.map(|(begun, _)| begun)
}

/// A device whose client has authenticated.
pub(in crate::oauth) struct AskingDevice<'a> {
    pub(in crate::oauth) org: &'a Org,
    pub(in crate::oauth) verified: VerifiedClient,
    pub(in crate::oauth) address: Option<String>,
    pub(in crate::oauth) user_agent: Option<String>,
    /// Whether scopes that the client can't have are left out. Else the request is denied.
    pub(in crate::oauth) drops_scopes: bool,
}

/// Checks what a device asks for, by `check` besides, and keeps it.
pub(in crate::oauth) async fn keep(
    ports: &AuthorizationPusher,
    asking: AskingDevice<'_>,
    form: AuthorizationForm,
    check: impl FnOnce(AuthorizationRequest, &Client) -> Result<AuthorizationRequest, Denial>,
) -> Result<(DeviceAuthorization, Authorization), Error> {
    let AskingDevice { org, verified, address, user_agent, drops_scopes } = asking;
    let (reader, entropy, client) = (&ports.keeper.reader, &*ports.keeper.entropy, verified.client());
    let device_url = device_url(org)?.as_str().to_owned();
    let (keys, now) = (reader.keys.now().await?, reader.now());
    let client_name = verified.name();
    let asker = Asker { org, client, client_name: &client_name, keys: &keys, now, is_pushed: true, drops_scopes };
    let wishes = form.check_for_device(&asker).and_then(|request| check(request, client))?;
    let (expires_in, interval) = (org.settings.oauth.device_code_duration, org.settings.oauth.device_poll_interval);
    let beginning = Beginning { state: AuthorizationState::Pending, duration: expires_in };
    let begun = endpoint::authorization(&ports.keeper, &asker, wishes, beginning)?;
    let code = AuthorizationCode::generate(begun.key(), entropy)?;
    let device = DeviceRequest { address, user_agent, polling: Polling::new(code.hash(), interval) };
    let begun = Authorization { device: Some(Box::new(device)), ..begun };
    verified.consume_proof(&*ports.once).await?;
    let user_code = assign_user_code(ports, &begun).await?;
    ports.keeper.authorizations.put_authorization(&begun).await?;
    let in_query = [("user_code", user_code.expose())];
    let told = DeviceAuthorization {
        device_code: Secret::new(code.expose()),
        verification_uri_complete: with_query(&device_url, &in_query),
        verification_uri: device_url,
        user_code,
        expires_in,
        interval,
    };
    Ok((told, begun))
}

/// Returns the page of the org's login application for people with a device.
fn device_url(org: &Org) -> Result<&LoginUrl, Denial> {
    org.settings.oauth.device_url.as_ref().ok_or(Denial::DeviceUnavailable)
}

/// Draws codes until one of them stands for nothing else.
async fn assign_user_code(ports: &AuthorizationPusher, begun: &Authorization) -> Result<UserCode, Error> {
    const MAX_DRAWS: usize = 5;
    for _ in 0..MAX_DRAWS {
        let code = UserCode::generate(&*ports.keeper.entropy)?;
        let assignment = UserCodeAssignment {
            key: code.key(&begun.org),
            authorization: begun.id,
            client: begun.client,
            expires_at: begun.expires_at,
        };
        if ports.keeper.authorizations.assign_user_code(&assignment, begun.created_at).await? {
            return Ok(code);
        }
    }
    Err(Fault::unavailable("assigning a user code: all that were drawn are in use").into())
}
