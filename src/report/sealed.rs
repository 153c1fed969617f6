//! What `run.json` seals of a run: its findings, every letter of them, and its settings.

use bestand_model::digest::canonical_digest;
use bestand_model::finding::Finding;
use bestand_model::run_summary::{FindingCounts, RunSummary};
use bestand_publisher::run_store::{RunDirectory, Spool};
use serde::de::IgnoredAny;
use serde_json::Value;

use super::filed::damaged;
use crate::error::Error;

/// What to do about a run that is no longer what it was.
const WHAT_TO_DO: &str = "take the run's directory from a copy made before, or make a new run";

/// Checks that the findings are those that were filed: each as it was, in the file in which it was, and as many of each
/// kind and severity as were counted. They are read once.
pub(super) fn findings(directory: &RunDirectory, summary: &RunSummary) -> Result<(), Error> {
    let mut found = FindingCounts::default();
    let digest =
        directory.sealed(Spool::Findings, |finding: Finding| found.add(&finding)).map_err(damaged)?;
    if found != summary.findings {
        let count = |of: &FindingCounts| of.by_kind.values().chain(of.ignored.values()).sum::<u64>();
        return Err(Error::Plan(format!(
            "run `{}`: findings/ does not hold what run.json counts ({} findings against {}): one of them was changed or is not whole: {WHAT_TO_DO}",
            summary.run_id,
            count(&found),
            count(&summary.findings)
        )));
    }
    same(summary, &digest)
}

/// The same of a reader that makes no sense of every finding, and counts none.
pub(crate) fn findings_as_filed(directory: &RunDirectory, summary: &RunSummary) -> Result<(), Error> {
    if summary.findings_digest.is_none() {
        return Ok(());
    }
    same(summary, &directory.sealed::<IgnoredAny>(Spool::Findings, |_| ()).map_err(damaged)?)
}

fn same(summary: &RunSummary, digest: &str) -> Result<(), Error> {
    match summary.findings_digest.as_deref() {
        Some(told) if told != digest => Err(Error::Plan(format!(
            "run `{}`: the findings are not those that were filed: what findings/ holds has the digest {digest}, run.json has findings_digest {told}: one of them was changed after the run: {WHAT_TO_DO}",
            summary.run_id
        ))),
        Some(_) | None => Ok(()),
    }
}

/// Tells, where the findings have no seal, why that is so and what it means. A run without any has nothing to seal.
pub(super) fn not_sealed(directory: &RunDirectory, summary: &RunSummary) -> Result<Option<String>, Error> {
    if summary.findings_digest.is_some()
        || (summary.plan_digest.is_none() && directory.names(Spool::Findings)?.is_empty())
    {
        return Ok(None);
    }
    Ok(Some(if summary.plan_digest.is_some() {
        format!(
            "findings/ of run `{}`: its run.json has no findings_digest, as of a version of bestand that sealed none (version {} made the run): number, kinds and severities are checked, a changed value would not be told",
            summary.run_id, summary.tool_version
        )
    } else {
        format!(
            "findings/ of run `{}`: the run ended before all its findings were known: whether these were changed cannot be told",
            summary.run_id
        )
    }))
}

/// Says once, on a log's line, that findings are not sealed: the run is read all the same.
pub(super) fn notice(directory: &RunDirectory, summary: &RunSummary) -> Result<(), Error> {
    if let Some(not_sealed) = not_sealed(directory, summary)? {
        tracing::warn!("not sealed: {not_sealed}");
    }
    Ok(())
}

/// Checks that settings.json is what the run was made with.
pub(super) fn settings(directory: &RunDirectory, summary: &RunSummary) -> Result<(), Error> {
    match directory.read_json::<Value>("settings").map_err(damaged)? {
        Some(settings) => same_settings(&settings, summary),
        // Whoever seals findings keeps the settings before.
        None if summary.findings_digest.is_some() => Err(Error::Plan(format!(
            "run `{}` has no settings.json: it was taken away: {WHAT_TO_DO}",
            summary.run_id
        ))),
        None => Ok(()),
    }
}

/// The same of settings that were read.
pub(super) fn same_settings(settings: &Value, summary: &RunSummary) -> Result<(), Error> {
    if canonical_digest(settings) == summary.settings_digest {
        return Ok(());
    }
    Err(Error::Plan(format!(
        "the settings.json of run `{}` is not what the run was made with: its digest is not the settings_digest of run.json, one of them was changed: {WHAT_TO_DO}",
        summary.run_id
    )))
}
