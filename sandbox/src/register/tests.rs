//! What the file promises, seen past HTTP: durability, keys for ever, its layout.

use std::path::Path;

use serde_json::json;

use super::access::{Caller, Role};
use super::apply::Batch;
use super::store::Store;

/// Applies one create, and tells whether that was the first time.
async fn create(store: &Store, at: &str) -> serde_json::Value {
    let change = json!({
        "idempotency_key": "k", "kind": "create", "asset_key": "00000000-0000-5000-8000-000000000001",
        "precondition": { "absent": true }, "patch": {},
    });
    let batch = Batch { plan_digest: "p".into(), run_id: "r".into(), changes: vec![change] };
    let caller = Caller { name: "bestand".into(), role: Role::Writer };
    let results = store.apply(&batch, &caller, at.parse().unwrap()).await.unwrap();
    json!(results[0])
}

async fn open(folder: &Path) -> Store {
    Store::open(&folder.join("register.db")).await.unwrap()
}

#[tokio::test]
async fn every_connection_waits_for_the_disk_before_a_commit_counts() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).await;
    let mut held = Vec::new();
    for _ in 0..super::store::CONNECTIONS {
        let mut connection = store.pool.acquire().await.unwrap();
        let (mode,): (String,) =
            sqlx::query_as("PRAGMA journal_mode").fetch_one(&mut *connection).await.unwrap();
        // 2 is FULL: the write-ahead log is synced at each commit.
        let (synchronous,): (i64,) =
            sqlx::query_as("PRAGMA synchronous").fetch_one(&mut *connection).await.unwrap();
        assert_eq!((mode.as_str(), synchronous), ("wal", 2));
        held.push(connection);
    }
}

#[tokio::test]
async fn a_key_is_known_twenty_years_later() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).await;
    let first = create(&store, "2026-11-28T02:00:00Z").await;
    assert_eq!((&first["status"], &first["replayed"]), (&json!("applied"), &json!(false)));
    store.close().await;
    let later = create(&open(folder.path()).await, "2046-11-28T02:00:00Z").await;
    assert_eq!((&later["status"], &later["replayed"]), (&json!("applied"), &json!(true)));
    assert_eq!(later["version"], first["version"]);
}

#[tokio::test]
async fn a_file_with_another_layout_is_refused_and_left_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).await;
    create(&store, "2026-11-28T02:00:00Z").await;
    sqlx::raw_sql("PRAGMA user_version = 1").execute(&store.pool).await.unwrap();
    store.close().await;
    let before = std::fs::read(folder.path().join("register.db")).unwrap();
    let refused = Store::open(&folder.path().join("register.db")).await.unwrap_err();
    assert!(refused.to_string().contains("its layout is 1, not 2"), "{refused}");
    assert_eq!(std::fs::read(folder.path().join("register.db")).unwrap(), before);
}
