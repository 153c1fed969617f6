//! What AWS says of single assets before one of them is retired (SEMANTICS 2.4).

use std::collections::BTreeMap;

use bestand_collector::collector::{Collector, CollectorSettings, Interest};
use bestand_model::account::AccountState;
use bestand_model::arn::Arn;
use bestand_model::asset::{AssetKey, KeyBasis};
use bestand_model::identifiers::{Region, ResourceId, ResourceType};
use bestand_model::proof::{Answer, Question};
use serde_json::{Value, json};

use super::fake::*;

const QUEUE: &str = "AWS::SQS::Queue";

fn question(region: &str, of: &str, id: &str) -> Question {
    let name = format!("{region}/{of}/{id}");
    Question {
        asset_key: key(&name),
        region: Region::from(region),
        resource_type: ResourceType::from(of),
        resource_id: ResourceId::from(id),
        arn: Some(arn(region, id)),
    }
}

fn arn(region: &str, id: &str) -> Arn {
    format!("arn:aws:sqs:{region}:{ACCOUNT}:{id}").parse().unwrap()
}

fn key(name: &str) -> AssetKey {
    AssetKey::mint("staging", &KeyBasis::Row(name))
}

fn known(of: &str, id: &str, deleted: Option<f64>) -> Value {
    json!({"resourceType": of, "resourceId": id, "resourceDeletionTime": deleted})
}

fn by_id(list: &[Value]) -> Reply {
    Reply::Json(json!({"resourceIdentifiers": list}))
}

fn all_checks() -> CollectorSettings {
    CollectorSettings { cross_check_ec2: true, cross_check_tagging: true, ..settings() }
}

/// Collects the account, then asks.
async fn ask(fake: &Fake, settings: CollectorSettings, questions: &[Question]) -> BTreeMap<AssetKey, Answer> {
    let collector = Collector::new(fake.context(), settings);
    let account = account(AccountState::Active);
    let mut items = Items::default();
    collector.collect(&account, &Interest::default(), &mut items).await.unwrap();
    let answers = collector.ask(&account.id, questions).await;
    assert_eq!(answers.len(), questions.len(), "every question has its answer");
    answers
}

async fn answer(fake: &Fake, question: Question) -> Answer {
    ask(fake, all_checks(), std::slice::from_ref(&question)).await.remove(&question.asset_key).unwrap()
}

#[tokio::test]
async fn semantics_2_4_a_deletion_that_aws_config_dates_is_a_proof() {
    let fake = Fake::start().await;
    fake.on("ListDiscoveredResources", "", [by_id(&[known(QUEUE, "q-1", Some(1_700_000_000.0))])]);
    let answer = answer(&fake, question(FRANKFURT, QUEUE, "q-1")).await;
    assert_eq!(answer, Answer::Deleted { at: "2023-11-14T22:13:20Z".parse().unwrap() });
    let body: Value = serde_json::from_str(&fake.bodies("ListDiscoveredResources")[0]).unwrap();
    assert_eq!((&body["includeDeletedResources"], &body["resourceIds"]), (&json!(true), &json!(["q-1"])));
}

#[tokio::test]
async fn semantics_2_4_whoever_still_has_it_vetoes() {
    let listed = Fake::start().await;
    listed.on("ListDiscoveredResources", "", [by_id(&[known(QUEUE, "q-1", None)])]);
    let got = Fake::start().await;
    got.on("BatchGetResourceConfig", "", [base_items(&[base_item(QUEUE, "q-1", &json!({}))], &[])]);
    for (fake, by) in [(listed, "config:ListDiscoveredResources"), (got, "config:BatchGetResourceConfig")] {
        let answer = answer(&fake, question(FRANKFURT, QUEUE, "q-1")).await;
        assert_eq!(answer, Answer::Sighted { by: by.to_owned() });
    }
}

#[tokio::test]
async fn semantics_2_4_ec2_outweighs_a_deletion_that_aws_config_dates() {
    let fake = Fake::start().await;
    fake.on("ListDiscoveredResources", "", [by_id(&[known(INSTANCE, "i-1", Some(1_700_000_000.0))])]);
    fake.ec2_instances("", ACCOUNT, &["i-1"]);
    let answer = answer(&fake, question(FRANKFURT, INSTANCE, "i-1")).await;
    assert_eq!(answer, Answer::Sighted { by: "ec2:DescribeInstances".to_owned() });
}

#[tokio::test]
async fn semantics_2_4_never_heard_of_is_no_proof() {
    let fake = Fake::start().await;
    assert_eq!(answer(&fake, question(FRANKFURT, QUEUE, "q-1")).await, Answer::NeverHeardOf);
}

