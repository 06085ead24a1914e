//! `cargo bench -p local --bench growth`: what a server costs whose store grows: mints, introspections, lists and revocations by the number of
//! live tokens, and the size of the file.
//!
//! `-- --count N` says how many tokens there are in the end (2,000,000), `--step N` after how many each row is printed (a tenth). All tokens
//! are a member's, at durability `normal`. The load is bounded in count.

#![expect(clippy::expect_used, reason = "a benchmark may panic")]

mod common;

use std::time::{Duration, Instant};

use common::{Connection, Cost, Server, measure, member, request, send};

/// How many are asked for at once: so many answers are kept.
const CHUNK: usize = 50_000;
/// How many tokens are introspected for a row.
const INTROSPECTED: usize = 5_000;
/// How many first pages are listed for a row.
const LISTED: usize = 21;

fn main() {
    let option = |name: &str| std::env::args().skip_while(|arg| arg != name).nth(1);
    let number = |name: &str, default| option(name).and_then(|number| number.parse().ok()).unwrap_or(default);
    let count: usize = number("--count", 2_000_000);
    let step: usize = number("--step", count.div_ceil(10)).max(1);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let mut server = Server::start("normal", None);
    let bearer = format!("Authorization: Bearer {}\r\n", server.token);
    let held = r#"{"scopes":["urn:example:*"]}"#;
    runtime.block_on(measure(&server, vec![send(&server, "PUT", "/v1/orgs/1/members/robot", &bearer, held)], 201));
    println!("{count} live tokens of one member, durability normal\n");
    println!(
        "{:>10} {:>12} {:>18} {:>19} {:>17} {:>9} {:>9}",
        "tokens", "mint /CPU-s", "introspect /CPU-s", "first page, ms p50", "of the member, ms", "file MB", "peak MB"
    );
    let mut live = 0;
    while live < count {
        let wanted = step.min(count - live);
        let (mint, last) = runtime.block_on(mint(&server, &bearer, wanted));
        live += wanted;
        let shown = last.iter().map(|token| request(&server, "/v1/tokens/introspect", "", &format!(r#"{{"token":"{token}"}}"#)));
        let (introspect, _) = runtime.block_on(measure(&server, shown.collect(), 200));
        let pages = ["/v1/tokens", "/v1/tokens?sub=robot"].map(|path| runtime.block_on(page(&server, path, &bearer)));
        println!(
            "{live:>10} {mint:>12.0} {:>18.0} {:>19.2} {:>17.2} {:>9.0} {:>9.1}",
            introspect.per_cpu_second(),
            ms(pages[0]),
            ms(pages[1]),
            server.stored_mb(),
            server.memory("VmHWM"),
        );
    }
    let revoke = request(&server, "/v1/tokens/bulk_revoke", &bearer, r#"{"user_id":"robot"}"#);
    let begun = Instant::now();
    let (cost, answers) = runtime.block_on(measure(&server, vec![revoke], 200));
    let (took, cpu) = (begun.elapsed(), cost.cpu());
    println!("\nAll of them revoked at once: {:.0} ms, {:.0} ms of them CPU: {}", ms(took), ms(cpu), answers[0]);
    server.stop();
}

/// Mints so many tokens. Returns how many there were per CPU-second, and the last of them.
async fn mint(server: &Server, bearer: &str, count: usize) -> (f64, Vec<String>) {
    let body = r#"{"sub":"robot","org":"1","audiences":["urn:example:api"],"time_validity":{"duration":86400},"scopes":["urn:example:read"]}"#;
    let (mut left, mut cpu, mut last) = (count, Duration::ZERO, Vec::new());
    while left > 0 {
        let some = left.min(CHUNK);
        let (cost, answers) = measure(server, vec![request(server, "/v1/tokens", bearer, body); some], 201).await;
        (left, cpu) = (left - some, cpu + cost.cpu());
        last =
            answers.iter().take(INTROSPECTED).map(|answer| member(answer, r#""token":"#).trim_matches('"').to_owned()).collect();
    }
    (Cost::per_cpu_second_of(count, cpu), last)
}

/// How long the first page of a list takes, the median.
async fn page(server: &Server, path: &str, bearer: &str) -> Duration {
    let asked = send(server, "GET", path, bearer, "");
    let mut connection = Connection::open(&server.address).await;
    let mut taken = Vec::with_capacity(LISTED);
    for _ in 0..LISTED {
        let begun = Instant::now();
        connection.ask(&asked, 200).await;
        taken.push(begun.elapsed());
    }
    taken.sort_unstable();
    taken[LISTED / 2]
}

fn ms(taken: Duration) -> f64 {
    taken.as_secs_f64() * 1e3
}
