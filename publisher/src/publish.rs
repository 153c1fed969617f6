//! Publishing: exactly what was planned reaches the central register, once, whatever happens on the way
//! (SEMANTICS 3.4 to 3.6; promises 4 and 5).
//!
//! A batch's intent is on the disk before it is sent, its receipt after its answer. Whoever finds an intent
//! without a whole receipt reads back what became of it before anything else is sent. The clock, the gate and
//! the run's lock are the caller's.

use bestand_model::plan::Plan;
use bestand_model::run_summary::PublicationCounts;

use crate::central_register::{CentralRegister, RegisterError, RegisterIdentity};
use crate::run_store::{RunDirectory, RunStoreError};

mod answers;
mod applied;
mod batches;
mod delivery;
mod engine;
mod ledger;
mod plan_check;
mod read_back;
mod receipt;
mod receipt_check;
mod remember;
mod stop_signal;

pub use applied::{AppliedChange, applied};
use engine::{Engine, Pass};
use ledger::Ledger;
pub use ledger::publication_counts;
pub use plan_check::{PlanError, verify_plan};
pub use receipt::{ChangeReceipt, IntendedChange, Intent, Receipt, ReceiptStatus};
pub use receipt_check::verify_receipts;
pub use remember::{PUBLISHED_MEMORY, note_applied, note_beginning, publications, readable};
pub use stop_signal::StopSignal;

/// How a plan is sent.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct PublishSettings {
    /// Most changes in a batch; the register's own maximum is kept too. A publication that was begun goes on
    /// with the size that it was begun with.
    pub batch_size: usize,
    /// Most open intents.
    pub concurrency: usize,
}

impl Default for PublishSettings {
    fn default() -> Self {
        Self { batch_size: 100, concurrency: 4 }
    }
}

/// What a publication came to.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Publication {
    /// What became of the changes; the four sum up to what the plan sends.
    pub counts: PublicationCounts,
    /// Whether somebody asked to stop before all was sent.
    pub stopped: bool,
    /// Why bestand itself gave up sending, if it did: what the register answered last.
    pub halted: Option<String>,
    /// Whether it gave up because the run store's lease was lost or nearly over.
    pub lost_lease: bool,
}

/// Why a publication could not be carried out. Batches that were open have been finished before.
#[derive(Debug, thiserror::Error)]
pub enum PublishError {
    /// The plan is not what was planned.
    #[error(transparent)]
    Plan(#[from] PlanError),
    /// An intent or a receipt could not be kept.
    #[error(transparent)]
    Store(#[from] RunStoreError),
    /// The register does not even say who it is.
    #[error("cannot ask the central register who it is")]
    Register(#[from] RegisterError),
    /// The plan was made for another register.
    #[error(
        "the plan is for register {planned}, but this one is {found}: correct `central_register.url`, or make a new plan"
    )]
    ForeignRegister {
        /// Id and environment in the plan.
        planned: String,
        /// Id and environment that the register tells.
        found: String,
    },
}

/// Publishes a plan, or goes on where an earlier publication of it was cut off.
///
/// Open intents of the earlier one are settled first. A plan whose changes all have a final answer sends
/// nothing, asks nothing, and gives the same counts again. When `stop` is raised, no new batch is begun and the
/// open ones are finished. `progress` is told the counts after each batch.
///
/// # Errors
/// The plan was tampered with or is for another register, the register cannot be asked who it is, or the run
/// store fails. Changes that fail are no error: the counts tell.
pub async fn publish(
    directory: &RunDirectory,
    plan: &Plan,
    register: &dyn CentralRegister,
    settings: &PublishSettings,
    stop: &StopSignal,
    progress: &(dyn Fn(PublicationCounts) + Sync),
) -> Result<Publication, PublishError> {
    verify_plan(directory, plan)?;
    let ledger = Ledger::open(directory, plan)?;
    progress(ledger.counts());
    if ledger.counts().unknown == 0 {
        return Ok(Publication { counts: ledger.counts(), stopped: false, halted: None, lost_lease: false });
    }
    let identity = known_register(plan, register).await?;
    let mut engine = Engine::new(directory, plan, register, identity.capabilities, *settings, ledger);
    engine.pass(Pass::Resume, stop, progress).await?;
    engine.pass(Pass::New, stop, progress).await?;
    Ok(engine.finish(stop))
}

/// Settles what an earlier run left open, before a new run reads the register (SEMANTICS 3.6).
///
/// This only finds out. A change that was never applied is not sent any more, since the new run decides anew
/// what the register should say; it stays `unknown` until `publish` finishes that plan.
///
/// # Errors
/// As [`publish`].
pub async fn settle_open_intents(
    directory: &RunDirectory,
    plan: &Plan,
    register: &dyn CentralRegister,
) -> Result<PublicationCounts, PublishError> {
    let ledger = Ledger::open(directory, plan)?;
    if !ledger.has_open() {
        // Nothing will be read off the old plan, so that it may have been cleared away in part.
        return Ok(ledger.counts());
    }
    verify_plan(directory, plan)?;
    let identity = known_register(plan, register).await?;
    let settings = PublishSettings::default();
    let mut engine = Engine::new(directory, plan, register, identity.capabilities, settings, ledger);
    let stop = StopSignal::never();
    engine.pass(Pass::SettleOnly, &stop, &|_| ()).await?;
    Ok(engine.finish(&stop).counts)
}

/// Tells whether a publication was begun: expiry forbids starting, never finishing (SEMANTICS 3.6).
///
/// # Errors
/// The run store cannot be read.
pub fn publication_started(directory: &RunDirectory) -> Result<bool, RunStoreError> {
    Ok(!directory.intents()?.is_empty())
}

/// Intents, receipts and versions mean nothing in another register than the plan's.
async fn known_register(
    plan: &Plan,
    register: &dyn CentralRegister,
) -> Result<RegisterIdentity, PublishError> {
    let identity = register.identity().await?;
    if plan.register_id.as_ref() == Some(&identity.register_id) && plan.environment == identity.environment {
        return Ok(identity);
    }
    let planned = plan.register_id.as_deref().unwrap_or("(none)");
    Err(PublishError::ForeignRegister {
        planned: format!("`{planned}` of environment `{}`", plan.environment),
        found: format!("`{}` of environment `{}`", identity.register_id, identity.environment),
    })
}
