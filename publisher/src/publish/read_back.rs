//! What became of a change whose answer is missing, read off the entry itself (SEMANTICS 3.5).

use bestand_model::asset::{AssetPatch, AssetState, PublishedAsset};
use bestand_model::attribute;
use bestand_model::change_set::{ChangeKind, Precondition};

use crate::central_register::{Capabilities, SentChange};

/// What an entry tells of a change.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Verdict {
    /// It was applied.
    Applied {
        /// The entry's version.
        version: String,
    },
    /// It was not applied, and still could be.
    NotApplied,
    /// It can no longer be applied; whether it was, before somebody else wrote, the entry does not tell.
    Moved {
        /// The entry's version, if there is an entry.
        version: Option<String>,
    },
}

/// Judges a change by the entry as it is now.
///
/// A plan has at most one change per entry. So the plan's mark together with the planned content can only
/// come from this very change.
pub(super) fn judge(
    change: &SentChange,
    entry: Option<&PublishedAsset>,
    plan_digest: &str,
    capabilities: &Capabilities,
) -> Verdict {
    let Some(entry) = entry else {
        return match change.precondition {
            Precondition::Absent(_) => Verdict::NotApplied,
            Precondition::Version(_) => Verdict::Moved { version: None },
        };
    };
    let version = entry.version.clone();
    let says_it = says(entry, change.kind, &change.patch);
    if says_it && capabilities.read_back && entry.last_plan.as_deref() == Some(plan_digest) {
        return Verdict::Applied { version };
    }
    match &change.precondition {
        Precondition::Version(expected) if *expected == entry.version => Verdict::NotApplied,
        // Neither marks nor remembered keys: that the register says what it should is all that can be known.
        Precondition::Version(_) | Precondition::Absent(_)
            if says_it && !capabilities.read_back && !capabilities.idempotency =>
        {
            Verdict::Applied { version }
        }
        Precondition::Version(_) | Precondition::Absent(_) => Verdict::Moved { version: Some(version) },
    }
}

/// Tells whether the entry says everything that the change sets.
fn says(entry: &PublishedAsset, kind: ChangeKind, after: &AssetPatch) -> bool {
    let state = match kind {
        ChangeKind::Create => Some(after.state.unwrap_or(AssetState::Active)),
        ChangeKind::Retire => Some(AssetState::Retired),
        ChangeKind::Update | ChangeKind::Unchanged | ChangeKind::Withheld => after.state,
    };
    state.is_none_or(|state| state == entry.state)
        && after.account_id.as_ref().is_none_or(|account| entry.account_id.as_ref() == Some(account))
        && after.attributes.iter().all(|(name, value)| {
            let found = entry.attributes.get(name).filter(|found| !found.is_null());
            match found {
                None => value.is_null(),
                Some(found) => attribute::same_value(found, value),
            }
        })
}
