//! `bestand report RUN --since OLDER`: what was opened, closed and changed between two runs.
//!
//! A finding that the newer run does not have is closed only where that run saw everything: not seen is not mended.
//! One account's findings are held at a time, and eight bytes of each finding's id.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::path::Path;

use bestand_model::coverage::{AccountCoverage, CoverageLine, Reason};
use bestand_model::finding::{Finding, FindingKind};
use bestand_model::identifiers::{AccountId, RunId};
use bestand_model::run_summary::RunSummary;
use bestand_publisher::report::{ReportError, SinceCounts, SinceState, SinceWriter, changed};
use bestand_publisher::run_store::{RunDirectory, RunStore, Spool};
use comfy_table::Table;
use comfy_table::presets::UTF8_FULL_CONDENSED;

use super::filed::{self, Filed};
use super::half::{Half, report_failed};
use crate::error::Error;

/// Writes `since.csv` and `since.json`; gives what to tell.
pub(super) fn compare(
    store: &RunStore,
    older: &RunId,
    newer: &Filed,
    folder: &Path,
) -> Result<Vec<String>, Error> {
    let (directory, summary) = filed::whole(store, older)?;
    comparable(&summary, &newer.summary)?;
    let mut csv = Half::begin(&folder.join("since.csv"))?;
    let mut json = Half::begin(&folder.join("since.json"))?;
    let failed = |error: ReportError| report_failed(folder, error);
    let mut out = SinceWriter::begin(csv.out(), json.out(), &summary, &newer.summary).map_err(failed)?;
    let seen = Seen::of(&newer.coverage);
    let (was, is) = (ids(&directory)?, ids(&newer.directory)?);
    let names: BTreeSet<String> = directory
        .names(Spool::Findings)?
        .into_iter()
        .chain(newer.directory.names(Spool::Findings)?)
        .collect();
    for name in &names {
        let mut before = BTreeMap::new();
        each(&directory, name, |finding| {
            before.insert(finding.finding_id.clone(), finding);
            Ok(())
        })?;
        each(&newer.directory, name, |now| {
            let result = match before.remove(&now.finding_id) {
                Some(before) => match changed(&before, &now).as_slice() {
                    [] => out.add(SinceState::StillOpen, &now, None, &[]),
                    parts => out.add(SinceState::Changed, &now, Some(&before), parts),
                },
                // It stood in another account's file: what it said there is not looked up.
                None if was.contains(&short(&now.finding_id)) => {
                    out.add(SinceState::Changed, &now, None, &["account"])
                }
                None => out.add(SinceState::Opened, &now, None, &[]),
            };
            result.map_err(failed)
        })?;
        // What was not judged at all, such as accounts that nobody asked for, cannot have been mended.
        let judged = newer.directory.exists(Spool::Judged, name)?;
        for gone in before.values().filter(|gone| !is.contains(&short(&gone.finding_id))) {
            let state = if judged && seen.whole(gone) { SinceState::Closed } else { SinceState::NotSeen };
            out.add(state, gone, None, &[]).map_err(failed)?;
        }
    }
    let counts = out.finish().map_err(failed)?;
    let files = [csv.finish()?, json.finish()?].map(|path| path.display().to_string());
    Ok(files.into_iter().chain([table(&counts)]).collect())
}

/// Runs of different environments, or in the wrong order, would be compared to nonsense.
fn comparable(older: &RunSummary, newer: &RunSummary) -> Result<(), Error> {
    if older.environment != newer.environment {
        return Err(Error::Usage(format!(
            "--since: run `{}` is of environment `{}`, run `{}` of `{}`",
            older.run_id, older.environment, newer.run_id, newer.environment
        )));
    }
    if older.started_at >= newer.started_at {
        return Err(Error::Usage(format!(
            "--since: run `{}` is not older than run `{}`: name the newer one first",
            older.run_id, newer.run_id
        )));
    }
    if let Some(revert) = [older, newer].into_iter().find(|run| run.reverts.is_some()) {
        return Err(Error::Usage(format!(
            "--since: run `{}` is a revert, which looks for no findings",
            revert.run_id
        )));
    }
    Ok(())
}

fn each(
    directory: &RunDirectory,
    name: &str,
    mut take: impl FnMut(Finding) -> Result<(), Error>,
) -> Result<(), Error> {
    if !directory.exists(Spool::Findings, name)? {
        return Ok(());
    }
    for finding in directory.read::<Finding>(Spool::Findings, name)? {
        take(finding.map_err(filed::damaged)?)?;
    }
    Ok(())
}

/// All ids of a run's findings, each in eight bytes.
fn ids(directory: &RunDirectory) -> Result<HashSet<u64>, Error> {
    let mut ids = HashSet::new();
    for name in directory.names(Spool::Findings)? {
        each(directory, &name, |finding| {
            ids.insert(short(&finding.finding_id));
            Ok(())
        })?;
    }
    Ok(ids)
}

/// An id has 16 hexadecimal digits; whatever else stands there is told apart well enough by its bytes.
fn short(id: &str) -> u64 {
    u64::from_str_radix(id, 16).unwrap_or_else(|_| {
        id.bytes().fold(7, |sum, byte| sum.wrapping_mul(1_099_511_628_211) ^ u64::from(byte))
    })
}

