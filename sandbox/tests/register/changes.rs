//! Changes: patches, preconditions, keys, and what is wrong with a change or a batch.

use serde_json::{Value, json};

use crate::support::{ACCOUNT, Api, Fixture, batch, create, key, retire, update, verdict};

#[tokio::test]
async fn a_create_makes_an_active_entry_of_the_caller() {
    let fixture = Fixture::open().await;
    let api = fixture.api();
    let patch = json!({ "account_id": ACCOUNT, "attributes": { "owner": "bus", "seats": 48, "none": null } });
    let result = api.apply(vec![create("k1", 1, patch)]).await.remove(0);
    let expected = json!({
        "idempotency_key": "k1", "asset_key": key(1), "status": "applied", "replayed": false, "version": "1",
    });
    assert_eq!(result, expected);

    let asset = api.asset(1).await;
    assert_eq!(asset["attributes"], json!({ "owner": "bus", "seats": 48 }));
    for (name, value) in [
        ("source", json!("bestand")),
        ("state", json!("active")),
        ("account_id", json!(ACCOUNT)),
        ("version", json!("1")),
        ("last_plan", json!("plan-1")),
        ("last_run", json!("run-1")),
        ("last_writer", json!("bestand")),
    ] {
        assert_eq!(asset[name], value, "{name}");
    }
    assert_eq!(asset["created_at"], asset["updated_at"]);
    assert!(asset["created_at"].as_str().unwrap().parse::<jiff::Timestamp>().is_ok());
}

#[tokio::test]
async fn a_patch_touches_only_what_it_names() {
    let fixture = Fixture::open().await;
    let api = fixture.api();
    let attributes = json!({ "a": 1, "b": "two", "c": { "z": 1, "y": [1.50, null] } });
    api.must_apply(create("k1", 1, json!({ "account_id": ACCOUNT, "attributes": attributes }))).await;

    let version =
        api.must_apply(update("k2", 1, "1", json!({ "attributes": { "a": null, "d": true } }))).await;
    assert_eq!(version, "2");
    let asset = api.asset(1).await;
    let left = json!({ "b": "two", "c": { "z": 1, "y": [1.50, null] }, "d": true });
    assert_eq!((&asset["attributes"], &asset["account_id"]), (&left, &json!(ACCOUNT)));

    api.must_apply(update("k3", 1, "2", json!({ "account_id": null }))).await;
    let asset = api.asset(1).await;
    assert_eq!((&asset["attributes"], &asset["account_id"]), (&left, &Value::Null));
}

#[tokio::test]
async fn retiring_is_a_state_and_an_update_brings_back() {
    let fixture = Fixture::open().await;
    let api = fixture.api();
    api.must_apply(create("k1", 1, json!({ "attributes": { "owner": "bus" } }))).await;
    api.must_apply(retire("k2", 1, "1")).await;
    let asset = api.asset(1).await;
    assert_eq!((&asset["state"], &asset["attributes"]["owner"]), (&json!("retired"), &json!("bus")));

    // A patch that does not name the state leaves it.
    api.must_apply(update("k3", 1, "2", json!({ "attributes": { "owner": "rail" } }))).await;
    assert_eq!(api.asset(1).await["state"], "retired");
    api.must_apply(update("k4", 1, "3", json!({ "state": "active" }))).await;
    assert_eq!(api.asset(1).await["state"], "active");
}

#[tokio::test]
async fn a_precondition_that_does_not_hold_touches_nothing() {
    let fixture = Fixture::open().await;
    let api = fixture.api();
    api.must_apply(create("k1", 1, json!({ "attributes": { "owner": "bus" } }))).await;
    api.must_apply(update("k2", 1, "1", json!({ "attributes": { "owner": "rail" } }))).await;
    let before = api.asset(1).await;

    let results = api
        .apply(vec![
            create("k3", 1, json!({ "attributes": { "owner": "x" } })),
            update("k4", 1, "1", json!({ "attributes": { "owner": "x" } })),
            retire("k5", 1, "1"),
            update("k6", 2, "1", json!({})),
            retire("k7", 2, "1"),
        ])
        .await;
    let verdicts: Vec<_> = results.iter().map(verdict).collect();
    let expected = [
        ("conflicted", "already_exists"),
        ("conflicted", "version_mismatch"),
        ("conflicted", "version_mismatch"),
        ("conflicted", "not_found"),
        ("conflicted", "not_found"),
    ];
    assert_eq!(verdicts, expected);
    assert_eq!(results[1]["version"], "2", "the version that is there is told");
    assert_eq!(results[3].get("version"), None);
    assert_eq!(api.asset(1).await, before);
    assert_eq!(api.get(&format!("/v1/assets/{}", key(2))).await.0, 404);
}

