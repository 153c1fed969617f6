//! What a report knows of earlier runs: their figures, and how far the last of them saw.
//!
//! It is filled from the run store's history, the oldest line first, and holds a bounded part of it.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use bestand_model::coverage::CoverageLine;
use bestand_model::finding::Severity;
use bestand_model::identifiers::RunId;
use bestand_model::run_summary::RunSummary;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};

use super::ledger::Ledger;

/// So many runs are shown, the reported one among them.
pub(super) const MAX_RUNS: usize = 30;

/// Over so many days it is told on which no run succeeded.
pub(super) const DAYS: i64 = 30;

/// So many days are remembered: more than are told, since summaries may not come in the order of their days.
const MAX_DAYS: usize = 100;

/// The exit statuses of a run that did what it was asked: done, drift found, done with gaps (`README.md`).
pub(super) const SUCCESS: [u8; 3] = [0, 10, 20];

/// One run in the figures that trends are made of.
#[derive(Clone, Debug)]
pub(super) struct PastRun {
    pub(super) run_id: RunId,
    pub(super) started_at: Timestamp,
    pub(super) exit_status: u8,
    /// Whether it came so far that its findings are known.
    pub(super) judged: bool,
    pub(super) by_severity: BTreeMap<Severity, u64>,
    /// All findings, those that exceptions hide included.
    pub(super) findings: u64,
    pub(super) drift: u64,
    pub(super) gaps: u64,
    /// How many accounts were not to be read: runs for other accounts cannot be compared.
    pub(super) left_out: u64,
}

impl PastRun {
    /// Takes what a run's summary says.
    pub(super) fn new(summary: &RunSummary) -> Self {
        let counts = &summary.findings;
        Self {
            run_id: summary.run_id.clone(),
            started_at: summary.started_at,
            exit_status: summary.exit_status,
            judged: summary.plan_digest.is_some(),
            by_severity: counts.by_severity.clone(),
            findings: counts.by_kind.values().chain(counts.ignored.values()).sum(),
            drift: counts.drift,
            gaps: summary.coverage.gaps,
            left_out: summary.accounts.left_out,
        }
    }

    /// Tells whether the run did what it was asked.
    pub(super) fn succeeded(&self) -> bool {
        self.judged && SUCCESS.contains(&self.exit_status)
    }

    fn day(&self) -> Date {
        day(self.started_at)
    }
}

/// What is known of the runs before the one that is reported.
#[derive(Clone, Debug, Default)]
pub struct ReportPast {
    runs: VecDeque<PastRun>,
    first_day: Option<Date>,
    good_days: BTreeSet<Date>,
    coverage: Option<Ledger>,
}

impl ReportPast {
    /// Takes the summary of a run, as it stands in the history: the oldest first, the reported one left out. A run that
    /// stands there several times counts as it stands there last. Reverts judge nothing and are left out.
    pub fn add_run(&mut self, summary: &RunSummary) {
        if summary.command == "revert" {
            return;
        }
        let run = PastRun::new(summary);
        self.first_day = Some(self.first_day.map_or(run.day(), |first| first.min(run.day())));
        if run.succeeded() {
            self.good_days.insert(run.day());
            if self.good_days.len() > MAX_DAYS {
                self.good_days.pop_first();
            }
        }
        self.runs.retain(|own| own.run_id != run.run_id);
        self.runs.push_back(run);
        if self.runs.len() > MAX_RUNS {
            self.runs.pop_front();
        }
    }

    /// Gives the id of the last run whose findings are known: its ledger is the one to compare with.
    pub fn previous_run(&self) -> Option<&RunId> {
        self.previous().map(|run| &run.run_id)
    }

    /// Takes a line of the ledger of [`Self::previous_run`].
    pub fn add_coverage(&mut self, line: &CoverageLine) {
        self.coverage.get_or_insert_default().add(line);
    }

    /// Forgets the earlier ledger, where it turned out to be damaged.
    pub fn forget_coverage(&mut self) {
        self.coverage = None;
    }

    pub(super) fn previous(&self) -> Option<&PastRun> {
        self.runs.iter().rev().find(|run| run.judged)
    }

    pub(super) fn coverage(&self) -> Option<&Ledger> {
        self.coverage.as_ref()
    }

    /// Gives the last runs and the reported one, the oldest first.
    pub(super) fn runs_with(&self, own: PastRun) -> Vec<PastRun> {
        let skipped = (self.runs.len() + 1).saturating_sub(MAX_RUNS);
        let mut runs: Vec<PastRun> = self.runs.iter().skip(skipped).cloned().collect();
        runs.push(own);
        runs
    }

    /// Gives the days without a successful run among those looked at, which are at most [`DAYS`] and begin with the
    /// first run that is known; and how many were looked at.
    pub(super) fn days_without(&self, own: &PastRun) -> (Vec<Date>, i64) {
        let last = own.day();
        let first = self.first_day.unwrap_or(last);
        let good = |day: &Date| self.good_days.contains(day) || (*day == last && own.succeeded());
        let days: Vec<Date> = (0..DAYS)
            .filter_map(|back| last.checked_sub(back.days()).ok())
            .filter(|day| *day >= first)
            .collect();
        let looked_at = i64::try_from(days.len()).unwrap_or(DAYS);
        (days.into_iter().rev().filter(|day| !good(day)).collect(), looked_at)
    }
}

fn day(at: Timestamp) -> Date {
    at.to_zoned(TimeZone::UTC).date()
}
