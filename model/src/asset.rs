//! What the central register says of an asset that bestand owns there.

use std::collections::BTreeMap;
use std::fmt;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

use crate::arn::Arn;
use crate::attribute;
use crate::change_set::ChangeKind;
use crate::identifiers::{AccountId, AssetId, Region, ResourceId, ResourceType};

/// An asset's key in the central register: minted at the first publication, never changed (SEMANTICS 3.1).
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, JsonSchema, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(transparent)]
#[schemars(with = "String", extend("format" = "uuid"))]
pub struct AssetKey(pub Uuid);

/// What a key is minted from, the best first.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum KeyBasis<'a> {
    /// The ARN.
    Arn(&'a Arn),
    /// Account, region, type and id, for resources without ARN.
    Scope(&'a AccountId, Option<&'a Region>, &'a ResourceType, &'a ResourceId),
    /// The source register's row, for what has neither.
    Row(&'a str),
}

impl AssetKey {
    /// Mints the key: UUIDv5 of the environment and the basis, so that the same asset gets the same key in
    /// every run and another one in every environment.
    pub fn mint(environment: &str, basis: &KeyBasis<'_>) -> Self {
        // The parts are joined by a character that none of them can hold.
        let name = match basis {
            KeyBasis::Arn(arn) => format!("arn\u{1f}{arn}"),
            KeyBasis::Scope(account, region, kind, id) => {
                let region = region.map_or("", Region::as_str);
                format!("scope\u{1f}{account}\u{1f}{region}\u{1f}{kind}\u{1f}{id}")
            }
            KeyBasis::Row(row) => format!("row\u{1f}{row}"),
        };
        let namespace = Uuid::new_v5(&Uuid::NAMESPACE_URL, format!("urn:bestand:{environment}").as_bytes());
        Self(Uuid::new_v5(&namespace, name.as_bytes()))
    }
}

impl fmt::Display for AssetKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Retiring is a state, never a deletion.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum AssetState {
    /// In use.
    Active,
    /// Known to be gone.
    Retired,
}

/// What the central register says today about an asset that bestand owns there.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct PublishedAsset {
    /// The key.
    pub asset_key: AssetKey,
    /// The register's version of the entry: the precondition of a change.
    pub version: String,
    /// Active or retired.
    pub state: AssetState,
    /// The account; absent for what is no AWS resource.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account_id: Option<AccountId>,
    /// Everything else by attribute name, see [`crate::attribute`].
    #[serde(default)]
    pub attributes: BTreeMap<String, Value>,
    /// Digest of the plan that wrote last, if bestand did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_plan: Option<String>,
    /// Who wrote last, as the register says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_writer: Option<String>,
    /// When it was last written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub updated_at: Option<Timestamp>,
}

impl PublishedAsset {
    fn text(&self, name: &str) -> Option<&str> {
        self.attributes.get(name).and_then(Value::as_str).filter(|text| !text.is_empty())
    }

    /// Tells whether the entry itself shows that bestand wrote it: by its mark, or by a plan's.
    pub fn bears_our_mark(&self) -> bool {
        self.last_plan.is_some() || self.attributes.contains_key(attribute::REGISTRATION)
    }

    /// Tells whether the entry says everything that a change of this kind sets.
    pub fn says(&self, kind: ChangeKind, after: &AssetPatch) -> bool {
        let state = match kind {
            ChangeKind::Create => Some(after.state.unwrap_or(AssetState::Active)),
            ChangeKind::Retire => Some(AssetState::Retired),
            ChangeKind::Update | ChangeKind::Unchanged | ChangeKind::Withheld => after.state,
        };
        state.is_none_or(|state| state == self.state)
            && after.account_id.as_ref().is_none_or(|account| self.account_id.as_ref() == Some(account))
            && after.attributes.iter().all(|(name, value)| {
                let found = self.attributes.get(name).filter(|found| !found.is_null());
                match found {
                    None => value.is_null(),
                    Some(found) => attribute::same_value(found, value),
                }
            })
    }

    /// Gives the ARN, if it is there and well-formed.
    pub fn arn(&self) -> Option<Arn> {
        self.text(attribute::ARN)?.parse().ok()
    }

    /// Gives the source register's id.
    pub fn asset_id(&self) -> Option<AssetId> {
        self.text(attribute::ASSET_ID).map(AssetId::from)
    }

    /// Gives the instant at which AWS made it, if a live item ever told.
    pub fn created_at(&self) -> Option<Timestamp> {
        self.text(attribute::CREATED_AT)?.parse().ok()
    }

    /// Gives the region.
    pub fn region(&self) -> Option<Region> {
        self.text(attribute::REGION).map(Region::from)
    }

    /// Gives the type.
    pub fn resource_type(&self) -> Option<ResourceType> {
        self.text(attribute::RESOURCE_TYPE).map(ResourceType::from)
    }

    /// Gives the resource id.
    pub fn resource_id(&self) -> Option<ResourceId> {
        self.text(attribute::RESOURCE_ID).map(ResourceId::from)
    }
}

/// A partial entry: what a change sets, and what stood there before. Attributes that are not named stay as
/// they are; null removes.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct AssetPatch {
    /// The state, where the change sets it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<AssetState>,
    /// The account, where the change sets it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account_id: Option<AccountId>,
    /// Attributes by name.
    #[serde(default)]
    pub attributes: BTreeMap<String, Value>,
}

impl AssetPatch {
    /// Gives what the patch says by name, state and account among it.
    pub fn said(&self) -> BTreeMap<&str, Value> {
        let mut said: BTreeMap<&str, Value> =
            self.attributes.iter().map(|(name, value)| (name.as_str(), value.clone())).collect();
        if let Some(state) = &self.state {
            said.insert("state", serde_json::to_value(state).unwrap_or_default());
        }
        if let Some(account) = &self.account_id {
            said.insert(attribute::ACCOUNT_ID, Value::from(account.as_str()));
        }
        said
    }

    /// Tells whether the patch would change nothing.
    pub fn is_empty(&self) -> bool {
        self.state.is_none() && self.account_id.is_none() && self.attributes.is_empty()
    }
}
