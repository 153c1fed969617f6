//! Faults happen as ordered, and as often.

use std::time::Duration;

use bestand_sandbox::register::{
    FaultKind, FaultyCalls, RegisterError, RegisterFaults, RegisterOptions, RegisterServer,
};
use reqwest::Method;
use serde_json::json;

use crate::support::{Fixture, batch, create, options};

async fn faulty(on: FaultyCalls, after: u32, times: u32, kind: FaultKind) -> Fixture {
    Fixture::with(Vec::new(), RegisterFaults::one(on, after, times, kind)).await
}

#[tokio::test]
async fn refusals_come_as_often_as_ordered_and_do_nothing() {
    let fixture = faulty(FaultyCalls::Changes, 1, 2, FaultKind::Unavailable { retry_after_secs: 3 }).await;
    let api = fixture.api();
    api.must_apply(create("k1", 1, json!({}))).await;
    for _ in 0..2 {
        let request = api.request(Method::POST, "/v1/changes").json(&batch(vec![create("k2", 2, json!({}))]));
        let response = request.send().await.unwrap();
        assert_eq!(
            (response.status().as_u16(), &response.headers()["retry-after"]),
            (503, &"3".parse().unwrap())
        );
    }
    let result = api.apply(vec![create("k2", 2, json!({}))]).await.remove(0);
    assert_eq!(result["replayed"], false, "the refused calls did nothing");

    let fixture =
        faulty(FaultyCalls::Identity, 0, 1, FaultKind::TooManyRequests { retry_after_secs: 1 }).await;
    assert_eq!(fixture.api().get("/v1/accounts").await.0, 200, "other calls go well");
    assert_eq!(fixture.api().get("/v1/identity").await.0, 429);
    assert_eq!(fixture.api().get("/v1/identity").await.0, 200);
}

#[tokio::test]
async fn a_dropped_answer_has_no_byte_though_the_change_is_applied() {
    let fixture = faulty(FaultyCalls::Changes, 0, 1, FaultKind::DropAfter).await;
    let api = fixture.api();
    let lost = api.request(Method::POST, "/v1/changes").json(&batch(vec![create("k1", 1, json!({}))]));
    let error = lost.send().await.unwrap_err();
    assert!(!error.is_connect() && error.status().is_none(), "{error:?}");
    let again = api.apply(vec![create("k1", 1, json!({}))]).await.remove(0);
    assert_eq!((&again["status"], &again["replayed"]), (&json!("applied"), &json!(true)));

    let fixture = faulty(FaultyCalls::Changes, 0, 1, FaultKind::DropBefore).await;
    let api = fixture.api();
    let lost = api.request(Method::POST, "/v1/changes").json(&batch(vec![create("k1", 1, json!({}))]));
    assert!(lost.send().await.is_err());
    let again = api.apply(vec![create("k1", 1, json!({}))]).await.remove(0);
    assert_eq!((&again["status"], &again["replayed"]), (&json!("applied"), &json!(false)));
}

#[tokio::test]
async fn nonsense_is_a_page_or_half_an_answer() {
    let fixture = faulty(FaultyCalls::Identity, 0, 1, FaultKind::Html).await;
    let page = fixture.api().request(Method::GET, "/v1/identity").send().await.unwrap();
    assert_eq!(page.status(), 200);
    assert!(page.text().await.unwrap().starts_with("<html>"));

    let fixture = faulty(FaultyCalls::Identity, 0, 1, FaultKind::CutJson).await;
    let half = fixture.api().request(Method::GET, "/v1/identity").send().await.unwrap().text().await.unwrap();
    assert!(half.starts_with('{') && serde_json::from_str::<serde_json::Value>(&half).is_err(), "{half}");
}

#[tokio::test]
async fn an_answer_held_back_comes_late_though_the_change_is_applied() {
    let time = Duration::from_millis(300);
    let fixture = faulty(FaultyCalls::Changes, 0, 1, FaultKind::Hang(time)).await;
    let api = fixture.api();
    let request = api.request(Method::POST, "/v1/changes").json(&batch(vec![create("k1", 1, json!({}))]));
    let error = request.timeout(time / 3).send().await.unwrap_err();
    assert!(error.is_timeout());
    assert_eq!(api.asset(1).await["version"], "1");
}

#[tokio::test]
async fn a_register_may_claim_another_environment() {
    let faults =
        RegisterFaults { claimed_environment: Some("production".into()), ..RegisterFaults::default() };
    let fixture = Fixture::with(Vec::new(), faults).await;
    assert_eq!(fixture.api().get("/v1/identity").await.1["environment"], "production");
}

#[tokio::test]
async fn what_prevents_a_start_is_told() {
    let fixture = Fixture::open().await;
    let taken = fixture.server.url().trim_start_matches("http://").parse().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let error =
        RegisterServer::start(RegisterOptions { listen: taken, ..options(folder.path()) }).await.unwrap_err();
    assert!(matches!(error, RegisterError::Listen { address, .. } if address == taken), "{error}");
    let nowhere = folder.path().join("missing");
    let error = RegisterServer::start(options(&nowhere)).await.unwrap_err();
    assert!(matches!(error, RegisterError::Database { .. }), "{error}");
}

#[tokio::test]
async fn a_stopped_register_answers_nobody() {
    let fixture = Fixture::open().await;
    let api = fixture.api();
    assert_eq!(api.get("/v1/identity").await.0, 200);
    fixture.server.stop().await;
    assert!(api.request(Method::GET, "/v1/identity").send().await.unwrap_err().is_connect());
}
