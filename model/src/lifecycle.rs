//! Where an asset stands in its life, and what moves it on (SEMANTICS 5).
//!
//! The table of outcomes says what is done, history says what was seen. This is the same from the asset's side: one
//! stage before a run, one event of the run, one stage after. A resource that returns goes back to `active`; it is
//! never made anew.

mod patience;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::asset::AssetState;
use crate::history::AssetHistory;

pub use patience::{LifecycleRule, LifecycleRules};

/// Where an asset stands, as the central register and history have it. What is neither published nor planned has no
/// stage.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(tag = "stage", rename_all = "snake_case")]
pub enum Stage {
    /// A record orders it: it need not live yet.
    Planned,
    /// Published, and nothing speaks against it.
    Active,
    /// Published, and complete looks found nothing.
    Absent {
        /// The first of these looks.
        #[schemars(with = "String")]
        since: Timestamp,
        /// How many, at most one per interval.
        looks: u32,
    },
    /// Published as gone.
    Retired,
}

/// What a run found out about an asset's life, and did.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Event {
    /// A live item in a complete scope, and the entry is, or becomes, active.
    Seen,
    /// The source register alone vouches for it, and the entry is, or becomes, active.
    Vouched,
    /// It may be there; or it is there and its entry is left as it is. What looked like absence before is forgotten.
    Sighted,
    /// Complete looks in a row found nothing, this one included.
    Missed {
        /// The first of them.
        since: Timestamp,
        /// How many.
        looks: u32,
    },
    /// A record says `planned`, and nothing lives yet.
    Expected,
    /// There is an entry, and not enough was seen to say anything.
    Unknown,
    /// There is no entry, none is made, and nobody plans one any more.
    Unpublished,
    /// The plan retires it.
    LetGo,
}

impl Stage {
    /// Gives the stage of an entry, or of what may become one, by what history has of it.
    pub fn of(published: Option<AssetState>, history: &AssetHistory) -> Option<Self> {
        let planned = history.planned_since.is_some().then_some(Self::Planned);
        match published {
            None => planned,
            Some(AssetState::Retired) => Some(Self::Retired),
            Some(AssetState::Active) => planned.or(match (history.looks, history.absent_since) {
                (0, _) | (_, None) => Some(Self::Active),
                (looks, Some(since)) => Some(Self::Absent { since, looks }),
            }),
        }
    }

    /// Gives the stable code.
    pub fn code(self) -> &'static str {
        match self {
            Self::Planned => "planned",
            Self::Active => "active",
            Self::Absent { .. } => "absent",
            Self::Retired => "retired",
        }
    }
}

/// Moves an asset on. Total: whatever happens to whatever stage has an answer.
pub fn next(stage: Option<Stage>, event: Event) -> Option<Stage> {
    use Stage::{Absent, Active, Planned, Retired};
    match (stage, event) {
        // A resource that returns is reactivated.
        (_, Event::Seen | Event::Vouched) => Some(Active),
        (_, Event::LetGo) => Some(Retired),
        // What is retired leaves that stage only by being active again.
        (Some(Retired), _) => Some(Retired),
        (_, Event::Expected) => Some(Planned),
        (_, Event::Unpublished) => None,
        // Without an entry there is nothing to be missed.
        (None, Event::Sighted | Event::Missed { .. } | Event::Unknown) => None,
        (Some(_), Event::Sighted) => Some(Active),
        (Some(Active | Absent { .. } | Planned), Event::Missed { since, looks }) => {
            Some(Absent { since, looks })
        }
        // Nobody plans it any more, and nobody could look.
        (Some(Planned), Event::Unknown) => Some(Active),
        (Some(stage), Event::Unknown) => Some(stage),
    }
}

/// One run of an asset's life. Where several entries may be meant nobody can say, and both are missing.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
pub struct Life {
    /// Before the run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<Stage>,
    /// After it, once its plan is published.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<Stage>,
}

#[cfg(test)]
mod tests;
