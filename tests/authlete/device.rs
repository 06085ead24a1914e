//! `device/authorization`, `device/verification`, `device/complete` of Authlete's API, and the grant of device codes: RFC 8628.

use std::sync::Arc;

use http::{Method, Request, header};
use serde_json::{Value, json};

use super::sign_in::{NOW, SHOP, SignIn, claims, token_header};
use super::tenant::{OPAQUE, Tenant, content, encoded, is_action, is_denied, members, over, secret, text, v2};
use crate::support::{Answer, App, hashed, race, scenario};

/// Public, may refresh.
const TV: u64 = 1_021;
/// Confidential, is also called `console`, without refresh tokens.
const CONSOLE: u64 = 1_022;

const DEVICE_PAGE: &str = "https://as.example.org/device";
const GRANT: &str = "urn:ietf:params:oauth:grant-type:device_code";

/// A service whose clients have devices.
struct Devices<'a> {
    sign_in: SignIn<'a>,
}

impl<'a> Devices<'a> {
    async fn new(sign_in: SignIn<'a>) -> Self {
        let tenant = sign_in.tenant;
        let client = |id: u64, more: Value| over(json!({"org": tenant.org, "id": sign_in.id(id), "grants": [GRANT]}), more);
        let seed = json!({"clients": [
            client(TV, json!({"kind": "public", "name": "Telly", "grants": [GRANT, "refresh_token"]})),
            client(CONSOLE, json!({
                "kind": "confidential", "alias": "console", "attributes": {"room": "living"},
                "secrets_sha256": [hashed(&secret(tenant.org, CONSOLE))],
            })),
        ]});
        tenant.app.seed(&seed).await.expect("the seed is loaded");
        let made = Self { sign_in };
        made.set(json!({})).await;
        made
    }

    async fn opaque(app: &'a App) -> Self {
        Self::new(SignIn::opaque(app).await).await
    }

    async fn set(&self, more: Value) {
        let grants = ["authorization_code", "refresh_token", "password", GRANT];
        let usual = json!({"device_url": DEVICE_PAGE, "supported_grants": grants});
        self.sign_in.tenant.set(over(usual, more)).await;
    }

    /// The credentials of a client, with the parameters that it sends.
    fn sent(&self, client: u64, form: &str) -> Value {
        let id = self.sign_in.id(client);
        if client == TV {
            json!({"parameters": format!("{form}&client_id={id}")})
        } else {
            json!({"parameters": form, "clientId": id.to_string(), "clientSecret": secret(self.sign_in.tenant.org, client)})
        }
    }

    async fn post(&self, path: &str, body: Value) -> Value {
        self.sign_in.tenant.post(path, body).await
    }

    async fn ask(&self, client: u64, form: &str) -> Value {
        self.post("device/authorization", self.sent(client, form)).await
    }

    /// What a device has got that may ask.
    async fn asked(&self, client: u64, form: &str) -> Value {
        let answer = self.ask(client, form).await;
        is_action(&answer, "OK", "A220001");
        answer
    }

    async fn verify(&self, user_code: &str) -> Value {
        self.post("device/verification", json!({ "userCode": user_code })).await
    }

    async fn complete(&self, asked: &Value, result: &str, more: Value) -> Value {
        let said = json!({"userCode": asked["userCode"], "result": result, "subject": "ann"});
        self.post("device/complete", over(said, more)).await
    }

    async fn poll(&self, client: u64, asked: &Value, more: Value) -> Value {
        let form = format!("grant_type={GRANT}&device_code={}", text(&asked["deviceCode"]));
        self.post("auth/token", over(self.sent(client, &form), more)).await
    }

    /// The answer to the same poll at Jeton's own door.
    async fn poll_at_own_door(&self, device_code: &str) -> Answer {
        let form = format!("grant_type={GRANT}&device_code={device_code}&client_id={TV}");
        let request = Request::builder().method(Method::POST).uri("/oauth2/token");
        let request = request.header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        self.sign_in.tenant.app.send(request.body(form.into()).unwrap()).await
    }
}

