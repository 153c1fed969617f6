//! Identification, authority and the table of outcomes, put together: what one account's inventory, records and
//! published assets amount to.
//!
//! Pure: the same input gives the same output, whatever order it comes in. Each live item, each record and
//! each published asset ends in exactly one [`ReconciledAsset`], and no `asset_key` has two changes.

mod divergence;
mod explanation;
mod judge;
mod not_aws;
mod published_index;
mod sighting;
mod stray_rows;
mod subject;
mod tangle;
mod trace;
mod unplaced;
mod values;

use std::cell::LazyCell;
use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::Timestamp;
use serde::Serialize;

use crate::absence::RetireRules;
use crate::adoption::Adoption;
use crate::asset::{AssetKey, PublishedAsset};
use crate::asset_record::{AssetRecord, RejectedRecord};
use crate::authority::{AttributeStory, AuthorityTable};
use crate::change_set::Change;
use crate::configuration_item::ConfigurationItem;
use crate::digest;
use crate::ephemeral::EphemeralRules;
use crate::finding::{Finding, FindingKind};
use crate::gate::AccountTotals;
use crate::history::{AccountHistory, AssetHistory};
use crate::identification::{IdentificationRules, ItemIndex, Rule, identify};
use crate::identifiers::Region;
use crate::inventory::AccountInventory;
use crate::last_published::PublishedMemory;
use crate::lifecycle::{Life, LifecycleRules};
use crate::proof::{Missing, Proofs};
use crate::requirement::Requirements;
use crate::resource_type::TypePolicy;
use crate::shared_identity::SharedIdentities;

pub use explanation::{
    Absence, Candidate, DomainPart, ExplainedAttribute, Explainer, Explanation, Found, Identity, Judgement,
    KeyKind, Looks, ProofById, Refusal, Seen, Side, SourceSays, Why, named_by,
};
pub use not_aws::reconcile_not_aws;
pub use stray_rows::StrayRows;
pub use trace::{Trace, Traced};
pub use unplaced::{UnplacedRecord, reconcile_unplaced};

use judge::Judge;
use published_index::PublishedIndex;
use sighting::{Namesakes, Sighting};
use subject::Subject;
use tangle::Parties;

/// What is the same for every account of a run.
#[derive(Clone, Debug, Default)]
pub struct Rules {
    /// The environment: part of every minted key.
    pub environment: String,
    /// Which types are assets.
    pub types: TypePolicy,
    /// Which record speaks of which item.
    pub identification: IdentificationRules,
    /// Whose value wins.
    pub authority: AuthorityTable,
    /// What every asset must have.
    pub requirements: Requirements,
    /// When an absent asset is retired.
    pub retire: RetireRules,
    /// What differs from that for some types.
    pub lifecycle: LifecycleRules,
    /// Which resources come and go by themselves.
    pub ephemeral: EphemeralRules,
    /// How entries that bestand never wrote become its own.
    pub adoption: Adoption,
    /// Rows that speak of an asset from where they cannot be matched to it.
    pub stray_rows: StrayRows,
    /// Rows that name themselves alike.
    pub shared: Arc<SharedIdentities>,
    /// Assets of which the whole story of their attributes is wanted; mostly none.
    pub tell: BTreeSet<AssetKey>,
}

/// What speaks of one account.
#[derive(Clone, Copy, Debug)]
pub struct AccountInput<'a> {
    /// Live items and their completeness.
    pub inventory: &'a AccountInventory,
    /// Records whose account this is.
    pub records: &'a [AssetRecord],
    /// Rows naming this account that make no sense.
    pub rejected: &'a [RejectedRecord],
    /// Our entries in the central register, retired ones included.
    pub published: &'a [PublishedAsset],
    /// What bestand itself published last, of those that somebody else may have touched.
    pub memory: &'a PublishedMemory,
    /// What was found out about single assets that an earlier round called missing; nothing in the first round.
    pub proofs: &'a Proofs,
}

