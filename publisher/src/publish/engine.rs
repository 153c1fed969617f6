//! Keeps a few batches under way, each between its intent and its receipt.

use std::collections::BTreeMap;

use bestand_model::plan::Plan;
use bestand_model::run_summary::PublicationCounts;
use futures::StreamExt as _;
use futures::stream::FuturesUnordered;

use super::answers;
use super::batches::{Batch, PlannedChange, batches};
use super::delivery::{Courier, Departure, Trouble};
use super::ledger::{self, Ledger};
use super::receipt::{ChangeReceipt, ReceiptStatus};
use super::{Publication, PublishError, PublishSettings, StopSignal};
use crate::central_register::{Capabilities, CentralRegister};
use crate::run_store::RunDirectory;

/// After so many batches in a row without a clear answer the register is left in peace: the rest stays without
/// intent and is sent when the publication is resumed.
const TROUBLED_BATCHES_MAX: u32 = 3;

/// Which batches a pass takes.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Pass {
    /// Those that an earlier publication left open.
    Resume,
    /// The same, without sending what could still be applied.
    SettleOnly,
    /// Those that were never begun.
    New,
}

/// One publication at work.
pub(super) struct Engine<'a> {
    directory: &'a RunDirectory,
    plan: &'a Plan,
    courier: Courier<'a>,
    settings: PublishSettings,
    ledger: Ledger,
    troubled_in_a_row: u32,
    halted: Option<String>,
    lost_lease: bool,
}

/// What became of one batch.
struct Outcome {
    newly_final: Vec<ReceiptStatus>,
    trouble: Option<Trouble>,
}

impl<'a> Engine<'a> {
    pub(super) fn new(
        directory: &'a RunDirectory,
        plan: &'a Plan,
        register: &'a dyn CentralRegister,
        capabilities: Capabilities,
        settings: PublishSettings,
        ledger: Ledger,
    ) -> Self {
        let batch_size = settings.batch_size.clamp(1, capabilities.max_batch.max(1));
        let batch_size = ledger.batch_size().unwrap_or(batch_size);
        let settings = PublishSettings { batch_size, concurrency: settings.concurrency.max(1) };
        let courier = Courier { register, capabilities, plan_digest: &plan.digest, run_id: &plan.run_id };
        Self {
            directory,
            plan,
            courier,
            settings,
            ledger,
            troubled_in_a_row: 0,
            halted: None,
            lost_lease: false,
        }
    }

    /// Walks over the plan once and takes the pass's batches. After an error no batch is begun, and the open
    /// ones are finished.
    pub(super) async fn pass(
        &mut self,
        pass: Pass,
        stop: &StopSignal,
        progress: &(dyn Fn(PublicationCounts) + Sync),
    ) -> Result<(), PublishError> {
        if pass != Pass::New && !self.ledger.has_open() {
            return Ok(());
        }
        let (directory, plan, courier) = (self.directory, self.plan, self.courier);
        let batch_size = self.settings.batch_size;
        let mut coming = batches(directory, plan, batch_size);
        let mut under_way = FuturesUnordered::new();
        let mut first_error = None;
        loop {
            while under_way.len() < self.settings.concurrency
                && first_error.is_none()
                && self.halted.is_none()
                && !stop.is_raised()
            {
                match coming.next() {
                    Some(Ok(batch)) if self.takes(pass, &batch) => {
                        under_way.push(carry(directory, plan, courier, pass, batch_size, batch));
                    }
                    Some(Ok(_)) => {}
                    Some(Err(error)) => first_error = Some(error.into()),
                    None => break,
                }
            }
            match under_way.next().await {
                Some(Ok(outcome)) => {
                    self.note(outcome);
                    progress(self.ledger.counts());
                }
                Some(Err(error)) => first_error = first_error.or(Some(error)),
                None => return first_error.map_or(Ok(()), Err),
            }
        }
    }

    fn takes(&self, pass: Pass, batch: &Batch) -> bool {
        match pass {
            Pass::Resume | Pass::SettleOnly => self.ledger.is_open(&batch.name),
            Pass::New => self.ledger.is_new(&batch.name),
        }
    }

    fn note(&mut self, outcome: Outcome) {
        self.ledger.add(&outcome.newly_final);
        match outcome.trouble {
            None => self.troubled_in_a_row = 0,
            Some(Trouble::Lasting(reason)) => self.halted = Some(reason),
            Some(Trouble::NoLease(reason)) => {
                self.lost_lease = true;
                self.halted = Some(reason);
            }
            Some(Trouble::Passing(reason)) => {
                self.troubled_in_a_row += 1;
                if self.troubled_in_a_row >= TROUBLED_BATCHES_MAX {
                    self.halted.get_or_insert(reason);
                }
            }
        }
    }

    /// Tells what it came to.
    pub(super) fn finish(self, stop: &StopSignal) -> Publication {
        let counts = self.ledger.counts();
        let stopped = stop.is_raised() && counts.unknown > 0;
        Publication { counts, stopped, halted: self.halted, lost_lease: self.lost_lease }
    }
}

/// Carries one batch from its intent to its receipt.
///
/// Writing blocks this thread for the few milliseconds that a disk needs: whatever else it could do meanwhile
/// has to wait for that very intent or receipt.
async fn carry(
    directory: &RunDirectory,
    plan: &Plan,
    courier: Courier<'_>,
    pass: Pass,
    batch_size: usize,
    batch: Batch,
) -> Result<Outcome, PublishError> {
    let (departure, earlier) = match pass {
        Pass::New => {
            ledger::write_intent(directory, plan, &batch, batch_size)?;
            (Departure::Fresh, BTreeMap::new())
        }
        Pass::Resume | Pass::SettleOnly => {
            ledger::check_intent(directory, plan, &batch, batch_size)?;
            let departure = if pass == Pass::Resume { Departure::Resumed } else { Departure::Abandoned };
            (departure, ledger::final_results(directory, plan, &batch)?)
        }
    };
    let open = batch.changes.iter().filter(|change| !earlier.contains_key(&change.sent.idempotency_key));
    let mut delivery = courier.deliver(open.cloned().collect(), departure).await;

    let newly_final: Vec<_> =
        delivery.results.values().map(|result| result.status).filter(|status| status.is_final()).collect();
    let still_open = delivery.results.values().any(|result| !result.status.is_final());
    // One poisoned change is its own fault; a whole batch of them is not.
    let all_refused = delivery.results.len() > 1
        && delivery.results.values().all(|result| result.code.as_deref() == Some(answers::BATCH_REFUSED));
    let trouble = match delivery.trouble.take() {
        Some(trouble) if still_open => Some(trouble),
        _ if all_refused => delivery.results.values().find_map(|r| r.reason.clone()).map(Trouble::Passing),
        _ => None,
    };
    let mut results = earlier;
    results.append(&mut delivery.results);
    let result_of = |change: &PlannedChange| {
        results
            .remove(&change.sent.idempotency_key)
            .unwrap_or_else(|| ChangeReceipt::new(change, ReceiptStatus::Unknown))
    };
    ledger::write_receipt(directory, plan, &batch.name, batch.changes.iter().map(result_of).collect())?;
    Ok(Outcome { newly_final, trouble })
}
