//! Items whose ARN bestand built: a way to be found more, and none less.

use super::support::*;
use crate::asset::{AssetKey, KeyBasis};
use crate::asset_record::AssetRecord;
use crate::attribute;
use crate::change_set::ChangeKind;
use crate::configuration_item::ConfigurationItem;
use crate::finding::FindingKind;

/// A queue to which AWS Config gave no ARN.
fn built(id: &str) -> ConfigurationItem {
    ConfigurationItem { arn_built: true, ..item("eu", QUEUE, id) }
}

/// The same with an ARN that is not the one people have.
fn built_wrong(id: &str) -> ConfigurationItem {
    ConfigurationItem { arn: Some(arn("eu", QUEUE, "other").parse().unwrap()), ..built(id) }
}

#[test]
fn a_record_finds_an_item_by_its_built_arn() {
    let result = Estate::seen().items([built("q")]).records([by_arn("a", &arn("eu", QUEUE, "q"))]).once();
    assert_eq!(kinds(&result), [ChangeKind::Create]);
    assert!(result.findings.is_empty(), "{:?}", result.findings);
}

#[test]
fn semantics_2_4_a_built_arn_does_not_hide_the_item_from_a_record_with_another() {
    let mut record = by_id("a", Some("eu"), QUEUE, "q");
    record.arn = Some(arn("eu", QUEUE, "q").parse().unwrap());
    let result = Estate::seen().items([built_wrong("q")]).records([record]).once();
    assert_eq!(kinds(&result), [ChangeKind::Create]);
    assert!(result.findings.is_empty(), "a built ARN contradicts nobody: {:?}", result.findings);
    let after = &result.changes[0].after.attributes;
    assert_eq!(after[attribute::ARN], arn("eu", QUEUE, "q").as_str());
}

/// A record that names a queue by its ARN and type alone.
fn record() -> AssetRecord {
    AssetRecord { resource_type: Some(QUEUE.into()), ..by_arn("a", &arn("eu", QUEUE, "q")) }
}

fn is_absent(items: impl IntoIterator<Item = ConfigurationItem>) -> bool {
    let findings = Estate::seen().items(items).records([record()]).once().findings;
    findings.iter().any(|finding| finding.kind == FindingKind::Absent)
}

#[test]
fn semantics_2_4_an_arn_that_ends_in_the_id_of_an_item_without_one_is_sighted() {
    assert!(is_absent([]), "without a sighting it is absent");
    assert!(!is_absent([ConfigurationItem { arn: None, ..item("eu", QUEUE, "q") }]));
    assert!(!is_absent([built_wrong("q")]));
}

#[test]
fn semantics_2_4_an_id_that_is_a_whole_arn_is_sighted() {
    let whole = arn("eu", QUEUE, "q");
    assert!(!is_absent([ConfigurationItem { arn: None, ..item("eu", BUCKET, &whole) }]));
}

#[test]
fn semantics_3_1_a_key_does_not_rest_on_a_built_arn() {
    let mut register = Vec::new();
    apply(&mut register, &Estate::seen().items([built_wrong("q")]).once().changes);
    let scope = KeyBasis::Scope(&account(), Some(&"eu".into()), &QUEUE.into(), &"q".into());
    assert_eq!(register[0].asset_key, AssetKey::mint(ENVIRONMENT, &scope));
    // AWS Config gives the ARN at last: the entry is the same, and is put right.
    let result = Estate::seen().items([item("eu", QUEUE, "q")]).published(register.clone()).once();
    assert_eq!(kinds(&result), [ChangeKind::Update]);
    apply(&mut register, &result.changes);
    assert_eq!(register.len(), 1);
    assert_eq!(register[0].arn(), item("eu", QUEUE, "q").arn);
}

#[test]
fn semantics_3_1_an_item_whose_arn_is_built_keeps_the_entry_that_its_own_arn_made() {
    for item in [built("q"), built_wrong("q")] {
        let entry = entry_of("eu", QUEUE, "q");
        let result = Estate::seen().items([item]).published([entry.clone()]).once();
        assert_eq!(kinds(&result), [ChangeKind::Update]);
        assert_eq!(result.changes[0].asset_key, entry.asset_key);
    }
}

#[test]
fn a_finding_says_that_the_arn_was_built() {
    let result = Estate::seen().items([built("q")]).once();
    let [finding] = result.findings.as_slice() else { panic!("{:?}", result.findings) };
    assert_eq!(finding.kind, FindingKind::Unregistered);
    assert_eq!(finding.evidence["arn_built"], true);
    let given = Estate::seen().items([item("eu", QUEUE, "q")]).once();
    assert!(!given.findings[0].evidence.contains_key("arn_built"));
}
