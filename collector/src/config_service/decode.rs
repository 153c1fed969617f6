//! Rows of AWS Config become configuration items: the one place where their quirks are dealt with.

use std::collections::BTreeMap;

use aws_sdk_config::types::BaseConfigurationItem;
use aws_smithy_types::DateTime;
use bestand_model::arn::Arn;
use bestand_model::arn_form::{self, Nameless};
use bestand_model::configuration_item::{CollectionPath, ConfigurationItem, Tags};
use bestand_model::identifiers::{AccountId, Region, ResourceId, ResourceType};
use jiff::Timestamp;
use serde::{Deserialize, Deserializer};
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
    /// The partition of the ARNs.
    pub(crate) partition: &'a str,
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
    #[serde(default, deserialize_with = "text_or_number")]
    resource_name: Option<String>,
    resource_type: Option<String>,
    #[serde(default, deserialize_with = "text_or_number")]
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
    // The decoder would take a list of values for a row as well.
    if !text.trim_start().starts_with('{') {
        return Err(RowError::NotJson(1));
    }
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
    let resource_id = ResourceId::new(resource_id);
    let resource_name = present(row.resource_name);
    let says_region = present(row.aws_region).map(Region::new);
    // An ARN that is none is as good as none.
    let given = present(row.arn).and_then(|arn| Arn::try_from(arn).ok());
    let arn_built = given.is_none();
    let arn = given.or_else(|| {
        let configured = |name: &str| row.configuration.get(name).and_then(Value::as_str);
        arn_form::build(&Nameless {
            partition: place.partition,
            account_id: place.account_id,
            region: says_region.as_ref(),
            resource_type: &resource_type,
            resource_id: &resource_id,
            resource_name: resource_name.as_deref(),
            path: configured("path"),
            owner: configured("ownerId").or_else(|| configured("OwnerId")),
        })
    });
    let global = says_region.as_ref().is_some_and(|region| region.as_str() == Region::GLOBAL)
        || (place.is_global)(&resource_type);
    let aggregated = reading.path == CollectionPath::Aggregator;
    let region = match says_region {
        _ if global => Region::global(),
        Some(region) => region,
        // An aggregator has rows of every region: one that names none is nowhere.
        None if aggregated => return Err(RowError::Missing("awsRegion")),
        None => place.region.clone(),
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
        resource_id,
        // Where there is none, and none can be built, identification goes by account, region, type and id.
        arn_built: arn_built && arn.is_some(),
        arn,
        resource_name,
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

/// Reads a text that custom resources may give as a number. What is neither is not there; it takes no other
/// part of the row with it.
fn text_or_number<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    Ok(match Value::deserialize(deserializer)? {
        Value::String(text) => Some(text),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    })
}

/// Reads an instant: a text as RFC 3339 has it, or seconds since 1970 as a number or as a text.
fn instant(value: &Value) -> Option<Timestamp> {
    let seconds = |seconds: f64| {
        // Milliseconds are all that AWS Config has, and all that such a number holds without noise.
        let milliseconds = (seconds * 1000.0).round();
        (milliseconds.abs() < 1e15).then(|| Timestamp::from_millisecond(milliseconds as i64).ok()).flatten()
    };
    match value {
        Value::String(text) => text.parse().ok().or_else(|| seconds(text.parse().ok()?)),
        Value::Number(number) => seconds(number.as_f64()?),
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
/// has none; a tag without a value has an empty one. AWS has each key once; where a row has it twice, key and value
/// apart are better than joined, and of equals the last stays.
fn tags(value: Value) -> BTreeMap<String, String> {
    match value {
        Value::Object(map) => map.into_iter().map(|(key, value)| (key, tag_value(value))).collect(),
        Value::Array(list) => {
            let mut tags: BTreeMap<_, _> = list.iter().filter_map(joined_tag).collect();
            tags.extend(list.into_iter().filter_map(tag));
            tags
        }
        _ => BTreeMap::new(),
    }
}

fn tag(value: Value) -> Option<(String, String)> {
    let Value::Object(mut map) = value else { return None };
    let Some(Value::String(key)) = map.remove("key") else { return None };
    Some((key, tag_value(map.remove("value").unwrap_or_default())))
}

/// Reads a tag that has only the joined form `key=value`: keys hold `=` too, but rarely.
fn joined_tag(value: &Value) -> Option<(String, String)> {
    if value.get("key").is_some_and(Value::is_string) {
        return None;
    }
    let (key, value) = value.get("tag")?.as_str()?.split_once('=')?;
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
