//! Second pass: each account's spool is judged by what the whole run showed.

mod place;

use std::collections::{BTreeMap, BTreeSet};

use bestand_model::absence::finalise;
use bestand_model::account::{Account, AccountState};
use bestand_model::asset::{AssetKey, PublishedAsset};
use bestand_model::asset_record::AssetRecord;
use bestand_model::configuration_item::ConfigurationItem;
use bestand_model::coverage::{AccountCoverage, Coverage, CoverageLine, Reason};
use bestand_model::gate::AccountTotals;
use bestand_model::history::{AccountHistory, SeenTypes};
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
    seen: SeenTypes,
    with_register: bool,
    now: Timestamp,
}

/// Reconciles every account that was collected, and what belongs to none.
pub(super) async fn all(
    planner: &Planner<'_>,
    accounts: &Accounts,
    records: &Records,
    collected: Collected,
    summary: &mut RunSummary,
) -> Result<Reconciled, Error> {
    let Collected { mut coverage, seen, entries } = collected;
    let bench = Bench {
        settings: planner.settings,
        store: planner.store,
        directory: planner.directory,
        rules: compose::rules(planner.settings),
        seen,
        with_register: planner.register.is_some(),
        now: planner.now,
    };
    let everything_complete = coverage.values().flatten().all(|line| line.coverage().is_complete());
    let mut placed = place::place(planner, accounts, everything_complete)?;
    summary.records.unplaced = placed.unplaced.len() as u64;

    let phase = planner.progress.phase("reconcile", "accounts", Some(accounts.asked.len() as u64));
    let mut reconciled =
        Reconciled { coverage: Vec::new(), totals: BTreeMap::new(), entries, claimed_twice: BTreeSet::new() };
    let mut census = KeyCensus::default();
    for account in &accounts.all {
        let lines = coverage.remove(&account.id).unwrap_or_default();
        if !accounts.asked.contains(&account.id) {
            count_coverage(summary, &bench, account, &lines);
            reconciled.coverage.extend(lines);
            continue;
        }
        let extra = placed.of(&account.id);
        let (lines, result) = tokio::task::block_in_place(|| bench.account(account, lines, extra))?;
        count_coverage(summary, &bench, account, &lines);
        reconciled.coverage.extend(lines);
        bench.take(Some(&account.id), account.id.as_str(), result, &mut census, &mut reconciled, summary)?;
        phase.add(1);
    }
    if planner.only.is_empty() {
        let coverage =
            if everything_complete { Coverage::Complete } else { Coverage::Incomplete(Reason::NotRequested) };
        for (name, result) in bench.without_account(placed, coverage)? {
            bench.take(None, name, result, &mut census, &mut reconciled, summary)?;
        }
    }
    reconciled.claimed_twice = census.claimed_twice();
    let mut ledger = planner.directory.ndjson("coverage")?;
    for line in &reconciled.coverage {
        ledger.push(line)?;
    }
    ledger.finish()?;
    let found: u64 = summary.findings.by_kind.values().sum();
    phase.done(&format!(
        "{} records against {} resources, {found} findings",
        records.totals.read, summary.inventory.items
    ));
    Ok(reconciled)
}

impl Bench<'_> {
    /// Judges one account.
    fn account(
        &self,
        account: &Account,
        lines: Vec<CoverageLine>,
        extra: place::Extra,
    ) -> Result<(Vec<CoverageLine>, AccountReconciliation), Error> {
        let history_name = format!("accounts/{}", account.id);
        let mut history: AccountHistory = self.store.read_history(&history_name)?.unwrap_or_default();
        let mut coverage = AccountCoverage::new(lines);
        let accepted = |line: &CoverageLine, reason| self.is_accepted(line, reason);
        history.scopes =
            finalise(&mut coverage, &self.seen, &history.scopes, &self.settings.retire, self.now, accepted);

        let (mut records, rejected) = records::partition(self.directory, account.id.as_str())?;
        records.extend(extra.records);
        let mut published: Vec<PublishedAsset> = self.spooled(Spool::Published, account.id.as_str())?;
        published.extend(extra.published);
        let items: Vec<ConfigurationItem> = self.spooled(Spool::Inventory, account.id.as_str())?;
        let inventory =
            AccountInventory { account_id: account.id.clone(), state: account.state, items, coverage };
        let input = AccountInput {
            inventory: &inventory,
            records: &records,
            rejected: &rejected,
            published: &published,
        };
        let result = reconcile(&input, &self.rules, &history, self.now);
        self.store.write_history(&history_name, &result.history)?;
        Ok((inventory.coverage.lines().cloned().collect(), result))
    }

    /// Judges what belongs to no account.
    fn without_account(
        &self,
        placed: place::Placed,
        coverage: Coverage,
    ) -> Result<[(&'static str, AccountReconciliation); 3], Error> {
        let history = |name: &str| -> Result<AccountHistory, RunStoreError> {
            Ok(self.store.read_history(&format!("accounts/{name}"))?.unwrap_or_default())
        };
        let (rows, _) = records::partition(self.directory, NOT_AWS)?;
        let entries: Vec<PublishedAsset> = self.spooled(Spool::Published, NOT_AWS)?;
        let not_aws = reconcile_not_aws(&rows, &entries, &self.rules, &history(NOT_AWS)?, self.now);
        let unplaced = reconcile_unplaced(
            &placed.unplaced,
            &placed.unplaced_published,
            coverage,
            &self.rules,
            &history(UNPLACED)?,
            self.now,
        );
        let (_, rows) = records::partition(self.directory, REJECTED)?;
        let rejected = rejected_without_account(&rows, &self.rules, &history(REJECTED)?, self.now);
        let results = [(NOT_AWS, not_aws), (UNPLACED, unplaced), (REJECTED, rejected)];
        for (name, result) in &results {
            self.store.write_history(&format!("accounts/{name}"), &result.history)?;
        }
        Ok(results)
    }

    /// Spools a result and keeps its figures.
    fn take(
        &self,
        account: Option<&AccountId>,
        name: &str,
        result: AccountReconciliation,
        census: &mut KeyCensus,
        reconciled: &mut Reconciled,
        summary: &mut RunSummary,
    ) -> Result<(), Error> {
        let mut counts = FindingCounts::default();
        let mut findings = self.directory.spool(Spool::Findings, name)?;
        for finding in &result.findings {
            counts.add(finding);
            findings.push(finding)?;
        }
        findings.finish()?;
        summary.findings.merge(&counts);
        // Without a central register there is nothing to change.
        if self.with_register {
            let mut changes = self.directory.spool(Spool::Changes, name)?;
            for change in &result.changes {
                census.add(change.asset_key);
                changes.push(change)?;
            }
            changes.finish()?;
            let totals = reconciled.totals.entry(account.cloned()).or_default();
            totals.owned += result.totals.owned;
            totals.owned_in_complete_scopes += result.totals.owned_in_complete_scopes;
            totals.creates += result.totals.creates;
            totals.retires += result.totals.retires;
        }
        Ok(())
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
        (AccountState::Inactive, _, _) => counts.inactive += 1,
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
