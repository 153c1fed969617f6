//! One live AWS resource as AWS Config reports it, normalised.

use std::collections::BTreeMap;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::arn::Arn;
use crate::identifiers::{AccountId, Region, ResourceId, ResourceType};

/// A configuration item. Serialised, it is a line of `inventory/<account>.ndjson.zst`.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct ConfigurationItem {
    /// The account that owns the resource.
    pub account_id: AccountId,
    /// Where it is; `global` for global types.
    pub region: Region,
    /// Its type.
    pub resource_type: ResourceType,
    /// Its id, not always unique within the scope.
    pub resource_id: ResourceId,
    /// Its ARN; some rows of AWS Config have none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub arn: Option<Arn>,
    /// Whether the ARN was built from what the row does have (see [`crate::arn_form`]), for AWS Config gave none.
    /// Such an ARN adds a way to be found, and takes none away.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub arn_built: bool,
    /// Its name as AWS Config reports it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resource_name: Option<String>,
    /// When AWS made it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created_at: Option<Timestamp>,
    /// Its tags, or that this path does not report them.
    #[serde(default)]
    pub tags: Tags,
    /// Allow-listed attributes by path, such as `configuration.instanceType`. A key with a null value was
    /// asked for and reported as having none; a missing key was not reported, which says nothing.
    #[serde(default)]
    pub attributes: BTreeMap<String, Value>,
    /// When AWS Config last recorded a change: not a measure of freshness.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub captured_at: Option<Timestamp>,
    /// `configurationItemStatus` such as `ResourceDiscovered` or `OK`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<String>,
    /// Which API gave it.
    pub path: CollectionPath,
    /// For a global item: the region whose recorder reported it. Its coverage decides how far the item is
    /// believed (SEMANTICS 2.7, 2.9).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recorded_in: Option<Region>,
}

impl ConfigurationItem {
    /// Begins an item of which nothing is known but its place and id: no ARN, tags not collected.
    pub fn named(
        account_id: AccountId,
        region: Region,
        resource_type: ResourceType,
        resource_id: ResourceId,
    ) -> Self {
        Self {
            account_id,
            region,
            resource_type,
            resource_id,
            arn: None,
            arn_built: false,
            resource_name: None,
            created_at: None,
            tags: Tags::NotCollected,
            attributes: BTreeMap::new(),
            captured_at: None,
            status: None,
            path: CollectionPath::Select,
            recorded_in: None,
        }
    }

    /// Gives the region whose recorder reported the item.
    pub fn recording_region(&self) -> &Region {
        self.recorded_in.as_ref().unwrap_or(&self.region)
    }
}

/// Tags, told apart from "this path reports no tags" (promise 3). Serialised as an object or null.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(from = "Option<BTreeMap<String, String>>", into = "Option<BTreeMap<String, String>>")]
pub enum Tags {
    /// The path does not report tags: neither none nor drift.
    #[default]
    NotCollected,
    /// The tags, possibly none.
    Collected(BTreeMap<String, String>),
}

impl From<Option<BTreeMap<String, String>>> for Tags {
    fn from(tags: Option<BTreeMap<String, String>>) -> Self {
        tags.map_or(Self::NotCollected, Self::Collected)
    }
}

impl From<Tags> for Option<BTreeMap<String, String>> {
    fn from(tags: Tags) -> Self {
        match tags {
            Tags::NotCollected => None,
            Tags::Collected(tags) => Some(tags),
        }
    }
}

/// Which API gave a configuration item.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum CollectionPath {
    /// `SelectResourceConfig`.
    Select,
    /// `ListDiscoveredResources` and `BatchGetResourceConfig`: no tags.
    BatchGet,
    /// `SelectAggregateResourceConfig`.
    Aggregator,
    /// A configuration snapshot in S3.
    Snapshot,
}
