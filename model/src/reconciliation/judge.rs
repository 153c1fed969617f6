//! Turns what is known of one asset into its finding and its change, and keeps the books.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde_json::{Value, json};

use super::subject::Subject;
use super::values::{self, Desired, Reach, Values};
use super::{
    AccountReconciliation, AssetHistories, ReconciledAsset, Rules, date_findings, finding_order, has_looks,
};
use crate::absence::{Domain, sighting};
use crate::account::AccountState;
use crate::arn::Arn;
use crate::asset::{AssetKey, AssetPatch, AssetState, PublishedAsset};
use crate::asset_record::{Lifecycle, RejectedRecord};
use crate::attribute;
use crate::authority::authority;
use crate::change_set::{Change, ChangeKind, Precondition, WithheldReason};
use crate::configuration_item::ConfigurationItem;
use crate::coverage::{Coverage, CoverageLine, Reason};
use crate::finding::{Finding, FindingKind, Severity};
use crate::history::{AccountHistory, AssetHistory};
use crate::identifiers::{AccountId, Region, ResourceType};
use crate::inventory::AccountInventory;
use crate::outcome::{Action, Facts, Liveness, outcome};
use crate::resource_type::TypeClass;

/// What the source register's row is called in `registration`.
const REGISTERED: &str = "registered";
const UNREGISTERED: &str = "unregistered";
/// What `verification` says of what bestand itself saw, or did not.
const LIVE: &str = "live";
const UNVERIFIED: &str = "unverified";

