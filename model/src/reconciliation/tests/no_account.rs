//! Rows without account and rows that are no AWS resources.

use super::support::*;
use crate::asset::{AssetState, PublishedAsset};
use crate::asset_record::AssetRecord;
use crate::attribute;
use crate::change_set::{ChangeKind, WithheldReason};
use crate::coverage::{Coverage, Reason};
use crate::finding::FindingKind;
use crate::history::AccountHistory;
use crate::reconciliation::{
    AccountReconciliation, Rules, StrayRows, UnplacedRecord, reconcile_not_aws, reconcile_unplaced,
};

const DARK: Coverage = Coverage::Incomplete(Reason::RoleDenied);

fn unplaced(record: AssetRecord, sighted: bool) -> UnplacedRecord {
    UnplacedRecord {
        record: AssetRecord { account_id: None, ..record },
        sighted,
        claimed_in: std::collections::BTreeSet::new(),
    }
}

fn once(
    records: &[UnplacedRecord],
    published: &[PublishedAsset],
    coverage: Coverage,
) -> AccountReconciliation {
    reconcile_unplaced(
        records,
        published,
        &Default::default(),
        coverage,
        &rules(),
        &AccountHistory::default(),
        at(0),
    )
}

fn row(row_key: &str) -> AssetRecord {
    AssetRecord { aws: false, ..bare(row_key) }
}

fn rows_on_day(
    records: &[AssetRecord],
    published: &[PublishedAsset],
    history: &AccountHistory,
    day: i64,
) -> AccountReconciliation {
    reconcile_not_aws(records, published, &Default::default(), &rules(), history, at(day * 24))
}

#[test]
fn semantics_2_14_a_row_without_account_is_unverified_while_anything_is_dark() {
    for record in [by_arn("a", "arn:aws:s3:::b"), by_id("a", None, QUEUE, "q")] {
        let result = once(&[unplaced(record.clone(), false)], &[], DARK);
        assert_eq!(findings(&result), [FindingKind::Unverified]);
        assert_eq!(kinds(&result), [ChangeKind::Create]);
        let mut register = Vec::new();
        apply(&mut register, &result.changes);
        let again = once(&[unplaced(record.clone(), false)], &register, DARK);
        assert_eq!(kinds(&again), [ChangeKind::Unchanged]);

        let seen = once(&[unplaced(record.clone(), false)], &[], Coverage::Complete);
        assert_reads(&seen, "a: absent: withheld(not_live)");
        let sighted = once(&[unplaced(record, true)], &[], Coverage::Complete);
        assert_reads(&sighted, "a: unverified: withheld(unverified)");
    }
}

#[test]
fn semantics_2_14_a_row_claimed_in_two_accounts_is_a_duplicate() {
    let mut record = unplaced(by_id("a", None, QUEUE, "q"), true);
    record.claimed_in = [account(), other_account()].into();
    assert_reads(&once(&[record], &[], Coverage::Complete), "a: duplicate: withheld(ambiguous)");
}

#[test]
fn an_unplaced_finding_keeps_its_first_date_while_the_estate_is_partly_dark() {
    let record = [unplaced(by_arn("a", "arn:aws:s3:::b"), false)];
    let absent = once(&record, &[], Coverage::Complete);
    let run = |history: &AccountHistory, coverage, day: i64| {
        reconcile_unplaced(&record, &[], &Default::default(), coverage, &rules(), history, at(day * 24))
    };
    let dark = run(&absent.history, DARK, 1);
    assert_eq!(run(&dark.history, Coverage::Complete, 2).findings[0].since, Some(at(0)));
}

#[test]
fn semantics_1_rows_that_are_no_aws_resources_pass_through() {
    let mut record = row("a");
    record.attributes.insert("owner".into(), "netz".into());
    let first = rows_on_day(&[record.clone()], &[], &AccountHistory::default(), 0);
    assert_reads(&first, "a: -: create asset_id=a owner=netz registration=registered");
    let mut register = Vec::new();
    apply(&mut register, &first.changes);
    assert_eq!(kinds(&rows_on_day(&[record.clone()], &register, &first.history, 0)), [ChangeKind::Unchanged]);
    record.attributes.insert("owner".into(), serde_json::Value::Null);
    let cleared = rows_on_day(&[record], &register, &first.history, 1);
    assert_reads(&cleared, "a + entry: -: update owner=null");
}

#[test]
fn semantics_1_a_row_that_is_gone_retires_its_entry_after_the_grace() {
    let mut register = Vec::new();
    apply(&mut register, &rows_on_day(&[row("a")], &[], &AccountHistory::default(), 0).changes);
    let mut history = AccountHistory::default();
    let mut reasons = Vec::new();
    for day in 0..3 {
        let result = rows_on_day(&[], &register, &history, day);
        reasons.push(result.changes.first().map(|change| (change.kind, change.reason)));
        history = result.history;
    }
    let grace = Some((ChangeKind::Withheld, Some(WithheldReason::Grace)));
    assert_eq!(reasons, [grace, grace, Some((ChangeKind::Retire, None))]);
    // The row is back: everything begins anew.
    let back = rows_on_day(&[row("a")], &register, &history, 3);
    assert_eq!(kinds(&rows_on_day(&[], &register, &back.history, 4)), [ChangeKind::Withheld]);
    // And it makes a retired entry active again.
    register[0].state = AssetState::Retired;
    let again = rows_on_day(&[row("a")], &register, &back.history, 5);
    assert_eq!(again.changes[0].after.state, Some(AssetState::Active));
}

#[test]
fn a_row_that_is_no_aws_resource_belongs_to_no_account_whatever_its_cell_says() {
    let record = AssetRecord { account_id: Some(account()), ..row("a") };
    let result = rows_on_day(&[record], &[], &AccountHistory::default(), 0);
    assert_eq!(result.changes[0].after.account_id, None);
    assert!(!result.changes[0].after.attributes.contains_key(attribute::VERIFICATION));
}

#[test]
fn two_rows_with_one_id_are_a_duplicate() {
    let result = rows_on_day(&[row("a"), row("a")], &[], &AccountHistory::default(), 0);
    assert_reads(&result, "a a: duplicate: withheld(ambiguous)");
}

#[test]
fn semantics_2_13_a_row_that_makes_no_sense_any_more_is_not_gone() {
    let mut register = Vec::new();
    let named = AssetRecord { asset_id: Some("a".into()), ..row("a") };
    apply(&mut register, &rows_on_day(&[named], &[], &AccountHistory::default(), 0).changes);
    let retires_with = |stray_rows: &StrayRows| {
        let rules = Rules { stray_rows: stray_rows.clone(), ..rules() };
        let mut history = AccountHistory::default();
        for day in 1..5 {
            history = reconcile_not_aws(&[], &register, &Default::default(), &rules, &history, at(day * 24))
                .history;
        }
        kinds(&reconcile_not_aws(&[], &register, &Default::default(), &rules, &history, at(5 * 24)))
    };
    let mut stray = StrayRows::default();
    stray.add(Some(&"b".into()));
    assert_eq!(retires_with(&stray), [ChangeKind::Retire]);
    stray.add(Some(&"a".into()));
    assert_eq!(retires_with(&stray), [ChangeKind::Withheld]);
    // A row whose own key cannot be read may be any.
    let mut nameless = StrayRows::default();
    nameless.add(None);
    assert_eq!(retires_with(&nameless), [ChangeKind::Withheld]);
}
