//! Rows that are no AWS resources: the source register alone vouches for them.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::judge::Judge;
use super::published_index::PublishedIndex;
use super::subject::{self, Subject};
use super::tangle::Parties;
use super::{AccountReconciliation, Rules, tangle};
use crate::asset::PublishedAsset;
use crate::asset_record::AssetRecord;
use crate::history::AccountHistory;
use crate::identification::Identification;
use crate::last_published::PublishedMemory;

/// Reconciles the rows that pass through with our entries that belong to no account and are no AWS resource.
///
/// The reading of the source register was complete, or there would be no plan: a row that is gone is gone, and
/// its entry is retired after the grace.
pub fn reconcile_not_aws(
    records: &[AssetRecord],
    published: &[PublishedAsset],
    memory: &PublishedMemory,
    rules: &Rules,
    history: &AccountHistory,
    now: Timestamp,
) -> AccountReconciliation {
    let mut records: Vec<&AssetRecord> = records.iter().collect();
    records.sort_by(|a, b| super::compare_records(a, b));
    let everything =
        Identification { records_alone: (0..records.len()).collect(), ..Identification::default() };
    let (subjects, tangles) = subject::gather(&rules.environment, &everything, &[], &records, None);
    let named = BTreeSet::new();
    let mut index = PublishedIndex::new(published);
    let mut judge = Judge::new(rules, history, now, None, &named);
    judge.memory = Some(memory);
    let ambiguous: Vec<_> =
        tangles.iter().map(|tangle| Parties::of_tangle(&judge, tangle, &[], &records, &mut index)).collect();
    let assigned = index.assign(subjects);
    for parties in ambiguous {
        tangle::judge(&mut judge, parties, &mut index);
    }
    for (subject, entry) in assigned {
        if entry.is_none() && index.is_contested(&subject) {
            let parties = Parties::of_subject(&judge, &subject, &mut index);
            tangle::judge(&mut judge, parties, &mut index);
            continue;
        }
        judge.judge_row(&subject, entry);
    }
    for entry in index.unclaimed() {
        judge.judge_row(&Subject::of_published(entry), Some(entry));
    }
    judge.finish()
}
