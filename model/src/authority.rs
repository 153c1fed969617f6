//! Whose value wins, attribute by attribute (SEMANTICS section 4).
//!
//! Rules of the settings decide, the first that fits; where none does, the shipped table: AWS Config for what
//! describes the resource, the source register for its place in the organisation.

mod check;
mod hearing;
mod resolve;
mod rule;
mod table;
mod told_time;
mod value_map;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use check::{asks_the_age_of, problems};
pub use hearing::{Live, Sides, Values};
pub(crate) use resolve::winner;
pub use resolve::{AttributeStory, Loser, Problem, Resolved, Suspect, Why, resolve};
pub use rule::{AuthorityRule, DEFAULT_MAX_ATTRIBUTE_BYTES, SourceEntry, SourceRule};
pub use table::{Authority, AuthorityTable, Ruling};
pub use told_time::{ToldTime, told_time};

/// What is done about an attribute that somebody else changed in the central register.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ExternalPolicy {
    /// bestand's value is published again; the finding tells.
    #[default]
    Overwrite,
    /// The other value stays, and counts as right.
    Keep,
    /// The other value stays until a person decides; the finding tells.
    Report,
}

#[cfg(test)]
mod tests;
