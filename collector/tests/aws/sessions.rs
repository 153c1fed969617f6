//! Role sessions: how they are asked for, renewed and refused.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use bestand_collector::credentials::CredentialsError;
use bestand_model::coverage::Reason;
use jiff::{SignedDuration, Timestamp};

use super::fake::*;

#[tokio::test]
async fn the_role_is_assumed_once_with_external_id_session_name_and_policy() {
    let fake = Fake::start().await;
    fake.regions(&[FRANKFURT, IRELAND]);
    fake.collect().await;
    assert_eq!(fake.count("AssumeRole"), 1);
    let assumed = fake.calls().into_iter().find(|call| call.operation == "AssumeRole").unwrap();
    for expected in [
        "RoleArn=arn%3Aaws%3Aiam%3A%3A111122223333%3Arole%2Fbestand-reader",
        "ExternalId=regiobus",
        "RoleSessionName=bestand-20261123T090000Z-1a2b",
        "DurationSeconds=3600",
        "config%3ASelectResourceConfig",
    ] {
        assert!(assumed.body.contains(expected), "{expected} is not in {}", assumed.body);
    }
    assert!(!assumed.body.contains("SourceIdentity"));
    assert_eq!(assumed.key_id, "AKIAHOME");
    for call in fake.calls().iter().filter(|call| call.operation != "AssumeRole") {
        assert_eq!(call.key_id, "ASIAFIRST", "{} is called with the account's own session", call.operation);
    }
}

#[tokio::test]
async fn a_denied_role_is_told_with_its_arn_and_not_asked_for_again() {
    let fake = Fake::start().await;
    fake.on(
        "AssumeRole",
        "",
        [sts_error(403, "AccessDenied", "User is not authorized to perform: sts:AssumeRole")],
    );
    let mut settings = settings();
    settings.max_attempts = 5;
    let collected = fake.collect_with(settings, &[(None, INSTANCE)]).await;
    let line = collected.line(None, None);
    assert_eq!(line.reason, Some(Reason::RoleDenied));
    let detail = line.detail.clone().unwrap();
    for expected in ["arn:aws:iam::111122223333:role/bestand-reader", "AccessDenied", "not authorized"] {
        assert!(detail.contains(expected), "{detail}");
    }
    assert_eq!((collected.account.lines.len(), fake.calls().len()), (1, 1));
}

#[tokio::test]
async fn a_session_that_aws_calls_expired_is_renewed_once() {
    let fake = Fake::start().await;
    let assumed_twice =
        [assumed("ASIAFIRST", "2099-01-01T00:00:00Z"), assumed("ASIASECOND", "2099-01-01T00:00:00Z")];
    fake.on("AssumeRole", "", assumed_twice.clone());
    let expired =
        error(400, "ExpiredTokenException", "The security token included in the request is expired");
    fake.on("GetDiscoveredResourceCounts", "", [expired.clone(), counts(&[(INSTANCE, 1)])]);
    fake.on("SelectResourceConfig", "", [rows(&[(INSTANCE, "i-1")], None)]);
    let collected = fake.collect().await;
    assert_eq!(collected.reason(INSTANCE), None);
    assert_eq!(fake.count("AssumeRole"), 2);
    let select = fake.calls().into_iter().find(|call| call.operation == "SelectResourceConfig").unwrap();
    assert_eq!(select.key_id, "ASIASECOND");

    fake.on("AssumeRole", "", assumed_twice);
    fake.on("GetDiscoveredResourceCounts", "", [expired]);
    let collected = fake.collect().await;
    assert_eq!(collected.region_reason(FRANKFURT), Some(Reason::RoleDenied), "it does not try for ever");
}

#[tokio::test]
async fn a_session_is_renewed_before_it_ends() {
    let fake = Fake::start().await;
    let start: Timestamp = "2026-11-23T09:00:00Z".parse().unwrap();
    let until = |minutes| (start + SignedDuration::from_mins(minutes)).to_string();
    fake.on("AssumeRole", "", [assumed("ASIAFIRST", &until(60)), assumed("ASIASECOND", &until(6000))]);
    fake.on("GetDiscoveredResourceCounts", "", [counts(&[(INSTANCE, 1)])]);
    fake.on("SelectResourceConfig", "", [rows(&[(INSTANCE, "i-1")], None)]);
    // Three minutes pass with every look at the clock.
    let minutes = AtomicI64::new(0);
    let mut settings = settings();
    settings.clock =
        Arc::new(move || start + SignedDuration::from_mins(minutes.fetch_add(3, Ordering::Relaxed)));
    let looks = Arc::clone(&settings.clock);
    // At 56 minutes, the session has less than five left.
    while looks() < start + SignedDuration::from_mins(30) {}
    let collected = fake.collect_with(settings, &[]).await;
    assert_eq!(collected.reason(INSTANCE), None);
    assert_eq!(fake.count("AssumeRole"), 2);
    let keys: Vec<_> = fake.calls().into_iter().map(|call| call.key_id).collect();
    assert!(keys.contains(&"ASIAFIRST".to_owned()) && keys.contains(&"ASIASECOND".to_owned()), "{keys:?}");
}

#[tokio::test]
async fn sts_that_fails_is_no_denial() {
    let fake = Fake::start().await;
    fake.on("AssumeRole", "", [sts_error(400, "Throttling", "Rate exceeded")]);
    let collected = fake.collect().await;
    assert_eq!(collected.line(None, None).reason, Some(Reason::Throttled));
}

#[tokio::test]
async fn the_callers_identity_is_asked_before_anything_else() {
    let fake = Fake::start().await;
    let identity = "<GetCallerIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><GetCallerIdentityResult>\
                    <Arn>arn:aws:iam::999988887777:user/bestand</Arn><UserId>x</UserId><Account>999988887777</Account>\
                    </GetCallerIdentityResult></GetCallerIdentityResponse>";
    fake.on("GetCallerIdentity", "", [Reply::Text(200, identity.into())]);
    let caller = fake.context().caller_identity().await.unwrap();
    assert_eq!(
        (caller.account_id.as_str(), caller.arn.as_str()),
        ("999988887777", "arn:aws:iam::999988887777:user/bestand")
    );

    fake.on(
        "GetCallerIdentity",
        "",
        [sts_error(403, "InvalidClientTokenId", "The security token is invalid")],
    );
    let refused = fake.context().caller_identity().await.unwrap_err();
    assert!(
        matches!(&refused, CredentialsError::Refused(detail) if detail.contains("InvalidClientTokenId")),
        "{refused}"
    );
}
