//! What Select does not serve, or not whole, is listed by id and got by key.

use bestand_model::configuration_item::{CollectionPath, Tags};
use bestand_model::coverage::Reason;
use serde_json::json;

use super::fake::*;

const QUEUE: &str = "AWS::SQS::Queue";
const UNHEARD: &str = "AWS::Neues::Ding";

#[tokio::test]
async fn a_counted_type_that_select_shows_nothing_of_is_got_by_key() {
    let fake = Fake::start().await;
    fake.on("GetDiscoveredResourceCounts", "", [counts(&[(INSTANCE, 2), (VPC, 1)])]);
    fake.on("SelectResourceConfig", "", [rows(&[(VPC, "vpc-1")], None)]);
    fake.on(
        "ListDiscoveredResources",
        "",
        [ids(&[(INSTANCE, "i-1")], Some("more")), ids(&[(INSTANCE, "i-2")], None)],
    );
    let secret = json!({"instanceType": "t3.small", "userData": "geheim", "state": {"name": "running"}});
    let item = |id| base_item(INSTANCE, id, &secret);
    fake.on("BatchGetResourceConfig", "", [base_items(&[item("i-1")], &[]), base_items(&[item("i-2")], &[])]);
    let collected = fake.collect().await;

    assert_eq!((collected.reason(INSTANCE), collected.reason(VPC)), (None, None));
    assert_eq!(collected.ids(), ["i-1", "i-2", "vpc-1"]);
    let item = collected.items.iter().find(|item| item.resource_id.as_str() == "i-1").unwrap();
    assert_eq!(item.path, CollectionPath::BatchGet);
    assert_eq!(item.tags, Tags::NotCollected, "this path reports no tags");
    assert_eq!(item.attributes["configuration.instanceType"], json!("t3.small"));
    assert_eq!(item.attributes["configuration.state.name"], json!("running"));
    assert!(!serde_json::to_string(item).unwrap().contains("geheim"), "cut to the allow-list");
    assert_eq!(item.created_at.unwrap().as_second(), 1_700_000_000);
    let line = collected.line(Some(FRANKFURT), Some(INSTANCE));
    assert_eq!((line.path, line.collected), (Some(CollectionPath::BatchGet), Some(2)));
    assert_eq!(collected.line(Some(FRANKFURT), Some(VPC)).path, Some(CollectionPath::Select));
    let keys: Vec<_> = fake.bodies("BatchGetResourceConfig");
    assert!(keys.iter().all(|body| body.contains(INSTANCE)) && keys.len() == 2);
    assert_eq!(fake.count("SelectResourceConfig"), 1, "one look was enough");
}

#[tokio::test]
async fn a_type_that_nobody_has_heard_of_flows_through() {
    let fake = Fake::start().await;
    fake.on("GetDiscoveredResourceCounts", "", [counts(&[(UNHEARD, 1)])]);
    fake.on("ListDiscoveredResources", "", [ids(&[(UNHEARD, "ding-1")], None)]);
    fake.on(
        "BatchGetResourceConfig",
        "",
        [base_items(&[base_item(UNHEARD, "ding-1", &json!({"a": 1}))], &[])],
    );
    let collected = fake.collect().await;
    assert_eq!((collected.reason(UNHEARD), collected.ids()), (None, vec!["ding-1".to_owned()]));
    assert!(collected.items[0].attributes.is_empty());
}

#[tokio::test]
async fn what_falls_short_for_good_is_got_by_key_and_given_once() {
    let fake = Fake::start().await;
    fake.on("GetDiscoveredResourceCounts", "", [counts(&[(QUEUE, 3)])]);
    fake.on("SelectResourceConfig", "", [rows(&[(QUEUE, "q-1"), (QUEUE, "q-2")], None)]);
    fake.on("ListDiscoveredResources", "", [ids(&[(QUEUE, "q-1"), (QUEUE, "q-2"), (QUEUE, "q-3")], None)]);
    let items: Vec<_> = ["q-1", "q-2", "q-3"].iter().map(|id| base_item(QUEUE, id, &json!({}))).collect();
    fake.on("BatchGetResourceConfig", "", [base_items(&items, &[])]);
    let collected = fake.collect().await;
    assert_eq!(
        (collected.reason(QUEUE), collected.ids()),
        (None, vec!["q-1".into(), "q-2".into(), "q-3".into()])
    );
    let with_tags = collected.items.iter().filter(|item| item.tags != Tags::NotCollected).count();
    assert_eq!(with_tags, 2, "what a query gave keeps its tags");
    assert_eq!(fake.count("SelectResourceConfig"), 2, "the scope may only have been busy");
}

#[tokio::test]
async fn unprocessed_keys_are_asked_for_again() {
    let fake = Fake::start().await;
    fake.on("GetDiscoveredResourceCounts", "", [counts(&[(QUEUE, 2)])]);
    fake.on("ListDiscoveredResources", "", [ids(&[(QUEUE, "q-1"), (QUEUE, "q-2")], None)]);
    let item = |id| base_item(QUEUE, id, &json!({}));
    fake.on(
        "BatchGetResourceConfig",
        "",
        [base_items(&[item("q-1")], &[(QUEUE, "q-2")]), base_items(&[item("q-2")], &[])],
    );
    let collected = fake.collect().await;
    assert_eq!((collected.reason(QUEUE), collected.items.len()), (None, 2));
    assert!(!fake.bodies("BatchGetResourceConfig")[1].contains("q-1"), "only what is open");
}