/// Judges the assets of one account (or those of none) one by one.
pub(super) struct Judge<'a> {
    rules: &'a Rules,
    now: Timestamp,
    inventory: Option<&'a AccountInventory>,
    named: &'a BTreeSet<Region>,
    /// Coverage of what belongs to no account: set by the caller that knows the whole run.
    pub(super) coverage_without_account: Coverage,
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

    /// How far an item's own scope is believed. The row itself shows that the type is served there, so the
    /// region's default line stands in for a missing type line.
    fn liveness(&self, item: &ConfigurationItem) -> (Liveness, Coverage) {
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
    fn account_gap(&self) -> Option<Coverage> {
        match self.inventory?.state {
            AccountState::Active => None,
            AccountState::Inactive => Some(Coverage::Incomplete(Reason::AccountInactive)),
            AccountState::Unknown => Some(Coverage::Incomplete(Reason::AccountUnknown)),
        }
    }

    /// The coverage of everything in which record or entry could have been found.
    fn absence_coverage(&self, subject: &Subject<'_>, entry: Option<&PublishedAsset>) -> Coverage {
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

    /// Judges one asset.
    pub(super) fn judge(
        &mut self,
        subject: &Subject<'_>,
        entry: Option<&PublishedAsset>,
        sighted_elsewhere: bool,
    ) {
        let Some(key) = entry.map(|entry| entry.asset_key).or_else(|| subject.keys.first().copied()) else {
            return;
        };
        let (live, own_coverage) = match subject.item {
            Some(item) => self.liveness(item),
            None if sighted_elsewhere => (Liveness::Sighted, Coverage::Incomplete(Reason::CountMismatch)),
            None => (Liveness::NotSeen, Coverage::Complete),
        };
        let domain = self.absence_coverage(subject, entry);
        let coverage = match domain {
            Coverage::Complete if live == Liveness::Sighted => own_coverage,
            coverage => coverage,
        };
        let facts = Facts {
            record: subject.record.map(|record| record.lifecycle),
            live,
            published: entry.map(|entry| entry.state),
            coverage,
            type_is_asset: self.type_is_asset(subject),
        };
        let mut outcome = outcome(facts);
        let not_where_it_says = self.inventory.is_none() || domain.is_complete();
        if not_where_it_says && sighted_elsewhere && outcome.action == Action::CreateUnverified {
            // What it may mean was seen, and has an entry of its own: a second one would double it.
            outcome.action = Action::Withhold(WithheldReason::Unverified);
        }
        self.count_owned(entry, live, coverage);
        let looks = self.look(key, live, coverage, outcome.action, entry);
        let change = self.change(key, subject, entry, outcome.action, &looks);

        let live_values = subject.item.map(values::of_item);
        let registered = subject.record.map(values::of_record);
        if let Some(kind) = outcome.finding {
            let mut finding = self.finding(kind, key, subject, entry);
            if kind == FindingKind::Unregistered && !facts.type_is_asset {
                finding.severity = Severity::Info;
            }
            self.add_evidence(&mut finding, subject, coverage, sighted_elsewhere, &looks, change.as_ref());
            self.result.findings.push(finding);
        }
        if let (Liveness::Live, Some(live), Some(registered)) = (live, &live_values, &registered) {
            self.add_divergences(key, subject, entry, live, registered);
        }
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
            (None, Some(AssetState::Active)) => Action::RetireAfterGrace,
            (None, Some(AssetState::Retired) | None) => Action::Nothing,
        };
        self.count_owned(entry, Liveness::NotSeen, Coverage::Complete);
        let looks = if action == Action::RetireAfterGrace {
            self.look(key, Liveness::NotSeen, Coverage::Complete, action, entry)
        } else {
            // The row is there: what looked like absence before is forgotten.
            AssetHistory::default()
        };
        let change = self.change(key, subject, entry, action, &looks);
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

    fn type_is_asset(&self, subject: &Subject<'_>) -> bool {
        subject.resource().is_none_or(|(kind, _)| self.rules.types.class(kind) == TypeClass::Asset)
    }

    /// Counts an entry for the gate.
    pub(super) fn count_owned(&mut self, entry: Option<&PublishedAsset>, live: Liveness, coverage: Coverage) {
        if entry.is_some_and(|entry| entry.state == AssetState::Active) {
            self.result.totals.owned += 1;
            self.result.totals.owned_in_complete_scopes +=
                u64::from(live == Liveness::Live || (live == Liveness::NotSeen && coverage.is_complete()));
        }
    }

    /// Notes sightings and looks, and gives the asset's history after this run.
    fn look(
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

    fn change(
        &self,
        key: AssetKey,
        subject: &Subject<'_>,
        entry: Option<&PublishedAsset>,
        action: Action,
        looks: &AssetHistory,
    ) -> Option<Change> {
        let live = subject.item.map(values::of_item);
        let registered = subject.record.map(values::of_record);
        let (live, registered) = (live.as_ref(), registered.as_ref());
        Some(match action {
            Action::Nothing => return None,
            Action::Create => {
                let desired = self.marked(values::desired(live, registered, Reach::All), subject, Some(LIVE));
                self.create(key, subject, &desired)
            }
            Action::CreateUnverified => {
                let desired =
                    self.marked(values::desired(None, registered, Reach::All), subject, Some(UNVERIFIED));
                self.create(key, subject, &desired)
            }
            Action::Update => {
                let desired = self.marked(values::desired(live, registered, Reach::All), subject, Some(LIVE));
                self.update(key, entry?, &desired, self.seen_in(subject), Some(AssetState::Active))
            }
            Action::UpdateTechnical => {
                let desired = self.marked(values::desired(live, None, Reach::Technical), subject, Some(LIVE));
                self.update(key, entry?, &desired, self.seen_in(subject), Some(AssetState::Active))
            }
            Action::UpdateOrganisational => {
                let desired =
                    self.marked(values::desired(None, registered, Reach::Organisational), subject, None);
                self.update(key, entry?, &desired, None, None)
            }
            Action::RetireAfterGrace => self.retire(key, subject, entry?, looks),
            Action::Withhold(reason) => self.withhold(key, entry, reason, would_be(reason, entry)),
        })
    }

    fn marked(&self, mut desired: Desired, subject: &Subject<'_>, verification: Option<&str>) -> Desired {
        let registration = if subject.record.is_some() { REGISTERED } else { UNREGISTERED };
        values::mark(&mut desired, attribute::REGISTRATION, registration);
        // What is no AWS resource cannot be seen there: the register alone vouches for it, for good.
        if let Some(verification) = verification.filter(|_| subject.record.is_none_or(|record| record.aws)) {
            values::mark(&mut desired, attribute::VERIFICATION, verification);
        }
        desired
    }

    /// An asset's account is where it was seen live; neither a record nor an old row moves it.
    fn seen_in(&self, subject: &Subject<'_>) -> Option<&'a AccountId> {
        self.account().filter(|_| subject.item.is_some())
    }

    fn create(&self, key: AssetKey, subject: &Subject<'_>, desired: &Desired) -> Change {
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

    fn update(
        &self,
        key: AssetKey,
        entry: &PublishedAsset,
        desired: &Desired,
        account: Option<&AccountId>,
        state: Option<AssetState>,
    ) -> Change {
        let (before, after) = values::difference(entry, account, desired, state);
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

    /// SEMANTICS 2.5 and 2.6: patience first, then the question whether it was ever there.
    fn retire(
        &self,
        key: AssetKey,
        subject: &Subject<'_>,
        entry: &PublishedAsset,
        looks: &AssetHistory,
    ) -> Change {
        let daily = self.is_recorded_daily(entry.resource_type().as_ref());
        if !self.rules.retire.grace_is_over(looks, daily, self.now) {
            return self.withhold(key, Some(entry), WithheldReason::Grace, Some(ChangeKind::Retire));
        }
        let vouched = subject.record.is_some_and(|record| record.lifecycle != Lifecycle::Retired);
        let marked_live = entry.attributes.get(attribute::VERIFICATION).and_then(Value::as_str) == Some(LIVE);
        if vouched && looks.last_seen.is_none() && !marked_live {
            return self.withhold(key, Some(entry), WithheldReason::NeverSeen, Some(ChangeKind::Retire));
        }
        let mut change = self.blank(ChangeKind::Retire, key);
        change.precondition = Some(Precondition::Version(entry.version.clone()));
        change.before = AssetPatch { state: Some(entry.state), ..AssetPatch::default() };
        change.after = AssetPatch { state: Some(AssetState::Retired), ..AssetPatch::default() };
        change.sealed()
    }

    fn is_recorded_daily(&self, kind: Option<&ResourceType>) -> bool {
        self.inventory.is_some_and(|inventory| {
            inventory.coverage.lines().any(|line| {
                line.daily
                    && (kind.is_none() || line.resource_type.is_none() || line.resource_type.as_ref() == kind)
            })
        })
    }

    pub(super) fn withhold(
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

    fn blank(&self, kind: ChangeKind, asset_key: AssetKey) -> Change {
        Change {
            kind,
            asset_key,
            account_id: self.account().cloned(),
            precondition: None,
            before: AssetPatch::default(),
            after: AssetPatch::default(),
            reason: None,
            would_be: None,
            provenance: BTreeMap::new(),
            digest: String::new(),
        }
    }

    /// Takes a change into the set. A second one for the same key makes both ambiguous.
    pub(super) fn put(&mut self, change: Change) {
        let key = change.asset_key;
        let change = match self.changes.remove(&key) {
            None => change,
            Some(first) => self.withhold(key, None, WithheldReason::Ambiguous, first.would_be),
        };
        self.changes.insert(key, change);
    }

    /// Makes a finding with everything that is known of the subject's identity.
    pub(super) fn finding(
        &self,
        kind: FindingKind,
        key: AssetKey,
        subject: &Subject<'_>,
        entry: Option<&PublishedAsset>,
    ) -> Finding {
        let record = subject.record;
        let resource = subject.resource();
        let text = |name: &str| {
            let registered = record.and_then(|record| record.attributes.get(name)).and_then(Value::as_str);
            registered.or_else(|| entry.and_then(|entry| entry.attributes.get(name)).and_then(Value::as_str))
        };
        let arn = subject.arn().cloned().or_else(|| entry.and_then(PublishedAsset::arn));
        let subject_name = arn.as_ref().map_or_else(|| key.to_string(), ToString::to_string);
        Finding {
            finding_id: Finding::id(kind, &subject_name, None),
            kind,
            severity: kind.severity(),
            asset_key: Some(key),
            account_id: self
                .account()
                .cloned()
                .or_else(|| record.and_then(|record| record.account_id.clone())),
            region: subject
                .item
                .map(|item| item.region.clone())
                .or_else(|| record.and_then(|record| record.region.clone()))
                .or_else(|| arn.as_ref().and_then(Arn::region))
                .or_else(|| entry.and_then(PublishedAsset::region)),
            resource_type: resource
                .map(|(kind, _)| kind.clone())
                .or_else(|| record.and_then(|record| record.resource_type.clone()))
                .or_else(|| entry.and_then(PublishedAsset::resource_type)),
            resource_id: resource
                .map(|(_, id)| id.clone())
                .or_else(|| entry.and_then(PublishedAsset::resource_id)),
            arn,
            asset_id: subject.asset_id().cloned().or_else(|| entry.and_then(PublishedAsset::asset_id)),
            name: text(attribute::NAME)
                .or_else(|| subject.item.and_then(|item| item.resource_name.as_deref()))
                .map(str::to_owned),
            owner: text("owner").map(str::to_owned),
            attribute: None,
            live: None,
            registered: None,
            published: None,
            authority: None,
            since: None,
            evidence: BTreeMap::new(),
        }
    }

    fn add_evidence(
        &self,
        finding: &mut Finding,
        subject: &Subject<'_>,
        coverage: Coverage,
        sighted_elsewhere: bool,
        looks: &AssetHistory,
        change: Option<&Change>,
    ) {
        let mut add = |name: &str, value: Value| {
            finding.evidence.insert(name.to_owned(), value);
        };
        if let Some(record) = subject.record {
            add("row", json!(record.row_key));
            add("lifecycle", json!(record.lifecycle));
        }
        if let Some(rule) = subject.rule {
            add("rule", json!(rule));
        }
        match coverage {
            Coverage::Complete => add("coverage", json!("complete")),
            Coverage::Incomplete(reason) => add("coverage", json!(reason)),
        }
        if sighted_elsewhere {
            add("sighted_elsewhere", json!(true));
        }
        if has_looks(finding.kind) && looks.looks > 0 {
            add("complete_looks", json!(looks.looks));
            add("absent_since", json!(looks.absent_since));
        }
        if has_looks(finding.kind)
            && let Some(last_seen) = looks.last_seen
        {
            add("last_seen", json!(last_seen));
        }
        if let Some(change) = change {
            add("change", json!(change.kind));
            if let Some(reason) = change.reason {
                add("withheld", json!(reason));
            }
        }
    }

    fn add_divergences(
        &mut self,
        key: AssetKey,
        subject: &Subject<'_>,
        entry: Option<&PublishedAsset>,
        live: &Values,
        registered: &Values,
    ) {
        for divergence in values::divergences(live, registered) {
            let mut finding = self.finding(FindingKind::Divergent, key, subject, entry);
            let named = finding.arn.as_ref().map_or_else(|| key.to_string(), ToString::to_string);
            finding.finding_id = Finding::id(FindingKind::Divergent, &named, Some(&divergence.attribute));
            finding.published = entry.and_then(|entry| entry.attributes.get(&divergence.attribute)).cloned();
            finding.authority = Some(authority(&divergence.attribute));
            finding.live = Some(divergence.live);
            finding.registered = Some(divergence.registered);
            finding.attribute = Some(divergence.attribute);
            if let Some(record) = subject.record {
                finding.evidence.insert("row".into(), json!(record.row_key));
            }
            if let Some(rule) = subject.rule {
                finding.evidence.insert("rule".into(), json!(rule));
            }
            self.result.findings.push(finding);
        }
    }

    /// Makes the findings of rows that make no sense.
    pub(super) fn reject_all(&mut self, rejected: &[RejectedRecord]) {
        let mut rejected: Vec<&RejectedRecord> = rejected.iter().collect();
        rejected.sort_by_key(|row| (&row.row_key, &row.reason, &row.asset_id, &row.account_id));
        rejected.into_iter().for_each(|row| self.reject(row));
    }

    fn reject(&mut self, rejected: &RejectedRecord) {
        let kind = FindingKind::RejectedRecord;
        self.result.findings.push(Finding {
            finding_id: Finding::id(kind, &rejected.row_key, Some(&rejected.reason)),
            kind,
            severity: kind.severity(),
            asset_key: None,
            account_id: rejected.account_id.clone(),
            region: None,
            resource_type: None,
            resource_id: None,
            arn: None,
            asset_id: rejected.asset_id.clone(),
            name: None,
            owner: None,
            attribute: None,
            live: None,
            registered: None,
            published: None,
            authority: None,
            since: None,
            evidence: BTreeMap::from([
                ("row".to_owned(), json!(rejected.row_key)),
                ("reason".to_owned(), json!(rejected.reason)),
            ]),
        });
    }

    /// Takes a finding and an asset that another judge of the same account made.
    pub(super) fn record(&mut self, finding: Option<Finding>, asset: ReconciledAsset) {
        self.result.findings.extend(finding);
        self.result.assets.push(asset);
    }

    /// Notes that an ambiguous entry's resource was sighted, or keeps what was known of it.
    pub(super) fn keep_history(&mut self, key: AssetKey, sighted: bool) {
        let mut history = self.assets_before.remove(&key).unwrap_or_default();
        if sighted {
            sighting(&mut history, false, self.now);
        }
        self.result.history.assets.insert(key, history);
    }

    /// Closes the books: everything in a stable order.
    pub(super) fn finish(mut self) -> AccountReconciliation {
        let incomplete = self.inventory.map_or(!self.coverage_without_account.is_complete(), |inventory| {
            inventory.coverage.lines().any(|line| !line.coverage().is_complete())
        });
        let mut result = self.result;
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

/// Two entries of one ARN have the same finding, and so have two rows with the same fault: each but the first
/// gets an id of its own.
fn name_apart(findings: &mut [Finding]) {
    let mut taken: BTreeMap<String, u32> = BTreeMap::new();
    for finding in findings {
        let count = taken.entry(finding.finding_id.clone()).or_default();
        *count += 1;
        if *count > 1 {
            let subject = format!("{}\u{1f}{count}", finding.finding_id);
            finding.finding_id = Finding::id(finding.kind, &subject, finding.attribute.as_deref());
        }
    }
}

fn would_be(reason: WithheldReason, entry: Option<&PublishedAsset>) -> Option<ChangeKind> {
    match (reason, entry.map(|entry| entry.state)) {
        (
            WithheldReason::Unverified | WithheldReason::Grace | WithheldReason::NeverSeen,
            Some(AssetState::Active),
        ) => Some(ChangeKind::Retire),
        (WithheldReason::TypeNotPublished | WithheldReason::NotLive, Some(AssetState::Retired)) => {
            Some(ChangeKind::Update)
        }
        (
            WithheldReason::TypeNotPublished
            | WithheldReason::NotLive
            | WithheldReason::Planned
            | WithheldReason::Unverified,
            None,
        ) => Some(ChangeKind::Create),
        _ => None,
    }
}

fn provenance(after: &AssetPatch, desired: &Desired) -> BTreeMap<String, crate::change_set::Provenance> {
    after
        .attributes
        .keys()
        .filter_map(|name| desired.get(name).map(|(_, provenance)| (name.clone(), *provenance)))
        .collect()
}

/// Names an item by its place.
pub(super) fn item_name(item: &ConfigurationItem) -> String {
    format!("{}/{}/{}", item.region, item.resource_type, item.resource_id)
}
