//! EC2's word beside AWS Config's (SEMANTICS 2.10).

use bestand_collector::collector::CollectorSettings;
use bestand_model::coverage::{CoverageStatus, CrossCheck, Reason};
use serde_json::json;

use super::fake::*;

fn checking() -> CollectorSettings {
    CollectorSettings { cross_check_ec2: true, ..settings() }
}

/// EC2 has nothing but these instances; AWS Config has those.
async fn estate(ec2: &[&str], config: &[&str]) -> Fake {
    let fake = Fake::start().await;
    fake.ec2_instances("", ACCOUNT, ec2);
    fake.on("GetDiscoveredResourceCounts", "", [counts(&[(INSTANCE, config.len() as u64), (VPC, 1)])]);
    let mut list: Vec<_> = config.iter().map(|id| (INSTANCE, *id)).collect();
    list.push((VPC, "vpc-1"));
    fake.on("SelectResourceConfig", "", [rows(&list, None)]);
    fake
}

fn figures(collected: &Collected, of: Option<&str>) -> Option<CrossCheck> {
    collected.line(Some(FRANKFURT), of).cross_check
}

#[tokio::test]
async fn semantics_2_10_where_both_agree_the_scope_is_complete_and_says_so() {
    let fake = estate(&["i-1", "i-2"], &["i-1", "i-2"]).await;
    let collected = fake.collect_with(checking(), &[]).await;
    assert_eq!(collected.reason(INSTANCE), None);
    let agreed = CrossCheck { found: 2, unrecorded: 0, phantom: 0 };
    assert_eq!(figures(&collected, Some(INSTANCE)), Some(agreed));
    // The VPC is a phantom: EC2 does not know it, and it stays live.
    let region = CrossCheck { found: 2, unrecorded: 0, phantom: 1 };
    assert_eq!(figures(&collected, None), Some(region));
    assert!((region.ratio() - 1.0).abs() < 1e-9);
}

#[tokio::test]
async fn semantics_2_10_what_only_ec2_has_makes_its_scope_incomplete_and_no_other() {
    let fake = estate(&["i-1", "i-2", "i-3"], &["i-1"]).await;
    let collected = fake.collect_with(checking(), &[]).await;
    let line = collected.line(Some(FRANKFURT), Some(INSTANCE));
    assert_eq!((line.status, line.reason), (CoverageStatus::Incomplete, Some(Reason::Unrecorded)));
    assert_eq!(line.cross_check, Some(CrossCheck { found: 3, unrecorded: 2, phantom: 0 }));
    assert!(line.detail.as_ref().unwrap().contains("i-2"), "{line:?}");
    assert_eq!((collected.reason(VPC), collected.region_reason(FRANKFURT)), (None, None));
    assert_eq!(collected.ids(), ["i-1", "vpc-1"], "EC2's word makes no item");
}

#[tokio::test]
async fn semantics_2_10_a_type_that_aws_config_counts_nothing_of_is_checked_too() {
    let fake = Fake::start().await;
    fake.ec2_instances("", ACCOUNT, &["i-1"]);
    let collected = fake.collect_with(checking(), &[]).await;
    assert_eq!(collected.reason(INSTANCE), Some(Reason::Unrecorded));
}

#[tokio::test]
async fn semantics_2_10_what_aws_config_has_by_now_is_fetched() {
    let fake = estate(&["i-1", "i-2"], &["i-1"]).await;
    fake.on("ListDiscoveredResources", "", [ids(&[(INSTANCE, "i-2")], None)]);
    fake.on("BatchGetResourceConfig", "", [base_items(&[base_item(INSTANCE, "i-2", &json!({}))], &[])]);
    let collected = fake.collect_with(checking(), &[]).await;
    assert_eq!(
        (collected.reason(INSTANCE), collected.ids()),
        (None, vec!["i-1".into(), "i-2".into(), "vpc-1".into()])
    );
    let line = collected.line(Some(FRANKFURT), Some(INSTANCE));
    assert_eq!((line.expected, line.collected), (Some(1), Some(1)), "it came after the counts");
}

#[tokio::test]
async fn semantics_2_10_what_is_gone_from_ec2_at_a_second_look_is_forgotten() {
    let fake = estate(&["i-1", "i-2"], &["i-1"]).await;
    fake.on(
        "DescribeInstances",
        "",
        [instances(ACCOUNT, &["i-1", "i-2"], "running"), instances(ACCOUNT, &["i-2"], "terminated")],
    );
    let collected = fake.collect_with(checking(), &[]).await;
    assert_eq!(collected.reason(INSTANCE), None);
    assert_eq!(figures(&collected, Some(INSTANCE)), Some(CrossCheck { found: 1, unrecorded: 0, phantom: 0 }));
}

#[tokio::test]
async fn semantics_2_10_only_what_the_account_itself_owns_is_compared() {
    let fake = estate(&[], &["i-1"]).await;
    fake.on("DescribeInstances", "", [instances("999988887777", &["i-1", "i-9"], "running")]);
    let collected = fake.collect_with(checking(), &[]).await;
    assert_eq!(collected.reason(INSTANCE), None);
}

#[tokio::test]
async fn a_cross_check_that_fails_is_told_and_changes_nothing() {
    let fake = estate(&[], &["i-1"]).await;
    fake.on("DescribeVolumes", "", [ec2_error(403, "UnauthorizedOperation")]);
    let collected = fake.collect_with(checking(), &[]).await;
    assert_eq!(collected.reason(INSTANCE), None);
    let line = collected.line(Some(FRANKFURT), None);
    assert_eq!(line.status, CoverageStatus::Complete);
    assert!(line.detail.as_ref().unwrap().contains("ec2:DescribeVolumes"), "{line:?}");
}

#[tokio::test]
async fn the_cross_check_can_be_switched_off() {
    let fake = estate(&["i-9"], &["i-1"]).await;
    let collected = fake.collect_with(settings(), &[]).await;
    assert_eq!((collected.reason(INSTANCE), figures(&collected, None)), (None, None));
    assert_eq!(fake.count("DescribeInstances"), 0);
}

#[tokio::test]
async fn types_that_are_not_recorded_or_never_asked_for_are_not_compared() {
    let fake = estate(&["i-9"], &[]).await;
    let group = json!({"exclusionByResourceTypes": {"resourceTypes": [INSTANCE]},
                       "recordingStrategy": {"useOnly": "EXCLUSION_BY_RESOURCE_TYPES"}});
    fake.on("DescribeConfigurationRecorders", "", [recorders(group)]);
    let collected = fake.collect_with(checking(), &[(None, INSTANCE)]).await;
    assert_eq!(collected.reason(INSTANCE), Some(Reason::TypeNotRecorded));
    assert_eq!(collected.line(Some(FRANKFURT), Some(INSTANCE)).cross_check, None);
}
