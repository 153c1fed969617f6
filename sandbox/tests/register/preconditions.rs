//! Every kind of change under every precondition on an entry in every state, against a table.

use bestand_sandbox::register::{Credential, RegisterFaults, Role};
use serde_json::{Value, json};

use crate::support::{Api, Fixture, create, key, retire, verdict};

/// What becomes of a change: applied, with the state that the entry has then, or the code.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Due {
    Active,
    Retired,
    Not(&'static str, &'static str),
}
use Due::{Active, Not, Retired};

const INVALID: Due = Not("rejected", "invalid_change");
const NOT_OWNER: Due = Not("rejected", "not_owner");
const EXISTS: Due = Not("conflicted", "already_exists");
const NOT_FOUND: Due = Not("conflicted", "not_found");
const MISMATCH: Due = Not("conflicted", "version_mismatch");

const STATES: [&str; 4] = ["absent", "active", "retired", "foreign"];

/// The contract's text as a table: kind, state in the patch, precondition, and what is due for each of the states.
const TABLE: [(&str, Option<&str>, &str, [Due; 4]); 18] = [
    ("create", None, "absent", [Active, EXISTS, EXISTS, NOT_OWNER]),
    ("create", Some("active"), "absent", [Active, EXISTS, EXISTS, NOT_OWNER]),
    ("create", Some("retired"), "absent", [INVALID; 4]),
    ("create", None, "current", [INVALID; 4]),
    ("create", None, "stale", [INVALID; 4]),
    ("create", None, "both", [INVALID; 4]),
    ("update", None, "absent", [INVALID; 4]),
    ("update", None, "current", [NOT_FOUND, Active, Retired, NOT_OWNER]),
    ("update", Some("active"), "current", [NOT_FOUND, Active, Active, NOT_OWNER]),
    ("update", Some("retired"), "current", [INVALID; 4]),
    ("update", None, "stale", [NOT_FOUND, MISMATCH, MISMATCH, NOT_OWNER]),
    ("update", None, "none", [INVALID; 4]),
    ("retire", None, "absent", [INVALID; 4]),
    ("retire", None, "current", [NOT_FOUND, Retired, Retired, NOT_OWNER]),
    ("retire", Some("retired"), "current", [NOT_FOUND, Retired, Retired, NOT_OWNER]),
    ("retire", Some("active"), "current", [INVALID; 4]),
    ("retire", None, "stale", [NOT_FOUND, MISMATCH, MISMATCH, NOT_OWNER]),
    ("retire", None, "none", [INVALID; 4]),
];

/// The versions that the entries have: an active one is new, a retired one was changed once more.
fn version_of(state: &str) -> Option<&'static str> {
    match state {
        "absent" => None,
        "retired" => Some("2"),
        _ => Some("1"),
    }
}

fn precondition(which: &str, state: &str) -> Value {
    let current = version_of(state).unwrap_or("1");
    match which {
        "absent" => json!({ "absent": true }),
        "current" => json!({ "version": current }),
        "stale" => json!({ "version": "7" }),
        "both" => json!({ "absent": true, "version": current }),
        _ => json!({}),
    }
}

/// Makes the entry as which a row begins.
async fn prepare(owner: &Api, other: &Api, number: u32, state: &str) {
    let by = if state == "foreign" { other } else { owner };
    if state != "absent" {
        by.must_apply(create(&format!("c{number}"), number, json!({ "attributes": { "room": "1" } }))).await;
    }
    if state == "retired" {
        by.must_apply(retire(&format!("r{number}"), number, "1")).await;
    }
}

/// Plays one cell and says what came of it.
async fn play(
    caller: &Api,
    sees_all: &Api,
    number: u32,
    (kind, set, which): (&str, Option<&str>, &str),
    state: &str,
) -> Due {
    let look = async || sees_all.get(&format!("/v1/assets/{}", key(number))).await;
    let before = look().await;
    let mut patch = json!({ "attributes": { "played": true } });
    if let Some(set) = set {
        patch["state"] = set.into();
    }
    let change = json!({
        "idempotency_key": format!("play-{number}"), "kind": kind, "asset_key": key(number),
        "precondition": precondition(which, state), "patch": patch,
    });
    let result = caller.apply(vec![change]).await.remove(0);
    let after = look().await;
    let told = result.get("version").and_then(Value::as_str);
    if let ("applied", _) = verdict(&result) {
        let next = version_of(state).map_or(1, |version| version.parse::<u32>().unwrap() + 1);
        assert_eq!(told, Some(next.to_string().as_str()));
        assert_eq!((after.0, &after.1["version"]), (200, &json!(told)));
        assert_eq!(after.1["attributes"]["played"], true);
        return if after.1["state"] == "retired" { Retired } else { Active };
    }
    assert_eq!(after, before, "what is not applied touches nothing");
    let (status, code) = verdict(&result);
    // A conflict tells the version that is there; a refusal tells nothing.
    assert_eq!(told, if status == "conflicted" { version_of(state) } else { None });
    let known = [INVALID, NOT_OWNER, EXISTS, NOT_FOUND, MISMATCH];
    known.into_iter().find(|due| matches!(due, Not(s, c) if (*s, *c) == (status, code))).unwrap()
}

async fn staffed() -> Fixture {
    let credentials = vec![
        Credential::api_key("bestand", "key-b"),
        Credential::api_key("other", "key-o"),
        Credential::api_key("erika", "key-k").with_role(Role::Keeper),
    ];
    Fixture::with(credentials, RegisterFaults::default()).await
}

#[tokio::test]
async fn every_change_under_every_precondition_on_every_state_ends_as_the_table_says() {
    let fixture = staffed().await;
    let (ours, theirs, keeper) =
        (fixture.api_with_key("key-b"), fixture.api_with_key("key-o"), fixture.api_with_key("key-k"));
    let mut number = 0;
    for (kind, set, which, row) in TABLE {
        for (state, due) in STATES.into_iter().zip(row) {
            number += 1;
            prepare(&ours, &theirs, number, state).await;
            let found = play(&ours, &keeper, number, (kind, set, which), state).await;
            assert_eq!(found, due, "{kind} {set:?} if {which} on {state}");
        }
    }
}

#[tokio::test]
async fn to_a_keeper_what_others_own_is_as_if_it_were_his() {
    let fixture = staffed().await;
    let (ours, theirs, keeper) =
        (fixture.api_with_key("key-b"), fixture.api_with_key("key-o"), fixture.api_with_key("key-k"));
    let mut number = 0;
    for (kind, set, which, [absent, active, retired, _]) in TABLE {
        for (state, due) in STATES.into_iter().zip([absent, active, retired, active]) {
            number += 1;
            prepare(&ours, &theirs, number, state).await;
            let found = play(&keeper, &keeper, number, (kind, set, which), state).await;
            assert_eq!(found, due, "{kind} {set:?} if {which} on {state}");
        }
    }
}
