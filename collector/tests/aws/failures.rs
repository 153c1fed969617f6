//! Failing calls become coverage, each with its reason, and take no more with them than they must.

use std::time::{Duration, Instant};

use bestand_collector::collector::{Collector, Interest, ItemSink, SinkError};
use bestand_model::account::AccountState;
use bestand_model::configuration_item::ConfigurationItem;
use bestand_model::coverage::Reason;
use serde_json::json;

use super::fake::*;

#[tokio::test]
async fn throttling_that_ends_is_overcome() {
    let fake = Fake::start().await;
    let throttled = error(400, "ThrottlingException", "Rate exceeded");
    fake.on("GetDiscoveredResourceCounts", "", [counts(&[(INSTANCE, 1)])]);
    fake.on(
        "SelectResourceConfig",
        "",
        [throttled.clone(), error(500, "InternalFailure", ""), rows(&[(INSTANCE, "i-1")], None)],
    );
    let mut settings = settings();
    settings.max_attempts = 3;
    let collected = fake.collect_with(settings, &[]).await;
    assert_eq!((collected.reason(INSTANCE), collected.items.len()), (None, 1));
    assert_eq!(fake.count("SelectResourceConfig"), 3);
}

#[tokio::test]
async fn throttling_that_lasts_ends_the_region_and_no_other() {
    let fake = Fake::start().await;
    fake.regions(&[FRANKFURT, IRELAND]);
    fake.on(
        "DescribeConfigurationRecorders",
        FRANKFURT,
        [error(400, "ThrottlingException", "Rate exceeded")],
    );
    let collected = fake.collect().await;
    assert_eq!(collected.region_reason(FRANKFURT), Some(Reason::Throttled));
    assert!(collected.line(Some(FRANKFURT), None).detail.as_ref().unwrap().contains("ThrottlingException"));
    assert_eq!(collected.region_reason(IRELAND), None);
    assert_eq!(
        fake.calls()
            .iter()
            .filter(|call| call.region == FRANKFURT && call.operation.starts_with("Get"))
            .count(),
        0
    );
}

#[tokio::test]
async fn an_answer_that_never_comes_is_a_timeout() {
    let fake = Fake::start().await;
    fake.regions(&[FRANKFURT, IRELAND]);
    fake.on("GetDiscoveredResourceCounts", FRANKFURT, [Reply::Hang]);
    let mut settings = settings();
    settings.attempt_timeout = Duration::from_millis(300);
    settings.operation_timeout = Duration::from_millis(500);
    settings.max_attempts = 3;
    let start = Instant::now();
    let collected = fake.collect_with(settings, &[]).await;
    assert_eq!(collected.region_reason(FRANKFURT), Some(Reason::Timeout));
    assert_eq!(collected.region_reason(IRELAND), None);
    assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
}

#[tokio::test]
async fn a_repeated_token_is_truncated_and_spares_the_types_beside_it() {
    let fake = Fake::start().await;
    fake.on("GetDiscoveredResourceCounts", "", [counts(&[(INSTANCE, 2), (VPC, 1)])]);
    fake.on(
        "SelectResourceConfig",
        "",
        [
            // Both types together, then instances alone, then networks alone.
            rows(&[(INSTANCE, "i-1")], Some("same")),
            rows(&[(INSTANCE, "i-2")], Some("same")),
            rows(&[(INSTANCE, "i-1")], Some("same")),
            rows(&[(INSTANCE, "i-2")], Some("same")),
            rows(&[(VPC, "vpc-1")], None),
        ],
    );
    let collected = fake.collect().await;
    assert_eq!((collected.reason(INSTANCE), collected.reason(VPC)), (Some(Reason::Truncated), None));
    assert!(collected.ids().contains(&"i-1".to_owned()), "what arrived is given");
    assert_eq!(collected.region_reason(FRANKFURT), None);
}

