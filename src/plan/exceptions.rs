//! The settings' exceptions, once every account is judged: which were used, which are over, and the evidence of both.

use std::collections::BTreeMap;

use bestand_model::exception::{ExceptionState, ExceptionTally, ExceptionUse, Exceptions};
use bestand_model::finding::Finding;
use bestand_model::run_summary::{Override, RunSummary};
use bestand_publisher::run_store::Spool;
use jiff::Timestamp;

use super::{EXCEPTIONS, Planner};
use crate::error::Error;

/// The code of the override that stands for each that hides something.
const CODE: &str = "exception";
/// Where the first sightings of those that are over are remembered.
const HISTORY: &str = "exceptions";

/// Writes down what became of every exception, and spools a finding for each whose time is over.
pub(super) fn settle(
    planner: &Planner<'_>,
    exceptions: &Exceptions,
    tally: &ExceptionTally,
    summary: &mut RunSummary,
) -> Result<(), Error> {
    if exceptions.is_empty() {
        return Ok(());
    }
    summary.exceptions = exceptions.uses(tally, planner.only.is_empty(), planner.now);
    let before: BTreeMap<String, Timestamp> = planner.store.read_history(HISTORY)?.unwrap_or_default();
    let over: Vec<Finding> =
        summary.exceptions.iter().filter_map(|one| one.expired(&before, planner.now)).collect();
    let mut spool = planner.directory.spool(Spool::Findings, EXCEPTIONS)?;
    let mut after = BTreeMap::new();
    for finding in over {
        summary.findings.add(&finding);
        spool.push(&finding)?;
        after.extend(finding.since.map(|since| (finding.finding_id, since)));
    }
    spool.finish()?;
    Ok(planner.store.write_history(HISTORY, &after)?)
}

/// Gives the exceptions that hide something, as evidence: who ran the job that was told so, when, for which plan, why
/// (SEMANTICS 3.12).
pub(super) fn overrides(
    planner: &Planner<'_>,
    uses: &[ExceptionUse],
    caller: &str,
    plan_digest: &str,
) -> Vec<Override> {
    let in_use = uses.iter().filter(|one| one.state == ExceptionState::InUse);
    in_use
        .map(|one| Override {
            code: CODE.to_owned(),
            because: format!(
                "exceptions.{} ({}), {} answers for it until {}: {}",
                one.index, one.names, one.owner, one.until, one.because
            ),
            by: Some(caller.to_owned()),
            at: planner.now,
            plan_digest: plan_digest.to_owned(),
        })
        .collect()
}
