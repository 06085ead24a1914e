//! `backchannel/authentication`, its `issue`, `fail` and `complete` of Authlete's API, and the grant of what comes of them: OpenID Connect
//! CIBA.

use std::sync::Arc;

use serde_json::{Value, json};

use super::sign_in::{NOW, SHOP, SignIn, claims, token_header};
use super::tenant::{OPAQUE, Tenant, content, encoded, is_action, is_denied, members, over, secret, text, v2};
use crate::support::{Answer, App, hashed, race, scenario};

/// Polls, is also called `till`, and may refresh.
const TILL: u64 = 1_031;
/// Is pinged, and is registered with a user code.
const BANK: u64 = 1_032;
/// Would be pushed its tokens.
const PUSHED: u64 = 1_033;
/// Public.
const APPLET: u64 = 1_034;
/// Says nothing of how it learns what comes of its requests.
const SILENT: u64 = 1_035;
/// Is registered to sign its requests.
const SIGNER: u64 = 1_036;

const GRANT: &str = "urn:openid:params:grant-type:ciba";
const NOTIFIED: &str = "https://bank.example/notified";
const NOTIFICATION_TOKEN: &str = "8d67dc78-7faa-4d41-aabd-67707b374255";
const REQUEST: &str = "backchannel/authentication";
const ISSUE: &str = "backchannel/authentication/issue";
const FAIL: &str = "backchannel/authentication/fail";
const COMPLETE: &str = "backchannel/authentication/complete";

/// A service whose clients ask for people who are elsewhere.
struct Elsewhere<'a> {
    sign_in: SignIn<'a>,
}

impl<'a> Elsewhere<'a> {
    async fn new(sign_in: SignIn<'a>) -> Self {
        let tenant = sign_in.tenant;
        let client = |id: u64, kind: &str| {
            let secrets: Vec<_> = (kind == "confidential").then(|| hashed(&secret(tenant.org, id))).into_iter().collect();
            json!({"org": tenant.org, "id": sign_in.id(id), "kind": kind, "grants": [GRANT], "secrets_sha256": secrets})
        };
        let confidential = [TILL, BANK, PUSHED, SILENT, SIGNER].map(|id| client(id, "confidential"));
        let clients: Vec<_> = confidential.into_iter().chain([client(APPLET, "public")]).collect();
        tenant.app.seed(&json!({ "clients": clients })).await.expect("the seed is loaded");
        for (client, registered) in [
            (
                TILL,
                json!({
                    "clientIdAlias": "till", "clientName": "Till", "grantTypes": ["CIBA", "REFRESH_TOKEN"], "bcDeliveryMode": "POLL",
                    "attributes": [{"key": "floor", "value": "1"}],
                }),
            ),
            (BANK, json!({"bcDeliveryMode": "PING", "bcNotificationEndpoint": NOTIFIED, "bcUserCodeRequired": true})),
            (PUSHED, json!({"bcDeliveryMode": "PUSH", "bcNotificationEndpoint": NOTIFIED})),
            (SIGNER, json!({"bcDeliveryMode": "POLL", "bcRequestSignAlg": "ES256"})),
        ] {
            let body = over(json!({"clientType": "CONFIDENTIAL", "grantTypes": ["CIBA"]}), registered);
            tenant.post(&format!("client/update/{}", sign_in.id(client)), body).await;
        }
        let made = Self { sign_in };
        made.set(json!({})).await;
        made
    }

    async fn opaque(app: &'a App) -> Self {
        Self::new(SignIn::opaque(app).await).await
    }

    async fn set(&self, more: Value) {
        let usual = json!({"supported_grants": ["authorization_code", "refresh_token", GRANT]});
        self.sign_in.tenant.set(over(usual, more)).await;
    }

    /// The credentials of a client, with the parameters that it sends.
    fn sent(&self, client: u64, form: &str) -> Value {
        let id = self.sign_in.id(client);
        if client == APPLET {
            json!({"parameters": format!("{form}&client_id={id}")})
        } else {
            json!({"parameters": form, "clientId": id.to_string(), "clientSecret": secret(self.sign_in.tenant.org, client)})
        }
    }

    async fn post(&self, path: &str, body: Value) -> Value {
        self.sign_in.tenant.post(path, body).await
    }

    async fn ask(&self, client: u64, form: &str) -> Value {
        self.post(REQUEST, self.sent(client, form)).await
    }

    /// A good request of a client that polls.
    async fn asked(&self, form: &str) -> Value {
        let answer = self.ask(TILL, form).await;
        is_action(&answer, "USER_IDENTIFICATION", "A179001");
        answer
    }

    async fn issue(&self, asked: &Value) -> Value {
        self.post(ISSUE, json!({"ticket": asked["ticket"]})).await
    }

    /// The `auth_req_id` of a good request.
    async fn issued(&self, asked: &Value) -> Value {
        let issued = self.issue(asked).await;
        is_action(&issued, "OK", "A183001");
        issued["authReqId"].clone()
    }

    /// A request of a client that polls, as far as its person is asked: its ticket, and what the client polls with.
    async fn waiting(&self, form: &str) -> (Value, Value) {
        let asked = self.asked(form).await;
        let auth_req_id = self.issued(&asked).await;
        (asked, auth_req_id)
    }

    async fn complete(&self, asked: &Value, result: &str, more: Value) -> Value {
        let said = json!({"ticket": asked["ticket"], "result": result, "subject": "ann"});
        self.post(COMPLETE, over(said, more)).await
    }

