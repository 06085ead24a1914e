//! Tampered JWTs, wherever the service takes a JWT. Of a good token each case makes one that must be refused, in whatever the
//! token is brought; and whatever was brought, nothing is granted, nothing is revoked and everybody else's tokens stay good.

mod cases;
mod said;
mod shapes;
mod twins;

use bytes::Bytes;
use http::header::{AUTHORIZATION, HeaderValue};
use http::{Method, Request};
use serde_json::json;
use shared::domain::{Algorithm, Entropy as _, OrgId, Seeded};
use shared::keys::signer::LocalSigner;
use shared::store::TokenQuery;

use super::tenant::{
    ACCESS_TOKEN, API, ASSERTION_TYPE, BROKER, By, CLIENT_CREDENTIALS, IDP, JWT_BEARER, KEYED, SERVER, Tenant, WEB, claims,
    client_key, encoded, is_denied, issuer_key, part, proof,
};
use crate::support::{Answer, App, Mount, log};
use cases::Good;

/// What a token is brought in.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Carrier {
    /// `Authorization` of the Agilicus dialect.
    Bearer,
    /// `token` of `/v1/tokens/reissue`.
    Reissue,
    /// `token` of `/oauth2/introspect`.
    Introspection,
    /// `token` of `/oauth2/revoke`.
    Revocation,
    /// `subject_token`
    Subject,
    /// `actor_token`
    Actor,
    /// `assertion`
    Assertion,
    /// `client_assertion`
    ClientAssertion,
}

impl Carrier {
    /// The good token that all others are made of.
    async fn good(self, tenant: &Tenant<'_>) -> Good {
        let service_key = LocalSigner::for_tests(Algorithm::Es256);
        let (token, key) = match self {
            Self::Bearer | Self::Reissue => (tenant.app.token("1", "ann", &["urn:app:read"]).await, service_key),
            Self::Actor => (tenant.own_token(SERVER, &[]).await, service_key),
            Self::Introspection | Self::Revocation | Self::Subject => (tenant.own_token(WEB, &[]).await, service_key),
            Self::Assertion => (tenant.assertion(IDP, json!({})), issuer_key()),
            Self::ClientAssertion => (tenant.client_assertion(json!({})), client_key()),
        };
        Good { key, header: part(&token, 0), claims: claims(&token), carrier: self }
    }

    /// What comes of it where it is brought; nothing, if it can't be sent.
    async fn bring(self, tenant: &Tenant<'_>, token: &str) -> Option<Answer> {
        let app = tenant.app;
        Some(match self {
            Self::Bearer => {
                let header = HeaderValue::from_bytes(format!("Bearer {token}").as_bytes()).ok()?;
                let request = Request::builder().method(Method::GET).uri("/v1/tokens/introspect_self");
                app.send(request.header(AUTHORIZATION, header).body(Bytes::new()).unwrap()).await
            }
            Self::Reissue => app.post("/v1/tokens/reissue", None, json!({"token": token, "org_id": "11"})).await,
            Self::Introspection => tenant.send("/oauth2/introspect", By::Client(WEB), &[("token", token)], &[]).await,
            Self::Revocation => tenant.send("/oauth2/revoke", By::Client(WEB), &[("token", token)], &[]).await,
            Self::Subject => tenant.exchange(WEB, token, &[]).await,
            Self::Actor => {
                let subject = tenant.own_token(BROKER, &[]).await;
                tenant.exchange(BROKER, &subject, &[("actor_token", token), ("actor_token_type", ACCESS_TOKEN)]).await
            }
            Self::Assertion => tenant.token(By::Client(WEB), &[("grant_type", JWT_BEARER), ("assertion", token)]).await,
            Self::ClientAssertion => {
                let form =
                    [("grant_type", CLIENT_CREDENTIALS), ("client_assertion_type", ASSERTION_TYPE), ("client_assertion", token)];
                tenant.token(By::Nothing, &form).await
            }
        })
    }