#[tokio::test]
async fn keys_that_stay_unprocessed_are_truncated() {
    let fake = Fake::start().await;
    fake.on("GetDiscoveredResourceCounts", "", [counts(&[(QUEUE, 2), (VPC, 1)])]);
    fake.on("SelectResourceConfig", "", [rows(&[(VPC, "vpc-1")], None)]);
    fake.on("ListDiscoveredResources", "", [ids(&[(QUEUE, "q-1"), (QUEUE, "q-2")], None)]);
    let first = base_items(&[base_item(QUEUE, "q-1", &json!({}))], &[(QUEUE, "q-2")]);
    fake.on("BatchGetResourceConfig", "", [first, base_items(&[], &[(QUEUE, "q-2")])]);
    let collected = fake.collect().await;
    assert_eq!((collected.reason(QUEUE), collected.reason(VPC)), (Some(Reason::Truncated), None));
    assert_eq!(fake.count("BatchGetResourceConfig"), 2, "no progress, no further call");
}

#[tokio::test]
async fn what_is_listed_but_not_recorded_or_gone_is_not_live() {
    let fake = Fake::start().await;
    fake.on("GetDiscoveredResourceCounts", "", [counts(&[(QUEUE, 1)])]);
    fake.on("ListDiscoveredResources", "", [ids(&[(QUEUE, "q-1"), (QUEUE, "q-2"), (QUEUE, "q-3")], None)]);
    let mut not_recorded = base_item(QUEUE, "q-2", &json!({}));
    not_recorded["configurationItemStatus"] = json!("ResourceNotRecorded");
    // The third was deleted between the two calls: it is in no answer.
    let items = [base_item(QUEUE, "q-1", &json!({})), not_recorded];
    fake.on("BatchGetResourceConfig", "", [base_items(&items, &[])]);
    let collected = fake.collect().await;
    assert_eq!((collected.reason(QUEUE), collected.ids()), (None, vec!["q-1".to_owned()]));
}

#[tokio::test]
async fn a_role_that_may_not_list_fails_those_types_and_no_other() {
    let fake = Fake::start().await;
    fake.on("GetDiscoveredResourceCounts", "", [counts(&[(QUEUE, 1), (UNHEARD, 1), (VPC, 1)])]);
    fake.on("SelectResourceConfig", "", [rows(&[(VPC, "vpc-1")], None)]);
    fake.on("ListDiscoveredResources", "", [error(400, "AccessDeniedException", "not authorized")]);
    let collected = fake.collect().await;
    assert_eq!(collected.reason(VPC), None);
    for of in [QUEUE, UNHEARD] {
        let line = collected.line(Some(FRANKFURT), Some(of));
        assert_eq!(line.reason, Some(Reason::RoleDenied));
        assert!(line.detail.as_ref().unwrap().contains("config:ListDiscoveredResources"), "{line:?}");
    }
    assert_eq!(fake.count("ListDiscoveredResources"), 1, "the next type would fare no better");
}

#[tokio::test]
async fn without_counts_what_is_there_is_seen_all_the_same() {
    let fake = Fake::start().await;
    fake.on("GetDiscoveredResourceCounts", "", [error(500, "InternalFailure", "")]);
    fake.on("ListDiscoveredResources", "", [ids(&[], None)]);
    fake.on_body("ListDiscoveredResources", UNHEARD, [ids(&[(UNHEARD, "ding-1")], None)]);
    fake.on_body("ListDiscoveredResources", "AWS::S3::Bucket", [ids(&[("AWS::S3::Bucket", "b-1")], None)]);
    fake.on_body(
        "BatchGetResourceConfig",
        UNHEARD,
        [base_items(&[base_item(UNHEARD, "ding-1", &json!({}))], &[])],
    );
    fake.on_body(
        "BatchGetResourceConfig",
        "AWS::S3::Bucket",
        [base_items(&[base_item("AWS::S3::Bucket", "b-1", &json!({}))], &[])],
    );
    let collected = fake.collect_with(settings(), &[(None, UNHEARD)]).await;
    assert_eq!(collected.ids(), ["b-1", "ding-1"], "what is named, and what is shipped");
    assert!(
        collected.find(Some(FRANKFURT), Some(VPC)).is_none(),
        "nothing of it was seen, and nobody named it"
    );
    for of in [UNHEARD, "AWS::S3::Bucket"] {
        assert_eq!(collected.reason(of), Some(Reason::ServiceError), "{of}");
    }
    let detail = collected.line(Some(FRANKFURT), Some(UNHEARD)).detail.clone().unwrap();
    assert!(detail.contains("could not be counted: config:GetDiscoveredResourceCounts"), "{detail}");
    assert_eq!(
        collected.find(Some(FRANKFURT), Some(VPC)),
        None,
        "its region's line says all there is to say"
    );
    assert_eq!(collected.region_reason(FRANKFURT), Some(Reason::ServiceError));
}

#[tokio::test]
async fn times_that_came_as_text_are_read() {
    let fake = Fake::start().await;
    fake.on("GetDiscoveredResourceCounts", "", [counts(&[(QUEUE, 1)])]);
    fake.on("ListDiscoveredResources", "", [ids(&[(QUEUE, "q-1")], None)]);
    let mut item = base_item(QUEUE, "q-1", &json!({}));
    item["resourceCreationTime"] = json!("2026-11-20T08:15:00+00:00");
    item["configurationItemCaptureTime"] = json!("2026-11-20 08:15:00");
    fake.on("BatchGetResourceConfig", "", [base_items(&[item], &[])]);
    let collected = fake.collect().await;
    assert_eq!((collected.reason(QUEUE), collected.items.len()), (None, 1));
    assert_eq!(collected.items[0].created_at, Some("2026-11-20T08:15:00Z".parse().unwrap()));
}
