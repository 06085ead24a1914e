//! What people have granted to clients: when they are asked again, and the connected apps of their account page.

use bytes::Bytes;
use http::{Method, Request, header};
use serde_json::{Value, json};

use super::sign_in::{OLD, SHOP, SignIn, TOOL, location, parameter};
use super::tenant::{NOW, is_denied};
use crate::support::{Answer, basic, scenario, text};

/// Has people asked for consent by the shop, too.
async fn asking(app: &crate::support::App) -> SignIn<'_> {
    let sign_in = SignIn::opaque(app).await;
    let path = format!("/v1/orgs/{}/clients/{}", sign_in.tenant.org, sign_in.tenant.id(SHOP));
    app.patch(&path, &app.admin, json!({"consent": "required"})).await.ok();
    sign_in
}

/// Whether ann must be asked for consent to a request of a client, and what she has granted before.
async fn consent(sign_in: &SignIn<'_>, client: u64, asked: &[(&str, &str)]) -> Value {
    let begun = sign_in.begin(client, asked).await;
    sign_in.hand_over(Method::GET, &format!("{}?subject=ann", begun.id), None).await.ok()["consent"].clone()
}

/// The answer to who looks after the grants of a person.
async fn grants(app: &crate::support::App, sign_in: &SignIn<'_>, method: Method, target: &str) -> Answer {
    let org = sign_in.tenant.org;
    app.put(&format!("/v1/orgs/{org}/members/account"), &app.admin, json!({"scopes": ["urn:jeton:grants:*"]})).await;
    let bearer = app.token(org, "account", &["urn:jeton:grants:read", "urn:jeton:grants:write"]).await;
    let request = Request::builder().method(method).uri(format!("/v1/orgs/{org}/subjects/{target}"));
    app.send(request.header(header::AUTHORIZATION, format!("Bearer {bearer}")).body(Bytes::new()).unwrap()).await
}

scenario! {
    async fn who_has_granted_everything_before_is_not_asked_again(app) {
        let sign_in = asking(app).await;
        assert_eq!(consent(&sign_in, SHOP, &[]).await, json!({"needed": true}));
        sign_in.tokens(SHOP, &[], json!({"scopes": ["openid"]})).await;
        let granted = json!({"scopes": ["openid"], "resources": [], "at": "2026-11-22T12:00:00Z"});
        assert_eq!(consent(&sign_in, SHOP, &[]).await, json!({"needed": true, "granted": granted}), "`read` is new");
        assert_eq!(consent(&sign_in, SHOP, &[("scope", "openid")]).await["needed"], false);
        app.clock.advance_ms(1_000);
        sign_in.tokens(SHOP, &[], json!({})).await;
        let granted = json!({"scopes": ["openid", "read"], "resources": [], "at": "2026-11-22T12:00:01Z"});
        assert_eq!(consent(&sign_in, SHOP, &[]).await, json!({"needed": false, "granted": granted}));
        assert_eq!(consent(&sign_in, SHOP, &[("prompt", "consent")]).await["needed"], true);
        // Of another person and another client nothing is known.
        let begun = sign_in.begin(SHOP, &[]).await;
        let of_bob = sign_in.hand_over(Method::GET, &format!("{}?subject=bob", begun.id), None).await.ok();
        assert_eq!(of_bob["consent"], json!({"needed": true}));
        assert_eq!(consent(&sign_in, OLD, &[]).await, json!({"needed": true}));
    }
}

scenario! {
    async fn openid_core_3_1_2_1_a_silent_request_gets_a_code_where_the_consent_is_remembered(app) {
        let sign_in = asking(app).await;
        let silent = sign_in.begin(SHOP, &[("prompt", "none")]).await;
        sign_in.try_accept(&silent.id, json!({})).await.is_error(422, "CONSENT_REQUIRED");
        sign_in.tokens(SHOP, &[], json!({"scopes": ["openid"]})).await;
        sign_in.try_accept(&silent.id, json!({})).await.is_error(422, "CONSENT_REQUIRED");
        sign_in.try_accept(&silent.id, json!({"subject": "bob", "scopes": ["openid"]})).await.is_error(422, "CONSENT_REQUIRED");
        // No more than what is remembered.
        let redirect_to = sign_in.accept(&silent, json!({"scopes": ["openid"]})).await;
        let code = parameter(&location(&sign_in.browse(&redirect_to, &silent.cookie).await), "code").unwrap();
        assert_eq!(sign_in.redeem(SHOP, &code, &[], &[]).await.ok()["scope"], "openid");
        sign_in.tokens(SHOP, &[], json!({})).await;
        sign_in.tokens(SHOP, &[("prompt", "none")], json!({})).await;
    }
}

