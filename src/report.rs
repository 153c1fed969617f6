//! Writes `report.html` and `report.jsonl` of a run from its directory: findings are streamed.

use std::cell::RefCell;
use std::io::BufWriter;

use bestand_model::account::Account;
use bestand_model::change_set::Change;
use bestand_model::coverage::CoverageLine;
use bestand_model::finding::Finding;
use bestand_model::run_summary::RunSummary;
use bestand_publisher::report::{HtmlReport, ReportError, ReportHead, ReportPast, write_jsonl};
use bestand_publisher::run_store::{FileWriter, RunDirectory, RunStoreError, Spool};
use serde::de::DeserializeOwned;

use crate::error::Error;

mod past;

pub(crate) use past::read as read_past;

/// The HTML report embeds at most this many findings; `report.jsonl` has all.
const MAX_EMBEDDED_FINDINGS: usize = 100_000;

/// Writes both reports.
pub(crate) fn write(
    directory: &RunDirectory,
    summary: &RunSummary,
    accounts: &[Account],
    coverage: &[CoverageLine],
    past: &ReportPast,
) -> Result<(), Error> {
    let head = ReportHead { summary, accounts, coverage, past };
    render(directory, "report.html", |out, findings, changes| {
        HtmlReport::write(out, &head, findings, changes, MAX_EMBEDDED_FINDINGS).map(|_| ())
    })?;
    render(directory, "report.jsonl", |out, findings, _| write_jsonl(out, &head, findings).map(|_| ()))
}

/// Gives all lines of a spool one after the other. They end at the first damaged one, which is then told.
fn lines<'a, T: DeserializeOwned + 'a>(
    directory: &'a RunDirectory,
    spool: Spool,
    damage: &'a RefCell<Option<RunStoreError>>,
) -> Result<Box<dyn Iterator<Item = T> + 'a>, Error> {
    let names = directory.names(spool)?;
    let readers = names.into_iter().map(move |name| directory.read::<T>(spool, &name));
    let all = readers.flat_map(|reader| match reader {
        Ok(reader) => Box::new(reader) as Box<dyn Iterator<Item = Result<T, RunStoreError>>>,
        Err(error) => Box::new(std::iter::once(Err(error))),
    });
    Ok(Box::new(all.map_while(|line| line.map_err(|error| *damage.borrow_mut() = Some(error)).ok())))
}

fn render(
    directory: &RunDirectory,
    name: &str,
    write: impl FnOnce(
        &mut dyn std::io::Write,
        &mut dyn Iterator<Item = Finding>,
        &mut dyn Iterator<Item = Change>,
    ) -> Result<(), ReportError>,
) -> Result<(), Error> {
    let mut out = BufWriter::new(directory.write_bytes(name)?);
    let damage = RefCell::new(None);
    // A report ends at the first damaged line, and is then not written at all.
    let mut findings = lines::<Finding>(directory, Spool::Findings, &damage)?;
    let mut changes = lines::<Change>(directory, Spool::Changes, &damage)?;
    let result = write(&mut out, &mut *findings, &mut *changes);
    drop((findings, changes));
    if let Some(error) = damage.into_inner() {
        return Err(error.into());
    }
    let failed = |out: &FileWriter, error| Error::RunStore(out.failed(error));
    match result {
        Ok(()) => {}
        Err(ReportError::Write(error)) => return Err(failed(out.get_ref(), error)),
        Err(error) => return Err(Error::Unexpected(error.to_string())),
    }
    let file = out.into_inner().map_err(|error| Error::Unexpected(error.to_string()))?;
    Ok(file.finish()?)
}
