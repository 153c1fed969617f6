//! Exceptions: findings that a person has decided to live with for a while, each with an owner, a reason and an end.
//!
//! An exception takes a finding out of the figures and never out of the evidence, and it changes no change.

mod glob;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::finding::{Finding, FindingKind};
use crate::identifiers::{AccountId, Region};
use crate::setting_problem::SettingProblem;

use glob::Glob;

/// A rule of `[[exceptions]]`. All that it names must fit; what is left out fits everything.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct ExceptionRule {
    /// The id of one finding.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub finding: Option<String>,
    /// The kind of findings.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<FindingKind>,
    /// The account.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
    /// The region.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<Region>,
    /// The resource type; `*` stands for anything, here and in all that follow.
    #[serde(default, rename = "type", skip_serializing_if = "Option::is_none")]
    pub resource_type: Option<String>,
    /// The ARN.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub arn: Option<String>,
    /// The name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The source register's id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asset_id: Option<String>,
    /// The attribute, such as `tag:*`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attribute: Option<String>,
    /// Why.
    pub because: String,
    /// Who answers for it.
    pub owner: String,
    /// Until when; RFC 3339.
    #[schemars(with = "String")]
    pub until: Timestamp,
}

/// What a glob is held against.
type Pick = fn(&Finding) -> Option<&str>;

/// An exception, ready for use.
#[derive(Clone, Debug)]
struct Exception {
    finding: Option<String>,
    kind: Option<FindingKind>,
    account: Option<AccountId>,
    region: Option<Region>,
    globs: Vec<(Pick, Glob)>,
    until: Timestamp,
}

impl Exception {
    fn matches(&self, finding: &Finding) -> bool {
        // That an exception is over cannot be hidden by another one.
        finding.kind != FindingKind::ExceptionExpired
            && self.kind.is_none_or(|kind| kind == finding.kind)
            && self.finding.as_ref().is_none_or(|id| *id == finding.finding_id)
            && self.account.as_ref().is_none_or(|id| Some(id) == finding.account_id.as_ref())
            && self.region.as_ref().is_none_or(|region| Some(region) == finding.region.as_ref())
            && self.globs.iter().all(|(pick, glob)| pick(finding).is_some_and(|text| glob.matches(text)))
    }
}

/// All exceptions of a run, in the order of the settings.
#[derive(Clone, Debug, Default)]
pub struct Exceptions(Vec<Exception>);

impl Exceptions {
    /// Makes rules of the settings ready for use.
    ///
    /// # Errors
    /// Every problem of every rule.
    pub fn new(rules: &[ExceptionRule]) -> Result<Self, Vec<SettingProblem>> {
        let mut problems = Vec::new();
        let compiled = rules.iter().enumerate().map(|(index, rule)| {
            compile(rule, &mut |key, message: String| problems.push(SettingProblem { index, key, message }))
        });
        let exceptions = compiled.collect();
        if problems.is_empty() { Ok(Self(exceptions)) } else { Err(problems) }
    }

    /// Gives the places, in the settings, of all exceptions that are in force at an instant and fit a finding. Where
    /// there is one, the finding is ignored; the first answers for it.
    pub fn matching<'a>(&'a self, finding: &'a Finding, now: Timestamp) -> impl Iterator<Item = usize> + 'a {
        let all = self.0.iter().enumerate();
        all.filter(move |(_, one)| now <= one.until && one.matches(finding)).map(|(index, _)| index)
    }

    /// Gives the places of those whose time is over: they hide nothing any more.
    pub fn expired(&self, now: Timestamp) -> impl Iterator<Item = usize> + '_ {
        self.0.iter().enumerate().filter(move |(_, one)| now > one.until).map(|(index, _)| index)
    }
}

fn compile(rule: &ExceptionRule, problem: &mut impl FnMut(&'static str, String)) -> Exception {
    for (key, text) in [("because", &rule.because), ("owner", &rule.owner)] {
        if text.trim().is_empty() {
            problem(key, "must not be empty: an exception has a reason and a person".into());
        }
    }
    let hex = |id: &str| id.len() == 16 && id.chars().all(|c| matches!(c, '0'..='9' | 'a'..='f'));
    if let Some(id) = rule.finding.as_deref().filter(|id| !hex(id)) {
        problem("finding", format!("`{id}` is no finding's id: those are 16 digits of 0-9 and a-f"));
    }
    if rule.kind == Some(FindingKind::ExceptionExpired) {
        problem("kind", "that an exception is over cannot be hidden: renew it, or take it out".into());
    }
    let account = rule.account.as_ref().and_then(|id| match id.parse() {
        Ok(id) => Some(id),
        Err(error) => {
            problem("account", format!("{error}"));
            None
        }
    });
    if rule.region.as_ref().is_some_and(|region| region.as_str().is_empty() || region.as_str().contains('*'))
    {
        problem("region", "must be one region, as AWS writes it".into());
    }
    let globs: [(&'static str, &Option<String>, Pick); 5] = [
        ("type", &rule.resource_type, |finding| finding.resource_type.as_ref().map(|kind| kind.as_str())),
        ("arn", &rule.arn, |finding| finding.arn.as_ref().map(|arn| arn.as_str())),
        ("name", &rule.name, |finding| finding.name.as_deref()),
        ("asset_id", &rule.asset_id, |finding| finding.asset_id.as_ref().map(|id| id.as_str())),
        ("attribute", &rule.attribute, |finding| finding.attribute.as_deref()),
    ];
    let mut names = rule.finding.is_some() || rule.kind.is_some() || rule.account.is_some();
    names |= rule.region.is_some();
    let mut compiled = Vec::new();
    for (key, text, pick) in globs {
        let Some(text) = text else { continue };
        if text.trim().is_empty() {
            problem(key, "must not be empty; leave it out for anything".into());
        }
        names |= text.chars().any(|c| c != '*');
        compiled.push((pick, Glob::new(text)));
    }
    if !names {
        problem("", "names nothing, so it would hide every finding; say which it means".into());
    }
    let (finding, kind, region) = (rule.finding.clone(), rule.kind, rule.region.clone());
    Exception { finding, kind, account, region, globs: compiled, until: rule.until }
}

#[cfg(test)]
mod tests;
