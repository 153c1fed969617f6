//! What the findings are beyond their kinds: how old, and whose. Counted while they pass.

use std::collections::BTreeMap;

use bestand_model::finding::{Finding, Severity};
use jiff::Timestamp;

/// So many owners are told apart; what others have is counted together.
const MAX_OWNERS: usize = 10_000;

/// An owner's name is cut at so many bytes: longer ones are no names.
const MAX_NAME: usize = 200;

/// The ages that differences are sorted by, in full days: below each bound, and beyond the last.
pub(super) const AGE_BOUNDS: [i64; 4] = [7, 30, 90, 365];

/// Counts over all findings of a run.
#[derive(Debug)]
pub(super) struct Overview {
    judged_at: Timestamp,
    /// Findings that this run is the first to have, those that exceptions hide included.
    pub(super) opened: u64,
    /// All findings, those that exceptions hide included.
    pub(super) all: u64,
    /// Differences to mend that are new.
    pub(super) new: u64,
    /// Older ones by age: below each of [`AGE_BOUNDS`], and beyond.
    pub(super) by_age: [u64; AGE_BOUNDS.len() + 1],
    /// Those of which nobody knows since when.
    pub(super) undated: u64,
    /// Findings by owner; `None` has none.
    pub(super) by_owner: BTreeMap<Option<Box<str>>, OwnerCounts>,
    /// Findings of further owners.
    pub(super) of_others: OwnerCounts,
    /// Whether there are further owners.
    pub(super) owners_left_out: bool,
}

/// Findings of one owner.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct OwnerCounts {
    /// All.
    pub(super) findings: u64,
    /// By severity, the gravest first.
    pub(super) by_severity: [u64; 4],
}

impl OwnerCounts {
    fn add(&mut self, severity: Severity) {
        self.findings += 1;
        let index = match severity {
            Severity::High => 0,
            Severity::Medium => 1,
            Severity::Low => 2,
            Severity::Info => 3,
        };
        if let Some(count) = self.by_severity.get_mut(index) {
            *count += 1;
        }
    }
}

impl Overview {
    /// Begins to count; ages are reckoned at the instant at which the run judges.
    pub(super) fn new(judged_at: Timestamp) -> Self {
        Self {
            judged_at,
            opened: 0,
            all: 0,
            new: 0,
            by_age: [0; AGE_BOUNDS.len() + 1],
            undated: 0,
            by_owner: BTreeMap::new(),
            of_others: OwnerCounts::default(),
            owners_left_out: false,
        }
    }

    /// Counts one finding.
    pub(super) fn add(&mut self, finding: &Finding) {
        let is_new = finding.since == Some(self.judged_at);
        self.all += 1;
        self.opened += u64::from(is_new);
        if finding.exception.is_some() {
            return;
        }
        if finding.kind.is_drift() && finding.severity > Severity::Info {
            self.add_age(finding.since, is_new);
        }
        let owner: Option<Box<str>> = finding.owner.as_deref().map(|name| cut(name).into());
        if self.by_owner.len() >= MAX_OWNERS && !self.by_owner.contains_key(&owner) {
            self.owners_left_out = true;
            self.of_others.add(finding.severity);
        } else {
            self.by_owner.entry(owner).or_default().add(finding.severity);
        }
    }

    fn add_age(&mut self, since: Option<Timestamp>, is_new: bool) {
        let Some(since) = since else {
            self.undated += 1;
            return;
        };
        if is_new {
            self.new += 1;
            return;
        }
        let days = self.judged_at.duration_since(since).as_hours() / 24;
        let bucket = AGE_BOUNDS.iter().position(|bound| days < *bound).unwrap_or(AGE_BOUNDS.len());
        if let Some(count) = self.by_age.get_mut(bucket) {
            *count += 1;
        }
    }
}

fn cut(name: &str) -> &str {
    let end = (0..=MAX_NAME.min(name.len())).rev().find(|end| name.is_char_boundary(*end)).unwrap_or(0);
    name.get(..end).unwrap_or_default()
}
