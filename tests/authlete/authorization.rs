//! `auth/authorization`, `auth/authorization/issue`, `auth/authorization/fail` and the calls about tickets of Authlete's API.

use std::sync::Arc;

use http::Method;
use serde_json::{Value, json};

use super::sign_in::{CALLBACK, CLOSED, NOW, OLD, SHOP, SignIn, TOOL, is_told, parameter};
use super::tenant::{OPAQUE, Tenant, content, is_action, is_denied, members, over, text, v2};
use crate::support::{App, race, scenario};

scenario! {
    async fn a_good_request_gets_a_ticket_and_all_that_the_pages_need(app) {
        let sign_in = SignIn::opaque(app).await;
        let claims = r#"{"id_token":{"email":{"essential":true},"auth_time":null},"userinfo":{"name":null}}"#;
        let mut answer = sign_in.ask(SHOP, &[
            ("client_id", "shop"), ("scope", "openid read unknown email"), ("nonce", "n-1"), ("prompt", "consent login"), ("max_age", "60"),
            ("claims", claims), ("claims_locales", "fr de"), ("ui_locales", "fr-CA en"), ("display", "popup"), ("login_hint", "ann@a.example"),
            ("acr_values", "gold silver"), ("purpose", "To send you things"), ("resource", "urn:a"),
        ]).await;
        let ticket = answer.as_object_mut().unwrap().remove("ticket").unwrap();
        assert_eq!(text(&ticket).len(), 43);
        assert_eq!(answer, json!({
            "resultCode": "A004001",
            "resultMessage": "[A004001] A ticket was issued for the authorization request from the client (ID = 1011). [response_type=code, openid=true]",
            "action": "INTERACTION",
            "client": {
                "clientId": 1_011, "clientIdAlias": "shop", "clientIdAliasEnabled": true, "clientType": "CONFIDENTIAL", "clientName": "Shop",
                "applicationType": "WEB", "responseTypes": ["CODE"], "grantTypes": ["AUTHORIZATION_CODE", "REFRESH_TOKEN"],
                "redirectUris": [CALLBACK, "https://shop.example/other"],
            },
            "clientIdAliasUsed": true,
            "service": {
                "apiKey": 100, "issuer": "https://jeton.example", "attributes": [{"key": "region", "value": "north"}],
                "supportedScopes": [
                    {"name": "read", "defaultEntry": true, "description": "Read"},
                    {"name": "write", "defaultEntry": false},
                    {"name": "brief", "defaultEntry": false, "attributes": [
                        {"key": "access_token.duration", "value": "600"}, {"key": "refresh_token.duration", "value": "6000"},
                        {"key": "colour", "value": "red"},
                    ]},
                    {"name": "briefer", "defaultEntry": false, "attributes": [
                        {"key": "access_token.duration", "value": "300"}, {"key": "refresh_token.duration", "value": "3000"},
                    ]},
                ],
            },
            "scopes": [
                {"name": "openid", "defaultEntry": false}, {"name": "read", "defaultEntry": true, "description": "Read"},
                {"name": "email", "defaultEntry": false},
            ],
            "claims": ["email", "email_verified"],
            "claimsAtUserInfo": ["email", "email_verified", "name"],
            "idTokenClaims": r#"{"auth_time":null,"email":{"essential":true}}"#,
            "userInfoClaims": r#"{"name":null}"#,
            "claimsLocales": ["fr", "de"], "uiLocales": ["fr-CA", "en"], "display": "POPUP", "maxAge": 60, "acrs": ["gold", "silver"],
            "acrEssential": false, "loginHint": "ann@a.example", "prompts": ["LOGIN", "CONSENT"], "resources": ["urn:a"],
            "purpose": "To send you things",
        }));
    }
}

