//! Grants for other authorization servers: draft-ietf-oauth-identity-chaining and draft-ietf-oauth-identity-assertion-authz-grant (ID-JAG).

use serde_json::{Value, json};
use shared::jose::sha256;

use super::tenant::{
    ACCESS_TOKEN, API, BROKER, By, IDP, ISSUER, JWT_BEARER, NOW, SERVER, TOKEN_EXCHANGE, Tenant, WEB, claims, client_thumbprint,
    is_denied, over, part, proof, text,
};
use crate::support::{Answer, scenario};

const JWT: &str = "urn:ietf:params:oauth:token-type:jwt";
const ID_JAG: &str = "urn:ietf:params:oauth:token-type:id-jag";
const REFRESH: &str = "urn:ietf:params:oauth:token-type:refresh_token";
/// With its final slash, which is part of it.
const PARTNER: &str = "https://auth.chat.example/";
const CHAT: &str = "https://mcp.chat.example/mcp";

fn chat(more: Value) -> Value {
    over(
        json!({"authorization_server": PARTNER, "scopes": [{"scope": "chat.read", "for": ["read"]}, {"scope": "chat.send", "for": ["write"]}]}),
        more,
    )
}

fn id_jag(more: Value) -> Value {
    chat(over(json!({"type": "id-jag", "client_id": "f53f191f", "resources": [CHAT]}), more))
}

async fn permit(tenant: &Tenant<'_>, client: u64, targets: Value) -> Answer {
    let path = format!("/v1/orgs/{}/clients/{}", tenant.org, tenant.id(client));
    tenant.app.patch(&path, &tenant.app.admin, json!({ "may_exchange_to": targets })).await
}

/// The answer to a client that asks for a grant.
async fn grant(tenant: &Tenant<'_>, client: u64, token: (&str, &str), form: &[(&str, &str)]) -> Answer {
    let own = [("grant_type", TOKEN_EXCHANGE), ("subject_token", token.0), ("subject_token_type", token.1)];
    let form: Vec<_> = own.into_iter().chain(form.iter().copied()).collect();
    tenant.token(By::Client(client), &form).await
}

scenario! {
    async fn identity_chaining_2_3_a_token_becomes_a_short_grant_for_another_authorization_server(app) {
        for tenant in [Tenant::opaque(app).await, Tenant::jwt(app).await] {
            permit(&tenant, SERVER, json!([chat(json!({}))])).await.ok();
            let token = text(&tenant.for_member(WEB, &[("scope", "read write"), ("resource", API)]).await["access_token"]);
            for named in ["audience", "resource"] {
                let answer = grant(&tenant, SERVER, (&token, ACCESS_TOKEN), &[("requested_token_type", JWT), (named, PARTNER)]).await;
                assert_eq!(answer.headers["cache-control"], "no-store");
                let mut told = answer.ok();
                let assertion = text(&told.as_object_mut().unwrap().remove("access_token").unwrap());
                assert_eq!(told, json!({"issued_token_type": JWT, "token_type": "N_A", "expires_in": 60, "scope": "chat.read chat.send"}));
                assert_eq!(part(&assertion, 0)["typ"], "JWT");
                let mut said = claims(&assertion);
                let id = said.as_object_mut().unwrap().remove("jti").unwrap();
                assert_eq!(id.as_str().unwrap().len(), 32);
                assert_eq!(said, json!({"iss": ISSUER, "sub": "ann", "aud": PARTNER, "iat": NOW, "exp": NOW + 60, "scope": "chat.read chat.send"}));
                // It is nobody's token here.
                assert!(!tenant.is_live(&assertion).await);
                is_denied(&grant(&tenant, SERVER, (&assertion, JWT), &[]).await, "invalid_request");
                is_denied(&tenant.token(By::Client(WEB), &[("grant_type", JWT_BEARER), ("assertion", &assertion)]).await, "invalid_grant");
                app.get("/v1/orgs/1", &assertion).await.is_error(401, "TOKEN_INVALID");
            }
        }
    }
}

