//! Distinguished names: what has that of a certificate says it by the rules of RFC 4514.
#![no_main]

use libfuzzer_sys::fuzz_target;
use shared::domain::Timestamp;
use shared::jose::certificate;

/// A certificate of `CN=client,O=Example\, Inc.,C=CH`, valid on 1 January 2027.
const CERTIFICATE: &str = include_str!("../../client.pem");
/// A moment at which the certificate is valid: 1 January 2027, 0:00 UTC.
const NOW: Timestamp = Timestamp::from_secs(1_798_761_600);

fuzz_target!(|text: &str| {
    for kind in ["san_dns", "san_uri", "san_ip", "san_email"] {
        if let Ok(subject) = certificate::subject(kind, text) {
            assert_eq!(certificate::subject(subject.kind(), &subject.name()).as_ref(), Ok(&subject));
            assert!(!certificate::is_of(CERTIFICATE, &subject, NOW), "it has no such name");
        }
    }
    let Ok(subject) = certificate::subject("subject_dn", text) else { return };
    assert!(text.len() <= 1_024 && !text.chars().any(char::is_control));
    assert_eq!(subject.name(), text);
    if certificate::is_of(CERTIFICATE, &subject, NOW) {
        let expected = [("CN", "2.5.4.3", "client"), ("O", "2.5.4.10", "Example, Inc."), ("C", "2.5.4.6", "CH")];
        let parts = attributes(text);
        assert_eq!(parts.len(), expected.len(), "{text}");
        for ((kind, value), (name, oid, own)) in parts.iter().zip(expected) {
            assert!(kind.eq_ignore_ascii_case(name) || kind == oid, "{text}");
            // In hexadecimal it is the encoding of a string in any of its types.
            assert!(value == own.as_bytes() || value.starts_with(b"#"), "{text}");
        }
    }
});

/// The attributes of a name, RFC 4514 section 3: it has no more than one in each part.
fn attributes(text: &str) -> Vec<(String, Vec<u8>)> {
    let mut attributes = vec![(String::new(), Vec::new())];
    let mut is_kind = true;
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        let (kind, value) = attributes.last_mut().unwrap();
        match byte {
            b'=' if is_kind => is_kind = false,
            byte if is_kind => kind.push(byte.into()),
            b',' => {
                attributes.push((String::new(), Vec::new()));
                is_kind = true;
            }
            b'\\' => {
                let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
                let escaped = bytes.next().unwrap();
                value.push(digit(escaped).map_or(escaped, |high| high * 16 + digit(bytes.next().unwrap()).unwrap()));
            }
            byte => value.push(byte),
        }
    }
    attributes
}
