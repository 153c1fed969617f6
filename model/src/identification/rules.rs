//! The rules by which records and items are matched, in their order: as the settings say them, and ready for use.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::expression::{Expression, Reading};
use crate::absence::Domain;
use crate::asset_record::AssetRecord;
use crate::configuration_item::ConfigurationItem;
use crate::identifiers::{Region, ResourceType};
use crate::resource_type::is_global;

/// The rule that matched: one of those that are always there, or one of the settings, by its name.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(from = "String", into = "String")]
#[schemars(with = "String")]
pub enum Rule {
    /// The same ARN.
    Arn,
    /// The same account, region, type and resource id.
    ResourceId,
    /// The same account, type and resource id; the record names no region.
    ResourceIdWithoutRegion,
    /// One of the settings.
    Named(Arc<str>),
}

impl Rule {
    /// The names of the rules that are always there, and that the settings may put into another place.
    pub const BUILT_IN: [&str; 2] = ["arn", "resource_id"];
    /// Names that no rule of the settings may have.
    pub const RESERVED: [&str; 1] = ["resource_id_without_region"];

    /// Gives the name.
    pub fn name(&self) -> &str {
        match self {
            Self::Arn => "arn",
            Self::ResourceId => "resource_id",
            Self::ResourceIdWithoutRegion => "resource_id_without_region",
            Self::Named(name) => name,
        }
    }

    /// Tells whether the rule goes by what people wrote down rather than by the resource's own identity.
    pub fn is_of_settings(&self) -> bool {
        matches!(self, Self::Named(_))
    }
}

impl From<String> for Rule {
    fn from(name: String) -> Self {
        match name.as_str() {
            "arn" => Self::Arn,
            "resource_id" => Self::ResourceId,
            "resource_id_without_region" => Self::ResourceIdWithoutRegion,
            _ => Self::Named(name.into()),
        }
    }
}

impl From<Rule> for String {
    fn from(rule: Rule) -> Self {
        rule.name().to_owned()
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A rule of the settings. Without `match` it gives a built-in rule its place in the order.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct IdentificationRule {
    /// Its name; it stands in the evidence.
    pub name: String,
    /// Types of resources that it finds; empty: all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub types: Vec<ResourceType>,
    /// Types of records that it holds for, whatever the resource's type; empty: a record that names a type means
    /// resources of that type.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub record_types: Vec<ResourceType>,
    /// What must be equal; all of it.
    #[serde(default, rename = "match", skip_serializing_if = "Vec::is_empty")]
    pub pairs: Vec<Pairing>,
    /// Whether one record may speak for many resources.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub many: bool,
}

/// What must be equal in a record and in an item.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Pairing {
    /// In the record.
    pub record: Expression,
    /// In the item.
    pub item: Expression,
}

/// What an item says to a rule.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum ItemKey {
    /// This is what a record must say as well.
    Key(String),
    /// Nothing that a record could be matched by.
    Nothing,
    /// Something that the rule reads was not collected: it may be the one, and nobody can tell.
    NotCollected,
}

impl IdentificationRule {
    /// Gives what a record says to the rule; nothing where it does not say all that the rule reads.
    pub fn record_key(&self, record: &AssetRecord) -> Option<String> {
        if !self.holds_for(record) {
            return None;
        }
        let parts = self.pairs.iter().map(|pair| match pair.record.of_record(record) {
            Reading::Text(text) => Some(text),
            Reading::Nothing | Reading::NotCollected => None,
        });
        let parts: Vec<String> = parts.collect::<Option<_>>()?;
        (!parts.is_empty()).then(|| parts.join(SEPARATOR))
    }

    /// Gives what an item says to the rule.
    pub fn item_key(&self, item: &ConfigurationItem) -> ItemKey {
        if !self.finds(&item.resource_type) {
            return ItemKey::Nothing;
        }
        let mut parts = Vec::with_capacity(self.pairs.len());
        let mut uncollected = false;
        for pair in &self.pairs {
            match pair.item.of_item(item) {
                Reading::Text(text) => parts.push(text),
                Reading::Nothing => return ItemKey::Nothing,
                Reading::NotCollected => uncollected = true,
            }
        }
        if uncollected { ItemKey::NotCollected } else { ItemKey::Key(parts.join(SEPARATOR)) }
    }

