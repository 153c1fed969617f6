//! The audit trail: whole, and never rewritten.

use bestand_sandbox::register::{Credential, RegisterFaults, book, book_by_audit};
use serde_json::{Value, json};
use sqlx::Connection;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};

use crate::support::{ACCOUNT, Fixture, batch, create, key, retire, update};

async fn connection(fixture: &Fixture) -> SqliteConnection {
    SqliteConnection::connect_with(&SqliteConnectOptions::new().filename(fixture.database())).await.unwrap()
}

/// The trail without its times, in order, each row as an object.
async fn trail(fixture: &Fixture) -> Vec<Value> {
    let rows: Vec<(String,)> = sqlx::query_as(
        "SELECT json_object('writer', writer, 'plan', plan, 'run', run, 'key', idempotency_key,
             'asset', asset_key, 'status', status, 'code', code, 'replayed', replayed,
             'before', version_before, 'after', version_after, 'kind', change ->> 'kind')
         FROM audit_trail ORDER BY id",
    )
    .fetch_all(&mut connection(fixture).await)
    .await
    .unwrap();
    rows.iter().map(|(row,)| serde_json::from_str(row).unwrap()).collect()
}

#[tokio::test]
async fn every_change_that_was_asked_for_is_in_the_trail_with_what_was_answered() {
    let credentials = vec![Credential::api_key("bestand", "key-b"), Credential::api_key("other", "key-o")];
    let fixture = Fixture::with(credentials, RegisterFaults::default()).await;
    let (ours, theirs) = (fixture.api_with_key("key-b"), fixture.api_with_key("key-o"));
    theirs.must_apply(create("k1", 9, json!({}))).await;
    let mut sent = batch(vec![
        create("k1", 1, json!({ "attributes": { "owner": "bus" } })),
        update("k2", 1, "7", json!({})),
        retire("k3", 9, "1"),
        json!({ "idempotency_key": "k4", "kind": "delete", "asset_key": key(1) }),
        json!("nonsense"),
        retire("k5", 1, "1"),
        create("k1", 1, json!({ "attributes": { "owner": "bus" } })),
        create("k1", 1, json!({ "attributes": { "owner": "rail" } })),
    ]);
    sent["plan_digest"] = "plan-2".into();
    sent["run_id"] = "run-2".into();
    assert_eq!(ours.post("/v1/changes", &sent).await.0, 200);

    let row = |key: Value, asset: Value, status: &str, code: Value, rest: (u8, Value, Value, Value)| {
        let (replayed, before, after, kind) = rest;
        json!({
            "writer": "bestand", "plan": "plan-2", "run": "run-2", "key": key, "asset": asset, "status": status,
            "code": code, "replayed": replayed, "before": before, "after": after, "kind": kind,
        })
    };
    let none = Value::Null;
    let one = json!(key(1));
    let trail = trail(&fixture).await;
    assert_eq!((&trail[0]["writer"], &trail[0]["plan"]), (&json!("other"), &json!("plan-1")));
    let expected = [
        row("k1".into(), one.clone(), "applied", none.clone(), (0, none.clone(), 1.into(), "create".into())),
        row(
            "k2".into(),
            one.clone(),
            "conflicted",
            "version_mismatch".into(),
            (0, 1.into(), none.clone(), "update".into()),
        ),
        row(
            "k3".into(),
            key(9).into(),
            "rejected",
            "not_owner".into(),
            (0, 1.into(), none.clone(), "retire".into()),
        ),
        row(
            "k4".into(),
            one.clone(),
            "rejected",
            "invalid_change".into(),
            (0, none.clone(), none.clone(), "delete".into()),
        ),
        row(
            none.clone(),
            none.clone(),
            "rejected",
            "invalid_change".into(),
            (0, none.clone(), none.clone(), none.clone()),
        ),
        row("k5".into(), one.clone(), "applied", none.clone(), (0, 1.into(), 2.into(), "retire".into())),
        row("k1".into(), one.clone(), "applied", none.clone(), (1, none.clone(), 1.into(), none.clone())),
        row(
            "k1".into(),
            one.clone(),
            "rejected",
            "idempotency_key_reused".into(),
            (0, 2.into(), none, "create".into()),
        ),
    ];
    assert_eq!(trail[1..], expected);
}

#[tokio::test]
async fn the_trail_tells_when_by_the_registers_own_clock() {
    let fixture = Fixture::open().await;
    fixture.api().must_apply(create("k1", 1, json!({}))).await;
    let updated_at = fixture.api().asset(1).await["updated_at"].clone();
    let (at,): (String,) = sqlx::query_as("SELECT at FROM audit_trail")
        .fetch_one(&mut connection(&fixture).await)
        .await
        .unwrap();
    assert_eq!(updated_at, at);
}

#[tokio::test]
async fn nobody_rewrites_the_trail_the_answers_or_deletes_an_entry() {
    let fixture = Fixture::open().await;
    let api = fixture.api();
    api.must_apply(create("k1", 1, json!({}))).await;
    api.apply(vec![create("k2", 1, json!({}))]).await;
    let before = trail(&fixture).await;
    let mut connection = connection(&fixture).await;
    for statement in [
        "UPDATE audit_trail SET writer = 'nobody'",
        "UPDATE audit_trail SET change = NULL WHERE status = 'conflicted'",
        "DELETE FROM audit_trail",
        "DELETE FROM audit_trail WHERE status = 'conflicted'",
        "UPDATE answers SET outcome = '{}'",
        "DELETE FROM answers",
        "DELETE FROM assets",
        // A version that there is already.
        "INSERT INTO audit_trail (at, writer, plan, run, asset_key, status, replayed, version_after)
             SELECT at, 'x', plan, run, asset_key, status, replayed, version_after FROM audit_trail",
    ] {
        let refused = sqlx::query(statement).execute(&mut connection).await;
        assert!(refused.is_err(), "{statement}");
    }
    assert_eq!(trail(&fixture).await, before);
    let again = api.apply(vec![create("k1", 1, json!({}))]).await.remove(0);
    assert_eq!(again["replayed"], true);
}

#[tokio::test]
async fn the_entries_follow_from_the_trail_alone() {
    let fixture = Fixture::open().await;
    let api = fixture.api();
    let attributes = json!({ "a": 1.50, "b": { "c": [null, "ü"] }, "none": null });
    api.apply(vec![
        create("k1", 1, json!({ "account_id": ACCOUNT, "attributes": attributes })),
        update("k2", 1, "1", json!({ "attributes": { "a": null, "d": true } })),
        update("k3", 1, "9", json!({ "attributes": { "a": "lost" } })),
        retire("k4", 1, "2"),
        create("k5", 2, json!({ "account_id": ACCOUNT })),
        update("k6", 2, "1", json!({ "account_id": null })),
        retire("k7", 2, "2"),
        update("k8", 2, "3", json!({ "state": "active" })),
    ])
    .await;
    let found = book(&fixture.database()).await.unwrap();
    assert_eq!(found.entries.len(), 2);
    assert_eq!(book_by_audit(&fixture.database()).await.unwrap(), found);

    // What was done past the register does not follow from it.
    let by_hand = "UPDATE assets SET attributes = '{}', version = version + 1";
    sqlx::query(by_hand).execute(&mut connection(&fixture).await).await.unwrap();
    assert_ne!(book_by_audit(&fixture.database()).await.unwrap(), book(&fixture.database()).await.unwrap());
}
