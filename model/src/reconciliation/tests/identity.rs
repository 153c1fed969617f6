//! Which entry is an asset's: keys never change, and nothing falls through.

use super::support::*;
use uuid::Uuid;

use crate::asset::{AssetKey, AssetState, PublishedAsset};
use crate::asset_record::AssetRecord;
use crate::attribute;
use crate::change_set::ChangeKind;
use crate::configuration_item::ConfigurationItem;
use crate::coverage::Reason;
use crate::finding::FindingKind;
use crate::history::AccountHistory;

#[test]
fn semantics_3_1_a_second_row_of_a_published_place_gets_no_second_entry_while_it_is_dark() {
    let twin = AssetRecord { row_key: "twin".into(), ..by_id("twin", Some("eu"), QUEUE, "q") };
    let estate = Estate::seen()
        .records([by_arn("a", &arn("eu", QUEUE, "q")), twin])
        .published([entry_of("eu", QUEUE, "q")])
        .lines([gap("eu", Some(QUEUE), Reason::Throttled)]);
    assert_reads(
        &estate.once(),
        "a + entry: unverified: update asset_id=a
        twin: unverified: withheld(unverified)",
    );
}

#[test]
fn semantics_3_1_an_entry_that_was_made_of_an_arn_alone_is_at_the_place_that_the_arn_names() {
    let function = "AWS::Lambda::Function";
    let arn = "arn:aws:lambda:eu:111122223333:function:fahrplan";
    let made_of_it = entry(arn_key(arn), &[(attribute::ARN, arn)]);
    let by_place = by_id("b", Some("eu"), function, "fahrplan");
    let dark = || Estate::seen().published([made_of_it.clone()]).lines([gap("eu", None, Reason::Throttled)]);
    assert_reads(
        &dark().records([by_arn("a", arn), by_place.clone()]).once(),
        "a + entry: unverified: update asset_id=a registration=registered
        b: unverified: withheld(unverified)",
    );
    assert_reads(
        &dark().records([by_place]).once(),
        "b + entry: unverified: update asset_id=b registration=registered",
    );
}

#[test]
fn semantics_3_1_no_second_entry_is_made_with_an_arn_that_an_entry_has() {
    // AWS Config gives the bucket no ARN, one row does and becomes its own, another knows nothing but that ARN.
    let nameless = ConfigurationItem { arn: None, ..item("eu", BUCKET, "1") };
    let whole =
        AssetRecord { arn: Some(arn("eu", BUCKET, "1").parse().unwrap()), ..by_id("A", None, BUCKET, "1") };
    let estate =
        Estate::seen().items([nameless]).records([whole, by_arn("A", &arn("eu", BUCKET, "1"))]).published([
            PublishedAsset { asset_key: AssetKey(Uuid::from_u128(1)), ..entry_of("eu", BUCKET, "1") },
        ]);
    for line in 0..estate.lines.len() {
        let mut darker = estate.clone();
        darker.lines[line].set_incomplete(Reason::Throttled, "");
        let result = darker.once();
        assert!(result.changes.iter().all(|change| change.kind != ChangeKind::Create), "{}", render(&result));
    }
}

#[test]
fn semantics_3_1_a_row_without_region_means_the_one_entry_of_its_type_and_id() {
    let row = by_id("a", None, QUEUE, "q");
    let estate = Estate::seen().records([row.clone()]).published([entry_of("eu", QUEUE, "q")]);
    assert_reads(&estate.once(), "a + entry: absent: withheld(grace)");
    let two =
        Estate::seen().records([row]).published([entry_of("eu", QUEUE, "q"), entry_of("us", QUEUE, "q")]);
    assert_reads(
        &two.lines([gap("eu", Some(QUEUE), Reason::Throttled)]).once(),
        "a: unverified: withheld(unverified)
        entry: absent: withheld(grace)
        entry: unverified: withheld(unverified)",
    );
}

#[test]
fn semantics_3_1_an_item_that_gains_an_arn_keeps_its_key() {
    let mut nameless = item("eu", QUEUE, "q");
    nameless.arn = None;
    let mut register = Vec::new();
    apply(&mut register, &Estate::seen().items([nameless]).once().changes);
    let named = Estate::seen().items([item("eu", QUEUE, "q")]).published(register.clone());
    let result = named.once();
    assert_eq!(kinds(&result), [ChangeKind::Update]);
    assert_eq!(result.changes[0].asset_key, register[0].asset_key);
    apply(&mut register, &result.changes);
    assert_eq!(register[0].arn(), item("eu", QUEUE, "q").arn);
}

#[test]
fn semantics_3_1_an_item_that_loses_its_arn_keeps_its_key() {
    let mut nameless = item("eu", QUEUE, "q");
    nameless.arn = None;
    let estate = Estate::seen().items([nameless]).published([entry_of("eu", QUEUE, "q")]);
    assert_reads(
        &estate.once(),
        "eu/AWS::SQS::Queue/q + entry: unregistered: update registration=unregistered",
    );
}

#[test]
fn semantics_3_1_a_record_published_unverified_keeps_its_key_when_it_is_seen() {
    for record in [
        by_arn("a", &arn("eu", QUEUE, "q")),
        by_id("a", Some("eu"), QUEUE, "q"),
        by_id("a", None, QUEUE, "q"),
    ] {
        let blind = Estate::seen().records([record]).lines([gap("eu", None, Reason::Throttled)]);
        let blind = blind.lines([gap("eu", Some(QUEUE), Reason::Throttled)]);
        let mut register = Vec::new();
        let first = blind.once();
        assert_eq!(kinds(&first), [ChangeKind::Create]);
        apply(&mut register, &first.changes);
        let seen = Estate { lines: all_seen(), ..blind }.items([item("eu", QUEUE, "q")]);
        let second = seen.published(register.clone()).once();
        assert_eq!(kinds(&second), [ChangeKind::Update]);
        apply(&mut register, &second.changes);
        assert_eq!(register[0].attributes[attribute::VERIFICATION], "live");
    }
}

