//! How often the job was right, and where it was not.

use std::collections::BTreeMap;

use bestand_model::finding::FindingKind;
use serde::Serialize;

/// Findings of one kind.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, Serialize)]
pub(super) struct Counts {
    /// That must be there.
    pub(super) expected: u64,
    /// That are there.
    pub(super) found: u64,
    /// That are there and must be.
    pub(super) right: u64,
}

impl Counts {
    /// The share of what was found that is right; nothing found is nothing wrong.
    pub(super) fn precision(&self) -> f64 {
        share(self.right, self.found)
    }

    /// The share of what must be found that was.
    pub(super) fn recall(&self) -> f64 {
        share(self.right, self.expected)
    }
}

#[expect(clippy::cast_precision_loss, reason = "far fewer findings than 2^52")]
fn share(part: u64, of: u64) -> f64 {
    if of == 0 { 1.0 } else { part as f64 / of as f64 }
}

/// What can be wrong with an entry of the central register, and how often something was expected of them.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, Serialize)]
pub(super) struct Entries {
    /// Days times entries that were looked at.
    pub(super) looked_at: u64,
    /// Retirements that are due.
    pub(super) retirements: u64,
    /// Retired, and not to be: the promise that is never broken.
    pub(super) wrong_retires: u64,
    /// To be retired, and not.
    pub(super) missed_retires: u64,
    /// Reactivations that are due.
    pub(super) reactivations: u64,
    /// To be active again under the same key, and not.
    pub(super) lost_reactivations: u64,
    /// A second entry for an asset, another key for it, or an entry of what must have none.
    pub(super) wrong_creates: u64,
    /// Without the entry that it must have.
    pub(super) missed_creates: u64,
    /// An attribute says what it must not.
    pub(super) wrong_values: u64,
}

/// One difference between what is and what must be.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub(super) struct Mismatch {
    pub(super) seed: u64,
    pub(super) day: usize,
    pub(super) case: String,
    pub(super) subject: String,
    pub(super) what: String,
}

/// The figures of some seeds.
#[derive(Clone, Debug, Default, Serialize)]
pub(super) struct Tally {
    pub(super) seeds: u64,
    pub(super) runs: u64,
    pub(super) findings: BTreeMap<FindingKind, Counts>,
    pub(super) entries: Entries,
    /// Assets by the case that planted them.
    pub(super) planted: BTreeMap<String, u64>,
    pub(super) mismatches: Vec<Mismatch>,
}

impl Tally {
    /// Takes the figures of other seeds in.
    pub(super) fn merge(&mut self, other: Self) {
        self.seeds += other.seeds;
        self.runs += other.runs;
        for (kind, counts) in other.findings {
            let own = self.findings.entry(kind).or_default();
            own.expected += counts.expected;
            own.found += counts.found;
            own.right += counts.right;
        }
        let (own, of) = (&mut self.entries, other.entries);
        own.looked_at += of.looked_at;
        own.retirements += of.retirements;
        own.wrong_retires += of.wrong_retires;
        own.missed_retires += of.missed_retires;
        own.reactivations += of.reactivations;
        own.lost_reactivations += of.lost_reactivations;
        own.wrong_creates += of.wrong_creates;
        own.missed_creates += of.missed_creates;
        own.wrong_values += of.wrong_values;
        for (case, count) in other.planted {
            *self.planted.entry(case).or_default() += count;
        }
        self.mismatches.extend(other.mismatches);
    }

    /// Tells whether every single figure is as it must be.
    pub(super) fn is_right(&self) -> bool {
        self.mismatches.is_empty()
    }
}
