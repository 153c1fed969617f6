//! What was not seen is not absent, and what is absent is retired only with patience.

use std::collections::{BTreeMap, BTreeSet};

use bestand_sandbox::Faults;
use serde_json::{Value, json};

use crate::support::{RunFiles, SMALL, World, number, read_json};

fn keys(values: &[Value]) -> BTreeSet<String> {
    values.iter().map(|value| value["asset_key"].as_str().unwrap_or_default().to_owned()).collect()
}

fn changes(run: &RunFiles, kind: &str) -> Vec<Value> {
    run.values("changes").into_iter().filter(|change| change["kind"] == kind).collect()
}

/// Makes the run store believe that its looks are older.
fn age_history(world: &World, hours: i64) {
    let aged = |value: &Value| {
        let at: jiff::Timestamp = value.as_str().unwrap().parse().unwrap();
        json!((at - jiff::SignedDuration::from_hours(hours)).to_string())
    };
    for entry in std::fs::read_dir(world.store().join("history/accounts")).unwrap() {
        let path = entry.unwrap().path();
        let mut history = read_json(&path);
        for asset in history["assets"].as_object_mut().unwrap().values_mut() {
            for instant in ["last_seen", "absent_since", "last_look"] {
                if asset[instant].is_string() {
                    asset[instant] = aged(&asset[instant]);
                }
            }
            asset.as_object_mut().unwrap().retain(|_, value| !value.is_null());
        }
        std::fs::write(path, serde_json::to_vec(&history).unwrap()).unwrap();
    }
}

/// The states of the register's entries, by key.
fn states(world: &World) -> BTreeMap<String, String> {
    world.rows::<(String, String)>("register.db", "SELECT asset_key, state FROM assets").into_iter().collect()
}

#[test]
fn seeing_less_is_never_absence() {
    let mut world = World::new(12, 1_200, Faults::none());
    world.init_store();
    let good = world.command(&["run", "--first-run"]).expect(0);
    let absent_before = keys(&world.run_of(&good).findings("absent"));
    let before = states(&world);
    assert!(before.len() > 600, "{}", before.len());

    world.restart(12, 1_200, Faults::all());
    let outcome = world.command(&["run"]).expect(20);
    let run = world.run_of(&outcome);
    let summary = outcome.summary();
    for reason in [
        "role_denied",
        "recorder_stopped",
        "recorder_warming",
        "recorder_absent",
        "type_not_recorded",
        "throttled",
        "timeout",
        "truncated",
        "account_inactive",
    ] {
        assert!(number(&summary, &format!("/coverage/by_reason/{reason}")) > 0, "{reason}");
        assert!(
            reason == "account_inactive"
                || summary["next_steps"].to_string().contains(&format!("{reason}: ")),
            "{reason}"
        );
    }
    // The ledger has every gap of the truth.
    let ledger: BTreeSet<[String; 3]> = run
        .coverage()
        .iter()
        .filter(|line| line["status"] == "incomplete")
        .map(|line| {
            ["account_id", "region", "reason"].map(|name| line[name].as_str().unwrap_or_default().to_owned())
        })
        .collect();
    for gap in &world.sandbox().truth().incomplete {
        let region = gap.region.clone().unwrap_or_default();
        let line = [gap.account_id.clone(), region, gap.reason.to_owned()];
        assert!(ledger.contains(&line), "{gap:?}");
    }
    assert_eq!(number(&summary, "/changes/retire"), 0);
    let absent = keys(&run.findings("absent"));
    let new: Vec<&String> = absent.difference(&absent_before).collect();
    assert!(new.is_empty(), "less was seen, and more is absent: {new:?}");
    assert!(!run.findings("unverified").is_empty());
    assert_eq!(states(&world), before, "every entry is what it was");
    // What could not be seen keeps its technical values: an update may speak of people's words only.
    assert_eq!(changes(&run, "update"), Vec::<Value>::new());
}

#[test]
fn what_is_gone_waits_out_its_grace_is_retired_and_comes_back() {
    let mut world = World::published();
    let records = std::fs::read(world.path("itk.db")).unwrap();
    let before = states(&world);

    // A few resources are gone for good; the records still speak of them.
    world.restart(SMALL.0, SMALL.1 - 10, Faults::none());
    std::fs::write(world.path("itk.db"), &records).unwrap();
    let run = world.run_of(&world.command(&["run"]).expect(0));
    let withheld: Vec<Value> =
        changes(&run, "withheld").into_iter().filter(|change| change["reason"] == "grace").collect();
    let gone = keys(&withheld);
    assert!((2..12).contains(&gone.len()), "{}", gone.len());
    assert!(withheld.iter().all(|change| change["would_be"] == "retire"));
    let absent = keys(&run.findings("absent"));
    assert!(gone.is_subset(&absent), "{gone:?} {absent:?}");
    assert!(gone.iter().all(|key| before[key] == "active"));

    // Looks on the same day count as one, however many there are.
    for _ in 0..3 {
        let summary = world.command(&["run"]).expect(0).summary();
        assert_eq!(number(&summary, "/changes/retire"), 0);
    }
    assert_eq!(states(&world), before);

    // Two days: the second look counts now. But the first of them was not two days ago: only 13 hours.
    age_history(&world, 13);
    let run = world.run_of(&world.command(&["run"]).expect(0));
    assert!(changes(&run, "retire").is_empty());
    age_history(&world, 36);
    let run = world.run_of(&world.command(&["run"]).expect(0));
    let retired = changes(&run, "retire");
    assert_eq!(keys(&retired), gone);
    assert!(retired.iter().all(|change| change["precondition"]["version"].is_string()), "{retired:?}");
    let after = states(&world);
    for (key, state) in &before {
        let expected = if gone.contains(key) { "retired" } else { state.as_str() };
        assert_eq!(after[key], expected, "{key}");
    }
    assert_eq!(after.len(), before.len(), "a retirement is a state, not a deletion");
    let summary = world.command(&["run"]).expect(0).summary();
    assert_eq!(
        ["create", "update", "retire"].map(|kind| number(&summary, &format!("/changes/{kind}"))),
        [0; 3]
    );

    // It was only moved away: what is seen again is active again, under its old key.
    world.restart(SMALL.0, SMALL.1, Faults::none());
    let summary = world.command(&["run"]).expect(0).summary();
    assert_eq!(number(&summary, "/changes/update"), gone.len() as u64);
    assert_eq!(states(&world), before);
}

