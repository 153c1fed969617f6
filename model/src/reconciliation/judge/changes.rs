//! From an action to the change that carries it out, or to the reason why it is withheld.

use std::collections::BTreeMap;

use serde_json::Value;

use super::standing::Standing;
use super::{Action, AssetKey, AssetState, Judge, PublishedAsset, Subject};
use crate::asset::AssetPatch;
use crate::asset_record::Lifecycle;
use crate::attribute;
use crate::change_set::{Change, ChangeKind, Ground, Precondition, Provenance, WithheldReason};
use crate::coverage::Reason;
use crate::history::AssetHistory;
use crate::identifiers::AccountId;
use crate::reconciliation::values::{self, Desired};

/// What the source register's row is called in `registration`.
const REGISTERED: &str = "registered";
const UNREGISTERED: &str = "unregistered";
/// What `verification` says of what bestand itself saw, or did not.
const LIVE: &str = "live";
const UNVERIFIED: &str = "unverified";

impl<'a> Judge<'a> {
    #[expect(clippy::too_many_arguments, reason = "all that a change is made of")]
    pub(super) fn change(
        &self,
        key: AssetKey,
        subject: &Subject<'_>,
        entry: Option<&PublishedAsset>,
        action: Action,
        looks: &AssetHistory,
        standing: Standing,
        desired: Desired,
    ) -> Option<Change> {
        Some(match action {
            Action::Nothing => return None,
            Action::Create => self.create(key, subject, &self.marked(desired, subject, Some(LIVE))),
            Action::CreateUnverified => {
                self.create(key, subject, &self.marked(desired, subject, Some(UNVERIFIED)))
            }
            Action::Update | Action::UpdateTechnical => {
                let desired = self.marked(desired, subject, Some(LIVE));
                let account = self.seen_in(subject);
                self.update(key, subject, entry?, &desired, account, Some(AssetState::Active))
            }
            Action::UpdateOrganisational => {
                self.update(key, subject, entry?, &self.marked(desired, subject, None), None, None)
            }
            Action::RetireProven | Action::RetireAfterGrace => {
                self.retire(key, subject, entry?, looks, standing)
            }
            Action::Withhold(reason) => self.withhold(key, entry, reason, would_be(reason, entry)),
        })
    }

    pub(super) fn marked(
        &self,
        mut desired: Desired,
        subject: &Subject<'_>,
        verification: Option<&str>,
    ) -> Desired {
        let registration = if subject.record.is_some() { REGISTERED } else { UNREGISTERED };
        values::mark(&mut desired, attribute::REGISTRATION, registration);
        // What is no AWS resource cannot be seen there: the register alone vouches for it, for good.
        if let Some(verification) = verification.filter(|_| subject.record.is_none_or(|record| record.aws)) {
            values::mark(&mut desired, attribute::VERIFICATION, verification);
        }
        desired
    }

