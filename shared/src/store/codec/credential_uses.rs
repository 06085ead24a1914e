//! On which day the credentials of a client were used.

use serde::{Deserialize, Serialize};

use super::{decode, encode};
use crate::domain::{CredentialHash, CredentialUse, CredentialUses, Day, Fault};

/// Encodes what stands beside the body of a client: for each credential the start of its hash and the number of the day.
///
/// # Errors
/// A [`Fault`] if it can't be written as JSON.
pub fn encode_credential_uses(uses: &CredentialUses) -> Result<String, Fault> {
    let body: Vec<_> = uses.as_slice().iter().map(|used| (used.credential.as_number(), used.day.as_number())).collect();
    encode(|to| body.serialize(to))
}

/// Decodes what [`encode_credential_uses`] wrote.
///
/// # Errors
/// A [`Fault`] if it isn't what that writes.
pub fn decode_credential_uses(body: &[u8]) -> Result<CredentialUses, Fault> {
    let body: Vec<(u64, i64)> = decode(body, |from| Vec::deserialize(from))
        .map_err(|e| Fault::internal("decoding the uses of credentials").because(e))?;
    let used = |(hash, day)| CredentialUse { credential: CredentialHash::from_number(hash), day: Day::from_number(day) };
    Ok(CredentialUses::new(body.into_iter().map(used).collect()))
}
