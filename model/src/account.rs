//! Accounts as the directory (Organizations or a list) reports them.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::identifiers::AccountId;

/// One account of the directory.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Account {
    /// The account's id.
    pub id: AccountId,
    /// The name that people know it by.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The address that AWS writes to about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// Its place in the organisation, from the root down, such as `Root/Verkehr/Nord`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ou_path: Option<String>,
    /// When it joined the organisation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub joined_at: Option<Timestamp>,
    /// The directory says that it is closed, which is more than suspended or closing (SEMANTICS 2.12).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub closed: bool,
    /// Whether it can be read at all.
    #[serde(default)]
    pub state: AccountState,
}

impl Account {
    /// Makes an account of which nothing but its id and state is known.
    pub fn new(id: AccountId, state: AccountState) -> Self {
        Self { id, name: None, email: None, ou_path: None, joined_at: None, closed: false, state }
    }
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
    /// In the directory, and left out by the settings: its organisational unit or its tags (SEMANTICS 2.8).
    LeftOut,
    /// Closed or gone, and named as such by a person: what was in it is gone too (SEMANTICS 2.12).
    Decommissioned,
}