#[tokio::test]
async fn counts_that_fail_make_the_region_incomplete_and_named_types_are_still_looked_for() {
    let fake = Fake::start().await;
    fake.on("GetDiscoveredResourceCounts", "", [Reply::Text(500, "<html>NotImplementedError</html>".into())]);
    fake.on("SelectResourceConfig", "", [rows(&[(INSTANCE, "i-1")], None)]);
    let collected = fake.collect_with(settings(), &[(None, INSTANCE)]).await;
    assert_eq!(collected.region_reason(FRANKFURT), Some(Reason::ServiceError));
    assert_eq!(collected.reason(INSTANCE), Some(Reason::ServiceError));
    assert_eq!(collected.ids(), ["i-1"]);
    let detail = collected.line(Some(FRANKFURT), None).detail.clone().unwrap();
    assert!(detail.contains("GetDiscoveredResourceCounts") && detail.contains("500"), "{detail}");
}

#[tokio::test]
async fn a_region_that_is_throttled_for_good_proves_nothing_of_what_was_not_counted_after() {
    let fake = Fake::start().await;
    fake.on("GetDiscoveredResourceCounts", "", [counts(&[(INSTANCE, 1001), (VPC, 2)])]);
    // A large type has a query of its own, the first one.
    let throttled = error(400, "ThrottlingException", "Rate exceeded");
    fake.on("SelectResourceConfig", "", [rows(&[(INSTANCE, "i-1")], None), throttled]);
    let collected = fake.collect_with(settings(), &[(None, "AWS::EC2::Subnet")]).await;
    for of in [INSTANCE, VPC, "AWS::EC2::Subnet"] {
        assert_eq!(collected.reason(of), Some(Reason::Throttled), "{of}");
    }
    assert_eq!(collected.region_reason(FRANKFURT), Some(Reason::Throttled));
}

#[tokio::test]
async fn a_small_type_that_fell_short_is_not_complete_if_a_later_query_is_throttled() {
    let fake = Fake::start().await;
    let volumes = "AWS::EC2::Volume";
    let mut settings = settings();
    // So many attributes that the two small types do not fit into one query.
    let long = |name: &str| {
        (0..30).map(|number| format!("configuration.{name}{number}{}", "x".repeat(80))).collect()
    };
    settings.extra_attributes.insert(INSTANCE.into(), long("a"));
    settings.extra_attributes.insert(volumes.into(), long("b"));
    fake.on("GetDiscoveredResourceCounts", "", [counts(&[(INSTANCE, 2), (volumes, 2)])]);
    let throttled = error(400, "ThrottlingException", "Rate exceeded");
    fake.on("SelectResourceConfig", "", [rows(&[(INSTANCE, "i-1")], None), throttled]);
    let collected = fake.collect_with(settings, &[]).await;
    assert_eq!(fake.count("SelectResourceConfig"), 2, "the types are asked for one after the other");
    let line = collected.line(Some(FRANKFURT), Some(INSTANCE));
    assert_eq!((line.reason, line.expected, line.collected), (Some(Reason::Throttled), Some(2), Some(1)));
    assert_eq!(line.expected_after, None);
    assert_eq!(collected.reason(volumes), Some(Reason::Throttled));
    assert_eq!(collected.region_reason(FRANKFURT), Some(Reason::Throttled));
}

#[tokio::test]
async fn what_was_proven_before_the_throttling_stays_proven() {
    let fake = Fake::start().await;
    fake.on("GetDiscoveredResourceCounts", "", [counts(&[(INSTANCE, 2), (VPC, 1)])]);
    let throttled = error(400, "ThrottlingException", "Rate exceeded");
    let short = rows(&[(INSTANCE, "i-1"), (VPC, "vpc-1")], None);
    fake.on("SelectResourceConfig", "", [short, throttled]);
    let collected = fake.collect().await;
    assert_eq!((collected.reason(INSTANCE), collected.reason(VPC)), (Some(Reason::Throttled), None));
    assert_eq!(collected.region_reason(FRANKFURT), Some(Reason::Throttled));
}

