//! `manifest.json`: what a pack holds, of which run, and how that run ended.

use bestand_model::digest::sha256_hex;
use bestand_model::identifiers::RunId;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// The manifest's name in the pack. It is the last file.
pub const MANIFEST_FILE: &str = "manifest.json";
/// The version of the pack's form.
pub const PACK_SCHEMA_VERSION: u32 = 1;

/// How the run ended. A pack of a run that did not end well says so.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It did what it was asked (status 0, 10 or 20), and its findings are known.
    Done,
    /// It ended with another status.
    Failed,
    /// It has no end: it was killed, or was still at work when it was packed.
    Unfinished,
}

/// What a manifest says of the run.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct PackHead {
    /// The run.
    pub run_id: RunId,
    /// Its environment.
    pub environment: String,
    /// `run`, `plan` or `revert`.
    pub command: String,
    /// How it ended.
    pub outcome: Outcome,
    /// Its exit status; absent where it has no end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exit_status: Option<u8>,
    /// The version of bestand that made the run.
    pub tool_version: String,
    /// When it was at work.
    pub window: Window,
    /// Under which names.
    pub identities: Identities,
    /// SHA-256 over the settings in force.
    pub settings_digest: String,
    /// The plan's digest; absent where there is no plan.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plan_digest: Option<String>,
}

/// When a run was at work.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Window {
    /// Its start.
    pub started_at: Timestamp,
    /// Its end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_at: Option<Timestamp>,
}

/// Under which names a run worked.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct Identities {
    /// Who made the plan: the caller's ARN as STS told it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub planned_by: Option<String>,
    /// Who let through what, sorted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub let_through_by: Vec<String>,
    /// The role that was assumed in every account.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<String>,
}

/// A file of the pack.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct PackedFile {
    /// Its path.
    pub path: String,
    /// Its size in bytes.
    pub bytes: u64,
    /// Its SHA-256, in lower-case hexadecimal digits.
    pub sha256: String,
}

/// `manifest.json`.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Manifest {
    /// The version of the pack's form.
    pub schema_version: u32,
    /// The version of bestand that packed it.
    pub packed_by: String,
    /// The run.
    pub run: PackHead,
    /// Folders of the run directory that were left out.
    pub left_out: Vec<String>,
    /// All other files, sorted by path.
    pub files: Vec<PackedFile>,
}

impl Manifest {
    /// Gives its bytes: the digest over them is the pack's.
    ///
    /// # Errors
    /// It cannot be written as JSON.
    pub fn bytes(&self) -> Result<Vec<u8>, serde_json::Error> {
        let mut bytes = serde_json::to_vec_pretty(self)?;
        bytes.push(b'\n');
        Ok(bytes)
    }

    /// Gives the digest of a manifest's bytes.
    pub fn digest(bytes: &[u8]) -> String {
        sha256_hex(bytes)
    }
}
