//! Status lists: draft-ietf-oauth-status-list.

use std::collections::BTreeSet;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use futures::future::join_all;
use http::{Method, Request, StatusCode};
use serde_json::{Value, json};
use shared::domain::{FrozenClock, OrgId, Seconds, StatusList};
use shared::jose::status_list::StatusBits;
use shared::platform::capabilities::{Provides as _, StatusPublisher};
use shared::store::StatusLease;
use shared::store::sqlite::SqliteStore;
use shared::tokens::status_list::{publish, renew};

use super::tenant::{ACCESS_TOKEN, API, BROKER, ISSUER, SERVER, Tenant, WEB, claims, part, text};
use crate::jeton::audit::Streamed;
use crate::support::{Answer, App, NOW, race, scenario};

/// An org whose tokens are JWTs that are in lists.
async fn listed(app: &App) -> Tenant<'_> {
    let tenant = Tenant::jwt(app).await;
    tenant.set(json!({"status_list": true})).await;
    tenant
}

/// Where the status of a token is: the path of its list, and its place there.
fn place(token: &str) -> (String, u32) {
    let status = &claims(token)["status"]["status_list"];
    let uri = text(&status["uri"]);
    let path = uri.strip_prefix(ISSUER).expect("a list of the issuer").to_owned();
    (path, u32::try_from(status["idx"].as_u64().expect("a number")).expect("a place"))
}

/// Reads a list without credentials, with these entity tags at hand.
async fn read(app: &App, path: &str, known: &str) -> Answer {
    let request = Request::builder().method(Method::GET).uri(path).header("if-none-match", known);
    app.send(request.body(Bytes::new()).unwrap()).await
}

/// The signed list at a path.
async fn jwt(app: &App, path: &str) -> String {
    let answer = read(app, path, "\"x\"").await;
    assert_eq!(
        (answer.status, &answer.headers["content-type"]),
        (StatusCode::OK, &"application/statuslist+jwt".parse().unwrap())
    );
    String::from_utf8(answer.body.to_vec()).unwrap()
}

async fn bits(app: &App, path: &str) -> StatusBits {
    let lst = text(&claims(&jwt(app, path).await)["status_list"]["lst"]);
    StatusBits::from_zlib(&URL_SAFE_NO_PAD.decode(lst).unwrap()).unwrap()
}

/// Whether a token is revoked by its list.
async fn is_listed(app: &App, token: &str) -> bool {
    let (path, index) = place(token);
    bits(app, &path).await.is_set(index)
}

/// How many tokens are revoked by the list of this one.
async fn count(app: &App, token: &str) -> usize {
    let bits = bits(app, &place(token).0).await;
    (0..StatusList::TOKENS).filter(|index| bits.is_set(*index)).count()
}

fn publisher(app: &App) -> StatusPublisher {
    app.platform.provide()
}

scenario! {
    async fn a_token_names_its_bit_and_only_that_is_set_once_it_is_revoked(app) {
        let tenant = listed(app).await;
        let [one, other] = [tenant.own_token(WEB, &[]).await, tenant.own_token(WEB, &[]).await];
        let (path, _) = place(&one);
        assert_eq!(place(&other).0, path, "they are in the same list");
        let first = jwt(app, &path).await;
        assert_eq!(part(&first, 0)["typ"], "statuslist+jwt");
        let said = claims(&first);
        assert_eq!(said["sub"], format!("{ISSUER}{path}"));
        let iat = said["iat"].as_i64().unwrap();
        assert_eq!((&said["exp"], &said["ttl"], &said["status_list"]["bits"]), (&json!(iat + 10_800), &json!(30), &json!(1)));
        let keys = app.platform.records.reader.keys.now().await.unwrap();
        let kid = text(&part(&first, 0)["kid"]);
        assert!(std::str::from_utf8(&keys.jwks).unwrap().contains(&kid), "it is signed by a key that is published");
        assert_eq!(count(app, &one).await, 0);
        tenant.revoke(WEB, &one).await;
        renew(&publisher(app)).await.unwrap();
        assert!(is_listed(app, &one).await && !is_listed(app, &other).await);
        assert_eq!(count(app, &one).await, 1, "and no other");
    }
}

