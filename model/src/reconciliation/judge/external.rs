//! What somebody else changed in the central register since bestand published it (SEMANTICS 3.2).

use serde_json::json;

use super::{AssetKey, AssetState, Judge, PublishedAsset, Subject, Values};
use crate::attribute::{self, same_value};
use crate::authority::ExternalPolicy;
use crate::change_set::{Change, ChangeKind, WithheldReason};
use crate::finding::{Finding, FindingKind, Severity};
use crate::last_published::{Changed, STATE};

/// What the sources say of an asset, and what the table of outcomes makes of it.
pub(super) struct Sides<'s> {
    pub(super) live: Option<&'s Values>,
    pub(super) registered: Option<&'s Values>,
    /// Nothing lives, everything was seen, and the entry is as retired as it should be.
    pub(super) agrees_to_be_gone: bool,
}

impl Judge<'_> {
    /// Lists what somebody else changed in an entry.
    pub(in crate::reconciliation) fn changed_by_others(&self, entry: &PublishedAsset) -> Vec<Changed> {
        self.memory.map(|memory| memory.changed(entry)).unwrap_or_default()
    }

    /// Tells of each attribute that somebody else changed, and takes out of the change what the settings leave to
    /// them. What all sides agree on by now is no difference any more.
    pub(super) fn leave_to_others(
        &mut self,
        key: AssetKey,
        subject: &Subject<'_>,
        entry: &PublishedAsset,
        change: Option<Change>,
        sides: &Sides<'_>,
    ) -> Option<Change> {
        let changed = self.changed_by_others(entry);
        if changed.is_empty() {
            return change;
        }
        let mut change = change;
        for changed in changed {
            if is_settled(&changed, change.as_ref(), sides) {
                continue;
            }
            let policy = self.policy(subject, entry, &changed.attribute);
            if policy != ExternalPolicy::Overwrite {
                change = change.map(|change| self.leave(change, entry, &changed.attribute));
            }
            self.add_externally_changed(key, subject, entry, changed, policy);
        }
        change
    }

    /// Tells of what somebody else changed in an entry that is withheld as a whole.
    pub(in crate::reconciliation) fn tell_changes_by_others(
        &mut self,
        subject: &Subject<'_>,
        entry: &PublishedAsset,
    ) {
        for changed in self.changed_by_others(entry) {
            let policy = self.policy(subject, entry, &changed.attribute);
            self.add_externally_changed(entry.asset_key, subject, entry, changed, policy);
        }
    }

    fn policy(&self, subject: &Subject<'_>, entry: &PublishedAsset, attribute: &str) -> ExternalPolicy {
        let of_entry = entry.resource_type();
        let kind = subject.resource().map(|(kind, _)| kind).or(of_entry.as_ref());
        self.rules.authority.external(kind, attribute)
    }

    fn leave(&self, mut change: Change, entry: &PublishedAsset, attribute: &str) -> Change {
        match (attribute, change.kind) {
            (STATE, ChangeKind::Retire) => self.withhold(
                change.asset_key,
                Some(entry),
                WithheldReason::ExternallyChanged,
                Some(ChangeKind::Retire),
            ),
            (STATE, ChangeKind::Update) => {
                (change.before.state, change.after.state) = (None, None);
                self.settled(change)
            }
            (_, ChangeKind::Update) => {
                self.leave_attribute(&mut change, attribute);
                self.settled(change)
            }
            (_, ChangeKind::Create | ChangeKind::Retire | ChangeKind::Unchanged | ChangeKind::Withheld) => {
                change
            }
        }
    }

    fn add_externally_changed(
        &mut self,
        key: AssetKey,
        subject: &Subject<'_>,
        entry: &PublishedAsset,
        changed: Changed,
        policy: ExternalPolicy,
    ) {
        let kind = FindingKind::ExternallyChanged;
        let mut finding = self.finding(kind, key, subject, Some(entry));
        let named = finding.arn.as_ref().map_or_else(|| key.to_string(), ToString::to_string);
        finding.finding_id = Finding::id(kind, &named, Some(&changed.attribute));
        if policy == ExternalPolicy::Keep {
            finding.severity = Severity::Info;
        }
        let mut add = |name: &str, value| {
            finding.evidence.insert(name.to_owned(), value);
        };
        add("last_published", changed.last_published);
        add("last_writer", json!(entry.last_writer.as_deref().unwrap_or("unknown")));
        if let Some(updated_at) = entry.updated_at {
            add("updated_at", json!(updated_at));
        }
        add("policy", json!(policy));
        finding.attribute = Some(changed.attribute);
        finding.published = Some(changed.present);
        self.result.findings.push(finding);
    }
}

