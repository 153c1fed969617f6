//! Why one asset was judged as it was: told from the same input that [`reconcile`](super::reconcile) takes and from
//! what it gave. Nothing here decides anything.

mod absence;
mod attributes;
mod candidates;
mod key;
mod parties;

use std::collections::BTreeSet;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use super::judge::Judge;
use super::subject::Subject;
use super::{AccountInput, AccountReconciliation, ReconciledAsset, Rules, Trace, named_regions};
use crate::arn::Arn;
use crate::asset::{AssetKey, PublishedAsset};
use crate::asset_record::AssetRecord;
use crate::change_set::Change;
use crate::configuration_item::ConfigurationItem;
use crate::coverage::{Coverage, Reason};
use crate::finding::{Finding, FindingKind};
use crate::history::AccountHistory;
use crate::identification::{IdentificationRule, ItemIndex};
use crate::identifiers::{AccountId, AssetId, Region, ResourceId, ResourceType};
use crate::inventory::AccountInventory;
use crate::last_published::PublishedMemory;
use crate::outcome::Liveness;
use crate::proof::{Answer, Elsewhere, Missing, Proofs, Question};

pub use absence::{Absence, DomainPart, Looks};
pub use attributes::{ExplainedAttribute, SourceSays, Why};
pub use candidates::{Candidate, Refusal, Side};
pub use key::{Found, KeyKind, named_by};

use parties::{Index, Parties};

/// Everything that an account, or what belongs to none, was judged by, and what came of it.
#[derive(Clone, Copy, Debug)]
pub struct Judgement<'a> {
    /// The rules.
    pub rules: &'a Rules,
    /// What earlier runs left.
    pub history: &'a AccountHistory,
    /// The instant of the judgement.
    pub now: Timestamp,
    /// What lives there; nothing for what belongs to no account.
    pub inventory: Option<&'a AccountInventory>,
    /// What is known of everything, for what belongs to no account.
    pub coverage: Coverage,
    /// The records.
    pub records: &'a [AssetRecord],
    /// Our entries.
    pub published: &'a [PublishedAsset],
    /// What is remembered of what was published.
    pub memory: &'a PublishedMemory,
    /// What was found out about single assets.
    pub proofs: &'a Proofs,
    /// What the first round called missing.
    pub missing: &'a [Missing],
    /// What came of it.
    pub result: &'a AccountReconciliation,
    /// Which records and items each asset consists of; nothing for what belongs to no account.
    pub trace: Option<&'a Trace>,
}

/// What an asset is called.
#[derive(Clone, Debug, JsonSchema, PartialEq, Serialize)]
pub struct Identity {
    /// Its key in the central register, or the one that would be minted.
    #[schemars(with = "String")]
    pub asset_key: AssetKey,
    /// The name that people know it by.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// ARN.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub arn: Option<Arn>,
    /// Type.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resource_type: Option<ResourceType>,
    /// Resource id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resource_id: Option<ResourceId>,
    /// Account.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account_id: Option<AccountId>,
    /// Region.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub region: Option<Region>,
    /// The source register's id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub asset_id: Option<AssetId>,
}

/// A live item that the asset was matched to.
#[derive(Clone, Debug, JsonSchema, PartialEq, Serialize)]
pub struct Seen {
    /// The item, as the inventory has it.
    #[schemars(with = "Value")]
    pub item: ConfigurationItem,
    /// Whether it counts as live: everything that reported it is complete.
    pub believed: bool,
    /// It was matched by what people wrote down, and where not everything was seen another one may be meant
    /// (SEMANTICS 2.14).
    pub provisional: bool,
    /// Why it is not believed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<Reason>,
}

/// Where an asset stands in its life (SEMANTICS 5.1); absent: nowhere, for nothing is published of it.
#[derive(Clone, Debug, Default, JsonSchema, PartialEq, Serialize)]
pub struct LifeStages {
    /// Before this run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub before: Option<String>,
    /// After it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after: Option<String>,
}

/// What was found out about the asset beyond the inventory of its account (SEMANTICS 2.4).
#[derive(Clone, Debug, JsonSchema, PartialEq, Serialize)]
pub struct ProofById {
    /// What AWS could be asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<Value>")]
    pub question: Option<Question>,
    /// What it answered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub answer: Option<Answer>,
    /// Where else it was seen.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub elsewhere: Option<Elsewhere>,
}

