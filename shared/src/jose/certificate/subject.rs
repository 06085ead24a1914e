//! Whose a certificate is: RFC 8705 section 2.1.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::str::FromStr as _;

use x509_cert::Certificate;
use x509_cert::der::asn1::{Any, Ia5StringRef, ObjectIdentifier, PrintableStringRef, TeletexStringRef, Utf8StringRef};
use x509_cert::der::{Decode as _, Encode as _, Tag, Tagged as _};
use x509_cert::ext::pkix::SubjectAltName;
use x509_cert::ext::pkix::name::GeneralName;
use x509_cert::name::Name;

use super::der;
use crate::domain::{CertificateSubject, Invalid, Timestamp};

/// The name of this kind, if it can be one: as [`CertificateSubject::new`], and a distinguished name is one by RFC 4514.
///
/// # Errors
/// [`Invalid`] if it can't be a name of this kind.
pub fn subject(kind: &str, name: &str) -> Result<CertificateSubject, Invalid> {
    const RULE: Invalid = Invalid("must be a distinguished name as RFC 4514 spells it: CN=client,O=Example");
    let subject = CertificateSubject::new(kind, name)?;
    match &subject {
        CertificateSubject::DistinguishedName(name) if parsed(name).is_none() => Err(RULE),
        CertificateSubject::DistinguishedName(_)
        | CertificateSubject::DnsName(_)
        | CertificateSubject::Uri(_)
        | CertificateSubject::IpAddress(_)
        | CertificateSubject::Email(_) => Ok(subject),
    }
}

/// Whether a certificate in PEM has this name and is in its time. Who issued it isn't asked: whoever ended the TLS connection
/// trusts only those who may.
pub fn is_of(pem: &str, subject: &CertificateSubject, now: Timestamp) -> bool {
    let certificate = der(pem).ok().and_then(|der| Certificate::from_der(&der).ok());
    certificate.is_some_and(|certificate| is_in_time(&certificate, now) && has_name(&certificate, subject))
}

/// RFC 5280 section 4.1.2.5: both ends belong to it.
fn is_in_time(certificate: &Certificate, now: Timestamp) -> bool {
    let validity = certificate.tbs_certificate().validity();
    let (from, to) = (validity.not_before.to_unix_duration(), validity.not_after.to_unix_duration());
    u64::try_from(now.as_ms()).is_ok_and(|ms| (from.as_secs()..=to.as_secs()).contains(&(ms / 1_000)))
}

fn has_name(certificate: &Certificate, subject: &CertificateSubject) -> bool {
    let names = || match certificate.tbs_certificate().get_extension::<SubjectAltName>() {
        Ok(Some((_, SubjectAltName(names)))) => names,
        Ok(None) | Err(_) => Vec::new(),
    };
    match subject {
        CertificateSubject::DistinguishedName(wanted) => {
            let own = comparable(certificate.tbs_certificate().subject());
            !own.is_empty() && parsed(wanted).is_some_and(|wanted| comparable(&wanted) == own)
        }
        CertificateSubject::DnsName(wanted) => {
            names().iter().any(|name| matches!(name, GeneralName::DnsName(dns) if dns.as_str().eq_ignore_ascii_case(wanted)))
        }
        CertificateSubject::Uri(wanted) => {
            names().iter().any(|name| matches!(name, GeneralName::UniformResourceIdentifier(uri) if uri.as_str() == wanted))
        }
        CertificateSubject::IpAddress(wanted) => {
            names().iter().any(|name| matches!(name, GeneralName::IpAddress(bytes) if address(bytes.as_bytes()) == Some(*wanted)))
        }
        CertificateSubject::Email(wanted) => {
            names().iter().any(|name| matches!(name, GeneralName::Rfc822Name(email) if are_same_mailbox(email.as_str(), wanted)))
        }
    }
}

/// A value of an attribute: its text, whatever kind of string it is in, or its encoding.
#[derive(Debug, Eq, Ord, PartialEq, PartialOrd)]
enum AttributeValue {
    Text(String),
    Encoded(Vec<u8>),
}

impl AttributeValue {
    fn from_any(value: &Any) -> Self {
        #[expect(clippy::wildcard_enum_match_arm, reason = "most of the types of ASN.1 are no text")]
        let text = match value.tag() {
            Tag::Utf8String => Utf8StringRef::try_from(value).map(|text| text.as_str().to_owned()).ok(),
            Tag::PrintableString => PrintableStringRef::try_from(value).map(|text| text.as_str().to_owned()).ok(),
            Tag::Ia5String => Ia5StringRef::try_from(value).map(|text| text.as_str().to_owned()).ok(),
            Tag::TeletexString => TeletexStringRef::try_from(value).map(|text| text.as_str().to_owned()).ok(),
            _ => None,
        };
        text.map_or_else(|| Self::Encoded(value.to_der().unwrap_or_default()), Self::Text)
    }
}

/// What of a name counts: the order of its parts, and of each part the attributes that it has.
fn comparable(name: &Name) -> Vec<BTreeSet<(ObjectIdentifier, AttributeValue)>> {
    let attributes =
        |attribute: &x509_cert::attr::AttributeTypeAndValue| (attribute.oid, AttributeValue::from_any(&attribute.value));
    name.iter_rdn().map(|part| part.iter().map(attributes).collect()).collect()
}

/// A name of RFC 4514. The library splits at separators by looking two characters back, so an escaped backslash before one that is
/// escaped, too, would be misread: such a name is none here.
fn parsed(text: &str) -> Option<Name> {
    let is_readable = are_escapes_whole(text) && !text.contains(r"\\\");
    let name = Name::from_str(text).ok().filter(|name| is_readable && !name.is_empty())?;
    // What doesn't come back as it was read hasn't been understood.
    let again = Name::from_str(&name.to_string()).ok()?;
    (comparable(&again) == comparable(&name)).then_some(name)
}

/// Whether each backslash stands before what it can escape, section 2.4: the library leaves out what is cut off.
fn are_escapes_whole(text: &str) -> bool {
    let mut rest = text;
    while let Some((_, escaped)) = rest.split_once('\\') {
        let is_hex = |at: usize| escaped.as_bytes().get(at).is_some_and(u8::is_ascii_hexdigit);
        let length = match escaped.as_bytes().first() {
            Some(b' ' | b'"' | b'#' | b'+' | b',' | b';' | b'<' | b'=' | b'>' | b'\\') => 1,
            Some(_) if is_hex(0) && is_hex(1) => 2,
            _ => return false,
        };
        rest = &escaped[length..];
    }
    true
}

fn address(bytes: &[u8]) -> Option<IpAddr> {
    match bytes.len() {
        4 => <[u8; 4]>::try_from(bytes).ok().map(IpAddr::from),
        16 => <[u8; 16]>::try_from(bytes).ok().map(IpAddr::from),
        _ => None,
    }
}

/// RFC 5280 section 7.5: the case of the host doesn't count, that of what is before it does.
fn are_same_mailbox(a: &str, b: &str) -> bool {
    match (a.rsplit_once('@'), b.rsplit_once('@')) {
        (Some((a, at)), Some((b, other))) => a == b && at.eq_ignore_ascii_case(other),
        _ => false,
    }
}

#[cfg(test)]
mod tests;