scenario! {
    async fn what_is_not_asked_for_is_left_out(app) {
        let sign_in = SignIn::opaque(app).await;
        let answer = sign_in.ask(OLD, &[("scope", "unknown write"), ("state", ""), ("display", "watch")]).await;
        is_action(&answer, "INTERACTION", "A004001");
        let told: Vec<_> = members(&answer).into_iter().filter(|name| !matches!(*name, "client" | "service")).collect();
        assert_eq!(told, ["acrEssential", "action", "clientIdAliasUsed", "display", "maxAge", "resultCode", "resultMessage", "ticket"]);
        assert_eq!((&answer["display"], &answer["maxAge"], &answer["clientIdAliasUsed"]), (&json!("PAGE"), &json!(0), &json!(false)));
        // Without the parameter there are the default ones, as far as the client may have them.
        let answer = sign_in.ask(OLD, &[("scope", "")]).await;
        assert_eq!(answer["scopes"], json!([{"name": "read", "defaultEntry": true, "description": "Read"}]));
        let answer = sign_in.ask(OLD, &[("scope", "openid offline_access")]).await;
        assert_eq!(answer["scopes"], json!([{"name": "openid", "defaultEntry": false}]), "it has no refresh tokens");
    }
}

scenario! {
    async fn a_silent_request_and_one_that_wants_a_new_sign_in_are_told_apart(app) {
        let sign_in = SignIn::opaque(app).await;
        let silent = sign_in.ask(SHOP, &[("prompt", "none")]).await;
        is_action(&silent, "NO_INTERACTION", "A004001");
        assert!(silent["ticket"].is_string() && silent.get("responseContent").is_none() && silent["prompts"] == json!(["NONE"]));
        let anew = sign_in.ask(SHOP, &[("max_age", "0")]).await;
        assert_eq!((&anew["prompts"], &anew["maxAge"]), (&json!(["LOGIN"]), &json!(0)), "a caller takes 0 for none");
        is_told(&sign_in.ask(SHOP, &[("max_age", "0"), ("prompt", "none")]).await, "A015302", "login_required");
    }
}

scenario! {
    async fn what_the_client_has_registered_completes_its_request(app) {
        let sign_in = SignIn::opaque(app).await;
        let update = |more: Value| {
            let known = json!({"clientType": "CONFIDENTIAL", "redirectUris": [CALLBACK], "grantTypes": ["AUTHORIZATION_CODE"]});
            sign_in.tenant.post("client/update/1011", over(known, more))
        };
        update(json!({"defaultMaxAge": 90, "defaultAcrs": ["bronze"]})).await;
        let answer = sign_in.ask(SHOP, &[]).await;
        assert_eq!((&answer["maxAge"], &answer["acrs"]), (&json!(90), &json!(["bronze"])));
        let claims = r#"{"id_token":{"acr":{"essential":true,"values":["gold"]},"sub":{"value":"ann"}}}"#;
        let answer = sign_in.ask(SHOP, &[("claims", claims), ("acr_values", "silver"), ("max_age", "5")]).await;
        let told = ["maxAge", "acrs", "acrEssential", "subject"].map(|name| &answer[name]);
        assert_eq!(told, [&json!(5), &json!(["gold"]), &json!(true), &json!("ann")]);
        for bad in [json!({"idTokenSignAlg": "HS256"}), json!({"idTokenSignAlg": "NONE"}), json!({"subjectType": "PAIRWISE"})] {
            update(bad.clone()).await;
            is_told(&sign_in.ask(SHOP, &[]).await, "A406301", "invalid_request");
            is_action(&sign_in.ask(SHOP, &[("scope", "read")]).await, "INTERACTION", "A004001");
        }
        update(json!({"grantTypes": ["CLIENT_CREDENTIALS"]})).await;
        is_told(&sign_in.ask(SHOP, &[]).await, "A009303", "unauthorized_client");
    }
}

