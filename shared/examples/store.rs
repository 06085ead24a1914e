//! What the embedded store costs: CPU of the whole process for each operation, 64 tasks at a time.
//!
//! `cargo run --release -p shared --example store --features sqlite,testing -- [TOKENS] [WORKERS] [Memory|Normal|Full]`

#![expect(clippy::unwrap_used, reason = "a benchmark")]

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use shared::domain::{
    App, AssertionSettings, Audience, Clock, Member, MemberKey, MemberKind, Org, OrgId, Profile, Role, Scope, ScopePattern,
    Seconds, Session, SessionId, Subject, TokenContents, TokenId, TokenKey, TokenRecord,
};
use shared::platform::{SystemClock, SystemEntropy};
use shared::store::sqlite::{Durability, SqliteStore};
use shared::store::{InsertOutcome, NewToken, ReadTokens, RecordKeys, WriteDirectory, WriteTokens};

const TASKS: u64 = 64;
const SUBJECTS: u64 = 10_000;

fn main() {
    let args: Vec<_> = std::env::args().skip(1).collect();
    let tokens = args.first().map_or(100_000, |arg| arg.parse().unwrap());
    let workers = args.get(1).map_or(2, |arg| arg.parse().unwrap());
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(workers).build().unwrap();
    println!("{tokens} tokens, {TASKS} tasks, {workers} workers; µs CPU (µs wall) for each operation");
    for durability in [Durability::Memory, Durability::Normal, Durability::Full] {
        if args.get(2).is_some_and(|only| *only != format!("{durability:?}")) {
            continue;
        }
        let count = if durability == Durability::Full { tokens / 10 } else { tokens };
        runtime.block_on(measure(durability, count));
    }
}

