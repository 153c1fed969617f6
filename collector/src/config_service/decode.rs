//! Rows of AWS Config become configuration items: the one place where their quirks are dealt with.

use std::collections::BTreeMap;

use bestand_model::arn::Arn;
use bestand_model::configuration_item::{CollectionPath, ConfigurationItem, Tags};
use bestand_model::identifiers::{AccountId, Region, ResourceId, ResourceType};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;

use super::query::Query;

/// Statuses of what is not live, or not known to be.
const NOT_LIVE: [&str; 3] = ["ResourceNotRecorded", "ResourceDeleted", "ResourceDeletedNotRecorded"];

/// Where a row was read.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place<'a> {
    pub(crate) account_id: &'a AccountId,
    pub(crate) region: &'a Region,
    /// Which types belong to no region.
    pub(crate) is_global: fn(&ResourceType) -> bool,
}

/// Why a row cannot be used. The text never quotes the row.
#[derive(Debug, Eq, PartialEq, thiserror::Error)]
pub(crate) enum RowError {
    #[error("a row is no JSON object as expected, near character {0}")]
    NotJson(usize),
    #[error("a row has no {0}")]
    Missing(&'static str),
    #[error("a row of a type that was not asked for")]
    TypeNotAsked,
    #[error("a row belongs to another account")]
    OtherAccount,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Row {
    resource_id: Option<String>,
    resource_name: Option<String>,
    resource_type: Option<String>,
    arn: Option<String>,
    aws_region: Option<String>,
    account_id: Option<String>,
    resource_creation_time: Option<String>,
    configuration_item_capture_time: Option<String>,
    configuration_item_status: Option<String>,
    #[serde(default)]
    tags: Value,
    #[serde(default)]
    configuration: Value,
    #[serde(default)]
    supplementary_configuration: Value,
}

/// Reads a row of `SelectResourceConfig`; `None` where it speaks of something that is not live.
pub(crate) fn row(
    text: &str,
    place: Place<'_>,
    query: &Query,
) -> Result<Option<ConfigurationItem>, RowError> {
    let row: Row = serde_json::from_str(text).map_err(|error| RowError::NotJson(error.column()))?;
    let resource_type = present(row.resource_type).ok_or(RowError::Missing("resourceType"))?;
    let asked = query.of(&resource_type).ok_or(RowError::TypeNotAsked)?;
    let resource_id = present(row.resource_id).ok_or(RowError::Missing("resourceId"))?;
    if row.account_id.is_some_and(|id| id != place.account_id.as_str()) {
        return Err(RowError::OtherAccount);
    }
    let status = present(row.configuration_item_status);
    if status.as_deref().is_some_and(|status| NOT_LIVE.contains(&status)) {
        return Ok(None);
    }
    let resource_type = ResourceType::new(resource_type);
    let global = row.aws_region.as_deref() == Some(Region::GLOBAL) || (place.is_global)(&resource_type);
    let region = match row.aws_region {
        _ if global => Region::global(),
        Some(region) if !region.is_empty() => Region::new(region),
        _ => place.region.clone(),
    };
    let recorded_in = (region != *place.region).then(|| place.region.clone());
    let attributes = asked.attributes.iter().map(|path| {
        let root = if path.supplementary { &row.supplementary_configuration } else { &row.configuration };
        (path.text.clone(), at(root, &path.parts).unwrap_or_default())
    });
    Ok(Some(ConfigurationItem {
        account_id: place.account_id.clone(),
        region,
        resource_id: ResourceId::new(resource_id),
        // An ARN that is none is left out: identification then goes by account, region, type and id.
        arn: present(row.arn).and_then(|arn| Arn::try_from(arn).ok()),
        resource_name: present(row.resource_name),
        created_at: instant(row.resource_creation_time),
        tags: Tags::Collected(tags(row.tags)),
        attributes: attributes.collect(),
        captured_at: instant(row.configuration_item_capture_time),
        status,
        path: CollectionPath::Select,
        recorded_in,
        resource_type,
    }))
}

fn present(text: Option<String>) -> Option<String> {
    text.filter(|text| !text.is_empty())
}

fn instant(text: Option<String>) -> Option<Timestamp> {
    text.and_then(|text| text.parse().ok())
}

/// Gives what lies at a path. An array on the way gives the array of what its elements have there; a value that
/// is not there is nothing, and so is a null.
fn at(value: &Value, parts: &[String]) -> Option<Value> {
    let Some((first, rest)) = parts.split_first() else {
        return (!value.is_null()).then(|| value.clone());
    };
    match value {
        Value::Object(map) => at(map.get(first)?, rest),
        Value::Array(list) => {
            Some(Value::Array(list.iter().filter_map(|element| at(element, parts)).collect()))
        }
        _ => None,
    }
}

/// Reads tags in any of the shapes that AWS Config gives. They are part of every query, so a row without them
/// has none; a tag without a value has an empty one.
fn tags(value: Value) -> BTreeMap<String, String> {
    match value {
        Value::Object(map) => map.into_iter().map(|(key, value)| (key, tag_value(value))).collect(),
        Value::Array(list) => list.into_iter().filter_map(tag).collect(),
        _ => BTreeMap::new(),
    }
}

fn tag(value: Value) -> Option<(String, String)> {
    let Value::Object(mut map) = value else { return None };
    if let Some(Value::String(key)) = map.remove("key") {
        return Some((key, tag_value(map.remove("value").unwrap_or_default())));
    }
    // Only the joined form `key=value` is there: keys hold `=` too, but rarely.
    let Some(Value::String(joined)) = map.remove("tag") else { return None };
    let (key, value) = joined.split_once('=')?;
    Some((key.to_owned(), value.to_owned()))
}

fn tag_value(value: Value) -> String {
    match value {
        Value::String(text) => text,
        Value::Null => String::new(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests;
