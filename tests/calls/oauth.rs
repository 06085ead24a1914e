//! All that the functions can do to which OAuth clients come straight.

use serde_json::{Value, json};

use shared::domain::Clock as _;
use shared::jose::jwk;
use shared::keys::signer::Signer as _;
use shared::platform::SystemClock;

use super::Recorded;
use super::authlete::{assertion, create, jwt, signer};
use crate::support::deployment::ISSUER;

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

/// Makes a client, the form of its request for a token of its own, and that for the assertion of an issuer that the org trusts.
pub(super) async fn own_and_asserted(run: &mut Recorded) -> (Value, [String; 2]) {
    let jwks = jwk::to_json(signer().jwk());
    let settings = json!({"assertion_issuers": [{"issuer": "https://idp.example", "jwks": {"keys": [jwks]}}]});
    run.good("jeton.put_org", "/v1/orgs/1", json!({"settings": settings})).await;
    let draft = json!({"clientType": "CONFIDENTIAL", "tokenAuthMethod": "PRIVATE_KEY_JWT",
        "grantTypes": ["CLIENT_CREDENTIALS", "JWT_BEARER"], "jwks": json!({"keys": [jwks]}).to_string()});
    let client = run.good("authlete.create_client", "/api/1/client/create", draft).await["clientId"].clone();
    let now = SystemClock.now().as_secs();
    let claims = json!({"iss": "https://idp.example", "sub": "administrator", "aud": ISSUER, "exp": now + 60, "jti": "bearer"});
    let asserted = jwt(&json!({"alg": "EdDSA"}), &claims);
    let grant = "urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer";
    let forms = [
        format!("grant_type=client_credentials&{}", assertion(&client, "own")),
        format!("grant_type={grant}&assertion={asserted}&{}", assertion(&client, "asserted")),
    ];
    (client, forms)
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
