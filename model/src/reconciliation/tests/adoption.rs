//! Entries under our name that bestand never wrote.

use super::proof::*;
use super::support::*;
use crate::adoption::{AdoptBy, Adoption};
use crate::asset::{AssetKey, AssetState, PublishedAsset};
use crate::asset_record::AssetRecord;
use crate::attribute;
use crate::change_set::{ChangeKind, WithheldReason};
use crate::coverage::Reason;
use crate::finding::FindingKind;
use crate::history::{AccountHistory, AssetHistory};
use crate::last_published::{LastPublished, Publications, PublishedMemory};
use crate::reconciliation::{AccountReconciliation, Rules, reconcile_not_aws};

fn key(number: u128) -> AssetKey {
    AssetKey(uuid::Uuid::from_u128(number))
}

fn adopting(ways: &[AdoptBy], estate: Estate) -> Estate {
    let rules = Rules { adoption: Adoption::new(ways), ..estate.rules.clone() };
    Estate { rules, ..estate }
}

/// A foreign entry that carries just these attributes.
fn theirs(attributes: &[(&str, &str)]) -> PublishedAsset {
    foreign(entry(key(9), attributes))
}

fn not_ours(result: &AccountReconciliation) -> bool {
    let withheld = |reason| reason == Some(WithheldReason::NotOurs);
    let told = findings(result).contains(&FindingKind::NotOurs);
    told && result.changes.iter().all(|change| withheld(change.reason))
}

#[test]
fn semantics_3_3_what_nothing_matches_is_somebody_elses_for_ever() {
    let estate = Estate::seen().published([foreign(entry_of("eu", QUEUE, "q"))]);
    for day in 0..6 {
        let result = estate.daily(day);
        assert_reads(&result, "entry: not_ours: withheld(not_ours)");
        assert_eq!((result.totals.owned, result.missing.len()), (0, 0));
        assert_eq!(result.history.assets.len(), 0);
    }
    assert_eq!(kinds(&Estate::seen().published([entry_of("eu", QUEUE, "q")]).daily(5)), [ChangeKind::Retire]);
    // Nor is it absent, unverified or misplaced because of what is seen elsewhere.
    let dark = estate.clone().lines([gap("eu", Some(QUEUE), Reason::Throttled)]);
    assert_reads(&dark.once(), "entry: not_ours: withheld(not_ours)");
    let retired = PublishedAsset { state: AssetState::Retired, ..foreign(entry_of("eu", QUEUE, "q")) };
    assert_reads(&Estate::seen().published([retired]).once(), "entry: -: -");
}

#[test]
fn semantics_3_3_every_sign_of_bestand_makes_an_entry_its_own() {
    let foreign = || foreign(entry_of("eu", QUEUE, "q"));
    let retires = |estate: &Estate, mut history: AccountHistory| {
        for day in 0..4 {
            history = estate.run(&history, at(day * 24)).history;
        }
        kinds(&estate.run(&history, at(96))) == [ChangeKind::Retire]
    };
    let none = AccountHistory::default;
    assert!(!retires(&Estate::seen().published([foreign()]), none()));
    let mut marked = foreign();
    marked.attributes.insert(attribute::REGISTRATION.into(), "registered".into());
    assert!(retires(&Estate::seen().published([marked]), none()), "its mark");
    let planned = PublishedAsset { last_plan: Some("p".into()), ..foreign() };
    assert!(retires(&Estate::seen().published([planned]), none()), "a plan");
    let seen = AssetHistory { first_seen: Some(at(-9)), last_seen: Some(at(-9)), ..AssetHistory::default() };
    let matched = AccountHistory { assets: [(foreign().asset_key, seen)].into(), ..none() };
    assert!(retires(&Estate::seen().published([foreign()]), matched), "it was matched");
    let line = LastPublished {
        asset_key: foreign().asset_key,
        plan: "p".into(),
        planned_at: at(-9),
        version: None,
        shared: false,
        state: None,
        attributes: Default::default(),
    };
    let memory = PublishedMemory::new(Publications::default(), [line]);
    assert!(retires(&Estate { memory, ..Estate::seen().published([foreign()]) }, none()), "it was published");
}

