//! What is complete, and what is not and why, when AWS answers.

use bestand_collector::action::{Action, Caller};
use bestand_collector::collector::{Collector, Interest};
use bestand_model::account::AccountState;
use bestand_model::coverage::{CoverageStatus, Reason};
use bestand_model::identifiers::Region;
use serde_json::{Value, json};

use super::fake::*;

#[tokio::test]
async fn a_healthy_region_is_complete_and_calls_only_what_the_table_of_actions_names() {
    let fake = Fake::start().await;
    fake.on("GetDiscoveredResourceCounts", "", [counts(&[(INSTANCE, 2), (VPC, 1)])]);
    fake.on(
        "SelectResourceConfig",
        "",
        [rows(&[(INSTANCE, "i-1"), (INSTANCE, "i-2"), (VPC, "vpc-1")], None)],
    );
    let collected = fake.collect().await;

    assert_eq!(collected.ids(), ["i-1", "i-2", "vpc-1"]);
    let line = collected.line(Some(FRANKFURT), Some(INSTANCE));
    assert_eq!(line.status, CoverageStatus::Complete);
    assert_eq!((line.expected, line.expected_after, line.collected), (Some(2), Some(2), Some(2)));
    assert_eq!(collected.line(Some(FRANKFURT), None).status, CoverageStatus::Complete);
    assert!(collected.find(None, None).is_none(), "an account that could be read has no line of its own");

    for call in fake.calls().into_iter().filter(|call| call.operation != "AssumeRole") {
        let known = Action::ALL.into_iter().find(|action| action.operation() == call.operation);
        assert_eq!(known.map(Action::caller), Some(Caller::Member), "{}", call.operation);
    }
    assert_eq!(collected.calls.calls(), fake.calls().len() as u64);
    assert_eq!(collected.calls.retries(), 0);
}

#[tokio::test]
async fn select_asks_for_the_largest_page_and_for_named_attributes() {
    let fake = Fake::start().await;
    fake.on("GetDiscoveredResourceCounts", "", [counts(&[(VPC, 1)])]);
    fake.on("SelectResourceConfig", "", [rows(&[(VPC, "vpc-1")], None)]);
    fake.collect().await;
    let select = fake.calls().into_iter().find(|call| call.operation == "SelectResourceConfig").unwrap();
    let body: Value = serde_json::from_str(&select.body).unwrap();
    assert_eq!(body["Limit"], json!(100));
    let expression = body["Expression"].as_str().unwrap();
    assert!(expression.contains("configuration.cidrBlock") && expression.contains(VPC), "{expression}");
}

#[tokio::test]
async fn only_a_missing_token_ends_a_listing() {
    let fake = Fake::start().await;
    fake.on("GetDiscoveredResourceCounts", "", [counts(&[(INSTANCE, 3)])]);
    fake.on(
        "SelectResourceConfig",
        "",
        [
            rows(&[], Some("a")),
            rows(&[(INSTANCE, "i-1")], Some("b")),
            rows(&[], Some("c")),
            rows(&[(INSTANCE, "i-2"), (INSTANCE, "i-3")], Some("d")),
            rows(&[], None),
        ],
    );
    let collected = fake.collect().await;
    assert_eq!((collected.reason(INSTANCE), collected.items.len()), (None, 3));
    assert_eq!(fake.count("SelectResourceConfig"), 5);
}

#[tokio::test]
async fn counts_come_in_pages_too() {
    let fake = Fake::start().await;
    // Each page tells the total of all pages.
    let page = |of, token| {
        let list = [json!({"resourceType": of, "count": 1})];
        Reply::Json(json!({"totalDiscoveredResources": 2, "resourceCounts": list, "nextToken": token}))
    };
    let (first, last) = (page(VPC, Some("more")), page(INSTANCE, None));
    fake.on("GetDiscoveredResourceCounts", "", [first.clone(), last.clone(), first, last]);
    fake.on("SelectResourceConfig", "", [rows(&[(INSTANCE, "i-1"), (VPC, "vpc-1")], None)]);
    let collected = fake.collect().await;
    assert_eq!((collected.reason(INSTANCE), collected.reason(VPC)), (None, None));
}