scenario! {
    /// RFC 9700 section 4.11: until client and redirect URI are known nothing is sent anywhere.
    async fn no_error_goes_to_an_address_that_is_not_the_client_s(app) {
        let sign_in = SignIn::opaque(app).await;
        for (more, code, error) in [
            (&[("client_id", "")][..], "A004301", "invalid_request"),
            (&[("client_id", "4711")], "A004303", "unauthorized_client"),
            (&[("client_id", "nobody")], "A004303", "unauthorized_client"),
            (&[("client_id", "a b")], "A004303", "unauthorized_client"),
            (&[("redirect_uri", "")], "A011301", "invalid_request"),
            (&[("redirect_uri", "https://shop.example/cb")], "A011304", "invalid_request"),
            (&[("redirect_uri", "https://shop.example/cb?tenant=1&x=1")], "A011304", "invalid_request"),
            (&[("redirect_uri", "https://shop.example/cb?tenant=1#x")], "A011304", "invalid_request"),
            (&[("redirect_uri", "https://shop.example/CB?tenant=1")], "A011304", "invalid_request"),
            (&[("redirect_uri", "https://shop.example/%63b?tenant=1")], "A011304", "invalid_request"),
            (&[("redirect_uri", "https://shop.example/x/../cb?tenant=1")], "A011304", "invalid_request"),
            (&[("redirect_uri", "https://shop.example@evil.example/cb?tenant=1")], "A011304", "invalid_request"),
            (&[("redirect_uri", "http://127.0.0.1:1/cb"), ("response_type", "token")], "A011304", "invalid_request"),
            (&[("client_id", "1011"), ("client_id", "1012")], "A004304", "invalid_request"),
            (&[("request_uri", "https://shop.example/request.jwt")], "A004308", "request_uri_not_supported"),
            (&[("request_uri", "urn:ietf:params:oauth:request_uri:x")], "A008303", "invalid_request_uri"),
        ] {
            let answer = sign_in.ask(SHOP, more).await;
            is_denied(&answer, "BAD_REQUEST", code, error);
            assert!(!answer.to_string().contains("evil.example"), "{answer}");
        }
        for address in ["http://localhost:1/cb", "http://127.0.0.1.evil.example/cb", "http://127.0.0.1:1/cb/", "http://127.0.0.1:1/cb?x"] {
            is_denied(&sign_in.ask(TOOL, &[("redirect_uri", address)]).await, "BAD_REQUEST", "A011304", "invalid_request");
        }
        for good in ["http://127.0.0.1/cb", "http://127.0.0.1:65535/cb", "com.example.tool:/cb"] {
            is_action(&sign_in.ask(TOOL, &[("redirect_uri", good)]).await, "INTERACTION", "A004001");
        }
        let post = |body: Value| sign_in.tenant.post("auth/authorization", body);
        is_denied(&post(json!({})).await, "BAD_REQUEST", "A004201", "invalid_request");
        is_denied(&post(json!({"parameters": "%zz"})).await, "BAD_REQUEST", "A004304", "invalid_request");
        let long = json!({"parameters": sign_in.query(SHOP, &[]), "context": "a".repeat(16_385)});
        is_denied(&post(long).await, "INTERNAL_SERVER_ERROR", "A004201", "server_error");
        // Of another service, which knows no such client.
        let other = SignIn::jwt(app).await;
        is_denied(&other.ask(SHOP, &[("client_id", "1011")]).await, "BAD_REQUEST", "A004303", "unauthorized_client");
    }
}