#[test]
fn semantics_3_3_what_a_live_item_or_a_record_matches_is_adopted_and_updated() {
    let arn = arn("eu", QUEUE, "q");
    let scope = [(attribute::REGION, "eu"), (attribute::RESOURCE_TYPE, QUEUE), (attribute::RESOURCE_ID, "q")];
    let minted = foreign(entry(arn_key(&arn), &[]));
    let no_arn = || crate::configuration_item::ConfigurationItem { arn: None, ..item("eu", QUEUE, "q") };
    let ways = [
        (AdoptBy::AssetKey, minted, item("eu", QUEUE, "q")),
        (AdoptBy::Arn, theirs(&[(attribute::ARN, &arn)]), item("eu", QUEUE, "q")),
        (AdoptBy::Scope, theirs(&scope), no_arn()),
        (AdoptBy::AssetId, theirs(&[(attribute::ASSET_ID, "a")]), item("eu", QUEUE, "q")),
    ];
    for (way, entry, item) in ways {
        let entry_key = entry.asset_key;
        let estate =
            Estate::seen().items([item]).records([by_id("a", Some("eu"), QUEUE, "q")]).published([entry]);
        let result = estate.once();
        assert_eq!(kinds(&result), [ChangeKind::Update], "{way:?}");
        assert_eq!((findings(&result), result.changes[0].asset_key), (vec![], entry_key));
        assert_eq!(result.changes[0].after.attributes[attribute::REGISTRATION], "registered");
        assert_eq!((result.totals.adoptions, result.totals.owned), (1, 1));
        // Once it is written it is bestand's own.
        let mut register = estate.published.clone();
        apply(&mut register, &result.changes);
        let again = Estate { published: register, ..estate.clone() }.once();
        assert_eq!((kinds(&again), again.totals.adoptions), (vec![ChangeKind::Unchanged], 0));

        // By a way that is not listed it is left alone, and no second one is made beside it.
        let others: Vec<AdoptBy> = AdoptBy::ALL.into_iter().filter(|other| *other != way).collect();
        let refused = adopting(&others, estate).daily(5);
        assert!(not_ours(&refused), "{way:?} {}", render(&refused));
        assert_eq!(refused.changes[0].asset_key, entry_key);
        assert_eq!((refused.totals.owned, refused.history.assets.len()), (0, 0));
        let evidence = &refused.findings.iter().find(|of| of.kind == FindingKind::NotOurs).unwrap().evidence;
        assert_eq!(evidence["matched_by"], serde_json::json!([way]));
    }
}

#[test]
fn semantics_3_3_a_record_alone_adopts_too_and_never_retires_what_was_never_seen() {
    let scope = [(attribute::REGION, "eu"), (attribute::RESOURCE_TYPE, QUEUE), (attribute::RESOURCE_ID, "q")];
    let estate = Estate::seen().records([by_id("a", Some("eu"), QUEUE, "q")]).published([theirs(&scope)]);
    let result = estate.daily(6);
    assert_eq!(findings(&result), [FindingKind::Absent]);
    assert_eq!(only(&result), withheld(WithheldReason::NeverSeen));
}

#[test]
fn semantics_3_3_what_the_item_itself_tells_stands_beside_a_foreign_entry() {
    let entry = theirs(&[(attribute::ARN, &arn("eu", QUEUE, "q"))]);
    let estate = Estate::seen().items([item("eu", QUEUE, "q")]).published([entry]);
    let result = adopting(&[], estate).once();
    assert_eq!(findings(&result), [FindingKind::Unregistered, FindingKind::NotOurs]);
    assert!(not_ours(&result));
}

#[test]
fn semantics_3_3_foreign_entries_that_nobody_can_tell_apart_are_not_owned() {
    let twins = [1, 2].map(|number| foreign(entry(key(number), &[(attribute::ARN, &arn("eu", QUEUE, "q"))])));
    let estate = Estate::seen().items([item("eu", QUEUE, "q")]).published(twins);
    let result = estate.once();
    assert_eq!((findings(&result), result.totals.owned), (vec![FindingKind::Duplicate], 0));
}

#[test]
fn semantics_3_3_a_foreign_entry_without_account_is_left_alone_too() {
    let row = |name: &str| AssetRecord { aws: false, ..bare(name) };
    let entries = [theirs(&[(attribute::ASSET_ID, "a")]), foreign(entry(key(10), &[("owner", "x")]))];
    let run = |rules: &Rules, day: i64, history: &AccountHistory| {
        reconcile_not_aws(&[row("a")], &entries, &Default::default(), rules, history, at(day * 24))
    };
    let mut history = AccountHistory::default();
    for day in 0..5 {
        history = run(&rules(), day, &history).history;
    }
    let result = run(&rules(), 5, &history);
    assert_eq!(kinds(&result), [ChangeKind::Update, ChangeKind::Withheld]);
    assert_eq!(findings(&result), [FindingKind::NotOurs]);
    let refusing = Rules { adoption: Adoption::new(&[AdoptBy::Arn]), ..rules() };
    assert!(not_ours(&run(&refusing, 5, &history)));
}
