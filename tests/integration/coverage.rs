//! What was not seen is not absent, and what is absent is retired only with patience.

use std::collections::{BTreeMap, BTreeSet};

use bestand_model::capability::Capability;
use bestand_sandbox::Faults;
use bestand_sandbox::register::RegisterFaults;
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
    // More than half of what is owned lies where not everything was seen: that alone would refuse the plan.
    world.set("BESTAND__GATE__MIN_COMPLETE_SHARE", "0.1");
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
    let after = states(&world);
    assert!(before.iter().all(|(key, state)| after[key] == *state), "every entry is what it was");
    // What is new is what nobody could look for: the source register alone vouches for it (SEMANTICS 1).
    for change in changes(&run, "create") {
        assert_eq!(change["after"]["attributes"]["verification"], "unverified", "{change}");
    }
    // What could not be seen keeps its technical values: an update may speak of people's words only.
    assert_eq!(changes(&run, "update"), Vec::<Value>::new());
}

/// A published world over an estate that then lost many resources; the records still speak of them.
fn shrunken() -> (World, Vec<u8>) {
    let mut world = World::published();
    let records = std::fs::read(world.path("itk.db")).unwrap();
    shrink(&mut world, &records, Faults::none());
    (world, records)
}

fn shrink(world: &mut World, records: &[u8], faults: Faults) {
    world.restart(SMALL.0, SMALL.1 - 10, faults);
    std::fs::write(world.path("itk.db"), records).unwrap();
}

/// Lets so many retires through as this estate needs.
fn raise_limits(world: &mut World) {
    world.set("BESTAND__GATE__MAX_RETIRE_SHARE", "1.0");
    world.set("BESTAND__GATE__MAX_RETIRE_COUNT", "1000");
}

/// The Tagging API names deleted resources for a while: this is after that.
fn forget_tags(world: &mut World) {
    world.set("BESTAND__COLLECTION__CROSS_CHECK__TAGGING", "false");
}

fn withheld(run: &RunFiles, reason: &str) -> Vec<Value> {
    changes(run, "withheld").into_iter().filter(|change| change["reason"] == reason).collect()
}

#[test]
fn what_is_gone_waits_out_its_grace_is_retired_and_comes_back() {
    let (mut world, _) = shrunken();
    let before = states(&world);
    let run = world.run_of(&world.command(&["run"]).expect(0));
    let waiting = withheld(&run, "grace");
    let gone = keys(&waiting);
    assert!(gone.len() > 20, "{}", gone.len());
    assert!(waiting.iter().all(|change| change["would_be"] == "retire"));
    // What is gone and said to be retired is no difference; all else is told.
    let agreed = gone.difference(&keys(&run.findings("absent"))).count();
    let said = world.rows::<(i64,)>("itk.db", "SELECT COUNT(*) FROM assets WHERE status = 'retired'")[0].0;
    assert!(agreed < usize::try_from(said).unwrap() && agreed < gone.len() / 2, "{agreed}");
    assert!(gone.iter().all(|key| before[key] == "active"));

    // Looks on the same day count as one, however many there are.
    raise_limits(&mut world);
    let none_retired = |world: &World| {
        let run = world.run_of(&world.command(&["run"]).expect(0));
        assert_eq!(changes(&run, "retire"), Vec::<Value>::new());
        assert_eq!(keys(&withheld(&run, "grace")), gone);
    };
    none_retired(&world);
    none_retired(&world);
    // The second look is enough of them, but the first is not two days ago.
    age_history(&world, 13);
    none_retired(&world);
    age_history(&world, 36);
    let run = world.run_of(&world.command(&["run"]).expect(0));
    let mut retired = changes(&run, "retire");
    // What the Tagging API still names waits, until it does so no more (SEMANTICS 2.10).
    let hinted = keys(&withheld(&run, "unproven"));
    assert!(!hinted.is_empty() && hinted.len() < 5, "{hinted:?}");
    forget_tags(&mut world);
    let run = world.run_of(&world.command(&["run"]).expect(0));
    let late = changes(&run, "retire");
    assert_eq!(keys(&late), hinted);
    retired.extend(late);
    assert_eq!(keys(&retired), gone);
    assert!(retired.iter().all(|change| change["precondition"]["version"].is_string()), "{retired:?}");
    let after = states(&world);
    for (key, state) in &after {
        assert_eq!(state, if gone.contains(key) { "retired" } else { "active" }, "{key}");
    }
    assert!(before.keys().all(|key| after.contains_key(key)), "a retirement is a state, not a deletion");
    let summary = world.command(&["run"]).expect(0).summary();
    assert_eq!(
        ["create", "update", "retire"].map(|kind| number(&summary, &format!("/changes/{kind}"))),
        [0; 3]
    );

    // What is seen again is active again, under its old key.
    world.restart(SMALL.0, SMALL.1, Faults::none());
    world.command(&["run"]).expect(0);
    let back = states(&world);
    assert!(gone.iter().all(|key| back[key] == "active"));
}

