//! The forms of intents and receipts, as they lie in the run directory.

use bestand_model::asset::AssetKey;
use bestand_model::change_set::ChangeKind;
use serde::{Deserialize, Serialize};

use super::batches::PlannedChange;

/// `intents/<batch>.json`: durable before the batch is sent.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Intent {
    /// The version of this file's form.
    pub schema_version: u32,
    /// The batch's name.
    pub batch: String,
    /// The plan that it is part of.
    pub plan_digest: String,
    /// Most changes in a batch of this publication: a resumed one is cut the same way.
    pub batch_size: usize,
    /// The changes.
    pub changes: Vec<IntendedChange>,
}

/// One change of an intent.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct IntendedChange {
    /// The entry.
    pub asset_key: AssetKey,
    /// The change's digest.
    pub digest: String,
    /// The key that the register remembers it by.
    pub idempotency_key: String,
}

/// `receipts/<batch>.json`: what became of a batch, one result per change, in its order.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Receipt {
    /// The version of this file's form.
    pub schema_version: u32,
    /// The batch's name.
    pub batch: String,
    /// The plan that it is part of.
    pub plan_digest: String,
    /// The results.
    pub results: Vec<ChangeReceipt>,
}

/// What became of one change.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct ChangeReceipt {
    /// The entry.
    pub asset_key: AssetKey,
    /// What was to be done.
    pub kind: ChangeKind,
    /// The key that the register remembers it by.
    pub idempotency_key: String,
    /// What became of it.
    pub status: ReceiptStatus,
    /// Applied: the new version. Conflicted: the one that is there, if there is an entry.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// Why or how, for machines: the register's code, or `read_back`, `too_large`, `batch_refused`,
    /// `not_sent`, `not_applied`, `no_answer`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// Why, for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

impl ChangeReceipt {
    pub(super) fn new(change: &PlannedChange, status: ReceiptStatus) -> Self {
        Self {
            asset_key: change.sent.asset_key,
            kind: change.sent.kind,
            idempotency_key: change.sent.idempotency_key.clone(),
            status,
            version: None,
            code: None,
            reason: None,
        }
    }

    #[must_use]
    pub(super) fn with_version(mut self, version: Option<String>) -> Self {
        self.version = version;
        self
    }

    #[must_use]
    pub(super) fn because(mut self, code: &str, reason: Option<String>) -> Self {
        self.code = Some(code.to_owned());
        self.reason = reason;
        self
    }
}

/// What became of a change, as far as it is known.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ReceiptStatus {
    /// The register has it.
    Applied,
    /// The register refuses it.
    Rejected,
    /// The entry moved since the plan was made: left alone.
    Conflicted,
    /// Not known: the only status that is not final.
    Unknown,
}

impl ReceiptStatus {
    pub(super) fn is_final(self) -> bool {
        self != Self::Unknown
    }
}