    /// How a token that is none is answered.
    fn refused(self, answer: &Answer, token: &str, what: &str) {
        let status = answer.status.as_u16();
        // No form may have a NUL in it, whatever it is sent to.
        if token.contains('\0') && !self.is_of_member() {
            return denied(answer, "invalid_request", what);
        }
        match self {
            Self::Bearer => assert_eq!(status, 401, "{what}: {answer:?}"),
            Self::Reissue => assert!(matches!(status, 400 | 401), "{what}: {answer:?}"),
            Self::Introspection => {
                assert_eq!((status, &answer.body[..]), (200, &br#"{"active":false}"#[..]), "{what}");
            }
            Self::Revocation => assert_eq!((status, answer.body.len()), (200, 0), "{what}: {answer:?}"),
            Self::Subject | Self::Actor => denied(answer, "invalid_request", what),
            Self::Assertion => denied(answer, "invalid_grant", what),
            Self::ClientAssertion => denied(answer, "invalid_client", what),
        }
    }

    /// Whether a good token would be answered so.
    fn is_taken(self, answer: &Answer) -> bool {
        if self == Self::Introspection { answer.json()["active"] == true } else { answer.status.is_success() }
    }

    /// Whether it is by its maker, and only good once.
    fn is_assertion(self) -> bool {
        matches!(self, Self::Assertion | Self::ClientAssertion)
    }

    /// Whether it takes the tokens of members.
    fn is_of_member(self) -> bool {
        matches!(self, Self::Bearer | Self::Reissue)
    }
}

fn denied(answer: &Answer, error: &str, what: &str) {
    assert_eq!(answer.json()["error"], error, "{what}: {answer:?}");
    is_denied(answer, error);
}

/// How many tokens there are of the orgs that could have got one.
async fn recorded(app: &App) -> usize {
    let mut count = 0;
    for org in ["1", "11", "600"] {
        let query = TokenQuery { limit: 1_000, ..TokenQuery::default() };
        count += app.store.list(&OrgId::parse(org).unwrap(), &query).await.unwrap().tokens.len();
    }
    count
}

async fn nothing_gets_through(carrier: Carrier) {
    let app = App::new(Mount::InProcess).await;
    let tenant = Tenant::jwt(&app).await;
    let good = carrier.good(&tenant).await;
    let taken = carrier.bring(&tenant, &good.token()).await.unwrap();
    assert!(carrier == Carrier::Revocation || carrier.is_taken(&taken), "what every case is made of is good: {taken:?}");
    let (good, canary) = (carrier.good(&tenant).await, tenant.own_token(WEB, &[]).await);
    let mut cases = cases::all(&good, &app).await;
    cases.extend(others(&tenant, carrier).await);
    let mut sent = 0;
    for (what, token) in &cases {
        let before = recorded(&app).await;
        let Some(answer) = carrier.bring(&tenant, token).await else { continue };
        sent += 1;
        carrier.refused(&answer, token, what);
        let more = usize::from(carrier == Carrier::Actor);
        assert_eq!(recorded(&app).await, before + more, "{what}: nothing is granted");
        assert_eq!(tenant.introspect(WEB, &canary).await["active"], true, "{what}: the canary");
    }
    println!("{carrier:?}: {sent} tampered tokens refused");
    assert!(sent > 400, "{sent}");
    if carrier == Carrier::Revocation {
        assert_eq!(tenant.introspect(WEB, &good.token()).await["active"], true, "nothing was revoked");
    } else {
        assert!(carrier.is_taken(&carrier.bring(&tenant, &good.token()).await.unwrap()), "what was tampered with stays good");
    }
}

/// Good tokens of every other kind: RFC 8725 section 2.8.
async fn others(tenant: &Tenant<'_>, carrier: Carrier) -> Vec<(String, String)> {
    let access_token = tenant.own_token(KEYED, &[("resource", "https://elsewhere.example")]).await;
    let accept = [("accept", "application/token-introspection+jwt")];
    let introspected = tenant.send("/oauth2/introspect", By::Client(KEYED), &[("token", &access_token)], &accept).await;
    let all = [
        ("of a member", tenant.app.admin.clone()),
        ("of a client", access_token),
        ("an assertion", tenant.assertion(IDP, json!({}))),
        ("a client's assertion", tenant.client_assertion(json!({}))),
        ("a proof", proof(json!({}))),
        ("an answer", String::from_utf8(introspected.body.to_vec()).unwrap()),
    ];
    let is_own = |kind: &str| match carrier {
        Carrier::Bearer | Carrier::Reissue => kind == "of a member",
        Carrier::Introspection | Carrier::Revocation => false,
        // Whose it is, and for whom, is told apart from whether it is one.
        Carrier::Subject | Carrier::Actor => kind == "of a client",
        Carrier::Assertion => kind == "an assertion",
        Carrier::ClientAssertion => kind == "a client's assertion",
    };
    all.into_iter().filter(|(kind, _)| !is_own(kind)).map(|(kind, token)| (format!("another kind: {kind}"), token)).collect()
}

/// Single bytes of a good token are changed; no change is accepted.
async fn no_changed_byte_gets_through(carrier: Carrier) {
    const FLIPS: usize = 1_250;
    let app = App::new(Mount::InProcess).await;
    let tenant = Tenant::jwt(&app).await;
    let (good, entropy) = (carrier.good(&tenant).await, Seeded::new(44));
    let (token, mut random, mut sent) = (good.token(), [0; 3], 0);
    while sent < FLIPS {
        entropy.fill(&mut random).unwrap();
        let at = usize::from(u16::from_be_bytes([random[0], random[1]])) % token.len();
        let mut bytes = token.clone().into_bytes();
        bytes[at] ^= random[2] % 127 + 1;
        let flipped = String::from_utf8(bytes).unwrap();
        // A blank at the end of a header isn't of its value: RFC 9110 section 5.5.
        let Some(answer) = carrier.bring(&tenant, &flipped).await.filter(|_| flipped.trim() == flipped) else { continue };
        carrier.refused(&answer, &flipped, &encoded(&flipped));
        sent += 1;
    }
    if carrier == Carrier::Revocation {
        assert_eq!(tenant.introspect(WEB, &token).await["active"], true);
    } else {
        assert!(carrier.is_taken(&carrier.bring(&tenant, &token).await.unwrap()));
    }
}

macro_rules! carriers {
    ($($name:ident $carrier:ident),+) => {
        $(mod $name {
            use super::*;

            #[tokio::test]
            async fn takes_no_tampered_token() {
                nothing_gets_through(Carrier::$carrier).await;
            }

            #[tokio::test]
            async fn a_token_with_one_byte_changed_is_refused_everywhere() {
                no_changed_byte_gets_through(Carrier::$carrier).await;
            }
        })+
    };
}

carriers! {
    bearer Bearer, reissue Reissue, introspection Introspection, revocation Revocation, subject_token Subject, actor_token Actor,
    assertion Assertion, client_assertion ClientAssertion
}

/// Whoever could sign in our name would still change nothing, because what a token is good for is recorded.
#[tokio::test]
async fn a_signed_token_that_differs_from_its_record_is_refused_and_raises_an_alarm() {
    let app = App::new(Mount::InProcess).await;
    let tenant = Tenant::jwt(&app).await;
    let token = tenant.own_token(WEB, &[("resource", API)]).await;
    let good = Good { claims: claims(&token), ..Carrier::Introspection.good(&tenant).await };
    log::begin();
    assert!(tenant.is_live(&good.sign(&good.header, &good.claims)).await);
    for (name, value) in [
        ("scope", json!("read write urn:jeton:admin")),
        ("exp", json!(4_102_444_800_u32)),
        ("iat", json!(1)),
        ("sub", json!("ann")),
        ("aud", json!("https://elsewhere.example")),
        ("cnf", json!({"jkt": "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"})),
        ("act", json!({"sub": "ann"})),
        ("grant_type", json!("password")),
        ("acr", json!("high")),
        ("roles", json!(["admin"])),
    ] {
        let token = good.sign(&good.header, &cases::with(good.claims.clone(), name, Some(value)));
        assert!(!log::drain().contains("jeton::alarm"), "{name}");
        assert_eq!(tenant.introspect(WEB, &token).await, json!({"active": false}), "{name}");
        let logged = log::drain();
        assert!(logged.contains("jeton::alarm") && logged.contains("SignedOtherwise"), "{name}: {logged}");
        is_denied(&tenant.exchange(WEB, &token, &[]).await, "invalid_request");
        tenant.revoke(WEB, &token).await;
        assert!(tenant.is_live(&good.token()).await, "{name}");
        log::drain();
    }
}

/// Authlete's update changes a token without signing it anew: what was signed before stays good.
#[tokio::test]
async fn a_token_whose_record_was_changed_since_is_told_as_recorded() {
    let app = App::new(Mount::InProcess).await;
    let tenant = Tenant::jwt(&app).await;
    let token = tenant.own_token(WEB, &[("scope", "read write")]).await;
    let path = format!("/api/{}/auth/token/update", tenant.org);
    app.post(&path, Some(&app.admin), json!({"accessToken": token, "scopes": ["read"]})).await.ok();
    let told = tenant.introspect(WEB, &token).await;
    assert_eq!((&told["active"], &told["scope"]), (&json!(true), &json!("read")));
    let good = Good { claims: claims(&token), ..Carrier::Introspection.good(&tenant).await };
    for (name, value) in [
        ("sub", json!("ann")),
        ("client_id", json!("1")),
        ("iat", json!(1)),
        ("act", json!({"sub": "ann"})),
        ("aud", json!("x")),
        ("acr", json!("x")),
        ("roles", json!(["x"])),
    ] {
        let forged = good.sign(&good.header, &cases::with(good.claims.clone(), name, Some(value)));
        assert_eq!(tenant.introspect(WEB, &forged).await, json!({"active": false}), "{name}");
    }
}
