mod assertions;

use std::collections::HashSet;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use futures::FutureExt;
use serde_json::{Value, json};

use super::*;
use crate::domain::{Algorithm, ClientId, ClientKind, ClientSecret, ClientSettings, FrozenClock, KeySet, Org, OrgId, Refusal};
use crate::jose::testing::{signed_by, with};
use crate::keys::PublicKeys;
use crate::keys::remote::KeySets;
use crate::keys::signer::{LocalSigner, Signer};
use crate::store::conformance::samples::bare_client;
use crate::store::{ReadTokens, RecordKeys, TokenPage, TokenQuery};

const NOW: i64 = 1_800_000_000;
const ISSUER: &str = "https://auth.example.com";
const SECRET: &str = "A-secret-of-the-service-s-own-making_0123456789";
/// RFC 8705 appendix A.
const CERTIFICATE: &str = "MIIBBjCBrAIBAjAKBggqhkjOPQQDAjAPMQ0wCwYDVQQDDARtdGxzMB4XDTE4MTAxODEyMzcwOVoXDTIyMDUwMjEyMzcwOVowDzENMAsGA1UEAwwEbXRsczBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABNcnyxwqV6hY8QnhxxzFQ03C7HKW9OylMbnQZjjJ/Au08/coZwxS7LfA4vOLS9WuneIXhbGGWvsDSb0tH6IxLm8wCgYIKoZIzj0EAwIDSQAwRgIhAP0RC1E+vwJD/D1AGHGzuri+hlV/PpQEKTWUVeORWz83AiEA5x2eXZOVbUlJSGQgjwD5vaUaKlLR50Q2DmFfQj1L+SY=";

/// Has nothing but what was found before.
#[derive(Debug)]
struct Empty;

#[async_trait]
impl ReadTokens for Empty {
    async fn read(&self, _: &RecordKeys) -> Result<Records, Fault> {
        Ok(Records::default())
    }

    async fn list(&self, _: &OrgId, _: &TokenQuery) -> Result<TokenPage, Fault> {
        Ok(TokenPage::default())
    }
}

