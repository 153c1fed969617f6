//! Rules that make no sense are told, every one with its place.

use serde_json::{Value, json};

use super::support::*;
use crate::authority::*;
use crate::change_set::Provenance;

fn told(written: Value) -> String {
    problems(&rules(written), DEFAULT_MAX_ATTRIBUTE_BYTES).join("\n")
}

#[test]
fn semantics_4_1_each_rule_that_makes_no_sense_is_told() {
    for (rule, expected) in [
        (json!({ "attribute": "arn" }), "authority.0.attribute: `arn` tells which resource"),
        (json!({ "attribute": "registration" }), "bestand's own mark"),
        (json!({ "attribute": "asset_id" }), "no rule decides on it"),
        (json!({ "attribute": " " }), "no name of an attribute"),
        (json!({ "attribute": "a*b" }), "a star may only stand at the end"),
        (json!({ "attribute": "*" }), "before the star of `*`"),
        (json!({ "attribute": "conf*" }), "before the star of `conf*`"),
        (json!({ "attribute": "x", "types": [""] }), "authority.0.types: "),
        (
            json!({ "attribute": "x", "sources": ["tag:a", "tag:a"] }),
            "authority.0.sources.1: `tag:a` is there twice",
        ),
        (json!({ "attribute": "x", "sources": ["default"] }), "authority.0.default: say what"),
        (json!({ "attribute": "x", "default": "u" }), "authority.0.default: is never used"),
        (json!({ "attribute": "x", "sources": ["default"], "default": " " }), "and not empty"),
        (json!({ "attribute": "x", "sources": ["default"], "default": ["u"] }), "must be a text"),
        (json!({ "attribute": "x", "sources": ["default", "tag:a"], "default": "u" }), "is never asked"),
        (
            json!({ "attribute": "x", "sources": [{ "from": "default", "next_if_empty": true }], "default": "u" }),
            "leave the conditions out",
        ),
        (json!({ "attribute": "x", "sources": ["last_published"] }), "no source to ask"),
        (json!({ "attribute": "configuration.*", "sources": ["tag:a"] }), "needs the attribute's own name"),
        (
            json!({ "attribute": "x", "sources": [{ "from": "central_register", "map": { "a": "b" } }] }),
            "mapped again",
        ),
        (
            json!({ "attribute": "x", "sources": [{ "from": "tag:a", "map": { "PRD": "p", " prd": "q" } }] }),
            "capital letters do not matter",
        ),
        (json!({ "attribute": "x", "sources": [{ "from": "tag:a", "map": { "PRD": "" } }] }), "may be empty"),
        (
            json!({ "attribute": "x", "sources": ["default"], "default": "u".repeat(20_000) }),
            "longer than plan.max_attribute_bytes",
        ),
    ] {
        let all = told(json!([rule]));
        assert!(all.contains(expected), "{expected} is missing in {all:?}");
        // The table takes it all the same: checks are no part of deciding.
        AuthorityTable::new(&rules(json!([rule])), DEFAULT_MAX_ATTRIBUTE_BYTES);
    }
}

#[test]
fn semantics_4_1_a_rule_that_another_leaves_nothing_to_decide_is_a_contradiction() {
    let pair = |one: Value, two: Value| told(json!([one, two]));
    let all = json!({ "attribute": "x" });
    let queue = json!({ "attribute": "x", "types": ["AWS::SQS::Queue", "AWS::SNS::Topic"] });
    let bucket = json!({ "attribute": "x", "types": ["AWS::S3::Bucket"] });
    assert!(pair(all.clone(), all.clone()).contains("authority.1.attribute: `x` is decided by authority.0"));
    assert!(pair(all.clone(), queue.clone()).contains("already"));
    assert!(pair(queue.clone(), queue.clone()).contains("for AWS::SQS::Queue"));
    assert_eq!(pair(queue.clone(), bucket), "");
    assert_eq!(pair(queue, all), "", "some types first, then the others");
    let below = json!({ "attribute": "configuration.*" });
    let one = json!({ "attribute": "configuration.size" });
    assert_eq!(pair(one.clone(), below.clone()), "", "one attribute first, then the others");
    assert!(pair(below, one).contains("authority.0 already"));
}

#[test]
fn semantics_4_1_identity_and_marks_stay_as_shipped_whatever_a_rule_says() {
    let rule = json!([{ "attribute": "arn", "sources": ["default"], "default": "mine" }]);
    let table = AuthorityTable::new(&rules(rule), DEFAULT_MAX_ATTRIBUTE_BYTES);
    let asset = Asset::new(json!({ "arn": "a" }), json!({}), Value::Null);
    assert_eq!(asset.wins(&table, "arn"), "\"a\" from config_service");
}

#[test]
fn semantics_4_2_the_first_rule_that_asks_for_the_age_of_a_source_is_named() {
    let written = json!([
        { "attribute": "a", "sources": ["source_register"] },
        { "attribute": "b", "sources": ["tag:b", { "from": "source_register", "next_if_older_than_days": 90 }] },
    ]);
    let asks = |source| asks_the_age_of(&rules(written.clone()), &source);
    let place = "authority.1.sources.1.next_if_older_than_days";
    assert_eq!(asks(Provenance::SourceRegister).as_deref(), Some(place));
    assert_eq!(asks(Provenance::CentralRegister), None);
}

#[test]
fn semantics_4_1_the_first_rule_that_fits_type_and_attribute_decides() {
    let table = table(json!([
        { "attribute": "configuration.size", "types": ["AWS::EC2::Volume"], "sources": ["central_register"] },
        { "attribute": "configuration.deep.*", "sources": ["source_register"] },
        { "attribute": "configuration.*", "external": "keep" },
        { "attribute": "environment", "types": ["AWS::EC2::Volume"], "sources": ["tag:env"] },
        { "attribute": "environment", "sources": ["tag:environment"], "external": "report" },
    ]));
    let first = |kind: Option<&str>, name: &str| {
        let kind = kind.map(Into::into);
        table.of(kind.as_ref()).ruling(name).first().map(ToString::to_string).unwrap_or_default()
    };
    assert_eq!(first(Some("AWS::EC2::Volume"), "configuration.size"), "central_register");
    assert_eq!(first(Some("AWS::SQS::Queue"), "configuration.size"), "config_service");
    assert_eq!(first(None, "configuration.deep.x"), "source_register");
    assert_eq!(first(Some("AWS::EC2::Volume"), "environment"), "tag:env");
    assert_eq!(first(Some("AWS::SQS::Queue"), "environment"), "tag:environment");
    assert_eq!(first(None, "owner"), "source_register");
    assert_eq!(table.external(None, "configuration.size"), ExternalPolicy::Keep);
    assert_eq!(
        table.external(Some(&"AWS::EC2::Volume".into()), "configuration.size"),
        ExternalPolicy::Overwrite
    );
    assert_eq!(table.external(None, "environment"), ExternalPolicy::Report);
    assert_eq!(table.external(None, "owner"), ExternalPolicy::Overwrite);
}