    async fn poll(&self, client: u64, auth_req_id: &Value, more: Value) -> Value {
        let form = format!("grant_type={GRANT}&auth_req_id={}", text(auth_req_id));
        self.post("auth/token", over(self.sent(client, &form), more)).await
    }
}

/// What a client asks that says no more than it must.
const PLAIN: &str = "scope=openid+read&login_hint=ann";

scenario! {
    async fn ciba_7_10_a_client_names_a_person_the_person_decides_elsewhere_and_the_client_gets_tokens(app) {
        let people = Elsewhere::opaque(app).await;
        let form = format!(
            "scope=openid+email+read+unknown&login_hint=ann%40a.example&binding_message=W4SCT&acr_values=gold&resource=urn:a&user_code=1234\
             &requested_expiry=120&request_context={}&client_notification_token=unused",
            encoded(r#"{"shop": "north"}"#),
        );
        let mut asked = people.asked(&form).await;
        let whole = asked.clone();
        let ticket = text(&asked["ticket"]).to_owned();
        for own in ["ticket", "resultMessage"] {
            asked.as_object_mut().unwrap().remove(own);
        }
        let shown = json!({
            "clientId": 1_031, "clientIdAlias": "till", "clientIdAliasUsed": false, "clientName": "Till", "resources": ["urn:a"],
            "serviceAttributes": [{"key": "region", "value": "north"}], "clientAttributes": [{"key": "floor", "value": "1"}],
        });
        let scopes = json!([
            {"name": "openid", "defaultEntry": false}, {"name": "email", "defaultEntry": false},
            {"name": "read", "defaultEntry": true, "description": "Read"},
        ]);
        let own = json!({
            "resultCode": "A179001", "action": "USER_IDENTIFICATION", "deliveryMode": "POLL", "hintType": "LOGIN_HINT",
            "hint": "ann@a.example", "bindingMessage": "W4SCT", "userCode": "1234", "userCodeRequired": false, "requestedExpiry": 120,
            "requestContext": "{\"shop\": \"north\"}", "clientAuthMethod": "CLIENT_SECRET_BASIC", "scopes": scopes,
            "claimNames": ["email", "email_verified"], "acrs": ["gold"],
        });
        assert_eq!(asked, over(own, shown.clone()));
        let issued = people.issue(&whole).await;
        is_action(&issued, "OK", "A183001");
        let auth_req_id = issued["authReqId"].clone();
        assert_eq!((&issued["expiresIn"], &issued["interval"]), (&json!(120), &json!(5)));
        assert_eq!(content(&issued), json!({"auth_req_id": auth_req_id, "expires_in": 120, "interval": 5}));
        assert!(!text(&auth_req_id).contains(&ticket) && text(&auth_req_id).len() <= 140, "{auth_req_id}");
        is_denied(&people.poll(TILL, &auth_req_id, json!({})).await, "BAD_REQUEST", "A200307", "authorization_pending");

        let said = json!({
            "authTime": NOW, "acr": "gold", "claims": "{\"email\":\"ann@a.example\"}", "sub": "pair", "idtHeaderParams": "{\"x\":1}",
            "properties": [{"key": "k", "value": "v"}], "accessTokenDuration": 60, "refreshTokenDuration": 600,
            "consentedClaims": ["email"],
        });
        let mut decided = people.complete(&whole, "AUTHORIZED", said).await;
        decided.as_object_mut().unwrap().remove("resultMessage");
        let own = json!({"resultCode": "A198001", "action": "NO_ACTION", "deliveryMode": "POLL", "authReqId": auth_req_id});
        assert_eq!(decided, over(own, shown));

        let granted = people.poll(TILL, &auth_req_id, json!({"properties": [{"key": "more", "value": "w"}]})).await;
        is_action(&granted, "OK", "A200001");
        assert_eq!((&granted["grantType"], &granted["subject"]), (&json!("CIBA"), &json!("ann")));
        assert_eq!((&granted["accessTokenDuration"], &granted["refreshTokenDuration"]), (&json!(60), &json!(600)));
        assert_eq!(granted["properties"].as_array().unwrap().len(), 2);
        let id_token = &granted["idToken"];
        assert_eq!(token_header(id_token)["x"], 1);
        let told = claims(id_token);
        assert_eq!((&told["sub"], &told["email"], &told["acr"]), (&json!("pair"), &json!("ann@a.example"), &json!("gold")));
        assert_eq!((&told["aud"], told.get("urn:openid:params:jwt:claim:auth_req_id")), (&json!(["1031"]), None));
        let known = people.post("auth/userinfo", json!({"token": granted["accessToken"]})).await;
        is_action(&known, "OK", "A091001");
        // The answer may have been lost: a second poll ends nothing.
        is_denied(&people.poll(TILL, &auth_req_id, json!({})).await, "BAD_REQUEST", "A200304", "invalid_grant");
        assert!(people.sign_in.tenant.is_live(&granted["accessToken"]).await);
        let refresh = format!("grant_type=refresh_token&refresh_token={}", text(&granted["refreshToken"]));
        is_action(&people.post("auth/token", people.sent(TILL, &refresh)).await, "OK", "A052001");
        app.clock.advance_ms(300_000);
        is_denied(&people.poll(TILL, &auth_req_id, json!({})).await, "BAD_REQUEST", "A200304", "invalid_grant");
    }
}

scenario! {
    async fn ciba_10_2_a_client_that_is_pinged_is_told_where_it_has_registered_and_by_its_own_token(app) {
        let people = Elsewhere::opaque(app).await;
        let form = format!("{PLAIN}&client_notification_token={NOTIFICATION_TOKEN}");
        for (result, code) in [("AUTHORIZED", "A200001"), ("ACCESS_DENIED", "A200308"), ("TRANSACTION_FAILED", "A200309")] {
            let asked = people.ask(BANK, &form).await;
            is_action(&asked, "USER_IDENTIFICATION", "A179001");
            assert_eq!((&asked["deliveryMode"], &asked["clientNotificationToken"]), (&json!("PING"), &json!(NOTIFICATION_TOKEN)));
            let auth_req_id = people.issued(&asked).await;
            let decided = people.complete(&asked, result, json!({})).await;
            is_action(&decided, "NOTIFICATION", "A198001");
            assert_eq!(content(&decided), json!({ "auth_req_id": auth_req_id }));
            assert_eq!(
                (&decided["clientNotificationEndpoint"], &decided["clientNotificationToken"], &decided["authReqId"]),
                (&json!(NOTIFIED), &json!(NOTIFICATION_TOKEN), &auth_req_id)
            );
            assert_eq!(people.poll(BANK, &auth_req_id, json!({})).await["resultCode"], code, "{result}");
        }
        for bad in [String::new(), "b%C3%A4d".to_owned(), "a+b".to_owned(), "===".to_owned(), "a".repeat(1_025)] {
            let form = format!("{PLAIN}&client_notification_token={bad}");
            is_denied(&people.ask(BANK, &form).await, "BAD_REQUEST", "A179634", "invalid_request");
        }
        // A client can't be pinged at an address that is no longer there: it polls.
        let asked = people.ask(BANK, &form).await;
        let auth_req_id = people.issued(&asked).await;
        let polls = json!({"clientType": "CONFIDENTIAL", "grantTypes": ["CIBA"], "bcDeliveryMode": "POLL"});
        people.post(&format!("client/update/{BANK}"), polls).await;
        is_action(&people.complete(&asked, "AUTHORIZED", json!({})).await, "NO_ACTION", "A198001");
        is_action(&people.poll(BANK, &auth_req_id, json!({})).await, "OK", "A200001");
    }
}

scenario! {
    async fn ciba_11_a_client_polls_as_often_as_it_may(app) {
        let people = Elsewhere::opaque(app).await;
        let (asked, auth_req_id) = people.waiting(PLAIN).await;
        for (after_ms, code, error) in [
            (0, "A200307", "authorization_pending"),
            (4_999, "A200306", "slow_down"),
            (5_000, "A200306", "slow_down"),
            (5_001, "A200307", "authorization_pending"),
        ] {
            app.clock.advance_ms(after_ms);
            is_denied(&people.poll(TILL, &auth_req_id, json!({})).await, "BAD_REQUEST", code, error);
        }
        is_action(&people.complete(&asked, "AUTHORIZED", json!({})).await, "NO_ACTION", "A198001");
        // What is decided is told however early the client comes.
        is_action(&people.poll(TILL, &auth_req_id, json!({})).await, "OK", "A200001");
    }
}

scenario! {
    async fn ciba_11_a_client_is_told_that_it_was_denied_failed_or_came_too_late(app) {
        let people = Elsewhere::opaque(app).await;
        let told = json!({"errorDescription": "Not \"now\"", "errorUri": "https://as.example.org/no", "subject": null});
        for (result, code, error) in [("ACCESS_DENIED", "A200308", "access_denied"), ("TRANSACTION_FAILED", "A200309", "expired_token")] {
            let (asked, auth_req_id) = people.waiting(PLAIN).await;
            is_action(&people.complete(&asked, result, told.clone()).await, "NO_ACTION", "A198001");
            let denied = people.poll(TILL, &auth_req_id, json!({})).await;
            is_action(&denied, "BAD_REQUEST", code);
            let expected = json!({"error": error, "error_description": "Not now", "error_uri": "https://as.example.org/no"});
            assert_eq!(content(&denied), expected);
            let (plain, auth_req_id) = people.waiting(PLAIN).await;
            is_action(&people.complete(&plain, result, json!({})).await, "NO_ACTION", "A198001");
            // The answer may have been lost.
            for _ in 0..2 {
                is_denied(&people.poll(TILL, &auth_req_id, json!({})).await, "BAD_REQUEST", code, error);
            }
        }
        let (late, auth_req_id) = people.waiting(PLAIN).await;
        app.clock.advance_ms(600_000);
        is_denied(&people.poll(TILL, &auth_req_id, json!({})).await, "BAD_REQUEST", "A200305", "expired_token");
        is_action(&people.complete(&late, "AUTHORIZED", json!({})).await, "SERVER_ERROR", "A186202");
        app.clock.advance_ms(600_000);
        is_denied(&people.poll(TILL, &auth_req_id, json!({})).await, "BAD_REQUEST", "A200304", "invalid_grant");
    }
}

scenario! {
    async fn ciba_7_1_a_request_that_is_wrong_is_told_so(app) {
        let people = Elsewhere::opaque(app).await;
        let long = "a".repeat(101);
        for (form, code, error) in [
            ("login_hint=ann", "A179633", "invalid_scope"),
            ("scope=read&login_hint=ann", "A179633", "invalid_scope"),
            ("scope=%22&login_hint=ann", "A179336", "invalid_scope"),
            ("scope=openid", "A179632", "invalid_request"),
            ("scope=openid&login_hint=", "A179632", "invalid_request"),
            ("scope=openid&login_hint=ann&login_hint_token=x", "A179632", "invalid_request"),
            ("scope=openid&login_hint=ann&id_token_hint=x", "A179632", "invalid_request"),
            ("scope=openid&id_token_hint=x", "A179366", "invalid_request"),
            ("scope=openid&login_hint=ann&login_hint=bob", "A179307", "invalid_request"),
            ("scope=openid&login_hint=ann&client_notification_token=b%C3%A4d", "A179634", "invalid_request"),
            (&format!("scope=openid&login_hint=ann&binding_message={long}"), "A179635", "invalid_binding_message"),
            ("scope=openid&login_hint=ann&binding_message=a%0Ab", "A179635", "invalid_binding_message"),
            ("scope=openid&login_hint=ann&requested_expiry=0", "A179637", "invalid_request"),
            ("scope=openid&login_hint=ann&requested_expiry=-1", "A179637", "invalid_request"),
            ("scope=openid&login_hint=ann&requested_expiry=1.5", "A179637", "invalid_request"),
            ("scope=openid&login_hint=ann&request_context=x", "A179638", "invalid_request"),
            ("scope=openid&login_hint=ann&request_context=%5B%5D", "A179638", "invalid_request"),
            ("scope=openid&login_hint=ann&resource=x", "A179338", "invalid_target"),
            ("scope=openid&login_hint=ann&claims=x", "A179365", "invalid_request"),
            ("scope=openid&login_hint=ann&authorization_details=x", "A179322", "invalid_authorization_details"),
            ("scope=openid&login_hint=ann&request=x.y.z", "A179326", "request_not_supported"),
            ("scope=%zz", "A179307", "invalid_request"),
        ] {
            let denied = people.ask(TILL, form).await;
            is_denied(&denied, "BAD_REQUEST", code, error);
            assert_eq!(members(&denied), ["action", "responseContent", "resultCode", "resultMessage"], "{form}");
        }
        let most = format!("{PLAIN}&binding_message={}", encoded(&"é".repeat(100)));
        assert_eq!(people.asked(&most).await["bindingMessage"], "é".repeat(100));
        for (said, action, code, error) in [
            (json!({"clientSecret": "wrong"}), "UNAUTHORIZED", "A179310", "invalid_client"),
            (json!({"clientSecret": null}), "UNAUTHORIZED", "A179310", "invalid_client"),
            (json!({"clientId": "4711"}), "UNAUTHORIZED", "A179310", "invalid_client"),
            (json!({"clientId": null, "clientSecret": null}), "UNAUTHORIZED", "A179311", "invalid_client"),
            (json!({"parameters": null}), "INTERNAL_SERVER_ERROR", "A179201", "server_error"),
        ] {
            is_denied(&people.post(REQUEST, over(people.sent(TILL, PLAIN), said)).await, action, code, error);
        }
    }
}

scenario! {
    async fn ciba_7_1_not_every_client_may_ask(app) {
        let people = Elsewhere::opaque(app).await;
        for (client, code, error) in [
            (APPLET, "A179318", "unauthorized_client"),
            (SHOP, "A179304", "unauthorized_client"),
            (PUSHED, "A169301", "unauthorized_client"),
            (SILENT, "A169301", "unauthorized_client"),
            (SIGNER, "A179601", "invalid_request"),
        ] {
            is_denied(&people.ask(client, PLAIN).await, "BAD_REQUEST", code, error);
        }
        let asked = people.ask(BANK, &format!("{PLAIN}&client_notification_token=x")).await;
        assert_eq!((&asked["action"], &asked["userCodeRequired"]), (&json!("USER_IDENTIFICATION"), &json!(false)));
        people.set(json!({"ciba_user_code": true, "ciba_delivery_modes": ["ping"]})).await;
        is_denied(&people.ask(TILL, PLAIN).await, "BAD_REQUEST", "A169301", "unauthorized_client");
        let told = format!("{PLAIN}&client_notification_token=x");
        is_denied(&people.ask(BANK, &told).await, "BAD_REQUEST", "A179636", "missing_user_code");
        let asked = people.ask(BANK, &format!("{told}&user_code=1234")).await;
        assert_eq!((&asked["userCode"], &asked["userCodeRequired"]), (&json!("1234"), &json!(true)));
        people.set(json!({"supported_grants": ["refresh_token"]})).await;
        is_denied(&people.ask(TILL, PLAIN).await, "BAD_REQUEST", "A179304", "unauthorized_client");
        people.set(json!({"ciba_request_duration": 60, "ciba_poll_interval": 9})).await;
        // What a client wants shortens the life of its request, and never lengthens it.
        for (wanted, expires_in) in [("", 60), ("&requested_expiry=59", 59), ("&requested_expiry=99999999999", 60)] {
            let issued = people.issue(&people.asked(&format!("{PLAIN}{wanted}")).await).await;
            assert_eq!((&issued["expiresIn"], &issued["interval"]), (&json!(expires_in), &json!(9)), "{wanted}");
        }
        // One whose tokens are pushed gets none at the token endpoint.
        let (_, auth_req_id) = people.waiting(PLAIN).await;
        is_denied(&people.poll(PUSHED, &auth_req_id, json!({})).await, "BAD_REQUEST", "A200302", "unauthorized_client");
        let public = people.poll(APPLET, &auth_req_id, json!({})).await;
        is_denied(&public, "BAD_REQUEST", "A049309", "unauthorized_client");
    }
}

scenario! {
    async fn each_hint_reaches_the_authorization_server_and_an_id_token_is_verified(app) {
        let people = Elsewhere::opaque(app).await;
        let of_token = people.asked("scope=openid&login_hint_token=e30.e30.x").await;
        assert_eq!((&of_token["hintType"], &of_token["hint"]), (&json!("LOGIN_HINT_TOKEN"), &json!("e30.e30.x")));
        assert_eq!(of_token.get("sub"), None);

        people.set(json!({"id_token_duration": 60})).await;
        let (asked, auth_req_id) = people.waiting(PLAIN).await;
        people.complete(&asked, "AUTHORIZED", json!({})).await;
        let granted = people.poll(TILL, &auth_req_id, json!({})).await;
        let id_token = text(&granted["idToken"]).to_owned();
        // It may be over.
        app.clock.advance_ms(60_000);
        let by_hint = format!("scope=openid&id_token_hint={id_token}");
        let asked = people.asked(&by_hint).await;
        assert_eq!((&asked["hintType"], &asked["hint"], &asked["sub"]), (&json!("ID_TOKEN_HINT"), &json!(id_token), &json!("ann")));
        let auth_req_id = people.issued(&asked).await;
        is_action(&people.complete(&asked, "AUTHORIZED", json!({"subject": "bob"})).await, "SERVER_ERROR", "A186216");
        // Another person than the client has asked for is none, and that is final.
        is_denied(&people.poll(TILL, &auth_req_id, json!({})).await, "BAD_REQUEST", "A200309", "expired_token");
        is_action(&people.complete(&asked, "AUTHORIZED", json!({})).await, "SERVER_ERROR", "A186202");
        let another = people.ask(BANK, &format!("{by_hint}&client_notification_token=x")).await;
        is_denied(&another, "BAD_REQUEST", "A179366", "invalid_request");
        let (front, signature) = id_token.rsplit_once('.').unwrap();
        let forged = format!("scope=openid&id_token_hint={front}.{}", signature.chars().rev().collect::<String>());
        is_denied(&people.ask(TILL, &forged).await, "BAD_REQUEST", "A179366", "invalid_request");
        let access_token = people.ask(TILL, &format!("scope=openid&id_token_hint={}", text(&granted["accessToken"]))).await;
        is_denied(&access_token, "BAD_REQUEST", "A179366", "invalid_request");
    }
}

scenario! {
    async fn what_the_client_demands_of_a_sign_in_ends_its_request_if_it_is_not_met(app) {
        let people = Elsewhere::opaque(app).await;
        let wanted = r#"{"id_token":{"acr":{"essential":true,"values":["gold"]},"email":null}}"#;
        let form = format!("{PLAIN}&claims={}", encoded(wanted));
        let (asked, auth_req_id) = people.waiting(&form).await;
        assert_eq!((&asked["acrs"], &asked["claimNames"]), (&json!(["gold"]), &json!(["email"])));
        let unmet = people.complete(&asked, "AUTHORIZED", json!({"acr": "silver"})).await;
        is_action(&unmet, "SERVER_ERROR", "A186216");
        assert_eq!(unmet.get("responseContent"), None);
        is_denied(&people.poll(TILL, &auth_req_id, json!({})).await, "BAD_REQUEST", "A200309", "expired_token");
        let (asked, auth_req_id) = people.waiting(&form).await;
        is_action(&people.complete(&asked, "AUTHORIZED", json!({"acr": "gold"})).await, "NO_ACTION", "A198001");
        is_action(&people.poll(TILL, &auth_req_id, json!({})).await, "OK", "A200001");
        // One that is pinged is told that there is something.
        let told = people.ask(BANK, &format!("{form}&client_notification_token=x")).await;
        let auth_req_id = people.issued(&told).await;
        let unmet = people.complete(&told, "AUTHORIZED", json!({})).await;
        is_action(&unmet, "NOTIFICATION", "A186216");
        assert_eq!(content(&unmet), json!({ "auth_req_id": auth_req_id }));
        is_denied(&people.poll(BANK, &auth_req_id, json!({})).await, "BAD_REQUEST", "A200309", "expired_token");
    }
}

scenario! {
    async fn a_ticket_is_acknowledged_once_then_decided_once_and_a_call_that_cannot_be_understood_decides_nothing(app) {
        let people = Elsewhere::opaque(app).await;
        let asked = people.asked(PLAIN).await;
        is_action(&people.complete(&asked, "AUTHORIZED", json!({})).await, "SERVER_ERROR", "A186202");
        let auth_req_id = people.issued(&asked).await;
        let again = people.issue(&asked).await;
        is_denied(&again, "INVALID_TICKET", "A181201", "server_error");
        for bad in [
            json!({"ticket": null}),
            json!({"ticket": "x"}),
            json!({"ticket": format!("{}x", text(&asked["ticket"]))}),
            json!({"result": null}),
            json!({"result": "DENIED"}),
            json!({"subject": null}),
            json!({"subject": "1031"}),
            json!({"scopes": ["no.such.scope"]}),
            json!({"claims": "[]"}),
            json!({"authTime": -1}),
            json!({"authTime": NOW + 86_400}),
            json!({"result": "ACCESS_DENIED", "errorUri": "a b"}),
        ] {
            let refused = people.complete(&asked, "AUTHORIZED", bad.clone()).await;
            assert_eq!((&refused["action"], members(&refused).len()), (&json!("SERVER_ERROR"), 3), "{bad}: {refused}");
        }
        let elsewhere = Tenant::jwt(app).await;
        let said = json!({"ticket": asked["ticket"], "result": "AUTHORIZED", "subject": "ann"});
        is_action(&elsewhere.post(COMPLETE, said).await, "SERVER_ERROR", "A186202");
        is_denied(&elsewhere.post(ISSUE, json!({"ticket": asked["ticket"]})).await, "INVALID_TICKET", "A181201", "server_error");
        is_denied(&people.poll(TILL, &auth_req_id, json!({})).await, "BAD_REQUEST", "A200307", "authorization_pending");

        is_action(&people.complete(&asked, "AUTHORIZED", json!({"scopes": ["read"]})).await, "NO_ACTION", "A198001");
        for result in ["AUTHORIZED", "ACCESS_DENIED", "TRANSACTION_FAILED"] {
            is_action(&people.complete(&asked, result, json!({})).await, "SERVER_ERROR", "A186202");
        }
        let granted = people.poll(TILL, &auth_req_id, json!({})).await;
        is_action(&granted, "OK", "A200001");
        assert_eq!((&granted["scopes"], granted.get("idToken")), (&json!(["read"]), None));
        for unknown in [json!({}), json!({"ticket": "x"})] {
            let code = if unknown == json!({}) { ("INTERNAL_SERVER_ERROR", "A181202") } else { ("INVALID_TICKET", "A181201") };
            is_denied(&people.post(ISSUE, unknown).await, code.0, code.1, "server_error");
        }
    }
}

scenario! {
    async fn ciba_13_a_request_of_which_nothing_comes_is_failed_with_the_reason(app) {
        let people = Elsewhere::opaque(app).await;
        for (reason, action, error) in [
            ("EXPIRED_LOGIN_HINT_TOKEN", "BAD_REQUEST", "expired_login_hint_token"),
            ("UNKNOWN_USER_ID", "BAD_REQUEST", "unknown_user_id"),
            ("UNAUTHORIZED_CLIENT", "BAD_REQUEST", "unauthorized_client"),
            ("MISSING_USER_CODE", "BAD_REQUEST", "missing_user_code"),
            ("INVALID_USER_CODE", "BAD_REQUEST", "invalid_user_code"),
            ("INVALID_BINDING_MESSAGE", "BAD_REQUEST", "invalid_binding_message"),
            ("INVALID_TARGET", "BAD_REQUEST", "invalid_target"),
            ("ACCESS_DENIED", "FORBIDDEN", "access_denied"),
            ("SERVER_ERROR", "INTERNAL_SERVER_ERROR", "server_error"),
        ] {
            let asked = people.asked(PLAIN).await;
            let failed = people.post(FAIL, json!({"ticket": asked["ticket"], "reason": reason})).await;
            is_denied(&failed, action, "A185001", error);
            is_denied(&people.issue(&asked).await, "INVALID_TICKET", "A181201", "server_error");
            // The answer is made all the same, whatever the ticket is.
            for ticket in [asked["ticket"].clone(), json!("x")] {
                assert_eq!(people.post(FAIL, json!({"ticket": ticket, "reason": reason})).await, failed, "{reason}");
            }
        }
        let asked = people.asked(PLAIN).await;
        for bad in [json!({"reason": null}), json!({"reason": "BORED"}), json!({"ticket": null}), json!({"errorUri": "a b"})] {
            let body = over(json!({"ticket": asked["ticket"], "reason": "ACCESS_DENIED"}), bad);
            is_denied(&people.post(FAIL, body).await, "INTERNAL_SERVER_ERROR", "A184201", "server_error");
        }
        let told = json!({"errorDescription": "Not \"now\"", "errorUri": "https://as.example.org/no", "reason": "ACCESS_DENIED"});
        let failed = people.post(FAIL, over(told, json!({"ticket": "x"}))).await;
        let expected = json!({"error": "access_denied", "error_description": "Not now", "error_uri": "https://as.example.org/no"});
        assert_eq!(content(&failed), expected);
        // What is acknowledged is decided, and not failed any more.
        let auth_req_id = people.issued(&asked).await;
        is_denied(&people.post(FAIL, json!({"ticket": asked["ticket"], "reason": "ACCESS_DENIED"})).await, "FORBIDDEN", "A185001", "access_denied");
        is_action(&people.complete(&asked, "AUTHORIZED", json!({})).await, "NO_ACTION", "A198001");
        is_action(&people.poll(TILL, &auth_req_id, json!({})).await, "OK", "A200001");
    }
}

scenario! {
    async fn an_auth_req_id_is_of_one_client_and_ends_with_what_was_decided(app) {
        let people = Elsewhere::opaque(app).await;
        let (asked, auth_req_id) = people.waiting(PLAIN).await;
        is_action(&people.complete(&asked, "AUTHORIZED", json!({})).await, "NO_ACTION", "A198001");
        // Another client neither gets the tokens nor uses the request up.
        is_denied(&people.poll(BANK, &auth_req_id, json!({})).await, "BAD_REQUEST", "A200304", "invalid_grant");
        let forged = json!(format!("{}x", text(&auth_req_id)));
        is_denied(&people.poll(TILL, &forged, json!({})).await, "BAD_REQUEST", "A200304", "invalid_grant");
        is_denied(&people.poll(TILL, &asked["ticket"], json!({})).await, "BAD_REQUEST", "A200304", "invalid_grant");
        let lacking = people.post("auth/token", people.sent(TILL, &format!("grant_type={GRANT}"))).await;
        is_denied(&lacking, "BAD_REQUEST", "A200301", "invalid_request");
        is_action(&people.poll(TILL, &auth_req_id, json!({})).await, "OK", "A200001");

        let (asked, auth_req_id) = people.waiting(PLAIN).await;
        is_action(&people.complete(&asked, "AUTHORIZED", json!({})).await, "NO_ACTION", "A198001");
        people.post("auth/token/revoke", json!({"subject": "ann"})).await;
        is_denied(&people.poll(TILL, &auth_req_id, json!({})).await, "BAD_REQUEST", "A200304", "invalid_grant");

        app.clock.advance_ms(1_000);
        let (asked, auth_req_id) = people.waiting(PLAIN).await;
        is_action(&people.complete(&asked, "AUTHORIZED", json!({})).await, "NO_ACTION", "A198001");
        app.clock.advance_ms(1_000);
        people.post("client/authorization/delete/1031", json!({"subject": "ann"})).await;
        is_denied(&people.poll(TILL, &auth_req_id, json!({})).await, "BAD_REQUEST", "A200304", "invalid_grant");

        let (ticketed, (waiting, auth_req_id)) = (people.asked(PLAIN).await, people.waiting(PLAIN).await);
        people.post("client/lock_flag/update/1031", json!({"clientLocked": true})).await;
        is_denied(&people.ask(TILL, PLAIN).await, "UNAUTHORIZED", "A179312", "invalid_client");
        is_denied(&people.issue(&ticketed).await, "INTERNAL_SERVER_ERROR", "A001215", "server_error");
        is_action(&people.complete(&waiting, "AUTHORIZED", json!({})).await, "SERVER_ERROR", "A001215");
        is_denied(&people.poll(TILL, &auth_req_id, json!({})).await, "INVALID_CLIENT", "A049303", "invalid_client");
        let delete = format!("/api/{OPAQUE}/client/delete/1031");
        app.delete(&delete, &app.admin).await;
        is_denied(&people.issue(&ticketed).await, "INVALID_TICKET", "A181201", "server_error");
        is_action(&people.complete(&waiting, "AUTHORIZED", json!({})).await, "SERVER_ERROR", "A186202");
    }
}

scenario! {
    async fn what_is_asked_in_one_way_is_unknown_in_every_other(app) {
        let people = Elsewhere::opaque(app).await;
        let asked = people.asked(PLAIN).await;
        // The ticket opens no call about browsers.
        for (path, body) in [
            ("auth/authorization/issue", json!({"subject": "ann"})),
            ("auth/authorization/fail", json!({"reason": "DENIED"})),
            ("auth/authorization/ticket/info", json!({})),
            ("auth/token/issue", json!({"subject": "ann"})),
        ] {
            let refused = people.post(path, over(body, json!({"ticket": asked["ticket"]}))).await;
            let code = text(&refused["resultCode"]);
            assert!(code.ends_with("202") || code == "A388301", "{path}: {refused}");
        }
        let browser = people.sign_in.ticket(SHOP, &[]).await;
        is_denied(&people.post(ISSUE, json!({ "ticket": browser })).await, "INVALID_TICKET", "A181201", "server_error");
        people.post(FAIL, json!({"ticket": browser, "reason": "ACCESS_DENIED"})).await;
        let issued = people.post("auth/authorization/issue", json!({"ticket": browser, "subject": "ann", "authTime": NOW})).await;
        assert_eq!(issued["action"], "LOCATION", "{issued}");
        // What a client polls with is no code, and no device code.
        let auth_req_id = people.issued(&asked).await;
        people.complete(&asked, "AUTHORIZED", json!({})).await;
        people.set(json!({"supported_grants": ["authorization_code", GRANT, "urn:ietf:params:oauth:grant-type:device_code"]})).await;
        let both = json!({"grants": [GRANT, "authorization_code", "urn:ietf:params:oauth:grant-type:device_code"]});
        app.patch(&format!("/v1/orgs/{OPAQUE}/clients/{TILL}"), &app.admin, both).await.ok();
        for form in [
            format!("grant_type=authorization_code&code={}", text(&auth_req_id)),
            format!("grant_type=urn:ietf:params:oauth:grant-type:device_code&device_code={}", text(&auth_req_id)),
        ] {
            let refused = people.post("auth/token", people.sent(TILL, &form)).await;
            assert_eq!(content(&refused)["error"], "invalid_grant", "{refused}");
        }
        is_action(&people.poll(TILL, &auth_req_id, json!({})).await, "OK", "A200001");
    }
}

scenario! {
    async fn version_2_has_the_same_calls(app) {
        let people = Elsewhere::opaque(app).await;
        let by_alias = over(people.sent(TILL, PLAIN), json!({"clientId": "till"}));
        let asked = v2(app, OPAQUE, REQUEST, by_alias).await.ok();
        is_action(&asked, "USER_IDENTIFICATION", "A179001");
        assert_eq!((&asked["clientIdAliasUsed"], &asked["clientIdAlias"]), (&json!(true), &json!("till")));
        let failed = v2(app, OPAQUE, FAIL, json!({"ticket": "x", "reason": "UNKNOWN_USER_ID"})).await.ok();
        is_denied(&failed, "BAD_REQUEST", "A185001", "unknown_user_id");
        let issued = v2(app, OPAQUE, ISSUE, json!({"ticket": asked["ticket"]})).await.ok();
        is_action(&issued, "OK", "A183001");
        let said = json!({"ticket": asked["ticket"], "result": "AUTHORIZED", "subject": "ann"});
        is_action(&v2(app, OPAQUE, COMPLETE, said).await.ok(), "NO_ACTION", "A198001");
        let granted = people.poll(TILL, &issued["authReqId"], json!({})).await;
        is_action(&granted, "OK", "A200001");
        assert_eq!(claims(&granted["idToken"])["aud"], json!(["till"]));
    }
}

scenario! {
    async fn a_client_that_could_never_be_told_is_not_made(app) {
        let tenant = Tenant::opaque(app).await;
        let create = async |more: Value| -> Answer {
            let body = over(json!({"clientType": "CONFIDENTIAL", "grantTypes": ["CIBA"], "bcDeliveryMode": "PING"}), more);
            app.post(&tenant.path("client/create"), Some(&app.admin), body).await
        };
        for (bad, member) in [
            (json!({}), "bcNotificationEndpoint"),
            (json!({"bcDeliveryMode": "PUSH"}), "bcNotificationEndpoint"),
            (json!({"bcNotificationEndpoint": "http://bank.example/"}), "bcNotificationEndpoint"),
            (json!({"bcDeliveryMode": "POLL", "clientType": "PUBLIC"}), "grantTypes"),
            (json!({"bcDeliveryMode": "SHOUT"}), "bcDeliveryMode"),
        ] {
            let refused = create(bad.clone()).await;
            assert_eq!(refused.status, 400, "{bad}");
            assert!(text(&refused.json()["resultMessage"]).contains(member), "{bad}: {refused:?}");
        }
        let kept = json!({"bcNotificationEndpoint": NOTIFIED, "bcUserCodeRequired": true});
        for mode in ["PING", "PUSH"] {
            let made = create(over(kept.clone(), json!({ "bcDeliveryMode": mode }))).await.json();
            assert_eq!((&made["bcDeliveryMode"], &made["bcNotificationEndpoint"]), (&json!(mode), &json!(NOTIFIED)), "{made}");
            assert_eq!(made["bcUserCodeRequired"], true);
        }
        assert_eq!(create(json!({"bcDeliveryMode": "POLL"})).await.json()["bcDeliveryMode"], "POLL");
    }
}

/// What so many calls at the same time are answered.
async fn at_once(app: &Arc<App>, count: usize, path: &'static str, body: impl Fn(usize) -> Value) -> Vec<Value> {
    let call = |nth: usize| {
        let (app, body) = (app.clone(), body(nth));
        tokio::spawn(async move { Tenant::new(&app, OPAQUE).post(path, body).await })
    };
    futures::future::try_join_all((0..count).map(call)).await.unwrap()
}

race! {
    async fn of_many_acknowledgements_decisions_and_polls_one_each_succeeds(app) {
        let people = Elsewhere::opaque(app).await;
        for _ in 0..3 {
            let ticket = people.asked(PLAIN).await["ticket"].clone();
            let answers = at_once(app, 64, ISSUE, |_| json!({ "ticket": ticket })).await;
            let issued: Vec<_> = answers.iter().filter(|answer| answer["action"] == "OK").collect();
            assert_eq!(issued.len(), 1, "{answers:?}");
            assert_eq!(answers.iter().filter(|answer| answer["resultCode"] == "A181201").count(), 63);

            let said = |nth: usize| {
                let result = ["AUTHORIZED", "ACCESS_DENIED"][nth % 2];
                json!({"ticket": ticket, "result": result, "subject": format!("person-{nth}")})
            };
            let decisions = at_once(app, 64, COMPLETE, said).await;
            let good: Vec<_> = (0..64).filter(|nth| decisions[*nth]["action"] == "NO_ACTION").collect();
            assert_eq!(good.len(), 1, "{decisions:?}");
            assert_eq!(decisions.iter().filter(|answer| answer["resultCode"] == "A186202").count(), 63);

            let form = format!("grant_type={GRANT}&auth_req_id={}", text(&issued[0]["authReqId"]));
            let polls = at_once(app, 64, "auth/token", |_| people.sent(TILL, &form)).await;
            let granted: Vec<_> = polls.iter().filter(|answer| answer["action"] == "OK").collect();
            if good[0] % 2 == 0 {
                assert_eq!(granted.len(), 1, "{polls:?}");
                assert_eq!(granted[0]["subject"], format!("person-{}", good[0]));
                assert!(people.sign_in.tenant.is_live(&granted[0]["accessToken"]).await);
                assert_eq!(polls.iter().filter(|answer| answer["resultCode"] == "A200304").count(), 63);
            } else {
                assert!(granted.is_empty() && polls.iter().all(|answer| answer["resultCode"] == "A200308"), "{polls:?}");
            }
        }
    }
}

race! {
    async fn a_request_is_not_both_acknowledged_and_failed(app) {
        let people = Elsewhere::opaque(app).await;
        for _ in 0..10 {
            let asked = people.asked(PLAIN).await;
            let calls = [ISSUE, FAIL].map(|path| {
                let (app, body): (Arc<App>, Value) = (app.clone(), json!({"ticket": asked["ticket"], "reason": "UNKNOWN_USER_ID"}));
                tokio::spawn(async move { Tenant::new(&app, OPAQUE).post(path, body).await })
            });
            let answers = futures::future::try_join_all(calls).await.unwrap();
            let decided = people.complete(&asked, "AUTHORIZED", json!({})).await;
            let expected = if answers[0]["action"] == "OK" { "NO_ACTION" } else { "SERVER_ERROR" };
            assert_eq!(decided["action"], expected, "{answers:?}");
        }
    }
}

race! {
    async fn of_many_polls_at_once_one_counts(app) {
        let people = Elsewhere::opaque(app).await;
        let (_, auth_req_id) = people.waiting(PLAIN).await;
        let body = people.sent(TILL, &format!("grant_type={GRANT}&auth_req_id={}", text(&auth_req_id)));
        let polls = at_once(app, 16, "auth/token", |_| body.clone()).await;
        assert_eq!(polls.iter().filter(|answer| answer["resultCode"] == "A200307").count(), 1, "{polls:?}");
        assert_eq!(polls.iter().filter(|answer| answer["resultCode"] == "A200306").count(), 15);
    }
}
