//! Secrets of others that must be given back: they are kept so that only who holds a ticket can read them.
//!
//! A key of AES-256-GCM is made of the ticket, of which only a hash is kept. The service can't read what it keeps until the ticket comes
//! back, and neither can whoever reads the store.

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use zeroize::Zeroizing;

use crate::domain::{Entropy, Fault, SealedSecret, Secret};
use crate::jose::sha256;

/// Encrypts a secret with a ticket. `purpose` is what it is: it can't be opened as anything else.
///
/// # Errors
/// A [`Fault`] if there is no randomness.
pub(crate) fn seal(
    ticket: &Secret<String>,
    purpose: &'static str,
    secret: &Secret<String>,
    entropy: &dyn Entropy,
) -> Result<SealedSecret, Fault> {
    let mut nonce = [0; NONCE_LEN];
    entropy.fill(&mut nonce)?;
    let mut encrypted = secret.expose().clone().into_bytes();
    let sealed = key(ticket, purpose).and_then(|key| {
        key.seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::empty(), &mut encrypted)
            .map_err(|_| Fault::internal("encrypting a secret with a ticket"))
    });
    sealed.map(|()| SealedSecret::from_bytes([&nonce[..], &encrypted].concat()))
}

/// Decrypts a secret that was encrypted with this ticket for this purpose.
///
/// # Errors
/// A [`Fault`] if it wasn't.
pub(crate) fn open(ticket: &Secret<String>, purpose: &'static str, sealed: &SealedSecret) -> Result<Secret<String>, Fault> {
    let broken = || Fault::internal("decrypting a secret with a ticket");
    let (nonce, encrypted) = sealed.as_bytes().split_first_chunk::<NONCE_LEN>().ok_or_else(broken)?;
    let mut bytes = Zeroizing::new(encrypted.to_vec());
    let key = key(ticket, purpose)?;
    let opened = key.open_in_place(Nonce::assume_unique_for_key(*nonce), Aad::empty(), &mut bytes);
    let text = opened.ok().and_then(|plain| str::from_utf8(plain).ok()).ok_or_else(broken)?;
    Ok(Secret::new(text.to_owned()))
}

/// A ticket has 204 random bits or more, so one hash makes a key of it. What is kept of the ticket is another hash.
fn key(ticket: &Secret<String>, purpose: &'static str) -> Result<LessSafeKey, Fault> {
    let text = Zeroizing::new(format!("jeton sealed {purpose}\0{}", ticket.expose()));
    let bytes = Zeroizing::new(sha256(text.as_bytes()));
    let key = UnboundKey::new(&AES_256_GCM, &*bytes).map_err(|_| Fault::internal("making a key of a ticket"))?;
    Ok(LessSafeKey::new(key))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Seeded;

    fn secret(text: &str) -> Secret<String> {
        Secret::new(text.to_owned())
    }

    #[test]
    fn only_the_ticket_opens_a_secret_and_only_as_what_it_is() {
        let entropy = Seeded::new(7);
        let (ticket, token) = (secret("t1cket"), secret("s3cret é"));
        let sealed = seal(&ticket, "token", &token, &entropy).unwrap();
        assert_eq!(open(&ticket, "token", &sealed).unwrap().expose(), token.expose());
        assert!(open(&secret("t1cke"), "token", &sealed).is_err() && open(&ticket, "id", &sealed).is_err());
        let kept = sealed.as_bytes();
        assert!(!kept.windows(4).any(|part| part == b"s3cr"), "{kept:?}");
        for broken in [&kept[..5], &kept[..kept.len() - 1], &kept[1..], &[0; 40]] {
            assert!(open(&ticket, "token", &SealedSecret::from_bytes(broken.to_vec())).is_err());
        }
        let again = seal(&ticket, "token", &token, &entropy).unwrap();
        assert_ne!(again.as_bytes(), kept, "nobody sees that two secrets are the same");
    }
}
