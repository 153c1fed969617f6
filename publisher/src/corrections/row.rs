//! A row as the run read it: what must still be so when it is changed.

use bestand_model::asset_record::AssetRecord;
use bestand_model::attribute;
use serde_json::Value;

use super::cell;

/// What tells which resource a row speaks of, and its lifecycle word.
#[derive(Clone, Debug)]
pub(super) struct RowAsRead {
    /// Whether the row's key is an id of its own, and not its place in the order of reading.
    pub(super) has_key: bool,
    /// Identifying attributes with the texts that a cell may have, trimmed; an empty text stands for none.
    pub(super) identity: Vec<(&'static str, Vec<String>)>,
    /// The lifecycle word.
    pub(super) lifecycle: Value,
}

impl RowAsRead {
    /// Takes what matters of a record.
    pub(super) fn of(record: &AssetRecord) -> Self {
        let one = |text: Option<String>| vec![text.unwrap_or_default()];
        let mut identity = vec![
            (attribute::ARN, one(record.arn.as_ref().map(ToString::to_string))),
            (attribute::RESOURCE_ID, one(record.resource_id.as_ref().map(ToString::to_string))),
            (attribute::RESOURCE_TYPE, one(record.resource_type.as_ref().map(ToString::to_string))),
            (attribute::REGION, one(record.region.as_ref().map(ToString::to_string))),
        ];
        // Beside an ARN the cell may be empty: the account may be the ARN's.
        if record.arn.is_none() {
            let texts = record.account_id.as_ref().map_or_else(
                || vec![String::new()],
                |account| {
                    // A column of numbers has lost the zeros that the id begins with.
                    let digits = account.as_str();
                    vec![digits.to_owned(), digits.trim_start_matches('0').to_owned()]
                },
            );
            identity.push((attribute::ACCOUNT_ID, texts));
        }
        let has_key = record.asset_id.as_ref().is_some_and(|id| id.as_str() == record.row_key);
        let lifecycle = record.attributes.get(attribute::LIFECYCLE).cloned().unwrap_or_default();
        Self { has_key, identity, lifecycle }
    }

    /// A row that makes no sense: nothing of it can be held against what is there.
    pub(super) fn unknown() -> Self {
        Self { has_key: false, identity: Vec::new(), lifecycle: Value::Null }
    }

    /// Gives the texts that the lifecycle cell may have.
    pub(super) fn lifecycle_texts(&self) -> Vec<String> {
        cell::as_read(&self.lifecycle)
    }
}
