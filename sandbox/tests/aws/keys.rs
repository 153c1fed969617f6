use crate::support::{Caller, start};
use serde_json::json;
use std::time::Duration;

#[tokio::test]
async fn a_role_needs_the_right_external_id_role_and_account() {
    let fixture = start(2, 100, "none").await;
    let account = fixture.accounts()[1].clone();
    assert_eq!(fixture.assume_reply(&account, &[]).await.status, 200);
    let other_role = format!("arn:aws:iam::{account}:role/admin");
    for (account, more) in [
        (account.as_str(), vec![("ExternalId", "guessed")]),
        (account.as_str(), vec![("ExternalId", "")]),
        (account.as_str(), vec![("RoleArn", other_role.as_str())]),
        ("123456789012", vec![]),
    ] {
        let reply = fixture.assume_reply(account, &more).await;
        assert_eq!((reply.status, reply.code().as_str()), (403, "AccessDenied"), "{more:?}");
    }
}

#[tokio::test]
async fn the_suspended_account_cannot_be_entered() {
    let fixture = start(12, 1000, "none").await;
    let suspended = fixture.sandbox.truth().accounts.last().unwrap().clone();
    assert_eq!(suspended.state, "SUSPENDED");
    assert_eq!(fixture.assume_reply(&suspended.id, &[]).await.code(), "AccessDenied");
}

#[tokio::test]
async fn parameters_of_assume_role_are_validated() {
    let fixture = start(1, 50, "none").await;
    let account = fixture.accounts()[0].clone();
    let long = format!(r#"{{"Statement":[{{"Effect":"Allow","Action":"{}"}}]}}"#, "x".repeat(2048));
    for (more, code) in [
        (("RoleSessionName", "x"), "ValidationError"),
        (("RoleSessionName", "with space"), "ValidationError"),
        (("DurationSeconds", "899"), "ValidationError"),
        (("DurationSeconds", "3601"), "ValidationError"),
        (("DurationSeconds", "soon"), "ValidationError"),
        (("RoleArn", "arn:aws:iam::1:role/a"), "ValidationError"),
        (("Policy", long.as_str()), "ValidationError"),
        (("Policy", "not json"), "MalformedPolicyDocument"),
    ] {
        let reply = fixture.assume_reply(&account, &[more]).await;
        assert_eq!((reply.status, reply.code().as_str()), (400, code), "{more:?}");
    }
}

#[tokio::test]
async fn keys_decide_the_account_and_a_session_sees_nothing_of_another() {
    let fixture = start(3, 900, "none").await;
    for account in fixture.accounts() {
        let caller = fixture.assume(&account).await;
        let identity = fixture.sts(&caller, &[("Action", "GetCallerIdentity")]).await;
        assert_eq!(identity.element("Account"), Some(account.clone()));
        let rows = fixture.select(&caller, "SELECT accountId").await;
        assert!(!rows.is_empty() && rows.iter().all(|row| row["accountId"] == account.as_str()));
    }
}

#[tokio::test]
async fn wrong_keys_get_the_error_of_each_protocol() {
    let fixture = start(2, 100, "none").await;
    let mut caller = fixture.assume(&fixture.accounts()[1]).await;
    // The right key with the wrong token is as unknown as a wrong key.
    caller.token = Some("guessed".to_owned());
    for caller in [caller, Caller { key: "AKIAUNKNOWN".to_owned(), ..Caller::base() }] {
        let reply =
            fixture.config(&caller, "SelectResourceConfig", json!({"Expression": "SELECT arn"})).await;
        assert_eq!((reply.status, reply.code().as_str()), (400, "UnrecognizedClientException"));
        let reply = fixture.sts(&caller, &[("Action", "GetCallerIdentity")]).await;
        assert_eq!((reply.status, reply.code().as_str()), (403, "InvalidClientTokenId"));
        let reply = fixture.ec2(&caller, &[("Action", "DescribeRegions")]).await;
        assert_eq!((reply.status, reply.code().as_str()), (401, "AuthFailure"));
    }
}

#[tokio::test]
async fn a_session_policy_narrows_the_session() {
    let fixture = start(1, 100, "none").await;
    let account = fixture.accounts()[0].clone();
    let policy = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["config:Get*"],"Resource":"*"}]}"#;
    let reply = fixture.assume_reply(&account, &[("Policy", policy)]).await;
    let caller = Caller {
        key: reply.element("AccessKeyId").unwrap(),
        token: reply.element("SessionToken"),
        region: "eu-central-1".to_owned(),
    };
    assert!(!fixture.counts(&caller).await.is_empty());
    let reply = fixture.config(&caller, "SelectResourceConfig", json!({"Expression": "SELECT arn"})).await;
    assert_eq!((reply.status, reply.code().as_str()), (400, "AccessDeniedException"));
    let reply = fixture.ec2(&caller, &[("Action", "DescribeRegions")]).await;
    assert_eq!((reply.status, reply.code().as_str()), (403, "UnauthorizedOperation"));
    let reply = fixture.sts(&caller, &[("Action", "AssumeRole")]).await;
    assert_eq!((reply.status, reply.code().as_str()), (403, "AccessDenied"));
    assert_eq!(fixture.sts(&caller, &[("Action", "GetCallerIdentity")]).await.status, 200);
}

#[tokio::test]
async fn expired_keys_get_the_error_of_each_protocol() {
    let fixture = start(1, 50, "expired_credentials").await;
    let caller = fixture.assume(&fixture.accounts()[0]).await;
    assert_eq!(fixture.sts(&caller, &[("Action", "GetCallerIdentity")]).await.status, 200);
    tokio::time::sleep(Duration::from_millis(5200)).await;
    let reply = fixture.config(&caller, "GetDiscoveredResourceCounts", json!({})).await;
    assert_eq!((reply.status, reply.code().as_str()), (400, "ExpiredTokenException"));
    let reply = fixture.sts(&caller, &[("Action", "GetCallerIdentity")]).await;
    assert_eq!((reply.status, reply.code().as_str()), (403, "ExpiredToken"));
    let reply = fixture.ec2(&caller, &[("Action", "DescribeRegions")]).await;
    assert_eq!((reply.status, reply.code().as_str()), (400, "RequestExpired"));
}

#[tokio::test]
async fn only_the_management_account_may_ask_for_the_organisation() {
    let fixture = start(12, 1000, "none").await;
    let target = "AWSOrganizationsV20161128.ListAccounts";
    let member = fixture.assume(&fixture.accounts()[3]).await;
    assert_eq!(fixture.call_json(&member, target, json!({})).await.code(), "AccessDeniedException");
    let (mut ids, mut empty, mut body) = (Vec::new(), 0, json!({"MaxResults": 5}));
    loop {
        let answer = fixture.call_json(&Caller::base(), target, body.clone()).await.json();
        let page = answer["Accounts"].as_array().unwrap();
        empty += usize::from(page.is_empty());
        ids.extend(page.iter().map(|account| account["Id"].as_str().unwrap().to_owned()));
        match answer.get("NextToken") {
            Some(token) => body["NextToken"] = token.clone(),
            None => break,
        }
    }
    let expected: Vec<_> =
        fixture.sandbox.truth().accounts.iter().map(|account| account.id.clone()).collect();
    assert_eq!(ids, expected);
    assert!(empty > 0);
    let reply = fixture.call_json(&Caller::base(), target, json!({"MaxResults": 21})).await;
    assert_eq!(reply.code(), "InvalidInputException");
}