#[tokio::test]
async fn a_known_key_gives_the_first_result_and_applies_nothing() {
    let fixture = Fixture::open().await;
    let api = fixture.api();
    let changes = || {
        vec![
            create("k1", 1, json!({ "attributes": { "a": 1, "b": { "x": 1, "y": 2 } } })),
            update("k2", 9, "1", json!({})),
        ]
    };
    let first = api.apply(changes()).await;
    // The world moves on: the same key would be decided otherwise now.
    api.must_apply(update("k3", 1, "1", json!({ "attributes": { "a": 2 } }))).await;
    api.must_apply(create("k4", 9, json!({}))).await;
    let before = (api.asset(1).await, api.asset(9).await);

    let mut again = api.apply(changes()).await;
    for result in &mut again {
        assert_eq!(result["replayed"], true);
        result["replayed"] = false.into();
    }
    assert_eq!(again, first);
    assert_eq!((api.asset(1).await, api.asset(9).await), before);
}

#[tokio::test]
async fn the_order_of_members_is_no_other_content() {
    let fixture = Fixture::open().await;
    let api = fixture.api();
    let send = async |patch: &str| {
        let body = format!(
            r#"{{"run_id":"r","plan_digest":"p","changes":[{{"idempotency_key":"k1","kind":"create","asset_key":"{}",
                "precondition":{{"absent":true}},"patch":{patch}}}]}}"#,
            key(1)
        );
        let request = api.request(reqwest::Method::POST, "/v1/changes");
        let (status, answer) = Api::send(request.header("content-type", "application/json").body(body)).await;
        assert_eq!(status, 200, "{answer}");
        answer["results"][0].clone()
    };
    let first = send(r#"{"attributes":{"m":{"a":1,"b":[{"c":1,"d":2}]},"n":1}}"#).await;
    assert_eq!((&first["status"], &first["replayed"]), (&json!("applied"), &json!(false)));
    let second = send(r#"{"attributes":{"n":1,"m":{"b":[{"d":2,"c":1}],"a":1}}}"#).await;
    assert_eq!((&second["status"], &second["replayed"]), (&json!("applied"), &json!(true)));
}

#[tokio::test]
async fn a_key_with_other_content_is_rejected() {
    let fixture = Fixture::open().await;
    let api = fixture.api();
    api.must_apply(create("k1", 1, json!({ "attributes": { "a": 1 } }))).await;
    for other in [
        create("k1", 1, json!({ "attributes": { "a": 2 } })),
        create("k1", 2, json!({ "attributes": { "a": 1 } })),
        update("k1", 1, "1", json!({ "attributes": { "a": 1 } })),
        create("k1", 1, json!({ "attributes": { "a": 1 }, "account_id": null })),
    ] {
        let result = api.apply(vec![other]).await.remove(0);
        assert_eq!(verdict(&result), ("rejected", "idempotency_key_reused"));
    }
    assert_eq!(api.asset(1).await["version"], "1");
}

#[tokio::test]
async fn changes_of_a_batch_are_decided_in_order() {
    let fixture = Fixture::open().await;
    let api = fixture.api();
    let results = api
        .apply(vec![
            create("k1", 1, json!({ "attributes": { "a": 1 } })),
            update("k2", 1, "1", json!({ "attributes": { "b": 1 } })),
            create("k1", 1, json!({ "attributes": { "a": 1 } })),
            update("k3", 1, "1", json!({ "attributes": { "c": 1 } })),
            retire("k4", 1, "2"),
        ])
        .await;
    let statuses: Vec<_> = results.iter().map(|result| result["status"].as_str().unwrap()).collect();
    assert_eq!(statuses, ["applied", "applied", "applied", "conflicted", "applied"]);
    assert_eq!(results[2]["replayed"], true);
    let asset = api.asset(1).await;
    assert_eq!(asset["attributes"], json!({ "a": 1, "b": 1 }));
    assert_eq!((&asset["version"], &asset["state"]), (&json!("3"), &json!("retired")));
}

#[tokio::test]
async fn a_malformed_change_is_rejected_alone() {
    let fixture = Fixture::open().await;
    let api = fixture.api();
    let good = create("good", 1, json!({}));
    let with = |path: &str, value: Value| {
        let mut change = create("bad", 2, json!({ "attributes": {} }));
        *change.pointer_mut(path).unwrap() = value;
        change
    };
    let mut without_patch = good.clone();
    without_patch.as_object_mut().unwrap().remove("patch");
    let mut bad = vec![
        json!(null),
        json!("text"),
        json!({}),
        without_patch,
        with("/idempotency_key", json!("")),
        with("/idempotency_key", json!("a b")),
        with("/asset_key", json!("no uuid")),
        with("/asset_key", json!(key(2).replace('-', ""))),
        with("/kind", json!("delete")),
        with("/precondition", json!({})),
        with("/precondition", json!({ "absent": false })),
        with("/precondition", json!({ "version": "1" })),
        with("/precondition", json!({ "absent": true, "version": "1" })),
        with("/patch", json!({ "state": "retired" })),
        with("/patch", json!({ "state": null })),
        with("/patch", json!({ "account_id": "12" })),
        with("/patch", json!({ "attributes": { "": 1 } })),
        with("/patch", json!({ "attributes": { "n".repeat(257): 1 } })),
        update("bad", 2, "", json!({})),
        json!({ "idempotency_key": "bad", "kind": "update", "asset_key": key(2),
                "precondition": { "absent": true }, "patch": {} }),
        json!({ "idempotency_key": "bad", "kind": "retire", "asset_key": key(2),
                "precondition": { "version": "1" }, "patch": { "state": "active" } }),
    ];
    let count = bad.len();
    bad.push(good);
    let results = api.apply(bad.clone()).await;
    assert_eq!(results.len(), count + 1);
    for (change, result) in bad.iter().zip(&results).take(count) {
        assert_eq!(verdict(result), ("rejected", "invalid_change"), "{change}");
        assert!(!result["reason"].as_str().unwrap().is_empty());
    }
    assert_eq!(verdict(&results[count]), ("applied", ""));
    // The key of an invalid change is not remembered.
    api.must_apply(create("bad", 2, json!({}))).await;
}

#[tokio::test]
async fn a_malformed_envelope_applies_nothing() {
    let fixture = Fixture::open().await;
    let api = fixture.api();
    let change = || json!([create("k1", 1, json!({}))]);
    for body in [
        json!([]),
        json!({ "plan_digest": "p", "run_id": "r" }),
        json!({ "plan_digest": "p", "changes": change() }),
        json!({ "plan_digest": "", "run_id": "r", "changes": change() }),
        json!({ "plan_digest": "p", "run_id": "../r", "changes": change() }),
        json!({ "plan_digest": "p", "run_id": "r", "changes": { "0": change() } }),
    ] {
        let (status, problem) = api.post("/v1/changes", &body).await;
        assert_eq!((status, &problem["status"]), (400, &json!(400)), "{body}");
        assert_eq!(problem["type"], "urn:register-api:problem:invalid_request");
        assert!(!problem["detail"].as_str().unwrap().is_empty());
    }
    let cut = api.request(reqwest::Method::POST, "/v1/changes").header("content-type", "application/json");
    assert_eq!(Api::send(cut.body(r#"{"plan_digest":"p","#)).await.0, 400);
    let text = api.request(reqwest::Method::POST, "/v1/changes").body(batch(vec![]).to_string());
    assert_eq!(Api::send(text).await.0, 415);
    assert_eq!(api.get(&format!("/v1/assets/{}", key(1))).await.0, 404);
}

#[tokio::test]
async fn a_batch_beyond_the_limit_is_refused_whole() {
    let fixture = Fixture::open().await;
    let api = fixture.api();
    let (_, identity) = api.get("/v1/identity").await;
    let limit = u32::try_from(identity["capabilities"]["max_batch"].as_u64().unwrap()).unwrap();
    let changes = |count: u32| (0..count).map(|n| create(&format!("k{n}"), n, json!({}))).collect();
    let (status, problem) = api.post("/v1/changes", &batch(changes(limit + 1))).await;
    assert_eq!(status, 413, "{problem}");
    assert_eq!(api.get(&format!("/v1/assets/{}", key(0))).await.0, 404);

    let results = api.apply(changes(limit)).await;
    assert!(results.iter().all(|result| result["status"] == "applied"));
    let keys: Vec<_> = (0..=limit).map(key).collect();
    assert_eq!(api.post("/v1/assets/lookup", &json!({ "asset_keys": keys })).await.0, 413);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_many_writers_with_the_same_version_one_wins() {
    let fixture = Fixture::open().await;
    let api = fixture.api();
    api.must_apply(create("k", 1, json!({}))).await;
    let sends = (0..20).map(|n| {
        let api = api.clone();
        tokio::spawn(async move {
            api.apply(vec![update(&format!("k{n}"), 1, "1", json!({ "attributes": { "n": n } }))])
                .await
                .remove(0)
        })
    });
    let results = futures::future::join_all(sends).await;
    let applied = results.iter().filter(|result| result.as_ref().unwrap()["status"] == "applied").count();
    assert_eq!(applied, 1);
    assert_eq!(api.asset(1).await["version"], "2");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_batch_sent_many_times_at_once_is_applied_once() {
    let fixture = Fixture::open().await;
    let api = fixture.api();
    let sends = (0..10).map(|_| {
        let api = api.clone();
        tokio::spawn(async move {
            api.apply((0..50).map(|n| create(&format!("k{n}"), n, json!({}))).collect()).await
        })
    });
    let results: Vec<_> =
        futures::future::join_all(sends).await.into_iter().flat_map(|sent| sent.unwrap()).collect();
    assert_eq!(results.len(), 500);
    assert!(results.iter().all(|result| result["status"] == "applied" && result["version"] == "1"));
    assert_eq!(results.iter().filter(|result| result["replayed"] == false).count(), 50);
}
