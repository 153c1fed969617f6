//! Required tags and attributes: what the settings ask of an asset, and whether its value keeps to it.
//!
//! A requirement is a rule of the house: it makes findings and never changes what is published.

use std::borrow::Cow;
use std::collections::BTreeSet;

use regex::{Regex, RegexBuilder};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::attribute;
use crate::finding::{FindingKind, Severity};
use crate::identifiers::ResourceType;
use crate::setting_problem::SettingProblem;

/// What a compiled pattern may take, in bytes: more is a mistake, or somebody's joke.
const PATTERN_BYTES: usize = 1 << 20;
/// How a finding names a tag.
const TAG_PREFIX: &str = "tag:";
/// What bestand itself says of every asset, or what has its own key here.
const NOT_REQUIRED: [&str; 4] =
    [attribute::ACCOUNT_ID, attribute::REGISTRATION, attribute::VERIFICATION, attribute::TAGS];

/// A rule of `[[required]]`.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct RequirementRule {
    /// What findings call it.
    pub name: String,
    /// The key of the tag that the resource must have; or `attribute`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tag: Option<String>,
    /// The attribute that the entry must have, whoever gives it; or `tag`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attribute: Option<String>,
    /// Of which types; empty: of all that are assets.
    #[serde(default)]
    pub types: BTreeSet<ResourceType>,
    /// In which environments, as the asset's `environment` will be published; empty: in all.
    #[serde(default)]
    pub environments: BTreeSet<String>,
    /// The values that are allowed; or `pattern`; neither: any that is not empty.
    #[serde(default)]
    pub allowed: BTreeSet<String>,
    /// The regular expression that the value must match, anchored as it is written; or `allowed`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pattern: Option<String>,
    /// How grave a finding is.
    #[serde(default = "default_severity")]
    pub severity: Severity,
}

fn default_severity() -> Severity {
    FindingKind::NonCompliant.severity()
}

/// What must be there.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Wanted {
    /// The tag of this key, in AWS.
    Tag(String),
    /// The attribute of this name, as it will be published.
    Attribute(String),
}

/// Which values keep to it.
#[derive(Clone, Debug)]
enum Accepted {
    Any,
    OneOf(BTreeSet<String>),
    Matching(Regex),
}

/// How a value breaks a requirement.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Breach {
    /// Said to be none, or empty.
    Missing,
    /// None of the allowed values.
    NotAllowed,
    /// Does not match the pattern.
    NoMatch,
}

impl Breach {
    /// Gives the stable code.
    pub fn code(self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::NotAllowed => "not_allowed",
            Self::NoMatch => "no_match",
        }
    }
}

/// A requirement, ready for use.
#[derive(Clone, Debug)]
pub struct Requirement {
    /// What findings call it.
    pub name: String,
    /// What must be there.
    pub wanted: Wanted,
    /// How grave a finding is.
    pub severity: Severity,
    types: BTreeSet<ResourceType>,
    environments: BTreeSet<String>,
    accepted: Accepted,
}

impl Requirement {
    /// Gives what a finding calls the tag or attribute.
    pub fn attribute(&self) -> Cow<'_, str> {
        match &self.wanted {
            Wanted::Tag(key) => Cow::Owned(format!("{TAG_PREFIX}{key}")),
            Wanted::Attribute(name) => Cow::Borrowed(name),
        }
    }

    /// Tells whether it holds in every environment: then nobody need know the asset's.
    pub fn holds_in_all_environments(&self) -> bool {
        self.environments.is_empty()
    }

    /// Tells whether it holds in this environment.
    pub fn holds_in(&self, environment: &Value) -> bool {
        texts(environment).iter().any(|text| self.environments.contains(text.as_ref()))
    }

    /// Holds what is said against it. Of a list every value must keep to it.
    pub fn breach(&self, value: &Value) -> Option<Breach> {
        let texts = texts(value);
        if texts.is_empty() || texts.iter().any(|text| text.is_empty()) {
            return Some(Breach::Missing);
        }
        let keeps = |text: &Cow<'_, str>| match &self.accepted {
            Accepted::Any => true,
            Accepted::OneOf(allowed) => allowed.contains(text.as_ref()),
            Accepted::Matching(pattern) => pattern.is_match(text),
        };
        if texts.iter().all(keeps) {
            return None;
        }
        Some(if matches!(self.accepted, Accepted::Matching(_)) {
            Breach::NoMatch
        } else {
            Breach::NotAllowed
        })
    }

    /// Gives the values that would keep to it, for the evidence: the name of the evidence and what it says.
    pub fn expectation(&self) -> Option<(&'static str, Value)> {
        match &self.accepted {
            Accepted::Any => None,
            Accepted::OneOf(allowed) => Some(("allowed", allowed.iter().cloned().collect())),
            Accepted::Matching(pattern) => Some(("pattern", pattern.as_str().into())),
        }
    }
}

