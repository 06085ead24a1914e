//! Signs compact JWS (RFC 7515). `jose` only reads them.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Serialize;
use serde_json::{Map, Value};

use super::Signer;
use crate::domain::{Fault, Jwk};
use crate::jose::jws::{encoded_len, signature_len};

/// Signs `payload` into a token whose header has exactly `alg`, `typ` and `kid`.
///
/// # Errors
/// A [`Fault`] if the key can't be reached.
pub async fn sign(signer: &dyn Signer, typ: &str, payload: &[u8]) -> Result<String, Fault> {
    sign_with(signer, &header(signer.jwk(), typ)?, payload).await
}

/// Signs `payload` as [`sign`] does, with `more` members in the header, which can't take the place of those.
///
/// # Errors
/// A [`Fault`] if the key can't be reached.
pub async fn sign_with_header(
    signer: &dyn Signer,
    typ: &str,
    more: &Map<String, Value>,
    payload: &[u8],
) -> Result<String, Fault> {
    sign_with(signer, &header_with(signer.jwk(), typ, more)?, payload).await
}

async fn sign_with(signer: &dyn Signer, header: &[u8], payload: &[u8]) -> Result<String, Fault> {
    let mut token = String::with_capacity(token_len(signer.jwk(), header, payload));
    URL_SAFE_NO_PAD.encode_string(header, &mut token);
    token.push('.');
    URL_SAFE_NO_PAD.encode_string(payload, &mut token);
    let signature = signer.sign(token.as_bytes()).await?;
    token.push('.');
    URL_SAFE_NO_PAD.encode_string(signature, &mut token);
    Ok(token)
}

/// Returns how many bytes the token will have, before it is signed or recorded.
///
/// # Errors
/// A [`Fault`] if the header can't be written.
pub fn length(jwk: &Jwk, typ: &str, payload: &[u8]) -> Result<usize, Fault> {
    Ok(token_len(jwk, &header(jwk, typ)?, payload))
}

/// Returns how many bytes the token of [`sign_with_header`] will have.
///
/// # Errors
/// A [`Fault`] if the header can't be written.
pub fn length_with_header(jwk: &Jwk, typ: &str, more: &Map<String, Value>, payload: &[u8]) -> Result<usize, Fault> {
    Ok(token_len(jwk, &header_with(jwk, typ, more)?, payload))
}

#[derive(Serialize)]
struct NewHeader<'a> {
    alg: &'a str,
    typ: &'a str,
    kid: &'a str,
}

fn header(jwk: &Jwk, typ: &str) -> Result<Vec<u8>, Fault> {
    let header = NewHeader { alg: jwk.alg.as_str(), typ, kid: jwk.kid.as_str() };
    serde_json::to_vec(&header).map_err(|e| Fault::internal("writing a token's header").because(e))
}

fn header_with(jwk: &Jwk, typ: &str, more: &Map<String, Value>) -> Result<Vec<u8>, Fault> {
    if more.is_empty() {
        return header(jwk, typ);
    }
    let own = [("alg", jwk.alg.as_str()), ("typ", typ), ("kid", jwk.kid.as_str())];
    let mut members = more.clone();
    members.extend(own.map(|(name, value)| (name.to_owned(), Value::from(value))));
    serde_json::to_vec(&members).map_err(|e| Fault::internal("writing a token's header").because(e))
}

fn token_len(jwk: &Jwk, header: &[u8], payload: &[u8]) -> usize {
    encoded_len(header.len()) + encoded_len(payload.len()) + encoded_len(signature_len(jwk)) + 2
}

#[cfg(test)]
mod tests {
    use futures::FutureExt;

    use super::*;
    use crate::domain::Algorithm;
    use crate::keys::signer::LocalSigner;

    #[test]
    fn the_header_has_three_members_in_one_order() {
        let token = sign(&LocalSigner::for_tests(Algorithm::EdDsa), "JWT", b"{}").now_or_never().unwrap().unwrap();
        let header = URL_SAFE_NO_PAD.decode(token.split('.').next().unwrap()).unwrap();
        assert_eq!(
            String::from_utf8(header).unwrap(),
            r#"{"alg":"EdDSA","typ":"JWT","kid":"kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"}"#
        );
    }
}
