//! What can only be decided over all accounts: rows without account, missing assets that live elsewhere, keys
//! that two accounts claim.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use crate::arn::Arn;
use crate::asset::AssetKey;
use crate::asset_record::AssetRecord;
use crate::configuration_item::ConfigurationItem;
use crate::identification::{IdentificationRule, IdentificationRules, ItemKey, Step};
use crate::identifiers::{AccountId, ResourceId, ResourceType};
use crate::reconciliation::UnplacedRecord;
use crate::resource_type::is_global;

mod whereabouts;

pub use whereabouts::Whereabouts;

/// Looks for the accounts in which unplaced rows' resources live. It sees every item of every account once and
/// keeps only what matches.
#[derive(Debug)]
pub struct Placement {
    rules: IdentificationRules,
    records: Vec<AssetRecord>,
    by_arn: HashMap<Arn, Vec<usize>>,
    by_id: HashMap<(ResourceType, ResourceId), Vec<usize>>,
    /// By a rule's place in the order, then by what records say to it.
    by_key: BTreeMap<usize, ByKey>,
    /// Of each record, the accounts in which each rule finds something.
    seen: Vec<BTreeMap<usize, BTreeSet<AccountId>>>,
    elsewhere: BTreeSet<usize>,
}

#[derive(Debug)]
struct ByKey {
    rule: Arc<IdentificationRule>,
    records: HashMap<String, Vec<usize>>,
    /// Types of which some item does not show what the rule reads.
    uncollected: BTreeSet<ResourceType>,
}

/// Where a record belongs.
enum Place {
    In(BTreeSet<AccountId>),
    Claimed(BTreeSet<AccountId>),
    Nowhere,
}

impl Placement {
    /// Takes the rows whose account is not known.
    pub fn new(records: Vec<AssetRecord>, rules: &IdentificationRules) -> Self {
        let mut by_arn: HashMap<_, Vec<usize>> = HashMap::new();
        let mut by_id: HashMap<_, Vec<usize>> = HashMap::new();
        let mut by_key: BTreeMap<usize, ByKey> = BTreeMap::new();
        for (index, record) in records.iter().enumerate() {
            if let Some(arn) = &record.arn {
                by_arn.entry(arn.clone()).or_default().push(index);
            }
            if let (Some(kind), Some(id)) = (&record.resource_type, &record.resource_id) {
                by_id.entry((kind.clone(), id.clone())).or_default().push(index);
            }
            for (at, rule) in rules.of_settings() {
                if let Some(key) = rule.record_key(record) {
                    by_key.entry(at).or_insert_with(|| ByKey::of(rule)).add(key, index);
                }
            }
        }
        let seen = vec![BTreeMap::new(); records.len()];
        Self { rules: rules.clone(), records, by_arn, by_id, by_key, seen, elsewhere: BTreeSet::new() }
    }

    /// Tells whether there is nothing to look for.
    pub fn is_empty(&self) -> bool {
        self.records.is_empty()
    }

    /// Looks at one live item.
    pub fn see(&mut self, item: &ConfigurationItem) {
        let mut here: Vec<(usize, usize)> = Vec::new();
        let mut elsewhere: Vec<usize> = Vec::new();
        for (at, step) in self.rules.steps().iter().enumerate() {
            match step {
                Step::Arn => {
                    let found = item.arn.as_ref().and_then(|arn| self.by_arn.get(arn));
                    here.extend(found.into_iter().flatten().map(|record| (*record, at)));
                }
                Step::ResourceId => {
                    let found = self.by_id.get(&(item.resource_type.clone(), item.resource_id.clone()));
                    for index in found.into_iter().flatten() {
                        if self.records.get(*index).is_some_and(|record| may_be(record, item)) {
                            here.push((*index, at));
                        } else {
                            elsewhere.push(*index);
                        }
                    }
                }
                Step::Of(_) => {
                    let Some(by_key) = self.by_key.get_mut(&at) else { continue };
                    let Some(key) = by_key.key_of(item) else { continue };
                    for index in by_key.records.get(&key).into_iter().flatten() {
                        let meant = |record| by_key.rule.fits(record, &item.resource_type);
                        if self.records.get(*index).is_some_and(meant) {
                            here.push((*index, at));
                        } else {
                            elsewhere.push(*index);
                        }
                    }
                }
            }
        }
        self.elsewhere.extend(elsewhere);
        for (record, at) in here {
            if let Some(seen) = self.seen.get_mut(record) {
                seen.entry(at).or_default().insert(item.account_id.clone());
            }
        }
    }

