//! What each side says of an asset's attributes, what wins, and the patch that follows.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::asset::{AssetPatch, AssetState, PublishedAsset};
use crate::asset_record::AssetRecord;
use crate::attribute::{self, is_technical, same_value};
use crate::authority::{Said, resolve};
use crate::change_set::Provenance;
use crate::configuration_item::{ConfigurationItem, Tags};
use crate::identifiers::{AccountId, Region};

/// Attribute values by name.
pub(super) type Values = BTreeMap<String, Value>;

/// What the entry should say of some attributes, with the source of each.
pub(super) type Desired = BTreeMap<String, (Value, Provenance)>;

fn text(value: &impl ToString) -> Value {
    Value::String(value.to_string())
}

/// What AWS Config says. It says nothing of an ARN that was built, where the record has one.
pub(super) fn of_item(item: &ConfigurationItem, record: Option<&AssetRecord>) -> Values {
    let mut values = item.attributes.clone();
    values.insert(attribute::RESOURCE_ID.into(), text(&item.resource_id));
    values.insert(attribute::RESOURCE_TYPE.into(), text(&item.resource_type));
    values.insert(attribute::REGION.into(), text(&item.region));
    let registered = record.is_some_and(|record| record.arn.is_some());
    if let Some(arn) = item.arn.as_ref().filter(|_| !(item.arn_built && registered)) {
        values.insert(attribute::ARN.into(), text(arn));
    }
    if let Some(name) = &item.resource_name {
        values.insert(attribute::NAME.into(), text(name));
    }
    if let Some(created_at) = &item.created_at {
        values.insert(attribute::CREATED_AT.into(), text(created_at));
    }
    if let Tags::Collected(tags) = &item.tags {
        let tags = tags.iter().map(|(key, value)| (key.clone(), Value::String(value.clone()))).collect();
        values.insert(attribute::TAGS.into(), Value::Object(tags));
    }
    values
}

/// What the source register says. A record that speaks for many says nothing of what is each one's own.
pub(super) fn of_record(record: &AssetRecord, one_of_many: bool) -> Values {
    let mut values = record.attributes.clone();
    if one_of_many {
        values.remove(attribute::NAME);
        values.extend(record.asset_id.as_ref().map(|id| (attribute::ASSET_ID.to_owned(), text(id))));
        return values;
    }
    let mut add = |name: &str, value: Option<Value>| {
        if let Some(value) = value {
            values.insert(name.to_owned(), value);
        }
    };
    add(attribute::ASSET_ID, record.asset_id.as_ref().map(text));
    add(attribute::ARN, record.arn.as_ref().map(text));
    add(attribute::RESOURCE_ID, record.resource_id.as_ref().map(text));
    add(attribute::RESOURCE_TYPE, record.resource_type.as_ref().map(text));
    add(attribute::REGION, record.region.as_ref().map(text));
    values
}

/// Which attributes a change may touch.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Reach {
    /// All that any side reports.
    All,
    /// Those that describe the resource.
    Technical,
    /// Those that describe its place in the organisation.
    Organisational,
}

impl Reach {
    fn includes(self, name: &str) -> bool {
        match self {
            Self::All => true,
            Self::Technical => is_technical(name),
            Self::Organisational => !is_technical(name),
        }
    }
}

/// Works out what the entry should say.
pub(super) fn desired(live: Option<&Values>, registered: Option<&Values>, reach: Reach) -> Desired {
    let names: BTreeSet<&String> = live.iter().chain(&registered).flat_map(|values| values.keys()).collect();
    names
        .into_iter()
        .filter(|name| reach.includes(name))
        .filter_map(|name| {
            let said = Said {
                live: live.and_then(|values| values.get(name)),
                registered: registered.and_then(|values| values.get(name)),
            };
            let (value, provenance) = resolve(name, said)?;
            if live.is_none() && value.is_null() && name == attribute::NAME {
                // An empty cell leaves the name to AWS Config, and nobody could ask it: the last one stays.
                return None;
            }
            Some((name.clone(), (value.clone(), provenance)))
        })
        .collect()
}

/// Sets one of bestand's own marks.
pub(super) fn mark(desired: &mut Desired, name: &str, value: &str) {
    desired.insert(name.to_owned(), (Value::String(value.to_owned()), Provenance::Bestand));
}

/// One attribute on which record and live item disagree.
pub(super) struct Divergence {
    pub(super) attribute: String,
    pub(super) live: Value,
    pub(super) registered: Value,
}

/// Compares what both sides report. An empty cell is no claim, and where AWS Config has no name, a record's
/// name contradicts nothing.
pub(super) fn divergences(live: &Values, registered: &Values) -> Vec<Divergence> {
    let global = live.get(attribute::REGION).and_then(Value::as_str) == Some(Region::GLOBAL);
    registered
        .iter()
        .filter(|(name, value)| !(value.is_null() || global && *name == attribute::REGION))
        .filter_map(|(name, registered)| {
            let live = live.get(name)?;
            let silent = live.is_null() && !is_technical(name);
            (!silent && !same_value(live, registered)).then(|| Divergence {
                attribute: name.clone(),
                live: live.clone(),
                registered: registered.clone(),
            })
        })
        .collect()
}

/// The patch of a new entry: everything that has a value.
pub(super) fn creation(account: Option<&AccountId>, desired: &Desired) -> AssetPatch {
    let attributes = desired
        .iter()
        .filter(|(_, (value, _))| !value.is_null())
        .map(|(name, (value, _))| (name.clone(), value.clone()))
        .collect();
    AssetPatch { state: Some(AssetState::Active), account_id: account.cloned(), attributes }
}

/// The patch that brings an entry to what is desired, with what stands there now.
pub(super) fn difference(
    entry: &PublishedAsset,
    account: Option<&AccountId>,
    desired: &Desired,
    state: Option<AssetState>,
) -> (AssetPatch, AssetPatch) {
    let mut before = AssetPatch::default();
    let mut after = AssetPatch::default();
    for (name, (value, _)) in desired {
        let current = entry.attributes.get(name).unwrap_or(&Value::Null);
        if !same_value(current, value) {
            before.attributes.insert(name.clone(), current.clone());
            after.attributes.insert(name.clone(), value.clone());
        }
    }
    if let Some(state) = state.filter(|state| *state != entry.state) {
        before.state = Some(entry.state);
        after.state = Some(state);
    }
    if let Some(account) = account.filter(|account| entry.account_id.as_ref() != Some(*account)) {
        before.account_id.clone_from(&entry.account_id);
        after.account_id = Some(account.clone());
    }
    (before, after)
}
