//! The suite of the port, and what only a data file can get wrong.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::*;
use crate::domain::{Alias, Family, FrozenClock, TokenRecord};
use crate::store::conformance::{self, samples};
use crate::store::{ApiKeyInsert, ApiKeyLimit, Store, codec};

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn memory_conforms() {
    conformance::run(async || Arc::new(SqliteStore::in_memory(clock()).unwrap()) as Arc<dyn Store>).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn normal_conforms() {
    let folder = Folder::new();
    conformance::run(async || Arc::new(folder.open_another(Durability::Normal)) as Arc<dyn Store>).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn full_conforms() {
    let folder = Folder::new();
    conformance::run(async || Arc::new(folder.open_another(Durability::Full)) as Arc<dyn Store>).await;
}

#[tokio::test]
async fn what_was_answered_is_there_after_a_kill() {
    for durability in [Durability::Full, Durability::Normal] {
        let folder = Folder::new();
        let store = SqliteStore::open(&folder.file("a.db"), durability, clock()).unwrap();
        for n in 0..50 {
            store.record(&samples::new(&samples::token("a", n), None)).await.unwrap();
        }
        // A process that is killed leaves its files as they are at that moment.
        let copy = Folder::new();
        for file in ["a.db", "a.db-wal"] {
            std::fs::copy(folder.file(file), copy.file(file)).unwrap();
        }
        let reopened: Arc<dyn Store> = Arc::new(SqliteStore::open(&copy.file("a.db"), durability, clock()).unwrap());
        for n in 0..50 {
            assert!(samples::find_token(&reopened, &samples::token_key("a", n)).await.is_some(), "{durability:?}");
        }
    }
}

#[tokio::test]
async fn a_closed_store_is_one_file_with_everything_in_it() {
    for durability in [Durability::Full, Durability::Normal] {
        let folder = Folder::new();
        let store = SqliteStore::open(&folder.file("a.db"), durability, clock()).unwrap();
        for n in 0..50 {
            store.record(&samples::new(&samples::token("a", n), None)).await.unwrap();
        }
        store.close();
        let log = std::fs::metadata(folder.file("a.db-wal")).map_or(0, |log| log.len());
        assert_eq!(log, 0, "the log is copied into the data file");
        assert!(
            store.record(&samples::new(&samples::token("a", 50), None)).await.unwrap_err().can_retry(),
            "another process may take over"
        );
        drop(store);
        let store: Arc<dyn Store> = Arc::new(SqliteStore::open(&folder.file("a.db"), durability, clock()).unwrap());
        assert!(samples::find_token(&store, &samples::token_key("a", 49)).await.is_some());
    }
}

#[tokio::test]
async fn an_abandoned_write_is_not_left_lying() {
    let folder = Folder::new();
    let store = folder.open_another(Durability::Normal);
    let token = samples::token("a", 1);
    let new = samples::new(&token, None);
    let mut write = Box::pin(store.record(&new));
    assert!(futures::poll!(&mut write).is_pending(), "it lets others write, too");
    drop(write);
    let store: Arc<dyn Store> = Arc::new(store);
    assert!(samples::find_token(&store, &token.key()).await.is_some());
}

#[tokio::test]
async fn one_that_fails_fails_alone() {
    let folder = Folder::new();
    for durability in [Durability::Full, Durability::Normal] {
        let store = folder.open_another(durability);
        let taken = samples::rich_token("a", 1);
        store.record(&samples::new(&taken, None)).await.unwrap();
        let mut other = taken;
        other.masquerading = false;
        let good = [samples::token("a", 5), samples::token("a", 6)];
        let failing = store.write("failing", |c| Ok(c.execute("INSERT INTO orgs (id) VALUES ('half')", [])?));
        let [first, second, third] = [&good[0], &other, &good[1]].map(|token| samples::new(token, None));
        let all = futures::join!(store.record(&first), store.record(&second), failing, store.record(&third));
        assert!(all.0.is_ok() && all.1.is_err() && all.2.is_err() && all.3.is_ok(), "{all:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_panic_within_a_write_leaves_no_half_of_it() {
    let folder = Folder::new();
    let store = Arc::new(folder.open_another(Durability::Normal));
    let panicking = Arc::clone(&store);
    let panicked = tokio::spawn(async move {
        let half = |c: &Connection| -> Result<()> {
            c.execute("INSERT INTO marks (org, kind, not_before) VALUES ('a', 'o', 1)", [])?;
            panic!("as if by a bug")
        };
        panicking.write("panicking", half).await
    });
    assert!(panicked.await.is_err());
    let port: Arc<dyn Store> = Arc::<SqliteStore>::clone(&store);
    let mark = samples::mark("a", crate::domain::NotBeforeScope::Org, samples::T0);
    assert_eq!(samples::find_mark(&port, &mark.key, crate::domain::Shard::all().next().unwrap()).await, None);
    store.record(&samples::new(&samples::token("a", 1), None)).await.unwrap();
    assert!(samples::find_token(&port, &samples::token_key("a", 1)).await.is_some());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_log_stays_short_while_others_read() {
    let folder = Folder::new();
    let path = folder.file("a.db");
    let store: Arc<dyn Store> = Arc::new(SqliteStore::open(&path, Durability::Normal, clock()).unwrap());
    let tasks = (0..16_u64).map(|worker| {
        let store = Arc::clone(&store);
        tokio::spawn(async move {
            for n in 0..1_250 {
                let subject = Subject::parse(&format!("{}", n * 7_919 % 5_000)).unwrap();
                let mut token = samples::rich_token("a", worker * 10_000 + n);
                token.subject = subject;
                store.record(&samples::new(&token, None)).await.unwrap();
                assert!(samples::find_token(&store, &token.key()).await.is_some());
            }
        })
    });
    for task in tasks.collect::<Vec<_>>() {
        task.await.unwrap();
    }
    // Without checkpoints it would be several times as long.
    let log = std::fs::metadata(path.with_extension("db-wal")).unwrap().len();
    assert!(log < 96 << 20, "{} MB", log >> 20);
}

#[tokio::test]
async fn while_the_writer_is_paused_reads_go_on_and_writes_wait_without_holding_up_a_thread() {
    let folder = Folder::new();
    let store = Arc::new(folder.open_another(Durability::Normal));
    let port: Arc<dyn Store> = Arc::<SqliteStore>::clone(&store);
    let [before, meanwhile] = [1, 2].map(|n| samples::token("a", n));
    store.record(&samples::new(&before, None)).await.unwrap();
    let pause = store.writer.pause();
    assert!(samples::find_token(&port, &before.key()).await.is_some());
    let new = samples::new(&meanwhile, None);
    let mut write = Box::pin(store.record(&new));
    for _ in 0..3 {
        assert!(futures::poll!(&mut write).is_pending());
        tokio::task::yield_now().await;
    }
    assert!(samples::find_token(&port, &meanwhile.key()).await.is_none(), "it isn't written before the pause ends");
    drop(pause);
    write.await.unwrap();
    assert!(samples::find_token(&port, &meanwhile.key()).await.is_some());
}

#[test]
fn a_file_is_one_stores() {
    let folder = Folder::new();
    let path = folder.file("a.db");
    let store = SqliteStore::open(&path, Durability::Normal, clock()).unwrap();
    let fault = SqliteStore::open(&path, Durability::Full, clock()).unwrap_err();
    assert!(format!("{fault:?}").contains("another process has it open"), "{fault:?}");
    drop(store);
    SqliteStore::open(&path, Durability::Full, clock()).unwrap();
}

#[test]
fn a_file_that_cannot_be_locked_is_named_with_the_reason() {
    let path = Folder::new().file("none/a.db");
    let fault = format!("{:?}", SqliteStore::open(&path, Durability::Normal, clock()).unwrap_err());
    assert!(
        fault.contains("locking the data file") && fault.contains(path.to_str().unwrap()) && fault.contains("os error"),
        "{fault}"
    );
}

#[test]
fn a_newer_or_foreign_file_is_left_alone() {
    let folder = Folder::new();
    let path = folder.file("a.db");
    drop(SqliteStore::open(&path, Durability::Normal, clock()).unwrap());
    Connection::open(&path).unwrap().pragma_update(None, "user_version", 1_000).unwrap();
    let fault = SqliteStore::open(&path, Durability::Normal, clock()).unwrap_err();
    assert_eq!(fault.doing(), "opening the data file: it was written by a newer version of this program");

    let foreign = folder.file("b.db");
    Connection::open(&foreign).unwrap().execute_batch("CREATE TABLE t (x)").unwrap();
    let fault = SqliteStore::open(&foreign, Durability::Normal, clock()).unwrap_err();
    assert_eq!(fault.doing(), "opening the data file: it is another program's");

    std::fs::write(folder.file("c.db"), "this is no database, however long it may be".repeat(100)).unwrap();
    assert!(SqliteStore::open(&folder.file("c.db"), Durability::Normal, clock()).is_err());
    assert!(SqliteStore::open(&folder.file("missing/d.db"), Durability::Normal, clock()).is_err());
}

#[cfg(unix)]
#[tokio::test]
async fn only_the_owner_reads_the_files() {
    use std::os::unix::fs::PermissionsExt;

    let folder = Folder::new();
    let store = SqliteStore::open(&folder.file("a.db"), Durability::Normal, clock()).unwrap();
    store.record(&samples::new(&samples::token("a", 1), None)).await.unwrap();
    let files: Vec<_> = std::fs::read_dir(&folder.0).unwrap().map(Result::unwrap).collect();
    assert!(files.len() >= 3);
    for file in files {
        assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600, "{file:?}");
    }
}

#[tokio::test]
async fn full_waits_for_the_disk_and_normal_does_not() {
    let folder = Folder::new();
    for (durability, expected) in [(Durability::Full, 2), (Durability::Normal, 1)] {
        let store = folder.open_another(durability);
        let synchronous: i64 = store.writer.connection().query_row("PRAGMA synchronous", [], |row| row.get(0)).unwrap();
        let mode: String = store.writer.connection().query_row("PRAGMA journal_mode", [], |row| row.get(0)).unwrap();
        assert_eq!((synchronous, mode.as_str()), (expected, "wal"));
    }
}

#[tokio::test]
async fn what_expired_more_than_a_day_ago_is_forgotten() {
    let (hour, day) = (3_600_000, 86_400_000);
    let folder = Folder::new();
    for durability in [Durability::Memory, Durability::Normal, Durability::Full] {
        let clock = Arc::new(FrozenClock::at(samples::T0));
        let path = folder.file(&format!("{durability:?}"));
        let store = Arc::new(SqliteStore::open(&path, durability, Arc::<FrozenClock>::clone(&clock)).unwrap());
        let port: Arc<dyn Store> = Arc::<SqliteStore>::clone(&store);
        let endless = TokenRecord { expires_at: None, ..samples::token("a", 9_999) };
        store.record(&samples::new(&endless, None)).await.unwrap();
        // More than one step looks at.
        for n in 0..1_500 {
            store.record(&samples::new(&samples::token("a", n), None)).await.unwrap();
        }
        store.record(&samples::new(&samples::rich_token("a", 2_000), Some(&samples::family("a", 2_001)))).await.unwrap();
        let mark = samples::mark("a", crate::domain::NotBeforeScope::Org, samples::T0);
        store.set_not_before(&mark).await.unwrap();
        clock.advance_ms(hour + day);
        assert_eq!(store.sweep().await.unwrap(), 0, "exactly a day isn't more than a day");
        clock.advance_ms(1);
        assert_eq!(store.sweep().await.unwrap(), 1_500, "tokens of an hour");
        clock.advance_ms(day);
        assert_eq!(store.sweep().await.unwrap(), 2, "a family and a mark of a day");
        clock.advance_ms(10_000 * day);
        assert_eq!(store.sweep().await.unwrap(), 0);
        assert!(samples::find_token(&port, &endless.key()).await.is_some(), "what doesn't expire stays");
        assert_eq!(samples::find_token(&port, &samples::token_key("a", 7)).await, None);
    }
}

/// Its end isn't that of its access tokens, which nobody could revoke with it any more.
#[tokio::test]
async fn what_decides_is_kept_as_long_as_it_is_needed() {
    let (hour, day) = (3_600_000, 86_400_000);
    let clock = Arc::new(FrozenClock::at(samples::T0));
    let store = Arc::new(SqliteStore::in_memory(Arc::<FrozenClock>::clone(&clock)).unwrap());
    let port: Arc<dyn Store> = Arc::<SqliteStore>::clone(&store);
    let endless = Family { id: samples::id(4), needed_until: None, ..samples::family("a", 3) };
    let needed = Family { id: samples::id(6), needed_until: Some(samples::at(3 * day)), ..samples::family("a", 5) };
    for (n, family) in [(3, &endless), (5, &needed)] {
        store.record(&samples::new(&samples::token("a", n), Some(family))).await.unwrap();
    }
    let (token, family) = samples::refreshable();
    store.record(&samples::new(&token, Some(&family))).await.unwrap();
    clock.advance_ms(hour + day + 1);
    assert_eq!(store.sweep().await.unwrap(), 2, "two tokens of an hour, but not the one that can be refreshed");
    let another = super::super::FamilyAdvance { token: samples::id(99), ..samples::step(family.key(), 0) };
    assert!(matches!(store.advance_family(&another).await.unwrap(), AdvanceOutcome::Applied));
    assert_eq!(store.sweep().await.unwrap(), 1, "another has taken its place");
    clock.advance_ms(day);
    assert_eq!(store.sweep().await.unwrap(), 1, "its family");
    clock.advance_ms(day + hour);
    assert_eq!(samples::find_family(&port, &needed.key()).await, Some(needed), "a token of it may be alive");
    clock.advance_ms(10_000 * day);
    assert_eq!(store.sweep().await.unwrap(), 1);
    assert_eq!(samples::find_family(&port, &endless.key()).await, Some(endless), "a token of it doesn't expire");
}

#[tokio::test]
async fn a_client_that_ends_by_itself_is_forgotten_with_all_that_is_its() {
    use crate::domain::{Client, ClientOrigin, CredentialUses};
    use crate::store::{CountedEvent, RecordKeys};

    let day = 86_400_000;
    let clock = Arc::new(FrozenClock::at(samples::T0));
    let store = SqliteStore::in_memory(Arc::<FrozenClock>::clone(&clock)).unwrap();
    samples::put_org(&store, &samples::org("a", &[]), &samples::NO_ASSERTIONS).await;
    let origin = ClientOrigin::SelfRegistered { expires_at: samples::at(day) };
    let stranger = Client { origin, ..samples::client("a", 1, None) };
    for client in [&stranger, &samples::client("a", 2, None)] {
        store.put_client(client).await.unwrap();
    }
    let uses = CredentialUses::default();
    store.note_credential_uses(&(stranger.org.clone(), stranger.id), &uses, &uses).await.unwrap();
    let event = CountedEvent {
        org: stranger.org.clone(),
        what: "register",
        hash: [7; 32],
        since: samples::T0,
        until: samples::at(day),
        limit: 9,
    };
    store.count(&event).await.unwrap();
    clock.advance_ms(2 * day);
    assert_eq!(store.sweep().await.unwrap(), 0, "exactly a day isn't more than a day");
    clock.advance_ms(1);
    assert_eq!(store.sweep().await.unwrap(), 2, "the client, and the count");
    let left: Vec<_> = store.clients(&stranger.org, None, 9).await.unwrap().iter().map(|client| client.id).collect();
    assert_eq!(left, [samples::client_id(2)]);
    let wanted = RecordKeys { client_orgs: vec![stranger.id], ..RecordKeys::default() };
    assert!(store.read(&wanted).await.unwrap().client_orgs.is_empty(), "its number is free");
}

#[tokio::test]
async fn what_waits_is_forgotten_a_day_after_its_end() {
    let day = 86_400_000;
    let clock = Arc::new(FrozenClock::at(samples::T0));
    let store = SqliteStore::in_memory(Arc::<FrozenClock>::clone(&clock)).unwrap();
    let token = samples::token("a", 1);
    let mortal = samples::alias("a", 1, crate::domain::Aliased::Token(token.id));
    let lasting = Alias { expires_at: None, key: samples::alias_key("a", 2), ..mortal.clone() };
    store.record(&NewToken { aliases: vec![mortal, lasting.clone()], ..samples::new(&token, None) }).await.unwrap();
    store.put_ticket(&samples::ticket("a", 1)).await.unwrap();
    store.put_logout(&samples::logout("a", 1)).await.unwrap();
    for n in [1, 2] {
        store.put_authorization(&samples::authorization("a", n)).await.unwrap();
    }
    assert!(store.update_authorization(&samples::redeemed("a", 2, token.id)).await.unwrap());
    assert!(store.use_once(&samples::used("a", 1)).await.unwrap());
    assert!(store.assign_user_code(&samples::user_code("a", 1, 1), samples::at(0)).await.unwrap());
    assert_eq!(store.count(&samples::event("a", 1)).await.unwrap(), Some(1));
    store.put_batch(&samples::batch("a", 1)).await.unwrap();
    store.end_part(&samples::batch_key("a", 1), 1, None, samples::at(1)).await.unwrap();
    for (ms, forgotten, what) in [
        (day + 60_001, 1, "a use"),
        (day, 8, "token, alias, ticket, authorizations, a logout, a user code and a count"),
        (6 * day, 1, "the batch"),
    ] {
        clock.advance_ms(ms);
        assert_eq!(store.sweep().await.unwrap(), forgotten, "{what}");
    }
    clock.advance_ms(10_000 * day);
    assert_eq!(store.sweep().await.unwrap(), 0);
    let parts: i64 = store.writer.connection().query_row("SELECT count(*) FROM batch_parts", [], |row| row.get(0)).unwrap();
    assert_eq!(parts, 0, "parts go with their batch");
    let port: Arc<dyn Store> = Arc::new(store);
    assert_eq!(samples::find_alias(&port, &lasting.key).await, Some(lasting.target));
}

#[tokio::test]
async fn a_file_of_any_version_before_is_made_what_this_one_needs() {
    let folder = Folder::new();
    let (token, begun) = (samples::token("a", 1), samples::family("a", 2));
    let (plain, trusting) = (samples::org("a", &[]), samples::org("b", &[]));
    let assertions = codec::encode_assertion_settings(&samples::assertions()).unwrap();
    let trusting_body = samples::with_assertions(&codec::encode_org(&trusting).unwrap(), &assertions);
    for version in 1..=9 {
        let path = folder.file(&format!("{version}.db"));
        let old = Connection::open(&path).unwrap();
        schema::prepare_as_of(&old, version).unwrap();
        let key = rusqlite::params![token.id.as_bytes(), codec::encode_token(&token).unwrap()];
        old.execute(
            "INSERT INTO tokens (org, id, subject, iat, exp, body) VALUES ('a', ?1, 'ann', 1800000000, 1800003600000, ?2)",
            key,
        )
        .unwrap();
        let trusting_body = if version > 6 {
            // From the seventh version on they stand beside the org.
            old.execute("INSERT INTO assertion_settings (org, body) VALUES ('b', ?1)", [&assertions]).unwrap();
            codec::encode_org(&trusting).unwrap()
        } else {
            trusting_body.clone()
        };
        for (org, body) in [(&plain, &codec::encode_org(&plain).unwrap()), (&trusting, &trusting_body)] {
            let row = rusqlite::params![org.id.as_str(), org.created_at.as_ms(), body];
            old.execute("INSERT INTO orgs (id, created_at, body) VALUES (?1, ?2, ?3)", row).unwrap();
        }
        let body = codec::encode_family(&begun).unwrap();
        let family = rusqlite::params![begun.id.as_bytes(), begun.current, begun.token.as_bytes(), body];
        old.execute(
            "INSERT INTO families (org, id, exp, generation, current, rotated_at, token, body)
             VALUES ('a', ?1, 1800086400000, 0, ?2, 1800000000000, ?3, ?4)",
            family,
        )
        .unwrap();
        if version > 2 {
            // From the third version on it is written with the family.
            old.execute("UPDATE families SET needed_until = exp", []).unwrap();
        }
        drop(old);
        for _ in 0..2 {
            let store: Arc<dyn Store> = Arc::new(SqliteStore::open(&path, Durability::Normal, clock()).unwrap());
            assert_eq!(samples::find_token(&store, &token.key()).await.as_ref(), Some(&token), "{version}");
            assert_eq!(samples::find_family(&store, &begun.key()).await.as_ref(), Some(&begun), "{version}");
            for (org, assertions) in [(&plain, samples::NO_ASSERTIONS), (&trusting, samples::assertions())] {
                assert_eq!(store.org(&org.id).await.unwrap().as_ref(), Some(org), "{version}");
                assert_eq!(samples::find_assertions(&store, &org.id).await, assertions, "{version}");
            }
            store.put_ticket(&samples::ticket("a", 1)).await.unwrap();
            store.put_authorization(&samples::authorization("a", 1)).await.unwrap();
            store.put_logout(&samples::logout("a", 1)).await.unwrap();
            let limit = ApiKeyLimit { most: 1, made_after: None };
            assert_eq!(store.create_api_key(&samples::api_key("a", 1), limit).await.unwrap(), ApiKeyInsert::Done);
            assert!(store.assign_user_code(&samples::user_code("a", 1, 1), samples::at(0)).await.unwrap());
            assert!(store.count(&samples::event("a", 1)).await.unwrap().is_some());
            assert_eq!(store.key_ring().await.unwrap(), None, "{version}");
        }
    }
}

#[tokio::test]
async fn a_broken_record_is_a_fault_and_not_absence() {
    let store = SqliteStore::in_memory(clock()).unwrap();
    store.record(&samples::new(&samples::rich_token("a", 1), None)).await.unwrap();
    let wanted = super::super::RecordKeys { tokens: vec![samples::token_key("a", 1)], ..Default::default() };
    for broken in ["", "{}", "{\"o\":\"a\"", "[]", "{\"o\":\"b\",\"q\":\"b\",\"s\":\"x\",\"i\":1,\"n\":1}"] {
        store.writer.connection().execute("UPDATE tokens SET body = ?1", [broken]).unwrap();
        assert!(!store.read(&wanted).await.unwrap_err().can_retry(), "{broken}");
        assert!(store.list(&samples::org_id("a"), &TokenQuery::default()).await.is_err(), "{broken}");
    }
}

fn clock() -> Arc<dyn Clock> {
    Arc::new(FrozenClock::at(Timestamp::from_secs(1_800_000_000)))
}

/// A folder of its own for a test, gone when the test is over.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let name = format!("jeton-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn file(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    fn open_another(&self, durability: Durability) -> SqliteStore {
        let count = std::fs::read_dir(&self.0).unwrap().count();
        SqliteStore::open(&self.file(&format!("{count}.db")), durability, clock()).unwrap()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
