//! A rule of authority as a person writes it.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::ExternalPolicy;
use crate::attribute::Compare;
use crate::identifiers::ResourceType;
use crate::provenance::Provenance;

/// Values longer than this, as JSON text, are not published unless the settings say otherwise.
pub const DEFAULT_MAX_ATTRIBUTE_BYTES: usize = 16_384;

/// Whose value wins for one attribute, or for all below a prefix. What is left out is as the shipped table has it.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct AuthorityRule {
    /// The attribute's name, or a prefix with a star: `configuration.*`.
    pub attribute: String,
    /// The resource types that the rule is for; empty: all, and what is no AWS resource.
    #[serde(default)]
    pub types: Vec<ResourceType>,
    /// Who is asked, the first in authority first; empty: as the shipped table has it.
    #[serde(default)]
    pub sources: Vec<SourceEntry>,
    /// What the source `default` says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default: Option<Value>,
    /// What counts as spelling only.
    #[serde(default)]
    pub compare: Compare,
    /// What is done about an attribute that somebody else changed in the central register.
    #[serde(default)]
    pub external: ExternalPolicy,
}

impl AuthorityRule {
    /// Gives the prefix that the rule is for, if it is for more than one attribute.
    pub(super) fn prefix(&self) -> Option<&str> {
        self.attribute.strip_suffix('*')
    }

    /// Gives the sources, each with its conditions.
    pub(super) fn sources(&self) -> impl Iterator<Item = SourceRule> {
        self.sources.iter().map(SourceEntry::rule)
    }
}

/// A source: by its name alone, or with conditions.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(untagged)]
pub enum SourceEntry {
    /// `"config_service"`.
    Name(
        #[schemars(
            with = "String",
            regex(pattern = r"^(config_service|source_register|central_register|default|tag:.+)$")
        )]
        Provenance,
    ),
    /// `{ from = "source_register", map = { PRD = "production" } }`.
    Rule(SourceRule),
}

impl SourceEntry {
    pub(super) fn rule(&self) -> SourceRule {
        match self {
            Self::Name(from) => SourceRule::new(from.clone()),
            Self::Rule(rule) => rule.clone(),
        }
    }
}

/// A source with its conditions.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct SourceRule {
    /// `config_service`, `source_register`, `central_register`, `tag:<key>` or `default`.
    #[schemars(
        with = "String",
        regex(pattern = r"^(config_service|source_register|central_register|default|tag:.+)$")
    )]
    pub from: Provenance,
    /// Whether the next source is asked where this one says that there is none. Left out: not for AWS Config,
    /// whose "none" is knowledge; for all others yes, and if none of them has a value there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_if_empty: Option<bool>,
    /// The next source is asked first where this one's value is older than so many days.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 36500))]
    pub next_if_older_than_days: Option<u32>,
    /// The source's words and what they are called here. Space and capital letters do not matter.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub map: BTreeMap<String, String>,
}

impl SourceRule {
    pub(super) fn new(from: Provenance) -> Self {
        Self { from, next_if_empty: None, next_if_older_than_days: None, map: BTreeMap::new() }
    }
}
