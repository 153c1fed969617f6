use crate::{
    faults::recorder,
    support::{Caller, Fixture, NOT_LIVE, start},
};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// The ids that `ListDiscoveredResources` gives.
async fn listed(fixture: &Fixture, caller: &Caller, kind: &str) -> BTreeSet<String> {
    let body = json!({"resourceType": kind});
    let (mut ids, mut body) = (BTreeSet::new(), body);
    loop {
        let answer = fixture.config_ok(caller, "ListDiscoveredResources", body.clone()).await;
        let page = answer["resourceIdentifiers"].as_array().unwrap();
        ids.extend(page.iter().map(|one| one["resourceId"].as_str().unwrap().to_owned()));
        match answer.get("nextToken") {
            Some(token) => body["nextToken"] = token.clone(),
            None => return ids,
        }
    }
}

/// The ids of the rows that Select gives as live.
async fn selected(fixture: &Fixture, caller: &Caller, kind: &str) -> BTreeSet<String> {
    let expression = format!("SELECT resourceId, configurationItemStatus WHERE resourceType = '{kind}'");
    let rows = fixture.select(caller, &expression).await;
    rows.iter()
        .filter(|row| !NOT_LIVE.contains(&row["configurationItemStatus"].as_str().unwrap()))
        .map(|row| row["resourceId"].as_str().unwrap().to_owned())
        .collect()
}

/// How many of a type are alive.
fn alive(fixture: &Fixture, account: &str, region: &str, kind: &str) -> u64 {
    let live = fixture.sandbox.truth().live.iter();
    live.filter(|live| {
        (live.account_id.as_str(), live.region.as_str(), live.resource_type.as_str())
            == (account, region, kind)
    })
    .map(|live| u64::from(live.count))
    .sum()
}

