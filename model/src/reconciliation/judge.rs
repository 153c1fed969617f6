//! Turns what is known of one asset into its finding and its change, and keeps the books.

mod adopted;
mod changes;
mod ephemerals;
mod external;
mod findings;
mod life;
mod replaced;
mod requirements;
mod shared_names;
mod sight;
mod standing;
mod weigh;

use std::collections::{BTreeMap, BTreeSet};

use adopted::{Owner, is_to_be_told, not_ours};
use ephemerals::Groups;
use external::Sides;
use findings::name_apart;
use jiff::Timestamp;
use life::{Course, add_stages, live_on};
use sight::{Sight, is_missed, is_planned};
use standing::Standing;

use super::sighting::Sighting;
use super::subject::Subject;
use super::trace::Trace;
use super::values::{Desired, Spoken};
use super::{AccountReconciliation, AssetHistories, ReconciledAsset, Rules, date_findings, finding_order};
use crate::asset::{AssetKey, AssetState, PublishedAsset};
use crate::asset_record::AssetRecord;
use crate::authority::Values;
use crate::change_set::{Change, ChangeKind, WithheldReason};
use crate::configuration_item::ConfigurationItem;
use crate::coverage::Coverage;
use crate::finding::{Finding, FindingKind, Severity};
use crate::history::{AccountHistory, AssetHistory};
use crate::identification::ItemIndex;
use crate::identifiers::{AccountId, Region};
use crate::inventory::AccountInventory;
use crate::last_published::PublishedMemory;
use crate::lifecycle::Life;
use crate::outcome::{Action, Facts, Liveness, outcome};
use crate::proof::Proofs;
use crate::resource_type::TypeClass;

/// Judges the assets of one account (or those of none) one by one.
pub(super) struct Judge<'a> {
    rules: &'a Rules,
    now: Timestamp,
    inventory: Option<&'a AccountInventory>,
    named: &'a BTreeSet<Region>,
    /// Coverage of what belongs to no account: set by the caller that knows the whole run.
    pub(super) coverage_without_account: Coverage,
    /// The account's live items; nothing for what belongs to no account.
    pub(super) index: Option<&'a ItemIndex<'a>>,
    /// What was found out about single assets; nothing for what belongs to no account.
    pub(super) proofs: Option<&'a Proofs>,
    /// Which parties each asset consists of, where somebody wants to know.
    pub(super) trace: Option<&'a mut Trace>,
    /// What bestand itself published last.
    pub(super) memory: Option<&'a PublishedMemory>,
    history_before: &'a AccountHistory,
    assets_before: AssetHistories,
    result: AccountReconciliation,
    changes: BTreeMap<AssetKey, Change>,
    groups: Groups,
}

impl<'a> Judge<'a> {
    pub(super) fn new(
        rules: &'a Rules,
        history: &'a AccountHistory,
        now: Timestamp,
        inventory: Option<&'a AccountInventory>,
        named: &'a BTreeSet<Region>,
    ) -> Self {
        Self {
            rules,
            now,
            inventory,
            named,
            coverage_without_account: Coverage::Complete,
            index: None,
            proofs: None,
            trace: None,
            memory: None,
            history_before: history,
            assets_before: history.assets.clone(),
            result: AccountReconciliation::default(),
            changes: BTreeMap::new(),
            groups: Groups::new(),
        }
    }

