//! How often exceptions fit, over all accounts, and what that makes of each.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Exceptions;

/// Findings that each exception fits, by its place in the settings.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct ExceptionTally(Vec<u64>);

impl ExceptionTally {
    pub(super) fn add(&mut self, index: usize) {
        self.add_many(index, 1);
    }

    fn add_many(&mut self, index: usize, findings: u64) {
        if self.0.len() <= index {
            self.0.resize(index + 1, 0);
        }
        if let Some(own) = self.0.get_mut(index) {
            *own += findings;
        }
    }

    /// Adds another account's.
    pub fn merge(&mut self, other: &Self) {
        for (index, findings) in other.0.iter().enumerate() {
            self.add_many(index, *findings);
        }
    }

    pub(super) fn of(&self, index: usize) -> u64 {
        self.0.get(index).copied().unwrap_or(0)
    }
}

/// What became of an exception in a run.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ExceptionState {
    /// It fits findings of this run, and hides them.
    InUse,
    /// It fits no finding of this run.
    Unused,
    /// It fits no finding, and some accounts were left out on the command line: nobody can say.
    NotJudged,
    /// Its time is over: it hides nothing.
    Expired,
}

/// An exception, and what became of it in a run.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
pub struct ExceptionUse {
    /// Its place in the settings, from 0.
    pub index: usize,
    /// All that it names, as it stands in the settings.
    pub names: String,
    /// Why.
    pub because: String,
    /// Who answers for it.
    pub owner: String,
    /// Until when.
    #[schemars(with = "String", extend("format" = "date-time"))]
    pub until: Timestamp,
    /// What became of it.
    pub state: ExceptionState,
    /// Findings of this run that it fits.
    pub findings: u64,
}

impl Exceptions {
    /// Tells what became of every exception, in the order of the settings.
    pub fn uses(&self, tally: &ExceptionTally, whole_run: bool, now: Timestamp) -> Vec<ExceptionUse> {
        let all = self.all.iter().enumerate();
        let uses = all.map(|(index, one)| {
            let findings = tally.of(index);
            let state = match findings {
                _ if one.rule.is_over(now) => ExceptionState::Expired,
                0 if whole_run => ExceptionState::Unused,
                0 => ExceptionState::NotJudged,
                _ => ExceptionState::InUse,
            };
            let (because, owner) = (one.rule.because.trim().to_owned(), one.rule.owner.trim().to_owned());
            let (names, until) = (one.rule.names(), one.rule.until);
            ExceptionUse { index, names, because, owner, until, state, findings }
        });
        uses.collect()
    }
}
