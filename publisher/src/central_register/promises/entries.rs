//! What changes make of an entry.

use std::collections::BTreeSet;

use bestand_model::asset::{AssetState, PublishedAsset};
use serde_json::{Value, json};

use super::bench::{Case, Flaw, ensure, told};
use crate::central_register::{ResultStatus, SentChange};

/// An update that makes a retired entry active.
fn reactivate(case: &Case<'_>, entry: &PublishedAsset) -> SentChange {
    let mut change = case.update("reactivate", entry, &[]);
    change.patch.state = Some(AssetState::Active);
    change
}

pub(super) async fn versions(case: &Case<'_>) -> Result<(), Flaw> {
    let mut seen = BTreeSet::new();
    let mut change = case.create(1);
    for step in 0.. {
        let kind = change.kind;
        let result = case.one(change).await?;
        let entry = case.entry(case.key(1)).await?;
        if result.status != ResultStatus::Applied {
            return Err(Flaw::NotExamined(format!("{kind:?} was {}", told(&result))));
        }
        ensure(result.version.as_ref() == Some(&entry.version), || {
            format!("{kind:?} gave version {:?}, and the entry has {:?}", result.version, entry.version)
        })?;
        ensure(seen.insert(entry.version.clone()), || {
            format!("after {kind:?} the entry has version {:?}, which it had before", entry.version)
        })?;
        change = match step {
            0 => case.update("update", &entry, &[("size", json!(4))]),
            1 => case.retire("retire", &entry),
            2 => reactivate(case, &entry),
            3 => case.update("update-back", &entry, &[("size", json!(3))]),
            _ => break,
        };
    }
    Ok(())
}

/// Updates an entry and holds it against what it should be.
async fn becomes(
    case: &Case<'_>,
    label: &str,
    before: &PublishedAsset,
    patch: &[(&str, Value)],
) -> Result<(), Flaw> {
    let mut due = before.attributes.clone();
    for (name, value) in patch {
        if value.is_null() {
            due.remove(*name);
        } else {
            due.insert((*name).to_owned(), value.clone());
        }
    }
    let after = case.applied(case.update(label, before, patch)).await?;
    ensure(after.attributes == due, || {
        let (due, found) = (json!(due), json!(after.attributes));
        format!("after {} the attributes should be {due}, and are {found}", json!(patch))
    })?;
    ensure((after.state, &after.account_id) == (before.state, &before.account_id), || {
        "a patch of attributes changed the state or the account".to_owned()
    })
}

pub(super) async fn patches(case: &Case<'_>) -> Result<(), Flaw> {
    let made = case.made(1).await?;
    becomes(case, "patch", &made, &[("size", json!(4)), ("colour", json!("red"))]).await?;
    let entry = case.entry(made.asset_key).await?;
    let retired = case.applied(case.retire("retire", &entry)).await?;
    becomes(case, "patch-retired", &retired, &[("size", json!(5))]).await
}

pub(super) async fn null(case: &Case<'_>) -> Result<(), Flaw> {
    let made = case.made(1).await?;
    becomes(case, "patch", &made, &[("size", Value::Null)]).await
}

pub(super) async fn values(case: &Case<'_>) -> Result<(), Flaw> {
    let made = case.made(1).await?;
    let values = [
        json!(""),
        json!(" Straße <b>\u{1f6a6}</b>\n"),
        json!(true),
        json!(0),
        json!(-12),
        json!(9_007_199_254_740_991_u64),
        json!(48.5),
        json!([]),
        json!([1, "1", [null]]),
        json!({ "b": { "a": null, "": 1 }, "A": [] }),
    ];
    let names: Vec<String> = (0..values.len()).map(|number| format!("Value {number}.x")).collect();
    let patch: Vec<_> = names.iter().map(String::as_str).zip(values.iter().cloned()).collect();
    let after = case.applied(case.update("values", &made, &patch)).await?;
    for (name, written) in patch {
        let kept = after.attributes.get(name);
        ensure(kept == Some(&written), || {
            format!(
                "{written} was written, and is kept as {}",
                kept.map_or("nothing".to_owned(), Value::to_string)
            )
        })?;
    }
    Ok(())
}

pub(super) async fn retired(case: &Case<'_>) -> Result<(), Flaw> {
    let made = case.made(1).await?;
    let retire = case.one(case.retire("retire", &made)).await?;
    ensure(retire.status == ResultStatus::Applied, || format!("a retire was {}", told(&retire)))?;
    let Some(entry) = case.find(made.asset_key).await? else {
        return Err(Flaw::Broken("an entry that was retired is gone".to_owned()));
    };
    ensure(entry.state == AssetState::Retired, || "an entry that was retired is active".to_owned())?;
    ensure((&entry.attributes, &entry.account_id) == (&made.attributes, &made.account_id), || {
        "an entry that was retired lost its attributes or its account".to_owned()
    })?;
    let back = case.one(reactivate(case, &entry)).await?;
    ensure(back.status == ResultStatus::Applied, || {
        format!("bringing back a retired entry was {}", told(&back))
    })?;
    let entry = case.entry(made.asset_key).await?;
    ensure(entry.state == AssetState::Active, || "a retired entry did not become active again".to_owned())
}

pub(super) async fn unknown(case: &Case<'_>) -> Result<(), Flaw> {
    let made = case.made(0).await?;
    // More than go into one call, and the one that is there is the last.
    let number = case.bench.identity.capabilities.max_batch.min(MANY).saturating_add(1);
    let keys: Vec<_> = (0..number).rev().map(|number| case.key(number)).collect();
    let found = case.register().look_up(&keys).await?;
    let found: Vec<_> = found.iter().map(|entry| entry.asset_key).collect();
    ensure(found == [made.asset_key], || {
        format!("of {number} keys one is there, and the lookup gave {found:?}")
    })?;
    let nothing = case.register().look_up(&[]).await?;
    ensure(nothing.is_empty(), || "a lookup of no keys gave an entry".to_owned())
}

/// More keys than this make no other call.
const MANY: usize = 10_000;
