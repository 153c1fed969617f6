//! The rows of the workbook's sheets that come from the run's summary, its ledger and its changes.

use bestand_model::change_set::Change;
use bestand_model::coverage::CoverageLine;
use bestand_model::finding::FindingKind;
use bestand_model::identifiers::AccountId;
use bestand_model::run_summary::RunSummary;

use super::Row;
use super::sheet::Left;
use crate::report::table::{CHANGE, COVERAGE, Cell, Column, Directory, EXCEPTION, Look, json};
use crate::report::{ReportTotals, words};

/// The columns of the summary.
pub(super) const COLUMNS: [Column; 4] = [
    Column { name: "part", width: 20.0, look: Look::Text },
    Column { name: "name", width: 28.0, look: Look::Text },
    Column { name: "value", width: 44.0, look: Look::Text },
    Column { name: "meaning", width: 80.0, look: Look::Text },
];

type SummaryRow<'a> = Row<'a, 4>;

fn row<'a>(part: &'a str, name: &'a str, value: Cell<'a>, meaning: &'a str) -> SummaryRow<'a> {
    [Cell::text(Some(part)), Cell::text(Some(name)), value, Cell::text(Some(meaning))]
}

fn counts<'a, const N: usize>(
    part: &'a str,
    counts: [(&'a str, u64); N],
) -> impl Iterator<Item = SummaryRow<'a>> {
    counts.into_iter().map(move |(name, count)| row(part, name, Cell::count(count), ""))
}

/// Gives the rows of the summary: the run, its figures as they were counted here, and what the workbook leaves out.
pub(super) fn rows<'a>(
    summary: &'a RunSummary,
    totals: &'a ReportTotals,
    left: &'a Left,
) -> Vec<SummaryRow<'a>> {
    let mut rows = run(summary);
    rows.extend(workbook(summary, totals, left));
    rows.extend(findings(totals));
    rows.extend(reached(summary));
    rows.extend(publication(summary));
    rows.extend(summary.overrides.iter().map(|one| {
        let by = one.by.as_deref().unwrap_or("nobody knows who");
        let value = Cell::own(format!("{by}, {}", one.at));
        [Cell::text(Some("overrides")), Cell::text(Some(&one.code)), value, Cell::text(Some(&one.because))]
    }));
    rows.extend(summary.next_steps.iter().map(|step| row("next steps", "", Cell::text(Some(step)), "")));
    rows
}

fn run(summary: &RunSummary) -> Vec<SummaryRow<'_>> {
    let text = |name, text| row("run", name, Cell::text(text), "");
    vec![
        text("environment", Some(summary.environment.as_str())),
        text("run_id", Some(summary.run_id.as_str())),
        text("command", Some(summary.command.as_str())),
        row("run", "started_at", Cell::Instant(summary.started_at), "UTC"),
        row("run", "ended_at", Cell::instant(summary.ended_at), "UTC"),
        text("tool_version", Some(summary.tool_version.as_str())),
        row("run", "exit_status", Cell::count(summary.exit_status.into()), ""),
        text("settings_digest", Some(summary.settings_digest.as_str())),
        text("plan_digest", summary.plan_digest.as_deref()),
        text("findings_digest", summary.findings_digest.as_deref()),
    ]
}

/// Says what is not in the workbook: nothing is left out in silence.
fn workbook<'a>(
    summary: &RunSummary,
    totals: &ReportTotals,
    left: &'a Left,
) -> impl Iterator<Item = SummaryRow<'a>> {
    let left_out = left.rows.iter().map(|(sheet, rows)| {
        let meaning = if *rows == 0 { "" } else { "a sheet has no room for more: report.jsonl has all" };
        row("rows left out", sheet, Cell::count(*rows), meaning)
    });
    let cut = row(
        "texts cut",
        "",
        Cell::count(left.texts),
        if left.texts == 0 {
            ""
        } else {
            "a cell has no room for more: report.csv and report.jsonl have all"
        },
    );
    let agrees = summary.findings.by_kind == totals.by_kind && summary.findings.ignored == totals.ignored;
    let misfit =
        "the run's summary and the findings that were read do not agree: what is counted here was read";
    left_out.chain([cut]).chain((!agrees).then(|| row("warning", "", Cell::text(Some(misfit)), "")))
}

fn findings(totals: &ReportTotals) -> Vec<SummaryRow<'_>> {
    let mut rows = vec![
        row("findings", "all", Cell::count(totals.findings), "without those that exceptions hide"),
        row("findings", "drift", Cell::count(totals.drift()), "a difference that somebody should mend"),
        row("findings", "ignored", Cell::count(totals.all_ignored()), "hidden by exceptions"),
    ];
    for severity in words::SEVERITIES {
        let count = totals.by_severity.get(&severity).copied().unwrap_or(0);
        rows.push(row("by severity", words::severity_code(severity), Cell::count(count), ""));
    }
    for kind in FindingKind::ALL {
        rows.push(row("by kind", kind.code(), Cell::count(totals.of(kind)), words::kind(kind).1));
    }
    for (kind, count) in &totals.ignored {
        rows.push(row("ignored", kind.code(), Cell::count(*count), words::kind(*kind).1));
    }
    rows
}

