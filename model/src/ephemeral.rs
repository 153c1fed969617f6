//! Resources that come and go by themselves, such as the machines of an auto-scaling group: left out, or counted
//! together (SEMANTICS 5.4).

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::configuration_item::{ConfigurationItem, Tags};
use crate::identifiers::ResourceType;

/// A section of the settings. It holds for live items that no record speaks of.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct EphemeralRule {
    /// The types.
    pub types: Vec<ResourceType>,
    /// Only items that have this tag, whatever its value. Where tags were not collected nobody can say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tag: Option<String>,
    /// What is done with them.
    pub treat: Treatment,
}

/// What is done with ephemeral resources.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Treatment {
    /// They are not reported.
    LeaveOut,
    /// They are reported together: one finding per account, region, type and value of the tag.
    Aggregate,
}

/// Which resources are ephemeral.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct EphemeralRules {
    by_type: BTreeMap<ResourceType, Vec<(Option<String>, Treatment)>>,
}

/// An ephemeral resource.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Ephemeral<'a> {
    /// What is done with it.
    pub treat: Treatment,
    /// The tag that makes it ephemeral, with its value here.
    pub tag: Option<(&'a str, &'a str)>,
}

impl EphemeralRules {
    /// Takes the settings' sections. The first that fits decides.
    pub fn new(rules: &[EphemeralRule]) -> Self {
        let mut by_type: BTreeMap<ResourceType, Vec<_>> = BTreeMap::new();
        for rule in rules {
            for kind in &rule.types {
                by_type.entry(kind.clone()).or_default().push((rule.tag.clone(), rule.treat));
            }
        }
        Self { by_type }
    }

    /// Tells whether and why an item is ephemeral.
    pub fn of<'a>(&'a self, item: &'a ConfigurationItem) -> Option<Ephemeral<'a>> {
        self.by_type.get(&item.resource_type)?.iter().find_map(|(tag, treat)| {
            let treat = *treat;
            let Some(key) = tag else { return Some(Ephemeral { treat, tag: None }) };
            match &item.tags {
                Tags::Collected(tags) => {
                    let value = tags.get(key)?;
                    Some(Ephemeral { treat, tag: Some((key, value)) })
                }
                Tags::NotCollected => None,
            }
        })
    }
}
