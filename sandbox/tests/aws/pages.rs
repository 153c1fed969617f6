use crate::support::{Caller, start};
use serde_json::{Value, json};

async fn pages(
    fixture: &crate::support::Fixture,
    caller: &Caller,
    expression: &str,
    limit: u64,
) -> Vec<Vec<Value>> {
    let (mut pages, mut body) = (Vec::new(), json!({"Expression": expression, "Limit": limit}));
    loop {
        let answer = fixture.config_ok(caller, "SelectResourceConfig", body.clone()).await;
        pages.push(answer["Results"].as_array().unwrap().clone());
        match answer.get("NextToken") {
            Some(token) => body["NextToken"] = token.clone(),
            None => return pages,
        }
    }
}

#[tokio::test]
async fn small_pages_give_the_rows_of_large_ones_and_some_are_empty_or_short() {
    let fixture = start(1, 1500, "none").await;
    let caller = fixture.assume(&fixture.accounts()[0]).await;
    for expression in [
        "SELECT resourceId",
        "SELECT resourceId WHERE configuration.size > 16",
        "SELECT arn ORDER BY arn DESC",
    ] {
        let large = pages(&fixture, &caller, expression, 100).await.concat();
        let small = pages(&fixture, &caller, expression, 2).await;
        assert_eq!(small.concat(), large, "{expression}");
    }
    let sizes: Vec<_> = pages(&fixture, &caller, "SELECT resourceId", 2).await.iter().map(Vec::len).collect();
    let inner = &sizes[..sizes.len() - 1];
    assert!(inner.contains(&0) && inner.contains(&1) && inner.contains(&2), "{sizes:?}");
}

#[tokio::test]
async fn ordered_rows_are_in_order() {
    let fixture = start(1, 800, "none").await;
    let caller = fixture.assume(&fixture.accounts()[0]).await;
    let rows = fixture
        .select(&caller, "SELECT resourceType, resourceId ORDER BY resourceType DESC, resourceId ASC")
        .await;
    let keys: Vec<_> = rows
        .iter()
        .map(|row| (row["resourceType"].as_str().unwrap(), row["resourceId"].as_str().unwrap()))
        .collect();
    let mut sorted = keys.clone();
    sorted.sort_by(|left, right| right.0.cmp(left.0).then(left.1.cmp(right.1)));
    assert_eq!(keys, sorted);
    assert!(keys.len() > 100);
}

#[tokio::test]
async fn groups_add_up_to_the_rows() {
    let fixture = start(1, 800, "none").await;
    let caller = fixture.assume(&fixture.accounts()[0]).await;
    let groups = fixture.select(&caller, "SELECT resourceType, COUNT(*) GROUP BY resourceType").await;
    let total: u64 = groups.iter().map(|group| group["COUNT(*)"].as_u64().unwrap()).sum();
    assert_eq!(total as usize, fixture.select(&caller, "SELECT resourceId").await.len());
    let sizes =
        fixture.select(&caller, "SELECT configuration.size WHERE resourceType = 'AWS::EC2::Volume'").await;
    let sizes: Vec<u64> = sizes.iter().map(|row| row["configuration"]["size"].as_u64().unwrap()).collect();
    let sums = "SELECT MIN(configuration.size), MAX(configuration.size), SUM(configuration.size), COUNT(*) \
                WHERE resourceType = 'AWS::EC2::Volume'";
    let sums = fixture.select(&caller, sums).await.remove(0);
    assert_eq!(sums["MIN(configuration.size)"], json!(sizes.iter().min()));
    assert_eq!(sums["MAX(configuration.size)"], json!(sizes.iter().max()));
    assert_eq!(sums["SUM(configuration.size)"].as_f64(), Some(sizes.iter().sum::<u64>() as f64));
    assert_eq!(sums["COUNT(*)"], json!(sizes.len()));
}

#[tokio::test]
async fn a_token_is_good_for_its_own_query_only() {
    let fixture = start(2, 800, "none").await;
    let accounts = fixture.accounts();
    let (caller, other) = (fixture.assume(&accounts[0]).await, fixture.assume(&accounts[1]).await);
    let body = json!({"Expression": "SELECT arn", "Limit": 5});
    let token = fixture.config_ok(&caller, "SelectResourceConfig", body).await["NextToken"].clone();
    for (caller, expression) in
        [(&caller, "SELECT resourceId"), (&other, "SELECT arn"), (&caller.at("eu-west-1"), "SELECT arn")]
    {
        let body = json!({"Expression": expression, "Limit": 5, "NextToken": token});
        let reply = fixture.config(caller, "SelectResourceConfig", body).await;
        assert_eq!(reply.code(), "InvalidNextTokenException");
    }
    for operation in ["GetDiscoveredResourceCounts", "ListDiscoveredResources"] {
        let body = json!({"nextToken": token, "resourceType": "AWS::EC2::Instance"});
        assert_eq!(fixture.config(&caller, operation, body).await.code(), "InvalidNextTokenException");
    }
}

#[tokio::test]
async fn limits_are_kept() {
    let fixture = start(1, 800, "none").await;
    let caller = fixture.assume(&fixture.accounts()[0]).await;
    let unlimited =
        fixture.config_ok(&caller, "SelectResourceConfig", json!({"Expression": "SELECT arn"})).await;
    assert_eq!(unlimited["Results"].as_array().unwrap().len(), 25);
    for (operation, body) in [
        ("SelectResourceConfig", json!({"Expression": "SELECT arn", "Limit": 101})),
        ("GetDiscoveredResourceCounts", json!({"limit": 101})),
        ("ListDiscoveredResources", json!({"resourceType": "AWS::EC2::Instance", "limit": 101})),
    ] {
        assert_eq!(fixture.config(&caller, operation, body).await.code(), "InvalidLimitException");
    }
    let ids: Vec<String> = (0..21).map(|at| format!("i-{at}")).collect();
    let body = json!({"resourceType": "AWS::EC2::Instance", "resourceIds": ids});
    assert_eq!(fixture.config(&caller, "ListDiscoveredResources", body).await.code(), "ValidationException");
    for keys in [0, 101] {
        let keys = vec![json!({"resourceType": "AWS::EC2::Instance", "resourceId": "i-0"}); keys];
        let reply = fixture.config(&caller, "BatchGetResourceConfig", json!({"resourceKeys": keys})).await;
        assert_eq!(reply.code(), "ValidationException");
    }
}

#[tokio::test]
async fn unprocessed_keys_come_through_when_asked_again() {
    let fixture = start(1, 800, "none").await;
    let caller = fixture.assume(&fixture.accounts()[0]).await;
    let rows = fixture
        .select(&caller, "SELECT resourceType, resourceId WHERE resourceType = 'AWS::EC2::Volume'")
        .await;
    let live = fixture.counts(&caller).await["AWS::EC2::Volume"] as usize;
    let mut asked: Vec<Value> = rows.into_iter().take(live.min(100)).collect();
    let (wanted, mut got, mut rounds) = (asked.len(), 0, 0);
    while !asked.is_empty() {
        let answer =
            fixture.config_ok(&caller, "BatchGetResourceConfig", json!({"resourceKeys": asked})).await;
        let items = answer["baseConfigurationItems"].as_array().unwrap();
        assert!(items.iter().all(|item| item.get("tags").is_none() && item["configuration"].is_string()));
        let unprocessed = answer["unprocessedResourceKeys"].as_array().unwrap().clone();
        assert!(unprocessed.len() < asked.len());
        got += items.len();
        rounds += 1;
        asked = unprocessed;
    }
    assert_eq!(got, wanted);
    assert!(rounds > 1);
}