/// Why one asset was judged as it was.
#[derive(Clone, Debug, JsonSchema, PartialEq, Serialize)]
pub struct Explanation {
    /// What it is called.
    pub identity: Identity,
    /// The records that speak of it: none, one, or several where it is ambiguous.
    #[schemars(with = "Vec<Value>")]
    pub records: Vec<AssetRecord>,
    /// The identification rule that joined record and item.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rule: Option<String>,
    /// What the rule says, where it is one of the settings.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rule_of_settings: Option<IdentificationRule>,
    /// Where the asset stands in its life, before this run and after it.
    pub life: LifeStages,
    /// What comes near and is not it, and why.
    pub candidates: Vec<Candidate>,
    /// How many more there are.
    pub more_candidates: usize,
    /// The live items: none, one, or several where it is ambiguous.
    pub seen: Vec<Seen>,
    /// Where it could have been found, and whether all of that was seen; there where nothing live was.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub absence: Option<Absence>,
    /// What earlier runs and this one saw of it, and when it may be retired; there for what is published.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub looks: Option<Looks>,
    /// What was found out about it by its id, or in other accounts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub proof: Option<ProofById>,
    /// Our entries, as the central register had them when the plan was made.
    #[schemars(with = "Vec<Value>")]
    pub entries: Vec<PublishedAsset>,
    /// What each source says, and whose value wins; empty where it is ambiguous.
    pub attributes: Vec<ExplainedAttribute>,
    /// The findings, as the judgement gave them.
    #[schemars(with = "Vec<Value>")]
    pub findings: Vec<Finding>,
    /// The changes, as the judgement gave them: one, or one per key where it is ambiguous.
    #[schemars(with = "Vec<Value>")]
    pub changes: Vec<Change>,
}

/// Finds and explains the assets of one judgement.
#[derive(Debug)]
pub struct Explainer<'a> {
    judgement: Judgement<'a>,
    index: Index<'a>,
    named: BTreeSet<Region>,
}

impl<'a> Explainer<'a> {
    /// Takes a judgement.
    pub fn new(judgement: Judgement<'a>) -> Self {
        let named = judgement.inventory.map_or_else(BTreeSet::new, |inventory| {
            named_regions(&AccountInput {
                inventory,
                records: judgement.records,
                rejected: &[],
                published: judgement.published,
                memory: judgement.memory,
                proofs: judgement.proofs,
            })
        });
        Self { judgement, index: Index::new(&judgement), named }
    }

