//! Writes the reports of a run from its directory: findings are streamed. A run writes its own at its end;
//! `bestand report` writes them again.

use std::cell::RefCell;
use std::io::{self, BufWriter, Write};

use bestand_model::account::Account;
use bestand_model::change_set::Change;
use bestand_model::coverage::CoverageLine;
use bestand_model::finding::Finding;
use bestand_model::run_summary::RunSummary;
use bestand_publisher::report::{
    HtmlReport, ReportError, ReportHead, ReportPast, XlsxReport, write_csv, write_jsonl,
};
use bestand_publisher::run_store::{RunDirectory, RunStoreError, Spool};
use serde::de::DeserializeOwned;

use crate::error::{Error, chain};

mod command;
mod corrections;
mod digests;
mod evidence;
mod filed;
mod half;
mod index;
mod past;
mod sealed;
mod since;
mod verify;

pub(crate) use bestand_publisher::report::jsonl_schema as schema;
pub(crate) use command::{Asked, Format, report};
pub(crate) use filed::settings_of;
pub(crate) use index::write_index;
pub(crate) use past::read as read_past;
pub(crate) use sealed::findings_as_filed;
pub(crate) use verify::verify;

/// The HTML report embeds at most this many findings; `report.jsonl` has all.
const MAX_EMBEDDED_FINDINGS: usize = 100_000;

/// Writes every form of the report. A workbook needs room for temporary files: a run is not lost for want of that.
pub(crate) fn write(
    directory: &RunDirectory,
    summary: &RunSummary,
    accounts: &[Account],
    coverage: &[CoverageLine],
    past: &ReportPast,
) -> Result<(), Error> {
    write_before_sending(directory, summary, accounts, coverage, past)?;
    write_tables(directory, &ReportHead { summary, accounts, coverage, past })
}

/// Writes the page and the lines alone: what must stand before anything is sent. The tables take longer, and are
/// written once.
pub(crate) fn write_before_sending(
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

fn write_tables(directory: &RunDirectory, head: &ReportHead<'_>) -> Result<(), Error> {
    render(directory, "report.csv", |out, findings, _| write_csv(out, head, findings).map(|_| ()))?;
    let workbook = XlsxReport::new(&std::env::temp_dir());
    let written = render(directory, "report.xlsx", |out, findings, changes| {
        workbook.write(out, head, findings, changes).map(|_| ())
    });
    match written {
        Err(Error::Usage(error)) => {
            tracing::warn!(error, "the run goes without report.xlsx: `bestand report` writes it");
            Ok(())
        }
        other => other,
    }
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

/// The findings of a run, as they come.
pub(crate) type Findings<'a> = dyn Iterator<Item = Finding> + 'a;
/// The changes of a run, as they come.
pub(crate) type Changes<'a> = dyn Iterator<Item = Change> + 'a;

/// Why a report was not written.
enum Failed {
    /// The receiver took no more.
    Write(io::Error),
    /// What it is made of cannot be read, or has no such form.
    Made(Error),
}

impl From<Error> for Failed {
    fn from(error: Error) -> Self {
        Self::Made(error)
    }
}

/// Writes a report from a run's findings and changes. It ends at the first damaged line, and is then no report.
fn stream(
    directory: &RunDirectory,
    write: impl FnOnce(&mut Findings<'_>, &mut Changes<'_>) -> Result<(), ReportError>,
) -> Result<(), Failed> {
    let damage = RefCell::new(None);
    let mut findings = lines::<Finding>(directory, Spool::Findings, &damage)?;
    let mut changes = lines::<Change>(directory, Spool::Changes, &damage)?;
    let result = write(&mut *findings, &mut *changes);
    drop((findings, changes));
    if let Some(error) = damage.into_inner() {
        return Err(Failed::Made(error.into()));
    }
    match result {
        Ok(()) => Ok(()),
        Err(ReportError::Write(error)) => Err(Failed::Write(error)),
        // The folder is the user's, as the command line is.
        Err(error @ ReportError::Scratch { .. }) => {
            Err(Failed::Made(Error::Usage(format!("cannot {}", chain(&error)))))
        }
        Err(error) => Err(Failed::Made(Error::Unexpected(chain(&error)))),
    }
}

/// Writes a file of the run directory, which gets its name when it is whole.
fn render(
    directory: &RunDirectory,
    name: &str,
    write: impl FnOnce(&mut (dyn Write + Send), &mut Findings<'_>, &mut Changes<'_>) -> Result<(), ReportError>,
) -> Result<(), Error> {
    let mut out = BufWriter::new(directory.write_bytes(name)?);
    match stream(directory, |findings, changes| write(&mut out, findings, changes)) {
        Ok(()) => {}
        Err(Failed::Write(error)) => return Err(Error::RunStore(out.get_ref().failed(error))),
        Err(Failed::Made(error)) => return Err(error),
    }
    let file = out.into_inner().map_err(|error| Error::Unexpected(error.to_string()))?;
    Ok(file.finish()?)
}
