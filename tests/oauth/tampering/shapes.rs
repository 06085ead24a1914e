//! Tamperings with the form of a token.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::json;
use shared::keys::signer::Signer as _;

use super::Carrier;
use super::cases::{Case, Good, input, with};

/// Three parts in base64url, and nothing around them.
pub(super) fn forms(good: &Good) -> Vec<Case> {
    let token = good.token();
    let [header, payload, signature] = token.split('.').collect::<Vec<_>>().try_into().unwrap();
    let mut forms = vec![
        header.to_owned(),
        format!("{header}."),
        format!("{header}.{payload}"),
        format!("{header}.{payload}."),
        format!(".{token}"),
        format!("{token}."),
        format!("{token}.x"),
        format!("{token}.{signature}.x"),
        format!("{header}..{signature}"),
        format!(".{payload}.{signature}"),
        format!("{header}.{signature}.{payload}"),
        format!("{payload}.{header}.{signature}"),
        "..".to_owned(),
        ".".to_owned(),
        "....".to_owned(),
        format!("{token},{token}"),
        format!("{token} {token}"),
        format!("{token};"),
        format!("{token}="),
        format!("{header}=.{payload}.{signature}"),
        format!("{header}.{payload}==.{signature}"),
        format!("{header}. {payload}.{signature}"),
        format!("{header}.{payload}\n.{signature}"),
        format!("{header}.{payload}.{signature}\0"),
        format!("\"{token}\""),
        format!("<{token}>"),
        format!("jwt:{token}"),
        format!("\u{feff}{token}"),
        token.to_uppercase(),
        token.to_lowercase(),
        token.replace('.', "%2E"),
        token.replace('.', "\u{2024}"),
        format!("{token}{}", "A".repeat(9_000)),
    ];
    // Around the value of a header blanks are nothing: RFC 9110 section 5.5.
    if good.carrier != Carrier::Bearer {
        for blank in [" ", "\t", "\n", "\r\n"] {
            forms.extend([format!("{blank}{token}"), format!("{token}{blank}")]);
        }
    }
    forms.into_iter().map(|form| (format!("form {form:?}"), form)).collect()
}

/// No JWE, no JSON serialization, nothing nested.
pub(super) fn serializations(good: &Good) -> Vec<Case> {
    let token = good.token();
    let [header, payload, signature] = token.split('.').collect::<Vec<_>>().try_into().unwrap();
    let one = json!({"protected": header, "signature": signature});
    let other = json!({"protected": header, "signature": "AAAA"});
    let mut cases = vec![
        json!({"payload": payload, "protected": header, "signature": signature}).to_string(),
        json!({"payload": payload, "signatures": [one]}).to_string(),
        json!({"payload": payload, "signatures": [one, other]}).to_string(),
        json!({"payload": payload, "signatures": [other, one]}).to_string(),
        json!({"payload": payload, "x": token}).to_string(),
        json!([token]).to_string(),
    ];
    let unsigned = format!("{}.", input(json!({"alg": "none"}).to_string(), good.unused().to_string()));
    for alg in ["dir", "RSA-OAEP", "RSA1_5", "ECDH-ES", "A128KW", "PBES2-HS256+A128KW"] {
        let jwe = json!({"alg": alg, "enc": "A128GCM", "cty": "JWT", "p2s": "AAAA", "p2c": 2_000_000_000});
        for inner in [&token, &unsigned] {
            let [jwe, inner] = [jwe.to_string(), inner.clone()].map(|part| URL_SAFE_NO_PAD.encode(part));
            cases.extend([format!("{jwe}..AAAAAAAAAAAAAAAA.{inner}.AAAA"), format!("{jwe}.AAAA.AAAA.{inner}.AAAA")]);
        }
    }
    for inner in [&token, &unsigned] {
        cases.push(good.sign_text(with(good.header.clone(), "cty", Some("JWT".into())).to_string(), inner));
        cases.push(good.sign_text(with(good.header.clone(), "cty", Some("JWT".into())).to_string(), json!(inner).to_string()));
    }
    cases.into_iter().map(|form| (format!("serialization {form}"), form)).collect()
}