scenario! {
    async fn every_other_error_goes_to_the_client_with_its_state_and_our_issuer(app) {
        let sign_in = SignIn::opaque(app).await;
        for (more, code, error) in [
            (&[("response_mode", "fragment")][..], "A012301", "invalid_request"),
            (&[("response_mode", "jwt")], "A012301", "invalid_request"),
            (&[("response_type", "")], "A009301", "invalid_request"),
            (&[("response_type", "token")], "A009302", "unsupported_response_type"),
            (&[("response_type", "code id_token")], "A009302", "unsupported_response_type"),
            (&[("request", "x.y.z")], "A004307", "request_not_supported"),
            (&[("code_challenge", "")], "A013302", "invalid_request"),
            (&[("code_challenge", ""), ("code_challenge_method", "")], "A013301", "invalid_request"),
            (&[("code_challenge_method", "plain")], "A013302", "invalid_request"),
            (&[("code_challenge_method", "")], "A013302", "invalid_request"),
            (&[("code_challenge", "short")], "A013302", "invalid_request"),
            (&[("scope", "\"")], "A014302", "invalid_scope"),
            (&[("prompt", "none login")], "A015301", "invalid_request"),
            (&[("prompt", "create")], "A015301", "invalid_request"),
            (&[("max_age", "-1")], "A016301", "invalid_request"),
            (&[("claims", "[]")], "A017301", "invalid_request"),
            (&[("id_token_hint", "x")], "A018301", "invalid_request"),
            (&[("resource", "x")], "A019301", "invalid_target"),
            (&[("authorization_details", "[{\"type\":\"t\"}]")], "A249301", "invalid_authorization_details"),
            (&[("dpop_jkt", "x")], "A004304", "invalid_request"),
            (&[("nonce", &"n".repeat(513))], "A004304", "invalid_request"),
        ] {
            is_told(&sign_in.ask(SHOP, more).await, code, error);
        }
        sign_in.tenant.set(json!({"scope_required": true})).await;
        is_told(&sign_in.ask(SHOP, &[("scope", "unknown")]).await, "A014301", "invalid_scope");
        sign_in.tenant.set(json!({"supported_grants": ["client_credentials"]})).await;
        is_told(&sign_in.ask(SHOP, &[]).await, "A009303", "unauthorized_client");
    }
}

scenario! {
    async fn a_locked_client_asks_for_nobody(app) {
        let sign_in = SignIn::opaque(app).await;
        let body = json!({"parameters": sign_in.query(CLOSED, &[])});
        let answer = app.post(&sign_in.tenant.path("auth/authorization"), Some(&app.admin), body).await;
        assert_eq!((answer.status.as_u16(), &answer.json()["resultCode"]), (403, &json!("A001215")));
        let ticket = sign_in.ticket(SHOP, &[]).await;
        sign_in.tenant.post("client/lock_flag/update/1011", json!({"clientLocked": true})).await;
        is_denied(&sign_in.issue(&ticket, json!({})).await, "INTERNAL_SERVER_ERROR", "A001215", "server_error");
        sign_in.tenant.post("client/lock_flag/update/1011", json!({"clientLocked": false})).await;
        is_action(&sign_in.issue(&ticket, json!({})).await, "LOCATION", "A040001");
        let ticket = sign_in.ticket(SHOP, &[]).await;
        app.delete(&sign_in.tenant.path("client/delete/1011"), &app.admin).await.is_empty();
        is_denied(&sign_in.issue(&ticket, json!({})).await, "BAD_REQUEST", "A041202", "invalid_request");
    }
}

