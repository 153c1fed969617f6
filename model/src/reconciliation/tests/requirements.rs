//! What the settings require, held against whole accounts (SEMANTICS section 6).

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::support::*;
use crate::asset_record::Lifecycle;
use crate::change_set::Provenance;
use crate::configuration_item::{ConfigurationItem, Tags};
use crate::coverage::Reason;
use crate::finding::{Finding, FindingKind, Severity};
use crate::reconciliation::AccountReconciliation;
use crate::requirement::Requirements;

fn requiring(rules: Value) -> Estate {
    let rules: Vec<_> = serde_json::from_value(rules).unwrap();
    let mut estate = Estate::seen();
    estate.rules.requirements = Requirements::new(&rules).unwrap();
    estate
}

fn cost_centre() -> Value {
    json!([{ "name": "cost-centre", "tag": "cost-centre", "allowed": ["4711"], "severity": "medium" }])
}

fn owner() -> Value {
    json!([{ "name": "an owner", "attribute": "owner" }])
}

fn tagged(id: &str, tags: &[(&str, &str)]) -> ConfigurationItem {
    let tags = tags.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
    ConfigurationItem { tags: Tags::Collected(tags), ..item("eu", QUEUE, id) }
}

fn record_of(id: &str, attributes: &[(&str, Value)]) -> crate::asset_record::AssetRecord {
    let attributes = attributes.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
    crate::asset_record::AssetRecord { attributes, ..by_arn("R1", &arn("eu", QUEUE, id)) }
}

fn breaches(result: &AccountReconciliation) -> Vec<&Finding> {
    result.findings.iter().filter(|finding| finding.kind == FindingKind::NonCompliant).collect()
}

#[test]
fn semantics_6_1_a_tag_that_is_missing_or_not_allowed_is_a_finding_and_changes_nothing() {
    for (tags, problem, live) in [
        (vec![], Some("missing"), json!(null)),
        (vec![("cost-centre", " ")], Some("missing"), json!(" ")),
        (vec![("cost-centre", "0815")], Some("not_allowed"), json!("0815")),
        (vec![("cost-centre", "4711 ")], None, json!(null)),
        (vec![("Cost-Centre", "4711")], Some("missing"), json!(null)),
    ] {
        let items = || [tagged("q", &tags)];
        let records = || [record_of("q", &[])];
        let result = requiring(cost_centre()).items(items()).records(records()).once();
        let free = Estate::seen().items(items()).records(records()).once();
        assert_eq!(result.changes, free.changes);
        let found = breaches(&result);
        assert_eq!(found.len(), usize::from(problem.is_some()), "{tags:?}");
        let (Some(problem), Some(finding)) = (problem, found.first()) else { continue };
        assert_eq!(finding.attribute.as_deref(), Some("tag:cost-centre"));
        assert_eq!((finding.severity, finding.live.as_ref()), (Severity::Medium, Some(&live)));
        let evidence = &finding.evidence;
        assert_eq!(
            (&evidence["requirement"], &evidence["problem"], &evidence["allowed"], &evidence["row"]),
            (&json!("cost-centre"), &json!(problem), &json!(["4711"]), &json!("R1"))
        );
    }
}

#[test]
fn semantics_6_2_what_nobody_reported_is_not_empty() {
    let without_tags = requiring(cost_centre()).items([item("eu", QUEUE, "q")]).once();
    assert!(breaches(&without_tags).is_empty());
    let without_owner = requiring(owner()).items([tagged("q", &[])]).records([record_of("q", &[])]).once();
    assert!(breaches(&without_owner).is_empty());
}

