//! `auth/token` of Authlete's API.

use bytes::Bytes;
use http::{Request, header};
use serde_json::{Value, json};

use super::tenant::{
    APP, BRIEF, LOCKED, OPAQUE, ROBOT, Tenant, WEB, content, encoded, is_action, is_denied, members, over, secret, text,
};
use crate::support::scenario;

const NOW: i64 = 1_795_348_800;
const EXCHANGE: &str = "urn:ietf:params:oauth:grant-type:token-exchange";
const BEARER: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";

scenario! {
    async fn a_client_with_networks_cannot_be_used_through_an_authorization_server(app) {
        let tenant = Tenant::opaque(app).await;
        let path = format!("/v1/orgs/{OPAQUE}/clients/{WEB}");
        app.patch(&path, &app.admin, json!({"allowed_cidrs": ["0.0.0.0/1", "128.0.0.0/1"]})).await.ok();
        let answer = tenant.token(WEB, "grant_type=client_credentials", json!({})).await;
        is_denied(&answer, "INVALID_CLIENT", "A049312", "invalid_client");
    }
}

scenario! {
    async fn a_client_is_given_as_many_tokens_through_an_authorization_server_as_its_limits_allow(app) {
        let tenant = Tenant::opaque(app).await;
        let path = format!("/v1/orgs/{OPAQUE}/clients/{WEB}");
        app.patch(&path, &app.admin, json!({"limits": {"per_minute": 2}})).await.ok();
        let own = async || tenant.token(WEB, "grant_type=client_credentials", json!({})).await;
        is_denied(&tenant.token(WEB, "grant_type=refresh_token&refresh_token=x", json!({})).await, "BAD_REQUEST", "A053301", "invalid_grant");
        is_action(&own().await, "OK", "A053001");
        // Whatever the server decides about it, a request that waits for that counts.
        is_action(&tenant.token(WEB, "grant_type=password&username=a&password=b", json!({})).await, "PASSWORD", "A050002");
        let answer = own().await;
        is_denied(&answer, "BAD_REQUEST", "A050354", "temporarily_unavailable");
        // What the server makes by itself isn't the client's to be limited in.
        let body = json!({"grantType": "CLIENT_CREDENTIALS", "clientId": WEB, "scopes": ["read"]});
        is_action(&tenant.post("auth/token/create", body).await, "OK", "A109001");
        app.clock.advance_ms(60_000);
        is_action(&own().await, "OK", "A053001");
    }
}

scenario! {
    /// What is wrong first is told, though all that follows is wrong as well.
    async fn a_request_is_processed_in_authlete_s_order(app) {
        let tenant = Tenant::opaque(app).await;
        tenant.set(json!({"supported_grants": ["password", "client_credentials"]})).await;
        let ask = async |parameters: &str, more: Value| {
            tenant.post("auth/token", over(json!({ "parameters": parameters }), more)).await
        };
        let wrong = || json!({"clientId": "4711", "clientSecret": "x"});
        let right = |id: u64| json!({"clientId": id.to_string(), "clientSecret": secret(OPAQUE, id)});
        is_denied(&ask("", wrong()).await, "INTERNAL_SERVER_ERROR", "A047201", "server_error");
        is_denied(&ask("grant_type=%zz", wrong()).await, "BAD_REQUEST", "A047301", "invalid_request");
        is_denied(&ask("scope=read", wrong()).await, "BAD_REQUEST", "A048301", "invalid_request");
        for unsupported in ["hope", "refresh_token", "urn:openid:params:grant-type:ciba", "PASSWORD"] {
            let answer = ask(&format!("grant_type={unsupported}"), wrong()).await;
            is_denied(&answer, "BAD_REQUEST", "A048303", "unsupported_grant_type");
        }
        is_denied(&ask("grant_type=password", wrong()).await, "INVALID_CLIENT", "A049301", "invalid_client");
        let robot = format!("grant_type=password&client_id={ROBOT}&client_secret={}", encoded(&secret(OPAQUE, ROBOT)));
        is_denied(&ask(&robot, json!({"dpop": "x"})).await, "BAD_REQUEST", "A048305", "unauthorized_client");
        is_denied(&ask("grant_type=password", over(right(WEB), json!({"dpop": "x"}))).await, "BAD_REQUEST", "A254303", "invalid_dpop_proof");
        is_denied(&ask("grant_type=password", right(WEB)).await, "BAD_REQUEST", "A051301", "invalid_request");
        is_denied(&ask("grant_type=password&username=a", right(WEB)).await, "BAD_REQUEST", "A051302", "invalid_request");
        is_action(&ask("grant_type=password&username=a&password=b", right(WEB)).await, "PASSWORD", "A050002");
    }
}

