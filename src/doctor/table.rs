//! The report for people: the parts in a few lines, then one line for each account and region that has something to
//! say. What is well is only counted.

use std::collections::{BTreeMap, BTreeSet};

use bestand_collector::doctor::{ExaminedAccount, LeavesOut};
use bestand_model::account::AccountState;
use bestand_model::coverage::Reason;
use bestand_model::identifiers::{AccountId, Region, ResourceType};
use comfy_table::presets::UTF8_FULL_CONDENSED;
use comfy_table::{Cell, ContentArrangement, Table};

use super::report::{Part, PartStatus, Rechecked, Report};
use crate::exit_status::ExitStatus;

/// As wide as most terminals.
const WIDTH: u16 = 110;
/// Lines that a person reads; the JSON has them all.
const MOST_LINES: usize = 100;
/// Types that a line names.
const NAMED_TYPES: usize = 3;

/// Writes the report.
pub(crate) fn table(report: &Report) -> String {
    let mut parts = new_table();
    for (name, text) in parts_of(report) {
        parts.add_row(vec![Cell::new(name), Cell::new(text)]);
    }
    let mut text = parts.to_string();
    let lines = lines(report);
    if !lines.is_empty() {
        let mut table = new_table();
        table.set_header(["where", "what", "what to do"]);
        for line in lines.iter().take(MOST_LINES) {
            table.add_row(line.iter().map(Cell::new));
        }
        text = format!("{text}\n{table}");
        let more = lines.len().saturating_sub(MOST_LINES);
        if more > 0 {
            text.push_str(&format!("\nand {more} more: `bestand doctor --json` has them all"));
        }
    }
    let status = report.exit_status;
    let end = match status {
        ExitStatus::Done => "nothing stands in the way of a run".to_owned(),
        _ => format!("exit status {}: {}", status.code(), status.meaning()),
    };
    format!("{text}\n{end}")
}

fn new_table() -> Table {
    let mut table = Table::new();
    table
        .load_style(UTF8_FULL_CONDENSED)
        .set_content_arrangement(ContentArrangement::Dynamic)
        .set_width(WIDTH);
    table
}

fn parts_of(report: &Report) -> Vec<(&'static str, String)> {
    let mut parts = vec![
        ("environment", report.environment.clone()),
        ("caller", part(&report.caller, |caller| caller.arn.clone())),
        ("directory", part(&report.directory, |directory| format!("{} accounts", directory.accounts))),
        ("accounts", accounts(report)),
        ("regions", regions(report)),
    ];
    if let Some(aggregator) = &report.aggregator {
        let well = aggregator.actions.iter().filter(|check| !check.is_broken()).count();
        let (name, all, stale) = (&aggregator.name, aggregator.actions.len(), aggregator.stale.len());
        parts.push((
            "aggregator",
            format!("{name}: {well} of {all} actions work, {stale} sources out of date"),
        ));
    }
    if !report.secrets.is_empty() {
        let there = report.secrets.iter().filter(|secret| secret.status == PartStatus::Ok).count();
        let all = report.secrets.len();
        let see = if there < all { ": see below" } else { "" };
        parts.push(("secrets", format!("{there} of {all} are there{see}")));
    }
    parts.push((
        "source register",
        part(&report.source_register, |found| {
            format!(
                "{} rows: {} no AWS resources, {} unplaced, {} rejected",
                found.rows, found.not_aws, found.unplaced, found.rejected
            )
        }),
    ));
    parts.push((
        "central register",
        part(&report.central_register, |found| {
            format!(
                "{} ({}), environment {}, written to as {}",
                found.name, found.register_id, found.environment, found.source
            )
        }),
    ));
    parts.push((
        "run store",
        part(&report.run_store, |found| {
            let environment = found.environment.as_deref().map_or_else(
                || "not made ready".to_owned(),
                |environment| format!("environment {environment}"),
            );
            let writable = if found.writable { "writable" } else { "not writable" };
            format!("{}, {environment}, {writable}", found.url)
        }),
    ));
    if let Some(rechecked) = &report.rechecked {
        let mended = rechecked.iter().filter(|gap| gap.mended).count();
        let accepted = rechecked.iter().filter(|gap| gap.accepted && !gap.mended).count();
        let accepted =
            if accepted > 0 { format!(", {accepted} accepted in the settings") } else { String::new() };
        parts.push(("gaps of the run", format!("{mended} of {} mended{accepted}", rechecked.len())));
    }
    parts.push(("AWS calls", report.aws_calls.calls().to_string()));
    parts
}

