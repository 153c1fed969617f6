//! Every reason of the completeness ledger, end to end: one fault at a time, and all together. What the truth says
//! is incomplete is so, for that very reason; nothing else is; and nothing alive is retired.

use std::collections::{BTreeMap, BTreeSet};

use bestand_sandbox::{Fault, Faults, Incomplete, Truth};
use serde_json::Value;

use crate::support::{Outcome, RunFiles, World, number};

fn text<'a>(value: &'a Value, name: &str) -> Option<&'a str> {
    value[name].as_str()
}

/// The ledger of a run, for look-ups.
struct Ledger(Vec<Value>);

impl Ledger {
    fn of(run: &RunFiles) -> Self {
        Self(run.coverage())
    }

    /// The line that decides a scope: its own, its region's, its account's.
    fn look_up(&self, gap: &Incomplete) -> Option<&Value> {
        let region = gap.region.as_deref();
        let line = |region: Option<&str>, kind: Option<&str>| {
            self.0.iter().find(|line| {
                text(line, "account_id") == Some(&gap.account_id)
                    && text(line, "region") == region
                    && text(line, "resource_type") == kind
            })
        };
        let own = gap.resource_type.as_deref().and_then(|kind| line(region, Some(kind)));
        own.or_else(|| line(region, None)).or_else(|| line(None, None))
    }

    fn incomplete(&self) -> impl Iterator<Item = &Value> {
        self.0.iter().filter(|line| line["status"] == "incomplete")
    }

    /// Every gap is there with its reason.
    fn has_all(&self, gaps: &[Incomplete]) {
        for gap in gaps {
            let line = self.look_up(gap).unwrap_or_else(|| panic!("no line decides {gap:?}"));
            // Which of two regions speaks for a type that belongs to none is the collector's choice.
            let global = gap.region.as_deref() == Some("global");
            assert!(
                text(line, "reason") == Some(gap.reason) || (global && line["reason"].is_string()),
                "{gap:?}: {line}"
            );
        }
    }

    /// No other scope suffers.
    fn has_no_other_than(&self, gaps: &[Incomplete]) {
        for line in self.incomplete() {
            let (region, kind) = (text(line, "region"), text(line, "resource_type"));
            let explained = gaps.iter().any(|gap| {
                text(line, "account_id") == Some(&gap.account_id)
                    && (gap.region.is_none() || gap.region.as_deref() == region)
                    && (gap.resource_type.is_none() || gap.resource_type.as_deref() == kind)
                    && (text(line, "reason") == Some(gap.reason) || region == Some("global"))
            });
            // A recorder that leaves IAM to another region says so where that one is no help.
            let left_to_another = text(line, "reason") == Some("type_not_recorded")
                && kind.is_some_and(|kind| kind.starts_with("AWS::IAM::"));
            assert!(explained || left_to_another, "{line}");
        }
    }
}

/// Holds a run to the truth of the sandbox that it saw.
fn hold_to_truth(world: &World, outcome: &Outcome) {
    let (truth, run) = (world.sandbox().truth(), world.run_of(outcome));
    let ledger = Ledger::of(&run);
    ledger.has_all(&truth.incomplete);
    ledger.has_no_other_than(&truth.incomplete);
    nothing_alive_is_absent_or_retired(world, &run);
}

/// The records of what may be retired.
fn gone(truth: &Truth) -> BTreeSet<&str> {
    truth.retirable.iter().filter_map(|one| one.asset_id.as_deref()).collect()
}

fn nothing_alive_is_absent_or_retired(world: &World, run: &RunFiles) {
    let truth = world.sandbox().truth();
    let gone = gone(truth);
    for finding in run.findings("absent") {
        let asset_id = text(&finding, "asset_id").unwrap_or_default();
        assert!(gone.contains(asset_id), "it is alive: {finding}");
    }
    let entries = entries(world);
    for change in run.values("changes").iter().filter(|change| change["kind"] == "retire") {
        let entry = &entries[text(change, "asset_key").unwrap()];
        assert!(text(entry, "asset_id").is_some_and(|id| gone.contains(id)), "it is alive: {entry}");
        let place = ["account_id", "region", "resource_type", "resource_id"].map(|name| text(entry, name));
        if let [Some(account), Some(region), Some(kind), Some(id)] = place {
            assert!(!world.sandbox().is_live(account, region, kind, id), "it is alive: {entry}");
        }
    }
}

/// The attributes of the register's entries, by key.
fn entries(world: &World) -> BTreeMap<String, Value> {
    let rows = world.rows::<(String, String)>("register.db", "SELECT asset_key, attributes FROM assets");
    rows.into_iter().map(|(key, attributes)| (key, serde_json::from_str(&attributes).unwrap())).collect()
}

