//! Pushed authorization requests: RFC 9126. A client sends its request itself, authenticated, and the browser brings no more than a
//! reference to it.

use super::endpoint::{self, Beginning};
use super::request::{Asker, AuthorizationForm};
use super::request_uri::RequestUri;
use crate::auth::client::document::Freshness;
use crate::auth::client::{ClientCredentials, Identified, VerifiedClient, identify_any};
use crate::auth::dpop::{self, NonceRule};
use crate::auth::replay::ReplayGuard;
use crate::domain::{
    AuthorizationRequest, AuthorizationState, Client, Denial, Error, Org, OrgId, Seconds, Secret, Thumbprint, Timestamp,
};
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
/// As [`identify_any`]. [`Refusal::Denied`](crate::domain::Refusal::Denied) with what is wrong with the request, as the authorization endpoint
/// finds it, or with its DPoP proof.
pub async fn push(ports: &AuthorizationPusher, request: PushRequest) -> Result<PushedRequest, Error> {
    let PushRequest { form, credentials, dpop } = request;
    let reader = &ports.keeper.reader;
    let Identified { service, verified, .. } =
        identify_any(reader, &ports.documents, Freshness::Current, &credentials, |_: &OrgId| ()).await?;
    endpoint::login_url(service.org())?;
    let uri = format!("{}{PATH}", reader.keys.issuer().as_str().trim_end_matches('/'));
    let proof = dpop.as_ref().map(|proof| ProofOfKey { proof, method: "POST", uri: &uri });
    let pusher = Pusher { org: service.org(), verified, proof, drops_scopes: false };
    keep(ports, pusher, form, |request, _| Ok(request)).await
}

/// A client that pushes a request, and has authenticated.
pub(in crate::oauth) struct Pusher<'a> {
    pub(in crate::oauth) org: &'a Org,
    pub(in crate::oauth) verified: VerifiedClient,
    pub(in crate::oauth) proof: Option<ProofOfKey<'a>>,
    /// Whether scopes that the client can't have are left out. Else the request is denied.
    pub(in crate::oauth) drops_scopes: bool,
}

/// A DPoP proof, and for which request it must have been made.
pub(in crate::oauth) struct ProofOfKey<'a> {
    pub(in crate::oauth) proof: &'a Secret<String>,
    pub(in crate::oauth) method: &'a str,
    pub(in crate::oauth) uri: &'a str,
}

/// Checks the request of a client that has authenticated, by `check` besides, and keeps it.
pub(in crate::oauth) async fn keep(
    ports: &AuthorizationPusher,
    pusher: Pusher<'_>,
    mut form: AuthorizationForm,
    check: impl FnOnce(AuthorizationRequest, &Client) -> Result<AuthorizationRequest, Denial>,
) -> Result<PushedRequest, Error> {
    let Pusher { org, verified, proof, drops_scopes } = pusher;
    let (reader, client) = (&ports.keeper.reader, verified.client());
    if form.request_uri.is_some() {
        return Err(Denial::RequestUriUnexpected.into());
    }
    let redirect_uri = endpoint::registered_redirect_uri(client, &mut form)?;
    let response_mode = form.response_mode()?;
    let (keys, now) = (reader.keys.now().await?, reader.now());
    let client_name = verified.name();
    let asker = Asker { org, client, client_name: &client_name, keys: &keys, now, is_pushed: true, drops_scopes };
    let mut wishes = form.check(&asker, (redirect_uri, response_mode)).and_then(|request| check(request, client))?;
    let proof = proved_key(&org.id, proof, now).await?;
    if let Some((key, _)) = &proof {
        if wishes.dpop_key.is_some_and(|named| named != *key) {
            return Err(Denial::DpopKeyUnexpected.into());
        }
        wishes.dpop_key = Some(*key);
    }
    let expires_in = org.settings.oauth.pushed_request_duration;
    let beginning = Beginning { state: AuthorizationState::Pushed, duration: expires_in };
    let kept = endpoint::authorization(&ports.keeper, &asker, wishes, beginning)?;
    verified.consume_proof(&*ports.once).await?;
    if let Some((_, replay_guard)) = proof {
        replay_guard.consume(&*ports.once).await?;
    }
    ports.keeper.authorizations.put_authorization(&kept).await?;
    Ok(PushedRequest { request_uri: RequestUri(kept.key()).to_string(), expires_in })
}

/// Verifies the DPoP proof, if there is one. The nonces of an org are for its token endpoint alone.
async fn proved_key(
    org: &OrgId,
    proof: Option<ProofOfKey<'_>>,
    now: Timestamp,
) -> Result<Option<(Thumbprint, ReplayGuard)>, Error> {
    let Some(ProofOfKey { proof, method, uri }) = proof else { return Ok(None) };
    let expected = dpop::Expected { method, uri, access_token: None, key: None, nonce: NonceRule::NotNeeded };
    dpop::check(org, now, proof.expose(), &expected).await.map(Some)
}
