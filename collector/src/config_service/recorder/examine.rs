//! The recorder as the doctor looks at it: each call by itself, and what the recorder leaves out in a person's words.

use std::collections::BTreeSet;

use bestand_model::identifiers::ResourceType;
use jiff::Timestamp;

use super::{Recorder, Selection, conclude, customers, statuses};
use crate::config_service::error::CallError;
use crate::doctor::{LeavesOut, Strategy};
use crate::region_client::RegionClient;

/// What both calls gave.
pub(crate) struct Examined {
    pub(crate) recorder: Recorder,
    /// How `DescribeConfigurationRecorders` ended.
    pub(crate) recorders: Result<(), CallError>,
    /// How `DescribeConfigurationRecorderStatus` ended.
    pub(crate) status: Result<(), CallError>,
}

/// Makes both calls, whatever becomes of the first: a permission that is missing is told, not hidden by another one.
pub(crate) async fn examine(region: &RegionClient, now: Timestamp) -> Examined {
    let found = customers(region).await;
    let statuses = match &found {
        // Whoever gives no answer would keep everybody waiting once more.
        Err(error) if error.is_tiresome() => Err(error.clone()),
        Ok(_) | Err(_) => statuses(region).await,
    };
    let recorder = match (&found, &statuses) {
        (Err(error), _) | (Ok(Some(_)), Err(error)) => Recorder::unread(error.clone()),
        (Ok(None), _) => Recorder::absent(),
        (Ok(Some(recorder)), Ok(statuses)) => conclude(recorder, statuses, now),
    };
    Examined { recorder, recorders: found.map(|_| ()), status: statuses.map(|_| ()) }
}

impl Recorder {
    /// Tells when it was started last, where that is known.
    pub(crate) fn started_at(&self) -> Option<Timestamp> {
        self.started_at
    }

    /// Tells when its status changed last, where that is known.
    pub(crate) fn changed_at(&self) -> Option<Timestamp> {
        self.changed_at
    }

    /// Tells what it leaves out, and what it records once a day only; nothing where there is no recorder.
    pub(crate) fn leaves_out(&self) -> Option<LeavesOut> {
        let none = BTreeSet::new;
        let (strategy, iam, excluded, only) = match &self.selection {
            Selection::Nothing => return None,
            Selection::All { iam } => (Strategy::AllSupported, !iam, none(), none()),
            Selection::Only(types) => (
                Strategy::Inclusion,
                !super::IAM_TYPES.iter().any(|of| types.contains(&(*of).into())),
                none(),
                types.clone(),
            ),
            Selection::AllBut(types) => (
                Strategy::Exclusion,
                super::IAM_TYPES.iter().all(|of| types.contains(&(*of).into())),
                types.clone(),
                none(),
            ),
        };
        let of_frequency = |daily: bool| -> BTreeSet<ResourceType> {
            let overrides = self.daily_overrides.iter().filter(|(_, is_daily)| **is_daily == daily);
            overrides.map(|(of, _)| of.clone()).collect()
        };
        Some(LeavesOut {
            strategy,
            iam,
            excluded,
            only,
            daily: self.daily,
            daily_types: if self.daily { none() } else { of_frequency(true) },
            continuous_types: if self.daily { of_frequency(false) } else { none() },
        })
    }
}