#[test]
fn an_account_that_would_lose_too_much_keeps_its_entries() {
    let (mut world, _) = shrunken();
    world.command(&["run"]).expect(0);
    let before = states(&world);
    age_history(&world, 49);
    let outcome = world.command(&["run"]).expect(0);
    let held = number(&outcome.summary(), "/withheld_by_reason/gate_account");
    assert!(held > 20, "{held}");
    assert_eq!(number(&outcome.summary(), "/changes/retire"), 0);
    // The share holds for all accounts together as well: this plan is refused as a whole.
    raise_limits(&mut world);
    world.set("BESTAND__GATE__MAX_RETIRE_COUNT", "5");
    let summary = world.command(&["run"]).expect(41).summary();
    assert_eq!(summary["gate"]["reasons"][0]["code"], "max_retire_count");
    assert_eq!(states(&world), before);
}

#[test]
fn semantics_3_10_without_whole_lists_nothing_is_retired_and_plan_and_report_say_so() {
    let mut world = World::small(Faults::none());
    world.with_register("staging", RegisterFaults::default());
    world.init_store();
    let whole = world.run_of(&world.command(&["run", "--first-run"]).expect(0));
    for file in ["run.json", "plan.json"] {
        assert_eq!(whole.json(file).get("not_promised"), None, "{file}");
    }
    let records = std::fs::read(world.path("itk.db")).unwrap();
    shrink(&mut world, &records, Faults::none());
    raise_limits(&mut world);
    forget_tags(&mut world);
    world.command(&["run"]).expect(0);
    age_history(&world, 49);

    let undeclared = vec!["list", "idempotency"];
    world.with_register("staging", RegisterFaults { undeclared, ..RegisterFaults::default() });
    let outcome = world.command(&["run"]).expect(0);
    let run = world.run_of(&outcome);
    let held = withheld(&run, "list_not_promised");
    assert!(held.len() > 20, "{}", held.len());
    assert!(held.iter().all(|change| change["would_be"] == "retire"));
    assert_eq!(changes(&run, "retire"), Vec::<Value>::new());
    // They do not count in the gate either: none of them would be sent.
    assert_eq!(outcome.summary()["gate"]["verdict"], "approved");
    for file in ["run.json", "plan.json"] {
        assert_eq!(run.json(file)["not_promised"], json!(["list", "idempotency"]), "{file}");
    }
    let report = std::fs::read_to_string(run.path("report.html")).unwrap();
    // As a row: the page holds every word it may need, for the sake of its other language.
    let row = |capability: Capability| format!("<td data-t>{}</td>", capability.without());
    for capability in [Capability::List, Capability::Idempotency] {
        assert!(report.contains(&row(capability)), "{capability} in the report");
        assert!(outcome.stderr.contains(capability.without()), "{capability} in the log");
    }
    assert!(!report.contains(&row(Capability::ReadBack)));
    let doctor = world.command(&["doctor", "--json"]).expect(0);
    assert!(doctor.stdout.contains(Capability::List.without()), "{}", doctor.stdout);
    let id = outcome.summary()["run_id"].as_str().unwrap().to_owned();
    let proof = world.command(&["explain", &id, "--json"]).expect(0).stdout;
    let proof: Value = serde_json::from_str(&proof).unwrap();
    let differing =
        proof["accounts"].as_array().unwrap().iter().map(|of| number(of, "/differing")).sum::<u64>();
    assert_eq!(differing, 0, "{proof:#}");

    // A register that declares it again gets them all.
    world.with_register("staging", RegisterFaults::default());
    let run = world.run_of(&world.command(&["run"]).expect(0));
    assert_eq!(keys(&changes(&run, "retire")), keys(&held));
}

