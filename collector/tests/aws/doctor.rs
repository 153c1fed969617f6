//! The doctor: every needed action tried, each failure told by itself, nothing else called.

use std::collections::BTreeSet;

use bestand_collector::action::{Action, Caller};
use bestand_collector::collector::{Again, AggregatorSettings, Collector, CollectorSettings};
use bestand_collector::doctor::{ActionCheck, ActionStatus, ExaminedAccount, ExaminedRegion, Strategy};
use bestand_model::account::AccountState;
use bestand_model::coverage::{CoverageLine, Reason};
use bestand_model::identifiers::{Region, ResourceType};
use serde_json::json;

use super::fake::*;

/// Everything that the job may call is asked for, and the fake answers it.
async fn whole() -> (Fake, CollectorSettings) {
    let fake = Fake::start().await;
    for action in Action::ALL {
        if action.service() == "ec2" && action != Action::DescribeRegions {
            let name = action.operation();
            fake.on(name, "", [Reply::Text(200, format!("<{name}Response></{name}Response>"))]);
        }
    }
    fake.on("GetResources", "", [Reply::Json(json!({"ResourceTagMappingList": []}))]);
    let mut settings = settings();
    (settings.cross_check_ec2, settings.cross_check_tagging) = (true, true);
    (fake, settings)
}

async fn examine(fake: &Fake, settings: CollectorSettings) -> ExaminedAccount {
    Collector::new(fake.context(), settings).examine(&account(AccountState::Active), None).await
}

fn region<'a>(examined: &'a ExaminedAccount, name: &str) -> &'a ExaminedRegion {
    examined.regions.iter().find(|region| region.region.as_str() == name).unwrap()
}

fn statuses(checks: &[ActionCheck], status: ActionStatus) -> BTreeSet<Action> {
    checks.iter().filter(|check| check.status == status).map(|check| check.action).collect()
}

#[tokio::test]
async fn every_action_of_a_member_is_tried_once_in_each_region_by_its_cheapest_call() {
    let (fake, settings) = whole().await;
    fake.regions(&[FRANKFURT, IRELAND]);
    let examined = examine(&fake, settings).await;
    assert_eq!(examined.gap, None);
    let regional: BTreeSet<Action> = Action::ALL
        .into_iter()
        .filter(|action| action.caller() == Caller::Member && *action != Action::DescribeRegions)
        .collect();
    for name in [FRANKFURT, IRELAND] {
        let region = region(&examined, name);
        assert_eq!(statuses(&region.actions, ActionStatus::Works), regional, "{:#?}", region.actions);
        assert!(region.recorder.healthy && region.recorder.started_at.is_some());
    }
    let account_wide = BTreeSet::from([Action::AssumeRole, Action::DescribeRegions]);
    assert_eq!(statuses(&examined.actions, ActionStatus::Works), account_wide);
    for action in &regional {
        assert_eq!(fake.count(action.operation()), 2, "{action}");
    }
    assert_eq!((fake.count("AssumeRole"), fake.count("DescribeRegions")), (1, 1));
    for call in fake.calls() {
        let small = match call.operation.as_str() {
            "SelectResourceConfig" | "ListDiscoveredResources" | "GetDiscoveredResourceCounts" => {
                call.body.contains("imit\":1")
            }
            "GetResources" => call.body.contains("\"ResourcesPerPage\":1"),
            "DescribeInstances" | "DescribeVolumes" | "DescribeVpcs" => call.body.contains("MaxResults=5"),
            _ => true,
        };
        assert!(small, "{call:?}");
    }
}

