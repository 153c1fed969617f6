//! Rows of AWS Config become configuration items: the one place where their quirks are dealt with.

use std::collections::BTreeMap;

use aws_sdk_config::types::BaseConfigurationItem;
use aws_smithy_types::DateTime;
use bestand_model::arn::Arn;
use bestand_model::configuration_item::{CollectionPath, ConfigurationItem, Tags};
use bestand_model::identifiers::{AccountId, Region, ResourceId, ResourceType};
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use serde_json::Value;

use super::attributes::AttributePath;
use super::query::{Query, TypeQuery};

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

/// What AWS Config says of a resource, by whichever path.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Row {
    resource_id: Option<String>,
    resource_name: Option<String>,
    resource_type: Option<String>,
    arn: Option<String>,
    aws_region: Option<String>,
    account_id: Option<String>,
    #[serde(default)]
    resource_creation_time: Value,
    #[serde(default)]
    configuration_item_capture_time: Value,
    configuration_item_status: Option<String>,
    #[serde(default)]
    tags: Value,
    #[serde(default)]
    configuration: Value,
    #[serde(default)]
    supplementary_configuration: Value,
}

/// How a row is to be read.
#[derive(Clone, Copy, Debug)]
struct Reading<'a> {
    attributes: &'a [AttributePath],
    path: CollectionPath,
}

/// Reads a row of `SelectResourceConfig` or of its aggregate variant; `None` where it speaks of something that is
/// not live.
pub(crate) fn row(
    text: &str,
    place: Place<'_>,
    query: &Query,
    path: CollectionPath,
) -> Result<Option<ConfigurationItem>, RowError> {
    let row: Row = serde_json::from_str(text).map_err(|error| RowError::NotJson(error.column()))?;
    let resource_type = row.resource_type.as_deref().filter(|name| !name.is_empty());
    let asked = query.of(resource_type.ok_or(RowError::Missing("resourceType"))?);
    let attributes = &asked.ok_or(RowError::TypeNotAsked)?.attributes;
    item(row, place, Reading { attributes, path })
}

/// Reads a row of `BatchGetResourceConfig`: without tags, and with JSON within JSON; `None` where it speaks of
/// something that is not live.
pub(crate) fn base_row(
    mut row: Row,
    place: Place<'_>,
    of: &TypeQuery,
) -> Result<Option<ConfigurationItem>, RowError> {
    if row.resource_type.as_deref() != Some(of.resource_type.as_str()) {
        return Err(RowError::TypeNotAsked);
    }
    row.configuration = unpacked(row.configuration);
    if let Value::Object(parts) = row.supplementary_configuration {
        let parts = parts.into_iter().map(|(name, part)| (name, unpacked(part)));
        row.supplementary_configuration = Value::Object(parts.collect());
    }
    item(row, place, Reading { attributes: &of.attributes, path: CollectionPath::BatchGet })
}

/// Reads JSON that came as a text; what is no JSON is nothing.
fn unpacked(value: Value) -> Value {
    match value {
        Value::String(text) => serde_json::from_str(&text).unwrap_or_default(),
        other => other,
    }
}

fn item(row: Row, place: Place<'_>, reading: Reading<'_>) -> Result<Option<ConfigurationItem>, RowError> {
    let resource_type = present(row.resource_type).ok_or(RowError::Missing("resourceType"))?;
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
    let aggregated = reading.path == CollectionPath::Aggregator;
    let region = match row.aws_region {
        _ if global => Region::global(),
        Some(region) if !region.is_empty() => Region::new(region),
        // An aggregator has rows of every region: one that names none is nowhere.
        _ if aggregated => return Err(RowError::Missing("awsRegion")),
        _ => place.region.clone(),
    };
    let recorded_in = (!aggregated && region != *place.region).then(|| place.region.clone());
    let by_key = reading.path == CollectionPath::BatchGet;
    // By key the configuration is given as a whole or not at all, and so is each part of the supplementary one: where
    // it is not, nothing was said of what is in it. A query answers for each attribute that it asked for.
    let reported = reading.attributes.iter().filter(|path| match path.parts.first() {
        _ if !by_key => true,
        Some(part) if path.supplementary => row.supplementary_configuration.get(part).is_some(),
        _ => row.configuration.is_object(),
    });
    let attributes = reported.map(|path| {
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
        created_at: instant(&row.resource_creation_time),
        // This path reports no tags, which is not the same as none.
        tags: if by_key { Tags::NotCollected } else { Tags::Collected(tags(row.tags)) },
        attributes: attributes.collect(),
        captured_at: instant(&row.configuration_item_capture_time),
        status,
        path: reading.path,
        recorded_in,
        resource_type,
    }))
}

impl From<BaseConfigurationItem> for Row {
    fn from(item: BaseConfigurationItem) -> Self {
        let time = |time: Option<DateTime>| time.map_or(Value::Null, |time| time.as_secs_f64().into());
        let supplementary = item.supplementary_configuration.unwrap_or_default().into_iter();
        Self {
            resource_id: item.resource_id,
            resource_name: item.resource_name,
            resource_type: item.resource_type.map(|of| of.as_str().to_owned()),
            arn: item.arn,
            aws_region: item.aws_region,
            account_id: item.account_id,
            resource_creation_time: time(item.resource_creation_time),
            configuration_item_capture_time: time(item.configuration_item_capture_time),
            configuration_item_status: item
                .configuration_item_status
                .map(|status| status.as_str().to_owned()),
            tags: Value::Null,
            configuration: item.configuration.map_or(Value::Null, Value::String),
            supplementary_configuration: supplementary
                .map(|(name, part)| (name, Value::String(part)))
                .collect(),
        }
    }
}

fn present(text: Option<String>) -> Option<String> {
    text.filter(|text| !text.is_empty())
}

/// Reads a time: a text in rows of a query, seconds since 1970 elsewhere.
fn instant(value: &Value) -> Option<Timestamp> {
    match value {
        Value::String(text) => text.parse().ok(),
        Value::Number(seconds) => {
            let since = SignedDuration::try_from_secs_f64(seconds.as_f64()?).ok()?;
            Timestamp::from_duration(since).ok()
        }
        _ => None,
    }
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