async fn measure(durability: Durability, count: u64) {
    let folder = std::env::temp_dir().join(format!("jeton-bench-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let store = SqliteStore::open(&folder.join("store.db"), durability, Arc::new(SystemClock)).unwrap();
    store.put_org(None, &Org::new(org_id(), SystemClock.now()), Some(&AssertionSettings::default())).await.unwrap();
    for n in 0..SUBJECTS {
        store.put_member(&member(n)).await.unwrap();
    }
    let store = Arc::new(store);
    let ids: Arc<Vec<TokenId>> = Arc::new((0..count).map(|_| new_id()).collect());
    println!("{durability:?}");
    // What the benchmark itself costs, to be taken off the rest.
    in_tasks("nothing", &store, count, move |_, n| async move {
        std::hint::black_box((wanted(&token(new_id(), n), n), token(new_id(), n)));
    })
    .await;
    let known = Arc::clone(&ids);
    in_tasks("record", &store, count, move |store, n| {
        let id = known[usize::try_from(n).unwrap()];
        async move { assert_eq!(store.record(&NewToken::new(token(id, n), None)).await.unwrap(), InsertOutcome::Done) }
    })
    .await;
    let known = Arc::clone(&ids);
    in_tasks("read any", &store, count, move |store, n| {
        let n = n * 7_919 % count;
        let token = token(known[usize::try_from(n).unwrap()], n);
        async move { assert_eq!(store.read(&wanted(&token, n * 31)).await.unwrap().tokens.len(), 1) }
    })
    .await;
    let bearer = token(ids[0], 0);
    in_tasks("read one", &store, count, move |store, _| {
        let bearer = bearer.clone();
        async move { assert_eq!(store.read(&wanted(&bearer, 0)).await.unwrap().tokens.len(), 1) }
    })
    .await;
    let bearer = token(ids[0], 0);
    in_tasks("mint", &store, count, move |store, n| {
        let bearer = bearer.clone();
        async move {
            assert_eq!(store.read(&wanted(&bearer, n * 31)).await.unwrap().tokens.len(), 1);
            assert_eq!(store.record(&NewToken::new(token(new_id(), n), None)).await.unwrap(), InsertOutcome::Done);
        }
    })
    .await;
    let files = std::fs::read_dir(&folder)
        .unwrap()
        .map(|file| file.unwrap())
        .map(|file| format!("{} {} MB", file.file_name().to_string_lossy(), file.metadata().unwrap().len() / 1_000_000));
    println!("    {} MB resident; {}", resident_kib() / 1_024, files.collect::<Vec<_>>().join(", "));
    let start = Instant::now();
    drop(store);
    println!("    closed in {} ms", start.elapsed().as_millis());
    std::fs::remove_dir_all(PathBuf::from(&folder)).unwrap();
}

async fn in_tasks<F>(
    name: &str,
    store: &Arc<SqliteStore>,
    count: u64,
    run: impl Fn(Arc<SqliteStore>, u64) -> F + Send + Sync + 'static,
) where
    F: Future<Output = ()> + Send + 'static,
{
    let (start, cpu) = (Instant::now(), cpu_ms());
    let (next, run) = (Arc::new(AtomicU64::new(0)), Arc::new(run));
    let tasks = (0..TASKS).map(|_| {
        let (next, run, store) = (Arc::clone(&next), Arc::clone(&run), Arc::clone(store));
        tokio::spawn(async move {
            while let n = next.fetch_add(1, Ordering::Relaxed)
                && n < count
            {
                run(Arc::clone(&store), n).await;
                // A request would come and go here.
                tokio::task::yield_now().await;
            }
        })
    });
    for task in tasks.collect::<Vec<_>>() {
        task.await.unwrap();
    }
    let (wall, cpu) = (start.elapsed().as_secs_f64(), cpu_ms() - cpu);
    #[expect(clippy::cast_precision_loss, reason = "figures for people")]
    let (cpu, wall) = (cpu as f64 * 1_000.0 / count as f64, wall * 1_000_000.0 / count as f64);
    println!("    {name:10} {cpu:6.1} ({wall:6.1})");
}

fn org_id() -> OrgId {
    OrgId::parse("39ddfGAaBts8ysMU6LSv9").unwrap()
}

fn subject(n: u64) -> Subject {
    Subject::parse(&format!("aZ3kd0sJ4bWf8Q{:06}", n % SUBJECTS)).unwrap()
}

fn member(n: u64) -> Member {
    Member {
        org: org_id(),
        subject: subject(n),
        kind: MemberKind::User,
        profile: Profile { email: Some(format!("ann{n}@example.org")), ..Profile::default() },
        scopes: vec![ScopePattern::parse("urn:agilicus:*").unwrap(), ScopePattern::parse("urn:jeton:*").unwrap()],
        roles: BTreeMap::from([(App::parse("app-1").unwrap(), vec![Role::parse("owner").unwrap()])]),
        enabled: true,
        created_at: SystemClock.now(),
        updated_at: SystemClock.now(),
    }
}

fn new_id() -> TokenId {
    TokenId::generate(SystemClock.now(), None, &SystemEntropy).unwrap()
}

fn token(id: TokenId, n: u64) -> TokenRecord {
    let now = SystemClock.now();
    let scope = |text: &str| Scope::parse(text).unwrap();
    TokenRecord {
        id,
        org: org_id(),
        root_org: org_id(),
        contents: TokenContents {
            audiences: vec![Audience::parse("https://api.example.org").unwrap()],
            scopes: vec![scope("urn:agilicus:api:users:reader?"), scope("urn:agilicus:app:a:owner?"), scope("urn:x")],
            roles: BTreeMap::from([(App::parse("app-1").unwrap(), Role::parse("owner").unwrap())]),
            session: Some(Session { org: org_id(), id: SessionId::parse(&format!("session-{}", n / 3)).unwrap() }),
            ..TokenContents::new(subject(n))
        },
        issued_at: now,
        not_before: now,
        expires_at: Some(now.plus(Seconds::HOUR).whole_second()),
        family: None,
        value: None,
        status: None,
        refreshable_until: None,
        revision: 0,
        revoked_at: None,
        revoked_by: None,
    }
}

/// What authenticating a bearer and minting for member `n` needs.
fn wanted(token: &TokenRecord, n: u64) -> RecordKeys {
    let member = |subject| MemberKey { org: org_id(), subject };
    RecordKeys {
        tokens: vec![TokenKey { org: org_id(), id: token.id }],
        marks: token.marks(),
        shard_of: Some(token.id),
        orgs: vec![org_id()],
        members: vec![member(token.subject.clone()), member(subject(n))],
        ..RecordKeys::default()
    }
}

/// User and system time of this process.
fn cpu_ms() -> u64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    let fields: Vec<_> = stat.rsplit(')').next().unwrap().split_whitespace().collect();
    (fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap()) * 10
}

fn resident_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches("kB").trim().parse().unwrap()
}
