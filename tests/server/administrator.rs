//! The token of the local administrator, which is renewed while the server runs.

use std::sync::Arc;

use local::first_start::{prepare, renew};
use shared::auth::bearer::{PresentedToken, inspect};
use shared::domain::{Algorithm, FrozenClock, Issuer, MemberKey, OrgId, Schedule, Seconds, Subject};
use shared::platform::Platform;
use shared::platform::data_dir::DataDir;
use shared::platform::key_files::KeyFiles;
use shared::store::RecordKeys;
use shared::store::sqlite::{Durability, SqliteStore};

use crate::support::NOW;

async fn started(name: &str) -> (DataDir, Platform, Arc<FrozenClock>) {
    let path = std::env::temp_dir().join(format!("jeton-administrator-{}-{name}", std::process::id()));
    let _ = std::fs::remove_dir_all(&path);
    let (home, clock) = (DataDir::open(&path).unwrap(), Arc::new(FrozenClock::at(NOW)));
    let store = Arc::new(SqliteStore::open(&home.file("jeton.db"), Durability::Normal, clock.clone()).unwrap());
    let schedule = Schedule { every: Seconds(90 * 86_400), lead: Schedule::SHORTEST_LEAD };
    let issuer = Issuer::parse("https://jeton.example").unwrap();
    let operations =
        KeyFiles::new(home.clone()).operations(issuer, store, clock.clone(), (&[Algorithm::Es256], schedule)).await.unwrap();
    prepare(&home, &operations.platform).await.unwrap();
    (home, operations.platform, clock)
}

fn token(home: &DataDir) -> String {
    home.read("admin.token").unwrap().unwrap().expose().clone()
}

#[tokio::test]
async fn it_is_renewed_in_its_last_hour_or_after_a_night_in_which_the_machine_slept() {
    let (home, platform, clock) = started("renewed").await;
    for (seconds, is_renewed) in [(0, false), (23 * 3_600 - 1, false), (1, true), (22 * 3_600, false), (48 * 3_600, true)] {
        let before = token(&home);
        clock.advance_ms(seconds * 1_000);
        assert_eq!(renew(&home, &platform).await.unwrap(), is_renewed, "{seconds}");
        assert_eq!(token(&home) != before, is_renewed, "{seconds}");
    }
}

#[tokio::test]
async fn one_that_was_revoked_or_whose_administrator_was_deleted_is_not_renewed() {
    for is_deleted in [true, false] {
        let (home, platform, clock) = started(&format!("ended-{is_deleted}")).await;
        let before = token(&home);
        let store = platform.records.store.clone();
        if is_deleted {
            let key = MemberKey { org: OrgId::parse("1").unwrap(), subject: Subject::parse("administrator").unwrap() };
            store.delete_member(&key).await.unwrap();
        } else {
            let (presented, _) = inspect(&platform.records.reader, &before, RecordKeys::default()).await.unwrap();
            let PresentedToken::Access(token) = presented else { unreachable!("a live token") };
            store.revoke(&token.record.key(), None, NOW.into()).await.unwrap();
        }
        for hours in [23, 1, 1] {
            clock.advance_ms(hours * 3_600_000 + 1_000);
            assert!(!renew(&home, &platform).await.unwrap());
            assert_eq!(token(&home), before);
        }
    }
}
