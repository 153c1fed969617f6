//! What is told of an asset is what was judged: by example, and of every small estate.

use std::collections::BTreeMap;

use jiff::Timestamp;
use proptest::prelude::*;
use serde_json::json;

use super::authority;
use super::small_estates::estate;
use super::support::*;
use crate::asset_record::AssetRecord;
use crate::change_set::Provenance;
use crate::coverage::{AccountCoverage, Coverage, Reason};
use crate::history::AccountHistory;
use crate::inventory::AccountInventory;
use crate::judged::{Judged, JudgedBy};
use crate::last_published::{LastPublished, Publications, PublishedMemory, Standing};
use crate::proof::{Answer, Missing, Proofs};
use crate::reconciliation::{
    AccountInput, AccountReconciliation, Explainer, Explanation, Judgement, KeyKind, Refusal, Rules, Side,
    Trace, Why, reconcile, reconcile_traced,
};
use crate::shared_identity::{IdentityCensus, SharedIdentities};

/// A judged estate, with all that it was judged by.
struct Case {
    estate: Estate,
    inventory: AccountInventory,
    rules: Rules,
    history: AccountHistory,
    proofs: Proofs,
    missing: Vec<Missing>,
    result: AccountReconciliation,
    trace: Trace,
    now: Timestamp,
}

impl Case {
    fn new(estate: Estate, history: AccountHistory, now: Timestamp) -> Self {
        let missing = estate.round(&Proofs::default(), &history, now).missing;
        let questions = missing.iter().filter_map(|missing| missing.question.as_ref());
        let answers = questions.map(|question| (question.asset_key, Answer::NeverHeardOf)).collect();
        let proofs = Proofs { answers, ..Proofs::default() };
        let inventory = AccountInventory {
            account_id: account(),
            state: estate.state,
            items: estate.items.clone(),
            coverage: AccountCoverage::new(estate.lines.clone()),
        };
        let input = AccountInput {
            inventory: &inventory,
            records: &estate.records,
            rejected: &estate.rejected,
            published: &estate.published,
            memory: &estate.memory,
            proofs: &proofs,
        };
        let (result, trace) = reconcile_traced(&input, &estate.rules, &history, now);
        Self { inventory, rules: estate.rules.clone(), history, proofs, missing, result, trace, now, estate }
    }

    fn once(estate: Estate) -> Self {
        Self::new(estate, AccountHistory::default(), at(0))
    }

    fn explainer(&self) -> Explainer<'_> {
        Explainer::new(Judgement {
            rules: &self.rules,
            history: &self.history,
            now: self.now,
            inventory: Some(&self.inventory),
            coverage: Coverage::Complete,
            records: &self.estate.records,
            published: &self.estate.published,
            memory: &self.estate.memory,
            proofs: &self.proofs,
            missing: &self.missing,
            result: &self.result,
            trace: Some(&self.trace),
        })
    }

    /// What a text means, which must be one asset.
    #[track_caller]
    fn explain(&self, key: &str) -> Explanation {
        let explainer = self.explainer();
        let found = explainer.find(key);
        assert_eq!(found.len(), 1, "{key}: {found:?}");
        explainer.explain(found[0].asset.unwrap())
    }
}

#[track_caller]
fn refused(explanation: &Explanation) -> Vec<(Side, &str, Refusal)> {
    explanation.candidates.iter().map(|one| (one.side, one.name.as_str(), one.refused)).collect()
}

#[test]
fn what_comes_near_a_record_is_told_with_what_tells_it_apart() {
    let named = |record: AssetRecord| AssetRecord {
        attributes: BTreeMap::from([("name".to_owned(), json!("fahrplan"))]),
        ..record
    };
    let mut namesake = item("eu", QUEUE, "other");
    namesake.resource_name = Some("fahrplan".into());
    let mut other_arn = item("eu", QUEUE, "q");
    other_arn.arn = Some(arn("eu", QUEUE, "another").parse().unwrap());
    let mut wanted = by_id("wanted", Some("eu"), QUEUE, "q");
    wanted.arn = Some(arn("eu", QUEUE, "q").parse().unwrap());
    let judged = Case::once(
        Estate::seen()
            .items([
                item("us", QUEUE, "q"),
                namesake,
                other_arn,
                item("eu", BUCKET, "q"),
                item("eu", QUEUE, "far"),
            ])
            .records([named(wanted), by_id("typeless", None, "x", "q")].map(|mut record| {
                record.resource_type = record.resource_type.filter(|kind| kind.as_str() != "x");
                record
            })),
    );
    let told = judged.explain("wanted");
    assert_eq!(
        refused(&told),
        [
            (Side::Item, "us/AWS::SQS::Queue/q", Refusal::AnotherRegion),
            (Side::Item, "eu/AWS::SQS::Queue/other", Refusal::AnotherId),
            (Side::Item, "eu/AWS::SQS::Queue/q", Refusal::AnotherArn),
            (Side::Item, "eu/AWS::S3::Bucket/q", Refusal::AnotherType),
            (Side::Record, "typeless", Refusal::SaysTooLittle),
        ]
    );
    let moved = &told.candidates[0];
    assert_eq!((moved.has.as_deref(), moved.wanted.as_deref()), (Some("us"), Some("eu")));
    assert_eq!(moved.belongs_to, Some(arn_key(&arn("us", QUEUE, "q"))));
}