#[tokio::test]
async fn semantics_2_10_a_name_of_the_tagging_api_is_a_hint_only() {
    let fake = Fake::start().await;
    let tagged = json!({"ResourceTagMappingList": [{"ResourceARN": arn(FRANKFURT, "q-1"), "Tags": []}]});
    fake.on("GetResources", "", [Reply::Json(tagged)]);
    assert_eq!(answer(&fake, question(FRANKFURT, QUEUE, "q-1")).await, Answer::Hinted);
    // It names deleted resources for a while: a dated deletion outweighs it.
    fake.on("ListDiscoveredResources", "", [by_id(&[known(QUEUE, "q-1", Some(1_700_000_000.0))])]);
    assert!(matches!(answer(&fake, question(FRANKFURT, QUEUE, "q-1")).await, Answer::Deleted { .. }));
    // And EC2's own word goes beyond it.
    fake.on("ListDiscoveredResources", "", [ids(&[], None)]);
    fake.ec2_instances("", ACCOUNT, &[]);
    assert_eq!(answer(&fake, question(FRANKFURT, INSTANCE, "q-1")).await, Answer::NeverHeardOf);
}

#[tokio::test]
async fn both_cross_checks_can_be_switched_off() {
    let fake = Fake::start().await;
    let questions = [question(FRANKFURT, QUEUE, "q-1"), question(FRANKFURT, INSTANCE, "i-1")];
    let answers = ask(&fake, settings(), &questions).await;
    assert!(answers.values().all(|answer| *answer == Answer::NeverHeardOf));
    assert_eq!((fake.count("GetResources"), fake.count("DescribeInstances")), (0, 0));
}

#[tokio::test]
async fn semantics_2_4_silence_is_no_answer() {
    for (operation, reply) in [
        ("ListDiscoveredResources", error(400, "AccessDeniedException", "not authorized")),
        ("BatchGetResourceConfig", error(500, "InternalFailure", "")),
        ("GetResources", error(400, "ThrottledException", "")),
    ] {
        let fake = Fake::start().await;
        fake.on(operation, "", [reply]);
        let answer = answer(&fake, question(FRANKFURT, QUEUE, "q-1")).await;
        let Answer::Unanswered { detail } = answer else { panic!("{operation}: {answer:?}") };
        assert!(detail.contains(operation), "{detail}");
    }
}

#[tokio::test]
async fn semantics_2_4_where_no_recorder_is_nobody_can_be_asked() {
    let fake = Fake::start().await;
    let answer = answer(&fake, question("ap-east-1", QUEUE, "q-1")).await;
    assert!(matches!(answer, Answer::Unanswered { .. }), "{answer:?}");
    let collector = Collector::new(fake.context(), settings());
    let question = question(FRANKFURT, QUEUE, "q-1");
    let answers = collector.ask(&ACCOUNT.parse().unwrap(), std::slice::from_ref(&question)).await;
    assert!(
        matches!(answers[&question.asset_key], Answer::Unanswered { .. }),
        "an account that was not entered"
    );
}

#[tokio::test]
async fn semantics_2_7_a_global_resource_is_asked_for_in_every_region() {
    let fake = Fake::start().await;
    fake.regions(&[FRANKFURT, IRELAND]);
    let deleted = |at| by_id(&[known(ROLE, "AROA1", Some(at))]);
    fake.on("ListDiscoveredResources", FRANKFURT, [deleted(1_700_000_000.0)]);
    fake.on("ListDiscoveredResources", IRELAND, [deleted(1_700_000_100.0)]);
    let last = Answer::Deleted { at: "2023-11-14T22:15:00Z".parse().unwrap() };
    assert_eq!(answer(&fake, question("global", ROLE, "AROA1")).await, last);
    fake.on("ListDiscoveredResources", IRELAND, [by_id(&[known(ROLE, "AROA1", None)])]);
    assert!(matches!(answer(&fake, question("global", ROLE, "AROA1")).await, Answer::Sighted { .. }));
}

#[tokio::test]
async fn twenty_ids_share_a_call_and_the_session_is_the_one_of_the_collection() {
    let fake = Fake::start().await;
    let questions: Vec<_> =
        (0..45).map(|number| question(FRANKFURT, QUEUE, &format!("q-{number}"))).collect();
    ask(&fake, settings(), &questions).await;
    assert_eq!(fake.count("ListDiscoveredResources"), 3);
    assert_eq!(fake.count("AssumeRole"), 1);
}

#[tokio::test]
async fn semantics_2_4_a_row_under_another_id_is_a_sighting_too() {
    let fake = Fake::start().await;
    fake.on("BatchGetResourceConfig", "", [base_items(&[base_item(QUEUE, "by-its-name", &json!({}))], &[])]);
    let seen = answer(&fake, question(FRANKFURT, QUEUE, "AIDA1")).await;
    assert_eq!(seen, Answer::Sighted { by: "config:BatchGetResourceConfig".to_owned() });
}
