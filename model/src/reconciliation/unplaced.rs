//! AWS rows whose account nobody knows: their absence domain is everything (SEMANTICS 2.2, 2.14).

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::judge::Judge;
use super::published_index::PublishedIndex;
use super::subject::{self, Subject};
use super::{AccountReconciliation, Rules, tangle};
use crate::asset::PublishedAsset;
use crate::asset_record::AssetRecord;
use crate::coverage::Coverage;
use crate::history::AccountHistory;
use crate::identification::Identification;

/// A row that could not be placed in an account, and whether anything that it may mean was seen.
#[derive(Clone, Debug, PartialEq)]
pub struct UnplacedRecord {
    /// The row.
    pub record: AssetRecord,
    /// Something live carries its names, but not so that it could be placed.
    pub sighted: bool,
}

/// Reconciles rows without account with our AWS entries without account. `coverage` is that of the whole run:
/// complete only if every account is.
pub fn reconcile_unplaced(
    records: &[UnplacedRecord],
    published: &[PublishedAsset],
    coverage: Coverage,
    rules: &Rules,
    history: &AccountHistory,
    now: Timestamp,
) -> AccountReconciliation {
    let sighted: Vec<&AssetRecord> =
        records.iter().filter(|unplaced| unplaced.sighted).map(|unplaced| &unplaced.record).collect();
    let mut records: Vec<&AssetRecord> = records.iter().map(|unplaced| &unplaced.record).collect();
    records.sort_by(|a, b| super::record_order(a).cmp(&super::record_order(b)));
    let everything =
        Identification { records_alone: (0..records.len()).collect(), ..Identification::default() };
    let (subjects, tangles) = subject::gather(&rules.environment, &everything, &[], &records, None);
    let named = BTreeSet::new();
    let mut index = PublishedIndex::new(published);
    let mut judge = Judge::new(rules, history, now, None, &named);
    judge.coverage_without_account = coverage;
    for ambiguous in &tangles {
        tangle::judge(&mut judge, ambiguous, &[], &records, &mut index);
    }
    for (subject, entry) in index.assign(subjects) {
        let is_sighted =
            subject.record.is_some_and(|record| sighted.iter().any(|other| std::ptr::eq(*other, record)));
        judge.judge(&subject, entry, is_sighted);
    }
    for entry in index.unclaimed() {
        judge.judge(&Subject::of_published(entry), Some(entry), false);
    }
    judge.finish()
}
