//! `cargo bench --bench latency`: how long answers take under constant load, the slowest included.
//!
//! One connection asks for tokens and one introspects them, each so many times a second, whether or not the answer before has come: what
//! had to wait for its turn has waited since it was due. So a pause of the server counts for all that it held up, and not only for one.
//!
//! `-- --seconds N --rate N --durability normal|full|memory` narrows it. The load is bounded in time.

#![expect(clippy::expect_used, reason = "a benchmark may panic")]

mod common;

use std::time::{Duration, Instant};

use common::{Connection, Server, request};

const DURABILITIES: [&str; 3] = ["memory", "normal", "full"];
/// The upper ends of the histogram's classes.
const CLASSES_US: [u64; 10] = [250, 500, 1_000, 2_000, 5_000, 10_000, 20_000, 50_000, 100_000, u64::MAX];

fn main() {
    let option = |name: &str| std::env::args().skip_while(|arg| arg != name).nth(1);
    let number = |name: &str, default| option(name).and_then(|number| number.parse().ok()).unwrap_or(default);
    let (seconds, rate): (u32, u32) = (number("--seconds", 60), number("--rate", 500));
    let only = option("--durability");
    println!(
        "{rate} mints and {rate} introspections a second, on a connection each, for {seconds} s; ms from when each was due\n"
    );
    println!("{:<10} {:<14} {:>8} {:>8} {:>8} {:>8} {:>8}", "durability", "", "p50", "p90", "p99", "p99.9", "worst");
    let mut histograms = Vec::new();
    for durability in DURABILITIES.into_iter().filter(|durability| only.as_deref().is_none_or(|only| only == *durability)) {
        let mut server = Server::start(durability, None);
        for (name, mut taken) in load(&server, seconds, rate) {
            taken.sort_unstable();
            let at = |thousandths: usize| ms(taken[(taken.len() * thousandths / 1_000).min(taken.len() - 1)]);
            let figures = [500, 900, 990, 999, 1_000].map(at).map(|ms| format!("{ms:>8.2}"));
            println!("{durability:<10} {name:<14} {}", figures.join(" "));
            histograms.push((format!("{durability} {name}"), histogram(&taken)));
        }
        server.stop();
    }
    let heads =
        CLASSES_US.map(|us| if us == u64::MAX { "more".to_owned() } else { format!("≤{}", ms(Duration::from_micros(us))) });
    println!("\n{:<24} {}", "how many within ms", heads.map(|head| format!("{head:>8}")).join(" "));
    for (name, counts) in histograms {
        println!("{name:<24} {}", counts.map(|count| format!("{count:>8}")).join(" "));
    }
}

fn ms(taken: Duration) -> f64 {
    taken.as_secs_f64() * 1e3
}

fn histogram(taken: &[Duration]) -> [usize; CLASSES_US.len()] {
    let mut counts = [0; CLASSES_US.len()];
    for taken in taken {
        let class = CLASSES_US.iter().position(|most| taken.as_micros() <= u128::from(*most));
        counts[class.expect("the last class takes all")] += 1;
    }
    counts
}

/// How long each answer took, by kind.
fn load(server: &Server, seconds: u32, rate: u32) -> [(&'static str, Vec<Duration>); 2] {
    let bearer = format!("Authorization: Bearer {}\r\n", server.token);
    let body =
        r#"{"sub":"administrator","org":"1","audiences":["urn:example:api"],"time_validity":{"duration":3600},"scopes":[]}"#;
    let mint = request(server, "/v1/tokens", &bearer, body);
    let first = run(async {
        let mut first = Connection::open(&server.address).await;
        first.ask(&mint, 201).await
    });
    let token = common::member(&first, r#""token":"#).trim_matches('"');
    let introspect = request(server, "/v1/tokens/introspect", "", &format!(r#"{{"token":"{token}"}}"#));
    std::thread::scope(|threads| {
        let minting = threads.spawn(|| run(paced(&server.address, &mint, 201, seconds, rate)));
        let introspections = run(paced(&server.address, &introspect, 200, seconds, rate));
        [("mint", minting.join().expect("mints are answered")), ("introspect", introspections)]
    })
}

/// Runs what a connection does on the thread that calls, which has nothing else to do.
fn run<T>(what: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime").block_on(what)
}

/// Sends a request so many times a second, and says how long after it was due each was answered.
async fn paced(address: &str, request: &[u8], expected: u16, seconds: u32, rate: u32) -> Vec<Duration> {
    let mut connection = Connection::open(address).await;
    let begun = Instant::now();
    let mut taken = Vec::new();
    for n in 0..seconds * rate {
        let due = begun + Duration::from_secs(1) * n / rate;
        // A sleep of the thread is late by some 60 microseconds, a timer of the runtime by up to a millisecond. Not to sleep at all would
        // take a processor away from the server.
        std::thread::sleep(due.saturating_duration_since(Instant::now()));
        connection.ask(request, expected).await;
        taken.push(due.elapsed());
    }
    taken
}
