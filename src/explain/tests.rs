//! Stories of small accounts that were made by hand, as a person reads them.

mod world;

use std::collections::BTreeMap;

use bestand_model::account::AccountState;
use bestand_model::asset_record::Lifecycle;
use bestand_model::change_set::ChangeKind;
use bestand_model::configuration_item::{ConfigurationItem, Tags};
use bestand_model::coverage::{CoverageLine, Reason};
use bestand_publisher::publish::ReceiptStatus;
use serde_json::json;

use super::*;
use world::{QUEUE, World, account, arn, at, entry, item, record};

const STYLE: Style = Style { width: 100, colour: false };

fn told(world: &World, key: &str) -> String {
    let answer = world.explain(Some(key)).unwrap();
    assert_eq!(answer.exit_status(), ExitStatus::Done, "{}", answer.text(STYLE));
    answer.text(STYLE)
}

#[test]
fn a_live_asset_whose_record_says_something_else() {
    let mut world = World::new();
    let mut live = item("eu-central-1", QUEUE, "fahrplan");
    live.attributes.insert("configuration.DelaySeconds".into(), json!(30));
    live.captured_at = Some(at(-5));
    let mut own = record("ITK-1", "eu-central-1", QUEUE, "fahrplan");
    own.attributes.insert("configuration.DelaySeconds".into(), json!(0));
    own.attributes.insert("name".into(), json!("Fahrplan der Linie 7"));
    own.attributes.insert("owner".into(), json!("Team Fahrplan"));
    let mut published = entry("eu-central-1", QUEUE, "fahrplan");
    published.attributes.insert("configuration.DelaySeconds".into(), json!(0));
    world.items.extend([live, item("eu-west-1", QUEUE, "fahrplan")]);
    world.records.push(own);
    world.published.push(published);
    world.judge();
    world.receipt(ReceiptStatus::Applied);
    insta::assert_snapshot!(told(&world, "Fahrplan der Linie 7"));
}

#[test]
fn an_absent_asset_that_waits_for_its_grace() {
    let mut world = World::new();
    world.records.push(record("ITK-2", "eu-central-1", QUEUE, "weg"));
    world.published.push(entry("eu-central-1", QUEUE, "weg"));
    world.look(at(-30));
    world.judge();
    insta::assert_snapshot!(told(&world, "ITK-2"));
}

#[test]
fn an_asset_that_a_rule_of_the_settings_finds_in_another_region() {
    let mut world = World::new();
    world.settings.identification = vec![
        serde_json::from_value(json!({
            "name": "inventory-id", "types": [QUEUE],
            "match": [{ "record": "asset_id", "item": "tag:inventory-id" }],
        }))
        .unwrap(),
    ];
    let tagged = |region: &str, id: &str| {
        let tags = BTreeMap::from([("inventory-id".to_owned(), "ITK-10".to_owned())]);
        ConfigurationItem { tags: Tags::Collected(tags), ..item(region, QUEUE, id) }
    };
    world.items.push(tagged("eu-west-1", "umgezogen"));
    world.records.push(record("ITK-10", "eu-central-1", QUEUE, "daheim"));
    world.published.push(entry("eu-west-1", QUEUE, "umgezogen"));
    world.judge();
    insta::assert_snapshot!(told(&world, "ITK-10"));
}

#[test]
fn an_ambiguous_asset() {
    let mut world = World::new();
    world.items.push(item("eu-central-1", QUEUE, "streit"));
    world.records.push(record("ITK-3", "eu-central-1", QUEUE, "streit"));
    world.records.push(record("ITK-4", "eu-central-1", QUEUE, "streit"));
    world.judge();
    insta::assert_snapshot!(told(&world, &arn("eu-central-1", "streit")));
}

#[test]
fn an_asset_that_was_looked_for_where_not_everything_was_seen() {
    let mut world = World::new();
    let mut typeless = record("ITK-6", "eu-west-1", QUEUE, "dunkel");
    typeless.resource_type = None;
    world.records.extend([record("ITK-5", "eu-west-1", QUEUE, "dunkel"), typeless]);
    world.published.push(entry("eu-west-1", QUEUE, "dunkel"));
    world.items.push(item("eu-central-1", QUEUE, "dunkel"));
    let detail = "the recorder is stopped: its rows may be old";
    for kind in [None, Some(QUEUE.into())] {
        let region = Some("eu-west-1".into());
        world.lines.push(CoverageLine::incomplete(account(), region, kind, Reason::RecorderStopped, detail));
    }
    world.judge();
    insta::assert_snapshot!(told(&world, "ITK-5"));
}

