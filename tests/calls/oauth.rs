//! All that the functions can do to which OAuth clients come straight.

use serde_json::{Value, json};

use super::Recorded;
use super::authlete::{assertion, create};

/// Has each of them do it, for a client with a key whose tokens are JWTs and whose refresh tokens are replaced.
pub(super) async fn tokens(run: &mut Recorded, client: &Value) {
    let form = |parameters: &str, id: &str| Value::from(format!("{parameters}&{}", assertion(client, id)));
    let own = run.good("oauth.token", "/oauth2/token", form("grant_type=client_credentials", "oauth-token")).await;
    let token = own["access_token"].as_str().unwrap();
    let created = create(run, client, json!({})).await;
    let refresh = format!("grant_type=refresh_token&refresh_token={}", created["refreshToken"].as_str().unwrap());
    let refreshed = run.good("oauth.token", "/oauth2/token", form(&refresh, "oauth-refresh")).await;
    assert_ne!(refreshed["refresh_token"], created["refreshToken"]);

    // The answer is signed: that takes a key, too.
    run.good("oauth.introspect", "/oauth2/introspect", form(&format!("token={token}"), "oauth-introspect")).await;
    run.good("oauth.revoke", "/oauth2/revoke", form(&format!("token={token}"), "oauth-revoke")).await;
}

/// Has a client register, look after its registration, and go.
pub(super) async fn registrations(run: &mut Recorded) {
    let made = run.good("oauth.register_client", "/oauth2/register", json!({})).await;
    let id = made["client_id"].as_str().unwrap();
    let (path, token) = (format!("/oauth2/register/{id}"), made["registration_access_token"].as_str().unwrap());
    for (name, body) in [
        ("oauth.get_registration", Value::Null),
        ("oauth.update_registration", json!({"client_id": id, "client_name": "Shop"})),
        ("oauth.delete_registration", Value::Null),
    ] {
        let (answers, _) = run.run_as(token, name, &[(&path, body)]).await;
        assert!(answers[0].status.is_success(), "{name}: {answers:?}");
    }
}
