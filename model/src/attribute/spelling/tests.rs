use proptest::prelude::*;
use serde_json::json;

use super::*;

const NO_CASE: Compare = Compare { ignore_case: true, unit: None };

#[test]
fn spelling_of_scalars_is_no_difference() {
    assert!(same_value(&json!(8), &json!("8 ")));
    assert!(same_value(&json!(true), &json!("true")));
    assert!(!same_value(&json!("t3.micro"), &json!("t3.small")));
    assert!(same_value(&json!(1), &json!(1.0)));
    assert!(same_value(&json!(1.0), &json!("1.0")));
    assert!(same_value(&json!(-0.0), &json!(0)));
    assert!(!same_value(&json!("1.10"), &json!("1.1")), "versions are no numbers");
    assert!(!same_value(&json!(null), &json!("null")));
    assert!(!same_value(&json!(9_007_199_254_740_993_u64), &json!(9_007_199_254_740_992_u64)));
}

#[test]
fn semantics_4_4_white_space_and_composition_are_spelling() {
    assert!(same_value(&json!("Depot  Nord\t1"), &json!(" Depot Nord 1 ")));
    assert!(same_value(&json!("Depot\u{a0}Nord"), &json!("Depot Nord")));
    assert!(same_value(&json!("Mu\u{308}nchen"), &json!("München")));
    assert!(!same_value(&json!("DepotNord"), &json!("Depot Nord")));
    assert!(!same_value(&json!("Depot Nord"), &json!("depot nord")));
}

#[test]
fn semantics_4_4_timestamps_are_compared_as_instants() {
    assert!(same_value(&json!("2026-11-23T03:00:00+01:00"), &json!("2026-11-23T02:00:00.000Z")));
    assert!(!same_value(&json!("2026-11-23T03:00:00Z"), &json!("2026-11-23T02:00:00Z")));
    assert!(!same_value(&json!("2026-11-23"), &json!("2026-11-23T00:00:00Z")), "a day is no instant");
}

#[test]
fn semantics_4_4_lists_are_sets_and_objects_are_compared_deeply() {
    assert!(same_value(&json!(["sg-2", "sg-1"]), &json!(["sg-1", "sg-2"])));
    assert!(!same_value(&json!(["sg-1", "sg-1"]), &json!(["sg-1"])), "what is there twice counts twice");
    assert!(same_value(&json!({ "a": [1, "b "], "c": null }), &json!({ "c": null, "a": ["b", "1"] })));
    assert!(!same_value(&json!({ "a": 1 }), &json!({ "a": 1, "b": null })));
}

#[test]
fn semantics_4_4_case_and_units_count_where_no_rule_says_otherwise() {
    assert!(NO_CASE.same(&json!("PRODUCTION"), &json!("production")));
    assert!(NO_CASE.same(&json!("Prüfstraße"), &json!("PRÜFSTRASSE")));
    assert!(NO_CASE.same(&json!(["A", "b"]), &json!(["B", "a"])));
    let size = Compare { unit: Some(Unit::Gibibyte), ..Compare::default() };
    assert!(size.same(&json!(16), &json!("16 GiB")));
    assert!(size.same(&json!("16384 MiB"), &json!("16.0")));
    assert!(!size.same(&json!("16"), &json!("16 GB")));
    assert!(!same_value(&json!("16"), &json!("16 GiB")));
    assert!(size.same(&json!("none  at all"), &json!("none at all")), "what is no size is text");
}

#[test]
fn semantics_4_5_texts_that_look_alike_are_told() {
    assert!(looks_alike(&json!("production"), &json!("pr\u{43e}duction")), "a Cyrillic o");
    assert!(looks_alike(&json!("prod"), &json!("prod\u{200b}")), "a space of no width");
    assert!(!same_value(&json!("production"), &json!("pr\u{43e}duction")));
    assert!(!looks_alike(&json!("production"), &json!("test")));
    assert!(!looks_alike(&json!("Mu\u{308}nchen"), &json!("München")), "the same is no look-alike");
    assert!(!looks_alike(&json!(0), &json!("O")));
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        (-3_i64..3).prop_map(Value::from),
        (-3_i32..3).prop_map(|number| Value::from(f64::from(number) / 2.0)),
        "[ aAäß1.]{0,4}".prop_map(Value::from),
        Just(Value::from("2026-11-23T02:00:00Z")),
        Just(Value::from("1 GiB")),
    ];
    leaf.prop_recursive(2, 8, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
            prop::collection::btree_map("[ab]", inner, 0..2)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn semantics_4_4_sameness_is_mutual_and_more_spelling_never_makes_a_difference(a in value(), b in value()) {
        let all = Compare { ignore_case: true, unit: None };
        prop_assert!(same_value(&a, &a));
        prop_assert_eq!(same_value(&a, &b), same_value(&b, &a));
        prop_assert!(!same_value(&a, &b) || all.same(&a, &b), "{} {}", a, b);
    }
}
