//! Which asset record speaks of which configuration item: by ARN, by account, region, type and resource id, and by
//! the rules of the settings. Ambiguity is never guessed.

use std::collections::{BTreeMap, BTreeSet};

use crate::asset_record::AssetRecord;

mod expression;
mod index;
mod rules;
mod untangle;

pub use expression::{Expression, NoExpression, Reading, TAG_PREFIX};
pub use index::{Candidates, ItemIndex};
pub(crate) use rules::Step;
pub use rules::{IdentificationRule, IdentificationRules, ItemKey, Pairing, Rule};

use untangle::Claims;

/// A record and an item that it speaks of.
#[derive(Clone, Debug)]
pub struct Pair {
    /// Index of the record.
    pub record: usize,
    /// Index of the item.
    pub item: usize,
    /// The rule that matched.
    pub rule: Rule,
    /// Whether the rule lets the record speak for more than this one.
    pub many: bool,
}

/// Records and items that claim each other, so that nobody can tell which is right.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Tangle {
    /// Indices of the records.
    pub records: BTreeSet<usize>,
    /// Indices of the items.
    pub items: BTreeSet<usize>,
}

/// Where every record and every item of an account ended: in exactly one of these. Only a record that may speak for
/// many has several pairs.
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
    let mut candidates: Vec<Candidates<'_>> = records.iter().map(|record| index.candidates(record)).collect();
    let mut claims = Claims::new(records.len(), index.len());
    for (record, of_record) in candidates.iter().enumerate().filter(|(_, of_record)| !of_record.many) {
        claims.add(record, &of_record.items, false);
    }
    // Who speaks of one resource knows better than who speaks for a whole group of them.
    for of_record in candidates.iter_mut().filter(|of_record| of_record.many) {
        if of_record.items.iter().any(|item| !claims.is_claimed(*item)) {
            of_record.items.to_mut().retain(|item| !claims.is_claimed(*item));
        }
    }
    for (record, of_record) in candidates.iter().enumerate().filter(|(_, of_record)| of_record.many) {
        claims.add(record, &of_record.items, true);
    }

    let mut result = Identification::default();
    for (record, Candidates { items, rule, many }) in candidates.iter().enumerate() {
        match items.as_ref() {
            [] => result.records_alone.push(record),
            some if (*many || some.len() == 1) && some.iter().all(|item| claims.only_one_claims(*item)) => {
                let pair = |item: &usize| Pair { record, item: *item, rule: rule.clone(), many: *many };
                result.pairs.extend(some.iter().map(pair));
            }
            _ => claims.mark_tangled(record),
        }
    }
    result.tangles = claims.tangles();
    result.items_alone = (0..index.len()).filter(|item| !claims.is_claimed(*item)).collect();
    result
}

/// Groups what shares a value; only groups of several are given, in the value's order.
pub fn shared_by_several<K: Ord>(values: impl Iterator<Item = (K, usize)>) -> Vec<(K, Vec<usize>)> {
    let mut groups: BTreeMap<K, Vec<usize>> = BTreeMap::new();
    for (value, index) in values {
        groups.entry(value).or_default().push(index);
    }
    groups.into_iter().filter(|(_, members)| members.len() > 1).collect()
}

#[cfg(test)]
pub(crate) mod tests;
