//! Batches: results that belong to the changes, or an error that says what may have become of them.

use bestand_publisher::central_register::{
    ApplyError, CentralRegister, ChangeResult, RegisterApi, RegisterAuth, RegisterError, ResultStatus,
    RunEvidence,
};
use serde_json::{Value, json};

use crate::scripted::{
    Reply, Scripted, applied, batch, html, identity, key_text, ok, options, problem, results, status,
};

const CHANGES: &str = "/v1/changes";

/// Applies a batch of two, and says how often it was sent.
async fn apply(replies: Vec<Reply>) -> (Result<Vec<ChangeResult>, ApplyError>, usize) {
    let register = Scripted::start().await.on(CHANGES, replies);
    let answer = register.client().apply(&batch([1, 2])).await;
    (answer, register.asked(CHANGES).len())
}

/// The same at a register that does not remember keys.
async fn apply_without_idempotency(replies: Vec<Reply>) -> (Result<Vec<ChangeResult>, ApplyError>, usize) {
    let mut forgetful = identity();
    forgetful["capabilities"]["idempotency"] = false.into();
    let register = Scripted::start().await.on("/v1/identity", [ok(forgetful)]).on(CHANGES, replies);
    let answer = register.client().apply(&batch([1, 2])).await;
    (answer, register.asked(CHANGES).len())
}

fn wait(code: u16) -> Reply {
    status(code, &[("retry-after", "0")], json!({}))
}

#[tokio::test]
async fn a_batch_is_sent_as_the_contract_says() {
    let conflicted = json!({
        "idempotency_key": "k2", "asset_key": key_text(2), "status": "conflicted", "replayed": true,
        "version": "8", "code": "version_mismatch", "reason": "moved",
    });
    let register = Scripted::start().await.on(CHANGES, [ok(json!({ "results": [applied(1), conflicted] }))]);
    let results = register.client().apply(&batch([1, 2])).await.unwrap();
    assert_eq!((results[0].status, results[0].version.as_deref()), (ResultStatus::Applied, Some("2")));
    assert_eq!(
        (results[1].status, results[1].code.as_deref()),
        (ResultStatus::Conflicted, Some("version_mismatch"))
    );
    assert!(results[1].replayed);

    let asked = register.asked(CHANGES).remove(0);
    assert_eq!(asked.headers["content-type"], "application/json");
    let change = |number| {
        json!({
            "idempotency_key": format!("k{number}"), "kind": "update", "asset_key": key_text(number),
            "precondition": { "version": "1" }, "patch": { "attributes": { "owner": "bus", "old": null } },
        })
    };
    let expected = json!({ "plan_digest": "plan-1", "run_id": "run-1", "changes": [change(1), change(2)] });
    assert_eq!(serde_json::from_str::<Value>(&asked.body).unwrap(), expected);
}

#[tokio::test]
async fn nothing_is_sent_for_nothing_or_for_too_much() {
    let register = Scripted::start().await;
    assert_eq!(register.client().apply(&batch([])).await.unwrap(), []);
    let error = register.client().apply(&batch([1, 2, 3])).await.unwrap_err();
    assert!(matches!(error, ApplyError::TooLarge { changes: 3 }), "{error:?}");
    assert!(register.asked(CHANGES).is_empty());
    let (answer, sent) = apply(vec![problem(413, "too large", "")]).await;
    assert!(matches!(answer, Err(ApplyError::TooLarge { changes: 2 })), "{answer:?}");
    assert_eq!(sent, 1);
}

#[tokio::test]
async fn after_a_lost_answer_the_batch_is_sent_again_where_keys_are_remembered() {
    let troubles = [
        Reply::Drop,
        Reply::Cut,
        Reply::Hang,
        status(500, &[], json!({})),
        status(503, &[], json!({})),
        html(200),
    ];
    for trouble in troubles {
        let (answer, sent) = apply(vec![trouble.clone(), ok(results([1, 2]))]).await;
        assert_eq!((answer.unwrap().len(), sent), (2, 2), "{trouble:?}");
        let (answer, sent) = apply_without_idempotency(vec![trouble.clone(), ok(results([1, 2]))]).await;
        assert!(matches!(answer, Err(ApplyError::Unknown(_))), "{trouble:?}: {answer:?}");
        assert_eq!(sent, 1, "{trouble:?}");
    }
}

#[tokio::test]
async fn without_an_answer_in_the_end_it_is_unknown_what_was_applied() {
    let (answer, sent) = apply(vec![Reply::Hang]).await;
    let Err(ApplyError::Unknown(RegisterError::Lost { timeout: true, .. })) = answer else {
        panic!("{answer:?}")
    };
    assert_eq!(sent, 4);
    // What came before a clear refusal stays unknown.
    for last in [problem(400, "no", ""), problem(413, "no", ""), wait(429)] {
        let (answer, _) = apply(vec![Reply::Drop, last]).await;
        assert!(matches!(answer, Err(ApplyError::Unknown(_))), "{answer:?}");
    }
}

