//! Where certificates of authorities lie. They are no secrets, but a container has no place for files of its own.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::secret::SecretReference;

/// Where certificates (PEM) lie.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(
    untagged,
    expecting = "expected the path of a file, or one of { env = \"NAME\" }, { file = \"path\" } and { secrets_manager = \"name or ARN\" }"
)]
pub(crate) enum Roots {
    /// In a file of this path.
    File(PathBuf),
    /// Where secrets can lie, too.
    Elsewhere(SecretReference),
}
