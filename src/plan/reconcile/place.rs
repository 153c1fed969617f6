//! Rows without account find theirs, if they have one, before any account is judged (SEMANTICS 2.14).

use std::collections::BTreeMap;

use bestand_model::asset::PublishedAsset;
use bestand_model::asset_record::AssetRecord;
use bestand_model::configuration_item::ConfigurationItem;
use bestand_model::identifiers::AccountId;
use bestand_model::reconciliation::UnplacedRecord;
use bestand_model::settle::Placement;
use bestand_publisher::run_store::Spool;

use super::super::accounts::Accounts;
use super::super::records;
use super::super::{Planner, UNPLACED};
use super::goes_with;
use crate::compose;
use crate::error::Error;

/// What joins an account besides its own spool.
#[derive(Default)]
pub(super) struct Extra {
    pub(super) records: Vec<AssetRecord>,
    pub(super) published: Vec<PublishedAsset>,
}

/// Where the rows without account ended up.
pub(super) struct Placed {
    by_account: BTreeMap<AccountId, Extra>,
    pub(super) unplaced: Vec<UnplacedRecord>,
    pub(super) unplaced_published: Vec<PublishedAsset>,
}

impl Placed {
    /// Gives what joins an account.
    pub(super) fn of(&mut self, account: &AccountId) -> Extra {
        self.by_account.remove(account).unwrap_or_default()
    }
}

/// Looks through every account's inventory for what the rows without account name.
pub(super) fn place(
    planner: &Planner<'_>,
    accounts: &Accounts,
    everything_complete: bool,
) -> Result<Placed, Error> {
    let directory = planner.directory;
    let (rows, _) = records::partition(directory, UNPLACED)?;
    let mut placement = Placement::new(rows, &compose::identification(planner.settings));
    if !placement.is_empty() {
        for account in &accounts.asked {
            for item in directory.read::<ConfigurationItem>(Spool::Inventory, account.as_str())? {
                placement.see(&item?);
            }
        }
    }
    let (placed, unplaced) = placement.finish(everything_complete);
    let mut entries: Vec<PublishedAsset> = Vec::new();
    if directory.exists(Spool::Published, UNPLACED)? {
        for entry in directory.read(Spool::Published, UNPLACED)? {
            entries.push(entry?);
        }
    }
    let mut by_account: BTreeMap<AccountId, Extra> = BTreeMap::new();
    for (account, records) in records::by_account(placed) {
        let extra = by_account.entry(account).or_default();
        let (joining, staying) =
            entries.into_iter().partition(|entry| records.iter().any(|record| goes_with(record, entry)));
        entries = staying;
        extra.published = joining;
        extra.records = records;
    }
    Ok(Placed { by_account, unplaced, unplaced_published: entries })
}