scenario! {
    async fn rfc8628_3_a_device_asks_a_person_decides_and_the_device_gets_tokens(app) {
        let devices = Devices::opaque(app).await;
        let asking = "scope=openid+email+read+unknown&acr_values=gold&resource=urn:a";
        let mut asked = devices.asked(TV, asking).await;
        let (user_code, device_code) = (text(&asked["userCode"]).to_owned(), text(&asked["deviceCode"]).to_owned());
        assert!(user_code.len() == 8 && user_code.bytes().all(|b| b"BCDFGHJKLMNPQRSTVWXZ".contains(&b)), "{user_code}");
        let complete = text(&asked["verificationUriComplete"]).to_owned();
        assert_eq!(complete.replace('-', ""), format!("{DEVICE_PAGE}?user_code={user_code}"));
        assert_eq!(content(&asked), json!({
            "device_code": device_code, "user_code": user_code, "verification_uri": DEVICE_PAGE,
            "verification_uri_complete": complete, "expires_in": 600, "interval": 5,
        }));
        let whole = asked.clone();
        for own in ["responseContent", "resultMessage", "deviceCode", "userCode", "verificationUriComplete"] {
            asked.as_object_mut().unwrap().remove(own);
        }
        let scopes = json!([
            {"name": "openid", "defaultEntry": false}, {"name": "email", "defaultEntry": false},
            {"name": "read", "defaultEntry": true, "description": "Read"},
        ]);
        let shown = json!({
            "clientId": 1_021, "clientIdAliasUsed": false, "clientName": "Telly", "scopes": scopes,
            "claimNames": ["email", "email_verified"], "acrs": ["gold"], "resources": ["urn:a"],
            "serviceAttributes": [{"key": "region", "value": "north"}],
        });
        let own = json!({
            "resultCode": "A220001", "action": "OK", "verificationUri": DEVICE_PAGE, "expiresIn": 600, "interval": 5,
            "clientAuthMethod": "NONE",
        });
        assert_eq!(asked, over(own, shown.clone()));
        is_denied(&devices.poll(TV, &whole, json!({})).await, "BAD_REQUEST", "A242307", "authorization_pending");

        let typed = format!(" {}-{} ", user_code[..4].to_lowercase(), &user_code[4..]);
        for _ in 0..2 {
            let seen = devices.verify(&typed).await;
            let expected = json!({
                "resultCode": "A224001", "resultMessage": "[A224001] The user code is valid.", "action": "VALID",
                "expiresAt": (NOW + 600) * 1_000,
            });
            let expected = over(expected, shown.clone());
            assert_eq!(over(seen.clone(), json!({"expiresAt": null})), over(expected, json!({"expiresAt": null})));
            assert!(seen["expiresAt"].as_i64().is_some_and(|at| (NOW + 600..NOW + 602).contains(&(at / 1_000))), "{seen}");
        }
        let said = json!({
            "userCode": typed, "authTime": NOW, "acr": "gold", "claims": "{\"email\":\"ann@a.example\"}", "sub": "pair",
            "idtHeaderParams": "{\"x\":1}", "properties": [{"key": "k", "value": "v"}], "accessTokenDuration": 60,
            "refreshTokenDuration": 600, "consentedClaims": ["email"],
        });
        let decided = devices.complete(&whole, "AUTHORIZED", said).await;
        is_action(&decided, "SUCCESS", "A241001");
        assert_eq!(members(&decided), ["action", "resultCode", "resultMessage"]);
        is_action(&devices.verify(&typed).await, "NOT_EXIST", "A224301");

        let granted = devices.poll(TV, &whole, json!({"properties": [{"key": "more", "value": "w"}]})).await;
        is_action(&granted, "OK", "A242001");
        assert_eq!((&granted["grantType"], &granted["subject"]), (&json!("DEVICE_CODE"), &json!("ann")));
        assert_eq!((&granted["accessTokenDuration"], &granted["refreshTokenDuration"]), (&json!(60), &json!(600)));
        assert_eq!(granted["properties"].as_array().unwrap().len(), 2);
        let id_token = &granted["idToken"];
        assert_eq!(token_header(id_token)["x"], 1);
        let told = claims(id_token);
        assert_eq!((&told["sub"], &told["email"], &told["acr"]), (&json!("pair"), &json!("ann@a.example"), &json!("gold")));
        assert_eq!((&told["aud"], told.get("nonce")), (&json!(["1021"]), None));
        let known = devices.post("auth/userinfo", json!({"token": granted["accessToken"]})).await;
        is_action(&known, "OK", "A091001");
        assert_eq!(known["consentedClaims"], json!(["email"]));
        // The answer may have been lost: a second poll ends nothing.
        is_denied(&devices.poll(TV, &whole, json!({})).await, "BAD_REQUEST", "A242303", "invalid_grant");
        assert!(devices.sign_in.tenant.is_live(&granted["accessToken"]).await);
    }
}

