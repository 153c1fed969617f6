//! The source register, read once into the run directory.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use bestand_collector::collector::Interest;
use bestand_collector::source_register::{RecordSink, RecordSinkError, SourceRegister};
use bestand_model::absence::Domain;
use bestand_model::asset_record::{AssetRecord, RecordLine, RecordPartition, RecordTotals, RejectedRecord};
use bestand_model::history::SourceHistory;
use bestand_model::identifiers::AccountId;
use bestand_model::reconciliation::StrayRows;
use bestand_model::shared_identity::{IdentityCensus, SharedIdentities};
use bestand_publisher::run_store::{PartitionedSpool, RunDirectory, RunStore, RunStoreError, Spool};

use super::Planner;
use crate::error::Error;
use crate::progress::Phase;

/// Where the last good reading is remembered.
const HISTORY: &str = "source";

/// What was read.
pub(super) struct Records {
    pub(super) totals: RecordTotals,
    /// Accounts that rows name.
    pub(super) accounts: BTreeSet<AccountId>,
    /// Rows by kind, for entries whose own row is not where it was.
    pub(super) rows: RowKinds,
    /// Rows that name themselves alike.
    pub(super) shared: Arc<SharedIdentities>,
}

/// The asset ids of all rows, by what they turned out to be.
#[derive(Default)]
pub(super) struct RowKinds {
    rejected: StrayRows,
    aws: StrayRows,
    not_aws: StrayRows,
}

impl RowKinds {
    fn add(&mut self, line: &RecordLine) {
        match line {
            RecordLine::Rejected { rejected } => self.rejected.add(rejected.asset_id.as_ref()),
            // Only a row that names itself can be told to have changed its kind.
            RecordLine::Record(AssetRecord { asset_id: None, .. }) => {}
            RecordLine::Record(record) if record.aws => self.aws.add(record.asset_id.as_ref()),
            RecordLine::Record(record) => self.not_aws.add(record.asset_id.as_ref()),
        }
    }

    /// Rows that may still speak of an AWS entry.
    pub(super) fn stray_for_aws(&self) -> StrayRows {
        let mut stray = self.rejected.clone();
        stray.extend(&self.not_aws);
        stray
    }

    /// Rows that may still speak of an entry that is no AWS resource.
    pub(super) fn stray_for_not_aws(&self) -> StrayRows {
        let mut stray = self.rejected.clone();
        stray.extend(&self.aws);
        stray
    }
}

struct Spooling<'a> {
    spool: PartitionedSpool<RecordLine>,
    accounts: BTreeSet<AccountId>,
    rows: RowKinds,
    census: IdentityCensus,
    phase: &'a Phase,
}

impl RecordSink for Spooling<'_> {
    fn accept(&mut self, partition: RecordPartition, line: RecordLine) -> Result<(), RecordSinkError> {
        self.phase.add(1);
        self.rows.add(&line);
        if let RecordLine::Record(record) = &line {
            self.census.add(record);
        }
        self.spool.push(partition.file_stem(), &line).map_err(|error| RecordSinkError(Box::new(error)))?;
        if let RecordPartition::Account(id) = partition {
            self.accounts.insert(id);
        }
        Ok(())
    }
}

/// Reads the source register; one that shrank too far is not believed (SEMANTICS 2.13).
pub(super) async fn read(planner: &Planner<'_>, source: &dyn SourceRegister) -> Result<Records, Error> {
    let phase = planner.progress.phase("source register", "rows", None);
    let spool = planner.directory.partitioned(Spool::Records)?;
    let mut sink = Spooling {
        spool,
        accounts: BTreeSet::new(),
        rows: RowKinds::default(),
        census: IdentityCensus::default(),
        phase: &phase,
    };
    let totals = source.read(&mut sink).await?;
    sink.spool.finish()?;
    let (accounts, rows) = (sink.accounts, sink.rows);
    let shared = Arc::new(shared_identities(planner.directory, &sink.census)?);

    check_against_last(planner.store, &totals, planner.settings.source_register.min_source_share)?;
    phase.done(&format!("{} rows, {} of them rejected", totals.read, totals.rejected));
    Ok(Records { totals, accounts, rows, shared })
}

