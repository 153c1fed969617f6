use crate::support::{start, start_seeded};
use serde_json::json;
use std::collections::BTreeSet;

#[tokio::test]
async fn counts_rows_and_truth_agree_in_every_account_and_region() {
    let fixture = start(4, 2000, "none").await;
    let mut live = 0;
    for account in fixture.accounts() {
        let caller = fixture.assume(&account).await;
        for region in ["eu-central-1", "eu-west-1", "us-east-1"] {
            let (caller, served) = (caller.at(region), fixture.served(&account, region));
            assert_eq!(fixture.counts(&caller).await, served, "{account} {region}");
            assert_eq!(fixture.live_rows(&caller).await, fixture.selected(&served), "{account} {region}");
            // IAM is recorded in the home region and, in some accounts, once more in another.
            let own =
                served.iter().filter(|(kind, _)| region == "eu-central-1" || !kind.starts_with("AWS::IAM::"));
            live += own.map(|(_, count)| count).sum::<u64>();
        }
    }
    assert_eq!(live, 2000);
    assert_eq!(fixture.sandbox.truth().live_total, 2000);
}

#[tokio::test]
async fn iam_is_recorded_in_two_regions_of_some_accounts_only() {
    let fixture = start(4, 2000, "none").await;
    let mut twice = 0;
    for account in fixture.accounts() {
        let caller = fixture.assume(&account).await.at("eu-west-1");
        let rows =
            fixture.select(&caller, "SELECT arn, awsRegion WHERE resourceType = 'AWS::IAM::Role'").await;
        assert!(rows.iter().all(|row| row["awsRegion"] == "global"));
        twice += usize::from(!rows.is_empty());
    }
    assert!((1..4).contains(&twice), "{twice}");
}

#[tokio::test]
async fn the_same_seed_gives_the_same_estate_and_another_gives_another() {
    let (one, two, other) = (
        start_seeded(3, 900, 5, "none").await,
        start_seeded(3, 900, 5, "none").await,
        start_seeded(3, 900, 6, "none").await,
    );
    let truth = |fixture: &crate::support::Fixture| {
        let mut truth = serde_json::to_value(fixture.sandbox.truth()).unwrap();
        truth["started_at"] = json!(0);
        truth
    };
    assert_eq!(truth(&one), truth(&two));
    assert_ne!(truth(&one)["accounts"], truth(&other)["accounts"]);
    let expression = "SELECT *, tags, configuration, relationships, supplementaryConfiguration";
    let account = &one.accounts()[0];
    let (left, right) = (one.assume(account).await, two.assume(account).await);
    assert_eq!(one.select(&left, expression).await, two.select(&right, expression).await);
}

#[tokio::test]
async fn faults_do_not_change_what_is_there_or_registered() {
    let (calm, rough) = (start(12, 3000, "none").await, start(12, 3000, "all").await);
    assert_eq!(calm.sandbox.truth().live, rough.sandbox.truth().live);
    assert_eq!(calm.sandbox.truth().records_total, rough.sandbox.truth().records_total);
    let place = |planted: &bestand_sandbox::Planted| {
        (planted.kind, planted.asset_id.clone(), planted.resource_id.clone())
    };
    let planted = |fixture: &crate::support::Fixture| {
        fixture.sandbox.truth().planted.iter().map(place).collect::<Vec<_>>()
    };
    assert_eq!(planted(&calm), planted(&rough));
}

#[tokio::test]
async fn every_account_has_differences_of_each_kind() {
    let fixture = start(12, 6000, "all").await;
    for account in fixture.accounts() {
        let planted = fixture.sandbox.truth().planted.iter();
        let kinds: BTreeSet<_> = planted
            .filter(|planted| planted.account_id.as_ref() == Some(&account))
            .map(|planted| planted.kind)
            .collect();
        // All but the rejected records, which belong to nobody in particular.
        assert!(kinds.len() >= 6, "{account}: {kinds:?}");
    }
}

#[tokio::test]
async fn what_is_planted_as_absent_has_other_rows_of_its_type_there() {
    let fixture = start(12, 6000, "none").await;
    let truth = fixture.sandbox.truth();
    // What nobody can look for, and the first account, where a record names a region that is not enabled.
    let mut unseeable: BTreeSet<_> =
        truth.accounts.iter().filter(|account| account.state != "ACTIVE").map(|a| &a.id).collect();
    unseeable.extend(&truth.departed_account);
    let home = &truth.accounts[0].id;
    let (mut seen, mut open) = (0, 0);
    for planted in truth.planted.iter().filter(|planted| planted.kind == bestand_sandbox::PlantedKind::Absent)
    {
        let (account, kind) = (planted.account_id.as_ref().unwrap(), planted.resource_type.as_ref().unwrap());
        if unseeable.contains(account) || (account == home && !planted.scope_complete) {
            assert!(!planted.scope_complete);
            open += 1;
            continue;
        }
        let region = planted.region.as_deref();
        let rows = truth.live.iter().any(|live| {
            &live.account_id == account
                && &live.resource_type == kind
                && region.is_none_or(|region| live.region == region)
        });
        assert!(rows && planted.scope_complete, "{planted:?}");
        seen += 1;
    }
    assert!(seen > 50 && open >= 5, "{seen} {open}");
}

#[tokio::test]
async fn secrets_lie_in_configuration_and_nowhere_else() {
    let fixture = start(1, 600, "none").await;
    let caller = fixture.assume(&fixture.accounts()[0]).await;
    let mark = &fixture.sandbox.truth().secret_mark;
    let holds = |rows: &[serde_json::Value]| rows.iter().filter(|row| row.to_string().contains(mark)).count();
    let filter = "WHERE resourceType = 'AWS::Lambda::Function'";
    let whole = fixture.select(&caller, &format!("SELECT configuration {filter}")).await;
    assert!(!whole.is_empty());
    assert_eq!(holds(&whole), whole.len());
    let rest = fixture
        .select(&caller, "SELECT *, tags, relationships, supplementaryConfiguration, configuration.runtime")
        .await;
    assert_eq!(holds(&rest), 0);
}

#[tokio::test]
async fn broken_requests_get_an_error_and_no_silence() {
    let fixture = start(1, 50, "none").await;
    let target = Some("StarlingDoveService.SelectResourceConfig");
    for (target, body, code) in [
        (None, "", "MissingAction"),
        (None, "Action=AssumeRole", "InvalidAction"),
        (target, "{", "SerializationException"),
        (target, "[]", "SerializationException"),
        (Some("Nonsense.Operation"), "{}", "UnknownOperationException"),
        (target, "{}", "MissingAuthenticationTokenException"),
    ] {
        let reply = fixture.bare(target, body).await;
        assert_eq!((reply.status, reply.code().as_str()), (400, code), "{}", reply.text);
    }
    let base = crate::support::Caller::base();
    let reply = fixture.config(&base, "DeleteConfigurationRecorder", json!({})).await;
    assert_eq!(reply.code(), "UnknownOperationException");
    for body in [json!({"Expression": 5}), json!({}), json!({"Expression": "SELECT arn", "Limit": -1})] {
        assert_eq!(fixture.config(&base, "SelectResourceConfig", body).await.status, 400);
    }
}
