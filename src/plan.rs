//! The plan: read everything, decide, write the run directory. Nothing here changes a register.
//!
//! Two passes over the accounts. The first collects and spools; the second, once it is known what any account
//! showed, reconciles from the spool. No pass holds more than the accounts that it works on.

pub(crate) mod accounts;
mod collect;
pub(crate) mod entries;
mod exceptions;
pub(crate) mod head;
mod judged;
mod reconcile;
pub(crate) mod records;
mod seal;

use bestand_model::account::Account;
use bestand_model::coverage::CoverageLine;
use bestand_model::identifiers::AccountId;
use bestand_model::plan::Plan;
use bestand_model::run_summary::RunSummary;
use bestand_publisher::central_register::{CentralRegister, RegisterIdentity};
use bestand_publisher::run_store::{RunDirectory, RunStore};
use jiff::Timestamp;

use crate::compose;
use crate::error::Error;
use crate::progress::Progress;
use crate::settings::Settings;

/// File names of the partitions that are no account.
pub(crate) const NOT_AWS: &str = "_not_aws";
/// Rows and entries of AWS resources whose account is not known.
pub(crate) const UNPLACED: &str = "_unplaced";
/// Rows that make no sense and name no account.
pub(crate) const REJECTED: &str = "_rejected";
/// Findings about the settings' exceptions. Nothing is judged and nothing changes under this name.
pub(crate) const EXCEPTIONS: &str = "_exceptions";

/// What a plan is made with.
pub(crate) struct Planner<'a> {
    pub(crate) settings: &'a Settings,
    pub(crate) store: &'a RunStore,
    pub(crate) directory: &'a RunDirectory,
    pub(crate) register: Option<(&'a dyn CentralRegister, &'a RegisterIdentity)>,
    pub(crate) progress: Progress,
    /// Only these accounts; empty: all.
    pub(crate) only: &'a [AccountId],
    pub(crate) first_run: bool,
    /// The instant that everything of the run is judged at.
    pub(crate) now: Timestamp,
}

/// A plan with what reports need besides it.
pub(crate) struct Planned {
    pub(crate) plan: Plan,
    pub(crate) accounts: Vec<Account>,
    pub(crate) coverage: Vec<CoverageLine>,
}

impl Planner<'_> {
    /// Makes the plan and fills the summary in as it goes, so that a failure shows how far it came.
    pub(crate) async fn plan(&self, summary: &mut RunSummary) -> Result<Planned, Error> {
        let aws = bestand_collector::credentials::AwsContext::load(&self.settings.aws.region).await;
        let source = compose::source_register(self.settings).await?;
        let caller = aws.caller_identity().await?;
        tracing::info!(caller = caller.arn, "AWS accepts the credentials");

        let records = records::read(self, &source).await?;
        summary.records = records.totals.clone();
        let directory = compose::account_directory(self.settings, &aws).accounts().await?;
        let accounts = accounts::gather(self, directory, &records).await?;
        self.directory.write_json("accounts", &accounts.all)?;
        summary.accounts.requested = accounts.asked.len() as u64;

        let collector = compose::collector(self.settings, &aws, self.directory.run_id());
        let collected = collect::all(self, &aws, &collector, &accounts, summary).await;
        summary.aws_calls = aws.calls();
        let reconciled = reconcile::all(self, &collector, &accounts, &records, collected?, summary).await;
        summary.aws_calls = aws.calls();
        let reconciled = reconciled?;
        let plan = seal::seal(self, &reconciled, &caller.arn, summary)?;
        summary.overrides.extend(accounts.overrides(&plan.digest));
        summary.overrides.extend(exceptions::overrides(self, &summary.exceptions, &caller.arn, &plan.digest));
        // The reading was good and everything that rests on it is written: the next one is measured by it.
        records::remember(self, &records)?;
        Ok(Planned { plan, accounts: accounts.all, coverage: reconciled.coverage })
    }

    /// Writes `coverage.ndjson`.
    fn write_ledger<'l>(&self, lines: impl IntoIterator<Item = &'l CoverageLine>) -> Result<(), Error> {
        let mut ledger = self.directory.ndjson("coverage")?;
        for line in lines {
            ledger.push(line)?;
        }
        ledger.finish()?;
        Ok(())
    }
}
