//! Batches.

use bestand_model::asset::AssetState;

use super::bench::{Case, Flaw, ensure, told};
use crate::central_register::{ApplyError, ResultStatus};

/// Changes in a batch whose order is looked at.
const SOME: usize = 7;

pub(super) async fn in_order(case: &Case<'_>) -> Result<(), Flaw> {
    let number = case.bench.identity.capabilities.max_batch.min(SOME);
    let changes: Vec<_> = (0..number).map(|number| case.create(number)).collect();
    let results = case.send("plan", changes.clone()).await?;
    ensure(results.len() == changes.len(), || {
        format!("{} changes got {} results", changes.len(), results.len())
    })?;
    for (at, (change, result)) in changes.iter().zip(&results).enumerate() {
        let belongs =
            (&result.idempotency_key, result.asset_key) == (&change.idempotency_key, change.asset_key);
        ensure(belongs, || format!("result {at} belongs to another change"))?;
    }
    match case.send("plan", Vec::new()).await {
        Ok(results) => ensure(results.is_empty(), || "an empty batch got a result".to_owned()),
        Err(error) => Err(Flaw::Broken(format!("an empty batch is an error: {error}"))),
    }
}

pub(super) async fn bad_change(case: &Case<'_>) -> Result<(), Flaw> {
    if case.bench.identity.capabilities.max_batch < 3 {
        // Nothing travels between two others, and so nothing can harm them.
        return Ok(());
    }
    let mut bad = case.create(2);
    // Only a retire sets that state.
    bad.patch.state = Some(AssetState::Retired);
    let results = match case.send("plan", vec![case.create(1), bad, case.create(3)]).await {
        Err(ApplyError::Refused { status, .. }) => {
            return Err(Flaw::Broken(format!(
                "one bad change got its whole batch refused with status {status}"
            )));
        }
        results => results?,
    };
    for number in [1, 2, 3] {
        let key = case.key(number);
        let result = results.iter().find(|result| result.asset_key == key);
        let result = result.ok_or_else(|| Flaw::Broken(format!("change {number} of 3 got no result")))?;
        let applied = result.status == ResultStatus::Applied;
        let is_there = case.find(key).await?.is_some();
        let due = number != 2;
        ensure(applied == due && is_there == due, || {
            let which = if due { "a change beside a bad one" } else { "a create of a retired entry" };
            let is_there = if is_there { "is there" } else { "is not there" };
            format!("{which} was {}, and the entry {is_there}", told(result))
        })?;
    }
    Ok(())
}

pub(super) async fn too_large(case: &Case<'_>) -> Result<(), Flaw> {
    let max_batch = case.bench.identity.capabilities.max_batch;
    let number = max_batch.saturating_add(1);
    if number > case.bench.subject.max_entries {
        let why = format!("too large a batch takes {number} changes, and the subject allows fewer");
        return Err(Flaw::NotExamined(why));
    }
    let changes: Vec<_> = (0..number).map(|number| case.create(number)).collect();
    let keys: Vec<_> = changes.iter().map(|change| change.asset_key).collect();
    let sent = case.send("plan", changes).await;
    let applied = case.register().look_up(&keys).await?.len();
    match sent {
        Err(ApplyError::TooLarge { .. }) => {
            ensure(applied == 0, || format!("a batch was called too large, and {applied} of it were applied"))
        }
        Ok(_) => Err(Flaw::Broken(format!("{number} changes were taken, and max_batch is {max_batch}"))),
        Err(other) => Err(Flaw::Broken(format!("too large a batch is not called so, but: {other}"))),
    }
}