scenario! {
    /// Each client by the method that it is registered for, and by no other: what is wrong is one answer.
    async fn a_client_authenticates_as_it_is_registered(app) {
        let tenant = Tenant::opaque(app).await;
        let ask = async |form: &str, more: Value| {
            tenant.post("auth/token", over(json!({"parameters": format!("grant_type=client_credentials{form}")}), more)).await
        };
        let web = secret(OPAQUE, WEB);
        let in_form = |id: &str, secret: &str| format!("&client_id={id}&client_secret={}", encoded(secret));
        for name in ["1001", "web"] {
            let answer = ask("", json!({"clientId": name, "clientSecret": web})).await;
            assert_eq!((&answer["action"], &answer["clientAuthMethod"]), (&json!("OK"), &json!("CLIENT_SECRET_BASIC")));
            assert_eq!((&answer["clientIdAlias"], &answer["clientIdAliasUsed"]), (&json!("web"), &json!(name == "web")));
        }
        // The same in both places is the same.
        assert_eq!(ask(&in_form("1001", &web), json!({"clientId": "1001", "clientSecret": web})).await["action"], "OK");
        let robot = ask(&in_form("1003", &secret(OPAQUE, ROBOT)), json!({})).await;
        assert_eq!((&robot["action"], &robot["clientAuthMethod"]), (&json!("OK"), &json!("CLIENT_SECRET_POST")));

        let mut answers = Vec::new();
        for (form, more) in [
            (String::new(), json!({"clientId": "1001", "clientSecret": "wrong"})),
            (String::new(), json!({"clientId": "1001"})),
            (String::new(), json!({"clientId": "4711", "clientSecret": web})),
            (String::new(), json!({"clientId": "not a name", "clientSecret": web})),
            (in_form("1001", &web), json!({})),
            (String::new(), json!({"clientId": "1003", "clientSecret": secret(OPAQUE, ROBOT)})),
            (in_form("1002", "anything"), json!({})),
            (String::new(), json!({"clientId": LOCKED.to_string(), "clientSecret": "wrong"})),
        ] {
            let answer = ask(&form, more).await;
            is_denied(&answer, "INVALID_CLIENT", "A049301", "invalid_client");
            assert_eq!(answer["grantType"], "CLIENT_CREDENTIALS");
            answers.push(answer);
        }
        assert!(answers.windows(2).all(|pair| pair[0] == pair[1]), "nobody can probe for clients");
        for (form, more, code) in [
            ("", json!({}), "A049302"),
            ("", json!({"clientSecret": web}), "A049302"),
            ("&client_id=1003", json!({"clientId": "1001", "clientSecret": web}), "A049306"),
            ("&client_id=1001&client_secret=other", json!({"clientId": "1001", "clientSecret": web}), "A049306"),
            ("", json!({"clientId": LOCKED.to_string(), "clientSecret": secret(OPAQUE, LOCKED)}), "A049303"),
        ] {
            is_denied(&ask(form, more).await, "INVALID_CLIENT", code, "invalid_client");
        }
        assert_eq!(tenant.list("").await.1, 4, "only those that were good");
    }
}

scenario! {
    async fn a_client_gets_a_token_for_itself(app) {
        let tenant = Tenant::opaque(app).await;
        let more = json!({"properties": [{"key": "shown", "value": "1"}, {"key": "kept", "value": "2", "hidden": true}], "accessTokenDuration": 600});
        let mut answer = tenant.token(WEB, "grant_type=client_credentials&scope=write+read&resource=https%3A%2F%2Fapi.example", more).await;
        let token = answer.as_object_mut().unwrap().remove("accessToken").unwrap();
        let content = content(&answer);
        answer.as_object_mut().unwrap().remove("responseContent");
        assert_eq!(content, json!({"access_token": token, "token_type": "Bearer", "expires_in": 600, "scope": "write read", "shown": "1"}));
        assert_eq!(
            answer,
            json!({
                "resultCode": "A053001", "resultMessage": "[A053001] The token request (grant_type=client_credentials) was processed successfully.",
                "action": "OK", "grantType": "CLIENT_CREDENTIALS", "clientAuthMethod": "CLIENT_SECRET_BASIC", "resources": ["https://api.example"],
                "accessTokenExpiresAt": (NOW + 600) * 1_000, "accessTokenDuration": 600, "clientId": WEB, "clientIdAlias": "web",
                "clientIdAliasUsed": false, "scopes": ["write", "read"], "accessTokenResources": ["https://api.example"],
                "properties": [{"key": "shown", "value": "1", "hidden": false}, {"key": "kept", "value": "2", "hidden": true}],
                "serviceAttributes": [{"key": "region", "value": "north"}], "clientAttributes": [{"key": "plan", "value": "free"}],
            })
        );
        assert!(tenant.is_live(&token).await);
        is_denied(&tenant.token(APP, "grant_type=client_credentials", json!({})).await, "BAD_REQUEST", "A048305", "unauthorized_client");
        let public = json!({"clientType": "PUBLIC", "grantTypes": ["CLIENT_CREDENTIALS"]});
        let public = tenant.post("client/create", public).await;
        let parameters = format!("grant_type=client_credentials&client_id={}", public["clientId"]);
        is_denied(&tenant.post("auth/token", json!({ "parameters": parameters })).await, "BAD_REQUEST", "A049309", "unauthorized_client");
    }
}

