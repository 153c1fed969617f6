//! What ends a command early: the cause, the exit status, and what to do next.

use bestand_collector::accounts::DirectoryError;
use bestand_collector::collector::SinkError;
use bestand_collector::credentials::CredentialsError;
use bestand_collector::database_token::DatabaseTokenError;
use bestand_collector::source_register::SourceRegisterError;
use bestand_publisher::central_register::RegisterError;
use bestand_publisher::run_store::RunStoreError;

use crate::exit_status::ExitStatus;
use crate::secrets::SecretError;
use crate::settings::{SecretKey, SettingsError};

/// Why a command ended early.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error(transparent)]
    Settings(#[from] SettingsError),
    #[error("{0}")]
    Usage(String),
    #[error("cannot get the secret {}", key.path())]
    Secret { key: SecretKey, source: SecretError },
    #[error(transparent)]
    Credentials(#[from] CredentialsError),
    #[error(transparent)]
    Directory(#[from] DirectoryError),
    #[error("none of {accounts} accounts could be read; the first: {first}")]
    NoAccountReadable { accounts: usize, first: String },
    #[error(transparent)]
    SourceRegister(SourceRegisterError),
    #[error(
        "the source register has {rows} rows, the last good read had {before}: less than the share of {min_share} that is believed"
    )]
    SourceShrunken { rows: u64, before: u64, min_share: f64 },
    #[error(transparent)]
    CentralRegister(#[from] RegisterError),
    #[error("{0}")]
    Environment(String),
    #[error(transparent)]
    RunStore(#[from] RunStoreError),
    #[error("{0}")]
    Plan(String),
    #[error("{0}")]
    NoSuchKey(String),
    #[error("{0}")]
    AmbiguousKey(String),
    #[error("{0}")]
    Refused(String),
    #[error("interrupted")]
    Interrupted,
    #[error("terminated")]
    Terminated,
    #[error("unexpected: {0}")]
    Unexpected(String),
}

impl Error {
    /// Gives the exit status.
    pub(crate) fn exit_status(&self) -> ExitStatus {
        match self {
            Self::Settings(_)
            | Self::Usage(_)
            | Self::NoSuchKey(_)
            | Self::AmbiguousKey(_)
            | Self::Directory(DirectoryError::NoSuchUnits(_))
            | Self::CentralRegister(RegisterError::Setup(_)) => ExitStatus::Usage,
            Self::Secret { source, .. } if source.is_of_settings() => ExitStatus::Usage,
            // Without its secret a register is as unreadable as without itself.
            Self::Secret { key: SecretKey::SourcePassword | SecretKey::SourceRoots, .. } => {
                ExitStatus::SourceRegister
            }
            Self::Secret {
                key:
                    SecretKey::ApiKey
                    | SecretKey::BearerFile
                    | SecretKey::ClientSecret
                    | SecretKey::CertificateKey
                    | SecretKey::CentralRoots,
                ..
            } => ExitStatus::CentralRegister,
            Self::Credentials(_) | Self::Directory(_) | Self::NoAccountReadable { .. } => {
                ExitStatus::NoAccount
            }
            Self::SourceRegister(_) | Self::SourceShrunken { .. } => ExitStatus::SourceRegister,
            Self::RunStore(RunStoreError::LeaseLost) | Self::CentralRegister(RegisterError::NoLease) => {
                ExitStatus::LeaseLost
            }
            Self::CentralRegister(_) => ExitStatus::CentralRegister,
            Self::Environment(_) | Self::RunStore(RunStoreError::ForeignEnvironment { .. }) => {
                ExitStatus::Environment
            }
            Self::RunStore(RunStoreError::Locked { .. }) => ExitStatus::Locked,
            Self::RunStore(
                RunStoreError::NoSuchRun { .. } | RunStoreError::RunExists { .. } | RunStoreError::Url { .. },
            ) => ExitStatus::Usage,
            Self::RunStore(_) => ExitStatus::RunStore,
            Self::Plan(_) => ExitStatus::Plan,
            Self::Refused(_) => ExitStatus::Refused,
            Self::Interrupted => ExitStatus::Interrupted,
            Self::Terminated => ExitStatus::Terminated,
            Self::Unexpected(_) => ExitStatus::Unexpected,
        }
    }

    /// Says what to do.
    pub(crate) fn next_step(&self) -> &'static str {
        match self {
            Self::Settings(_) => "mend the settings, then `bestand settings --check`",
            Self::Usage(_) => "see `bestand --help`",
            Self::NoSuchKey(_) => {
                "copy the ARN, asset id, asset key or finding id from the run's report.html, letter by letter, and ask `bestand explain RUN KEY` again"
            }
            Self::AmbiguousKey(_) => {
                "ask `bestand explain RUN KEY` again with the ARN or the asset key of the one that you mean"
            }
            Self::Secret { source, .. } => source.next_step(),
            Self::CentralRegister(RegisterError::Setup(_)) => {
                "mend [central_register] in the settings, then `bestand settings --check` and `bestand doctor`"
            }
            Self::CentralRegister(RegisterError::TokenFile { .. }) => {
                "see that whoever renews the file of [central_register] auth is at work, then `bestand doctor`, then run again"
            }
            Self::Credentials(_)
            | Self::SourceRegister(SourceRegisterError::NoToken {
                source: DatabaseTokenError::NoCredentials(_),
                ..
            }) => {
                "give the job credentials (AWS_PROFILE, keys, or the task's role), then `bestand doctor`, then run again"
            }
            Self::Directory(DirectoryError::NoSuchUnits(_)) => {
                "mend [accounts] organizational_units: name units that exist, by id or by path from the root down; `bestand doctor` tells whether they do"
            }
            Self::Directory(_) => {
                "let the job's role call organizations:ListAccounts (and what [accounts] organizational_units and tags need: ListRoots, ListOrganizationalUnitsForParent, ListAccountsForParent, ListTagsForResource) from the management account or a delegated administrator, or list the accounts in [accounts]; `bestand doctor` tells whether it may"
            }
            Self::NoAccountReadable { .. } => {
                "check the role's name, its trust policy and the external id in [accounts] role; `bestand doctor` tells of each account why, and what mends it"
            }
            Self::SourceRegister(_) => {
                "mend [source_register] or the register itself until `bestand doctor` can read it, then run again: without it nothing is concluded"
            }
            Self::SourceShrunken { .. } => {
                "find out where the rows went; if they are rightly gone, lower [source_register] min_source_share for one `bestand run`"
            }
            Self::RunStore(RunStoreError::LeaseLost) | Self::CentralRegister(RegisterError::NoLease) => {
                "see whether another run is at work; if it was this plan's publication, finish it with `bestand publish RUN`, else run again"
            }
            Self::CentralRegister(_) => {
                "check [central_register] and whether the register is up (one that asks for a client certificate may end the connection of whoever shows none, or another's); `bestand doctor` tells whether it answers, then run again"
            }
            Self::Environment(_) | Self::RunStore(RunStoreError::ForeignEnvironment { .. }) => {
                "make `environment` in the settings, the run store (`bestand settings --init-store`) and the central register agree: nothing was changed"
            }
            Self::RunStore(RunStoreError::Locked { .. }) => {
                "wait until the other run has ended, then run again; until then `bestand doctor` and `bestand explain` may be asked"
            }
            Self::RunStore(RunStoreError::Unsuited { .. }) => {
                "put the run store into an S3 bucket or a service that knows If-Match and If-None-Match, then `bestand doctor`"
            }
            Self::RunStore(RunStoreError::NoSuchRun { .. }) => {
                "name a folder below runs/ of the run store, or make a new run: `bestand plan`"
            }
            Self::RunStore(RunStoreError::RunExists { .. }) => {
                "leave --run-id out: `bestand run` and `bestand plan` make a new one"
            }
            Self::RunStore(RunStoreError::Url { .. }) => {
                "mend [run_store] url, then `bestand settings --check`"
            }
            Self::RunStore(RunStoreError::NewerSchema { .. }) => {
                "use the newer bestand that wrote it; `bestand --version` tells which this is"
            }
            Self::RunStore(_) => {
                "mend the run store (space, permissions), then `bestand doctor`, then run again"
            }
            Self::Plan(_) => "make a new plan with `bestand plan`",
            Self::Refused(_) => {
                "look at the plan; if it is right, `bestand publish RUN --accept-gate CODE --because TEXT`"
            }
            Self::Interrupted | Self::Terminated => {
                "run again; a publication that was interrupted is finished by `bestand publish RUN`"
            }
            Self::Unexpected(_) => "please report this with the log and what `bestand --version` says",
        }
    }
}

impl From<SourceRegisterError> for Error {
    /// A spool that could not be written is the run store's failure, not the source register's.
    fn from(error: SourceRegisterError) -> Self {
        match error {
            SourceRegisterError::Sink(sink) => match sink.0.downcast::<RunStoreError>() {
                Ok(error) => Self::RunStore(*error),
                Err(error) => Self::Unexpected(error.to_string()),
            },
            other => Self::SourceRegister(other),
        }
    }
}

impl From<SinkError> for Error {
    fn from(error: SinkError) -> Self {
        match error.0.downcast::<RunStoreError>() {
            Ok(error) => Self::RunStore(*error),
            Err(error) => Self::Unexpected(error.to_string()),
        }
    }
}

/// Writes an error with its causes in one line: each layer says only what it knows.
pub(crate) fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        if !text.ends_with(&cause_text) {
            text.push_str(": ");
            text.push_str(&cause_text);
        }
        source = cause.source();
    }
    text
}

#[cfg(test)]
mod tests;