scenario! {
    async fn rfc8628_3_5_a_device_polls_as_often_as_it_may(app) {
        let devices = Devices::opaque(app).await;
        let asked = devices.asked(TV, "").await;
        for (after_ms, code, error) in [
            (0, "A242307", "authorization_pending"),
            (4_999, "A242306", "slow_down"),
            (5_000, "A242306", "slow_down"),
            (5_001, "A242307", "authorization_pending"),
        ] {
            app.clock.advance_ms(after_ms);
            is_denied(&devices.poll(TV, &asked, json!({})).await, "BAD_REQUEST", code, error);
        }
        is_action(&devices.complete(&asked, "AUTHORIZED", json!({})).await, "SUCCESS", "A241001");
        // What is decided is told however early the device comes.
        is_action(&devices.poll(TV, &asked, json!({})).await, "OK", "A242001");
    }
}

scenario! {
    async fn rfc8628_3_5_a_device_is_told_that_it_was_denied_failed_or_came_too_late(app) {
        let devices = Devices::opaque(app).await;
        let told = json!({"errorDescription": "Not \"now\"", "errorUri": "https://as.example.org/no", "subject": null});
        for (result, code, error) in [("ACCESS_DENIED", "A242308", "access_denied"), ("TRANSACTION_FAILED", "A242305", "expired_token")] {
            let asked = devices.asked(TV, "").await;
            is_action(&devices.complete(&asked, result, told.clone()).await, "SUCCESS", "A241001");
            let denied = devices.poll(TV, &asked, json!({})).await;
            is_action(&denied, "BAD_REQUEST", code);
            let expected = json!({"error": error, "error_description": "Not now", "error_uri": "https://as.example.org/no"});
            assert_eq!(content(&denied), expected);
            let plain = devices.asked(TV, "").await;
            is_action(&devices.complete(&plain, result, json!({})).await, "SUCCESS", "A241001");
            is_denied(&devices.poll(TV, &plain, json!({})).await, "BAD_REQUEST", code, error);
            // The answer may have been lost.
            is_denied(&devices.poll(TV, &plain, json!({})).await, "BAD_REQUEST", code, error);
        }
        let late = devices.asked(TV, "").await;
        app.clock.advance_ms(600_000);
        is_denied(&devices.poll(TV, &late, json!({})).await, "BAD_REQUEST", "A242305", "expired_token");
        is_action(&devices.verify(text(&late["userCode"])).await, "EXPIRED", "A224302");
        is_action(&devices.complete(&late, "AUTHORIZED", json!({})).await, "USER_CODE_EXPIRED", "A240302");
        app.clock.advance_ms(600_000);
        is_denied(&devices.poll(TV, &late, json!({})).await, "BAD_REQUEST", "A242303", "invalid_grant");
        is_action(&devices.verify(text(&late["userCode"])).await, "NOT_EXIST", "A224301");
        is_action(&devices.complete(&late, "AUTHORIZED", json!({})).await, "USER_CODE_NOT_EXIST", "A240301");
    }
}

