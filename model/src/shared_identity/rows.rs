//! The rows that share a name: how many there are, and as many of them as a person would read.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::arn::Arn;
use crate::asset_record::AssetRecord;
use crate::identifiers::{AccountId, AssetId};

/// So many rows are named. A column that holds the same text in every row makes one group of them all, and each of
/// its rows has a finding: what names them all in each would be as large as the square of the register.
pub const MOST_NAMED: usize = 100;

/// A row, as the evidence names it.
#[derive(Clone, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
pub struct RowName {
    /// What a person finds it by.
    pub row: String,
    /// Its asset id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asset_id: Option<AssetId>,
    /// Its account.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account_id: Option<AccountId>,
    /// Its ARN.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub arn: Option<Arn>,
}

impl RowName {
    pub(super) fn of(record: &AssetRecord) -> Self {
        Self {
            row: record.row_key.clone(),
            asset_id: record.asset_id.clone(),
            account_id: record.account_id.clone(),
            arn: record.arn.clone(),
        }
    }
}

/// Rows that share a name. The same rows give the same, in whatever order they come.
#[derive(Clone, Debug, Default, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
pub struct SharingRows {
    /// How many there are.
    pub count: u64,
    /// The first of them.
    pub rows: BTreeSet<RowName>,
    /// The first two of the accounts that they name.
    accounts: BTreeSet<AccountId>,
}

impl SharingRows {
    pub(super) fn add(&mut self, record: &AssetRecord) {
        self.count += 1;
        keep_first(&mut self.rows, RowName::of(record), MOST_NAMED);
        if let Some(account) = &record.account_id {
            keep_first(&mut self.accounts, account.clone(), 2);
        }
    }

    pub(super) fn in_several_accounts(&self) -> bool {
        self.accounts.len() > 1
    }
}

fn keep_first<T: Ord>(all: &mut BTreeSet<T>, one: T, most: usize) {
    all.insert(one);
    if all.len() > most {
        all.pop_last();
    }
}
