//! The configuration recorder of a region: whether what AWS Config says there is to be believed, and of which
//! types.

mod examine;

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_config::types::{
    ConfigurationRecorder, ConfigurationRecorderStatus, RecordingFrequency, RecordingGroup,
};
use aws_smithy_types::DateTime;
use bestand_model::coverage::Reason;
use bestand_model::identifiers::ResourceType;
use jiff::{SignedDuration, Timestamp};

use super::error::{CallError, cut};
use crate::action::Action;
use crate::region_client::RegionClient;

pub(crate) use examine::{Examined, examine};

/// How long a recorder that was made or started takes its inventory, at most.
const WARMING: SignedDuration = SignedDuration::from_hours(24);

/// The types that `includeGlobalResourceTypes` is about; no other global type is.
const IAM_TYPES: [&str; 4] = ["AWS::IAM::Group", "AWS::IAM::Policy", "AWS::IAM::Role", "AWS::IAM::User"];

/// A region's recorder.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Recorder {
    /// Why what it says is not to be believed, if so.
    pub(crate) gap: Option<(Reason, String)>,
    selection: Selection,
    daily: bool,
    /// Frequencies that differ from the recorder's own: whether daily.
    daily_overrides: BTreeMap<ResourceType, bool>,
    started_at: Option<Timestamp>,
    changed_at: Option<Timestamp>,
}

/// Which types a recorder records.
#[derive(Clone, Debug, Eq, PartialEq)]
enum Selection {
    Nothing,
    All { iam: bool },
    Only(BTreeSet<ResourceType>),
    AllBut(BTreeSet<ResourceType>),
}

impl Recorder {
    /// Tells whether the recorder takes the type.
    pub(crate) fn records(&self, resource_type: &ResourceType) -> bool {
        match &self.selection {
            Selection::Nothing => false,
            Selection::All { iam } => *iam || !IAM_TYPES.contains(&resource_type.as_str()),
            Selection::Only(types) => types.contains(resource_type),
            Selection::AllBut(types) => !types.contains(resource_type),
        }
    }

    /// Tells whether the type is recorded once a day only; without a type, what holds by default.
    pub(crate) fn is_daily(&self, resource_type: Option<&ResourceType>) -> bool {
        resource_type.and_then(|of| self.daily_overrides.get(of)).copied().unwrap_or(self.daily)
    }

    /// Tells whether there is none, so that every listing would be empty.
    pub(crate) fn is_absent(&self) -> bool {
        self.selection == Selection::Nothing
    }

    /// Stands in for a recorder that could not be read.
    pub(crate) fn unread(error: CallError) -> Self {
        Self {
            gap: Some((error.reason, error.detail)),
            selection: Selection::All { iam: true },
            daily: false,
            daily_overrides: BTreeMap::new(),
            started_at: None,
            changed_at: None,
        }
    }

    fn absent() -> Self {
        Self {
            gap: Some((Reason::RecorderAbsent, "the region has no configuration recorder".to_owned())),
            selection: Selection::Nothing,
            daily: false,
            daily_overrides: BTreeMap::new(),
            started_at: None,
            changed_at: None,
        }
    }
}

/// Reads the recorder and its status.
pub(crate) async fn read(region: &RegionClient, now: Timestamp) -> Result<Recorder, CallError> {
    match customers(region).await? {
        None => Ok(Recorder::absent()),
        Some(recorder) => Ok(conclude(&recorder, &statuses(region).await?, now)),
    }
}

/// Asks for the recorder that counts. Services bring recorders of their own, which record for themselves.
async fn customers(region: &RegionClient) -> Result<Option<ConfigurationRecorder>, CallError> {
    let answer = region
        .config_line
        .call(Action::DescribeRecorders, || region.config.describe_configuration_recorders().send())
        .await?;
    let mut recorders = answer.configuration_recorders.unwrap_or_default().into_iter();
    Ok(recorders.find(|recorder| recorder.service_principal().is_none()))
}

async fn statuses(region: &RegionClient) -> Result<Vec<ConfigurationRecorderStatus>, CallError> {
    let answer = region
        .config_line
        .call(Action::DescribeRecorderStatus, || {
            region.config.describe_configuration_recorder_status().send()
        })
        .await?;
    Ok(answer.configuration_recorders_status.unwrap_or_default())
}

