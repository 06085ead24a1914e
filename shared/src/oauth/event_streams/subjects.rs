//! Of whom a stream tells: OpenID Shared Signals Framework 1.0 section 8.1.3. It tells of all subjects but those that were removed.

use super::Receiver;
use crate::domain::{Error, EventStream, Refusal, SubjectFingerprint};
use crate::platform::capabilities::StreamChanger;

/// Lets a stream of the receiver tell of subjects again that were removed. Of all others it tells anyway.
///
/// # Errors
/// [`Refusal::NotFound`] if it has none of this id.
pub async fn add(ports: &StreamChanger, receiver: &Receiver, id: &str, subjects: &[SubjectFingerprint]) -> Result<(), Error> {
    let changed = receiver.change(&*ports.streams, id, |mut there| {
        there.removed_subjects.retain(|removed| !subjects.contains(removed));
        Ok(there)
    });
    changed.await.map(drop)
}

/// Lets a stream of the receiver no longer tell of these subjects.
///
/// # Errors
/// [`Refusal::NotFound`] if it has none of this id. [`Refusal::Conflict`] if as many were removed as can be.
pub async fn remove(ports: &StreamChanger, receiver: &Receiver, id: &str, subjects: &[SubjectFingerprint]) -> Result<(), Error> {
    let changed = receiver.change(&*ports.streams, id, |mut there| {
        there.removed_subjects.extend(subjects.iter().cloned());
        if there.removed_subjects.len() > EventStream::MAX_REMOVED_SUBJECTS {
            return Err(Refusal::Conflict("1000 subjects are removed from this stream, as many as can be: add one first"));
        }
        Ok(there)
    });
    changed.await.map(drop)
}
