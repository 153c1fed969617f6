//! `run.json` from its beginning to its end, the exit status that follows, and the closing table.

use std::collections::BTreeMap;

use bestand_model::change_set::ChangeCounts;
use bestand_model::coverage::{CoverageLine, Reason};
use bestand_model::exception::ExceptionState;
use bestand_model::finding::FindingKind;
use bestand_model::gate::{GateCode, GateReason};
use bestand_model::identifiers::RunId;
use bestand_model::plan::{Plan, SCHEMA_VERSION};
use bestand_model::run_summary::{
    AccountCounts, AwsCalls, CoverageCounts, FindingCounts, InventoryCounts, RunSummary,
};
use bestand_publisher::report::remedy;
use bestand_publisher::run_store::RunDirectory;
use comfy_table::presets::UTF8_FULL_CONDENSED;
use comfy_table::{Cell, ContentArrangement, Table};
use jiff::Timestamp;

use crate::error::{Error, chain};
use crate::exit_status::ExitStatus;
use crate::settings::Settings;

/// Begins a summary.
pub(crate) fn begin(settings: &Settings, run_id: &RunId, command: &str, now: Timestamp) -> RunSummary {
    RunSummary {
        schema_version: SCHEMA_VERSION,
        run_id: run_id.clone(),
        command: command.to_owned(),
        reverts: None,
        environment: settings.environment.clone(),
        started_at: now,
        ended_at: None,
        tool_version: env!("CARGO_PKG_VERSION").to_owned(),
        settings_digest: settings.digest(),
        accounts: AccountCounts::default(),
        coverage: CoverageCounts::default(),
        inventory: InventoryCounts::default(),
        aws_calls: AwsCalls::default(),
        records: Default::default(),
        findings: FindingCounts::default(),
        changes: ChangeCounts::default(),
        withheld_by_reason: BTreeMap::new(),
        gate: Default::default(),
        not_promised: Vec::new(),
        plan_digest: None,
        findings_digest: None,
        publication: None,
        overrides: Vec::new(),
        exceptions: Vec::new(),
        accepted_gaps: Vec::new(),
        next_steps: Vec::new(),
        peak_memory_bytes: None,
        exit_status: ExitStatus::Unexpected.code(),
    }
}

/// Ends a summary.
pub(crate) fn end(summary: &mut RunSummary, status: ExitStatus, now: Timestamp) {
    summary.ended_at = Some(now);
    summary.exit_status = status.code();
    summary.peak_memory_bytes = peak_memory_bytes();
}

/// What a plan alone says about the exit status.
pub(crate) fn status_of_plan(summary: &RunSummary, fail_on_drift: bool) -> ExitStatus {
    if summary.coverage.gaps > 0 {
        ExitStatus::Gaps
    } else if fail_on_drift && summary.findings.drift > 0 {
        ExitStatus::Drift
    } else {
        ExitStatus::Done
    }
}

