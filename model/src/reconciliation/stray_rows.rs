//! Rows that are still there, but where no entry is matched with them: a row that makes no sense any more, or one
//! that became an AWS resource or ceased to be one. Such a row is not gone, and still vouches for its asset.

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use crate::identifiers::AssetId;

/// The asset ids of stray rows, eight bytes each: a million rows may be stray. Two ids that share a hash only keep
/// an asset that might have been retired.
#[derive(Clone, Debug, Default)]
pub struct StrayRows {
    ids: HashSet<u64>,
    nameless: bool,
}

impl StrayRows {
    /// Notes a row. One without asset id may speak of anything.
    pub fn add(&mut self, asset_id: Option<&AssetId>) {
        match asset_id {
            Some(id) => {
                self.ids.insert(hash(id));
            }
            None => self.nameless = true,
        }
    }

    /// Notes all rows of another set.
    pub fn extend(&mut self, other: &Self) {
        self.ids.extend(&other.ids);
        self.nameless |= other.nameless;
    }

    /// Tells whether a row without asset id is among them.
    pub fn has_nameless(&self) -> bool {
        self.nameless
    }

    /// Tells whether a row with the id is among them.
    pub fn names(&self, asset_id: &AssetId) -> bool {
        self.ids.contains(&hash(asset_id))
    }

    /// Tells whether a row may still speak of an asset.
    pub fn may_speak_of(&self, asset_id: Option<&AssetId>) -> bool {
        self.nameless || asset_id.is_some_and(|id| self.names(id))
    }
}

fn hash(id: &AssetId) -> u64 {
    let mut hasher = DefaultHasher::new();
    id.hash(&mut hasher);
    hasher.finish()
}
