//! What AWS is asked about a single absent asset before anything is retired, and what it answered
//! (SEMANTICS 2.4).

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::arn::Arn;
use crate::asset::AssetKey;
use crate::identifiers::{Region, ResourceId, ResourceType};

/// A question about one asset that nothing live was found for.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Question {
    /// The asset.
    pub asset_key: AssetKey,
    /// Where it was; `global` for global types.
    pub region: Region,
    /// Its type.
    pub resource_type: ResourceType,
    /// Its id.
    pub resource_id: ResourceId,
    /// Its ARN, where it is known.
    pub arn: Option<Arn>,
}

/// What AWS knows of the asset.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(tag = "answer", rename_all = "snake_case")]
pub enum Answer {
    /// AWS Config dates its deletion: the one positive proof there is.
    Deleted {
        /// `resourceDeletionTime`.
        #[schemars(with = "String")]
        at: Timestamp,
    },
    /// Somebody still has it: that vetoes every absence.
    Sighted {
        /// The action that showed it, such as `config:BatchGetResourceConfig`.
        by: String,
    },
    /// The Tagging API still names it, and no describe call could confirm that. It names deleted resources for a
    /// while: a hint only, which delays.
    Hinted,
    /// AWS Config was asked and never heard of it: proves nothing.
    NeverHeardOf,
    /// Nobody could be asked, or no answer came: proves nothing, and nothing is retired.
    Unanswered {
        /// Why.
        detail: String,
    },
}
