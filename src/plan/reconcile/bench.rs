//! Where one account is judged: what was spooled of it comes in, its findings and changes go out.

use std::sync::Arc;

use bestand_model::account::Account;
use bestand_model::asset::{AssetKey, PublishedAsset};
use bestand_model::configuration_item::ConfigurationItem;
use bestand_model::coverage::{Coverage, Reason};
use bestand_model::exception::{ExceptionTally, Exceptions};
use bestand_model::gate::AccountTotals;
use bestand_model::history::AccountHistory;
use bestand_model::inventory::AccountInventory;
use bestand_model::judged::JudgedBy;
use bestand_model::last_published::Publications;
use bestand_model::proof::{Missing, Proofs};
use bestand_model::reconciliation::{
    AccountInput, AccountReconciliation, Rules, reconcile, reconcile_not_aws, reconcile_unplaced,
    rejected_without_account,
};
use bestand_model::run_summary::FindingCounts;
use bestand_publisher::publish::publications;
use bestand_publisher::run_store::{RunDirectory, RunStore, RunStoreError, Spool};
use jiff::Timestamp;
use serde::de::DeserializeOwned;

use super::super::records::{self, Records};
use super::super::{NOT_AWS, Planner, REJECTED, UNPLACED, judged};
use super::ledgers::Ledger;
use super::{memory, place};
use crate::compose;
use crate::error::Error;

/// What is the same for every account of the pass.
pub(super) struct Bench<'a> {
    store: &'a RunStore,
    directory: &'a RunDirectory,
    rules: Rules,
    rules_not_aws: Rules,
    pub(super) exceptions: Exceptions,
    with_register: bool,
    publications: Publications,
    now: Timestamp,
}

/// An account to be judged, with all that is not spooled of it.
pub(super) struct Case<'a> {
    pub(super) account: &'a Account,
    pub(super) ledger: Ledger,
    pub(super) extra: place::Extra,
}

/// How a round ended.
pub(super) enum Round {
    /// Judged: the rest is spooled.
    Judged(Figures),
    /// Something is missing: nothing was written, and the account waits for what can be found out.
    Missing(Vec<Missing>),
}

/// A result in figures.
pub(super) struct Figures {
    pub(super) findings: FindingCounts,
    pub(super) ignored: ExceptionTally,
    pub(super) totals: AccountTotals,
    pub(super) keys: Vec<AssetKey>,
}

impl<'a> Bench<'a> {
    pub(super) fn new(planner: &Planner<'a>, records: &Records) -> Result<Self, Error> {
        let writer = planner.register.map(|(_, identity)| identity.source.as_str());
        Ok(Self {
            store: planner.store,
            directory: planner.directory,
            rules: compose::rules(
                planner.settings,
                records.rows.stray_for_aws(),
                Arc::clone(&records.shared),
            ),
            rules_not_aws: compose::rules(
                planner.settings,
                records.rows.stray_for_not_aws(),
                Arc::clone(&records.shared),
            ),
            exceptions: compose::exceptions(planner.settings),
            with_register: planner.register.is_some(),
            publications: publications(planner.store)?.written_by(writer),
            now: planner.now,
        })
    }