#[test]
fn a_look_that_saw_less_neither_retires_nor_starts_the_grace_anew() {
    let (mut world, records) = shrunken();
    raise_limits(&mut world);
    forget_tags(&mut world);
    let first = keys(&withheld(&world.run_of(&world.command(&["run"]).expect(0)), "grace"));
    age_history(&world, 49);
    shrink(&mut world, &records, "account_denied".parse().unwrap());
    let denied = world.sandbox().truth().incomplete[0].account_id.clone();
    let run = world.run_of(&world.command(&["run"]).expect(20));
    let second = changes(&run, "retire");
    assert!(!second.is_empty() && second.iter().all(|change| change["account_id"] != denied.as_str()));
    // What was hidden is retired by the next look that sees it: the first one still counts.
    shrink(&mut world, &records, Faults::none());
    let run = world.run_of(&world.command(&["run"]).expect(0));
    let third = changes(&run, "retire");
    assert!(!third.is_empty() && third.iter().all(|change| change["account_id"] == denied.as_str()));
    let retired: BTreeSet<String> = keys(&second).union(&keys(&third)).cloned().collect();
    assert_eq!(retired, first);
}

#[test]
fn what_was_never_seen_is_not_retired_while_a_record_vouches_for_it() {
    let mut world = World::small("account_denied".parse().unwrap());
    world.init_store();
    raise_limits(&mut world);
    forget_tags(&mut world);
    let run = world.run_of(&world.command(&["run", "--first-run"]).expect(20));
    let denied = world.sandbox().truth().incomplete[0].account_id.clone();
    let created =
        changes(&run, "create").into_iter().filter(|change| change["account_id"] == denied.as_str());
    let vouched: Vec<Value> = created.collect();
    assert!(vouched.len() > 20);
    assert!(vouched.iter().all(|change| change["after"]["attributes"]["verification"] == "unverified"));

    // The account can be entered now: some of what was believed is not there.
    world.restart(SMALL.0, SMALL.1, Faults::none());
    let run = world.run_of(&world.command(&["run"]).expect(0));
    let mut absent = keys(&withheld(&run, "grace"));
    // What AWS Config saw go needs no grace, and is not retired either.
    absent.extend(keys(&withheld(&run, "never_seen")));
    assert!(!absent.is_empty() && absent.is_subset(&keys(&vouched)), "{absent:?}");
    age_history(&world, 49);
    let run = world.run_of(&world.command(&["run"]).expect(0));
    assert_eq!(keys(&withheld(&run, "never_seen")), absent);
    assert_eq!(changes(&run, "retire"), Vec::<Value>::new());

    // Their rows go as well: nobody vouches any more.
    world.execute_with(
        "itk.db",
        "register.db",
        "DELETE FROM main.assets WHERE id IN (SELECT json_extract(attributes, '$.asset_id') FROM other.assets \
         WHERE json_extract(attributes, '$.verification') = 'unverified')",
    );
    let run = world.run_of(&world.command(&["run"]).expect(0));
    assert_eq!(keys(&changes(&run, "retire")), absent);
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
    // So little was seen of what is owned that nothing at all is published.
    let outcome = world.command(&["run"]).expect(41);
    assert_eq!(outcome.summary()["gate"]["reasons"][0]["code"], "min_complete_share");
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
    let lines = number(&summary, "/coverage/by_reason/recorder_stopped");
    assert!(lines > 0);
    let told = &summary["accepted_gaps"][0];
    assert_eq!((&told["state"], number(told, "/scopes")), (&"in_use".into(), lines), "{told}");
    assert_eq!(told["because"], "moves out, ticket OPS-17");
    let report = std::fs::read_to_string(world.run_of(&outcome).path("report.html")).unwrap();
    assert!(report.contains("moves out, ticket OPS-17"));
    let absent = world.run_of(&outcome).findings("absent");
    let inside = absent.iter().filter(|finding| {
        finding["account_id"] == gap[0].account_id.as_str()
            && finding["region"].as_str() == gap[0].region.as_deref()
    });
    assert_eq!(inside.count(), 0, "accepted is not seen");
    world.edit_settings(|text| text.replace("2099-01-01", "2026-01-01"));
    let summary = world.command(&["plan"]).expect(20).summary();
    assert_eq!(summary["accepted_gaps"][0]["state"], "expired");
}
