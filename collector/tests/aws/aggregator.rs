//! Rows through the aggregator: presence always, absence only on the account's own word (SEMANTICS 2.11).

use bestand_collector::collector::{AggregatorSettings, CollectorSettings};
use bestand_model::configuration_item::CollectionPath;
use bestand_model::coverage::Reason;
use serde_json::{Value, json};

use super::fake::*;

fn through_aggregator() -> CollectorSettings {
    let aggregator = AggregatorSettings { name: "organisation".to_owned(), region: None };
    CollectorSettings { aggregator: Some(aggregator), ..settings() }
}

fn sources(list: &[(&str, &str)]) -> Reply {
    let source = |(region, state): &(&str, &str)| {
        json!({"SourceId": ACCOUNT, "SourceType": "ACCOUNT", "AwsRegion": region, "LastUpdateStatus": state,
               "LastErrorCode": (*state != "SUCCEEDED").then_some("Unauthorized")})
    };
    let list: Vec<Value> = list.iter().map(source).collect();
    Reply::Json(json!({"AggregatedSourceStatusList": list}))
}

fn types(names: &[&str]) -> Reply {
    let groups: Vec<_> = names.iter().map(|of| json!({"GroupName": of, "ResourceCount": 1})).collect();
    Reply::Json(json!({"TotalDiscoveredResources": names.len(), "GroupedResourceCounts": groups}))
}

fn row_in(region: &str, of: &str, id: &str) -> String {
    json!({"resourceType": of, "resourceId": id, "accountId": ACCOUNT, "awsRegion": region,
           "configurationItemStatus": "OK"})
    .to_string()
}

/// An aggregator that is up to date, and an account that agrees: one instance in Frankfurt, one in Ireland.
async fn agreeing() -> Fake {
    let fake = Fake::start().await;
    fake.regions(&[FRANKFURT, IRELAND]);
    let status = sources(&[(FRANKFURT, "SUCCEEDED"), (IRELAND, "SUCCEEDED")]);
    fake.on("DescribeConfigurationAggregatorSourcesStatus", "", [status]);
    fake.on("GetAggregateDiscoveredResourceCounts", "", [types(&[INSTANCE])]);
    let list = [row_in(FRANKFURT, INSTANCE, "i-1"), row_in(IRELAND, INSTANCE, "i-2")];
    fake.on("SelectAggregateResourceConfig", "", [page(&list, None)]);
    fake.on("GetDiscoveredResourceCounts", "", [counts(&[(INSTANCE, 1)])]);
    fake
}

#[tokio::test]
async fn semantics_2_11_rows_of_the_aggregator_are_complete_on_the_regions_own_word() {
    let fake = agreeing().await;
    let collected = fake.collect_with(through_aggregator(), &[]).await;
    assert_eq!(collected.ids(), ["i-1", "i-2"]);
    assert!(collected.items.iter().all(|item| item.path == CollectionPath::Aggregator));
    for region in [FRANKFURT, IRELAND] {
        let line = collected.line(Some(region), Some(INSTANCE));
        assert_eq!((line.reason, line.path), (None, Some(CollectionPath::Aggregator)), "{line:?}");
        assert_eq!((line.expected, line.expected_after, line.collected), (Some(1), Some(1), Some(1)));
    }
    assert_eq!(fake.count("SelectResourceConfig"), 0, "one session for all rows");
    let select = &fake.bodies("SelectAggregateResourceConfig")[0];
    assert!(
        select.contains(&format!("accountId = '{ACCOUNT}'")) && select.contains("organisation"),
        "{select}"
    );
}

#[tokio::test]
async fn semantics_2_11_without_the_accounts_own_recorder_nothing_is_complete() {
    let fake = agreeing().await;
    fake.on("AssumeRole", "", [sts_error(403, "AccessDenied", "not authorized")]);
    let collected = fake.collect_with(through_aggregator(), &[(Some(FRANKFURT), VPC)]).await;
    assert_eq!(collected.ids(), ["i-1", "i-2"], "presence is told all the same");
    for (region, of) in [(FRANKFURT, INSTANCE), (IRELAND, INSTANCE), (FRANKFURT, VPC)] {
        assert_eq!(
            collected.line(Some(region), Some(of)).reason,
            Some(Reason::RecorderUnknown),
            "{region} {of}"
        );
    }
    assert!(collected.find(None, None).is_none());
}

