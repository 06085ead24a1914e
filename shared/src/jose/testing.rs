//! What the tests of everything that reads JWTs need.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use futures::FutureExt;
use serde_json::Value;

use crate::keys::signer::Signer;

/// A token of any header and payload with a good signature by `signer`.
pub(crate) fn signed_by(signer: &dyn Signer, header: impl AsRef<[u8]>, payload: impl AsRef<[u8]>) -> String {
    let input = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(payload));
    let signature = signer.sign(input.as_bytes()).now_or_never().unwrap().unwrap();
    format!("{input}.{}", URL_SAFE_NO_PAD.encode(signature))
}

/// `base` with one member set, or taken away.
pub(crate) fn with(mut base: Value, member: &str, value: Option<Value>) -> Value {
    match value {
        Some(value) => base[member] = value,
        None => drop(base.as_object_mut().unwrap().remove(member)),
    }
    base
}
