//! What was not seen is never absent, whatever the ledger leaves out.

use super::support::*;
use crate::account::AccountState;
use crate::asset::AssetState;
use crate::asset_record::{AssetRecord, Lifecycle};
use crate::attribute;
use crate::change_set::{ChangeKind, WithheldReason};
use crate::configuration_item::CollectionPath;
use crate::coverage::{CoverageLine, Reason};
use crate::finding::FindingKind;
use crate::history::AccountHistory;

fn never_retires(estate: &Estate) {
    for day in 0..6 {
        let result = estate.daily(day);
        assert!(!kinds(&result).contains(&ChangeKind::Retire), "day {day}: {}", render(&result));
        assert!(!findings(&result).contains(&FindingKind::Absent), "day {day}: {}", render(&result));
    }
}

#[test]
fn semantics_2_6_absent_assets_retire_after_two_looks_and_two_days_and_not_before() {
    let estate = Estate::seen().published([entry_of("eu", QUEUE, "q")]);
    let reasons: Vec<_> =
        (0..4).map(|day| estate.daily(day).changes.first().map(|c| (c.kind, c.reason))).collect();
    let grace = Some((ChangeKind::Withheld, Some(WithheldReason::Grace)));
    let retire = Some((ChangeKind::Retire, None));
    assert_eq!(reasons, [grace, grace, retire, retire]);
}

#[test]
fn semantics_2_6_runs_repeated_within_the_hour_are_one_look() {
    let estate = Estate::seen().published([entry_of("eu", QUEUE, "q")]);
    let mut history = AccountHistory::default();
    for run in 0..5 {
        let result = estate.run(&history, at(0).checked_add(jiff::SignedDuration::from_mins(run)).unwrap());
        history = result.history;
    }
    let result = estate.run(&history, at(1));
    assert_eq!(result.history.assets.values().map(|asset| asset.looks).collect::<Vec<_>>(), [1]);
    assert_eq!(kinds(&result), [ChangeKind::Withheld]);
}

#[test]
fn semantics_2_6_an_incomplete_look_neither_advances_nor_resets() {
    let absent = Estate::seen().published([entry_of("eu", QUEUE, "q")]);
    let blind = absent.clone().lines([gap("eu", Some(QUEUE), Reason::Throttled)]);
    let first = absent.run(&AccountHistory::default(), at(0));
    let second = blind.run(&first.history, at(24));
    assert_eq!(second.history.assets, first.history.assets);
    let third = absent.run(&second.history, at(48));
    assert_eq!(kinds(&third), [ChangeKind::Retire]);
}

#[test]
fn semantics_2_6_a_sighting_resets_the_looks() {
    let absent = Estate::seen().published([entry_of("eu", QUEUE, "q")]);
    let live = absent.clone().items([item("eu", QUEUE, "q")]);
    let seen = live.run(&absent.daily(1).history, at(36));
    assert_eq!(seen.history.assets.values().map(|asset| asset.looks).collect::<Vec<_>>(), [0]);
    assert_eq!(kinds(&absent.run(&seen.history, at(48))), [ChangeKind::Withheld]);
    assert_eq!(kinds(&absent.run(&seen.history, at(480))), [ChangeKind::Withheld]);
}

#[test]
fn semantics_2_6_a_sighting_that_proves_nothing_resets_as_well() {
    let absent = Estate::seen().published([entry_of("eu", QUEUE, "q")]);
    let stopped = gap("eu", Some(QUEUE), Reason::RecorderStopped);
    let old_row = absent.clone().items([item("eu", QUEUE, "q")]).lines([stopped]);
    let sighted = old_row.run(&absent.daily(1).history, at(36));
    assert_eq!(sighted.history.assets.values().map(|asset| asset.looks).collect::<Vec<_>>(), [0]);
    assert_eq!(kinds(&absent.run(&sighted.history, at(48))), [ChangeKind::Withheld]);
}

