//! Authority over whole accounts: what is published, what is found, and what is left alone.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::support::*;
use crate::asset::PublishedAsset;
use crate::asset_record::AssetRecord;
use crate::attribute;
use crate::authority::{AuthorityTable, DEFAULT_MAX_ATTRIBUTE_BYTES, Why, problems};
use crate::change_set::{ChangeKind, Provenance};
use crate::configuration_item::{ConfigurationItem, Tags};
use crate::coverage::Reason;
use crate::finding::{Finding, FindingKind};
use crate::history::AccountHistory;
use crate::last_published::PublishedMemory;
use crate::proof::Proofs;
use crate::reconciliation::{AccountReconciliation, Rules, reconcile_not_aws};

fn by(written: Value) -> Rules {
    let written: Vec<_> = serde_json::from_value(written).unwrap();
    assert_eq!(problems(&written, DEFAULT_MAX_ATTRIBUTE_BYTES), Vec::<String>::new());
    Rules { authority: AuthorityTable::new(&written, DEFAULT_MAX_ATTRIBUTE_BYTES), ..rules() }
}

/// The environment by the tag, then by ITK.
fn environment() -> Rules {
    by(json!([{
        "attribute": "environment",
        "sources": [
            { "from": "tag:stage", "map": { "prod": "production", "tst": "test" } },
            { "from": "source_register", "map": { "PRD": "production", "TST": "test" } },
            "default",
        ],
        "default": "unknown",
        "compare": { "ignore_case": true },
    }]))
}

fn tagged(tags: &[(&str, &str)]) -> ConfigurationItem {
    let tags = tags.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
    ConfigurationItem { tags: Tags::Collected(tags), ..item("eu", QUEUE, "1") }
}

fn row(attributes: &[(&str, Value)]) -> AssetRecord {
    AssetRecord { attributes: of(attributes), ..by_arn("A", &arn("eu", QUEUE, "1")) }
}

fn of(attributes: &[(&str, Value)]) -> BTreeMap<String, Value> {
    attributes.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect()
}

/// The entry of the queue, as bestand would have published it with these attributes besides.
fn published(attributes: &[(&str, Value)]) -> PublishedAsset {
    let mut entry = entry_of("eu", QUEUE, "1");
    entry.attributes.insert(attribute::ASSET_ID.into(), json!("A"));
    entry.attributes.extend(of(attributes));
    entry
}

fn run(estate: &Estate, rules: &Rules) -> AccountReconciliation {
    estate.round_by(rules, &Proofs::default(), &AccountHistory::default(), at(0))
}

fn only(result: &AccountReconciliation, kind: FindingKind) -> &Finding {
    let mut of_kind = result.findings.iter().filter(|finding| finding.kind == kind);
    let found = of_kind.next().unwrap();
    assert!(of_kind.next().is_none(), "{:?}", result.findings);
    found
}

#[test]
fn semantics_4_3_the_central_registers_word_is_published_and_its_source_is_told() {
    let estate = Estate::seen().items([tagged(&[("stage", "PROD")])]).records([row(&[])]);
    let result = run(&estate, &environment());
    let change = result.changes.first().unwrap();
    assert_eq!(change.after.attributes.get("environment"), Some(&json!("production")));
    assert_eq!(change.provenance.get("environment"), Some(&Provenance::Tag("stage".into())));
}

#[test]
fn semantics_4_3_what_is_called_the_same_here_is_no_divergence_and_what_is_not_is_shown_as_written() {
    let two = |tag: &str, itk: &str| {
        let estate = Estate::seen()
            .items([tagged(&[("stage", tag)])])
            .records([row(&[("environment", json!(itk))])])
            .published([published(&[("environment", json!("PRODUCTION"))])]);
        run(&estate, &environment())
    };
    let same = two("prod", " prd ");
    assert_eq!(findings(&same), []);
    assert!(
        same.changes.iter().all(|change| !change.after.attributes.contains_key("environment")),
        "spelling"
    );
    let other = two("prod", "tst");
    let finding = only(&other, FindingKind::Divergent);
    assert_eq!(
        (finding.live.as_ref(), finding.registered.as_ref()),
        (Some(&json!("prod")), Some(&json!("tst")))
    );
    assert_eq!(finding.authority, Some(Provenance::Tag("stage".into())));
    let evidence = |name: &str| finding.evidence.get(name).cloned().unwrap_or_default();
    assert_eq!(evidence("live_source"), json!("tag:stage"));
    assert_eq!(
        (evidence("live_mapped"), evidence("registered_mapped")),
        (json!("production"), json!("test"))
    );
}

