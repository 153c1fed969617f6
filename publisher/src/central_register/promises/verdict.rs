//! What an examination came to.

use std::fmt;

use bestand_model::asset::AssetKey;

use super::Promise;
use super::bench::Flaw;

/// What became of one promise.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Outcome {
    /// The register kept it.
    Kept,
    /// It rests on something that the register does not declare.
    NotClaimed,
    /// The register broke it.
    Broken {
        /// What it did instead.
        what: String,
    },
    /// It is claimed, and nobody knows whether it is kept.
    NotExamined {
        /// What was in the way.
        why: String,
    },
}

impl Outcome {
    pub(super) fn of(kept: Result<(), Flaw>) -> Self {
        match kept {
            Ok(()) => Self::Kept,
            Err(Flaw::Broken(what)) => Self::Broken { what },
            Err(Flaw::NotExamined(why)) => Self::NotExamined { why },
        }
    }

    /// Tells whether nothing speaks against the register. What is claimed must have been seen.
    #[must_use]
    pub fn passes(&self) -> bool {
        match self {
            Self::Kept | Self::NotClaimed => true,
            Self::Broken { .. } | Self::NotExamined { .. } => false,
        }
    }
}

/// One promise and what became of it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Verdict {
    /// The promise.
    pub promise: Promise,
    /// What became of it.
    pub outcome: Outcome,
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.outcome {
            Outcome::Kept => write!(f, "{}: kept", self.promise),
            Outcome::NotClaimed => write!(f, "{}: not claimed", self.promise),
            Outcome::Broken { what } => {
                write!(f, "{}: broken: {what} ({})", self.promise, self.promise.sentence())
            }
            Outcome::NotExamined { why } => write!(f, "{}: not examined: {why}", self.promise),
        }
    }
}

/// A whole examination.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Examination {
    /// One verdict per promise, in the order of [`Promise::ALL`].
    pub verdicts: Vec<Verdict>,
    /// Entries that were made for the examination and could not be left retired.
    pub left_active: Vec<AssetKey>,
}

impl Examination {
    /// Tells whether the register keeps all that it declares.
    #[must_use]
    pub fn passes(&self) -> bool {
        self.left_active.is_empty() && self.verdicts.iter().all(|verdict| verdict.outcome.passes())
    }

    /// Gives the verdicts that speak against the register.
    pub fn failures(&self) -> impl Iterator<Item = &Verdict> {
        self.verdicts.iter().filter(|verdict| !verdict.outcome.passes())
    }
}

impl fmt::Display for Examination {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for verdict in &self.verdicts {
            writeln!(f, "{verdict}")?;
        }
        for key in &self.left_active {
            writeln!(f, "left active: {key}")?;
        }
        Ok(())
    }
}
