//! `report.jsonl`: the whole report for machines, one JSON object a line (`docs/REPORT.md`).

use std::collections::BTreeMap;
use std::io::Write;

use bestand_model::account::Account;
use bestand_model::coverage::CoverageLine;
use bestand_model::finding::Finding;
use bestand_model::identifiers::AccountId;
use bestand_model::run_summary::RunSummary;
use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde::Serialize;

use super::{ReportError, ReportHead, ReportTotals};

/// A line of report.jsonl. Later versions add keys, and lines of other types: readers leave alone what they do not know.
// `type` comes first, so that a reader can tell lines apart without parsing them.
#[derive(JsonSchema, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
#[schemars(title = "report.jsonl")]
enum Line<'a> {
    /// The run in figures: one, the first line.
    Summary(&'a RunSummary),
    /// A line of the ledger.
    Coverage(&'a CoverageLine),
    /// A finding.
    Finding(FindingLine<'a>),
    /// A finding that an exception hides.
    // Told apart by its type: whoever counts findings does not count what is ignored by accident.
    IgnoredFinding(FindingLine<'a>),
}

/// A finding, with what the directory says of its account.
// Whoever reads the line need not look it up elsewhere.
#[derive(JsonSchema, Serialize)]
struct FindingLine<'a> {
    #[serde(flatten)]
    finding: &'a Finding,
    /// The name of its account.
    #[serde(skip_serializing_if = "Option::is_none")]
    account_name: Option<&'a str>,
    /// The place of its account in the organisation, from the root down.
    #[serde(skip_serializing_if = "Option::is_none")]
    ou_path: Option<&'a str>,
    /// The address that AWS writes to about its account.
    #[serde(skip_serializing_if = "Option::is_none")]
    account_email: Option<&'a str>,
}

impl<'a> FindingLine<'a> {
    fn new(finding: &'a Finding, directory: &BTreeMap<&AccountId, &'a Account>) -> Self {
        let account = finding.account_id.as_ref().and_then(|id| directory.get(id));
        Self {
            finding,
            account_name: account.and_then(|own| own.name.as_deref()),
            ou_path: account.and_then(|own| own.ou_path.as_deref()),
            account_email: account.and_then(|own| own.email.as_deref()),
        }
    }
}

impl Line<'_> {
    fn what(&self) -> &'static str {
        match self {
            Self::Summary(_) => "summary",
            Self::Coverage(_) => "coverage line",
            Self::Finding(_) | Self::IgnoredFinding(_) => "finding",
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
    let directory = head.accounts.iter().map(|own| (&own.id, own)).collect();
    for finding in findings {
        totals.add(&finding);
        let line = FindingLine::new(&finding, &directory);
        let line = if finding.exception.is_some() {
            Line::IgnoredFinding(line)
        } else {
            totals.embedded += 1;
            Line::Finding(line)
        };
        write_line(out, &mut buffer, &line)?;
    }
    out.flush()?;
    Ok(totals)
}

/// Gives the JSON schema of a line (`docs/report.schema.json`).
pub fn jsonl_schema() -> serde_json::Value {
    let settings = SchemaSettings::draft2020_12().for_serialize();
    settings.into_generator().into_root_schema_for::<Line<'static>>().to_value()
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
