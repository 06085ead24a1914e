//! The same for OAuth.

use serde_json::{Value, json};

use super::Recorded;

/// Has every function do all that it can do.
pub(super) async fn everything(run: &mut Recorded) {
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
