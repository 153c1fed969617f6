use crate::support::{Caller, Fixture, start};
use serde_json::{Value, json};
use std::collections::BTreeMap;

fn target(operation: &str) -> String {
    format!("AWSOrganizationsV20161128.{operation}")
}

async fn children(fixture: &Fixture, operation: &str, member: &str, parent: &str) -> Vec<Value> {
    let body = json!({"ParentId": parent, "MaxResults": 1});
    fixture.paged(&Caller::base(), &target(operation), body, member).await.0
}

/// Every account of the tree with its path, walked from the root.
async fn paths(fixture: &Fixture) -> (BTreeMap<String, String>, usize) {
    let roots = fixture.paged(&Caller::base(), &target("ListRoots"), json!({}), "Roots").await.0;
    assert_eq!(roots.len(), 1);
    let root = roots[0]["Id"].as_str().unwrap().to_owned();
    let (mut open, mut found, mut deepest) = (vec![(root, "Root".to_owned())], BTreeMap::new(), 0);
    while let Some((id, path)) = open.pop() {
        deepest = deepest.max(path.matches('/').count());
        for account in children(fixture, "ListAccountsForParent", "Accounts", &id).await {
            let twice = found.insert(account["Id"].as_str().unwrap().to_owned(), path.clone());
            assert_eq!(twice, None);
        }
        let units = children(fixture, "ListOrganizationalUnitsForParent", "OrganizationalUnits", &id).await;
        for unit in units {
            let name = unit["Name"].as_str().unwrap();
            open.push((unit["Id"].as_str().unwrap().to_owned(), format!("{path}/{name}")));
        }
    }
    (found, deepest)
}

#[tokio::test]
async fn the_tree_holds_every_account_once_where_the_truth_says() {
    let fixture = start(40, 100, "none").await;
    let (found, deepest) = paths(&fixture).await;
    let accounts = &fixture.sandbox.truth().accounts;
    let expected: BTreeMap<_, _> =
        accounts.iter().map(|account| (account.id.clone(), account.ou_path.clone())).collect();
    assert_eq!((found, deepest), (expected, 3));
    // Of the account that has left nobody knows anything.
    let departed = fixture.sandbox.truth().departed_account.as_ref().unwrap();
    let body = json!({"AccountId": departed});
    let reply = fixture.call_json(&Caller::base(), &target("DescribeAccount"), body).await;
    assert_eq!(reply.code(), "AccountNotFoundException");
}

#[tokio::test]
async fn parents_lead_upwards_and_tags_come_over_several_pages() {
    let fixture = start(12, 100, "none").await;
    let base = Caller::base();
    for account in &fixture.sandbox.truth().accounts {
        let mut child = account.id.clone();
        let mut steps = 0;
        loop {
            let parents =
                fixture.paged(&base, &target("ListParents"), json!({"ChildId": child}), "Parents").await.0;
            assert_eq!(parents.len(), 1);
            steps += 1;
            child = parents[0]["Id"].as_str().unwrap().to_owned();
            if parents[0]["Type"] == "ROOT" {
                break;
            }
        }
        assert_eq!(steps, account.ou_path.split('/').count());
        let body = json!({"ResourceId": account.id});
        let (tags, empty) = fixture.paged(&base, &target("ListTagsForResource"), body, "Tags").await;
        let text = |tag: &Value, name: &str| tag[name].as_str().unwrap().to_owned();
        let tags: BTreeMap<_, _> = tags.iter().map(|tag| (text(tag, "Key"), text(tag, "Value"))).collect();
        assert_eq!((&tags, empty), (&account.tags, 1));
        let body = json!({"AccountId": account.id});
        let described = fixture.call_json(&base, &target("DescribeAccount"), body).await.json();
        assert_eq!(described["Account"]["Email"], account.email.as_str());
        assert_eq!(described["Account"]["State"], account.state);
    }
}

#[tokio::test]
async fn what_is_not_there_is_told_with_its_own_error() {
    let fixture = start(2, 50, "none").await;
    for (operation, body, code) in [
        ("ListAccountsForParent", json!({"ParentId": "ou-rb01-00000000"}), "ParentNotFoundException"),
        ("ListOrganizationalUnitsForParent", json!({"ParentId": "x"}), "ParentNotFoundException"),
        ("ListParents", json!({"ChildId": "r-rb01"}), "ChildNotFoundException"),
        ("ListTagsForResource", json!({"ResourceId": "999999999999"}), "TargetNotFoundException"),
        ("DescribeAccount", json!({"AccountId": "999999999999"}), "AccountNotFoundException"),
        ("ListAccountsForParent", json!({}), "InvalidInputException"),
        ("ListRoots", json!({"MaxResults": 21}), "InvalidInputException"),
    ] {
        let reply = fixture.call_json(&Caller::base(), &target(operation), body).await;
        assert_eq!(reply.code(), code, "{operation}");
    }
    let member = fixture.assume(&fixture.accounts()[1]).await;
    for operation in ["ListRoots", "ListTagsForResource", "ListParents", "DescribeAccount"] {
        let reply = fixture.call_json(&member, &target(operation), json!({})).await;
        assert_eq!(reply.code(), "AccessDeniedException", "{operation}");
    }
}

#[tokio::test]
async fn an_onboarding_account_joined_an_hour_ago_and_has_no_role() {
    let fixture = start(12, 100, "onboarding").await;
    let (account, region) = fixture.hit("onboarding");
    assert_eq!(region, None);
    let listed = fixture.paged(&Caller::base(), &target("ListAccounts"), json!({}), "Accounts").await.0;
    let joined = |account: &Value| account["JoinedTimestamp"].as_f64().unwrap();
    let newest = listed.iter().max_by(|left, right| joined(left).total_cmp(&joined(right))).unwrap();
    assert_eq!(newest["Id"], account.as_str());
    assert_eq!(fixture.sandbox.truth().started_at as f64 - joined(newest), 3600.0);
    assert_eq!(fixture.assume_reply(&account, &[]).await.code(), "AccessDenied");
}

#[tokio::test]
async fn the_unit_that_the_settings_leave_out_holds_the_account_of_the_truth() {
    let fixture = start(12, 100, "left_out").await;
    let (account, region) = fixture.hit("not_requested");
    assert_eq!(region, None);
    let settings: toml::Table = fixture.sandbox.settings_toml().parse().unwrap();
    let excluded = settings["accounts"]["organizational_units"]["exclude"][0].as_str().unwrap();
    let (paths, _) = paths(&fixture).await;
    let below: Vec<_> =
        paths.iter().filter(|(_, path)| path.starts_with(excluded)).map(|(id, _)| id).collect();
    assert_eq!(below, [&account]);
    // The role itself would let one in.
    assert_eq!(fixture.assume_reply(&account, &[]).await.status, 200);
    let calm = start(12, 100, "none").await;
    let settings: toml::Table = calm.sandbox.settings_toml().parse().unwrap();
    assert!(settings["accounts"].get("organizational_units").is_none());
}
