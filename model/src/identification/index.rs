//! Live items by everything that a record or a published asset may name them by.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use super::rules::{IdentificationRule, IdentificationRules, ItemKey, Rule, Step};
use crate::arn::Arn;
use crate::asset_record::AssetRecord;
use crate::configuration_item::ConfigurationItem;
use crate::identifiers::{Region, ResourceId, ResourceType};
use crate::resource_type::is_global;

/// From so many items of one key on nobody asks any more which of them might be meant: all are.
const MANY: usize = 1000;

/// Live items by everything that a record or a published asset may name them by.
pub struct ItemIndex<'a> {
    items: &'a [&'a ConfigurationItem],
    rules: &'a IdentificationRules,
    by_arn: HashMap<&'a Arn, Vec<usize>>,
    by_id: HashMap<&'a str, HashMap<&'a str, Vec<usize>>>,
    /// Ids of items to which AWS Config gives no ARN: a record's ARN may be the one that it leaves out, also
    /// where bestand built another.
    without_arn: BTreeSet<&'a str>,
    /// By a rule's place in the order.
    by_rule: BTreeMap<usize, ByKey>,
}

/// What items say to one rule.
#[derive(Default)]
struct ByKey {
    items: HashMap<String, Vec<usize>>,
    /// Types of which some item does not show what the rule reads.
    uncollected: BTreeSet<ResourceType>,
}

/// The items that a record may mean.
#[derive(Clone, Debug)]
pub struct Candidates<'i> {
    /// Their indices; one if a rule decided.
    pub items: Cow<'i, [usize]>,
    /// The rule that decided, or the first that found several.
    pub rule: Rule,
    /// Whether the rule lets the record speak for all of them.
    pub many: bool,
}

impl Candidates<'_> {
    fn none() -> Self {
        Self { items: Cow::Borrowed(&[]), rule: Rule::Arn, many: false }
    }
}