/// Says what to do next: cause, scope, command.
pub(crate) fn set_next_steps(
    summary: &mut RunSummary,
    plan: &Plan,
    coverage: &[CoverageLine],
    settings: &Settings,
) {
    let run_id = &summary.run_id;
    let mut steps = Vec::new();
    let mut gaps: BTreeMap<Reason, Vec<&CoverageLine>> = BTreeMap::new();
    for line in coverage {
        if let Some(reason) = line.reason.filter(|reason| {
            reason.is_gap()
                && !settings.coverage.accepted.iter().any(|gap| gap.covers(line, *reason, summary.started_at))
        }) {
            gaps.entry(reason).or_default().push(line);
        }
    }
    for (reason, lines) in &gaps {
        let Some(first) = lines.first() else { continue };
        let place = [
            Some(first.account_id.to_string()),
            first.region.as_ref().map(ToString::to_string),
            first.resource_type.as_ref().map(ToString::to_string),
        ];
        let place: Vec<String> = place.into_iter().flatten().collect();
        let more = if lines.len() > 1 { format!(" and {} more", lines.len() - 1) } else { String::new() };
        steps.push(format!(
            "{reason}: {} in {}{more}: {}",
            first.detail.as_deref().unwrap_or("no detail"),
            place.join(" "),
            remedy(*reason)
        ));
    }
    if !gaps.is_empty() {
        steps.push(format!(
            "what is mended by then `bestand doctor --run {run_id}` tells of each gap; what is not to be mended [coverage] accepted in the settings can name"
        ));
    }
    if let (Some(reverted), None) = (&plan.reverts, summary.publication) {
        steps.push(format!(
            "the next run decides anew and may publish the same again: mend first what made run `{reverted}` wrong, or stop the schedule"
        ));
        if plan.gate.reasons.is_empty() && plan.changes.sent() > 0 {
            steps.push(format!(
                "look at runs/{run_id}/changes/, then `bestand publish {run_id}`: nothing is restored before"
            ));
        }
    }
    if summary.publication.is_none() && !plan.gate.reasons.is_empty() {
        let (first_run, codes): (Vec<&GateReason>, Vec<&GateReason>) =
            plan.gate.reasons.iter().partition(|reason| reason.code == GateCode::FirstRun);
        let mut command = format!("bestand publish {run_id}");
        if !first_run.is_empty() {
            command.push_str(" --first-run");
        }
        if !codes.is_empty() {
            let codes: Vec<&str> = codes.iter().map(|reason| reason.code.code()).collect();
            command.push_str(&format!(" --accept-gate {} --because TEXT", codes.join(",")));
        }
        let messages: Vec<&str> = plan.gate.reasons.iter().map(|reason| reason.message.as_str()).collect();
        steps.push(format!(
            "the gate refuses the plan: {}; if that is right: `{command}`",
            messages.join("; ")
        ));
    }
    if let Some(publication) = summary.publication {
        if publication.unknown > 0 {
            steps.push(format!(
                "{} changes may or may not be in the register: `bestand publish {run_id}` finds out and sends what is missing, unless a newer run has planned by then",
                publication.unknown
            ));
        }
        if publication.conflicted > 0 {
            steps.push(format!(
                "{} entries moved since the plan was made and were left alone: the next `bestand run` looks at them anew",
                publication.conflicted
            ));
        }
        if publication.rejected > 0 {
            steps.push(format!(
                "{} changes were rejected: runs/{run_id}/receipts/ has the register's reasons; once they are mended, `bestand run`",
                publication.rejected
            ));
        }
    }
    summary.next_steps = steps;
}

/// Adds what to do about that which ended a run early: cause, how far the run came, command.
pub(crate) fn add_failure(summary: &mut RunSummary, error: &Error) {
    let run_id = &summary.run_id;
    let reached = match (&summary.plan_digest, summary.publication) {
        (None, _) => format!("run {run_id} made no plan, and published nothing"),
        (Some(_), None) => {
            format!("run {run_id} has a plan; its receipts/ tell what of it was published, if anything")
        }
        (Some(_), Some(counts)) => format!(
            "of the plan of run {run_id} {} changes are applied, {} unknown",
            counts.applied, counts.unknown
        ),
    };
    summary.next_steps.push(format!("{}: {reached}: {}", chain(error), error.next_step()));
}

/// The most memory that this process held, as Linux tells it.
pub(crate) fn peak_memory_bytes() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kib: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kib * 1024)
}

/// As wide as most terminals.
const TABLE_WIDTH: u16 = 110;