    pub(super) fn environment(&self) -> &'a str {
        &self.rules.environment
    }

    pub(super) fn account(&self) -> Option<&'a AccountId> {
        self.inventory.map(|inventory| &inventory.account_id)
    }

    /// Judges one asset.
    pub(super) fn judge(
        &mut self,
        subject: &Subject<'_>,
        entry: Option<&PublishedAsset>,
        sighting: Sighting<'_>,
    ) {
        let Some(key) = entry.map(|entry| entry.asset_key).or_else(|| subject.keys.first().copied()) else {
            return;
        };
        let owner = entry.map(|entry| self.owner(subject, entry));
        // What is somebody else's is no entry of ours: nothing is concluded from it, and nothing done to it.
        let theirs = entry.filter(|_| owner == Some(Owner::Other));
        let ours = entry.filter(|_| owner != Some(Owner::Other));
        let sight = self.sight(key, subject, ours, sighting);
        let facts = Facts {
            record: subject.record.map(|record| record.lifecycle),
            live: sight.live,
            published: ours.map(|entry| entry.state),
            coverage: sight.coverage,
            type_is_asset: self.type_is_asset(subject),
            deletion_is_proven: matches!(sight.standing, Standing::Deleted(_)),
        };
        let mut outcome = self.without_ephemerals(outcome(facts), subject, facts);
        let is_ephemeral = outcome.action == Action::Withhold(WithheldReason::Ephemeral);
        let not_where_it_says = self.inventory.is_none() || sight.coverage.is_complete();
        let only_sighted = sight.live == Liveness::Sighted && subject.item.is_none();
        if only_sighted && not_where_it_says && outcome.action == Action::CreateUnverified {
            // What it may mean was seen, and has an entry of its own: a second one would double it.
            outcome.action = Action::Withhold(WithheldReason::Unverified);
        }
        let one_too_many = self.may_speak_for_many(subject) || subject.doubles_an_entry;
        if outcome.action == Action::CreateUnverified && one_too_many {
            // Each member of a group will have an entry of its own, and what is published has one already.
            outcome.action = Action::Withhold(WithheldReason::Unverified);
        }
        let told = theirs.filter(|entry| is_to_be_told(subject, entry));
        if theirs.is_some() {
            // Nor is a second entry made beside it.
            outcome = not_ours(outcome, subject, told.is_some());
        }
        self.note_missing(key, subject, ours, facts);
        self.count_owned(ours, sight.live, sight.coverage);
        let before = self.stage_before(key, ours);
        let looks = match theirs {
            // A history of its own would make it ours.
            Some(_) => AssetHistory::default(),
            None => self.look(key, subject, &sight, outcome.action, ours),
        };
        let spoken = Spoken::of(subject, sight.live == Liveness::Live);
        let desired = self.weigh(key, subject, entry, &spoken);
        // Asked for by few settings, and the change takes it.
        let required = if self.rules.requirements.is_empty() { Desired::new() } else { desired.clone() };
        let change = self.change(key, subject, entry, outcome.action, &looks, sight.standing, desired);
        let change = match ours {
            Some(entry) => {
                let nothing_lives = sight.live == Liveness::NotSeen && sight.coverage.is_complete();
                let sides = Sides {
                    live: spoken.live.as_ref(),
                    registered: spoken.registered.as_ref(),
                    agrees_to_be_gone: outcome.action == Action::Nothing && Sides::gone(entry, nothing_lives),
                };
                let change = change.map(|change| self.keep_latest_creation(change, subject, entry));
                self.leave_to_others(key, subject, entry, change, &sides)
            }
            None => change,
        };
        let course = Course {
            entry: ours,
            live: sight.live,
            is_planned: is_planned(subject, sight.live),
            is_missed: is_missed(&sight, outcome.action),
            looks: &looks,
            change: change.as_ref(),
        };
        let life = if theirs.is_some() { Life::default() } else { live_on(before, &course) };
        if let Some(kind) = outcome.finding {
            let mut finding = self.finding(kind, key, subject, entry);
            if kind == FindingKind::Unregistered && !facts.type_is_asset {
                finding.severity = Severity::Info;
            }
            self.add_evidence(&mut finding, subject, &sight, &looks, change.as_ref());
            add_stages(&mut finding, life);
            self.result.findings.push(finding);
        }
        if let Some(entry) = told {
            self.add_not_ours(key, subject, entry);
        }
        if let Some(entry) = ours.filter(|_| sight.live == Liveness::Live && !is_ephemeral)
            && replaced::is_made_anew(subject, entry)
        {
            self.add_replaced(key, subject, entry);
        }
        if let (Some(live), Some(registered)) = (&spoken.live, &spoken.registered) {
            self.add_divergences(key, subject, entry, live, registered);
            self.add_moved(key, subject, entry);
        }
        if sight.live == Liveness::Live {
            self.add_non_compliances(key, subject, entry, &required);
        }
        self.note(key, subject.record, subject.item);
        self.add_shared_names(key, subject, entry);
        self.result.assets.push(ReconciledAsset {
            asset_key: key,
            records: subject.record.iter().map(|record| record.row_key.clone()).collect(),
            items: subject.item.iter().map(|item| item_name(item)).collect(),
            published: entry.iter().map(|entry| entry.asset_key).collect(),
            rule: subject.rule.clone(),
            life,
        });
        if let Some(change) = change {
            self.count_adoption(owner, &change);
            self.put(change);
        }
    }

    /// Judges a row that is no AWS resource, or an entry whose row is gone.
    pub(super) fn judge_row(&mut self, subject: &Subject<'_>, entry: Option<&PublishedAsset>) {
        let Some(key) = entry.map(|entry| entry.asset_key).or_else(|| subject.keys.first().copied()) else {
            return;
        };
        let owner = entry.map(|entry| self.owner(subject, entry));
        let theirs = entry.filter(|_| owner == Some(Owner::Other));
        let ours = entry.filter(|_| owner != Some(Owner::Other));
        let told = theirs.filter(|entry| is_to_be_told(subject, entry));
        let action = match (subject.record, ours.map(|entry| entry.state)) {
            _ if told.is_some() => Action::Withhold(WithheldReason::NotOurs),
            (Some(_), None) => Action::Create,
            (Some(_), Some(_)) => Action::Update,
            (None, Some(AssetState::Active)) if self.a_stray_row_speaks_of(ours) => {
                Action::Withhold(WithheldReason::Unverified)
            }
            (None, Some(AssetState::Active)) => Action::RetireAfterGrace,
            (None, Some(AssetState::Retired) | None) => Action::Nothing,
        };
        self.count_owned(ours, Liveness::NotSeen, Coverage::Complete);
        let before = self.stage_before(key, ours);
        let gone = Sight::of_a_row_that_is_gone();
        let looks = if action == Action::RetireAfterGrace {
            self.look(key, subject, &gone, action, ours)
        } else {
            // The row is there: what looked like absence before is forgotten.
            AssetHistory::default()
        };
        let spoken = Spoken::of(subject, false);
        let desired = self.weigh(key, subject, entry, &spoken);
        let change = self.change(key, subject, entry, action, &looks, Standing::NoResource, desired);
        self.add_shared_names(key, subject, entry);
        let change = match ours {
            Some(entry) => {
                let sides = Sides {
                    live: None,
                    registered: spoken.registered.as_ref(),
                    agrees_to_be_gone: Sides::gone(entry, action == Action::Nothing),
                };
                self.leave_to_others(key, subject, entry, change, &sides)
            }
            None => change,
        };
        if let Some(entry) = told {
            self.add_not_ours(key, subject, entry);
        }
        let vouched = subject.record.is_some() || action == Action::Withhold(WithheldReason::Unverified);
        let course = Course {
            entry: ours,
            // A row that is there is as good as a resource that lives; one that makes no sense leaves that open.
            live: match (vouched, subject.record) {
                (true, Some(_)) => Liveness::Live,
                (true, None) => Liveness::Sighted,
                (false, _) => Liveness::NotSeen,
            },
            is_planned: false,
            is_missed: is_missed(&gone, action),
            looks: &looks,
            change: change.as_ref(),
        };
        let life = if theirs.is_some() { Life::default() } else { live_on(before, &course) };
        self.result.assets.push(ReconciledAsset {
            asset_key: key,
            records: subject.record.iter().map(|record| record.row_key.clone()).collect(),
            items: Vec::new(),
            published: entry.iter().map(|entry| entry.asset_key).collect(),
            rule: None,
            life,
        });
        if let Some(change) = change {
            self.count_adoption(owner, &change);
            self.put(change);
        }
    }

    /// Counts a change of an entry that bestand never wrote before.
    fn count_adoption(&mut self, owner: Option<Owner>, change: &Change) {
        let adopts = owner == Some(Owner::Adopted) && change.kind.is_sent();
        self.result.totals.adoptions += u64::from(adopts);
    }

    fn a_stray_row_speaks_of(&self, entry: Option<&PublishedAsset>) -> bool {
        let id = entry.and_then(PublishedAsset::asset_id);
        self.rules.stray_rows.may_speak_of(id.as_ref())
    }

    fn may_speak_for_many(&self, subject: &Subject<'_>) -> bool {
        subject.record.is_some_and(|record| self.rules.identification.may_speak_for_many(record))
    }

    fn type_is_asset(&self, subject: &Subject<'_>) -> bool {
        subject.resource().is_none_or(|(kind, _)| self.rules.types.class(kind) == TypeClass::Asset)
    }

    /// Notes an asset's parties.
    pub(super) fn note<'p>(
        &mut self,
        key: AssetKey,
        records: impl IntoIterator<Item = &'p AssetRecord>,
        items: impl IntoIterator<Item = &'p ConfigurationItem>,
    ) {
        if let Some(trace) = &mut self.trace {
            trace.note(key, records, items);
        }
    }

    /// Takes a finding and an asset that another judge of the same account made.
    pub(super) fn record(&mut self, finding: Option<Finding>, asset: ReconciledAsset) {
        self.result.findings.extend(finding);
        self.result.assets.push(asset);
    }

    /// Closes the books: everything in a stable order.
    pub(super) fn finish(mut self) -> AccountReconciliation {
        let decommissioned = self.is_decommissioned();
        let incomplete = self.inventory.map_or(!self.coverage_without_account.is_complete(), |inventory| {
            !decommissioned && inventory.coverage.lines().any(|line| !line.coverage().is_complete())
        });
        self.add_groups();
        let mut result = self.result;
        result.totals.decommissioned = decommissioned;
        result.findings.sort_by(|a, b| finding_order(a).cmp(&finding_order(b)));
        name_apart(&mut result.findings);
        result.history.findings =
            date_findings(&mut result.findings, &self.history_before.findings, incomplete, self.now);
        result.history.scopes.clone_from(&self.history_before.scopes);
        result
            .assets
            .sort_by(|a, b| (a.asset_key, &a.records, &a.items).cmp(&(b.asset_key, &b.records, &b.items)));
        result.changes = std::mem::take(&mut self.changes).into_values().collect();
        for change in &result.changes {
            match change.kind {
                ChangeKind::Create => result.totals.creates += 1,
                ChangeKind::Retire => result.totals.retires += 1,
                ChangeKind::Update | ChangeKind::Unchanged | ChangeKind::Withheld => {}
            }
        }
        result
    }
}

/// Names an item by its place.
pub(super) fn item_name(item: &ConfigurationItem) -> String {
    format!("{}/{}/{}", item.region, item.resource_type, item.resource_id)
}