/// Gives the texts of a value without surrounding whitespace: none of null, one of a scalar, each of a list.
fn texts(value: &Value) -> Vec<Cow<'_, str>> {
    match value {
        Value::Null => Vec::new(),
        Value::String(text) => vec![Cow::Borrowed(text.trim())],
        Value::Array(values) => values.iter().flat_map(texts).collect(),
        Value::Object(fields) if fields.is_empty() => Vec::new(),
        Value::Bool(_) | Value::Number(_) | Value::Object(_) => vec![Cow::Owned(value.to_string())],
    }
}

/// All requirements of a run.
#[derive(Clone, Debug, Default)]
pub struct Requirements(Vec<Requirement>);

impl Requirements {
    /// Makes rules of the settings ready for use.
    ///
    /// # Errors
    /// Every problem of every rule.
    pub fn new(rules: &[RequirementRule]) -> Result<Self, Vec<SettingProblem>> {
        let mut problems = Vec::new();
        let mut names = BTreeSet::new();
        let mut requirements = Vec::new();
        for (index, rule) in rules.iter().enumerate() {
            let mut problem = |key, message: String| problems.push(SettingProblem { index, key, message });
            if !names.insert(rule.name.trim()) {
                problem("name", format!("there is another rule `{}`; give each its own", rule.name.trim()));
            }
            requirements.extend(compile(rule, &mut problem));
        }
        if problems.is_empty() { Ok(Self(requirements)) } else { Err(problems) }
    }

    /// Tells whether nothing is required.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Gives what is required of a type, in the order of the settings.
    pub fn of_type<'a>(&'a self, kind: &'a ResourceType) -> impl Iterator<Item = &'a Requirement> {
        self.0.iter().filter(move |one| one.types.is_empty() || one.types.contains(kind))
    }
}

fn compile(rule: &RequirementRule, problem: &mut impl FnMut(&'static str, String)) -> Option<Requirement> {
    if rule.name.trim().is_empty() {
        problem("name", "must not be empty: findings call the rule by it".into());
    }
    let wanted = wanted(rule, problem);
    if rule.types.iter().any(|kind| kind.as_str().trim().is_empty()) {
        problem("types", "must not hold an empty type; leave `types` out for all".into());
    }
    for (key, values) in [("environments", &rule.environments), ("allowed", &rule.allowed)] {
        if values.iter().any(|value| value.trim().is_empty()) {
            problem(key, format!("must not hold an empty value; leave `{key}` out for any"));
        }
    }
    let trimmed = |values: &BTreeSet<String>| values.iter().map(|value| value.trim().to_owned()).collect();
    let accepted = match &rule.pattern {
        Some(_) if !rule.allowed.is_empty() => {
            problem("", "set either `allowed` or `pattern`, not both".into());
            None
        }
        Some(pattern) => match RegexBuilder::new(pattern).size_limit(PATTERN_BYTES).build() {
            Ok(pattern) => Some(Accepted::Matching(pattern)),
            Err(error) => {
                problem("pattern", format!("`{pattern}` is no regular expression that can be used: {error}"));
                None
            }
        },
        None if rule.allowed.is_empty() => Some(Accepted::Any),
        None => Some(Accepted::OneOf(trimmed(&rule.allowed))),
    };
    Some(Requirement {
        name: rule.name.trim().to_owned(),
        wanted: wanted?,
        severity: rule.severity,
        types: rule.types.clone(),
        environments: trimmed(&rule.environments),
        accepted: accepted?,
    })
}

fn wanted(rule: &RequirementRule, problem: &mut impl FnMut(&'static str, String)) -> Option<Wanted> {
    match (&rule.tag, &rule.attribute) {
        (Some(_), Some(_)) => problem("", "set either `tag` or `attribute`, not both".into()),
        (None, None) => problem("", "set `tag` or `attribute`: what must be there".into()),
        (Some(key), None) if key.trim().is_empty() => problem("tag", "must not be empty".into()),
        (Some(key), None) => return Some(Wanted::Tag(key.clone())),
        (None, Some(name)) if name.trim().is_empty() => problem("attribute", "must not be empty".into()),
        (None, Some(name)) if name.starts_with(TAG_PREFIX) => {
            problem("attribute", format!("`{name}` is a tag: set `tag` instead"));
        }
        (None, Some(name)) if NOT_REQUIRED.contains(&name.as_str()) => problem(
            "attribute",
            format!("`{name}` cannot be required: bestand itself sets it, or `tag` asks for it"),
        ),
        (None, Some(name)) => return Some(Wanted::Attribute(name.clone())),
    }
    None
}

#[cfg(test)]
mod tests;
