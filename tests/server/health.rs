//! What only the local server answers.

use http::Request;
use serde_json::Value;

use super::local_service;
use crate::support::{App, Mount, Watched};

use std::sync::{Arc, OnceLock};

async fn get(service: &shared::api::http::Service, path: &str) -> (u16, Value) {
    let answer = service.call(Request::get(path).body(bytes::Bytes::new()).unwrap()).await;
    (answer.status().as_u16(), serde_json::from_slice(answer.body()).unwrap())
}

#[tokio::test]
async fn health_has_the_version_and_is_503_while_the_store_does_not_answer() {
    let watched = OnceLock::new();
    let app = App::with_store(Mount::InProcess, |store| watched.get_or_init(|| Arc::new(Watched::new(store))).clone()).await;
    let service = local_service(&app);
    let (status, body) = get(&service, "/health").await;
    assert_eq!((status, &body["status"], &body["store"]), (200, &"ok".into(), &"ok".into()));
    assert_eq!(body["version"], env!("CARGO_PKG_VERSION"));
    watched.get().unwrap().fail_in(0, false);
    let (status, body) = get(&service, "/health").await;
    assert_eq!((status, &body["code"]), (503, &"UNAVAILABLE".into()), "{body}");
    assert_eq!(get(&service, "/health").await.0, 200, "it is asked anew each time");
}

#[tokio::test]
async fn each_link_of_the_first_page_leads_somewhere() {
    let app = App::new(Mount::InProcess).await;
    let service = local_service(&app);
    let (status, page) = get(&service, "/").await;
    assert_eq!((status, &page["name"]), (200, &"Jeton".into()));
    let links: Vec<_> =
        page.as_object().unwrap().values().filter_map(|link| link.as_str().filter(|link| link.starts_with('/'))).collect();
    assert_eq!(links.len(), 5, "{page}");
    for link in links {
        assert_eq!(get(&service, link).await.0, 200, "{link}");
    }
}