scenario! {
    /// Unknown and unrequestable scopes are dropped, and who asks for none gets the default ones that it may have.
    async fn a_client_gets_the_scopes_that_it_may_request(app) {
        let tenant = Tenant::opaque(app).await;
        for (client, scope, granted) in [
            (WEB, "", Some(json!(["read"]))),
            (WEB, "&scope=", Some(json!(["read"]))),
            (WEB, "&scope=write+brief", Some(json!(["write", "brief"]))),
            (WEB, "&scope=write+unknown+write", Some(json!(["write"]))),
            (WEB, "&scope=unknown", None),
            (ROBOT, "&scope=write+read", Some(json!(["read"]))),
            (ROBOT, "&scope=write", None),
        ] {
            let answer = tenant.token(client, &format!("grant_type=client_credentials{scope}"), json!({})).await;
            assert_eq!((&answer["action"], answer.get("scopes")), (&json!("OK"), granted.as_ref()), "{client} {scope}");
            assert!(content(&answer).as_object().unwrap().contains_key("scope"));
        }
        is_denied(&tenant.token(WEB, "grant_type=client_credentials&scope=%22", json!({})).await, "BAD_REQUEST", "A053306", "invalid_scope");
        is_denied(&tenant.token(WEB, "grant_type=client_credentials&resource=x", json!({})).await, "BAD_REQUEST", "A053308", "invalid_target");
        tenant.set(json!({"scope_required": true})).await;
        for grant in ["client_credentials", "password&username=a&password=b"] {
            let answer = tenant.token(WEB, &format!("grant_type={grant}&scope=unknown"), json!({})).await;
            is_denied(&answer, "BAD_REQUEST", "A053307", "invalid_scope");
        }
    }
}

scenario! {
    async fn a_password_is_handed_on_with_a_ticket(app) {
        let tenant = Tenant::opaque(app).await;
        let parameters = "grant_type=password&username=jo%20hn&password=p%26w%C3%BC&scope=write+unknown&resource=urn:a";
        let mut answer = tenant.token(WEB, parameters, json!({})).await;
        let ticket = answer.as_object_mut().unwrap().remove("ticket").unwrap();
        assert_eq!(text(&ticket).len(), 43);
        assert_eq!(
            answer,
            json!({
                "resultCode": "A050002", "resultMessage": "[A050002] The token request (grant_type=password) is valid: check the resource owner's credentials.",
                "action": "PASSWORD", "grantType": "PASSWORD", "clientAuthMethod": "CLIENT_SECRET_BASIC", "resources": ["urn:a"],
                "username": "jo hn", "password": "p&wü", "clientId": WEB, "clientIdAlias": "web", "clientIdAliasUsed": false, "scopes": ["write"],
                "serviceAttributes": [{"key": "region", "value": "north"}], "clientAttributes": [{"key": "plan", "value": "free"}],
            })
        );
        let public = tenant.token(APP, "grant_type=password&username=a&password=b", json!({})).await;
        assert_eq!((&public["action"], &public["clientAuthMethod"]), (&json!("PASSWORD"), &json!("NONE")));
        assert_eq!(public.get("clientIdAlias"), None);
    }
}

scenario! {
    async fn there_are_no_codes_so_none_is_right(app) {
        let tenant = Tenant::opaque(app).await;
        let answer = tenant.token(WEB, "grant_type=authorization_code&code=abc", json!({})).await;
        is_denied(&answer, "BAD_REQUEST", "A050305", "invalid_grant");
        assert_eq!(answer["grantType"], "AUTHORIZATION_CODE");
    }
}

