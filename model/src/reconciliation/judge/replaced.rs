//! The same ARN, or scope and id, made anew: another resource than the one that was published (SEMANTICS 5.3).

use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use super::adopted::same_place;
use super::{AssetKey, Judge, PublishedAsset, Subject};
use crate::attribute;
use crate::change_set::{Change, ChangeKind};
use crate::finding::{Finding, FindingKind};

/// Paths differ in how they round the instant.
const SAME_INSTANT: SignedDuration = SignedDuration::from_secs(1);

/// Tells whether the live item was made anew since its entry was written. An earlier instant says nothing.
pub(super) fn is_made_anew(subject: &Subject<'_>, entry: &PublishedAsset) -> bool {
    let Some((live, published)) = instants(subject, entry) else { return false };
    let same_name = subject.arn().is_some() && subject.arn() == entry.arn().as_ref();
    live.duration_since(published) > SAME_INSTANT && (same_name || same_place(subject, entry))
}

fn instants(subject: &Subject<'_>, entry: &PublishedAsset) -> Option<(Timestamp, Timestamp)> {
    Some((subject.item?.created_at?, entry.created_at()?))
}

impl Judge<'_> {
    /// Tells of a resource that was made anew. Its entry is brought up to date like any other.
    pub(super) fn add_replaced(&mut self, key: AssetKey, subject: &Subject<'_>, entry: &PublishedAsset) {
        let kind = FindingKind::Replaced;
        let mut finding = self.finding(kind, key, subject, Some(entry));
        let named = finding.arn.as_ref().map_or_else(|| key.to_string(), ToString::to_string);
        finding.finding_id = Finding::id(kind, &named, Some(attribute::CREATED_AT));
        finding.attribute = Some(attribute::CREATED_AT.to_owned());
        if let Some((live, published)) = instants(subject, entry) {
            finding.live = Some(json!(live));
            finding.published = Some(json!(published));
        }
        if let Some(rule) = &subject.rule {
            finding.evidence.insert("rule".into(), json!(rule));
        }
        self.result.findings.push(finding);
    }

    /// Keeps the latest instant at which the resource was made. Were an entry set back by a path that rounds down,
    /// the next path would find the resource replaced, and an earlier deletion would be taken for its own.
    pub(super) fn keep_latest_creation(
        &self,
        mut change: Change,
        subject: &Subject<'_>,
        entry: &PublishedAsset,
    ) -> Change {
        let set_back = || {
            instants(subject, entry)
                .is_some_and(|(live, published)| live.duration_since(published) <= SAME_INSTANT)
        };
        let sets_it = change.after.attributes.contains_key(attribute::CREATED_AT);
        if change.kind == ChangeKind::Update && sets_it && set_back() {
            self.leave_attribute(&mut change, attribute::CREATED_AT);
            return self.settled(change);
        }
        change
    }

    /// Takes an attribute out of an update.
    pub(super) fn leave_attribute(&self, change: &mut Change, name: &str) {
        change.before.attributes.remove(name);
        change.after.attributes.remove(name);
        change.provenance.remove(name);
    }

    /// Seals an update from which something was taken; one that has nothing left changes nothing.
    pub(super) fn settled(&self, change: Change) -> Change {
        if change.after.is_empty() {
            return self.blank(ChangeKind::Unchanged, change.asset_key).sealed();
        }
        change.sealed()
    }
}
