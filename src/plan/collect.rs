//! First pass: what lives, and what the register says of it, spooled account by account.

use std::collections::{BTreeMap, BTreeSet};

use bestand_collector::collector::{Collector, Interest, ItemSink, SinkError};
use bestand_collector::credentials::AwsContext;
use bestand_model::absence::Domain;
use bestand_model::account::{Account, AccountState};
use bestand_model::asset_record::RecordLine;
use bestand_model::attribute;
use bestand_model::configuration_item::ConfigurationItem;
use bestand_model::coverage::{CoverageLine, Reason};
use bestand_model::history::SeenTypes;
use bestand_model::identifiers::AccountId;
use bestand_model::run_summary::RunSummary;
use bestand_publisher::central_register::ListScope;
use bestand_publisher::run_store::{RunDirectory, Spool, SpoolWriter};
use futures::{StreamExt as _, TryStreamExt as _};

use super::accounts::Accounts;
use super::{NOT_AWS, Planner, UNPLACED, entries, records};
use crate::compose;
use crate::error::Error;
use crate::progress::Phase;

/// Where the types that were ever seen are remembered.
const SEEN_TYPES: &str = "types";

/// What the first pass gave, besides the spools.
pub(super) struct Collected {
    /// The ledger as collected, by account.
    pub(super) coverage: BTreeMap<AccountId, Vec<CoverageLine>>,
    /// Types that were ever seen, this run's included.
    pub(super) seen: SeenTypes,
    /// Entries in the register that show that bestand wrote them, retired ones included.
    pub(super) entries: u64,
}

struct CollectedOne {
    id: AccountId,
    lines: Vec<CoverageLine>,
    seen: SeenTypes,
    items: u64,
    entries: u64,
}

/// Collects every account that is asked for, some at a time.
pub(super) async fn all(
    planner: &Planner<'_>,
    aws: &AwsContext,
    collector: &Collector,
    accounts: &Accounts,
    summary: &mut RunSummary,
) -> Result<Collected, Error> {
    let mut seen: SeenTypes = planner.store.read_history(SEEN_TYPES)?.unwrap_or_default();
    let mut coverage = BTreeMap::new();
    let mut entries = spool_without_account(planner).await?;

    let phase = planner.progress.phase("collect", "accounts", Some(accounts.asked.len() as u64));
    for account in accounts.all.iter().filter(|account| !accounts.asked.contains(&account.id)) {
        let detail = "left out on the command line";
        let line = CoverageLine::incomplete(account.id.clone(), None, None, Reason::NotRequested, detail);
        coverage.insert(account.id.clone(), vec![line]);
    }
    let asked = accounts.all.iter().filter(|account| accounts.asked.contains(&account.id));
    let mut done = futures::stream::iter(asked)
        .map(|account| one(planner, collector, account, accounts.owned.contains(&account.id), &phase))
        .buffer_unordered(planner.settings.collection.concurrency);
    while let Some(one) = done.try_next().await? {
        summary.inventory.items += one.items;
        entries += one.entries;
        for (region, types) in one.seen.by_region {
            seen.by_region.entry(region).or_default().extend(types);
        }
        coverage.insert(one.id, one.lines);
    }
    drop(done);
    phase.done(&format!(
        "{} resources in {} accounts, {} AWS calls",
        summary.inventory.items,
        accounts.asked.len(),
        aws.calls().calls()
    ));
    if let Err(error) = some_account_is_readable(accounts, &coverage) {
        // The run ends here: the ledger is what tells each account's reason.
        planner.write_ledger(coverage.values().flatten())?;
        return Err(error);
    }
    planner.store.write_history(SEEN_TYPES, &seen)?;
    Ok(Collected { coverage, seen, entries })
}