#[test]
fn of_an_ambiguous_asset_every_party_is_a_candidate() {
    let text = arn("eu", QUEUE, "q");
    let judged = Case::once(
        Estate::seen().items([item("eu", QUEUE, "q")]).records([by_arn("one", &text), by_arn("two", &text)]),
    );
    let told = judged.explain(&text);
    assert_eq!(
        refused(&told),
        [(Side::Record, "one", Refusal::SeveralClaim), (Side::Record, "two", Refusal::SeveralClaim)]
    );
    assert!(told.attributes.is_empty(), "nobody can tell whose value wins");
    assert_eq!(told.changes.len(), 1);
    let elsewhere = by_id("two", Some("us"), QUEUE, "q");
    let judged =
        Case::once(Estate::seen().items([item("eu", QUEUE, "q")]).records([by_arn("one", &text), elsewhere]));
    let told = judged.explain("one");
    assert_eq!(refused(&told), [(Side::Record, "two", Refusal::AnotherRegion)]);
}

#[test]
fn an_attribute_tells_who_wins_and_why_the_others_do_not() {
    let mut live = item("eu", QUEUE, "q");
    live.attributes.insert("configuration.size".into(), json!(8));
    live.resource_name = Some("from-aws".into());
    let mut record = by_arn("ITK-1", &arn("eu", QUEUE, "q"));
    record.attributes.extend([
        ("configuration.size".to_owned(), json!(4)),
        ("name".to_owned(), json!(null)),
        ("owner".to_owned(), json!("betrieb")),
    ]);
    let mut entry = entry_of("eu", QUEUE, "q");
    entry
        .attributes
        .extend([("owner".to_owned(), json!("betrieb")), ("configuration.size".to_owned(), json!(2))]);
    let estate = Estate::seen().items([live]).records([record]).published([entry]);
    let told = Case::once(estate.clone()).explain("ITK-1");
    let attribute = |told: &Explanation, name: &str| {
        told.attributes.iter().find(|attribute| attribute.name == name).cloned().unwrap()
    };
    let size = attribute(&told, "configuration.size");
    assert_eq!((size.value, size.source), (Some(json!(8)), Some(Provenance::ConfigService)));
    assert!(size.set_by_change);
    let why: Vec<_> = size.says.iter().map(|says| (says.source.clone(), says.why)).collect();
    assert_eq!(
        why,
        [
            (Provenance::ConfigService, None),
            (Provenance::SourceRegister, Some(Why::Authority)),
            (Provenance::LastPublished, Some(Why::Superseded)),
        ]
    );
    let name = attribute(&told, "name");
    assert_eq!((name.value, name.source), (Some(json!("from-aws")), Some(Provenance::ConfigService)));
    assert_eq!(name.says[1].why, Some(Why::EmptyCell));
    let owner = attribute(&told, "owner");
    assert_eq!((owner.source.clone(), owner.set_by_change), (Some(Provenance::SourceRegister), false));
    assert!(!owner.is_of_interest());

    // What was seen where not everything was seen is no source.
    let told = Case::once(estate.lines([gap("eu", Some(QUEUE), Reason::RecorderStopped)])).explain("ITK-1");
    let size = attribute(&told, "configuration.size");
    assert_eq!((size.value, size.source), (Some(json!(2)), Some(Provenance::LastPublished)));
    assert_eq!(size.says[0].why, Some(Why::NotBelieved));
    assert_eq!(told.seen[0].reason, Some(Reason::RecorderStopped));
}

