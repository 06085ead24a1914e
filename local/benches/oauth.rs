//! `cargo bench --bench oauth`: what the OAuth 2 endpoints cost, and whether a cost tells what an answer doesn't.
//!
//! `-- --count N` says how many requests of each kind. The load is bounded in count.

#![expect(clippy::expect_used, reason = "a benchmark may panic")]

mod common;

use std::time::{Duration, Instant};

use common::{Connection, Cost, Server, form, measure, member};

/// Clients of an org with opaque tokens, and one of an org with JWTs. Their secret is `secret`.
const SEED: &str = r#"{
  "orgs": [{"id": "1"}, {"id": "10", "parent": "1", "settings": {"supported_scopes": [{"name": "read", "default": true}]}},
           {"id": "20", "parent": "1", "settings": {"supported_scopes": [{"name": "read", "default": true}], "access_token_sign_alg": "ES256"}}],
  "members": [],
  "clients": [
    {"org": "10", "id": 1, "kind": "confidential", "auth_method": "client_secret_post", "grants": ["client_credentials"], "secrets_sha256": ["2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b"]},
    {"org": "10", "id": 2, "kind": "confidential", "auth_method": "client_secret_post", "grants": ["client_credentials"], "secrets_sha256": ["2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b"], "enabled": false},
    {"org": "10", "id": 3, "kind": "confidential", "auth_method": "client_secret_post", "resources": ["https://api.example"], "secrets_sha256": ["2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b"]},
    {"org": "20", "id": 4, "kind": "confidential", "auth_method": "client_secret_post", "grants": ["client_credentials"], "resources": [], "secrets_sha256": ["2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b"]}]}"#;
/// How often each case is measured.
const SAMPLES: usize = 4_000;

fn main() {
    let count = std::env::args().skip_while(|arg| arg != "--count").nth(1).and_then(|count| count.parse().ok()).unwrap_or(20_000);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let mut server = Server::start("normal", Some(SEED));
    println!("{count} requests each, durability normal, every answer checked\n");
    println!("{:<28} {:>12} {:>19} {:>12}", "OAuth 2", "token /CPU-s", "introspect /CPU-s", "again /CPU-s");
    for (name, client) in [("opaque tokens", 1), ("JWT (ES256)", 4)] {
        let [token, introspect, again] = runtime.block_on(cost(&server, client, count)).map(|cost| cost.per_cpu_second());
        println!("{name:<28} {token:>12.0} {introspect:>19.0} {again:>12.0}");
    }
    println!("\n{:<40} {:>10} {:>10}", "One answer", "median µs", "to the first");
    for cases in [runtime.block_on(clients(&server)), runtime.block_on(tokens(&server))] {
        let medians = runtime.block_on(medians(&server, &cases));
        for ((name, ..), median) in cases.iter().zip(&medians) {
            println!("{name:<40} {median:>10.1} {:>+10.1} %", (median / medians[0] - 1.0) * 100.0);
        }
    }
    server.stop();
}

fn by(client: u64, secret: &str) -> String {
    format!("client_id={client}&client_secret={secret}")
}

fn token(server: &Server, client: u64, secret: &str) -> Vec<u8> {
    let body = format!("{}&grant_type=client_credentials&resource=https://other.example", by(client, secret));
    form(server, "/oauth2/token", &body)
}

fn introspection(server: &Server, client: u64, token: &str) -> Vec<u8> {
    form(server, "/oauth2/introspect", &format!("{}&token={token}", by(client, "secret")))
}

/// Tokens of a client, their introspection by the client, and once more.
async fn cost(server: &Server, client: u64, count: usize) -> [Cost; 3] {
    let (token, answers) = measure(server, vec![token(server, client, "secret"); count], 200).await;
    let introspections = |_: &Cost| -> Vec<_> {
        answers.iter().map(|answer| introspection(server, client, text(answer, r#""access_token":"#))).collect()
    };
    let (introspect, told) = measure(server, introspections(&token), 200).await;
    assert!(told.iter().all(|told| told.contains(r#""active":true"#)), "every token is good");
    let known: Vec<_> = introspections(&token).into_iter().take(1_000).cycle().take(count).collect();
    let (again, _) = measure(server, known, 200).await;
    [token, introspect, again]
}

fn text<'a>(answer: &'a str, name: &str) -> &'a str {
    member(answer, name).trim_matches('"')
}

/// A request, what it is, and its status.
type Case = (&'static str, Vec<u8>, u16);

/// Who may not have a token hears one answer.
async fn clients(server: &Server) -> Vec<Case> {
    // That a client was seen before must not tell, either.
    measure(server, vec![token(server, 1, "secret")], 200).await;
    vec![
        ("token: a client that isn't there", token(server, 999, "wrong"), 401),
        ("token: a wrong secret", token(server, 1, "wrong"), 401),
        ("token: a disabled client", token(server, 2, "wrong"), 401),
    ]
}

/// Who may not know of a token hears one answer.
async fn tokens(server: &Server) -> Vec<Case> {
    let (_, answers) = measure(server, vec![token(server, 1, "secret"); 2], 200).await;
    let [live, revoked] = [&answers[0], &answers[1]].map(|answer| text(answer, r#""access_token":"#));
    measure(server, vec![form(server, "/oauth2/revoke", &format!("{}&token={revoked}", by(1, "secret")))], 200).await;
    let unknown = format!("{}AAAA", &live[..live.len() - 4]);
    vec![
        ("introspect: another's token", introspection(server, 3, live), 200),
        ("introspect: another's token, revoked", introspection(server, 3, revoked), 200),
        ("introspect: a token that isn't there", introspection(server, 3, &unknown), 200),
        ("introspect: no token", introspection(server, 3, "x"), 200),
    ]
}

/// The median time of each case in µs, asked in turn over one connection: so that whatever else happens happens to all of them.
async fn medians(server: &Server, cases: &[Case]) -> Vec<f64> {
    let mut connection = Connection::open(&server.address).await;
    let mut times = vec![Vec::with_capacity(SAMPLES); cases.len()];
    for _ in 0..SAMPLES {
        for ((_, request, status), times) in cases.iter().zip(&mut times) {
            let begun = Instant::now();
            connection.ask(request, *status).await;
            times.push(begun.elapsed());
        }
    }
    let median = |mut times: Vec<Duration>| {
        times.sort_unstable();
        times[times.len() / 2].as_secs_f64() * 1e6
    };
    times.into_iter().map(median).collect()
}
