//! A finished run, opened again to be reported: what must be there for that, and what is wrong where it is not.

use bestand_model::account::Account;
use bestand_model::coverage::CoverageLine;
use bestand_model::identifiers::RunId;
use bestand_model::plan::{Plan, SCHEMA_VERSION};
use bestand_model::run_summary::RunSummary;
use bestand_publisher::report::{ReportHead, ReportPast};
use bestand_publisher::run_store::{RunDirectory, RunStore, RunStoreError};
use serde_json::Value;

use super::{past, sealed};
use crate::error::Error;
use crate::publish;
use crate::settings::Settings;

/// A run whose directory is whole, and says one thing.
#[derive(Debug)]
pub(crate) struct Filed {
    pub(crate) directory: RunDirectory,
    pub(crate) summary: RunSummary,
    pub(crate) accounts: Vec<Account>,
    pub(crate) coverage: Vec<CoverageLine>,
    pub(crate) past: ReportPast,
}

impl Filed {
    /// Opens a run. What is half there or was changed afterwards is refused: a report of it would be believed.
    pub(crate) fn open(store: &RunStore, run_id: &RunId) -> Result<Self, Error> {
        let (directory, summary) = whole(store, run_id)?;
        let coverage = directory.read_ndjson("coverage")?.collect::<Result<_, _>>()?;
        let accounts = directory.read_json("accounts")?.unwrap_or_default();
        let past = past::read(store, &summary);
        Ok(Self { directory, summary, accounts, coverage, past })
    }

    /// What every report says beside the findings.
    pub(crate) fn head(&self) -> ReportHead<'_> {
        ReportHead {
            summary: &self.summary,
            accounts: &self.accounts,
            coverage: &self.coverage,
            past: &self.past,
        }
    }
}

/// Opens a run that came so far that its findings are known.
pub(super) fn whole(store: &RunStore, run_id: &RunId) -> Result<(RunDirectory, RunSummary), Error> {
    let directory = store.run(run_id)?;
    let summary = check(&directory)?;
    if directory.read_json::<Plan>("plan")?.is_none() {
        return Err(Error::Usage(ended_early(&summary)));
    }
    sealed::notice(&directory, &summary)?;
    Ok((directory, summary))
}

/// Checks that a run contradicts itself nowhere, however far it came.
pub(super) fn check(directory: &RunDirectory) -> Result<RunSummary, Error> {
    let summary = read_summary(directory)?;
    if directory.read_json::<Plan>("plan")?.is_some() {
        // Its digest covers the changes.
        let plan = publish::read_plan(directory)?;
        if summary.plan_digest.as_ref().is_some_and(|told| *told != plan.digest) {
            return Err(Error::Plan(format!(
                "run `{}`: plan.json is not the plan that run.json names: one of them was changed",
                summary.run_id
            )));
        }
        sealed::findings(directory, &summary)?;
    } else if summary.plan_digest.is_some() {
        return Err(Error::Plan(format!(
            "run `{}` has no plan.json, but run.json names its digest: it was taken away",
            summary.run_id
        )));
    } else {
        sealed::findings_as_filed(directory, &summary)?;
    }
    Ok(summary)
}

/// Makes sense of a run's settings.json.
pub(crate) fn settings_of(written: Value, summary: &RunSummary) -> Result<Settings, Error> {
    serde_json::from_value(written).map_err(|error| {
        Error::Usage(format!(
            "run `{}`: this bestand ({}) cannot read the run's settings.json, which version {} wrote: {error}",
            summary.run_id,
            env!("CARGO_PKG_VERSION"),
            summary.tool_version
        ))
    })
}

fn read_summary(directory: &RunDirectory) -> Result<RunSummary, Error> {
    let run_id = directory.run_id();
    let summary: RunSummary = directory
        .read_json("run")?
        .ok_or_else(|| Error::Usage(format!("run `{run_id}` has no run.json: it never began")))?;
    if summary.schema_version != SCHEMA_VERSION {
        return Err(Error::Usage(format!(
            "run `{run_id}` has schema version {}, this bestand knows {SCHEMA_VERSION}: report it with version {} of bestand, which made it",
            summary.schema_version, summary.tool_version
        )));
    }
    if summary.run_id != *run_id {
        return Err(Error::Plan(format!(
            "the folder `{run_id}` holds the run.json of run `{}`: it was moved or changed",
            summary.run_id
        )));
    }
    Ok(summary)
}

/// Says how far a run got that has no plan.
fn ended_early(summary: &RunSummary) -> String {
    let run_id = &summary.run_id;
    match (summary.ended_at, summary.next_steps.last()) {
        (None, _) => format!("run `{run_id}` has no plan: it is still at work, or was killed before"),
        (Some(_), Some(step)) => {
            format!(
                "run `{run_id}` ended with status {} before its findings were known: {step}",
                summary.exit_status
            )
        }
        (Some(_), None) => {
            format!("run `{run_id}` ended with status {} before its findings were known", summary.exit_status)
        }
    }
}

/// A damaged file of a run that has ended will not mend itself.
pub(super) fn damaged(error: RunStoreError) -> Error {
    match error {
        RunStoreError::Damaged { .. } => Error::Plan(crate::error::chain(&error)),
        other => other.into(),
    }
}