scenario! {
    async fn a_decision_is_made_once_and_a_call_that_cannot_be_understood_decides_nothing(app) {
        let devices = Devices::opaque(app).await;
        let asked = devices.asked(CONSOLE, "scope=openid+read").await;
        for bad in [
            json!({"userCode": null}),
            json!({"result": null}),
            json!({"result": "DENIED"}),
            json!({"subject": null}),
            json!({"subject": "1022"}),
            json!({"scopes": ["no.such.scope"]}),
            json!({"claims": "[]"}),
            json!({"authTime": -1}),
            json!({"authTime": NOW + 86_400}),
            json!({"result": "ACCESS_DENIED", "errorUri": "a b"}),
        ] {
            let refused = devices.complete(&asked, "AUTHORIZED", bad.clone()).await;
            assert_eq!(refused["action"], "INVALID_REQUEST", "{bad}: {refused}");
        }
        for unknown in ["BBBBBBBB", "x", ""] {
            is_action(&devices.verify(unknown).await, "NOT_EXIST", "A224301");
        }
        is_action(&devices.post("device/verification", json!({})).await, "NOT_EXIST", "A224301");
        let elsewhere = Tenant::jwt(app).await;
        let known = elsewhere.post("device/verification", json!({"userCode": asked["userCode"]})).await;
        is_action(&known, "NOT_EXIST", "A224301");
        is_action(&devices.verify(text(&asked["userCode"])).await, "VALID", "A224001");

        is_action(&devices.complete(&asked, "AUTHORIZED", json!({"scopes": ["read"]})).await, "SUCCESS", "A241001");
        for result in ["AUTHORIZED", "ACCESS_DENIED", "TRANSACTION_FAILED"] {
            is_action(&devices.complete(&asked, result, json!({})).await, "USER_CODE_NOT_EXIST", "A240301");
        }
        let granted = devices.poll(CONSOLE, &asked, json!({})).await;
        is_action(&granted, "OK", "A242001");
        assert_eq!((&granted["scopes"], granted.get("idToken"), granted.get("refreshToken")), (&json!(["read"]), None, None));
    }
}

scenario! {
    async fn what_the_client_demands_of_a_sign_in_is_checked(app) {
        let devices = Devices::opaque(app).await;
        let wanted = r#"{"id_token":{"acr":{"essential":true,"values":["gold"]},"sub":{"value":"ann"},"email":null}}"#;
        let asked = devices.asked(TV, &format!("scope=openid&claims={}", encoded(wanted))).await;
        assert_eq!((&asked["acrs"], &asked["claimNames"]), (&json!(["gold"]), &json!(["email"])));
        for wrong in [json!({}), json!({"acr": "silver"}), json!({"acr": "gold", "subject": "bob"})] {
            is_action(&devices.complete(&asked, "AUTHORIZED", wrong).await, "INVALID_REQUEST", "A240216");
        }
        is_action(&devices.complete(&asked, "AUTHORIZED", json!({"acr": "gold"})).await, "SUCCESS", "A241001");
    }
}

scenario! {
    async fn not_every_device_may_ask(app) {
        let devices = Devices::opaque(app).await;
        for (client, said, action, code, error) in [
            (CONSOLE, json!({"clientSecret": "wrong"}), "UNAUTHORIZED", "A221310", "invalid_client"),
            (TV, json!({"parameters": "client_id=4711"}), "UNAUTHORIZED", "A221310", "invalid_client"),
            (TV, json!({"parameters": "scope=read"}), "UNAUTHORIZED", "A221311", "invalid_client"),
            (CONSOLE, json!({"parameters": "scope=%zz"}), "BAD_REQUEST", "A221307", "invalid_request"),
            (CONSOLE, json!({"parameters": "scope=a&scope=b"}), "BAD_REQUEST", "A221307", "invalid_request"),
            (CONSOLE, json!({"parameters": "scope=%22"}), "BAD_REQUEST", "A221336", "invalid_scope"),
            (CONSOLE, json!({"parameters": "resource=x"}), "BAD_REQUEST", "A221338", "invalid_target"),
            (CONSOLE, json!({"parameters": null}), "INTERNAL_SERVER_ERROR", "A221201", "server_error"),
            (SHOP, json!({}), "BAD_REQUEST", "A221304", "unauthorized_client"),
        ] {
            let body = over(devices.sent(client, "scope=read"), said);
            is_denied(&devices.post("device/authorization", body).await, action, code, error);
        }
        devices.set(json!({"device_url": null})).await;
        is_denied(&devices.ask(TV, "").await, "INTERNAL_SERVER_ERROR", "A221603", "server_error");
        devices.set(json!({"supported_grants": ["refresh_token"]})).await;
        is_denied(&devices.ask(TV, "").await, "BAD_REQUEST", "A221304", "unauthorized_client");
        devices.set(json!({"device_code_duration": 60, "device_poll_interval": 9})).await;
        let asked = devices.asked(CONSOLE, "scope=read").await;
        assert_eq!((&asked["expiresIn"], &asked["interval"]), (&json!(60), &json!(9)));
        let by_alias = over(devices.sent(CONSOLE, "scope=openid"), json!({"clientId": "console"}));
        let asked = devices.post("device/authorization", by_alias).await;
        is_action(&asked, "OK", "A220001");
        assert_eq!((&asked["clientIdAliasUsed"], &asked["clientIdAlias"]), (&json!(true), &json!("console")));
        is_action(&devices.complete(&asked, "AUTHORIZED", json!({})).await, "SUCCESS", "A241001");
        let granted = devices.poll(CONSOLE, &asked, json!({})).await;
        assert_eq!(claims(&granted["idToken"])["aud"], json!(["console"]));
    }
}

