//! The findings in figures, counted while they pass.

use std::collections::BTreeMap;

use bestand_model::finding::{Finding, FindingKind, Severity};
use bestand_model::identifiers::AccountId;

/// What a report holds, counted over every finding that passed, also over those that were not embedded.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct ReportTotals {
    /// Findings of the run. Here and below those that exceptions hide are left out.
    pub findings: u64,
    /// Findings that the document itself holds.
    pub embedded: u64,
    /// All findings by kind.
    pub by_kind: BTreeMap<FindingKind, u64>,
    /// All findings by severity.
    pub by_severity: BTreeMap<Severity, u64>,
    /// All findings by kind and severity.
    pub by_kind_and_severity: BTreeMap<(FindingKind, Severity), u64>,
    /// All findings by account; those without account are under `None`.
    pub by_account: BTreeMap<Option<AccountId>, u64>,
    /// Findings that exceptions hide, by kind.
    pub ignored: BTreeMap<FindingKind, u64>,
}

impl ReportTotals {
    /// Counts one finding, not yet as embedded.
    pub(super) fn add(&mut self, finding: &Finding) {
        if finding.exception.is_some() {
            *self.ignored.entry(finding.kind).or_default() += 1;
            return;
        }
        self.findings += 1;
        *self.by_kind.entry(finding.kind).or_default() += 1;
        *self.by_severity.entry(finding.severity).or_default() += 1;
        *self.by_kind_and_severity.entry((finding.kind, finding.severity)).or_default() += 1;
        *self.by_account.entry(finding.account_id.clone()).or_default() += 1;
    }

    /// Tells how many findings are drift: a difference that somebody should mend, and not one only to know of.
    pub fn drift(&self) -> u64 {
        [Severity::High, Severity::Medium, Severity::Low].into_iter().map(|own| self.drift_of(own)).sum()
    }

    /// Tells how many findings are drift of this severity.
    pub fn drift_of(&self, severity: Severity) -> u64 {
        self.by_kind_and_severity
            .iter()
            .filter(|((kind, own), _)| kind.is_drift() && *own == severity && severity > Severity::Info)
            .map(|(_, count)| count)
            .sum()
    }

    /// Tells how many findings are of this kind.
    pub fn of(&self, kind: FindingKind) -> u64 {
        self.by_kind.get(&kind).copied().unwrap_or(0)
    }

    /// Tells how many findings of this kind are ignored.
    pub fn ignored_of(&self, kind: FindingKind) -> u64 {
        self.ignored.get(&kind).copied().unwrap_or(0)
    }

    /// Tells how many findings are ignored in all.
    pub fn all_ignored(&self) -> u64 {
        self.ignored.values().sum()
    }
}
