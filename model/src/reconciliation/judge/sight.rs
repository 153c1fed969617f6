//! How far what was seen is believed, and what the books keep of it.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::standing::Standing;
use super::{Action, AssetKey, AssetState, Judge, PublishedAsset, Subject};
use crate::absence::{Domain, RetireRules, sighting};
use crate::account::AccountState;
use crate::arn::Arn;
use crate::asset_record::{AssetRecord, Lifecycle};
use crate::configuration_item::ConfigurationItem;
use crate::coverage::{Coverage, Reason};
use crate::history::AssetHistory;
use crate::identification::Rule;
use crate::outcome::Liveness;
use crate::proof::Elsewhere;
use crate::reconciliation::sighting::Sighting;

/// What is known of an asset's life.
pub(super) struct Sight {
    pub(super) live: Liveness,
    /// Of the item's own scope where that is incomplete, else of everything in which it could have been found.
    pub(super) coverage: Coverage,
    /// What an absence would rest on.
    pub(super) standing: Standing,
    /// All that goes into a finding besides.
    pub(super) evidence: Vec<(&'static str, Value)>,
}

impl Sight {
    /// The reading of the source register was complete: a row that is gone is gone.
    pub(super) fn of_a_row_that_is_gone() -> Self {
        let standing = Standing::NoResource;
        Self { live: Liveness::NotSeen, coverage: Coverage::Complete, standing, evidence: Vec::new() }
    }
}

impl Judge<'_> {
    /// Puts together what items, other places and answers say of an asset. Whatever shows that it may be there
    /// goes before whatever shows that it is gone.
    pub(super) fn sight(
        &self,
        key: AssetKey,
        subject: &Subject<'_>,
        entry: Option<&PublishedAsset>,
        sighting: Sighting<'_>,
    ) -> Sight {
        let coverage = self.absence_coverage(subject, entry);
        let seen = |live, coverage, evidence| Sight { live, coverage, standing: Standing::Open, evidence };
        if let Some(item) = subject.item {
            let (live, own) = self.liveness(item);
            if live == Liveness::Live && self.is_provisional(subject) {
                // In what is dark there may be another one that the rule finds, or the one that an earlier rule means
                // (SEMANTICS 2.14).
                return seen(Liveness::Sighted, coverage, vec![("provisional", json!(true))]);
            }
            let own = if live == Liveness::Sighted && coverage.is_complete() { own } else { coverage };
            return seen(live, own, Vec::new());
        }
        let elsewhere = match sighting {
            Sighting::Here => {
                return seen(Liveness::Sighted, coverage, vec![("sighted_elsewhere", json!(true))]);
            }
            Sighting::Elsewhere(item) => Some(Elsewhere {
                doubtful: self.liveness(item).0 != Liveness::Live,
                account_id: item.account_id.clone(),
                region: item.region.clone(),
            }),
            Sighting::Nowhere => self.proofs.and_then(|proofs| proofs.elsewhere.get(&key)).cloned(),
        };
        if let Some(elsewhere) = elsewhere {
            let live = if coverage.is_complete() && !elsewhere.doubtful {
                Liveness::Misplaced
            } else {
                Liveness::Sighted
            };
            let place = json!({ "account_id": elsewhere.account_id, "region": elsewhere.region });
            return seen(live, coverage, vec![("seen_in", place)]);
        }
        let (standing, evidence) = self.standing(key, subject, entry);
        let live = if standing == Standing::Sighted { Liveness::Sighted } else { Liveness::NotSeen };
        Sight { live, coverage, standing, evidence }
    }

    /// Tells whether a match rests on what people wrote down, and could turn out otherwise once more is seen.
    pub(in crate::reconciliation) fn is_provisional(&self, subject: &Subject<'_>) -> bool {
        let by_settings = subject.rule.as_ref().is_some_and(Rule::is_of_settings);
        let (Some(inventory), Some(record)) = (self.inventory, subject.record) else { return false };
        if subject.one_of_many || !by_settings {
            return false;
        }
        let uncollected = self.index.is_some_and(|index| !index.uncollected_for(record).is_empty());
        let domains = self.rules.identification.domains(record);
        uncollected || domains.iter().any(|domain| domain.hides_matches(&inventory.coverage, self.named))
    }

    /// How far an item is believed.
    pub(in crate::reconciliation) fn liveness(&self, item: &ConfigurationItem) -> (Liveness, Coverage) {
        if self.is_decommissioned() {
            // A person says that nothing is there, and here is something: nothing follows but a veto.
            return (Liveness::Sighted, Coverage::Incomplete(Reason::AccountInactive));
        }
        if let Some(gap) = self.account_gap() {
            return (Liveness::Sighted, gap);
        }
        let unasked = Coverage::Incomplete(Reason::NotRequested);
        match self.inventory.map_or(unasked, |inventory| inventory.coverage.of_item(item)) {
            Coverage::Complete => (Liveness::Live, Coverage::Complete),
            incomplete => (Liveness::Sighted, incomplete),
        }
    }