#[tokio::test]
async fn a_second_listing_is_not_proven_by_the_count_before_it() {
    let fake = Fake::start().await;
    let all = counts(&[(INSTANCE, 2)]);
    let throttled = error(400, "ThrottlingException", "Rate exceeded");
    fake.on("GetDiscoveredResourceCounts", "", [all.clone(), all, throttled]);
    let both = rows(&[(INSTANCE, "i-1"), (INSTANCE, "i-2")], None);
    fake.on("SelectResourceConfig", "", [rows(&[(INSTANCE, "i-1")], None), both]);
    let collected = fake.collect().await;
    assert_eq!((collected.reason(INSTANCE), collected.items.len()), (Some(Reason::Throttled), 2));
}

#[tokio::test]
async fn counts_that_do_not_add_up_are_truncated() {
    for (total, list) in [
        (json!(3), json!([{"resourceType": INSTANCE, "count": 2}])),
        (json!(2), json!([{"resourceType": INSTANCE, "count": 2}, {"resourceType": VPC, "count": 1}])),
        (json!(3), json!([{"resourceType": INSTANCE, "count": 2}, {"resourceType": VPC}])),
        (json!(3), json!([])),
    ] {
        let fake = Fake::start().await;
        let answer = json!({"totalDiscoveredResources": total, "resourceCounts": list});
        fake.on("GetDiscoveredResourceCounts", "", [Reply::Json(answer)]);
        let collected = fake.collect_with(settings(), &[(None, INSTANCE)]).await;
        assert_eq!(collected.reason(INSTANCE), Some(Reason::Truncated), "{total} {list}");
        assert_eq!(collected.region_reason(FRANKFURT), Some(Reason::Truncated));
    }
}

#[tokio::test]
async fn types_that_are_never_asked_for_are_part_of_the_sum() {
    let fake = Fake::start().await;
    fake.on(
        "GetDiscoveredResourceCounts",
        "",
        [counts(&[("AWS::Config::ResourceCompliance", 40), (VPC, 1)])],
    );
    fake.on("SelectResourceConfig", "", [rows(&[(VPC, "vpc-1")], None)]);
    let collected = fake.collect().await;
    assert_eq!((collected.reason(VPC), collected.region_reason(FRANKFURT)), (None, None));
}

#[tokio::test]
async fn a_count_that_makes_no_sense_fails_the_region() {
    for entry in [
        json!({"count": 1}),
        json!({"resourceType": "", "count": 1}),
        json!({"resourceType": VPC, "count": -1}),
    ] {
        let fake = Fake::start().await;
        let answer = json!({"resourceCounts": [entry]});
        fake.on("GetDiscoveredResourceCounts", "", [Reply::Json(answer)]);
        let collected = fake.collect().await;
        assert_eq!(collected.region_reason(FRANKFURT), Some(Reason::ServiceError), "{entry}");
    }
}

#[tokio::test]
async fn an_answer_without_any_region_fails_the_account() {
    let fake = Fake::start().await;
    for text in
        ["<DescribeRegionsResponse/>", "<DescribeRegionsResponse><regionInfo/></DescribeRegionsResponse>"]
    {
        fake.on("DescribeRegions", "", [Reply::Text(200, text.into())]);
        let collected = fake.collect_with(settings(), &[(Some(FRANKFURT), INSTANCE)]).await;
        assert_eq!(collected.line(None, None).reason, Some(Reason::ServiceError));
        assert_eq!(collected.account.lines.len(), 1);
    }
}

#[tokio::test]
async fn a_row_that_is_no_json_fails_its_type_and_no_other() {
    let fake = Fake::start().await;
    fake.on("GetDiscoveredResourceCounts", "", [counts(&[(INSTANCE, 1), (VPC, 1)])]);
    let broken = page(&["<oops>".to_owned(), row(INSTANCE, "i-1")], None);
    let network = rows(&[(VPC, "vpc-1")], None);
    fake.on("SelectResourceConfig", "", [broken.clone(), broken, network]);
    let collected = fake.collect().await;
    assert_eq!((collected.reason(INSTANCE), collected.reason(VPC)), (Some(Reason::ServiceError), None));
    assert_eq!(collected.ids(), ["i-1", "vpc-1"]);
    let detail = collected.line(Some(FRANKFURT), Some(INSTANCE)).detail.clone().unwrap();
    assert!(detail.contains("JSON") && !detail.contains("oops"), "{detail}");
}

