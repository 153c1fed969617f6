//! Results of single changes: from the register's answers, and from what was concluded without one.

use std::collections::BTreeMap;

use super::batches::PlannedChange;
use super::receipt::{ChangeReceipt, ReceiptStatus};
use crate::central_register::{ChangeResult, ResultStatus};

/// The code of a change that alone made the register refuse its batch.
pub(super) const BATCH_REFUSED: &str = "batch_refused";

/// Gives each change its result from the register's answer, if it is there. Results that were not asked for
/// are ignored.
pub(super) fn matched(
    changes: Vec<PlannedChange>,
    results: Vec<ChangeResult>,
) -> impl Iterator<Item = (PlannedChange, Option<ChangeReceipt>)> {
    let mut results: BTreeMap<_, _> =
        results.into_iter().map(|result| (result.idempotency_key.clone(), result)).collect();
    changes.into_iter().map(move |change| {
        let result = results
            .remove(&change.sent.idempotency_key)
            .filter(|result| result.asset_key == change.sent.asset_key)
            .map(|result| answered(&change, result));
        (change, result)
    })
}

fn answered(change: &PlannedChange, result: ChangeResult) -> ChangeReceipt {
    let status = match result.status {
        ResultStatus::Applied => ReceiptStatus::Applied,
        ResultStatus::Rejected => ReceiptStatus::Rejected,
        ResultStatus::Conflicted => ReceiptStatus::Conflicted,
    };
    let ChangeResult { version, code, reason, .. } = result;
    ChangeReceipt { version, code, reason, ..ChangeReceipt::new(change, status) }
}

/// The entry shows that the change was applied.
pub(super) fn applied_as_read(change: &PlannedChange, version: String) -> ChangeReceipt {
    ChangeReceipt::new(change, ReceiptStatus::Applied).with_version(Some(version)).because("read_back", None)
}

/// The entry moved, and nobody can tell whether that was after the change.
pub(super) fn moved(change: &PlannedChange, version: Option<String>) -> ChangeReceipt {
    let reason = "the entry is no longer as the plan found it".to_owned();
    ChangeReceipt::new(change, ReceiptStatus::Conflicted)
        .with_version(version)
        .because("read_back", Some(reason))
}

/// The register says of the change alone that it conflicts.
pub(super) fn conflicted(change: &PlannedChange, reason: &str) -> ChangeReceipt {
    ChangeReceipt::new(change, ReceiptStatus::Conflicted).because(BATCH_REFUSED, Some(reason.to_owned()))
}

/// The register does not take the change even alone.
pub(super) fn refused(change: &PlannedChange, code: &str, reason: &str) -> ChangeReceipt {
    ChangeReceipt::new(change, ReceiptStatus::Rejected).because(code, Some(reason.to_owned()))
}

/// Nothing is known for good.
pub(super) fn open(change: &PlannedChange, code: &str, reason: &str) -> ChangeReceipt {
    ChangeReceipt::new(change, ReceiptStatus::Unknown).because(code, Some(reason.to_owned()))
}

/// Halves some changes; one alone comes back.
pub(super) fn halves(mut changes: Vec<PlannedChange>) -> Result<[Vec<PlannedChange>; 2], Vec<PlannedChange>> {
    if changes.len() < 2 {
        return Err(changes);
    }
    let second = changes.split_off(changes.len() / 2);
    Ok([changes, second])
}
