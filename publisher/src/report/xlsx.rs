//! `report.xlsx`: the report as a workbook.
//!
//! Rows go to temporary files as they come, one file for each sheet: no sheet is held in memory. Texts are written as
//! texts, whatever they look like: no cell is ever a formula or a link.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use bestand_model::change_set::{Change, ChangeKind};
use bestand_model::finding::Finding;
use rust_xlsxwriter::{DocProperties, ExcelDateTime, Workbook, XlsxError};

use super::table::{self, Cell};
use super::{ReportError, ReportHead, ReportTotals};
use sheet::{Left, Sheet};

mod guard;
mod sheet;
mod summary;

/// A sheet has so many rows at most, by the file format's own limit.
pub const MAX_SHEET_ROWS: u32 = 1_048_576;

/// The report as a workbook with the sheets summary, coverage, findings, changes and exceptions.
#[derive(Clone, Debug)]
pub struct XlsxReport {
    scratch: PathBuf,
    max_rows: u32,
}

impl XlsxReport {
    /// Makes one whose temporary files lie in this folder, and are gone when it is written.
    pub fn new(scratch: &Path) -> Self {
        Self { scratch: scratch.to_path_buf(), max_rows: MAX_SHEET_ROWS }
    }

    /// Lets each sheet have so many rows and no more, its row of names among them.
    #[must_use]
    pub fn with_max_rows(self, max_rows: u32) -> Self {
        Self { max_rows: max_rows.clamp(2, MAX_SHEET_ROWS), ..self }
    }

    /// Writes the workbook. What does not fit into a sheet is counted, and told in that sheet and in the summary.
    ///
    /// # Errors
    /// Writing fails, or temporary files cannot be made or are not taken.
    pub fn write(
        &self,
        out: &mut (dyn Write + Send),
        head: &ReportHead<'_>,
        findings: &mut dyn Iterator<Item = Finding>,
        changes: &mut dyn Iterator<Item = Change>,
    ) -> Result<ReportTotals, ReportError> {
        let mut book = self.begin(head)?;
        let directory = table::directory(head.accounts);
        let mut totals = ReportTotals::default();

        let mut ledger = self.sheet(&mut book, "coverage", &table::COVERAGE)?;
        for line in head.coverage {
            ledger.row(&summary::coverage(line, &directory))?;
        }
        let mut found = self.sheet(&mut book, "findings", &table::FINDING)?;
        for finding in findings {
            totals.add(&finding);
            found.row(&table::finding(&finding, &directory))?;
        }
        let mut planned = self.sheet(&mut book, "changes", &table::CHANGE)?;
        // An entry that says what it should is no change to look at: the summary counts them.
        for change in changes.filter(|change| change.kind != ChangeKind::Unchanged) {
            planned.row(&summary::change(&change, &directory))?;
        }
        let mut accepted = self.sheet(&mut book, "exceptions", &table::EXCEPTION)?;
        for cells in summary::exceptions(head.summary) {
            accepted.row(&cells)?;
        }

        let mut sheets = Vec::new();
        let mut left = Left::default();
        for sheet in [ledger, found, planned, accepted] {
            sheets.push(sheet.finish(&mut left)?);
        }
        totals.embedded = totals.findings.saturating_sub(left.rows_of("findings"));
        let mut first = self.sheet(&mut book, "summary", &summary::COLUMNS)?;
        for cells in summary::rows(head.summary, &totals, &left) {
            first.row(&cells)?;
        }
        book.use_zip_large_file(left.bytes >= LARGE_BYTES);
        book.push_worksheet(first.finish(&mut left)?);
        for sheet in sheets {
            book.push_worksheet(sheet);
        }
        self.guarded(|| book.save_to_writer(&mut *out))?;
        out.flush()?;
        Ok(totals)
    }

    fn begin(&self, head: &ReportHead<'_>) -> Result<Workbook, ReportError> {
        // The library makes an empty file where the system keeps temporary ones, whatever folder it is given
        // for the rows, and panics where it cannot.
        for folder in [&std::env::temp_dir(), &self.scratch] {
            tempfile::tempfile_in(folder)
                .map_err(|source| ReportError::Scratch { folder: folder.clone(), source })?;
        }
        let mut book = Workbook::new();
        // The same run gives the same bytes: not the hour of writing, but that of the run.
        let created = ExcelDateTime::from_timestamp(head.summary.started_at.as_second());
        let mut properties = DocProperties::new()
            .set_title(format!("Drift report {}", head.summary.run_id))
            .set_author(format!("bestand {}", head.summary.tool_version));
        if let Ok(created) = created {
            properties = properties.set_creation_datetime(&created);
        }
        book.set_properties(&properties);
        self.guarded(|| book.set_tempdir(&self.scratch).map(|_| ()))?;
        Ok(book)
    }

    fn sheet<'a>(
        &'a self,
        book: &mut Workbook,
        name: &'static str,
        columns: &'a [table::Column],
    ) -> Result<Sheet<'a>, ReportError> {
        let worksheet = self.guarded(|| Ok(book.new_worksheet_with_constant_memory()))?;
        Sheet::begin(self, worksheet, name, columns)
    }

    /// Runs a step of the library, which panics where a temporary file takes no more, and makes an error of it.
    fn guarded<T>(&self, step: impl FnOnce() -> Result<T, XlsxError>) -> Result<T, ReportError> {
        match guard::guarded(step) {
            Ok(Ok(made)) => Ok(made),
            Ok(Err(XlsxError::IoError(source))) => Err(ReportError::Write(source)),
            Ok(Err(XlsxError::ZipError(source))) => Err(ReportError::Write(source.into())),
            Ok(Err(source)) => Err(ReportError::Workbook(source)),
            Err(said) => {
                let (folder, source) = (self.scratch.clone(), io::Error::other(said));
                Err(ReportError::Scratch { folder, source })
            }
        }
    }
}

/// From so many bytes of cells on the archive gets the wide fields of ZIP64: a sheet of more than 4 GiB needs
/// them, and what surrounds a cell is counted too low.
const LARGE_BYTES: u64 = 1 << 30;

/// A row of a sheet.
type Row<'a, const COLUMNS: usize> = [Cell<'a>; COLUMNS];