fn states(world: &World) -> BTreeMap<String, String> {
    world.rows::<(String, String)>("register.db", "SELECT asset_key, state FROM assets").into_iter().collect()
}

/// A region that never answers is given up after a quarter of the usual time.
fn be_impatient(world: &mut World) {
    world.set("BESTAND__COLLECTION__TIMEOUTS__ATTEMPT_SECS", "5");
    world.set("BESTAND__COLLECTION__TIMEOUTS__OPERATION_SECS", "15");
}

/// A first run under one fault: the exit status, and the one reason that it gives.
fn alone(fault: Fault, status: i32, reason: Option<&str>) {
    let mut world = World::small(Faults::none().with(fault));
    be_impatient(&mut world);
    world.init_store();
    let outcome = world.command(&["run", "--first-run"]).expect(status);
    hold_to_truth(&world, &outcome);
    let by_reason = outcome.summary()["coverage"]["by_reason"].clone();
    let told: BTreeSet<&str> = by_reason
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .filter(|told| *told != "type_not_recorded")
        .collect();
    let expected: BTreeSet<&str> = reason.into_iter().filter(|told| *told != "type_not_recorded").collect();
    assert_eq!(told, expected);
    assert!(reason.is_none_or(|reason| number(&by_reason, &format!("/{reason}")) > 0));
}

#[test]
fn a_denied_role_is_role_denied() {
    alone(Fault::AccountDenied, 20, Some("role_denied"));
}

#[test]
fn an_account_that_just_joined_is_onboarding_and_no_failure() {
    alone(Fault::Onboarding, 0, Some("onboarding"));
}

#[test]
fn an_organisational_unit_that_is_left_out_is_not_requested() {
    alone(Fault::LeftOut, 0, Some("not_requested"));
}

#[test]
fn a_region_that_a_policy_forbids_is_region_denied() {
    alone(Fault::RegionDenied, 20, Some("region_denied"));
}

#[test]
fn a_stopped_recorder_is_recorder_stopped() {
    alone(Fault::RecorderStopped, 20, Some("recorder_stopped"));
}

#[test]
fn a_recorder_that_was_just_started_is_recorder_warming() {
    alone(Fault::RecorderWarming, 20, Some("recorder_warming"));
}

#[test]
fn a_region_without_a_recorder_is_recorder_absent() {
    alone(Fault::RecorderAbsent, 20, Some("recorder_absent"));
}

#[test]
fn a_recorder_that_cannot_deliver_is_recorder_failing() {
    alone(Fault::RecorderFailing, 20, Some("recorder_failing"));
}

#[test]
fn a_recorder_that_has_not_recorded_yet_is_recorder_pending() {
    alone(Fault::RecorderPending, 20, Some("recorder_pending"));
}

#[test]
fn a_recorder_without_a_status_is_recorder_unknown() {
    alone(Fault::RecorderUnknown, 20, Some("recorder_unknown"));
}

#[test]
fn a_type_that_the_recorder_leaves_out_is_type_not_recorded() {
    alone(Fault::TypeNotRecorded, 20, Some("type_not_recorded"));
}

#[test]
fn a_type_that_is_counted_higher_than_listed_is_count_mismatch() {
    alone(Fault::CountMismatch, 20, Some("count_mismatch"));
}

#[test]
fn what_ec2_alone_knows_is_unrecorded() {
    alone(Fault::Unrecorded, 20, Some("unrecorded"));
}

#[test]
fn keys_that_are_never_processed_are_truncated() {
    alone(Fault::UnprocessedKeys, 20, Some("truncated"));
}

#[test]
fn a_token_that_repeats_is_truncated() {
    alone(Fault::RepeatedToken, 20, Some("truncated"));
}

#[test]
fn a_region_that_is_throttled_for_ever_is_throttled() {
    alone(Fault::ThrottledHard, 20, Some("throttled"));
}

#[test]
fn a_region_that_always_fails_is_service_error() {
    alone(Fault::ServiceError, 20, Some("service_error"));
}

#[test]
fn a_region_that_never_answers_is_timeout() {
    alone(Fault::Hanging, 20, Some("timeout"));
}

#[test]
fn what_retries_get_through_leaves_no_gap() {
    for fault in [Fault::Throttling, Fault::SlowAccount, Fault::ServerErrors, Fault::ExpiredCredentials] {
        alone(fault, 0, None);
    }
}

#[test]
fn a_scope_that_shows_a_third_of_what_it_did_is_collapsed() {
    let mut world = World::new(3, 1_000, Faults::none());
    world.init_store();
    world.command(&["run", "--first-run"]).expect(0);
    let before = states(&world);
    world.restart(3, 1_000, Faults::none().with(Fault::Collapsed));
    let outcome = world.command(&["run"]).expect(20);
    hold_to_truth(&world, &outcome);
    assert_eq!(number(&outcome.summary(), "/coverage/by_reason/collapsed"), 1);
    // What is new is a record that was held back as long as nothing was known to live behind it.
    let after = states(&world);
    assert!(before.iter().all(|(key, state)| after[key] == *state));
}