scenario! {
    async fn a_list_is_cached_by_its_tag_and_what_is_none_is_not_found(app) {
        let tenant = listed(app).await;
        let token = tenant.own_token(WEB, &[]).await;
        let (path, _) = place(&token);
        let answer = read(app, &path, "\"x\"").await;
        assert_eq!(answer.headers["cache-control"], "public, max-age=30");
        let again = read(app, &path, answer.tag()).await;
        assert_eq!((again.status, again.body.len(), again.tag()), (StatusCode::NOT_MODIFIED, 0, answer.tag()));
        tenant.revoke(WEB, &token).await;
        renew(&publisher(app)).await.unwrap();
        assert_eq!(read(app, &path, answer.tag()).await.status, StatusCode::OK, "the next version is another");
        for unknown in ["/status/00000000000000000000000000", "/status/x", &path.to_uppercase().replace("/STATUS/", "/status/")] {
            read(app, unknown, "\"x\"").await.is_error(404, "NOT_FOUND");
        }
    }
}

scenario! {
    async fn a_list_is_signed_anew_until_all_of_its_tokens_have_ended(app) {
        let tenant = listed(app).await;
        let (path, _) = place(&tenant.own_token(WEB, &[]).await);
        let org = OrgId::parse(tenant.org).unwrap();
        // Others take what is left of the list, and of the lists behind it.
        let lease = StatusLease { org, count: 4 * StatusList::TOKENS, secret: [0; 32], has_derived: false };
        app.store.lease_status_indices(&lease).await.unwrap();
        let first = jwt(app, &path).await;
        app.clock.advance_ms(60_000);
        renew(&publisher(app)).await.unwrap();
        let second = jwt(app, &path).await;
        assert_eq!(claims(&second)["iat"], claims(&first)["iat"].as_i64().unwrap() + 60);
        app.clock.advance_ms(86_400_000);
        renew(&publisher(app)).await.unwrap();
        assert_eq!(jwt(app, &path).await, second, "nobody needs it any more");
    }
}

scenario! {
    async fn what_is_opaque_or_of_another_org_says_nothing_and_a_member_s_jwt_does(app) {
        let tenant = listed(app).await;
        let member = app.token(tenant.org, "ann", &["read"]).await;
        let (path, _) = place(&member);
        assert!(app.is_live(&member).await);
        app.post("/v1/tokens/revoke", None, json!({"token": member})).await.is_empty();
        renew(&publisher(app)).await.unwrap();
        assert!(is_listed(app, &member).await);
        assert_eq!(place(&tenant.own_token(WEB, &[]).await).0, path);
        assert_eq!(claims(&app.token("1", "ann", &[]).await).get("status"), None);
        let opaque = Tenant::opaque(app).await;
        opaque.set(json!({"status_list": true})).await;
        assert_eq!(opaque.own_token(WEB, &[]).await.split('.').count(), 1);
        assert_ne!(place(&app.token(opaque.org, "ann", &["read"]).await).0, path, "each org has lists of its own");
    }
}

scenario! {
    async fn each_token_has_a_place_of_its_own_however_it_came_about(app) {
        let tenant = listed(app).await;
        let issued = tenant.for_member(WEB, &[("resource", API)]).await;
        let refreshed = tenant.refresh(WEB, &text(&issued["refresh_token"]), &[]).await.ok();
        let exchanged = tenant.exchange(SERVER, &text(&issued["access_token"]), &[]).await.ok();
        let member = app.mint(tenant.org, "ann", json!({"scopes": ["read"], "create_refresh_token": true})).await.created();
        let next = app.post("/v1/tokens/refresh", None, json!({"token": member["refresh_token"]})).await.created();
        let of_clients = [&issued, &refreshed, &exchanged].map(|answer| text(&answer["access_token"]));
        let of_members = [&member, &next].map(|answer| text(&answer["token"]));
        let places: BTreeSet<_> = of_clients.iter().chain(&of_members).map(|token| place(token)).collect();
        assert_eq!(places.len(), 5);
        for token in &of_clients {
            assert!(tenant.is_live(token).await, "what the token says is what is recorded");
        }
        for token in &of_members {
            assert!(app.is_live(token).await);
        }
    }
}

