//! Second pass: each account's spool is judged by what the whole run showed.
//!
//! In two rounds. What the first calls missing is looked for in other accounts and asked for by its id; the second
//! judges those accounts anew with what was found out (SEMANTICS 2.4).

mod bench;
mod ledgers;
mod memory;
mod place;
mod proof;
mod reach;

use std::collections::{BTreeMap, BTreeSet};

use bestand_model::asset::{AssetKey, PublishedAsset};
use bestand_model::asset_record::AssetRecord;
use bestand_model::coverage::CoverageLine;
use bestand_model::exception::ExceptionTally;
use bestand_model::gate::AccountTotals;
use bestand_model::identifiers::AccountId;
use bestand_model::run_summary::RunSummary;
use bestand_model::settle::KeyCensus;

use super::Planner;
use super::accounts::Accounts;
use super::collect::Collected;
use super::exceptions;
use super::records::Records;
use crate::compose;
use crate::error::Error;

use bench::{Bench, Case, Figures, Round};
use proof::Witness;

/// What the second pass gave, besides the spools.
pub(super) struct Reconciled {
    /// The whole ledger, by account.
    pub(super) coverage: Vec<CoverageLine>,
    /// What the gate needs to know. `None` stands for what belongs to no account.
    pub(super) totals: BTreeMap<Option<AccountId>, AccountTotals>,
    /// Entries in the register that show that bestand wrote them, retired ones included.
    pub(super) entries: u64,
    /// Keys that more than one account claims.
    pub(super) claimed_twice: BTreeSet<AssetKey>,
    /// Findings that each exception of the settings fits.
    ignored: ExceptionTally,
}

/// Accounts that are judged at a time: enough to keep the cores busy while others wait for the disk.
const AT_A_TIME: usize = 4;

/// Reconciles every account that was collected, and what belongs to none. `witness` is asked for what is missing.
pub(super) async fn all(
    planner: &Planner<'_>,
    witness: &impl Witness,
    accounts: &Accounts,
    records: &Records,
    collected: Collected,
    summary: &mut RunSummary,
) -> Result<Reconciled, Error> {
    let Collected { coverage, seen, entries } = collected;
    let bench = Bench::new(planner, records)?;
    let mut ledgers = ledgers::finalise_all(planner, accounts, &seen, coverage)?;
    let everything_complete = ledgers::everything_is_complete(accounts, &ledgers);
    let mut placed = place::place(planner, accounts, everything_complete)?;
    summary.records.unplaced = placed.unplaced.len() as u64;

    let phase = planner.progress.phase("reconcile", "accounts", Some(accounts.asked.len() as u64));
    let mut reconciled = Reconciled {
        coverage: Vec::new(),
        totals: BTreeMap::new(),
        entries,
        claimed_twice: BTreeSet::new(),
        ignored: ExceptionTally::default(),
    };
    let mut cases = Vec::new();
    for account in &accounts.all {
        let Some(ledger) = ledgers.remove(&account.id) else { continue };
        let lines: Vec<CoverageLine> = ledger.coverage.lines().cloned().collect();
        reach::count(summary, planner, account, &lines);
        reconciled.coverage.extend(lines);
        if accounts.asked.contains(&account.id) {
            cases.push(Case { account, ledger, extra: placed.of(&account.id) });
        }
    }
    planner.write_ledger(&reconciled.coverage)?;
    summary.accepted_gaps = reach::accepted_gaps(planner, &reconciled.coverage);

    let mut census = KeyCensus::default();
    let mut missing = Vec::new();
    for some in cases.chunks(AT_A_TIME) {
        let first = some.iter().map(|case| (case, None)).collect();
        for (case, round) in tokio::task::block_in_place(|| bench.side_by_side(first))? {
            match round {
                Round::Judged(figures) => {
                    reconciled.take(Some(&case.account.id), figures, &mut census, summary);
                    phase.add(1);
                }
                Round::Missing(of_account) => missing.push((case, of_account)),
            }
        }
        // Here a signal can end the pass.
        tokio::task::yield_now().await;
    }
    let mut proofs = {
        let concurrency = planner.settings.collection.concurrency;
        let rules = compose::identification(planner.settings);
        proof::gather(planner.directory, &rules, planner.progress, concurrency, witness, &cases, &missing)
            .await?
    };
    for some in missing.chunks(AT_A_TIME) {
        let second = some
            .iter()
            .map(|(case, _)| (*case, Some(proofs.remove(&case.account.id).unwrap_or_default())))
            .collect();
        for (case, round) in tokio::task::block_in_place(|| bench.side_by_side(second))? {
            if let Round::Judged(figures) = round {
                reconciled.take(Some(&case.account.id), figures, &mut census, summary);
                phase.add(1);
            }
        }
        tokio::task::yield_now().await;
    }
    if planner.only.is_empty() {
        for figures in bench.without_account(placed)? {
            reconciled.take(None, figures, &mut census, summary);
        }
    }
    reconciled.claimed_twice = census.claimed_twice();
    exceptions::settle(planner, &bench.exceptions, &reconciled.ignored, summary)?;
    let counts = &summary.findings;
    let found: u64 = counts.by_kind.values().chain(counts.ignored.values()).sum();
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
        self.ignored.merge(&figures.ignored);
        figures.keys.into_iter().for_each(|key| census.add(key));
        let totals = self.totals.entry(account.cloned()).or_default();
        totals.owned += figures.totals.owned;
        totals.owned_in_complete_scopes += figures.totals.owned_in_complete_scopes;
        totals.creates += figures.totals.creates;
        totals.retires += figures.totals.retires;
        totals.adoptions += figures.totals.adoptions;
        totals.decommissioned |= figures.totals.decommissioned;
    }
}

/// What a row without account may be taken for, and which entries without account go with it.
fn goes_with(record: &AssetRecord, entry: &PublishedAsset) -> bool {
    let same_arn = record.arn.is_some() && record.arn == entry.arn();
    let same_id = record.asset_id.is_some() && record.asset_id == entry.asset_id();
    same_arn || same_id
}
