//! Stages of life, patience per type, and resources that were made anew.

use std::collections::BTreeMap;

use serde_json::json;

use super::proof::*;
use super::support::*;
use crate::absence::RetireRules;
use crate::asset::{AssetState, PublishedAsset};
use crate::asset_record::{AssetRecord, Lifecycle};
use crate::attribute;
use crate::change_set::{ChangeKind, WithheldReason};
use crate::configuration_item::ConfigurationItem;
use crate::coverage::{CoverageLine, Reason};
use crate::finding::FindingKind;
use crate::history::AccountHistory;
use crate::lifecycle::{LifecycleRule, LifecycleRules, Stage};
use crate::proof::{Answer, Proofs};
use crate::reconciliation::AccountReconciliation;

fn stages(result: &AccountReconciliation) -> (Option<&'static str>, Option<&'static str>) {
    let [asset] = result.assets.as_slice() else { panic!("{}", render(result)) };
    (asset.life.before.map(Stage::code), asset.life.after.map(Stage::code))
}

fn queue(lifecycle: Lifecycle) -> AssetRecord {
    AssetRecord { lifecycle, ..by_id("a", Some("eu"), QUEUE, "q") }
}

#[test]
fn semantics_5_1_an_asset_lives_from_planned_to_retired_and_back() {
    let live = || Estate::seen().items([item("eu", QUEUE, "q")]).records([queue(Lifecycle::Active)]);
    let gone = || Estate::seen().records([queue(Lifecycle::Active)]);
    let planned = || Estate::seen().records([queue(Lifecycle::Planned)]);
    let days = [planned(), planned(), live(), live(), gone(), gone(), gone(), gone(), live()];
    let mut history = AccountHistory::default();
    let mut register: Vec<PublishedAsset> = Vec::new();
    let mut told = Vec::new();
    let mut keys = std::collections::BTreeSet::new();
    for (day, estate) in days.into_iter().enumerate() {
        let estate = estate.published(register.clone());
        let result = estate.run(&history, at(i64::try_from(day).unwrap() * 24));
        told.push(stages(&result));
        keys.extend(result.changes.iter().filter(|change| change.kind.is_sent()).map(|of| of.asset_key));
        apply(&mut register, &result.changes);
        history = result.history;
    }
    let [planned, active, absent, retired] = ["planned", "active", "absent", "retired"].map(Some);
    let expected = [
        (None, planned),
        (planned, planned),
        // It was planned under the key of its place, and lives under that of its ARN.
        (None, active),
        (active, active),
        (active, absent),
        (absent, absent),
        (absent, retired),
        (retired, retired),
        (retired, active),
    ];
    assert_eq!(told, expected);
    assert_eq!((keys.len(), register.len()), (1, 1), "it is never made anew");
    assert_eq!(register[0].state, AssetState::Active);
}

#[test]
fn semantics_5_1_findings_about_its_life_tell_the_stages() {
    let result = gone().daily(1);
    let evidence = &result.findings[0].evidence;
    assert_eq!((&evidence["stage_before"], &evidence["stage_after"]), (&json!("absent"), &json!("absent")));
    let new = Estate::seen().items([item("eu", QUEUE, "q")]).once();
    assert_eq!(new.findings[0].evidence.get("stage_before"), None);
    assert_eq!(new.findings[0].evidence["stage_after"], "active");
}

#[test]
fn semantics_5_1_an_entry_that_is_planned_again_waits_anew() {
    let entry = || entry_of("eu", QUEUE, "q");
    let gone = Estate::seen().records([queue(Lifecycle::Active)]).published([entry()]);
    let planned = Estate::seen().records([queue(Lifecycle::Planned)]).published([entry()]);
    let looked = gone.daily(1);
    let ordered = planned.run(&looked.history, at(48));
    assert_eq!(stages(&ordered), (Some("absent"), Some("planned")));
    let again = gone.run(&ordered.history, at(72));
    assert_eq!(stages(&again), (Some("planned"), Some("absent")));
    assert_eq!(again.changes[0].reason, Some(WithheldReason::Grace));
}

fn with_rules(rules: &[LifecycleRule], estate: Estate) -> Estate {
    let rules =
        crate::reconciliation::Rules { lifecycle: LifecycleRules::new(rules), ..estate.rules.clone() };
    Estate { rules, ..estate }
}

fn patience(kind: &str, after_runs: u32, after_hours: u32, interval: u32) -> LifecycleRule {
    LifecycleRule {
        types: vec![kind.into()],
        after_runs: Some(after_runs),
        after_hours: Some(after_hours),
        min_look_interval_hours: Some(interval),
    }
}

#[test]
fn semantics_5_2_each_type_is_kept_as_long_as_its_own_rules_say() {
    let both = Estate::seen().published([entry_of("eu", QUEUE, "q"), entry_of("eu", BUCKET, "b")]);
    let hasty = with_rules(&[patience(QUEUE, 1, 1, 0)], both.clone());
    let retired = |estate: &Estate, hours: [i64; 2]| {
        let first = estate.run(&AccountHistory::default(), at(hours[0]));
        let second = estate.run(&first.history, at(hours[1]));
        second
            .changes
            .into_iter()
            .filter(|of| of.kind == ChangeKind::Retire)
            .map(|of| of.asset_key)
            .collect::<Vec<_>>()
    };
    assert_eq!(retired(&hasty, [0, 1]), [arn_key(&arn("eu", QUEUE, "q"))]);
    let patient = with_rules(&[patience(QUEUE, 2, 96, 12)], both);
    assert_eq!(retired(&patient, [0, 48]), [arn_key(&arn("eu", BUCKET, "b"))]);
    assert_eq!(patient.rules.retire, RetireRules::default());
}

