use bestand_sandbox::labelled::ExpectedFinding;
use serde_json::{Map, json};

use super::*;

const ARN: &str = "arn:aws:s3:::fahrplan";

fn truth(kinds: &[&'static str], state: Option<EntryState>) -> DayTruth {
    DayTruth {
        dark: Vec::new(),
        findings: kinds
            .iter()
            .map(|kind| ExpectedFinding { kind, subject: ARN.into(), attribute: None, case: "vanished" })
            .collect(),
        entries: vec![ExpectedEntry {
            case: "vanished",
            names: vec![ARN.into(), "ITK-1".into()],
            state,
            says: BTreeMap::from([("owner", json!("Team Daten"))]),
        }],
    }
}

fn finding(kind: &str) -> Finding {
    let text = json!({"finding_id": "f", "kind": kind, "severity": "high", "arn": ARN});
    serde_json::from_value(text).unwrap()
}

fn entry(key: &str, state: EntryState) -> Entry {
    let attributes = json!({"arn": ARN, "owner": "Team Daten"});
    let attributes: Map<String, Value> = serde_json::from_value(attributes).unwrap();
    Entry { asset_key: key.into(), state, attributes }
}

/// Compares days one after the other.
fn compared(days: &[(&DayTruth, &[Finding], &[Entry])]) -> Tally {
    let mut comparison = Comparison::new(7);
    for (day, (truth, findings, entries)) in days.iter().enumerate() {
        comparison.day(day, truth, findings, entries);
    }
    comparison.tally
}

#[test]
fn what_is_as_it_must_be_is_right() {
    let truth = truth(&["absent"], Some(EntryState::Active));
    let tally = compared(&[(&truth, &[finding("absent")], &[entry("a", EntryState::Active)])]);
    assert!(tally.is_right(), "{:?}", tally.mismatches);
    let counts = tally.findings[&FindingKind::Absent];
    assert_eq!((counts.expected, counts.found, counts.right), (1, 1, 1));
    assert!(counts.precision() >= 1.0 && counts.recall() >= 1.0);
}

#[test]
fn a_finding_too_many_costs_precision_and_one_too_few_costs_recall() {
    let truth = truth(&["absent"], Some(EntryState::Active));
    let there = [entry("a", EntryState::Active)];
    let tally = compared(&[(&truth, &[finding("unverified")], &there)]);
    assert!(tally.findings[&FindingKind::Absent].recall() < 1.0);
    assert!(tally.findings[&FindingKind::Unverified].precision() < 1.0);
    assert!(!tally.is_right());
    assert!(tally.mismatches.iter().all(|of| (of.seed, of.day, of.case.as_str()) == (7, 0, "vanished")));
    let tally = compared(&[(&truth, &[finding("absent"), finding("absent")], &there)]);
    assert!(tally.findings[&FindingKind::Absent].precision() < 1.0, "the same finding twice is one too many");
}

#[test]
fn a_retirement_that_is_not_due_is_a_wrong_retire_and_one_that_is_due_and_not_made_is_missed() {
    let (active, retired) = (truth(&[], Some(EntryState::Active)), truth(&[], Some(EntryState::Retired)));
    let tally = compared(&[(&active, &[], &[entry("a", EntryState::Retired)])]);
    assert_eq!((tally.entries.wrong_retires, tally.mismatches.len()), (1, 1));
    let still = [entry("a", EntryState::Active)];
    let tally = compared(&[(&active, &[], &still), (&retired, &[], &still)]);
    assert_eq!((tally.entries.retirements, tally.entries.missed_retires), (1, 1));
}

#[test]
fn what_lives_again_must_be_active_again_under_its_own_key() {
    let (active, retired) = (truth(&[], Some(EntryState::Active)), truth(&[], Some(EntryState::Retired)));
    let gone = [entry("a", EntryState::Retired)];
    let tally = compared(&[(&retired, &[], &gone), (&active, &[], &gone)]);
    assert_eq!((tally.entries.reactivations, tally.entries.lost_reactivations), (1, 1));
    let anew = [entry("b", EntryState::Active)];
    let tally = compared(&[(&retired, &[], &gone), (&active, &[], &anew)]);
    assert_eq!((tally.entries.reactivations, tally.entries.wrong_creates), (1, 1));
    let both = [entry("a", EntryState::Active), entry("b", EntryState::Active)];
    let tally = compared(&[(&retired, &[], &gone), (&active, &[], &both)]);
    assert_eq!(tally.entries.wrong_creates, 1);
}

#[test]
fn entries_of_what_must_have_none_missing_ones_and_wrong_values_are_told() {
    let none = truth(&[], None);
    let there = [entry("a", EntryState::Active)];
    assert_eq!(compared(&[(&none, &[], &there)]).entries.wrong_creates, 1);
    let active = truth(&[], Some(EntryState::Active));
    assert_eq!(compared(&[(&active, &[], &[])]).entries.missed_creates, 1);
    let mut other = there;
    other[0].attributes.insert("owner".into(), json!("Team Kasse"));
    assert_eq!(compared(&[(&active, &[], &other)]).entries.wrong_values, 1);
    let mut stray = entry("z", EntryState::Active);
    stray.attributes.clear();
    assert_eq!(compared(&[(&none, &[], &[stray])]).entries.wrong_creates, 1);
}