#[test]
fn semantics_4_3_a_word_that_no_map_has_is_a_finding_with_an_id_that_stays() {
    let of_row = |value: Value| {
        let estate = Estate::seen()
            .items([tagged(&[])])
            .records([row(&[("environment", value)])])
            .published([published(&[("environment", json!("production"))])]);
        run(&estate, &environment())
    };
    let result = of_row(json!("QS"));
    let finding = only(&result, FindingKind::SuspectValue);
    assert_eq!(finding.attribute.as_deref(), Some("environment"));
    assert_eq!(finding.registered, Some(json!("QS")));
    assert_eq!(finding.evidence.get("problem"), Some(&json!("unmapped")));
    assert_eq!(finding.evidence.get("source"), Some(&json!("source_register")));
    assert_eq!(finding.evidence.get("row"), Some(&json!("A")));
    assert_eq!(finding.finding_id, only(&of_row(json!("Q S")), FindingKind::SuspectValue).finding_id);
    let change = result.changes.first().unwrap();
    assert_eq!(change.after.attributes.get("environment"), Some(&json!("unknown")), "the next source");
}

#[test]
fn semantics_4_2_an_incomplete_scope_hands_no_attribute_on_to_another_source_or_to_the_default() {
    let estate = |items: Vec<ConfigurationItem>, itk: Value| {
        Estate::seen()
            .items(items)
            .lines([gap("eu", Some(QUEUE), Reason::Throttled)])
            .records([row(&[
                ("environment", itk),
                ("owner", json!("depot")),
                ("configuration.x", json!("itk")),
            ])])
            .published([published(&[
                ("environment", json!("production")),
                ("configuration.x", json!("aws")),
            ])])
    };
    for items in [Vec::new(), vec![tagged(&[("stage", "tst")])]] {
        for itk in [json!("TST"), json!(null)] {
            let result = run(&estate(items.clone(), itk), &environment());
            assert_reads(
                &result,
                if items.is_empty() {
                    "A + entry: unverified: update owner=depot"
                } else {
                    "A + eu/AWS::SQS::Queue/1 + entry: unverified: update owner=depot"
                },
            );
        }
    }
}

#[test]
fn semantics_4_2_tags_that_were_not_read_are_not_gone() {
    let estate = Estate::seen()
        .items([item("eu", QUEUE, "1")])
        .records([row(&[("environment", json!("TST"))])])
        .published([published(&[("environment", json!("production"))])]);
    let result = run(&estate, &environment());
    assert!(result.changes.iter().all(|change| change.kind == ChangeKind::Unchanged), "{}", render(&result));
}

#[test]
fn semantics_4_2_of_what_has_no_record_live_sources_are_published_and_others_stay() {
    let old = [("environment", json!("test")), ("owner", json!("depot"))];
    let estate = Estate::seen().items([tagged(&[("stage", "prod")])]).published([published(&old)]);
    let result = run(&estate, &environment());
    let after = &result.changes.first().unwrap().after.attributes;
    assert_eq!(after.get("environment"), Some(&json!("production")));
    assert_eq!(after.get("owner"), None);
    let without_tag = Estate::seen().items([tagged(&[])]).published([published(&old)]);
    let after = run(&without_tag, &environment()).changes.first().unwrap().after.attributes.clone();
    assert_eq!(after.get("environment"), None, "no row clears nothing, and nobody stands in for it");
}

#[test]
fn semantics_4_4_another_spelling_is_neither_divergent_nor_an_update() {
    let rules = by(json!([{ "attribute": "configuration.size", "compare": { "unit": "GiB" } }]));
    let mut live = tagged(&[("a", "1"), ("b", "2")]);
    let said = [("configuration.size", json!(100)), ("configuration.groups", json!(["sg-1", "sg-2"]))];
    live.attributes = of(&said);
    live.created_at = "2026-01-01T00:00:00Z".parse().ok();
    let estate = Estate::seen()
        .items([live])
        .records([row(&[
            ("configuration.size", json!("102400 MiB")),
            ("configuration.groups", json!(["sg-2", "sg-1 "])),
            ("owner", json!("Depot Mu\u{308}nchen")),
        ])])
        .published([published(&[
            ("configuration.size", json!("100 GiB")),
            ("configuration.groups", json!(["sg-2", "sg-1"])),
            ("created_at", json!("2026-01-01T01:00:00+01:00")),
            ("owner", json!("Depot  München")),
            ("tags", json!({ "b": 2, "a": "1" })),
        ])]);
    let result = run(&estate, &rules);
    assert_reads(&result, "A + eu/AWS::SQS::Queue/1 + entry: -: unchanged");
}

#[test]
fn semantics_4_5_what_only_looks_alike_is_divergent_and_told() {
    let mut live = tagged(&[]);
    live.attributes = of(&[("configuration.x", json!("production"))]);
    let estate =
        Estate::seen().items([live]).records([row(&[("configuration.x", json!("pr\u{43e}duction"))])]);
    let result = estate.once();
    assert_eq!(only(&result, FindingKind::Divergent).evidence.get("looks_alike"), Some(&json!(true)));
}

