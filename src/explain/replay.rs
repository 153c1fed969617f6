//! One account judged again, from nothing but the run directory.

use std::sync::Arc;

use bestand_model::account::AccountState;
use bestand_model::asset::PublishedAsset;
use bestand_model::asset_record::AssetRecord;
use bestand_model::coverage::{AccountCoverage, Coverage, CoverageLine};
use bestand_model::identifiers::AccountId;
use bestand_model::inventory::AccountInventory;
use bestand_model::judged::{Judged, JudgedLine};
use bestand_model::last_published::PublishedMemory;
use bestand_model::plan::SCHEMA_VERSION;
use bestand_model::proof::{Missing, Proofs};
use bestand_model::reconciliation::{
    AccountInput, AccountReconciliation, Judgement, Rules, Trace, reconcile, reconcile_not_aws,
    reconcile_traced, reconcile_unplaced, rejected_without_account,
};
use bestand_publisher::run_store::{RunDirectory, RunStoreError, Spool};
use jiff::Timestamp;
use serde::de::DeserializeOwned;

use super::run::Run;
use crate::compose;
use crate::error::Error;
use crate::plan::{NOT_AWS, REJECTED, UNPLACED, records};

/// An account, or what belongs to none, with all that it was judged by and what came of it again.
#[derive(Debug)]
pub(super) struct Replay {
    /// The name of its files.
    pub(super) name: String,
    judged: Judged,
    rules: Rules,
    now: Timestamp,
    inventory: Option<AccountInventory>,
    coverage: Coverage,
    records: Vec<AssetRecord>,
    published: Vec<PublishedAsset>,
    memory: PublishedMemory,
    missing: Vec<Missing>,
    trace: Option<Trace>,
    pub(super) result: AccountReconciliation,
}

impl Replay {
    /// Judges again.
    pub(super) fn of(run: &Run, name: &str) -> Result<Self, Error> {
        let mut judged = Judged::default();
        for line in run.directory.read::<JudgedLine>(Spool::Judged, name)? {
            judged.take(line?);
        }
        if judged.head.schema_version != SCHEMA_VERSION {
            return Err(Error::Usage(format!(
                "judged/{name} has schema version {}, this bestand knows {SCHEMA_VERSION}",
                judged.head.schema_version
            )));
        }
        let mut replay = Self {
            name: name.to_owned(),
            rules: compose::rules(&run.settings, judged.stray_rows.clone(), Arc::new(judged.shared.clone())),
            memory: judged.memory(),
            now: run.summary.started_at,
            inventory: None,
            coverage: judged.coverage(),
            records: Vec::new(),
            published: Vec::new(),
            missing: Vec::new(),
            trace: None,
            result: AccountReconciliation::default(),
            judged,
        };
        match name.parse::<AccountId>() {
            Ok(account) => replay.judge_account(run, account)?,
            Err(_) => replay.judge_without_account(&run.directory)?,
        }
        // As it was when the findings were written: an exception marks them, and changes nothing else.
        compose::exceptions(&run.settings).apply(&mut replay.result.findings, replay.now);
        Ok(replay)
    }

    fn judge_account(&mut self, run: &Run, account: AccountId) -> Result<(), Error> {
        let directory = &run.directory;
        let (mut records, rejected) = records::partition(directory, account.as_str())?;
        records.extend_from_slice(&self.judged.records);
        let mut published: Vec<PublishedAsset> = spooled(directory, Spool::Published, account.as_str())?;
        published.extend_from_slice(&self.judged.joined);
        let inventory = AccountInventory {
            state: self.judged.head.state.unwrap_or(AccountState::Unknown),
            items: spooled(directory, Spool::Inventory, account.as_str())?,
            coverage: ledger(directory, &account)?,
            account_id: account,
        };
        let input = AccountInput {
            inventory: &inventory,
            records: &records,
            rejected: &rejected,
            published: &published,
            memory: &self.memory,
            proofs: &self.judged.proofs,
        };
        let (rules, history, now) = (&self.rules, &self.judged.history, self.now);
        let (result, trace) = reconcile_traced(&input, rules, history, now);
        let nothing = Proofs::default();
        let missing = if *input.proofs == nothing {
            result.missing.clone()
        } else {
            // What was asked is what the first round found missing; its second shows what was left open.
            reconcile(&AccountInput { proofs: &nothing, ..input }, rules, history, now).missing
        };
        (self.result, self.trace, self.missing) = (result, Some(trace), missing);
        (self.inventory, self.records, self.published) = (Some(inventory), records, published);
        Ok(())
    }

    fn judge_without_account(&mut self, directory: &RunDirectory) -> Result<(), Error> {
        let (history, now) = (&self.judged.history, self.now);
        match self.name.as_str() {
            NOT_AWS => {
                self.records = records::partition(directory, NOT_AWS)?.0;
                self.published = spooled(directory, Spool::Published, NOT_AWS)?;
                let (memory, rules) = (&self.memory, &self.rules);
                self.result = reconcile_not_aws(&self.records, &self.published, memory, rules, history, now);
            }
            UNPLACED => {
                let unplaced = &self.judged.unplaced;
                self.records = unplaced.iter().map(|unplaced| unplaced.record.clone()).collect();
                self.published.clone_from(&self.judged.joined);
                self.result = reconcile_unplaced(
                    unplaced,
                    &self.published,
                    &self.memory,
                    self.coverage,
                    &self.rules,
                    history,
                    now,
                );
            }
            REJECTED => {
                let (_, rejected) = records::partition(directory, REJECTED)?;
                self.result = rejected_without_account(&rejected, &self.rules, history, now);
            }
            other => return Err(Error::Usage(format!("judged/{other} is no account's file"))),
        }
        Ok(())
    }

    /// All that can be told from.
    pub(super) fn judgement(&self) -> Judgement<'_> {
        Judgement {
            rules: &self.rules,
            history: &self.judged.history,
            now: self.now,
            inventory: self.inventory.as_ref(),
            coverage: self.coverage,
            records: &self.records,
            published: &self.published,
            memory: &self.memory,
            proofs: &self.judged.proofs,
            missing: &self.missing,
            result: &self.result,
            trace: self.trace.as_ref(),
        }
    }
}

/// The account's part of the ledger, as it was finalised.
fn ledger(directory: &RunDirectory, account: &AccountId) -> Result<AccountCoverage, RunStoreError> {
    let lines = directory.read_ndjson::<CoverageLine>("coverage")?;
    let own = lines.filter(|line| line.as_ref().map_or(true, |line| line.account_id == *account));
    Ok(AccountCoverage::new(own.collect::<Result<Vec<_>, _>>()?))
}

fn spooled<T: DeserializeOwned>(
    directory: &RunDirectory,
    spool: Spool,
    name: &str,
) -> Result<Vec<T>, RunStoreError> {
    if !directory.exists(spool, name)? {
        return Ok(Vec::new());
    }
    directory.read(spool, name)?.collect()
}
