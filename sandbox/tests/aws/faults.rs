use crate::support::{Caller, Fixture, start};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

pub(crate) async fn recorder(fixture: &Fixture, caller: &Caller) -> (Value, Value) {
    let recorders = fixture.config_ok(caller, "DescribeConfigurationRecorders", json!({})).await;
    let statuses = fixture.config_ok(caller, "DescribeConfigurationRecorderStatus", json!({})).await;
    (recorders["ConfigurationRecorders"].clone(), statuses["ConfigurationRecordersStatus"].clone())
}

#[tokio::test]
async fn the_denied_account_refuses_the_role_and_no_other_does() {
    let fixture = start(12, 1000, "account_denied").await;
    let (denied, region) = fixture.hit("role_denied");
    assert_eq!(region, None);
    for account in fixture.accounts() {
        let reply = fixture.assume_reply(&account, &[]).await;
        let expected = if account == denied { 403 } else { 200 };
        assert_eq!(reply.status, expected, "{account}");
    }
}

#[tokio::test]
async fn a_stopped_recorder_says_so_and_keeps_answering() {
    let fixture = start(12, 3000, "recorder_stopped").await;
    let (account, caller) = fixture.at_hit("recorder_stopped").await;
    let (recorders, statuses) = recorder(&fixture, &caller).await;
    assert_eq!(recorders.as_array().unwrap().len(), 1);
    assert_eq!(statuses[0]["recording"], false);
    assert!(!fixture.live_rows(&caller).await.is_empty());
    let elsewhere = fixture.assume(&account).await.at("us-east-1");
    assert_eq!(recorder(&fixture, &elsewhere).await.1[0]["recording"], true);
}

#[tokio::test]
async fn a_warming_recorder_has_seen_half() {
    let fixture = start(12, 3000, "recorder_warming").await;
    let (account, caller) = fixture.at_hit("recorder_warming").await;
    let started = recorder(&fixture, &caller).await.1[0]["lastStartTime"].as_f64().unwrap();
    let now = std::fs::metadata(fixture.directory.path().join("itk.db")).unwrap().modified().unwrap();
    let now = now.duration_since(std::time::UNIX_EPOCH).unwrap().as_secs_f64();
    assert!((3500.0..3700.0).contains(&(now - started)), "{}", now - started);
    let rows = fixture.live_rows(&caller).await;
    let counts = fixture.counts(&caller).await;
    assert_eq!(rows, fixture.selected(&counts));
    let truth = fixture.sandbox.truth().live.iter();
    let live = truth.filter(|live| live.account_id == account && live.region == caller.region);
    let live: u64 = live.map(|live| u64::from(live.count)).sum();
    let own = counts.iter().filter(|(kind, _)| !kind.starts_with("AWS::IAM::"));
    let seen: u64 = own.map(|(_, count)| count).sum();
    assert!(seen < live && seen * 2 >= live, "{seen} of {live}");
}

#[tokio::test]
async fn without_a_recorder_lists_fail_and_selects_are_empty() {
    let fixture = start(12, 3000, "recorder_absent").await;
    let (_, caller) = fixture.at_hit("recorder_absent").await;
    assert_eq!(recorder(&fixture, &caller).await, (json!([]), json!([])));
    assert!(fixture.counts(&caller).await.is_empty());
    assert!(fixture.select(&caller, "SELECT arn").await.is_empty());
    let reply = fixture
        .config(&caller, "ListDiscoveredResources", json!({"resourceType": "AWS::EC2::Instance"}))
        .await;
    assert_eq!(reply.code(), "NoAvailableConfigurationRecorderException");
    // EC2 does not care whether anybody records.
    let instances = fixture.ec2(&caller, &[("Action", "DescribeInstances")]).await;
    assert!(instances.text.contains("<instanceId>"), "{}", instances.text);
}

#[tokio::test]
async fn a_type_that_is_not_recorded_is_excluded_and_not_there() {
    let fixture = start(12, 3000, "type_not_recorded").await;
    let (account, caller) = fixture.at_hit("type_not_recorded").await;
    let group = recorder(&fixture, &caller).await.0[0]["recordingGroup"].clone();
    let excluded = group["exclusionByResourceTypes"]["resourceTypes"][0].as_str().unwrap().to_owned();
    assert_eq!(group["recordingStrategy"]["useOnly"], "EXCLUSION_BY_RESOURCE_TYPES");
    let rows = fixture.live_rows(&caller).await;
    assert!(!rows.contains_key(&excluded) && rows.len() > 20);
    let gap = fixture.sandbox.truth().incomplete.iter().find(|gap| gap.account_id == account).unwrap();
    assert_eq!(gap.resource_type.as_ref(), Some(&excluded));
}