scenario! {
    async fn id_jag_4_3_a_client_s_own_token_becomes_a_grant_that_names_it_as_it_is_known_there(app) {
        let tenant = Tenant::jwt(app).await;
        permit(&tenant, WEB, json!([id_jag(json!({})), chat(json!({}))])).await.ok();
        let granted = tenant.for_member(WEB, &[("scope", "read")]).await;
        let (token, refresh) = (text(&granted["access_token"]), text(&granted["refresh_token"]));
        let asked = [("requested_token_type", ID_JAG), ("audience", PARTNER)];
        for presented in [(&*token, ACCESS_TOKEN), (&*token, JWT), (&*refresh, REFRESH)] {
            for resource in [None, Some(("resource", "https://MCP.chat.example/mcp"))] {
                let form: Vec<_> = asked.into_iter().chain(resource).collect();
                let mut told = grant(&tenant, WEB, presented, &form).await.ok();
                let assertion = text(&told.as_object_mut().unwrap().remove("access_token").unwrap());
                assert_eq!(told, json!({"issued_token_type": ID_JAG, "token_type": "N_A", "expires_in": 300, "scope": "chat.read"}));
                assert_eq!(part(&assertion, 0)["typ"], "oauth-id-jag+jwt");
                let said = claims(&assertion);
                assert_eq!((&said["client_id"], &said["resource"], &said["exp"]), (&json!("f53f191f"), &json!(CHAT), &json!(NOW + 300)));
                assert_eq!((said.get("act"), said.get("email"), said.get("org")), (None, None, None));
                assert!(!tenant.is_live(&assertion).await);
            }
        }
        assert_eq!(tenant.refresh(WEB, &refresh, &[]).await.ok()["scope"], "read", "the refresh token isn't used up");
        is_denied(&grant(&tenant, WEB, (&refresh, REFRESH), &[("requested_token_type", JWT), ("audience", PARTNER)]).await, "invalid_request");
        is_denied(&grant(&tenant, WEB, (&token, ACCESS_TOKEN), &[asked[0], asked[1], ("resource", API)]).await, "invalid_target");
    }
}

scenario! {
    async fn no_grant_says_what_nobody_wrote_down(app) {
        let tenant = Tenant::opaque(app).await;
        for client in [SERVER, WEB, BROKER] {
            permit(&tenant, client, json!([id_jag(json!({})), chat(json!({}))])).await.ok();
        }
        let granted = tenant.for_member(WEB, &[("scope", "read"), ("resource", API)]).await;
        let (token, refresh) = (text(&granted["access_token"]), text(&granted["refresh_token"]));
        let shown = (&*token, ACCESS_TOKEN);
        let to_jwt = [("requested_token_type", JWT), ("audience", PARTNER)];
        let to_jag = [("requested_token_type", ID_JAG), ("audience", PARTNER)];
        grant(&tenant, SERVER, shown, &to_jwt).await.ok();
        // What an API was merely sent is no sign-in to it, and neither is what it made of that.
        is_denied(&grant(&tenant, SERVER, shown, &to_jag).await, "invalid_request");
        let narrowed = text(&tenant.exchange(SERVER, &token, &[]).await.ok()["access_token"]);
        is_denied(&grant(&tenant, SERVER, (&narrowed, ACCESS_TOKEN), &to_jag).await, "invalid_request");
        is_denied(&grant(&tenant, SERVER, (&refresh, REFRESH), &to_jag).await, "invalid_request");
        // A permit to exchange what it finds is none to tell others of it.
        is_denied(&grant(&tenant, BROKER, shown, &to_jwt).await, "unauthorized_client");
        is_denied(&grant(&tenant, BROKER, shown, &to_jag).await, "unauthorized_client");
        // The name of the server counts letter by letter.
        for name in ["https://auth.chat.example", "https://AUTH.chat.example/", "https://other.example"] {
            is_denied(&grant(&tenant, SERVER, shown, &[to_jwt[0], ("audience", name)]).await, "invalid_target");
            is_denied(&grant(&tenant, WEB, shown, &[to_jag[0], ("audience", name)]).await, "invalid_target");
        }
        is_denied(&grant(&tenant, WEB, shown, &[to_jag[0], ("resource", PARTNER)]).await, "invalid_target");
        is_denied(&grant(&tenant, SERVER, shown, &[("audience", PARTNER)]).await, "invalid_target");
        is_denied(&grant(&tenant, SERVER, shown, &[to_jwt[0], to_jwt[1], ("scope", "chat.send")]).await, "invalid_scope");
        // A person who has lost a scope leads nowhere.
        let member = format!("/v1/orgs/{}/members/ann", tenant.org);
        app.patch(&member, &app.admin, json!({"scopes": []})).await.ok();
        is_denied(&grant(&tenant, SERVER, shown, &to_jwt).await, "invalid_scope");
        tenant.revoke(WEB, &token).await;
        is_denied(&grant(&tenant, SERVER, shown, &to_jwt).await, "invalid_request");
    }
}

