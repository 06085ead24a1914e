//! From where a client may send its credentials: `allowed_cidrs`.

use serde_json::{Value, json};

use super::tenant::{APP, By, CLIENT_CREDENTIALS, KEYED, Tenant, WEB, is_denied, text};
use crate::support::{Answer, App, Mount, log, scenario};

/// Lets a client be used from these networks only.
async fn allow(tenant: &Tenant<'_>, client: u64, cidrs: Value) -> Answer {
    let path = format!("/v1/orgs/{}/clients/{}", tenant.org, tenant.id(client));
    tenant.app.patch(&path, &tenant.app.admin, json!({"allowed_cidrs": cidrs})).await
}

async fn own_from(tenant: &Tenant<'_>, client: u64, address: &str) -> Answer {
    let form = [("grant_type", CLIENT_CREDENTIALS)];
    tenant.send("/oauth2/token", By::Client(client), &form, &[("x-forwarded-for", address)]).await
}

scenario! {
    async fn a_client_is_used_from_its_networks_only(app) {
        let tenant = Tenant::opaque(app).await;
        let token = tenant.own_token(WEB, &[]).await;
        let shown = allow(&tenant, WEB, json!(["203.0.113.0/24", "2001:db8::/32"])).await.ok();
        assert_eq!(shown["allowed_cidrs"], json!(["203.0.113.0/24", "2001:db8::/32"]));
        for good in ["203.0.113.9", "2001:db8::9", "::ffff:203.0.113.9", "198.51.100.1, 203.0.113.9"] {
            own_from(&tenant, WEB, good).await.ok();
        }
        for bad in ["198.51.100.1", "203.0.114.1", "2001:db9::9", "203.0.113.9, 198.51.100.1", "203.0.113.9, nobody", ""] {
            let answer = own_from(&tenant, WEB, bad).await;
            is_denied(&answer, "invalid_client");
            assert_eq!(answer.status, 401, "{bad}");
            assert!(text(&answer.json()["error_description"]).contains("allowed_cidrs"), "{bad}: {answer:?}");
        }
        // The rule is the client's, wherever it authenticates.
        let elsewhere = [("x-forwarded-for", "198.51.100.1")];
        for path in ["/oauth2/introspect", "/oauth2/revoke"] {
            is_denied(&tenant.send(path, By::Client(WEB), &[("token", &token)], &elsewhere).await, "invalid_client");
        }
        assert!(tenant.is_live(&token).await, "nothing was revoked");
        let wrong = tenant.send("/oauth2/token", By::Nothing, &[("grant_type", CLIENT_CREDENTIALS), ("client_id", &tenant.id(WEB).to_string()), ("client_secret", "x")], &elsewhere).await;
        assert!(!text(&wrong.json()["error_description"]).contains("allowed_cidrs"), "who isn't the client isn't told: {wrong:?}");
        allow(&tenant, WEB, Value::Null).await.ok();
        own_from(&tenant, WEB, "198.51.100.1").await.ok();
    }
}

scenario! {
    async fn a_refused_address_uses_up_no_assertion(app) {
        let tenant = Tenant::opaque(app).await;
        allow(&tenant, KEYED, json!(["203.0.113.0/24"])).await.ok();
        let assertion = tenant.client_assertion(json!({}));
        let form = [
            ("grant_type", CLIENT_CREDENTIALS),
            ("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"),
            ("client_assertion", &*assertion),
        ];
        let from = async |address| tenant.send("/oauth2/token", By::Nothing, &form, &[("x-forwarded-for", address)]).await;
        is_denied(&from("198.51.100.1").await, "invalid_client");
        from("203.0.113.9").await.ok();
        is_denied(&from("203.0.113.9").await, "invalid_client");
    }
}

scenario! {
    async fn a_network_that_is_none_is_refused_with_the_right_one(app) {
        let tenant = Tenant::opaque(app).await;
        for (cidrs, field, rule) in [
            (json!([]), "allowed_cidrs", "must have 1 to 20 networks"),
            (json!(vec!["10.0.0.0/8"; 21]), "allowed_cidrs", "must have 1 to 20 networks"),
            (json!(["10.0.0.0/8", "10.0.0.1"]), "allowed_cidrs[1]", "must be written as 10.0.0.1/32"),
            (json!(["203.0.113.9/24"]), "allowed_cidrs[0]", "must be written as 203.0.113.0/24"),
            (json!(["0.0.0.0/0"]), "allowed_cidrs[0]", "must not be all addresses: leave the field out instead"),
            (json!(["office"]), "allowed_cidrs[0]", "must be a network in CIDR notation, such as 192.0.2.0/24 or 2001:db8::/32"),
        ] {
            let answer = allow(&tenant, WEB, cidrs.clone()).await;
            assert_eq!((answer.status.as_u16(), &answer.json()["field"]), (400, &json!(field)), "{cidrs}: {answer:?}");
            assert!(text(&answer.json()["detail"]).contains(rule), "{cidrs}: {answer:?}");
        }
        own_from(&tenant, WEB, "198.51.100.1").await.ok();
    }
}

#[tokio::test]
async fn right_credentials_from_a_wrong_address_are_an_alarm() {
    let app = App::new(Mount::InProcess).await;
    let tenant = Tenant::opaque(&app).await;
    allow(&tenant, WEB, json!(["203.0.113.0/24"])).await.ok();
    allow(&tenant, APP, json!(["203.0.113.0/24"])).await.ok();
    log::begin();
    is_denied(&own_from(&tenant, WEB, "198.51.100.1").await, "invalid_client");
    let lines = log::drain();
    let alarms: Vec<_> = lines.lines().filter(|line| line.contains("jeton::alarm")).collect();
    let [alarm] = alarms[..] else { panic!("{lines}") };
    assert!(alarm.contains("AddressRefused") && alarm.contains(&format!("client=\"{}\"", tenant.id(WEB))), "{alarm}");
    is_denied(&own_from(&tenant, APP, "198.51.100.1").await, "invalid_client");
    assert!(!log::drain().contains("jeton::alarm"), "anybody can name a public client");
}
