//! Ambiguity is never guessed: all candidates are withheld, none counts as absent.

use super::support::*;
use crate::asset::AssetKey;
use crate::asset_record::{AssetRecord, Lifecycle};
use crate::attribute;
use crate::change_set::{ChangeKind, WithheldReason};
use crate::coverage::Reason;
use crate::finding::FindingKind;
use uuid::Uuid;

fn key(number: u128) -> AssetKey {
    AssetKey(Uuid::from_u128(number))
}

#[test]
fn semantics_1_two_records_of_one_item_are_a_duplicate() {
    let records = [by_arn("a", &arn("eu", QUEUE, "q")), by_id("b", Some("eu"), QUEUE, "q")];
    let estate = Estate::seen().items([item("eu", QUEUE, "q")]).records(records);
    assert_reads(&estate.once(), "a b + eu/AWS::SQS::Queue/q: duplicate: withheld(ambiguous)");
    let published = estate.published([entry_of("eu", QUEUE, "q")]);
    assert_reads(&published.daily(5), "a b + eu/AWS::SQS::Queue/q + entry: duplicate: withheld(ambiguous)");
}

#[test]
fn semantics_1_two_records_of_nothing_are_a_duplicate_and_not_absent() {
    let records = [by_arn("a", &arn("eu", QUEUE, "q")), by_arn("b", &arn("eu", QUEUE, "q"))];
    let estate = Estate::seen().records(records).published([entry_of("eu", QUEUE, "q")]);
    assert_reads(&estate.daily(5), "a b + entry: duplicate: withheld(ambiguous)");
}

#[test]
fn semantics_1_the_same_row_twice_is_a_duplicate() {
    let estate =
        Estate::seen().records([by_id("a", Some("eu"), QUEUE, "q"), by_id("a", Some("eu"), QUEUE, "q")]);
    assert_reads(&estate.clone().once(), "a a: duplicate: withheld(ambiguous)");
    let live = estate.items([item("eu", QUEUE, "q")]);
    assert_reads(&live.once(), "a a + eu/AWS::SQS::Queue/q: duplicate: withheld(ambiguous)");
}

#[test]
fn semantics_1_one_record_without_region_and_two_items_are_a_duplicate() {
    let items = [item("eu", QUEUE, "q"), item("us", QUEUE, "q")];
    let estate = Estate::seen().items(items).records([by_id("a", None, QUEUE, "q")]);
    let estate = estate.published([entry_of("eu", QUEUE, "q"), entry_of("us", QUEUE, "q")]);
    let result = estate.daily(5);
    assert_eq!(findings(&result), [FindingKind::Duplicate]);
    let reasons: Vec<_> = result.changes.iter().map(|change| change.reason).collect();
    assert_eq!(reasons, [Some(WithheldReason::Ambiguous); 2]);
}

#[test]
fn semantics_1_two_rows_with_one_key_in_aws_are_a_duplicate() {
    let mut twin = item("eu", QUEUE, "q2");
    twin.arn = item("eu", QUEUE, "q").arn;
    let result = Estate::seen().items([item("eu", QUEUE, "q"), twin]).once();
    assert_reads(&result, "eu/AWS::SQS::Queue/q eu/AWS::SQS::Queue/q2: duplicate: withheld(ambiguous)");
}

#[test]
fn semantics_3_1_two_entries_of_one_arn_are_a_duplicate_and_no_third_is_made() {
    let arn = arn("eu", QUEUE, "q");
    let twins = [entry(key(1), &[(attribute::ARN, &arn)]), entry(key(2), &[(attribute::ARN, &arn)])];
    let estate = Estate::seen().items([item("eu", QUEUE, "q")]).published(twins);
    let result = estate.daily(5);
    assert_eq!(kinds(&result), [ChangeKind::Withheld; 2], "{}", render(&result));
    assert_eq!(findings(&result), [FindingKind::Duplicate]);
    // With the scope in the dark it is just as ambiguous.
    let blind = estate.lines([gap("eu", Some(QUEUE), Reason::Throttled)]);
    assert_eq!(kinds(&blind.once()), [ChangeKind::Withheld; 2]);
}

#[test]
fn semantics_3_1_a_tangle_does_not_make_a_second_entry_of_a_neighbour() {
    // Two rows speak of `q`; one carries the asset id under which `other` was published before it had an ARN.
    let records = [by_arn("a", &arn("eu", QUEUE, "q")), by_arn("b", &arn("eu", QUEUE, "q"))];
    let other = arn("eu", QUEUE, "other");
    let neighbour = entry(key(7), &[(attribute::ARN, &other), (attribute::ASSET_ID, "a")]);
    let items = [item("eu", QUEUE, "q"), item("eu", QUEUE, "other")];
    let result = Estate::seen().items(items).records(records).published([neighbour]).once();
    assert!(!kinds(&result).contains(&ChangeKind::Create), "{}", render(&result));
}