#[test]
fn a_look_that_saw_less_neither_retires_nor_starts_the_grace_anew() {
    let mut world = World::published();
    let records = std::fs::read(world.path("itk.db")).unwrap();
    let settle = |world: &mut World, faults: Faults| {
        world.restart(SMALL.0, SMALL.1 - 10, faults);
        std::fs::write(world.path("itk.db"), &records).unwrap();
    };
    settle(&mut world, Faults::none());
    world.command(&["run"]).expect(0);
    age_history(&world, 49);
    // The second look sees no account but one: it may not count where nothing was seen.
    settle(&mut world, "account_denied,recorder_stopped".parse().unwrap());
    let denied: BTreeSet<String> =
        world.sandbox().truth().incomplete.iter().map(|gap| gap.account_id.clone()).collect();
    let run = world.run_of(&world.command(&["run"]).expect(20));
    for change in changes(&run, "retire") {
        assert!(!denied.contains(change["account_id"].as_str().unwrap()), "{change}");
    }
    let retired_then = changes(&run, "retire").len();
    // The third sees everything again, and the first still counts.
    settle(&mut world, Faults::none());
    let run = world.run_of(&world.command(&["run"]).expect(0));
    assert!(changes(&run, "retire").len() + retired_then > 0);
    let waiting = changes(&run, "withheld").into_iter().filter(|change| change["reason"] == "grace").count();
    assert_eq!(waiting, 0, "every grace is over");
}

#[test]
fn a_scope_that_collapses_is_not_believed() {
    let mut world = World::new(1, 900, Faults::none());
    world.init_store();
    world.command(&["run", "--first-run"]).expect(0);
    let records = std::fs::read(world.path("itk.db")).unwrap();
    let before = states(&world);
    world.restart(1, 150, Faults::none());
    std::fs::write(world.path("itk.db"), &records).unwrap();
    let outcome = world.command(&["run"]).expect(20);
    let run = world.run_of(&outcome);
    let collapsed: BTreeSet<[String; 2]> = run
        .coverage()
        .iter()
        .filter(|line| line["reason"] == "collapsed")
        .map(|line| ["region", "resource_type"].map(|name| line[name].as_str().unwrap().to_owned()))
        .collect();
    assert!(collapsed.len() > 3, "{collapsed:?}");
    for finding in run.findings("absent") {
        let scope =
            ["region", "resource_type"].map(|name| finding[name].as_str().unwrap_or_default().to_owned());
        assert!(!collapsed.contains(&scope), "{finding}");
    }
    assert_eq!(number(&outcome.summary(), "/changes/retire"), 0);
    assert_eq!(states(&world), before);
    let steps = outcome.summary()["next_steps"].to_string();
    assert!(steps.contains("collapsed: "), "{steps}");
}

#[test]
fn an_accepted_gap_stays_a_gap_but_not_a_failure() {
    let world = World::small("recorder_stopped".parse().unwrap());
    let gap = world.sandbox().truth().incomplete.clone();
    assert_eq!(gap.len(), 1, "{gap:?}");
    world.command(&["plan"]).expect(20);
    let accepted = |until: &str| {
        format!(
            "[[coverage.accepted]]\naccount = \"{}\"\nregion = \"{}\"\nreason = \"recorder_stopped\"\n\
             because = \"moves out, ticket OPS-17\"\nuntil = \"{until}\"\n\n[run_store]",
            gap[0].account_id,
            gap[0].region.as_deref().unwrap()
        )
    };
    world.edit_settings(|text| text.replace("[run_store]", &accepted("2099-01-01T00:00:00Z")));
    let outcome = world.command(&["plan"]).expect(0);
    let summary = outcome.summary();
    assert_eq!(number(&summary, "/coverage/gaps"), 0);
    assert!(number(&summary, "/coverage/by_reason/recorder_stopped") > 0);
    let absent = world.run_of(&outcome).findings("absent");
    let inside = absent.iter().filter(|finding| {
        finding["account_id"] == gap[0].account_id.as_str()
            && finding["region"].as_str() == gap[0].region.as_deref()
    });
    assert_eq!(inside.count(), 0, "accepted is not seen");
    world.edit_settings(|text| text.replace("2099-01-01", "2026-01-01"));
    world.command(&["plan"]).expect(20);
}