race! {
    async fn sixty_four_mints_at_once_never_share_an_index(app) {
        let tenant = listed(app).await;
        let tokens = join_all((0..64).map(|_| tenant.own_token(WEB, &[]))).await;
        let more: Vec<_> = join_all((0..64).map(|_| app.token(tenant.org, "ann", &["read"]))).await;
        let places: BTreeSet<_> = tokens.iter().chain(&more).map(|token| place(token)).collect();
        assert_eq!(places.len(), 128);
    }
}

/// A token, and who can say whether it is alive.
enum Of {
    Client(String),
    Member(String),
}

/// The tokens of a test, of which a verifier that only has the lists must know what introspection knows.
struct Known<'a> {
    tenant: Tenant<'a>,
    tokens: Vec<Of>,
}

impl Known<'_> {
    async fn client(&mut self, form: &[(&str, &str)]) -> Value {
        let issued = self.tenant.for_member(WEB, form).await;
        self.tokens.push(Of::Client(text(&issued["access_token"])));
        issued
    }

    async fn exchanged(&mut self, by: u64, token: &str, form: &[(&str, &str)]) -> String {
        let token = text(&self.tenant.exchange(by, token, form).await.ok()["access_token"]);
        self.tokens.push(Of::Client(token.clone()));
        token
    }

    async fn member(&mut self, sub: &str, more: Value) -> Value {
        let minted = self.tenant.app.mint(self.tenant.org, sub, more).await.created();
        self.tokens.push(Of::Member(text(&minted["token"])));
        minted
    }

    /// Each list says what introspection says, and so many of the tokens are dead.
    async fn agree(&self, dead: usize, why: &str) {
        let app = self.tenant.app;
        let mut listed = 0;
        for token in &self.tokens {
            let (is_live, token) = match token {
                Of::Client(token) => (self.tenant.is_live(token).await, token),
                Of::Member(token) => (app.is_live(token).await, token),
            };
            assert_eq!(is_listed(app, token).await, !is_live, "{why}: {}", claims(token));
            listed += usize::from(!is_live);
        }
        assert_eq!(listed, dead, "{why}");
        // What was issued within the second after a mark would be dead.
        app.clock.advance_ms(2_000);
    }
}