#[tokio::test]
async fn throttled_calls_get_through_later() {
    let fixture = start(1, 200, "throttling").await;
    let caller = fixture.assume(&fixture.accounts()[0]).await;
    let mut throttled = 0;
    for _ in 0..20 {
        let reply = fixture.config(&caller, "GetDiscoveredResourceCounts", json!({})).await;
        if reply.status != 200 {
            assert_eq!((reply.status, reply.code().as_str()), (400, "ThrottlingException"));
            throttled += 1;
        }
    }
    assert!((5..20).contains(&throttled), "{throttled}");
    // Another region has a bucket of its own, and so has this one after a while.
    let elsewhere = fixture.config(&caller.at("eu-west-1"), "GetDiscoveredResourceCounts", json!({})).await;
    assert_eq!(elsewhere.status, 200);
    tokio::time::sleep(Duration::from_millis(400)).await;
    assert_eq!(fixture.config(&caller, "GetDiscoveredResourceCounts", json!({})).await.status, 200);
}

#[tokio::test]
async fn hard_throttling_hits_one_account_and_region_always() {
    let fixture = start(12, 1000, "throttled_hard").await;
    let (_, caller) = fixture.at_hit("throttled").await;
    for _ in 0..5 {
        let reply = fixture.config(&caller, "GetDiscoveredResourceCounts", json!({})).await;
        assert_eq!(reply.code(), "ThrottlingException");
    }
    assert!(!fixture.counts(&caller.at("us-east-1")).await.is_empty());
}

#[tokio::test]
async fn every_fortieth_call_is_a_server_error() {
    let fixture = start(1, 100, "server_errors").await;
    let mut statuses = Vec::new();
    for _ in 0..80 {
        statuses.push(fixture.sts(&Caller::base(), &[("Action", "GetCallerIdentity")]).await.status);
    }
    assert_eq!(statuses.iter().filter(|status| **status == 500).count(), 2);
    assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 78);
}

#[tokio::test]
async fn a_hanging_region_never_answers_and_does_not_keep_the_sandbox_from_stopping() {
    let fixture = start(12, 1000, "hanging").await;
    let (_, caller) = fixture.at_hit("timeout").await;
    assert!(!fixture.counts(&caller.at("us-east-1")).await.is_empty());
    let hanging = fixture.config(&caller, "GetDiscoveredResourceCounts", json!({}));
    assert!(tokio::time::timeout(Duration::from_millis(500), hanging).await.is_err());
    let regions = fixture.ec2(&caller, &[("Action", "DescribeRegions")]).await;
    assert_eq!(regions.status, 200);
    let before = Instant::now();
    fixture.sandbox.stop().await;
    assert!(before.elapsed() < Duration::from_secs(6), "{:?}", before.elapsed());
}

#[tokio::test]
async fn a_repeated_token_leads_round_in_a_circle() {
    let fixture = start(12, 6000, "repeated_token").await;
    let (_, caller) = fixture.at_hit("truncated").await;
    let mut body =
        json!({"Expression": "SELECT arn WHERE resourceType = 'AWS::EC2::Instance'", "Limit": 100});
    let mut tokens = Vec::new();
    for _ in 0..4 {
        let answer = fixture.config_ok(&caller, "SelectResourceConfig", body.clone()).await;
        assert_eq!(answer["Results"].as_array().unwrap().len(), 1);
        body["NextToken"] = answer["NextToken"].clone();
        tokens.push(answer["NextToken"].as_str().unwrap().to_owned());
    }
    assert!(tokens.iter().all(|token| *token == tokens[0]), "{tokens:?}");
    // Other types of the account end as they should.
    let tables = fixture.select(&caller, "SELECT arn WHERE resourceType = 'AWS::DynamoDB::Table'").await;
    assert!(!tables.is_empty());
}

#[tokio::test]
async fn latency_delays_every_answer() {
    let fixture = start(1, 50, "latency=150").await;
    let before = Instant::now();
    fixture.sts(&Caller::base(), &[("Action", "GetCallerIdentity")]).await;
    assert!(before.elapsed() >= Duration::from_millis(150));
}