#[tokio::test]
async fn an_outdated_source_is_stale_and_no_other_region_suffers() {
    for state in ["OUTDATED", "FAILED"] {
        let fake = agreeing().await;
        let status = sources(&[(FRANKFURT, "SUCCEEDED"), (IRELAND, state)]);
        fake.on("DescribeConfigurationAggregatorSourcesStatus", "", [status]);
        let collected = fake.collect_with(through_aggregator(), &[]).await;
        assert_eq!(collected.reason(INSTANCE), None);
        let line = collected.line(Some(IRELAND), Some(INSTANCE));
        assert_eq!(line.reason, Some(Reason::Stale));
        assert!(line.detail.as_ref().unwrap().contains(state), "{line:?}");
    }
}

#[tokio::test]
async fn a_region_that_is_no_source_of_the_aggregator_is_stale() {
    let fake = agreeing().await;
    fake.on("DescribeConfigurationAggregatorSourcesStatus", "", [sources(&[(FRANKFURT, "SUCCEEDED")])]);
    let collected = fake.collect_with(through_aggregator(), &[]).await;
    assert_eq!(collected.line(Some(IRELAND), Some(INSTANCE)).reason, Some(Reason::Stale));
}

#[tokio::test]
async fn a_copy_that_lags_behind_the_regions_counts_is_a_mismatch() {
    let fake = agreeing().await;
    fake.on("GetDiscoveredResourceCounts", IRELAND, [counts(&[(INSTANCE, 2), (VPC, 1)])]);
    let collected = fake.collect_with(through_aggregator(), &[]).await;
    assert_eq!(collected.reason(INSTANCE), None);
    for of in [INSTANCE, VPC] {
        assert_eq!(collected.line(Some(IRELAND), Some(of)).reason, Some(Reason::CountMismatch), "{of}");
    }
}

#[tokio::test]
async fn a_row_of_another_account_is_never_given() {
    let fake = agreeing().await;
    let stranger = row_in(FRANKFURT, INSTANCE, "i-9").replace(ACCOUNT, "999988887777");
    fake.on(
        "SelectAggregateResourceConfig",
        "",
        [page(&[row_in(FRANKFURT, INSTANCE, "i-1"), stranger], None)],
    );
    let collected = fake.collect_with(through_aggregator(), &[]).await;
    assert_eq!(collected.ids(), ["i-1"]);
    assert_eq!(collected.reason(INSTANCE), Some(Reason::ServiceError));
}

#[tokio::test]
async fn copies_of_a_global_resource_are_one_item() {
    let fake = agreeing().await;
    fake.on("GetAggregateDiscoveredResourceCounts", "", [types(&[ROLE])]);
    let global = [row_in("global", ROLE, "AROA1"), row_in("global", ROLE, "AROA1")];
    fake.on("SelectAggregateResourceConfig", "", [page(&global, None)]);
    fake.on("GetDiscoveredResourceCounts", "", [counts(&[(ROLE, 1)])]);
    let collected = fake.collect_with(through_aggregator(), &[]).await;
    assert_eq!(collected.ids(), ["AROA1"]);
}

#[tokio::test]
async fn an_aggregator_that_cannot_be_read_fails_the_account() {
    let fake = agreeing().await;
    let denied = error(400, "AccessDeniedException", "not authorized");
    fake.on("DescribeConfigurationAggregatorSourcesStatus", "", [denied]);
    let collected = fake.collect_with(through_aggregator(), &[]).await;
    let line = collected.line(None, None);
    assert_eq!(line.reason, Some(Reason::RoleDenied));
    assert!(line.detail.as_ref().unwrap().contains("DescribeConfigurationAggregatorSourcesStatus"));
}