scenario! {
    async fn the_code_goes_to_the_client_by_a_redirect_or_a_form(app) {
        let sign_in = SignIn::opaque(app).await;
        let parameters = sign_in.query(SHOP, &[]);
        let asked = v2(app, OPAQUE, "auth/authorization", json!({"parameters": format!("?{parameters}"), "context": "kept"})).await.ok();
        let mut issued = sign_in.issue(text(&asked["ticket"]), json!({})).await;
        let code = issued.as_object_mut().unwrap().remove("authorizationCode").unwrap();
        let location = issued.as_object_mut().unwrap().remove("responseContent").unwrap();
        assert_eq!(issued, json!({
            "resultCode": "A040001", "resultMessage": "[A040001] The authorization request was processed successfully.", "action": "LOCATION",
            "accessTokenDuration": 0, "accessTokenExpiresAt": 0, "ticketInfo": {"context": "kept"},
        }));
        assert!(text(&location).starts_with(&format!("{CALLBACK}&code=")), "the query is kept: {location}");
        let told = ["code", "state", "iss"].map(|name| parameter(text(&location), name).unwrap());
        assert_eq!(told, [text(&code), "s 1", "https://jeton.example"]);

        let ticket = sign_in.ticket(SHOP, &[("response_mode", "form_post"), ("state", "\"><script>")]).await;
        let issued = sign_in.issue(&ticket, json!({})).await;
        is_action(&issued, "FORM", "A040001");
        let form = text(&issued["responseContent"]);
        assert!(form.contains(&format!("action=\"{CALLBACK}\"")) && form.contains("name=\"iss\" value=\"https://jeton.example\""), "{form}");
        assert!(form.contains("name=\"state\" value=\"&quot;&gt;&lt;script&gt;\""), "{form}");
        assert!(form.contains(&format!("name=\"code\" value=\"{}\"", text(&issued["authorizationCode"]))), "{form}");
        assert!(issued.get("ticketInfo").is_none());
        is_action(&sign_in.ask(SHOP, &[("response_mode", "form_post"), ("prompt", "x")]).await, "FORM", "A015301");
    }
}

scenario! {
    async fn a_ticket_works_once_and_for_a_day(app) {
        let sign_in = SignIn::opaque(app).await;
        let (ticket, failed, late) =
            (sign_in.ticket(SHOP, &[]).await, sign_in.ticket(SHOP, &[]).await, sign_in.ticket(SHOP, &[]).await);
        is_action(&sign_in.issue(&ticket, json!({})).await, "LOCATION", "A040001");
        is_told(&sign_in.fail(&failed, "DENIED").await, "A060306", "access_denied");
        app.clock.advance_ms(86_399_000);
        let info = v2(app, OPAQUE, "auth/authorization/ticket/info", json!({"ticket": late})).await.ok();
        is_action(&info, "OK", "A388001");
        app.clock.advance_ms(2_000);
        for gone in [&*ticket, &failed, &late, "x", &"A".repeat(43), &format!("{ticket}A")] {
            let body = json!({"ticket": gone, "subject": "ann", "reason": "DENIED"});
            let issued = v2(app, OPAQUE, "auth/authorization/issue", body.clone()).await.ok();
            is_denied(&issued, "BAD_REQUEST", "A041202", "invalid_request");
            let failed = v2(app, OPAQUE, "auth/authorization/fail", body).await.ok();
            is_denied(&failed, "BAD_REQUEST", "A061202", "invalid_request");
        }
    }
}

scenario! {
    async fn a_call_that_can_not_be_understood_leaves_the_ticket(app) {
        let sign_in = SignIn::opaque(app).await;
        let ticket = sign_in.ticket(SHOP, &[("max_age", "60")]).await;
        for more in [
            json!({"subject": null}),
            json!({"subject": "ü"}),
            json!({"subject": "1011"}),
            json!({"authTime": NOW + 120}),
            json!({"authTime": -1}),
            json!({"authTime": 0}),
            json!({"claims": "x"}),
            json!({"idtHeaderParams": "[]"}),
            json!({"jwtAtClaims": "{\"a\":1,\"a\":2}"}),
            json!({"scopes": ["unknown"]}),
            json!({"idTokenAudType": "x"}),
            json!({"ticket": null}),
        ] {
            let answer = sign_in.issue(&ticket, more).await;
            is_denied(&answer, "INTERNAL_SERVER_ERROR", "A041201", "server_error");
            assert!(!answer.to_string().contains(&ticket), "{answer}");
        }
        let large = json!({"claims": json!({"x": "a".repeat(6_000)}).to_string()});
        is_denied(&sign_in.issue(&ticket, large).await, "INTERNAL_SERVER_ERROR", "A041216", "server_error");
        for reason in ["", "ACCESS_DENIED", "denied"] {
            is_denied(&sign_in.fail(&ticket, reason).await, "INTERNAL_SERVER_ERROR", "A060201", "server_error");
        }
        is_denied(&sign_in.fail("", "DENIED").await, "INTERNAL_SERVER_ERROR", "A061201", "server_error");
        is_action(&sign_in.issue(&ticket, json!({})).await, "LOCATION", "A040001");
    }
}

