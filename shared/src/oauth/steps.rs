//! The steps that every token request passes before its grant is served: RFC 6749 section 3.2.
//!
//! Two endpoints are made of them: Jeton's own ([`super::token_endpoint`]), and the one of an authorization server that forwards
//! what its clients send ([`super::forwarded`]). Each authenticates clients in its own way between these steps.

use crate::auth::dpop;
use crate::auth::replay::ReplayGuard;
use crate::domain::{Client, ClientKind, Confirmation, Denial, Error, GrantType, Invalid, OrgId, Timestamp};
use crate::jose::certificate;
use crate::oauth::TokenForm;

/// Reads `grant_type` and finds the grant that it names.
///
/// # Errors
///
/// [`Denial::GrantTypeMissing`] without one, [`Denial::GrantTypeUnsupported`] for one that OAuth doesn't have.
pub(super) fn parse_grant_type(form: &TokenForm) -> Result<GrantType, Denial> {
    let name = form.grant_type.as_ref().ok_or(Denial::GrantTypeMissing)?;
    name.parse().map_err(|Invalid(_)| Denial::GrantTypeUnsupported)
}

/// What a grant requires of the client that uses it, beside that the client is registered for it.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct ClientRequirements {
    /// Only confidential clients may use it.
    pub(super) confidential: bool,
    /// Only clients that are permitted to exchange tokens may use it.
    pub(super) exchange_permit: bool,
}

/// Checks that the client may use the grant.
///
/// # Errors
///
/// [`Denial::GrantNotAllowed`] if the client isn't registered for it, [`Denial::ClientMustBeConfidential`] and
/// [`Denial::ClientNotPermittedToExchange`] if the client isn't what the grant requires: in this order.
pub(super) fn check_grant(client: &Client, grant: GrantType, required: ClientRequirements) -> Result<(), Denial> {
    if !client.settings.grants.contains(&grant) {
        return Err(Denial::GrantNotAllowed);
    }
    if required.confidential && client.settings.kind != ClientKind::Confidential {
        return Err(Denial::ClientMustBeConfidential);
    }
    if required.exchange_permit && !client.settings.may_exchange_tokens {
        return Err(Denial::ClientNotPermittedToExchange);
    }
    Ok(())
}

/// By what a token request proves that its sender holds certain keys.
#[derive(Clone, Copy, Debug)]
pub(super) struct SenderProofs<'a> {
    /// The certificate of the TLS connection, in PEM.
    pub(super) certificate: Option<&'a str>,
    /// The DPoP proof, and what it must be about.
    pub(super) dpop: Option<(&'a str, dpop::Expected<'a>)>,
}

/// Verifies the keys that the request proves: the certificate of RFC 8705 section 3, the DPoP key of RFC 9449 section 5.
///
/// The proof isn't used up yet: that is what the guard is for. A certificate is proved by whoever shows one; whether tokens are
/// bound to it is for the client's registration to say.
///
/// # Errors
///
/// [`Denial::CertificateMismatch`] if the client's tokens are bound to a certificate and none can be read;
/// [`Denial::DpopHeaderMissing`] if they are bound to a DPoP key and there is no proof; otherwise what [`dpop::check`] says of the
/// proof.
pub(super) async fn verify_sender_constraint(
    org: &OrgId,
    client: Option<&Client>,
    proofs: SenderProofs<'_>,
    now: Timestamp,
) -> Result<(Confirmation, Option<ReplayGuard>), Error> {
    let certificate = proofs.certificate.and_then(|pem| certificate::thumbprint(pem).ok());
    if certificate.is_none() && client.is_some_and(|client| client.settings.certificate_bound_tokens) {
        return Err(Denial::CertificateMismatch.into());
    }
    let (dpop_key, replay_guard) = match proofs.dpop {
        Some((proof, expected)) => {
            let (key, replay_guard) = dpop::check(org, now, proof, &expected).await?;
            (Some(key), Some(replay_guard))
        }
        None if client.is_some_and(|client| client.settings.dpop_bound_tokens) => return Err(Denial::DpopHeaderMissing.into()),
        None => (None, None),
    };
    Ok((Confirmation { certificate, dpop_key }, replay_guard))
}
