//! Who wins, source by source and condition by condition.

use serde_json::{Value, json};

use super::support::*;
use crate::authority::*;

/// The environment as a bus operator would have it: the machine's tag, then ITK, then `unknown`.
fn environment() -> AuthorityTable {
    table(json!([{
        "attribute": "environment",
        "sources": [
            { "from": "tag:stage", "map": { "prod": "production" } },
            { "from": "source_register", "map": { "PRD": "production", "TST": "test" } },
            "default",
        ],
        "default": "unknown",
    }]))
}

#[test]
fn semantics_4_1_without_rules_aws_config_knows_the_resource_and_people_its_place() {
    let shipped = AuthorityTable::default();
    let wins = |name: &str, live: Value, registered: Value| {
        let of = |value: Value| if value == json!("-") { json!({}) } else { json!({ name: value }) };
        Asset::new(of(live), of(registered), Value::Null).wins(&shipped, name)
    };
    assert_eq!(wins("configuration.x", json!("a"), json!("b")), "\"a\" from config_service");
    assert_eq!(wins("configuration.x", json!(null), json!("b")), "null from config_service");
    assert_eq!(wins("configuration.x", json!("-"), json!("b")), "\"b\" from source_register");
    assert_eq!(wins("owner", json!("a"), json!("b")), "\"b\" from source_register");
    assert_eq!(wins("name", json!("a"), json!(null)), "\"a\" from config_service");
    assert_eq!(wins("owner", json!("-"), json!(null)), "null from source_register");
    assert_eq!(wins("owner", json!("-"), json!("-")), "nothing");
}

#[test]
fn semantics_4_2_the_first_source_that_has_a_value_wins_and_everybody_else_loses_for_a_reason() {
    let table = environment();
    let told = |tags: Value, registered: Value| tagged(tags, registered).told(&table, "environment");
    let losers = |all: &[&str]| all.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
    assert_eq!(
        told(json!({ "stage": "Prod" }), json!({ "environment": "TST" })),
        (
            "\"production\" from tag:stage".into(),
            losers(&["source_register: outranked", "default: outranked"])
        )
    );
    assert_eq!(
        told(json!({}), json!({ "environment": "tst" })),
        ("\"test\" from source_register".into(), losers(&["tag:stage: empty", "default: outranked"]))
    );
    assert_eq!(
        told(json!({ "stage": " " }), json!({ "environment": null })),
        ("\"unknown\" from default".into(), losers(&["tag:stage: empty", "source_register: empty"]))
    );
}

#[test]
fn semantics_4_3_a_value_that_the_map_does_not_have_is_never_published() {
    let table = environment();
    let asset = tagged(json!({}), json!({ "environment": "QS" }));
    assert_eq!(
        asset.told(&table, "environment"),
        (
            "\"unknown\" from default".into(),
            vec!["tag:stage: empty".to_owned(), "source_register: unmapped".to_owned()]
        )
    );
    let mut suspects = Vec::new();
    winner(table.of(None), "environment", &asset.sides(), &mut suspects);
    let problems: Vec<_> = suspects.iter().map(|of| (of.source.to_string(), of.problem, &of.value)).collect();
    assert_eq!(problems, [("source_register".to_owned(), Problem::Unmapped, &json!("QS"))]);
}

#[test]
fn semantics_4_3_no_empty_cell_clears_past_a_value_that_nobody_understands() {
    let table = self::table(json!([{
        "attribute": "environment",
        "sources": [{ "from": "tag:stage", "map": { "prod": "production" } }, "source_register"],
    }]));
    let asset = Asset::new(
        json!({ "tags": { "stage": "qs" } }),
        json!({ "environment": null }),
        json!({ "environment": "production" }),
    );
    assert_eq!(asset.wins(&table, "environment"), "\"production\" from last_published");
}

#[test]
fn semantics_4_2_a_source_that_was_not_heard_leaves_the_entry_as_it_is() {
    let table = environment();
    let published = json!({ "environment": "production" });
    let row = json!({ "environment": "TST" });
    for (live, why) in [(Value::Null, "not seen"), (json!({}), "its tags were not read")] {
        let asset = Asset::new(live, row.clone(), published.clone());
        let (wins, losers) = asset.told(&table, "environment");
        assert_eq!(wins, "\"production\" from last_published", "{why}");
        assert_eq!(losers, ["tag:stage: not_read", "source_register: left_alone", "default: left_alone"]);
    }
    // Nothing stands there yet: the row alone vouches, and the default for nobody who might have a word.
    assert_eq!(
        Asset::new(Value::Null, row, Value::Null).wins(&table, "environment"),
        "\"test\" from source_register"
    );
    assert_eq!(Asset::new(Value::Null, json!({}), Value::Null).wins(&table, "environment"), "nothing");
    // A row that is gone clears nothing either, and nobody stands in for it.
    let orphan = Asset::new(json!({ "tags": {} }), Value::Null, published);
    assert_eq!(orphan.wins(&table, "environment"), "\"production\" from last_published");
}

