//! Pushed authorization requests: RFC 9126. A client sends its request itself, authenticated, and the browser brings no more than a
//! reference to it.

use super::endpoint::{self, Beginning};
use super::request::{Asker, AuthorizationForm};
use super::request_uri::RequestUri;
use crate::auth::client::{ClientCredentials, Identified, identify};
use crate::auth::dpop::{self, NonceRule};
use crate::auth::replay::ReplayGuard;
use crate::domain::{AuthorizationState, Error, OrgId, Refusal, Seconds, Secret, Thumbprint, Timestamp};
use crate::platform::capabilities::AuthorizationPusher;

/// The path of the endpoint: with the issuer before it, it is the `htu` of DPoP proofs.
pub const PATH: &str = "/oauth2/par";

/// A request that a client pushes.
#[derive(Debug)]
pub struct PushRequest {
    /// The parameters of the authorization request.
    pub form: AuthorizationForm,
    /// What the client proves its identity by.
    pub credentials: ClientCredentials,
    /// The DPoP proof of the `DPoP` header, whose key the code will be bound to: RFC 9449 section 10.1.
    pub dpop: Option<Secret<String>>,
}

/// A request that was pushed, and is kept.
#[derive(Debug)]
pub struct PushedRequest {
    /// What the browser brings to the authorization endpoint as `request_uri`, once.
    pub request_uri: String,
    /// For how long it may come.
    pub expires_in: Seconds,
}

/// Checks an authorization request of a client that authenticates, and keeps it until a browser comes with the reference to it. What can
/// be used once is used up last.
///
/// # Errors
/// As [`identify`]. [`Refusal::Denied`] with what is wrong with the request, as the authorization endpoint finds it, or with its DPoP
/// proof. [`Refusal::Invalid`] for a `request_uri` (RFC 9126 section 2.1), and for a `dpop_jkt` that isn't the key of the proof.
pub async fn push(ports: &AuthorizationPusher, request: PushRequest) -> Result<PushedRequest, Error> {
    let PushRequest { mut form, credentials, dpop } = request;
    let reader = &ports.keeper.reader;
    let Identified { service, verified, .. } = identify(reader, &credentials, |_: &OrgId| ()).await?;
    let (org, client) = (service.org(), verified.client());
    endpoint::login_url(org)?;
    if form.request_uri.is_some() {
        return Err(Refusal::invalid("request_uri", "must not be part of a pushed request").into());
    }
    let redirect_uri = endpoint::registered_redirect_uri(client, &mut form)?;
    let response_mode = form.response_mode()?;
    let (keys, now) = (reader.keys.now().await?, reader.now());
    let client_name = client.id.to_string();
    let asker = Asker { org, client, client_name: &client_name, keys: &keys, now, is_pushed: true, drops_scopes: false };
    let mut wishes = form.check(&asker, (redirect_uri, response_mode))?;
    let proof = proved_key(ports, &org.id, dpop.as_ref(), now).await?;
    if let Some((key, _)) = &proof {
        if wishes.dpop_key.is_some_and(|named| named != *key) {
            return Err(Refusal::invalid("dpop_jkt", "must be the thumbprint of the key of the DPoP proof").into());
        }
        wishes.dpop_key = Some(*key);
    }
    let expires_in = org.settings.oauth.pushed_request_duration;
    let beginning = Beginning { state: AuthorizationState::Pushed, duration: expires_in };
    let pushed = endpoint::authorization(&ports.keeper, &asker, wishes, beginning)?;
    verified.consume_proof(&*ports.once).await?;
    if let Some((_, replay_guard)) = proof {
        replay_guard.consume(&*ports.once).await?;
    }
    ports.keeper.authorizations.put_authorization(&pushed).await?;
    Ok(PushedRequest { request_uri: RequestUri(pushed.key()).to_string(), expires_in })
}

/// Verifies the DPoP proof, if there is one, as one to this endpoint. The nonces of an org are for its token endpoint alone.
async fn proved_key(
    ports: &AuthorizationPusher,
    org: &OrgId,
    proof: Option<&Secret<String>>,
    now: Timestamp,
) -> Result<Option<(Thumbprint, ReplayGuard)>, Error> {
    let Some(proof) = proof else { return Ok(None) };
    let uri = format!("{}{PATH}", ports.keeper.reader.keys.issuer().as_str().trim_end_matches('/'));
    let expected = dpop::Expected { method: "POST", uri: &uri, access_token: None, key: None, nonce: NonceRule::NotNeeded };
    dpop::check(org, now, proof.expose(), &expected).await.map(Some)
}