impl<'a> ItemIndex<'a> {
    /// Indexes the items of one account for these rules.
    pub fn new(items: &'a [&'a ConfigurationItem], rules: &'a IdentificationRules) -> Self {
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
        let by_rule = rules.of_settings().map(|(at, rule)| (at, ByKey::new(rule, items))).collect();
        Self { items, rules, by_arn, by_id, without_arn, by_rule }
    }

    /// Gives how many items there are.
    pub fn len(&self) -> usize {
        self.items.len()
    }

    /// Tells whether there are none.
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
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

    /// Tells whether some item says what the record says to a rule of the settings, of whatever type it is.
    pub fn knows_key_of(&self, record: &AssetRecord) -> bool {
        self.rules.of_settings().any(|(at, rule)| {
            let key = rule.record_key(record);
            key.is_some_and(|key| self.by_rule.get(&at).is_some_and(|by_key| by_key.items.contains_key(&key)))
        })
    }

    /// Gives the types of which some item does not show what a rule of the settings reads: among them may be what
    /// the record means (SEMANTICS 2.2).
    pub fn uncollected_for(&self, record: &AssetRecord) -> BTreeSet<&ResourceType> {
        let mut uncollected = BTreeSet::new();
        for (at, rule) in self.rules.of_settings() {
            let Some(by_key) = self.by_rule.get(&at).filter(|by_key| !by_key.uncollected.is_empty()) else {
                continue;
            };
            if rule.record_key(record).is_some() {
                let meant = |kind: &&ResourceType| rule.fits(record, kind);
                uncollected.extend(by_key.uncollected.iter().filter(meant));
            }
        }
        uncollected
    }

    /// Gives the items that a record may mean: those of the first rule that finds exactly one. Where a rule finds
    /// several, a later one may decide among them, and only among them. Several items of the record's own ARN stay
    /// several: nothing says more than an ARN.
    pub fn candidates(&self, record: &AssetRecord) -> Candidates<'_> {
        let mut several: Option<Candidates<'_>> = None;
        let mut contradicted = false;
        for (at, step) in self.rules.steps().iter().enumerate() {
            let found = self.found(at, step, record);
            if found.items.is_empty() {
                continue;
            }
            let Some(earlier) = &mut several else {
                let decided = found.items.len() == 1 || found.many || found.rule == Rule::Arn;
                if decided || found.items.len() > MANY {
                    return found;
                }
                several = Some(found);
                continue;
            };
            let both: Vec<usize> =
                earlier.items.iter().copied().filter(|index| found.items.contains(index)).collect();
            if both.is_empty() {
                // Two rules that mean different items: nobody can tell which is right.
                contradicted = true;
                earlier.items.to_mut().extend(found.items.iter());
            } else if !contradicted {
                if both.len() == 1 {
                    return Candidates { items: Cow::Owned(both), rule: found.rule, many: false };
                }
                earlier.items = Cow::Owned(both);
            }
        }
        several.unwrap_or_else(Candidates::none)
    }

    fn found(&self, at: usize, step: &Step, record: &AssetRecord) -> Candidates<'_> {
        match step {
            Step::Arn => {
                let found = record.arn.as_ref().map_or(&[][..], |arn| self.with_arn(arn));
                Candidates { items: Cow::Borrowed(found), rule: Rule::Arn, many: false }
            }
            Step::ResourceId => self.found_by_id(record),
            Step::Of(rule) => self.found_by_key(at, rule, record),
        }
    }

    fn found_by_id(&self, record: &AssetRecord) -> Candidates<'_> {
        let (Some(kind), Some(id)) = (&record.resource_type, &record.resource_id) else {
            return Candidates::none();
        };
        let found = self.with_id(kind, id).iter().copied();
        // An item to which AWS Config gives another ARN than the record has is another resource of that id.
        let given = |index: usize| self.items.get(index).filter(|item| !item.arn_built)?.arn.as_ref();
        let found = found.filter(|&index| match (&record.arn, given(index)) {
            (Some(wanted), Some(has)) => wanted == has,
            _ => true,
        });
        let (items, rule) = match region_of(record) {
            Some(region) => {
                let same = |index: &usize| self.items.get(*index).is_some_and(|item| item.region == region);
                (found.filter(same).collect(), Rule::ResourceId)
            }
            None => (found.collect(), Rule::ResourceIdWithoutRegion),
        };
        Candidates { items: Cow::Owned(items), rule, many: false }
    }

    fn found_by_key(
        &self,
        at: usize,
        rule: &Arc<IdentificationRule>,
        record: &AssetRecord,
    ) -> Candidates<'_> {
        let bucket = rule.record_key(record).and_then(|key| self.by_rule.get(&at)?.items.get(&key));
        let Some(bucket) = bucket else { return Candidates::none() };
        let items = if bucket.len() > MANY {
            Cow::Borrowed(bucket.as_slice())
        } else {
            let fits = |index: &usize| {
                self.items.get(*index).is_some_and(|item| rule.fits(record, &item.resource_type))
            };
            bucket.iter().copied().filter(fits).collect()
        };
        Candidates { items, rule: Rule::Named(rule.name.as_str().into()), many: rule.many }
    }
}

impl ByKey {
    fn new(rule: &IdentificationRule, items: &[&ConfigurationItem]) -> Self {
        let mut by_key = Self::default();
        for (index, item) in items.iter().enumerate() {
            match rule.item_key(item) {
                ItemKey::Key(key) => by_key.items.entry(key).or_default().push(index),
                ItemKey::NotCollected if !by_key.uncollected.contains(&item.resource_type) => {
                    by_key.uncollected.insert(item.resource_type.clone());
                }
                ItemKey::NotCollected | ItemKey::Nothing => {}
            }
        }
        by_key
    }
}

/// The region that a record names. Global types have one region whatever a person wrote down.
fn region_of(record: &AssetRecord) -> Option<Region> {
    if record.resource_type.as_ref().is_some_and(is_global) {
        return Some(Region::global());
    }
    record.region.clone().or_else(|| record.arn.as_ref().and_then(Arn::region))
}
