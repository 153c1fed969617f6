//! What a report tells of earlier runs, read from the run store: the history of runs, and the last run's ledger.
//!
//! A run is not lost for want of its past: what cannot be read is left out of the report, and a warning says so.

use bestand_model::coverage::CoverageLine;
use bestand_model::run_summary::RunSummary;
use bestand_publisher::report::ReportPast;
use bestand_publisher::run_store::{RunStore, RunStoreError};

use crate::error::chain;

/// Reads what is known of the runs before this one.
pub(crate) fn read(store: &RunStore, summary: &RunSummary) -> ReportPast {
    let mut past = ReportPast::default();
    if let Err(error) = read_runs(store, summary, &mut past) {
        tracing::warn!(
            error = chain(&error),
            "the report goes without trends: the history of runs cannot be read"
        );
        return ReportPast::default();
    }
    if let Err(error) = read_coverage(store, &mut past) {
        tracing::warn!(
            error = chain(&error),
            "the report goes without changes of coverage: the earlier ledger cannot be read"
        );
        past.forget_coverage();
    }
    past
}

fn read_runs(store: &RunStore, summary: &RunSummary, past: &mut ReportPast) -> Result<(), RunStoreError> {
    for run in store.history_lines::<RunSummary>("runs")?.into_iter().flatten() {
        let run = run?;
        // A plan that is published later is told beside the runs that were before it, as when it was made.
        if run.run_id != summary.run_id && run.started_at < summary.started_at {
            past.add_run(&run);
        }
    }
    Ok(())
}

/// The directory may be gone: runs are cleared away, their lines in the history stay.
fn read_coverage(store: &RunStore, past: &mut ReportPast) -> Result<(), RunStoreError> {
    let Some(run_id) = past.previous_run().cloned() else { return Ok(()) };
    let lines = match store.run(&run_id).and_then(|run| run.read_ndjson::<CoverageLine>("coverage")) {
        Ok(lines) => lines,
        Err(RunStoreError::NoSuchRun { .. } | RunStoreError::Missing { .. }) => return Ok(()),
        Err(error) => return Err(error),
    };
    for line in lines {
        past.add_coverage(&line?);
    }
    Ok(())
}
