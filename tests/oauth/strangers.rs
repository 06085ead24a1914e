//! Clients of strangers, which register themselves without a token: RFC 7591 section 3, and what MCP clients do.

use bytes::Bytes;
use http::{Method, Request, header};
use serde_json::{Value, json};

use super::registration::{REGISTER, access, place};
use super::sign_in::{VERIFIER, challenge, is_page, location, parameter};
use crate::support::{Answer, App, NOW, encoded, over, scenario, text};

pub(super) const MCP: &str = "https://mcp.example/mcp";
pub(super) const CALLBACK: &str = "http://127.0.0.1:33418/";

/// Opens org 1 to strangers: for an hour if nobody lets them in, and for two from then on.
pub(super) async fn open(app: &App, more: Value) {
    let usual = json!({"enabled": true, "unused_duration": 3_600, "duration": 7_200});
    let settings = json!({
        "login_url": "https://login.example/", "resources": [{"resource": MCP, "scopes": ["files.read"]}],
        "supported_scopes": [{"name": "files.read", "default": true}, {"name": "files.write"}, {"name": "urn:jeton:admin", "default": true}],
        "open_registration": over(usual, more),
    });
    app.put("/v1/orgs/1", &app.admin, json!({ "settings": settings })).await.ok();
}

async fn register(app: &App, body: Value) -> Answer {
    app.post(REGISTER, None, body).await
}

/// As VS Code registers.
fn editor() -> Value {
    json!({
        "client_name": "Editor", "redirect_uris": ["https://vscode.dev/redirect", "http://127.0.0.1/", CALLBACK],
        "grant_types": ["authorization_code", "refresh_token", "client_credentials", "urn:ietf:params:oauth:grant-type:token-exchange", "urn:x:new"],
        "response_types": ["code"], "token_endpoint_auth_method": "none", "application_type": "native",
        "client_uri": "https://editor.example", "scope": "files.read unknown"
    })
}

#[track_caller]
pub(super) fn is_refused(answer: &Answer, status: u16, error: &str) {
    let body = answer.json();
    assert_eq!((answer.status.as_u16(), &body["error"]), (status, &json!(error)), "{body}");
}

/// The answer to an authorization request of a client, with `more` in place of parameters of the same name.
pub(super) async fn authorize(app: &App, client: &str, more: &[(&str, &str)]) -> Answer {
    let usual = [
        ("response_type", "code"),
        ("client_id", client),
        ("redirect_uri", CALLBACK),
        ("scope", "files.read"),
        ("state", "s 1"),
        ("resource", MCP),
        ("code_challenge", &challenge(VERIFIER)),
        ("code_challenge_method", "S256"),
    ];
    let usual = usual.into_iter().filter(|(name, _)| more.iter().all(|(other, _)| other != name));
    let query = usual.chain(more.iter().copied()).map(|(name, value)| format!("{name}={}", encoded(value)));
    get(app, &format!("/oauth2/authorize?{}", query.collect::<Vec<_>>().join("&")), "").await
}

pub(super) async fn get(app: &App, target: &str, cookie: &str) -> Answer {
    let request = Request::get(target.trim_start_matches("https://jeton.example"));
    let request = if cookie.is_empty() { request } else { request.header(header::COOKIE, cookie) };
    app.send(request.body(Bytes::new()).unwrap()).await
}

pub(super) async fn hand_over(app: &App, method: Method, target: &str, body: Value) -> Answer {
    let request = Request::builder().method(method).uri(format!("/v1/authorizations/{target}"));
    let request = request.header(header::AUTHORIZATION, format!("Bearer {}", app.admin));
    let request = request.header(header::CONTENT_TYPE, "application/json");
    let body = if body.is_null() { Bytes::new() } else { Bytes::from(body.to_string()) };
    app.send(request.body(body).unwrap()).await
}

