//! Several at the same time, and what goes wrong in the middle of a batch.

use bestand_sandbox::register::{Credential, RegisterFaults, book, book_by_audit};
use serde_json::{Value, json};
use sqlx::Connection;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};

use crate::support::{Api, Fixture, batch, create, key, retire, update, verdict};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_one_key_with_many_contents_at_once_one_is_applied() {
    let fixture = Fixture::open().await;
    let api = fixture.api();
    let sends = (0..20).map(|n| {
        let api = api.clone();
        tokio::spawn(async move { api.apply(vec![create("k", n, json!({}))]).await.remove(0) })
    });
    let results: Vec<_> = futures::future::join_all(sends).await.into_iter().map(Result::unwrap).collect();
    let count = |due: (&str, &str)| results.iter().filter(|result| verdict(result) == due).count();
    assert_eq!(count(("applied", "")), 1);
    assert_eq!(count(("rejected", "idempotency_key_reused")), 19);
    assert_eq!(book(&fixture.database()).await.unwrap().entries.len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_writer_has_keys_of_his_own() {
    let names = ["a", "b", "c", "d"];
    let credentials = names.map(|name| Credential::api_key(name, name)).to_vec();
    let fixture = Fixture::with(credentials, RegisterFaults::default()).await;
    let sends = names.into_iter().zip(1..).map(|(name, number)| {
        let api = fixture.api_with_key(name);
        tokio::spawn(async move {
            let first = api.apply(vec![create("k", number, json!({}))]).await.remove(0);
            let again = api.apply(vec![create("k", number, json!({}))]).await.remove(0);
            (first, again)
        })
    });
    for sent in futures::future::join_all(sends).await {
        let (first, again) = sent.unwrap();
        assert_eq!((verdict(&first), &first["replayed"]), (("applied", ""), &json!(false)));
        assert_eq!((verdict(&again), &again["replayed"]), (("applied", ""), &json!(true)));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_many_creates_of_one_entry_by_many_writers_one_wins_and_owns_it() {
    let names = ["a", "b", "c", "d", "e", "f"];
    let credentials = names.map(|name| Credential::api_key(name, name)).to_vec();
    let fixture = Fixture::with(credentials, RegisterFaults::default()).await;
    let sends = names.map(|name| {
        let api = fixture.api_with_key(name);
        tokio::spawn(async move { (name, api.apply(vec![create("k", 1, json!({}))]).await.remove(0)) })
    });
    let results: Vec<_> = futures::future::join_all(sends).await.into_iter().map(Result::unwrap).collect();
    let (won, lost): (Vec<_>, Vec<_>) =
        results.iter().partition(|(_, result)| verdict(result) == ("applied", ""));
    assert_eq!((won.len(), lost.len()), (1, 5));
    assert!(lost.iter().all(|(_, result)| verdict(result) == ("rejected", "not_owner")));
    assert_eq!(fixture.api_with_key(won[0].0).asset(1).await["source"], won[0].0);
}

#[tokio::test]
async fn what_fails_in_the_middle_of_a_batch_leaves_the_others_whole() {
    let fixture = Fixture::open().await;
    let api = fixture.api();
    api.apply((1..=5).map(|n| create(&format!("c{n}"), n, json!({}))).collect()).await;
    let results = api
        .apply(vec![
            update("u1", 1, "1", json!({ "attributes": { "n": 1 } })),
            json!({ "idempotency_key": "u2", "kind": "update" }),
            update("u3", 3, "9", json!({ "attributes": { "n": 3 } })),
            create("c1", 4, json!({})),
            retire("u5", 5, "1"),
        ])
        .await;
    let due = [
        ("applied", ""),
        ("rejected", "invalid_change"),
        ("conflicted", "version_mismatch"),
        ("rejected", "idempotency_key_reused"),
        ("applied", ""),
    ];
    assert_eq!(results.iter().map(verdict).collect::<Vec<_>>(), due);
    let found = book(&fixture.database()).await.unwrap();
    let versions: Vec<_> = found.entries.values().map(|entry| entry.version).collect();
    assert_eq!(versions, [2, 1, 1, 1, 2]);
    assert_eq!(book_by_audit(&fixture.database()).await.unwrap(), found);
}

#[tokio::test]
async fn a_database_that_fails_in_the_middle_of_a_batch_leaves_nothing_of_it() {
    let fixture = Fixture::open().await;
    let api = fixture.api();
    api.must_apply(create("c0", 150, json!({}))).await;
    let before = book(&fixture.database()).await.unwrap();
    let changes = || -> Vec<Value> {
        (0..300)
            .map(|n| match n {
                150 => update("k150", n, "1", json!({ "attributes": { "n": 1 } })),
                _ => create(&format!("k{n}"), n, json!({})),
            })
            .collect()
    };
    let options = SqliteConnectOptions::new().filename(fixture.database());
    let mut connection = SqliteConnection::connect_with(&options).await.unwrap();
    // Each of the tables fails once, when a part of the batch is written already.
    for (name, on) in [
        ("in_assets", "INSERT ON assets WHEN NEW.asset_key LIKE '%0000fa'"),
        ("in_answers", "INSERT ON answers WHEN NEW.idempotency_key = 'k250'"),
        ("in_trail", "INSERT ON audit_trail WHEN NEW.idempotency_key = 'k250'"),
    ] {
        let trigger =
            format!("CREATE TRIGGER {name} BEFORE {on} BEGIN SELECT RAISE(ABORT, 'the disk is full'); END");
        sqlx::raw_sql(sqlx::AssertSqlSafe(trigger)).execute(&mut connection).await.unwrap();
        let (status, problem) = api.post("/v1/changes", &batch(changes())).await;
        assert_eq!((status, &problem["status"]), (503, &json!(503)), "{name}");
        assert_eq!(book(&fixture.database()).await.unwrap(), before, "{name}");
        assert_eq!(api.get(&format!("/v1/assets/{}", key(1))).await.0, 404);
        let drop = format!("DROP TRIGGER {name}");
        sqlx::raw_sql(sqlx::AssertSqlSafe(drop)).execute(&mut connection).await.unwrap();
    }
    assert!(Api::apply(&api, changes()).await.iter().all(|result| {
        (result["status"].as_str(), result["replayed"].as_bool()) == (Some("applied"), Some(false))
    }));
}