#[tokio::test]
async fn a_denied_action_is_named_and_hides_no_other() {
    for action in Action::ALL.into_iter().filter(|action| action.caller() == Caller::Member) {
        let (fake, settings) = whole().await;
        fake.regions(&[FRANKFURT, IRELAND]);
        let denied = match action.service() {
            "ec2" => Reply::Text(
                403,
                "<Response><Errors><Error><Code>UnauthorizedOperation</Code><Message>no</Message></Error></Errors></Response>"
                    .to_owned(),
            ),
            _ => error(400, "AccessDeniedException", "not authorized"),
        };
        let everywhere = if action == Action::DescribeRegions { "" } else { IRELAND };
        fake.on(action.operation(), everywhere, [denied]);
        let examined = examine(&fake, settings).await;
        if action == Action::DescribeRegions {
            assert_eq!(examined.gap.as_ref().map(|gap| gap.reason), Some(Reason::RoleDenied));
            assert_eq!(statuses(&examined.actions, ActionStatus::Denied), [action].into());
            continue;
        }
        let ireland = region(&examined, IRELAND);
        assert_eq!(
            statuses(&ireland.actions, ActionStatus::Denied),
            [action].into(),
            "{:#?}",
            ireland.actions
        );
        assert_eq!(statuses(&ireland.actions, ActionStatus::NotTried), [].into());
        let check = ireland.actions.iter().find(|check| check.action == action).unwrap();
        assert_eq!(check.reason, Some(Reason::RoleDenied));
        assert!(check.detail.as_ref().unwrap().contains(action.name()), "{check:?}");
        assert!(!region(&examined, FRANKFURT).actions.iter().any(ActionCheck::is_broken));
    }
}

#[tokio::test]
async fn a_role_that_cannot_be_assumed_is_told_with_its_arn() {
    let (fake, settings) = whole().await;
    fake.on("AssumeRole", "", [sts_error(403, "AccessDenied", "not authorized")]);
    let examined = examine(&fake, settings).await;
    let gap = examined.gap.unwrap();
    assert_eq!(gap.reason, Reason::RoleDenied);
    assert!(gap.detail.contains("arn:aws:iam::111122223333:role/bestand-reader"), "{}", gap.detail);
    assert_eq!(examined.actions[0].status, ActionStatus::Denied);
    assert!(examined.regions.is_empty());
}

#[tokio::test]
async fn a_service_that_gives_no_answer_is_waited_for_once_and_holds_up_no_other() {
    let (fake, mut settings) = whole().await;
    fake.on("DescribeConfigurationRecorders", "", [Reply::Hang]);
    settings.attempt_timeout = std::time::Duration::from_millis(300);
    let examined = examine(&fake, settings).await;
    let region = region(&examined, FRANKFURT);
    assert_eq!(region.recorder.gap.as_ref().unwrap().reason, Reason::Timeout);
    assert_eq!(statuses(&region.actions, ActionStatus::Failed), [Action::DescribeRecorders].into());
    assert_eq!(statuses(&region.actions, ActionStatus::NotTried).len(), 5);
    assert_eq!(statuses(&region.actions, ActionStatus::Works).len(), 6, "EC2 and the Tagging API");
    assert!(region.leaves_out.is_none(), "what was not read leaves nothing out");
}

#[tokio::test]
async fn checks_that_are_switched_off_are_not_asked_for() {
    let (fake, _) = whole().await;
    let examined = examine(&fake, settings()).await;
    assert_eq!(region(&examined, FRANKFURT).actions.len(), 6);
    assert_eq!((fake.count("DescribeInstances"), fake.count("GetResources")), (0, 0));
}

#[tokio::test]
async fn a_recorder_is_told_with_what_it_leaves_out() {
    let of = |name: &str| ResourceType::from(name);
    for (group, strategy, iam, excluded, only) in [
        (json!({"allSupported": true}), Strategy::AllSupported, true, None, None),
        (
            json!({"allSupported": true, "includeGlobalResourceTypes": true}),
            Strategy::AllSupported,
            false,
            None,
            None,
        ),
        (
            json!({"recordingStrategy": {"useOnly": "EXCLUSION_BY_RESOURCE_TYPES"},
                   "exclusionByResourceTypes": {"resourceTypes": [VPC]}}),
            Strategy::Exclusion,
            false,
            Some(VPC),
            None,
        ),
        (
            json!({"recordingStrategy": {"useOnly": "INCLUSION_BY_RESOURCE_TYPES"}, "resourceTypes": [VPC]}),
            Strategy::Inclusion,
            true,
            None,
            Some(VPC),
        ),
    ] {
        let (fake, settings) = whole().await;
        fake.on("DescribeConfigurationRecorders", "", [recorders(group)]);
        let examined = examine(&fake, settings).await;
        let region = region(&examined, FRANKFURT);
        let leaves_out = region.leaves_out.as_ref().unwrap();
        assert_eq!((leaves_out.strategy, leaves_out.iam), (strategy, iam));
        assert_eq!(leaves_out.excluded, excluded.into_iter().map(of).collect());
        assert_eq!(leaves_out.only, only.into_iter().map(of).collect());
        assert_eq!(region.records(&of(VPC)), excluded.is_none());
    }
}