scenario! {
    async fn each_reason_has_its_error_for_the_client(app) {
        let sign_in = SignIn::opaque(app).await;
        for (reason, code, error) in [
            ("UNKNOWN", "A060308", "server_error"),
            ("NOT_LOGGED_IN", "A060301", "login_required"),
            ("MAX_AGE_NOT_SUPPORTED", "A060302", "login_required"),
            ("EXCEEDS_MAX_AGE", "A060303", "login_required"),
            ("DIFFERENT_SUBJECT", "A060304", "login_required"),
            ("ACR_NOT_SATISFIED", "A060305", "unmet_authentication_requirements"),
            ("DENIED", "A060306", "access_denied"),
            ("SERVER_ERROR", "A060307", "server_error"),
            ("NOT_AUTHENTICATED", "A060309", "login_required"),
            ("ACCOUNT_SELECTION_REQUIRED", "A060310", "account_selection_required"),
            ("CONSENT_REQUIRED", "A060311", "consent_required"),
            ("INTERACTION_REQUIRED", "A060312", "interaction_required"),
            ("INVALID_TARGET", "A060313", "invalid_target"),
            ("INVALID_SCOPE", "A060314", "invalid_scope"),
            ("UNAUTHORIZED_CLIENT", "A060315", "unauthorized_client"),
            ("TEMPORARILY_UNAVAILABLE", "A060316", "temporarily_unavailable"),
        ] {
            let ticket = sign_in.ticket(SHOP, &[]).await;
            let answer = sign_in.fail(&ticket, reason).await;
            is_told(&answer, code, error);
            assert_eq!(members(&answer), ["action", "responseContent", "resultCode", "resultMessage"]);
            let explained = app.get(&format!("/errors/{code}"), &app.admin).await;
            assert_eq!(explained.status.as_u16(), 200, "{code}");
        }
        let ticket = sign_in.ticket(SHOP, &[]).await;
        let body = json!({"ticket": ticket, "reason": "DENIED", "description": "No \"way\"\r\nSet-Cookie: é"});
        let answer = sign_in.tenant.post("auth/authorization/fail", body).await;
        assert_eq!(parameter(text(&answer["responseContent"]), "error_description").as_deref(), Some("No waySet-Cookie: "));
    }
}

scenario! {
    /// OpenID Connect Core section 3.1.2.1: what a server forgets to check would be told as true.
    async fn a_sign_in_that_is_not_what_the_client_demands_ends_the_request(app) {
        let sign_in = SignIn::opaque(app).await;
        let acr = r#"{"id_token":{"acr":{"essential":true,"values":["gold","silver"]}}}"#;
        let sub = r#"{"id_token":{"sub":{"value":"bob"}}}"#;
        for (more, said, code, error) in [
            (&[("claims", acr)][..], json!({}), "A042301", "unmet_authentication_requirements"),
            (&[("claims", acr)], json!({"acr": "bronze"}), "A042301", "unmet_authentication_requirements"),
            (&[("claims", sub)], json!({}), "A042302", "login_required"),
            (&[("max_age", "60")], json!({"authTime": NOW - 61}), "A042303", "login_required"),
            (&[("prompt", "login")], json!({"authTime": NOW - 1}), "A042303", "login_required"),
        ] {
            let ticket = sign_in.ticket(SHOP, more).await;
            is_told(&sign_in.issue(&ticket, said).await, code, error);
            is_denied(&sign_in.issue(&ticket, json!({})).await, "BAD_REQUEST", "A041202", "invalid_request");
            assert_eq!(app.get(&format!("/errors/{code}"), &app.admin).await.status.as_u16(), 200);
        }
        for (more, said) in [
            (&[("claims", acr)][..], json!({"acr": "silver"})),
            (&[("acr_values", "gold")], json!({})),
            (&[("claims", sub)], json!({"subject": "bob"})),
            (&[("max_age", "60")], json!({"authTime": NOW - 60})),
            (&[("prompt", "login")], json!({"authTime": null})),
        ] {
            let ticket = sign_in.ticket(SHOP, more).await;
            is_action(&sign_in.issue(&ticket, said).await, "LOCATION", "A040001");
        }
        let essential = r#"{"id_token":{"auth_time":{"essential":true}}}"#;
        let ticket = sign_in.ticket(SHOP, &[("claims", essential)]).await;
        is_denied(&sign_in.issue(&ticket, json!({"authTime": null})).await, "INTERNAL_SERVER_ERROR", "A041201", "server_error");
    }
}