#[test]
fn semantics_4_6_a_value_of_64_kib_is_told_in_short_and_stops_nothing() {
    let long = json!("x".repeat(65_536));
    let mut live = tagged(&[]);
    live.attributes = of(&[("configuration.x", json!("short"))]);
    let estate = Estate::seen()
        .items([live])
        .records([row(&[("owner", long.clone()), ("configuration.x", long.clone()), ("name", long)])])
        .published([published(&[("owner", json!("depot")), ("configuration.x", json!("short"))])]);
    let result = estate.once();
    let touched: Vec<_> = result.changes.iter().flat_map(|change| change.after.attributes.keys()).collect();
    assert!(
        !touched.iter().any(|name| ["owner", "name", "configuration.x"].contains(&name.as_str())),
        "{touched:?}"
    );
    let suspects = result.findings.iter().filter(|finding| finding.kind == FindingKind::SuspectValue);
    let told: Vec<_> = suspects.map(|of| (of.attribute.clone(), of.evidence.get("bytes").cloned())).collect();
    assert_eq!(
        told,
        ["configuration.x", "name", "owner"].map(|name| (Some(name.to_owned()), Some(json!(65_538))))
    );
    assert!(serde_json::to_string(&result.findings).unwrap().len() < 8_000);
    assert_eq!(only(&result, FindingKind::Divergent).evidence.get("cut"), Some(&json!(true)));
}

#[test]
fn semantics_4_2_a_time_in_the_future_is_told_and_not_believed() {
    let rules = by(json!([{
        "attribute": "owner",
        "sources": [{ "from": "source_register", "next_if_older_than_days": 1 }, "central_register"],
    }]));
    let of_time = |edited: Value| {
        let row = row(&[("owner", json!("itk")), ("updated_at", edited)]);
        let old = [("owner", json!("group")), ("updated_at", json!("2031-01-01"))];
        run(&Estate::seen().items([tagged(&[])]).records([row]).published([published(&old)]), &rules)
    };
    let future = of_time(json!("2031-01-01"));
    let finding = only(&future, FindingKind::SuspectValue);
    assert_eq!(finding.attribute.as_deref(), Some("updated_at"));
    assert_eq!(finding.evidence.get("problem"), Some(&json!("in_the_future")));
    assert_eq!(future.changes.first().unwrap().after.attributes.get("owner"), Some(&json!("itk")));
    let unreadable = of_time(json!("soon"));
    let finding = only(&unreadable, FindingKind::SuspectValue);
    assert_eq!(finding.evidence.get("problem"), Some(&json!("no_time")));
    assert_eq!(findings(&of_time(json!("2020-01-01"))), []);
}

#[test]
fn semantics_4_3_rows_that_are_no_aws_resources_are_weighed_by_the_same_rules() {
    let row =
        |value: &str| AssetRecord { aws: false, account_id: None, ..row(&[("environment", json!(value))]) };
    let run = |value: &str| {
        reconcile_not_aws(
            &[row(value)],
            &[],
            &PublishedMemory::default(),
            &environment(),
            &AccountHistory::default(),
            at(0),
        )
    };
    let known = run("prd");
    assert_eq!(
        known.changes.first().unwrap().after.attributes.get("environment"),
        Some(&json!("production"))
    );
    let unknown = run("QS");
    assert_eq!(findings(&unknown), [FindingKind::SuspectValue]);
    assert_eq!(unknown.changes.first().unwrap().after.attributes.get("environment"), Some(&json!("unknown")));
}

#[test]
fn semantics_4_7_the_whole_story_is_told_of_the_assets_that_are_asked_for() {
    let entry = published(&[("environment", json!("test")), ("cost_centre", json!("4711"))]);
    let key = entry.asset_key;
    let estate = Estate::seen()
        .items([tagged(&[("stage", "prod")])])
        .records([row(&[("environment", json!("TST")), ("owner", json!("depot"))])])
        .published([entry]);
    let mut rules = environment();
    assert!(run(&estate, &rules).stories.is_empty());
    rules.tell = BTreeSet::from([key]);
    let result = run(&estate, &rules);
    let story = result.stories.get(&key).unwrap();
    let of = |name: &str| story.get(name).unwrap();
    assert_eq!(of("environment").winner, Some(Provenance::Tag("stage".into())));
    assert_eq!(of("environment").at, Some(at(0)));
    let losers: Vec<_> = of("environment").losers.iter().map(|of| (of.value.clone(), of.why)).collect();
    assert_eq!(losers, [(Some(json!("TST")), Why::Outranked), (Some(json!("unknown")), Why::Outranked)]);
    assert_eq!(of("cost_centre").winner, Some(Provenance::LastPublished));
    assert_eq!(of("verification").winner, Some(Provenance::Bestand));
    assert_eq!(of("arn").winner, Some(Provenance::ConfigService));
    assert_eq!(run(&estate, &environment()).changes, result.changes, "telling changes nothing");
}