/// Revokes in each way, and compares after each. `publish` brings what the store has told since into the lists.
async fn whatever_ends_tokens_is_listed(app: &App, publish: impl AsyncFn()) {
    let tenant = listed(app).await;
    let org = format!("/v1/orgs/{}", tenant.org);
    let mut known = Known { tenant, tokens: Vec::new() };
    let scopes = json!({"scopes": ["read"]});
    let survivor = known.member("reader", scopes.clone()).await;
    publish().await;
    known.agree(0, "nothing").await;

    let issued = known.client(&[("resource", API)]).await;
    known.exchanged(SERVER, &text(&issued["access_token"]), &[]).await;
    tenant.revoke(WEB, &text(&issued["access_token"])).await;
    publish().await;
    known.agree(2, "a token, and what it was exchanged for").await;

    let issued = known.client(&[]).await;
    let refreshed = tenant.refresh(WEB, &text(&issued["refresh_token"]), &[]).await.ok();
    known.tokens.push(Of::Client(text(&refreshed["access_token"])));
    tenant.revoke(WEB, &text(&issued["refresh_token"])).await;
    publish().await;
    known.agree(4, "a refresh token, with all access tokens of its family").await;

    let subject = known.client(&[]).await;
    let actor = tenant.own_token(BROKER, &[]).await;
    known.tokens.push(Of::Client(actor.clone()));
    let form = [("actor_token", &*actor), ("actor_token_type", ACCESS_TOKEN)];
    known.exchanged(BROKER, &text(&subject["access_token"]), &form).await;
    tenant.revoke(BROKER, &actor).await;
    publish().await;
    known.agree(6, "an actor's token, and what it acts by").await;

    let session = known.member("ann", json!({"scopes": ["read"], "session": "s-1"})).await;
    known.member("ann", json!({"scopes": ["read"], "session": "s-1"})).await;
    known.member("ann", json!({"scopes": ["read"], "session": "s-2"})).await;
    let all = json!({"token": session["token"], "all_sessions": true});
    app.post("/v1/tokens/revoke", None, all).await.is_empty();
    publish().await;
    known.agree(8, "a session").await;

    app.post("/v1/tokens/bulk_revoke", Some(&app.admin), json!({"user_id": "ann", "org_id": tenant.org})).await.ok();
    publish().await;
    let dead = 8 + 2;
    known.agree(dead, "all of a member, the token of a client for it included").await;

    let issued = known.client(&[]).await;
    app.post("/v1/tokens/revoke", None, json!({"token": survivor["token"]})).await.is_empty();
    app.patch(&format!("{org}/clients/{}", tenant.id(WEB)), &app.admin, json!({"enabled": false})).await.ok();
    publish().await;
    known.agree(dead + 2, "a client that is disabled").await;
    drop(issued);
    app.patch(&format!("{org}/clients/{}", tenant.id(WEB)), &app.admin, json!({"enabled": true})).await.ok();

    known.tokens.clear();
    known.member("ann", scopes.clone()).await;
    known.member("reader", scopes.clone()).await;
    app.delete(&format!("{org}/members/ann"), &app.admin).await.is_empty();
    publish().await;
    known.agree(1, "a member that is deleted").await;

    let below = json!({"parent": tenant.org, "settings": {"status_list": true}});
    app.put("/v1/orgs/601", &app.admin, below).await.created();
    app.patch(&org, &app.admin, json!({"enabled": false})).await.ok();
    publish().await;
    assert!(
        is_listed(
            app,
            &match &known.tokens[1] {
                Of::Client(token) | Of::Member(token) => token.clone(),
            }
        )
        .await,
        "an org that is disabled"
    );
}

#[tokio::test]
async fn whatever_ends_tokens_is_listed_by_what_the_data_file_notes() {
    let clock = Arc::new(FrozenClock::at(NOW));
    let store = Arc::new(SqliteStore::in_memory(clock.clone()).unwrap());
    let app = App::kept_in_at(store.clone(), clock.clone()).await;
    store.keep_revocations(clock).unwrap();
    app.token("1", "ann", &[]).await;
    app.post("/v1/tokens/bulk_revoke", Some(&app.admin), json!({"user_id": "ann"})).await.ok();
    app.clock.advance_ms(2_000);
    assert_eq!(store.unlisted_revocations().unwrap().len(), 0, "without lists nothing is noted");
    whatever_ends_tokens_is_listed(&app, async || {
        let waiting = store.unlisted_revocations().unwrap();
        publish(&publisher(&app), waiting.iter().map(|change| &*change.record), Seconds(0)).await.unwrap();
        if let Some(last) = waiting.last() {
            store.forget_listed(last.id).await.unwrap();
        }
    })
    .await;
}

#[tokio::test]
async fn whatever_ends_tokens_is_listed_by_what_the_streams_tell() {
    let streamed = Streamed::new().await;
    whatever_ends_tokens_is_listed(&streamed.app, async || {
        let records: Vec<_> = streamed.records().iter().map(Value::to_string).collect();
        publish(&publisher(&streamed.app), records.iter().map(|record| &**record), Seconds(0)).await.unwrap();
    })
    .await;
}