    /// Judges some accounts side by side, and gives how each ended, in their order. An account without proofs is
    /// in its first round.
    pub(super) fn side_by_side<'c>(
        &self,
        some: Vec<(&'c Case<'c>, Option<Proofs>)>,
    ) -> Result<Vec<(&'c Case<'c>, Round)>, Error> {
        std::thread::scope(|scope| {
            let threads: Vec<_> = some
                .into_iter()
                .map(|(case, proofs)| (case, scope.spawn(move || self.judge(case, proofs.as_ref()))))
                .collect();
            threads
                .into_iter()
                .map(|(case, thread)| {
                    let round = thread.join().map_err(|_| {
                        Error::Unexpected(format!("reconciling account {} panicked", case.account.id))
                    })?;
                    Ok((case, round?))
                })
                .collect()
        })
    }

    /// Judges one account. Both rounds start from the same history, and only the last one writes the next.
    fn judge(&self, case: &Case<'_>, proofs: Option<&Proofs>) -> Result<Round, Error> {
        let id = &case.account.id;
        let history_name = format!("accounts/{id}");
        let mut history: AccountHistory = self.store.read_history(&history_name)?.unwrap_or_default();
        history.scopes.clone_from(&case.ledger.scopes);

        let (mut records, rejected) = records::partition(self.directory, id.as_str())?;
        records.extend_from_slice(&case.extra.records);
        let mut published: Vec<PublishedAsset> = self.spooled(Spool::Published, id.as_str())?;
        published.extend_from_slice(&case.extra.published);
        let items: Vec<ConfigurationItem> = self.spooled(Spool::Inventory, id.as_str())?;
        let inventory = AccountInventory {
            account_id: id.clone(),
            state: case.account.state,
            items,
            coverage: case.ledger.coverage.clone(),
        };
        // An entry that joins from those without account was published as one of them.
        let joined = (!case.extra.published.is_empty()).then_some(UNPLACED);
        let files: Vec<&str> = joined.into_iter().chain([id.as_str()]).collect();
        let memory = memory::of(self.store, &self.publications, &files, &published)?;
        let nothing = Proofs::default();
        let input = AccountInput {
            inventory: &inventory,
            records: &records,
            rejected: &rejected,
            published: &published,
            memory: &memory,
            proofs: proofs.unwrap_or(&nothing),
        };
        let result = reconcile(&input, &self.rules, &history, self.now);
        if proofs.is_none() && !result.missing.is_empty() {
            return Ok(Round::Missing(result.missing));
        }
        // Before the history is overwritten: whoever finds the new one finds what it came from, too.
        let by = JudgedBy {
            state: Some(inventory.state),
            named: &records,
            records: &case.extra.records,
            joined: &case.extra.published,
            published: &published,
            memory: &memory,
            proofs: input.proofs,
            ..JudgedBy::rules_and_history(&self.rules, &history)
        };
        judged::write(self.directory, id.as_str(), by)?;
        self.store.write_history(&history_name, &result.history)?;
        Ok(Round::Judged(self.spool(id.as_str(), result)?))
    }

    /// Judges what belongs to no account.
    pub(super) fn without_account(&self, placed: place::Placed) -> Result<Vec<Figures>, Error> {
        let history = |name: &str| -> Result<AccountHistory, RunStoreError> {
            Ok(self.store.read_history(&format!("accounts/{name}"))?.unwrap_or_default())
        };
        let (rows, _) = records::partition(self.directory, NOT_AWS)?;
        let entries: Vec<PublishedAsset> = self.spooled(Spool::Published, NOT_AWS)?;
        let memory = |file: &str, entries: &[PublishedAsset]| {
            memory::of(self.store, &self.publications, &[file], entries)
        };
        let (before, known) = (history(NOT_AWS)?, memory(NOT_AWS, &entries)?);
        let not_aws = reconcile_not_aws(&rows, &entries, &known, &self.rules_not_aws, &before, self.now);
        let by = JudgedBy {
            named: &rows,
            published: &entries,
            memory: &known,
            ..JudgedBy::rules_and_history(&self.rules_not_aws, &before)
        };
        judged::write(self.directory, NOT_AWS, by)?;

        // Nobody can say in which account to look, and of a type that no recorder records no ledger tells.
        let coverage = Coverage::Incomplete(Reason::ScopeUnknown);
        let (rows, entries) = (&placed.unplaced, &placed.unplaced_published);
        let (before, known) = (history(UNPLACED)?, memory(UNPLACED, entries)?);
        let unplaced = reconcile_unplaced(rows, entries, &known, coverage, &self.rules, &before, self.now);
        let by = JudgedBy {
            coverage,
            unplaced: rows,
            joined: entries,
            published: entries,
            memory: &known,
            ..JudgedBy::rules_and_history(&self.rules, &before)
        };
        judged::write(self.directory, UNPLACED, by)?;

        let (_, rows) = records::partition(self.directory, REJECTED)?;
        let before = history(REJECTED)?;
        let rejected = rejected_without_account(&rows, &self.rules, &before, self.now);
        judged::write(self.directory, REJECTED, JudgedBy::rules_and_history(&self.rules, &before))?;
        let mut figures = Vec::new();
        for (name, result) in [(NOT_AWS, not_aws), (UNPLACED, unplaced), (REJECTED, rejected)] {
            self.store.write_history(&format!("accounts/{name}"), &result.history)?;
            figures.push(self.spool(name, result)?);
        }
        Ok(figures)
    }

    /// Spools a result and gives its figures. Without a central register there is nothing to change.
    ///
    /// Exceptions are applied here and nowhere earlier: whatever is found goes this way, and what is judged, and so every
    /// change, knows nothing of them.
    fn spool(&self, name: &str, mut result: AccountReconciliation) -> Result<Figures, Error> {
        let ignored = self.exceptions.apply(&mut result.findings, self.now);
        let mut counts = FindingCounts::default();
        let mut findings = self.directory.spool(Spool::Findings, name)?;
        for finding in &result.findings {
            counts.add(finding);
            findings.push(finding)?;
        }
        findings.finish()?;
        let mut keys = Vec::new();
        let mut totals = AccountTotals::default();
        if self.with_register {
            let mut changes = self.directory.spool(Spool::Changes, name)?;
            for change in &result.changes {
                keys.push(change.asset_key);
                changes.push(change)?;
            }
            changes.finish()?;
            totals = result.totals;
        }
        Ok(Figures { findings: counts, ignored, totals, keys })
    }

    fn spooled<T: DeserializeOwned>(&self, spool: Spool, name: &str) -> Result<Vec<T>, RunStoreError> {
        if !self.directory.exists(spool, name)? {
            return Ok(Vec::new());
        }
        self.directory.read(spool, name)?.collect()
    }
}
