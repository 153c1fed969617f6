//! Which entries under our source name are bestand's own, and which may become so (SEMANTICS 3.3).
//!
//! A register may hold entries that somebody brought in under our name before bestand's first run. They are adopted
//! where they surely mean what bestand knows, and are otherwise left alone.

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How an entry that bestand never wrote is known to mean a live item or a record.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum AdoptBy {
    /// It has the key that bestand would mint.
    AssetKey,
    /// The same ARN.
    Arn,
    /// The same region, type and resource id, in the same account.
    Scope,
    /// The source register's id.
    AssetId,
}

impl AdoptBy {
    /// All ways, the surest first.
    pub const ALL: [Self; 4] = [Self::AssetKey, Self::Arn, Self::Scope, Self::AssetId];

    /// Gives the stable code.
    pub fn code(self) -> &'static str {
        match self {
            Self::AssetKey => "asset_key",
            Self::Arn => "arn",
            Self::Scope => "scope",
            Self::AssetId => "asset_id",
        }
    }
}

/// The ways in which entries are adopted.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Adoption {
    ways: BTreeSet<AdoptBy>,
}

impl Adoption {
    /// Takes the settings' list.
    pub fn new(ways: &[AdoptBy]) -> Self {
        Self { ways: ways.iter().copied().collect() }
    }

    /// Tells whether an entry that is matched in these ways is adopted.
    pub fn allows(&self, matched: &BTreeSet<AdoptBy>) -> bool {
        !self.ways.is_disjoint(matched)
    }
}

impl Default for Adoption {
    fn default() -> Self {
        Self::new(&AdoptBy::ALL)
    }
}
