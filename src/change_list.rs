//! What a plan would change, as a terminal shows it: how much of each kind, and the gravest changes line by line.
//!
//! The change files are streamed, and what is kept of them is bounded by what is shown.

mod entry;
mod facts;
mod lines;
mod pick;

use std::collections::BTreeMap;

use bestand_model::account::Account;
use bestand_model::identifiers::AccountId;
use bestand_model::run_summary::RunSummary;
use bestand_publisher::run_store::{RunDirectory, RunStoreError};

use crate::explain::Style;

/// Lines of changes that are shown; what is left out is counted.
const MAX_LINES: usize = 40;

/// Reads a run's changes and renders them. None where the plan changes nothing and withholds nothing.
///
/// # Errors
/// A file of the run directory cannot be read.
pub(crate) fn text(
    summary: &RunSummary,
    directory: &RunDirectory,
    style: Style,
) -> Result<Option<String>, RunStoreError> {
    if summary.changes.sent() + summary.changes.withheld == 0 {
        return Ok(None);
    }
    let mut shown = pick::candidates(directory, &summary.changes, MAX_LINES)?;
    facts::complete(directory, &mut shown)?;
    if let Some(reverted) = &summary.reverts {
        // A revert reads no entries: the run that it reverts knows what they are.
        facts::complete(&directory.of_run(reverted)?, &mut shown)?;
    }
    pick::fit(&mut shown, MAX_LINES);
    let accounts: Vec<Account> = directory.read_json("accounts")?.unwrap_or_default();
    let names: BTreeMap<AccountId, String> =
        accounts.into_iter().filter_map(|account| Some((account.id, account.name?))).collect();
    Ok(Some(lines::render(summary, directory, &shown, &names, style)))
}

#[cfg(test)]
mod tests;