/// The closing table for people.
pub(crate) fn table(summary: &RunSummary, directory: &RunDirectory) -> String {
    let mut table = Table::new();
    table
        .load_style(UTF8_FULL_CONDENSED)
        .set_content_arrangement(ContentArrangement::Dynamic)
        .set_width(TABLE_WIDTH);
    let mut row = |name: &str, value: String| {
        table.add_row(vec![Cell::new(name), Cell::new(value)]);
    };
    let reverts = summary.reverts.as_ref().map_or(String::new(), |run| format!(" of {run}"));
    row(
        "run",
        format!("{} ({}{reverts}, environment {})", summary.run_id, summary.command, summary.environment),
    );
    let accounts = &summary.accounts;
    row(
        "accounts",
        format!(
            "{} requested: {} complete, {} incomplete, {} failed, {} inactive",
            accounts.requested, accounts.complete, accounts.incomplete, accounts.failed, accounts.inactive
        ),
    );
    let reasons: Vec<String> =
        summary.coverage.by_reason.iter().map(|(reason, count)| format!("{reason} {count}")).collect();
    let reasons = if reasons.is_empty() { String::new() } else { format!(" ({})", reasons.join(", ")) };
    row(
        "coverage",
        format!("{} of {} scopes complete{reasons}", summary.coverage.complete, summary.coverage.scopes),
    );
    row("live resources", summary.inventory.items.to_string());
    let calls: Vec<String> = summary
        .aws_calls
        .by_service()
        .map(|(service, counts)| format!("{service} {}", counts.calls))
        .collect();
    if !calls.is_empty() {
        let all = &summary.aws_calls;
        row("AWS calls", format!("{} ({}), {} retries", all.calls(), calls.join(", "), all.retries()));
    }
    row(
        "asset records",
        format!(
            "{} read: {} no AWS resources, {} unplaced, {} rejected",
            summary.records.read, summary.records.not_aws, summary.records.unplaced, summary.records.rejected
        ),
    );
    let findings: Vec<String> = FindingKind::ALL
        .iter()
        .filter_map(|kind| summary.findings.by_kind.get(kind).map(|count| format!("{count} {kind}")))
        .collect();
    let drift = format!("{} drift", summary.findings.drift);
    row(
        "findings",
        if findings.is_empty() { "none".into() } else { format!("{drift}: {}", findings.join(", ")) },
    );
    let ignored: Vec<String> = FindingKind::ALL
        .iter()
        .filter_map(|kind| summary.findings.ignored.get(kind).map(|count| format!("{count} {kind}")))
        .collect();
    if !ignored.is_empty() {
        let in_use = summary.exceptions.iter().filter(|one| one.state == ExceptionState::InUse).count();
        let exceptions = if in_use == 1 { "exception" } else { "exceptions" };
        row("ignored", format!("by {in_use} {exceptions}: {}", ignored.join(", ")));
    }
    let changes = &summary.changes;
    row(
        "changes",
        format!(
            "{} create, {} update, {} retire, {} unchanged, {} withheld",
            changes.create, changes.update, changes.retire, changes.unchanged, changes.withheld
        ),
    );
    if !summary.withheld_by_reason.is_empty() {
        let withheld: Vec<String> =
            summary.withheld_by_reason.iter().map(|(reason, count)| format!("{reason} {count}")).collect();
        row("withheld", withheld.join(", "));
    }
    let refused: Vec<&str> = summary.gate.reasons.iter().map(|reason| reason.code.code()).collect();
    row(
        "gate",
        if refused.is_empty() { "approved".into() } else { format!("refused: {}", refused.join(", ")) },
    );
    if let Some(publication) = &summary.publication {
        row(
            "published",
            format!(
                "{} applied, {} rejected, {} conflicted, {} unknown",
                publication.applied, publication.rejected, publication.conflicted, publication.unknown
            ),
        );
    }
    for capability in &summary.not_promised {
        row("not promised", format!("{capability}: {}", capability.without()));
    }
    if let Some(ended_at) = summary.ended_at {
        let seconds = ended_at.duration_since(summary.started_at).as_secs_f64();
        let memory =
            summary.peak_memory_bytes.map_or(String::new(), |bytes| format!(", {} MiB at most", bytes >> 20));
        row("took", format!("{seconds:.1} s{memory}"));
    }
    row("report", directory.place("report.html"));
    let mut text = table.to_string();
    for step in &summary.next_steps {
        text.push_str("\nnext: ");
        text.push_str(step);
    }
    text
}