#[tokio::test]
async fn a_register_that_asks_to_wait_has_applied_nothing() {
    for reply in [wait(429), wait(503), status(429, &[], json!({}))] {
        let (answer, sent) = apply(vec![reply.clone()]).await;
        assert!(matches!(answer, Err(ApplyError::NotSent(_))), "{answer:?}");
        assert_eq!(sent, 4);
        // Harmless even where keys are not remembered.
        let (answer, sent) = apply_without_idempotency(vec![reply.clone(), reply, ok(results([1, 2]))]).await;
        assert_eq!((answer.unwrap().len(), sent), (2, 3));
    }
}

#[tokio::test]
async fn a_register_that_is_not_there_was_sent_nothing() {
    let register = Scripted::start().await.on(CHANGES, [ok(results([1, 2]))]);
    let gone = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let client = RegisterApi::new(options(&format!("http://{gone}"), RegisterAuth::None)).unwrap();
    let answer = client.apply(&batch([1])).await;
    assert!(matches!(answer, Err(ApplyError::NotSent(RegisterError::Unreachable { .. }))), "{answer:?}");
    assert!(register.asked(CHANGES).is_empty());
}

#[tokio::test]
async fn a_refusal_is_final() {
    for code in [400, 401, 403, 404, 415] {
        let (answer, sent) = apply(vec![problem(code, "not you", "because")]).await;
        let Err(error @ ApplyError::Refused { .. }) = answer else { panic!("{answer:?}") };
        assert_eq!(sent, 1);
        assert_eq!(
            error.to_string(),
            format!("the batch was refused with status {code}; nothing of it was applied")
        );
        let cause = std::error::Error::source(&error).unwrap().to_string();
        assert!(
            cause.ends_with(&format!("POST /v1/changes with status {code}: not you: because")),
            "{cause}"
        );
    }
}

#[tokio::test]
async fn results_that_do_not_belong_to_the_changes_are_not_believed() {
    let without = |name: &str| {
        let mut result = applied(2);
        result.as_object_mut().unwrap().remove(name);
        json!({ "results": [applied(1), result] })
    };
    let with = |name: &str, value: Value| {
        let mut result = applied(2);
        result[name] = value;
        json!({ "results": [applied(1), result] })
    };
    for (answer, complaint) in [
        (results([1]), "1 results for 2 changes"),
        (results([1, 2, 3]), "3 results for 2 changes"),
        (results([]), "0 results for 2 changes"),
        (results([2, 1]), "result 0 belongs to another change"),
        (with("asset_key", json!(key_text(7))), "result 1 belongs to another change"),
        (with("idempotency_key", json!(null)), "result 1 does not say to which change it belongs"),
        (without("version"), "result 1 is applied and has no version"),
        (with("status", json!("maybe")), "unknown variant `maybe`"),
        (json!({}), "missing field `results`"),
    ] {
        let (answer, sent) = apply(vec![ok(answer)]).await;
        let Err(ApplyError::Unknown(RegisterError::Nonsense { what, .. })) = answer else {
            panic!("{answer:?}")
        };
        assert!(what.contains(complaint), "{what}");
        assert_eq!(sent, 4, "keys are remembered, so it is worth asking again");
        let (_, sent) = apply_without_idempotency(vec![ok(results([1]))]).await;
        assert_eq!(sent, 1);
    }
}

#[tokio::test]
async fn evidence_of_a_run_is_put_under_its_id() {
    let path = "/v1/runs/run-1";
    let trouble = status(502, &[], json!({}));
    let register = Scripted::start().await.on(path, [trouble, ok(json!({ "run_id": "run-1" }))]);
    let evidence: RunEvidence = serde_json::from_value(json!({
        "run_id": "run-1", "environment": "staging", "plan_digest": "plan-1", "command": "run",
        "tool_version": "0.1.0", "started_at": "2026-11-23T02:00:00Z", "totals": { "applied": 3 }, "overrides": [],
    }))
    .unwrap();
    register.client().record_run(&evidence).await.unwrap();
    let asked = register.asked(path);
    assert_eq!((asked.len(), asked[1].line.as_str()), (2, "PUT /v1/runs/run-1"));
    let expected = json!({
        "environment": "staging", "plan_digest": "plan-1", "command": "run", "tool_version": "0.1.0",
        "started_at": "2026-11-23T02:00:00Z", "ended_at": null, "totals": { "applied": 3 }, "overrides": [],
    });
    assert_eq!(serde_json::from_str::<Value>(&asked[1].body).unwrap(), expected);

    let register =
        Scripted::start().await.on(path, [problem(409, "another environment", "this is production")]);
    assert_eq!(register.client().record_run(&evidence).await.unwrap_err().status(), Some(409));
}
