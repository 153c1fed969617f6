//! Whether an entry is bestand's own, may become so, or is somebody else's (SEMANTICS 3.3).

use std::collections::BTreeSet;

use serde_json::json;

use super::{AssetKey, AssetState, Judge, PublishedAsset, Subject};
use crate::adoption::AdoptBy;
use crate::change_set::WithheldReason;
use crate::finding::FindingKind;
use crate::identifiers::Region;
use crate::outcome::{Action, Outcome};
use crate::resource_type::is_global;

/// Whose an entry is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Owner {
    /// Bestand's own.
    Bestand,
    /// Nobody's so far: bestand knows what it means, and takes it over.
    Adopted,
    /// Somebody else's.
    Other,
}

impl Judge<'_> {
    /// Tells whether bestand wrote the entry, or has matched it before.
    pub(in crate::reconciliation) fn is_own(&self, entry: &PublishedAsset) -> bool {
        let key = entry.asset_key;
        let matched = || self.history_before.assets.get(&key).is_some_and(|of| of.first_seen.is_some());
        entry.bears_our_mark() || matched() || self.memory.is_some_and(|memory| memory.knows(key))
    }

    /// Tells whose the entry is that a subject was given.
    pub(super) fn owner(&self, subject: &Subject<'_>, entry: &PublishedAsset) -> Owner {
        if self.is_own(entry) {
            Owner::Bestand
        } else if self.rules.adoption.allows(&matched_by(subject, entry)) {
            Owner::Adopted
        } else {
            Owner::Other
        }
    }

    /// Tells of an entry that is left alone, and why.
    pub(super) fn add_not_ours(&mut self, key: AssetKey, subject: &Subject<'_>, entry: &PublishedAsset) {
        let matched = matched_by(subject, entry);
        let mut finding = self.finding(FindingKind::NotOurs, key, subject, Some(entry));
        // Several of them may carry one ARN: each is told by its own key.
        finding.finding_id = crate::finding::Finding::id(FindingKind::NotOurs, &key.to_string(), None);
        finding.evidence.insert("withheld".into(), json!(WithheldReason::NotOurs));
        if !matched.is_empty() {
            finding.evidence.insert("matched_by".into(), json!(matched));
        }
        if let Some(writer) = &entry.last_writer {
            finding.evidence.insert("last_writer".into(), json!(writer));
        }
        self.result.findings.push(finding);
    }
}

/// Tells whether an entry that is left alone has to be told of: an active one, or one that somebody speaks of.
pub(super) fn is_to_be_told(subject: &Subject<'_>, entry: &PublishedAsset) -> bool {
    entry.state == AssetState::Active || subject.item.is_some() || subject.record.is_some()
}

/// What follows where the entry is somebody else's: what item and record say of each other stands, and nothing is
/// changed. Where only the entry speaks, nothing is known of it.
pub(super) fn not_ours(outcome: Outcome, subject: &Subject<'_>, told: bool) -> Outcome {
    let spoken_of = subject.item.is_some() || subject.record.is_some();
    let action = if told { Action::Withhold(WithheldReason::NotOurs) } else { Action::Nothing };
    Outcome { finding: outcome.finding.filter(|_| spoken_of), action }
}

/// The ways in which an entry is known to mean what an item or a record speaks of.
fn matched_by(subject: &Subject<'_>, entry: &PublishedAsset) -> BTreeSet<AdoptBy> {
    let mut ways = BTreeSet::new();
    if subject.item.is_none() && subject.record.is_none() {
        // Only the entry speaks of itself.
        return ways;
    }
    if subject.keys.contains(&entry.asset_key) {
        ways.insert(AdoptBy::AssetKey);
    }
    if subject.arn().is_some() && subject.arn() == entry.arn().as_ref() {
        ways.insert(AdoptBy::Arn);
    }
    if same_place(subject, entry) {
        ways.insert(AdoptBy::Scope);
    }
    if subject.asset_id().is_some() && subject.asset_id() == entry.asset_id().as_ref() {
        ways.insert(AdoptBy::AssetId);
    }
    ways
}

/// The same region, type and id; the account is the same wherever both are judged together.
pub(super) fn same_place(subject: &Subject<'_>, entry: &PublishedAsset) -> bool {
    let (Some((kind, id)), Some(its_kind), Some(its_id)) =
        (subject.resource(), entry.resource_type(), entry.resource_id())
    else {
        return false;
    };
    let its_region = if is_global(&its_kind) { Some(Region::global()) } else { entry.region() };
    (kind, id) == (&its_kind, &its_id) && its_region.is_some() && subject.region() == its_region
}