#[test]
fn semantics_6_3_an_attribute_is_judged_as_it_will_be_published() {
    let judge = |records: Vec<_>, entries: Vec<_>| {
        let estate = requiring(owner()).items([tagged("q", &[])]).records(records).published(entries);
        breaches(&estate.once()).into_iter().cloned().collect::<Vec<_>>()
    };
    let mut entry = entry_of("eu", QUEUE, "q");
    entry.attributes.insert("owner".into(), json!("m.muster"));
    // An empty cell says that there is none, whatever was published.
    let empty = judge(vec![record_of("q", &[("owner", json!(null))])], vec![entry.clone()]);
    let [finding] = empty.as_slice() else { panic!("{empty:?}") };
    assert_eq!(
        (finding.registered.as_ref(), finding.live.as_ref(), finding.authority.clone()),
        (Some(&json!(null)), None, Some(Provenance::SourceRegister))
    );
    assert!(judge(vec![record_of("q", &[("owner", json!("t.test"))])], vec![]).is_empty());
    // Without a record the last published owner stays.
    assert!(judge(vec![], vec![entry.clone()]).is_empty());
    entry.attributes.insert("owner".into(), json!(" "));
    let stays = judge(vec![], vec![entry]);
    assert_eq!(stays.first().and_then(|finding| finding.published.clone()), Some(json!(" ")));
}

#[test]
fn semantics_6_3_a_rule_for_an_environment_goes_by_the_one_that_will_be_published() {
    let rules = json!([{ "name": "c", "tag": "c", "environments": ["production"] }]);
    for (environment, expected) in
        [(json!("production"), 1), (json!(" production"), 1), (json!("test"), 0), (json!(null), 0)]
    {
        let record = record_of("q", &[("environment", environment.clone())]);
        let result = requiring(rules.clone()).items([tagged("q", &[])]).records([record]).once();
        assert_eq!(breaches(&result).len(), expected, "{environment}");
    }
    let unregistered = requiring(rules).items([tagged("q", &[])]).once();
    assert!(breaches(&unregistered).is_empty(), "nobody says that it is production");
}

#[test]
fn semantics_6_2_only_what_lives_in_a_complete_scope_is_judged() {
    let gap = || [gap("eu", Some(QUEUE), Reason::RecorderStopped)];
    let estate = || requiring(cost_centre()).items([tagged("q", &[])]);
    assert_eq!(breaches(&estate().once()).len(), 1);
    assert!(breaches(&estate().lines(gap()).once()).is_empty());
    assert!(breaches(&requiring(cost_centre()).records([record_of("q", &[])]).once()).is_empty());
    for (lifecycle, expected) in [(Lifecycle::Active, 1), (Lifecycle::Planned, 0), (Lifecycle::Retired, 0)] {
        let record = crate::asset_record::AssetRecord { lifecycle, ..record_of("q", &[]) };
        assert_eq!(breaches(&estate().records([record]).once()).len(), expected, "{lifecycle:?}");
    }
}

#[test]
fn semantics_6_2_furniture_counts_only_if_a_record_speaks_of_it() {
    let subnet =
        || ConfigurationItem { tags: Tags::Collected(BTreeMap::new()), ..item("eu", SUBNET, "subnet-1") };
    assert!(breaches(&requiring(cost_centre()).items([subnet()]).once()).is_empty());
    let record = by_arn("R1", &arn("eu", SUBNET, "subnet-1"));
    assert_eq!(breaches(&requiring(cost_centre()).items([subnet()]).records([record]).once()).len(), 1);
}

#[test]
fn two_rules_about_one_tag_are_two_findings_whose_ids_do_not_hang_on_each_other() {
    let both = json!([
        { "name": "there", "tag": "c" },
        { "name": "digits", "tag": "c", "pattern": "^[0-9]+$" },
    ]);
    let ids = |rules: Value| {
        let result = requiring(rules).items([tagged("q", &[])]).once();
        breaches(&result).iter().map(|finding| finding.finding_id.clone()).collect::<Vec<_>>()
    };
    let (all, alone) = (ids(both.clone()), ids(json!([both[1]])));
    assert_eq!((all.len(), alone.len()), (2, 1));
    assert!(all[0] != all[1] && all.contains(&alone[0]), "{all:?} {alone:?}");
}
