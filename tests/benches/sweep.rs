//! `cargo bench -p tests --bench sweep`: whether the embedded store forgets what has expired as fast as new tokens come.
//!
//! A store gets `--count N` tokens of an hour (1,000,000). Two days later it is opened again and takes `--rate N` tokens a second (1,000),
//! whether or not the one before is recorded: for the minute in which it doesn't sweep yet, and for `--seconds N` (60) in which it does.

#![expect(clippy::expect_used, reason = "a benchmark may panic")]

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures::stream::{self, StreamExt as _};
use shared::domain::{Clock as _, Entropy, FrozenClock, Seconds, Timestamp, TokenId, TokenRecord};
use shared::platform::SystemEntropy;
use shared::store::conformance::samples;
use shared::store::sqlite::{Durability, SqliteStore};
use shared::store::{InsertOutcome, NewToken, WriteTokens as _};

/// How long after its start a store begins to sweep.
const FIRST_SWEEP_AFTER: Duration = Duration::from_mins(1);
/// How many tokens are recorded at once while the store is filled.
const AT_ONCE: usize = 64;
/// When the first tokens are issued.
const BEGIN: Timestamp = Timestamp::from_secs(1_800_000_000);

fn main() {
    let option = |name: &str| std::env::args().skip_while(|arg| arg != name).nth(1);
    let number = |name: &str, default| option(name).and_then(|number| number.parse::<u32>().ok()).unwrap_or(default);
    let (count, rate, seconds) = (number("--count", 1_000_000), number("--rate", 1_000).max(1), number("--seconds", 60).max(1));
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("bench-sweep");
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).expect("a folder");
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime");
    runtime.block_on(measure(&folder.join("store.db"), count, rate, Duration::from_secs(seconds.into())));
    std::fs::remove_dir_all(&folder).expect("the folder is removed");
}

async fn measure(file: &Path, count: u32, rate: u32, time: Duration) {
    let clock = Arc::new(FrozenClock::at(BEGIN));
    let open = || Arc::new(SqliteStore::open(file, Durability::Normal, Arc::<FrozenClock>::clone(&clock)).expect("a store"));
    let store = open();
    stream::iter(0..count).for_each_concurrent(AT_ONCE, |_| record(&store, token(clock.now()))).await;
    drop(store);
    clock.advance_ms(2 * 24 * 3_600 * 1_000);

    println!("{count} tokens that expired a day ago, {rate} new ones a second, durability normal\n");
    println!("{:<12} {:>12} {:>10} {:>10} {:>10}", "", "recorded /s", "p50 ms", "p99 ms", "worst ms");
    let store = open();
    load("not yet", &store, clock.now(), rate, FIRST_SWEEP_AFTER).await;
    load("sweeping", &store, clock.now(), rate, time).await;
    let left = store.sweep().await.expect("the rest is forgotten");
    let forgotten = f64::from(count) - f64::from(u32::try_from(left).expect("no more than there were"));
    println!("\n{:.0} were forgotten a second, as {rate} came", forgotten / time.as_secs_f64());
}

/// Records so many tokens a second, and prints how long each took since it was due.
async fn load(name: &str, store: &Arc<SqliteStore>, now: Timestamp, rate: u32, time: Duration) {
    let begun = Instant::now();
    let (told, mut tellers) = tokio::sync::mpsc::unbounded_channel();
    let mut nth = 0;
    while begun.elapsed() < time {
        let due = begun + Duration::from_secs(1) * nth / rate;
        nth += 1;
        tokio::time::sleep_until(due.into()).await;
        let (store, told) = (Arc::clone(store), told.clone());
        tokio::spawn(async move {
            record(&store, token(now)).await;
            let _ = told.send(due.elapsed());
        });
    }
    drop(told);
    let mut taken = Vec::new();
    while let Some(one) = tellers.recv().await {
        taken.push(one);
    }
    let per_second = f64::from(nth) / begun.elapsed().as_secs_f64();
    taken.sort_unstable();
    let ms = |part: f64| {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            clippy::cast_precision_loss,
            reason = "a place in a list"
        )]
        let place = ((taken.len() - 1) as f64 * part) as usize;
        taken[place].as_secs_f64() * 1e3
    };
    println!("{name:<12} {per_second:>12.0} {:>10.2} {:>10.2} {:>10.2}", ms(0.5), ms(0.99), ms(1.0));
}

async fn record(store: &SqliteStore, token: TokenRecord) {
    let outcome = store.record(&NewToken::new(token, None)).await.expect("a token is recorded");
    assert_eq!(outcome, InsertOutcome::Done, "its id is new");
}

fn token(now: Timestamp) -> TokenRecord {
    let id = TokenId::generate(now, None, &SystemEntropy as &dyn Entropy).expect("an id");
    let expires_at = Some(now.plus(Seconds::HOUR));
    TokenRecord { id, issued_at: now, not_before: now, expires_at, ..samples::token("1", 0) }
}
