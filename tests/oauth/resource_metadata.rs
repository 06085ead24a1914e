//! What APIs say of themselves: RFC 9728.

use std::sync::Arc;

use bytes::Bytes;
use http::{Method, Request};
use serde_json::{Value, json};

use crate::support::{Answer, App, Mount, Watched, encoded, scenario};

const WELL_KNOWN: &str = "/.well-known/oauth-protected-resource";
const FILES: &str = "https://mcp.example/mcp";

/// Org 1 has an API on the issuer's host, one without a path there, and others elsewhere. Org 11 has one of its own.
async fn with_resources(app: &App) {
    let resources = json!([
        {"resource": FILES, "name": "Files", "scopes": ["files.read", "offline_access"], "documentation": "https://mcp.example/docs"},
        {"resource": "https://jeton.example/mcp", "scopes": []},
        {"resource": "https://jeton.example", "name": "Root"},
        {"resource": "https://jeton.example/tenants/a%2Fb/mcp", "dpop_required": true},
        "https://plain.example/api",
        "urn:shop:api",
    ]);
    let scopes = json!([{"name": "files.read"}, {"name": "files.list", "default": true}]);
    let seed = json!({"orgs": [
        {"id": "1", "name": "Root", "settings": {"resources": resources, "supported_scopes": scopes}},
        {"id": "11", "parent": "1", "settings": {"resources": [{"resource": "https://below.example"}, {"resource": "https://jeton.example/below"}]}},
    ]});
    app.seed(&seed).await.expect("the seed is loaded");
}

async fn get(app: &App, path: &str) -> Answer {
    app.send(Request::get(path).body(Bytes::new()).unwrap()).await
}

fn of_org(org: &str, resource: &str) -> String {
    format!("/oauth2/resource-metadata/{org}?resource={}", encoded(resource))
}

scenario! {
    async fn rfc9728_2_the_document_of_an_api_says_who_issues_its_tokens_and_for_which_scopes(app) {
        with_resources(app).await;
        let whole = get(app, &of_org("1", FILES)).await.ok();
        assert_eq!(whole, json!({
            "resource": FILES, "authorization_servers": ["https://jeton.example"], "scopes_supported": ["files.read"],
            "bearer_methods_supported": ["header"], "resource_name": "Files",
            "resource_documentation": "https://mcp.example/docs", "dpop_bound_access_tokens_required": false,
        }));
        let metadata = get(app, "/.well-known/oauth-authorization-server").await.ok();
        assert_eq!(whole["authorization_servers"][0], metadata["issuer"], "clients compare them letter by letter");
    }
}

scenario! {
    async fn the_scopes_are_always_there_and_are_the_orgs_default_ones_where_an_api_names_none(app) {
        with_resources(app).await;
        for (resource, scopes) in [
            ("https://jeton.example/mcp", json!([])),
            ("https://jeton.example", json!(["files.list"])),
            ("https://plain.example/api", json!(["files.list"])),
        ] {
            assert_eq!(get(app, &of_org("1", resource)).await.ok()["scopes_supported"], scopes, "{resource}");
        }
    }
}

scenario! {
    async fn an_api_that_demands_dpop_says_by_which_algorithms(app) {
        with_resources(app).await;
        let document = get(app, &format!("{WELL_KNOWN}/tenants/a%2Fb/mcp")).await;
        // A gateway may have decoded the slash: then there is no such path.
        if document.status == 200 {
            let document = document.ok();
            assert_eq!(document["dpop_bound_access_tokens_required"], true);
            let metadata = get(app, "/.well-known/oauth-authorization-server").await.ok();
            assert_eq!(document["dpop_signing_alg_values_supported"], metadata["dpop_signing_alg_values_supported"]);
        }
        let document = get(app, &of_org("1", "https://jeton.example/tenants/a%2fb/mcp")).await.ok();
        assert_eq!(document["resource"], "https://jeton.example/tenants/a%2Fb/mcp", "as it is registered");
        assert!(document["dpop_signing_alg_values_supported"].as_array().unwrap().contains(&json!("ES256")));
    }
}

