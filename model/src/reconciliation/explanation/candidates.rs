//! What comes near an asset and is not it: items and records that share its ARN, its id or its name, and the first
//! thing in which they differ.
//!
//! It knows no identification rule: it compares what any rule could compare, and says where the other one ended. So
//! it holds whatever rules there are.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;

use super::parties::Parties;
use super::{Explainer, key};
use crate::arn::Arn;
use crate::asset::{AssetKey, PublishedAsset};
use crate::asset_record::AssetRecord;
use crate::attribute;
use crate::configuration_item::ConfigurationItem;
use crate::identification::ItemKey;
use crate::identifiers::{AssetId, Region, ResourceId, ResourceType};
use crate::reconciliation::ReconciledAsset;
use crate::reconciliation::judge::item_name;
use crate::resource_type::is_global;

/// Candidates that are told.
const MOST: usize = 20;

/// On which side of the comparison a candidate stands.
#[derive(Clone, Copy, Debug, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Side {
    /// A live item.
    Item,
    /// A record of the source register.
    Record,
}

/// Something that comes near.
#[derive(Clone, Debug, JsonSchema, PartialEq, Serialize)]
pub struct Candidate {
    /// An item or a record.
    pub side: Side,
    /// An item as `region/type/id`, a record by what a person finds its row by.
    pub name: String,
    /// Its ARN.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub arn: Option<Arn>,
    /// Why it is not the asset's.
    pub refused: Refusal,
    /// What it has where the asset has something else.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub has: Option<String>,
    /// What the asset has there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub wanted: Option<String>,
    /// The asset that it belongs to.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub belongs_to: Option<AssetKey>,
}

/// Why a candidate is not the asset's.
#[derive(Clone, Copy, Debug, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Refusal {
    /// Both have an ARN, and not the same.
    AnotherArn,
    /// Another type.
    AnotherType,
    /// Another resource id: it only shares the name.
    AnotherId,
    /// Another region.
    AnotherRegion,
    /// Several items fit, and nobody can tell which is meant.
    SeveralMatch,
    /// Several records speak of it, and nobody can tell which is right.
    SeveralClaim,
    /// It was matched with another party.
    ClaimedByAnother,
    /// The same record speaks for it, too.
    OneOfMany,
    /// It says too little of itself to be matched.
    SaysTooLittle,
}

/// What a party is called, as far as it says.
#[derive(Clone, Debug, Default)]
struct Names<'a> {
    arn: Option<Arn>,
    /// AWS Config gives the ARN, or a person wrote it: it tells resources apart.
    arn_tells: bool,
    kind: Option<ResourceType>,
    id: Option<ResourceId>,
    region: Option<Region>,
    asset_id: Option<AssetId>,
    name: Option<&'a str>,
}

impl<'a> Names<'a> {
    fn of_item(item: &'a ConfigurationItem) -> Self {
        Self {
            arn: item.arn.clone(),
            arn_tells: !item.arn_built,
            kind: Some(item.resource_type.clone()),
            id: Some(item.resource_id.clone()),
            region: Some(item.region.clone()),
            asset_id: None,
            name: item.resource_name.as_deref().or_else(|| key::name_tag(item)),
        }
    }

    fn of_record(record: &'a AssetRecord) -> Self {
        let global = record.resource_type.as_ref().is_some_and(is_global);
        let region = record.region.clone().or_else(|| record.arn.as_ref().and_then(Arn::region));
        Self {
            arn: record.arn.clone(),
            arn_tells: true,
            kind: record.resource_type.clone(),
            id: record.resource_id.clone(),
            region: if global { Some(Region::global()) } else { region },
            asset_id: record.asset_id.clone(),
            name: record.attributes.get(attribute::NAME).and_then(serde_json::Value::as_str),
        }
    }

    fn of_entry(entry: &'a PublishedAsset) -> Self {
        Self {
            arn: entry.arn(),
            arn_tells: true,
            kind: entry.resource_type(),
            id: entry.resource_id(),
            region: entry.region(),
            asset_id: entry.asset_id(),
            name: entry.attributes.get(attribute::NAME).and_then(serde_json::Value::as_str),
        }
    }

    /// Tells whether anything of the other could make a person think of this one.
    fn is_near(&self, other: &Self) -> bool {
        fn shares<T: PartialEq>(own: Option<&T>, other: Option<&T>) -> bool {
            own.zip(other).is_some_and(|(own, other)| own == other)
        }
        let same_kind = self.kind.is_none() || other.kind.is_none() || self.kind == other.kind;
        shares(self.arn.as_ref(), other.arn.as_ref())
            || shares(self.id.as_ref(), other.id.as_ref())
            || shares(self.asset_id.as_ref(), other.asset_id.as_ref())
            || (same_kind && shares(self.name.as_ref(), other.name.as_ref()))
    }

    /// The first thing that tells the other apart: what it has, and what this one has.
    fn difference(&self, other: &Self) -> Option<(Refusal, String, String)> {
        fn differs<T: PartialEq + ToString>(
            refusal: Refusal,
            own: Option<&T>,
            other: Option<&T>,
        ) -> Option<(Refusal, String, String)> {
            let (own, other) = own.zip(other).filter(|(own, other)| own != other)?;
            Some((refusal, other.to_string(), own.to_string()))
        }
        let region = differs(Refusal::AnotherRegion, self.region.as_ref(), other.region.as_ref());
        let arns = (self.arn.as_ref(), other.arn.as_ref());
        let arn = differs(Refusal::AnotherArn, arns.0, arns.1).filter(|_| self.arn_tells && other.arn_tells);
        differs(Refusal::AnotherType, self.kind.as_ref(), other.kind.as_ref())
            .or_else(|| differs(Refusal::AnotherId, self.id.as_ref(), other.id.as_ref()))
            // The ARN of another region says no more than the region, which a person reads at a glance.
            .or(region)
            .or(arn)
    }

