//! Types that no region owns (SEMANTICS 2.7).

use bestand_model::coverage::Reason;
use bestand_model::identifiers::Region;
use serde_json::json;

use super::fake::*;

const DISTRIBUTION: &str = "AWS::CloudFront::Distribution";
const USER: &str = "AWS::IAM::User";

/// Both regions record everything, IAM included, and have the same role.
async fn two_regions() -> Fake {
    let fake = Fake::start().await;
    fake.regions(&[FRANKFURT, IRELAND]);
    fake.on("DescribeConfigurationRecorders", "", [with_iam()]);
    fake.on("GetDiscoveredResourceCounts", "", [counts(&[(ROLE, 1)])]);
    fake.on("SelectResourceConfig", "", [page(&[role("lesen")], None)]);
    fake
}

fn with_iam() -> Reply {
    recorders(json!({"allSupported": true, "includeGlobalResourceTypes": true}))
}

fn role(name: &str) -> String {
    let arn = format!("arn:aws:iam::{ACCOUNT}:role/{name}");
    json!({"resourceType": ROLE, "resourceId": format!("AROA{name}"), "arn": arn, "awsRegion": "global"})
        .to_string()
}

#[tokio::test]
async fn copies_of_several_regions_are_one_item() {
    let fake = two_regions().await;
    let collected = fake.collect().await;
    let [item] = collected.items.as_slice() else { panic!("{:?}", collected.items) };
    assert_eq!(
        (item.region.clone(), item.recorded_in.clone()),
        (Region::global(), Some(Region::from(FRANKFURT)))
    );
    let line = collected.line(Some("global"), Some(ROLE));
    assert_eq!((line.reason, line.expected, line.collected), (None, Some(1), Some(1)));
    assert_eq!(collected.reason(ROLE), None);
}

#[tokio::test]
async fn the_copy_of_a_complete_region_is_preferred() {
    let fake = two_regions().await;
    fake.on("DescribeConfigurationRecorderStatus", FRANKFURT, [recorder_status(false, "SUCCESS")]);
    fake.on("SelectResourceConfig", FRANKFURT, [page(&[role("lesen"), role("alt")], None)]);
    let collected = fake.collect().await;
    let recorded: Vec<_> = collected
        .items
        .iter()
        .map(|item| (item.resource_id.as_str(), item.recording_region().as_str()))
        .collect();
    assert_eq!(
        recorded,
        [("AROAalt", FRANKFURT), ("AROAlesen", IRELAND)],
        "seen in a stopped region only: so it says"
    );
    assert_eq!(collected.line(Some("global"), Some(ROLE)).reason, None);
    assert_eq!(collected.reason(ROLE), Some(Reason::RecorderStopped));
}

#[tokio::test]
async fn a_region_that_leaves_global_types_to_another_is_no_gap() {
    let fake = two_regions().await;
    fake.on("DescribeConfigurationRecorders", IRELAND, [recorders(json!({"allSupported": true}))]);
    fake.on("GetDiscoveredResourceCounts", IRELAND, [counts(&[])]);
    let collected = fake.collect_with(settings(), &[(None, ROLE)]).await;
    assert_eq!(collected.line(Some("global"), Some(ROLE)).reason, None);
    assert!(collected.find(Some(IRELAND), Some(ROLE)).is_none());
}

#[tokio::test]
async fn where_no_region_records_a_global_type_every_region_says_so() {
    let fake = two_regions().await;
    fake.on("DescribeConfigurationRecorders", "", [recorders(json!({"allSupported": true}))]);
    fake.on("GetDiscoveredResourceCounts", "", [counts(&[])]);
    let collected = fake.collect_with(settings(), &[(Some("global"), ROLE)]).await;
    for region in ["global", FRANKFURT, IRELAND] {
        assert_eq!(
            collected.line(Some(region), Some(ROLE)).reason,
            Some(Reason::TypeNotRecorded),
            "{region}"
        );
    }
}

#[tokio::test]
async fn a_failed_region_outweighs_one_that_does_not_record_the_type() {
    let fake = two_regions().await;
    fake.on("DescribeConfigurationRecorders", FRANKFURT, [recorders(json!({"allSupported": true}))]);
    fake.on("DescribeConfigurationRecorderStatus", IRELAND, [recorder_status(false, "SUCCESS")]);
    let collected = fake.collect_with(settings(), &[(None, ROLE)]).await;
    assert_eq!(collected.line(Some("global"), Some(ROLE)).reason, Some(Reason::RecorderStopped));
}

#[tokio::test]
async fn a_region_without_any_global_resource_does_not_vouch_for_their_absence() {
    let fake = two_regions().await;
    fake.on("GetDiscoveredResourceCounts", "", [counts(&[])]);
    fake.on("SelectResourceConfig", "", [rows(&[], None)]);
    let collected = fake.collect_with(settings(), &[(None, ROLE)]).await;
    assert_eq!(collected.line(Some("global"), Some(ROLE)).reason, Some(Reason::TypeNeverSeen));
}

#[tokio::test]
async fn a_region_with_roles_vouches_that_there_are_no_users() {
    let fake = two_regions().await;
    let collected = fake.collect_with(settings(), &[(None, USER)]).await;
    let line = collected.line(Some("global"), Some(USER));
    assert_eq!((line.reason, line.collected), (None, Some(0)));
}

#[tokio::test]
async fn a_type_with_a_home_region_needs_that_region() {
    let fake = two_regions().await;
    let collected = fake.collect_with(settings(), &[(None, DISTRIBUTION)]).await;
    assert_eq!(collected.line(Some("global"), Some(DISTRIBUTION)).reason, Some(Reason::RegionDisabled));

    fake.regions(&[FRANKFURT, "us-east-1"]);
    let collected = fake.collect_with(settings(), &[(None, DISTRIBUTION)]).await;
    assert_eq!(collected.line(Some("global"), Some(DISTRIBUTION)).reason, None);

    fake.on("DescribeConfigurationRecorderStatus", "us-east-1", [recorder_status(true, "FAILURE")]);
    let collected = fake.collect_with(settings(), &[(None, DISTRIBUTION)]).await;
    assert_eq!(collected.line(Some("global"), Some(DISTRIBUTION)).reason, Some(Reason::RecorderFailing));

    let mut settings = settings();
    settings.regions = vec![Region::from(FRANKFURT)];
    let collected = fake.collect_with(settings, &[(None, DISTRIBUTION)]).await;
    assert_eq!(collected.line(Some("global"), Some(DISTRIBUTION)).reason, Some(Reason::NotRequested));
}
