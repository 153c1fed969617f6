//! Generates small estates: few names, so that everything collides with everything.

use std::collections::BTreeMap;

use proptest::prelude::*;
use serde_json::Value;
use uuid::Uuid;

use super::support::*;
use crate::account::AccountState;
use crate::asset::{AssetKey, AssetState, PublishedAsset};
use crate::asset_record::{AssetRecord, Lifecycle};
use crate::attribute;
use crate::configuration_item::{ConfigurationItem, Tags};
use crate::coverage::{CoverageLine, Reason};
use crate::identification::tests::rule;
use crate::identification::{IdentificationRule, IdentificationRules};
use crate::identifiers::Region;
use crate::reconciliation::Rules;

const KINDS: [&str; 4] = [QUEUE, BUCKET, ROLE, SUBNET];

type Place = (&'static str, &'static str, &'static str);

fn place() -> impl Strategy<Value = Place> {
    let region = prop::sample::select(vec!["eu", "us"]);
    let kind = prop::sample::select(KINDS.to_vec());
    let id = prop::sample::select(vec!["1", "2"]);
    (region, kind, id).prop_map(|(region, kind, id)| (if kind == ROLE { "global" } else { region }, kind, id))
}

fn value() -> impl Strategy<Value = Value> {
    prop::sample::select(vec![Value::Null, Value::from("x"), Value::from("y"), Value::from(1)])
}

fn live() -> impl Strategy<Value = ConfigurationItem> {
    let names = (prop::option::of("[ab]"), tags());
    (place(), prop::bool::weighted(0.8), names, prop::option::of(value()), any::<bool>()).prop_map(
        |((region, kind, id), has_arn, (name, tags), x, second)| {
            let mut item = item(region, kind, id);
            item.arn = item.arn.filter(|_| has_arn);
            item.resource_name = name;
            item.tags = tags;
            item.attributes = x.map(|x| ("configuration.x".to_owned(), x)).into_iter().collect();
            item.recorded_in = (kind == ROLE).then(|| if second { "us".into() } else { "eu".into() });
            item
        },
    )
}

fn tags() -> impl Strategy<Value = Tags> {
    let tagged = prop::sample::select(vec!["A", "B", " b", "C", "Z"]);
    prop_oneof![
        2 => Just(Tags::NotCollected),
        3 => Just(Tags::Collected(BTreeMap::new())),
        4 => tagged.prop_map(|id| Tags::Collected(BTreeMap::from([("id".to_owned(), id.to_owned())]))),
    ]
}

/// The built-in rules alone, or with some of the settings before or behind them.
pub(super) fn identification_rules() -> impl Strategy<Value = Vec<IdentificationRule>> {
    let by_tag =
        |types: &[&str]| rule("by-tag", types, &[("asset_id | fold_case", "tag:id | trim | fold_case")]);
    let by_name = rule("by-name", &[], &[("name", "name")]);
    prop::sample::select(vec![
        vec![],
        vec![by_tag(&[])],
        vec![by_tag(&[QUEUE, BUCKET])],
        vec![by_tag(&[ROLE]), by_name.clone()],
        vec![by_name, rule("arn", &[], &[]), by_tag(&[])],
        vec![rule("resource_id", &[], &[]), rule("arn", &[], &[])],
    ])
}

fn lifecycle() -> impl Strategy<Value = Lifecycle> {
    prop_oneof![5 => Just(Lifecycle::Active), 1 => Just(Lifecycle::Planned), 1 => Just(Lifecycle::Retired)]
}

fn record() -> impl Strategy<Value = AssetRecord> {
    let names = (any::<bool>(), any::<bool>(), any::<bool>(), any::<bool>(), prop::bool::weighted(0.05));
    let row = prop_oneof![Just("A"), Just("B"), Just("C"), Just("row 1"), Just("row 2"), Just("row 3")];
    (place(), names, row, lifecycle(), prop::option::of(value()), prop::option::of(value())).prop_map(
        |((region, kind, id), (has_arn, has_id, has_type, has_region, foreign), row, lifecycle, name, x)| {
            let home = if foreign { other_account() } else { account() };
            let arn = arn_in(&home, region, kind, id).parse().unwrap();
            let values = [(attribute::NAME, name), ("configuration.x", x)];
            AssetRecord {
                asset_id: (!row.starts_with("row")).then(|| row.into()),
                arn: has_arn.then_some(arn),
                resource_id: has_id.then(|| id.into()),
                resource_type: has_type.then(|| kind.into()),
                region: has_region.then(|| region.into()),
                lifecycle,
                attributes: values.into_iter().filter_map(|(n, v)| Some((n.to_owned(), v?))).collect(),
                ..bare(row)
            }
        },
    )
}

fn published() -> impl Strategy<Value = PublishedAsset> {
    let key = prop_oneof![
        place().prop_map(|(region, kind, id)| arn_key(&arn(region, kind, id))),
        (1_u128..4).prop_map(|number| AssetKey(Uuid::from_u128(number))),
    ];
    let names = (any::<bool>(), any::<bool>(), any::<bool>(), prop::bool::weighted(0.8));
    let asset_id = prop::option::of(prop::sample::select(vec!["A", "B", "C"]));
    (key, place(), names, asset_id, any::<bool>(), prop::bool::weighted(0.2)).prop_map(
        |(key, (region, kind, id), (has_arn, has_type, has_id, has_region), asset_id, seen, retired)| {
            let arn = arn(region, kind, id);
            let attributes = [
                (attribute::ARN, has_arn.then_some(arn.as_str())),
                (attribute::RESOURCE_TYPE, has_type.then_some(kind)),
                (attribute::RESOURCE_ID, has_id.then_some(id)),
                (attribute::REGION, has_region.then_some(region)),
                (attribute::ASSET_ID, asset_id),
                (attribute::VERIFICATION, Some(if seen { "live" } else { "unverified" })),
            ];
            let attributes: Vec<_> = attributes.into_iter().filter_map(|(n, v)| Some((n, v?))).collect();
            let state = if retired { AssetState::Retired } else { AssetState::Active };
            PublishedAsset { state, ..entry(key, &attributes) }
        },
    )
}

/// What a scope's line says; mostly that it was seen.
fn ledger() -> impl Strategy<Value = Vec<CoverageLine>> {
    let verdict = prop_oneof![8 => Just(0_u8), 1 => Just(1_u8), 1 => Just(2_u8)];
    prop::collection::vec(verdict, 16).prop_map(|verdicts| {
        let lines = all_seen().into_iter().zip(verdicts);
        lines
            .filter_map(|(mut line, verdict)| match verdict {
                1 => {
                    line.set_incomplete(Reason::Throttled, "");
                    Some(line)
                }
                // Nobody looked; without a default line nobody looked at the region at all.
                2 => None,
                _ => Some(line),
            })
            .collect()
    })
}

/// An estate with entries that bestand may or may not have published.
pub(super) fn estate() -> impl Strategy<Value = Estate> {
    let dark = [AccountState::Inactive, AccountState::Unknown, AccountState::LeftOut];
    let state = prop_oneof![
        18 => Just(AccountState::Active),
        2 => prop::sample::select(dark.to_vec()),
        1 => Just(AccountState::Decommissioned),
    ];
    let items = prop::collection::vec(live(), 0..6);
    let records = prop::collection::vec(record(), 0..6);
    let entries = prop::collection::vec(published(), 0..4);
    let rules = (ledger(), identification_rules());
    (state, items, rules, records, entries).prop_map(|(state, items, (lines, rules), records, published)| {
        let rules = Rules { identification: IdentificationRules::new(&rules), ..super::support::rules() };
        let mut estate = Estate { rules, state, items, lines, records, published, ..Estate::seen() };
        // AWS Config gives each resource once, the register each entry.
        estate
            .items
            .sort_by_key(|item| (item.region.clone(), item.resource_type.clone(), item.resource_id.clone()));
        estate
            .items
            .dedup_by_key(|item| (item.region.clone(), item.resource_type.clone(), item.resource_id.clone()));
        estate.published.sort_by_key(|entry| entry.asset_key);
        estate.published.dedup_by_key(|entry| entry.asset_key);
        estate
    })
}

/// An estate as it changes: each with the hours that passed since the one before.
pub(super) fn story() -> impl Strategy<Value = Vec<(i64, Estate)>> {
    let quiet = prop_oneof![3 => Just(true), 1 => Just(false)];
    prop::collection::vec((estate(), quiet, prop::sample::select(vec![1, 11, 12, 24, 30])), 2..7).prop_map(
        |parts| {
            let mut story: Vec<(i64, Estate)> = Vec::new();
            for (estate, quiet, hours) in parts {
                // Mostly nothing moves, or no grace would ever end.
                let next = match story.last() {
                    Some((_, before)) if quiet => before.clone(),
                    _ => estate,
                };
                story.push((hours, next));
            }
            story
        },
    )
}

/// Puts a list in another order.
pub(super) fn shuffled<T: Clone>(list: &[T], seed: u64) -> Vec<T> {
    let mut keyed: Vec<(String, T)> = list
        .iter()
        .enumerate()
        .map(|(index, value)| {
            (crate::digest::sha256_hex(format!("{seed} {index}").as_bytes()), value.clone())
        })
        .collect();
    keyed.sort_by(|a, b| a.0.cmp(&b.0));
    keyed.into_iter().map(|(_, value)| value).collect()
}

pub(super) fn global() -> Region {
    Region::global()
}