#[test]
fn what_is_no_aws_resource_and_a_row_that_nobody_could_place() {
    let mut world = World::new();
    let mut bus = record("ITK-7", "x", "x", "x");
    (bus.aws, bus.region, bus.resource_type, bus.resource_id, bus.account_id) =
        (false, None, None, None, None);
    bus.attributes.insert("name".into(), json!("Bordrechner \u{202e}Bus 4000"));
    world.not_aws.push(bus);
    let mut unplaced = record("ITK-8", "eu-central-1", QUEUE, "irgendwo");
    unplaced.account_id = None;
    world.unplaced.push(unplaced);
    world.judge();
    insta::assert_snapshot!("no_aws_resource", told(&world, "ITK-7"));
    insta::assert_snapshot!("unplaced", told(&world, "ITK-8"));
}

#[test]
fn a_row_that_makes_no_sense() {
    let mut world = World::new();
    world.reject("row 9", "column `arn` holds `arn:nonsense`");
    world.judge();
    insta::assert_snapshot!(told(&world, "row 9"));
}

#[test]
fn a_planned_asset_in_an_account_that_is_closed() {
    let mut world = World::new();
    world.state = AccountState::Inactive;
    let mut planned = record("ITK-9", "eu-central-1", QUEUE, "neu");
    planned.lifecycle = Lifecycle::Planned;
    world.records.push(planned);
    world.judge();
    let text = told(&world, "ITK-9");
    assert!(text.contains("Create is withheld, planned:"), "{text}");
    assert!(text.contains("account_inactive"), "{text}");
}

#[test]
fn a_name_of_several_assets_is_answered_with_a_list() {
    let mut world = World::new();
    for id in ["eins", "zwei"] {
        let mut own = record(id, "eu-central-1", QUEUE, id);
        own.attributes.insert("name".into(), json!("Fahrplan"));
        world.records.push(own);
    }
    world.judge();
    let error = world.explain(Some("Fahrplan")).unwrap_err();
    assert_eq!(error.exit_status(), ExitStatus::Usage);
    let text = error.to_string();
    assert!(text.starts_with("`Fahrplan` may mean 2 assets:\n"), "{text}");
    assert!(text.contains("eins") && text.contains("zwei") && text.contains("111122223333"), "{text}");
}

#[test]
fn what_is_nowhere_is_told_with_where_it_was_looked_for() {
    let mut world = World::new();
    world.judge();
    let error = world.explain(Some("i-nowhere")).unwrap_err();
    assert_eq!(error.exit_status(), ExitStatus::Usage);
    assert!(error.to_string().contains("nothing that is called `i-nowhere`"), "{error}");
    assert!(world.explain(Some(" ")).is_err(), "an empty key means nothing");
    world.not_judged("444455556666", record("ITK-9", "eu-central-1", QUEUE, "q"));
    let error = world.explain(Some("ITK-9")).unwrap_err().to_string();
    assert!(error.contains("account 444455556666") && error.contains("did not judge"), "{error}");
}

#[test]
fn a_change_that_was_altered_does_not_replay_and_is_told_as_such() {
    let mut world = World::new();
    world.items.push(item("eu-central-1", QUEUE, "q"));
    world.judge();
    assert_eq!(world.explain(None).unwrap().exit_status(), ExitStatus::Done);
    for seal in [false, true] {
        world.alter(|mut change| {
            assert_eq!(change.kind, ChangeKind::Create);
            change.after.attributes.insert("owner".into(), json!("somebody"));
            if seal { change.sealed() } else { change }
        });
        for key in [Some("q"), None] {
            let answer = world.explain(key).unwrap();
            assert_eq!(answer.exit_status(), ExitStatus::Plan);
            let text = answer.text(STYLE);
            assert!(text.contains("files of the run were altered"), "{text}");
        }
    }
}

#[test]
fn altered_settings_are_told_as_the_cause() {
    let mut world = World::new();
    world.records.push(record("ITK-2", "eu-central-1", QUEUE, "weg"));
    world.published.push(entry("eu-central-1", QUEUE, "weg"));
    world.look(at(-60));
    world.judge();
    world.change_settings(|settings| settings.retire.after_hours = 1000);
    let answer = world.explain(Some("ITK-2")).unwrap();
    assert_eq!(answer.exit_status(), ExitStatus::Plan);
    assert!(answer.text(STYLE).contains("settings.json is not what the run was made with"));
}

#[test]
fn a_run_that_cannot_be_explained_says_why() {
    let mut world = World::new();
    world.judge();
    let of = |world: &World| world.explain(Some("q")).unwrap_err().to_string();
    world.change_summary(|summary| summary.schema_version = 99);
    assert!(of(&world).contains("schema version 99"), "{}", of(&world));
    world.change_summary(|summary| summary.schema_version = 1);
    world.remove("settings.json");
    assert!(of(&world).contains("does not hold what its accounts were judged by"), "{}", of(&world));
}