#[tokio::test]
async fn rows_that_fall_short_of_their_count_are_listed_again_at_most_twice() {
    let fake = Fake::start().await;
    fake.on("GetDiscoveredResourceCounts", "", [counts(&[(INSTANCE, 5), (VPC, 1)])]);
    let both = rows(&[(INSTANCE, "i-1"), (VPC, "vpc-1")], None);
    fake.on("SelectResourceConfig", "", [both, rows(&[(INSTANCE, "i-1")], None)]);
    // The last listing goes by key, and finds no more.
    fake.on("ListDiscoveredResources", "", [ids(&[(INSTANCE, "i-1")], None)]);
    let item = base_item(INSTANCE, "i-1", &json!({}));
    fake.on("BatchGetResourceConfig", "", [base_items(&[item], &[])]);
    let collected = fake.collect().await;
    assert_eq!((collected.reason(INSTANCE), collected.reason(VPC)), (Some(Reason::CountMismatch), None));
    assert_eq!(collected.ids(), ["i-1", "vpc-1"], "each item is given away once, however often it is listed");
    assert_eq!((fake.count("SelectResourceConfig"), fake.count("ListDiscoveredResources")), (2, 1));
    let again = fake.calls().into_iter().rfind(|call| call.operation == "SelectResourceConfig").unwrap();
    assert!(!again.body.contains(VPC), "only what disagrees is listed again");
    let line = collected.line(Some(FRANKFURT), Some(INSTANCE));
    assert_eq!((line.expected, line.expected_after, line.collected), (Some(5), Some(5), Some(1)));
}

#[tokio::test]
async fn a_scope_that_grew_meanwhile_becomes_complete_at_the_second_listing() {
    let fake = Fake::start().await;
    fake.on("GetDiscoveredResourceCounts", "", [counts(&[(INSTANCE, 1)]), counts(&[(INSTANCE, 4)])]);
    let all: Vec<_> = ["i-1", "i-2", "i-3", "i-4"].iter().map(|id| (INSTANCE, *id)).collect();
    fake.on("SelectResourceConfig", "", [rows(&[(INSTANCE, "i-1")], None), rows(&all, None)]);
    let collected = fake.collect().await;
    assert_eq!((collected.reason(INSTANCE), collected.items.len()), (None, 4));
}

#[tokio::test]
async fn rows_that_share_an_id_are_told_apart_by_their_arn_and_repeated_rows_count_once() {
    let fake = Fake::start().await;
    let of = "AWS::ECS::TaskDefinition";
    let revision = |number: u32| {
        let arn = format!("arn:aws:ecs:{FRANKFURT}:{ACCOUNT}:task-definition/auskunft:{number}");
        json!({"resourceType": of, "resourceId": "auskunft", "arn": arn}).to_string()
    };
    fake.on("GetDiscoveredResourceCounts", "", [counts(&[(of, 2)])]);
    fake.on("SelectResourceConfig", "", [page(&[revision(1), revision(2), revision(1)], None)]);
    let collected = fake.collect().await;
    assert_eq!((collected.reason(of), collected.items.len()), (None, 2));
}

#[tokio::test]
async fn a_stopped_recorder_makes_everything_incomplete_and_its_rows_are_still_given() {
    let fake = Fake::start().await;
    fake.on("DescribeConfigurationRecorderStatus", "", [recorder_status(false, "SUCCESS")]);
    fake.on("SelectResourceConfig", "", [rows(&[(INSTANCE, "i-1")], None)]);
    let collected = fake.collect_with(settings(), &[(None, INSTANCE), (None, VPC)]).await;
    assert_eq!(collected.region_reason(FRANKFURT), Some(Reason::RecorderStopped));
    assert_eq!(collected.reason(INSTANCE), Some(Reason::RecorderStopped));
    assert_eq!(collected.reason(VPC), Some(Reason::RecorderStopped));
    assert_eq!(collected.ids(), ["i-1"], "a sighting vetoes absence, so rows are listed even so");
}

