//! Ambiguity: all candidates are named, nothing of them changes, none of them counts as absent.

use std::collections::BTreeSet;

use serde_json::json;

use super::ReconciledAsset;
use super::judge::{Judge, item_name};
use super::published_index::PublishedIndex;
use super::subject::Subject;
use crate::asset::{AssetKey, PublishedAsset};
use crate::asset_record::{AssetRecord, Lifecycle};
use crate::change_set::WithheldReason;
use crate::configuration_item::ConfigurationItem;
use crate::coverage::{Coverage, Reason};
use crate::finding::{Finding, FindingKind};
use crate::identification::Tangle;
use crate::lifecycle::Life;
use crate::outcome::Liveness;

/// The parties of a tangle, each as a subject of its own, and the entries that are surely meant.
pub(super) struct Parties<'a, 'p> {
    items: Vec<&'a ConfigurationItem>,
    records: Vec<&'a AssetRecord>,
    subjects: Vec<Subject<'a>>,
    entries: Vec<&'p PublishedAsset>,
}

impl<'a, 'p> Parties<'a, 'p> {
    /// Claims what carries a key or the ARN of any party, before others get their entries.
    pub(super) fn of_tangle(
        judge: &Judge<'_>,
        tangle: &Tangle,
        items: &[&'a ConfigurationItem],
        records: &[&'a AssetRecord],
        published: &mut PublishedIndex<'p>,
    ) -> Self {
        let items = tangle.items.iter().filter_map(|index| items.get(*index).copied()).collect();
        let records = tangle.records.iter().filter_map(|index| records.get(*index).copied()).collect();
        Self::new(judge, items, records, published)
    }

    /// Does the same for one subject whose entry cannot be told from others.
    pub(super) fn of_subject(
        judge: &Judge<'_>,
        subject: &Subject<'a>,
        published: &mut PublishedIndex<'p>,
    ) -> Self {
        let (item, record) = (subject.item, subject.record);
        Self::new(judge, item.into_iter().collect(), record.into_iter().collect(), published)
    }

    fn new(
        judge: &Judge<'_>,
        items: Vec<&'a ConfigurationItem>,
        records: Vec<&'a AssetRecord>,
        published: &mut PublishedIndex<'p>,
    ) -> Self {
        let subject = |record, item| Subject::new(judge.environment(), judge.account(), record, item, None);
        let of_items = items.iter().map(|item| subject(None, Some(*item)));
        let of_records = records.iter().map(|record| subject(Some(*record), None));
        let subjects: Vec<_> = of_items.chain(of_records).collect();
        let entries = subjects.iter().flat_map(|subject| published.claim_named(subject)).collect();
        Self { items, records, subjects, entries }
    }
}

/// Makes one `duplicate` finding of a tangle and withholds every entry that may be meant; also those that only
/// share an asset id, if nobody had a better right to them.
pub(super) fn judge(judge: &mut Judge<'_>, parties: Parties<'_, '_>, published: &mut PublishedIndex<'_>) {
    let Parties { items, records, subjects, entries: claimed } = parties;
    let mut keys: BTreeSet<AssetKey> = BTreeSet::new();
    let mut entries: Vec<AssetKey> = Vec::new();
    // Where a row plans the asset, nobody expects it to live: that it did not before means nothing any more.
    let is_planned = records.iter().any(|record| record.aws && record.lifecycle == Lifecycle::Planned);
    let counts_anew = is_planned || !items.is_empty();
    let by_asset_id = subjects.iter().flat_map(|subject| published.claim_by_asset_id(subject));
    for entry in by_asset_id.chain(claimed) {
        if judge.is_own(entry) {
            judge.count_owned(Some(entry), Liveness::Sighted, Coverage::Incomplete(Reason::CountMismatch));
        }
        judge.tell_changes_by_others(&Subject::of_published(entry), entry);
        judge.keep_history(entry.asset_key, counts_anew || judge.sees_something_of(entry));
        keys.insert(entry.asset_key);
        entries.push(entry.asset_key);
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
    judge.note(key, records.iter().copied(), items.iter().copied());
    judge.record(
        Some(finding),
        ReconciledAsset {
            asset_key: key,
            records: row_keys,
            items: names,
            published: entries,
            rule: None,
            life: Life::default(),
        },
    );
}