scenario! {
    async fn the_other_server_is_told_of_the_subject_as_the_target_says(app) {
        let tenant = Tenant::opaque(app).await;
        let token = text(&tenant.for_member(WEB, &[("scope", "read"), ("resource", API)]).await["access_token"]);
        let ask = async |targets: Value, requested: &str| {
            let client = if requested == ID_JAG { WEB } else { SERVER };
            permit(&tenant, client, targets).await.ok();
            grant(&tenant, client, (&token, ACCESS_TOKEN), &[("requested_token_type", requested), ("audience", PARTNER)]).await
        };
        is_denied(&ask(json!([chat(json!({"subject": "email"}))]), JWT).await, "invalid_request");
        let member = format!("/v1/orgs/{}/members/ann", tenant.org);
        app.patch(&member, &app.admin, json!({"profile": {"email": "ann@example.org"}})).await.ok();
        let told = async |targets: Value, requested: &str| claims(&text(&ask(targets, requested).await.ok()["access_token"]));
        let said = told(json!([chat(json!({"subject": "email"}))]), JWT).await;
        assert_eq!((&said["sub"], said.get("email")), (&json!("ann@example.org"), None));
        let said = told(json!([id_jag(json!({"subject": "email"}))]), ID_JAG).await;
        assert_eq!((&said["sub"], &said["email"]), (&json!("ann@example.org"), &json!("ann@example.org")));
        let pairwise = sha256(format!("{PARTNER}\0{}\0ann", tenant.org).as_bytes());
        let said = told(json!([chat(json!({"subject": "pairwise", "duration": 10, "actors": true}))]), JWT).await;
        let server = tenant.id(SERVER).to_string();
        assert_eq!(said["sub"], shared::domain::Thumbprint(pairwise).to_string());
        assert_eq!((&said["exp"], &said["act"]), (&json!(NOW + 10), &json!({"sub": server, "client_id": server})));
        let path = format!("/v1/orgs/{}", tenant.org);
        app.patch(&path, &app.admin, json!({"settings": {"token_duration": 5}})).await.ok();
        let brief = text(&tenant.for_member(WEB, &[("scope", "read"), ("resource", API)]).await["access_token"]);
        let form = [("requested_token_type", JWT), ("audience", PARTNER)];
        assert_eq!(grant(&tenant, SERVER, (&brief, ACCESS_TOKEN), &form).await.ok()["expires_in"], 5, "no longer than the token");
    }
}

