//! What an entry shows of its last change.

use bestand_model::asset::AssetKey;
use bestand_model::capability::Capability;
use serde_json::json;

use super::bench::{Case, Flaw, ensure};
use crate::central_register::{ResultStatus, SentChange};

pub(super) async fn last_plan(case: &Case<'_>) -> Result<(), Flaw> {
    let create = case.create(1);
    let key = create.asset_key;
    shows(case, "plan-1", create.clone()).await?;
    let stale = case.entry(key).await?;
    shows(case, "plan-2", case.update("update", &stale, &[("size", json!(4))])).await?;
    // What is not applied leaves no mark: it would pass for what was planned.
    if case.bench.identity.capabilities.declares(Capability::Preconditions) {
        case.one_of("plan-3", case.update("stale", &stale, &[("size", json!(5))])).await?;
        marked(case, key, "plan-2").await?;
    }
    if case.bench.identity.capabilities.declares(Capability::Idempotency) {
        case.one_of("plan-4", create).await?;
        marked(case, key, "plan-2").await?;
    }
    let entry = case.entry(key).await?;
    shows(case, "plan-5", case.retire("retire", &entry)).await
}

/// Applies a change of a plan: the entry must show it.
async fn shows(case: &Case<'_>, plan: &str, change: SentChange) -> Result<(), Flaw> {
    let key = change.asset_key;
    let result = case.one_of(plan, change).await?;
    if result.status != ResultStatus::Applied {
        return Err(Flaw::NotExamined(format!("the change of {plan} was not applied")));
    }
    marked(case, key, plan).await
}

async fn marked(case: &Case<'_>, key: AssetKey, plan: &str) -> Result<(), Flaw> {
    let entry = case.entry(key).await?;
    let digest = case.named(plan);
    ensure(entry.last_plan.as_ref() == Some(&digest), || {
        format!("{digest} was applied last, and the entry shows {:?}", entry.last_plan)
    })?;
    let source = &case.bench.identity.source;
    ensure(entry.last_writer.as_ref().is_none_or(|writer| writer == source), || {
        format!("{source} wrote last, and the entry shows {:?}", entry.last_writer)
    })
}