#[test]
fn semantics_5_2_daily_recording_still_raises_the_hours_of_a_type() {
    let daily = CoverageLine { daily: true, ..complete("eu", Some(QUEUE)) };
    let hasty = with_rules(&[patience(QUEUE, 1, 1, 0)], gone().lines([daily]));
    let first = hasty.run(&AccountHistory::default(), at(0));
    assert_eq!(only(&hasty.run(&first.history, at(47))), withheld(WithheldReason::Grace));
    assert_eq!(only(&hasty.run(&first.history, at(48))), RETIRED_PATIENTLY);
}

fn made(hour: i64) -> ConfigurationItem {
    ConfigurationItem { created_at: Some(at(hour)), ..item("eu", QUEUE, "q") }
}

fn entry_made(hour: i64) -> PublishedAsset {
    let mut entry = entry_of("eu", QUEUE, "q");
    entry.attributes.insert(attribute::CREATED_AT.into(), at(hour).to_string().into());
    entry
}

#[test]
fn semantics_5_3_the_same_arn_made_later_is_replaced_and_its_entry_updated() {
    let estate =
        Estate::seen().items([made(-2)]).records([queue(Lifecycle::Active)]).published([entry_made(-50)]);
    let result = estate.once();
    assert_eq!(findings(&result), [FindingKind::Replaced]);
    let finding = &result.findings[0];
    assert_eq!(finding.attribute.as_deref(), Some("created_at"));
    assert_eq!((&finding.live, &finding.published), (&Some(json!(at(-2))), &Some(json!(at(-50)))));
    assert_eq!(kinds(&result), [ChangeKind::Update]);
    assert_eq!(result.changes[0].after.attributes["created_at"], json!(at(-2)));
    // Published, it is told no more.
    let mut register = estate.published.clone();
    apply(&mut register, &result.changes);
    let again = Estate { published: register, ..estate }.once();
    assert_eq!((findings(&again), kinds(&again)), (vec![], vec![ChangeKind::Unchanged]));
}

#[test]
fn semantics_5_3_a_resource_without_arn_is_replaced_by_place_and_id() {
    let nameless = |hour| ConfigurationItem { arn: None, ..made(hour) };
    let estate = |hour| Estate::seen().items([nameless(hour)]).published([entry_made(-50)]);
    assert!(findings(&estate(-2).once()).contains(&FindingKind::Replaced));
    // An asset id alone does not make two resources the same.
    let key = crate::asset::AssetKey(uuid::Uuid::from_u128(5));
    let old = at(-50).to_string();
    let by_paper = entry(key, &[(attribute::ASSET_ID, "a"), (attribute::CREATED_AT, old.as_str())]);
    let paper = Estate::seen().items([made(-2)]).records([queue(Lifecycle::Active)]).published([by_paper]);
    assert_eq!(findings(&paper.once()), []);
}

#[test]
fn semantics_5_3_an_earlier_instant_and_one_within_a_second_say_nothing() {
    for live in [at(-60), at(-50).checked_add(jiff::SignedDuration::from_secs(1)).unwrap()] {
        let item = ConfigurationItem { created_at: Some(live), ..item("eu", QUEUE, "q") };
        let estate =
            Estate::seen().items([item]).records([queue(Lifecycle::Active)]).published([entry_made(-50)]);
        let result = estate.once();
        assert_eq!(findings(&result), []);
        // Nor is the entry set back: the next path would find it replaced.
        assert_eq!(result.changes[0].after.attributes.get("created_at"), None);
    }
    let made_anew_in_the_dark = Estate::seen().items([made(-2)]).published([entry_made(-50)]);
    let dark = made_anew_in_the_dark.lines([gap("eu", Some(QUEUE), Reason::RecorderStopped)]);
    assert_eq!(findings(&dark.once()), [FindingKind::Unverified]);
}

#[test]
fn semantics_5_3_the_deletion_of_what_was_replaced_is_not_the_new_ones() {
    let mut register = vec![entry_made(-50)];
    let replaced = Estate::seen().items([made(-2)]).published(register.clone()).once();
    apply(&mut register, &replaced.changes);
    let gone = Estate::seen().published(register);
    let answer = |hour| Proofs {
        answers: BTreeMap::from([(key(), Answer::Deleted { at: at(hour) })]),
        ..Proofs::default()
    };
    // By history, and by the entry alone where history is lost.
    for history in [&replaced.history, &AccountHistory::default()] {
        assert_eq!(only(&gone.round(&answer(-3), history, at(10))).0, ChangeKind::Withheld);
        assert_eq!(only(&gone.round(&answer(5), history, at(10))).0, ChangeKind::Retire);
    }
}

#[test]
fn semantics_5_3_what_returns_after_its_retirement_is_reactivated_and_told_as_replaced() {
    let retired = PublishedAsset { state: AssetState::Retired, ..entry_made(-50) };
    let result =
        Estate::seen().items([made(-2)]).records([queue(Lifecycle::Active)]).published([retired]).once();
    assert_eq!(findings(&result), [FindingKind::Replaced]);
    assert_eq!(result.changes[0].after.state, Some(AssetState::Active));
    assert_eq!(stages(&result), (Some("retired"), Some("active")));
}
