//! `bestand report RUN`: the report again, from the run directory alone, in the forms that are asked for.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use bestand_model::identifiers::RunId;
use bestand_publisher::report::{HtmlReport, ReportError, XlsxReport, write_csv, write_jsonl};
use clap::ValueEnum;

use super::filed::Filed;
use super::half::{Half, cannot_write};
use super::{Changes, Failed, Findings, MAX_EMBEDDED_FINDINGS, corrections, digests, stream};
use crate::compose;
use crate::error::Error;
use crate::settings::Settings;

/// A form of the report.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd, ValueEnum)]
pub(crate) enum Format {
    /// One page that stands alone: report.html.
    Html,
    /// A workbook with sheets for summary, coverage, findings, changes and exceptions: report.xlsx.
    Xlsx,
    /// One row per finding: report.csv.
    Csv,
    /// JSON lines for machines: report.jsonl.
    Jsonl,
    /// What the source register's keepers are asked to change: corrections.csv and corrections.sql.
    Corrections,
    /// A letter for each owner, ready to mail: digests/ with index.csv.
    Digests,
}

/// What was asked for.
#[derive(Debug)]
pub(crate) struct Asked<'a> {
    pub(crate) run: &'a RunId,
    /// Empty: every form.
    pub(crate) formats: &'a [Format],
    /// None: a folder named after the run, in the working directory.
    pub(crate) out: Option<&'a Path>,
}

/// Writes the forms, and gives the files that were written. Neither AWS nor a register is asked.
pub(crate) async fn report(settings: &Settings, asked: &Asked<'_>) -> Result<Vec<PathBuf>, Error> {
    let store = compose::run_store(settings).await?;
    tokio::task::block_in_place(|| {
        let filed = Filed::open(&store, asked.run)?;
        let folder = asked
            .out
            .map_or_else(|| PathBuf::from(format!("bestand-report-{}", asked.run)), Path::to_path_buf);
        fs::create_dir_all(&folder).map_err(|error| cannot_write(&folder, &error))?;
        let mut formats =
            if asked.formats.is_empty() { Format::value_variants().to_vec() } else { asked.formats.to_vec() };
        formats.sort_unstable();
        formats.dedup();
        let mut written = Vec::new();
        for format in formats {
            written.extend(write(format, &filed, &folder)?);
        }
        Ok(written)
    })
}

/// Writes one form into the folder, and gives its files.
fn write(format: Format, filed: &Filed, folder: &Path) -> Result<Vec<PathBuf>, Error> {
    let head = filed.head();
    let path = match format {
        Format::Html => file(filed, &folder.join("report.html"), |out, findings, changes| {
            HtmlReport::write(out, &head, findings, changes, MAX_EMBEDDED_FINDINGS).map(|_| ())
        })?,
        Format::Xlsx => file(filed, &folder.join("report.xlsx"), |out, findings, changes| {
            XlsxReport::new(folder).write(out, &head, findings, changes).map(|_| ())
        })?,
        Format::Csv => file(filed, &folder.join("report.csv"), |out, findings, _| {
            write_csv(out, &head, findings).map(|_| ())
        })?,
        Format::Jsonl => file(filed, &folder.join("report.jsonl"), |out, findings, _| {
            write_jsonl(out, &head, findings).map(|_| ())
        })?,
        Format::Corrections => return corrections::write(filed, folder),
        Format::Digests => return digests::write(filed, folder),
    };
    Ok(vec![path])
}

/// Writes a file from the run's findings and changes. It gets its name when it is whole; an old one is replaced.
fn file(
    filed: &Filed,
    path: &Path,
    write: impl FnOnce(&mut (dyn Write + Send), &mut Findings<'_>, &mut Changes<'_>) -> Result<(), ReportError>,
) -> Result<PathBuf, Error> {
    let mut half = Half::begin(path)?;
    let result = stream(&filed.directory, |findings, changes| write(half.out(), findings, changes));
    match result {
        Ok(()) => half.finish(),
        Err(Failed::Write(error)) => Err(half.failed(&error)),
        Err(Failed::Made(error)) => Err(error),
    }
}
