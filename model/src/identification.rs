//! Which asset record speaks of which configuration item: by ARN, then by account, region, type and resource
//! id. Ambiguity is never guessed.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::arn::Arn;
use crate::asset_record::AssetRecord;
use crate::configuration_item::ConfigurationItem;
use crate::identifiers::{Region, ResourceId, ResourceType};
use crate::resource_type::is_global;

/// The rule that matched.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Rule {
    /// The same ARN.
    Arn,
    /// The same account, region, type and resource id.
    ResourceId,
    /// The same account, type and resource id; the record names no region.
    ResourceIdWithoutRegion,
}

/// Live items by everything that a record or a published asset may name them by.
pub struct ItemIndex<'a> {
    items: &'a [&'a ConfigurationItem],
    by_arn: HashMap<&'a Arn, Vec<usize>>,
    by_id: HashMap<&'a str, HashMap<&'a str, Vec<usize>>>,
    /// Ids of items to which AWS Config gives no ARN: a record's ARN may be the one that it leaves out, also
    /// where bestand built another.
    without_arn: BTreeSet<&'a str>,
}

impl<'a> ItemIndex<'a> {
    /// Indexes the items of one account.
    pub fn new(items: &'a [&'a ConfigurationItem]) -> Self {
        let mut by_arn: HashMap<_, Vec<usize>> = HashMap::new();
        let mut by_id: HashMap<_, HashMap<_, Vec<usize>>> = HashMap::new();
        let mut without_arn = BTreeSet::new();
        for (index, item) in items.iter().enumerate() {
            if let Some(arn) = &item.arn {
                by_arn.entry(arn).or_default().push(index);
            }
            if item.arn.is_none() || item.arn_built {
                without_arn.insert(item.resource_id.as_str());
            }
            let of_type = by_id.entry(item.resource_type.as_str()).or_default();
            of_type.entry(item.resource_id.as_str()).or_default().push(index);
        }
        Self { items, by_arn, by_id, without_arn }
    }

    /// Gives the items with that ARN.
    pub fn with_arn(&self, arn: &Arn) -> &[usize] {
        self.by_arn.get(arn).map_or(&[], Vec::as_slice)
    }

    fn with_id(&self, kind: &ResourceType, id: &ResourceId) -> &[usize] {
        self.by_id.get(kind.as_str()).and_then(|of_type| of_type.get(id.as_str())).map_or(&[], Vec::as_slice)
    }

    /// Gives the items of that type and id in any region.
    pub fn items_with_id(
        &self,
        kind: &ResourceType,
        id: &ResourceId,
    ) -> impl Iterator<Item = &'a ConfigurationItem> {
        let items = self.items;
        self.with_id(kind, id).iter().filter_map(move |index| items.get(*index).copied())
    }

    /// Tells whether any item of whatever type carries the id.
    pub fn knows_id(&self, id: &ResourceId) -> bool {
        self.by_id.values().any(|of_type| of_type.contains_key(id.as_str()))
    }

    /// Tells whether the ARN may be the one that AWS Config leaves out of some item.
    pub fn ends_in_nameless_id(&self, arn: &Arn) -> bool {
        let text = arn.as_str();
        let ends = text.match_indices([':', '/']).filter_map(|(at, _)| text.get(at + 1..));
        // The id may be the whole ARN.
        ends.chain([text]).any(|end| self.without_arn.contains(end))
    }

    fn candidates(&self, record: &AssetRecord) -> (Vec<usize>, Rule) {
        if let Some(arn) = &record.arn {
            let found = self.with_arn(arn);
            if !found.is_empty() {
                return (found.to_vec(), Rule::Arn);
            }
        }
        let (Some(kind), Some(id)) = (&record.resource_type, &record.resource_id) else {
            return (Vec::new(), Rule::Arn);
        };
        let found = self.with_id(kind, id).iter().copied();
        // An item to which AWS Config gives another ARN than the record has is another resource of that id.
        let given = |index: usize| self.items.get(index).filter(|item| !item.arn_built)?.arn.as_ref();
        let found = found.filter(|&index| match (&record.arn, given(index)) {
            (Some(wanted), Some(has)) => wanted == has,
            _ => true,
        });
        match self.region_of(record) {
            Some(region) => {
                let same = |index: &usize| self.items.get(*index).is_some_and(|item| item.region == region);
                (found.filter(same).collect(), Rule::ResourceId)
            }
            None => (found.collect(), Rule::ResourceIdWithoutRegion),
        }
    }

    /// The region that a record names. Global types have one region whatever a person wrote down.
    fn region_of(&self, record: &AssetRecord) -> Option<Region> {
        if record.resource_type.as_ref().is_some_and(is_global) {
            return Some(Region::global());
        }
        record.region.clone().or_else(|| record.arn.as_ref().and_then(Arn::region))
    }
}