/// A run that could enter no account at all has nothing to say.
fn some_account_is_readable(
    accounts: &Accounts,
    coverage: &BTreeMap<AccountId, Vec<CoverageLine>>,
) -> Result<(), Error> {
    let active: BTreeSet<&AccountId> = accounts
        .all
        .iter()
        .filter(|account| account.state == AccountState::Active && accounts.asked.contains(&account.id))
        .map(|account| &account.id)
        .collect();
    let unreadable = |id: &&AccountId| {
        let lines = coverage.get(*id);
        lines.and_then(|lines| lines.iter().find(|line| line.region.is_none() && line.reason.is_some()))
    };
    let denied: Vec<&CoverageLine> = active.iter().filter_map(unreadable).collect();
    match denied.first() {
        Some(first) if denied.len() == active.len() => Err(Error::NoAccountReadable {
            accounts: active.len(),
            first: format!(
                "{}: {}: {}",
                first.account_id,
                first.reason.map_or("unknown", Reason::code),
                first.detail.as_deref().unwrap_or("no detail")
            ),
        }),
        _ => Ok(()),
    }
}

async fn one(
    planner: &Planner<'_>,
    collector: &Collector,
    account: &Account,
    owned: bool,
    phase: &Phase,
) -> Result<CollectedOne, Error> {
    let mut interest = Interest::default();
    let mut entries = 0;
    if let Some((register, _)) = planner.register.filter(|_| owned) {
        let scope = ListScope::Account(account.id.clone());
        let mut spool = planner.directory.spool(Spool::Published, account.id.as_str())?;
        entries = entries::list(register, &scope, |entry| {
            records::add_interest(&mut interest, Domain::of_published(&entry));
            Ok(spool.push(&entry)?)
        })
        .await?;
        spool.finish()?;
    }
    if planner.directory.exists(Spool::Records, account.id.as_str())? {
        let rules = compose::identification(planner.settings);
        for line in planner.directory.read::<RecordLine>(Spool::Records, account.id.as_str())? {
            if let RecordLine::Record(record) = line? {
                records::add_interest(&mut interest, rules.domains(&record));
            }
        }
    }
    let mut sink = InventorySink::new(planner.directory, &account.id)?;
    let collected = collector.collect(account, &interest, &mut sink).await?;
    let seen = sink.finish()?;
    phase.add(1);
    Ok(CollectedOne { id: account.id.clone(), lines: collected.lines, seen, items: collected.items, entries })
}

/// Spools our entries that belong to no account: AWS resources nobody could place, and what is no AWS resource.
async fn spool_without_account(planner: &Planner<'_>) -> Result<u64, Error> {
    let Some((register, _)) = planner.register else { return Ok(0) };
    let mut unplaced = planner.directory.spool(Spool::Published, UNPLACED)?;
    let mut not_aws = planner.directory.spool(Spool::Published, NOT_AWS)?;
    let entries = entries::list(register, &ListScope::WithoutAccount, |entry| {
        // Every AWS entry says whether it was seen; what is no AWS resource cannot.
        let is_aws = entry.attributes.contains_key(attribute::VERIFICATION);
        let spool = if is_aws { &mut unplaced } else { &mut not_aws };
        Ok(spool.push(&entry)?)
    })
    .await?;
    unplaced.finish()?;
    not_aws.finish()?;
    Ok(entries)
}

/// Spools items as they arrive, and notes which types were seen where.
struct InventorySink {
    spool: SpoolWriter<ConfigurationItem>,
    seen: SeenTypes,
}

impl InventorySink {
    fn new(directory: &RunDirectory, account: &AccountId) -> Result<Self, Error> {
        Ok(Self { spool: directory.spool(Spool::Inventory, account.as_str())?, seen: SeenTypes::default() })
    }

    fn finish(self) -> Result<SeenTypes, Error> {
        self.spool.finish()?;
        Ok(self.seen)
    }
}

impl ItemSink for InventorySink {
    fn accept(&mut self, item: ConfigurationItem) -> Result<(), SinkError> {
        self.seen.add(&item.region, &item.resource_type);
        self.spool.push(&item).map_err(|error| SinkError(Box::new(error)))
    }
}
