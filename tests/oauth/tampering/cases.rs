//! The table of tamperings: what is made of a good token.

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use futures::FutureExt as _;
use serde_json::{Value, json};
use shared::domain::Algorithm;
use shared::domain::key::PublicKey;
use shared::jose::jwk;
use shared::keys::signer::{LocalSigner, Signer as _};

use super::super::tenant::{KEYED, Tenant, fresh_id};
use super::{Carrier, said, shapes};
use crate::support::App;

/// A case: what was done, and what came of it.
pub(super) type Case = (String, String);

/// A good token by its parts.
pub(super) struct Good {
    /// Who signs it.
    pub(super) key: LocalSigner,
    pub(super) header: Value,
    pub(super) claims: Value,
    /// Where it is good.
    pub(super) carrier: Carrier,
}

impl Good {
    /// The token: where one can be used only once, another one each time.
    pub(super) fn token(&self) -> String {
        self.sign(&self.header, &self.unused())
    }

    /// Its claims, under an id that wasn't used before where that matters.
    pub(super) fn unused(&self) -> Value {
        let id = self.carrier.is_assertion().then(|| fresh_id().into());
        id.map_or(self.claims.clone(), |id| with(self.claims.clone(), "jti", Some(id)))
    }

    /// Another token, signed by the same key.
    pub(super) fn sign(&self, header: &Value, claims: &Value) -> String {
        self.sign_text(header.to_string(), claims.to_string())
    }

    /// The same for what need not be JSON.
    pub(super) fn sign_text(&self, header: impl AsRef<[u8]>, payload: impl AsRef<[u8]>) -> String {
        signed_by(&self.key, &input(header, payload))
    }

    /// With another member in its header, or without one.
    fn with_header(&self, name: &str, value: Option<Value>) -> String {
        self.sign(&with(self.header.clone(), name, value), &self.unused())
    }

    /// With another claim, or without one.
    pub(super) fn with_claim(&self, name: &str, value: Option<Value>) -> String {
        self.sign(&self.header, &with(self.unused(), name, value))
    }
}

/// `base` with one member set, or taken away.
pub(super) fn with(mut base: Value, name: &str, value: Option<Value>) -> Value {
    match value {
        Some(value) => base[name] = value,
        None => drop(base.as_object_mut().unwrap().remove(name)),
    }
    base
}

/// What is signed.
pub(super) fn input(header: impl AsRef<[u8]>, payload: impl AsRef<[u8]>) -> String {
    format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(payload))
}

fn signed_by(key: &LocalSigner, input: &str) -> String {
    let signature = key.sign(input.as_bytes()).now_or_never().unwrap().unwrap();
    format!("{input}.{}", URL_SAFE_NO_PAD.encode(signature))
}

/// All that is made of a good token.
pub(super) async fn all(good: &Good, app: &App) -> Vec<Case> {
    let jwks = app.get("/.well-known/jwks.json", &app.admin).await;
    let jwks = String::from_utf8(jwks.body.to_vec()).unwrap();
    let mut cases = algorithms(good);
    cases.extend(symmetric(good, &jwks, &Tenant::new(app, "600").secret(KEYED)));
    cases.extend(keys(good));
    cases.extend(extensions(good));
    cases.extend(types(good));
    cases.extend(shapes::forms(good));
    cases.extend(shapes::serializations(good));
    cases.extend(shapes::headers(good));
    cases.extend(shapes::payloads(good));
    cases.extend(shapes::signatures(good));
    cases.extend(said::ids(good));
    cases.extend(if good.carrier.is_assertion() { said::assertions(good) } else { Vec::new() });
    cases.extend(if good.carrier.is_of_member() { said::members(good) } else { Vec::new() });
    cases
}

/// The algorithm is the key's one, as it is registered.
fn algorithms(good: &Good) -> Vec<Case> {
    let names = [
        "none",
        "None",
        "NONE",
        "nOnE",
        "none ",
        "",
        "es256",
        "Es256",
        "ES256 ",
        "ES256\0",
        "ES256K",
        "eddsa",
        "EdDSA ",
        "es384",
        "HS256",
        "HS512",
        "RS256",
        "PS256",
        "PS384",
        "ES256",
        "ES384",
        "ES512",
        "EdDSA",
        "ML-DSA-44",
        "RSA-OAEP",
        "dir",
    ];
    let others = [Value::Null, json!(["ES256"]), json!(5), json!({}), json!(true)];
    let names = names.into_iter().filter(|name| *name != good.key.jwk().alg.as_str()).map(Value::from);
    let mut cases = Vec::new();
    for alg in names.chain(others).map(Some).chain([None]) {
        let input = input(with(good.header.clone(), "alg", alg.clone()).to_string(), good.unused().to_string());
        for signature in ["", "AAAA", &URL_SAFE_NO_PAD.encode([7; 64])] {
            cases.push((format!("alg {alg:?} signed {signature:?}"), format!("{input}.{signature}")));
        }
        cases.push((format!("alg {alg:?}, signed"), signed_by(&good.key, &input)));
    }
    cases
}