scenario! {
    async fn a_resource_and_what_is_granted_in_detail_need_a_consent_of_their_own(app) {
        let sign_in = asking(app).await;
        sign_in.set(json!({"resources": ["https://a.example", "https://b.example"], "authorization_details_types": ["payment"]})).await;
        let on_a = [("resource", "https://a.example")];
        sign_in.tokens(SHOP, &on_a, json!({})).await;
        assert_eq!(consent(&sign_in, SHOP, &on_a).await["needed"], false);
        assert_eq!(consent(&sign_in, SHOP, &[("resource", "https://b.example")]).await["needed"], true);
        let payment = [("authorization_details", r#"[{"type":"payment"}]"#)];
        sign_in.tokens(SHOP, &payment, json!({})).await;
        assert_eq!(consent(&sign_in, SHOP, &payment).await["needed"], true, "each payment is one of its own");
    }
}

scenario! {
    async fn rfc8252_8_6_an_app_on_the_persons_machine_is_never_remembered(app) {
        let sign_in = asking(app).await;
        for redirect_uri in ["http://127.0.0.1:52011/cb", "com.example.tool:/cb"] {
            let asked = [("redirect_uri", redirect_uri)];
            let code = sign_in.code(TOOL, &asked, json!({})).await;
            sign_in.redeem(TOOL, &code, &asked, &[]).await.ok();
            assert_eq!(consent(&sign_in, TOOL, &asked).await["needed"], true, "anybody can pose as it");
        }
        // But it has a refresh token, and so is among the connected apps.
        let listed = grants(app, &sign_in, Method::GET, "ann/grants").await.ok();
        assert_eq!(listed["grants"][0]["client"]["client_id"], sign_in.tenant.id(TOOL).to_string());
        assert_eq!(listed["grants"][0]["remembered"], false);
    }
}

scenario! {
    async fn who_does_not_want_to_be_remembered_is_asked_the_next_time(app) {
        let sign_in = asking(app).await;
        sign_in.tokens(OLD, &[], json!({"remember": false})).await;
        assert_eq!(grants(app, &sign_in, Method::GET, "ann/grants").await.ok(), json!({"grants": []}), "nor has it a refresh token");
        assert_eq!(consent(&sign_in, OLD, &[]).await, json!({"needed": true}));
        sign_in.tokens(OLD, &[], json!({})).await;
        assert_eq!(consent(&sign_in, OLD, &[]).await["needed"], false);
        sign_in.tokens(OLD, &[], json!({"remember": false})).await;
        assert_eq!(consent(&sign_in, OLD, &[]).await["needed"], true, "what was remembered before is forgotten");
    }
}

scenario! {
    async fn the_connected_apps_of_a_person_are_listed_with_when_they_were_used(app) {
        let sign_in = asking(app).await;
        sign_in.set(json!({"supported_scopes": [{"name": "read", "description": "Read your orders"}]})).await;
        let granted = sign_in.tokens(SHOP, &[], json!({})).await;
        sign_in.tokens(OLD, &[("scope", "openid")], json!({})).await;
        sign_in.tokens(TOOL, &[], json!({"subject": "bob"})).await;
        let list = async |target: &str| grants(app, &sign_in, Method::GET, target).await.ok();
        let [shop, old] = [SHOP, OLD].map(|client| sign_in.tenant.id(client));
        let first = json!({
            "client": {"client_id": shop.to_string(), "name": "Shop", "kind": "registered", "consent": "required"},
            "scopes": [{"name": "openid"}, {"name": "read", "description": "Read your orders"}], "resources": [], "remembered": true,
            "created": "2026-11-22T12:00:00Z", "last_used": "2026-11-22T12:00:00Z"
        });
        let listed = list("ann/grants").await;
        assert_eq!(listed["grants"][0], first);
        assert_eq!(listed["grants"][1]["client"]["client_id"], old.to_string());
        assert_eq!((listed["grants"].as_array().unwrap().len(), &listed["next"]), (2, &Value::Null));
        let page = list("ann/grants?limit=1").await;
        assert_eq!((&page["grants"], &page["next"]), (&json!([first]), &json!(shop)));
        let page = list(&format!("ann/grants?limit=1&after={shop}")).await;
        assert_eq!(page["grants"][0]["client"]["client_id"], old.to_string());
        for bad in ["limit=0", "limit=101", "after=x", "before=1"] {
            grants(app, &sign_in, Method::GET, &format!("ann/grants?{bad}")).await.is_error(400, "INVALID_REQUEST");
        }
        // A use is noted once an hour.
        for (minutes, last_used) in [(30, "12:00:00"), (31, "13:01:00"), (30, "13:01:00")] {
            app.clock.advance_ms(minutes * 60_000);
            sign_in.tenant.refresh(SHOP, text(&granted["refresh_token"]), &[]).await.ok();
            let listed = list("ann/grants").await;
            assert_eq!(listed["grants"][0]["last_used"], format!("2026-11-22T{last_used}Z"));
            assert_eq!(listed["grants"][0]["created"], "2026-11-22T12:00:00Z");
        }
    }
}

scenario! {
    async fn a_disconnected_app_has_nothing_any_more_and_must_ask_again(app) {
        let sign_in = asking(app).await;
        let of_shop = sign_in.tokens(SHOP, &[], json!({})).await;
        let of_old = sign_in.tokens(OLD, &[], json!({})).await;
        let of_bob = sign_in.tokens(SHOP, &[], json!({"subject": "bob"})).await;
        let undecided = sign_in.begin(SHOP, &[]).await;
        let early = sign_in.code(SHOP, &[], json!({})).await;
        let target = format!("ann/grants/{}", sign_in.tenant.id(SHOP));
        assert_eq!(grants(app, &sign_in, Method::DELETE, &target).await.status.as_u16(), 204);
        assert!(!sign_in.tenant.is_live(text(&of_shop["access_token"])).await);
        is_denied(&sign_in.tenant.refresh(SHOP, text(&of_shop["refresh_token"]), &[]).await, "invalid_grant");
        assert!(sign_in.tenant.is_live(text(&of_old["access_token"])).await, "another app");
        assert!(sign_in.tenant.is_live(text(&of_bob["access_token"])).await, "another person");
        is_denied(&sign_in.redeem(SHOP, &early, &[], &[]).await, "invalid_grant");
        app.clock.advance_ms(5_000);
        is_denied(&sign_in.redeem(SHOP, &early, &[], &[]).await, "invalid_grant");
        assert_eq!(consent(&sign_in, SHOP, &[]).await, json!({"needed": true}));
        assert_eq!(consent(&sign_in, OLD, &[]).await["needed"], false);
        for gone in [target.as_str(), "ann/grants/4294967295", "ann/grants/shop", "nobody/grants/1"] {
            grants(app, &sign_in, Method::DELETE, gone).await.is_error(404, "NOT_FOUND");
        }
        // What is decided from then on is good.
        let redirect_to = sign_in.accept(&undecided, json!({})).await;
        let code = parameter(&location(&sign_in.browse(&redirect_to, &undecided.cookie).await), "code").unwrap();
        let anew = sign_in.redeem(SHOP, &code, &[], &[]).await.ok();
        assert!(sign_in.tenant.is_live(text(&anew["access_token"])).await);
        let listed = grants(app, &sign_in, Method::GET, "ann/grants").await.ok();
        assert_eq!(listed["grants"][0]["created"], "2026-11-22T12:00:05Z");
    }
}

scenario! {
    async fn all_apps_of_a_person_are_disconnected_at_once_and_the_member_of_that_name_is_left(app) {
        let sign_in = asking(app).await;
        let of_ann = [sign_in.tokens(SHOP, &[], json!({})).await, sign_in.tokens(OLD, &[], json!({"remember": false})).await];
        let of_bob = sign_in.tokens(SHOP, &[], json!({"subject": "bob"})).await;
        let early = sign_in.code(TOOL, &[], json!({})).await;
        app.put(&format!("/v1/orgs/{}/members/ann", sign_in.tenant.org), &app.admin, json!({"scopes": ["urn:*"]})).await;
        let member = app.token(sign_in.tenant.org, "ann", &["urn:jeton:tokens:read"]).await;
        for _ in 0..2 {
            assert_eq!(grants(app, &sign_in, Method::DELETE, "ann/grants").await.status.as_u16(), 204, "also where there are none");
            for granted in &of_ann {
                assert!(!sign_in.tenant.is_live(text(&granted["access_token"])).await);
            }
            assert_eq!(grants(app, &sign_in, Method::GET, "ann/grants").await.ok(), json!({"grants": []}));
        }
        is_denied(&sign_in.redeem(TOOL, &early, &[], &[]).await, "invalid_grant");
        assert!(sign_in.tenant.is_live(text(&of_bob["access_token"])).await);
        assert!(app.is_live(&member).await);
        app.clock.advance_ms(5_000);
        let anew = sign_in.tokens(SHOP, &[], json!({"auth_time": NOW})).await;
        assert!(sign_in.tenant.is_live(text(&anew["access_token"])).await);
    }
}

scenario! {
    async fn only_who_may_look_after_the_grants_of_the_org_can(app) {
        let sign_in = asking(app).await;
        sign_in.tokens(SHOP, &[], json!({})).await;
        let org = sign_in.tenant.org;
        let all = format!("/v1/orgs/{org}/subjects/ann/grants");
        let one = format!("{all}/{}", sign_in.tenant.id(SHOP));
        let member = format!("/v1/orgs/{org}/members/reader");
        app.put(&member, &app.admin, json!({"scopes": ["urn:jeton:*"]})).await;
        let reader = app.token(org, "reader", &["urn:jeton:grants:read"]).await;
        let decider = app.token(org, "reader", &["urn:jeton:authorizations:decide"]).await;
        app.get(&all, &reader).await.ok();
        for (bearer, path) in [(&reader, &all), (&reader, &one), (&decider, &all), (&decider, &one)] {
            app.delete(path, bearer).await.is_error(403, "ACCESS_DENIED");
        }
        app.get(&all, &decider).await.is_error(403, "ACCESS_DENIED");
        app.get(&all, "x").await.is_error(401, "TOKEN_INVALID");
        let elsewhere = all.replace(&format!("orgs/{org}"), "orgs/600");
        app.get(&elsewhere, &reader).await.is_error(403, "ACCESS_DENIED");
        // An administrator above may, and so may the org by its API secret.
        app.get(&all, &app.admin).await.ok();
        let secret = app.post(&format!("/v1/orgs/{org}/secret"), Some(&app.admin), json!({})).await.ok();
        let by_secret = async |path: &str| {
            let own = basic(org, text(&secret["secret"]));
            let request = Request::builder().method(Method::DELETE).uri(path).header(header::AUTHORIZATION, own);
            app.send(request.body(Bytes::new()).unwrap()).await
        };
        by_secret(&elsewhere).await.is_error(401, "TOKEN_INVALID");
        assert_eq!(by_secret(&one).await.status.as_u16(), 204);
    }
}

scenario! {
    async fn the_tokens_of_a_session_end_with_it_but_for_those_with_offline_access(app) {
        let sign_in = asking(app).await;
        let (mine, offline) = (json!({"session": "s-1"}), [("scope", "openid offline_access")]);
        let in_session = sign_in.tokens(SHOP, &[], mine.clone()).await;
        let of_other_app = sign_in.tokens(OLD, &[], mine.clone()).await;
        let outliving = sign_in.tokens(SHOP, &offline, mine.clone()).await;
        let in_other = sign_in.tokens(SHOP, &[], json!({"session": "s-2"})).await;
        let (early, early_offline) = (sign_in.code(SHOP, &[], mine.clone()).await, sign_in.code(SHOP, &offline, mine).await);
        let org = sign_in.tenant.org;
        let path = format!("/v1/orgs/{org}/sessions/s-1");
        app.delete(&path, &sign_in.login_app().await).await.is_error(403, "ACCESS_DENIED");
        app.delete(&path, "x").await.is_error(401, "TOKEN_INVALID");
        app.put(&format!("/v1/orgs/{org}/members/account"), &app.admin, json!({"scopes": ["urn:jeton:grants:*"]})).await;
        let account = app.token(org, "account", &["urn:jeton:grants:write"]).await;
        app.delete(&path.replace(&format!("orgs/{org}"), "orgs/600"), &account).await.is_error(403, "ACCESS_DENIED");
        assert!(sign_in.tenant.is_live(text(&in_session["access_token"])).await);
        for session in ["s-1", "s-1", "s-nobody"] {
            let ended = app.delete(&format!("/v1/orgs/{org}/sessions/{session}"), &account).await;
            assert_eq!((ended.status.as_u16(), ended.body.len()), (204, 0), "{ended:?}");
        }
        for granted in [&in_session, &of_other_app] {
            assert!(!sign_in.tenant.is_live(text(&granted["access_token"])).await);
        }
        is_denied(&sign_in.tenant.refresh(SHOP, text(&in_session["refresh_token"]), &[]).await, "invalid_grant");
        is_denied(&sign_in.redeem(SHOP, &early, &[], &[]).await, "invalid_grant");
        for granted in [&outliving, &in_other] {
            assert!(sign_in.tenant.is_live(text(&granted["access_token"])).await);
            sign_in.tenant.refresh(SHOP, text(&granted["refresh_token"]), &[]).await.ok();
        }
        is_denied(&sign_in.redeem(SHOP, &early_offline, &[], &[]).await, "invalid_grant");
        // The consent stays.
        assert_eq!(consent(&sign_in, SHOP, &[]).await["needed"], false);
    }
}
