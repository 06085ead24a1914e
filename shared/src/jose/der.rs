//! The few DER structures that are read: strictly, by the reader of the X.509 crates, which takes one spelling of each and nothing
//! behind it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use x509_cert::der::asn1::{AnyRef, UintRef};
use x509_cert::der::{Decode as _, Reader as _, SliceReader, Tag, Tagged as _};
use x509_cert::spki::SubjectPublicKeyInfoRef;

/// Reads what a PEM text (RFC 7468) has under this label: one thing, with nothing before or after it. Its lines may have any length, as
/// proxies join them.
pub(super) fn from_pem(label: &str, pem: &str) -> Option<Vec<u8>> {
    let body = pem.trim_ascii().strip_prefix(&format!("-----BEGIN {label}-----"))?;
    let body = body.strip_suffix(&format!("-----END {label}-----")).filter(|body| body.len() <= MAX_PEM_BYTES)?;
    let base64: Vec<u8> = body.bytes().filter(|byte| !byte.is_ascii_whitespace()).collect();
    STANDARD.decode(&base64).ok().filter(|der| is_one_sequence(der))
}

/// The longest PEM text that is read, in bytes.
const MAX_PEM_BYTES: usize = 16_384;

/// Reads an X.509 `SubjectPublicKeyInfo`, RFC 5280 section 4.1.2.7.
pub(super) fn subject_public_key_info(der: &[u8]) -> Option<SubjectPublicKeyInfoRef<'_>> {
    SubjectPublicKeyInfoRef::from_der(der).ok()
}

/// Reads `SEQUENCE { INTEGER, INTEGER }` of two numbers that are not negative, each in big-endian order without leading zeros
/// (zero itself is one byte). Of this form are `RSAPublicKey` (RFC 8017 appendix A.1.1) and `ECDSA-Sig-Value` (RFC 3279 section
/// 2.2.3).
pub fn two_numbers(der: &[u8]) -> Option<(&[u8], &[u8])> {
    let mut reader = SliceReader::new(der).ok()?;
    let numbers = reader.sequence(|content| x509_cert::der::Result::Ok((UintRef::decode(content)?, UintRef::decode(content)?)));
    let (first, second) = numbers.ok()?;
    reader.finish().ok()?;
    Some((first.as_bytes(), second.as_bytes()))
}

/// Whether the bytes are one sequence and nothing else.
pub(super) fn is_one_sequence(der: &[u8]) -> bool {
    AnyRef::from_der(der).is_ok_and(|element| element.tag() == Tag::Sequence)
}
