//! By what a person may call an asset: its ARN, the source register's id, its key, its resource id, its row, its name,
//! or a finding's id.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use super::Explainer;
use super::parties::{place, place_of};
use crate::asset::{AssetKey, PublishedAsset};
use crate::asset_record::{AssetRecord, RejectedRecord};
use crate::attribute;
use crate::configuration_item::{ConfigurationItem, Tags};
use crate::finding::Finding;
use crate::reconciliation::ReconciledAsset;

/// What a text turned out to be.
#[derive(Clone, Copy, Debug, Eq, JsonSchema, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum KeyKind {
    /// An ARN.
    Arn,
    /// The source register's id.
    AssetId,
    /// The key in the central register.
    AssetKey,
    /// A finding's id.
    FindingId,
    /// A resource id.
    ResourceId,
    /// What a person finds a row by.
    Row,
    /// A name: people's, AWS Config's, or the tag `Name`.
    Name,
}

/// What a text was found to mean.
#[derive(Clone, Debug)]
pub struct Found<'a> {
    /// The asset.
    pub asset: Option<&'a ReconciledAsset>,
    /// A finding that is about no asset, such as a row that makes no sense.
    pub finding: Option<&'a Finding>,
    /// As what the text was found.
    pub kinds: BTreeSet<KeyKind>,
}

/// Tells what a text is to a line of a spool, if it is anything.
pub mod named_by {
    use super::{
        AssetRecord, ConfigurationItem, Finding, KeyKind, PublishedAsset, RejectedRecord, Value, attribute,
        name_tag,
    };
    use crate::arn::Arn;
    use crate::asset::AssetKey;

    fn first<const N: usize>(key: &str, of: [(Option<&str>, KeyKind); N]) -> Option<KeyKind> {
        of.into_iter().find(|(text, _)| *text == Some(key)).map(|(_, kind)| kind)
    }

    /// A record.
    pub fn record(record: &AssetRecord, key: &str) -> Option<KeyKind> {
        first(
            key,
            [
                (record.arn.as_ref().map(Arn::as_str), KeyKind::Arn),
                (record.asset_id.as_ref().map(AsRef::as_ref), KeyKind::AssetId),
                (record.resource_id.as_ref().map(AsRef::as_ref), KeyKind::ResourceId),
                (Some(&record.row_key), KeyKind::Row),
                (record.attributes.get(attribute::NAME).and_then(Value::as_str), KeyKind::Name),
            ],
        )
    }

    /// A row that makes no sense.
    pub fn rejected(row: &RejectedRecord, key: &str) -> Option<KeyKind> {
        let id = row.asset_id.as_ref().map(AsRef::as_ref);
        first(key, [(id, KeyKind::AssetId), (Some(&row.row_key), KeyKind::Row)])
    }

    /// A live item.
    pub fn item(item: &ConfigurationItem, key: &str) -> Option<KeyKind> {
        first(
            key,
            [
                (item.arn.as_ref().map(Arn::as_str), KeyKind::Arn),
                (Some(item.resource_id.as_str()), KeyKind::ResourceId),
                (item.resource_name.as_deref(), KeyKind::Name),
                (name_tag(item), KeyKind::Name),
            ],
        )
    }

    /// An entry of the central register.
    pub fn entry(entry: &PublishedAsset, key: &str) -> Option<KeyKind> {
        let text = |name: &str| entry.attributes.get(name).and_then(Value::as_str);
        asset_key(entry.asset_key, key).or_else(|| {
            first(
                key,
                [
                    (text(attribute::ARN), KeyKind::Arn),
                    (text(attribute::ASSET_ID), KeyKind::AssetId),
                    (text(attribute::RESOURCE_ID), KeyKind::ResourceId),
                    (text(attribute::NAME), KeyKind::Name),
                ],
            )
        })
    }

    /// A finding. Its asset's names are found where they come from.
    pub fn finding(finding: &Finding, key: &str) -> Option<KeyKind> {
        let row = finding.evidence.get("row").and_then(Value::as_str).filter(|_| finding.asset_key.is_none());
        first(key, [(Some(&finding.finding_id), KeyKind::FindingId), (row, KeyKind::Row)])
            .or_else(|| finding.asset_key.and_then(|own| asset_key(own, key)))
    }

    /// A key of the central register.
    pub fn asset_key(own: AssetKey, key: &str) -> Option<KeyKind> {
        (own.to_string() == key).then_some(KeyKind::AssetKey)
    }
}

/// Gives the tag that people name resources by.
pub(super) fn name_tag(item: &ConfigurationItem) -> Option<&str> {
    match &item.tags {
        Tags::Collected(tags) => tags.get("Name").map(String::as_str),
        Tags::NotCollected => None,
    }
}

impl<'a> Explainer<'a> {
    /// Finds everything that a text may mean, in the order of the result.
    pub fn find(&self, key: &str) -> Vec<Found<'a>> {
        let of = &self.judgement;
        let rows: HashSet<&str> = of
            .records
            .iter()
            .filter(|record| named_by::record(record, key).is_some())
            .map(|record| record.row_key.as_str())
            .collect();
        let items = of.inventory.into_iter().flat_map(|inventory| &inventory.items);
        let places: HashSet<_> =
            items.filter(|item| named_by::item(item, key).is_some()).map(place_of).collect();
        let mut keys: BTreeMap<AssetKey, BTreeSet<KeyKind>> = BTreeMap::new();
        let mut found = Vec::new();
        for entry in of.published {
            keys.entry(entry.asset_key).or_default().extend(named_by::entry(entry, key));
        }
        for finding in &of.result.findings {
            match (named_by::finding(finding, key), finding.asset_key) {
                (Some(kind), Some(asset_key)) => {
                    keys.entry(asset_key).or_default().insert(kind);
                }
                (Some(kind), None) => {
                    found.push(Found { asset: None, finding: Some(finding), kinds: BTreeSet::from([kind]) })
                }
                (None, _) => {}
            }
        }
        let changes = of.result.changes.iter().map(|change| change.asset_key);
        for own in changes.chain(of.result.assets.iter().map(|asset| asset.asset_key)) {
            if let Some(kind) = named_by::asset_key(own, key) {
                keys.entry(own).or_default().insert(kind);
            }
        }
        keys.retain(|_, kinds| !kinds.is_empty());
        for asset in &of.result.assets {
            let may_be = asset.records.iter().any(|row| rows.contains(row.as_str()))
                || asset.items.iter().any(|name| places.contains(&place(name)))
                || asset.published.iter().chain([&asset.asset_key]).any(|own| keys.contains_key(own))
                || (asset.items.len() > 1 && !keys.is_empty());
            if may_be && let Some(kinds) = self.kinds(asset, key, &keys) {
                found.push(Found { asset: Some(asset), finding: None, kinds });
            }
        }
        found
    }

    /// As what the text names this very asset: two rows may share a key, and only one of them is its own.
    fn kinds(
        &self,
        asset: &ReconciledAsset,
        key: &str,
        keys: &BTreeMap<AssetKey, BTreeSet<KeyKind>>,
    ) -> Option<BTreeSet<KeyKind>> {
        let parties = self.parties(asset);
        let own = self.keys(asset, &parties);
        let records = parties.records.iter().filter_map(|record| named_by::record(record, key));
        let items = parties.items.iter().filter_map(|item| named_by::item(item, key));
        let by_key = own.iter().filter_map(|own| keys.get(own)).flatten().copied();
        let kinds: BTreeSet<KeyKind> = records.chain(items).chain(by_key).collect();
        (!kinds.is_empty()).then_some(kinds)
    }
}