    /// Places each row in the one account where its ARN lives, or, if everything was seen, where the first other rule
    /// that finds something finds it. What is not placed keeps whether anything of its names was seen, and which
    /// accounts claim it (SEMANTICS 2.14). A row that may speak for many is placed in every account that has some.
    pub fn finish(self, everything_complete: bool) -> (Vec<AssetRecord>, Vec<UnplacedRecord>) {
        let mut placed = Vec::new();
        let mut unplaced = Vec::new();
        let places: Vec<Place> =
            (0..self.records.len()).map(|at| self.place(at, everything_complete)).collect();
        for (index, (record, place)) in self.records.into_iter().zip(places).enumerate() {
            let claimed_in = match place {
                Place::In(accounts) => {
                    let joins = |account| AssetRecord { account_id: Some(account), ..record.clone() };
                    placed.extend(accounts.into_iter().map(joins));
                    continue;
                }
                Place::Claimed(accounts) => accounts,
                Place::Nowhere => BTreeSet::new(),
            };
            let seen = self.seen.get(index).is_some_and(|seen| !seen.is_empty());
            let sighted = seen || self.elsewhere.contains(&index);
            unplaced.push(UnplacedRecord { record, sighted, claimed_in });
        }
        (placed, unplaced)
    }

    fn place(&self, index: usize, everything_complete: bool) -> Place {
        let (Some(record), Some(seen)) = (self.records.get(index), self.seen.get(index)) else {
            return Place::Nowhere;
        };
        let mut dark = !everything_complete;
        for (at, step) in self.rules.steps().iter().enumerate() {
            // What a rule could not read, it could have found.
            dark |= self.by_key.get(&at).is_some_and(|by_key| by_key.may_have_missed(record));
            let Some(accounts) = seen.get(&at) else { continue };
            let is_arn = matches!(step, Step::Arn);
            let many = matches!(step, Step::Of(rule) if rule.many);
            return match accounts.len() {
                // While something is dark, anything but an ARN says too little even for a duplicate.
                _ if dark && !is_arn => Place::Nowhere,
                1 => Place::In(accounts.clone()),
                _ if many => Place::In(accounts.clone()),
                _ => Place::Claimed(accounts.clone()),
            };
        }
        Place::Nowhere
    }
}

impl ByKey {
    fn of(rule: &Arc<IdentificationRule>) -> Self {
        Self { rule: Arc::clone(rule), records: HashMap::new(), uncollected: BTreeSet::new() }
    }

    fn add(&mut self, key: String, record: usize) {
        self.records.entry(key).or_default().push(record);
    }

    /// Reads what an item says, and notes where it does not.
    fn key_of(&mut self, item: &ConfigurationItem) -> Option<String> {
        match self.rule.item_key(item) {
            ItemKey::Key(key) => Some(key),
            ItemKey::Nothing => None,
            ItemKey::NotCollected => {
                if !self.uncollected.contains(&item.resource_type) {
                    self.uncollected.insert(item.resource_type.clone());
                }
                None
            }
        }
    }

    fn may_have_missed(&self, record: &AssetRecord) -> bool {
        self.rule.record_key(record).is_some()
            && self.uncollected.iter().any(|kind| self.rule.fits(record, kind))
    }
}

/// Tells whether an item of the record's type and id is what it speaks of: not in another region than the one
/// it names, not with another ARN that AWS Config gives.
fn may_be(record: &AssetRecord, item: &ConfigurationItem) -> bool {
    let other_region = record.region.as_ref().is_some_and(|region| *region != item.region);
    let given = item.arn.as_ref().filter(|_| !item.arn_built);
    let other_arn = record.arn.as_ref().zip(given).is_some_and(|(own, has)| own != has);
    !other_arn && (!other_region || is_global(&item.resource_type))
}

/// Notes the keys of all changes of a plan and finds those that are claimed twice: a plan holds at most one
/// change per key over all accounts (SEMANTICS 3.1). Sixteen bytes a key.
#[derive(Debug, Default)]
pub struct KeyCensus {
    seen: std::collections::HashSet<AssetKey>,
    twice: BTreeSet<AssetKey>,
}

impl KeyCensus {
    /// Notes a key.
    pub fn add(&mut self, key: AssetKey) {
        if !self.seen.insert(key) {
            self.twice.insert(key);
        }
    }

    /// Gives the keys that were noted more than once.
    pub fn claimed_twice(self) -> BTreeSet<AssetKey> {
        self.twice
    }
}

#[cfg(test)]
mod tests;
