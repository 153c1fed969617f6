//! Keeps `index.html` of the run store true, at the end of each run.

use std::io::BufWriter;

use bestand_model::run_summary::RunSummary;
use bestand_publisher::report::{ReportError, RunsIndex};
use bestand_publisher::run_store::RunStore;

use crate::error::{Error, chain};
use crate::exit_status::ExitStatus;

/// Lists the runs of the store. A run is not lost for want of the list: a warning says that it is old.
pub(crate) fn write_index(store: &RunStore, environment: &str) {
    if let Err(error) = try_to_write(store, environment) {
        tracing::warn!(error = chain(&error), "index.html of the run store is not brought up to date");
    }
}

fn try_to_write(store: &RunStore, environment: &str) -> Result<(), Error> {
    let mut index = RunsIndex::default();
    for run in store.history_lines::<RunSummary>("runs")?.into_iter().flatten() {
        let run = run?;
        let status = ExitStatus::of_code(run.exit_status);
        index.add(&run, status.map_or("unknown to this version of bestand", ExitStatus::meaning));
    }
    let mut out = BufWriter::new(store.write_index()?);
    match index.write(&mut out, environment, &store.runs()?) {
        Ok(()) => {}
        Err(ReportError::Write(error)) => return Err(Error::RunStore(out.get_ref().failed(error))),
        Err(error) => return Err(Error::Unexpected(chain(&error))),
    }
    let file = out.into_inner().map_err(|error| Error::Unexpected(error.to_string()))?;
    Ok(file.finish()?)
}
