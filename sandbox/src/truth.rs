//! The truth about an estate: what is there, what was planted, and what cannot be seen under the faults.

mod gather;

use serde::Serialize;
use std::collections::BTreeMap;

/// What a perfect observer would know.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Truth {
    /// The version of this file's shape.
    pub schema_version: u32,
    /// What the estate was derived from.
    pub seed: u64,
    /// When it was looked at first, in seconds since 1970.
    pub started_at: i64,
    /// The faults that are on, as one list.
    pub faults: String,
    /// The accounts of the organisation, the suspended one at the end.
    pub accounts: Vec<TruthAccount>,
    /// The regions that hold resources.
    pub regions: Vec<String>,
    /// The role and the external id that every account trusts.
    pub role_name: String,
    /// See `role_name`.
    pub external_id: String,
    /// How many live resources there are; a global one counts once.
    pub live_total: u64,
    /// Live resources per account, region and type; `global` is the region of IAM.
    pub live: Vec<LiveCount>,
    /// Rows that AWS Config serves as live per account, region and type: under the faults, and with IAM once
    /// in each region that records it.
    pub served: Vec<LiveCount>,
    /// How many rows the source register has.
    pub records_total: u64,
    /// How many of them are no AWS resources.
    pub non_aws_records: u64,
    /// Types that advanced queries do not serve: they are counted, listed and got in batches only.
    pub not_selected: Vec<String>,
    /// Types that nobody registers: none of their resources has a record.
    pub inventoried_only: Vec<String>,
    /// How many differences of each kind were planted.
    pub planted_by_kind: BTreeMap<PlantedKind, u64>,
    /// Every difference between the source register and the estate.
    pub planted: Vec<Planted>,
    /// What may ever be retired, by what it lacks alone: it is not alive. Everything else is.
    pub retirable: Vec<Retirable>,
    /// What cannot be known under the faults, and why. Nothing else is incomplete; `collapsed` needs an earlier run
    /// that saw the whole scope.
    pub incomplete: Vec<Incomplete>,
    /// The aggregator that holds the rows of the whole organisation; it lies in the first account and region.
    pub aggregator_name: String,
    /// What of the aggregator's copy is outdated.
    pub aggregator_incomplete: Vec<Incomplete>,
    /// An account that has left the organisation: the aggregator has rows of it, and one record speaks of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub departed_account: Option<String>,
    /// The peculiarities of rows, one entry per row or type.
    pub quirks: Vec<Quirk>,
    /// What every planted secret begins with. Nothing that bestand writes may contain it.
    pub secret_mark: String,
}

/// One account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TruthAccount {
    /// Twelve digits.
    pub id: String,
    /// Its name in the organisation.
    pub name: String,
    /// The address that AWS writes to.
    pub email: String,
    /// `ACTIVE` or `SUSPENDED`.
    pub state: &'static str,
    /// Its place in the organisation, from the root down.
    pub ou_path: String,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
}

/// Something that is gone, and that a record still believes in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Retirable {
    /// The account.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account_id: Option<String>,
    /// The region, where the record names one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// The AWS Config type.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resource_type: Option<String>,
    /// The resource id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resource_id: Option<String>,
    /// The record.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub asset_id: Option<String>,
    /// When AWS Config saw it deleted, in seconds since 1970; without it nobody saw it go.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deletion_time: Option<i64>,
    /// Whether its absence can be concluded under the faults: every scope that it could lie in is complete.
    pub provable: bool,
}

/// How many resources of a type there are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LiveCount {
    /// Twelve digits.
    pub account_id: String,
    /// The region, or `global`.
    pub region: String,
    /// The AWS Config type.
    pub resource_type: String,
    /// How many.
    pub count: u32,
}

/// What was planted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum PlantedKind {
    /// A live resource without a record.
    Unregistered,
    /// A record without a live resource.
    Absent,
    /// A record whose instance type is not the live one.
    Divergent,
    /// A record that says retired of a live resource.
    RetiredButLive,
    /// A record that says planned of something that is not live: no finding is expected.
    Planned,
    /// Two records that speak of one live resource.
    Duplicate,
    /// A record that makes no sense.
    RejectedRecord,
}

/// One planted difference.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Planted {
    /// What was planted.
    pub kind: PlantedKind,
    /// The account; of a rejected record, whatever it says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account_id: Option<String>,
    /// The region of the resource, `global` for IAM; missing where the record names none and nothing is live.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// The AWS Config type.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resource_type: Option<String>,
    /// The resource id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resource_id: Option<String>,
    /// The ARN as AWS Config shows it, or as the record has it where nothing is live.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub arn: Option<String>,
    /// The record.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub asset_id: Option<String>,
    /// The other record of a duplicate.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub other_asset_id: Option<String>,
    /// The attribute that differs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attribute: Option<&'static str>,
    /// The live value of the attribute.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub live: Option<String>,
    /// The record's value of the attribute.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub registered: Option<String>,
    /// When AWS Config saw the resource deleted, in seconds since 1970: absent records only, and not all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deletion_time: Option<i64>,
    /// Whether everything is seen that must be seen to conclude: for a live resource its scope; for an absent
    /// record every scope in which it could have matched.
    pub scope_complete: bool,
}

/// Something that cannot be known.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Incomplete {
    /// Twelve digits.
    pub account_id: String,
    /// Missing: the whole account.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// Missing: the whole region.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resource_type: Option<String>,
    /// Why, in the words of the completeness ledger.
    pub reason: &'static str,
}

/// A peculiarity of what AWS Config serves.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Quirk {
    /// `missing_arn`, `shared_resource_id`, `tags_as_object`, `global_region`, `recorded_in_two_regions`,
    /// `withdrawn_row`, `null_configuration` or `odd_name`.
    pub quirk: &'static str,
    /// The account, where it concerns one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account_id: Option<String>,
    /// The region, where it concerns one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// The type.
    pub resource_type: String,
    /// The resource, where it concerns one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resource_id: Option<String>,
    /// The status of a withdrawn row, the odd name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
}