#[tokio::test]
async fn recorders_that_are_absent_stopped_or_daily_are_told() {
    let (fake, settings) = whole().await;
    fake.regions(&[FRANKFURT, IRELAND, "us-east-1"]);
    fake.on(
        "DescribeConfigurationRecorders",
        FRANKFURT,
        [Reply::Json(json!({"ConfigurationRecorders": []}))],
    );
    let no_recorder = error(400, "NoAvailableConfigurationRecorderException", "none");
    fake.on("ListDiscoveredResources", FRANKFURT, [no_recorder.clone()]);
    fake.on("BatchGetResourceConfig", FRANKFURT, [no_recorder]);
    fake.on("DescribeConfigurationRecorderStatus", IRELAND, [recorder_status(false, "SUCCESS")]);
    let daily = json!({"ConfigurationRecorders": [{"name": "default", "recordingGroup": {"allSupported": true},
        "recordingMode": {"recordingFrequency": "CONTINUOUS", "recordingModeOverrides": [
            {"resourceTypes": [VPC], "recordingFrequency": "DAILY"}]}}]});
    fake.on("DescribeConfigurationRecorders", "us-east-1", [Reply::Json(daily)]);
    let examined = examine(&fake, settings).await;
    let absent = region(&examined, FRANKFURT);
    assert_eq!(absent.recorder.gap.as_ref().unwrap().reason, Reason::RecorderAbsent);
    assert!(!absent.actions.iter().any(ActionCheck::is_broken), "who is told so was let in");
    let stopped = region(&examined, IRELAND);
    assert_eq!(stopped.recorder.gap.as_ref().unwrap().reason, Reason::RecorderStopped);
    let daily = region(&examined, "us-east-1").leaves_out.as_ref().unwrap();
    assert_eq!((daily.daily, daily.daily_types.clone()), (false, [ResourceType::from(VPC)].into()));
}

#[tokio::test]
async fn accounts_that_nobody_may_enter_are_not_entered() {
    for (state, reason) in
        [(AccountState::Inactive, None), (AccountState::Unknown, Some(Reason::AccountUnknown))]
    {
        let (fake, settings) = whole().await;
        let examined = Collector::new(fake.context(), settings).examine(&account(state), None).await;
        assert_eq!(examined.gap.map(|gap| gap.reason), reason);
        assert!(fake.calls().is_empty());
    }
}

#[tokio::test]
async fn regions_are_those_of_the_settings_or_fewer() {
    let (fake, mut settings) = whole().await;
    fake.regions(&[FRANKFURT, IRELAND]);
    settings.regions = vec![FRANKFURT.into(), "eu-mond-1".into()];
    let collector = Collector::new(fake.context(), settings);
    let examined = collector.examine(&account(AccountState::Active), None).await;
    assert_eq!(examined.regions.len(), 1);
    assert_eq!(examined.not_read[&Region::from("eu-mond-1")].reason, Reason::RegionDisabled);
    assert_eq!(examined.not_read[&Region::from(IRELAND)].reason, Reason::NotRequested);
    let nowhere = BTreeSet::from([Region::from(IRELAND)]);
    let examined = collector.examine(&account(AccountState::Active), Some(&nowhere)).await;
    assert!(examined.regions.is_empty());
}

