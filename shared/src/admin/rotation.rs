//! Rotation: keys follow each other, and nobody notices.

use crate::domain::{Error, Fault, KeyRing, PrivateHalf, Refusal, RingKey, Seconds, Timestamp};
use crate::keys::REREAD_INTERVAL;
use crate::platform::capabilities::Rotator;
use crate::store::WriteKeys;

/// What is asked for besides what is due.
#[derive(Clone, Debug, Default)]
pub struct RotationRequest {
    /// Whether to make the next keys now, however young the active ones are.
    pub now: bool,
    /// The `kid` of a key that has been stolen: it retires at once, and so does every token that it has signed.
    pub stolen: Option<String>,
}

/// Does what is due: makes the keys that come next, and parts with what nobody needs any more. Returns the ring as it is now.
///
/// Safe to repeat and to run twice at the same time: one conditional write decides, and whoever loses it destroys what it made.
///
/// # Errors
/// [`Refusal::NotFound`] if no key has the `kid` that is said to be stolen. A [`Fault`] that can be retried if others changed the
/// ring at the same time, again and again.
pub async fn rotate(ports: &Rotator, ask: &RotationRequest) -> Result<KeyRing, Error> {
    for _ in 0..MAX_ATTEMPTS {
        let now = ports.clock.now();
        let before = ports.keys.key_ring().await?.unwrap_or_default();
        let mut after = before.clone();
        if let Some(kid) = &ask.stolen
            && !after.retire(kid, now)
        {
            return Err(Refusal::NotFound("key").into());
        }
        let made = renew(ports, &mut after, ask.now, now).await?;
        let discarded = after.tidy(now, DESTRUCTION_DELAY);
        if after == before {
            return Ok(before);
        }
        after.version = before.version + 1;
        let is_written = ports.keys.put_key_ring(&after).await?;
        for private in if is_written { &discarded } else { &made } {
            // Nobody needs it any more: what stays of it costs a little, and harms nothing.
            if let Err(fault) = ports.maker.discard(private).await {
                crate::telemetry::log_fault("", &fault);
            }
        }
        if is_written {
            return Ok(after);
        }
    }
    Err(Fault::unavailable("rotating the keys: others were always faster").into())
}

/// Adds what is due to the ring. Returns the private halves that were made for it.
async fn renew(ports: &Rotator, ring: &mut KeyRing, anew: bool, now: Timestamp) -> Result<Vec<PrivateHalf>, Fault> {
    ring.algorithms.clone_from(&ports.algorithms);
    if ring.refresh_key.is_empty() {
        ring.refresh_key = ports.maker.make_refresh_key().await?;
    }
    let mut made = Vec::new();
    for (alg, signs_from) in ring.due(now, ports.schedule, |key| anew || !ports.maker.is_current(&key.private)) {
        let (jwk, private) = ports.maker.make(alg).await?;
        made.push(private.clone());
        ring.add(RingKey { jwk, private, published_at: now, signs_from, retires_at: None });
    }
    Ok(made)
}

/// Sees to it that no key retires that may have signed a token that doesn't expire: before an org allows such tokens.
pub(crate) async fn keep_for_ever(keys: &(impl WriteKeys + ?Sized), now: Timestamp) -> Result<(), Fault> {
    for _ in 0..MAX_ATTEMPTS {
        let mut ring = keys.key_ring().await?.unwrap_or_default();
        if ring.keeps_for_ever {
            return Ok(());
        }
        ring.keep_for_ever(now);
        ring.version += 1;
        if keys.put_key_ring(&ring).await? {
            return Ok(());
        }
    }
    Err(Fault::unavailable("keeping the keys for ever: others were always faster"))
}

/// How often a change of the ring is tried again that another was faster than.
const MAX_ATTEMPTS: usize = 5;

/// How long an instance may still sign with a key whose successor signs already: until it has read the ring again, and a margin.
const DESTRUCTION_DELAY: Seconds = Seconds(REREAD_INTERVAL.0 * 12);
