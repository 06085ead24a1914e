//! The audit trail of the local server: what is committed to SQLite is told as it is in AWS, at least once.

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use local::audit::Trail;
use serde_json::{Value, json};
use shared::domain::{Clock, FrozenClock};
use shared::store::sqlite::{Durability, SqliteStore};

use crate::jeton::leaked_keys;
use crate::oauth::event_streams;
use crate::support::{App, NOW};

fn folder(name: &str) -> PathBuf {
    let folder = std::env::temp_dir().join(format!("jeton-audit-{}-{name}", std::process::id()));
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

fn lines(file: &Path) -> Vec<Value> {
    std::fs::read_to_string(file).unwrap_or_default().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn actions(file: &Path) -> Vec<String> {
    lines(file).iter().map(|line| line["action"].as_str().unwrap().to_owned()).collect()
}

fn clock() -> Arc<dyn Clock> {
    Arc::new(FrozenClock::at(NOW))
}

fn open(folder: &Path, durability: Durability) -> Arc<SqliteStore> {
    Arc::new(SqliteStore::open(&folder.join("jeton.db"), durability, clock()).unwrap())
}

/// An app on a store of its own, and what the store commits after the directory is there.
async fn audited(folder: &Path, durability: Durability) -> (App, Trail, PathBuf) {
    let store = open(folder, durability);
    let app = App::kept_in(store.clone()).await;
    let file = folder.join("audit.jsonl");
    let trail = Trail::begin(store, clock(), (file.clone(), durability == Durability::Full), Vec::new()).unwrap();
    (app, trail, file)
}

#[tokio::test]
async fn each_change_is_one_line_with_the_event_that_aws_would_tell_and_no_secret() {
    for durability in [Durability::Full, Durability::Normal, Durability::Memory] {
        let (app, trail, file) = audited(&folder(&format!("each-{durability:?}")), durability).await;
        let more = json!({"create_refresh_token": true, "session": "s-1", "scopes": ["urn:app:read"]});
        let minted = app.mint("1", "ann", more).await.created();
        let token = minted["token"].as_str().unwrap();
        app.post("/v1/tokens/refresh", None, json!({"token": minted["refresh_token"]})).await.created();
        app.post("/v1/tokens/revoke", Some(&app.admin), json!({"token": token})).await;
        app.post("/v1/tokens/bulk_revoke", Some(&app.admin), json!({"org_id": "1", "user_id": "ann"})).await;
        app.put("/v1/orgs/1/members/eve", &app.admin, json!({"scopes": ["urn:app:read"]})).await.created();
        app.put("/v1/orgs/1/members/eve", &app.admin, json!({"scopes": [], "enabled": false})).await.ok();
        app.delete("/v1/orgs/1/members/eve", &app.admin).await;
        app.put("/v1/orgs/12", &app.admin, json!({"parent": "1", "name": "New", "settings": {"allow_non_expiring": true}})).await;
        app.post("/v1/orgs/1/clients", Some(&app.admin), json!({"kind": "confidential", "grants": ["client_credentials"]}))
            .await
            .created();
        trail.finish().await;
        let told = actions(&file);
        for action in [
            "token.minted",
            "family.begun",
            "family.refreshed",
            "family.revoked",
            "token.revoked",
            "tokens.revoked",
            "member.created",
            "member.changed",
            "member.deleted",
            "org.created",
            "client.created",
        ] {
            assert!(told.iter().any(|told| told == action), "{action} {told:?}");
        }
        let all = std::fs::read_to_string(&file).unwrap();
        for secret in [token, minted["refresh_token"].as_str().unwrap()] {
            assert!(!all.contains(secret) && !all.contains(secret.rsplit('.').next().unwrap()));
        }
        let minted = lines(&file).into_iter().find(|line| line["action"] == "token.minted").unwrap();
        assert_eq!((&minted["target"], &minted["subject"], &minted["org"]), (&"jeton::audit".into(), &"ann".into(), &"1".into()));
        assert_eq!(minted["session"]["id"], "s-1");
        assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
        trail.finish().await;
        assert_eq!(actions(&file), told, "nothing is told again");
    }
}

#[tokio::test]
async fn a_leaked_key_is_told_with_the_place_where_it_was_found() {
    let (app, trail, file) = audited(&folder("leaked"), Durability::Normal).await;
    let made = leaked_keys::key(&app).await;
    leaked_keys::report_all(&app, &[made["key"].as_str().unwrap()]).await.ok();
    trail.finish().await;
    let leaked: Vec<_> = lines(&file).into_iter().filter(|line| line["action"] == "api_key.leaked").collect();
    let [event] = &leaked[..] else { panic!("{leaked:?}") };
    leaked_keys::is_told(event, &made);
}

#[tokio::test]
async fn changes_of_an_event_stream_are_told_without_what_opens_its_receiver() {
    let (app, trail, file) = audited(&folder("streams"), Durability::Normal).await;
    let changed = event_streams::changed_and_deleted(&app).await;
    trail.finish().await;
    event_streams::are_told(&lines(&file), &changed);
}

#[tokio::test]
async fn what_was_committed_before_a_crash_is_told_after_it() {
    let folder = folder("crash");
    let (app, trail, file) = audited(&folder, Durability::Normal).await;
    app.token("1", "ann", &[]).await;
    drop((trail, app));
    assert!(lines(&file).is_empty());
    let trail = Trail::begin(open(&folder, Durability::Normal), clock(), (file.clone(), false), Vec::new()).unwrap();
    trail.finish().await;
    assert_eq!(actions(&file), ["token.minted"]);
}

#[tokio::test]
async fn what_could_not_be_written_is_told_again_under_the_same_id() {
    let folder = folder("again");
    let (app, trail, file) = audited(&folder, Durability::Normal).await;
    app.token("1", "ann", &[]).await;
    // Where a folder is in its place no file can be begun.
    std::fs::remove_file(&file).unwrap();
    std::fs::create_dir(&file).unwrap();
    trail.finish().await;
    std::fs::remove_dir(&file).unwrap();
    trail.finish().await;
    assert_eq!(actions(&file), ["token.minted"]);
    let moved = folder.join("audit.jsonl.1");
    std::fs::rename(&file, &moved).unwrap();
    app.token("1", "ann", &[]).await;
    trail.finish().await;
    assert_eq!((actions(&file), actions(&moved)), (vec!["token.minted".to_owned()], vec!["token.minted".to_owned()]), "rotated");
    assert_ne!(lines(&file)[0]["id"], lines(&moved)[0]["id"]);
}

#[tokio::test]
async fn it_follows_the_commits() {
    let (app, trail, file) = audited(&folder("follows"), Durability::Normal).await;
    let task = tokio::spawn(trail.follow());
    for count in 1..=3 {
        app.token("1", "ann", &[]).await;
        while actions(&file).len() < count {
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
    }
    task.abort();
}
