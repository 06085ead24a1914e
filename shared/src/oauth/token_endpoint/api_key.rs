//! The exchange of an API key for a short JWT: a token exchange (RFC 8693) without a client.
//!
//! The key is the credential: whoever has one may have a JWT of it, and needs no client to ask (RFC 8693 section 2.1 leaves client
//! authentication to the service). The JWT dies with the key.

use super::{GrantAnswer, GrantRequest, GrantedToken, Outcome, check_supported, require_nonce, verify_keys};
use crate::auth::api_key;
use crate::domain::{Denial, Error, GrantType, Refusal, Secret, Service};
use crate::oauth::TokenType;
use crate::platform::capabilities::TokenEndpoint;
use crate::policy::{self, ApiKeyExchange};
use crate::store::RecordKeys;
use crate::tokens::mint::{LiveGrant, mint};

/// The `subject_token_type` of an API key.
pub const API_KEY_TYPE: &str = "urn:jeton:params:oauth:token-type:api-key";

/// Returns the API key that a request without a client wants to exchange. `None`: it is another request.
pub(super) fn presented(request: &GrantRequest) -> Option<&Secret<String>> {
    let is_exchange = request.form.grant() == Some(GrantType::TokenExchange);
    let is_of_key = request.form.subject_token_type.as_deref() == Some(API_KEY_TYPE);
    request.form.subject_token.as_ref().filter(|_| is_exchange && is_of_key && request.credentials.is_empty())
}

/// Grants a JWT in exchange for an API key.
///
/// # Errors
/// [`Denial::SubjectTokenInvalid`] for whatever is wrong with the key: all of it is one to a stranger. [`Denial::RequestedTokenTypeInvalid`],
/// [`Denial::ActorTokenTypeUnexpected`], [`Denial::ScopeInvalid`], [`Denial::TargetExceeds`] and [`Denial::TargetsTooMany`] for what is asked
/// for, and what the DPoP proof lacks. [`Refusal::LimitReached`], if the key was used as often as it may be.
pub(super) async fn grant(endpoint: &TokenEndpoint, request: &GrantRequest, key: &Secret<String>) -> Result<Outcome, Error> {
    let (ports, form) = (&endpoint.granter, &request.form);
    let (reader, minter) = (ports.reader(), &ports.refresher.minter);
    if form.actor_token.is_some() || form.actor_token_type.is_some() {
        return Err(Denial::ActorTokenTypeUnexpected.into());
    }
    let requested = match form.requested_token_type.as_deref().map(str::parse) {
        None => TokenType::AccessToken,
        Some(Ok(requested @ (TokenType::AccessToken | TokenType::Jwt))) => requested,
        Some(_) => return Err(Denial::RequestedTokenTypeInvalid.into()),
    };
    let (found, records) = api_key::find(reader, key.expose(), RecordKeys::default()).await?;
    let live = found.and_then(|found| found.into_live(request.credentials.address).ok()).ok_or(Denial::SubjectTokenInvalid)?;
    let service = Service::of_own_clients(live.org.clone());
    check_supported(&service, GrantType::TokenExchange)?;
    let mut audiences = form.resources()?;
    for name in &form.audiences {
        audiences.push(name.parse().map_err(|_| Denial::TargetExceeds)?);
    }
    let nonce = require_nonce(ports, &service, request).await?;
    let proved = verify_keys(reader, &service, None, request, nonce.as_ref()).await;
    let nonce = nonce.map(|nonce| nonce.next);
    let (confirmation, proof) = match proved {
        Err(Error::Refused(Refusal::Denied(denial @ Denial::DpopNonceRequired))) => {
            return Ok(Outcome { granted: Err(denial), nonce });
        }
        proved => proved?,
    };
    let algorithm = match live.org.settings.oauth.access_token_sign_alg {
        Some(algorithm) => algorithm,
        None => minter.signing.now().await?.signer(None)?.jwk().alg,
    };
    let ask = ApiKeyExchange { scopes: form.scopes()?, audiences, dpop_key: confirmation.dpop_key, algorithm };
    let granted = policy::exchange_api_key(&live.org, &live.key, ask, reader.keys.issuer(), reader.now())?;
    let granted = LiveGrant::check(reader, granted, &records.marks).await?;
    let unit = live.count_use(&ports.quotas, reader.now()).await?;
    let issued = async {
        if let Some(proof) = proof {
            proof.consume(&*ports.once).await?;
        }
        let (token, ()) = futures::future::join(mint(minter, granted), live.note_use(reader, &*endpoint.api_keys)).await;
        token
    };
    let issued = issued.await;
    unit.settle(&issued);
    let token = GrantedToken { minted: issued?, token_type: Some(requested), id_token: None };
    Ok(Outcome { granted: Ok(GrantAnswer::Token(Box::new(token))), nonce })
}
