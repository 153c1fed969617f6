use crate::support::{Caller, Fixture, start};
use serde_json::{Value, json};

async fn ids(fixture: &Fixture, caller: &Caller, fields: &[(&str, &str)], element: &str) -> Vec<String> {
    let reply = fixture.ec2(caller, fields).await;
    assert_eq!(reply.status, 200, "{}", reply.text);
    let open = format!("<{element}>");
    reply.text.split(&open).skip(1).map(|rest| rest.split('<').next().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn ec2_filters_by_id_whatever_else_there_is() {
    let fixture = start(2, 900, "none").await;
    let caller = fixture.assume(&fixture.accounts()[0]).await;
    for (operation, filter, element) in [
        ("DescribeInstances", "instance-id", "instanceId"),
        ("DescribeVolumes", "volume-id", "volumeId"),
        ("DescribeSecurityGroups", "group-id", "groupId"),
        ("DescribeNetworkInterfaces", "network-interface-id", "networkInterfaceId"),
    ] {
        let all = ids(&fixture, &caller, &[("Action", operation)], element).await;
        let fields = [
            ("Action", operation),
            ("Filter.1.Name", filter),
            ("Filter.1.Value.1", all[1].as_str()),
            ("Filter.1.Value.2", "x-unknown"),
        ];
        assert_eq!(ids(&fixture, &caller, &fields, element).await, all[1..2], "{operation}");
    }
    let all = ids(&fixture, &caller, &[("Action", "DescribeVpcs")], "vpcId").await;
    let fields =
        [("Action", "DescribeVpcs"), ("Filter.1.Name", "vpc-id"), ("Filter.1.Value.1", all[0].as_str())];
    assert_eq!(ids(&fixture, &caller, &fields, "vpcId").await, all[..1], "a shared one is found as well");
    let names: Vec<String> = (1..=201).map(|at| format!("Filter.1.Value.{at}")).collect();
    let mut fields = vec![("Action", "DescribeVolumes"), ("Filter.1.Name", "volume-id")];
    fields.extend(names.iter().map(|name| (name.as_str(), "vol-1")));
    assert_eq!(fixture.ec2(&caller, &fields).await.code(), "FilterLimitExceeded");
    fields.pop();
    assert_eq!(fixture.ec2(&caller, &fields).await.status, 200);
}

#[tokio::test]
async fn tags_are_asked_for_by_arn_alone() {
    let fixture = start(1, 900, "none").await;
    let caller = fixture.assume(&fixture.accounts()[0]).await;
    let target = "ResourceGroupsTaggingAPI_20170126.GetResources";
    let some = fixture.call_json(&caller, target, json!({"ResourcesPerPage": 40})).await.json();
    let some = some["ResourceTagMappingList"].as_array().unwrap().clone();
    let mut arns: Vec<Value> = some.iter().map(|mapping| mapping["ResourceARN"].clone()).collect();
    arns.push(json!("arn:aws:sqs:eu-central-1:123456789012:nobody"));
    let found = fixture.call_json(&caller, target, json!({"ResourceARNList": arns})).await.json();
    assert_eq!(found["ResourceTagMappingList"], json!(some));
    for (name, value) in [
        ("ResourcesPerPage", json!(10)),
        ("PaginationToken", json!("")),
        ("ResourceTypeFilters", json!(["ec2"])),
        ("TagFilters", json!([])),
    ] {
        let mut body = json!({"ResourceARNList": arns});
        body[name] = value;
        let reply = fixture.call_json(&caller, target, body).await;
        assert_eq!(reply.code(), "InvalidParameterException", "{name}");
    }
    for arns in [vec![], vec![arns[0].clone(); 101], vec![json!("nonsense")]] {
        let reply = fixture.call_json(&caller, target, json!({"ResourceARNList": arns})).await;
        assert_eq!(reply.code(), "InvalidParameterException");
    }
}
