//! Second pass: each account's spool is judged by what the whole run showed.

mod ledgers;
mod place;

use std::collections::{BTreeMap, BTreeSet};

use bestand_model::account::{Account, AccountState};
use bestand_model::asset::{AssetKey, PublishedAsset};
use bestand_model::asset_record::AssetRecord;
use bestand_model::configuration_item::ConfigurationItem;
use bestand_model::coverage::{Coverage, CoverageLine, Reason};
use bestand_model::gate::AccountTotals;
use bestand_model::history::AccountHistory;
use bestand_model::identifiers::AccountId;
use bestand_model::inventory::AccountInventory;
use bestand_model::reconciliation::{
    AccountInput, AccountReconciliation, Rules, reconcile, reconcile_not_aws, reconcile_unplaced,
    rejected_without_account,
};
use bestand_model::run_summary::{FindingCounts, RunSummary};
use bestand_model::settle::KeyCensus;
use bestand_publisher::run_store::{RunDirectory, RunStore, RunStoreError, Spool};
use jiff::Timestamp;
use serde::de::DeserializeOwned;

use super::accounts::Accounts;
use super::collect::Collected;
use super::records::{self, Records};
use super::{NOT_AWS, Planner, REJECTED, UNPLACED};
use crate::compose;
use crate::error::Error;
use crate::settings::Settings;

use ledgers::Ledger;

/// What the second pass gave, besides the spools.
pub(super) struct Reconciled {
    /// The whole ledger, by account.
    pub(super) coverage: Vec<CoverageLine>,
    /// What the gate needs to know. `None` stands for what belongs to no account.
    pub(super) totals: BTreeMap<Option<AccountId>, AccountTotals>,
    /// Our entries in the register, retired ones included.
    pub(super) entries: u64,
    /// Keys that more than one account claims.
    pub(super) claimed_twice: BTreeSet<AssetKey>,
}

/// What is the same for every account of the pass.
struct Bench<'a> {
    settings: &'a Settings,
    store: &'a RunStore,
    directory: &'a RunDirectory,
    rules: Rules,
    rules_not_aws: Rules,
    with_register: bool,
    now: Timestamp,
}

/// Accounts that are judged at a time: enough to keep the cores busy while others wait for the disk.
const AT_A_TIME: usize = 4;

/// What is kept of a judged account: the rest is spooled.
struct Judged {
    lines: Vec<CoverageLine>,
    figures: Figures,
}

/// A result in figures.
struct Figures {
    findings: FindingCounts,
    totals: AccountTotals,
    keys: Vec<AssetKey>,
}

/// Reconciles every account that was collected, and what belongs to none.
pub(super) async fn all(
    planner: &Planner<'_>,
    accounts: &Accounts,
    records: &Records,
    collected: Collected,
    summary: &mut RunSummary,
) -> Result<Reconciled, Error> {
    let Collected { coverage, seen, entries } = collected;
    let bench = Bench {
        settings: planner.settings,
        store: planner.store,
        directory: planner.directory,
        rules: compose::rules(planner.settings, records.rows.stray_for_aws()),
        rules_not_aws: compose::rules(planner.settings, records.rows.stray_for_not_aws()),
        with_register: planner.register.is_some(),
        now: planner.now,
    };
    let mut ledgers = ledgers::finalise_all(planner, accounts, &seen, coverage)?;
    let mut placed = place::place(planner, accounts, ledgers::everything_is_complete(&ledgers))?;
    summary.records.unplaced = placed.unplaced.len() as u64;

    let phase = planner.progress.phase("reconcile", "accounts", Some(accounts.asked.len() as u64));
    let mut reconciled =
        Reconciled { coverage: Vec::new(), totals: BTreeMap::new(), entries, claimed_twice: BTreeSet::new() };
    let mut census = KeyCensus::default();
    let mut work = Vec::new();
    for account in &accounts.all {
        let Some(ledger) = ledgers.remove(&account.id) else { continue };
        if accounts.asked.contains(&account.id) {
            work.push((account, ledger, placed.of(&account.id)));
        } else {
            let lines: Vec<CoverageLine> = ledger.coverage.lines().cloned().collect();
            count_coverage(summary, &bench, account, &lines);
            reconciled.coverage.extend(lines);
        }
    }
    let mut work = work.into_iter().peekable();
    while work.peek().is_some() {
        let some: Vec<_> = work.by_ref().take(AT_A_TIME).collect();
        for (account, judged) in tokio::task::block_in_place(|| bench.accounts(some))? {
            count_coverage(summary, &bench, account, &judged.lines);
            reconciled.coverage.extend(judged.lines);
            reconciled.take(Some(&account.id), judged.figures, &mut census, summary);
            phase.add(1);
        }
        // The only place where this pass waits: here a signal can end it.
        tokio::task::yield_now().await;
    }
    if planner.only.is_empty() {
        for figures in bench.without_account(placed)? {
            reconciled.take(None, figures, &mut census, summary);
        }
    }
    reconciled.claimed_twice = census.claimed_twice();
    planner.write_ledger(&reconciled.coverage)?;
    let found: u64 = summary.findings.by_kind.values().sum();
    phase.done(&format!(
        "{} records against {} resources, {found} findings",
        records.totals.read, summary.inventory.items
    ));
    Ok(reconciled)
}

