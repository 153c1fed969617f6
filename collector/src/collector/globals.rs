//! Items of global types: each recording region has its own copy, the account has one (SEMANTICS 2.7).

use std::collections::BTreeMap;

use bestand_model::configuration_item::ConfigurationItem;
use bestand_model::identifiers::{Region, ResourceType};

use super::region::RegionOutcome;

/// What makes two copies the same resource: the type and the ARN, else the id.
type Identity = (ResourceType, String);

/// The copies of one region.
#[derive(Debug, Default)]
pub(super) struct HeldItems(Vec<ConfigurationItem>);

impl HeldItems {
    pub(super) fn add(&mut self, item: ConfigurationItem) {
        self.0.push(item);
    }
}

/// One copy of each, over all regions so far.
#[derive(Debug, Default)]
pub(super) struct GlobalItems(BTreeMap<Identity, Held>);

#[derive(Debug)]
struct Held {
    item: ConfigurationItem,
    complete: bool,
}

impl Held {
    /// A complete region's copy comes first; among equals the region with the smaller name, so that the order
    /// of arrival does not show.
    fn rank(&self) -> (bool, &Region) {
        (!self.complete, self.item.recording_region())
    }
}

impl GlobalItems {
    /// Takes a region's copies in.
    pub(super) fn merge(&mut self, copies: HeldItems, region: &RegionOutcome) {
        let mut complete = BTreeMap::new();
        for mut item in copies.0 {
            item.recorded_in = Some(region.region.clone());
            let complete = *complete
                .entry(item.resource_type.clone())
                .or_insert_with(|| region.judge(&item.resource_type).is_complete());
            let name = item.arn.as_ref().map_or(item.resource_id.as_str(), |arn| arn.as_str());
            let identity = (item.resource_type.clone(), name.to_owned());
            self.add(identity, Held { item, complete });
        }
    }

    /// Takes a copy that does not say which region recorded it: an aggregator's.
    pub(super) fn merge_one(&mut self, item: ConfigurationItem) {
        let name = item.arn.as_ref().map_or(item.resource_id.as_str(), |arn| arn.as_str());
        let identity = (item.resource_type.clone(), name.to_owned());
        self.add(identity, Held { item, complete: false });
    }

    fn add(&mut self, identity: Identity, held: Held) {
        match self.0.get_mut(&identity) {
            Some(known) if known.rank() <= held.rank() => {}
            Some(known) => *known = held,
            None => {
                self.0.insert(identity, held);
            }
        }
    }

    /// Gives how many there are of each type.
    pub(super) fn counts(&self) -> BTreeMap<ResourceType, u64> {
        let mut counts = BTreeMap::new();
        for (resource_type, _) in self.0.keys() {
            *counts.entry(resource_type.clone()).or_insert(0) += 1;
        }
        counts
    }

    /// Gives the items by type and ARN.
    pub(super) fn into_items(self) -> impl Iterator<Item = ConfigurationItem> {
        self.0.into_values().map(|held| held.item)
    }
}
