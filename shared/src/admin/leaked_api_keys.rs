//! The use case about API keys that have leaked: whoever scans the world for secrets reports them, and they end.

use futures::future::try_join_all;

use crate::auth::api_key::find_any;
use crate::domain::{ApiKeyRevocation, ApiKeyRevocationReason, ApiKeyStatus, Fault, LeakPlace, Secret};
use crate::platform::capabilities::LeakReceiver;
use crate::store::Revocation;
use crate::telemetry::{Alarm, log_alarm};

/// A text that looks like a secret, and where it was found.
#[derive(Debug)]
pub struct LeakedText {
    /// The text, which may be a key.
    pub text: Secret<String>,
    /// Where it was found, if that was told.
    pub place: Option<LeakPlace>,
}

/// How many are looked up at the same time.
const MAX_AT_ONCE: usize = 16;

/// Revokes the keys among these texts that are good, each with both of its values, and says of each text whether it is a key: also one that
/// is over, revoked or replaced. A text that doesn't have the form of a key is none, and isn't looked up.
///
/// What is done before a failure stays done. Whoever reports the same again changes nothing more.
///
/// # Errors
/// A [`Fault`] if one of them can't be looked up or revoked.
pub async fn revoke(ports: &LeakReceiver, texts: &[LeakedText]) -> Result<Vec<bool>, Fault> {
    let mut are_keys = Vec::with_capacity(texts.len());
    for some in texts.chunks(MAX_AT_ONCE) {
        are_keys.extend(try_join_all(some.iter().map(|text| revoke_one(ports, text))).await?);
    }
    Ok(are_keys)
}

async fn revoke_one(ports: &LeakReceiver, leaked: &LeakedText) -> Result<bool, Fault> {
    let Some((found, is_good)) = find_any(&ports.reader, leaked.text.expose()).await? else { return Ok(false) };
    // A value that was replaced and is over opens nothing: who has rotated the key has done what is to be done.
    if !is_good || found.status != ApiKeyStatus::Active {
        return Ok(true);
    }
    let key = &found.key;
    let revocation = ApiKeyRevocation {
        at: ports.reader.now(),
        reason: ApiKeyRevocationReason::Leaked,
        by: None,
        place: leaked.place.clone(),
    };
    match ports.api_keys.revoke_api_key(&key.locator(), &revocation).await? {
        Revocation::Done => log_alarm(Alarm::KeyLeaked, &key.org, None, key.id),
        Revocation::Already | Revocation::Unknown => {}
    }
    Ok(true)
}
