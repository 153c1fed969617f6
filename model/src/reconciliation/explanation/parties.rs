//! Which records, items and entries an asset consists of. The result names them; two that share a name are told apart
//! by what else they say.

use std::collections::{BTreeSet, HashMap};

use super::{Explainer, Judgement};
use crate::asset::{AssetKey, PublishedAsset};
use crate::asset_record::AssetRecord;
use crate::configuration_item::ConfigurationItem;
use crate::reconciliation::{ReconciledAsset, Traced};

/// What an asset consists of.
pub(super) struct Parties<'a> {
    pub(super) records: Vec<&'a AssetRecord>,
    pub(super) items: Vec<&'a ConfigurationItem>,
    pub(super) entries: Vec<&'a PublishedAsset>,
}

/// An item's region, type and id.
type Place<'a> = (&'a str, &'a str, &'a str);

/// Records and entries by their names.
#[derive(Debug)]
pub(super) struct Index<'a> {
    records: HashMap<&'a str, Vec<&'a AssetRecord>>,
    entries: HashMap<AssetKey, &'a PublishedAsset>,
}

pub(super) fn place_of(item: &ConfigurationItem) -> Place<'_> {
    (item.region.as_str(), item.resource_type.as_str(), item.resource_id.as_str())
}

/// Reads `region/type/id` as the result writes it: neither of the first two has a slash.
pub(super) fn place(name: &str) -> Place<'_> {
    let (region, rest) = name.split_once('/').unwrap_or((name, ""));
    let (kind, id) = rest.split_once('/').unwrap_or((rest, ""));
    (region, kind, id)
}

impl<'a> Index<'a> {
    pub(super) fn new(judgement: &Judgement<'a>) -> Self {
        let mut records: HashMap<_, Vec<_>> = HashMap::new();
        for record in judgement.records {
            records.entry(record.row_key.as_str()).or_default().push(record);
        }
        let entries = judgement.published.iter().map(|entry| (entry.asset_key, entry)).collect();
        Self { records, entries }
    }
}

impl<'a> Explainer<'a> {
    pub(super) fn parties(&self, asset: &ReconciledAsset) -> Parties<'a> {
        let entries: Vec<_> =
            asset.published.iter().filter_map(|key| self.index.entries.get(key).copied()).collect();
        if let Some(traced) = self.traced(asset) {
            let items = self.judgement.inventory.map_or(&[][..], |inventory| inventory.items.as_slice());
            let records =
                traced.records.iter().filter_map(|index| self.judgement.records.get(*index)).collect();
            let items = traced.items.iter().filter_map(|index| items.get(*index)).collect();
            return Parties { records, items, entries };
        }
        let rows: BTreeSet<&str> = asset.records.iter().map(String::as_str).collect();
        let records =
            rows.into_iter().filter_map(|row| self.index.records.get(row)).flatten().copied().collect();
        // Without a trace (what belongs to no account) a shared name is told apart by the key.
        let records = narrowed(records, asset.records.len(), |record: &&AssetRecord| {
            self.subject(Some(record), None)
                .keys
                .iter()
                .position(|key| *key == asset.asset_key)
                .unwrap_or(usize::MAX)
        });
        Parties { records, items: Vec::new(), entries }
    }

    /// What the judgement noted of this very asset: two may claim one key.
    fn traced(&self, asset: &ReconciledAsset) -> Option<&Traced> {
        let records = self.judgement.records;
        self.judgement.trace?.of(asset.asset_key).iter().find(|traced| {
            traced.items.len() == asset.items.len()
                && traced.records.len() == asset.records.len()
                && traced.records.iter().all(|index| {
                    records.get(*index).is_some_and(|record| asset.records.contains(&record.row_key))
                })
        })
    }

    /// Every key that the asset has, or that its parties would have.
    pub(super) fn keys(&self, asset: &ReconciledAsset, parties: &Parties<'a>) -> BTreeSet<AssetKey> {
        let mut keys: BTreeSet<AssetKey> = asset.published.iter().copied().collect();
        keys.insert(asset.asset_key);
        if keys.len() == 1 && parties.records.len() + parties.items.len() > 1 {
            // Ambiguous and nothing published: each live item has a key of its own.
            let own =
                parties.items.iter().filter_map(|item| self.subject(None, Some(item)).keys.first().copied());
            keys.extend(own.filter(|_| asset.published.is_empty() && asset.items.len() > 1));
        }
        keys
    }
}

/// Of more parties than the asset has of the kind only those that most surely are its own.
fn narrowed<T, R: Ord>(all: Vec<T>, wanted: usize, rank: impl Fn(&T) -> R) -> Vec<T> {
    if all.len() <= wanted {
        return all;
    }
    let best = all.iter().map(&rank).min();
    all.into_iter().filter(|party| Some(rank(party)) == best).collect()
}