#[tokio::test]
async fn without_a_recorder_nothing_is_listed() {
    let fake = Fake::start().await;
    fake.on("DescribeConfigurationRecorders", "", [Reply::Json(json!({"ConfigurationRecorders": []}))]);
    let collected = fake.collect_with(settings(), &[(Some(FRANKFURT), INSTANCE)]).await;
    assert_eq!(collected.region_reason(FRANKFURT), Some(Reason::RecorderAbsent));
    assert_eq!(collected.reason(INSTANCE), Some(Reason::RecorderAbsent));
    assert_eq!(fake.count("SelectResourceConfig") + fake.count("GetDiscoveredResourceCounts"), 0);
}

#[tokio::test]
async fn a_recorder_of_a_service_is_not_the_customers() {
    let fake = Fake::start().await;
    let recorder = json!({"name": "AWSConfigurationRecorderForX", "servicePrincipal": "x.amazonaws.com"});
    fake.on(
        "DescribeConfigurationRecorders",
        "",
        [Reply::Json(json!({"ConfigurationRecorders": [recorder]}))],
    );
    assert_eq!(fake.collect().await.region_reason(FRANKFURT), Some(Reason::RecorderAbsent));
}

#[tokio::test]
async fn named_scopes_have_a_line_even_if_nothing_is_there() {
    let fake = Fake::start().await;
    let group =
        json!({"resourceTypes": [INSTANCE], "recordingStrategy": {"useOnly": "INCLUSION_BY_RESOURCE_TYPES"}});
    fake.on("DescribeConfigurationRecorders", "", [recorders(group)]);
    let interest =
        [(Some(FRANKFURT), INSTANCE), (None, VPC), (Some(FRANKFURT), "AWS::Config::ResourceCompliance")];
    let collected = fake.collect_with(settings(), &interest).await;
    let line = collected.line(Some(FRANKFURT), Some(INSTANCE));
    assert_eq!((line.reason, line.expected, line.collected), (None, Some(0), Some(0)));
    assert_eq!(collected.reason(VPC), Some(Reason::TypeNotRecorded));
    assert_eq!(collected.reason("AWS::Config::ResourceCompliance"), Some(Reason::NotRequested));
    let selects: Vec<_> =
        fake.calls().into_iter().filter(|call| call.operation == "SelectResourceConfig").collect();
    let [select] = selects.as_slice() else { panic!("{selects:?}") };
    assert!(select.body.contains(INSTANCE) && !select.body.contains(VPC), "{}", select.body);
}

#[tokio::test]
async fn named_types_without_a_count_are_asked_for_together() {
    let fake = Fake::start().await;
    fake.on("GetDiscoveredResourceCounts", "", [counts(&[("AWS::EC2::Subnet", 1)])]);
    fake.on("SelectResourceConfig", "", [rows(&[("AWS::EC2::Subnet", "subnet-1")], None)]);
    let collected = fake.collect_with(settings(), &[(None, INSTANCE), (Some(FRANKFURT), VPC)]).await;
    for of in [INSTANCE, VPC] {
        let line = collected.line(Some(FRANKFURT), Some(of));
        let numbers = (line.expected, line.expected_after, line.collected);
        assert_eq!((line.reason, numbers), (None, (Some(0), Some(0), Some(0))), "{of}");
    }
    assert_eq!(fake.count("SelectResourceConfig"), 1);
}

