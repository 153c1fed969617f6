//! Turns what is known of one asset into its finding and its change, and keeps the books.

mod changes;
mod findings;
mod sight;
mod standing;

use std::collections::{BTreeMap, BTreeSet};

use findings::name_apart;
use jiff::Timestamp;
use sight::Sight;
use standing::Standing;

use super::sighting::Sighting;
use super::subject::Subject;
use super::trace::Trace;
use super::values;
use super::{AccountReconciliation, AssetHistories, ReconciledAsset, Rules, date_findings, finding_order};
use crate::asset::{AssetKey, AssetState, PublishedAsset};
use crate::asset_record::AssetRecord;
use crate::change_set::{Change, ChangeKind, WithheldReason};
use crate::configuration_item::ConfigurationItem;
use crate::coverage::Coverage;
use crate::finding::{Finding, FindingKind, Severity};
use crate::history::{AccountHistory, AssetHistory};
use crate::identifiers::{AccountId, Region};
use crate::inventory::AccountInventory;
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
    /// What was found out about single assets; nothing for what belongs to no account.
    pub(super) proofs: Option<&'a Proofs>,
    /// Which parties each asset consists of, where somebody wants to know.
    pub(super) trace: Option<&'a mut Trace>,
    history_before: &'a AccountHistory,
    assets_before: AssetHistories,
    result: AccountReconciliation,
    changes: BTreeMap<AssetKey, Change>,
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
            proofs: None,
            trace: None,
            history_before: history,
            assets_before: history.assets.clone(),
            result: AccountReconciliation::default(),
            changes: BTreeMap::new(),
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
        let sight = self.sight(key, subject, entry, sighting);
        let facts = Facts {
            record: subject.record.map(|record| record.lifecycle),
            live: sight.live,
            published: entry.map(|entry| entry.state),
            coverage: sight.coverage,
            type_is_asset: self.type_is_asset(subject),
            deletion_is_proven: matches!(sight.standing, Standing::Deleted(_)),
        };
        let mut outcome = outcome(facts);
        let not_where_it_says = self.inventory.is_none() || sight.coverage.is_complete();
        let only_sighted = sight.live == Liveness::Sighted && subject.item.is_none();
        if only_sighted && not_where_it_says && outcome.action == Action::CreateUnverified {
            // What it may mean was seen, and has an entry of its own: a second one would double it.
            outcome.action = Action::Withhold(WithheldReason::Unverified);
        }
        self.note_missing(key, subject, entry, facts);
        self.count_owned(entry, sight.live, sight.coverage);
        let looks = self.look(key, &sight, outcome.action, entry);
        let change = self.change(key, subject, entry, outcome.action, &looks, sight.standing);

        let live_values = subject.item.map(|item| values::of_item(item, subject.record));
        let registered = subject.record.map(values::of_record);
        if let Some(kind) = outcome.finding {
            let mut finding = self.finding(kind, key, subject, entry);
            if kind == FindingKind::Unregistered && !facts.type_is_asset {
                finding.severity = Severity::Info;
            }
            self.add_evidence(&mut finding, subject, &sight, &looks, change.as_ref());
            self.result.findings.push(finding);
        }
        if let (Liveness::Live, Some(live), Some(registered)) = (sight.live, &live_values, &registered) {
            self.add_divergences(key, subject, entry, live, registered);
        }
        self.note(key, subject.record, subject.item);
        self.result.assets.push(ReconciledAsset {
            asset_key: key,
            records: subject.record.iter().map(|record| record.row_key.clone()).collect(),
            items: subject.item.iter().map(|item| item_name(item)).collect(),
            published: entry.iter().map(|entry| entry.asset_key).collect(),
            rule: subject.rule,
        });
        if let Some(change) = change {
            self.put(change);
        }
    }

    /// Judges a row that is no AWS resource, or an entry whose row is gone.
    pub(super) fn judge_row(&mut self, subject: &Subject<'_>, entry: Option<&PublishedAsset>) {
        let Some(key) = entry.map(|entry| entry.asset_key).or_else(|| subject.keys.first().copied()) else {
            return;
        };
        let action = match (subject.record, entry.map(|entry| entry.state)) {
            (Some(_), None) => Action::Create,
            (Some(_), Some(_)) => Action::Update,
            (None, Some(AssetState::Active)) if self.a_stray_row_speaks_of(entry) => {
                Action::Withhold(WithheldReason::Unverified)
            }
            (None, Some(AssetState::Active)) => Action::RetireAfterGrace,
            (None, Some(AssetState::Retired) | None) => Action::Nothing,
        };
        self.count_owned(entry, Liveness::NotSeen, Coverage::Complete);
        let looks = if action == Action::RetireAfterGrace {
            self.look(key, &Sight::of_a_row_that_is_gone(), action, entry)
        } else {
            // The row is there: what looked like absence before is forgotten.
            AssetHistory::default()
        };
        let change = self.change(key, subject, entry, action, &looks, Standing::NoResource);
        self.result.assets.push(ReconciledAsset {
            asset_key: key,
            records: subject.record.iter().map(|record| record.row_key.clone()).collect(),
            items: Vec::new(),
            published: entry.iter().map(|entry| entry.asset_key).collect(),
            rule: None,
        });
        if let Some(change) = change {
            self.put(change);
        }
    }

    fn a_stray_row_speaks_of(&self, entry: Option<&PublishedAsset>) -> bool {
        let id = entry.and_then(PublishedAsset::asset_id);
        self.rules.stray_rows.may_speak_of(id.as_ref())
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
