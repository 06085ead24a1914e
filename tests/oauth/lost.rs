//! The write that decides is committed, and then the answer is lost: F20, F32, P3. Whoever asks again gets what was lost.

use std::sync::Arc;

use serde_json::Value;
use shared::domain::{Family, RefreshToken};
use shared::jose::sha256;
use shared::store::{ReadTokens as _, RecordKeys};

use super::tenant::{APP, Tenant, WEB, is_denied, text};
use crate::support::{Answer, App, Mount, Watched};

/// Losses that a client must survive.
const ROUNDS: usize = 100;

async fn watched(mount: Mount) -> (App, Arc<Watched>) {
    let mut watched = None;
    let app = App::with_store(mount, |store| watched.insert(Arc::new(Watched::new(store))).clone()).await;
    Tenant::opaque(&app).await;
    Tenant::jwt(&app).await;
    (app, watched.unwrap())
}

/// The family of a refresh token, as it is kept.
async fn family(store: &Watched, token: &str) -> Family {
    let key = RefreshToken::parse(token).unwrap().family;
    let wanted = RecordKeys { families: vec![key.clone()], ..RecordKeys::default() };
    store.read(&wanted).await.unwrap().families.remove(&key).unwrap()
}

fn is_lost(answer: &Answer) {
    assert_eq!((answer.status.as_u16(), &answer.json()["error"]), (503, &Value::from("temporarily_unavailable")), "{answer:?}");
    assert_eq!(answer.headers["retry-after"], "1");
}

/// As many recoveries as losses, and as many generations as refreshes.
async fn whoever_asks_again_gets_the_same_successor(mount: Mount) {
    let (app, watched) = watched(mount).await;
    for (org, client, replaced) in [("500", APP, true), ("500", WEB, false), ("600", APP, true), ("600", WEB, false)] {
        let tenant = Tenant::new(&app, org);
        let mut token = text(&tenant.for_member(client, &[]).await["refresh_token"]);
        let first = family(&watched, &token).await.generation;
        for round in 0..ROUNDS {
            // The family's one write, or the record of the access token: where the refresh token stays there is nothing else.
            let call = if replaced && round % 2 == 0 { "rotate" } else { "record" };
            watched.lose(call);
            is_lost(&tenant.refresh(client, &token, &[]).await);
            let kept = family(&watched, &token).await;
            let retried = tenant.refresh(client, &token, &[]).await.ok();
            let successor = text(&retried["refresh_token"]);
            let shown = RefreshToken::parse(&successor).unwrap();
            assert_eq!((shown.generation, sha256(shown.secret.expose())), (kept.generation, kept.current), "{call} {round}");
            assert_eq!((successor != token, kept.previous.is_some()), (replaced, replaced), "{call} {round}");
            assert!(tenant.is_live(&text(&retried["access_token"])).await, "{call} {round}");
            token = successor;
        }
        let generations = family(&watched, &token).await.generation - first;
        assert_eq!(usize::try_from(generations).unwrap(), if replaced { ROUNDS } else { 0 }, "{org} {client}");
        println!("{mount:?} {org} {client}: {ROUNDS} answers lost, {ROUNDS} recoveries");
    }
}

#[tokio::test]
async fn whoever_asks_again_gets_the_same_successor_in_process() {
    whoever_asks_again_gets_the_same_successor(Mount::InProcess).await;
}

#[tokio::test]
async fn whoever_asks_again_gets_the_same_successor_on_dynamodb() {
    whoever_asks_again_gets_the_same_successor(Mount::DynamoDb).await;
}

/// Whichever call of the store fails, before it happens or after, a refresh is done when it is repeated, and its family lives on.
#[tokio::test]
async fn whichever_call_fails_a_refresh_is_repeated_with_success() {
    let (app, watched) = watched(Mount::InProcess).await;
    let tenant = Tenant::new(&app, "500");
    for client in [APP, WEB] {
        for after in [false, true] {
            let mut token = text(&tenant.for_member(client, &[]).await["refresh_token"]);
            for count in 0.. {
                watched.fail_in(count, after);
                let answer = tenant.refresh(client, &token, &[]).await;
                if !watched.recover() {
                    assert!(count >= 3, "there are reads and writes that can fail: {count}");
                    answer.ok();
                    break;
                }
                is_lost(&answer);
                token = text(&tenant.refresh(client, &token, &[]).await.ok()["refresh_token"]);
            }
        }
    }
}

/// A revocation is told only once it is committed.
#[tokio::test]
async fn a_revocation_that_was_answered_has_happened() {
    let (app, watched) = watched(Mount::InProcess).await;
    let tenant = Tenant::new(&app, "500");
    for after in [false, true] {
        for count in 0.. {
            let granted = tenant.for_member(APP, &[]).await;
            let token = text(&granted["refresh_token"]);
            let by = super::tenant::By::Client(APP);
            watched.fail_in(count, after);
            let answer = tenant.send("/oauth2/revoke", by, &[("token", &token)], &[]).await;
            let failed = watched.recover();
            if failed {
                is_lost(&answer);
                tenant.revoke(APP, &token).await;
            }
            assert!(!tenant.is_live(&text(&granted["access_token"])).await, "{count}");
            is_denied(&tenant.refresh(APP, &token, &[]).await, "invalid_grant");
            if !failed {
                assert!(count >= 3, "{count}");
                break;
            }
        }
    }
}
