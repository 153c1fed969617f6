//! What the source register says: one row, mapped to bestand's words.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::arn::Arn;
use crate::identifiers::{AccountId, AssetId, Region, ResourceId, ResourceType};

/// One row of the source register.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct AssetRecord {
    /// What a person finds the row by: the asset id where there is one, else `row 17` (order of reading).
    pub row_key: String,
    /// Whether the row speaks of an AWS resource; others pass through to the central register.
    pub aws: bool,
    /// The id that the source register gives.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asset_id: Option<AssetId>,
    /// The ARN, well-formed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub arn: Option<Arn>,
    /// The resource id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resource_id: Option<ResourceId>,
    /// The account: the row's own, else the ARN's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account_id: Option<AccountId>,
    /// The region as the row says it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<Region>,
    /// The resource type as the row says it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resource_type: Option<ResourceType>,
    /// Where the asset stands in its life.
    #[serde(default)]
    pub lifecycle: Lifecycle,
    /// All other mapped columns by attribute name (`name`, `owner`, ..., extra attributes, also technical ones
    /// such as `configuration.instanceType`). Null: the row is there and says that there is none.
    #[serde(default)]
    pub attributes: BTreeMap<String, Value>,
}

/// Where an asset stands in its life, as the source register says.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Lifecycle {
    /// Ordered or designed: it need not be live yet.
    Planned,
    /// In use; also everything that the settings name neither planned nor retired.
    #[default]
    Active,
    /// Taken out of use: it should not be live any more.
    Retired,
}

/// A row that makes no sense: kept with its key and the reason, never dropped.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct RejectedRecord {
    /// What a person finds the row by.
    pub row_key: String,
    /// The asset id, where it could be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asset_id: Option<AssetId>,
    /// The account, where it could be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account_id: Option<AccountId>,
    /// What is wrong, with the column and its value (cut to 80 characters).
    pub reason: String,
}

/// A line of `records/<account>.ndjson.zst`.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(untagged)]
pub enum RecordLine {
    /// A row that makes no sense.
    Rejected {
        /// Marks the line.
        rejected: RejectedRecord,
    },
    /// A record as read.
    Record(AssetRecord),
}

/// Where a row goes. Each partition is a file of the run directory.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum RecordPartition {
    /// Records of one account.
    Account(AccountId),
    /// AWS rows whose account is not known.
    Unplaced,
    /// Rows that are no AWS resources.
    NotAws,
    /// Rows that make no sense and name no account.
    Rejected,
}

impl RecordPartition {
    /// Gives the file's name without its ending.
    pub fn file_stem(&self) -> &str {
        match self {
            Self::Account(id) => id.as_str(),
            Self::Unplaced => "_unplaced",
            Self::NotAws => "_not_aws",
            Self::Rejected => "_rejected",
        }
    }
}

/// What one reading of the source register gave (SEMANTICS 2.13).
#[derive(Clone, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
pub struct RecordTotals {
    /// Rows read.
    pub read: u64,
    /// `COUNT(*)` in the same snapshot; reading is complete only if it equals `read`.
    pub counted: u64,
    /// AWS rows whose account is not known.
    pub unplaced: u64,
    /// Rows that are no AWS resources.
    pub not_aws: u64,
    /// Rows that make no sense.
    pub rejected: u64,
}
