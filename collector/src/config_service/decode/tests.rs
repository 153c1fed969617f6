use std::collections::BTreeMap;
use std::path::Path;

use serde_json::json;

use super::*;
use crate::config_service::attributes::AttributeList;
use crate::config_service::query::TypeQuery;

const ACCOUNT: &str = "111122223333";

fn is_global(resource_type: &ResourceType) -> bool {
    resource_type.as_str().starts_with("AWS::IAM::")
}

/// Asks for the shipped attributes of a type, with one that holds a list of objects besides.
fn query(resource_type: &str) -> Query {
    let resource_type = ResourceType::from(resource_type);
    let extra = BTreeMap::from([(
        ResourceType::from("AWS::EC2::Instance"),
        vec!["configuration.blockDeviceMappings".to_owned()],
    )]);
    let attributes = AttributeList::new(&extra).of(&resource_type);
    Query::new(vec![TypeQuery { resource_type, attributes }])
}

fn read(text: &str, resource_type: &str) -> Value {
    let account_id = ACCOUNT.parse().unwrap();
    let region = Region::from("eu-central-1");
    let place = Place { account_id: &account_id, region: &region, partition: "aws", is_global };
    match row(text, place, &query(resource_type), CollectionPath::Select) {
        Ok(Some(item)) => {
            let mut item = serde_json::to_value(item).unwrap();
            // What was asked for and is not there is null; the cases show only what is.
            let attributes = item["attributes"].as_object_mut().unwrap();
            assert_eq!(attributes.len(), query(resource_type).types[0].attributes.len());
            attributes.retain(|_, value| !value.is_null());
            item
        }
        Ok(None) => json!({"not_live": true}),
        Err(error) => json!({"error": error.to_string()}),
    }
}

#[test]
fn every_row_quirk_is_read_as_its_case_says() {
    let cases = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/rows");
    let mut seen = 0;
    let mut wrong = Vec::new();
    for case in std::fs::read_dir(cases).unwrap() {
        let case = case.unwrap().path();
        let text = std::fs::read_to_string(case.join("row.json")).unwrap();
        let expected: Value =
            serde_json::from_str(&std::fs::read_to_string(case.join("expected.json")).unwrap()).unwrap();
        let parsed: Value = serde_json::from_str(&text).unwrap_or_default();
        let resource_type = parsed["resourceType"].as_str().unwrap_or("AWS::EC2::Instance").to_owned();
        let got = read(&text, &resource_type);
        if got != expected {
            wrong.push(format!("{}: {got} instead of {expected}", case.display()));
        }
        seen += 1;
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(seen >= 70, "only {seen} cases");
}

#[test]
fn a_very_long_value_arrives_whole() {
    let long = "ü".repeat(32 * 1024);
    let text = json!({
        "resourceId": "vpc-1", "resourceName": long, "resourceType": "AWS::EC2::VPC", "tags": {"long": long},
        "configuration": {"cidrBlock": long},
    })
    .to_string();
    let item = read(&text, "AWS::EC2::VPC");
    assert_eq!(item["resource_name"], json!(long));
    assert_eq!(item["tags"]["long"], json!(long));
    assert_eq!(item["attributes"]["configuration.cidrBlock"], json!(long));
}

#[test]
fn an_error_never_quotes_the_row() {
    for text in ["geheim", r#"{"geheim"}"#, r#"{"resourceId": {"geheim": 1}}"#, r#"["geheim"]"#] {
        let error = read(text, "AWS::EC2::VPC")["error"].as_str().unwrap().to_owned();
        assert!(!error.contains("geheim"), "{error}");
    }
}

#[test]
fn an_asked_attribute_that_the_row_lacks_is_null_and_not_missing() {
    let account_id = ACCOUNT.parse().unwrap();
    let region = Region::from("eu-central-1");
    let place = Place { account_id: &account_id, region: &region, partition: "aws", is_global };
    let text =
        r#"{"resourceId":"v-1","resourceType":"AWS::EC2::VPC","configuration":{"cidrBlock":"10.0.0.0/16"}}"#;
    let item = row(text, place, &query("AWS::EC2::VPC"), CollectionPath::Select).unwrap().unwrap();
    assert_eq!(item.attributes["configuration.cidrBlock"], json!("10.0.0.0/16"));
    assert_eq!(item.attributes.get("configuration.isDefault"), Some(&Value::Null));
}

#[test]
fn a_row_of_a_type_that_was_not_asked_for_is_an_error() {
    let text = r#"{"resourceId":"x","resourceType":"AWS::S3::Bucket"}"#;
    assert_eq!(read(text, "AWS::EC2::VPC"), json!({"error": "a row of a type that was not asked for"}));
}

#[test]
fn a_supplementary_part_that_is_not_given_by_key_is_not_reported() {
    let account_id = ACCOUNT.parse().unwrap();
    let region = Region::from("eu-central-1");
    let place = Place { account_id: &account_id, region: &region, partition: "aws", is_global };
    let bucket: Row = serde_json::from_value(json!({
        "resourceId": "fahrplan",
        "resourceType": "AWS::S3::Bucket",
        "configuration": "{}",
        "supplementaryConfiguration": {"BucketLoggingConfiguration": "{\"destinationBucketName\":null}"},
    }))
    .unwrap();
    let query = query("AWS::S3::Bucket");
    let attributes = base_row(bucket, place, &query.types[0]).unwrap().unwrap().attributes;
    let part = |name: &str| attributes.get(&format!("supplementaryConfiguration.{name}"));
    assert_eq!(part("BucketLoggingConfiguration.destinationBucketName"), Some(&Value::Null));
    assert_eq!(part("BucketVersioningConfiguration.status"), None);
    assert_eq!(attributes.get("configuration.creationDate"), Some(&Value::Null));
}
