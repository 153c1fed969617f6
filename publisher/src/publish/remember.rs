//! What was applied is noted beside the history, as the third side of the next comparison (SEMANTICS 3.2).
//!
//! Receipts alone are read: what was merely planned, and what nobody knows the end of, is not noted. Noting the same
//! publication again changes nothing, so that whoever finds it half noted simply notes it once more.

use std::collections::BTreeMap;

use bestand_model::change_set::Change;
use bestand_model::last_published::{Applied, LastPublished, Publications, Standing};
use bestand_model::plan::Plan;

use super::PublishError;
use super::applied::{AppliedChange, applied_changes};
use super::ledger::Ledger;
use super::plan_check::verify_plan;
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
    let mut applied = applied_changes(directory, plan, ledger.batch_size()).peekable();
    let mut shared = Vec::new();
    while let Some(first) = applied.next() {
        let AppliedChange { file, change, version } = first?;
        let mut some = vec![(change, version)];
        let same_file =
            |next: &Result<AppliedChange, _>| next.as_ref().map_or(true, |next| next.file == file);
        while some.len() < CHANGES_AT_ONCE
            && let Some(next) = applied.next_if(same_file)
        {
            let AppliedChange { change, version, .. } = next?;
            some.push((change, version));
        }
        shared.extend(lay_over(store, plan, &file, some)?);
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