/// RFC 8725 section 2.1: nothing that is public, or a secret, keys a MAC.
fn symmetric(good: &Good, jwks: &str, secret: &str) -> Vec<Case> {
    let public = jwk::to_json(good.key.jwk());
    let raw = match &good.key.jwk().key {
        PublicKey::Ec { x, y } => [&[4], &x[..], y].concat(),
        PublicKey::Okp { x } => x.clone(),
        PublicKey::Akp { .. } | PublicKey::Rsa { .. } => unreachable!("no token here is signed so"),
    };
    let kid = good.key.jwk().kid.to_string();
    let materials =
        [&b""[..], b"secret", &[0; 32], kid.as_bytes(), public.to_string().as_bytes(), jwks.as_bytes(), &raw, secret.as_bytes()]
            .map(<[u8]>::to_vec);
    let mut cases = Vec::new();
    for (name, alg) in [("HS256", hmac::HMAC_SHA256), ("HS384", hmac::HMAC_SHA384), ("HS512", hmac::HMAC_SHA512)] {
        for (n, material) in materials.iter().enumerate() {
            let input = input(with(good.header.clone(), "alg", Some(name.into())).to_string(), good.unused().to_string());
            let mac = hmac::sign(&hmac::Key::new(alg, material), input.as_bytes());
            cases.push((format!("{name} by material {n}"), format!("{input}.{}", URL_SAFE_NO_PAD.encode(mac))));
        }
    }
    cases
}

/// Only a key that is known beforehand, and known as the maker's, is good, whatever the header has or names.
fn keys(good: &Good) -> Vec<Case> {
    let mut cases = Vec::new();
    let algorithms = [Algorithm::Es256, Algorithm::Es384, Algorithm::EdDsa, Algorithm::Rs256, Algorithm::Ps256];
    let known = algorithms.map(LocalSigner::for_tests).into_iter().filter(|key| key.jwk() != good.key.jwk());
    let stranger = LocalSigner::generate(good.key.jwk().alg).unwrap();
    let its_own = jwk::to_json(stranger.jwk());
    for key in known.chain([LocalSigner::generate(Algorithm::Es256).unwrap()]) {
        let header = with(good.header.clone(), "alg", Some(key.jwk().alg.as_str().into()));
        for kid in [None, Some(json!(key.jwk().kid.as_str())), Some(json!(good.key.jwk().kid.as_str()))] {
            let header = with(header.clone(), "kid", kid.clone());
            let token = signed_by(&key, &input(header.to_string(), good.unused().to_string()));
            cases.push((format!("signed by another's {:?}, kid {kid:?}", key.jwk().alg), token));
        }
    }
    for (member, value) in [
        ("jwk", its_own.clone()),
        ("jku", json!("https://evil.example/jwks.json")),
        ("x5u", json!("https://evil.example/cert")),
        ("x5c", json!(["MIIBszCCAVmgAwIBAgIUZQ"])),
        ("x5t", json!("AAAA")),
        ("x5t#S256", json!("AAAA")),
    ] {
        for kid in [None, Some(its_own["kid"].clone()), Some(json!(good.key.jwk().kid.as_str()))] {
            let header = with(with(good.header.clone(), member, Some(value.clone())), "kid", kid.clone());
            let token = signed_by(&stranger, &input(header.to_string(), good.unused().to_string()));
            cases.push((format!("a stranger's {member}, kid {kid:?}"), token));
        }
    }
    let kids = [
        json!("unknown"),
        json!(""),
        json!("x".repeat(9_000)),
        json!(5),
        json!(["x"]),
        json!({}),
        json!("../../../dev/null"),
        json!("' OR 1=1 --"),
        json!(null),
        json!(true),
        json!(format!("{} ", good.key.jwk().kid)),
    ];
    cases.extend(kids.map(|kid| (format!("kid {kid}"), good.with_header("kid", Some(kid)))));
    if !good.carrier.is_assertion() {
        cases.push(("no kid".to_owned(), good.with_header("kid", None)));
    }
    cases
}

/// RFC 7515 section 4.1.11: nothing is understood that changes what is signed.
fn extensions(good: &Good) -> Vec<Case> {
    [
        ("zip", json!("DEF")),
        ("zip", json!(null)),
        ("zip", json!("")),
        ("crit", json!(["exp"])),
        ("crit", json!([])),
        ("crit", json!(["b64"])),
        ("crit", json!("b64")),
        ("crit", json!(null)),
        ("b64", json!(false)),
        ("b64", json!(true)),
    ]
    .map(|(name, value)| (format!("{name} {value}"), good.with_header(name, Some(value))))
    .into()
}

/// RFC 8725 section 3.11: a token of one kind is none of another.
fn types(good: &Good) -> Vec<Case> {
    let mut types = vec![
        json!("id_token"),
        json!("dpop+jwt"),
        json!("logout+jwt"),
        json!("token-introspection+jwt"),
        json!("secevent+jwt"),
        json!("at+JWT\0"),
        json!("JWT\0"),
        json!("at+jwt "),
        json!(" JWT"),
        json!("application/"),
        json!(""),
        json!("application/application/at+jwt"),
        json!("text/at+jwt"),
        json!("JWS"),
        json!("JWE"),
        json!(5),
        json!(["at+jwt"]),
        json!(["JWT"]),
        json!({}),
        json!(null),
    ];
    let more: &[&str] = match good.carrier {
        Carrier::Bearer | Carrier::Reissue | Carrier::Assertion => &["at+jwt", "client-authentication+jwt"],
        Carrier::Introspection | Carrier::Revocation | Carrier::Subject | Carrier::Actor => &["JWT", "client-authentication+jwt"],
        Carrier::ClientAssertion => &["at+jwt"],
    };
    types.extend(more.iter().map(|typ| json!(typ)));
    let mut cases: Vec<_> = types.into_iter().map(|typ| (format!("typ {typ}"), good.with_header("typ", Some(typ)))).collect();
    if !good.carrier.is_assertion() {
        cases.push(("no typ".to_owned(), good.with_header("typ", None)));
    }
    cases
}