    fn says_too_little(&self) -> bool {
        self.arn.is_none() && (self.kind.is_none() || self.id.is_none())
    }
}

impl Explainer<'_> {
    /// Gives what comes near an asset, and how many more there are.
    pub(super) fn candidates(
        &self,
        asset: &ReconciledAsset,
        parties: &Parties<'_>,
    ) -> (Vec<Candidate>, usize) {
        let mut found = own(parties);
        let records: Vec<Names<'_>> = parties.records.iter().map(|record| Names::of_record(record)).collect();
        let items: Vec<Names<'_>> = parties.items.iter().map(|item| Names::of_item(item)).collect();
        let entries: Vec<Names<'_>> = parties.entries.iter().map(|entry| Names::of_entry(entry)).collect();
        // What an item is held against first is the record, and the other way round.
        let for_items: Vec<&Names<'_>> = records.iter().chain(&items).chain(&entries).collect();
        let for_records: Vec<&Names<'_>> = items.iter().chain(&entries).chain(&records).collect();
        let near = |all: &[&Names<'_>], other: &Names<'_>| all.iter().any(|own| own.is_near(other));
        let rules = || self.judgement.rules.identification.of_settings();
        // What rules of the settings read: the records' keys, and the items'.
        let record_keys: Vec<_> = rules()
            .flat_map(|(at, rule)| {
                parties.records.iter().filter_map(move |own| Some((at, rule.record_key(own)?)))
            })
            .collect();
        let item_keys: Vec<_> = rules()
            .flat_map(|(at, rule)| {
                parties.items.iter().filter_map(move |own| match rule.item_key(own) {
                    ItemKey::Key(key) => Some((at, key)),
                    ItemKey::Nothing | ItemKey::NotCollected => None,
                })
            })
            .collect();
        let item_fits = |item: &ConfigurationItem| {
            !record_keys.is_empty()
                && rules().any(|(at, rule)| match rule.item_key(item) {
                    ItemKey::Key(key) => record_keys.contains(&(at, key)),
                    ItemKey::Nothing | ItemKey::NotCollected => false,
                })
        };
        let record_fits = |record: &AssetRecord| {
            !item_keys.is_empty()
                && rules().any(|(at, rule)| {
                    rule.record_key(record).is_some_and(|key| item_keys.contains(&(at, key)))
                })
        };
        for item in self.judgement.inventory.into_iter().flat_map(|inventory| &inventory.items) {
            let names = Names::of_item(item);
            if (near(&for_items, &names) || item_fits(item))
                && !parties.items.iter().any(|own| std::ptr::eq(*own, item))
            {
                found.push(candidate(Side::Item, item_name(item), &names, &for_items));
            }
        }
        for record in self.judgement.records {
            let names = Names::of_record(record);
            if (near(&for_records, &names) || record_fits(record))
                && !parties.records.iter().any(|own| std::ptr::eq(*own, record))
            {
                found.push(candidate(Side::Record, record.row_key.clone(), &names, &for_records));
            }
        }
        let more = found.len().saturating_sub(MOST);
        found.truncate(MOST);
        self.add_owners(asset, &mut found);
        (found, more)
    }

    /// Adds which asset each candidate belongs to.
    fn add_owners(&self, asset: &ReconciledAsset, found: &mut [Candidate]) {
        if found.is_empty() {
            return;
        }
        let mut owners: BTreeMap<(bool, String), &ReconciledAsset> = BTreeMap::new();
        for other in self.judgement.result.assets.iter().filter(|other| other.asset_key != asset.asset_key) {
            for name in &other.items {
                if found.iter().any(|one| one.side == Side::Item && one.name == *name) {
                    owners.insert((true, name.clone()), other);
                }
            }
            for row in &other.records {
                if found.iter().any(|one| one.side == Side::Record && one.name == *row) {
                    owners.insert((false, row.clone()), other);
                }
            }
        }
        let for_many = self.rule_of_settings(asset).is_some_and(|rule| rule.many);
        for one in found {
            let Some(owner) = owners.get(&(one.side == Side::Item, one.name.clone())) else { continue };
            one.belongs_to = Some(owner.asset_key);
            if for_many && one.side == Side::Item && owner.records == asset.records {
                (one.refused, one.has, one.wanted) = (Refusal::OneOfMany, None, None);
            }
        }
    }
}

/// The asset's own parties, where it is ambiguous.
fn own(parties: &Parties<'_>) -> Vec<Candidate> {
    let mut found = Vec::new();
    let mut add = |side, name: String, arn: Option<&Arn>, refused| {
        let arn = arn.cloned();
        found.push(Candidate { side, name, arn, refused, has: None, wanted: None, belongs_to: None });
    };
    if parties.items.len() > 1 {
        for item in &parties.items {
            add(Side::Item, item_name(item), item.arn.as_ref(), Refusal::SeveralMatch);
        }
    }
    if parties.records.len() > 1 {
        for record in &parties.records {
            add(Side::Record, record.row_key.clone(), record.arn.as_ref(), Refusal::SeveralClaim);
        }
    }
    found
}

fn candidate(side: Side, name: String, names: &Names<'_>, against: &[&Names<'_>]) -> Candidate {
    let near = against.iter().find(|own| own.is_near(names));
    let (refused, has, wanted) = match near.and_then(|own| own.difference(names)) {
        Some((refused, has, wanted)) => (refused, Some(has), Some(wanted)),
        None if names.says_too_little() => (Refusal::SaysTooLittle, None, None),
        None => (Refusal::ClaimedByAnother, None, None),
    };
    Candidate { side, name, arn: names.arn.clone(), refused, has, wanted, belongs_to: None }
}