#[test]
fn an_outdated_copy_of_the_aggregator_is_stale_and_what_has_left_is_not_live() {
    let mut world = World::new(12, 1_200, Faults::none());
    world.init_store();
    world.command(&["run", "--first-run"]).expect(0);
    let before = states(&world);
    let faults = Faults::none().with(Fault::AggregatorStale).with(Fault::AggregatorFailed);
    world.restart(12, 1_200, faults);
    // The accounts themselves are well: who asks them sees no difference.
    let outcome = world.command(&["run"]).expect(0);
    hold_to_truth(&world, &outcome);
    let truth = world.sandbox().truth();
    let name = truth.aggregator_name.clone();
    world.edit_settings(|settings| {
        format!("{settings}\n[collection]\nsource = \"aggregator\"\naggregator = {{ name = \"{name}\" }}\n")
    });
    let outcome = world.command(&["plan"]).expect(20);
    let run = world.run_of(&outcome);
    Ledger::of(&run).has_all(&truth.aggregator_incomplete);
    assert!(number(&outcome.summary(), "/coverage/by_reason/stale") > 0);
    nothing_alive_is_absent_or_retired(&world, &run);
    let departed = truth.departed_account.as_deref().unwrap();
    assert!(run.values("inventory").iter().all(|item| text(item, "account_id") != Some(departed)));
    assert!(run.values("inventory").len() > 500);
    assert_eq!(states(&world), before);
}

#[test]
fn all_faults_together_give_every_reason_and_retire_nothing() {
    let mut world = World::new(12, 2_400, Faults::none());
    be_impatient(&mut world);
    world.init_store();
    let outcome = world.command(&["run", "--first-run"]).expect(0);
    hold_to_truth(&world, &outcome);
    for reason in ["account_inactive", "account_unknown", "region_disabled", "type_never_seen"] {
        assert!(number(&outcome.summary(), &format!("/coverage/by_reason/{reason}")) > 0, "{reason}");
    }
    let before = states(&world);

    world.restart(12, 2_400, Faults::all());
    let outcome = world.command(&["run"]).expect(20);
    hold_to_truth(&world, &outcome);
    let summary = outcome.summary();
    let reasons: BTreeSet<&str> = world.sandbox().truth().incomplete.iter().map(|gap| gap.reason).collect();
    assert_eq!(reasons.len(), 22, "{reasons:?}");
    for reason in reasons {
        assert!(number(&summary, &format!("/coverage/by_reason/{reason}")) > 0, "{reason}");
    }
    assert_eq!(number(&summary, "/changes/retire"), 0);
    let after = states(&world);
    assert!(before.iter().all(|(key, state)| after[key] == *state));
}

#[test]
fn semantics_2_4_what_was_deleted_with_proof_is_retired_at_once_and_nothing_else_is() {
    let mut world = World::new(12, 2_400, Faults::none());
    be_impatient(&mut world);
    world.init_store();
    world.command(&["run", "--first-run"]).expect(0);
    let before = states(&world);
    let mut faults = Faults::all();
    faults.deletions = true;
    world.restart(12, 2_400, faults);
    world.set("BESTAND__GATE__MAX_RETIRE_SHARE", "1.0");
    let outcome = world.command(&["run"]).expect(20);
    hold_to_truth(&world, &outcome);
    let truth = world.sandbox().truth();
    let run = world.run_of(&outcome);
    let retired: BTreeSet<String> = run
        .values("changes")
        .iter()
        .filter(|change| change["kind"] == "retire")
        .map(|change| text(change, "asset_key").unwrap().to_owned())
        .collect();
    assert!(!retired.is_empty());
    // Of what was seen live on the first day: what AWS Config saw go since then, where all of its scopes are complete.
    let entries = entries(&world);
    let asset_id = |key: &str| text(&entries[key], "asset_id").unwrap_or_default().to_owned();
    let told: BTreeSet<String> = retired.iter().map(|key| asset_id(key)).collect();
    let provable: BTreeSet<String> = truth
        .retirable
        .iter()
        .filter(|one| one.deletion_time.is_some_and(|at| at > truth.started_at - 60) && one.provable)
        .filter_map(|one| one.asset_id.clone())
        .collect();
    assert_eq!(told, provable);
    let after = states(&world);
    for (key, state) in before {
        assert_eq!(after[&key], if retired.contains(&key) { "retired" } else { state.as_str() }, "{key}");
    }
}
