//! That intents and receipts are the plan's, each change of theirs: for whoever gets them as evidence.

use std::collections::{BTreeMap, BTreeSet};

use bestand_model::plan::Plan;
use bestand_model::run_summary::PublicationCounts;

use super::PublishError;
use super::batches::{Batch, batches};
use super::ledger::{self, Ledger};
use super::plan_check::PlanError;
use crate::run_store::RunDirectory;

/// Checks that every intent names a batch of the plan as it is, and that every receipt speaks of that batch's changes
/// alone, once each. Gives what became of the changes.
///
/// The plan itself is to be verified before. One batch is held.
///
/// # Errors
/// Something does not lie within the plan, or the files cannot be read.
pub fn verify_receipts(directory: &RunDirectory, plan: &Plan) -> Result<PublicationCounts, PublishError> {
    let ledger = Ledger::open(directory, plan)?;
    let mut unseen: BTreeSet<String> = directory.intents()?.into_iter().collect();
    if let Some(size) = ledger.batch_size() {
        for batch in batches(directory, plan, size) {
            let batch = batch?;
            if unseen.remove(&batch.name) {
                ledger::check_intent(directory, plan, &batch, size)?;
                check_receipt(directory, plan, &batch)?;
            }
        }
    }
    match unseen.first() {
        Some(name) => Err(PlanError::tampered(plan, format!("intents/{name}.json is no batch of it")).into()),
        None => Ok(ledger.counts()),
    }
}

fn check_receipt(directory: &RunDirectory, plan: &Plan, batch: &Batch) -> Result<(), PublishError> {
    let Some(receipt) = ledger::read_receipt(directory, plan, &batch.name)? else { return Ok(()) };
    let mut sent: BTreeMap<&str, _> = batch
        .changes
        .iter()
        .map(|change| (change.sent.idempotency_key.as_str(), (change.sent.asset_key, change.sent.kind)))
        .collect();
    for result in &receipt.results {
        // Taken out: of one change nothing is said twice.
        if sent.remove(result.idempotency_key.as_str()) != Some((result.asset_key, result.kind)) {
            let what = format!("receipts/{}.json says of {} what is not in it", batch.name, result.asset_key);
            return Err(PlanError::tampered(plan, what).into());
        }
    }
    Ok(())
}
