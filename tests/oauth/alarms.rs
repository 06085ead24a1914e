//! Alarms: what no honest client causes is logged, once, with the client and the token and without a secret.

use super::tenant::{APP, KEYED, Tenant, WEB, is_denied, text};
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
