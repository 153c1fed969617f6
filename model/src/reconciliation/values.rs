//! What each side says of an asset's attributes, what wins, and the patch that follows.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde_json::Value;

use super::subject::Subject;
use crate::asset::{AssetPatch, AssetState, PublishedAsset};
use crate::asset_record::AssetRecord;
use crate::attribute;
use crate::authority::{
    AttributeStory, Authority, Live, Problem, Resolved, Sides, Suspect, ToldTime, Values, resolve, told_time,
    winner,
};
use crate::change_set::Provenance;
use crate::configuration_item::{ConfigurationItem, Tags};
use crate::identifiers::{AccountId, ResourceType};

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

/// What was said of one asset, by those who were heard.
pub(super) struct Spoken {
    pub(super) live: Option<Values>,
    pub(super) registered: Option<Values>,
    is_resource: bool,
}

impl Spoken {
    /// `seen` tells whether the item is believed: an old row says nothing (SEMANTICS 2.9).
    pub(super) fn of(subject: &Subject<'_>, seen: bool) -> Self {
        Self {
            live: subject.item.filter(|_| seen).map(|item| of_item(item, subject.record)),
            registered: subject.record.map(|record| of_record(record, subject.one_of_many)),
            is_resource: subject.item.is_some() || subject.record.is_none_or(|record| record.aws),
        }
    }

    pub(super) fn sides<'a>(&'a self, entry: Option<&'a PublishedAsset>, now: Timestamp) -> Sides<'a> {
        let edited = self.registered.as_ref().and_then(|values| values.get(attribute::UPDATED_AT));
        Sides {
            live: match &self.live {
                Some(values) => Live::Seen(values),
                None if self.is_resource => Live::NotSeen,
                None => Live::NoResource,
            },
            registered: self.registered.as_ref(),
            registered_at: told_time(edited, now),
            published: entry,
            published_at: ToldTime::of(entry.and_then(|entry| entry.updated_at), now),
            now,
        }
    }
}

/// The type by which rules are chosen: what was seen knows best, then what was seen once, then the row.
pub(super) fn kind(subject: &Subject<'_>, entry: Option<&PublishedAsset>) -> Option<ResourceType> {
    let seen = subject.item.map(|item| item.resource_type.clone());
    seen.or_else(|| entry?.resource_type()).or_else(|| subject.record?.resource_type.clone())
}

fn names<'a>(authority: Authority<'a>, sides: &Sides<'a>) -> BTreeSet<&'a String> {
    let live = match sides.live {
        Live::Seen(values) => Some(values),
        Live::NotSeen | Live::NoResource => None,
    };
    live.into_iter().chain(sides.registered).flat_map(BTreeMap::keys).chain(authority.named()).collect()
}

/// Works out what the entry should say, and what nobody should believe.
pub(super) fn desired(authority: Authority<'_>, sides: &Sides<'_>) -> (Desired, Vec<Suspect>) {
    let mut suspects = suspect_times(authority, sides);
    let mut desired = Desired::new();
    for name in names(authority, sides) {
        if let Some((value, source)) = winner(authority, name, sides, &mut suspects) {
            desired.insert(name.clone(), (value.clone(), source.clone()));
        }
    }
    (desired, suspects)
}

/// A time that is not believed makes a source one without time: somebody should know.
fn suspect_times(authority: Authority<'_>, sides: &Sides<'_>) -> Vec<Suspect> {
    let asks = |source| authority.table().asks_the_age_of(&source);
    let told = [
        (Provenance::SourceRegister, sides.registered_at, true),
        (Provenance::CentralRegister, sides.published_at, asks(Provenance::CentralRegister)),
    ];
    let suspect = |(source, told, matters): (Provenance, ToldTime, bool)| {
        let registered = || sides.registered.and_then(|values| values.get(attribute::UPDATED_AT)).cloned();
        let (problem, value) = match told {
            ToldTime::Future(at) if matters => (Problem::InTheFuture, text(&at)),
            ToldTime::Unreadable if asks(Provenance::SourceRegister) => (Problem::NoTime, registered()?),
            _ => return None,
        };
        Some(Suspect { attribute: attribute::UPDATED_AT.into(), problem, source, value })
    };
    told.into_iter().filter_map(suspect).collect()
}

/// Tells of every attribute that anybody speaks of, or that is published, who wins and why.
pub(super) fn story(authority: Authority<'_>, sides: &Sides<'_>) -> AttributeStory {
    let published = sides.published.iter().flat_map(|entry| entry.attributes.keys());
    let names: BTreeSet<&String> = names(authority, sides).into_iter().chain(published).collect();
    let tell = |name: &str| {
        if name == attribute::REGISTRATION || name == attribute::VERIFICATION {
            let value = sides.published.and_then(|entry| entry.attributes.get(name)).cloned();
            return Resolved { value, winner: Some(Provenance::Bestand), at: None, losers: Vec::new() };
        }
        resolve(authority, name, sides)
    };
    names.into_iter().map(|name| (name.clone(), tell(name))).collect()
}

/// Sets one of bestand's own marks.
pub(super) fn mark(desired: &mut Desired, name: &str, value: &str) {
    desired.insert(name.to_owned(), (Value::String(value.to_owned()), Provenance::Bestand));
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

/// The patch that brings an entry to what is desired, with what stands there now. Another spelling of the same is
/// no difference.
pub(super) fn difference(
    authority: Authority<'_>,
    entry: &PublishedAsset,
    account: Option<&AccountId>,
    desired: &Desired,
    state: Option<AssetState>,
) -> (AssetPatch, AssetPatch) {
    let mut before = AssetPatch::default();
    let mut after = AssetPatch::default();
    for (name, (value, _)) in desired {
        let current = entry.attributes.get(name).unwrap_or(&Value::Null);
        if !authority.same(name, current, value) {
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
