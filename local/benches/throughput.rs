//! `cargo bench`: what a token costs. Starts the server as a user would, asks it for tokens over HTTP, and prints the work done
//! per CPU-second of the server's process, with its memory, beside the targets.
//!
//! `-- --count N --durability memory|normal|full` narrows it. CPU time, not wall time: it depends less on what else the machine
//! is doing. The load is bounded in count.

#![expect(clippy::expect_used, reason = "a benchmark may panic")]

mod common;

use std::time::{Duration, Instant};

use common::{CONNECTIONS, Cost, Server, measure, member, request, send};
use shared::domain::Algorithm;
use shared::jose::VerifyingKey;
use shared::keys::signer::{LocalSigner, Signer as _};

/// Tokens that are asked about again and again.
const KNOWN: usize = 1_000;
const DURABILITIES: [&str; 3] = ["memory", "normal", "full"];

fn main() {
    let option = |name: &str| std::env::args().skip_while(|arg| arg != name).nth(1);
    let count = option("--count").and_then(|count| count.parse().ok()).unwrap_or(100_000);
    let only = option("--durability");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let (sign, verify) = runtime.block_on(floor());
    println!(
        "One ES256 signature costs {sign:.1} µs here, and {verify:.1} µs to verify (12.4 and 37.5 where the targets were set)."
    );
    println!("{count} tokens each, {CONNECTIONS} connections, every answer checked; targets in brackets\n");
    println!(
        "{:<10} {:>9} {:>9} {:>15} {:>8} {:>19} {:>12} {:>10}",
        "durability", "ready ms", "idle MB", "mint /CPU-s", "mint /s", "introspect /CPU-s", "again /CPU-s", "peak MB"
    );
    for durability in DURABILITIES.into_iter().filter(|durability| only.as_deref().is_none_or(|only| only == *durability)) {
        let mut server = Server::start(durability, None);
        let idle = server.memory("VmRSS");
        let (mint, tokens) = runtime.block_on(measure(&server, mint_requests(&server, count), 201));
        let (introspect, _) = runtime.block_on(measure(&server, introspect_requests(&server, &tokens), 200));
        // As a gateway asks: the same tokens again and again.
        let known: Vec<_> = tokens.iter().take(KNOWN).cycle().take(count).cloned().collect();
        let (again, _) = runtime.block_on(measure(&server, introspect_requests(&server, &known), 200));
        let target = if durability == "memory" { 20_000 } else { 12_000 };
        println!(
            "{durability:<10} {:>9} {:>9} {:>15} {:>8.0} {:>19} {:>12.0} {:>10}",
            format!("{:.0} [30]", server.ready.as_secs_f64() * 1e3),
            format!("{idle:.1} [15]"),
            format!("{:.0} [{target}]", mint.per_cpu_second()),
            mint.per_second(),
            format!("{:.0} [18000]", introspect.per_cpu_second()),
            again.per_cpu_second(),
            format!("{:.1} [64]", server.memory("VmHWM")),
        );
        server.stop();
    }
    println!("\n{:<28} {:>15} {:>19}", "Authlete's API, normal", "create /CPU-s", "introspection /CPU-s");
    for (form, settings) in [("opaque tokens", ""), ("JWT (ES256)", r#","access_token_sign_alg":"ES256""#)] {
        for (with, grant) in [("", "CLIENT_CREDENTIALS"), (", refreshable", "PASSWORD")] {
            let mut server = Server::start("normal", None);
            let (create, introspect) = runtime.block_on(authlete(&server, settings, grant, count));
            let name = format!("{form}{with}");
            println!("{name:<28} {:>15.0} {:>19.0}", create.per_cpu_second(), introspect.per_cpu_second());
            server.stop();
        }
    }
}

/// Tokens of an OAuth client: to create them, and to introspect each once.
async fn authlete(server: &Server, settings: &str, grant: &str, count: usize) -> (Cost, Cost) {
    let bearer = format!("Authorization: Bearer {}\r\n", server.token);
    let settings = format!(r#"{{"settings":{{"supported_scopes":[{{"name":"read"}}]{settings}}}}}"#);
    measure(server, vec![send(server, "PUT", "/v1/orgs/1", &bearer, &settings)], 200).await;
    let draft = r#"{"clientType":"CONFIDENTIAL"}"#;
    let (_, client) = measure(server, vec![request(server, "/api/1/client/create", &bearer, draft)], 200).await;
    let client = member(&client[0], r#""clientId":"#);
    let body = format!(r#"{{"grantType":"{grant}","clientId":{client},"subject":"john","scopes":["read"]}}"#);
    let creation = request(server, "/api/1/auth/token/create", &bearer, &body);
    let (create, tokens) = measure(server, vec![creation; count], 200).await;
    let introspections = tokens.iter().map(|answer| {
        let body = format!(r#"{{"token":{},"scopes":["read"]}}"#, member(answer, r#""accessToken":"#));
        request(server, "/api/1/auth/introspection", &bearer, &body)
    });
    let (introspect, answers) = measure(server, introspections.collect(), 200).await;
    assert!(answers.iter().all(|answer| answer.contains(r#""action":"OK""#)), "every token is good");
    (create, introspect)
}

/// What the signatures alone cost on this machine, in µs: no mint and no first introspection can cost less.
async fn floor() -> (f64, f64) {
    const ROUNDS: u32 = 2_000;
    let signer = LocalSigner::generate(Algorithm::Es256).expect("a key");
    let key = VerifyingKey::new(signer.jwk()).expect("its public half");
    let input = [7; 420];
    let begun = Instant::now();
    for _ in 0..ROUNDS {
        signer.sign(&input).await.expect("a signature");
    }
    let sign = begun.elapsed();
    let signature = signer.sign(&input).await.expect("a signature");
    let begun = Instant::now();
    assert!((0..ROUNDS).all(|_| key.verify(&input, &signature)));
    let each = |all: Duration| all.as_secs_f64() * 1e6 / f64::from(ROUNDS);
    (each(sign), each(begun.elapsed()))
}

fn mint_requests(server: &Server, count: usize) -> Vec<Vec<u8>> {
    let body = r#"{"sub":"administrator","org":"1","audiences":["urn:example:api"],"time_validity":{"duration":3600},"scopes":["urn:example:read","urn:example:write?"]}"#;
    vec![request(server, "/v1/tokens", &format!("Authorization: Bearer {}\r\n", server.token), body); count]
}

fn introspect_requests(server: &Server, answers: &[String]) -> Vec<Vec<u8>> {
    let token = |answer: &String| answer.split('"').nth(3).expect("a token").to_owned();
    answers
        .iter()
        .map(token)
        .map(|token| request(server, "/v1/tokens/introspect", "", &format!(r#"{{"token":"{token}"}}"#)))
        .collect()
}
