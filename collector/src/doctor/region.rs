//! Examines a region: the recorder, and each action by its cheapest call.

use std::sync::Arc;

use aws_sdk_config::types::ResourceKey;
use bestand_model::coverage::Reason;
use bestand_model::identifiers::Region;

use super::check::ActionCheck;
use super::examined::{ExaminedRegion, Gap, RecorderState};
use crate::action::Action;
use crate::collector::Shared;
use crate::config_service::error::CallError;
use crate::config_service::recorder;
use crate::credentials::RoleSession;
use crate::cross_check::ec2::{self, Kind};
use crate::region_client::RegionClient;

/// The type that is asked for: every account has one of it, or had.
const TYPE: &str = "AWS::EC2::VPC";
/// A query that gives a row at most.
const QUERY: &str = "SELECT resourceId WHERE resourceType = 'AWS::EC2::VPC'";
/// An id that AWS gives to nothing.
const NOBODY: &str = "vpc-00000000000000000";

pub(super) async fn examine(shared: &Shared, session: &Arc<RoleSession>, region: Region) -> ExaminedRegion {
    let settings = &shared.settings;
    let client = shared.region_client(session, &region);
    // The services have nothing to do with each other: one that is silent holds up none of the others.
    let (config, ec2, tagging) = futures::join!(
        config_service(&client, (settings.clock)()),
        async { if settings.cross_check_ec2 { describe_calls(&client).await } else { Vec::new() } },
        async { if settings.cross_check_tagging { vec![tagged(&client).await] } else { Vec::new() } },
    );
    let (recorder, mut actions) = config;
    actions.extend(ec2);
    actions.extend(tagging);
    let gap = recorder.gap.clone();
    let read = !actions.iter().any(|check| {
        matches!(check.action, Action::DescribeRecorders | Action::DescribeRecorderStatus)
            && check.is_broken()
    });
    ExaminedRegion {
        region,
        recorder: RecorderState {
            healthy: gap.is_none(),
            gap: gap.map(|(reason, detail)| Gap { reason, detail }),
            started_at: recorder.started_at(),
            status_changed_at: recorder.changed_at(),
        },
        leaves_out: recorder.leaves_out().filter(|_| read),
        actions,
        selection: recorder,
    }
}

async fn config_service(
    client: &RegionClient,
    now: jiff::Timestamp,
) -> (recorder::Recorder, Vec<ActionCheck>) {
    let recorder::Examined { recorder, recorders, status } = recorder::examine(client, now).await;
    let mut tiresome =
        [&recorders, &status].iter().any(|call| call.as_ref().is_err_and(CallError::is_tiresome));
    let mut checks = vec![ActionCheck::of(Action::DescribeRecorders, &recorders)];
    checks.push(match &recorders {
        Err(error) if error.is_tiresome() => ActionCheck::not_tried(Action::DescribeRecorderStatus),
        Ok(()) | Err(_) => ActionCheck::of(Action::DescribeRecorderStatus, &status),
    });
    for action in [Action::GetCounts, Action::Select, Action::ListDiscovered, Action::BatchGet] {
        if tiresome {
            checks.push(ActionCheck::not_tried(action));
            continue;
        }
        let outcome = match action {
            Action::GetCounts => count(client).await,
            Action::Select => select(client).await,
            Action::ListDiscovered => list(client).await,
            _ => get(client).await,
        };
        tiresome = outcome.as_ref().is_err_and(CallError::is_tiresome);
        checks.push(ActionCheck::of(action, &outcome));
    }
    (recorder, checks)
}

async fn count(client: &RegionClient) -> Result<(), CallError> {
    client
        .config_line
        .call(Action::GetCounts, || client.config.get_discovered_resource_counts().limit(1).send())
        .await
        .map(|_| ())
}

async fn select(client: &RegionClient) -> Result<(), CallError> {
    client
        .config_line
        .call(Action::Select, || client.config.select_resource_config().expression(QUERY).limit(1).send())
        .await
        .map(|_| ())
}

async fn list(client: &RegionClient) -> Result<(), CallError> {
    client
        .config_line
        .call(Action::ListDiscovered, || {
            client.config.list_discovered_resources().resource_type(TYPE.into()).limit(1).send()
        })
        .await
        .map(|_| ())
}

async fn get(client: &RegionClient) -> Result<(), CallError> {
    let key =
        ResourceKey::builder().resource_type(TYPE.into()).resource_id(NOBODY).build().map_err(|error| {
            CallError::nonsense(Reason::ServiceError, format!("{}: {error}", Action::BatchGet))
        })?;
    client
        .batch_get_line
        .call(Action::BatchGet, || {
            client.config.batch_get_resource_config().resource_keys(key.clone()).send()
        })
        .await
        .map(|_| ())
}

async fn describe_calls(client: &RegionClient) -> Vec<ActionCheck> {
    let calls = Kind::ALL.map(|kind| async move { (kind.action(), ec2::probe(client, kind).await) });
    let outcomes = futures::future::join_all(calls).await;
    outcomes.iter().map(|(action, outcome)| ActionCheck::of(*action, outcome)).collect()
}

async fn tagged(client: &RegionClient) -> ActionCheck {
    let answer = client
        .tagging_line
        .call(Action::GetTagged, || client.tagging.get_resources().resources_per_page(1).send())
        .await;
    ActionCheck::of(Action::GetTagged, &answer)
}