/// Where the parties that speak of one asset ended up.
#[derive(Clone, Debug, PartialEq)]
pub struct ReconciledAsset {
    /// Its key.
    pub asset_key: AssetKey,
    /// The records, by row key: one, none, or several where it is ambiguous.
    pub records: Vec<String>,
    /// The live items as `region/type/id`: one, none, or several where it is ambiguous.
    pub items: Vec<String>,
    /// Our entries.
    pub published: Vec<AssetKey>,
    /// The rule that joined record and item.
    pub rule: Option<Rule>,
    /// Where it stood in its life before this run, and where it stands after it.
    pub life: Life,
}

/// What one account amounts to.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AccountReconciliation {
    /// Every asset, with what speaks of it.
    pub assets: Vec<ReconciledAsset>,
    /// Differences, in a stable order.
    pub findings: Vec<Finding>,
    /// At most one per key, in the order of keys.
    pub changes: Vec<Change>,
    /// What the next run shall know.
    pub history: AccountHistory,
    /// What the gate shall know.
    pub totals: AccountTotals,
    /// What is about to be called absent: where there is any, find out what there is to be known of it, and
    /// reconcile again with that, from the same history.
    pub missing: Vec<Missing>,
    /// Who won each attribute, and why, of the assets that [`Rules::tell`] names.
    pub stories: BTreeMap<AssetKey, AttributeStory>,
}

/// Reconciles one account at the instant `now`.
///
/// Without the answers about what is [`missing`](AccountReconciliation::missing) nothing is retired that could be
/// asked for (SEMANTICS 2.4).
pub fn reconcile(
    input: &AccountInput<'_>,
    rules: &Rules,
    history: &AccountHistory,
    now: Timestamp,
) -> AccountReconciliation {
    reconcile_noting(input, rules, history, now, None)
}

/// Does the same, and tells which of the input's records and items each asset consists of.
pub fn reconcile_traced(
    input: &AccountInput<'_>,
    rules: &Rules,
    history: &AccountHistory,
    now: Timestamp,
) -> (AccountReconciliation, Trace) {
    let mut trace = Trace::new(input);
    let result = reconcile_noting(input, rules, history, now, Some(&mut trace));
    (result, trace)
}

fn reconcile_noting(
    input: &AccountInput<'_>,
    rules: &Rules,
    history: &AccountHistory,
    now: Timestamp,
    trace: Option<&mut Trace>,
) -> AccountReconciliation {
    let mut items: Vec<&ConfigurationItem> = input.inventory.items.iter().collect();
    items.sort_by(|a, b| item_order(a).cmp(&item_order(b)).then_with(|| text_of(a).cmp(&text_of(b))));
    let mut records: Vec<&AssetRecord> = input.records.iter().collect();
    records.sort_by(|a, b| compare_records(a, b));

    let index = ItemIndex::new(&items, &rules.identification);
    let identification = identify(&index, &records);
    let named = named_regions(input);
    let mut published = PublishedIndex::new(input.published);

    let (subjects, tangles) = subject::gather(
        &rules.environment,
        &identification,
        &items,
        &records,
        Some(&input.inventory.account_id),
    );
    let mut judge = Judge::new(rules, history, now, Some(input.inventory), &named);
    judge.proofs = Some(input.proofs);
    judge.trace = trace;
    judge.index = Some(&index);
    judge.memory = Some(input.memory);
    let ambiguous: Vec<_> = tangles
        .iter()
        .map(|tangle| Parties::of_tangle(&judge, tangle, &items, &records, &mut published))
        .collect();
    let assigned = published.assign(subjects);
    for parties in ambiguous {
        tangle::judge(&mut judge, parties, &mut published);
    }
    // Seldom asked for, and large: only where a namesake turns up.
    let namesakes =
        LazyCell::new(|| Namesakes::new(assigned.iter().map(|(subject, entry)| (subject, *entry)), history));
    let sighting = |subject: &Subject<'_>, entry: Option<&PublishedAsset>| {
        let key = entry.map(|entry| entry.asset_key);
        Sighting::of(subject, entry, &index, |item| namesakes.is_of_its_own(item, key))
    };
    for (subject, entry) in &assigned {
        if entry.is_none() && published.is_contested(subject) {
            let parties = Parties::of_subject(&judge, subject, &mut published);
            tangle::judge(&mut judge, parties, &mut published);
            continue;
        }
        let seen = if subject.item.is_none() { sighting(subject, *entry) } else { Sighting::Nowhere };
        judge.judge(subject, *entry, seen);
    }
    for entry in published.unclaimed() {
        let subject = Subject::of_published(entry);
        let seen = sighting(&subject, Some(entry));
        judge.judge(&subject, Some(entry), seen);
    }
    judge.reject_all(input.rejected);
    judge.finish()
}