/// Tells whether what somebody else wrote is by now what bestand itself would publish.
fn is_settled(changed: &Changed, change: Option<&Change>, sides: &Sides<'_>) -> bool {
    let name = changed.attribute.as_str();
    if name == STATE {
        return sides.agrees_to_be_gone;
    }
    let Some(change) = change.filter(|change| change.kind != ChangeKind::Withheld) else { return false };
    if change.after.attributes.contains_key(name) {
        return false;
    }
    let said = |values: Option<&Values>| {
        values.and_then(|values| values.get(name)).is_some_and(|value| same_value(value, &changed.present))
    };
    let is_mark = matches!(name, attribute::REGISTRATION | attribute::VERIFICATION);
    let asks_aws_alone = attribute::is_technical(name);
    is_mark || said(sides.live) || (!asks_aws_alone && said(sides.registered))
}

impl Sides<'_> {
    /// Where nothing but the entry speaks.
    pub(super) fn gone(entry: &PublishedAsset, nothing_lives: bool) -> bool {
        nothing_lives && entry.state == AssetState::Retired
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use serde_json::Value;
    use uuid::Uuid;

    use super::*;
    use crate::asset::AssetPatch;
    use crate::change_set::Precondition;
    use crate::history::AccountHistory;
    use crate::reconciliation::Rules;

    fn entry(state: AssetState) -> PublishedAsset {
        PublishedAsset {
            asset_key: AssetKey(Uuid::from_u128(1)),
            version: "1".into(),
            state,
            account_id: None,
            attributes: BTreeMap::new(),
            last_plan: None,
            last_writer: None,
            updated_at: None,
        }
    }

    fn change(kind: ChangeKind, state: Option<AssetState>, names: &[&str]) -> Change {
        let attributes: BTreeMap<String, Value> =
            names.iter().map(|name| ((*name).to_owned(), json!("ours"))).collect();
        Change {
            kind,
            asset_key: AssetKey(Uuid::from_u128(1)),
            account_id: None,
            precondition: Some(Precondition::Version("1".into())),
            before: AssetPatch { attributes: attributes.clone(), ..AssetPatch::default() },
            after: AssetPatch { state, attributes, ..AssetPatch::default() },
            reason: None,
            would_be: None,
            ground: None,
            provenance: BTreeMap::new(),
            digest: String::new(),
        }
        .sealed()
    }

    fn leave(change: Change, state: AssetState, attribute: &str) -> Change {
        let rules = Rules { environment: "test".into(), ..Rules::default() };
        let (history, named) = (AccountHistory::default(), BTreeSet::new());
        let now = jiff::Timestamp::UNIX_EPOCH;
        let left = Judge::new(&rules, &history, now, None, &named).leave(change, &entry(state), attribute);
        assert_eq!(left.digest, left.compute_digest());
        left
    }

    #[test]
    fn semantics_3_2_an_attribute_that_is_left_to_others_is_not_sent() {
        let both = || change(ChangeKind::Update, None, &["owner", "name"]);
        let left = leave(both(), AssetState::Active, "owner");
        assert_eq!(left.after.attributes.keys().collect::<Vec<_>>(), ["name"]);
        assert_eq!(left.before.attributes.keys().collect::<Vec<_>>(), ["name"]);
        let nothing = leave(change(ChangeKind::Update, None, &["owner"]), AssetState::Active, "owner");
        assert_eq!((nothing.kind, nothing.precondition), (ChangeKind::Unchanged, None));
        assert_eq!(leave(both(), AssetState::Active, "other"), both());
    }

    #[test]
    fn semantics_3_2_a_state_that_is_left_to_others_is_neither_set_nor_retired() {
        let active = Some(AssetState::Active);
        let update = leave(change(ChangeKind::Update, active, &["name"]), AssetState::Retired, STATE);
        assert_eq!((update.kind, update.after.state), (ChangeKind::Update, None));
        let retired = Some(AssetState::Retired);
        let retire = leave(change(ChangeKind::Retire, retired, &[]), AssetState::Active, STATE);
        let expected =
            (ChangeKind::Withheld, Some(WithheldReason::ExternallyChanged), Some(ChangeKind::Retire));
        assert_eq!((retire.kind, retire.reason, retire.would_be), expected);
        // Another attribute keeps nobody from retiring what is gone.
        let gone = leave(change(ChangeKind::Retire, retired, &[]), AssetState::Active, "owner");
        assert_eq!(gone.kind, ChangeKind::Retire);
    }
}
