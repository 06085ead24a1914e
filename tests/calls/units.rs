//! How many units of writing each operation costs: one for each KiB of an item, twice as many in a transaction.

use serde_json::{Value, json};
use shared::domain::SigningMode;
use shared::keys::signer::Signer as _;
use shared::platform::aws::testing::Call;

use super::authlete::{create_and_introspect, proof, signer};
use super::{Recorded, ask, oauth};

/// What a call costs on tables, without the index. An update is of an item that other tests hold below a KiB.
fn units(call: &Call) -> u64 {
    let kib = |item: &Value| (item.to_string().len() as u64).div_ceil(1_024).max(1);
    match call.operation.as_str() {
        "PutItem" => kib(&call.input["Item"]),
        "UpdateItem" | "DeleteItem" => 1,
        "TransactWriteItems" => {
            let items = call.input["TransactItems"].as_array().unwrap().iter();
            items.map(|item| 2 * item.get("Put").map_or(1, |put| kib(&put["Item"]))).sum()
        }
        _ => 0,
    }
}

impl Recorded {
    /// What a request costs that succeeds, and its answer.
    async fn cost(&mut self, name: &'static str, path: &str, body: Value) -> (u64, Value) {
        let (answers, calls) = self.run(name, &[(path, body)]).await;
        assert!(answers[0].status.is_success(), "{name}: {answers:?}");
        (calls[1].iter().map(units).sum(), serde_json::from_slice(&answers[0].body).unwrap_or_default())
    }
}

#[tokio::test]
async fn each_operation_costs_as_many_write_units_as_planned() {
    let mut run = Recorded::begun(SigningMode::Envelope).await;
    let mut costs = Vec::new();
    let mut note = |what: &'static str, (units, answer): (u64, Value)| {
        costs.push((what, units));
        answer
    };
    let with_refresh = json!({"create_refresh_token": true});
    let mint = |more: Value| ask("1", "administrator", more);
    let minted = note("mint", run.cost("agilicus.create_token", "/v1/tokens", mint(json!({}))).await);
    let family = note("mint with refresh", run.cost("agilicus.create_token", "/v1/tokens", mint(with_refresh)).await);
    let refresh = json!({"token": family["refresh_token"]});
    let family = note("refresh, replaced", run.cost("agilicus.refresh_token", "/v1/tokens/refresh", refresh).await);
    let path = "/v1/tokens/revoke";
    note("revoke", run.cost("agilicus.revoke_token", path, json!({"token": minted["token"]})).await);
    note("revoke with refresh", run.cost("agilicus.revoke_token", path, json!({"token": family["token"]})).await);
    note(
        "revoke a member",
        run.cost("agilicus.bulk_revoke_tokens", "/v1/tokens/bulk_revoke", json!({"user_id": "administrator"})).await,
    );
    run.begin_again().await;

    let path = "/api/1/auth/token/create";
    let (issue, _) = create_and_introspect(&mut run).await;
    let over = |more: Value| {
        let mut body = issue.clone();
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        body
    };
    let settings = json!({"supported_grants": ["password", "client_credentials", "refresh_token"]});
    run.good("jeton.patch_org", "/v1/orgs/1", json!({ "settings": settings })).await;
    let for_john = json!({"grantType": "PASSWORD", "subject": "john"});
    note("opaque", run.cost("authlete.create_token", path, over(json!({}))).await);
    note("opaque, chosen", run.cost("authlete.create_token", path, over(json!({"accessToken": "chosen"}))).await);
    note("opaque with refresh", run.cost("authlete.create_token", path, over(for_john.clone())).await);
    let mut chosen = over(for_john.clone());
    chosen["accessToken"] = "chosen too".into();
    note("opaque with refresh, chosen", run.cost("authlete.create_token", path, chosen).await);

    let bound = over(json!({"dpopKeyThumbprint": signer().jwk().kid.as_str()}));
    let bound = run.good("authlete.create_token", path, bound).await["accessToken"].clone();
    let proof = proof(bound.as_str().unwrap(), "https://api.example/x");
    let shown = json!({"token": bound, "dpop": proof, "htm": "GET", "htu": "https://api.example/x"});
    note("introspection with a DPoP proof", run.cost("authlete.introspect_token", "/api/1/auth/introspection", shown).await);

    let forms = oauth::own_and_asserted(&mut run).await;
    let [own, asserted] = forms.map(Value::from);
    note("client_credentials by an assertion", run.cost("oauth.token", "/oauth2/token", own).await);
    note("jwt-bearer by two assertions", run.cost("oauth.token", "/oauth2/token", asserted).await);

    let single = json!({"clientType": "CONFIDENTIAL", "singleAccessTokenPerSubject": true, "grantTypes": ["PASSWORD"]});
    let client = run.good("authlete.create_client", "/api/1/client/create", single).await["clientId"].clone();
    let mut body = for_john;
    body["clientId"] = client;
    note("a subject's only token, with refresh", run.cost("authlete.create_token", path, body.clone()).await);
    note("a subject's next only token, with refresh", run.cost("authlete.create_token", path, body).await);
    let planned = [
        ("mint", 1),
        ("mint with refresh", 4),
        ("refresh, replaced", 2),
        ("revoke", 1),
        ("revoke with refresh", 4),
        ("revoke a member", 32),
        ("opaque", 1),
        ("opaque, chosen", 4),
        ("opaque with refresh", 4),
        ("opaque with refresh, chosen", 6),
        ("introspection with a DPoP proof", 1),
        ("client_credentials by an assertion", 2),
        ("jwt-bearer by two assertions", 3),
        ("a subject's only token, with refresh", 5),
        ("a subject's next only token, with refresh", 5),
    ];
    println!("{costs:?}");
    assert_eq!(costs, planned);
}
