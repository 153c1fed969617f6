//! Holds what one run found, and what then stands in the central register, against the truth of the day.

use std::collections::{BTreeMap, BTreeSet};

use bestand_model::arn::Arn;
use bestand_model::finding::{Finding, FindingKind};
use bestand_model::identifiers::AssetId;
use bestand_sandbox::labelled::{DayTruth, Entry, EntryState, ExpectedEntry};
use serde_json::Value;

use super::tally::{Mismatch, Tally};

/// What a finding is told apart by.
type Named = (FindingKind, String, Option<String>);

/// The truth of a seed's days, as it is gone through.
pub(super) struct Comparison {
    seed: u64,
    /// The key of each asset's entry on the day before, by the asset's place in the truth.
    keys: BTreeMap<usize, String>,
    /// What was expected of each on the day before.
    before: BTreeMap<usize, Option<EntryState>>,
    pub(super) tally: Tally,
}

impl Comparison {
    pub(super) fn new(seed: u64) -> Self {
        let tally = Tally { seeds: 1, ..Tally::default() };
        Self { seed, keys: BTreeMap::new(), before: BTreeMap::new(), tally }
    }

    /// Compares one day.
    pub(super) fn day(&mut self, day: usize, truth: &DayTruth, findings: &[Finding], entries: &[Entry]) {
        self.tally.runs += 1;
        if day == 0 {
            for entry in &truth.entries {
                *self.tally.planted.entry(entry.case.to_owned()).or_default() += 1;
            }
        }
        self.findings(day, truth, findings);
        self.entries(day, truth, entries);
    }

    fn mismatch(&mut self, day: usize, case: &str, subject: &str, what: String) {
        let (case, subject) = (case.to_owned(), subject.to_owned());
        self.tally.mismatches.push(Mismatch { seed: self.seed, day, case, subject, what });
    }

    fn findings(&mut self, day: usize, truth: &DayTruth, findings: &[Finding]) {
        let mut expected: BTreeMap<Named, (u64, &str)> = BTreeMap::new();
        for finding in &truth.findings {
            let Some(kind) = FindingKind::ALL.into_iter().find(|kind| kind.code() == finding.kind) else {
                self.mismatch(day, finding.case, &finding.subject, format!("{} is no kind", finding.kind));
                continue;
            };
            let name = (kind, finding.subject.clone(), finding.attribute.clone());
            expected.entry(name).or_insert((0, finding.case)).0 += 1;
        }
        let mut found: BTreeMap<Named, (u64, &Finding)> = BTreeMap::new();
        for finding in findings {
            let name = (finding.kind, subject(finding), finding.attribute.clone());
            found.entry(name).or_insert((0, finding)).0 += 1;
        }
        let names: BTreeSet<&Named> = expected.keys().chain(found.keys()).collect();
        let mut wrong = Vec::new();
        for name in names {
            let (due, case) = expected.get(name).map_or((0, None), |(count, case)| (*count, Some(*case)));
            let (there, finding) =
                found.get(name).map_or((0, None), |(count, finding)| (*count, Some(*finding)));
            let counts = self.tally.findings.entry(name.0).or_default();
            counts.expected += due;
            counts.found += there;
            counts.right += due.min(there);
            if due != there {
                let evidence = finding.map(|finding| format!(": {}", evidence(finding))).unwrap_or_default();
                let attribute = name.2.as_ref().map(|name| format!(" of {name}")).unwrap_or_default();
                let what = format!("{}{attribute} expected {due}, found {there}{evidence}", name.0);
                let case = case.or_else(|| case_of(truth, finding?)).unwrap_or("?");
                wrong.push((case, name.1.clone(), what));
            }
        }
        for (case, subject, what) in wrong {
            self.mismatch(day, case, &subject, what);
        }
    }