scenario! {
    async fn a_ticket_is_its_service_s_and_no_login_application_s(app) {
        let (sign_in, other) = (SignIn::opaque(app).await, SignIn::jwt(app).await);
        let ticket = sign_in.ticket(SHOP, &[]).await;
        is_denied(&other.issue(&ticket, json!({})).await, "BAD_REQUEST", "A041202", "invalid_request");
        is_denied(&other.fail(&ticket, "DENIED").await, "BAD_REQUEST", "A061202", "invalid_request");
        let of_password = sign_in.tenant.ticket(json!({})).await;
        is_denied(&sign_in.issue(&of_password, json!({})).await, "BAD_REQUEST", "A041202", "invalid_request");
        let answer = sign_in.tenant.post("auth/token/issue", json!({"ticket": ticket, "subject": "ann"})).await;
        is_denied(&answer, "INTERNAL_SERVER_ERROR", "A055202", "server_error");
        // The code tells the id of the authorization, by which a login application must not find it.
        let issued = sign_in.issue(&ticket, json!({})).await;
        let (id, _) = text(&issued["authorizationCode"]).rsplit_once('.').unwrap();
        let bearer = format!("Bearer {}", app.admin);
        let request = http::Request::builder().method(Method::GET).uri(format!("/v1/authorizations/{id}"));
        let request = request.header(http::header::AUTHORIZATION, bearer).body(bytes::Bytes::new()).unwrap();
        app.send(request).await.is_error(404, "AUTHORIZATION_NOT_FOUND");
        // And what a login application decides isn't found by what stands for no ticket.
        is_denied(&sign_in.issue(id, json!({})).await, "BAD_REQUEST", "A041202", "invalid_request");
    }
}

scenario! {
    async fn what_is_kept_with_a_ticket_is_told_and_replaced(app) {
        let sign_in = SignIn::opaque(app).await;
        let parameters = sign_in.query(SHOP, &[]);
        let post = |path: &'static str, body: Value| sign_in.tenant.post(path, body);
        let asked = post("auth/authorization", json!({"parameters": parameters, "context": "one"})).await;
        let ticket = text(&asked["ticket"]);
        let info = |ticket: &str| post("auth/authorization/ticket/info", json!({"ticket": ticket}));
        let told = info(ticket).await;
        assert_eq!(told, json!({"resultCode": "A388001", "resultMessage": "[A388001] The ticket was found.", "action": "OK", "info": {"context": "one"}}));
        for (sent, kept) in [
            (json!({"context": "two"}), json!({"context": "two"})),
            (json!("{\"context\":\"three\"}"), json!({"context": "three"})),
            (json!("four"), json!({"context": "four"})),
            (json!({}), json!({})),
        ] {
            let updated = post("auth/authorization/ticket/update", json!({"ticket": ticket, "info": sent})).await;
            assert_eq!(updated, json!({"resultCode": "A390001", "resultMessage": "[A390001] The ticket was updated.", "action": "OK"}));
            assert_eq!(info(ticket).await["info"], kept);
        }
        let removed = v2(app, OPAQUE, "auth/authorization/ticket/update", json!({"ticket": ticket, "info": null})).await.ok();
        is_action(&removed, "OK", "A390001");
        is_action(&sign_in.issue(ticket, json!({})).await, "LOCATION", "A040001");
        for gone in [ticket, "x"] {
            is_action(&info(gone).await, "NOT_FOUND", "A388301");
            is_action(&post("auth/authorization/ticket/update", json!({"ticket": gone, "info": "x"})).await, "NOT_FOUND", "A390301");
        }
        is_action(&post("auth/authorization/ticket/info", json!({})).await, "CALLER_ERROR", "A388201");
        is_action(&post("auth/authorization/ticket/update", json!({"info": "x"})).await, "CALLER_ERROR", "A390201");
    }
}