/// Where the newer run saw everything.
struct Seen {
    accounts: HashMap<AccountId, AccountCoverage>,
    everywhere: bool,
}

impl Seen {
    fn of(ledger: &[CoverageLine]) -> Self {
        let mut accounts: HashMap<AccountId, AccountCoverage> = HashMap::new();
        for line in ledger {
            accounts.entry(line.account_id.clone()).or_default().insert(line.clone());
        }
        Self { accounts, everywhere: ledger.iter().all(|line| line.coverage().is_complete()) }
    }

    /// Tells whether a finding that is not there any more would have been made again, were it still so.
    fn whole(&self, gone: &Finding) -> bool {
        // These rest on the source register and the settings alone, which a run has read whole that judged them.
        if matches!(gone.kind, FindingKind::RejectedRecord | FindingKind::ExceptionExpired) {
            return true;
        }
        // What names no account may be anywhere (SEMANTICS 2.2).
        let Some(account) = &gone.account_id else { return self.everywhere };
        let Some(ledger) = self.accounts.get(account) else { return false };
        let Some((region, kind)) = gone.region.as_ref().zip(gone.resource_type.as_ref()) else {
            // Where it would have been found, nobody can say: anything that may hide it counts.
            return ledger.lines().all(|line| {
                let apart = line.region.is_some() && gone.region.is_some() && line.region != gone.region
                    || line.resource_type.is_some()
                        && gone.resource_type.is_some()
                        && line.resource_type != gone.resource_type;
                apart
                    || line.coverage().is_complete()
                    || matches!(line.reason, Some(Reason::TypeNeverSeen | Reason::RegionDisabled))
            });
        };
        // The ledger's own look-up: where nobody looked for a type, nothing of it is closed.
        ledger.of(region, kind).is_complete()
    }
}

fn table(counts: &SinceCounts) -> String {
    let mut table = Table::new();
    table.load_style(UTF8_FULL_CONDENSED);
    let words = ["finding", "opened", "closed", "not seen", "changed", "still open"];
    table.set_header(words);
    let mut totals = [0; SinceState::ALL.len()];
    for (kind, of_kind) in counts {
        let row = SinceState::ALL.map(|state| of_kind.get(&state).copied().unwrap_or_default());
        totals.iter_mut().zip(row).for_each(|(total, count)| *total += count);
        table.add_row(std::iter::once(kind.to_string()).chain(row.map(|count| count.to_string())));
    }
    table.add_row(std::iter::once("all".to_owned()).chain(totals.map(|count| count.to_string())));
    table.to_string()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn run(id: &str, environment: &str, at: &str, reverts: Option<&str>) -> RunSummary {
        serde_json::from_value(json!({
            "schema_version": 1, "run_id": id, "command": "run", "environment": environment, "started_at": at,
            "tool_version": "0", "settings_digest": "", "reverts": reverts,
        }))
        .unwrap()
    }

    #[test]
    fn only_an_older_run_of_the_same_environment_is_compared_with() {
        let newer = run("b", "staging", "2026-11-28T00:00:00Z", None);
        let message = |older: RunSummary| comparable(&older, &newer).unwrap_err().to_string();
        assert!(comparable(&run("a", "staging", "2026-11-27T00:00:00Z", None), &newer).is_ok());
        assert!(message(run("a", "production", "2026-11-27T00:00:00Z", None)).contains("of environment"));
        assert!(message(run("c", "staging", "2026-11-29T00:00:00Z", None)).contains("is not older"));
        assert!(message(run("a", "staging", "2026-11-27T00:00:00Z", Some("x"))).contains("is a revert"));
    }

    fn line(region: Option<&str>, kind: Option<&str>, reason: Option<&str>) -> CoverageLine {
        let status = if reason.is_some() { "incomplete" } else { "complete" };
        serde_json::from_value(json!({
            "account_id": "111111111111", "region": region, "resource_type": kind, "status": status, "reason": reason,
        }))
        .unwrap()
    }

    #[test]
    fn a_finding_is_closed_only_where_the_line_that_speaks_of_its_scope_is_complete() {
        let ledger = [
            line(None, None, None),
            line(Some("eu-west-1"), None, Some("recorder_stopped")),
            line(Some("eu-west-1"), Some("AWS::EC2::Volume"), None),
            line(Some("eu-central-1"), Some("AWS::EC2::Volume"), Some("throttled")),
        ];
        let seen = Seen::of(&ledger);
        for (account, region, kind, whole) in [
            ("111111111111", Some("eu-west-1"), Some("AWS::EC2::Volume"), true),
            ("111111111111", Some("eu-west-1"), Some("AWS::EC2::Instance"), false),
            ("111111111111", Some("eu-central-1"), Some("AWS::EC2::Volume"), false),
            ("111111111111", Some("eu-central-1"), Some("AWS::EC2::Instance"), false),
            ("111111111111", Some("eu-west-1"), None, false),
            ("111111111111", None, None, false),
            ("222222222222", Some("eu-west-1"), Some("AWS::EC2::Volume"), false),
        ] {
            let gone: Finding = serde_json::from_value(json!({
                "finding_id": "00", "kind": "unregistered", "severity": "low", "account_id": account,
                "region": region, "resource_type": kind,
            }))
            .unwrap();
            assert_eq!(seen.whole(&gone), whole, "{account} {region:?} {kind:?}");
        }
    }
}