/// Reads what was spooled once more, if some rows share a name.
fn shared_identities(
    directory: &RunDirectory,
    census: &IdentityCensus,
) -> Result<SharedIdentities, RunStoreError> {
    let mut shared = SharedIdentities::default();
    if census.needs_a_second_look() {
        for name in directory.names(Spool::Records)? {
            for line in directory.read::<RecordLine>(Spool::Records, &name)? {
                if let RecordLine::Record(record) = line? {
                    shared.add(census, &record);
                }
            }
        }
    }
    Ok(shared)
}

/// Holds a reading against the last good one (SEMANTICS 2.13).
pub(crate) fn check_against_last(
    store: &RunStore,
    totals: &RecordTotals,
    min_share: f64,
) -> Result<(), Error> {
    match store.read_history::<SourceHistory>(HISTORY)? {
        Some(before) => check_share(good_rows(totals), before.rows, min_share),
        None => Ok(()),
    }
}

/// Rows that make sense: a register full of broken ones has shrunk as well.
fn good_rows(totals: &RecordTotals) -> u64 {
    totals.read.saturating_sub(totals.rejected)
}

#[expect(clippy::cast_precision_loss, reason = "a register has far fewer than 2^52 rows")]
fn check_share(rows: u64, before: u64, min_share: f64) -> Result<(), Error> {
    if (rows as f64) < before as f64 * min_share {
        return Err(Error::SourceShrunken { rows, before, min_share });
    }
    Ok(())
}

/// Remembers a good reading.
pub(super) fn remember(planner: &Planner<'_>, records: &Records) -> Result<(), Error> {
    let history = SourceHistory { rows: good_rows(&records.totals), at: planner.now };
    Ok(planner.store.write_history(HISTORY, &history)?)
}

/// One partition as spooled: the records, and the rows that make no sense.
pub(crate) fn partition(
    directory: &RunDirectory,
    name: &str,
) -> Result<(Vec<AssetRecord>, Vec<RejectedRecord>), Error> {
    let mut records = Vec::new();
    let mut rejected = Vec::new();
    if directory.exists(Spool::Records, name)? {
        for line in directory.read::<RecordLine>(Spool::Records, name)? {
            match line? {
                RecordLine::Record(record) => records.push(record),
                RecordLine::Rejected { rejected: row } => rejected.push(row),
            }
        }
    }
    Ok((records, rejected))
}

/// Adds what an account's records and published assets name to what the collector must speak of.
pub(crate) fn add_interest(interest: &mut Interest, domains: impl IntoIterator<Item = Domain>) {
    for domain in domains {
        match domain {
            Domain::Scope(region, kind) => {
                interest.scopes.insert((Some(region), kind));
            }
            Domain::EveryRegion(kind) => {
                interest.scopes.insert((None, kind));
            }
            // Nothing is known to ask for: what the region or account has is listed anyway.
            Domain::EveryType(_) | Domain::Account => {}
        }
    }
}

/// Groups records by account.
pub(super) fn by_account(records: Vec<AssetRecord>) -> BTreeMap<AccountId, Vec<AssetRecord>> {
    let mut grouped: BTreeMap<AccountId, Vec<AssetRecord>> = BTreeMap::new();
    for record in records {
        if let Some(account) = record.account_id.clone() {
            grouped.entry(account).or_default().push(record);
        }
    }
    grouped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn semantics_2_13_fewer_rows_than_the_share_are_not_believed() {
        assert!(check_share(90, 100, 0.9).is_ok());
        assert!(matches!(
            check_share(89, 100, 0.9),
            Err(Error::SourceShrunken { rows: 89, before: 100, .. })
        ));
        assert!(check_share(5, 0, 0.9).is_ok());
    }
}