impl Reconciled {
    /// Keeps a result's figures.
    fn take(
        &mut self,
        account: Option<&AccountId>,
        figures: Figures,
        census: &mut KeyCensus,
        summary: &mut RunSummary,
    ) {
        summary.findings.merge(&figures.findings);
        figures.keys.into_iter().for_each(|key| census.add(key));
        let totals = self.totals.entry(account.cloned()).or_default();
        totals.owned += figures.totals.owned;
        totals.owned_in_complete_scopes += figures.totals.owned_in_complete_scopes;
        totals.creates += figures.totals.creates;
        totals.retires += figures.totals.retires;
    }
}

impl Bench<'_> {
    /// Judges some accounts side by side, and gives what came of them in their order.
    fn accounts<'a>(
        &self,
        some: Vec<(&'a Account, Ledger, place::Extra)>,
    ) -> Result<Vec<(&'a Account, Judged)>, Error> {
        std::thread::scope(|scope| {
            let threads: Vec<_> = some
                .into_iter()
                .map(|(account, ledger, extra)| {
                    (account, scope.spawn(move || self.account(account, ledger, extra)))
                })
                .collect();
            threads
                .into_iter()
                .map(|(account, thread)| {
                    let judged = thread.join().map_err(|_| {
                        Error::Unexpected(format!("reconciling account {} panicked", account.id))
                    })?;
                    Ok((account, judged?))
                })
                .collect()
        })
    }

    /// Judges one account.
    fn account(&self, account: &Account, ledger: Ledger, extra: place::Extra) -> Result<Judged, Error> {
        let history_name = format!("accounts/{}", account.id);
        let mut history: AccountHistory = self.store.read_history(&history_name)?.unwrap_or_default();
        history.scopes = ledger.scopes;

        let (mut records, rejected) = records::partition(self.directory, account.id.as_str())?;
        records.extend(extra.records);
        let mut published: Vec<PublishedAsset> = self.spooled(Spool::Published, account.id.as_str())?;
        published.extend(extra.published);
        let items: Vec<ConfigurationItem> = self.spooled(Spool::Inventory, account.id.as_str())?;
        let inventory = AccountInventory {
            account_id: account.id.clone(),
            state: account.state,
            items,
            coverage: ledger.coverage,
        };
        let input = AccountInput {
            inventory: &inventory,
            records: &records,
            rejected: &rejected,
            published: &published,
        };
        let result = reconcile(&input, &self.rules, &history, self.now);
        self.store.write_history(&history_name, &result.history)?;
        let lines = inventory.coverage.lines().cloned().collect();
        Ok(Judged { lines, figures: self.spool(account.id.as_str(), result)? })
    }

    /// Judges what belongs to no account.
    fn without_account(&self, placed: place::Placed) -> Result<Vec<Figures>, Error> {
        let history = |name: &str| -> Result<AccountHistory, RunStoreError> {
            Ok(self.store.read_history(&format!("accounts/{name}"))?.unwrap_or_default())
        };
        let (rows, _) = records::partition(self.directory, NOT_AWS)?;
        let entries: Vec<PublishedAsset> = self.spooled(Spool::Published, NOT_AWS)?;
        let not_aws = reconcile_not_aws(&rows, &entries, &self.rules_not_aws, &history(NOT_AWS)?, self.now);
        let unplaced = reconcile_unplaced(
            &placed.unplaced,
            &placed.unplaced_published,
            // Nobody can say in which account to look, and of a type that no recorder records no ledger tells.
            Coverage::Incomplete(Reason::ScopeUnknown),
            &self.rules,
            &history(UNPLACED)?,
            self.now,
        );
        let (_, rows) = records::partition(self.directory, REJECTED)?;
        let rejected = rejected_without_account(&rows, &self.rules, &history(REJECTED)?, self.now);
        let mut figures = Vec::new();
        for (name, result) in [(NOT_AWS, not_aws), (UNPLACED, unplaced), (REJECTED, rejected)] {
            self.store.write_history(&format!("accounts/{name}"), &result.history)?;
            figures.push(self.spool(name, result)?);
        }
        Ok(figures)
    }

    /// Spools a result and gives its figures. Without a central register there is nothing to change.
    fn spool(&self, name: &str, result: AccountReconciliation) -> Result<Figures, Error> {
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
        Ok(Figures { findings: counts, totals, keys })
    }

    fn spooled<T: DeserializeOwned>(&self, spool: Spool, name: &str) -> Result<Vec<T>, RunStoreError> {
        if !self.directory.exists(spool, name)? {
            return Ok(Vec::new());
        }
        self.directory.read(spool, name)?.collect()
    }

    fn is_accepted(&self, line: &CoverageLine, reason: Reason) -> bool {
        self.settings.coverage.accepted.iter().any(|gap| gap.covers(line, reason, self.now))
    }
}

