//! Secrets that the service makes for orgs and clients: drawing, hashing and comparing them.
//!
//! Only the SHA-256 of a secret is kept. That suffices, because every secret has at least 256 random bits.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use zeroize::Zeroizing;

use crate::domain::{Entropy, Fault, Secret};
use crate::jose::{equal, sha256};

/// Draws a secret of `BYTES` random bytes, in base64url without padding: 43 characters for 32 bytes, 86 for 64.
///
/// # Errors
///
/// Fails if the source of randomness does.
pub(crate) fn draw<const BYTES: usize>(entropy: &dyn Entropy) -> Result<Secret<String>, Fault> {
    let mut bytes = Zeroizing::new([0; BYTES]);
    entropy.fill(&mut *bytes)?;
    Ok(Secret::new(URL_SAFE_NO_PAD.encode(bytes.as_slice())))
}

/// Computes what is kept of a secret: its SHA-256.
pub(crate) fn hash(secret: &Secret<String>) -> [u8; 32] {
    sha256(secret.expose().as_bytes())
}

/// Computes the name of a secret from its hash: 12 characters that are the same whenever it is shown. They say nothing of the secret to
/// who doesn't have it already, just as the hash of so many random bits doesn't.
pub(crate) fn id(hash: &[u8; 32]) -> String {
    let named = sha256(&[b"client secret ".as_slice(), hash].concat());
    URL_SAFE_NO_PAD.encode(&named[..9])
}

/// Says whether the hash of `presented` is among `kept`, in a time that depends on the number of hashes alone.
///
/// All of them are compared, and where there are none as much is done as for one: nobody can probe for orgs or clients by the
/// time that it takes.
pub(crate) fn is_among(presented: &Secret<String>, kept: &[[u8; 32]]) -> bool {
    // No secret has this hash.
    const NONE: &[[u8; 32]] = &[[0; 32]];
    let hash = hash(presented);
    let compared = if kept.is_empty() { NONE } else { kept };
    compared.iter().fold(false, |is_known, there| is_known | equal(there, &hash))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_found_wherever_its_hash_stands_and_nowhere_else() {
        let (first, second, other) = (Secret::new("a".to_owned()), Secret::new("b".to_owned()), Secret::new("c".to_owned()));
        let kept = [hash(&first), hash(&second)];
        assert!(is_among(&first, &kept) && is_among(&second, &kept));
        assert!(!is_among(&other, &kept) && !is_among(&first, &kept[1..]) && !is_among(&first, &[]));
    }
}
