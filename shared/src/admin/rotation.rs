//! Rotation: keys follow each other, and nobody notices.

use std::time::Duration;

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
/// Safe to repeat and to run twice at the same time: one conditional write decides, and whoever loses it destroys what it made. An
/// algorithm that no key can be made for keeps no other from its key.
///
/// # Errors
/// [`Refusal::NotFound`] if no key has the `kid` that is said to be stolen. A [`Fault`] that can be retried if others changed the
/// ring at the same time, again and again. The fault of the first key that couldn't be made, after all else was done.
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
        let Renewal { made, failed } = renew(ports, &mut after, ask.now, now).await?;
        let discarded = after.tidy(now, DESTRUCTION_DELAY);
        if after == before {
            return failed.map_or(Ok(before), |fault| Err(fault.into()));
        }
        after.version = before.version + 1;
        match put(&*ports.keys, &after).await {
            Written::Yes => {
                discard(ports, &discarded).await;
                return failed.map_or(Ok(after), |fault| Err(fault.into()));
            }
            Written::No(fault) => {
                discard(ports, &made).await;
                if let Some(fault) = fault {
                    return Err(fault.into());
                }
            }
            // Keys that the ring may name stay.
            Written::Perhaps(fault) => return Err(fault.into()),
        }
    }
    Err(Fault::unavailable("rotating the keys: others were always faster").into())
}

/// Writes a ring, unless another was faster. After a fault the ring is read again, once the last attempt must have ended: the answer
/// may be what got lost, and not the write.
async fn put(keys: &(impl WriteKeys + ?Sized), ring: &KeyRing) -> Written {
    let fault = match keys.put_key_ring(ring).await {
        Ok(true) => return Written::Yes,
        Ok(false) => return Written::No(None),
        Err(fault) => fault,
    };
    tokio::time::sleep(LAST_ATTEMPT).await;
    match keys.key_ring().await {
        Ok(Some(there)) if there == *ring => Written::Yes,
        Ok(Some(there)) if there.version >= ring.version => Written::No(None),
        Ok(_) => Written::No(Some(fault)),
        Err(_) => Written::Perhaps(fault),
    }
}

/// What came of writing a ring.
enum Written {
    Yes,
    /// Another was faster, or this fault was in the way.
    No(Option<Fault>),
    Perhaps(Fault),
}

/// Destroys private halves that nobody needs any more. What stays of one costs a little, and harms nothing.
async fn discard(ports: &Rotator, all: &[PrivateHalf]) {
    for private in all {
        if let Err(fault) = ports.maker.discard(private).await {
            crate::telemetry::log_fault("", &fault);
        }
    }
}

/// What came of making the keys that were due.
struct Renewal {
    /// The private halves that were made.
    made: Vec<PrivateHalf>,
    /// Why the first of the others couldn't be.
    failed: Option<Fault>,
}

/// Adds what is due to the ring.
async fn renew(ports: &Rotator, ring: &mut KeyRing, anew: bool, now: Timestamp) -> Result<Renewal, Fault> {
    ring.algorithms.clone_from(&ports.algorithms);
    if ring.refresh_key.is_empty() {
        ring.refresh_key = ports.maker.make_refresh_key().await?;
    }
    let mut renewal = Renewal { made: Vec::new(), failed: None };
    for (alg, signs_from) in ring.due(now, ports.schedule, |key| anew || !ports.maker.is_current(&key.private)) {
        match ports.maker.make(alg).await {
            Ok((jwk, private)) => {
                renewal.made.push(private.clone());
                ring.add(RingKey { jwk, private, published_at: now, signs_from, retires_at: None });
            }
            Err(fault) if renewal.failed.is_some() => crate::telemetry::log_fault("", &fault),
            Err(fault) => renewal.failed = Some(fault),
        }
    }
    Ok(renewal)
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

/// After how long an attempt to write has ended, whether or not its answer got lost.
const LAST_ATTEMPT: Duration = Duration::from_secs(2);

/// How often a change of the ring is tried again that another was faster than.
const MAX_ATTEMPTS: usize = 5;

/// How long an instance may still sign with a key whose successor signs already: until it has read the ring again, and a margin.
const DESTRUCTION_DELAY: Seconds = Seconds(REREAD_INTERVAL.0 * 12);