fn reached(summary: &RunSummary) -> Vec<SummaryRow<'_>> {
    let accounts = &summary.accounts;
    let mut rows: Vec<_> = counts(
        "accounts",
        [
            ("requested", accounts.requested),
            ("complete", accounts.complete),
            ("incomplete", accounts.incomplete),
            ("failed", accounts.failed),
            ("inactive", accounts.inactive),
            ("left_out", accounts.left_out),
        ],
    )
    .collect();
    let coverage = &summary.coverage;
    let figures = [("scopes", coverage.scopes), ("complete", coverage.complete), ("gaps", coverage.gaps)];
    rows.extend(counts("coverage", figures));
    for (reason, count) in &coverage.by_reason {
        rows.push(row("not seen", reason, Cell::count(*count), ""));
    }
    rows.extend(counts("inventory", [("items", summary.inventory.items)]));
    rows.extend(counts("records", [("read", summary.records.read), ("rejected", summary.records.rejected)]));
    rows
}

fn publication(summary: &RunSummary) -> Vec<SummaryRow<'_>> {
    let changes = &summary.changes;
    let mut rows: Vec<_> = counts(
        "changes",
        [
            ("create", changes.create),
            ("update", changes.update),
            ("retire", changes.retire),
            ("unchanged", changes.unchanged),
            ("withheld", changes.withheld),
        ],
    )
    .collect();
    for (reason, count) in &summary.withheld_by_reason {
        rows.push(row("withheld", reason, Cell::count(*count), words::withheld(reason)));
    }
    rows.push(row("gate", "verdict", Cell::code(&summary.gate.verdict), ""));
    for reason in &summary.gate.reasons {
        rows.push(row("gate", reason.code.code(), Cell::text(Some(&reason.message)), ""));
    }
    for capability in &summary.not_promised {
        rows.push(row("not promised", capability.code(), Cell::Blank, capability.without()));
    }
    if let Some(sent) = summary.publication {
        let figures = [
            ("applied", sent.applied),
            ("rejected", sent.rejected),
            ("conflicted", sent.conflicted),
            ("unknown", sent.unknown),
        ];
        rows.extend(counts("publication", figures));
    }
    rows
}

/// Gives the name of an account.
fn name<'a>(id: Option<&AccountId>, directory: &Directory<'a>) -> Cell<'a> {
    Cell::text(id.and_then(|id| directory.get(id)).and_then(|own| own.name.as_deref()))
}

/// Gives the cells of a line of the ledger.
pub(super) fn coverage<'a>(line: &'a CoverageLine, directory: &Directory<'a>) -> Row<'a, { COVERAGE.len() }> {
    let number = |count: Option<u64>| count.map_or(Cell::Blank, Cell::count);
    [
        Cell::text(Some(line.account_id.as_str())),
        name(Some(&line.account_id), directory),
        Cell::text(line.region.as_ref().map(AsRef::as_ref)),
        Cell::text(line.resource_type.as_ref().map(AsRef::as_ref)),
        Cell::code(&line.status),
        Cell::text(line.reason.map(|reason| reason.code())),
        Cell::text(line.detail.as_deref()),
        number(line.expected),
        number(line.expected_after),
        number(line.collected),
        Cell::Flag(line.daily),
    ]
}

/// Gives the cells of a change.
pub(super) fn change<'a>(change: &'a Change, directory: &Directory<'a>) -> Row<'a, { CHANGE.len() }> {
    [
        Cell::code(&change.kind),
        change.would_be.as_ref().map_or(Cell::Blank, Cell::code),
        Cell::text(change.reason.map(|reason| reason.code())),
        Cell::text(change.account_id.as_ref().map(AccountId::as_str)),
        name(change.account_id.as_ref(), directory),
        Cell::own(change.asset_key.to_string()),
        Cell::own(json(&change.before)),
        Cell::own(json(&change.after)),
        Cell::text(Some(&change.digest)),
    ]
}

/// Gives the rows of the exceptions and of the accepted gaps, in the order of the settings.
pub(super) fn exceptions(summary: &RunSummary) -> Vec<Row<'_, { EXCEPTION.len() }>> {
    let exceptions = summary.exceptions.iter().map(|own| {
        [
            Cell::text(Some("finding")),
            Cell::code(&own.state),
            Cell::text(Some(&own.names)),
            Cell::text(Some(&own.because)),
            Cell::text(Some(&own.owner)),
            Cell::Instant(own.until),
            Cell::count(own.findings),
        ]
    });
    let gaps = summary.accepted_gaps.iter().map(|own| {
        [
            Cell::text(Some("gap")),
            Cell::code(&own.state),
            Cell::text(Some(&own.names)),
            Cell::text(Some(&own.because)),
            Cell::Blank,
            Cell::Instant(own.until),
            Cell::count(own.scopes),
        ]
    });
    exceptions.chain(gaps).collect()
}