scenario! {
    async fn id_jag_8_6_1_1_a_proof_binds_the_grant_and_is_used_up_by_a_good_request_alone(app) {
        let tenant = Tenant::opaque(app).await;
        permit(&tenant, SERVER, json!([chat(json!({}))])).await.ok();
        let assertion = tenant.assertion(IDP, json!({}));
        let form = [("grant_type", JWT_BEARER), ("assertion", &*assertion), ("resource", API), ("scope", "read")];
        let bound = tenant.send("/oauth2/token", By::Client(WEB), &form, &[("DPoP", &proof(json!({})))]).await.ok();
        let bound = text(&bound["access_token"]);
        let one = proof(json!({}));
        let ask = async |scope: &str, proof: Option<&str>| {
            let form = [
                ("grant_type", TOKEN_EXCHANGE), ("subject_token", &*bound), ("subject_token_type", ACCESS_TOKEN),
                ("requested_token_type", JWT), ("audience", PARTNER), ("scope", scope),
            ];
            let headers: Vec<_> = proof.map(|proof| ("DPoP", proof)).into_iter().collect();
            tenant.send("/oauth2/token", By::Client(SERVER), &form, &headers).await
        };
        is_denied(&ask("chat.read", None).await, "invalid_dpop_proof");
        is_denied(&ask("chat.send", Some(&one)).await, "invalid_scope");
        let granted = ask("chat.read", Some(&one)).await.ok();
        assert_eq!(claims(&text(&granted["access_token"]))["cnf"], json!({"jkt": client_thumbprint()}));
        is_denied(&ask("chat.read", Some(&one)).await, "invalid_dpop_proof");
    }
}

scenario! {
    async fn another_authorization_server_is_said_whole_and_is_never_this_one(app) {
        let tenant = Tenant::opaque(app).await;
        let whole = json!([
            chat(json!({"type": "jwt", "subject": "pairwise", "duration": 300, "actors": true})),
            id_jag(json!({"subject": "email", "duration": 60, "actors": false})),
        ]);
        assert_eq!(permit(&tenant, WEB, whole.clone()).await.ok()["may_exchange_to"], whole);
        let defaults = permit(&tenant, WEB, json!([chat(json!({})), id_jag(json!({}))])).await.ok()["may_exchange_to"].clone();
        assert_eq!(defaults[0], chat(json!({"type": "jwt", "subject": "sub", "duration": 60, "actors": false})));
        assert_eq!(defaults[1], id_jag(json!({"subject": "sub", "duration": 300, "actors": false})));
        for (target, field) in [
            (chat(json!({"resource": API})), "may_exchange_to[0]"),
            (json!({"scopes": ["read"]}), "may_exchange_to[0]"),
            (json!({"scopes": ["read"], "resource": API, "actors": true}), "may_exchange_to[0].actors"),
            (chat(json!({"client_id": "x"})), "may_exchange_to[0].client_id"),
            (chat(json!({"resources": [CHAT]})), "may_exchange_to[0].resources"),
            (chat(json!({"duration": 9})), "may_exchange_to[0].duration"),
            (chat(json!({"duration": 301})), "may_exchange_to[0].duration"),
            (id_jag(json!({"duration": 59})), "may_exchange_to[0].duration"),
            (id_jag(json!({"resources": []})), "may_exchange_to[0].resources"),
            (chat(json!({"type": "id-jag", "resources": [CHAT]})), "may_exchange_to[0].client_id"),
            (chat(json!({"type": "saml"})), "may_exchange_to[0].type"),
            (chat(json!({"subject": "name"})), "may_exchange_to[0].subject"),
            (chat(json!({"authorization_server": ISSUER})), "may_exchange_to[0].authorization_server"),
            (chat(json!({"authorization_server": format!("{ISSUER}/")})), "may_exchange_to[0].authorization_server"),
        ] {
            let answer = permit(&tenant, WEB, json!([target])).await;
            answer.is_error(400, "INVALID_REQUEST");
            assert_eq!(answer.json()["field"], field, "{answer:?}");
        }
        let twice = permit(&tenant, WEB, json!([id_jag(json!({})), id_jag(json!({"actors": true}))])).await;
        assert_eq!(twice.json()["field"], "may_exchange_to[1].authorization_server");
        let metadata = app.get("/.well-known/oauth-authorization-server", &app.admin).await.ok();
        assert_eq!(metadata["identity_chaining_requested_token_types_supported"], json!([JWT, ID_JAG]));
    }
}
