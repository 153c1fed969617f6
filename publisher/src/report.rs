//! What people read of a run: one HTML file that stands alone as evidence, a workbook and CSV for spreadsheets, and
//! JSON lines for machines.
//!
//! All are written from the same values: the run's summary, its ledger, and its findings as a stream. None holds all
//! findings in memory: they pass through, and the HTML keeps the gravest.

mod accepted;
mod breakdown;
mod coverage_map;
mod csv;
mod embed;
mod exceptions;
mod gaps;
mod gravest;
mod html;
mod jsonl;
mod ledger;
mod overview;
mod page;
mod past;
mod phrase;
mod planned;
mod runs;
mod since;
mod style;
mod table;
mod text;
mod totals;
mod trend;
mod words;
mod xlsx;

use bestand_model::account::Account;
use bestand_model::change_set::WithheldReason;
use bestand_model::coverage::{CoverageLine, Reason};
use bestand_model::finding::{FindingKind, Severity};
use bestand_model::run_summary::RunSummary;

pub(crate) use csv::neutral;
pub use csv::write_csv;
pub use html::HtmlReport;
pub use jsonl::{jsonl_schema, write_jsonl};
pub use past::ReportPast;
pub use runs::RunsIndex;
pub use since::{SinceCounts, SinceState, SinceWriter, changed};
pub use text::{instant, one_line, visible};
pub use totals::ReportTotals;
pub use xlsx::{MAX_SHEET_ROWS, XlsxReport};

/// Gives a kind's label, in the report's words.
pub(crate) fn kind_label(kind: FindingKind) -> &'static str {
    words::kind(kind).0
}

/// Gives a severity's code.
pub(crate) fn severity_code(severity: Severity) -> &'static str {
    words::severity_code(severity)
}

/// Says what a person does about a gap, in the report's words.
pub fn remedy(reason: Reason) -> &'static str {
    words::reason(reason).remedy
}

/// Says what a reason for a gap means, in the report's words.
pub fn meaning_of_reason(reason: Reason) -> &'static str {
    words::reason(reason).meaning
}

/// Says what a kind of finding means, in the report's words.
pub fn meaning_of_kind(kind: FindingKind) -> &'static str {
    words::kind(kind).1
}

/// Says why a change is withheld, in the report's words.
pub fn meaning_of_withheld(reason: WithheldReason) -> &'static str {
    words::withheld(reason.code())
}

/// What a report says of a run beside its findings.
#[derive(Clone, Copy, Debug)]
pub struct ReportHead<'a> {
    /// The run in figures.
    pub summary: &'a RunSummary,
    /// The accounts that the directory names; others are known from the ledger by their id.
    pub accounts: &'a [Account],
    /// The ledger of the whole run. It is bounded by the scopes, and not by the resources.
    pub coverage: &'a [CoverageLine],
    /// What is known of earlier runs.
    pub past: &'a ReportPast,
}

/// The report could not be written.
#[derive(Debug, thiserror::Error)]
pub enum ReportError {
    /// Writing failed: the disk is full, or the receiver is gone.
    #[error("write the report")]
    Write(#[from] std::io::Error),
    /// A value has no JSON form.
    #[error("render a {what} as JSON")]
    Json {
        /// What it was.
        what: &'static str,
        /// Why.
        source: serde_json::Error,
    },
    /// A temporary file is refused, or takes no more.
    #[error("use temporary files in `{}`: while a workbook is made, the report's folder and TMPDIR must take some", folder.display())]
    Scratch {
        /// Where it is.
        folder: std::path::PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The workbook could not be made.
    #[error("make the workbook")]
    Workbook(#[source] rust_xlsxwriter::XlsxError),
    /// The page could not be rendered.
    #[error("render the report's page")]
    Page(#[from] askama::Error),
}