scenario! {
    async fn members_that_the_authorization_server_gets_wrong_are_its_own_fault(app) {
        let tenant = Tenant::opaque(app).await;
        for (more, code) in [
            (json!({"jwtAtClaims": "[]"}), "A047201"),
            (json!({"properties": [{"value": "no key"}]}), "A047201"),
            (json!({"accessTokenDuration": 100_000}), "A047205"),
        ] {
            let answer = tenant.token(WEB, "grant_type=client_credentials", more).await;
            is_denied(&answer, "INTERNAL_SERVER_ERROR", code, "server_error");
        }
        let answer = tenant.token(WEB, "grant_type=client_credentials", json!({"accessTokenDuration": -1})).await;
        assert_eq!(answer["accessTokenDuration"], 3_600, "only a positive one counts");
    }
}

scenario! {
    async fn how_much_an_error_says_is_for_the_service_to_choose(app) {
        let tenant = Tenant::opaque(app).await;
        for (settings, said) in [
            (json!({}), vec!["error", "error_description", "error_uri"]),
            (json!({"error_description_omitted": true}), vec!["error", "error_uri"]),
            (json!({"error_uri_omitted": true}), vec!["error", "error_description"]),
            (json!({"error_description_omitted": true, "error_uri_omitted": true}), vec!["error"]),
        ] {
            tenant.set(settings).await;
            let answer = tenant.token(WEB, "grant_type=password", json!({})).await;
            assert_eq!(members(&content(&answer)), said);
            assert!(text(&answer["resultMessage"]).contains("username"));
        }
    }
}

scenario! {
    /// curl sends forms.
    async fn the_call_itself_may_be_a_form(app) {
        let tenant = Tenant::opaque(app).await;
        let parameters = encoded("grant_type=client_credentials&scope=read");
        let body = format!("parameters={parameters}&clientId=1001&clientSecret={}&accessTokenDuration=60", encoded(&secret(OPAQUE, WEB)));
        let request = Request::post(tenant.path("auth/token")).header(header::AUTHORIZATION, format!("Bearer {}", app.admin));
        let request = request.header(header::CONTENT_TYPE, "application/x-www-form-urlencoded").body(Bytes::from(body)).unwrap();
        let answer = app.send(request).await.ok();
        assert_eq!((&answer["action"], &answer["accessTokenDuration"]), (&json!("OK"), &json!(60)));
    }
}

scenario! {
    /// For these two nobody need be known, unless the service wants it.
    async fn who_exchanges_or_asserts_is_for_the_service_to_choose(app) {
        let tenant = Tenant::opaque(app).await;
        let token = tenant.created(json!({})).await;
        let exchange = format!(
            "grant_type={EXCHANGE}&subject_token={}&subject_token_type=urn:ietf:params:oauth:token-type:access_token",
            text(&token["accessToken"])
        );
        let anonymous = async |parameters: &str| tenant.post("auth/token", json!({ "parameters": parameters })).await;
        let nobody = anonymous(&exchange).await;
        assert_eq!((&nobody["action"], nobody.get("clientId"), nobody.get("clientAuthMethod")), (&json!("TOKEN_EXCHANGE"), None, None));
        let wrong = json!({"parameters": exchange, "clientId": "1001", "clientSecret": "wrong"});
        is_denied(&tenant.post("auth/token", wrong).await, "INVALID_CLIENT", "A049301", "invalid_client");
        is_denied(&tenant.token(ROBOT, &exchange, json!({})).await, "BAD_REQUEST", "A048305", "unauthorized_client");
        let public = json!({"clientType": "PUBLIC", "grantTypes": ["TOKEN_EXCHANGE", "JWT_BEARER"]});
        let public = format!("{exchange}&client_id={}", tenant.post("client/create", public).await["clientId"]);
        for (rule, nobody, by_public, by_web, by_brief) in [
            ("by_identifiable_clients_only", "A049302", "A311001", "A311001", "A311001"),
            ("by_confidential_clients_only", "A049302", "A049309", "A311001", "A311001"),
            ("by_permitted_clients_only", "A049302", "A311301", "A311301", "A311001"),
        ] {
            tenant.set(json!({"token_exchange": {rule: true}, "jwt_grant": {"by_identifiable_clients_only": true}})).await;
            let codes = [
                (nobody, anonymous(&exchange).await),
                (by_public, anonymous(&public).await),
                (by_web, tenant.token(WEB, &exchange, json!({})).await),
                (by_brief, tenant.token(BRIEF, &exchange, json!({})).await),
            ];
            for (code, answer) in codes {
                assert_eq!(answer["resultCode"], code, "{rule}: {answer}");
            }
        }
        is_denied(&anonymous(&format!("grant_type={BEARER}&assertion=x")).await, "INVALID_CLIENT", "A049302", "invalid_client");
    }
}
