//! Nonces of DPoP proofs (RFC 9449 section 8): none can be made in advance by who has the key for a while.
//!
//! None is stored: a nonce is a moment, and a MAC of it for one org by the deployment's key.

use aws_lc_rs::constant_time::verify_slices_are_equal;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::domain::{Fault, OrgId, Seconds, Timestamp};
use crate::jose::foreign::AHEAD;
use crate::keys::signer::SecretDeriver;

/// Whether a proof must have a nonce.
#[derive(Clone, Copy, Debug)]
pub enum NonceRule<'a> {
    /// A proof needs no nonce, and one that it has isn't looked at.
    NotNeeded,
    /// A proof must have a nonce that was made with this key.
    Required(&'a dyn SecretDeriver),
}

/// The lifetime of a nonce.
pub(super) const LIFETIME: Seconds = Seconds(300);
const TAG: usize = 16;

/// Makes a nonce for the next proofs of an org's clients: what `DPoP-Nonce` says in an answer. It is good for five minutes.
///
/// # Errors
/// A [`Fault`] if the key can't be reached.
pub async fn nonce(deriver: &dyn SecretDeriver, org: &OrgId, now: Timestamp) -> Result<String, Fault> {
    let moment = now.as_ms().to_be_bytes();
    let tag = tag(deriver, org, moment).await?;
    Ok(URL_SAFE_NO_PAD.encode([&moment[..], &tag].concat()))
}

/// Whether `text` is a nonce of this org that is still good.
pub(super) async fn is_good(deriver: &dyn SecretDeriver, org: &OrgId, text: &str, now: Timestamp) -> Result<bool, Fault> {
    let mut bytes = [0; 8 + TAG];
    if URL_SAFE_NO_PAD.decode_slice(text, &mut bytes) != Ok(bytes.len()) {
        return Ok(false);
    }
    let Some((moment, given)) = bytes.split_first_chunk() else { return Ok(false) };
    let made_at = Timestamp::from_ms(i64::from_be_bytes(*moment));
    // Another instance, whose clock is ahead, may have made it.
    let is_fresh = made_at <= now.plus(AHEAD) && now <= made_at.plus(LIFETIME);
    Ok(is_fresh && verify_slices_are_equal(&tag(deriver, org, *moment).await?, given).is_ok())
}

async fn tag(deriver: &dyn SecretDeriver, org: &OrgId, moment: [u8; 8]) -> Result<[u8; TAG], Fault> {
    let mut context = b"jeton dpop nonce\0".to_vec();
    context.extend(moment);
    context.extend(org.as_str().as_bytes());
    let mut tag = [0; TAG];
    tag.copy_from_slice(&deriver.derive(&context).await?.expose()[..TAG]);
    Ok(tag)
}
