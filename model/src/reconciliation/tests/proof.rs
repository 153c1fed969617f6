//! Before a retirement somebody is asked.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::json;

use super::support::*;
use crate::account::AccountState;
use crate::asset::{AssetKey, AssetState, PublishedAsset};
use crate::asset_record::{AssetRecord, Lifecycle};
use crate::attribute;
use crate::change_set::{Change, ChangeKind, Ground, WithheldReason};
use crate::coverage::{CoverageLine, Reason};
use crate::finding::FindingKind;
use crate::history::{AccountHistory, AssetHistory};
use crate::proof::{Answer, Proofs};
use crate::reconciliation::AccountReconciliation;

pub(super) const INSTANCE: &str = "AWS::EC2::Instance";
pub(super) const ID: &str = "i-0abc1234def567890";

/// An entry of something that was once live, and is not any more.
pub(super) fn gone() -> Estate {
    Estate::seen().published([entry_of("eu", QUEUE, "q")])
}

pub(super) fn key() -> AssetKey {
    arn_key(&arn("eu", QUEUE, "q"))
}

fn proofs(answer: Answer) -> Proofs {
    Proofs { answers: BTreeMap::from([(key(), answer)]), ..Proofs::default() }
}

pub(super) fn deleted(at: Timestamp) -> Proofs {
    proofs(Answer::Deleted { at })
}

/// It was last seen a day before anything here happens.
fn history() -> AccountHistory {
    let seen =
        AssetHistory { last_seen: Some(at(-24)), first_seen: Some(at(-48)), ..AssetHistory::default() };
    AccountHistory { assets: BTreeMap::from([(key(), seen)]), ..AccountHistory::default() }
}

/// Looks long past: every absence is patient enough.
pub(super) fn patient() -> AccountHistory {
    let mut history = history();
    for asset in history.assets.values_mut() {
        (asset.looks, asset.absent_since, asset.last_look) = (5, Some(at(-20)), Some(at(-20)));
    }
    history
}

/// What became of an entry, why not, and what it rests on.
pub(super) type Verdict = (ChangeKind, Option<WithheldReason>, Option<Ground>);

pub(super) fn verdict(change: &Change) -> Verdict {
    (change.kind, change.reason, change.ground)
}

pub(super) fn only(result: &AccountReconciliation) -> Verdict {
    let [change] = result.changes.as_slice() else { panic!("{}", render(result)) };
    verdict(change)
}

pub(super) const RETIRED_PATIENTLY: Verdict = (ChangeKind::Retire, None, Some(Ground::Patience));

pub(super) fn withheld(reason: WithheldReason) -> Verdict {
    (ChangeKind::Withheld, Some(reason), None)
}

fn retired_on_proof(at: Timestamp) -> Verdict {
    (ChangeKind::Retire, None, Some(Ground::Deletion { at }))
}

#[test]
fn semantics_2_4_what_is_missing_is_asked_for_by_its_id() {
    let result = gone().round(&Proofs::default(), &history(), at(0));
    let [missing] = result.missing.as_slice() else { panic!("{:?}", result.missing) };
    let question = missing.question.clone().unwrap();
    assert_eq!((question.asset_key, question.region.as_str()), (key(), "eu"));
    assert_eq!((question.resource_type.as_str(), question.resource_id.as_str()), (QUEUE, "q"));
    // A global type is asked for where it is.
    let role = Estate::seen().published([entry_of("global", ROLE, "admin")]).once();
    assert_eq!(role.missing[0].question.as_ref().unwrap().region.as_str(), "global");
}

