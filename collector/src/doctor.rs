//! What stands in the way of a collection, before one is made: for every account and region whether the role can be
//! assumed, which of the needed actions work, and what the recorder leaves out.
//!
//! It calls what the job calls, by the same lines, and as little of it as can be called. It judges nothing beyond a
//! single call: what follows for a run is the command's to say.

mod account;
mod aggregator;
mod check;
mod examined;
mod region;

use std::collections::BTreeSet;

use bestand_model::account::Account;
use bestand_model::identifiers::{AccountId, Region};

pub use check::{ActionCheck, ActionStatus};
pub use examined::{
    ExaminedAccount, ExaminedAggregator, ExaminedRegion, Gap, LeavesOut, RecorderState, StaleSource, Strategy,
};

use crate::collector::Collector;

impl Collector {
    /// Examines an account: all regions that the settings ask for, or those of them that are named.
    pub async fn examine(&self, account: &Account, only: Option<&BTreeSet<Region>>) -> ExaminedAccount {
        account::examine(&self.shared, account, only).await
    }

    /// Examines the aggregator, where rows are read through one, by the rows of an account.
    pub async fn examine_aggregator(&self, account_id: &AccountId) -> Option<ExaminedAggregator> {
        match &self.shared.aggregator {
            Some(aggregator) => Some(aggregator::examine(&self.shared, aggregator, account_id).await),
            None => None,
        }
    }
}
