use crate::support::{Caller, Fixture, NOT_LIVE, start};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

fn target(operation: &str) -> String {
    format!("StarlingDoveService.{operation}")
}

async fn rows(fixture: &Fixture, expression: &str, limit: u64) -> Vec<Value> {
    let name = &fixture.sandbox.truth().aggregator_name;
    let body = json!({"ConfigurationAggregatorName": name, "Expression": expression, "Limit": limit});
    let target = target("SelectAggregateResourceConfig");
    let (rows, _) = fixture.paged(&Caller::base(), &target, body, "Results").await;
    rows.iter().map(|row| serde_json::from_str(row.as_str().unwrap()).unwrap()).collect()
}

async fn counts(fixture: &Fixture, filters: Value) -> BTreeMap<String, u64> {
    let name = &fixture.sandbox.truth().aggregator_name;
    let body = json!({
        "ConfigurationAggregatorName": name, "Filters": filters, "GroupByKey": "RESOURCE_TYPE", "Limit": 7,
    });
    let target = target("GetAggregateDiscoveredResourceCounts");
    let (groups, _) = fixture.paged(&Caller::base(), &target, body, "GroupedResourceCounts").await;
    groups
        .iter()
        .map(|group| {
            (group["GroupName"].as_str().unwrap().to_owned(), group["ResourceCount"].as_u64().unwrap())
        })
        .collect()
}

fn live(rows: &[Value]) -> BTreeMap<String, u64> {
    let mut live = BTreeMap::new();
    for row in rows {
        if !NOT_LIVE.contains(&row["configurationItemStatus"].as_str().unwrap()) {
            *live.entry(row["resourceType"].as_str().unwrap().to_owned()).or_default() += 1;
        }
    }
    live
}

const PROPERTIES: &str = "SELECT accountId, awsRegion, resourceType, resourceId, configurationItemStatus";

#[tokio::test]
async fn it_has_the_rows_of_every_account_and_of_one_that_has_left() {
    let fixture = start(12, 1500, "none").await;
    let truth = fixture.sandbox.truth();
    let all = rows(&fixture, PROPERTIES, 100).await;
    let accounts: BTreeSet<&str> = all.iter().map(|row| row["accountId"].as_str().unwrap()).collect();
    let mut expected: BTreeSet<&str> =
        fixture.sandbox.truth().accounts[..12].iter().map(|a| a.id.as_str()).collect();
    expected.insert(truth.departed_account.as_deref().unwrap());
    assert_eq!(accounts, expected);
    // What belongs to no region is there once, also where two regions record it.
    let keys: BTreeSet<String> =
        all.iter().map(|row| format!("{}{}", row["resourceType"], row["resourceId"])).collect();
    let revisions = all.iter().filter(|row| row["resourceType"] == "AWS::ECS::TaskDefinition").count();
    assert!(keys.len() + revisions >= all.len(), "{} {}", keys.len(), all.len());
    let gone = all.iter().filter(|row| NOT_LIVE.contains(&row["configurationItemStatus"].as_str().unwrap()));
    let selected: u64 = truth
        .live
        .iter()
        .filter(|live| !truth.not_selected.contains(&live.resource_type))
        .map(|live| u64::from(live.count))
        .sum();
    let left =
        all.iter().filter(|row| row["accountId"].as_str() == truth.departed_account.as_deref()).count();
    assert_eq!((all.len() - gone.count() - left) as u64, selected);
    assert!(left > 5);
}

#[tokio::test]
async fn conditions_on_account_and_region_hold_and_counts_agree() {
    let fixture = start(5, 2000, "none").await;
    for account in fixture.accounts() {
        for region in ["eu-central-1", "eu-west-1", "global"] {
            let condition = format!("WHERE accountId = '{account}' AND awsRegion = '{region}'");
            let found = rows(&fixture, &format!("{PROPERTIES} {condition}"), 100).await;
            assert!(
                found.iter().all(|row| row["accountId"] == account.as_str() && row["awsRegion"] == region)
            );
            let counted = counts(&fixture, json!({"AccountId": account, "Region": region})).await;
            assert_eq!(live(&found), fixture.selected(&counted), "{account} {region}");
            assert!(!found.is_empty());
        }
    }
    let small = rows(&fixture, &format!("{PROPERTIES} WHERE resourceType = 'AWS::EC2::VPC'"), 3).await;
    let large = rows(&fixture, &format!("{PROPERTIES} WHERE resourceType = 'AWS::EC2::VPC'"), 100).await;
    assert_eq!(small, large);
    let grouped = rows(&fixture, "SELECT accountId, COUNT(*) GROUP BY accountId", 100).await;
    assert_eq!(grouped.len(), 5);
    let one = counts(&fixture, json!({"ResourceType": "AWS::Cognito::UserPool"})).await;
    assert_eq!(one.keys().collect::<Vec<_>>(), ["AWS::Cognito::UserPool"]);
}