#[tokio::test]
async fn recorders_fail_wait_and_have_no_status_where_the_truth_says() {
    let fixture = start(12, 1000, "recorder_failing,recorder_pending,recorder_unknown").await;
    let (_, caller) = fixture.at_hit("recorder_failing").await;
    let (_, statuses) = recorder(&fixture, &caller).await;
    assert_eq!((&statuses[0]["recording"], &statuses[0]["lastStatus"]), (&json!(true), &json!("FAILURE")));
    assert!(statuses[0]["lastErrorCode"].is_string());
    let (_, caller) = fixture.at_hit("recorder_pending").await;
    assert_eq!(recorder(&fixture, &caller).await.1[0]["lastStatus"], "PENDING");
    let (account, caller) = fixture.at_hit("recorder_unknown").await;
    let (recorders, statuses) = recorder(&fixture, &caller).await;
    assert_eq!((recorders.as_array().unwrap().len(), statuses), (1, json!([])));
    let elsewhere = fixture.assume(&account).await;
    assert_eq!(recorder(&fixture, &elsewhere).await.1.as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_forbidden_region_refuses_every_service_and_no_other_region() {
    let fixture = start(12, 1000, "region_denied").await;
    let (account, caller) = fixture.at_hit("region_denied").await;
    let words = "with an explicit deny in a service control policy";
    let reply = fixture.config(&caller, "DescribeConfigurationRecorders", json!({})).await;
    assert!(reply.code() == "AccessDeniedException" && reply.text.contains(words), "{}", reply.text);
    let reply = fixture.ec2(&caller, &[("Action", "DescribeVpcs")]).await;
    assert_eq!((reply.status, reply.code().as_str()), (403, "UnauthorizedOperation"));
    assert!(reply.text.contains(words), "{}", reply.text);
    let target = "ResourceGroupsTaggingAPI_20170126.GetResources";
    assert_eq!(fixture.call_json(&caller, target, json!({})).await.code(), "AccessDeniedException");
    let home = fixture.assume(&account).await;
    assert_eq!(fixture.ec2(&home, &[("Action", "DescribeRegions")]).await.status, 200);
    assert!(!fixture.counts(&home).await.is_empty());
}

#[tokio::test]
async fn a_broken_region_answers_500_always() {
    let fixture = start(12, 1000, "service_error").await;
    let (account, caller) = fixture.at_hit("service_error").await;
    for _ in 0..5 {
        let reply = fixture.config(&caller, "GetDiscoveredResourceCounts", json!({})).await;
        assert_eq!((reply.status, reply.code().as_str()), (500, "InternalFailure"));
    }
    assert!(!fixture.counts(&fixture.assume(&account).await).await.is_empty());
}

#[tokio::test]
async fn a_miscounted_type_is_counted_higher_than_it_is_ever_listed() {
    let fixture = start(12, 3000, "count_mismatch").await;
    let (account, caller) = fixture.at_hit("count_mismatch").await;
    let kind = "AWS::SQS::Queue";
    let (counted, rows) = (fixture.counts(&caller).await[kind], selected(&fixture, &caller, kind).await);
    assert!(counted > rows.len() as u64, "{counted} {rows:?}");
    assert!(rows.is_subset(&listed(&fixture, &caller, kind).await));
    // What is not listed is alive all the same.
    assert!(alive(&fixture, &account, &caller.region, kind) > rows.len() as u64);
    let other = fixture.counts(&caller).await["AWS::SNS::Topic"];
    assert_eq!(other, selected(&fixture, &caller, "AWS::SNS::Topic").await.len() as u64);
}

#[tokio::test]
async fn unrecorded_instances_are_in_ec2_alone() {
    let fixture = start(12, 3000, "unrecorded").await;
    let (account, caller) = fixture.at_hit("unrecorded").await;
    let kind = "AWS::EC2::Instance";
    let rows = selected(&fixture, &caller, kind).await;
    assert_eq!(fixture.counts(&caller).await[kind], rows.len() as u64);
    let alive = alive(&fixture, &account, &caller.region, kind);
    assert!(!rows.is_empty() && alive > rows.len() as u64);
    let fields = [
        ("Action", "DescribeInstances"),
        ("Filter.1.Name", "instance-state-name"),
        ("Filter.1.Value.1", "running"),
        ("Filter.1.Value.2", "stopped"),
    ];
    let seen = fixture.ec2(&caller, &fields).await.text.matches("<instanceId>").count();
    assert_eq!(seen as u64, alive);
}

#[tokio::test]
async fn types_that_select_does_not_serve_are_counted_listed_and_got() {
    let fixture = start(2, 900, "none").await;
    let caller = fixture.assume(&fixture.accounts()[1]).await;
    let kinds = &fixture.sandbox.truth().not_selected;
    assert_eq!(kinds.len(), 2);
    for kind in kinds {
        let ids = listed(&fixture, &caller, kind).await;
        assert_eq!(fixture.counts(&caller).await[kind], ids.len() as u64);
        assert!(!ids.is_empty() && selected(&fixture, &caller, kind).await.is_empty());
        let got = got(&fixture, &caller, kind, &ids).await;
        assert_eq!(got.len(), ids.len(), "{kind}");
        assert!(got.values().all(|item| item["arn"].is_string() && item["configuration"].is_string()));
    }
}

/// What BatchGet gives for ids, asked again as long as that gets on.
async fn got(
    fixture: &Fixture,
    caller: &Caller,
    kind: &str,
    ids: &BTreeSet<String>,
) -> BTreeMap<String, Value> {
    let mut keys: Vec<Value> = ids.iter().map(|id| json!({"resourceType": kind, "resourceId": id})).collect();
    let mut got = BTreeMap::new();
    while !keys.is_empty() {
        let answer = fixture.config_ok(caller, "BatchGetResourceConfig", json!({"resourceKeys": keys})).await;
        for item in answer["baseConfigurationItems"].as_array().unwrap() {
            got.insert(item["resourceId"].as_str().unwrap().to_owned(), item.clone());
        }
        let left = answer["unprocessedResourceKeys"].as_array().unwrap().clone();
        if left.len() == keys.len() {
            break;
        }
        keys = left;
    }
    got
}

#[tokio::test]
async fn some_keys_are_never_processed() {
    let fixture = start(12, 3000, "unprocessed_keys").await;
    let (account, region) = fixture.hit("truncated");
    let caller = fixture.assume(&account).await.at(&region.unwrap());
    let kind = "AWS::Cognito::UserPool";
    let ids = listed(&fixture, &caller, kind).await;
    let got_here = got(&fixture, &caller, kind, &ids).await.len();
    assert!(got_here > 0 && got_here < ids.len(), "{got_here} of {}", ids.len());
    let groups = listed(&fixture, &caller, "AWS::IoT::ThingGroup").await;
    assert_eq!(got(&fixture, &caller, "AWS::IoT::ThingGroup", &groups).await.len(), groups.len());
}

#[tokio::test]
async fn a_collapsed_scope_agrees_with_itself_and_shows_a_third() {
    let fixture = start(12, 1200, "collapsed").await;
    let (account, caller) = fixture.at_hit("collapsed").await;
    let kind = "AWS::Lambda::Function";
    let rows = selected(&fixture, &caller, kind).await;
    assert_eq!(fixture.counts(&caller).await[kind], rows.len() as u64);
    let alive = alive(&fixture, &account, &caller.region, kind);
    assert!(alive > 20 && rows.len() as u64 == alive / 3, "{} of {alive}", rows.len());
}

#[tokio::test]
async fn a_slow_account_gets_one_call_a_second_in_each_region() {
    let fixture = start(12, 300, "slow_account").await;
    // Nothing of it is incomplete: it is only slow.
    assert!(fixture.sandbox.truth().incomplete.iter().all(|gap| gap.reason != "throttled"));
    let mut slow = 0;
    for account in fixture.accounts() {
        let caller = fixture.assume(&account).await;
        let mut statuses = Vec::new();
        for region in ["eu-central-1", "eu-central-1", "eu-central-1", "us-east-1"] {
            let reply = fixture.config(&caller.at(region), "GetDiscoveredResourceCounts", json!({})).await;
            statuses.push(reply.status);
        }
        if statuses != [200; 4] {
            assert_eq!(statuses, [200, 400, 400, 200]);
            slow += 1;
            tokio::time::sleep(std::time::Duration::from_millis(1100)).await;
            let again = fixture.config(&caller, "GetDiscoveredResourceCounts", json!({})).await;
            assert_eq!(again.status, 200);
        }
    }
    assert_eq!(slow, 1);
}

#[tokio::test]
async fn the_truth_under_all_faults_has_every_reason_and_something_behind_each() {
    let fixture = start(12, 6000, "all").await;
    let truth = fixture.sandbox.truth();
    let reasons: BTreeSet<&str> = truth.incomplete.iter().map(|gap| gap.reason).collect();
    let expected = [
        "account_inactive",
        "account_unknown",
        "collapsed",
        "count_mismatch",
        "not_requested",
        "onboarding",
        "recorder_absent",
        "recorder_failing",
        "recorder_pending",
        "recorder_stopped",
        "recorder_unknown",
        "recorder_warming",
        "region_denied",
        "region_disabled",
        "role_denied",
        "service_error",
        "throttled",
        "timeout",
        "truncated",
        "type_never_seen",
        "type_not_recorded",
        "unrecorded",
    ];
    assert_eq!(reasons, expected.into_iter().collect());
    assert!(truth.aggregator_incomplete.iter().all(|gap| gap.reason == "stale"));
    assert_eq!(truth.aggregator_incomplete.len(), 2);
    for reason in ["role_denied", "onboarding", "not_requested", "recorder_failing", "throttled", "timeout"] {
        for (account, _) in fixture.hits(reason) {
            let hidden = truth
                .planted
                .iter()
                .filter(|planted| planted.account_id.as_ref() == Some(&account) && !planted.scope_complete);
            assert!(hidden.count() > 0, "nothing was planted behind {reason}");
        }
    }
}