    fn judge<'s>(&'s self, index: Option<&'s ItemIndex<'s>>) -> Judge<'s> {
        let of = &self.judgement;
        let mut judge = Judge::new(of.rules, of.history, of.now, of.inventory, &self.named);
        judge.coverage_without_account = of.coverage;
        judge.index = index;
        judge.proofs = of.inventory.map(|_| of.proofs);
        judge.memory = Some(of.memory);
        judge
    }

    fn account(&self) -> Option<&'a AccountId> {
        self.judgement.inventory.map(|inventory| &inventory.account_id)
    }

    fn subject(&self, record: Option<&'a AssetRecord>, item: Option<&'a ConfigurationItem>) -> Subject<'a> {
        Subject::new(&self.judgement.rules.environment, self.account(), record, item, None)
    }

    /// Tells what an asset is called.
    pub fn identify(&self, asset: &ReconciledAsset) -> Identity {
        let parties = self.parties(asset);
        let subject = self.subject(parties.records.first().copied(), parties.items.first().copied());
        identity(&self.judge(None), asset.asset_key, &subject, parties.entries.first().copied())
    }

    /// Tells why an asset was judged as it was.
    pub fn explain(&self, asset: &ReconciledAsset) -> Explanation {
        let of = &self.judgement;
        let items: Vec<&ConfigurationItem> =
            of.inventory.into_iter().flat_map(|inventory| &inventory.items).collect();
        let index = of.inventory.map(|_| ItemIndex::new(&items, &of.rules.identification));
        let judge = self.judge(index.as_ref());
        let parties = self.parties(asset);
        let (record, item, entry) = (
            parties.records.first().copied(),
            parties.items.first().copied(),
            parties.entries.first().copied(),
        );
        let by_settings = self.rule_of_settings(asset);
        let mut subject = self.subject(record, item);
        subject.rule.clone_from(&asset.rule);
        subject.one_of_many = by_settings.is_some_and(|rule| rule.many);
        let keys = self.keys(asset, &parties);
        let changes: Vec<Change> =
            of.result.changes.iter().filter(|change| keys.contains(&change.asset_key)).cloned().collect();
        let findings = of.result.findings.iter();
        let findings: Vec<Finding> = findings
            .filter(|finding| finding.asset_key.is_some_and(|key| keys.contains(&key)))
            .cloned()
            .collect();
        let seen: Vec<Seen> = parties.items.iter().map(|item| seen(&judge, &subject, item, entry)).collect();
        let (candidates, more_candidates) = self.candidates(asset, &parties);
        let only = changes.first().filter(|_| !parties.is_ambiguous());
        Explanation {
            identity: identity(&judge, asset.asset_key, &subject, entry),
            rule: asset.rule.as_ref().map(ToString::to_string),
            rule_of_settings: by_settings.cloned(),
            life: LifeStages {
                before: asset.life.before.map(|stage| stage.code().to_owned()),
                after: asset.life.after.map(|stage| stage.code().to_owned()),
            },
            candidates,
            more_candidates,
            absence: seen.is_empty().then(|| absence::absence(&judge, &self.named, of, &subject, entry)),
            looks: entry.map(|entry| absence::looks(&judge, of, &subject, entry)),
            proof: self.proof(&keys),
            attributes: if parties.is_ambiguous() {
                Vec::new()
            } else {
                let believed = seen.first().is_some_and(|seen| seen.believed);
                attributes::explain(&subject, entry, believed, only, &of.rules.authority, of.now)
            },
            records: parties.records.into_iter().cloned().collect(),
            entries: parties.entries.into_iter().cloned().collect(),
            seen,
            findings,
            changes,
        }
    }

    fn rule_of_settings(&self, asset: &ReconciledAsset) -> Option<&'a IdentificationRule> {
        let name = asset.rule.as_ref().filter(|rule| rule.is_of_settings())?.name();
        let mut rules = self.judgement.rules.identification.of_settings();
        rules.find(|(_, rule)| rule.name == name).map(|(_, rule)| rule.as_ref())
    }

    fn proof(&self, keys: &BTreeSet<AssetKey>) -> Option<ProofById> {
        let of = &self.judgement;
        // Of what is not published nobody is asked.
        let published = of.published.iter().any(|entry| keys.contains(&entry.asset_key));
        let missing = of.missing.iter().find(|missing| published && keys.contains(&missing.asset_key));
        let proof = ProofById {
            question: missing.and_then(|missing| missing.question.clone()),
            answer: keys.iter().find_map(|key| of.proofs.answers.get(key)).cloned(),
            elsewhere: keys.iter().find_map(|key| of.proofs.elsewhere.get(key)).cloned(),
        };
        (missing.is_some() || proof.answer.is_some() || proof.elsewhere.is_some()).then_some(proof)
    }
}

fn seen(
    judge: &Judge<'_>,
    subject: &Subject<'_>,
    item: &ConfigurationItem,
    entry: Option<&PublishedAsset>,
) -> Seen {
    let reason = |coverage| match coverage {
        Coverage::Complete => None,
        Coverage::Incomplete(reason) => Some(reason),
    };
    let (live, coverage) = judge.liveness(item);
    let whole = judge.absence_coverage(subject, entry);
    let provisional = live == Liveness::Live && judge.is_provisional(subject);
    Seen {
        item: item.clone(),
        believed: live == Liveness::Live && !provisional,
        provisional,
        reason: if provisional { reason(whole).or(Some(Reason::ScopeUnknown)) } else { reason(coverage) },
    }
}

/// Calls the asset what a finding would call it.
fn identity(
    judge: &Judge<'_>,
    asset_key: AssetKey,
    subject: &Subject<'_>,
    entry: Option<&PublishedAsset>,
) -> Identity {
    let named = judge.finding(FindingKind::Unverified, asset_key, subject, entry);
    Identity {
        asset_key,
        name: named.name.or_else(|| subject.item.and_then(key::name_tag).map(str::to_owned)),
        arn: named.arn,
        resource_type: named.resource_type,
        resource_id: named.resource_id,
        account_id: named.account_id,
        region: named.region,
        asset_id: named.asset_id,
    }
}

impl Parties<'_> {
    fn is_ambiguous(&self) -> bool {
        self.records.len() > 1 || self.items.len() > 1 || self.entries.len() > 1
    }
}
