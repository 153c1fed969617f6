//! What AWS is asked about a single absent asset before anything is retired, and what it answered
//! (SEMANTICS 2.4).

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::arn::Arn;
use crate::asset::AssetKey;
use crate::identifiers::{AccountId, Region, ResourceId, ResourceType};

/// A question about one asset that nothing live was found for.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
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

impl Answer {
    /// Gives the stable code, as it stands in the evidence.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Deleted { .. } => "deleted",
            Self::Sighted { .. } => "sighted",
            Self::Hinted => "hinted",
            Self::NeverHeardOf => "never_heard_of",
            Self::Unanswered { .. } => "unanswered",
        }
    }
}

/// What a record says to a rule of the settings, for those who look in other accounts.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct SoughtKey {
    /// The rule's place in the order.
    pub rule: usize,
    /// What an item must say as well.
    pub key: String,
    /// Types that are meant; nothing: any.
    pub types: Option<BTreeSet<ResourceType>>,
}

/// An asset that is about to be called absent: nothing live was found for it where it should be.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Missing {
    /// The asset.
    pub asset_key: AssetKey,
    /// Its type and id, where both are known.
    pub resource: Option<(ResourceType, ResourceId)>,
    /// Its ARN, where it is known.
    pub arn: Option<Arn>,
    /// What rules of the settings would know it by.
    pub keys: Vec<SoughtKey>,
    /// What AWS is to be asked; nothing where its place or id is not known, where nobody can be asked, or where nothing
    /// is published that could be retired.
    pub question: Option<Question>,
}

/// Where else a missing asset was seen.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, Ord, PartialEq, PartialOrd, Serialize)]
pub struct Elsewhere {
    /// Only in an incomplete scope, perhaps as an old row.
    pub doubtful: bool,
    /// In which account.
    pub account_id: AccountId,
    /// In which region.
    pub region: Region,
}

/// What was found out about single assets of one account, beyond its inventory.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Proofs {
    /// What AWS answered.
    pub answers: BTreeMap<AssetKey, Answer>,
    /// What other accounts showed.
    pub elsewhere: BTreeMap<AssetKey, Elsewhere>,
}
