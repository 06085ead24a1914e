//! Many at the same time: what can be used once is used once, in either store.

use std::sync::Arc;

use futures::future::try_join_all;
use serde_json::{Value, json};

use super::tenant::{APP, By, CLIENT_CREDENTIALS, IDP, JWT_BEARER, KEYED, REFRESH_TOKEN, Tenant, WEB, proof, text};
use crate::support::{Answer, App, race};

const AT_ONCE: usize = 64;

/// What so many equal requests at the same time are answered.
async fn at_once(app: &Arc<App>, client: u64, form: &[(&str, String)], dpop: Option<String>) -> Vec<Answer> {
    let form: Vec<(String, String)> = form.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
    let tasks = (0..AT_ONCE).map(|_| {
        let (app, form, dpop) = (app.clone(), form.clone(), dpop.clone());
        tokio::spawn(async move {
            let form: Vec<(&str, &str)> = form.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
            let headers: Vec<(&str, &str)> = dpop.iter().map(|proof| ("DPoP", proof.as_str())).collect();
            let by = if client == KEYED { By::Nothing } else { By::Client(client) };
            Tenant::new(&app, "500").send("/oauth2/token", by, &form, &headers).await
        })
    });
    try_join_all(tasks).await.unwrap()
}

fn granted(answers: &[Answer]) -> Vec<Value> {
    assert!(answers.iter().all(|answer| answer.status.as_u16() < 500), "{answers:?}");
    answers.iter().filter(|answer| answer.status.as_u16() == 200).map(Answer::ok).collect()
}

race! {
    /// Rounds of parallel refreshes make as many generations, and every answer has the same one.
    async fn of_many_refreshes_at_once_one_generation_comes(app, rounds: 200 or 20) {
        let tenant = Tenant::opaque(app).await;
        let mut token = text(&tenant.for_member(APP, &[]).await["refresh_token"]);
        for _ in 0..rounds {
            let form = [("grant_type", REFRESH_TOKEN.to_owned()), ("refresh_token", token.clone())];
            let granted = granted(&at_once(app, APP, &form, None).await);
            assert_eq!(granted.len(), AT_ONCE);
            let mut successors: Vec<_> = granted.iter().map(|answer| text(&answer["refresh_token"])).collect();
            successors.dedup();
            assert_eq!(successors.len(), 1);
            assert_ne!(successors[0], token);
            token.clone_from(&successors[0]);
        }
        let generation: u64 = token.split('.').nth(3).unwrap().parse().unwrap();
        assert_eq!(generation, rounds as u64);
    }
}

race! {
    /// Client assertions.
    async fn of_many_requests_with_one_client_assertion_one_is_granted(app, rounds: 100 or 10) {
        Tenant::opaque(app).await;
        for _ in 0..rounds {
            let assertion = Tenant::new(app, "500").client_assertion(json!({}));
            let form = [
                ("grant_type", CLIENT_CREDENTIALS.to_owned()),
                ("client_assertion_type", crate::oauth::tenant::ASSERTION_TYPE.to_owned()),
                ("client_assertion", assertion),
            ];
            assert_eq!(granted(&at_once(app, KEYED, &form, None).await).len(), 1);
        }
    }
}

race! {
    /// Assertions that are grants.
    async fn of_many_requests_with_one_assertion_one_is_granted(app, rounds: 100 or 10) {
        Tenant::opaque(app).await;
        for _ in 0..rounds {
            let assertion = Tenant::new(app, "500").assertion(IDP, json!({}));
            let form = [("grant_type", JWT_BEARER.to_owned()), ("assertion", assertion)];
            assert_eq!(granted(&at_once(app, WEB, &form, None).await).len(), 1);
        }
    }
}

race! {
    /// DPoP proofs.
    async fn of_many_requests_with_one_proof_one_is_granted(app, rounds: 100 or 10) {
        Tenant::opaque(app).await;
        for _ in 0..rounds {
            let form = [("grant_type", CLIENT_CREDENTIALS.to_owned())];
            assert_eq!(granted(&at_once(app, WEB, &form, Some(proof(json!({})))).await).len(), 1);
        }
    }
}

race! {
    /// Tickets, which are Authlete's.
    async fn of_many_issues_on_one_ticket_one_is_done(app, rounds: 100 or 10) {
        let settings = json!({"settings": {"supported_grants": ["password"]}});
        app.put("/v1/orgs/1", &app.admin, settings).await.ok();
        let client = json!({"clientType": "CONFIDENTIAL", "grantTypes": ["PASSWORD"]});
        let client = app.post("/api/1/client/create", Some(&app.admin), client).await.ok();
        for _ in 0..rounds {
            let request = json!({
                "parameters": "grant_type=password&username=john&password=x",
                "clientId": client["clientId"].to_string(), "clientSecret": client["clientSecret"],
            });
            let ticket = app.post("/api/1/auth/token", Some(&app.admin), request).await.ok();
            let body = json!({"ticket": ticket["ticket"], "subject": "john"});
            let tasks = (0..AT_ONCE).map(|_| {
                let (app, body) = (app.clone(), body.clone());
                tokio::spawn(async move { app.post("/api/1/auth/token/issue", Some(&app.admin), body).await.ok() })
            });
            let answers = try_join_all(tasks).await.unwrap();
            assert_eq!(answers.iter().filter(|answer| answer["action"] == "OK").count(), 1);
        }
    }
}

race! {
    /// Once both a revocation and an exchange are answered, nothing that came of the exchange is alive.
    async fn an_exchange_never_outlives_a_revocation_at_the_same_time(app, rounds: 100 or 10) {
        let tenant = Tenant::opaque(app).await;
        let mut granted = 0;
        for round in 0..rounds {
            let subject = tenant.own_token(WEB, &[]).await;
            let (answered, is_answered) = tokio::sync::oneshot::channel();
            let revoke = {
                let (app, subject) = (app.clone(), subject.clone());
                tokio::spawn(async move {
                    // Now the one is first, now the other, and each fifth time surely the exchange.
                    if round % 5 == 4 {
                        is_answered.await.unwrap();
                    }
                    for _ in 0..round % 8 {
                        tokio::task::yield_now().await;
                    }
                    Tenant::new(&app, "500").revoke(WEB, &subject).await;
                })
            };
            let answer = tenant.exchange(WEB, &subject, &[]).await;
            let _ = answered.send(());
            revoke.await.unwrap();
            assert!(!tenant.is_live(&subject).await);
            if answer.status.as_u16() == 200 {
                granted += 1;
                assert!(!tenant.is_live(&text(&answer.ok()["access_token"])).await);
            }
        }
        assert!(granted >= rounds / 5, "{granted}");
    }
}
