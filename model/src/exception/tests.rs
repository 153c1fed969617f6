use std::collections::BTreeMap;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::finding::Severity;
use crate::run_summary::FindingCounts;

const UNTIL: &str = "2027-03-31T00:00:00Z";

fn rule(mut text: Value) -> ExceptionRule {
    for (key, value) in [("because", "load test"), ("owner", "m.muster"), ("until", UNTIL)] {
        if text.get(key).is_none() {
            text[key] = value.into();
        }
    }
    serde_json::from_value(text).unwrap()
}

fn finding() -> Finding {
    serde_json::from_value(json!({
        "finding_id": "0123456789abcdef", "kind": "non_compliant", "severity": "low",
        "account_id": "111122223333", "region": "eu-central-1", "resource_type": "AWS::EC2::Instance",
        "arn": "arn:aws:ec2:eu-central-1:111122223333:instance/i-1", "name": "test-1",
        "attribute": "tag:owner",
    }))
    .unwrap()
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn exceptions(rules: &[Value]) -> Exceptions {
    Exceptions::new(&rules.iter().cloned().map(rule).collect::<Vec<_>>()).unwrap()
}

fn applied(text: Value, finding: Finding, now: Timestamp) -> (Finding, ExceptionTally) {
    let mut findings = [finding];
    let tally = exceptions(&[text]).apply(&mut findings, now);
    let [finding] = findings;
    (finding, tally)
}

#[test]
fn semantics_7_1_all_that_an_exception_names_must_fit() {
    for (text, expected) in [
        (json!({ "finding": "0123456789abcdef" }), true),
        (json!({ "finding": "1123456789abcdef" }), false),
        (json!({ "finding": "0123456789abcdef", "kind": "absent" }), false),
        (json!({ "kind": "non_compliant", "type": "AWS::EC2::*", "name": "test-*" }), true),
        (json!({ "kind": "absent", "name": "test-*" }), false),
        (json!({ "account": "111122223333", "region": "eu-central-1" }), true),
        (json!({ "account": "111122223333", "region": "eu-west-1" }), false),
        (json!({ "account": "111122223334" }), false),
        (json!({ "arn": "arn:aws:ec2:*:*:instance/*", "attribute": "tag:*" }), true),
        (json!({ "name": "Test-*" }), false),
        // What a finding does not tell fits no pattern, not even one that fits everything.
        (json!({ "kind": "non_compliant", "asset_id": "*" }), false),
    ] {
        let (finding, tally) = applied(text.clone(), finding(), at(UNTIL));
        assert_eq!(finding.exception.is_some(), expected, "{text}");
        assert_eq!(tally.of(0), u64::from(expected), "{text}");
    }
}

#[test]
fn semantics_7_1_the_first_that_fits_answers_and_all_that_fit_are_in_use() {
    let rules = [
        json!({ "kind": "absent", "because": "nothing" }),
        json!({ "name": "test-*", "because": " first ", "owner": " m.muster " }),
        json!({ "finding": "0123456789abcdef", "because": "second" }),
    ];
    let exceptions = exceptions(&rules);
    let mut findings = [finding(), Finding { finding_id: "f".into(), name: None, ..finding() }];
    let tally = exceptions.apply(&mut findings, at(UNTIL));
    let expected = AppliedException { owner: "m.muster".into(), because: "first".into(), until: at(UNTIL) };
    assert_eq!(findings[0], Finding { exception: Some(expected), ..finding() }, "all else stays as it is");
    assert_eq!(findings[1].exception, None);
    let states = |whole| -> Vec<_> {
        exceptions.uses(&tally, whole, at(UNTIL)).iter().map(|of| (of.state, of.findings)).collect()
    };
    use ExceptionState::{InUse, NotJudged, Unused};
    assert_eq!(states(true), [(Unused, 0), (InUse, 1), (InUse, 1)]);
    assert_eq!(states(false), [(NotJudged, 0), (InUse, 1), (InUse, 1)], "not asked is not unused");
}

#[test]
fn semantics_7_2_an_expired_exception_hides_nothing_and_is_a_finding() {
    let named = json!({ "name": "test-*" });
    let late = at("2027-03-31T00:00:01Z");
    assert!(applied(named.clone(), finding(), at(UNTIL)).0.exception.is_some(), "in force to the second");
    let (left, tally) = applied(named.clone(), finding(), late);
    assert_eq!(left, finding());

    let exceptions =
        exceptions(&[json!({ "kind": "absent", "until": "2099-01-01T00:00:00Z" }), named.clone()]);
    let mut all = ExceptionTally::default();
    all.merge(&exceptions.apply(&mut [finding()], late));
    all.merge(&ExceptionTally::default());
    all.merge(&exceptions.apply(&mut [finding(), finding()], late));
    assert_eq!((tally.of(0), all.of(0), all.of(1)), (1, 0, 3));
    let uses = exceptions.uses(&all, true, late);
    let nothing = BTreeMap::new();
    assert_eq!(uses[0].expired(&nothing, late), None);
    let found = uses[1].expired(&nothing, late).unwrap();
    assert_eq!((found.kind, found.since), (FindingKind::ExceptionExpired, Some(late)));
    assert_eq!(
        json!(found.evidence),
        json!({ "index": 1, "names": "name = \"test-*\"", "because": "load test", "owner": "m.muster",
            "until": UNTIL, "findings": 3 })
    );
    assert!(found.account_id.is_none() && !found.kind.is_drift());

    // The same one in the next run, in another place, with other words.
    let moved = Exceptions::new(&[rule(json!({ "name": "test-*", "because": "still" }))]).unwrap();
    let before = BTreeMap::from([(found.finding_id.clone(), late)]);
    let later = at("2027-05-01T00:00:00Z");
    let again = moved.uses(&all, false, later)[0].expired(&before, later).unwrap();
    assert_eq!((&again.finding_id, again.since), (&found.finding_id, Some(late)));
}

#[test]
fn semantics_7_2_that_an_exception_is_over_cannot_be_hidden() {
    let over = Finding { kind: FindingKind::ExceptionExpired, ..finding() };
    for text in [json!({ "name": "test-*" }), json!({ "finding": over.finding_id })] {
        assert_eq!(applied(text, over.clone(), at(UNTIL)).0, over);
    }
}

#[test]
fn semantics_7_3_what_is_ignored_is_counted_by_itself() {
    let high = |kind| Finding { kind, severity: Severity::High, ..finding() };
    let mut findings = [high(FindingKind::Absent), high(FindingKind::Duplicate), high(FindingKind::Absent)];
    findings[2].name = None;
    exceptions(&[json!({ "kind": "absent", "name": "*" })]).apply(&mut findings, at(UNTIL));
    let mut counts = FindingCounts::default();
    for finding in &findings {
        let mut one = FindingCounts::default();
        one.add(finding);
        counts.merge(&one);
    }
    assert_eq!(counts.by_kind, BTreeMap::from([(FindingKind::Absent, 1), (FindingKind::Duplicate, 1)]));
    assert_eq!((counts.drift, &counts.by_severity), (2, &BTreeMap::from([(Severity::High, 2)])));
    assert_eq!(counts.ignored, BTreeMap::from([(FindingKind::Absent, 1)]));
}

#[test]
fn every_problem_of_every_exception_is_told_with_its_key() {
    let rules = [
        json!({}),
        json!({ "name": "**", "arn": "*" }),
        json!({ "name": " ", "because": " ", "owner": "" }),
        json!({ "finding": "0123", "account": "12", "region": "eu-*", "kind": "exception_expired" }),
        json!({ "kind": "absent", "name": "a" }),
        json!({ "name": "a", "kind": "absent", "owner": "somebody else" }),
    ];
    let problems = Exceptions::new(&rules.map(rule)).unwrap_err();
    let all = problems.iter().map(|problem| problem.at("exceptions")).collect::<Vec<_>>().join("\n");
    for expected in [
        "exceptions.0: names nothing",
        "exceptions.1: names nothing",
        "exceptions.2.name: must not be empty",
        "exceptions.2.because: ",
        "exceptions.2.owner: ",
        "exceptions.3.finding: `0123`",
        "exceptions.3.account: ",
        "exceptions.3.region: ",
        "exceptions.3.kind: ",
        "exceptions.5: names the same as exceptions.4",
    ] {
        assert!(all.contains(expected), "{expected} is missing in\n{all}");
    }
}

/// The plain definition, as slow as it may be.
fn oracle(glob: &[char], text: &[char]) -> bool {
    match (glob.split_first(), text.split_first()) {
        (None, None) => true,
        (Some(('*', rest)), _) => (0..=text.len()).any(|at| oracle(rest, &text[at..])),
        (Some((a, glob)), Some((b, text))) => a == b && oracle(glob, text),
        _ => false,
    }
}

proptest! {
    /// Whatever is listed, only the mark changes, and a longer list hides no less.
    #[test]
    fn exceptions_mark_and_change_nothing_else(
        names in prop::collection::btree_set("[ab*]{1,3}", 0..5),
        found in prop::collection::vec("[ab]{0,4}", 0..8),
    ) {
        let rules: Vec<Value> = names.iter().map(|name| json!({ "kind": "non_compliant", "name": name })).collect();
        let before: Vec<Finding> =
            found.into_iter().map(|name| Finding { name: Some(name), ..finding() }).collect();
        let marked = |rules: &[Value]| {
            let mut findings = before.clone();
            exceptions(rules).apply(&mut findings, at(UNTIL));
            findings
        };
        let all = marked(&rules);
        for (own, (was, fewer)) in all.iter().zip(before.iter().zip(marked(&rules[..rules.len() / 2]))) {
            let bare = Finding { exception: None, ..own.clone() };
            prop_assert_eq!(&bare, was);
            prop_assert!(own.exception.is_some() || fewer.exception.is_none());
            let name = was.name.as_deref().unwrap_or_default();
            let expected = names.iter().any(|glob| Glob::new(glob).matches(name));
            prop_assert_eq!(own.exception.is_some(), expected);
        }
    }

    #[test]
    fn a_glob_means_what_its_definition_says(glob in "[ab*ü]{0,7}", text in "[abü]{0,9}") {
        let chars = |text: &str| text.chars().collect::<Vec<_>>();
        prop_assert_eq!(Glob::new(&glob).matches(&text), oracle(&chars(&glob), &chars(&text)));
    }
}