fn part<T>(part: &Part<T>, show: impl Fn(&T) -> String) -> String {
    match (part.status, &part.found) {
        (PartStatus::Ok, Some(found)) => show(found),
        (PartStatus::Failed, Some(found)) => format!("{}: see below", show(found)),
        (PartStatus::Ok, None) => "in order".to_owned(),
        (PartStatus::Failed, None) => "failed: see below".to_owned(),
        (PartStatus::NotSet, _) => "not in the settings: `plan` gives the drift report alone".to_owned(),
        (PartStatus::NotTried, _) => "not tried".to_owned(),
    }
}

fn accounts(report: &Report) -> String {
    let of_state = |state| report.accounts.iter().filter(|account| account.state == state).count();
    let troubled = |account: &&ExaminedAccount| {
        report.problems.iter().any(|problem| problem.account_id.as_ref() == Some(&account.id))
    };
    let active = of_state(AccountState::Active);
    let trouble = report
        .accounts
        .iter()
        .filter(|account| account.state == AccountState::Active)
        .filter(troubled)
        .count();
    let mut text = format!("{active} examined: {} well, {trouble} with something to mend", active - trouble);
    for (state, word) in [
        (AccountState::Inactive, "not active"),
        (AccountState::LeftOut, "left out"),
        (AccountState::Decommissioned, "decommissioned"),
        (AccountState::Unknown, "in no directory"),
    ] {
        let count = of_state(state);
        if count > 0 {
            text.push_str(&format!("; {count} {word}"));
        }
    }
    text
}

fn regions(report: &Report) -> String {
    let all = || report.accounts.iter().flat_map(|account| &account.regions);
    let healthy = all()
        .filter(|region| region.recorder.healthy && !region.actions.iter().any(|check| check.is_broken()))
        .count();
    format!("{} examined: in {healthy} the recorder records and every action works", all().count())
}

/// Problems, then what of a run is mended, then what recorders leave out.
fn lines(report: &Report) -> Vec<[String; 3]> {
    let mut lines: Vec<[String; 3]> = Vec::new();
    for problem in &report.problems {
        let fix = if problem.accepted { "accepted in the settings".to_owned() } else { problem.fix.clone() };
        lines.push([problem.scope.clone(), problem.problem.clone(), fix]);
    }
    lines.extend(mended(report.rechecked.as_deref().unwrap_or_default()));
    for account in &report.accounts {
        for region in &account.regions {
            if let Some(words) = region.leaves_out.as_ref().and_then(words) {
                lines.push([format!("{} {}", account.id, region.region), words, String::new()]);
            }
        }
    }
    lines
}

fn mended(rechecked: &[Rechecked]) -> Vec<[String; 3]> {
    let mut places: BTreeMap<(&AccountId, Option<&Region>, Reason), usize> = BTreeMap::new();
    for gap in rechecked.iter().filter(|gap| gap.mended) {
        let types = places.entry((&gap.account_id, gap.region.as_ref(), gap.was)).or_default();
        *types += usize::from(gap.resource_type.is_some());
    }
    let mut lines = Vec::new();
    for ((account, region, was), types) in places {
        let region = region.map_or(String::new(), |region| format!(" {region}"));
        let types = if types > 0 { format!(" ({types} types)") } else { String::new() };
        lines.push([format!("{account}{region}"), format!("{was}{types}: mended"), String::new()]);
    }
    lines
}

/// Says what a recorder leaves out on purpose. That IAM is recorded in one region only is as it should be.
fn words(of: &LeavesOut) -> Option<String> {
    let mut words = Vec::new();
    if !of.excluded.is_empty() {
        words.push(format!("leaves out {}", named(&of.excluded)));
    }
    if !of.only.is_empty() {
        words.push(format!("records {} types only", of.only.len()));
    }
    if of.daily {
        words.push("records once a day".to_owned());
    }
    if !of.daily_types.is_empty() {
        words.push(format!("records {} once a day", named(&of.daily_types)));
    }
    (!words.is_empty()).then(|| format!("the recorder {}", words.join(", ")))
}

fn named(types: &BTreeSet<ResourceType>) -> String {
    let some: Vec<&str> = types.iter().take(NAMED_TYPES).map(ResourceType::as_str).collect();
    let more = types.len().saturating_sub(NAMED_TYPES);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    format!("{}{more}", some.join(", "))
}
