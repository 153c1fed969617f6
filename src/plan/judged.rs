//! What each account was judged by, written down so that the judgement can be repeated (`bestand explain`).

use bestand_model::judged::JudgedBy;
use bestand_model::plan::SCHEMA_VERSION;
use bestand_publisher::run_store::{RunDirectory, RunStoreError, Spool};

/// Writes `judged/<name>.ndjson.zst`.
pub(super) fn write(directory: &RunDirectory, name: &str, by: JudgedBy<'_>) -> Result<(), RunStoreError> {
    let mut spool = directory.spool(Spool::Judged, name)?;
    for line in by.lines(SCHEMA_VERSION) {
        spool.push(&line)?;
    }
    spool.finish()?;
    Ok(())
}
