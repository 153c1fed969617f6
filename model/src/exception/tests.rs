use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

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

fn fits(text: Value, finding: &Finding) -> bool {
    Exceptions::new(&[rule(text)]).unwrap().matching(finding, at(UNTIL)).next().is_some()
}

#[test]
fn semantics_7_1_all_that_an_exception_names_must_fit() {
    for (text, expected) in [
        (json!({ "finding": "0123456789abcdef" }), true),
        (json!({ "finding": "1123456789abcdef" }), false),
        (json!({ "kind": "non_compliant", "type": "AWS::EC2::*", "name": "test-*" }), true),
        (json!({ "kind": "absent", "name": "test-*" }), false),
        (json!({ "account": "111122223333", "region": "eu-central-1" }), true),
        (json!({ "account": "111122223333", "region": "eu-west-1" }), false),
        (json!({ "arn": "arn:aws:ec2:*:*:instance/*", "attribute": "tag:*" }), true),
        (json!({ "name": "Test-*" }), false),
        (json!({ "kind": "non_compliant", "asset_id": "*" }), false),
    ] {
        assert_eq!(fits(text.clone(), &finding()), expected, "{text}");
    }
}

#[test]
fn semantics_7_2_an_expired_exception_hides_nothing_and_cannot_be_hidden() {
    let exceptions = Exceptions::new(&[rule(json!({ "name": "test-*" }))]).unwrap();
    let (in_time, late) = (at(UNTIL), at("2027-03-31T00:00:01Z"));
    assert_eq!(
        (exceptions.matching(&finding(), in_time).count(), exceptions.expired(in_time).count()),
        (1, 0)
    );
    assert_eq!((exceptions.matching(&finding(), late).count(), exceptions.expired(late).count()), (0, 1));
    let over = Finding { kind: FindingKind::ExceptionExpired, ..finding() };
    assert_eq!(exceptions.matching(&over, in_time).count(), 0);
}

#[test]
fn every_problem_of_every_exception_is_told_with_its_key() {
    let rules = [
        json!({}),
        json!({ "name": "**", "arn": "*" }),
        json!({ "name": " ", "because": " ", "owner": "" }),
        json!({ "finding": "0123", "account": "12", "region": "eu-*", "kind": "exception_expired" }),
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
    #[test]
    fn a_glob_means_what_its_definition_says(glob in "[ab*ü]{0,7}", text in "[abü]{0,9}") {
        let chars = |text: &str| text.chars().collect::<Vec<_>>();
        prop_assert_eq!(Glob::new(&glob).matches(&text), oracle(&chars(&glob), &chars(&text)));
    }
}
