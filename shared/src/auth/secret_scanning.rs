//! Reports of scanners of secrets: that they come from one whose keys the deployment names.
//!
//! A scanner signs the bytes of its report, as GitHub does for its secret scanning partners. What a report says is read only after that.

use crate::domain::{Error, Refusal, Timestamp};
use crate::keys::remote::SecretScanners;

/// A report as it was sent.
#[derive(Debug)]
pub struct SignedReport {
    /// What names the key that has signed it. `None`: nothing, or several.
    pub key_identifier: Option<String>,
    /// The signature of the body, an `ECDSA-Sig-Value` in DER (RFC 3279 section 2.2.3). `None`: there is none, or several.
    pub signature: Option<Vec<u8>>,
    /// The bytes that are signed.
    pub body: Vec<u8>,
}

/// A report that one of the scanners has signed: only [`verify`] makes one.
#[derive(Debug)]
pub struct VerifiedReport(Vec<u8>);

impl VerifiedReport {
    /// The bytes that were signed.
    pub fn body(&self) -> &[u8] {
        &self.0
    }
}

/// Verifies that a report comes from one of the scanners.
///
/// # Errors
/// [`Refusal::NoSuchPath`] if no reports are taken at all. [`Refusal::SignatureInvalid`] if none of them has signed it. A fault that can be
/// retried if their keys can't be had now.
pub async fn verify(scanners: &SecretScanners, report: SignedReport, now: Timestamp) -> Result<VerifiedReport, Error> {
    if scanners.is_empty() {
        return Err(Refusal::NoSuchPath.into());
    }
    let SignedReport { key_identifier: Some(identifier), signature: Some(signature), body } = report else {
        return Err(Refusal::SignatureInvalid.into());
    };
    if scanners.have_signed(&identifier, &body, &signature, now).await? {
        Ok(VerifiedReport(body))
    } else {
        Err(Refusal::SignatureInvalid.into())
    }
}