    /// Tells whether a person named the account as gone (SEMANTICS 2.12).
    pub(super) fn is_decommissioned(&self) -> bool {
        self.inventory.is_some_and(|inventory| inventory.state == AccountState::Decommissioned)
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
    pub(in crate::reconciliation) fn absence_coverage(
        &self,
        subject: &Subject<'_>,
        entry: Option<&PublishedAsset>,
    ) -> Coverage {
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
        if self.is_decommissioned() {
            return Coverage::Complete;
        }
        if self.index.zip(subject.record).is_some_and(|(index, of)| !index.uncollected_for(of).is_empty()) {
            // Something of the domain does not show what a rule reads: it may be the one.
            return Coverage::Incomplete(Reason::ScopeUnknown);
        }
        let domains = self.domains(subject, entry);
        let parts = domains.iter().map(|domain| domain.coverage(&inventory.coverage, self.named));
        parts.fold(Coverage::Complete, Coverage::and)
    }

    /// Tells whether the asset may vanish up to 24 h late.
    pub(in crate::reconciliation) fn is_recorded_daily(
        &self,
        subject: &Subject<'_>,
        entry: &PublishedAsset,
    ) -> bool {
        self.inventory.is_some_and(|inventory| {
            self.domains(subject, Some(entry)).iter().any(|domain| domain.is_daily(&inventory.coverage))
        })
    }

    /// Everything in which record or entry could have been found.
    pub(in crate::reconciliation) fn domains(
        &self,
        subject: &Subject<'_>,
        entry: Option<&PublishedAsset>,
    ) -> BTreeSet<Domain> {
        let of_record = subject.record.map(|record| self.rules.identification.domains(record));
        let of_entry = entry.map(Domain::of_published);
        of_record.into_iter().chain(of_entry).flatten().collect()
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
        subject: &Subject<'_>,
        sight: &Sight,
        action: Action,
        entry: Option<&PublishedAsset>,
    ) -> AssetHistory {
        let mut history = self.assets_before.remove(&key).unwrap_or_default();
        let planned_since = history.planned_since.take();
        let is_planned = is_planned(subject, sight.live);
        match sight.live {
            Liveness::Live => sighting(&mut history, true, self.now),
            Liveness::Sighted | Liveness::Misplaced => sighting(&mut history, false, self.now),
            // Nobody expects it to live: what looked like absence before means nothing any more.
            Liveness::NotSeen if is_planned => sighting(&mut history, false, self.now),
            Liveness::NotSeen if is_missed(sight, action) => {
                self.patience(subject, entry).look(&mut history, self.now);
            }
            Liveness::NotSeen => {}
        }
        if is_planned {
            history.planned_since = planned_since.or(Some(self.now));
        }
        // An asset that is neither published nor live nor planned has nothing to be remembered.
        if entry.is_some() || sight.live == Liveness::Live || is_planned {
            self.result.history.assets.insert(key, history.clone());
        }
        history
    }

    /// How long the asset is kept once it is absent: by its entry's type and its record's.
    pub(in crate::reconciliation) fn patience(
        &self,
        subject: &Subject<'_>,
        entry: Option<&PublishedAsset>,
    ) -> RetireRules {
        let of_entry = entry.and_then(PublishedAsset::resource_type);
        let of_record = subject.record.and_then(|record| record.resource_type.as_ref());
        self.rules.lifecycle.of(of_entry.iter().chain(of_record), self.rules.retire)
    }

    /// Tells whether anything that an entry names was seen in the account.
    pub(in crate::reconciliation) fn sees_something_of(&self, entry: &PublishedAsset) -> bool {
        self.index.is_some_and(|index| {
            let sighting = Sighting::of(&Subject::of_published(entry), Some(entry), index, |_| false);
            !matches!(sighting, Sighting::Nowhere)
        })
    }

    /// Keeps what was known of an ambiguous entry's resource, or begins anew where it was sighted or is planned.
    pub(in crate::reconciliation) fn keep_history(&mut self, key: AssetKey, anew: bool) {
        let mut history = self.assets_before.remove(&key).unwrap_or_default();
        if anew {
            sighting(&mut history, false, self.now);
        }
        self.result.history.assets.insert(key, history);
    }
}

/// Tells whether a complete look found nothing where something should be. A proven deletion in a busy scope is no
/// complete look.
pub(super) fn is_missed(sight: &Sight, action: Action) -> bool {
    let absent = matches!(action, Action::RetireAfterGrace | Action::RetireProven);
    absent && sight.live == Liveness::NotSeen && sight.coverage.is_complete()
}

/// Tells whether a record of an AWS resource says that it need not live yet, and nothing lives.
pub(super) fn is_planned(subject: &Subject<'_>, live: Liveness) -> bool {
    let planned = |record: &&AssetRecord| record.aws && record.lifecycle == Lifecycle::Planned;
    live != Liveness::Live && subject.record.as_ref().is_some_and(planned)
}
