//! `cargo bench -p local --bench growth`: what a server costs whose store grows: mints, introspections, lists and revocations by the number of
//! live tokens, and the size of the file.
//!
//! `-- --count N` says how many tokens there are in the end (2,000,000), `--step N` after how many each row is printed (a tenth), `--picture FILE`
//! where the curves are drawn, as an SVG. One token in ten is a member's, who is revoked in the end, the others are another's, at durability
//! `normal`. What is measured is minted by the server; the other tokens are put into its file while it stands still, which is ten times as fast.
//! The load is bounded in count.

#![expect(clippy::expect_used, reason = "a benchmark may panic")]

#[path = "../common/mod.rs"]
mod common;
mod picture;

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use common::{Connection, Server, measure, member, request, send};
use futures::stream::{self, StreamExt as _};
use picture::{Curve, picture};
use shared::domain::{Audience, Clock as _, OrgId, Scope, Seconds, Subject, TokenContents, TokenId, TokenRecord};
use shared::platform::{SystemClock, SystemEntropy};
use shared::store::sqlite::{Durability, SqliteStore};
use shared::store::{InsertOutcome, NewToken, WriteTokens as _};

/// How many tokens are minted for a row.
const MINTED: u32 = 20_000;
/// How many tokens are introspected for a row.
const INTROSPECTED: usize = 5_000;
/// How many tokens are put into the file at once.
const FILLED_AT_ONCE: usize = 64;
/// How many first pages are listed for a row.
const LISTED: usize = 21;

fn main() {
    let option = |name: &str| std::env::args().skip_while(|arg| arg != name).nth(1);
    let number = |name: &str, default| option(name).and_then(|number| number.parse().ok()).unwrap_or(default);
    let count: u32 = number("--count", 2_000_000);
    let step = number("--step", count.div_ceil(10)).max(1);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let mut server = Server::start("normal", None);
    let mut bearer = authorization(&server);
    let held = r#"{"scopes":["urn:example:*"]}"#;
    for member in [ROBOT, OTHERS] {
        let path = format!("/v1/orgs/1/members/{member}");
        runtime.block_on(measure(&server, vec![send(&server, "PUT", &path, &bearer, held)], 201));
    }
    println!("{count} live tokens, one in ten of them of one member, durability normal\n");
    println!(
        "{:>10} {:>12} {:>18} {:>19} {:>17} {:>9} {:>9}",
        "tokens", "mint /CPU-s", "introspect /CPU-s", "first page, ms p50", "of the member, ms", "file MB", "peak MB"
    );
    let mut tokens = Vec::new();
    let mut curves = CURVES.map(|name| Curve { name, values: Vec::new() });
    let mut live = 0;
    while live < count {
        let wanted = step.min(count - live);
        let minted = wanted.min(MINTED);
        server = server.restart("normal", |folder| runtime.block_on(fill(&folder.join("jeton.db"), wanted - minted)));
        bearer = authorization(&server);
        let (mint, last) = runtime.block_on(mint(&server, &bearer, minted));
        live += wanted;
        let shown = last.iter().map(|token| request(&server, "/v1/tokens/introspect", "", &format!(r#"{{"token":"{token}"}}"#)));
        let (introspect, _) = runtime.block_on(measure(&server, shown.collect(), 200));
        let [page, own_page] =
            ["/v1/tokens", "/v1/tokens?sub=robot"].map(|path| ms(runtime.block_on(page(&server, path, &bearer))));
        let (introspect, file, peak) = (introspect.per_cpu_second(), server.stored_mb(), server.memory("VmHWM"));
        println!("{live:>10} {mint:>12.0} {introspect:>18.0} {page:>19.2} {own_page:>17.2} {file:>9.0} {peak:>9.1}");
        tokens.push(f64::from(live));
        for (curve, value) in curves.iter_mut().zip([mint, introspect, page, own_page, file, peak]) {
            curve.values.push(value);
        }
    }
    let revoke = request(&server, "/v1/tokens/bulk_revoke", &bearer, r#"{"user_id":"robot"}"#);
    let begun = Instant::now();
    let (cost, answers) = runtime.block_on(measure(&server, vec![revoke], 200));
    let (took, cpu) = (begun.elapsed(), cost.cpu());
    println!("\nAll of the member's revoked at once: {:.0} ms, {:.0} ms of them CPU: {}", ms(took), ms(cpu), answers[0]);
    if let Some(file) = option("--picture") {
        std::fs::write(&file, picture(&tokens, &curves)).expect("the picture is written");
    }
    server.stop();
}

/// The administrator's header.
fn authorization(server: &Server) -> String {
    format!("Authorization: Bearer {}\r\n", server.token)
}

/// What is drawn, in the order in which it is measured.
const CURVES: [&str; 6] = [
    "Tokens minted per CPU-second",
    "Tokens introspected per CPU-second",
    "First page of the list, ms (median)",
    "First page of a member's, ms (median)",
    "Data file and log, MB",
    "Peak memory, MB",
];

/// The member whose tokens are revoked in the end, and the one who has all others.
const ROBOT: &str = "robot";
const OTHERS: &str = "others";
/// One token in so many is the robot's.
const ROBOTS_SHARE: u32 = 10;

/// Mints so many tokens. Returns how many there were per CPU-second, and the last of them.
async fn mint(server: &Server, bearer: &str, count: u32) -> (f64, Vec<String>) {
    let asked = |nth: u32| {
        let sub = if nth.is_multiple_of(ROBOTS_SHARE) { ROBOT } else { OTHERS };
        let rest =
            r#""org":"1","audiences":["urn:example:api"],"time_validity":{"duration":86400},"scopes":["urn:example:read"]"#;
        request(server, "/v1/tokens", bearer, &format!(r#"{{"sub":"{sub}",{rest}}}"#))
    };
    let (cost, answers) = measure(server, (0..count).map(asked).collect(), 201).await;
    let last =
        answers.iter().take(INTROSPECTED).map(|answer| member(answer, r#""token":"#).trim_matches('"').to_owned()).collect();
    (cost.per_cpu_second(), last)
}

/// Puts so many tokens into the data file of a server that stands still.
async fn fill(file: &Path, count: u32) {
    let store = SqliteStore::open(file, Durability::Normal, Arc::new(SystemClock)).expect("the data file");
    let filling = stream::iter(0..count).for_each_concurrent(FILLED_AT_ONCE, async |nth| {
        let subject = if nth.is_multiple_of(ROBOTS_SHARE) { ROBOT } else { OTHERS };
        let outcome = store.record(&NewToken::new(token(subject), None)).await.expect("a token is recorded");
        assert_eq!(outcome, InsertOutcome::Done, "its id is new");
    });
    filling.await;
}

/// A token as the server mints them here.
fn token(subject: &str) -> TokenRecord {
    let (now, org) = (SystemClock.now(), OrgId::parse("1").expect("an org"));
    TokenRecord {
        id: TokenId::generate(now, None, &SystemEntropy).expect("an id"),
        root_org: org.clone(),
        org,
        contents: TokenContents {
            audiences: vec![Audience::parse("urn:example:api").expect("an audience")],
            scopes: vec![Scope::parse("urn:example:read").expect("a scope")],
            ..TokenContents::new(Subject::parse(subject).expect("a subject"))
        },
        issued_at: now,
        not_before: now,
        expires_at: Some(now.plus(Seconds::DAY).whole_second()),
        family: None,
        value: None,
        status: None,
        refreshable_until: None,
        revision: 0,
        revoked_at: None,
        revoked_by: None,
    }
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
