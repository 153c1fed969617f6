//! `bestand report RUN --format evidence`: the run as one archive that can be filed, signed and checked elsewhere.
//!
//! An auditor wants evidence of a run that failed as well: it is packed, and the manifest says how it ended. A run that
//! contradicts itself is never packed.

use std::io;
use std::path::Path;

use bestand_model::plan::Plan;
use bestand_model::run_summary::RunSummary;
use bestand_publisher::evidence::{Identities, Outcome, PackError, PackHead, Window, write_pack};
use bestand_publisher::publish::publication_started;
use bestand_publisher::run_store::{RunDirectory, RunStore, RunStoreError};
use serde_json::Value;

use super::command::Asked;
use super::half::{Half, cannot_write};
use super::{filed, sealed};
use crate::error::Error;
use crate::exit_status::ExitStatus;

/// Writes the pack into a folder, and tells what is to be written down of it. A run that was checked already is not read
/// again for that.
pub(super) fn pack(
    store: &RunStore,
    asked: &Asked<'_>,
    folder: &Path,
    checked: Option<(&RunDirectory, &RunSummary)>,
) -> Result<Vec<String>, Error> {
    let (directory, summary) = match checked {
        Some((directory, summary)) => (directory.clone(), summary.clone()),
        None => {
            let directory = store.run(asked.run)?;
            let summary = filed::check(&directory)?;
            sealed::notice(&directory, &summary)?;
            (directory, summary)
        }
    };
    sealed::settings(&directory, &summary)?;
    let head = head(&directory, &summary)?;
    let ended = ended(&head);
    let path = folder.join(format!("evidence-{}.zip", asked.run));
    let mut half = Half::begin(&path)?;
    let packed = write_pack(half.out(), &directory, head, env!("CARGO_PKG_VERSION"), asked.with_inputs)
        .map_err(|error| match error {
            PackError::Store(error) => filed::damaged(error),
            PackError::Write(error) => cannot_write(&path, &error),
            changed @ PackError::Changed { .. } => Error::Usage(changed.to_string()),
        })?;
    let path = half.finish()?;
    Ok(vec![
        path.display().to_string(),
        format!("holds {} files of run {}: {ended}", packed.files, asked.run),
        format!("sha256 of its manifest: {}", packed.digest),
    ])
}

/// Says in a few words how a run ended.
pub(super) fn ended(head: &PackHead) -> String {
    match (head.outcome, head.exit_status) {
        (Outcome::Unfinished, _) => "unfinished, it was killed or is still at work".to_owned(),
        (Outcome::Failed, status) => format!("failed, with status {}", status.unwrap_or_default()),
        (Outcome::Done, status) => format!("done, with status {}", status.unwrap_or_default()),
    }
}

/// Gives what the manifest says of a run, from its directory.
pub(super) fn head(directory: &RunDirectory, summary: &RunSummary) -> Result<PackHead, Error> {
    let plan: Option<Plan> = directory.read_json("plan")?;
    let settings: Option<Value> = directory.read_json("settings")?;
    let role = settings.as_ref().and_then(|of| of.pointer("/accounts/role/name")).and_then(Value::as_str);
    let mut let_through_by: Vec<String> = summary.overrides.iter().filter_map(|one| one.by.clone()).collect();
    let_through_by.sort_unstable();
    let_through_by.dedup();
    let good = [ExitStatus::Done, ExitStatus::Drift, ExitStatus::Gaps];
    let outcome = match summary.ended_at {
        None => Outcome::Unfinished,
        // The run that only planned ended well; whoever published its plan later was killed, and counted nothing.
        Some(_) if summary.publication.is_none() && publication_started(directory)? => Outcome::Unfinished,
        Some(_) if plan.is_some() && good.iter().any(|own| own.code() == summary.exit_status) => {
            Outcome::Done
        }
        Some(_) => Outcome::Failed,
    };
    Ok(PackHead {
        run_id: summary.run_id.clone(),
        environment: summary.environment.clone(),
        command: summary.command.clone(),
        outcome,
        exit_status: summary.ended_at.map(|_| summary.exit_status),
        tool_version: summary.tool_version.clone(),
        window: Window { started_at: summary.started_at, ended_at: summary.ended_at },
        identities: Identities {
            planned_by: plan.as_ref().and_then(|plan| plan.planned_by.clone()),
            let_through_by,
            role: role.map(str::to_owned),
        },
        settings_digest: summary.settings_digest.clone(),
        plan_digest: plan.map(|plan| plan.digest),
    })
}

/// An error of the folder below which a pack is checked.
pub(super) fn of_system(what: &str, error: &io::Error) -> Error {
    Error::Usage(format!("cannot {what}: {error}"))
}

/// A file that is damaged or gone in a pack is the pack's fault.
pub(super) fn is_of_pack(error: &RunStoreError) -> bool {
    matches!(
        error,
        RunStoreError::Damaged { .. } | RunStoreError::Missing { .. } | RunStoreError::UnsafeName { .. }
    )
}