#[tokio::test]
async fn semantics_2_3_a_row_of_a_named_type_without_a_count_is_a_mismatch() {
    let fake = Fake::start().await;
    fake.on("SelectResourceConfig", "", [rows(&[(INSTANCE, "i-1")], None)]);
    let collected = fake.collect_with(settings(), &[(None, INSTANCE)]).await;
    assert_eq!(collected.reason(INSTANCE), Some(Reason::CountMismatch));
    assert_eq!(collected.ids(), ["i-1"]);
    let line = collected.line(Some(FRANKFURT), Some(INSTANCE));
    assert_eq!((line.expected, line.expected_after, line.collected), (Some(0), Some(0), Some(1)));
}

#[tokio::test]
async fn a_type_that_appears_meanwhile_is_listed_before_it_is_complete() {
    let fake = Fake::start().await;
    fake.on("GetDiscoveredResourceCounts", "", [counts(&[]), counts(&[(INSTANCE, 1)])]);
    fake.on("SelectResourceConfig", "", [rows(&[(INSTANCE, "i-1")], None)]);
    let collected = fake.collect().await;
    assert_eq!((collected.reason(INSTANCE), collected.ids()), (None, vec!["i-1".to_owned()]));
}

#[tokio::test]
async fn a_named_type_that_cannot_be_asked_for_is_not_complete() {
    let fake = Fake::start().await;
    let collected = fake.collect_with(settings(), &[(None, "AWS::EC2::O'Hara")]).await;
    assert_eq!(collected.reason("AWS::EC2::O'Hara"), Some(Reason::NotRequested));
    assert_eq!(fake.count("SelectResourceConfig"), 0);
}

#[tokio::test]
async fn a_daily_recorder_marks_its_lines() {
    let fake = Fake::start().await;
    let recorder = json!({"name": "default", "recordingGroup": {"allSupported": true}, "recordingMode": {
        "recordingFrequency": "DAILY",
        "recordingModeOverrides": [{"resourceTypes": [INSTANCE], "recordingFrequency": "CONTINUOUS"}],
    }});
    fake.on(
        "DescribeConfigurationRecorders",
        "",
        [Reply::Json(json!({"ConfigurationRecorders": [recorder]}))],
    );
    let collected = fake.collect_with(settings(), &[(None, INSTANCE), (None, VPC)]).await;
    let daily = |of| collected.line(Some(FRANKFURT), of).daily;
    assert_eq!((daily(None), daily(Some(VPC)), daily(Some(INSTANCE))), (true, true, false));
}

#[tokio::test]
async fn semantics_2_8_regions_that_are_not_read_say_why() {
    let fake = Fake::start().await;
    fake.regions(&[FRANKFURT, IRELAND]);
    let mut settings = settings();
    settings.regions = vec![Region::from(FRANKFURT), Region::from("eu-mond-1")];
    let collected = fake.collect_with(settings, &[(Some("me-south-1"), INSTANCE), (None, INSTANCE)]).await;
    assert_eq!(collected.region_reason(FRANKFURT), None);
    assert_eq!(collected.region_reason(IRELAND), Some(Reason::NotRequested));
    assert_eq!(collected.region_reason("eu-mond-1"), Some(Reason::RegionDisabled));
    assert_eq!(collected.region_reason("me-south-1"), Some(Reason::RegionDisabled));
    assert!(fake.calls().iter().all(|call| call.region != IRELAND));
}

#[tokio::test]
async fn accounts_that_are_not_active_are_not_called() {
    let fake = Fake::start().await;
    let collector = Collector::new(fake.context(), settings());
    for (state, reason) in
        [(AccountState::Inactive, Reason::AccountInactive), (AccountState::Unknown, Reason::AccountUnknown)]
    {
        let mut items = Items::default();
        let collected = collector.collect(&account(state), &Interest::default(), &mut items).await.unwrap();
        let [line] = collected.lines.as_slice() else { panic!("{:?}", collected.lines) };
        assert_eq!(
            (line.region.clone(), line.resource_type.clone(), line.reason),
            (None, None, Some(reason))
        );
    }
    assert!(fake.calls().is_empty());
}