/// What `count` calls of the service 100 at the same time have answered.
async fn at_once<F: Future<Output = Value> + Send + 'static>(
    app: &Arc<App>,
    count: usize,
    call: impl Fn(Arc<App>, usize) -> F,
) -> Vec<Value> {
    let tasks: Vec<_> = (0..count).map(|n| tokio::spawn(call(app.clone(), n))).collect();
    futures::future::try_join_all(tasks).await.unwrap()
}

race! {
    async fn of_sixty_four_decisions_on_one_ticket_one_is_taken(app) {
        let sign_in = SignIn::opaque(app).await;
        let ticket = sign_in.ticket(SHOP, &[]).await;
        let answers = at_once(app, 64, |app, n| {
            let body = json!({"ticket": ticket, "subject": "ann", "authTime": NOW, "reason": "DENIED"});
            let path = if n % 4 == 3 { "auth/authorization/fail" } else { "auth/authorization/issue" };
            async move { Tenant::new(&app, OPAQUE).post(path, body).await }
        }).await;
        let taken = answers.iter().filter(|answer| answer["action"] == "LOCATION").count();
        let late = answers.iter().filter(|answer| matches!(text(&answer["resultCode"]), "A041202" | "A061202")).count();
        assert_eq!((taken, late), (1, 63), "{answers:?}");
    }
}

race! {
    async fn a_change_of_what_is_kept_loses_no_decision(app) {
        let sign_in = SignIn::opaque(app).await;
        for _ in 0..5 {
            let ticket = sign_in.ticket(SHOP, &[]).await;
            let answers = at_once(app, 3, |app, n| {
                let body = json!({"ticket": ticket, "subject": "ann", "authTime": NOW, "info": n.to_string()});
                let path = if n == 0 { "auth/authorization/issue" } else { "auth/authorization/ticket/update" };
                async move { Tenant::new(&app, OPAQUE).post(path, body).await }
            }).await;
            is_action(&answers[0], "LOCATION", "A040001");
            assert!(answers[1..].iter().all(|answer| matches!(text(&answer["action"]), "OK" | "NOT_FOUND")), "{answers:?}");
        }
    }
}

scenario! {
    async fn no_answer_has_null_and_no_message_has_a_secret(app) {
        let sign_in = SignIn::opaque(app).await;
        let ticket = sign_in.ticket(SHOP, &[]).await;
        let issued = sign_in.issue(&ticket, json!({})).await;
        let code = text(&issued["authorizationCode"]).to_owned();
        let answers = [
            sign_in.ask(SHOP, &[]).await,
            sign_in.issue(&ticket, json!({})).await,
            sign_in.fail(&ticket, "DENIED").await,
            sign_in.tenant.post("auth/authorization/ticket/info", json!({"ticket": ticket})).await,
            sign_in.redeem(SHOP, &code, &[("code_verifier", "x")], json!({})).await,
            issued,
        ];
        for answer in &answers {
            let message = text(&answer["resultMessage"]);
            assert!(!message.contains(&ticket) && !message.contains(&code), "{message}");
            assert!(!answer.to_string().contains("null"), "{answer}");
        }
        assert!(content(&answers[4])["error"].is_string());
    }
}
