//! Writes `report.html` and `report.jsonl` of a run from its directory: findings are streamed.

use std::io::BufWriter;

use bestand_model::account::Account;
use bestand_model::coverage::CoverageLine;
use bestand_model::finding::Finding;
use bestand_model::run_summary::RunSummary;
use bestand_publisher::report::{HtmlReport, ReportError, ReportHead, write_jsonl};
use bestand_publisher::run_store::{FileWriter, RunDirectory, RunStoreError, Spool};

use crate::error::Error;

/// The HTML report embeds at most this many findings; `report.jsonl` has all.
const MAX_EMBEDDED_FINDINGS: usize = 100_000;

/// Writes both reports.
pub(crate) fn write(
    directory: &RunDirectory,
    summary: &RunSummary,
    accounts: &[Account],
    coverage: &[CoverageLine],
) -> Result<(), Error> {
    let head = ReportHead { summary, accounts, coverage };
    render(directory, "report.html", |out, findings| {
        HtmlReport::write(out, &head, findings, MAX_EMBEDDED_FINDINGS).map(|_| ())
    })?;
    render(directory, "report.jsonl", |out, findings| write_jsonl(out, &head, findings).map(|_| ()))
}

fn render(
    directory: &RunDirectory,
    name: &str,
    write: impl FnOnce(&mut dyn std::io::Write, &mut dyn Iterator<Item = Finding>) -> Result<(), ReportError>,
) -> Result<(), Error> {
    let mut out = BufWriter::new(directory.write_bytes(name)?);
    let mut damage: Option<RunStoreError> = None;
    let names = directory.names(Spool::Findings)?;
    // A report ends at the first damaged line, and is then not written at all.
    let mut findings = names
        .iter()
        .map(|name| directory.read::<Finding>(Spool::Findings, name))
        .flat_map(|reader| match reader {
            Ok(reader) => Box::new(reader) as Box<dyn Iterator<Item = Result<Finding, RunStoreError>>>,
            Err(error) => Box::new(std::iter::once(Err(error))),
        })
        .map_while(|finding| finding.map_err(|error| damage = Some(error)).ok());
    let result = write(&mut out, &mut findings);
    drop(findings);
    if let Some(error) = damage {
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