/// Counts an account's part of the ledger, and how far the account was reached.
fn count_coverage(summary: &mut RunSummary, bench: &Bench<'_>, account: &Account, lines: &[CoverageLine]) {
    let mut complete = true;
    for line in lines {
        summary.coverage.scopes += 1;
        match line.coverage() {
            Coverage::Complete => summary.coverage.complete += 1,
            Coverage::Incomplete(reason) => {
                *summary.coverage.by_reason.entry(reason.code().to_owned()).or_default() += 1;
                // An account that is only being set up is no gap, but it was not read either.
                complete &= reason != Reason::Onboarding;
                if reason.is_gap() {
                    complete = false;
                    summary.coverage.gaps += u64::from(!bench.is_accepted(line, reason));
                }
            }
        }
    }
    let whole_account = lines.iter().any(|line| line.region.is_none() && !line.coverage().is_complete());
    let counts = &mut summary.accounts;
    match (account.state, whole_account, complete) {
        (AccountState::Inactive | AccountState::Decommissioned, _, _) => counts.inactive += 1,
        (AccountState::LeftOut, _, _) => counts.left_out += 1,
        (AccountState::Active | AccountState::Unknown, true, false) => counts.failed += 1,
        (AccountState::Active | AccountState::Unknown, false, false) => counts.incomplete += 1,
        (AccountState::Active | AccountState::Unknown, _, true) => counts.complete += 1,
    }
}

/// What a row without account may be taken for, and which entries without account go with it.
fn goes_with(record: &AssetRecord, entry: &PublishedAsset) -> bool {
    let same_arn = record.arn.is_some() && record.arn == entry.arn();
    let same_id = record.asset_id.is_some() && record.asset_id == entry.asset_id();
    same_arn || same_id
}
