//! Rules of the settings in whole reconciliations.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::support::*;
use crate::asset_record::AssetRecord;
use crate::attribute;
use crate::configuration_item::{ConfigurationItem, Tags};
use crate::coverage::Reason;
use crate::finding::FindingKind;
use crate::identification::tests::rule;
use crate::identification::{IdentificationRule, IdentificationRules};
use crate::proof::{Elsewhere, Proofs};
use crate::reconciliation::Rules;
use crate::shared_identity::{IdentityCensus, SharedIdentities};

const GROUP: &str = "AWS::AutoScaling::AutoScalingGroup";

fn tagged(region: &str, id: &str, key: &str, value: &str) -> ConfigurationItem {
    ConfigurationItem {
        tags: Tags::Collected(BTreeMap::from([(key.to_owned(), value.to_owned())])),
        ..item(region, QUEUE, id)
    }
}

fn untagged(region: &str, id: &str) -> ConfigurationItem {
    ConfigurationItem { tags: Tags::Collected(BTreeMap::new()), ..item(region, QUEUE, id) }
}

/// An estate whose queues carry their asset id as a tag.
fn seen() -> Estate {
    with([rule("inventory-id", &[QUEUE], &[("asset_id", "tag:id")])])
}

fn with(rules_of_settings: impl IntoIterator<Item = IdentificationRule>) -> Estate {
    let settings: Vec<_> = rules_of_settings.into_iter().collect();
    let rules = Rules { identification: IdentificationRules::new(&settings), ..rules() };
    Estate { rules, ..Estate::seen() }
}

/// A group and its members: whoever is tagged with the group's name.
fn grouped() -> Estate {
    with([IdentificationRule {
        record_types: vec![GROUP.into()],
        many: true,
        ..rule("group", &[QUEUE], &[("name", "tag:group")])
    }])
}

fn group(row_key: &str) -> AssetRecord {
    AssetRecord {
        resource_type: Some(GROUP.into()),
        attributes: BTreeMap::from([
            (attribute::NAME.to_owned(), "fleet".into()),
            ("owner".to_owned(), "depot".into()),
        ]),
        ..bare(row_key)
    }
}

