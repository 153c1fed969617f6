//! AWS rows whose account nobody knows: their absence domain is everything (SEMANTICS 2.2, 2.14).

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::judge::Judge;
use super::published_index::PublishedIndex;
use super::sighting::Sighting;
use super::subject::{self, Subject};
use super::tangle::Parties;
use super::{AccountReconciliation, Rules, tangle};
use crate::asset::PublishedAsset;
use crate::asset_record::AssetRecord;
use crate::coverage::{Coverage, Reason};
use crate::history::AccountHistory;
use crate::identification::{Identification, Tangle};
use crate::identifiers::AccountId;
use crate::last_published::PublishedMemory;

/// A row that could not be placed in an account, and whether anything that it may mean was seen.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct UnplacedRecord {
    /// The row.
    pub record: AssetRecord,
    /// Something live carries its names, but not so that it could be placed.
    pub sighted: bool,
    /// The accounts that claim it, where several do: nobody can tell which is right.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub claimed_in: BTreeSet<AccountId>,
}

/// Reconciles rows without account with our AWS entries without account. `coverage` is that of the whole run:
/// complete only if every account is.
pub fn reconcile_unplaced(
    records: &[UnplacedRecord],
    published: &[PublishedAsset],
    memory: &PublishedMemory,
    coverage: Coverage,
    rules: &Rules,
    history: &AccountHistory,
    now: Timestamp,
) -> AccountReconciliation {
    let mut unplaced: Vec<&UnplacedRecord> = records.iter().collect();
    unplaced.sort_by(|a, b| super::compare_records(&a.record, &b.record));
    let records: Vec<&AssetRecord> = unplaced.iter().map(|unplaced| &unplaced.record).collect();
    let sighted: BTreeSet<*const AssetRecord> =
        unplaced.iter().filter(|of| of.sighted).map(|of| std::ptr::from_ref(&of.record)).collect();
    let mut everything = Identification::default();
    for (index, of) in unplaced.iter().enumerate() {
        if of.claimed_in.len() > 1 {
            everything.tangles.push(Tangle { records: BTreeSet::from([index]), items: BTreeSet::new() });
        } else {
            everything.records_alone.push(index);
        }
    }
    let (subjects, tangles) = subject::gather(&rules.environment, &everything, &[], &records, None);
    let named = BTreeSet::new();
    let mut index = PublishedIndex::new(published);
    let mut judge = Judge::new(rules, history, now, None, &named);
    judge.coverage_without_account = coverage;
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
        let is_sighted = subject.record.is_some_and(|record| sighted.contains(&std::ptr::from_ref(record)));
        judge.judge(&subject, entry, if is_sighted { Sighting::Here } else { Sighting::Nowhere });
    }
    // An entry that no row speaks of and that belongs to no account cannot be looked for.
    judge.coverage_without_account = Coverage::Incomplete(Reason::ScopeUnknown);
    for entry in index.unclaimed() {
        judge.judge(&Subject::of_published(entry), Some(entry), Sighting::Nowhere);
    }
    judge.finish()
}
