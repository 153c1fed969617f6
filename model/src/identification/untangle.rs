//! Who claims what, and which claims hang together. Linear also where a rule matches everything with everything.

use std::collections::{BTreeMap, HashSet};

use super::Tangle;

/// The claims of records on items, as a forest of sets that hang together.
pub(super) struct Claims {
    records: usize,
    /// A parent per record, then per item.
    parents: Vec<usize>,
    /// How many records claim an item: none, one, or more.
    claimed: Vec<u8>,
    /// Large sets of items that were joined already, by their first member and size.
    joined: HashSet<(usize, usize)>,
    tangled: Vec<usize>,
}

/// From so many items on a set is joined once, and every further record only with its first member: the sets of one
/// rule are the same for all records of a key.
const LARGE: usize = 1000;

impl Claims {
    pub(super) fn new(records: usize, items: usize) -> Self {
        Self {
            records,
            parents: (0..records + items).collect(),
            claimed: vec![0; items],
            joined: HashSet::new(),
            tangled: Vec::new(),
        }
    }

    /// Notes that a record claims items: all of them, if it may speak for `many`, else one of them.
    pub(super) fn add(&mut self, record: usize, items: &[usize], many: bool) {
        let nobody_can_tell = items.len() > LARGE && !many;
        let Some(first) = items.first().copied() else { return };
        self.join(record, self.records + first);
        if nobody_can_tell && !self.joined.insert((first, items.len())) {
            // They are all claimed, by several.
            return;
        }
        for item in items {
            self.join(self.records + first, self.records + item);
            if let Some(claimed) = self.claimed.get_mut(*item) {
                // Nobody can tell which of very many is meant: no single claim among them is a pair.
                *claimed = claimed.saturating_add(if nobody_can_tell { 2 } else { 1 });
            }
        }
    }

    pub(super) fn is_claimed(&self, item: usize) -> bool {
        self.claimed.get(item).is_some_and(|claimed| *claimed > 0)
    }

    pub(super) fn only_one_claims(&self, item: usize) -> bool {
        self.claimed.get(item) == Some(&1)
    }

    pub(super) fn mark_tangled(&mut self, record: usize) {
        self.tangled.push(record);
    }

    /// Gives the sets of the marked records, whole, in the order of their first record.
    pub(super) fn tangles(&mut self) -> Vec<Tangle> {
        let mut by_root: BTreeMap<usize, usize> = BTreeMap::new();
        let mut tangles: Vec<Tangle> = Vec::new();
        for record in std::mem::take(&mut self.tangled) {
            let root = self.root(record);
            let at = *by_root.entry(root).or_insert_with(|| {
                tangles.push(Tangle::default());
                tangles.len() - 1
            });
            if let Some(tangle) = tangles.get_mut(at) {
                tangle.records.insert(record);
            }
        }
        if tangles.is_empty() {
            return tangles;
        }
        for item in 0..self.claimed.len() {
            if self.is_claimed(item)
                && let Some(at) = by_root.get(&self.root(self.records + item))
                && let Some(tangle) = tangles.get_mut(*at)
            {
                tangle.items.insert(item);
            }
        }
        tangles
    }

    fn root(&mut self, mut node: usize) -> usize {
        while let Some(parent) = self.parents.get(node).copied().filter(|parent| *parent != node) {
            // Every look shortens the way for the next one.
            let above = self.parents.get(parent).copied().unwrap_or(parent);
            if let Some(slot) = self.parents.get_mut(node) {
                *slot = above;
            }
            node = above;
        }
        node
    }

    fn join(&mut self, one: usize, other: usize) {
        let (one, other) = (self.root(one), self.root(other));
        if let Some(parent) = self.parents.get_mut(one.max(other)) {
            *parent = one.min(other);
        }
    }
}
