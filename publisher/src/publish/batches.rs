//! How a plan is cut into batches: by counting alone, so that a resumed publication finds the same ones.

use bestand_model::plan::Plan;

use super::plan_check::{PlanError, all_changes};
use crate::central_register::SentChange;
use crate::run_store::RunDirectory;

/// Changes that share an intent and a receipt.
#[derive(Debug)]
pub(super) struct Batch {
    /// `000001` and on: sorts in the order of the plan.
    pub(super) name: String,
    pub(super) changes: Vec<PlannedChange>,
}

/// A change that is to be sent, with the digest that its intent names.
#[derive(Clone, Debug)]
pub(super) struct PlannedChange {
    pub(super) sent: SentChange,
    pub(super) digest: String,
}

/// Streams the plan's batches; no more than one is held.
pub(super) fn batches<'a>(
    directory: &'a RunDirectory,
    plan: &'a Plan,
    size: usize,
) -> impl Iterator<Item = Result<Batch, PlanError>> + Send + use<'a> {
    let mut changes = sent_changes(directory, plan);
    let mut number = 0;
    std::iter::from_fn(move || {
        let batch: Result<Vec<_>, _> = changes.by_ref().take(size.max(1)).collect();
        match batch {
            Ok(batch) if batch.is_empty() => None,
            Ok(changes) => {
                number += 1;
                Some(Ok(Batch { name: name(number), changes }))
            }
            Err(error) => Some(Err(error)),
        }
    })
}

/// Names the batches from 1 on.
pub(super) fn name(number: usize) -> String {
    format!("{number:06}")
}

fn sent_changes<'a>(
    directory: &'a RunDirectory,
    plan: &'a Plan,
) -> impl Iterator<Item = Result<PlannedChange, PlanError>> + Send + use<'a> {
    all_changes(directory, plan).filter_map(move |change| match change {
        Ok((_, change)) => SentChange::of(&change, &plan.digest)
            .map(|sent| Ok(PlannedChange { sent, digest: change.digest })),
        Err(error) => Some(Err(error)),
    })
}
