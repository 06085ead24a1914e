//! Tokens to exchange that are on no record here: those of issuers that the org trusts, and ID tokens of ours (RFC 8693).

use serde_json::{Value, json};
use shared::jose::jwk;
use shared::keys::signer::Signer as _;

use super::sign_in::{OLD, SHOP, SignIn};
use super::tenant::{
    ACCESS_TOKEN, API, APP, BROKER, By, IDP, ISSUER, JWT_BEARER, NOW, SERVER, TOKEN_EXCHANGE, Tenant, WEB, claims,
    client_thumbprint, fresh_id, is_denied, issuer_key, jwt, over, proof, text,
};
use crate::support::{Answer, scenario};

const JWT: &str = "urn:ietf:params:oauth:token-type:jwt";
const ID_TOKEN: &str = "urn:ietf:params:oauth:token-type:id_token";
const MCP: &str = "https://mcp.example/mcp";
const PARTNER_SERVER: &str = "https://auth.chat.example/";

fn entry(more: Value) -> Value {
    over(json!({"issuer": IDP, "jwks": {"keys": [jwk::to_json(issuer_key().jwk())]}, "subject_tokens": true}), more)
}

/// Has an org take the tokens of [`IDP`] in exchanges, with `more` laid over its entry.
async fn trusting(tenant: Tenant<'_>, more: Value) -> Tenant<'_> {
    tenant.set(json!({ "assertion_issuers": [entry(more)], "resources": [API, MCP] })).await;
    tenant
}

/// A token of [`IDP`] about `ann`, with `more` laid over its claims. `null` takes one away.
fn token(typ: Option<&str>, more: Value) -> String {
    let usual = json!({"iss": IDP, "sub": "ann", "aud": ISSUER, "iat": NOW, "exp": NOW + 120, "jti": fresh_id()});
    let header = typ.map_or_else(|| json!({"alg": "EdDSA"}), |typ| json!({"alg": "EdDSA", "typ": typ}));
    jwt(&issuer_key(), &header, &over(usual, more))
}

/// The answer to an exchange.
async fn exchange(tenant: &Tenant<'_>, client: u64, token: (&str, &str), more: &[(&str, &str)]) -> Answer {
    let own = [("grant_type", TOKEN_EXCHANGE), ("subject_token", token.0), ("subject_token_type", token.1)];
    let form: Vec<_> = own.into_iter().chain(more.iter().copied()).collect();
    tenant.token(By::Client(client), &form).await
}

/// What an administrator hears of a token.
async fn test(tenant: &Tenant<'_>, token: &str, more: Value) -> Value {
    let path = format!("/v1/orgs/{}/issuers/test", tenant.org);
    tenant.app.post(&path, Some(&tenant.app.admin), over(json!({"token": token, "use": "subject_token"}), more)).await.ok()
}

scenario! {
    async fn rfc8693_2_1_a_token_of_an_issuer_becomes_one_of_ours_that_ends_with_it(app) {
        for tenant in [Tenant::opaque(app).await, Tenant::jwt(app).await] {
            let tenant = trusting(tenant, json!({"scopes": ["read"]})).await;
            for kind in [JWT, ID_TOKEN] {
                let presented = token(Some("JWT"), json!({"acr": "urn:mfa", "auth_time": NOW - 9, "act": {"sub": "somebody"}}));
                let told = test(&tenant, &presented, json!({"client_id": tenant.id(WEB), "subject_token_type": kind})).await;
                assert_eq!(told["would_issue"], json!({"sub": "ann", "scope": "read", "expires_in": 120}), "{told}");
                let granted = exchange(&tenant, WEB, (&presented, kind), &[("resource", MCP)]).await.ok();
                assert_eq!((&granted["issued_token_type"], &granted["expires_in"]), (&json!(ACCESS_TOKEN), &json!(120)));
                assert_eq!((&granted["scope"], granted.get("refresh_token")), (&json!("read"), None));
                let access = text(&granted["access_token"]);
                let seen = tenant.audit(&access).await;
                assert_eq!((&seen["sub"], &seen["aud"], &seen["acr"]), (&json!("ann"), &json!([MCP]), &json!("urn:mfa")));
                assert_eq!((&seen["auth_time"], seen.get("act")), (&json!(NOW - 9), None), "nobody of ours has acted");
                // Used once, and only by what was good.
                let again = exchange(&tenant, WEB, (&presented, kind), &[]).await;
                is_denied(&again, "invalid_request");
                assert_eq!(again.json()["error_description"], "The subject token was used before.");
                let member = format!("/v1/orgs/{}/members/ann", tenant.org);
                app.patch(&member, &app.admin, json!({"scopes": []})).await.ok();
                assert_ne!(tenant.audit(&access).await["scope"], "read", "what they hold no longer is lost");
                app.patch(&member, &app.admin, json!({"scopes": ["read", "write"]})).await.ok();
            }
            let presented = token(None, json!({}));
            for wrong in [[("scope", "write")], [("scope", "nope")]] {
                is_denied(&exchange(&tenant, WEB, (&presented, JWT), &wrong).await, "invalid_scope");
            }
            is_denied(&exchange(&tenant, WEB, (&presented, JWT), &[("resource", "https://else.example")]).await, "invalid_target");
            is_denied(&exchange(&tenant, WEB, (&presented, JWT), &[("resource", MCP), ("audience", API)]).await, "invalid_request");
            is_denied(&exchange(&tenant, WEB, (&presented, JWT), &[("authorization_details", r#"[{"type":"payment"}]"#)]).await, "invalid_authorization_details");
            exchange(&tenant, WEB, (&presented, JWT), &[("audience", MCP), ("resource", MCP)]).await.ok();
        }
    }
}

scenario! {
    async fn what_breaks_a_rule_is_refused_with_one_text_and_the_administrator_hears_which(app) {
        let tenant = Tenant::opaque(app).await;
        let idp = entry(json!({"audiences": ["f53f191f", "9e0c"], "claims": {"hd": "acme.example"}}));
        let former = entry(json!({"issuer": "https://former.example", "enabled": false}));
        let plain = entry(json!({"issuer": "https://plain.example", "subject_tokens": false}));
        let of_server = entry(json!({"issuer": "https://of-server.example", "clients": [tenant.id(SERVER)]}));
        tenant.set(json!({"assertion_issuers": [idp, former, plain, of_server]})).await;
        // What is taken away stays so until the token is made.
        let good = |more: Value| {
            let mut said = json!({"aud": "f53f191f", "hd": "acme.example"});
            said.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            said
        };
        for (typ, more, kind, rule) in [
            (Some("at+jwt"), json!({}), JWT, "TYPE"),
            (Some("at+jwt"), json!({}), ID_TOKEN, "TYPE"),
            (Some("oauth-id-jag+jwt"), json!({}), JWT, "TYPE"),
            (Some("client-authentication+jwt"), json!({}), JWT, "TYPE"),
            (None, json!({"iss": "https://stranger.example"}), JWT, "ISSUER"),
            (None, json!({"iss": "https://former.example"}), JWT, "ISSUER"),
            (None, json!({"iss": "https://plain.example"}), ID_TOKEN, "ISSUER"),
            (None, json!({"iss": "https://of-server.example"}), JWT, "ISSUER"),
            (None, json!({"aud": ISSUER}), JWT, "AUDIENCE"),
            (None, json!({"aud": ["f53f191f", "9e0c"]}), ID_TOKEN, "AUDIENCE"),
            (None, json!({"aud": null}), ID_TOKEN, "AUDIENCE"),
            (None, json!({"azp": "somebody"}), ID_TOKEN, "AUDIENCE"),
            (None, json!({"azp": 7}), ID_TOKEN, "AUDIENCE"),
            (None, json!({"iat": null}), ID_TOKEN, "AGE"),
            (None, json!({"exp": NOW}), JWT, "EXPIRY"),
            (None, json!({"exp": null}), JWT, "EXPIRY"),
            (None, json!({"exp": NOW + 361}), JWT, "LIFE"),
            (None, json!({"jti": null}), ID_TOKEN, "ID"),
            (None, json!({"hd": "other.example"}), JWT, "CONDITION"),
            (None, json!({"sub": null}), ID_TOKEN, "SUBJECT"),
            (None, json!({"sub": "nobody"}), JWT, "SUBJECT"),
            (None, json!({"sub": "gone"}), JWT, "SUBJECT"),
        ] {
            let presented = token(typ, good(more.clone()));
            for _ in 0..2 {
                let answer = exchange(&tenant, WEB, (&presented, kind), &[]).await;
                is_denied(&answer, "invalid_request");
                assert_eq!(
                    answer.json()["error_description"],
                    "The subject token is not accepted. An administrator can see why: POST /v1/orgs/{org}/issuers/test.", "{more}"
                );
            }
            let told = test(&tenant, &presented, json!({"client_id": tenant.id(WEB), "subject_token_type": kind})).await;
            assert_eq!((&told["accepted"], &told["rule"]), (&json!(false), &json!(rule)), "{more} {told}");
        }
        for good in [good(json!({"azp": "9e0c"})), good(json!({"aud": ["9e0c"], "exp": NOW + 300}))] {
            exchange(&tenant, WEB, (&token(None, good), ID_TOKEN), &[]).await.ok();
        }
        exchange(&tenant, WEB, (&token(None, good(json!({"azp": "somebody", "iat": null}))), JWT), &[]).await.ok();
        exchange(&tenant, SERVER, (&token(None, json!({"iss": "https://of-server.example"})), JWT), &[]).await.ok();
        for (kind, broken) in [(ID_TOKEN, "x"), (JWT, "x"), (ID_TOKEN, "a.b.c"), (ID_TOKEN, "eyJhbGciOiJub25lIn0.e30.")] {
            is_denied(&exchange(&tenant, WEB, (broken, kind), &[]).await, "invalid_request");
        }
        let forged = format!("{}AAAA", &token(None, good(json!({})))[..60]);
        is_denied(&exchange(&tenant, WEB, (&forged, JWT), &[]).await, "invalid_request");
        let path = format!("/v1/orgs/{}/issuers/test", tenant.org);
        let mixed = json!({"token": "x", "use": "id_jag", "subject_token_type": ID_TOKEN});
        app.post(&path, Some(&app.admin), mixed).await.is_error(400, "INVALID_REQUEST");
    }
}

scenario! {
    async fn what_can_be_used_once_is_the_same_for_all_uses_and_what_is_reusable_comes_again(app) {
        let tenant = trusting(Tenant::opaque(app).await, json!({})).await;
        let presented = token(None, json!({}));
        exchange(&tenant, WEB, (&presented, JWT), &[]).await.ok();
        is_denied(&tenant.token(By::Client(WEB), &[("grant_type", JWT_BEARER), ("assertion", &presented)]).await, "invalid_grant");
        let presented = token(None, json!({}));
        tenant.token(By::Client(WEB), &[("grant_type", JWT_BEARER), ("assertion", &presented)]).await.ok();
        is_denied(&exchange(&tenant, SERVER, (&presented, JWT), &[]).await, "invalid_request");
        let tenant = trusting(tenant, json!({"reusable": true, "any_subject": true})).await;
        let presented = token(None, json!({"jti": null, "sub": "somebody"}));
        for client in [WEB, SERVER, WEB] {
            let granted = exchange(&tenant, client, (&presented, ID_TOKEN), &[]).await.ok();
            assert_eq!(tenant.audit(&text(&granted["access_token"])).await["sub"], "somebody");
        }
        // It would look like the client's own token.
        let own = token(None, json!({"sub": tenant.id(WEB).to_string()}));
        is_denied(&exchange(&tenant, WEB, (&own, JWT), &[]).await, "invalid_request");
    }
}

scenario! {
    async fn who_may_exchange_and_who_may_act_holds_for_tokens_of_others_too(app) {
        let tenant = trusting(Tenant::jwt(app).await, json!({"reusable": true})).await;
        let plain = token(None, json!({}));
        is_denied(&exchange(&tenant, APP, (&plain, JWT), &[]).await, "unauthorized_client");
        let broker = tenant.id(BROKER).to_string();
        let actor = tenant.own_token(BROKER, &[]).await;
        let act = [("actor_token", actor.as_str()), ("actor_token_type", ACCESS_TOKEN)];
        let acted = text(&exchange(&tenant, BROKER, (&plain, JWT), &act).await.ok()["access_token"]);
        assert_eq!(claims(&acted)["act"], json!({"sub": broker, "client_id": broker}));
        tenant.revoke(BROKER, &actor).await;
        assert!(!tenant.is_live(&acted).await, "where the actor's token ends, nobody acts any more");
        let web = tenant.id(WEB).to_string();
        for (permit, may) in [
            (json!({"sub": web}), true),
            (json!({"sub": web, "client_id": web, "iss": ISSUER}), true),
            (json!({"sub": web, "iss": IDP}), false),
            (json!({"sub": "agent"}), false),
            (json!({"sub": web, "client_id": broker}), false),
            (json!({}), false),
            (json!("anybody"), false),
        ] {
            let answer = exchange(&tenant, WEB, (&token(None, json!({"may_act": permit})), JWT), &[]).await;
            if may {
                assert_eq!(claims(&text(&answer.ok()["access_token"])).get("may_act"), None, "it isn't carried over");
            } else {
                is_denied(&answer, "invalid_request");
            }
        }
        let strict = json!({"assertion_issuers": [entry(json!({}))], "token_exchange": {"by_permitted_clients_only": true}});
        tenant.set(strict).await;
        let presented = token(None, json!({}));
        is_denied(&exchange(&tenant, WEB, (&presented, JWT), &[]).await, "unauthorized_client");
        assert_eq!(test(&tenant, &presented, json!({"client_id": tenant.id(WEB)})).await["field"], "may_exchange_tokens");
        exchange(&tenant, BROKER, (&presented, JWT), &[]).await.ok();
    }
}

scenario! {
    async fn a_token_of_others_that_is_bound_stays_so_and_one_that_is_not_can_be_bound(app) {
        let tenant = trusting(Tenant::opaque(app).await, json!({})).await;
        let send = async |presented: &str, headers: &[(&str, &str)]| {
            let form = [("grant_type", TOKEN_EXCHANGE), ("subject_token", presented), ("subject_token_type", JWT)];
            tenant.send("/oauth2/token", By::Client(WEB), &form, headers).await
        };
        let bound = token(None, json!({"cnf": {"jkt": client_thumbprint()}}));
        is_denied(&send(&bound, &[]).await, "invalid_dpop_proof");
        let others = token(None, json!({"cnf": {"jkt": issuer_key().jwk().kid.to_string()}}));
        let answer = send(&others, &[("DPoP", &proof(json!({})))]).await;
        is_denied(&answer, "invalid_request");
        is_denied(&send(&token(None, json!({"cnf": {"x5t#S256": client_thumbprint()}})), &[]).await, "invalid_request");
        for presented in [bound, token(None, json!({}))] {
            let granted = send(&presented, &[("DPoP", &proof(json!({})))]).await.ok();
            assert_eq!(tenant.audit(&text(&granted["access_token"])).await["cnf"], json!({"jkt": client_thumbprint()}));
        }
    }
}

/// An org whose people sign in to clients that may exchange tokens, and go on to another authorization server.
async fn signing_in(app: &crate::support::App) -> SignIn<'_> {
    let sign_in = SignIn::opaque(app).await;
    sign_in.set(json!({"resources": [API, MCP]})).await;
    for client in [SHOP, OLD] {
        let path = format!("/v1/orgs/{}/clients/{}", sign_in.tenant.org, sign_in.tenant.id(client));
        let id_jag = json!({
            "authorization_server": PARTNER_SERVER, "type": "id-jag", "client_id": "f53f191f", "resources": ["https://chat.example/mcp"],
            "scopes": [{"scope": "chat.read", "for": ["read"]}, {"scope": "chat.send", "for": ["write"]}],
        });
        let jwt = json!({"authorization_server": PARTNER_SERVER, "scopes": [{"scope": "chat.read", "for": ["read"]}]});
        let grants = json!(["authorization_code", "refresh_token", TOKEN_EXCHANGE]);
        app.patch(&path, &app.admin, json!({"grants": grants, "may_exchange_to": [id_jag, jwt]})).await.ok();
    }
    sign_in
}

/// The token of the account page, which ends sessions and grants.
async fn account(sign_in: &SignIn<'_>) -> String {
    let (app, org) = (sign_in.tenant.app, sign_in.tenant.org);
    app.put(&format!("/v1/orgs/{org}/members/account"), &app.admin, json!({"scopes": ["urn:jeton:grants:*"]})).await;
    app.token(org, "account", &["urn:jeton:grants:write"]).await
}

/// The answer to a client that asks for a grant for another authorization server.
async fn grant(sign_in: &SignIn<'_>, client: u64, id_token: &str, more: &[(&str, &str)]) -> Answer {
    let own = [("requested_token_type", "urn:ietf:params:oauth:token-type:id-jag"), ("audience", PARTNER_SERVER)];
    let form: Vec<_> =
        own.into_iter().filter(|(name, _)| more.iter().all(|(other, _)| other != name)).chain(more.iter().copied()).collect();
    shop(sign_in, client, id_token, &form).await
}

/// The answer to a client of people that exchanges an ID token.
async fn shop(sign_in: &SignIn<'_>, client: u64, id_token: &str, more: &[(&str, &str)]) -> Answer {
    let own = [("grant_type", TOKEN_EXCHANGE), ("subject_token", id_token), ("subject_token_type", ID_TOKEN)];
    let form: Vec<_> = own.into_iter().chain(more.iter().copied()).collect();
    let tenant = &sign_in.tenant;
    let by = super::tenant::basic(&tenant.id(client).to_string(), &tenant.secret(client));
    tenant.token(By::Header(&by), &form).await
}

scenario! {
    async fn id_jag_4_3_3_an_id_token_of_ours_becomes_a_grant_of_what_its_person_granted(app) {
        let sign_in = signing_in(app).await;
        let said = json!({"acr": "urn:mfa", "amr": ["pwd", "otp"], "auth_time": NOW - 5});
        let id_token = text(&sign_in.tokens(SHOP, &[], said).await["id_token"]);
        for _ in 0..2 {
            let granted = grant(&sign_in, SHOP, &id_token, &[]).await.ok();
            assert_eq!((&granted["scope"], &granted["token_type"]), (&json!("chat.read"), &json!("N_A")), "`write` was not granted");
            let told = claims(&text(&granted["access_token"]));
            assert_eq!((&told["sub"], &told["aud"], &told["client_id"]), (&json!("ann"), &json!(PARTNER_SERVER), &json!("f53f191f")));
            assert_eq!((&told["acr"], &told["amr"], &told["auth_time"]), (&json!("urn:mfa"), &json!(["pwd", "otp"]), &json!(NOW - 5)));
        }
        is_denied(&grant(&sign_in, SHOP, &id_token, &[("scope", "chat.send")]).await, "invalid_scope");
        // It is for one client, which alone may present it, and for an ID-JAG.
        is_denied(&grant(&sign_in, OLD, &id_token, &[]).await, "invalid_request");
        is_denied(&grant(&sign_in, SHOP, &id_token, &[("requested_token_type", JWT)]).await, "invalid_request");
        let access = text(&sign_in.tokens(SHOP, &[], json!({})).await["access_token"]);
        is_denied(&grant(&sign_in, SHOP, &access, &[]).await, "invalid_request");
        app.clock.advance_ms(3_599_000);
        assert_eq!(grant(&sign_in, SHOP, &id_token, &[]).await.ok()["expires_in"], 1, "no longer than the token");
        app.clock.advance_ms(1_000);
        is_denied(&grant(&sign_in, SHOP, &id_token, &[]).await, "invalid_request");
    }
}

scenario! {
    async fn an_id_token_of_ours_opens_here_what_its_person_granted_and_ends_with_that(app) {
        let sign_in = signing_in(app).await;
        let tenant = &sign_in.tenant;
        let id_token = text(&sign_in.tokens(SHOP, &[("resource", API)], json!({"session": "s-1"})).await["id_token"]);
        let granted = shop(&sign_in, SHOP, &id_token, &[("resource", API)]).await.ok();
        assert_eq!((&granted["scope"], granted.get("refresh_token"), granted.get("id_token")), (&json!("read"), None, None));
        let access = text(&granted["access_token"]);
        let seen = tenant.audit(&access).await;
        assert_eq!((&seen["sub"], &seen["aud"], seen.get("act")), (&json!("ann"), &json!([API]), None));
        is_denied(&shop(&sign_in, SHOP, &id_token, &[("scope", "write")]).await, "invalid_scope");
        is_denied(&shop(&sign_in, SHOP, &id_token, &[("resource", MCP)]).await, "invalid_target");
        is_denied(&shop(&sign_in, OLD, &id_token, &[]).await, "invalid_request");
        // Whatever ends the tokens of its person ends it, and what came of it.
        let path = format!("/v1/orgs/{}/sessions/s-1", tenant.org);
        let of_other = text(&sign_in.tokens(SHOP, &[], json!({"session": "s-2"})).await["id_token"]);
        assert_eq!(app.delete(&path, &account(&sign_in).await).await.status.as_u16(), 204);
        assert!(!tenant.is_live(&access).await);
        is_denied(&shop(&sign_in, SHOP, &id_token, &[]).await, "invalid_request");
        shop(&sign_in, SHOP, &of_other, &[]).await.ok();
    }
}

scenario! {
    async fn an_id_token_of_ours_says_nothing_for_a_client_of_the_same_name_elsewhere_nor_once_it_is_disconnected(app) {
        let sign_in = signing_in(app).await;
        let other = SignIn::jwt(app).await;
        let path = format!("/v1/orgs/{}/clients/{}", other.tenant.org, other.tenant.id(SHOP));
        app.patch(&path, &app.admin, json!({"grants": ["authorization_code", TOKEN_EXCHANGE]})).await.ok();
        let id_token = text(&sign_in.tokens(SHOP, &[], json!({})).await["id_token"]);
        is_denied(&shop(&other, SHOP, &id_token, &[]).await, "invalid_request");
        // Members' tokens are signed by the same keys, and are no ID tokens.
        let members = app.token("500", "ann", &["read"]).await;
        is_denied(&shop(&sign_in, SHOP, &members, &[]).await, "invalid_request");
        shop(&sign_in, SHOP, &id_token, &[]).await.ok();
        app.clock.advance_ms(2_000);
        let grants = format!("/v1/orgs/{}/subjects/ann/grants/{}", sign_in.tenant.org, sign_in.tenant.id(SHOP));
        assert_eq!(app.delete(&grants, &account(&sign_in).await).await.status.as_u16(), 204);
        is_denied(&shop(&sign_in, SHOP, &id_token, &[]).await, "invalid_request");
        is_denied(&grant(&sign_in, SHOP, &id_token, &[]).await, "invalid_request");
    }
}