    fn holds_for(&self, record: &AssetRecord) -> bool {
        record.aws
            && match &record.resource_type {
                Some(kind) if self.record_types.is_empty() => self.finds(kind),
                Some(kind) => self.record_types.contains(kind),
                None => self.record_types.is_empty(),
            }
    }

    fn finds(&self, kind: &ResourceType) -> bool {
        self.types.is_empty() || self.types.contains(kind)
    }

    /// Tells whether an item's type is one that the record may mean.
    pub fn fits(&self, record: &AssetRecord, kind: &ResourceType) -> bool {
        let other = record.resource_type.as_ref().is_some_and(|own| own != kind);
        self.finds(kind) && (!other || !self.record_types.is_empty())
    }

    /// Gives the types of resources that a record may mean; nothing: any.
    pub fn types_for(&self, record: &AssetRecord) -> Option<BTreeSet<ResourceType>> {
        match &record.resource_type {
            Some(kind) if self.record_types.is_empty() => Some(BTreeSet::from([kind.clone()])),
            _ if self.types.is_empty() => None,
            _ => Some(self.types.iter().cloned().collect()),
        }
    }

    /// Gives all scopes in which the rule could match a record (SEMANTICS 2.2): its types in every region, for a
    /// tag or a name says nothing of where.
    fn domains(&self, record: &AssetRecord) -> Vec<Domain> {
        if self.record_key(record).is_none() {
            return Vec::new();
        }
        let Some(kinds) = self.types_for(record) else { return vec![Domain::Account] };
        let domain = |kind: ResourceType| {
            if is_global(&kind) { Domain::Scope(Region::global(), kind) } else { Domain::EveryRegion(kind) }
        };
        kinds.into_iter().map(domain).collect()
    }
}

/// Between the parts of a key: no text of a register or of AWS holds it.
const SEPARATOR: &str = "\u{1f}";

/// One rule of the order.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Step {
    Arn,
    ResourceId,
    Of(Arc<IdentificationRule>),
}

/// All rules in their order.
#[derive(Clone, Debug, PartialEq)]
pub struct IdentificationRules {
    steps: Vec<Step>,
}

impl Default for IdentificationRules {
    fn default() -> Self {
        Self { steps: vec![Step::Arn, Step::ResourceId] }
    }
}

impl IdentificationRules {
    /// Puts the settings' rules in order. A built-in rule that they do not name goes before all others: an ARN is
    /// the resource itself.
    pub fn new(rules: &[IdentificationRule]) -> Self {
        let named = |name: &str| rules.iter().any(|rule| rule.name == name);
        let built_in = |name: &str| if name == "arn" { Step::Arn } else { Step::ResourceId };
        let first = Rule::BUILT_IN.into_iter().filter(|name| !named(name)).map(built_in);
        let rest = rules.iter().map(|rule| match rule.name.as_str() {
            name if Rule::BUILT_IN.contains(&name) => built_in(name),
            _ => Step::Of(Arc::new(rule.clone())),
        });
        Self { steps: first.chain(rest).collect() }
    }

    pub(crate) fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// Gives the settings' rules with their place in the order.
    pub fn of_settings(&self) -> impl Iterator<Item = (usize, &Arc<IdentificationRule>)> {
        self.steps.iter().enumerate().filter_map(|(at, step)| match step {
            Step::Of(rule) => Some((at, rule)),
            Step::Arn | Step::ResourceId => None,
        })
    }

    /// Gives all scopes in which any rule could match the record (SEMANTICS 2.2).
    pub fn domains(&self, record: &AssetRecord) -> Vec<Domain> {
        let mut domains = Vec::new();
        let by_rule: Vec<Domain> = self.of_settings().flat_map(|(_, rule)| rule.domains(record)).collect();
        // A record that names nothing but what a rule reads could only be found by that rule.
        let names_itself = record.arn.is_some() || record.resource_id.is_some();
        if names_itself || by_rule.is_empty() {
            domains.extend(Domain::of_record(record));
        }
        domains.extend(by_rule);
        domains
    }

    /// Tells whether some rule lets the record speak for many resources.
    pub fn may_speak_for_many(&self, record: &AssetRecord) -> bool {
        self.of_settings().any(|(_, rule)| rule.many && rule.record_key(record).is_some())
    }
}