#[tokio::test]
async fn it_lies_in_the_management_account_at_home_only() {
    let fixture = start(3, 100, "none").await;
    let name = &fixture.sandbox.truth().aggregator_name;
    let member = fixture.assume(&fixture.accounts()[1]).await;
    let base = Caller::base();
    for operation in [
        "SelectAggregateResourceConfig",
        "DescribeConfigurationAggregatorSourcesStatus",
        "GetAggregateDiscoveredResourceCounts",
    ] {
        let body = json!({"ConfigurationAggregatorName": name, "Expression": "SELECT arn"});
        assert_eq!(fixture.config(&base, operation, body.clone()).await.status, 200);
        for caller in [&member, &base.at("eu-west-1")] {
            let reply = fixture.config(caller, operation, body.clone()).await;
            assert_eq!(reply.code(), "NoSuchConfigurationAggregatorException", "{operation}");
        }
        let body = json!({"ConfigurationAggregatorName": "other", "Expression": "SELECT arn"});
        let reply = fixture.config(&base, operation, body).await;
        assert_eq!(reply.code(), "NoSuchConfigurationAggregatorException");
    }
    let aggregators = |caller: &Caller| {
        let caller = caller.clone();
        async { fixture.config_ok(&{ caller }, "DescribeConfigurationAggregators", json!({})).await }
    };
    let here = aggregators(&base).await;
    assert_eq!(here["ConfigurationAggregators"][0]["ConfigurationAggregatorName"], name.as_str());
    assert_eq!(aggregators(&member).await["ConfigurationAggregators"], json!([]));
}

#[tokio::test]
async fn its_sources_say_which_copies_are_outdated_and_those_lack_rows() {
    let fixture = start(12, 3000, "aggregator_stale,aggregator_failed").await;
    let name = &fixture.sandbox.truth().aggregator_name;
    let target = target("DescribeConfigurationAggregatorSourcesStatus");
    let body = json!({"ConfigurationAggregatorName": name, "Limit": 5});
    let (sources, _) = fixture.paged(&Caller::base(), &target, body, "AggregatedSourceStatusList").await;
    assert_eq!(sources.len(), 1 + 12 * 3);
    assert!(
        !sources
            .iter()
            .any(|source| source["SourceId"].as_str() == fixture.sandbox.truth().departed_account.as_deref())
    );
    let place = |source: &Value| {
        (source["SourceId"].as_str().unwrap().to_owned(), source["AwsRegion"].as_str().unwrap().to_owned())
    };
    let bad: BTreeSet<_> =
        sources.iter().filter(|source| source["LastUpdateStatus"] != "SUCCEEDED").map(place).collect();
    let expected: BTreeSet<_> = fixture
        .sandbox
        .truth()
        .aggregator_incomplete
        .iter()
        .map(|gap| (gap.account_id.clone(), gap.region.clone().unwrap()))
        .collect();
    assert_eq!((&bad, bad.len()), (&expected, 2));
    for status in ["OUTDATED", "FAILED"] {
        let body = json!({"ConfigurationAggregatorName": name, "UpdateStatus": [status]});
        let (one, _) = fixture.paged(&Caller::base(), &target, body, "AggregatedSourceStatusList").await;
        assert_eq!(one.len(), 1, "{status}");
        assert_eq!(one[0].get("LastErrorCode").is_some(), status == "FAILED");
    }
    // The accounts themselves are as they were.
    assert!(fixture.sandbox.truth().incomplete.iter().all(|gap| gap.region.as_deref() != Some("us-east-1")));
    for (account, region) in bad {
        let condition = format!("WHERE accountId = '{account}' AND awsRegion = '{region}'");
        let copy = live(&rows(&fixture, &format!("{PROPERTIES} {condition}"), 100).await);
        let caller = fixture.assume(&account).await.at(&region);
        let own = fixture.live_rows(&caller).await;
        let regional = |counts: &BTreeMap<String, u64>| -> u64 {
            counts.iter().filter(|(kind, _)| !kind.starts_with("AWS::IAM::")).map(|(_, count)| count).sum()
        };
        assert!(regional(&copy) < regional(&own), "{account} {region}");
    }
}
