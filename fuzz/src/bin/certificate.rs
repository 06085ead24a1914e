//! Certificates: one DER sequence in PEM, and a name that one has stands in it.
#![no_main]

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use libfuzzer_sys::fuzz_target;
use shared::domain::Timestamp;
use shared::jose::{certificate, sha256};

/// A moment at which the certificate is valid: 1 January 2027, 0:00 UTC.
const NOW: Timestamp = Timestamp::from_secs(1_798_761_600);

fuzz_target!(|bytes: &[u8]| {
    if let Ok(text) = std::str::from_utf8(bytes)
        && let Ok(found) = certificate::thumbprint(text)
    {
        let der = STANDARD.decode(text.split("-----").nth(2).unwrap().split_ascii_whitespace().collect::<String>()).unwrap();
        assert_eq!(certificate::thumbprint(&pem(&der)).unwrap(), found);
        assert!(certificate::thumbprint(&format!("{text}{text}")).is_err());
        assert!(certificate::thumbprint(&format!("x{text}")).is_err());
    }
    // The same bytes as the certificate itself.
    let text = pem(bytes);
    let found = certificate::thumbprint(&text);
    if let Ok(found) = found {
        assert_eq!(found.0, sha256(bytes));
        assert_eq!(bytes[0], 0x30, "a sequence");
        assert!(certificate::thumbprint(&pem(&[bytes, &[0]].concat())).is_err(), "and nothing behind it");
    }
    for (kind, name, encoded) in [
        ("subject_dn", "CN=client", &b"client"[..]),
        ("san_dns", "client.example", b"client.example"),
        ("san_uri", "urn:example:client", b"urn:example:client"),
        ("san_ip", "192.0.2.1", &[192, 0, 2, 1]),
        ("san_email", "client@mail.example", b"client@mail.example"),
    ] {
        if certificate::is_of(&text, &certificate::subject(kind, name).unwrap(), NOW) {
            assert!(found.is_ok());
            assert!(bytes.windows(encoded.len()).any(|part| part.eq_ignore_ascii_case(encoded)), "{kind}");
        }
    }
});

fn pem(der: &[u8]) -> String {
    format!("-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n", STANDARD.encode(der))
}
