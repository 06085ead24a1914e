//! What every store must do: the contract of the port, case by case.
//!
//! [`run`] runs all of it, so no adapter can miss a case. What only one adapter does (its calls, its sizes, its retries) is
//! tested beside that adapter. A new rule of the contract is a line there and a case in one of the files here, in its list of
//! `cases!`; [`samples`] has records to put into a store.

use std::sync::Arc;

use super::Store;

mod api_keys;
mod authorizations;
mod batches;
mod client_documents;
mod clients;
mod devices;
mod directory;
mod event_streams;
mod inserts;
mod key_ring;
mod lists;
mod logouts;
mod parallel;
mod person_grants;
mod records;
mod refresh;
mod replay;
mod revocations;
pub mod samples;
mod status_lists;
mod updates;

/// Runs every case, each on a store of its own, and panics with the names of those that failed.
///
/// Call it within a runtime of several threads: the parallel cases shall be parallel.
///
/// # Panics
/// Where it fails.
pub async fn run(new: impl AsyncFn() -> Arc<dyn Store>) {
    let failed = run_cases(all(), new).await;
    assert!(failed.is_empty(), "{} cases failed: {failed:#?}", failed.len());
}

/// Runs the cases of listing alone: for another way in which an adapter lists.
///
/// # Panics
/// Where it fails.
pub async fn run_lists(new: impl AsyncFn() -> Arc<dyn Store>) {
    let failed = run_cases(lists::cases(), new).await;
    assert!(failed.is_empty(), "{} cases failed: {failed:#?}", failed.len());
}

/// The names of the cases that failed.
async fn run_cases(cases: Vec<Case>, new: impl AsyncFn() -> Arc<dyn Store>) -> Vec<&'static str> {
    let mut failed = Vec::new();
    for (name, case) in cases {
        // A task of its own, so that one that panics doesn't hide the rest.
        if tokio::spawn(case(new().await)).await.is_err() {
            failed.push(name);
        }
    }
    failed
}

fn all() -> Vec<Case> {
    let rooms = [
        records::cases(),
        inserts::cases(),
        updates::cases(),
        replay::cases(),
        authorizations::cases(),
        person_grants::cases(),
        api_keys::cases(),
        client_documents::cases(),
        devices::cases(),
        logouts::cases(),
        batches::cases(),
        revocations::cases(),
        lists::cases(),
        refresh::cases(),
        directory::cases(),
        clients::cases(),
        key_ring::cases(),
        status_lists::cases(),
        event_streams::cases(),
        parallel::cases(),
    ];
    rooms.into_iter().flatten().collect()
}

type Case = (&'static str, fn(Arc<dyn Store>) -> futures::future::BoxFuture<'static, ()>);

/// Lists the cases of a room: functions that take a fresh store.
macro_rules! cases {
    ($($case:ident),* $(,)?) => {
        pub(super) fn cases() -> Vec<super::Case> {
            vec![$((stringify!($case), |store| Box::pin($case(store)))),*]
        }
    };
}
use cases;