scenario! {
    async fn a_device_code_is_of_one_client_and_ends_with_what_was_decided(app) {
        let devices = Devices::opaque(app).await;
        let asked = devices.asked(TV, "scope=read").await;
        is_action(&devices.complete(&asked, "AUTHORIZED", json!({})).await, "SUCCESS", "A241001");
        is_denied(&devices.poll(CONSOLE, &asked, json!({})).await, "BAD_REQUEST", "A242303", "invalid_grant");
        let forged = json!({"deviceCode": format!("{}x", text(&asked["deviceCode"]))});
        is_denied(&devices.poll(TV, &forged, json!({})).await, "BAD_REQUEST", "A242303", "invalid_grant");
        let lacking = devices.post("auth/token", devices.sent(TV, &format!("grant_type={GRANT}"))).await;
        is_denied(&lacking, "BAD_REQUEST", "A242301", "invalid_request");
        is_action(&devices.poll(TV, &asked, json!({})).await, "OK", "A242001");

        let revoked = devices.asked(TV, "scope=read").await;
        is_action(&devices.complete(&revoked, "AUTHORIZED", json!({})).await, "SUCCESS", "A241001");
        devices.post("auth/token/revoke", json!({"subject": "ann"})).await;
        is_denied(&devices.poll(TV, &revoked, json!({})).await, "BAD_REQUEST", "A242303", "invalid_grant");
        let locked = devices.asked(TV, "scope=read").await;
        devices.post("client/lock_flag/update/1021", json!({"clientLocked": true})).await;
        is_action(&devices.verify(text(&locked["userCode"])).await, "NOT_EXIST", "A224301");
        is_action(&devices.complete(&locked, "AUTHORIZED", json!({})).await, "USER_CODE_NOT_EXIST", "A240301");
    }
}

scenario! {
    async fn what_a_device_asks_for_at_one_door_is_decided_and_polled_at_the_other(app) {
        let devices = Devices::opaque(app).await;
        // It asks here, a login application of Jeton's decides, and it polls here.
        let asked = devices.asked(TV, "scope=openid+read").await;
        let find = async |user_code: &Value, by: &str| {
            let attempt = json!({"user_code": user_code, "attempt_by": by, "org": OPAQUE});
            app.post("/v1/authorizations/find", Some(&app.admin), attempt).await.ok()
        };
        let found = find(&asked["userCode"], "ann").await;
        let path = format!("/v1/authorizations/{}/accept", text(&found["id"]));
        app.post(&path, Some(&app.admin), json!({"subject": "ann", "auth_time": NOW})).await.ok();
        let granted = devices.poll(TV, &asked, json!({})).await;
        is_action(&granted, "OK", "A242001");
        assert_eq!(claims(&granted["idToken"])["aud"], "1021");

        // It asks at Jeton's own door, an authorization server decides, and it polls there.
        let request = Request::builder().method(Method::POST).uri("/oauth2/device_authorization");
        let request = request.header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        let told = app.send(request.body(format!("client_id={TV}&scope=openid").into()).unwrap()).await.ok();
        is_action(&devices.verify(text(&told["user_code"])).await, "VALID", "A224001");
        let decided = devices.complete(&json!({"userCode": told["user_code"]}), "AUTHORIZED", json!({})).await;
        is_action(&decided, "SUCCESS", "A241001");
        let granted = devices.poll_at_own_door(text(&told["device_code"])).await.ok();
        assert_eq!(claims(&granted["id_token"])["sub"], "ann");

        // Both doors have one decision between them.
        let asked = devices.asked(TV, "").await;
        let found = find(&asked["userCode"], "bob").await;
        is_action(&devices.complete(&asked, "ACCESS_DENIED", json!({})).await, "SUCCESS", "A241001");
        let path = format!("/v1/authorizations/{}/accept", text(&found["id"]));
        let late = app.post(&path, Some(&app.admin), json!({"subject": "ann", "auth_time": NOW})).await;
        late.is_error(409, "AUTHORIZATION_DECIDED");
        assert_eq!(devices.poll_at_own_door(text(&asked["deviceCode"])).await.json()["error"], "access_denied");
    }
}

