//! What restores an entry to what it said before a run changed it (SEMANTICS 3.13).
//!
//! A revert knows nothing of what lives in AWS. It undoes what one run wrote, where that still stands, and leaves
//! everything else alone.

use crate::asset::{AssetPatch, AssetState, PublishedAsset};
use crate::change_set::{Change, ChangeKind, Ground, Precondition, WithheldReason};

/// Gives the change that undoes an applied one: `Update`, `Retire`, `Unchanged` where it is undone already, or
/// `Withheld`.
///
/// `version` is the entry's after the change was applied, `entry` the entry as it is now. A patch is undone where the
/// entry still says all of it, whoever wrote other attributes since. What would retire the entry is undone only where
/// nobody wrote at all since: somebody may have come to rely on an entry that he wrote into.
pub fn inverse(applied: &Change, version: Option<&str>, entry: Option<&PublishedAsset>) -> Change {
    let back = restoring(applied);
    let kind = if back.state == Some(AssetState::Retired) { ChangeKind::Retire } else { ChangeKind::Update };
    let Some(entry) = entry else { return withheld(applied, kind, WithheldReason::MovedSince) };
    // A Create gives an account as well, but what undoes it leaves the entry as it is but for its state.
    let gave_account = applied.kind != ChangeKind::Create
        && applied.after.account_id.is_some()
        && applied.before.account_id.is_none();
    if entry.says(kind, &back) && !(gave_account && entry.account_id.is_some()) {
        return made(applied, ChangeKind::Unchanged);
    }
    let untouched = version == Some(entry.version.as_str());
    if !entry.says(applied.kind, &applied.after) || (kind == ChangeKind::Retire && !untouched) {
        return withheld(applied, kind, WithheldReason::MovedSince);
    }
    if gave_account {
        return withheld(applied, kind, WithheldReason::NotRevertible);
    }
    Change {
        precondition: Some(Precondition::Version(entry.version.clone())),
        before: said(entry, &back),
        after: back,
        ground: (kind == ChangeKind::Retire).then_some(Ground::Revert),
        ..made(applied, kind)
    }
    .sealed()
}

/// The patch that restores what an applied change replaced.
fn restoring(applied: &Change) -> AssetPatch {
    match applied.kind {
        // What was not there before is retired: a register deletes nothing (SEMANTICS 3.3).
        ChangeKind::Create => AssetPatch { state: Some(AssetState::Retired), ..AssetPatch::default() },
        ChangeKind::Update | ChangeKind::Retire | ChangeKind::Unchanged | ChangeKind::Withheld => {
            applied.before.clone()
        }
    }
}

/// What the entry says now of that which the patch sets.
fn said(entry: &PublishedAsset, patch: &AssetPatch) -> AssetPatch {
    let value = |name: &String| entry.attributes.get(name).cloned().unwrap_or_default();
    AssetPatch {
        state: patch.state.map(|_| entry.state),
        account_id: patch.account_id.as_ref().and(entry.account_id.clone()),
        attributes: patch.attributes.keys().map(|name| (name.clone(), value(name))).collect(),
    }
}

fn withheld(applied: &Change, would_be: ChangeKind, reason: WithheldReason) -> Change {
    let blank = made(applied, ChangeKind::Withheld);
    Change { reason: Some(reason), would_be: Some(would_be), ..blank }.sealed()
}

fn made(applied: &Change, kind: ChangeKind) -> Change {
    Change::blank(kind, applied.asset_key, applied.account_id.clone()).sealed()
}

#[cfg(test)]
mod tests;
