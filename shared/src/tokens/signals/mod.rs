//! Signals: what receivers are told without asking (OpenID Shared Signals Framework 1.0), each as a security event token (RFC 8417).
//!
//! [`collect`] puts a signal into each stream that wants it, [`push`] sends what waits in a stream to its receiver; of a stream that is
//! polled an endpoint answers what waits. Of which events of the audit trail signals are made is decided by `api/jeton`, which writes the
//! trail. Here is also what a stream tells of itself, and how the password of a receiver is kept.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value};

use crate::auth::sealed;
use crate::domain::{
    Algorithm, Entropy, EventStream, EventStreamKey, Fault, Issuer, PendingSignal, SealedSecret, Secret, SecurityEvent,
    SimpleSubject, StreamStatus, SubjectIdentifier, Timestamp, TokenId,
};
use crate::jose::security_event::{TYPE, claims, payload};
use crate::keys::SigningKeys;
use crate::keys::signer::jws;

pub mod collect;
pub mod push;

/// Signs a signal for the receiver of its stream. `algorithm` is the one of the org's access tokens, if it has chosen one.
///
/// Where the deployment has keys for RS256 they sign, because the CAEP Interoperability Profile (section 2.6) wants that. The claims are the
/// same each time.
///
/// # Errors
/// A [`Fault`] if there is no key, or it can't be reached.
pub async fn sign(
    signing: &SigningKeys,
    issuer: &Issuer,
    algorithm: Option<Algorithm>,
    stream: &EventStream,
    signal: &PendingSignal,
) -> Result<String, Fault> {
    let keys = signing.now().await?;
    let wanted = [Some(Algorithm::Rs256), algorithm].into_iter().flatten().find_map(|wanted| keys.signer(Some(wanted)).ok());
    let signer = wanted.map_or_else(|| keys.signer(None), Ok)?;
    jws::sign(signer, TYPE, &payload(signal, issuer, &stream.audience)?).await
}

/// Makes the signal by which a receiver tests its stream, with what it wants to see again (OpenID Shared Signals Framework 1.0 section
/// 8.1.4).
///
/// # Errors
/// A [`Fault`] if there is no randomness.
pub fn verification(
    stream: &EventStream,
    state: Option<&str>,
    now: Timestamp,
    entropy: &dyn Entropy,
) -> Result<PendingSignal, Fault> {
    let state = state.map(|state| ("state", state.into()));
    of_stream(stream, SecurityEvent::VERIFICATION, state, now, entropy)
}

/// Makes the signal that tells of a new status of a stream (OpenID Shared Signals Framework 1.0 section 8.1.5).
///
/// # Errors
/// A [`Fault`] if there is no randomness.
pub fn stream_updated(
    stream: &EventStream,
    status: StreamStatus,
    reason: Option<&str>,
    now: Timestamp,
    entropy: &dyn Entropy,
) -> Result<PendingSignal, Fault> {
    let members = [("status", status.as_str().into())].into_iter().chain(reason.map(|reason| ("reason", reason.into())));
    of_stream(stream, SecurityEvent::STREAM_UPDATED, members, now, entropy)
}

/// Makes a signal that a stream tells of itself.
fn of_stream(
    stream: &EventStream,
    event: &str,
    members: impl IntoIterator<Item = (&'static str, Value)>,
    now: Timestamp,
    entropy: &dyn Entropy,
) -> Result<PendingSignal, Fault> {
    let subject = SimpleSubject::new("opaque", [("id", &stream.key.id.to_string())]);
    let members: Map<_, _> = members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    Ok(PendingSignal {
        stream: stream.key.clone(),
        jti: TokenId::generate(now, None, entropy)?,
        claims: claims(&SubjectIdentifier::Simple(subject), event, members, None),
        expires_at: now.plus(PendingSignal::LIFETIME),
    })
}

/// What a sealed password is: it can't be opened as anything else.
const HEADER: &str = "authorization header of an event stream";

/// Encrypts the header `Authorization` that a receiver wants to see.
///
/// The key is made of the stream's id by the key in KMS, or on this machine, that the secrets of refresh tokens are made by: who can only
/// read the store can't read the header.
///
/// # Errors
/// A [`Fault`] if that key can't be reached, or there is no randomness.
pub async fn seal_header(
    signing: &SigningKeys,
    stream: &EventStreamKey,
    header: &Secret<String>,
    entropy: &dyn Entropy,
) -> Result<SealedSecret, Fault> {
    sealed::seal(&header_key(signing, stream).await?, HEADER, header, entropy)
}

/// Decrypts what [`seal_header`] has encrypted for the same stream.
///
/// # Errors
/// A [`Fault`] if the key can't be reached, or it wasn't.
pub async fn open_header(signing: &SigningKeys, stream: &EventStreamKey, sealed: &SealedSecret) -> Result<Secret<String>, Fault> {
    sealed::open(&header_key(signing, stream).await?, HEADER, sealed)
}

/// The secret from which the key of a stream's header is made, in the place of a ticket: it is kept nowhere.
async fn header_key(signing: &SigningKeys, stream: &EventStreamKey) -> Result<Secret<String>, Fault> {
    let context = format!("jeton event stream\0{}\0{}", stream.org, stream.id);
    let derived = signing.now().await?.deriver().derive(context.as_bytes()).await?;
    Ok(Secret::new(URL_SAFE_NO_PAD.encode(derived.expose())))
}