#[test]
fn semantics_2_4_nobody_is_asked_for_what_is_not_missing() {
    let asks = |estate: &Estate| {
        let missing = estate.round(&Proofs::default(), &history(), at(0)).missing;
        missing.iter().any(|missing| missing.question.is_some())
    };
    assert!(asks(&gone()));
    assert!(!asks(&gone().items([item("eu", QUEUE, "q")])), "live");
    assert!(!asks(&gone().lines([gap("eu", Some(QUEUE), Reason::RecorderStopped)])), "dark");
    let planned = AssetRecord { lifecycle: Lifecycle::Planned, ..by_id("a", Some("eu"), QUEUE, "q") };
    assert!(!asks(&gone().records([planned])), "not there yet");
    let mut retired = entry_of("eu", QUEUE, "q");
    retired.state = AssetState::Retired;
    assert!(!asks(&Estate::seen().published([retired])), "retired already");
    assert!(!asks(&Estate::seen().records([by_id("a", Some("eu"), QUEUE, "q")])), "never published");
    for state in [AccountState::Unknown, AccountState::Inactive, AccountState::LeftOut] {
        assert!(!asks(&Estate { state, ..gone() }), "{state:?}");
    }
    // A record that says retired still leads to a retirement.
    let let_go = AssetRecord { lifecycle: Lifecycle::Retired, ..by_id("a", Some("eu"), QUEUE, "q") };
    assert!(asks(&gone().records([let_go])));
}

#[test]
fn semantics_2_4_without_an_answer_nothing_is_retired() {
    for proofs in [
        Proofs::default(),
        proofs(Answer::Hinted),
        proofs(Answer::Unanswered { detail: "role_denied".into() }),
    ] {
        let result = gone().round(&proofs, &patient(), at(100));
        assert_eq!(only(&result), withheld(WithheldReason::Unproven));
        assert_eq!(result.changes[0].would_be, Some(ChangeKind::Retire));
        assert_eq!(findings(&result), [FindingKind::Absent]);
        // The look was as complete as any: an answer tomorrow is enough.
        assert_eq!(result.history.assets[&key()].looks, 6);
    }
}

#[test]
fn semantics_2_4_never_heard_of_takes_the_long_way() {
    let answer = || proofs(Answer::NeverHeardOf);
    assert_eq!(only(&gone().round(&answer(), &history(), at(0))), withheld(WithheldReason::Grace));
    assert_eq!(only(&gone().round(&answer(), &patient(), at(100))), RETIRED_PATIENTLY);
}

#[test]
fn semantics_2_4_a_dated_deletion_needs_no_grace_and_goes_into_the_evidence() {
    let result = gone().round(&deleted(at(-2)), &history(), at(0));
    assert_eq!(only(&result), retired_on_proof(at(-2)));
    assert_eq!(findings(&result), [FindingKind::Absent]);
    assert_eq!(result.findings[0].evidence["answer"], "deleted");
    assert_eq!(result.findings[0].evidence["deleted_at"], json!(at(-2)));
    // A record that says the same makes no finding; the change has the proof.
    let retired = AssetRecord { lifecycle: Lifecycle::Retired, ..by_id("a", Some("eu"), QUEUE, "q") };
    let agreed = gone().records([retired]).round(&deleted(at(-2)), &history(), at(0));
    assert_eq!((findings(&agreed), only(&agreed)), (vec![], retired_on_proof(at(-2))));
}

#[test]
fn semantics_2_4_the_deletion_of_an_earlier_namesake_proves_nothing() {
    let run = |entry: PublishedAsset, at_hour, history: &AccountHistory| {
        let estate = Estate::seen().published([entry]);
        let result = estate.round(&deleted(at(at_hour)), history, at(0));
        let evidence = result.findings[0].evidence.get("believed").cloned();
        (only(&result).0 == ChangeKind::Retire, evidence.is_some())
    };
    let made = |hour: i64| {
        let mut made = entry_of("eu", QUEUE, "q");
        made.attributes.insert(attribute::CREATED_AT.into(), at(hour).to_string().into());
        made
    };
    let plain = || entry_of("eu", QUEUE, "q");
    let lost = AccountHistory::default();
    assert_eq!(run(plain(), -25, &history()), (false, true), "before it was last seen");
    assert_eq!(run(plain(), -24, &history()), (true, false));
    assert_eq!(run(plain(), 1, &history()), (false, true), "in the future");
    assert_eq!(run(made(-10), -12, &lost), (false, true), "before it was made");
    assert_eq!(run(made(-10), -8, &lost), (true, false));
    // Of a name of which nothing is known nobody can say which one it was.
    assert_eq!(run(plain(), -2, &lost), (false, true));
}

