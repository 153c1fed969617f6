//! The gravest findings of a stream, in bounded memory.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use bestand_model::asset::AssetKey;
use bestand_model::finding::{Finding, FindingKind, Severity};
use jiff::Timestamp;

use super::embed;
use super::exceptions::Ignored;
use super::overview::Overview;
use super::{ReportError, ReportTotals};

/// The order of the report: the gravest first, then by kind. The last bucket is the first to give way.
type Bucket = (Reverse<Severity>, FindingKind);

/// Keeps at most so many findings, already rendered. Where they are too many, the least grave give way, and
/// among equals those that came last: the same stream always leaves the same ones.
#[derive(Debug)]
pub(super) struct Gravest {
    buckets: BTreeMap<Bucket, Vec<Kept>>,
    kept: usize,
    kept_bytes: usize,
    max_findings: usize,
    max_bytes: usize,
}

/// A finding that is kept.
#[derive(Debug)]
pub(super) struct Kept {
    /// As it lies in the page: a JSON object.
    pub(super) json: Box<str>,
    /// The asset that it is about.
    pub(super) asset_key: Option<AssetKey>,
}

impl Gravest {
    /// Takes the limits: how many findings, and how many bytes they may hold together.
    pub(super) fn new(max_findings: usize, max_bytes: usize) -> Self {
        Self { buckets: BTreeMap::new(), kept: 0, kept_bytes: 0, max_findings, max_bytes }
    }

    /// Keeps the finding if it is grave enough.
    ///
    /// # Errors
    /// It has no JSON form.
    pub(super) fn offer(&mut self, finding: &Finding) -> Result<(), ReportError> {
        let bucket = (Reverse(finding.severity), finding.kind);
        if self.kept >= self.max_findings && !self.has_lesser(&bucket) {
            return Ok(());
        }
        let json = embed::finding(finding)?;
        self.kept += 1;
        self.kept_bytes += json.len();
        let kept = Kept { json: json.into_boxed_str(), asset_key: finding.asset_key };
        self.buckets.entry(bucket).or_default().push(kept);
        while self.kept > self.max_findings || self.kept_bytes > self.max_bytes {
            self.drop_last();
        }
        Ok(())
    }

    fn has_lesser(&self, bucket: &Bucket) -> bool {
        self.buckets.keys().next_back().is_some_and(|last| last > bucket)
    }

    fn drop_last(&mut self) {
        let Some(mut last) = self.buckets.last_entry() else {
            return;
        };
        if let Some(kept) = last.get_mut().pop() {
            self.kept -= 1;
            self.kept_bytes -= kept.json.len();
        }
        if last.get().is_empty() {
            last.remove();
        }
    }

    /// Tells how many are kept.
    pub(super) fn len(&self) -> usize {
        self.kept
    }

    /// Gives the kept ones, the gravest first, in the order in which they came.
    pub(super) fn iter(&self) -> impl Iterator<Item = &Kept> {
        self.buckets.values().flatten()
    }
}

/// What there is to know of a stream of findings.
#[derive(Debug)]
pub(super) struct Selected {
    /// The gravest.
    pub(super) gravest: Gravest,
    /// The gravest of those that exceptions hide.
    pub(super) ignored: Ignored,
    /// All in figures.
    pub(super) totals: ReportTotals,
    /// All by age and owner.
    pub(super) overview: Overview,
}

/// Takes the whole stream: counts all of it, keeps the gravest, those that are ignored apart.
///
/// # Errors
/// A finding has no JSON form.
pub(super) fn select(
    findings: &mut dyn Iterator<Item = Finding>,
    judged_at: Timestamp,
    max_findings: usize,
    max_bytes: usize,
) -> Result<Selected, ReportError> {
    let mut gravest = Gravest::new(max_findings, max_bytes);
    let mut ignored = Ignored::default();
    let mut totals = ReportTotals::default();
    let mut overview = Overview::new(judged_at);
    for finding in findings {
        totals.add(&finding);
        overview.add(&finding);
        if !ignored.take(&finding) {
            gravest.offer(&finding)?;
        }
    }
    totals.embedded = u64::try_from(gravest.len()).unwrap_or(u64::MAX);
    Ok(Selected { gravest, ignored, totals, overview })
}