#[tokio::test]
async fn the_aggregator_is_examined_with_the_jobs_own_credentials() {
    let (fake, mut settings) = whole().await;
    settings.aggregator = Some(AggregatorSettings { name: "org".to_owned(), region: None });
    let source = |region: &str, state: &str| json!({"SourceId": ACCOUNT, "SourceType": "ACCOUNT", "AwsRegion": region, "LastUpdateStatus": state});
    let sources =
        json!({"AggregatedSourceStatusList": [source(FRANKFURT, "SUCCEEDED"), source(IRELAND, "OUTDATED")]});
    fake.on("DescribeConfigurationAggregatorSourcesStatus", "", [Reply::Json(sources)]);
    fake.on(
        "GetAggregateDiscoveredResourceCounts",
        "",
        [Reply::Json(json!({"TotalDiscoveredResources": 0}))],
    );
    fake.on("SelectAggregateResourceConfig", "", [error(400, "AccessDeniedException", "not authorized")]);
    let collector = Collector::new(fake.context(), settings);
    let examined = collector.examine_aggregator(&ACCOUNT.parse().unwrap()).await.unwrap();
    assert_eq!(statuses(&examined.actions, ActionStatus::Denied), [Action::AggregatorSelect].into());
    assert_eq!(statuses(&examined.actions, ActionStatus::Works).len(), 2);
    assert_eq!((examined.stale.len(), examined.stale[0].region.as_str()), (1, IRELAND));
    assert!(fake.calls().iter().all(|call| call.key_id == "AKIAHOME"));
    let none = Collector::new(fake.context(), super::fake::settings());
    assert!(none.examine_aggregator(&ACCOUNT.parse().unwrap()).await.is_none());
}

#[tokio::test]
async fn reading_again_asks_for_what_is_named_and_nothing_else() {
    let (fake, settings) = whole().await;
    fake.regions(&[FRANKFURT, IRELAND, "us-east-1"]);
    fake.on("GetDiscoveredResourceCounts", "", [counts(&[(INSTANCE, 1), (VPC, 1)])]);
    fake.on("SelectResourceConfig", "", [rows(&[(VPC, "vpc-1")], None)]);
    let named = Again {
        regions: [Region::from(IRELAND)].into(),
        scopes: [(Some(Region::from(FRANKFURT)), ResourceType::from(VPC))].into(),
    };
    let collector = Collector::new(fake.context(), settings);
    let again = |named: Again| {
        let collector = collector.clone();
        async move {
            let mut items = Items::default();
            collector.collect_again(&account(AccountState::Active), &named, &mut items).await.unwrap()
        }
    };
    let read = again(named.clone()).await;
    let find = |lines: &[CoverageLine], region: &str, of: Option<&str>| {
        let wanted = (Some(Region::from(region)), of.map(ResourceType::from));
        let mut lines = lines.iter();
        lines.find(|line| (line.region.clone(), line.resource_type.clone()) == wanted).cloned()
    };
    assert_eq!(find(&read.lines, FRANKFURT, Some(VPC)).unwrap().reason, None);
    assert_eq!(find(&read.lines, IRELAND, None).unwrap().reason, None);
    let others = [find(&read.lines, FRANKFURT, Some(INSTANCE)), find(&read.lines, "us-east-1", None)];
    assert_eq!(others, [None, None]);
    let asked: Vec<Call> = fake.calls();
    assert!(!asked.iter().any(|call| call.body.contains(INSTANCE)), "{asked:#?}");
    assert!(!asked.iter().any(|call| call.region == "us-east-1"));

    assert_eq!(fake.count("AssumeRole"), 1);

    // Still broken, it says why, and the account is not entered anew.
    fake.on("SelectResourceConfig", "", [rows(&[], None)]);
    let read = again(named).await;
    assert_eq!(find(&read.lines, FRANKFURT, Some(VPC)).unwrap().reason, Some(Reason::CountMismatch));
    assert_eq!(fake.count("AssumeRole"), 1);
}
