//! ID-JAG: an identity provider says that somebody has signed in to a client there, and the client gets a token here
//! (draft-ietf-oauth-identity-assertion-authz-grant).

use serde_json::{Value, json};
use shared::jose::jwk;
use shared::keys::signer::Signer as _;

use super::tenant::{
    ACCESS_TOKEN, API, APP, ASSERTION_TYPE, By, IDP, ISSUER, JWT_BEARER, KEYED, NOW, SERVER, TOKEN_EXCHANGE, Tenant, WEB, claims,
    client_thumbprint, fresh_id, is_denied, issuer_key, jwt, over, proof, text,
};
use crate::support::{Answer, scenario};

const ID_JAG: &str = "oauth-id-jag+jwt";
const TYPE: &str = "urn:ietf:params:oauth:token-type:id-jag";
const MCP: &str = "https://mcp.example/mcp";
const GITHUB: &str = "https://token.actions.githubusercontent.com";

/// Has an org take the ID-JAGs of [`IDP`], with `more` laid over its entry.
async fn trusting(tenant: Tenant<'_>, more: Value) -> Tenant<'_> {
    tenant.set(json!({ "assertion_issuers": [entry(more)], "resources": [API, MCP], "scope_required": false })).await;
    tenant
}

fn entry(more: Value) -> Value {
    over(json!({"issuer": IDP, "jwks": {"keys": [jwk::to_json(issuer_key().jwk())]}, "id_jag": true}), more)
}

/// What the identity provider says of `ann` to [`WEB`], with `more` laid over it. `null` takes a claim away.
fn said(tenant: &Tenant<'_>, more: Value) -> Value {
    let usual = json!({
        "iss": IDP, "sub": "ann", "aud": ISSUER, "iat": NOW, "exp": NOW + 300, "jti": fresh_id(),
        "client_id": tenant.id(WEB).to_string(), "resource": MCP, "scope": "read write",
    });
    over(usual, more)
}

fn signed(typ: &str, said: &Value) -> String {
    jwt(&issuer_key(), &json!({"alg": "EdDSA", "typ": typ}), said)
}

fn id_jag(tenant: &Tenant<'_>, more: Value) -> String {
    signed(ID_JAG, &said(tenant, more))
}

/// The answer to a client that presents an assertion.
async fn present(tenant: &Tenant<'_>, by: By<'_>, assertion: &str, more: &[(&str, &str)]) -> Answer {
    let own = [("grant_type", JWT_BEARER), ("assertion", assertion)];
    let form: Vec<_> = own.into_iter().chain(more.iter().copied()).collect();
    tenant.token(by, &form).await
}

/// What an administrator hears of a token.
async fn test(tenant: &Tenant<'_>, token: &str, more: Value) -> Value {
    let path = format!("/v1/orgs/{}/issuers/test", tenant.org);
    tenant.app.post(&path, Some(&tenant.app.admin), over(json!({"token": token, "use": "id_jag"}), more)).await.ok()
}

scenario! {
    async fn id_jag_4_4_the_word_of_an_identity_provider_becomes_a_token_and_no_refresh_token(app) {
        for tenant in [Tenant::opaque(app).await, Tenant::jwt(app).await] {
            let tenant = trusting(tenant, json!({"refresh_tokens": true})).await;
            let assertion = id_jag(&tenant, json!({"acr": "urn:mfa", "auth_time": NOW - 7, "email": "ann@example.org"}));
            let granted = present(&tenant, By::Client(WEB), &assertion, &[]).await.ok();
            assert_eq!((&granted["scope"], granted.get("refresh_token")), (&json!("read write"), None));
            let seen = tenant.audit(&text(&granted["access_token"])).await;
            assert_eq!((&seen["sub"], &seen["aud"], &seen["acr"], &seen["auth_time"]), (&json!("ann"), &json!([MCP]), &json!("urn:mfa"), &json!(NOW - 7)));
            assert_eq!((&seen["client_id"], seen.get("act")), (&json!(tenant.id(WEB).to_string()), None));
            is_denied(&present(&tenant, By::Client(WEB), &assertion, &[]).await, "invalid_grant");
            // Who may no longer act has nothing of it any more.
            let member = format!("/v1/orgs/{}/members/ann", tenant.org);
            app.patch(&member, &app.admin, json!({"enabled": false})).await.ok();
            assert!(!tenant.is_live(&text(&granted["access_token"])).await);
            is_denied(&present(&tenant, By::Client(WEB), &id_jag(&tenant, json!({})), &[]).await, "invalid_grant");
        }
    }
}

scenario! {
    async fn id_jag_4_4_1_what_is_not_whole_or_for_somebody_else_is_refused_and_not_used_up(app) {
        let tenant = trusting(Tenant::opaque(app).await, json!({"longest_life": 86_400, "audiences": ["https://other.example", ISSUER]})).await;
        let server = tenant.id(SERVER).to_string();
        for (more, rule) in [
            (json!({"jti": null}), "ID"),
            (json!({"iat": null}), "AGE"),
            (json!({"exp": null}), "EXPIRY"),
            (json!({"sub": null}), "SUBJECT"),
            (json!({"sub": 7}), "SUBJECT"),
            (json!({"sub": "nobody"}), "SUBJECT"),
            (json!({"sub": "gone"}), "SUBJECT"),
            (json!({"exp": NOW + 361}), "LIFE"),
            (json!({"exp": NOW}), "EXPIRY"),
            (json!({"iat": NOW + 61, "exp": NOW + 300}), "NOT_BEFORE"),
            (json!({"aud": "https://other.example"}), "AUDIENCE"),
            (json!({"aud": [ISSUER, "https://other.example"]}), "AUDIENCE"),
            (json!({"aud": format!("{ISSUER}/")}), "AUDIENCE"),
            (json!({"iss": "https://stranger.example"}), "ISSUER"),
            (json!({"aud_tenant": "600"}), "SUBJECT"),
            (json!({"aud_tenant": 500}), "SUBJECT"),
            (json!({"aud_sub": 7}), "SUBJECT"),
            (json!({"client_id": null}), "CLIENT"),
            (json!({"client_id": server}), "CLIENT"),
            (json!({"client_id": "nobody"}), "CLIENT"),
            (json!({"client_id": 5001}), "CLIENT"),
            (json!({"scope": ["read"]}), "CLIENT"),
            (json!({"resource": 7}), "CLIENT"),
            (json!({"cnf": {"x5t#S256": client_thumbprint()}}), "CLIENT"),
            (json!({"act": {"act": "x"}}), "CLIENT"),
        ] {
            let assertion = id_jag(&tenant, more.clone());
            for _ in 0..2 {
                let answer = present(&tenant, By::Client(WEB), &assertion, &[]).await;
                is_denied(&answer, "invalid_grant");
                let description = text(&answer.json()["error_description"]);
                assert!(description != "The assertion was used before.", "{more}");
            }
            let told = test(&tenant, &assertion, json!({"client_id": tenant.id(WEB)})).await;
            assert_eq!((&told["accepted"], &told["rule"]), (&json!(false), &json!(rule)), "{more} {told}");
        }
        for good in [
            json!({}),
            json!({"aud": [ISSUER], "aud_tenant": "500", "exp": NOW + 360}),
            json!({"client_id": "web-500", "typ": "x"}),
            json!({"sub": "stranger", "aud_sub": "ann"}),
            json!({"sub": "ann", "aud_sub": "unknown-here"}),
        ] {
            let assertion = id_jag(&tenant, good);
            let told = test(&tenant, &assertion, json!({})).await;
            assert_eq!(told["would_issue"], json!({"sub": "ann", "scope": "read write", "expires_in": 600}), "{told}");
            assert_eq!((&told["client_id"], told.get("federated")), (&json!(tenant.id(WEB)), None));
            let granted = present(&tenant, By::Client(WEB), &assertion, &[]).await.ok();
            assert_eq!(tenant.audit(&text(&granted["access_token"])).await["sub"], "ann");
        }
        // One that names another client isn't lost to that.
        let assertion = id_jag(&tenant, json!({"client_id": server}));
        is_denied(&present(&tenant, By::Client(WEB), &assertion, &[]).await, "invalid_grant");
        present(&tenant, By::Client(SERVER), &assertion, &[]).await.ok();
        is_denied(&present(&tenant, By::Client(SERVER), &assertion, &[]).await, "invalid_grant");
    }
}

scenario! {
    async fn the_kind_of_an_assertion_is_told_by_its_header_alone_and_by_what_its_issuer_may_say(app) {
        let tenant = trusting(Tenant::opaque(app).await, json!({})).await;
        let present_as = async |typ: &str| present(&tenant, By::Client(WEB), &signed(typ, &said(&tenant, json!({}))), &[]).await;
        for typ in [ID_JAG, "application/oauth-id-jag+jwt", "OAUTH-ID-JAG+JWT"] {
            present_as(typ).await.ok();
        }
        // An ordinary assertion of the same issuer is judged as any other: what an ID-JAG says means nothing in it.
        let plain = present_as("JWT").await.ok();
        assert_eq!(plain["scope"], "read", "the org's default");
        assert_eq!(tenant.audit(&text(&plain["access_token"])).await["aud"], json!([ISSUER]));
        for typ in ["at+jwt", "oauth-id-jag", "id-jag+jwt", "logout+jwt"] {
            is_denied(&present_as(typ).await, "invalid_grant");
        }
        // It is no proof of a client either, nor a token to exchange.
        let assertion = id_jag(&tenant, json!({"iss": tenant.id(KEYED).to_string(), "sub": tenant.id(KEYED).to_string()}));
        let as_client = [("grant_type", "client_credentials"), ("client_assertion_type", ASSERTION_TYPE), ("client_assertion", assertion.as_str())];
        is_denied(&tenant.token(By::Nothing, &as_client).await, "invalid_client");
        let assertion = id_jag(&tenant, json!({}));
        let exchange = [("grant_type", TOKEN_EXCHANGE), ("subject_token", assertion.as_str()), ("subject_token_type", "urn:ietf:params:oauth:token-type:jwt")];
        is_denied(&tenant.token(By::Client(WEB), &exchange).await, "invalid_request");
        let tenant = trusting(tenant, json!({"id_jag": false})).await;
        is_denied(&present(&tenant, By::Client(WEB), &id_jag(&tenant, json!({})), &[]).await, "invalid_grant");
        let told = test(&tenant, &id_jag(&tenant, json!({})), json!({})).await;
        assert_eq!((&told["rule"], &told["field"]), (&json!("ISSUER"), &json!("settings.assertion_issuers[0].id_jag")));
        present(&tenant, By::Client(WEB), &tenant.assertion(IDP, json!({})), &[]).await.ok();
    }
}

scenario! {
    async fn an_id_jag_bounds_scopes_resources_and_details(app) {
        let tenant = Tenant::opaque(app).await;
        tenant.set(json!({
            "assertion_issuers": [entry(json!({"scopes": ["read", "write"]}))], "resources": [API, MCP], "default_resource": API,
            "authorization_details_types": ["payment", "account"],
        })).await;
        let ask = async |more: Value, form: &[(&str, &str)]| present(&tenant, By::Client(WEB), &id_jag(&tenant, more), form).await;
        let scope_of = async |more: Value, form: &[(&str, &str)]| ask(more, form).await.ok()["scope"].clone();
        assert_eq!(scope_of(json!({}), &[("scope", "write")]).await, "write");
        assert_eq!(scope_of(json!({"scope": "write unknown"}), &[]).await, "write");
        assert_eq!(scope_of(json!({"scope": "unknown"}), &[]).await, json!(null), "no scope has no spelling");
        assert_eq!(scope_of(json!({"scope": null}), &[]).await, "read");
        assert_eq!(scope_of(json!({"sub": "reader"}), &[]).await, "read");
        is_denied(&ask(json!({"scope": "read"}), &[("scope", "read write")]).await, "invalid_scope");
        is_denied(&ask(json!({"sub": "reader"}), &[("scope", "write")]).await, "invalid_scope");
        is_denied(&ask(json!({}), &[("scope", "unknown")]).await, "invalid_scope");
        let aud_of = async |more: Value, form: &[(&str, &str)]| {
            let granted = ask(more, form).await.ok();
            tenant.audit(&text(&granted["access_token"])).await["aud"].clone()
        };
        assert_eq!(aud_of(json!({"resource": [MCP]}), &[]).await, json!([MCP]));
        assert_eq!(aud_of(json!({"resource": ["https://elsewhere.example", MCP]}), &[]).await, json!([MCP]));
        assert_eq!(aud_of(json!({"resource": "https://MCP.example/mcp"}), &[]).await, json!([MCP]), "as the org spells it");
        assert_eq!(aud_of(json!({"resource": [API, MCP]}), &[("resource", API)]).await, json!([API]));
        assert_eq!(aud_of(json!({"resource": null}), &[]).await, json!([API]), "the org's default");
        assert_eq!(aud_of(json!({"resource": null}), &[("resource", MCP)]).await, json!([MCP]));
        is_denied(&ask(json!({"resource": "https://elsewhere.example"}), &[]).await, "invalid_target");
        is_denied(&ask(json!({"resource": []}), &[]).await, "invalid_target");
        is_denied(&ask(json!({"resource": [API, MCP]}), &[]).await, "invalid_target");
        is_denied(&ask(json!({}), &[("resource", API)]).await, "invalid_target");
        let (small, large) = (r#"[{"amount":1,"type":"payment"}]"#, r#"[{"amount":9,"type":"payment"}]"#);
        let details = json!({"authorization_details": [{"type": "payment", "amount": 1}, {"type": "unknown"}, {"type": "account"}]});
        let opened = async |form: &[(&str, &str)]| ask(details.clone(), form).await.ok()["authorization_details"].clone();
        assert_eq!(opened(&[]).await, json!([{"type": "payment", "amount": 1}, {"type": "account"}]));
        assert_eq!(opened(&[("authorization_details", small)]).await, json!([{"type": "payment", "amount": 1}]));
        is_denied(&ask(details.clone(), &[("authorization_details", large)]).await, "invalid_authorization_details");
        is_denied(&ask(json!({}), &[("authorization_details", small)]).await, "invalid_authorization_details");
        is_denied(&ask(details.clone(), &[("authorization_details", r#"[{"type":"unknown"}]"#)]).await, "invalid_authorization_details");
    }
}

scenario! {
    async fn id_jag_4_4_3_one_may_come_again_where_its_issuer_says_so_and_each_needs_a_jti_nevertheless(app) {
        let tenant = trusting(Tenant::opaque(app).await, json!({"reusable": true, "any_subject": true})).await;
        let assertion = id_jag(&tenant, json!({"sub": "somebody", "aud_sub": "as-known-here"}));
        for _ in 0..2 {
            let granted = present(&tenant, By::Client(WEB), &assertion, &[]).await.ok();
            assert_eq!(tenant.audit(&text(&granted["access_token"])).await["sub"], "as-known-here");
        }
        is_denied(&present(&tenant, By::Client(WEB), &id_jag(&tenant, json!({"jti": null})), &[]).await, "invalid_grant");
        is_denied(&present(&tenant, By::Client(WEB), &id_jag(&tenant, json!({"sub": tenant.id(WEB).to_string()})), &[]).await, "invalid_grant");
        app.clock.advance_ms(300_000);
        is_denied(&present(&tenant, By::Client(WEB), &assertion, &[]).await, "invalid_grant");
    }
}

scenario! {
    async fn a_public_client_needs_to_be_named_and_others_may_be(app) {
        let tenant = trusting(Tenant::opaque(app).await, json!({})).await;
        let public = tenant.id(APP);
        let for_public = |tenant: &Tenant<'_>| id_jag(tenant, json!({"client_id": public.to_string()}));
        is_denied(&present(&tenant, By::Client(APP), &for_public(&tenant), &[]).await, "unauthorized_client");
        assert_eq!(test(&tenant, &for_public(&tenant), json!({})).await["rule"], "CLIENT");
        let tenant = trusting(tenant, json!({"clients": [public]})).await;
        present(&tenant, By::Client(APP), &for_public(&tenant), &[]).await.ok();
        is_denied(&present(&tenant, By::Client(WEB), &id_jag(&tenant, json!({})), &[]).await, "invalid_grant");
        assert_eq!(test(&tenant, &id_jag(&tenant, json!({})), json!({})).await["field"], "clients");
    }
}

scenario! {
    async fn id_jag_8_6_1_2_a_bound_one_needs_a_proof_by_that_key(app) {
        let tenant = trusting(Tenant::opaque(app).await, json!({})).await;
        let send = async |assertion: &str, headers: &[(&str, &str)]| {
            tenant.send("/oauth2/token", By::Client(WEB), &[("grant_type", JWT_BEARER), ("assertion", assertion)], headers).await
        };
        let bound = id_jag(&tenant, json!({"cnf": {"jkt": client_thumbprint()}}));
        is_denied(&send(&bound, &[]).await, "invalid_grant");
        let others = id_jag(&tenant, json!({"cnf": {"jkt": issuer_key().jwk().kid.to_string()}}));
        is_denied(&send(&others, &[("DPoP", &proof(json!({})))]).await, "invalid_grant");
        let granted = send(&bound, &[("DPoP", &proof(json!({})))]).await.ok();
        assert_eq!(granted["token_type"], "DPoP");
        assert_eq!(tenant.audit(&text(&granted["access_token"])).await["cnf"], json!({"jkt": client_thumbprint()}));
    }
}

scenario! {
    async fn those_who_acted_before_stay_the_innermost_and_nothing_follows_from_it(app) {
        let tenant = trusting(Tenant::jwt(app).await, json!({})).await;
        let chain = |length: usize| (0..length).rev().fold(json!(null), |inner, n| {
            let act = json!({"sub": format!("agent-{n}"), "client_id": "elsewhere", "iss": IDP});
            if inner.is_null() { act } else { over(act, json!({ "act": inner })) }
        });
        let assertion = id_jag(&tenant, json!({"resource": API, "act": chain(2)}));
        let token = text(&present(&tenant, By::Client(WEB), &assertion, &[]).await.ok()["access_token"]);
        assert_eq!(claims(&token)["act"], json!({"sub": "agent-0", "act": {"sub": "agent-1"}}));
        assert_eq!(tenant.audit(&token).await["act"], json!({"sub": "agent-0", "act": {"sub": "agent-1"}}));
        let path = format!("/v1/orgs/{}/clients/{}", tenant.org, tenant.id(SERVER));
        app.patch(&path, &app.admin, json!({"may_exchange_to": [{"resource": MCP, "scopes": ["read"]}]})).await.ok();
        let on = text(&tenant.exchange(SERVER, &token, &[("resource", MCP)]).await.ok()["access_token"]);
        let server = tenant.id(SERVER).to_string();
        assert_eq!(claims(&on)["act"], json!({"sub": server, "client_id": server, "act": {"sub": "agent-0", "act": {"sub": "agent-1"}}}));
        // As long as the org allows, and no longer.
        present(&tenant, By::Client(WEB), &id_jag(&tenant, json!({"act": chain(4)})), &[]).await.ok();
        let long = id_jag(&tenant, json!({"act": chain(5)}));
        is_denied(&present(&tenant, By::Client(WEB), &long, &[]).await, "invalid_request");
        tenant.set(json!({"assertion_issuers": [entry(json!({}))], "exchange_chain_limit": 5, "resources": [API, MCP]})).await;
        present(&tenant, By::Client(WEB), &long, &[]).await.ok();
        let wide = json!({"act": {"sub": "a".repeat(255), "act": {"sub": "b".repeat(255)}}});
        present(&tenant, By::Client(WEB), &id_jag(&tenant, wide), &[]).await.ok();
    }
}

scenario! {
    async fn id_jag_8_3_our_own_grants_and_those_for_another_org_are_none_here(app) {
        let (tenant, other) = (Tenant::opaque(app).await, Tenant::jwt(app).await);
        let (tenant, other) = (trusting(tenant, json!({})).await, trusting(other, json!({})).await);
        // What the other org trusts says nothing to this one, nor a client of the same name there.
        let elsewhere = id_jag(&other, json!({}));
        is_denied(&present(&tenant, By::Client(WEB), &elsewhere, &[]).await, "invalid_grant");
        is_denied(&present(&tenant, By::Client(WEB), &id_jag(&tenant, json!({"aud_tenant": other.org})), &[]).await, "invalid_grant");
        present(&other, By::Client(WEB), &elsewhere, &[]).await.ok();
        // Ours, which are for somebody else.
        let path = format!("/v1/orgs/{}/clients/{}", tenant.org, tenant.id(WEB));
        let target = |server: &str| json!({"may_exchange_to": [{
            "authorization_server": server, "type": "id-jag", "client_id": tenant.id(WEB).to_string(), "resources": [MCP], "scopes": ["read"],
        }]});
        app.patch(&path, &app.admin, target(ISSUER)).await.is_error(400, "INVALID_REQUEST");
        app.patch(&path, &app.admin, target("https://as.example")).await.ok();
        let assertion = id_jag(&tenant, json!({}));
        let token = text(&present(&tenant, By::Client(WEB), &assertion, &[]).await.ok()["access_token"]);
        let form = [
            ("grant_type", TOKEN_EXCHANGE), ("subject_token", token.as_str()), ("subject_token_type", ACCESS_TOKEN),
            ("requested_token_type", TYPE), ("audience", "https://as.example"),
        ];
        let own = text(&tenant.token(By::Client(WEB), &form).await.ok()["access_token"]);
        is_denied(&present(&tenant, By::Client(WEB), &own, &[]).await, "invalid_grant");
    }
}

scenario! {
    async fn what_an_issuer_is_taken_for_is_shown_and_kept_from_strangers(app) {
        let tenant = trusting(Tenant::opaque(app).await, json!({"subject_tokens": true})).await;
        let path = format!("/v1/orgs/{}", tenant.org);
        let shown = app.get(&path, &app.admin).await.ok()["settings"]["assertion_issuers"][0].clone();
        assert_eq!((&shown["id_jag"], &shown["subject_tokens"]), (&json!(true), &json!(true)));
        let github = |more: Value| json!({"settings": {"assertion_issuers": [over(entry(json!({"issuer": GITHUB, "id_jag": false})), more)]}});
        for taken in ["id_jag", "subject_tokens"] {
            let open = app.patch(&path, &app.admin, github(json!({ taken: true }))).await;
            open.is_error(400, "ISSUER_OPEN_TO_STRANGERS");
            assert_eq!(open.json()["field"], "settings.assertion_issuers[0].claims");
            let weak = json!({"claims": {"repository": "acme*"}});
            app.patch(&path, &app.admin, github(over(json!({ taken: true }), weak))).await.is_error(400, "ISSUER_OPEN_TO_STRANGERS");
            let closed = json!({"claims": {"repository_owner_id": "43356"}});
            app.patch(&path, &app.admin, github(over(json!({ taken: true }), closed))).await.ok();
            app.patch(&path, &app.admin, github(json!({ taken: "yes" }))).await.is_error(400, "INVALID_REQUEST");
        }
    }
}