    fn entries(&mut self, day: usize, truth: &DayTruth, entries: &[Entry]) {
        let mut by_name: BTreeMap<&str, BTreeSet<usize>> = BTreeMap::new();
        for (index, entry) in entries.iter().enumerate() {
            for name in entry.names() {
                by_name.entry(name).or_default().insert(index);
            }
        }
        let mut known: BTreeSet<usize> = BTreeSet::new();
        for (at, expected) in truth.entries.iter().enumerate() {
            let own: BTreeSet<usize> = expected
                .names
                .iter()
                .filter_map(|name| by_name.get(name.as_str()))
                .flatten()
                .copied()
                .collect();
            known.extend(&own);
            let own: Vec<&Entry> = own.into_iter().filter_map(|index| entries.get(index)).collect();
            self.entry(day, at, expected, &own);
        }
        for (index, entry) in entries.iter().enumerate() {
            if !known.contains(&index) {
                self.tally.entries.wrong_creates += 1;
                self.mismatch(day, "?", &entry.asset_key, "an entry of nothing that was planted".into());
            }
        }
    }

    fn entry(&mut self, day: usize, at: usize, expected: &ExpectedEntry, own: &[&Entry]) {
        use EntryState::{Active, Retired};
        let name = expected.names.first().map_or("", String::as_str);
        let before = self.before.insert(at, expected.state).flatten();
        let counts = &mut self.tally.entries;
        counts.looked_at += 1;
        let retirement = (before, expected.state) == (Some(Active), Some(Retired));
        let reactivation = (before, expected.state) == (Some(Retired), Some(Active));
        counts.retirements += u64::from(retirement);
        counts.reactivations += u64::from(reactivation);
        let Some(entry) = own.first() else {
            if expected.state.is_some() {
                counts.missed_creates += 1;
                self.mismatch(day, expected.case, name, "has no entry".into());
            }
            return;
        };
        // Whatever else is wrong: retired without being due is the worst of all.
        let retired = own.iter().any(|entry| entry.state == Retired);
        if retired && expected.state != Some(Retired) {
            let what = if reactivation {
                counts.lost_reactivations += 1;
                "lives again, and its entry is retired"
            } else {
                counts.wrong_retires += 1;
                "is retired, and must not be"
            };
            self.mismatch(day, expected.case, name, what.into());
            return;
        }
        let key_before = self.keys.insert(at, entry.asset_key.clone());
        let another_key = key_before.filter(|before| *before != entry.asset_key);
        if own.len() > 1 || expected.state.is_none() || another_key.is_some() {
            counts.wrong_creates += 1;
            let keys: Vec<&str> = own.iter().map(|entry| entry.asset_key.as_str()).collect();
            let what = format!("has {} entries ({})", own.len(), keys.join(", "));
            self.mismatch(day, expected.case, name, what);
            return;
        }
        if expected.state == Some(Retired) && entry.state == Active {
            counts.missed_retires += 1;
            self.mismatch(day, expected.case, name, "is not retired, and must be".into());
        }
        for (attribute, value) in &expected.says {
            let says = entry.attributes.get(*attribute).unwrap_or(&Value::Null);
            if says != value {
                self.tally.entries.wrong_values += 1;
                let what = format!("{attribute} is {says} in the entry, and must be {value}");
                self.mismatch(day, expected.case, name, what);
            }
        }
    }
}

/// What a finding is about: its ARN, else its row.
fn subject(finding: &Finding) -> String {
    let arn = finding.arn.as_ref().map(Arn::as_str);
    let asset_id = finding.asset_id.as_ref().map(AssetId::as_str);
    let key = || finding.asset_key.map(|key| key.to_string()).unwrap_or_default();
    arn.or(asset_id).map_or_else(key, str::to_owned)
}

/// Which case planted what a finding is about.
fn case_of<'t>(truth: &'t DayTruth, finding: &Finding) -> Option<&'t str> {
    let names = [finding.arn.as_ref().map(Arn::as_str), finding.asset_id.as_ref().map(AssetId::as_str)];
    let owns =
        |entry: &&ExpectedEntry| names.iter().flatten().any(|name| entry.names.iter().any(|own| own == name));
    truth.entries.iter().find(owns).map(|entry| entry.case)
}

fn evidence(finding: &Finding) -> String {
    serde_json::to_string(&finding.evidence).unwrap_or_default()
}

#[cfg(test)]
mod tests;
