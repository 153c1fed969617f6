//! Rows of the source register that name themselves alike: one asset id on several rows, one ARN in several accounts,
//! two ids that only look the same. Each may be right by itself; a person has to tell.
//!
//! Found in two readings: the first keeps eight bytes for each name, the second only what came twice.

mod rows;

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::hash::{DefaultHasher, Hash, Hasher as _};

use serde::{Deserialize, Serialize};
use unicode_security::skeleton;

use crate::arn::Arn;
use crate::asset_record::AssetRecord;
use crate::identifiers::AssetId;

pub use rows::{MOST_NAMED, RowName, SharingRows};

/// The first reading: which names came more than once.
#[derive(Debug, Default)]
pub struct IdentityCensus {
    seen: HashSet<u64>,
    twice: HashSet<u64>,
    /// What the ids look like that are not written in plain letters. Plain ones cannot be told apart from each other
    /// by more than they are: `l` and `1` may both be meant.
    looks: BTreeSet<String>,
}

impl IdentityCensus {
    /// Notes a row.
    pub fn add(&mut self, record: &AssetRecord) {
        if let Some(id) = &record.asset_id {
            self.note(id);
            if !id.as_str().is_ascii() {
                self.looks.insert(look(id));
            }
        }
        if let Some(arn) = &record.arn {
            self.note(arn);
        }
    }

    fn note(&mut self, name: &impl Hash) {
        let hash = hash(name);
        if !self.seen.insert(hash) {
            self.twice.insert(hash);
        }
    }

    /// Tells whether a second reading can find anything.
    pub fn needs_a_second_look(&self) -> bool {
        !self.twice.is_empty() || !self.looks.is_empty()
    }
}

/// A name that rows share, with the rows.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(tag = "by", rename_all = "snake_case")]
pub enum SharedName {
    /// The same asset id.
    AssetId {
        /// The id.
        asset_id: AssetId,
        /// Who shares it.
        #[serde(flatten)]
        sharing: SharingRows,
    },
    /// The same ARN.
    Arn {
        /// The ARN.
        arn: Arn,
        /// Who shares it.
        #[serde(flatten)]
        sharing: SharingRows,
    },
    /// Asset ids that look the same.
    Look {
        /// What a person sees of them.
        look: String,
        /// The ids, each with the first row that has it.
        rows: BTreeMap<AssetId, RowName>,
    },
}

/// The second reading: the rows that share a name.
#[derive(Clone, Debug, Default)]
pub struct SharedIdentities {
    by_asset_id: BTreeMap<AssetId, SharingRows>,
    by_arn: BTreeMap<Arn, SharingRows>,
    by_look: BTreeMap<String, BTreeMap<AssetId, RowName>>,
}

impl SharedIdentities {
    /// Notes a row of the second reading.
    pub fn add(&mut self, census: &IdentityCensus, record: &AssetRecord) {
        let came_twice = |hash| census.twice.contains(&hash);
        if let Some(id) = &record.asset_id {
            if came_twice(hash(id)) {
                self.by_asset_id.entry(id.clone()).or_default().add(record);
            }
            if !census.looks.is_empty() {
                let look = look(id);
                if census.looks.contains(&look) {
                    add_alike(self.by_look.entry(look).or_default(), id, record);
                }
            }
        }
        if let Some(arn) = record.arn.as_ref().filter(|arn| came_twice(hash(arn))) {
            self.by_arn.entry(arn.clone()).or_default().add(record);
        }
    }

    /// Gives what concerns these records, name by name: so it can be written down beside them.
    pub fn of_records<'r>(&self, records: impl IntoIterator<Item = &'r AssetRecord>) -> Vec<SharedName> {
        // Only names are gathered row by row: to copy their rows each time would take the square of their number.
        let (mut ids, mut arns, mut looks) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
        for record in records {
            ids.extend(record.asset_id.as_ref().filter(|id| self.by_asset_id.contains_key(id)));
            arns.extend(record.arn.as_ref().filter(|arn| self.by_arn.contains_key(arn)));
            let id = record.asset_id.as_ref().filter(|_| !self.by_look.is_empty());
            looks.extend(id.map(look).filter(|look| self.by_look.contains_key(look)));
        }
        let of_id = ids.into_iter().filter_map(|asset_id| {
            let sharing = self.by_asset_id.get(asset_id)?.clone();
            Some(SharedName::AssetId { asset_id: asset_id.clone(), sharing })
        });
        let of_arn = arns.into_iter().filter_map(|arn| {
            Some(SharedName::Arn { arn: arn.clone(), sharing: self.by_arn.get(arn)?.clone() })
        });
        let of_look = looks.into_iter().filter_map(|look| {
            let rows = self.by_look.get(&look)?.clone();
            Some(SharedName::Look { look, rows })
        });
        of_id.chain(of_arn).chain(of_look).collect()
    }

    /// Takes what was written down.
    pub fn take(&mut self, name: SharedName) {
        match name {
            SharedName::AssetId { asset_id, sharing } => {
                self.by_asset_id.insert(asset_id, sharing);
            }
            SharedName::Arn { arn, sharing } => {
                self.by_arn.insert(arn, sharing);
            }
            SharedName::Look { look, rows } => {
                self.by_look.insert(look, rows);
            }
        }
    }

    /// Gives the rows that carry the record's asset id, where there are several.
    pub fn of_asset_id(&self, record: &AssetRecord) -> Option<&SharingRows> {
        self.by_asset_id.get(record.asset_id.as_ref()?).filter(|sharing| sharing.count > 1)
    }

    /// Gives the rows that carry the record's ARN, where they name several accounts. Within one account they claim
    /// the same resource, which is a `duplicate`.
    pub fn of_arn(&self, record: &AssetRecord) -> Option<&SharingRows> {
        self.by_arn.get(record.arn.as_ref()?).filter(|sharing| sharing.in_several_accounts())
    }

    /// Gives rows whose asset id only looks like the record's, one for each such id.
    pub fn alike(&self, record: &AssetRecord) -> Vec<&RowName> {
        let Some(id) = record.asset_id.as_ref().filter(|_| !self.by_look.is_empty()) else {
            return Vec::new();
        };
        let rows = self.by_look.get(&look(id)).into_iter().flatten();
        rows.filter(|(other, _)| *other != id).map(|(_, row)| row).take(MOST_NAMED).collect()
    }
}

/// Keeps the first row of an id, and of the ids one more than are named: an id is not named to itself.
fn add_alike(ids: &mut BTreeMap<AssetId, RowName>, id: &AssetId, record: &AssetRecord) {
    let row = RowName::of(record);
    match ids.get_mut(id) {
        Some(first) if row < *first => *first = row,
        Some(_) => {}
        None => {
            ids.insert(id.clone(), row);
        }
    }
    if ids.len() > MOST_NAMED + 1 {
        ids.pop_last();
    }
}

/// What a person sees of an id, by UTS 39.
fn look(id: &AssetId) -> String {
    skeleton(id.as_str()).collect()
}

/// Two names that share a hash are only looked at twice.
fn hash(name: &(impl Hash + ?Sized)) -> u64 {
    let mut hasher = DefaultHasher::new();
    name.hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests;
