//! What an examination gives: plain values, as they also stand in the report's JSON.

use std::collections::{BTreeMap, BTreeSet};

use bestand_model::account::AccountState;
use bestand_model::coverage::Reason;
use bestand_model::identifiers::{AccountId, Region, ResourceType};
use jiff::Timestamp;
use serde::Serialize;

use super::check::ActionCheck;
use crate::config_service::recorder::Recorder;

/// Why something would be incomplete in a run.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Gap {
    /// The ledger's reason.
    pub reason: Reason,
    /// What a person needs to know to mend it.
    pub detail: String,
}

/// One account.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ExaminedAccount {
    /// The account.
    pub id: AccountId,
    /// The name that people know it by.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// What the directory says of it: only an active one is examined.
    pub state: AccountState,
    /// Why nothing of it can be read, if so.
    #[serde(flatten)]
    pub gap: Option<Gap>,
    /// The calls that are made once for the account.
    pub actions: Vec<ActionCheck>,
    /// Its regions, by name.
    pub regions: Vec<ExaminedRegion>,
    /// Regions that are not read, and why.
    pub not_read: BTreeMap<Region, Gap>,
}

/// One region of an account.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ExaminedRegion {
    /// The region.
    pub region: Region,
    /// Its recorder.
    pub recorder: RecorderState,
    /// What the recorder leaves out; nothing is said where there is none or where it could not be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub leaves_out: Option<LeavesOut>,
    /// The calls that are made in the region.
    pub actions: Vec<ActionCheck>,
    #[serde(skip)]
    pub(super) selection: Recorder,
}

impl ExaminedRegion {
    /// Tells whether the recorder takes a type.
    pub fn records(&self, resource_type: &ResourceType) -> bool {
        self.selection.records(resource_type)
    }
}

/// Whether a recorder is to be believed.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct RecorderState {
    /// It records, and its last recording succeeded.
    pub healthy: bool,
    /// Why it is not to be believed, if so.
    #[serde(flatten)]
    pub gap: Option<Gap>,
    /// When it was started last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub started_at: Option<Timestamp>,
    /// When its status changed last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status_changed_at: Option<Timestamp>,
}

/// How a recorder chooses its types.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Strategy {
    /// Everything that AWS Config supports.
    AllSupported,
    /// What is listed.
    Inclusion,
    /// Everything but what is listed.
    Exclusion,
}

/// What a recorder leaves out.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct LeavesOut {
    /// How it chooses.
    pub strategy: Strategy,
    /// Users, groups, roles and policies of IAM: one region of the account should record them.
    pub iam: bool,
    /// Types that are left out by name.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub excluded: BTreeSet<ResourceType>,
    /// The only types that are recorded.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub only: BTreeSet<ResourceType>,
    /// Whether it records once a day.
    pub daily: bool,
    /// Types that it records once a day, where that is not the rule.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub daily_types: BTreeSet<ResourceType>,
    /// Types that it records continuously, where that is not the rule.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub continuous_types: BTreeSet<ResourceType>,
}

/// The aggregator.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ExaminedAggregator {
    /// Its name.
    pub name: String,
    /// The calls that are made to it.
    pub actions: Vec<ActionCheck>,
    /// Sources that are not up to date, in account and region.
    pub stale: Vec<StaleSource>,
    /// Why its sources could not be read, if so: then no account can be.
    #[serde(flatten)]
    pub gap: Option<Gap>,
}

/// A source of the aggregator that is not up to date.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct StaleSource {
    /// The account.
    pub account_id: AccountId,
    /// The region.
    pub region: Region,
    /// What the aggregator says.
    pub detail: String,
}
