use proptest::prelude::*;
use serde_json::json;

use super::*;

fn rule(text: Value) -> RequirementRule {
    serde_json::from_value(text).unwrap()
}

fn one(text: Value) -> Requirement {
    Requirements::new(&[rule(text)]).unwrap().0.remove(0)
}

fn problems(rules: &[Value]) -> String {
    let rules: Vec<_> = rules.iter().cloned().map(rule).collect();
    let problems = Requirements::new(&rules).unwrap_err();
    problems.iter().map(|problem| problem.at("required")).collect::<Vec<_>>().join("\n")
}

#[test]
fn semantics_6_1_without_values_or_pattern_anything_that_is_not_empty_will_do() {
    let own = one(json!({ "name": "owner", "attribute": "owner" }));
    for missing in [json!(null), json!(""), json!(" \t"), json!([]), json!({}), json!(["a", ""])] {
        assert_eq!(own.breach(&missing), Some(Breach::Missing), "{missing}");
    }
    for there in [json!("m.muster"), json!(0), json!(false), json!(["a", "b"])] {
        assert_eq!(own.breach(&there), None, "{there}");
    }
    assert_eq!((own.severity, own.expectation()), (Severity::Low, None));
}

#[test]
fn semantics_6_1_values_are_compared_as_written_but_for_surrounding_whitespace() {
    let own =
        one(json!({ "name": "c", "tag": "cost-centre", "allowed": ["4711 ", "Nord"], "severity": "high" }));
    for (value, breach) in [
        (json!(" 4711"), None),
        (json!(4711), None),
        (json!("Nord"), None),
        (json!("nord"), Some(Breach::NotAllowed)),
        (json!("47 11"), Some(Breach::NotAllowed)),
        (json!(["4711", "0"]), Some(Breach::NotAllowed)),
        (json!(" "), Some(Breach::Missing)),
    ] {
        assert_eq!(own.breach(&value), breach, "{value}");
    }
    assert_eq!((own.severity, own.attribute().as_ref()), (Severity::High, "tag:cost-centre"));
    assert_eq!(own.expectation(), Some(("allowed", json!(["4711", "Nord"]))));
}

#[test]
fn semantics_6_1_a_pattern_is_anchored_as_it_is_written() {
    let whole = one(json!({ "name": "c", "tag": "c", "pattern": "^[0-9]{4,6}$" }));
    let part = one(json!({ "name": "c", "tag": "c", "pattern": "[0-9]{4,6}" }));
    assert_eq!(whole.breach(&json!(" 47110 ")), None);
    assert_eq!(whole.breach(&json!("KST 47110")), Some(Breach::NoMatch));
    assert_eq!(part.breach(&json!("KST 47110")), None);
    assert_eq!(whole.expectation(), Some(("pattern", json!("^[0-9]{4,6}$"))));
}

#[test]
fn semantics_6_1_types_and_environments_narrow_a_rule() {
    let narrow =
        json!({ "name": "c", "tag": "c", "types": ["AWS::EC2::Instance"], "environments": ["production "] });
    let rules = Requirements::new(&[rule(narrow), rule(json!({ "name": "d", "tag": "d" }))]).unwrap();
    let of = |kind: &str| {
        rules.of_type(&ResourceType::from(kind)).map(|one| one.name.clone()).collect::<Vec<_>>().join(" ")
    };
    assert_eq!((of("AWS::EC2::Instance").as_str(), of("AWS::S3::Bucket").as_str()), ("c d", "d"));
    let first = &rules.0[0];
    assert!(!first.holds_in_all_environments() && rules.0[1].holds_in_all_environments());
    assert!(first.holds_in(&json!(" production")) && !first.holds_in(&json!("Production")));
    assert!(!first.holds_in(&json!(null)));
}

#[test]
fn every_problem_of_every_rule_is_told_with_its_key() {
    let all = problems(&[
        json!({ "name": "a", "tag": "x", "attribute": "y" }),
        json!({ "name": "a" }),
        json!({ "name": " ", "tag": "x", "allowed": ["1"], "pattern": "1" }),
        json!({ "name": "c", "tag": " ", "pattern": "(" }),
        json!({ "name": "d", "attribute": "tag:x", "allowed": [""], "environments": [" "], "types": [""] }),
        json!({ "name": "e", "attribute": "tags" }),
        json!({ "name": "f", "tag": "x", "pattern": "(\\w{100}){100}{100}" }),
    ]);
    for expected in [
        "required.0: set either `tag` or `attribute`, not both",
        "required.1.name: there is another rule `a`",
        "required.1: set `tag` or `attribute`",
        "required.2.name: must not be empty",
        "required.2: set either `allowed` or `pattern`, not both",
        "required.3.tag: must not be empty",
        "required.3.pattern: `(` is no regular expression",
        "required.4.attribute: `tag:x` is a tag",
        "required.4.allowed: must not hold an empty value",
        "required.4.environments: must not hold",
        "required.4.types: must not hold",
        "required.5.attribute: `tags` cannot be required",
        "required.6.pattern: ",
    ] {
        assert!(all.contains(expected), "{expected} is missing in\n{all}");
    }
}

proptest! {
    #[test]
    fn whitespace_around_a_value_never_matters(value in "[ -~äß]{0,12}", before in "[ \t]{0,3}", after in "[ \n]{0,3}") {
        for own in [
            one(json!({ "name": "c", "tag": "c" })),
            one(json!({ "name": "c", "tag": "c", "allowed": ["a", "ab", "4711"] })),
            one(json!({ "name": "c", "tag": "c", "pattern": "^[a-z]+$" })),
        ] {
            let padded = json!(format!("{before}{value}{after}"));
            prop_assert_eq!(own.breach(&json!(value)), own.breach(&padded));
            prop_assert_eq!(own.breach(&json!([value.clone()])), own.breach(&padded));
        }
    }
}