/// Remembers what was used, for ever.
#[derive(Debug, Default)]
struct Memory(Mutex<HashSet<(OrgId, &'static str, [u8; 32])>>);

#[async_trait]
impl ReplayStore for Memory {
    async fn use_once(&self, used: &ReplayKey) -> Result<bool, Fault> {
        Ok(self.0.lock().unwrap().insert((used.org.clone(), used.purpose, used.hash)))
    }
}

fn client(id: u64, method: ClientAuthMethod) -> Client {
    let jwks = [signer(), LocalSigner::for_tests(Algorithm::Ps256)].map(|signer| jwk::to_json(signer.jwk()));
    let kind = if method == ClientAuthMethod::None { ClientKind::Public } else { ClientKind::Confidential };
    let settings = ClientSettings {
        alias: Some(format!("client-{id}")),
        auth_method: method,
        jwks: Some(json!({ "keys": jwks }).to_string()),
        ..ClientSettings::new(kind)
    };
    let secrets = [[1; 32], sha256(SECRET.as_bytes())].map(|hash| ClientSecret::new(hash, Timestamp::from_secs(0))).to_vec();
    Client { settings, secrets, ..bare_client(&OrgId::parse("1").unwrap(), ClientId::from_number(id).unwrap()) }
}

fn signer() -> LocalSigner {
    LocalSigner::for_tests(Algorithm::Es256)
}

fn with_clients(clients: &[Client], once: &Memory, credentials: &ClientCredentials) -> Result<AuthenticatedClient, Denial> {
    let issuer = Issuer::parse(ISSUER).unwrap();
    let own = KeySet::new(vec![LocalSigner::for_tests(Algorithm::Es384).jwk().clone()]);
    let now = Timestamp::from_secs(NOW);
    let reader = Reader {
        clock: Arc::new(FrozenClock::at(now)),
        keys: Arc::new(PublicKeys::fixed(&own, issuer).unwrap()),
        tokens: Arc::new(Empty),
        client_orgs: Arc::default(),
        api_key_holders: Arc::default(),
        key_sets: Arc::new(KeySets::none()),
    };
    let org = Org::new(OrgId::parse("1").unwrap(), now);
    let mut found = Records::default();
    for client in clients {
        found.clients.insert((client.org.clone(), client.id), client.clone().into());
        found.client_aliases.insert((client.org.clone(), client.settings.alias.clone().unwrap()), client.id);
    }
    let service = Service::authenticated(org.into(), None);
    match authenticate(&reader, once, &service, &found, credentials).now_or_never().unwrap() {
        Ok(client) => Ok(client),
        Err(Error::Refused(Refusal::Denied(denial))) => Err(denial),
        Err(other) => panic!("{other:?}"),
    }
}

/// Whom they prove to be the client 7, of which this is the method.
fn client_verified_by(method: ClientAuthMethod, credentials: &ClientCredentials) -> Result<u64, Denial> {
    with_clients(&[client(7, method)], &Memory::default(), credentials).map(|client| client.client().id.as_number())
}

fn secret(text: &str) -> Secret<String> {
    Secret::new(text.to_owned())
}

fn basic(id: &str, value: &str) -> ClientCredentials {
    ClientCredentials { id: Some(id.to_owned()), secret: Some(secret(value)), ..ClientCredentials::default() }
}

fn post(id: &str, value: &str) -> ClientCredentials {
    let form = FormCredentials { id: Some(id.to_owned()), secret: Some(secret(value)), ..FormCredentials::default() };
    ClientCredentials { form, ..ClientCredentials::default() }
}

fn named(id: &str) -> ClientCredentials {
    ClientCredentials { id: Some(id.to_owned()), ..ClientCredentials::default() }
}

fn header() -> Value {
    json!({"alg": "ES256", "kid": signer().jwk().kid.as_str()})
}

fn payload() -> Value {
    json!({"iss": "7", "sub": "7", "aud": ISSUER, "exp": NOW + 60, "iat": NOW, "jti": "a"})
}

fn asserting(assertion: &str) -> ClientCredentials {
    let form = FormCredentials {
        assertion_type: Some(ASSERTION_TYPE.to_owned()),
        assertion: Some(secret(assertion)),
        ..FormCredentials::default()
    };
    ClientCredentials { form, ..ClientCredentials::default() }
}

fn assertion(header: &Value, payload: &Value) -> ClientCredentials {
    asserting(&signed_by(&signer(), header.to_string(), payload.to_string()))
}

use ClientAuthMethod::{ClientSecretBasic, ClientSecretPost, PrivateKeyJwt, SelfSignedTlsClientAuth, TlsClientAuth};

#[test]
fn each_method_proves_its_client() {
    for (method, credentials) in [
        (ClientSecretBasic, basic("7", SECRET)),
        (ClientSecretBasic, basic("client-7", SECRET)),
        (ClientSecretPost, post("7", SECRET)),
        (PrivateKeyJwt, assertion(&header(), &payload())),
        (ClientAuthMethod::None, named("7")),
        (
            ClientAuthMethod::None,
            ClientCredentials { form: FormCredentials { id: Some("7".to_owned()), ..Default::default() }, ..Default::default() },
        ),
    ] {
        assert_eq!(client_verified_by(method, &credentials), Ok(7), "{method:?} {credentials:?}");
    }
    let by_alias = with_clients(&[client(7, ClientSecretBasic)], &Memory::default(), &basic("client-7", SECRET)).unwrap();
    assert!(by_alias.alias_used());
    assert_eq!(by_alias.method(), ClientSecretBasic);
    assert!(!with_clients(&[client(7, ClientSecretBasic)], &Memory::default(), &basic("7", SECRET)).unwrap().alias_used());
}

#[test]
fn every_failed_authentication_of_a_client_gets_the_same_answer() {
    let longer = format!("{SECRET}x");
    for credentials in [
        basic("8", SECRET),
        basic("nobody", SECRET),
        basic("not a name", SECRET),
        basic("7", "wrong"),
        basic("7", &longer),
        basic("7", &SECRET.to_ascii_lowercase()),
        basic("7", ""),
        post("7", SECRET),
        named("7"),
        named("8"),
    ] {
        assert_eq!(client_verified_by(ClientSecretBasic, &credentials), Err(Denial::ClientUnauthenticated), "{credentials:?}");
    }
    assert_eq!(client_verified_by(ClientSecretBasic, &ClientCredentials::default()), Err(Denial::ClientIdMissing));
}

#[test]
fn a_client_authenticates_by_its_one_method_without_fallback() {
    for (method, credentials) in [
        (ClientSecretPost, basic("7", SECRET)),
        (ClientSecretPost, named("7")),
        (PrivateKeyJwt, basic("7", SECRET)),
        (PrivateKeyJwt, post("7", SECRET)),
        (PrivateKeyJwt, named("7")),
        (SelfSignedTlsClientAuth, basic("7", SECRET)),
        (SelfSignedTlsClientAuth, named("7")),
        (ClientAuthMethod::None, basic("7", SECRET)),
        (ClientAuthMethod::None, post("7", SECRET)),
    ] {
        assert_eq!(client_verified_by(method, &credentials), Err(Denial::ClientUnauthenticated), "{method:?} {credentials:?}");
    }
    for method in [ClientSecretBasic, ClientSecretPost, ClientAuthMethod::None] {
        assert_eq!(
            client_verified_by(method, &assertion(&header(), &payload())),
            Err(Denial::ClientAssertionInvalid),
            "{method:?}"
        );
    }
}

#[test]
fn an_empty_secret_proves_nothing_where_no_secret_is_known() {
    let without = Client { secrets: Vec::new(), ..client(7, ClientSecretBasic) };
    for value in ["", "x"] {
        let denied = with_clients(std::slice::from_ref(&without), &Memory::default(), &basic("7", value)).map(drop);
        assert_eq!(denied, Err(Denial::ClientUnauthenticated));
    }
}

#[test]
fn two_methods_of_authentication_at_once_are_refused_but_the_same_secret_may_stand_twice() {
    let both = |header: &str, form: &str| ClientCredentials { form: post("7", form).form, ..basic("7", header) };
    assert_eq!(client_verified_by(ClientSecretBasic, &both(SECRET, SECRET)), Ok(7));
    assert_eq!(client_verified_by(ClientSecretPost, &both(SECRET, SECRET)), Ok(7));
    assert_eq!(client_verified_by(ClientSecretBasic, &both(SECRET, "other")), Err(Denial::ClientCredentialsMismatch));
    let two_names =
        ClientCredentials { form: FormCredentials { id: Some("8".to_owned()), ..Default::default() }, ..basic("7", SECRET) };
    assert_eq!(client_verified_by(ClientSecretBasic, &two_names), Err(Denial::ClientCredentialsMismatch));
    let one = assertion(&header(), &payload());
    for twice in [
        ClientCredentials { secret: Some(secret(SECRET)), ..one.clone() },
        ClientCredentials { form: FormCredentials { secret: Some(secret(SECRET)), ..one.form.clone() }, ..one.clone() },
    ] {
        assert_eq!(client_verified_by(PrivateKeyJwt, &twice), Err(Denial::ClientAuthenticatedTwice), "{twice:?}");
    }
}

#[test]
fn a_disabled_client_is_told_so_only_after_its_proof() {
    let disabled = |method| Client { enabled: false, ..client(7, method) };
    let check =
        |method, credentials: &ClientCredentials| with_clients(&[disabled(method)], &Memory::default(), credentials).map(drop);
    assert_eq!(check(ClientSecretBasic, &basic("7", SECRET)), Err(Denial::ClientDisabled));
    assert_eq!(check(ClientSecretBasic, &basic("7", "wrong")), Err(Denial::ClientUnauthenticated));
    assert_eq!(check(PrivateKeyJwt, &assertion(&header(), &payload())), Err(Denial::ClientDisabled));
    assert_eq!(check(ClientAuthMethod::None, &named("7")), Err(Denial::ClientDisabled));
}

#[test]
fn rfc8705_2_2_a_self_signed_certificate_is_registered_with_a_key() {
    let pem = format!("-----BEGIN CERTIFICATE-----\n{CERTIFICATE}\n-----END CERTIFICATE-----");
    let credentials = ClientCredentials { certificate: Some(pem.clone()), ..named("7") };
    let with_jwks = |jwks: Value| {
        let mut client = client(7, SelfSignedTlsClientAuth);
        client.settings.jwks = Some(jwks.to_string());
        with_clients(&[client], &Memory::default(), &credentials).map(|client| client.method())
    };
    let key = |member: &str, value: Value| {
        let mut key = jwk::to_json(signer().jwk());
        key[member] = value;
        json!({"keys": [key]})
    };
    assert_eq!(with_jwks(key("x5c", json!([CERTIFICATE]))), Ok(SelfSignedTlsClientAuth));
    assert_eq!(with_jwks(key("x5t#S256", json!("A4DtL2JmUMhAsvJj5tKyn64SqzmuXbMrJa0n761y5v0"))), Ok(SelfSignedTlsClientAuth));
    assert_eq!(with_jwks(json!({"keys": [jwk::to_json(signer().jwk())]})), Err(Denial::ClientUnauthenticated));
    let nothing = client_verified_by(SelfSignedTlsClientAuth, &named("7"));
    assert_eq!(nothing, Err(Denial::ClientUnauthenticated));
    assert_eq!(client_verified_by(ClientSecretBasic, &credentials), Err(Denial::ClientUnauthenticated));
    assert_eq!(
        client_verified_by(ClientAuthMethod::None, &credentials),
        Ok(7),
        "a public client may have a certificate, to bind its tokens to"
    );
}

#[test]
fn rfc8705_2_1_a_verified_certificate_is_known_by_its_subject() {
    use rcgen::{CertificateParams, DistinguishedName, DnType, KeyPair, date_time_ymd};

    let mut params = CertificateParams::new(["client.example".to_owned()]).unwrap();
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, "client");
    let certificate = |until| {
        let mut params = params.clone();
        (params.not_before, params.not_after) = (date_time_ymd(2026, 1, 1), until);
        let der = params.self_signed(&KeyPair::generate().unwrap()).unwrap();
        let base64 = base64::engine::general_purpose::STANDARD.encode(der.der());
        Some(format!("-----BEGIN CERTIFICATE-----\n{base64}\n-----END CERTIFICATE-----"))
    };
    let good = ClientCredentials { certificate: certificate(date_time_ymd(2028, 1, 1)), ..named("7") };
    let expired = ClientCredentials { certificate: certificate(date_time_ymd(2027, 1, 1)), ..named("7") };
    let check = |subject: Option<(&str, &str)>, credentials: &ClientCredentials| {
        let certificate_subject = subject.map(|(kind, name)| certificate::subject(kind, name).unwrap());
        let mut client = client(7, TlsClientAuth);
        client.settings.certificate_subject = certificate_subject;
        with_clients(&[client], &Memory::default(), credentials).map(|client| client.method())
    };
    for subject in [("subject_dn", "CN=client"), ("san_dns", "client.example")] {
        assert_eq!(check(Some(subject), &good), Ok(TlsClientAuth));
        for bad in [&expired, &named("7"), &basic("7", SECRET), &assertion(&header(), &payload())] {
            assert!(check(Some(subject), bad).is_err(), "{bad:?}");
        }
    }
    assert_eq!(check(Some(("subject_dn", "CN=other")), &good), Err(Denial::ClientUnauthenticated));
    assert_eq!(check(None, &good), Err(Denial::ClientUnauthenticated), "nobody has said whose certificate it must be");
}

#[test]
fn whom_the_credentials_name_is_known_before_anything_is_read() {
    let id = |number| Some(ClientRef::Id(ClientId::from_number(number).unwrap()));
    assert_eq!(basic("7", "x").client(), id(7));
    assert_eq!(post("client-7", "x").client(), Some(ClientRef::Alias("client-7".into())));
    assert_eq!(assertion(&header(), &payload()).client(), id(7));
    assert_eq!(ClientCredentials::default().client(), None);
    assert_eq!(asserting("x").client(), None);
}
