//! Fetches secrets from where the settings say they lie, and says of each that is not to be had why.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use bestand_collector::credentials::AwsContext;
use bestand_collector::secrets::SecretsManagerError;
use secrecy::SecretString;

use crate::error::Error;
use crate::settings::{Place, SecretKey, SecretReference, Settings};

/// Files that were warned of: once each is enough.
static WARNED: Mutex<BTreeSet<PathBuf>> = Mutex::new(BTreeSet::new());

/// Why a secret is not to be had. Never holds one.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SecretError {
    /// The settings do not name one place.
    #[error("name exactly one place")]
    NoPlace,
    /// No such variable.
    #[error("the environment variable {0} is not set")]
    NotSet(String),
    /// The variable is no text.
    #[error("the environment variable {0} is no text")]
    NoText(String),
    /// The file cannot be read.
    #[error("cannot read {}: {error}", path.display())]
    Unreadable { path: PathBuf, error: std::io::Error },
    /// There is nothing in it.
    #[error("the secret is empty")]
    Empty,
    /// AWS Secrets Manager does not give it.
    #[error(transparent)]
    SecretsManager(#[from] SecretsManagerError),
}

impl SecretError {
    /// Tells whether it is for the settings, or what they name, to be mended, rather than for the way there.
    pub(crate) fn is_of_settings(&self) -> bool {
        match self {
            Self::NoPlace | Self::NotSet(_) | Self::NoText(_) | Self::Unreadable { .. } | Self::Empty => true,
            Self::SecretsManager(error) => error.is_of_the_secret(),
        }
    }

    /// Says what to do.
    pub(crate) fn next_step(&self) -> &'static str {
        match self {
            Self::NoPlace => "mend the settings, then `bestand settings --check`",
            Self::NotSet(_) | Self::NoText(_) | Self::Unreadable { .. } | Self::Empty => {
                "put the secret where the settings say that it lies, or mend the settings; `bestand doctor` tells whether it is there"
            }
            Self::SecretsManager(error) => match error {
                SecretsManagerError::NotThere { .. } | SecretsManagerError::Unfit { .. } => {
                    "mend the secret in AWS Secrets Manager, or what the settings say of it; `bestand doctor` tells whether it fits"
                }
                SecretsManagerError::Denied { .. } => {
                    "let the job's own role do that on this secret and its key (docs/ACCESS.md has the statement); `bestand doctor` tells whether it may"
                }
                SecretsManagerError::NoCredentials { .. } => {
                    "give the job credentials (AWS_PROFILE, keys, or the task's role), then `bestand doctor`, then run again"
                }
                SecretsManagerError::Unreachable { .. } => {
                    "see whether AWS Secrets Manager can be reached from here (`bestand doctor`), then run again: nothing was changed"
                }
            },
        }
    }
}

/// Fetches a secret.
pub(crate) async fn fetch(
    settings: &Settings,
    key: SecretKey,
    reference: &SecretReference,
) -> Result<SecretString, Error> {
    get(settings, key, reference).await.map_err(|source| Error::Secret { key, source })
}

async fn get(
    settings: &Settings,
    key: SecretKey,
    reference: &SecretReference,
) -> Result<SecretString, SecretError> {
    let value = match reference.place().ok_or(SecretError::NoPlace)? {
        Place::Env(name) => std::env::var(name).map_err(|error| match error {
            std::env::VarError::NotPresent => SecretError::NotSet(name.to_owned()),
            std::env::VarError::NotUnicode(_) => SecretError::NoText(name.to_owned()),
        })?,
        Place::File(path) => {
            if !key.is_public() {
                warn_if_open(key, path);
            }
            std::fs::read_to_string(path)
                .map_err(|error| SecretError::Unreadable { path: path.clone(), error })?
        }
        Place::SecretsManager { id, json_key } => {
            let aws = AwsContext::load(&settings.aws.region).await;
            return Ok(aws.secret(id, json_key).await?);
        }
    };
    match value.trim() {
        "" => Err(SecretError::Empty),
        value => Ok(SecretString::from(value)),
    }
}

/// Warns of a file that others on this machine can read. Where containers mount secrets it cannot always be helped, so
/// it is no error.
fn warn_if_open(key: SecretKey, path: &Path) {
    use std::os::unix::fs::PermissionsExt as _;
    const GROUP_OR_WORLD_READS: u32 = 0o044;
    let Ok(about) = std::fs::metadata(path) else { return };
    let mode = about.permissions().mode() & 0o777;
    if mode & GROUP_OR_WORLD_READS == 0 {
        return;
    }
    if WARNED.lock().unwrap_or_else(PoisonError::into_inner).insert(path.to_owned()) {
        let (key, path) = (key.path(), path.display());
        tracing::warn!(key, %path, mode = format!("{mode:o}"), "others can read this secret: `chmod 600` the file");
    }
}
