//! What can only be decided over all accounts: rows without account, missing assets that live elsewhere, keys
//! that two accounts claim.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::arn::Arn;
use crate::asset::AssetKey;
use crate::asset_record::AssetRecord;
use crate::configuration_item::ConfigurationItem;
use crate::identifiers::{AccountId, ResourceId, ResourceType};
use crate::reconciliation::UnplacedRecord;
use crate::resource_type::is_global;

mod whereabouts;

pub use whereabouts::Whereabouts;

/// Looks for the accounts in which unplaced rows' resources live. It sees every item of every account once and
/// keeps only what matches.
#[derive(Debug)]
pub struct Placement {
    records: Vec<AssetRecord>,
    by_arn: HashMap<Arn, Vec<usize>>,
    by_id: HashMap<(ResourceType, ResourceId), Vec<usize>>,
    by_arn_in: BTreeMap<usize, BTreeSet<AccountId>>,
    by_id_in: BTreeMap<usize, BTreeSet<AccountId>>,
    elsewhere: BTreeSet<usize>,
}

impl Placement {
    /// Takes the rows whose account is not known.
    pub fn new(records: Vec<AssetRecord>) -> Self {
        let mut by_arn: HashMap<_, Vec<usize>> = HashMap::new();
        let mut by_id: HashMap<_, Vec<usize>> = HashMap::new();
        for (index, record) in records.iter().enumerate() {
            if let Some(arn) = &record.arn {
                by_arn.entry(arn.clone()).or_default().push(index);
            }
            if let (Some(kind), Some(id)) = (&record.resource_type, &record.resource_id) {
                by_id.entry((kind.clone(), id.clone())).or_default().push(index);
            }
        }
        Self {
            records,
            by_arn,
            by_id,
            by_arn_in: BTreeMap::new(),
            by_id_in: BTreeMap::new(),
            elsewhere: BTreeSet::new(),
        }
    }

    /// Tells whether there is nothing to look for.
    pub fn is_empty(&self) -> bool {
        self.records.is_empty()
    }

    /// Looks at one live item.
    pub fn see(&mut self, item: &ConfigurationItem) {
        if let Some(records) = item.arn.as_ref().and_then(|arn| self.by_arn.get(arn)) {
            for record in records {
                self.by_arn_in.entry(*record).or_default().insert(item.account_id.clone());
            }
        }
        if let Some(records) = self.by_id.get(&(item.resource_type.clone(), item.resource_id.clone())) {
            for index in records {
                if self.records.get(*index).is_some_and(|record| may_be(record, item)) {
                    self.by_id_in.entry(*index).or_default().insert(item.account_id.clone());
                } else {
                    self.elsewhere.insert(*index);
                }
            }
        }
    }

    /// Places each row in the one account where its ARN lives, or, if everything was seen, where its type and
    /// id live. What is not placed keeps whether anything of its names was seen, and which accounts claim it
    /// (SEMANTICS 2.14).
    pub fn finish(self, everything_complete: bool) -> (Vec<AssetRecord>, Vec<UnplacedRecord>) {
        let mut placed = Vec::new();
        let mut unplaced = Vec::new();
        for (index, record) in self.records.into_iter().enumerate() {
            let by_arn = self.by_arn_in.get(&index);
            let by_id = self.by_id_in.get(&index);
            let account =
                only(by_arn).or_else(|| only(by_id).filter(|_| by_arn.is_none() && everything_complete));
            match account {
                Some(account) => placed.push(AssetRecord { account_id: Some(account.clone()), ..record }),
                None => {
                    let sighted = by_arn.is_some() || by_id.is_some() || self.elsewhere.contains(&index);
                    // While something is dark, an id says too little even for a duplicate.
                    let claims = by_arn.or(by_id.filter(|_| everything_complete));
                    let claimed_in = claims.filter(|accounts| accounts.len() > 1).cloned();
                    unplaced.push(UnplacedRecord {
                        record,
                        sighted,
                        claimed_in: claimed_in.unwrap_or_default(),
                    });
                }
            }
        }
        (placed, unplaced)
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

fn only(accounts: Option<&BTreeSet<AccountId>>) -> Option<&AccountId> {
    let accounts = accounts?;
    accounts.first().filter(|_| accounts.len() == 1)
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
