//! What comes and goes by itself.

use std::collections::BTreeMap;

use serde_json::json;

use super::proof::*;
use super::support::*;
use crate::asset::AssetState;
use crate::change_set::{ChangeKind, WithheldReason};
use crate::configuration_item::{ConfigurationItem, Tags};
use crate::coverage::Reason;
use crate::ephemeral::{EphemeralRule, EphemeralRules, Treatment};
use crate::finding::FindingKind;
use crate::history::AccountHistory;

const GROUP: &str = "aws:autoscaling:groupName";

fn ephemeral(tag: Option<&str>, treat: Treatment, estate: Estate) -> Estate {
    let rule = EphemeralRule { types: vec![QUEUE.into()], tag: tag.map(str::to_owned), treat };
    let rules =
        crate::reconciliation::Rules { ephemeral: EphemeralRules::new(&[rule]), ..estate.rules.clone() };
    Estate { rules, ..estate }
}

fn of_group(id: &str, group: &str) -> ConfigurationItem {
    let tags = Tags::Collected(BTreeMap::from([(GROUP.to_owned(), group.to_owned())]));
    ConfigurationItem { tags, ..item("eu", QUEUE, id) }
}

#[test]
fn semantics_5_4_what_is_left_out_is_neither_found_nor_created() {
    let estate = ephemeral(Some(GROUP), Treatment::LeaveOut, Estate::seen().items([of_group("q", "web")]));
    assert_reads(&estate.once(), "eu/AWS::SQS::Queue/q: -: withheld(ephemeral)");
    assert_eq!(estate.once().changes[0].would_be, Some(ChangeKind::Create));
}

#[test]
fn semantics_5_4_only_what_has_the_tag_is_ephemeral_and_only_where_tags_were_collected() {
    let untagged = ConfigurationItem { tags: Tags::Collected(BTreeMap::new()), ..item("eu", QUEUE, "q") };
    for item in [untagged, item("eu", QUEUE, "q"), item("eu", BUCKET, "b")] {
        let estate = ephemeral(Some(GROUP), Treatment::LeaveOut, Estate::seen().items([item]));
        assert_eq!(findings(&estate.once()), [FindingKind::Unregistered]);
        assert_eq!(kinds(&estate.once()), [ChangeKind::Create]);
    }
    // Without a tag in the rule all of the type are.
    let all = ephemeral(None, Treatment::LeaveOut, Estate::seen().items([item("eu", QUEUE, "q")]));
    assert_eq!(findings(&all.once()), []);
}

#[test]
fn semantics_5_4_a_record_makes_an_ephemeral_resource_an_asset() {
    let estate = Estate::seen().items([of_group("q", "web")]).records([by_id("a", Some("eu"), QUEUE, "q")]);
    let estate = ephemeral(Some(GROUP), Treatment::LeaveOut, estate);
    assert_eq!((findings(&estate.once()), kinds(&estate.once())), (vec![], vec![ChangeKind::Create]));
}

#[test]
fn semantics_5_4_the_members_of_a_group_make_one_finding() {
    let items = (0..30).map(|number| of_group(&format!("q{number:02}"), "web"));
    let items = items.chain([of_group("z", "batch")]);
    let estate = ephemeral(Some(GROUP), Treatment::Aggregate, Estate::seen().items(items));
    let result = estate.once();
    let told: Vec<_> = result
        .findings
        .iter()
        .map(|of| (of.kind, of.evidence["tag_value"].clone(), of.evidence["count"].clone()))
        .collect();
    let unregistered = FindingKind::Unregistered;
    assert!(told.contains(&(unregistered, json!("web"), json!(30))), "{told:?}");
    assert!(told.contains(&(unregistered, json!("batch"), json!(1))) && told.len() == 2, "{told:?}");
    let web = result.findings.iter().find(|of| of.evidence["tag_value"] == "web").unwrap();
    let members = web.evidence["members"].as_array().unwrap();
    assert_eq!((members.len(), &members[0]), (20, &json!("eu/AWS::SQS::Queue/q00")));
    assert_eq!((web.asset_key, web.region.as_ref().unwrap().as_str()), (None, "eu"));
    assert!(result.changes.iter().all(|change| change.reason == Some(WithheldReason::Ephemeral)));
    // As a group it is the same finding, whoever is in it.
    let fewer = Estate { items: vec![of_group("q07", "web")], ..estate };
    assert_eq!(fewer.once().findings[0].finding_id, web.finding_id);
}

#[test]
fn semantics_5_4_an_entry_stays_as_it_is_while_it_lives_and_goes_the_usual_way_after() {
    for treat in [Treatment::LeaveOut, Treatment::Aggregate] {
        let mut old = entry_of("eu", QUEUE, "q");
        old.attributes.insert("configuration.x".into(), 1.into());
        let mut live = of_group("q", "web");
        live.attributes.insert("configuration.x".into(), 2.into());
        let estate = ephemeral(Some(GROUP), treat, Estate::seen().items([live]).published([old]));
        let result = estate.once();
        let [change] = result.changes.as_slice() else { panic!("{}", render(&result)) };
        assert_eq!(
            (change.reason, change.would_be),
            (Some(WithheldReason::Ephemeral), Some(ChangeKind::Update))
        );
        assert_eq!(result.totals.owned_in_complete_scopes, 1);
        let gone = Estate { items: Vec::new(), ..estate.clone() };
        let mut history = result.history;
        for day in 1..4 {
            assert_eq!(findings(&gone.run(&history, at(day * 24))), [FindingKind::Absent]);
            history = gone.run(&history, at(day * 24)).history;
        }
        assert_eq!(only(&gone.run(&history, at(96))), RETIRED_PATIENTLY);
        // What was retired is not made active again by an ephemeral resource.
        let mut retired = estate;
        retired.published[0].state = AssetState::Retired;
        assert!(!retired.once().changes[0].kind.is_sent());
    }
}

#[test]
fn semantics_5_4_an_ephemeral_resource_vetoes_an_absence_like_any_other() {
    // The entry has lost its region: the live namesake may be it.
    let mut entry = entry_of("us", QUEUE, "q");
    entry.asset_key = crate::asset::AssetKey(uuid::Uuid::from_u128(3));
    let estate = Estate::seen().items([of_group("q", "web")]).published([entry]);
    let plain = estate.clone();
    let estate = ephemeral(Some(GROUP), Treatment::LeaveOut, estate);
    let reasons = |estate: &Estate| {
        let result = estate.run(&AccountHistory::default(), at(0));
        let of_entry = result.assets.iter().find(|asset| !asset.published.is_empty()).unwrap().asset_key;
        result.changes.into_iter().find(|change| change.asset_key == of_entry).unwrap().reason
    };
    assert_eq!(reasons(&estate), Some(WithheldReason::Misplaced));
    assert_eq!(reasons(&estate), reasons(&plain));
}

#[test]
fn semantics_5_4_in_an_incomplete_scope_the_rules_change_nothing() {
    let dark = |estate: Estate| estate.lines([gap("eu", Some(QUEUE), Reason::RecorderStopped)]);
    let estate = dark(Estate::seen().items([of_group("q", "web")]));
    let ruled = ephemeral(Some(GROUP), Treatment::LeaveOut, estate.clone());
    assert_eq!(ruled.once(), estate.once());
}