#[test]
fn semantics_2_4_an_id_that_is_given_once_needs_no_dates_and_one_that_is_shared_is_never_proven() {
    let retires = |kind: &str, id: &str, history: &AccountHistory| {
        let mut entry = entry_of("eu", kind, id);
        entry.asset_key = key();
        let estate = Estate::seen().lines([complete("eu", Some(kind))]).published([entry]);
        only(&estate.round(&deleted(at(-2)), history, at(0))).0 == ChangeKind::Retire
    };
    assert!(retires(INSTANCE, ID, &AccountHistory::default()));
    assert!(!retires("AWS::ECS::TaskDefinition", "web", &history()));
}

#[test]
fn semantics_2_4_a_sighting_vetoes_absence_and_begins_the_grace_anew() {
    let sighted = proofs(Answer::Sighted { by: "config:BatchGetResourceConfig".into() });
    let result = gone().round(&sighted, &patient(), at(100));
    assert_eq!(only(&result), withheld(WithheldReason::Unverified));
    assert_eq!(findings(&result), [FindingKind::Unverified]);
    assert_eq!(result.findings[0].evidence["sighted_by"], "config:BatchGetResourceConfig");
    let after = &result.history.assets[&key()];
    assert_eq!((after.looks, after.last_seen), (0, Some(at(-24))), "a sighting proves nothing live");
}

#[test]
fn semantics_2_4_a_deletion_never_retires_something_live_or_sighted() {
    for lines in [vec![], vec![gap("eu", Some(QUEUE), Reason::CountMismatch)]] {
        let live = gone().items([item("eu", QUEUE, "q")]).lines(lines);
        assert_ne!(only(&live.round(&deleted(at(-2)), &patient(), at(100))).0, ChangeKind::Retire);
    }
}

#[test]
fn semantics_2_5_a_deletion_of_what_was_never_seen_does_not_outweigh_a_record() {
    let mut unseen = entry_of("eu", QUEUE, "q");
    unseen.attributes.insert(attribute::VERIFICATION.into(), "unverified".into());
    unseen.attributes.insert(attribute::CREATED_AT.into(), at(-9).to_string().into());
    let estate = Estate::seen().published([unseen]);
    let vouched = estate.clone().records([by_id("a", Some("eu"), QUEUE, "q")]);
    let run = |estate: &Estate| only(&estate.round(&deleted(at(-2)), &AccountHistory::default(), at(0)));
    assert_eq!(run(&vouched), withheld(WithheldReason::NeverSeen));
    assert_eq!(run(&estate), retired_on_proof(at(-2)));
}

#[test]
fn semantics_2_4_what_cannot_be_asked_for_stays_if_it_was_once_seen() {
    let without_region = |seen: &str| {
        let mut entry = entry_of("eu", QUEUE, "q");
        entry.attributes.remove(attribute::REGION);
        entry.attributes.remove(attribute::ARN);
        entry.attributes.insert(attribute::VERIFICATION.into(), seen.into());
        Estate::seen().published([entry]).daily(5)
    };
    let seen = without_region("live");
    assert_eq!((only(&seen), &seen.missing[0].question), (withheld(WithheldReason::Unproven), &None));
    // It was never more than a row's word, and the row is gone.
    assert_eq!(only(&without_region("unverified")), RETIRED_PATIENTLY);
}