#[test]
fn findings_have_ids_of_their_own() {
    let arn = arn("eu", QUEUE, "q");
    let twins = [entry(key(1), &[(attribute::ARN, &arn)]), entry(key(2), &[(attribute::ARN, &arn)])];
    let mut estate = Estate::seen().published(twins);
    let rejected = crate::asset_record::RejectedRecord {
        row_key: "x".into(),
        asset_id: None,
        account_id: Some(account()),
        reason: "no".into(),
    };
    estate.rejected = vec![rejected.clone(), rejected];
    let result = estate.once();
    let ids: std::collections::BTreeSet<_> =
        result.findings.iter().map(|finding| &finding.finding_id).collect();
    assert_eq!((result.findings.len(), ids.len()), (4, 4));
}

#[test]
fn semantics_3_1_a_key_that_a_tangle_may_mean_is_given_to_nobody_else() {
    // `q2` has the ARN of `q`, about which two rows quarrel.
    let mut twin = item("eu", QUEUE, "q2");
    twin.arn = item("eu", QUEUE, "q").arn;
    let records = [by_id("a", Some("eu"), QUEUE, "q"), by_id("b", Some("eu"), QUEUE, "q")];
    let result = Estate::seen().items([item("eu", QUEUE, "q"), twin]).records(records).once();
    let changes: Vec<_> = result.changes.iter().map(|change| (change.kind, change.reason)).collect();
    assert_eq!(changes, [(ChangeKind::Withheld, Some(WithheldReason::Ambiguous))]);
}

#[test]
fn semantics_3_1_an_entry_that_a_tangle_claims_is_not_made_anew_for_its_owner() {
    // A row names the ARN of `q` and the id of `other`, which was published before it had an ARN.
    let confused = crate::asset_record::AssetRecord {
        arn: item("eu", QUEUE, "q").arn,
        ..by_id("a", Some("eu"), QUEUE, "other")
    };
    let records = [confused, by_arn("b", &arn("eu", QUEUE, "q"))];
    let (region, kind, id) = ("eu".into(), QUEUE.into(), "other".into());
    let scope = crate::asset::KeyBasis::Scope(&account(), Some(&region), &kind, &id);
    let old = entry(AssetKey::mint(ENVIRONMENT, &scope), &[]);
    let items = [item("eu", QUEUE, "q"), item("eu", QUEUE, "other")];
    let result = Estate::seen().items(items).records(records).published([old]).once();
    assert!(!kinds(&result).contains(&ChangeKind::Create), "{}", render(&result));
}

#[test]
fn semantics_2_6_what_an_ambiguous_entry_names_is_sighted_wherever_it_lives() {
    let gone = Estate::seen().published([entry(
        key(9),
        &[(attribute::RESOURCE_TYPE, SUBNET), (attribute::RESOURCE_ID, "1"), (attribute::ASSET_ID, "C")],
    )]);
    // Two rows of another resource claim its entry by the asset id, while what it names lives on.
    let quarrel = gone
        .clone()
        .items([item("eu", SUBNET, "1")])
        .records([by_arn("row 1", &arn("global", ROLE, "2")), by_arn("C", &arn("global", ROLE, "2"))]);
    let mut history = crate::history::AccountHistory::default();
    history.assets.insert(
        key(9),
        crate::history::AssetHistory {
            looks: 1,
            absent_since: Some(at(0)),
            last_look: Some(at(0)),
            ..Default::default()
        },
    );
    assert_eq!(quarrel.run(&history, at(24)).history.assets[&key(9)].looks, 0);
}

#[test]
fn semantics_2_6_an_ambiguous_look_neither_advances_nor_resets_but_a_sighting_does() {
    let absent = Estate::seen().published([entry_of("eu", QUEUE, "q")]);
    let first = absent.run(&crate::history::AccountHistory::default(), at(0));
    let rows = [by_arn("a", &arn("eu", QUEUE, "q")), by_arn("b", &arn("eu", QUEUE, "q"))];
    let quarrel = absent.records(rows);
    assert_eq!(quarrel.run(&first.history, at(24)).history.assets, first.history.assets);
    let live = quarrel.items([item("eu", QUEUE, "q")]).run(&first.history, at(24));
    assert_eq!(live.history.assets.values().map(|asset| asset.looks).collect::<Vec<_>>(), [0]);
}

#[test]
fn semantics_5_a_planned_row_of_an_ambiguous_asset_resets_looks_too() {
    let gone = Estate::seen().published([entry(
        key(9),
        &[(attribute::RESOURCE_TYPE, SUBNET), (attribute::REGION, "us"), (attribute::ASSET_ID, "C")],
    )]);
    let first = gone.run(&crate::history::AccountHistory::default(), at(0));
    assert_eq!(first.history.assets[&key(9)].looks, 1);
    // Somebody plans the asset anew, and another row quarrels over what it names.
    let planned = AssetRecord { lifecycle: Lifecycle::Planned, ..by_arn("C", &arn("global", ROLE, "2")) };
    let quarrel = gone.records([planned, by_arn("row 1", &arn("global", ROLE, "2"))]);
    assert_eq!(quarrel.run(&first.history, at(24)).history.assets[&key(9)].looks, 0);
}