pub(super) async fn post_form(app: &App, path: &str, form: &[(&str, &str)]) -> Answer {
    let form = form.iter().map(|(name, value)| format!("{name}={}", encoded(value))).collect::<Vec<_>>().join("&");
    let request = Request::post(path).header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
    app.send(request.body(Bytes::from(form)).unwrap()).await
}

/// What a client gets once ann has let it in.
async fn let_in(app: &App, client: &str) -> Value {
    let answer = authorize(app, client, &[]).await;
    let id = parameter(&location(&answer), "authorization").unwrap();
    let cookie = answer.headers["set-cookie"].to_str().unwrap().split(';').next().unwrap().to_owned();
    let decided = hand_over(app, Method::POST, &format!("{id}/accept"), json!({"subject": "ann"})).await.ok();
    let back = location(&get(app, text(&decided["redirect_to"]), &cookie).await);
    let code = parameter(&back, "code").unwrap();
    let form = [
        ("grant_type", "authorization_code"),
        ("client_id", client),
        ("code", &code),
        ("code_verifier", VERIFIER),
        ("resource", MCP),
    ];
    post_form(app, "/oauth2/token", &form).await.ok()
}

scenario! {
    async fn nobody_registers_without_a_token_where_the_open_org_does_not_let_them(app) {
        let is_closed = |answer: &Answer| {
            is_refused(answer, 401, "invalid_token");
            assert!(answer.headers["www-authenticate"].to_str().unwrap().starts_with("Bearer "), "{answer:?}");
        };
        is_closed(&register(app, editor()).await);
        open(app, json!({"enabled": false})).await;
        is_closed(&register(app, editor()).await);
        open(app, json!({})).await;
        let basic = Request::post(REGISTER).header(header::AUTHORIZATION, "Basic eDp5").header(header::CONTENT_TYPE, "application/json");
        is_closed(&app.send(basic.body(Bytes::from(editor().to_string())).unwrap()).await);
        is_closed(&app.post(REGISTER, Some("x"), editor()).await);
        register(app, editor()).await.created();
    }
}

scenario! {
    async fn rfc7591_3_2_1_a_stranger_is_told_what_it_is_registered_for(app) {
        open(app, json!({})).await;
        let made = register(app, editor()).await.created();
        let expected = json!({
            "client_id": made["client_id"], "client_id_issued_at": NOW.as_secs(), "client_name": "Editor",
            "redirect_uris": ["https://vscode.dev/redirect", "http://127.0.0.1/", CALLBACK],
            "grant_types": ["authorization_code", "refresh_token"], "response_types": ["code"], "token_endpoint_auth_method": "none",
            "application_type": "native", "client_uri": "https://editor.example", "scope": "files.read",
            "registration_access_token": made["registration_access_token"],
            "registration_client_uri": format!("https://jeton.example{}", place(&made)),
            "tls_client_certificate_bound_access_tokens": false, "dpop_bound_access_tokens": false
        });
        assert_eq!(made, expected);
        let least = register(app, json!({"redirect_uris": ["http://localhost:3118/callback"]})).await.created();
        assert_eq!(
            [&least["grant_types"], &least["token_endpoint_auth_method"], &least["scope"], &least["client_secret_expires_at"]],
            [&json!(["authorization_code"]), &json!("client_secret_basic"), &json!("files.read"), &json!(0)]
        );
        let shown = app.get(&format!("/v1/orgs/1/clients/{}", text(&made["client_id"])), &app.admin).await.ok();
        assert_eq!((&shown["origin"], &shown["expires"]), (&json!("self_registered"), &json!("2026-11-22T13:00:00Z")));
    }
}

