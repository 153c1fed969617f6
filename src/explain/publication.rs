//! What became of a change: its receipt, or an intent without one.

use bestand_model::change_set::Change;
use bestand_model::plan::Plan;
use bestand_publisher::publish::{Intent, Receipt, ReceiptStatus};
use schemars::JsonSchema;
use serde::Serialize;

use super::run::Run;
use crate::error::Error;

/// What became of a change.
#[derive(Clone, Debug, JsonSchema, PartialEq, Serialize)]
pub(crate) struct Publication {
    /// The batch that it was sent in.
    pub(crate) batch: String,
    /// `applied`, `rejected`, `conflicted` or `unknown`.
    #[schemars(with = "String")]
    pub(crate) status: ReceiptStatus,
    /// Applied: the new version of the entry. Conflicted: the one that is there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) version: Option<String>,
    /// Why or how, for machines.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) code: Option<String>,
    /// Why, for people.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) reason: Option<String>,
}

/// Finds out what became of a change; nothing where it was not sent. Batches are read one by one, and of intents only
/// those that have no receipt.
pub(super) fn of(run: &Run, plan: &Plan, change: &Change) -> Result<Option<Publication>, Error> {
    if !change.kind.is_sent() {
        return Ok(None);
    }
    let key = change.idempotency_key(&plan.digest);
    let receipts = run.directory.receipts()?;
    for batch in &receipts {
        let receipt: Option<Receipt> = run.directory.read_receipt(batch)?;
        let results = receipt.into_iter().flat_map(|receipt| receipt.results);
        if let Some(result) = results.into_iter().find(|result| result.idempotency_key == key) {
            return Ok(Some(Publication {
                batch: batch.clone(),
                status: result.status,
                version: result.version,
                code: result.code,
                reason: result.reason,
            }));
        }
    }
    for batch in run.directory.intents()? {
        let intent: Option<Intent> = run.directory.read_intent(&batch)?;
        if intent.is_some_and(|intent| intent.changes.iter().any(|change| change.idempotency_key == key)) {
            let status = ReceiptStatus::Unknown;
            return Ok(Some(Publication { batch, status, version: None, code: None, reason: None }));
        }
    }
    Ok(None)
}
