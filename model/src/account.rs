//! Accounts as the directory (Organizations or a list) reports them.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::identifiers::AccountId;

/// One account of the directory.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
pub struct Account {
    /// The account's id.
    pub id: AccountId,
    /// The name that people know it by.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Whether it can be read at all.
    #[serde(default)]
    pub state: AccountState,
}

/// Organizations' `State`, with what bestand adds for accounts that no directory names.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum AccountState {
    /// Can be read.
    #[default]
    Active,
    /// Suspended, closing or closed: nothing of it is ever absent (SEMANTICS 2.12).
    Inactive,
    /// Named by a record or a published asset, but by no directory (SEMANTICS 2.8).
    Unknown,
}
