//! `plan.json`: what is published is exactly what this file's digest covers.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::capability::Capability;
use crate::change_set::ChangeCounts;
use crate::digest;
use crate::gate::GateVerdict;
use crate::identifiers::RunId;

/// The version of the files of a run directory.
pub const SCHEMA_VERSION: u32 = 1;

/// A plan's head. The changes themselves lie in `changes/`, one file per account.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Plan {
    /// The version of this file's form.
    pub schema_version: u32,
    /// The run that made it.
    pub run_id: RunId,
    /// Which environment it is for.
    pub environment: String,
    /// Which register it is for; absent where none is configured, and then it cannot be published.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub register_id: Option<String>,
    /// What that register did not declare when the plan was made (SEMANTICS 3.10).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub not_promised: Vec<Capability>,
    /// SHA-256 over the settings that were in force, secrets left out.
    pub settings_digest: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// After this instant a publication may no longer start.
    pub expires_at: Timestamp,
    /// How many changes of each kind.
    pub changes: ChangeCounts,
    /// Each file of `changes/` in the order in which the digest takes them, with its number of lines.
    pub files: Vec<ChangeFile>,
    /// SHA-256 over the digests of all changes, file by file, line by line.
    pub changes_digest: String,
    /// What the gate said.
    pub gate: GateVerdict,
    /// Who made it: the caller's ARN as STS told it; absent where nobody could tell.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub planned_by: Option<String>,
    /// Who lets it through must be another identity than who made it (SEMANTICS 3.8).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub accept_by_another: bool,
    /// The run that it reverts, if it does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reverts: Option<RunId>,
    /// SHA-256 over all the above in canonical form: the mark that the register keeps of this plan.
    #[serde(default)]
    pub digest: String,
}

/// One file of `changes/`.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
pub struct ChangeFile {
    /// Its name below `changes/`, without the ending.
    pub name: String,
    /// Its lines.
    pub changes: u64,
}

impl Plan {
    /// Computes the digest over everything else.
    pub fn compute_digest(&self) -> String {
        let bare = Self { digest: String::new(), ..self.clone() };
        digest::canonical_digest(&serde_json::to_value(bare).unwrap_or_default())
    }

    /// Sets the digest.
    #[must_use]
    pub fn sealed(mut self) -> Self {
        self.digest = self.compute_digest();
        self
    }
}
