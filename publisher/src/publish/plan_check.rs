//! That a plan is still what was planned (promise 4): checked as a whole before a single change is sent.

use bestand_model::change_set::{Change, ChangeCounts};
use bestand_model::digest::RunningDigest;
use bestand_model::plan::{Plan, SCHEMA_VERSION};

use crate::run_store::{RunDirectory, RunStoreError, Spool};

/// Why a plan must not be published.
#[derive(Debug, thiserror::Error)]
pub enum PlanError {
    /// The files do not say what the plan's digest covers.
    #[error("the plan of run `{run_id}` was altered after it was made: {what}; make a new plan")]
    Tampered {
        /// The run.
        run_id: String,
        /// Where it shows.
        what: String,
    },
    /// A newer bestand made the plan.
    #[error("the plan has schema version {found}, this version of bestand knows {SCHEMA_VERSION}")]
    NewerSchema {
        /// The plan's.
        found: u32,
    },
    /// The files cannot be read at all.
    #[error(transparent)]
    Store(RunStoreError),
}

impl PlanError {
    pub(super) fn tampered(plan: &Plan, what: impl Into<String>) -> Self {
        Self::Tampered { run_id: plan.run_id.to_string(), what: what.into() }
    }

    /// A change file that is damaged or gone is a plan that is not what was planned; a disk that cannot be read
    /// is not.
    pub(super) fn reading(plan: &Plan, error: RunStoreError) -> Self {
        match error {
            RunStoreError::Damaged { .. }
            | RunStoreError::Missing { .. }
            | RunStoreError::UnsafeName { .. } => Self::tampered(plan, error.to_string()),
            other => Self::Store(other),
        }
    }
}

/// Checks the plan's own digest, that the change files are exactly the plan's, each change's digest, the digest
/// over them, and the counts.
///
/// # Errors
/// Something differs, or the files cannot be read.
pub fn verify_plan(directory: &RunDirectory, plan: &Plan) -> Result<(), PlanError> {
    if plan.schema_version > SCHEMA_VERSION {
        return Err(PlanError::NewerSchema { found: plan.schema_version });
    }
    let tampered = |what: String| Err(PlanError::tampered(plan, what));
    if plan.digest != plan.compute_digest() {
        return tampered("plan.json does not match its own digest".to_owned());
    }
    if plan.run_id != *directory.run_id() {
        return tampered(format!("it lies in the directory of run `{}`", directory.run_id()));
    }
    same_files(directory, plan)?;
    let mut digest = RunningDigest::default();
    let mut counts = ChangeCounts::default();
    for file in &plan.files {
        let mut lines = 0;
        for change in read_changes(directory, plan, &file.name)? {
            let change = change?;
            lines += 1;
            if change.digest != change.compute_digest() {
                return tampered(format!("line {lines} of changes/{} does not match its digest", file.name));
            }
            if change.kind.is_sent() && change.precondition.is_none() {
                return tampered(format!("line {lines} of changes/{} has no precondition", file.name));
            }
            digest.add(&change.digest);
            counts.add(change.kind);
        }
        if lines != file.changes {
            return tampered(format!("changes/{} has {lines} changes, not {}", file.name, file.changes));
        }
    }
    if digest.finish() != plan.changes_digest {
        return tampered("the changes do not match their digest".to_owned());
    }
    if counts != plan.changes {
        return tampered("the changes are not as many as the plan says".to_owned());
    }
    Ok(())
}

/// Reads one change file of the plan.
fn read_changes<'a>(
    directory: &RunDirectory,
    plan: &'a Plan,
    name: &str,
) -> Result<impl Iterator<Item = Result<Change, PlanError>> + Send + use<'a>, PlanError> {
    let changes = directory.read::<Change>(Spool::Changes, name).map_err(|e| PlanError::reading(plan, e))?;
    Ok(changes.map(|change| change.map_err(|error| PlanError::reading(plan, error))))
}

/// Reads all changes of the plan in its order, each with the name of its file.
pub(super) fn all_changes<'a>(
    directory: &'a RunDirectory,
    plan: &'a Plan,
) -> impl Iterator<Item = Result<(&'a str, Change), PlanError>> + Send + use<'a> {
    plan.files.iter().flat_map(move |file| {
        let (changes, failed) = match read_changes(directory, plan, &file.name) {
            Ok(changes) => (Some(changes), None),
            Err(error) => (None, Some(Err(error))),
        };
        let all = failed.into_iter().chain(changes.into_iter().flatten());
        all.map(move |change| change.map(|change| (file.name.as_str(), change)))
    })
}

fn same_files(directory: &RunDirectory, plan: &Plan) -> Result<(), PlanError> {
    let found = directory.names(Spool::Changes).map_err(PlanError::Store)?;
    let mut planned: Vec<_> = plan.files.iter().map(|file| file.name.clone()).collect();
    planned.sort_unstable();
    let extra = found.iter().find(|name| planned.binary_search(name).is_err());
    let missing = planned.iter().find(|name| found.binary_search(name).is_err());
    match (extra, missing) {
        (Some(name), _) => Err(PlanError::tampered(plan, format!("changes/{name} does not belong to it"))),
        (None, Some(name)) => Err(PlanError::tampered(plan, format!("changes/{name} is missing"))),
        (None, None) if planned.len() != found.len() => {
            Err(PlanError::tampered(plan, "it names a change file twice"))
        }
        (None, None) => Ok(()),
    }
}