scenario! {
    async fn a_stranger_can_say_less_of_itself_than_others(app) {
        open(app, json!({"most_per_address": 1_000})).await;
        let keys = json!({"keys": [{"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]});
        for (changes, error) in [
            (json!({"redirect_uris": null}), "invalid_redirect_uri"),
            (json!({"redirect_uris": ["http://editor.example/cb"]}), "invalid_redirect_uri"),
            (json!({"redirect_uris": ["cursor://callback"]}), "invalid_redirect_uri"),
            (json!({"redirect_uris": ["javascript:alert(1)"]}), "invalid_redirect_uri"),
            (json!({"redirect_uris": ["com.example.app:/cb"], "application_type": "web"}), "invalid_redirect_uri"),
            (json!({"redirect_uris": [format!("https://editor.example/{}", "x".repeat(500))]}), "invalid_redirect_uri"),
            (json!({"jwks": keys}), "invalid_client_metadata"),
            (json!({"token_endpoint_auth_method": "private_key_jwt"}), "invalid_client_metadata"),
            (json!({"tls_client_auth_san_dns": "editor.example"}), "invalid_client_metadata"),
            (json!({"grant_types": ["refresh_token"]}), "invalid_client_metadata"),
            (json!({"grant_types": ["client_credentials", "password"]}), "invalid_client_metadata"),
            (json!({"client_name": "x".repeat(201)}), "invalid_client_metadata"),
            (json!({"client_uri": "javascript:alert(1)"}), "invalid_client_metadata"),
            (json!({"contacts": ["x".repeat(201)]}), "invalid_client_metadata"),
            (json!({"contacts": vec!["x".repeat(190); 50]}), "invalid_request"),
        ] {
            is_refused(&register(app, over(editor(), changes.clone())).await, 400, error);
        }
        for good in [
            json!({"redirect_uris": ["com.example.app:/cb"]}),
            json!({"redirect_uris": ["http://localhost/cb"], "application_type": "web"}),
            json!({"token_endpoint_auth_method": "client_secret_post"}),
        ] {
            register(app, over(editor(), good)).await.created();
        }
        open(app, json!({"schemes": ["cursor"]})).await;
        let named = json!({"redirect_uris": ["cursor://callback"], "application_type": "native"});
        register(app, over(editor(), named)).await.created();
    }
}

scenario! {
    async fn a_person_lets_a_stranger_in_and_sees_where_the_answer_goes(app) {
        open(app, json!({})).await;
        let made = register(app, editor()).await.created();
        let client = text(&made["client_id"]);
        let id = parameter(&location(&authorize(app, client, &[]).await), "authorization").unwrap();
        let shown = hand_over(app, Method::GET, &id, Value::Null).await.ok();
        assert_eq!(
            [&shown["client"]["kind"], &shown["client"]["name"], &shown["redirect_host"], &shown["loopback"]],
            [&json!("self_registered"), &json!("Editor"), &json!("127.0.0.1"), &json!(true)]
        );
        let tokens = let_in(app, client).await;
        assert_eq!(tokens["scope"], "files.read");
        let form = [("grant_type", "refresh_token"), ("client_id", client), ("refresh_token", text(&tokens["refresh_token"]))];
        let next = post_form(app, "/oauth2/token", &form).await.ok();
        assert_ne!(next["refresh_token"], tokens["refresh_token"], "a public client's refresh tokens are replaced");
    }
}

scenario! {
    async fn what_a_stranger_cannot_have_is_left_out_of_its_request(app) {
        open(app, json!({})).await;
        let made = register(app, editor()).await.created();
        let client = text(&made["client_id"]);
        let asked = async |scope: &str| authorize(app, client, &[("scope", scope)]).await;
        let id = parameter(&location(&asked("files.read files.write unknown openid").await), "authorization").unwrap();
        let shown = hand_over(app, Method::GET, &id, Value::Null).await.ok();
        assert_eq!(shown["scopes"], json!([{"name": "files.read"}, {"name": "openid"}]));
        for nothing in ["files.write", "unknown", "urn:jeton:admin"] {
            assert_eq!(parameter(&location(&asked(nothing).await), "error").as_deref(), Some("invalid_scope"), "{nothing}");
        }
        // Later the org lets strangers have less.
        app.patch("/v1/orgs/1", &app.admin, json!({"settings": {"strangers_scopes": ["files.write"]}})).await.ok();
        assert_eq!(parameter(&location(&asked("files.read").await), "error").as_deref(), Some("invalid_scope"));
    }
}

scenario! {
    async fn a_client_that_nobody_lets_in_ends_and_so_does_one_that_nobody_has_let_in_for_long(app) {
        open(app, json!({})).await;
        let [unused, used] = [register(app, editor()).await.created(), register(app, editor()).await.created()];
        let tokens = let_in(app, text(&used["client_id"])).await;
        let refresh = async |token: &Value| {
            let form = [("grant_type", "refresh_token"), ("client_id", text(&used["client_id"])), ("refresh_token", text(token))];
            post_form(app, "/oauth2/token", &form).await
        };
        app.clock.advance_ms(3_600_000);
        is_refused(&app.send(own(&unused)).await, 401, "invalid_token");
        is_page(&authorize(app, text(&unused["client_id"]), &[]).await, "invalid_client");
        let form = [("grant_type", "refresh_token"), ("client_id", text(&unused["client_id"])), ("refresh_token", "x")];
        is_refused(&post_form(app, "/oauth2/token", &form).await, 401, "invalid_client");
        app.send(own(&used)).await.ok();
        let next = refresh(&tokens["refresh_token"]).await.ok();
        let again = let_in(app, text(&used["client_id"])).await;
        app.clock.advance_ms(3_600_000);
        app.send(own(&used)).await.ok();
        refresh(&again["refresh_token"]).await.ok();
        app.clock.advance_ms(3_600_000);
        is_refused(&app.send(own(&used)).await, 401, "invalid_token");
        is_refused(&refresh(&next["refresh_token"]).await, 401, "invalid_client");
        is_page(&authorize(app, text(&used["client_id"]), &[]).await, "invalid_client");
    }
}

/// A client's request for its own registration.
fn own(made: &Value) -> Request<Bytes> {
    let request = Request::get(place(made)).header(header::AUTHORIZATION, format!("Bearer {}", access(made)));
    request.body(Bytes::new()).unwrap()
}

scenario! {
    async fn only_so_many_register_in_an_hour_and_from_one_address(app) {
        for (most, times) in [(json!({"most_per_address": 2}), 2), (json!({"most_per_address": 50, "most_per_hour": 3}), 1)] {
            open(app, most).await;
            for _ in 0..times {
                register(app, editor()).await.created();
            }
            let bad = register(app, json!({"redirect_uris": []})).await;
            is_refused(&bad, 400, "invalid_redirect_uri");
            let before = clients(app).await;
            let answer = register(app, editor()).await;
            is_refused(&answer, 429, "too_many_requests");
            assert_eq!(answer.headers["retry-after"], "3600", "the next full hour");
            assert_eq!(clients(app).await, before, "nothing was written");
        }
        app.clock.advance_ms(3_600_000);
        register(app, editor()).await.created();
    }
}

async fn clients(app: &App) -> usize {
    app.get("/v1/orgs/1/clients", &app.admin).await.ok()["clients"].as_array().unwrap().len()
}

scenario! {
    async fn rfc7592_2_2_a_stranger_stays_one_whatever_it_says_later(app) {
        open(app, json!({})).await;
        let made = register(app, editor()).await.created();
        let update = async |changes: Value| {
            let whole = over(over(editor(), json!({"client_id": made["client_id"]})), changes);
            app.put(&place(&made), access(&made), whole).await
        };
        let next = update(json!({"client_name": "Other", "scope": "files.write files.read"})).await.ok();
        assert_eq!((&next["client_name"], &next["scope"]), (&json!("Other"), &json!("files.read")));
        assert_eq!(next["grant_types"], json!(["authorization_code", "refresh_token"]));
        is_refused(&update(json!({"token_endpoint_auth_method": "private_key_jwt"})).await, 400, "invalid_client_metadata");
        is_refused(&update(json!({"redirect_uris": []})).await, 400, "invalid_redirect_uri");
    }
}
