//! Authorization requests that clients push to an authorization server (RFC 9126), which forwards them: Authlete's `/pushed_auth_req`.
//!
//! What is kept is what Jeton's own [endpoint](crate::oauth::authorization::push) keeps, so a browser may come with the reference to
//! either door.

use super::authorization::checked;
use crate::auth::client::{ClientCredentials, verify};
use crate::domain::{ClientAuthMethod, ClientId, Error, Refusal, Service};
use crate::oauth::authorization::AuthorizationForm;
use crate::oauth::authorization::push::{ProofOfKey, PushedRequest, Pusher, keep};
use crate::platform::capabilities::PushForwarder;
use crate::store::Records;
use crate::telemetry::note_client;
use crate::tokens::introspect::ProofOfPossession;

/// A request that a client pushes, as the authorization server passes it on.
#[derive(Debug)]
pub struct ForwardedPush {
    /// The parameters of the request.
    pub form: AuthorizationForm,
    /// What the client proves its identity by.
    pub credentials: ClientCredentials,
    /// The DPoP proof that it has sent. It must say to which address.
    pub dpop: Option<ProofOfPossession>,
}

/// A request that is kept.
#[derive(Debug)]
pub struct KeptPush {
    /// The reference to it.
    pub pushed: PushedRequest,
    /// The client that has pushed it.
    pub client: ClientId,
    /// How the client has authenticated.
    pub method: ClientAuthMethod,
}

/// Checks a request that a client has pushed, and keeps it. `found` is what was read for the client that its credentials name.
///
/// # Errors
/// [`Refusal::Denied`] with what is wrong with the client, the request or its DPoP proof. [`Refusal::Invalid`] for `htu` if there is a proof
/// and nobody says where it was sent.
pub async fn push(ports: &PushForwarder, service: &Service, found: &Records, request: ForwardedPush) -> Result<KeptPush, Error> {
    let ForwardedPush { form, credentials, dpop } = request;
    let verified = verify(&ports.pusher.keeper.reader, service, found, &credentials).await?;
    let (client, method) = (verified.client().id, verified.client().settings.auth_method);
    note_client(service.id(), client);
    let proof = match &dpop {
        None => None,
        Some(shown) if shown.uri.is_empty() => {
            return Err(Refusal::invalid("htu", "is required with dpop: the address of your endpoint for pushed requests").into());
        }
        Some(shown) => Some(ProofOfKey { proof: &shown.proof, method: &shown.method, uri: &shown.uri }),
    };
    let by = Pusher { org: service.org(), verified, proof, drops_scopes: true };
    let pushed = keep(&ports.pusher, by, form, checked).await?;
    Ok(KeptPush { pushed, client, method })
}