#[test]
fn semantics_2_4_an_id_is_read_out_of_an_arn_where_it_surely_is_the_one() {
    let arn = format!("arn:aws:ec2:eu:111122223333:instance/{ID}");
    let entry = entry(key(), &[(attribute::ARN, &arn), (attribute::RESOURCE_TYPE, INSTANCE)]);
    let estate = Estate::seen().lines([complete("eu", Some(INSTANCE))]).published([entry]);
    let question = estate.once().missing[0].question.clone().unwrap();
    assert_eq!((question.region.as_str(), question.resource_id.as_str()), ("eu", ID));
}

#[test]
fn semantics_2_3_in_a_busy_scope_only_a_proven_deletion_is_an_absence() {
    let busy = gone().lines([gap("eu", Some(QUEUE), Reason::CountMismatch)]);
    let asked = busy.round(&Proofs::default(), &history(), at(0));
    assert!(asked.missing[0].question.is_some());
    for answer in [Answer::NeverHeardOf, Answer::Hinted, Answer::Unanswered { detail: String::new() }] {
        let result = busy.round(&proofs(answer), &patient(), at(100));
        assert_eq!(findings(&result), [FindingKind::Unverified]);
        assert_eq!(only(&result), withheld(WithheldReason::Unverified));
        assert_eq!(result.history.assets, patient().assets, "an incomplete look is none");
    }
    let result = busy.round(&deleted(at(-2)), &history(), at(0));
    assert_eq!((findings(&result), only(&result)), (vec![FindingKind::Absent], retired_on_proof(at(-2))));
    assert_eq!(result.findings[0].evidence["coverage"], "count_mismatch");
    assert_eq!(result.history.assets, history().assets);
    assert_eq!(result.totals.owned_in_complete_scopes, 0);
}

#[test]
fn semantics_2_3_any_other_gap_beside_the_mismatch_keeps_what_was_deleted() {
    let wide = AssetRecord { region: None, ..by_id("a", None, QUEUE, "q") };
    let mut entry = entry_of("eu", QUEUE, "q");
    entry.attributes.insert(attribute::ASSET_ID.into(), "a".into());
    let busy = Estate::seen().records([wide]).published([entry]);
    let busy = busy.lines([gap("eu", Some(QUEUE), Reason::CountMismatch)]);
    assert_eq!(only(&busy.round(&deleted(at(-2)), &history(), at(0))), retired_on_proof(at(-2)));
    let dark = busy.lines([gap("us", Some(QUEUE), Reason::Throttled)]);
    let result = dark.round(&deleted(at(-2)), &history(), at(0));
    assert_eq!((findings(&result), result.missing.len()), (vec![FindingKind::Unverified], 0));
}

#[test]
fn semantics_2_6_daily_recording_counts_where_the_asset_is() {
    let hasty = |line: CoverageLine| {
        let mut rules = rules();
        (rules.retire.after_hours, rules.retire.after_runs) = (1, 1);
        let inventory = crate::inventory::AccountInventory {
            account_id: account(),
            state: AccountState::Active,
            items: vec![],
            coverage: crate::coverage::AccountCoverage::new(all_seen().into_iter().chain([line])),
        };
        let input = crate::reconciliation::AccountInput {
            inventory: &inventory,
            records: &[],
            rejected: &[],
            published: &gone().published,
            memory: &Default::default(),
            proofs: &proofs(Answer::NeverHeardOf),
        };
        let history = crate::reconciliation::reconcile(&input, &rules, &history(), at(0)).history;
        only(&crate::reconciliation::reconcile(&input, &rules, &history, at(2))).0
    };
    let daily = |region, kind| CoverageLine { daily: true, ..complete(region, kind) };
    assert_eq!(hasty(daily("eu", Some(QUEUE))), ChangeKind::Withheld);
    for line in [daily("us", Some(QUEUE)), daily("eu", Some(BUCKET)), daily("us", None)] {
        assert_eq!(hasty(line), ChangeKind::Retire);
    }
}