#[test]
fn semantics_2_6_lost_history_only_delays() {
    let estate = Estate::seen().records([by_id("a", Some("eu"), QUEUE, "q")]);
    let estate = estate.published([entry_of("eu", QUEUE, "q")]);
    assert_eq!(kinds(&estate.daily(2)), [ChangeKind::Retire]);
    assert_eq!(kinds(&estate.run(&AccountHistory::default(), at(48))), [ChangeKind::Withheld]);
}

#[test]
fn semantics_2_2_an_entry_without_type_is_never_retired() {
    let daily = CoverageLine { daily: true, ..complete("eu", Some(QUEUE)) };
    let key = arn_key(&arn("eu", QUEUE, "q"));
    let short = |lines: Vec<CoverageLine>| {
        let estate = Estate::seen().lines(lines);
        let estate = estate.published([entry(key, &[(attribute::ARN, &arn("eu", QUEUE, "q"))])]);
        let mut rules = rules();
        rules.retire.after_hours = 1;
        rules.retire.after_runs = 1;
        rules.retire.min_look_interval_hours = 0;
        let inventory = crate::inventory::AccountInventory {
            account_id: account(),
            state: AccountState::Active,
            items: vec![],
            coverage: crate::coverage::AccountCoverage::new(estate.lines.clone()),
        };
        let input = crate::reconciliation::AccountInput {
            inventory: &inventory,
            records: &[],
            rejected: &[],
            published: &estate.published,
            memory: &Default::default(),
            proofs: &crate::proof::Proofs::default(),
        };
        let first = crate::reconciliation::reconcile(&input, &rules, &AccountHistory::default(), at(0));
        kinds(&crate::reconciliation::reconcile(&input, &rules, &first.history, at(2)))
    };
    assert_eq!(short(vec![]), [ChangeKind::Withheld]);
    assert_eq!(short(vec![daily]), [ChangeKind::Withheld]);
}

#[test]
fn semantics_2_1_what_a_type_line_calls_incomplete_never_retires() {
    for reason in [Reason::TypeNeverSeen, Reason::Collapsed, Reason::CountMismatch, Reason::RecorderWarming] {
        let estate = Estate::seen().lines([gap("eu", Some(QUEUE), reason)]);
        never_retires(&estate.clone().published([entry_of("eu", QUEUE, "q")]));
        never_retires(
            &estate.records([by_id("a", None, QUEUE, "q")]).published([entry_of("eu", QUEUE, "q")]),
        );
    }
}

#[test]
fn semantics_2_2_a_record_without_region_needs_every_region() {
    let estate = Estate::seen().lines([gap("us", Some(QUEUE), Reason::Throttled)]);
    never_retires(&estate.clone().records([by_id("a", None, QUEUE, "q")]));
    let here = estate.records([by_id("a", Some("eu"), QUEUE, "q")]).once();
    assert_reads(&here, "a: absent: withheld(not_live)");
}

#[test]
fn semantics_2_2_a_region_of_which_only_a_type_is_known_belongs_to_the_account() {
    let estate = Estate::seen().lines([gap("ap", Some(QUEUE), Reason::Throttled)]);
    never_retires(&estate.records([by_id("a", None, QUEUE, "q")]));
}

#[test]
fn semantics_2_2_an_account_that_was_not_read_as_a_whole_is_complete_nowhere_unnamed() {
    let whole = CoverageLine::incomplete(account(), None, None, Reason::Throttled, "");
    let estate = Estate::seen().lines([whole]);
    never_retires(&estate.clone().records([by_id("a", None, QUEUE, "q")]));
    never_retires(&estate.records([bare("a")]));
}

#[test]
fn semantics_2_2_an_unknown_type_counts_global_scopes_too() {
    let estate = Estate::seen().lines([gap("global", Some(ROLE), Reason::TypeNotRecorded)]);
    let role = arn("global", ROLE, "admin");
    never_retires(&estate.clone().records([by_arn("a", &role)]));
    never_retires(&estate.published([entry(arn_key(&role), &[(attribute::ARN, &role)])]));
}

