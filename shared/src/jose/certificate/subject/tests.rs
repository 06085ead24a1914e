use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rcgen::{CertificateParams, DistinguishedName, DnType, DnValue, KeyPair, SanType, date_time_ymd};

use super::*;

/// The moment of the tests, 2026-11-22T12:00:00Z, in seconds since 1970.
const NOW: i64 = 1_795_348_800;

fn utf8(text: &str) -> DnValue {
    DnValue::Utf8String(text.to_owned())
}

fn pem(params: &CertificateParams) -> String {
    let certificate = params.self_signed(&KeyPair::generate().unwrap()).unwrap();
    format!("-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n", STANDARD.encode(certificate.der()))
}

/// A certificate of this name, from the root down, in November 2026.
fn params(name: &[(DnType, DnValue)], others: &[SanType]) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    for (kind, value) in name {
        params.distinguished_name.push(kind.clone(), value.clone());
    }
    params.subject_alt_names = others.to_vec();
    (params.not_before, params.not_after) = (date_time_ymd(2026, 11, 1), date_time_ymd(2026, 12, 1));
    params
}

fn client() -> CertificateParams {
    let name = [
        (DnType::CountryName, DnValue::PrintableString("CH".try_into().unwrap())),
        (DnType::OrganizationName, utf8("Example, Inc.")),
        (DnType::CommonName, utf8("client")),
    ];
    params(&name, &[])
}

fn is_of_at(params: &CertificateParams, kind: &str, name: &str, now: i64) -> bool {
    is_of(&pem(params), &subject(kind, name).unwrap(), Timestamp::from_secs(now))
}

fn has(params: &CertificateParams, kind: &str, name: &str) -> bool {
    is_of_at(params, kind, name, NOW)
}

#[test]
fn rfc4514_a_name_is_compared_as_it_is_read_and_not_as_it_is_written() {
    for spelled in [
        r"CN=client,O=Example\, Inc.,C=CH",
        r"cn=client,o=Example\2c Inc.,c=CH",
        r"2.5.4.3=client,2.5.4.10=Example\, Inc.,2.5.4.6=CH",
        r"CN=\63lient,O=Example\, Inc.,C=CH",
        // A PrintableString here and a UTF8String there are the same text.
        r"CN=#1306636c69656e74,O=Example\, Inc.,C=CH",
    ] {
        assert!(has(&client(), "subject_dn", spelled), "{spelled}");
    }
}

#[test]
fn rfc8705_2_1_2_the_whole_name_counts_and_its_order() {
    for other in [
        r"C=CH,O=Example\, Inc.,CN=client",
        r"O=Example\, Inc.,CN=client,C=CH",
        "CN=client",
        "C=CH",
        r"CN=client,O=Example\, Inc.",
        r"CN=client,O=Example\, Inc.,C=CH,DC=x",
        r"CN=client2,O=Example\, Inc.,C=CH",
        r"CN=Client,O=Example\, Inc.,C=CH",
        r"CN=client+O=Example\, Inc.,C=CH",
        r"OU=client,O=Example\, Inc.,C=CH",
    ] {
        assert!(!has(&client(), "subject_dn", other), "{other}");
    }
    assert!(!has(&params(&[], &[]), "subject_dn", "CN=client"), "a certificate without a subject");
}

#[test]
fn what_is_no_distinguished_name_is_refused_when_it_is_registered() {
    for bad in [
        "client",
        "=client",
        "CN",
        "nothing=x",
        "CN=a,",
        ",CN=a",
        "CN=a, O=b",
        r"CN=a\",
        r"CN=a\6",
        r"CN=a\6,O=b",
        r"CN=a\x",
        "CN=#zz",
        r"CN=a\\\,O=b",
        "",
    ] {
        assert!(subject("subject_dn", bad).is_err(), "{bad}");
    }
    for (kind, bad) in [("san_ip", "client.example"), ("san_dns", ""), ("san_uri", "x\ny"), ("nothing", "x")] {
        assert!(subject(kind, bad).is_err(), "{kind}");
    }
}

#[test]
fn rfc8705_2_1_2_each_kind_of_name_is_matched_with_names_of_its_kind_alone() {
    let everything = params(
        &[(DnType::CommonName, utf8("dns.example"))],
        &[
            SanType::DnsName("Other.example".try_into().unwrap()),
            SanType::DnsName("client.example".try_into().unwrap()),
            SanType::URI("https://client.example/Id".try_into().unwrap()),
            SanType::IpAddress([192, 0, 2, 1].into()),
            SanType::IpAddress("2001:db8::1".parse().unwrap()),
            SanType::Rfc822Name("Client@example.org".try_into().unwrap()),
        ],
    );
    for (kind, good) in [
        ("san_dns", "client.example"),
        ("san_dns", "CLIENT.Example"),
        ("san_dns", "other.example"),
        ("san_uri", "https://client.example/Id"),
        ("san_ip", "192.0.2.1"),
        ("san_ip", "2001:0db8:0:0::1"),
        ("san_email", "Client@EXAMPLE.org"),
    ] {
        assert!(has(&everything, kind, good), "{kind} {good}");
        assert!(!has(&client(), kind, good), "a certificate without other names");
    }
    for (kind, bad) in [
        ("san_dns", "dns.example"),
        ("san_dns", "*.example"),
        ("san_dns", "client.example."),
        ("san_dns", "192.0.2.1"),
        ("san_uri", "https://client.example/id"),
        ("san_uri", "client.example"),
        ("san_ip", "192.0.2.2"),
        ("san_ip", "::ffff:192.0.2.1"),
        ("san_email", "client@example.org"),
        ("san_email", "example.org"),
        ("subject_dn", "CN=client.example"),
    ] {
        assert!(!has(&everything, kind, bad), "{kind} {bad}");
    }
}

#[test]
fn rfc5280_4_1_2_5_both_ends_of_its_time_belong_to_it() {
    let (from, to) = (date_time_ymd(2026, 11, 1).unix_timestamp(), date_time_ymd(2026, 12, 1).unix_timestamp());
    let name = r"CN=client,O=Example\, Inc.,C=CH";
    for (now, is_good) in [(from - 1, false), (from, true), (NOW, true), (to, true), (to + 1, false), (0, false), (-1, false)] {
        assert_eq!(is_of_at(&client(), "subject_dn", name, now), is_good, "{now}");
    }
}

#[test]
fn what_is_no_certificate_is_nobody_s() {
    let pem = pem(&client());
    let subject = subject("subject_dn", r"CN=client,O=Example\, Inc.,C=CH").unwrap();
    for bad in
        ["", "x", "-----BEGIN CERTIFICATE-----MAA=-----END CERTIFICATE-----", &pem.repeat(2), &pem.replacen("MII", "MIJ", 1)]
    {
        assert!(!is_of(bad, &subject, Timestamp::from_secs(NOW)), "{bad}");
    }
}