#[tokio::test]
async fn a_row_of_another_account_is_never_given() {
    let fake = Fake::start().await;
    fake.on("GetDiscoveredResourceCounts", "", [counts(&[(INSTANCE, 1)])]);
    let foreign = row(INSTANCE, "i-1").replace(ACCOUNT, "444455556666");
    fake.on("SelectResourceConfig", "", [page(&[foreign], None)]);
    let collected = fake.collect().await;
    assert_eq!((collected.reason(INSTANCE), collected.items.len()), (Some(Reason::ServiceError), 0));
}

#[tokio::test]
async fn attributes_that_aws_config_does_not_know_are_left_out() {
    let fake = Fake::start().await;
    fake.on("GetDiscoveredResourceCounts", "", [counts(&[(VPC, 1)])]);
    let refused = error(400, "InvalidExpressionException", "unknown property");
    fake.on("SelectResourceConfig", "", [refused, rows(&[(VPC, "vpc-1")], None)]);
    let collected = fake.collect().await;
    assert_eq!((collected.reason(VPC), collected.items.len()), (None, 1));
    assert!(
        collected.items[0].attributes.is_empty(),
        "not reported says nothing, null would say that there is none"
    );
    let detail = collected.line(Some(FRANKFURT), Some(VPC)).detail.clone().unwrap();
    assert!(detail.contains("without attributes"), "{detail}");
}

#[tokio::test]
async fn a_denied_call_is_told_by_its_policy() {
    let fake = Fake::start().await;
    fake.regions(&[FRANKFURT, IRELAND]);
    let denied = |message| error(400, "AccessDeniedException", message);
    fake.on(
        "DescribeConfigurationRecorders",
        FRANKFURT,
        [denied("not authorized to perform: config:Describe")],
    );
    fake.on(
        "DescribeConfigurationRecorders",
        IRELAND,
        [denied("not authorized, with an explicit deny in a service control policy")],
    );
    let collected = fake.collect().await;
    assert_eq!(collected.region_reason(FRANKFURT), Some(Reason::RoleDenied));
    assert_eq!(collected.region_reason(IRELAND), Some(Reason::RegionDenied));
}

#[tokio::test]
async fn a_detail_never_quotes_the_request() {
    let fake = Fake::start().await;
    let quoted = "The Canonical String should have been 'POST x-amz-security-token:GEHEIM'";
    fake.on("DescribeConfigurationRecorders", "", [error(403, "InvalidSignatureException", quoted)]);
    let collected = fake.collect().await;
    assert_eq!(collected.region_reason(FRANKFURT), Some(Reason::RoleDenied));
    assert!(!format!("{:?}", collected.account).contains("GEHEIM"));
}

#[tokio::test]
async fn regions_that_cannot_be_listed_fail_the_account() {
    let fake = Fake::start().await;
    let text = "<Response><Errors><Error><Code>UnauthorizedOperation</Code><Message>no</Message></Error></Errors></Response>";
    fake.on("DescribeRegions", "", [Reply::Text(403, text.into())]);
    let collected = fake.collect().await;
    assert_eq!(collected.line(None, None).reason, Some(Reason::RoleDenied));
    assert_eq!(collected.account.lines.len(), 1);
}

#[tokio::test]
async fn a_full_sink_is_the_only_error() {
    struct Full;
    impl ItemSink for Full {
        fn accept(&mut self, _: ConfigurationItem) -> Result<(), SinkError> {
            Err(SinkError("disk full".into()))
        }
    }
    let fake = Fake::start().await;
    fake.on("GetDiscoveredResourceCounts", "", [counts(&[(INSTANCE, 1)])]);
    fake.on("SelectResourceConfig", "", [rows(&[(INSTANCE, "i-1")], None)]);
    let collector = Collector::new(fake.context(), settings());
    let outcome = collector.collect(&account(AccountState::Active), &Interest::default(), &mut Full).await;
    assert_eq!(outcome.unwrap_err().0.to_string(), "disk full");
}
