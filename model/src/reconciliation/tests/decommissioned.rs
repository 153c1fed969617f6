//! What a person names as gone is gone, patiently; what was left out was not asked.

use std::collections::BTreeMap;

use super::proof::*;
use super::support::*;
use crate::account::AccountState;
use crate::change_set::{ChangeKind, Ground, WithheldReason};
use crate::coverage::{CoverageLine, Reason};
use crate::finding::FindingKind;
use crate::proof::{Elsewhere, Proofs};

fn decommissioned() -> Estate {
    let line = CoverageLine::incomplete(account(), None, None, Reason::AccountInactive, "");
    Estate { state: AccountState::Decommissioned, lines: vec![line], ..gone() }
}

#[test]
fn semantics_2_12_a_decommissioned_account_is_empty_and_its_assets_go_after_the_grace() {
    let verdicts: Vec<_> = (0..3).map(|day| only(&decommissioned().daily(day))).collect();
    let grace = withheld(WithheldReason::Grace);
    let word = Some(Ground::Decommissioned);
    assert_eq!(verdicts, [grace, grace, (ChangeKind::Retire, None, word)]);
    let result = decommissioned().daily(2);
    assert_eq!(findings(&result), [FindingKind::Absent]);
    assert_eq!(result.findings[0].evidence["decommissioned"], true);
    assert!(result.totals.decommissioned);
    assert_eq!(result.totals.owned_in_complete_scopes, 1);
    // Also what names no place at all: the whole account is gone.
    let nameless = Estate { published: vec![entry(key(), &[])], ..decommissioned() };
    assert_eq!(only(&nameless.daily(2)), (ChangeKind::Retire, None, word));
}

#[test]
fn semantics_2_12_nobody_is_asked_about_a_decommissioned_account_but_a_sighting_elsewhere_vetoes() {
    let first = decommissioned().once();
    let [missing] = first.missing.as_slice() else { panic!("{:?}", first.missing) };
    assert!(missing.question.is_none() && missing.arn.is_some());
    let there = Elsewhere { doubtful: false, account_id: other_account(), region: "eu".into() };
    let seen = Proofs { elsewhere: BTreeMap::from([(key(), there)]), ..Proofs::default() };
    let result = decommissioned().round(&seen, &patient(), at(100));
    assert_eq!(only(&result), withheld(WithheldReason::Misplaced));
    // What still turns up in the account itself contradicts the word.
    let live = Estate { lines: all_seen(), ..decommissioned() }.items([item("eu", QUEUE, "q")]);
    assert_eq!(only(&live.run(&patient(), at(100))), withheld(WithheldReason::Unverified));
    let new = Estate { published: vec![], ..live };
    assert!(!new.once().changes[0].kind.is_sent());
}

#[test]
fn semantics_2_12_an_account_that_was_left_out_is_like_one_that_was_not_asked() {
    let line = CoverageLine::incomplete(account(), None, None, Reason::NotRequested, "");
    let left_out = Estate { state: AccountState::LeftOut, lines: vec![line], ..gone() };
    assert_eq!(only(&left_out.run(&patient(), at(100))), withheld(WithheldReason::Unverified));
    assert_eq!(left_out.run(&patient(), at(100)).history.assets, patient().assets);
}