#[test]
fn semantics_2_2_an_unknown_type_in_a_region_without_default_line_was_not_asked() {
    let mut estate = Estate::seen();
    estate.lines = vec![complete("eu", Some(QUEUE))];
    let other = AssetRecord { region: Some("eu".into()), ..bare("a") };
    never_retires(&estate.records([other, by_arn("b", "arn:aws:sqs:eu:111122223333:gone")]));
}

#[test]
fn semantics_2_2_global_is_no_region_that_can_be_complete_by_itself() {
    let estate = Estate::seen().lines([gap("eu", Some(BUCKET), Reason::Throttled)]);
    never_retires(&estate.records([AssetRecord { region: Some("global".into()), ..bare("a") }]));
}

#[test]
fn semantics_2_2_an_arn_of_another_account_could_only_be_found_there() {
    let elsewhere = arn_in(&other_account(), "eu", QUEUE, "q");
    let estate = Estate::seen();
    never_retires(&estate.clone().records([by_arn("a", &elsewhere)]));
    never_retires(&estate.published([entry(arn_key(&elsewhere), &[(attribute::ARN, &elsewhere)])]));
}

#[test]
fn semantics_2_5_what_was_never_seen_stays_while_a_record_vouches_for_it() {
    let mut unseen = entry_of("eu", QUEUE, "q");
    unseen.attributes.insert(attribute::VERIFICATION.into(), "unverified".into());
    let vouched = Estate::seen().records([by_id("a", Some("eu"), QUEUE, "q")]).published([unseen.clone()]);
    let change = vouched.daily(5).changes.remove(0);
    assert_eq!((change.kind, change.reason), (ChangeKind::Withheld, Some(WithheldReason::NeverSeen)));

    assert_eq!(kinds(&Estate::seen().published([unseen.clone()]).daily(5)), [ChangeKind::Retire]);
    let retired = AssetRecord { lifecycle: Lifecycle::Retired, ..by_id("a", Some("eu"), QUEUE, "q") };
    let let_go = Estate::seen().records([retired]).published([unseen.clone()]);
    assert_eq!(kinds(&let_go.daily(5)), [ChangeKind::Retire]);

    // What history knows is as good as the mark.
    let live = vouched.clone().items([item("eu", QUEUE, "q")]).run(&AccountHistory::default(), at(0));
    let mut history = live.history;
    for day in 1..=3 {
        history = vouched.run(&history, at(day * 24)).history;
    }
    assert_eq!(kinds(&vouched.run(&history, at(96))), [ChangeKind::Retire]);
}

#[test]
fn semantics_2_5_a_row_that_makes_no_sense_still_vouches_for_what_was_never_seen() {
    let mut unseen = entry_of("eu", QUEUE, "q");
    unseen.attributes.insert(attribute::VERIFICATION.into(), "unverified".into());
    unseen.attributes.insert(attribute::ASSET_ID.into(), "a".into());
    let mut rules = rules();
    rules.stray_rows.add(Some(&"a".into()));
    let inventory = crate::inventory::AccountInventory {
        account_id: account(),
        state: AccountState::Active,
        items: vec![],
        coverage: crate::coverage::AccountCoverage::new(all_seen()),
    };
    let input = crate::reconciliation::AccountInput {
        inventory: &inventory,
        records: &[],
        rejected: &[],
        published: &[unseen],
        memory: &Default::default(),
        proofs: &crate::proof::Proofs::default(),
    };
    let mut history = AccountHistory::default();
    for day in 0..5 {
        history = crate::reconciliation::reconcile(&input, &rules, &history, at(day * 24)).history;
    }
    let change = crate::reconciliation::reconcile(&input, &rules, &history, at(120)).changes.remove(0);
    assert_eq!((change.kind, change.reason), (ChangeKind::Withheld, Some(WithheldReason::NeverSeen)));
}