fn conclude(
    recorder: &ConfigurationRecorder,
    statuses: &[ConfigurationRecorderStatus],
    now: Timestamp,
) -> Recorder {
    judge(recorder, statuses.iter().find(|status| status.name() == recorder.name()), now)
}

/// Concludes from a recorder and its status.
fn judge(
    recorder: &ConfigurationRecorder,
    status: Option<&ConfigurationRecorderStatus>,
    now: Timestamp,
) -> Recorder {
    let mode = recorder.recording_mode();
    let is_daily = |frequency: &RecordingFrequency| *frequency == RecordingFrequency::Daily;
    let mut daily_overrides = BTreeMap::new();
    for override_ in mode.map(|mode| mode.recording_mode_overrides()).unwrap_or_default() {
        for resource_type in override_.resource_types() {
            let resource_type = ResourceType::from(resource_type.as_str());
            daily_overrides.insert(resource_type, is_daily(override_.recording_frequency()));
        }
    }
    let instant = |time: &DateTime| Timestamp::from_second(time.secs()).ok();
    Recorder {
        gap: gap(status, now),
        selection: selection(recorder.recording_group()),
        daily: mode.is_some_and(|mode| is_daily(mode.recording_frequency())),
        daily_overrides,
        started_at: status.and_then(|status| status.last_start_time()).and_then(instant),
        changed_at: status.and_then(|status| status.last_status_change_time()).and_then(instant),
    }
}

fn gap(status: Option<&ConfigurationRecorderStatus>, now: Timestamp) -> Option<(Reason, String)> {
    let Some(status) = status else {
        return Some((Reason::RecorderUnknown, "the recorder has no status".to_owned()));
    };
    let error = || {
        let code = status.last_error_code().unwrap_or("no code");
        format!("{code}: {}", status.last_error_message().unwrap_or("no message"))
    };
    let started = status.last_start_time().and_then(|time| Timestamp::from_second(time.secs()).ok());
    // The service's model spells `Success`, its documentation and its answers `SUCCESS`.
    let last_status = status.last_status().map(|status| status.as_str().to_ascii_uppercase());
    let (reason, detail) = match (status.recording(), last_status.as_deref()) {
        (false, _) => (Reason::RecorderStopped, "the recorder is stopped: its rows may be old".to_owned()),
        (true, Some("FAILURE")) => {
            (Reason::RecorderFailing, cut(&format!("the last recording failed: {}", error())))
        }
        (true, Some("PENDING") | None) => {
            (Reason::RecorderPending, "the recorder has not recorded yet".to_owned())
        }
        (true, Some("SUCCESS")) => match started {
            None => (Reason::RecorderUnknown, "the recorder does not say when it started".to_owned()),
            Some(started) if now.duration_since(started) < WARMING => {
                (Reason::RecorderWarming, format!("the recorder started at {started}, less than 24 h ago"))
            }
            Some(_) => return None,
        },
        (true, Some(other)) => {
            (Reason::RecorderUnknown, cut(&format!("the recorder's last status is {other}")))
        }
    };
    Some((reason, detail))
}

fn selection(group: Option<&RecordingGroup>) -> Selection {
    // AWS's default for a recorder without a group: all types but IAM's.
    let Some(group) = group else {
        return Selection::All { iam: false };
    };
    let set = |types: &[aws_sdk_config::types::ResourceType]| {
        types.iter().map(|resource_type| ResourceType::from(resource_type.as_str())).collect::<BTreeSet<_>>()
    };
    let excluded =
        || group.exclusion_by_resource_types().map(|list| set(list.resource_types())).unwrap_or_default();
    let strategy =
        group.recording_strategy().and_then(|strategy| strategy.use_only()).map(|only| only.as_str());
    match strategy {
        // `includeGlobalResourceTypes` has no effect here: IAM is recorded unless it is listed.
        Some("EXCLUSION_BY_RESOURCE_TYPES") => Selection::AllBut(excluded()),
        Some("INCLUSION_BY_RESOURCE_TYPES") => Selection::Only(set(group.resource_types())),
        Some("ALL_SUPPORTED_RESOURCE_TYPES") => Selection::All { iam: group.include_global_resource_types() },
        // Older recorders name no strategy.
        _ if group.all_supported() => Selection::All { iam: group.include_global_resource_types() },
        _ if group.resource_types().is_empty() && !excluded().is_empty() => Selection::AllBut(excluded()),
        _ => Selection::Only(set(group.resource_types())),
    }
}

#[cfg(test)]
mod tests;