scenario! {
    async fn version_2_has_the_same_calls(app) {
        let devices = Devices::opaque(app).await;
        let asked = v2(app, OPAQUE, "device/authorization", devices.sent(CONSOLE, "scope=read")).await.ok();
        is_action(&asked, "OK", "A220001");
        let seen = v2(app, OPAQUE, "device/verification", json!({"userCode": asked["userCode"]})).await.ok();
        is_action(&seen, "VALID", "A224001");
        let said = json!({"userCode": asked["userCode"], "result": "AUTHORIZED", "subject": "ann"});
        is_action(&v2(app, OPAQUE, "device/complete", said).await.ok(), "SUCCESS", "A241001");
        is_action(&devices.poll(CONSOLE, &asked, json!({})).await, "OK", "A242001");
    }
}

race! {
    async fn of_many_decisions_one_is_kept_and_of_many_polls_one_gets_the_token(app) {
        let devices = Devices::opaque(app).await;
        for _ in 0..3 {
            let asked = devices.asked(TV, "scope=read").await;
            let decide = |app: Arc<App>, nth: usize| {
                let result = ["AUTHORIZED", "ACCESS_DENIED"][nth % 2];
                let said = json!({"userCode": asked["userCode"], "result": result, "subject": format!("person-{nth}")});
                tokio::spawn(async move { Tenant::new(&app, OPAQUE).post("device/complete", said).await })
            };
            let answers = futures::future::try_join_all((0..64).map(|nth| decide(app.clone(), nth))).await.unwrap();
            let good: Vec<_> = (0..64).filter(|nth| answers[*nth]["action"] == "SUCCESS").collect();
            assert_eq!(good.len(), 1, "{answers:?}");
            assert_eq!(answers.iter().filter(|answer| answer["action"] == "USER_CODE_NOT_EXIST").count(), 63);

            let body = devices.sent(TV, &format!("grant_type={GRANT}&device_code={}", text(&asked["deviceCode"])));
            let poll = |app: Arc<App>| {
                let body = body.clone();
                tokio::spawn(async move { Tenant::new(&app, OPAQUE).post("auth/token", body).await })
            };
            let polls = futures::future::try_join_all((0..64).map(|_| poll(app.clone()))).await.unwrap();
            let granted: Vec<_> = polls.iter().filter(|answer| answer["action"] == "OK").collect();
            if good[0] % 2 == 0 {
                assert_eq!(granted.len(), 1, "{polls:?}");
                assert_eq!(granted[0]["subject"], format!("person-{}", good[0]));
                assert!(devices.sign_in.tenant.is_live(&granted[0]["accessToken"]).await);
            } else {
                assert!(granted.is_empty() && polls.iter().all(|answer| answer["resultCode"] == "A242308"), "{polls:?}");
            }
        }
    }
}

scenario! {
    async fn wrong_codes_lock_nobody_out(app) {
        let devices = Devices::opaque(app).await;
        let asked = devices.asked(TV, "").await;
        for _ in 0..20 {
            is_action(&devices.verify("BBBBBBBB").await, "NOT_EXIST", "A224301");
        }
        is_action(&devices.verify(text(&asked["userCode"])).await, "VALID", "A224001");
    }
}