#[test]
fn semantics_2_7_a_global_type_is_judged_by_its_own_scope_only() {
    let entry = || entry_of("global", ROLE, "admin");
    let elsewhere =
        [gap("eu", Some(ROLE), Reason::TypeNotRecorded), gap("us", None, Reason::RecorderStopped)];
    let seen = Estate::seen().lines(elsewhere).published([entry()]);
    assert_eq!(kinds(&seen.daily(2)), [ChangeKind::Retire]);
    never_retires(&seen.lines([gap("global", Some(ROLE), Reason::RecorderUnknown)]));
}

#[test]
fn semantics_2_7_a_global_item_of_an_incomplete_region_is_unverified() {
    let mut role = item("global", ROLE, "admin");
    role.recorded_in = Some("us".into());
    let estate = Estate::seen().items([role]);
    assert_reads(
        &estate.once(),
        "global/AWS::IAM::Role/admin: unregistered: create registration=unregistered verification=live",
    );
    let stopped = estate.lines([gap("us", None, Reason::RecorderStopped)]);
    assert_reads(&stopped.once(), "global/AWS::IAM::Role/admin: unverified: withheld(unverified)");
}

#[test]
fn semantics_2_8_a_region_left_out_is_not_absent() {
    for reason in [Reason::NotRequested, Reason::RegionDenied, Reason::RegionDisabled] {
        let mut estate = Estate::seen();
        estate.lines.retain(|line| line.region != Some("us".into()));
        let estate = estate.lines([gap("us", None, reason)]);
        never_retires(&estate.clone().published([entry_of("us", QUEUE, "q")]));
        never_retires(&estate.records([by_id("a", Some("us"), QUEUE, "q")]));
    }
}

#[test]
fn semantics_2_9_a_sighting_in_an_incomplete_scope_touches_nothing_technical() {
    let mut old = item("eu", QUEUE, "q");
    old.attributes.insert("configuration.x".into(), "old".into());
    let mut record = by_id("a", Some("eu"), QUEUE, "q");
    record.attributes.insert("owner".into(), "netz".into());
    record.attributes.insert("configuration.x".into(), "new".into());
    let mut before = entry_of("eu", QUEUE, "q");
    // Nothing but the place where it was seen would set this.
    before.account_id = None;
    let estate = Estate::seen().items([old]).lines([gap("eu", Some(QUEUE), Reason::RecorderStopped)]);
    let result = estate.records([record]).published([before]).once();
    assert_reads(&result, "a + eu/AWS::SQS::Queue/q + entry: unverified: update asset_id=a owner=netz");
    assert_eq!(result.changes[0].after.account_id, None);
    assert_eq!(result.changes[0].after.state, None);
}

#[test]
fn semantics_2_9_a_row_in_an_incomplete_scope_causes_nothing_whatever_the_reason() {
    for reason in Reason::ALL {
        let dark = |estate: Estate| estate.lines([gap("eu", Some(QUEUE), reason)]);
        let live = || Estate::seen().items([item("eu", QUEUE, "q")]);
        let unpublished = "eu/AWS::SQS::Queue/q: unverified: withheld(unverified)";
        assert_reads(&dark(live()).once(), unpublished);
        never_retires(&dark(live().published([entry_of("eu", QUEUE, "q"), entry_of("eu", QUEUE, "gone")])));
    }
}

#[test]
fn semantics_2_11_the_aggregators_rows_are_believed_as_far_as_their_scope() {
    let mut row = item("eu", QUEUE, "q");
    row.path = CollectionPath::Aggregator;
    let estate = Estate::seen().items([row]);
    assert_eq!(kinds(&estate.once()), [ChangeKind::Create]);
    for reason in [Reason::RecorderUnknown, Reason::Stale] {
        let dark = estate.clone().lines([gap("eu", Some(QUEUE), reason)]);
        assert_eq!(kinds(&dark.once()), [ChangeKind::Withheld]);
        never_retires(&dark.published([entry_of("eu", QUEUE, "gone")]));
    }
}

