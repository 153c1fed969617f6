//! What can go wrong with the run store, and what to do about it.

use std::io;

use bestand_model::identifiers::RunId;

/// A failure of the run store. Paths are relative to the store's folder.
#[derive(Debug, thiserror::Error)]
pub enum RunStoreError {
    /// The address in the settings names neither a local folder nor a bucket.
    #[error("run store `{url}`: {reason}")]
    Url {
        /// The address.
        url: String,
        /// What is wrong with it.
        reason: String,
    },
    /// Another run is at work.
    #[error("run store is in use by {holder}: wait until that run has ended")]
    Locked {
        /// The other run's id and process.
        holder: String,
    },
    /// The store was given to another environment.
    #[error(
        "run store belongs to environment `{store}`, not to `{asked}`: correct `run_store.url` or `environment`"
    )]
    ForeignEnvironment {
        /// Whose it is.
        store: String,
        /// Whose the caller took it for.
        asked: String,
    },
    /// A newer bestand wrote the store.
    #[error(
        "run store has schema version {found}, this version of bestand knows {known}: use the newer version"
    )]
    NewerSchema {
        /// The store's.
        found: u32,
        /// The newest that is understood.
        known: u32,
    },
    /// A run with this id exists already.
    #[error("run `{run_id}` exists already: choose another `--run-id`")]
    RunExists {
        /// The id.
        run_id: RunId,
    },
    /// There is no such run.
    #[error("there is no run `{run_id}` in the run store")]
    NoSuchRun {
        /// The id.
        run_id: RunId,
    },
    /// A name that could leave its folder, or that no file system takes.
    #[error("`{name}` cannot name a file of the run store: {reason}")]
    UnsafeName {
        /// The name.
        name: String,
        /// Which rule it breaks.
        reason: String,
    },
    /// A file that should be there is not.
    #[error("run store has no `{path}`: the run that should have written it did not get that far")]
    Missing {
        /// The file.
        path: String,
    },
    /// A file's content makes no sense.
    #[error("run store file `{path}`{} is damaged ({reason}): restore it from a backup, or start a new run", at_line(*.line))]
    Damaged {
        /// The file.
        path: String,
        /// The line, from 1, where the file has lines.
        line: Option<u64>,
        /// What is wrong.
        reason: String,
    },
    /// There is no room left.
    #[error(
        "no space left in the run store while writing `{path}`: free some, or move the store, and run again"
    )]
    DiskFull {
        /// The file that found no room.
        path: String,
        /// The system's error.
        #[source]
        source: io::Error,
    },
    /// The system refused.
    #[error("cannot {action} `{path}` in the run store{}", advice(.source))]
    Io {
        /// What was tried, such as `write`.
        action: &'static str,
        /// On which file or folder.
        path: String,
        /// The system's error.
        #[source]
        source: io::Error,
    },
    /// S3 refused, or could not be reached.
    #[error("cannot {action} {place}{advice}")]
    Remote {
        /// What was tried, such as `write`.
        action: &'static str,
        /// On which object.
        place: String,
        /// What to do.
        advice: &'static str,
        /// What S3 said.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The place does not keep what the store rests on.
    #[error("the run store cannot lie there: {what}")]
    Unsuited {
        /// What is missing.
        what: String,
    },
    /// Another run has taken the store since, or may have.
    #[error(
        "the lease of the run store was lost: this process was paused, or could not renew it, and another run may be at work"
    )]
    LeaseLost,
    /// A value cannot be written as JSON.
    #[error("cannot write a value to `{path}` as JSON")]
    Encode {
        /// The file.
        path: String,
        /// Why.
        #[source]
        source: serde_json::Error,
    },
}

impl RunStoreError {
    /// Sorts a system error: a full disk is its own case, since its remedy is.
    pub(crate) fn io(action: &'static str, path: &str, source: io::Error) -> Self {
        let path = path.to_owned();
        match source.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::DiskFull { path, source },
            _ => Self::Io { action, path, source },
        }
    }
}

fn at_line(line: Option<u64>) -> String {
    line.map_or_else(String::new, |line| format!(", line {line},"))
}

fn advice(source: &io::Error) -> &'static str {
    match source.kind() {
        io::ErrorKind::PermissionDenied => ": give the user that runs bestand write access to it",
        io::ErrorKind::ReadOnlyFilesystem => ": its file system is read-only, mount it writable",
        io::ErrorKind::NotADirectory | io::ErrorKind::AlreadyExists => {
            ": a file stands where a folder belongs, remove it or correct `run_store.url`"
        }
        _ => "",
    }
}