#[test]
fn an_estate_that_is_known_by_tags() {
    let moved = by_id("moved", Some("us"), QUEUE, "old");
    assert_reads(
        &seen()
            .items([
                tagged("eu", "1", "id", "tagged"),
                tagged("eu", "2", "id", "moved"),
                tagged("eu", "3", "id", "twice"),
                tagged("us", "4", "id", "twice"),
                untagged("eu", "5"),
            ])
            .records([bare("tagged"), moved, bare("twice"), bare("gone")])
            .once(),
        "eu/AWS::SQS::Queue/5: unregistered: create registration=unregistered tags={} verification=live
        gone: absent: withheld(not_live)
        moved + eu/AWS::SQS::Queue/2: misplaced: create asset_id=moved registration=registered tags={\"id\":\"moved\"} verification=live
        tagged + eu/AWS::SQS::Queue/1: -: create asset_id=tagged registration=registered tags={\"id\":\"tagged\"} verification=live
        twice + eu/AWS::SQS::Queue/3 us/AWS::SQS::Queue/4: duplicate: withheld(ambiguous)",
    );
}

#[test]
fn semantics_2_2_a_tag_may_be_found_in_every_region_so_all_of_them_must_be_complete() {
    let estate = seen().records([AssetRecord { resource_type: Some(QUEUE.into()), ..bare("a") }]);
    assert_eq!(findings(&estate.once()), [FindingKind::Absent]);
    let dark = estate.clone().lines([gap("us", Some(QUEUE), Reason::Throttled)]);
    assert_eq!(findings(&dark.once()), [FindingKind::Unverified]);
    let other_type = estate.lines([gap("us", Some(BUCKET), Reason::Throttled)]);
    assert_eq!(findings(&other_type.once()), [FindingKind::Absent], "the rule finds queues only");
}

#[test]
fn semantics_2_2_what_a_rule_reads_must_have_been_collected() {
    let without_tags = item("us", QUEUE, "x");
    let estate = seen().items([without_tags]).records([bare("a")]);
    assert_eq!(findings(&estate.once()), [FindingKind::Unregistered, FindingKind::Unverified]);
    let of_other_type = seen().items([item("us", BUCKET, "x")]).records([bare("a")]);
    assert_eq!(findings(&of_other_type.once()), [FindingKind::Absent, FindingKind::Unregistered]);
}

#[test]
fn semantics_2_14_a_match_by_tag_is_believed_only_where_everything_was_seen() {
    let estate = seen().items([tagged("eu", "1", "id", "a")]).records([bare("a")]).lines([gap(
        "us",
        Some(QUEUE),
        Reason::Throttled,
    )]);
    assert_reads(
        &estate.once(),
        "a + eu/AWS::SQS::Queue/1: unverified: create asset_id=a registration=registered verification=unverified",
    );
    // An ARN is the resource itself.
    let by_arn = estate.clone().records([by_arn("b", &arn("eu", QUEUE, "2"))]).items([untagged("eu", "2")]);
    assert_eq!(findings(&by_arn.once()), [FindingKind::Unverified]);
}

#[test]
fn semantics_2_4_what_a_rule_finds_in_another_account_is_misplaced() {
    let record = by_id("a", Some("eu"), QUEUE, "1");
    let estate = seen().records([record]).published([entry_of("eu", QUEUE, "1")]);
    let missing = estate.once().missing;
    assert_eq!(missing[0].keys[0].key, "a", "the other accounts are searched for the tag");
    let place = Elsewhere { doubtful: false, account_id: other_account(), region: "us".into() };
    let elsewhere = BTreeMap::from([(missing[0].asset_key, place)]);
    let proofs = Proofs { elsewhere, ..Proofs::default() };
    let result = estate.round(&proofs, &crate::history::AccountHistory::default(), at(0));
    assert_reads(&result, "a + entry: misplaced: withheld(misplaced)");
}

#[test]
fn a_record_that_was_never_published_is_looked_for_elsewhere_too() {
    let estate = seen().records([by_id("a", Some("eu"), QUEUE, "1")]);
    let missing = estate.once().missing;
    assert_eq!((missing.len(), missing[0].question.is_none()), (1, true));
    let place = Elsewhere { doubtful: false, account_id: other_account(), region: "us".into() };
    let elsewhere = BTreeMap::from([(missing[0].asset_key, place)]);
    let proofs = Proofs { elsewhere, ..Proofs::default() };
    let result = estate.round(&proofs, &crate::history::AccountHistory::default(), at(0));
    assert_reads(&result, "a: misplaced: withheld(misplaced)");
}

#[test]
fn semantics_8_2_an_estate_with_a_group() {
    let items =
        [tagged("eu", "1", "group", "fleet"), tagged("us", "2", "group", "fleet"), untagged("eu", "3")];
    let named = ConfigurationItem { resource_name: Some("host-1".into()), ..items[0].clone() };
    assert_reads(
        &grouped().items([named, items[1].clone(), items[2].clone()]).records([group("G")]).once(),
        "G + eu/AWS::SQS::Queue/1: -: create asset_id=G name=host-1 owner=depot registration=registered tags={\"group\":\"fleet\"} verification=live
        G + us/AWS::SQS::Queue/2: -: create asset_id=G owner=depot registration=registered tags={\"group\":\"fleet\"} verification=live
        eu/AWS::SQS::Queue/3: unregistered: create registration=unregistered tags={} verification=live",
    );
}

#[test]
fn semantics_8_2_a_member_that_is_gone_is_absent_and_the_others_stay() {
    let mut estate = grouped()
        .items([tagged("eu", "1", "group", "fleet"), tagged("eu", "2", "group", "fleet")])
        .records([group("G")]);
    let first = estate.once();
    apply(&mut estate.published, &first.changes);
    estate.items.pop();
    assert_reads(
        &estate.run(&first.history, at(24)),
        "G + eu/AWS::SQS::Queue/1 + entry: -: unchanged
        entry: absent: withheld(grace)",
    );
}

#[test]
fn semantics_8_2_a_group_that_cannot_be_seen_gets_no_entry_of_its_own() {
    let dark = grouped().records([group("G")]).lines([gap("us", Some(QUEUE), Reason::Throttled)]);
    assert_reads(&dark.once(), "G: unverified: withheld(unverified)");
}

#[test]
fn rows_that_share_an_asset_id_are_told_and_judged_each_for_itself() {
    let twin = AssetRecord {
        row_key: "a".into(),
        asset_id: Some("a".into()),
        ..by_arn("a", &arn("us", QUEUE, "2"))
    };
    let records = [by_arn("a", &arn("eu", QUEUE, "1")), twin];
    let mut census = IdentityCensus::default();
    records.iter().for_each(|record| census.add(record));
    let mut shared = SharedIdentities::default();
    records.iter().for_each(|record| shared.add(&census, record));
    let mut estate = Estate::seen().items([untagged("eu", "1"), untagged("us", "2")]).records(records);
    estate.rules.shared = Arc::new(shared);
    let result = estate.once();
    assert_reads(
        &result,
        "a + eu/AWS::SQS::Queue/1: shared_identity asset_id: create asset_id=a registration=registered tags={} verification=live
        a + us/AWS::SQS::Queue/2: shared_identity asset_id: create asset_id=a registration=registered tags={} verification=live",
    );
    assert_eq!(result.findings[0].evidence["rows"].as_array().map(Vec::len), Some(2));
}
