//! `bestand report RUN`: the report again, from the run directory alone, in the forms that are asked for.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use bestand_model::identifiers::RunId;
use bestand_publisher::report::{HtmlReport, ReportError, XlsxReport, write_csv, write_jsonl};
use clap::ValueEnum;

use super::filed::Filed;
use super::half::{Half, cannot_write};
use super::{
    Changes, Failed, Findings, MAX_EMBEDDED_FINDINGS, corrections, digests, evidence, since, stream,
};
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
    /// The whole run as one archive with a manifest of digests: evidence-RUN.zip. Only where it is asked for.
    Evidence,
}

/// What was asked for.
#[derive(Debug)]
pub(crate) struct Asked<'a> {
    pub(crate) run: &'a RunId,
    /// Empty: every form.
    pub(crate) formats: &'a [Format],
    /// None: a folder named after the run, in the working directory.
    pub(crate) out: Option<&'a Path>,
    /// Evidence with all that the run was judged by.
    pub(crate) with_inputs: bool,
    /// The earlier run to compare with.
    pub(crate) since: Option<&'a RunId>,
}

impl Asked<'_> {
    /// The forms that are written: without a word all reports, or, of a comparison, none.
    fn forms(&self) -> Vec<Format> {
        let mut forms = self.formats.to_vec();
        if forms.is_empty() && self.since.is_none() {
            forms = Format::value_variants().to_vec();
            forms.retain(|form| *form != Format::Evidence);
        }
        forms.sort_unstable();
        forms.dedup();
        forms
    }
}

/// Writes the forms, and gives what to tell: the files that were written. Neither AWS nor a register is asked.
pub(crate) async fn report(settings: &Settings, asked: &Asked<'_>) -> Result<Vec<String>, Error> {
    let store = compose::run_store(settings).await?;
    tokio::task::block_in_place(|| {
        let mut forms = asked.forms();
        let evidence = forms.contains(&Format::Evidence);
        forms.retain(|form| *form != Format::Evidence);
        // Evidence may be of a run that failed; what else is asked for needs one that is whole.
        let filed = if forms.is_empty() && asked.since.is_none() {
            None
        } else {
            Some(Filed::open(&store, asked.run)?)
        };
        let folder = asked
            .out
            .map_or_else(|| PathBuf::from(format!("bestand-report-{}", asked.run)), Path::to_path_buf);
        fs::create_dir_all(&folder).map_err(|error| cannot_write(&folder, &error))?;
        let mut written = Vec::new();
        if let Some(filed) = &filed {
            for format in forms {
                written.extend(write(format, filed, &folder)?.iter().map(|path| path.display().to_string()));
            }
            if let Some(older) = asked.since {
                written.extend(since::compare(&store, older, filed, &folder)?);
            }
        }
        if evidence {
            let checked = filed.as_ref().map(|own| (&own.directory, &own.summary));
            written.extend(evidence::pack(&store, asked, &folder, checked)?);
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
        // It is no report of a whole run alone: see [`report`].
        Format::Evidence => return Ok(Vec::new()),
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
