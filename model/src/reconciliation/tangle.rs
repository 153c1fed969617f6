//! Ambiguity: all candidates are named, nothing of them changes, none of them counts as absent.

use std::collections::BTreeSet;

use serde_json::json;

use super::ReconciledAsset;
use super::judge::{Judge, item_name};
use super::published_index::PublishedIndex;
use super::subject::Subject;
use crate::asset::AssetKey;
use crate::asset_record::AssetRecord;
use crate::change_set::WithheldReason;
use crate::configuration_item::ConfigurationItem;
use crate::coverage::{Coverage, Reason};
use crate::finding::{Finding, FindingKind};
use crate::identification::Tangle;
use crate::outcome::Liveness;

/// Makes one `duplicate` finding of a tangle and withholds every entry that may be meant.
pub(super) fn judge(
    judge: &mut Judge<'_>,
    tangle: &Tangle,
    items: &[&ConfigurationItem],
    records: &[&AssetRecord],
    published: &mut PublishedIndex<'_>,
) {
    let items: Vec<_> = tangle.items.iter().filter_map(|index| items.get(*index).copied()).collect();
    let records: Vec<_> = tangle.records.iter().filter_map(|index| records.get(*index).copied()).collect();
    judge_parties(judge, &items, &records, published);
}

/// Does the same for one subject whose entry cannot be told from others.
pub(super) fn judge_alone(judge: &mut Judge<'_>, subject: &Subject<'_>, published: &mut PublishedIndex<'_>) {
    let items: Vec<_> = subject.item.into_iter().collect();
    let records: Vec<_> = subject.record.into_iter().collect();
    judge_parties(judge, &items, &records, published);
}

fn judge_parties(
    judge: &mut Judge<'_>,
    items: &[&ConfigurationItem],
    records: &[&AssetRecord],
    published: &mut PublishedIndex<'_>,
) {
    let subject = |record, item| Subject::new(judge.environment(), judge.account(), record, item, None);
    let subjects: Vec<Subject<'_>> = items
        .iter()
        .map(|item| subject(None, Some(*item)))
        .chain(records.iter().map(|record| subject(Some(*record), None)))
        .collect();

    let mut keys: BTreeSet<AssetKey> = BTreeSet::new();
    let mut entries: Vec<AssetKey> = Vec::new();
    for subject in &subjects {
        for entry in published.claim_all(subject) {
            judge.count_owned(Some(entry), Liveness::Sighted, Coverage::Incomplete(Reason::CountMismatch));
            judge.keep_history(entry.asset_key, !items.is_empty());
            keys.insert(entry.asset_key);
            entries.push(entry.asset_key);
        }
    }
    if keys.is_empty() {
        // Nothing is published: the keys that would be minted, for live items if there are any.
        let live = subjects.iter().take(items.len().max(1));
        keys.extend(live.filter_map(|subject| subject.keys.first()));
    }
    for key in &keys {
        let change = judge.withhold(*key, None, WithheldReason::Ambiguous, None);
        judge.put(change);
    }

    let (Some(key), Some(first)) = (keys.first().copied(), subjects.first()) else { return };
    let row_keys: Vec<String> = records.iter().map(|record| record.row_key.clone()).collect();
    let names: Vec<String> = items.iter().map(|item| item_name(item)).collect();
    // Identity comes from what is live, the asset id from the first record: all are in the evidence.
    let mut shown = first.clone();
    shown.record = records.first().copied();
    let mut finding = judge.finding(FindingKind::Duplicate, key, &shown, None);
    let candidates = [names.join(" "), row_keys.join(" ")].join("|");
    let named = first.arn().map_or(candidates, ToString::to_string);
    finding.finding_id = Finding::id(FindingKind::Duplicate, &named, None);
    finding.evidence.insert("rows".into(), json!(row_keys));
    finding.evidence.insert("items".into(), json!(names));
    finding.evidence.insert("withheld".into(), json!(WithheldReason::Ambiguous));
    entries.sort_unstable();
    judge.record(
        Some(finding),
        ReconciledAsset { asset_key: key, records: row_keys, items: names, published: entries, rule: None },
    );
}
