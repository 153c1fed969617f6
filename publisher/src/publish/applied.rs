//! What a publication applied, in the order of its plan: receipts alone are read, never what was merely planned.

use bestand_model::change_set::Change;
use bestand_model::plan::Plan;

use super::PublishError;
use super::ledger::{self, Ledger};
use super::plan_check::{PlanError, all_changes, verify_plan};
use super::receipt::{Receipt, ReceiptStatus};
use crate::run_store::RunDirectory;

/// A change that is in the register.
#[derive(Clone, Debug, PartialEq)]
pub struct AppliedChange {
    /// The file of `changes/` that it stands in.
    pub file: String,
    /// The change.
    pub change: Change,
    /// The entry's version after it, if the register told.
    pub version: Option<String>,
}

/// Walks over what a plan's publication applied so far; one batch is held.
///
/// # Errors
/// The plan was altered, or the run store fails.
pub fn applied<'a>(
    directory: &'a RunDirectory,
    plan: &'a Plan,
) -> Result<impl Iterator<Item = Result<AppliedChange, PublishError>> + use<'a>, PublishError> {
    verify_plan(directory, plan)?;
    let ledger = Ledger::open(directory, plan)?;
    Ok(applied_changes(directory, plan, ledger.batch_size()))
}

/// The same of a plan that is verified. Without a batch size nothing was ever sent.
pub(super) fn applied_changes<'a>(
    directory: &'a RunDirectory,
    plan: &'a Plan,
    batch_size: Option<usize>,
) -> impl Iterator<Item = Result<AppliedChange, PublishError>> + use<'a> {
    let mut receipts = Receipts { directory, plan, batch_size: batch_size.unwrap_or(1), at: 0, batch: None };
    let changes = batch_size.into_iter().flat_map(move |_| all_changes(directory, plan));
    changes.filter_map(move |change| {
        let applied = change.map_err(PublishError::from).and_then(|(file, change)| {
            let version = receipts.version_of(&change)?;
            Ok(version.map(|version| AppliedChange { file: file.to_owned(), change, version }))
        });
        applied.transpose()
    })
}

/// The receipts of a publication, walked along with its plan.
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
