//! Writers are kept apart.

use bestand_model::asset::PublishedAsset;
use serde_json::json;

use super::bench::{Case, Flaw, ensure, same, told};
use crate::central_register::{CentralRegister, ListScope, ResultStatus};

/// Lets the stranger make an entry in the first account, and reads it with its eyes.
async fn of_stranger<'a>(case: &Case<'a>) -> Result<(&'a dyn CentralRegister, PublishedAsset), Flaw> {
    let Some(stranger) = case.bench.subject.stranger else {
        return Err(Flaw::NotExamined("there is no other writer: the subject names no stranger".to_owned()));
    };
    let create = case.create(1);
    let key = create.asset_key;
    let results = case.send_by(stranger, "strange", vec![create]).await?;
    if results.first().is_none_or(|result| result.status != ResultStatus::Applied) {
        return Err(Flaw::NotExamined("the stranger could not make an entry".to_owned()));
    }
    let found = stranger.look_up(&[key]).await?.into_iter().next();
    let entry = found.ok_or_else(|| Flaw::NotExamined("the stranger cannot see its own entry".to_owned()))?;
    Ok((stranger, entry))
}

pub(super) async fn not_shown(case: &Case<'_>) -> Result<(), Flaw> {
    let (_, entry) = of_stranger(case).await?;
    let listed = case.bench.list(&ListScope::Account(case.account().clone())).await?;
    let shown = listed.iter().any(|listed| listed.asset_key == entry.asset_key);
    ensure(!shown, || "a list gives an entry of another writer".to_owned())?;
    let found = case.find(entry.asset_key).await?;
    ensure(found.is_none(), || "a lookup gives an entry of another writer".to_owned())
}

pub(super) async fn not_changed(case: &Case<'_>) -> Result<(), Flaw> {
    let (stranger, entry) = of_stranger(case).await?;
    let mut create = case.create(1);
    create.idempotency_key = case.named("create-over");
    for change in
        [case.update("update", &entry, &[("name", json!("ours"))]), create, case.retire("retire", &entry)]
    {
        let kind = change.kind;
        let result = case.one(change).await?;
        ensure(result.status != ResultStatus::Applied, || {
            format!("a change of an entry of another writer was {} ({kind:?})", told(&result))
        })?;
        let after = stranger.look_up(&[entry.asset_key]).await?.into_iter().next();
        ensure(after.is_some_and(|after| same(&entry, &after)), || {
            format!(
                "a change of an entry of another writer was not applied, it is said, and it was ({kind:?})"
            )
        })?;
    }
    Ok(())
}
