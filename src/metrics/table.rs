//! Which metrics there are. docs/LOGGING.md has the same table.

use bestand_model::finding::Severity;
use bestand_model::run_summary::{PublicationCounts, RunSummary};
use serde_json::{Value, json};

use super::{Figures, Job};
use crate::exit_status::ExitStatus;

/// CloudWatch's units, as far as they are needed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Unit {
    None,
    Count,
    Percent,
    Seconds,
    Bytes,
}

impl Unit {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::None => "None",
            Self::Count => "Count",
            Self::Percent => "Percent",
            Self::Seconds => "Seconds",
            Self::Bytes => "Bytes",
        }
    }
}

/// One metric.
pub(super) struct Metric {
    pub(super) name: &'static str,
    pub(super) unit: Unit,
    /// Its value; none where it is not known, or makes no sense for the job.
    pub(super) value: fn(&Figures<'_>) -> Option<Value>,
}

const fn count(name: &'static str, value: fn(&Figures<'_>) -> Option<Value>) -> Metric {
    Metric { name, unit: Unit::Count, value }
}

/// All of them, in the order in which they are written.
pub(super) const METRICS: &[Metric] = &[
    Metric { name: "ExitStatus", unit: Unit::None, value: |of| Some(json!(of.status.code())) },
    count("Failed", |of| Some(json!(u8::from(is_failure(of.status))))),
    Metric { name: "Duration", unit: Unit::Seconds, value: |of| Some(json!(of.seconds)) },
    Metric {
        name: "PeakMemory",
        unit: Unit::Bytes,
        value: |of| of.peak_memory_bytes.map(|bytes| json!(bytes)),
    },
    count("AwsCalls", |of| reader(of).map(|run| json!(run.aws_calls.calls()))),
    count("AwsRetries", |of| reader(of).map(|run| json!(run.aws_calls.retries()))),
    count("AccountsRequested", |of| judged(of).map(|run| json!(run.accounts.requested))),
    count("AccountsIncomplete", |of| judged(of).map(|run| json!(run.accounts.incomplete))),
    count("AccountsFailed", |of| judged(of).map(|run| json!(run.accounts.failed))),
    count("CoverageGaps", |of| judged(of).map(|run| json!(run.coverage.gaps))),
    Metric { name: "CoverageComplete", unit: Unit::Percent, value: complete_share },
    count("Findings", |of| judged(of).map(|run| json!(run.findings.by_kind.values().sum::<u64>()))),
    count("FindingsDrift", |of| judged(of).map(|run| json!(run.findings.drift))),
    count("FindingsHigh", |of| findings(of, Severity::High)),
    count("FindingsMedium", |of| findings(of, Severity::Medium)),
    count("FindingsLow", |of| findings(of, Severity::Low)),
    count("FindingsInfo", |of| findings(of, Severity::Info)),
    count("FindingsIgnored", |of| judged(of).map(|run| json!(run.findings.ignored.values().sum::<u64>()))),
    count("ChangesCreate", |of| planned(of).map(|run| json!(run.changes.create))),
    count("ChangesUpdate", |of| planned(of).map(|run| json!(run.changes.update))),
    count("ChangesRetire", |of| planned(of).map(|run| json!(run.changes.retire))),
    count("ChangesUnchanged", |of| planned(of).map(|run| json!(run.changes.unchanged))),
    count("ChangesWithheld", |of| planned(of).map(|run| json!(run.changes.withheld))),
    count("GateReasons", |of| planned(of).map(|run| json!(run.gate.reasons.len()))),
    count("ChangesApplied", |of| published(of).map(|counts| json!(counts.applied))),
    count("ChangesRejected", |of| published(of).map(|counts| json!(counts.rejected))),
    count("ChangesConflicted", |of| published(of).map(|counts| json!(counts.conflicted))),
    count("ChangesUnknown", |of| published(of).map(|counts| json!(counts.unknown))),
];

/// Drift and gaps are results of a job that did what it should.
fn is_failure(status: ExitStatus) -> bool {
    !matches!(status, ExitStatus::Done | ExitStatus::Drift | ExitStatus::Gaps)
}

/// Gives the run that this job made, as far as it came. A publication's figures are those of the run that planned,
/// which has told them.
fn reader<'a>(of: &Figures<'a>) -> Option<&'a RunSummary> {
    of.summary.filter(|_| of.job != Job::Publish)
}

/// Gives the run that this job made once its plan is whole: figures of half a plan would look like good news.
fn planned<'a>(of: &Figures<'a>) -> Option<&'a RunSummary> {
    reader(of).filter(|run| run.plan_digest.is_some())
}

/// The same, where AWS was read: a revert concludes nothing.
fn judged<'a>(of: &Figures<'a>) -> Option<&'a RunSummary> {
    planned(of).filter(|_| of.job != Job::Revert)
}

fn published(of: &Figures<'_>) -> Option<PublicationCounts> {
    of.summary.and_then(|run| run.publication)
}

fn findings(of: &Figures<'_>, severity: Severity) -> Option<Value> {
    judged(of).map(|run| json!(run.findings.by_severity.get(&severity).copied().unwrap_or_default()))
}

/// Gives the percentage of the ledger's scopes that are complete.
fn complete_share(of: &Figures<'_>) -> Option<Value> {
    let coverage = &judged(of)?.coverage;
    // Counts of scopes are far below where an f64 becomes coarse.
    (coverage.scopes > 0).then(|| json!(coverage.complete as f64 * 100.0 / coverage.scopes as f64))
}