    /// An asset's account is where it was seen live; neither a record nor an old row moves it.
    pub(super) fn seen_in(&self, subject: &Subject<'_>) -> Option<&'a AccountId> {
        self.account().filter(|_| subject.item.is_some())
    }

    pub(super) fn create(&self, key: AssetKey, subject: &Subject<'_>, desired: &Desired) -> Change {
        // A row that is no AWS resource may name an account all the same; its entry must not be taken for one
        // that could be absent there.
        let record = subject.record.filter(|record| record.aws);
        let account = self.account().or_else(|| record.and_then(|record| record.account_id.as_ref()));
        let after = values::creation(account, desired);
        let mut change = self.blank(ChangeKind::Create, key);
        change.precondition = Some(Precondition::Absent(true));
        change.provenance = provenance(&after, desired);
        change.after = after;
        change.sealed()
    }

    pub(super) fn update(
        &self,
        key: AssetKey,
        subject: &Subject<'_>,
        entry: &PublishedAsset,
        desired: &Desired,
        account: Option<&AccountId>,
        state: Option<AssetState>,
    ) -> Change {
        let kind = values::kind(subject, Some(entry));
        let authority = self.rules.authority.of(kind.as_ref());
        let (before, after) = values::difference(authority, entry, account, desired, state);
        if after.is_empty() {
            return self.blank(ChangeKind::Unchanged, key).sealed();
        }
        let mut change = self.blank(ChangeKind::Update, key);
        change.precondition = Some(Precondition::Version(entry.version.clone()));
        change.provenance = provenance(&after, desired);
        change.before = before;
        change.after = after;
        change.sealed()
    }

    /// Retires an absent asset, if it may be.
    pub(super) fn retire(
        &self,
        key: AssetKey,
        subject: &Subject<'_>,
        entry: &PublishedAsset,
        looks: &AssetHistory,
        standing: Standing,
    ) -> Change {
        let ground = match self.ground(subject, entry, looks, standing) {
            Ok(ground) => ground,
            Err(reason) => return self.withhold(key, Some(entry), reason, Some(ChangeKind::Retire)),
        };
        let mut change = self.blank(ChangeKind::Retire, key);
        change.precondition = Some(Precondition::Version(entry.version.clone()));
        change.before = AssetPatch { state: Some(entry.state), ..AssetPatch::default() };
        change.after = AssetPatch { state: Some(AssetState::Retired), ..AssetPatch::default() };
        change.ground = Some(ground);
        change.sealed()
    }

    /// SEMANTICS 2.4 to 2.6: proof or patience first, then the question whether it was ever there, then whether
    /// somebody was asked.
    fn ground(
        &self,
        subject: &Subject<'_>,
        entry: &PublishedAsset,
        looks: &AssetHistory,
        standing: Standing,
    ) -> Result<Ground, WithheldReason> {
        let daily = self.is_recorded_daily(subject, entry);
        let proven = matches!(standing, Standing::Deleted(_));
        if !proven && !self.patience(subject, Some(entry)).grace_is_over(looks, daily, self.now) {
            return Err(WithheldReason::Grace);
        }
        let vouched = match subject.record {
            Some(record) => record.lifecycle != Lifecycle::Retired,
            None => self.rules.stray_rows.may_speak_of(entry.asset_id().as_ref()),
        };
        let marked_live = entry.attributes.get(attribute::VERIFICATION).and_then(Value::as_str) == Some(LIVE);
        let once_seen = looks.last_seen.is_some() || marked_live;
        if vouched && !once_seen {
            return Err(WithheldReason::NeverSeen);
        }
        match standing {
            Standing::Deleted(at) => Ok(Ground::Deletion { at }),
            Standing::Decommissioned => Ok(Ground::Decommissioned),
            Standing::NeverHeardOf | Standing::NoResource => Ok(Ground::Patience),
            // It was never more than a row's word, and the row took it back.
            Standing::Unaskable if !once_seen => Ok(Ground::Patience),
            Standing::Unaskable | Standing::Open | Standing::Sighted => Err(WithheldReason::Unproven),
        }
    }

    pub(in crate::reconciliation) fn withhold(
        &self,
        key: AssetKey,
        entry: Option<&PublishedAsset>,
        reason: WithheldReason,
        would_be: Option<ChangeKind>,
    ) -> Change {
        let inactive = self
            .inventory
            .and_then(|inventory| inventory.coverage.account_line())
            .is_some_and(|line| line.reason == Some(Reason::AccountInactive));
        let mut change = self.blank(ChangeKind::Withheld, key);
        change.reason = Some(if inactive && entry.is_some() && reason == WithheldReason::Unverified {
            WithheldReason::AccountInactive
        } else {
            reason
        });
        change.would_be = would_be;
        change.sealed()
    }

    pub(super) fn blank(&self, kind: ChangeKind, asset_key: AssetKey) -> Change {
        Change::blank(kind, asset_key, self.account().cloned())
    }

    /// Takes a change into the set. A second one for the same key makes both ambiguous.
    pub(in crate::reconciliation) fn put(&mut self, change: Change) {
        let key = change.asset_key;
        let change = match self.changes.remove(&key) {
            None => change,
            Some(first) => self.withhold(key, None, WithheldReason::Ambiguous, first.would_be),
        };
        self.changes.insert(key, change);
    }
}

fn would_be(reason: WithheldReason, entry: Option<&PublishedAsset>) -> Option<ChangeKind> {
    match (reason, entry.map(|entry| entry.state)) {
        (
            WithheldReason::Unverified
            | WithheldReason::Grace
            | WithheldReason::NeverSeen
            | WithheldReason::Unproven
            | WithheldReason::Misplaced,
            Some(AssetState::Active),
        ) => Some(ChangeKind::Retire),
        (
            WithheldReason::TypeNotPublished | WithheldReason::NotLive | WithheldReason::Misplaced,
            Some(AssetState::Retired),
        ) => Some(ChangeKind::Update),
        (
            WithheldReason::TypeNotPublished
            | WithheldReason::NotLive
            | WithheldReason::Planned
            | WithheldReason::Misplaced
            | WithheldReason::Ephemeral
            | WithheldReason::Unverified,
            None,
        ) => Some(ChangeKind::Create),
        (WithheldReason::Ephemeral, Some(_)) => Some(ChangeKind::Update),
        _ => None,
    }
}

fn provenance(after: &AssetPatch, desired: &Desired) -> BTreeMap<String, Provenance> {
    after
        .attributes
        .keys()
        .filter_map(|name| desired.get(name).map(|(_, provenance)| (name.clone(), provenance.clone())))
        .collect()
}