/// A record and the one item it speaks of.
#[derive(Clone, Copy, Debug)]
pub struct Pair {
    /// Index of the record.
    pub record: usize,
    /// Index of the item.
    pub item: usize,
    /// The rule that matched.
    pub rule: Rule,
}

/// Records and items that claim each other, so that nobody can tell which is right.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Tangle {
    /// Indices of the records.
    pub records: BTreeSet<usize>,
    /// Indices of the items.
    pub items: BTreeSet<usize>,
}

/// Where every record and every item of an account ended: in exactly one of these.
#[derive(Debug, Default)]
pub struct Identification {
    /// One record, one item.
    pub pairs: Vec<Pair>,
    /// Ambiguous.
    pub tangles: Vec<Tangle>,
    /// Records that no item answers to.
    pub records_alone: Vec<usize>,
    /// Items that no record speaks of.
    pub items_alone: Vec<usize>,
}

/// Finds out which record speaks of which item.
pub fn identify(index: &ItemIndex<'_>, records: &[&AssetRecord]) -> Identification {
    let candidates: Vec<_> = records.iter().map(|record| index.candidates(record)).collect();
    let mut claims: HashMap<usize, Vec<usize>> = HashMap::new();
    for (record, (items, _)) in candidates.iter().enumerate() {
        for item in items {
            claims.entry(*item).or_default().push(record);
        }
    }
    let mut result = Identification::default();
    let mut tangled: BTreeSet<usize> = BTreeSet::new();
    for (record, (items, rule)) in candidates.iter().enumerate() {
        match items.as_slice() {
            [] => result.records_alone.push(record),
            [item] if claims.get(item).is_some_and(|by| by.len() == 1) => {
                result.pairs.push(Pair { record, item: *item, rule: *rule });
            }
            _ if tangled.contains(&record) => {}
            _ => {
                let tangle = untangle(record, &candidates, &claims);
                tangled.extend(&tangle.records);
                result.tangles.push(tangle);
            }
        }
    }
    result.items_alone = (0..index.items.len()).filter(|item| !claims.contains_key(item)).collect();
    result
}

/// Follows claims in both directions until nothing new turns up.
fn untangle(start: usize, candidates: &[(Vec<usize>, Rule)], claims: &HashMap<usize, Vec<usize>>) -> Tangle {
    let mut tangle = Tangle::default();
    let mut open = vec![start];
    while let Some(record) = open.pop() {
        if !tangle.records.insert(record) {
            continue;
        }
        let items = candidates.get(record).map_or(&[][..], |(items, _)| items);
        for item in items {
            if tangle.items.insert(*item) {
                open.extend(claims.get(item).into_iter().flatten());
            }
        }
    }
    tangle
}

/// Groups what shares a value; only groups of several are given, in the value's order.
pub fn shared_by_several<K: Ord>(values: impl Iterator<Item = (K, usize)>) -> Vec<(K, Vec<usize>)> {
    let mut groups: BTreeMap<K, Vec<usize>> = BTreeMap::new();
    for (value, index) in values {
        groups.entry(value).or_default().push(index);
    }
    groups.into_iter().filter(|(_, members)| members.len() > 1).collect()
}