/// A header is one object that says nothing twice.
pub(super) fn headers(good: &Good) -> Vec<Case> {
    let plain = good.header.to_string();
    let inner = &plain[1..plain.len() - 1];
    let alg = good.key.jwk().alg.as_str();
    let mut headers = vec![
        format!(r#"{{"alg":"none",{inner}}}"#),
        format!(r#"{{{inner},"alg":"none"}}"#),
        format!(r#"{{{inner},"alg":"{alg}"}}"#),
        format!(r#"{{{inner},"\u0061lg":"{alg}"}}"#),
        format!(r#"{{{inner},"x":{{"a":1,"a":1}}}}"#),
        format!("[{plain}]"),
        format!(r#"["{alg}"]"#),
        format!(r#""{alg}""#),
        "null".to_owned(),
        "{}".to_owned(),
        String::new(),
        format!("\u{feff}{plain}"),
        format!("{plain}x"),
        format!("{plain}{plain}"),
        format!("{{{inner},}}"),
        format!("{{{inner}"),
        format!("{{{inner},x:1}}"),
        format!(r#"{{{inner},"x":{}{}}}"#, "[".repeat(40), "]".repeat(40)),
        format!(r#"{{{inner},"x":"\ud800"}}"#),
    ];
    if !good.carrier.is_assertion() {
        headers.push(format!(r#"{{{inner},"x":"{}"}}"#, "y".repeat(8_000)));
    }
    let payload = good.unused().to_string();
    let mut cases: Vec<_> =
        headers.into_iter().map(|header| (format!("header {header}"), good.sign_text(header, &payload))).collect();
    let not_utf8 = [&plain.as_bytes()[..plain.len() - 1], b",\"x\":\"\xc3\x28\"}"].concat();
    cases.push(("header not UTF-8".to_owned(), good.sign_text(not_utf8, &payload)));
    cases
}

/// So are the claims.
pub(super) fn payloads(good: &Good) -> Vec<Case> {
    let plain = good.unused().to_string();
    let inner = &plain[1..plain.len() - 1];
    let mut payloads = vec![
        String::new(),
        "x".to_owned(),
        "null".to_owned(),
        "5".to_owned(),
        "{}".to_owned(),
        json!(plain).to_string(),
        format!("[{plain}]"),
        format!("\u{feff}{plain}"),
        format!("{plain}x"),
        format!("{plain} {plain}"),
        format!("{{{inner},}}"),
        format!("{{{inner}"),
        format!(r#"{{{inner},"x":{{"a":1,"a":1}}}}"#),
        format!(r#"{{{inner},"x":{}{}}}"#, "[".repeat(40), "]".repeat(40)),
        format!(r#"{{{inner},"x":"\ud800"}}"#),
        format!(r#"{{{inner},"x":01}}"#),
        format!(r#"{{{inner},"x":NaN}}"#),
    ];
    for name in good.claims.as_object().unwrap().keys() {
        let (value, other) = (&good.claims[name], json!("other"));
        payloads.push(format!(r#"{{{inner},"{name}":{value}}}"#));
        payloads.push(format!(r#"{{"{name}":{other},{inner}}}"#));
        let escaped = format!("\\u{:04x}{}", name.as_bytes()[0], &name[1..]);
        payloads.push(format!(r#"{{{inner},"{escaped}":{other}}}"#));
    }
    let header = good.header.to_string();
    let mut cases: Vec<_> = payloads.into_iter().map(|it| (format!("payload {it}"), good.sign_text(&header, it))).collect();
    for broken in [&b"\xc3\x28"[..], b"\xc0\xaf", b"\xff", b"\xed\xa0\x80"] {
        let payload = [&plain.as_bytes()[..plain.len() - 1], b",\"x\":\"", broken, b"\"}"].concat();
        cases.push((format!("payload not UTF-8: {broken:x?}"), good.sign_text(&header, payload)));
    }
    cases
}

/// A signature has its width, and is over this.
pub(super) fn signatures(good: &Good) -> Vec<Case> {
    let token = good.token();
    let (input, signature) = token.rsplit_once('.').unwrap();
    let raw = URL_SAFE_NO_PAD.decode(signature).unwrap();
    let (r, s) = raw.split_at(raw.len() / 2);
    let tag = |n: usize| u8::try_from(n).unwrap();
    let integer = |half: &[u8]| [&[2, tag(half.len() + 1), 0], half].concat();
    let der = [&[0x30, tag(raw.len() + 6)], &integer(r)[..], &integer(s)].concat();
    let (zero, ones) = (vec![0; r.len()], vec![0xff; r.len()]);
    let mut all = vec![
        der,
        raw[1..].to_vec(),
        raw[..raw.len() - 1].to_vec(),
        [&raw[..], &[0]].concat(),
        [&[0], &raw[..]].concat(),
        [&[0], r, &[0], s].concat(),
        [&raw[..], &raw[..]].concat(),
        [s, r].concat(),
        [r, r].concat(),
        [&zero, s].concat(),
        [r, &zero].concat(),
        vec![0; raw.len()],
        vec![0xff; raw.len()],
        [&ones, s].concat(),
        vec![1],
        raw[..r.len()].to_vec(),
    ];
    all.extend(
        [66, 72, 128, 132, 256]
            .map(|len| [&raw[..], &vec![0; len - raw.len().min(len)]].concat())
            .into_iter()
            .filter(|it| it.len() > raw.len()),
    );
    let mut cases: Vec<_> =
        all.iter().map(|it| (format!("signature {it:x?}"), format!("{input}.{}", URL_SAFE_NO_PAD.encode(it)))).collect();
    let other = good.with_claim("x", Some(json!(1)));
    let (other_input, other_signature) = other.rsplit_once('.').unwrap();
    cases.push(("the signature of another".to_owned(), format!("{input}.{other_signature}")));
    cases.push(("signed before it was changed".to_owned(), format!("{other_input}.{signature}")));
    cases
}
