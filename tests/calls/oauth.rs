//! All that the functions can do to which OAuth clients come straight.

use serde_json::{Value, json};

use super::Recorded;
use super::authlete::{assertion, create};

/// Has each of them do it, for a client with a key whose tokens are JWTs and whose refresh tokens are replaced.
pub(super) async fn everything(run: &mut Recorded, client: &Value) {
    let form = |parameters: &str, id: &str| Value::from(format!("{parameters}&{}", assertion(client, id)));
    let own = run.good("oauth.token", "/oauth2/token", form("grant_type=client_credentials", "oauth-token")).await;
    let token = own["access_token"].as_str().unwrap();
    let created = create(run, client, json!({})).await;
    let refresh = format!("grant_type=refresh_token&refresh_token={}", created["refreshToken"].as_str().unwrap());
    let refreshed = run.good("oauth.token", "/oauth2/token", form(&refresh, "oauth-refresh")).await;
    assert_ne!(refreshed["refresh_token"], created["refreshToken"]);

    let shown = form(&format!("token={token}"), "oauth-introspect");
    // The answer is signed: that takes a key, too.
    run.good("oauth.introspect", "/oauth2/introspect", shown).await;
    run.good("oauth.revoke", "/oauth2/revoke", form(&format!("token={token}"), "oauth-revoke")).await;
}
