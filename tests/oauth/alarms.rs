//! Alarms: what no honest client causes is logged, once, with the client and the token and without a secret.

use serde_json::json;

use super::sign_in::{OLD, SHOP, SignIn, is_page};
use super::tenant::{APP, By, KEYED, Tenant, WEB, is_denied, text};
use crate::support::{App, Mount, log};

/// The alarms that were logged since the last call.
fn alarms() -> Vec<String> {
    let lines = log::drain();
    lines.lines().filter(|line| line.contains("jeton::alarm")).map(str::to_owned).collect()
}

fn is_one(alarms: &[String], kind: &str, org: &str, client: u64) {
    let [line] = alarms else { panic!("{alarms:?}") };
    for part in [kind, &format!("org={org} "), &format!("client=\"{client}\"")] {
        assert!(line.contains(part), "{line} has no {part}");
    }
}

#[tokio::test]
async fn to_revoke_the_token_of_another_client_is_an_alarm() {
    let app = App::new(Mount::InProcess).await;
    let tenant = Tenant::jwt(&app).await;
    let token = tenant.own_token(WEB, &[]).await;
    log::begin();
    for unknown in ["x", "a.b.c", &"A".repeat(43)] {
        tenant.revoke(KEYED, unknown).await;
    }
    assert_eq!(alarms(), [""; 0]);
    tenant.revoke(KEYED, &token).await;
    is_one(&alarms(), "TokenOfAnother", tenant.org, tenant.id(KEYED));
    tenant.revoke(WEB, &token).await;
    assert_eq!(alarms(), [""; 0]);
}

#[tokio::test]
async fn to_redeem_a_refresh_token_of_another_client_is_an_alarm_used_up_or_not() {
    let app = App::new(Mount::InProcess).await;
    let tenant = Tenant::opaque(&app).await;
    let first = text(&tenant.for_member(APP, &[]).await["refresh_token"]);
    log::begin();
    is_denied(&tenant.refresh(WEB, &first, &[]).await, "invalid_grant");
    is_one(&alarms(), "RefreshTokenOfAnother", tenant.org, tenant.id(WEB));
    let second = text(&tenant.refresh(APP, &first, &[]).await.ok()["refresh_token"]);
    let third = text(&tenant.refresh(APP, &second, &[]).await.ok()["refresh_token"]);
    assert_eq!(alarms(), [""; 0]);
    is_denied(&tenant.refresh(WEB, &first, &[]).await, "invalid_grant");
    is_one(&alarms(), "RefreshTokenOfAnother", tenant.org, tenant.id(WEB));
    tenant.refresh(APP, &third, &[]).await.ok();
}

#[tokio::test]
async fn rfc9700_4_14_2_a_refresh_token_that_is_used_again_is_an_alarm() {
    let app = App::new(Mount::InProcess).await;
    let tenant = Tenant::opaque(&app).await;
    let first = text(&tenant.for_member(APP, &[]).await["refresh_token"]);
    let second = text(&tenant.refresh(APP, &first, &[]).await.ok()["refresh_token"]);
    tenant.refresh(APP, &second, &[]).await.ok();
    log::begin();
    is_denied(&tenant.refresh(APP, &first, &[]).await, "invalid_grant");
    is_one(&alarms(), "RefreshTokenReused", tenant.org, tenant.id(APP));
    is_denied(&tenant.refresh(APP, &second, &[]).await, "invalid_grant");
    assert_eq!(alarms(), [""; 0], "the family is gone");
}

#[tokio::test]
async fn to_come_back_in_another_browser_is_an_alarm() {
    let app = App::new(Mount::InProcess).await;
    let sign_in = SignIn::opaque(&app).await;
    let begun = sign_in.begin(SHOP, &[]).await;
    let redirect_to = sign_in.accept(&begun, json!({})).await;
    log::begin();
    is_page(&sign_in.browse(&redirect_to.replace("verifier=", "verifier=x"), "").await, "invalid_request");
    assert_eq!(alarms(), [""; 0], "who hasn't the verifier tells nothing");
    is_page(&sign_in.browse(&redirect_to, "").await, "access_denied");
    is_one(&alarms(), "BrowserMismatch", sign_in.tenant.org, sign_in.tenant.id(SHOP));
    sign_in.browse(&redirect_to, &begun.cookie).await;
    assert_eq!(alarms(), [""; 0]);
}

#[tokio::test]
async fn to_redeem_a_code_of_another_client_or_a_second_time_is_an_alarm() {
    let app = App::new(Mount::InProcess).await;
    let sign_in = SignIn::opaque(&app).await;
    let code = sign_in.code(SHOP, &[], json!({})).await;
    log::begin();
    is_denied(&sign_in.redeem(OLD, &code, &[], &[]).await, "invalid_grant");
    is_one(&alarms(), "CodeOfAnother", sign_in.tenant.org, sign_in.tenant.id(OLD));
    sign_in.redeem(SHOP, &code, &[], &[]).await.ok();
    assert_eq!(alarms(), [""; 0]);
    is_denied(&sign_in.redeem(SHOP, &code, &[], &[]).await, "invalid_grant");
    is_one(&alarms(), "CodeReused", sign_in.tenant.org, sign_in.tenant.id(SHOP));
}

#[tokio::test]
async fn to_poll_with_the_device_code_of_another_client_is_an_alarm() {
    const GRANT: &str = "urn:ietf:params:oauth:grant-type:device_code";
    let app = App::new(Mount::InProcess).await;
    let sign_in = SignIn::opaque(&app).await;
    sign_in.set(json!({"device_url": "https://login.example/device"})).await;
    for client in [SHOP, OLD] {
        let path = format!("/v1/orgs/{}/clients/{}", sign_in.tenant.org, sign_in.tenant.id(client));
        app.patch(&path, &app.admin, json!({"grants": [GRANT]})).await.ok();
    }
    let send =
        async |path: &str, client: u64, form: &[(&str, &str)]| sign_in.tenant.send(path, By::Client(client), form, &[]).await;
    let told = send("/oauth2/device_authorization", SHOP, &[]).await.ok();
    let code = text(&told["device_code"]);
    log::begin();
    is_denied(&send("/oauth2/token", OLD, &[("grant_type", GRANT), ("device_code", &code)]).await, "invalid_grant");
    is_one(&alarms(), "DeviceCodeOfAnother", sign_in.tenant.org, sign_in.tenant.id(OLD));
    is_denied(&send("/oauth2/token", SHOP, &[("grant_type", GRANT), ("device_code", &code)]).await, "authorization_pending");
    assert_eq!(alarms(), [""; 0]);
}

#[tokio::test]
async fn a_thousand_wrong_user_codes_in_an_hour_are_one_alarm() {
    let app = App::new(Mount::InProcess).await;
    let sign_in = SignIn::opaque(&app).await;
    let bearer = sign_in.login_app().await;
    log::begin();
    for n in 0..1_002 {
        let attempt = json!({"user_code": "BBBB-BBBB", "attempt_by": format!("192.0.2.{n}")});
        app.post("/v1/authorizations/find", Some(&bearer), attempt).await.is_error(404, "AUTHORIZATION_NOT_FOUND");
        let expected = usize::from(n == 999);
        assert_eq!(
            alarms().iter().filter(|line| line.contains("UserCodeGuessing") && line.contains("org=500")).count(),
            expected,
            "{n}"
        );
    }
}