#[test]
fn an_absent_asset_tells_its_domain_its_looks_and_the_earliest_end() {
    let estate = Estate::seen()
        .records([by_id("gone", Some("eu"), QUEUE, "gone")])
        .published([entry_of("eu", QUEUE, "gone")])
        .lines([gap("us", Some(BUCKET), Reason::Throttled)]);
    let first = estate.run(&AccountHistory::default(), at(0)).history;
    let told = Case::new(estate.clone(), first.clone(), at(24)).explain("gone");
    let absence = told.absence.unwrap();
    assert!(absence.complete, "{absence:?}");
    assert_eq!(absence.domain.len(), 1, "what happens elsewhere is of no interest");
    let looks = told.looks.unwrap();
    assert_eq!((looks.looks, looks.needs_looks, looks.needs_hours), (2, 2, 48));
    assert_eq!(looks.earliest_retirement, Some(at(48)));
    assert_eq!(told.proof.unwrap().answer, Some(Answer::NeverHeardOf));

    let dark =
        estate.lines([gap("eu", Some(BUCKET), Reason::Timeout), gap("eu", Some(QUEUE), Reason::Throttled)]);
    let told = Case::new(dark, first, at(24)).explain("gone");
    let absence = told.absence.unwrap();
    assert_eq!((absence.complete, absence.reason), (false, Some(Reason::Throttled)));
    let gaps: Vec<_> = absence.domain.iter().flat_map(|part| &part.gaps).map(|line| line.reason).collect();
    assert_eq!(gaps, [Some(Reason::Throttled)]);
    assert_eq!(told.looks.unwrap().looks, 1, "an incomplete look does not count");
}

#[test]
fn a_text_is_found_as_whatever_it_is_and_two_rows_of_one_id_are_two_assets() {
    let mut live = item("eu", QUEUE, "q-1");
    live.resource_name = Some("fahrplan".into());
    let text = arn("eu", QUEUE, "q-1");
    let twice = by_arn("ITK-1", &arn("us", QUEUE, "other"));
    let judged = Case::once(Estate::seen().items([live]).records([by_arn("ITK-1", &text), twice]));
    let explainer = judged.explainer();
    let kinds = |key: &str| -> Vec<Vec<KeyKind>> {
        explainer.find(key).into_iter().map(|found| found.kinds.into_iter().collect()).collect()
    };
    assert_eq!(kinds("ITK-1").len(), 2, "the same asset id twice is ambiguous");
    assert_eq!(kinds(&text), [[KeyKind::Arn]], "its ARN tells them apart");
    assert_eq!(kinds("q-1"), [[KeyKind::ResourceId]]);
    assert_eq!(kinds("fahrplan"), [[KeyKind::Name]]);
    assert_eq!(kinds(&arn_key(&text).to_string()), [[KeyKind::AssetKey]]);
    let finding = &judged.result.findings[0];
    assert_eq!(kinds(&finding.finding_id), [[KeyKind::FindingId]]);
    assert!(kinds("fahr").is_empty() && kinds("").is_empty());
}

