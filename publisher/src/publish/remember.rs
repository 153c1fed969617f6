//! What was applied is noted beside the history, as the third side of the next comparison (SEMANTICS 3.2).
//!
//! Receipts alone are read: what was merely planned, and what nobody knows the end of, is not noted. Noting the same
//! publication again changes nothing, so that whoever finds it half noted simply notes it once more.

use std::collections::BTreeMap;

use bestand_model::change_set::Change;
use bestand_model::last_published::{Applied, LastPublished, Publications, Standing};
use bestand_model::plan::Plan;

use super::PublishError;
use super::ledger::{self, Ledger};
use super::plan_check::{PlanError, read_changes, verify_plan};
use super::receipt::{Receipt, ReceiptStatus};
use crate::run_store::{RunDirectory, RunStore, RunStoreError};

/// The folder of the history that holds what was published, a file per account.
pub const PUBLISHED_MEMORY: &str = "published";
const PUBLICATIONS: &str = "published/_publications";

/// Reads which publications there were.
///
/// # Errors
/// The file is there but cannot be read.
pub fn publications(store: &RunStore) -> Result<Publications, RunStoreError> {
    Ok(store.read_history(PUBLICATIONS)?.unwrap_or_default())
}

/// Notes that a plan is about to be sent. It must be on the disk before anything is sent: else what a killed run wrote
/// would look like somebody else's.
///
/// # Errors
/// The run store fails.
pub fn note_beginning(store: &RunStore, plan: &Plan) -> Result<(), RunStoreError> {
    let before = publications(store)?;
    let mut after = before.clone();
    after.begin(&plan.digest);
    if after != before { store.write_history(PUBLICATIONS, &after) } else { Ok(()) }
}

/// Notes what a publication applied, as far as its receipts tell. Where all of it is noted already nothing is read.
///
/// # Errors
/// The plan was altered, or the run store fails.
pub fn note_applied(store: &RunStore, directory: &RunDirectory, plan: &Plan) -> Result<(), PublishError> {
    let mut publications = publications(store)?;
    if publications.is_noted(&plan.digest) || directory.intents()?.is_empty() {
        return Ok(());
    }
    verify_plan(directory, plan)?;
    let ledger = Ledger::open(directory, plan)?;
    let Some(batch_size) = ledger.batch_size() else { return Ok(()) };
    let mut receipts = Receipts { directory, plan, batch_size, at: 0, batch: None };
    let mut shared = Vec::new();
    for file in &plan.files {
        let mut applied = Vec::new();
        for change in read_changes(directory, plan, &file.name)? {
            let change = change?;
            if let Some(version) = receipts.version_of(&change)? {
                applied.push((change, version));
            }
            if applied.len() == CHANGES_AT_ONCE {
                let some = std::mem::take(&mut applied);
                shared.extend(lay_over(store, plan, &file.name, some)?);
            }
        }
        if !applied.is_empty() {
            shared.extend(lay_over(store, plan, &file.name, applied)?);
        }
    }
    let standing = if ledger.counts().unknown == 0 { Standing::Noted } else { Standing::Begun };
    publications.end(&plan.digest, standing, shared);
    store.write_history(PUBLICATIONS, &publications)?;
    Ok(())
}

/// Changes that are held at once: an account with more is gone over several times.
const CHANGES_AT_ONCE: usize = 50_000;

/// Lays some applied changes over one file of the memory, which is in the order of keys. Gives the file's name if
/// others write in it too.
fn lay_over(
    store: &RunStore,
    plan: &Plan,
    file: &str,
    applied: Vec<(Change, Option<String>)>,
) -> Result<Option<String>, RunStoreError> {
    let name = format!("{PUBLISHED_MEMORY}/{file}");
    let mut new: BTreeMap<_, _> =
        applied.into_iter().map(|(change, version)| (change.asset_key, (change, version))).collect();
    let note = |before, (change, version): (Change, Option<String>)| {
        let applied = Applied { plan: &plan.digest, planned_at: plan.created_at, change: &change, version };
        LastPublished::after(before, applied)
    };
    let mut after = store.write_history_spool::<LastPublished>(&name)?;
    let mut shared = false;
    let mut put = |line: LastPublished| {
        shared |= line.shared;
        after.push(&line)
    };
    for line in readable(store, &name)? {
        // What is new and comes before the line goes before it.
        while let Some(first) = new.first_entry().filter(|first| *first.key() < line.asset_key) {
            put(note(None, first.remove()))?;
        }
        let line = match new.remove(&line.asset_key) {
            Some(change) => note(Some(line), change),
            None => line,
        };
        put(line)?;
    }
    for (_, change) in new {
        put(note(None, change))?;
    }
    after.finish()?;
    Ok(shared.then(|| file.to_owned()))
}

/// Reads a file of the memory as far as it can be read. What is lost only means that nothing can be told of it, so that
/// damage is no reason to end a run.
///
/// # Errors
/// The run store cannot be read at all.
pub fn readable(
    store: &RunStore,
    name: &str,
) -> Result<impl Iterator<Item = LastPublished> + use<>, RunStoreError> {
    let lines = match store.read_history_spool::<LastPublished>(name) {
        Err(RunStoreError::Damaged { .. }) => None,
        other => other?,
    };
    let name = name.to_owned();
    Ok(lines.into_iter().flatten().map_while(move |line| match line {
        Ok(line) => Some(line),
        Err(error) => {
            let error = error.to_string();
            tracing::warn!(
                file = name,
                error,
                "what was published last is lost in part: changes by others may go untold"
            );
            None
        }
    }))
}

/// The receipts of a publication, walked along with its plan; one batch is held.
struct Receipts<'a> {
    directory: &'a RunDirectory,
    plan: &'a Plan,
    batch_size: usize,
    /// How many changes that are sent came before.
    at: usize,
    batch: Option<(usize, Option<Receipt>)>,
}

impl Receipts<'_> {
    /// Gives the version after the plan's next change, if the change was applied.
    fn version_of(&mut self, change: &Change) -> Result<Option<Option<String>>, PublishError> {
        if !change.kind.is_sent() {
            return Ok(None);
        }
        let number = self.at / self.batch_size.max(1) + 1;
        self.at += 1;
        if self.batch.as_ref().is_none_or(|(held, _)| *held != number) {
            let receipt = ledger::read_receipt(self.directory, self.plan, &super::batches::name(number))?;
            self.batch = Some((number, receipt));
        }
        let receipt = self.batch.as_ref().and_then(|(_, receipt)| receipt.as_ref());
        let key = change.idempotency_key(&self.plan.digest);
        let result = receipt.and_then(|of| of.results.iter().find(|result| result.idempotency_key == key));
        let result = result.filter(|result| result.status == ReceiptStatus::Applied);
        if let Some(other) = result.filter(|result| result.asset_key != change.asset_key) {
            let what =
                format!("a receipt speaks of {} where the plan has {}", other.asset_key, change.asset_key);
            return Err(PlanError::tampered(self.plan, what).into());
        }
        Ok(result.map(|result| result.version.clone()))
    }
}
