//! Intents and receipts: what was about to be sent, and what became of it.

use std::collections::{BTreeMap, BTreeSet};

use bestand_model::plan::{Plan, SCHEMA_VERSION};
use bestand_model::run_summary::PublicationCounts;

use super::PublishError;
use super::batches::{Batch, PlannedChange};
use super::plan_check::PlanError;
use super::receipt::{ChangeReceipt, IntendedChange, Intent, Receipt, ReceiptStatus};
use crate::run_store::RunDirectory;

/// Final answers by kind.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Tally {
    applied: u64,
    rejected: u64,
    conflicted: u64,
}

impl Tally {
    pub(super) fn add(&mut self, status: ReceiptStatus) {
        match status {
            ReceiptStatus::Applied => self.applied += 1,
            ReceiptStatus::Rejected => self.rejected += 1,
            ReceiptStatus::Conflicted => self.conflicted += 1,
            ReceiptStatus::Unknown => {}
        }
    }

    fn finals(self) -> u64 {
        self.applied + self.rejected + self.conflicted
    }
}

/// What the run directory says of a plan's publication so far.
#[derive(Debug)]
pub(super) struct Ledger {
    total: u64,
    tally: Tally,
    /// Batches that have an intent or a receipt; true for those whose changes all have a final answer.
    begun: BTreeMap<String, bool>,
    batch_size: Option<usize>,
}

impl Ledger {
    /// Reads all intents' names and all receipts.
    pub(super) fn open(directory: &RunDirectory, plan: &Plan) -> Result<Self, PublishError> {
        let intents = directory.intents()?;
        let mut batch_size = None;
        if let Some(first) = intents.first() {
            batch_size = read_intent(directory, plan, first)?.map(|intent| intent.batch_size);
        }
        let mut begun: BTreeMap<_, _> = intents.into_iter().map(|name| (name, false)).collect();
        let mut tally = Tally::default();
        for name in directory.receipts()? {
            let Some(receipt) = read_receipt(directory, plan, &name)? else { continue };
            let Some(intent) = read_intent(directory, plan, &name)? else {
                return Err(PlanError::tampered(plan, format!("receipts/{name}.json has no intent")).into());
            };
            receipt.results.iter().for_each(|result| tally.add(result.status));
            let whole = receipt.results.len() == intent.changes.len();
            begun.insert(name, whole && receipt.results.iter().all(|result| result.status.is_final()));
        }
        let ledger = Self { total: plan.changes.sent(), tally, begun, batch_size };
        if ledger.tally.finals() > ledger.total {
            return Err(PlanError::tampered(plan, "it has more receipts than changes").into());
        }
        Ok(ledger)
    }

    /// Everything without a final answer is unknown, so the four always sum up to what the plan sends.
    pub(super) fn counts(&self) -> PublicationCounts {
        let Tally { applied, rejected, conflicted } = self.tally;
        let unknown = self.total.saturating_sub(self.tally.finals());
        PublicationCounts { applied, rejected, conflicted, unknown }
    }

    pub(super) fn has_open(&self) -> bool {
        self.begun.values().any(|finished| !finished)
    }

    pub(super) fn is_open(&self, batch: &str) -> bool {
        self.begun.get(batch) == Some(&false)
    }

    pub(super) fn is_new(&self, batch: &str) -> bool {
        !self.begun.contains_key(batch)
    }

    /// The size that the publication was begun with.
    pub(super) fn batch_size(&self) -> Option<usize> {
        self.batch_size
    }

    pub(super) fn add(&mut self, newly_final: &[ReceiptStatus]) {
        newly_final.iter().for_each(|status| self.tally.add(*status));
    }
}

/// Counts what became of a plan's changes, from its receipts. Everything without a final one is unknown.
///
/// # Errors
/// The receipts cannot be read, or are not this plan's.
pub fn publication_counts(directory: &RunDirectory, plan: &Plan) -> Result<PublicationCounts, PublishError> {
    Ok(Ledger::open(directory, plan)?.counts())
}

pub(super) fn write_intent(
    directory: &RunDirectory,
    plan: &Plan,
    batch: &Batch,
    batch_size: usize,
) -> Result<(), PublishError> {
    Ok(directory.write_intent(&batch.name, &intent(plan, batch, batch_size))?)
}

fn intent(plan: &Plan, batch: &Batch, batch_size: usize) -> Intent {
    let intended = |change: &PlannedChange| IntendedChange {
        asset_key: change.sent.asset_key,
        digest: change.digest.clone(),
        idempotency_key: change.sent.idempotency_key.clone(),
    };
    Intent {
        schema_version: SCHEMA_VERSION,
        batch: batch.name.clone(),
        plan_digest: plan.digest.clone(),
        batch_size,
        changes: batch.changes.iter().map(intended).collect(),
    }
}

/// Checks that an intent on the disk names the very changes that the plan has there.
pub(super) fn check_intent(
    directory: &RunDirectory,
    plan: &Plan,
    batch: &Batch,
    batch_size: usize,
) -> Result<(), PublishError> {
    if read_intent(directory, plan, &batch.name)? == Some(intent(plan, batch, batch_size)) {
        return Ok(());
    }
    Err(PlanError::tampered(plan, format!("intents/{}.json names other changes than the plan", batch.name))
        .into())
}

/// Gives the final results that an open batch has already, by idempotency key.
pub(super) fn final_results(
    directory: &RunDirectory,
    plan: &Plan,
    batch: &Batch,
) -> Result<BTreeMap<String, ChangeReceipt>, PublishError> {
    let results =
        read_receipt(directory, plan, &batch.name)?.map(|receipt| receipt.results).unwrap_or_default();
    let keys: BTreeSet<_> = batch.changes.iter().map(|change| change.sent.idempotency_key.as_str()).collect();
    if let Some(other) = results.iter().find(|result| !keys.contains(result.idempotency_key.as_str())) {
        let what = format!("receipts/{}.json speaks of {}, which is not in it", batch.name, other.asset_key);
        return Err(PlanError::tampered(plan, what).into());
    }
    let finals = results.into_iter().filter(|result| result.status.is_final());
    Ok(finals.map(|result| (result.idempotency_key.clone(), result)).collect())
}

pub(super) fn write_receipt(
    directory: &RunDirectory,
    plan: &Plan,
    batch: &str,
    results: Vec<ChangeReceipt>,
) -> Result<(), PublishError> {
    let receipt = Receipt {
        schema_version: SCHEMA_VERSION,
        batch: batch.to_owned(),
        plan_digest: plan.digest.clone(),
        results,
    };
    Ok(directory.write_receipt(batch, &receipt)?)
}

fn read_intent(directory: &RunDirectory, plan: &Plan, name: &str) -> Result<Option<Intent>, PublishError> {
    let intent = directory.read_intent::<Intent>(name)?;
    let foreign = |intent: &Intent| intent.plan_digest != plan.digest || intent.batch != name;
    if intent.as_ref().is_some_and(foreign) {
        return Err(PlanError::tampered(plan, format!("intents/{name}.json belongs to another plan")).into());
    }
    Ok(intent)
}

pub(super) fn read_receipt(
    directory: &RunDirectory,
    plan: &Plan,
    name: &str,
) -> Result<Option<Receipt>, PublishError> {
    let receipt = directory.read_receipt::<Receipt>(name)?;
    let foreign = |receipt: &Receipt| receipt.plan_digest != plan.digest || receipt.batch != name;
    if receipt.as_ref().is_some_and(foreign) {
        return Err(PlanError::tampered(plan, format!("receipts/{name}.json belongs to another plan")).into());
    }
    Ok(receipt)
}
