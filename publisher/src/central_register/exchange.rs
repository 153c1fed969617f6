//! What is exchanged with a central register.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use bestand_model::asset::{AssetKey, AssetPatch};
use bestand_model::capability::Capability;
use bestand_model::change_set::{Change, ChangeKind, Precondition};
use bestand_model::identifiers::{AccountId, RunId};
use bestand_model::run_summary::Override;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Which register it is, and as whom bestand writes there.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct RegisterIdentity {
    /// The register's own id, for its whole life.
    pub register_id: String,
    /// The environment it belongs to.
    pub environment: String,
    /// Its name for people.
    pub name: String,
    /// The contract's version that it keeps.
    pub api_version: String,
    /// As whom the credential writes.
    pub source: String,
    /// Which promises it keeps.
    pub capabilities: Capabilities,
}

/// What a register declares that it can do (SEMANTICS 3.10).
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Capabilities {
    /// Its environment can be relied upon.
    pub environment: bool,
    /// Lists hold every entry, retired ones included.
    pub list: bool,
    /// Preconditions are enforced.
    pub preconditions: bool,
    /// Keys are remembered: a batch may be sent again.
    pub idempotency: bool,
    /// Marks and lookups show whether a change was applied.
    pub read_back: bool,
    /// Most changes in a batch.
    pub max_batch: usize,
    /// Most entries on a page.
    pub max_page: usize,
}

impl Capabilities {
    /// Tells whether the register declares it.
    #[must_use]
    pub fn declares(&self, capability: Capability) -> bool {
        match capability {
            Capability::Environment => self.environment,
            Capability::List => self.list,
            Capability::Preconditions => self.preconditions,
            Capability::Idempotency => self.idempotency,
            Capability::ReadBack => self.read_back,
        }
    }

    /// Names what the register does not declare, in a fixed order.
    #[must_use]
    pub fn missing(&self) -> Vec<Capability> {
        Capability::ALL.into_iter().filter(|capability| !self.declares(*capability)).collect()
    }

    /// Tells whether a change may be sent again though it may have been applied: its key or its precondition keeps it
    /// from being applied twice.
    pub(crate) fn bears_repeating(&self) -> bool {
        self.idempotency || self.preconditions
    }

    /// Tells whether sending again a change that may have been applied, to an entry that moved, is harmless and tells
    /// what became of it.
    pub(crate) fn answers_again(&self) -> bool {
        self.idempotency && self.preconditions
    }
}

/// Whose entries a list gives.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum ListScope {
    /// Those of one account.
    Account(AccountId),
    /// Those of no account.
    WithoutAccount,
}

impl fmt::Display for ListScope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Account(account) => write!(f, "account {account}"),
            Self::WithoutAccount => f.write_str("entries without an account"),
        }
    }
}

/// Where the next page of a list begins. It remembers the pages before, so that a list that goes round in a
/// circle is noticed.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Cursor {
    text: String,
    earlier: BTreeSet<String>,
}

impl Cursor {
    /// Follows `before` with what the register gave; `None` if the list was there already.
    #[must_use]
    pub fn after(before: Option<Self>, text: String) -> Option<Self> {
        let mut earlier = BTreeSet::new();
        if let Some(before) = before {
            earlier = before.earlier;
            earlier.insert(before.text);
        }
        (!earlier.contains(&text)).then_some(Self { text, earlier })
    }

    /// Gives it as the register gave it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

/// One page of a list.
#[derive(Clone, Debug)]
pub struct Page<T> {
    /// What is on it; may be nothing.
    pub items: Vec<T>,
    /// The next page; the last page has none.
    pub next: Option<Cursor>,
}

/// A change as it is sent.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct SentChange {
    /// The change's own key (SEMANTICS 3.4).
    pub idempotency_key: String,
    /// Create, update or retire.
    pub kind: ChangeKind,
    /// Of which entry.
    pub asset_key: AssetKey,
    /// What must still hold.
    pub precondition: Precondition,
    /// What is set.
    pub patch: AssetPatch,
}

impl SentChange {
    /// Makes a planned change ready to send; `None` for one that is not sent, or that lacks a precondition.
    #[must_use]
    pub fn of(change: &Change, plan_digest: &str) -> Option<Self> {
        if !change.kind.is_sent() {
            return None;
        }
        Some(Self {
            idempotency_key: change.idempotency_key(plan_digest),
            kind: change.kind,
            asset_key: change.asset_key,
            precondition: change.precondition.clone()?,
            patch: change.after.clone(),
        })
    }
}

/// Changes that travel together; they share nothing but the way.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct ChangeBatch {
    /// The plan's digest: the mark that the register puts on what it applies.
    pub plan_digest: String,
    /// The run that planned them.
    pub run_id: RunId,
    /// The changes.
    pub changes: Vec<SentChange>,
}

/// What became of a change.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ResultStatus {
    /// It was applied, now or at an earlier sending.
    Applied,
    /// The register will not apply it.
    Rejected,
    /// The entry moved meanwhile: it was left alone.
    Conflicted,
}

/// The register's answer for one change.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct ChangeResult {
    /// The change's key.
    pub idempotency_key: String,
    /// The entry.
    pub asset_key: AssetKey,
    /// What became of it.
    pub status: ResultStatus,
    /// Whether the register had answered this key before, and applied nothing now.
    pub replayed: bool,
    /// Applied: the new version. Conflicted: the one that is there, if there is an entry.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// Why, for machines.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// Why, for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// What the register keeps of a run that wrote.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct RunEvidence {
    /// The run.
    #[serde(skip_serializing)]
    pub run_id: RunId,
    /// The environment that it was meant for.
    pub environment: String,
    /// The plan that was published.
    #[serde(default)]
    pub plan_digest: Option<String>,
    /// The command.
    pub command: String,
    /// bestand's version.
    pub tool_version: String,
    /// When it began.
    pub started_at: Timestamp,
    /// When it ended; `None` while it goes on.
    #[serde(default)]
    pub ended_at: Option<Timestamp>,
    /// What was done.
    pub totals: BTreeMap<String, Value>,
    /// Limits that somebody set aside, with who and why (SEMANTICS 3.12).
    pub overrides: Vec<Override>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_notices_a_circle_of_any_length() {
        let first = Cursor::after(None, "a".into()).unwrap();
        assert!(Cursor::after(Some(first.clone()), "a".into()).is_none());
        let second = Cursor::after(Some(first), "b".into()).unwrap();
        let third = Cursor::after(Some(second), "c".into()).unwrap();
        assert!(Cursor::after(Some(third.clone()), "a".into()).is_none());
        assert!(Cursor::after(Some(third.clone()), "c".into()).is_none());
        assert!(Cursor::after(Some(third), "d".into()).is_some());
    }

    #[test]
    fn semantics_3_10_what_is_not_declared_is_named() {
        let mut capabilities = Capabilities {
            environment: true,
            list: true,
            preconditions: true,
            idempotency: true,
            read_back: true,
            max_batch: 1,
            max_page: 1,
        };
        assert_eq!(capabilities.missing(), []);
        capabilities.idempotency = false;
        capabilities.list = false;
        assert_eq!(capabilities.missing(), [Capability::List, Capability::Idempotency]);
    }
}
