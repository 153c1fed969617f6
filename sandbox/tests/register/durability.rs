//! What survives: entries, answers of keys, the audit log, evidence of runs.

use serde_json::json;
use sqlx::Connection;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};

use crate::support::{Fixture, create, retire, update, verdict};

#[tokio::test]
async fn a_restart_keeps_entries_and_answers_of_keys() {
    let fixture = Fixture::open().await;
    fixture.api().must_apply(create("k1", 1, json!({ "attributes": { "a": 1.50, "b": ["ü", null] } }))).await;
    fixture.api().must_apply(update("k2", 1, "1", json!({ "attributes": { "c": true } }))).await;
    let before = fixture.api().asset(1).await;

    let fixture = fixture.restarted().await;
    let api = fixture.api();
    assert_eq!(api.asset(1).await, before);
    let again = api.apply(vec![update("k2", 1, "1", json!({ "attributes": { "c": true } }))]).await;
    assert_eq!((verdict(&again[0]), &again[0]["replayed"]), (("applied", ""), &json!(true)));
    assert_eq!(api.asset(1).await, before);
}

#[tokio::test]
async fn every_applied_change_is_in_the_audit_log_and_no_other() {
    let fixture = Fixture::open().await;
    let api = fixture.api();
    api.must_apply(create("k1", 1, json!({ "attributes": { "owner": "bus" } }))).await;
    api.apply(vec![
        create("k1", 1, json!({ "attributes": { "owner": "bus" } })),
        update("k2", 1, "7", json!({})),
        retire("k3", 1, "1"),
    ])
    .await;
    let options = SqliteConnectOptions::new().filename(fixture.database()).read_only(true);
    let mut connection = SqliteConnection::connect_with(&options).await.unwrap();
    let rows: Vec<(String, String, String, String, i64, String)> = sqlx::query_as(
        "SELECT writer, plan, run, idempotency_key, version, change ->> 'kind' FROM audit_log ORDER BY id",
    )
    .fetch_all(&mut connection)
    .await
    .unwrap();
    let row = |key: &str, version, kind: &str| {
        (
            "bestand".to_owned(),
            "plan-1".to_owned(),
            "run-1".to_owned(),
            key.to_owned(),
            version,
            kind.to_owned(),
        )
    };
    assert_eq!(rows, [row("k1", 1, "create"), row("k3", 2, "retire")]);
}

#[tokio::test]
async fn evidence_of_a_run_is_kept_and_replaced_by_later_evidence() {
    let fixture = Fixture::open().await;
    let api = fixture.api();
    assert_eq!(api.get("/v1/runs/run-1").await.0, 404);
    let mut evidence = json!({
        "environment": "staging", "plan_digest": null, "command": "run", "tool_version": "0.1.0",
        "started_at": "2026-11-23T02:00:00Z", "totals": { "applied": 1 }, "overrides": [], "more": { "x": 1 },
    });
    for _ in 0..2 {
        let (status, record) = api.put("/v1/runs/run-1", &evidence).await;
        assert_eq!((status, &record["evidence"]), (200, &evidence));
    }
    evidence["ended_at"] = "2026-11-23T02:05:00Z".into();
    api.put("/v1/runs/run-1", &evidence).await;

    let fixture = fixture.restarted().await;
    let (status, record) = fixture.api().get("/v1/runs/run-1").await;
    assert_eq!((status, &record["evidence"]), (200, &evidence));
    assert_eq!((&record["run_id"], &record["source"]), (&json!("run-1"), &json!("bestand")));
}

#[tokio::test]
async fn evidence_for_another_environment_or_without_its_members_is_refused() {
    let fixture = Fixture::open().await;
    let api = fixture.api();
    let evidence = json!({
        "environment": "staging", "command": "run", "tool_version": "0.1.0",
        "started_at": "2026-11-23T02:00:00Z", "totals": {}, "overrides": [],
    });
    let with = |name: &str, value: serde_json::Value| {
        let mut evidence = evidence.clone();
        evidence[name] = value;
        evidence
    };
    let (status, problem) = api.put("/v1/runs/r", &with("environment", json!("production"))).await;
    assert_eq!((status, &problem["detail"]), (409, &json!("this is staging, the run says production")));
    for (name, value) in [
        ("environment", json!(null)),
        ("command", json!("")),
        ("tool_version", json!(1)),
        ("started_at", json!("yesterday")),
        ("ended_at", json!("tomorrow")),
        ("plan_digest", json!("a b")),
        ("totals", json!([])),
        ("overrides", json!(["x"])),
    ] {
        assert_eq!(api.put("/v1/runs/r", &with(name, value)).await.0, 400, "{name}");
    }
    assert_eq!(api.put("/v1/runs/a%20b", &evidence).await.0, 400);
    assert_eq!(api.get("/v1/runs/r").await.0, 404);
}
