//! What earlier runs saw: looks and sightings per asset, listings per scope. Lost history only delays a
//! retirement, never causes one.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::asset::AssetKey;
use crate::identifiers::{Region, ResourceType};

/// What earlier runs saw of one asset.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct AssetHistory {
    /// When a live item was first matched to the asset in a complete scope.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_seen: Option<Timestamp>,
    /// When a live item was last matched to the asset in a complete scope.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_seen: Option<Timestamp>,
    /// The first of the complete looks in a row that found it absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub absent_since: Option<Timestamp>,
    /// The last complete look that counted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_look: Option<Timestamp>,
    /// Complete looks in a row that found it absent, at most one per interval.
    #[serde(default)]
    pub looks: u32,
    /// Since when a record says `planned` while nothing lives.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub planned_since: Option<Timestamp>,
}

/// What the last complete listing of a scope gave.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct ScopeHistory {
    /// The region, or `global`.
    pub region: Region,
    /// The type.
    pub resource_type: ResourceType,
    /// Rows of the last listing that was believed.
    pub collected: u64,
    /// How often in a row the scope was `collapsed` since.
    #[serde(default)]
    pub collapsed_times: u32,
    /// What the last of these listings gave: less again is another collapse, and no repetition.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub collapsed_to: Option<u64>,
    /// When the collapse was last counted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_collapse: Option<Timestamp>,
}

/// One account's history: `history/accounts/<account>.json`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct AccountHistory {
    /// By asset key.
    #[serde(default)]
    pub assets: BTreeMap<AssetKey, AssetHistory>,
    /// By scope.
    #[serde(default)]
    pub scopes: Vec<ScopeHistory>,
    /// First sighting of findings that are still open, by finding id.
    #[serde(default)]
    pub findings: BTreeMap<String, Timestamp>,
}

/// Which types were ever seen recorded where, in any account: `history/types.json` (SEMANTICS 2.1).
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct SeenTypes {
    /// By region.
    #[serde(default)]
    pub by_region: BTreeMap<Region, BTreeSet<ResourceType>>,
}

impl SeenTypes {
    /// Notes that the type has a row in the region.
    pub fn add(&mut self, region: &Region, resource_type: &ResourceType) {
        let types = self.by_region.entry(region.clone()).or_default();
        if !types.contains(resource_type) {
            types.insert(resource_type.clone());
        }
    }

    /// Tells whether the type ever had a row in the region.
    pub fn contains(&self, region: &Region, resource_type: &ResourceType) -> bool {
        self.by_region.get(region).is_some_and(|types| types.contains(resource_type))
    }
}

/// The last good reading of the source register: `history/source.json` (SEMANTICS 2.13).
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct SourceHistory {
    /// Rows that it had.
    pub rows: u64,
    /// When.
    pub at: Timestamp,
}