scenario! {
    async fn rfc9728_3_1_an_api_on_the_issuers_host_is_found_behind_the_well_known_path(app) {
        with_resources(app).await;
        for (path, resource) in [("", "https://jeton.example"), ("/mcp", "https://jeton.example/mcp")] {
            let document = get(app, &format!("{WELL_KNOWN}{path}")).await.ok();
            assert_eq!(document["resource"], resource);
            assert_eq!(get(app, &of_org("1", resource)).await.ok(), document);
        }
        for unknown in ["/mcp/x", "/mc", "/MCP", "/api", "/below"] {
            let answer = get(app, &format!("{WELL_KNOWN}{unknown}")).await;
            assert_eq!((answer.status.as_u16(), answer.json()["error"].clone()), (404, json!("invalid_request")), "{unknown}");
        }
    }
}

scenario! {
    async fn an_api_is_found_in_its_own_org_alone_and_only_if_it_has_a_web_address(app) {
        with_resources(app).await;
        assert_eq!(get(app, &of_org("11", "https://below.example/")).await.ok()["resource"], "https://below.example");
        for (org, resource) in [
            ("11", FILES),
            ("1", "https://below.example"),
            ("1", "urn:shop:api"),
            ("1", "https://mcp.example"),
            ("2", FILES),
            ("nobody", FILES),
        ] {
            assert_eq!(get(app, &of_org(org, resource)).await.status, 404, "{org} {resource}");
        }
        for bad in ["/oauth2/resource-metadata/1", "/oauth2/resource-metadata/1?resource=", "/oauth2/resource-metadata/1?resource=a&resource=b"] {
            assert_eq!(get(app, bad).await.status, 400, "{bad}");
        }
        let disabled = json!({"orgs": [{"id": "11", "parent": "1", "enabled": false, "settings": {"resources": ["https://below.example"]}}]});
        app.seed(&disabled).await.unwrap();
        assert_eq!(get(app, &of_org("11", "https://below.example")).await.status, 404);
    }
}

scenario! {
    async fn a_document_may_be_kept_for_five_minutes_and_is_known_again_by_its_tag(app) {
        with_resources(app).await;
        for path in [format!("{WELL_KNOWN}/mcp"), of_org("1", FILES), of_org("11", "https://below.example")] {
            let whole = get(app, &path).await;
            assert_eq!(whole.headers["cache-control"], "public, max-age=300");
            for method in [Method::GET, Method::HEAD] {
                let again = Request::builder().method(method).uri(&path).header("if-none-match", &whole.headers["etag"]);
                let again = app.send(again.body(Bytes::new()).unwrap()).await;
                assert_eq!((again.status.as_u16(), again.body.len()), (304, 0));
            }
        }
    }
}

async fn watched() -> (App, Arc<Watched>) {
    let mut watched = None;
    let app = App::with_store(Mount::InProcess, |store| {
        let store = Arc::new(Watched::new(store));
        watched = Some(store.clone());
        store
    })
    .await;
    with_resources(&app).await;
    let watched = watched.unwrap();
    watched.calls();
    (app, watched)
}

#[tokio::test]
async fn the_open_org_is_read_once_a_minute() {
    let (app, watched) = watched().await;
    for _ in 0..3 {
        get(&app, &format!("{WELL_KNOWN}/mcp")).await.ok();
        get(&app, &of_org("1", FILES)).await.ok();
    }
    assert_eq!(watched.calls(), ["org"]);
    app.clock.advance_ms(60_000);
    get(&app, &format!("{WELL_KNOWN}/mcp")).await.ok();
    assert_eq!(watched.calls(), ["org"]);
}

#[tokio::test]
async fn what_was_read_before_is_told_while_the_store_is_down() {
    let (app, watched) = watched().await;
    watched.fail_in(0, false);
    let answer = get(&app, &format!("{WELL_KNOWN}/mcp")).await;
    assert_eq!((answer.status.as_u16(), answer.json()["error"].clone()), (503, json!("temporarily_unavailable")));
    watched.recover();
    let before: Value = get(&app, &format!("{WELL_KNOWN}/mcp")).await.ok();
    app.clock.advance_ms(60_000);
    watched.fail_in(0, false);
    assert_eq!(get(&app, &format!("{WELL_KNOWN}/mcp")).await.ok(), before);
    assert!(watched.recover(), "it was asked for");
    get(&app, &format!("{WELL_KNOWN}/mcp")).await.ok();
    assert!(!watched.calls().is_empty());
}