/// The estate with rows that are known to share their names, and entries that bestand remembers to have published
/// otherwise.
fn remembered(mut estate: Estate) -> Estate {
    let mut census = IdentityCensus::default();
    estate.records.iter().for_each(|record| census.add(record));
    let mut shared = SharedIdentities::default();
    estate.records.iter().for_each(|record| shared.add(&census, record));
    estate.rules.shared = std::sync::Arc::new(shared);
    let mut publications = Publications::default();
    publications.end("ours", Standing::Noted, []);
    publications.begin("of no interest");
    for (entry, plan) in estate.published.iter_mut().zip(["ours", "theirs", "noted"].into_iter().cycle()) {
        entry.last_plan = Some(plan.to_owned());
    }
    let lines = estate.published.iter().map(|entry| LastPublished {
        asset_key: entry.asset_key,
        plan: "noted".into(),
        planned_at: at(-1),
        version: Some("0".into()),
        shared: false,
        state: None,
        attributes: BTreeMap::from([("name".to_owned(), json!("as published"))]),
    });
    estate.memory = PublishedMemory::new(publications, lines.collect::<Vec<_>>());
    estate
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_asset_change_and_finding_of_any_estate_is_found_and_told_as_it_was_judged(
        estate in estate(),
        days in 0_i64..4,
    ) {
        let history = estate.daily(days).history;
        let judged = Case::new(estate, history, at(days * 24 + 24));
        let explainer = judged.explainer();
        for asset in &judged.result.assets {
            let told = explainer.explain(asset);
            prop_assert_eq!(told.records.len(), asset.records.len(), "{:?} {:?}", told.records, asset);
            prop_assert_eq!(told.seen.len(), asset.items.len());
            prop_assert_eq!(told.entries.len(), asset.published.len());
            prop_assert_eq!(told.identity.asset_key, asset.asset_key);
            let found = explainer.find(&asset.asset_key.to_string());
            prop_assert!(found.iter().any(|found| found.asset == Some(asset)));
            if let ([change], false) = (told.changes.as_slice(), told.attributes.is_empty()) {
                let set: BTreeMap<_, _> = told.attributes.iter().filter(|one| one.set_by_change)
                    .map(|one| (one.name.clone(), one.value.clone().unwrap())).collect();
                prop_assert_eq!(&set, &change.after.attributes, "provenance is complete");
            }
        }
        for change in &judged.result.changes {
            let found = explainer.find(&change.asset_key.to_string());
            prop_assert!(found.iter().filter_map(|found| found.asset)
                .any(|asset| explainer.explain(asset).changes.contains(change)), "{change:?}");
        }
        for finding in &judged.result.findings {
            let found = explainer.find(&finding.finding_id);
            prop_assert!(!found.is_empty());
            if finding.asset_key.is_some() {
                prop_assert!(found.iter().filter_map(|found| found.asset)
                    .any(|asset| explainer.explain(asset).findings.contains(finding)), "{finding:?}");
            }
        }
    }

    #[test]
    fn what_is_written_of_a_judgement_replays_to_the_same_result(estate in estate(), days in 0_i64..4) {
        let estate = remembered(estate);
        let history = estate.daily(days).history;
        let judged = Case::new(estate, history, at(days * 24 + 24));
        let by = JudgedBy {
            state: Some(judged.estate.state),
            named: &judged.estate.records,
            published: &judged.estate.published,
            memory: &judged.estate.memory,
            proofs: &judged.proofs,
            ..JudgedBy::rules_and_history(&judged.rules, &judged.history)
        };
        let mut back = Judged::default();
        for line in by.lines(1) {
            back.take(serde_json::from_str(&serde_json::to_string(&line).unwrap()).unwrap());
        }
        let inventory = AccountInventory { state: back.head.state.unwrap(), ..judged.inventory.clone() };
        let input = AccountInput {
            inventory: &inventory,
            records: &judged.estate.records,
            rejected: &judged.estate.rejected,
            published: &judged.estate.published,
            memory: &back.memory(),
            proofs: &back.proofs,
        };
        let shared = std::sync::Arc::new(back.shared.clone());
        let rules = Rules { stray_rows: back.stray_rows.clone(), shared, ..judged.rules.clone() };
        prop_assert_eq!(reconcile(&input, &rules, &back.history, judged.now), judged.result);
    }
}

#[test]
fn semantics_4_7_whoever_speaks_of_an_attribute_wins_or_loses_for_a_reason() {
    let entry = authority::published(&[("environment", json!("test")), ("cost_centre", json!("4711"))]);
    let record = authority::row(&[("environment", json!("TST")), ("owner", json!("depot"))]);
    let estate =
        Estate::seen().items([authority::tagged(&[("stage", "prod")])]).records([record]).published([entry]);
    let told = Case::once(Estate { rules: authority::environment(), ..estate }).explain("A");
    let of = |name: &str| told.attributes.iter().find(|attribute| attribute.name == name).unwrap();
    let environment = of("environment");
    assert_eq!(environment.source, Some(Provenance::Tag("stage".into())));
    assert_eq!(environment.value, Some(json!("production")));
    let says: Vec<_> =
        environment.says.iter().map(|of| (of.source.to_string(), of.value.clone(), of.why)).collect();
    assert_eq!(
        says,
        [
            ("source_register".to_owned(), json!("TST"), Some(Why::Authority)),
            ("last_published".to_owned(), json!("test"), Some(Why::Superseded)),
            ("default".to_owned(), json!("unknown"), Some(Why::Authority)),
            ("tag:stage".to_owned(), json!("production"), None),
        ]
    );
    assert_eq!(environment.says.last().unwrap().at, Some(at(0)));
    assert_eq!(of("cost_centre").source, Some(Provenance::LastPublished));
    assert_eq!(of("verification").source, Some(Provenance::Bestand));
    assert_eq!(of("arn").source, Some(Provenance::ConfigService));
}
