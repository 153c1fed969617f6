//! How far what was seen is believed, and what the books keep of it.

use std::collections::BTreeSet;

use super::{Action, AssetKey, AssetState, Judge, PublishedAsset, Subject};
use crate::absence::{Domain, sighting};
use crate::account::AccountState;
use crate::arn::Arn;
use crate::configuration_item::ConfigurationItem;
use crate::coverage::{Coverage, CoverageLine, Reason};
use crate::history::AssetHistory;
use crate::identifiers::ResourceType;
use crate::outcome::Liveness;

impl Judge<'_> {
    /// How far an item's own scope is believed. The row itself shows that the type is served there, so the
    /// region's default line stands in for a missing type line.
    pub(super) fn liveness(&self, item: &ConfigurationItem) -> (Liveness, Coverage) {
        if let Some(gap) = self.account_gap() {
            return (Liveness::Sighted, gap);
        }
        let ledger = self.inventory.map(|inventory| &inventory.coverage);
        let region = item.recording_region();
        let line = ledger.and_then(|ledger| {
            ledger
                .type_line(region, &item.resource_type)
                .or_else(|| ledger.region_line(region))
                .or_else(|| ledger.account_line())
        });
        match line.map_or(Coverage::Incomplete(Reason::NotRequested), CoverageLine::coverage) {
            Coverage::Complete => (Liveness::Live, Coverage::Complete),
            incomplete => (Liveness::Sighted, incomplete),
        }
    }

    /// Nothing of an account that does not run, or that nobody knows, is believed, whatever its ledger says
    /// (SEMANTICS 2.8, 2.12).
    pub(super) fn account_gap(&self) -> Option<Coverage> {
        match self.inventory?.state {
            AccountState::Active => None,
            AccountState::Inactive => Some(Coverage::Incomplete(Reason::AccountInactive)),
            AccountState::Unknown => Some(Coverage::Incomplete(Reason::AccountUnknown)),
            AccountState::LeftOut => Some(Coverage::Incomplete(Reason::NotRequested)),
            AccountState::Decommissioned => None,
        }
    }

    /// The coverage of everything in which record or entry could have been found.
    pub(super) fn absence_coverage(&self, subject: &Subject<'_>, entry: Option<&PublishedAsset>) -> Coverage {
        let Some(inventory) = self.inventory else { return self.coverage_without_account };
        if let Some(gap) = self.account_gap() {
            return gap;
        }
        // What another account's ARN names could only have been found there, and this ledger does not know it.
        let arns = [subject.arn().cloned(), entry.and_then(PublishedAsset::arn)];
        let mut accounts = arns.iter().flatten().filter_map(Arn::account_id);
        if accounts.any(|account| account != inventory.account_id) {
            return Coverage::Incomplete(Reason::NotRequested);
        }
        let mut domains = BTreeSet::new();
        if let Some(record) = subject.record {
            domains.extend(Domain::of_record(record));
        }
        if let Some(entry) = entry {
            domains.extend(Domain::of_published(entry));
        }
        let parts = domains.iter().map(|domain| domain.coverage(&inventory.coverage, self.named));
        parts.into_iter().find(|part| !part.is_complete()).unwrap_or(Coverage::Complete)
    }

    /// Counts an entry for the gate.
    pub(in crate::reconciliation) fn count_owned(
        &mut self,
        entry: Option<&PublishedAsset>,
        live: Liveness,
        coverage: Coverage,
    ) {
        if entry.is_some_and(|entry| entry.state == AssetState::Active) {
            self.result.totals.owned += 1;
            self.result.totals.owned_in_complete_scopes +=
                u64::from(live == Liveness::Live || (live == Liveness::NotSeen && coverage.is_complete()));
        }
    }

    /// Notes sightings and looks, and gives the asset's history after this run.
    pub(super) fn look(
        &mut self,
        key: AssetKey,
        live: Liveness,
        coverage: Coverage,
        action: Action,
        entry: Option<&PublishedAsset>,
    ) -> AssetHistory {
        let mut history = self.assets_before.remove(&key).unwrap_or_default();
        match live {
            Liveness::Live => sighting(&mut history, true, self.now),
            Liveness::Sighted => sighting(&mut history, false, self.now),
            Liveness::NotSeen if action == Action::RetireAfterGrace && coverage.is_complete() => {
                self.rules.retire.look(&mut history, self.now);
            }
            Liveness::NotSeen => {}
        }
        // An asset that is neither published nor live has no looks to remember.
        if entry.is_some() || live == Liveness::Live {
            self.result.history.assets.insert(key, history.clone());
        }
        history
    }

    pub(super) fn is_recorded_daily(&self, kind: Option<&ResourceType>) -> bool {
        self.inventory.is_some_and(|inventory| {
            inventory.coverage.lines().any(|line| {
                line.daily
                    && (kind.is_none() || line.resource_type.is_none() || line.resource_type.as_ref() == kind)
            })
        })
    }

    /// Notes that an ambiguous entry's resource was sighted, or keeps what was known of it.
    pub(in crate::reconciliation) fn keep_history(&mut self, key: AssetKey, sighted: bool) {
        let mut history = self.assets_before.remove(&key).unwrap_or_default();
        if sighted {
            sighting(&mut history, false, self.now);
        }
        self.result.history.assets.insert(key, history);
    }
}
