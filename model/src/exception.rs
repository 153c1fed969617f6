//! Exceptions: findings that a person has decided to live with for a while, each with an owner, a reason and an end.
//!
//! An exception takes a finding out of the figures and never out of the evidence. It is applied to findings that are
//! already made, beside changes that are already decided, so it cannot change a change.

mod compile;
mod expired;
mod glob;
mod tally;

use std::collections::HashMap;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::finding::{Finding, FindingKind};
use crate::identifiers::{AccountId, Region};
use crate::setting_problem::SettingProblem;

use glob::Glob;

pub use tally::{ExceptionState, ExceptionTally, ExceptionUse};

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

impl ExceptionRule {
    /// Gives all that it names, as it stands in the settings: `kind = "unregistered", name = "test-*"`. Two rules that
    /// name the same give the same text.
    pub fn names(&self) -> String {
        let named = [
            ("finding", self.finding.as_deref()),
            ("kind", self.kind.map(FindingKind::code)),
            ("account", self.account.as_deref()),
            ("region", self.region.as_ref().map(Region::as_str)),
            ("type", self.resource_type.as_deref()),
            ("arn", self.arn.as_deref()),
            ("name", self.name.as_deref()),
            ("asset_id", self.asset_id.as_deref()),
            ("attribute", self.attribute.as_deref()),
        ];
        let named = named.into_iter().filter_map(|(key, text)| Some(format!("{key} = {:?}", text?)));
        named.collect::<Vec<_>>().join(", ")
    }

    fn is_over(&self, now: Timestamp) -> bool {
        now > self.until
    }
}

/// What an ignored finding tells of the exception that answers for it.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
pub struct AppliedException {
    /// Who answers for it.
    pub owner: String,
    /// Why.
    pub because: String,
    /// Until when.
    #[schemars(with = "String", extend("format" = "date-time"))]
    pub until: Timestamp,
}

/// What a glob is held against.
type Pick = fn(&Finding) -> Option<&str>;

/// An exception, ready for use.
#[derive(Clone, Debug)]
struct Exception {
    rule: ExceptionRule,
    account: Option<AccountId>,
    globs: Vec<(Pick, Glob)>,
}

impl Exception {
    fn fits(&self, finding: &Finding) -> bool {
        let rule = &self.rule;
        // That an exception is over cannot be hidden by another one.
        finding.kind != FindingKind::ExceptionExpired
            && rule.kind.is_none_or(|kind| kind == finding.kind)
            && rule.finding.as_ref().is_none_or(|id| *id == finding.finding_id)
            && self.account.as_ref().is_none_or(|id| Some(id) == finding.account_id.as_ref())
            && rule.region.as_ref().is_none_or(|region| Some(region) == finding.region.as_ref())
            && self.globs.iter().all(|(pick, glob)| pick(finding).is_some_and(|text| glob.matches(text)))
    }
}

/// All exceptions of a run, in the order of the settings.
#[derive(Clone, Debug, Default)]
pub struct Exceptions {
    all: Vec<Exception>,
    /// Those that name one finding, by its id: a long list of them costs no more than a short one.
    by_finding: HashMap<String, Vec<usize>>,
    /// The places of all others.
    patterns: Vec<usize>,
}

impl Exceptions {
    /// Makes rules of the settings ready for use.
    ///
    /// # Errors
    /// Every problem of every rule.
    pub fn new(rules: &[ExceptionRule]) -> Result<Self, Vec<SettingProblem>> {
        let mut exceptions = Self::default();
        let (mut problems, mut known) = (Vec::new(), HashMap::new());
        for (index, rule) in rules.iter().enumerate() {
            let mut problem = |key, message: String| problems.push(SettingProblem { index, key, message });
            if let Some(first) = known.insert(rule.names(), index) {
                problem("", format!("names the same as exceptions.{first}; leave one of them"));
            }
            exceptions.all.push(compile::compile(rule, &mut problem));
            match &rule.finding {
                Some(id) => exceptions.by_finding.entry(id.clone()).or_default().push(index),
                None => exceptions.patterns.push(index),
            }
        }
        if problems.is_empty() { Ok(exceptions) } else { Err(problems) }
    }

    /// Tells whether there is none.
    pub fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// Marks the findings that an exception in force fits; the first in the settings answers for each. Counts for
    /// every exception, also one whose time is over, the findings that it fits.
    pub fn apply(&self, findings: &mut [Finding], now: Timestamp) -> ExceptionTally {
        let mut tally = ExceptionTally::default();
        for finding in findings.iter_mut().filter(|_| !self.is_empty()) {
            let mut first: Option<(usize, &ExceptionRule)> = None;
            for (index, rule) in self.fitting(finding) {
                tally.add(index);
                if !rule.is_over(now) && first.is_none_or(|(before, _)| index < before) {
                    first = Some((index, rule));
                }
            }
            finding.exception = first.map(|(_, rule)| AppliedException {
                owner: rule.owner.trim().to_owned(),
                because: rule.because.trim().to_owned(),
                until: rule.until,
            });
        }
        tally
    }

    fn fitting<'a>(&'a self, finding: &'a Finding) -> impl Iterator<Item = (usize, &'a ExceptionRule)> {
        let by_id = self.by_finding.get(&finding.finding_id).into_iter().flatten();
        let places = by_id.chain(&self.patterns).filter_map(|index| Some((*index, self.all.get(*index)?)));
        places.filter(|(_, one)| one.fits(finding)).map(|(index, one)| (index, &one.rule))
    }
}

#[cfg(test)]
mod tests;
