//! What each endpoint asks AWS for, and what its role grants.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};
use shared::platform::Platform;
use shared::ports::Access;

use crate::support::{App, Mount, ask};

/// Each endpoint that reads or writes records, in each way that leads it to other calls of the store.
async fn perform(app: &App, endpoint: &str, minted: &Value) {
    let (admin, token) = (app.admin.as_str(), minted["token"].as_str().unwrap());
    let answers = match endpoint {
        "agilicus.create_token" => {
            vec![app.mint("1", "ann", json!({})).await, app.mint("1", "ann", json!({ "create_refresh_token": true })).await]
        }
        "agilicus.list_tokens" => vec![
            app.get("/v1/tokens", admin).await,
            app.get("/v1/tokens?sub=ann", admin).await,
            app.get(&format!("/v1/tokens?jti={}", jti(token)), admin).await,
        ],
        "agilicus.introspect_token" => vec![app.introspect(token).await],
        "agilicus.introspect_self" => vec![app.get("/v1/tokens/introspect_self", admin).await],
        "agilicus.introspect_all_sub_orgs" => {
            vec![app.post("/v1/tokens/introspect_all_sub_orgs", None, json!({ "token": token })).await]
        }
        "agilicus.reissue_token" => vec![app.post("/v1/tokens/reissue", None, json!({ "token": token, "org_id": "11" })).await],
        "agilicus.refresh_token" => {
            let refresh = json!({ "token": minted["refresh_token"] });
            let first = app.post("/v1/tokens/refresh", None, refresh.clone()).await;
            app.clock.advance_ms(120_000);
            let reuse = app.post("/v1/tokens/refresh", None, refresh).await;
            assert_eq!(reuse.status, 400, "the family is killed");
            vec![first]
        }
        "agilicus.revoke_token" => vec![
            app.post("/v1/tokens/revoke", None, json!({ "token": token })).await,
            app.post("/v1/tokens/revoke", None, json!({ "token": token, "all_sessions": true })).await,
        ],
        "agilicus.bulk_revoke_tokens" => vec![
            app.post("/v1/tokens/bulk_revoke", Some(admin), json!({ "user_id": "ann" })).await,
            app.post("/v1/tokens/bulk_revoke", Some(admin), json!({ "user_id": "ann", "session_id": "s-1" })).await,
        ],
        "agilicus.validate_token_request" => vec![app.post("/v1/tokens/validations", None, ask("1", "ann", json!({}))).await],
        "jeton.put_org" => {
            vec![app.put("/v1/orgs/12", admin, json!({ "parent": "1" })).await, app.put("/v1/orgs/1", admin, json!({})).await]
        }
        "jeton.get_org" => vec![app.get("/v1/orgs/1", admin).await],
        "jeton.delete_org" => {
            vec![app.put("/v1/orgs/12", admin, json!({ "parent": "1" })).await, app.delete("/v1/orgs/12", admin).await]
        }
        "jeton.put_member" => vec![
            app.put("/v1/orgs/1/members/new", admin, json!({})).await,
            app.put("/v1/orgs/1/members/new", admin, json!({ "enabled": false })).await,
        ],
        "jeton.get_member" => vec![app.get("/v1/orgs/1/members/ann", admin).await],
        "jeton.list_members" => vec![app.get("/v1/orgs/1/members", admin).await],
        "jeton.delete_member" => vec![app.delete("/v1/orgs/1/members/ann", admin).await],
        other => panic!("{other} is new: let it do all that it does, here"),
    };
    for answer in answers {
        assert!(answer.status.is_success(), "{endpoint}: {answer:?}");
    }
}

/// The id that a token carries.
fn jti(token: &str) -> String {
    use base64::Engine as _;
    let payload = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(token.split('.').nth(1).unwrap()).unwrap();
    serde_json::from_slice::<Value>(&payload).unwrap()["jti"].as_str().unwrap().to_owned()
}

/// Actions by table or index, as a role grants them.
fn granted(access: &Access) -> BTreeSet<(String, String)> {
    let tables = [("Tokens", access.tokens), ("Tokens/index/by_subject", access.by_subject), ("Directory", access.directory)];
    let grants = tables.iter().flat_map(|(table, actions)| actions.iter().map(move |action| (*table, *action)));
    grants.map(|(table, action)| (table.to_owned(), action.to_owned())).collect()
}

#[tokio::test]
async fn no_endpoint_asks_for_more_than_its_role_grants() {
    let mut used: BTreeMap<&str, BTreeSet<_>> = BTreeMap::new();
    let mut wanting = Vec::new();
    for entry in functions::catalogue::<Platform>() {
        if entry.access.tokens.is_empty() {
            continue;
        }
        let app = App::new(Mount::DynamoDb).await;
        let more = json!({ "create_refresh_token": true, "session": "s-1", "scopes": ["urn:app:read"] });
        let minted = app.mint("1", "ann", more).await.created();
        app.wire.take_calls();
        perform(&app, entry.route.name, &minted).await;
        let asked: BTreeSet<_> = app.wire.take_calls().iter().flat_map(|call| call.permissions()).collect();
        wanting.extend(asked.difference(&granted(&entry.access)).map(|missing| (entry.route.name, missing.clone())));
        used.entry(entry.capability).or_default().extend(asked);
    }
    assert!(wanting.is_empty(), "missing: {wanting:#?}");
    assert!(used.len() >= 6, "{used:#?}");
}