#[test]
fn semantics_4_2_what_was_not_seen_keeps_what_describes_it_whoever_has_authority() {
    let table = table(json!([{ "attribute": "configuration.*", "sources": ["source_register"] }]));
    let row = json!({ "configuration.x": "b" });
    let unseen = Asset::new(Value::Null, row.clone(), json!({ "configuration.x": "a" }));
    assert_eq!(unseen.wins(&table, "configuration.x"), "\"a\" from last_published");
    let seen = Asset::new(json!({ "configuration.x": "c" }), row, json!({ "configuration.x": "a" }));
    let (wins, losers) = seen.told(&table, "configuration.x");
    assert_eq!(
        (wins.as_str(), losers),
        ("\"b\" from source_register", vec!["config_service: not_named".to_owned()])
    );
}

#[test]
fn semantics_4_2_what_is_no_aws_resource_has_no_tags_to_wait_for() {
    let table = environment();
    let mut row =
        Asset::new(Value::Null, json!({ "environment": null, "name": null }), json!({ "name": "old" }));
    row.is_resource = false;
    assert_eq!(row.wins(&table, "environment"), "\"unknown\" from default");
    assert_eq!(row.wins(&table, "name"), "null from source_register");
}

#[test]
fn semantics_4_2_a_value_that_is_too_old_counts_only_where_nobody_has_another() {
    let table = table(json!([{
        "attribute": "owner",
        "sources": [{ "from": "source_register", "next_if_older_than_days": 90 }, "central_register"],
    }]));
    let wins = |edited: Value, published: Value| {
        Asset::new(json!({}), json!({ "owner": "itk", "updated_at": edited }), published)
            .wins(&table, "owner")
    };
    let other = json!({ "owner": "group" });
    assert_eq!(wins(json!("2026-08-25T02:00:00Z"), other.clone()), "\"itk\" from source_register");
    assert_eq!(wins(json!("2026-08-25T01:59:59Z"), other.clone()), "\"group\" from central_register");
    assert_eq!(wins(json!("2026-01-01"), json!({})), "\"itk\" from source_register");
    // A source without a time, or with one that nobody believes, is never too old.
    for edited in [json!(null), json!("soon"), json!("2031-01-01")] {
        assert_eq!(wins(edited, other.clone()), "\"itk\" from source_register");
    }
}

#[test]
fn semantics_4_2_emptiness_counts_where_the_rule_says_so() {
    let by = |next: bool| {
        table(json!([{
            "attribute": "configuration.x",
            "sources": [{ "from": "config_service", "next_if_empty": next }, "source_register"],
        }]))
    };
    let asset =
        Asset::new(json!({ "configuration.x": null }), json!({ "configuration.x": "b" }), Value::Null);
    assert_eq!(asset.wins(&by(false), "configuration.x"), "null from config_service");
    assert_eq!(asset.wins(&by(true), "configuration.x"), "\"b\" from source_register");
    let both =
        Asset::new(json!({ "configuration.x": null }), json!({ "configuration.x": null }), Value::Null);
    assert_eq!(both.wins(&by(true), "configuration.x"), "null from config_service");
}

#[test]
fn semantics_4_6_a_value_that_is_too_long_is_not_published_and_stops_nothing() {
    let long = "x".repeat(65_536);
    let shipped = AuthorityTable::default();
    let asset = Asset::new(json!({}), json!({ "owner": long }), json!({ "owner": "known" }));
    let (wins, losers) = asset.told(&shipped, "owner");
    assert_eq!(
        (wins.as_str(), losers.first()),
        ("\"known\" from last_published", Some(&"source_register: too_long".into()))
    );
    let fits = Asset::new(json!({}), json!({ "owner": "\u{1}".repeat(2_700) }), Value::Null);
    assert!(fits.wins(&shipped, "owner").ends_with("from source_register"), "16,202 bytes as JSON");
    let beyond = Asset::new(json!({}), json!({ "owner": "\u{1}".repeat(2_731) }), Value::Null);
    assert_eq!(beyond.wins(&shipped, "owner"), "nothing");
}