/// Makes the finding of a row that makes no sense and names no account.
pub fn rejected_without_account(
    rejected: &[RejectedRecord],
    rules: &Rules,
    history: &AccountHistory,
    now: Timestamp,
) -> AccountReconciliation {
    let named = BTreeSet::new();
    let mut judge = Judge::new(rules, history, now, None, &named);
    judge.reject_all(rejected);
    judge.finish()
}

fn item_order(item: &ConfigurationItem) -> (&Region, &str, &str, Option<&str>) {
    (
        &item.region,
        item.resource_type.as_str(),
        item.resource_id.as_str(),
        item.arn.as_ref().map(crate::arn::Arn::as_str),
    )
}

fn record_order(record: &AssetRecord) -> impl Ord + '_ {
    (&record.row_key, &record.arn, &record.resource_type, &record.resource_id, &record.region)
}

fn compare_records(a: &AssetRecord, b: &AssetRecord) -> Ordering {
    record_order(a).cmp(&record_order(b)).then_with(|| text_of(a).cmp(&text_of(b)))
}

/// Tells apart what its names do not: written only for the few that share all of them.
fn text_of(value: &impl Serialize) -> String {
    serde_json::to_value(value).map(|value| digest::canonical(&value)).unwrap_or_default()
}

/// The regions that records and published assets name.
fn named_regions(input: &AccountInput<'_>) -> BTreeSet<Region> {
    let of_records = input.records.iter().flat_map(|record| {
        [record.region.clone(), record.arn.as_ref().and_then(crate::arn::Arn::region)].into_iter().flatten()
    });
    let of_published = input.published.iter().flat_map(|entry| {
        [entry.region(), entry.arn().as_ref().and_then(crate::arn::Arn::region)].into_iter().flatten()
    });
    of_records.chain(of_published).collect()
}

/// The order of findings in files and reports: the gravest first, then by place.
fn finding_order(finding: &Finding) -> impl Ord + '_ {
    (
        std::cmp::Reverse(finding.severity),
        finding.kind,
        &finding.region,
        &finding.resource_type,
        &finding.resource_id,
        &finding.attribute,
        &finding.finding_id,
        &finding.asset_key,
    )
}

/// Gives every finding the instant of its first sighting, and the history of those that are open.
///
/// While something of the account is not seen, a finding that is missing today may be back tomorrow: its first
/// sighting is kept.
fn date_findings(
    findings: &mut [Finding],
    before: &BTreeMap<String, Timestamp>,
    keep_missing: bool,
    now: Timestamp,
) -> BTreeMap<String, Timestamp> {
    let mut after = if keep_missing { before.clone() } else { BTreeMap::new() };
    for finding in findings {
        let since = before.get(&finding.finding_id).copied().unwrap_or(now);
        finding.since = Some(since);
        after.insert(finding.finding_id.clone(), since);
    }
    after
}

/// History of assets, begun from what was known.
type AssetHistories = BTreeMap<AssetKey, AssetHistory>;

/// Tells whether a kind means that the asset's life is in question, for which looks are evidence.
fn has_looks(kind: FindingKind) -> bool {
    matches!(kind, FindingKind::Absent | FindingKind::Misplaced | FindingKind::Unverified)
}

#[cfg(test)]
mod tests;