#[test]
fn semantics_3_1_a_changed_asset_id_is_an_update() {
    let record = AssetRecord { asset_id: Some("new".into()), ..by_arn("a", &arn("eu", QUEUE, "q")) };
    let mut before = entry_of("eu", QUEUE, "q");
    before.attributes.insert(attribute::ASSET_ID.into(), "old".into());
    let result = Estate::seen().items([item("eu", QUEUE, "q")]).records([record]).published([before]).once();
    assert_reads(&result, "a + eu/AWS::SQS::Queue/q + entry: -: update asset_id=new");
}

#[test]
fn semantics_3_1_an_asset_id_that_moved_takes_no_other_resources_entry() {
    let mut before = entry_of("us", QUEUE, "old");
    before.attributes.insert(attribute::ASSET_ID.into(), "a".into());
    let estate =
        Estate::seen().items([item("eu", QUEUE, "q")]).records([by_arn("a", &arn("eu", QUEUE, "q"))]);
    let blind = estate.published([before]).lines([gap("us", Some(QUEUE), Reason::Throttled)]);
    let result = blind.daily(5);
    assert_reads(
        &result,
        "a + eu/AWS::SQS::Queue/q: -: create asset_id=a registration=registered verification=live
        entry: unverified: withheld(unverified)",
    );
}

#[test]
fn an_asset_id_finds_an_entry_that_names_no_resource() {
    let key = AssetKey(uuid::Uuid::from_u128(5));
    let estate =
        Estate::seen().items([item("eu", QUEUE, "q")]).records([by_arn("a", &arn("eu", QUEUE, "q"))]);
    let result = estate.published([entry(key, &[(attribute::ASSET_ID, "a")])]).once();
    assert_eq!((result.changes[0].asset_key, result.changes[0].kind), (key, ChangeKind::Update));
}

#[test]
fn a_record_that_names_no_type_still_ends_in_an_outcome() {
    let untyped = AssetRecord { resource_id: Some("q".into()), ..bare("a") };
    let unverified = "a: unverified: create asset_id=a registration=registered";
    assert_reads(
        &Estate::seen().records([bare("a")]).once(),
        &format!("{unverified} verification=unverified"),
    );
    let untyped = Estate::seen().records([untyped]).once();
    assert_reads(
        &untyped,
        "a: unverified: create asset_id=a registration=registered verification=unverified",
    );
}

#[test]
fn an_entry_listed_twice_is_read_the_same_in_any_order() {
    let older = entry_of("eu", QUEUE, "q");
    let newer =
        crate::asset::PublishedAsset { version: "2".into(), state: AssetState::Retired, ..older.clone() };
    let run = |entries: [_; 2]| Estate::seen().items([item("eu", QUEUE, "q")]).published(entries).once();
    assert_eq!(run([older.clone(), newer.clone()]), run([newer, older]));
}

#[test]
fn rows_that_differ_in_nothing_but_values_are_read_the_same_in_any_order() {
    let named = |name: &str| {
        let mut record = by_arn("a", &arn("eu", QUEUE, "q"));
        record.attributes.insert("name".into(), name.into());
        record
    };
    let live = |name: &str| {
        let mut live = item("eu", QUEUE, "q");
        live.resource_name = Some(name.into());
        live
    };
    let run = |one: &str, two: &str| {
        Estate::seen().records([named(one), named(two)]).items([live(one), live(two)]).once()
    };
    assert_eq!(run("x", "y"), run("y", "x"));
}

#[test]
fn every_difference_is_a_divergence_with_both_values_and_only_in_complete_scopes() {
    let mut live = item("eu", QUEUE, "q");
    live.attributes.insert("configuration.x".into(), 30.into());
    live.resource_name = Some("q".into());
    let mut record = by_arn("a", &arn("eu", QUEUE, "q"));
    record.attributes.insert("configuration.x".into(), "60".into());
    record.attributes.insert("name".into(), "Fahrplan".into());
    record.attributes.insert("owner".into(), "netz".into());
    record.region = Some("us".into());
    let estate = Estate::seen().items([live]).records([record]);
    let result = estate.once();
    let shown: Vec<_> = result
        .findings
        .iter()
        .map(|f| (f.attribute.as_deref().unwrap(), f.live.clone().unwrap(), f.registered.clone().unwrap()))
        .collect();
    assert_eq!(
        shown,
        [
            ("configuration.x", 30.into(), "60".into()),
            ("name", "q".into(), "Fahrplan".into()),
            ("region", "eu".into(), "us".into())
        ]
    );
    let blind = estate.lines([gap("eu", Some(QUEUE), Reason::RecorderStopped)]);
    assert_eq!(findings(&blind.once()), [FindingKind::Unverified]);
}

#[test]
fn an_open_finding_keeps_its_first_date_while_the_account_is_partly_dark() {
    let estate = Estate::seen().items([item("eu", QUEUE, "q")]);
    let first = estate.run(&AccountHistory::default(), at(0));
    let dark = Estate::seen().lines([gap("eu", Some(QUEUE), Reason::Throttled)]);
    let second = dark.run(&first.history, at(24));
    let third = estate.run(&second.history, at(48));
    assert_eq!(third.findings[0].since, Some(at(0)));
    let seen_without = Estate::seen().run(&first.history, at(24));
    assert_eq!(estate.run(&seen_without.history, at(48)).findings[0].since, Some(at(48)));
}
