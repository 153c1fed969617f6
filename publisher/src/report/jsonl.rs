//! `report.jsonl`: the whole report for machines, one JSON object a line (`docs/REPORT.md`).

use std::io::Write;

use bestand_model::coverage::CoverageLine;
use bestand_model::finding::Finding;
use bestand_model::run_summary::RunSummary;
use serde::Serialize;

use super::{ReportError, ReportHead, ReportTotals};

/// One line. `type` comes first, so that a reader can tell lines apart without parsing them.
#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Line<'a> {
    Summary(&'a RunSummary),
    Coverage(&'a CoverageLine),
    Finding(&'a Finding),
}

impl Line<'_> {
    fn what(&self) -> &'static str {
        match self {
            Self::Summary(_) => "summary",
            Self::Coverage(_) => "coverage line",
            Self::Finding(_) => "finding",
        }
    }
}

/// Writes the report as JSON lines: the summary, the ledger, then every finding in the order in which it comes.
///
/// # Errors
/// Writing fails, or a value has no JSON form.
pub fn write_jsonl(
    out: &mut dyn Write,
    head: &ReportHead<'_>,
    findings: &mut dyn Iterator<Item = Finding>,
) -> Result<ReportTotals, ReportError> {
    let mut totals = ReportTotals::default();
    let mut buffer = Vec::new();
    write_line(out, &mut buffer, &Line::Summary(head.summary))?;
    for line in head.coverage {
        write_line(out, &mut buffer, &Line::Coverage(line))?;
    }
    for finding in findings {
        totals.add(&finding);
        totals.embedded += 1;
        write_line(out, &mut buffer, &Line::Finding(&finding))?;
    }
    out.flush()?;
    Ok(totals)
}

/// Renders into a buffer first, so that a failure of the disk and one of the value stay two errors.
fn write_line(out: &mut dyn Write, buffer: &mut Vec<u8>, line: &Line<'_>) -> Result<(), ReportError> {
    buffer.clear();
    serde_json::to_writer(&mut *buffer, line)
        .map_err(|source| ReportError::Json { what: line.what(), source })?;
    buffer.push(b'\n');
    out.write_all(buffer)?;
    Ok(())
}