#[test]
fn semantics_2_9_a_retired_entry_is_not_reactivated_by_old_rows() {
    let mut gone = entry_of("eu", QUEUE, "q");
    gone.state = AssetState::Retired;
    let estate = Estate::seen().items([item("eu", QUEUE, "q")]).published([gone]);
    assert_eq!(estate.once().changes[0].after.state, Some(AssetState::Active));
    let stopped = estate.lines([gap("eu", Some(QUEUE), Reason::RecorderStopped)]);
    assert_reads(&stopped.once(), "eu/AWS::SQS::Queue/q + entry: -: -");
}

#[test]
fn promise_3_a_name_that_only_aws_knows_is_not_cleared_while_nobody_looks() {
    let mut live = item("eu", QUEUE, "q");
    live.resource_name = Some("fahrplan".into());
    let mut record = by_id("a", Some("eu"), QUEUE, "q");
    record.attributes.insert("name".into(), serde_json::Value::Null);
    let estate = Estate::seen().items([live]).records([record]);
    let mut register = Vec::new();
    apply(&mut register, &estate.once().changes);
    let blind = estate.published(register).lines([gap("eu", Some(QUEUE), Reason::Throttled)]);
    assert_eq!(kinds(&blind.once()), [ChangeKind::Unchanged]);
    let mut unseen = blind;
    unseen.items.clear();
    assert_eq!(kinds(&unseen.once()), [ChangeKind::Unchanged]);
}

#[test]
fn semantics_2_10_a_sighting_anywhere_in_the_account_vetoes() {
    // The same type and id in another region.
    let mut moved = item("us", QUEUE, "q");
    moved.arn = None;
    let estate = Estate::seen().items([moved]).published([entry_of("eu", QUEUE, "q")]);
    never_retires(&estate.clone().records([by_id("a", Some("eu"), QUEUE, "q")]));
    never_retires(&estate);
    // The same id, where the record says no type.
    let untyped = AssetRecord { resource_id: Some("q".into()), region: Some("eu".into()), ..bare("a") };
    never_retires(&Estate::seen().items([item("eu", QUEUE, "q")]).records([untyped]));
    // A row of AWS Config without ARN, where the record says nothing but the ARN.
    let mut nameless = item("eu", QUEUE, "q");
    nameless.arn = None;
    never_retires(&Estate::seen().items([nameless]).records([by_arn("a", &arn("eu", QUEUE, "q"))]));
}

#[test]
fn semantics_2_10_a_record_of_something_seen_elsewhere_makes_no_second_entry() {
    let estate = Estate::seen().items([item("us", QUEUE, "q")]).records([by_id("a", Some("eu"), QUEUE, "q")]);
    assert_reads(
        &estate.once(),
        "a: misplaced: withheld(misplaced)
        us/AWS::SQS::Queue/q: unregistered: create registration=unregistered verification=live",
    );
}

#[test]
fn semantics_2_12_an_inactive_account_retires_nothing_whatever_its_ledger_says() {
    for state in [AccountState::Inactive, AccountState::Unknown] {
        let mut estate = Estate::seen().published([entry_of("eu", QUEUE, "q")]);
        estate.state = state;
        never_retires(&estate);
        let live = estate.items([item("eu", QUEUE, "q"), item("eu", QUEUE, "new")]);
        assert!(!kinds(&live.once()).iter().any(|kind| kind.is_sent()), "{}", render(&live.once()));
    }
}

#[test]
fn semantics_2_12_an_inactive_account_is_withheld_with_its_reason() {
    let mut estate = Estate::seen().published([entry_of("eu", QUEUE, "q")]);
    estate.state = AccountState::Inactive;
    estate.lines = vec![CoverageLine::incomplete(account(), None, None, Reason::AccountInactive, "")];
    assert_reads(&estate.once(), "entry: unverified: withheld(account_inactive)");
}
