//! Whether something that carries a missing asset's names was seen in its account (SEMANTICS 2.4, 2.10).

use std::collections::HashMap;

use jiff::Timestamp;

use super::subject::Subject;
use crate::arn::Arn;
use crate::asset::{AssetKey, PublishedAsset};
use crate::configuration_item::ConfigurationItem;
use crate::history::AccountHistory;
use crate::identification::ItemIndex;
use crate::identifiers::{Region, ResourceId, ResourceType};
use crate::resource_id;
use crate::resource_type::is_global;

/// What was seen of an asset that no item was matched to.
#[derive(Clone, Copy, Debug)]
pub(super) enum Sighting<'a> {
    /// Nothing.
    Nowhere,
    /// Something that may be it, where it should be, or nobody can say where.
    Here,
    /// The same resource, where it should not be.
    Elsewhere(&'a ConfigurationItem),
}

/// What tells items apart from missing assets of the same name ([why](../../docs/decisions/0007-namesakes.md)).
pub(super) struct Namesakes<'h> {
    by_item: HashMap<*const ConfigurationItem, Known>,
    history: &'h AccountHistory,
}

/// What is known of an item.
struct Known {
    has_record: bool,
    first_seen: Option<Timestamp>,
}

impl<'h> Namesakes<'h> {
    pub(super) fn new<'s>(
        subjects: impl Iterator<Item = (&'s Subject<'s>, Option<&'s PublishedAsset>)>,
        history: &'h AccountHistory,
    ) -> Self {
        let by_item = subjects.filter_map(|(subject, entry)| {
            let key = entry.map(|entry| entry.asset_key).or_else(|| subject.keys.first().copied())?;
            let first_seen = history.assets.get(&key).and_then(|history| history.first_seen);
            Some((
                std::ptr::from_ref(subject.item?),
                Known { has_record: has_record_of_its_own(subject), first_seen },
            ))
        });
        Self { by_item: by_item.collect(), history }
    }

    /// Tells whether an item is another asset than the missing one: a record speaks of it, or bestand itself once
    /// saw both.
    pub(super) fn is_of_its_own(&self, item: &ConfigurationItem, missing: Option<AssetKey>) -> bool {
        self.by_item.get(&std::ptr::from_ref(item)).is_some_and(|known| {
            let last_seen = missing.and_then(|key| self.history.assets.get(&key)).and_then(|of| of.last_seen);
            let saw_both = known.first_seen.zip(last_seen).is_some_and(|(first, last)| first <= last);
            known.has_record || saw_both
        })
    }
}

/// What people wrote on a resource may have moved there from the one that is missing: only a record that names the
/// resource itself tells the two apart.
fn has_record_of_its_own(subject: &Subject<'_>) -> bool {
    subject.record.is_some() && subject.rule.as_ref().is_none_or(|rule| !rule.is_of_settings())
}

/// What a record or an entry calls the asset.
struct Names {
    arn: Option<Arn>,
    region: Option<Region>,
    kind: Option<ResourceType>,
    id: Option<ResourceId>,
}

impl Names {
    fn region(&self) -> Option<Region> {
        if self.kind.as_ref().is_some_and(is_global) {
            return Some(Region::global());
        }
        self.region.clone().or_else(|| self.arn.as_ref().and_then(Arn::region))
    }

    /// An item of the type and id in another region is the same resource if AWS makes the id unique. A mere
    /// namesake counts unless it is known to be an asset of its own.
    fn sighting<'a>(
        &self,
        index: &ItemIndex<'a>,
        is_of_its_own: &impl Fn(&ConfigurationItem) -> bool,
    ) -> Sighting<'a> {
        if self.arn.as_ref().is_some_and(|arn| !index.with_arn(arn).is_empty()) {
            return Sighting::Here;
        }
        let mut elsewhere = None;
        match (&self.kind, &self.id) {
            (None, Some(id)) if index.knows_id(id) => return Sighting::Here,
            (Some(kind), Some(id)) => {
                let region = self.region();
                for item in index.items_with_id(kind, id) {
                    if region.as_ref().is_none_or(|region| *region == item.region) {
                        return Sighting::Here;
                    }
                    if elsewhere.is_none() && (resource_id::is_unique(kind, id) || !is_of_its_own(item)) {
                        elsewhere = Some(item);
                    }
                }
            }
            _ => {}
        }
        match elsewhere {
            Some(item) => Sighting::Elsewhere(item),
            None if self.arn.as_ref().is_some_and(|arn| index.ends_in_nameless_id(arn)) => Sighting::Here,
            None => Sighting::Nowhere,
        }
    }
}

impl<'a> Sighting<'a> {
    /// Looks for the subject by all that its record and its entry call it. `is_of_its_own` tells whether an item
    /// is known to be another asset than the subject.
    pub(super) fn of(
        subject: &Subject<'_>,
        entry: Option<&PublishedAsset>,
        index: &ItemIndex<'a>,
        is_of_its_own: impl Fn(&ConfigurationItem) -> bool,
    ) -> Self {
        if subject.record.is_some_and(|record| index.knows_key_of(record)) {
            return Self::Here;
        }
        let by_record = subject.record.map(|record| Names {
            arn: record.arn.clone(),
            region: record.region.clone(),
            kind: record.resource_type.clone(),
            id: record.resource_id.clone(),
        });
        let by_entry = entry.map(|entry| Names {
            arn: entry.arn(),
            region: entry.region(),
            kind: entry.resource_type(),
            id: entry.resource_id(),
        });
        let mut elsewhere = Self::Nowhere;
        for names in by_record.into_iter().chain(by_entry) {
            match names.sighting(index, &is_of_its_own) {
                Self::Here => return Self::Here,
                Self::Elsewhere(item) if matches!(elsewhere, Self::Nowhere) => {
                    elsewhere = Self::Elsewhere(item);
                }
                Self::Elsewhere(_) | Self::Nowhere => {}
            }
        }
        elsewhere
    }
}
