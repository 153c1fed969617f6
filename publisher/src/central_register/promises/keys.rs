//! Idempotency keys.

use bestand_model::asset::PublishedAsset;
use serde_json::json;

use super::bench::{Case, Flaw, at, ensure, told};
use crate::central_register::{ChangeResult, ResultStatus, SentChange};

/// Sends a change again: it must be answered as `first`, and leave the entry as it is.
async fn again(
    case: &Case<'_>,
    change: &SentChange,
    first: &ChangeResult,
    entry: &PublishedAsset,
) -> Result<(), Flaw> {
    let kind = change.kind;
    let result = case.one(change.clone()).await?;
    ensure((result.status, &result.version) == (first.status, &first.version), || {
        format!("{kind:?} was {} at first, and {} when it was sent again", told(first), told(&result))
    })?;
    ensure(result.replayed, || format!("{kind:?} was sent again, and the answer does not say so"))?;
    case.unchanged(entry, &format!("{kind:?} was sent again")).await
}

pub(super) async fn applies_once(case: &Case<'_>) -> Result<(), Flaw> {
    let create = case.create(1);
    let created = case.one(create.clone()).await?;
    let entry = case.entry(create.asset_key).await?;
    again(case, &create, &created, &entry).await?;

    let update = case.update("update", &entry, &[("size", json!(4))]);
    let updated = case.one(update.clone()).await?;
    let entry = case.entry(create.asset_key).await?;
    again(case, &update, &updated, &entry).await?;
    // Somebody else writes, and the lost answer is asked for once more.
    let entry = case.applied(case.update("move", &entry, &[("size", json!(5))])).await?;
    again(case, &update, &updated, &entry).await?;
    again(case, &create, &created, &entry).await
}

pub(super) async fn stands_for_one_change(case: &Case<'_>) -> Result<(), Flaw> {
    let made = case.made(1).await?;
    let update = case.update("update", &made, &[("size", json!(4))]);
    let entry = case.applied(update.clone()).await?;
    let other = |change: SentChange| SentChange { idempotency_key: update.idempotency_key.clone(), ..change };
    // All that could hold is held to, but for the key.
    let mut other_values = update.clone();
    other_values.precondition = at(&entry);
    other_values.patch.attributes.insert("size".to_owned(), json!(6));
    let changes = [other_values, other(case.retire("retire", &entry)), other(case.create(2))];
    for change in changes {
        let (kind, key) = (change.kind, change.asset_key);
        let result = case.one(change).await?;
        ensure(result.status != ResultStatus::Applied, || {
            format!("{kind:?} under the key of another change was {}", told(&result))
        })?;
        if key == entry.asset_key {
            case.unchanged(&entry, &format!("{kind:?} under the key of another change was not applied"))
                .await?;
        } else {
            let found = case.find(key).await?;
            ensure(found.is_none(), || format!("{kind:?} under the key of another change made an entry"))?;
        }
    }
    Ok(())
}
