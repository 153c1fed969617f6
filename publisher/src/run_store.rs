//! The run store: one folder that holds every run's directory, the history between runs, and the name of the
//! environment that it belongs to.
//!
//! Nothing is ever visible half-written: files are written beside their place and renamed into it. Where a
//! later decision rests on a file (plans, intents, receipts, history), it is on the disk, folder entry
//! included, before the call returns.

use std::path::Path;
use std::sync::Arc;

use bestand_model::identifiers::RunId;
use bestand_model::plan::SCHEMA_VERSION;
use jiff::Timestamp;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

mod disk;
mod error;
mod history_spool;
mod lines;
mod location;
mod lock;
mod name;
mod partitioned;
mod run_directory;
mod spool;

use disk::Disk;
pub use disk::FileWriter;
pub use error::RunStoreError;
pub use lines::SpoolReader;
pub use lock::RunLock;
pub use partitioned::PartitionedSpool;
pub use run_directory::RunDirectory;
pub use spool::{Spool, SpoolWriter};

const ENVIRONMENT_FILE: &str = "environment.json";
const RUNS_FOLDER: &str = "runs";
const HISTORY_FOLDER: &str = "history";
const PROBE_FILE: &str = "probe";

/// `environment.json`: which environment a store belongs to (SEMANTICS 3.9).
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct StoreEnvironment {
    /// Such as `staging` or `production`.
    pub environment: String,
    /// When the store was given to it.
    pub created_at: Timestamp,
    /// The version of the store's files.
    pub schema_version: u32,
}

/// A run store on the local disk.
#[derive(Clone, Debug)]
pub struct RunStore {
    // The only way to the files: keys relative to the root, as an object store has them too.
    disk: Arc<Disk>,
}

impl RunStore {
    /// Opens the store at `file:relative` (to `base`) or `file:///absolute`. Nothing is read or made yet.
    ///
    /// # Errors
    /// The address names no local folder.
    pub fn open(url: &str, base: &Path) -> Result<Self, RunStoreError> {
        Ok(Self { disk: Arc::new(Disk::new(location::folder(url, base)?)) })
    }

    /// Gives the folder.
    pub fn root(&self) -> &Path {
        self.disk.root()
    }

    /// Tells which environment the store belongs to; none if it was never given to one.
    ///
    /// # Errors
    /// The file cannot be read, or comes from a newer version of bestand.
    pub fn environment(&self) -> Result<Option<StoreEnvironment>, RunStoreError> {
        let Some(found) = self.disk.read_json::<StoreEnvironment>(ENVIRONMENT_FILE)? else {
            return Ok(None);
        };
        if found.schema_version > SCHEMA_VERSION {
            return Err(RunStoreError::NewerSchema { found: found.schema_version, known: SCHEMA_VERSION });
        }
        Ok(Some(found))
    }

    /// Gives the store to an environment, for good. The same environment again changes nothing.
    ///
    /// # Errors
    /// The store belongs to another environment, or cannot be written.
    pub fn init(&self, environment: &str, now: Timestamp) -> Result<StoreEnvironment, RunStoreError> {
        if let Some(found) = self.environment()? {
            return if found.environment == environment {
                Ok(found)
            } else {
                Err(RunStoreError::ForeignEnvironment {
                    store: found.environment,
                    asked: environment.to_owned(),
                })
            };
        }
        let made = StoreEnvironment {
            environment: environment.to_owned(),
            created_at: now,
            schema_version: SCHEMA_VERSION,
        };
        self.disk.write_json(ENVIRONMENT_FILE, &made)?;
        Ok(made)
    }

    /// Tells whether the store can be written to: makes the folder and a file beside all others, and takes the file
    /// away again. It takes no lock: a run at work is not disturbed.
    ///
    /// # Errors
    /// It cannot.
    pub fn check_writable(&self) -> Result<(), RunStoreError> {
        let key = format!("{PROBE_FILE}-{}", std::process::id());
        let mut probe = self.disk.create(&key)?;
        // A writer that is not kept leaves nothing behind.
        std::io::Write::write_all(&mut probe, b"bestand doctor").map_err(|error| probe.failed(error))
    }

    /// Takes the store for one run (promise 8). It is given back when the lock is dropped, and by the system
    /// when the process dies.
    ///
    /// # Errors
    /// [`RunStoreError::Locked`] while another run holds it.
    pub fn lock(&self, run_id: &RunId) -> Result<RunLock, RunStoreError> {
        lock::take(&self.disk, run_id)
    }

    /// Makes a new run's directory.
    ///
    /// # Errors
    /// There is such a run already, or its id is no safe folder name.
    pub fn create_run(&self, run_id: &RunId) -> Result<RunDirectory, RunStoreError> {
        let key = run_key(run_id)?;
        self.disk.ensure_folder(RUNS_FOLDER)?;
        if !self.disk.create_folder(&key)? {
            return Err(RunStoreError::RunExists { run_id: run_id.clone() });
        }
        Ok(RunDirectory::new(Arc::clone(&self.disk), run_id.clone(), key))
    }

    /// Opens an earlier run's directory.
    ///
    /// # Errors
    /// There is no such run.
    pub fn run(&self, run_id: &RunId) -> Result<RunDirectory, RunStoreError> {
        let key = run_key(run_id)?;
        if !self.disk.is_folder(&key) {
            return Err(RunStoreError::NoSuchRun { run_id: run_id.clone() });
        }
        Ok(RunDirectory::new(Arc::clone(&self.disk), run_id.clone(), key))
    }

    /// Lists all runs, sorted by id; ids that bestand makes sort by time.
    ///
    /// # Errors
    /// The folder cannot be read.
    pub fn runs(&self) -> Result<Vec<RunId>, RunStoreError> {
        let folders = self.disk.folders(RUNS_FOLDER)?;
        Ok(folders.into_iter().filter_map(|name| RunId::checked(&name).ok()).collect())
    }

    /// Reads what earlier runs left under a name such as `accounts/111111111111`, `types` or `source`.
    ///
    /// # Errors
    /// The file is there but cannot be read: history that is damaged is never taken for none.
    pub fn read_history<T: DeserializeOwned>(&self, name: &str) -> Result<Option<T>, RunStoreError> {
        self.disk.read_json(&history_key(name, "json")?)
    }

    /// Replaces what is kept under a name, durably.
    ///
    /// # Errors
    /// The file cannot be written; the old one then stays as it was.
    pub fn write_history<T: Serialize>(&self, name: &str, value: &T) -> Result<(), RunStoreError> {
        self.disk.write_json(&history_key(name, "json")?, value)
    }

    /// Adds one line to a growing file of the history such as `runs`, durably.
    ///
    /// # Errors
    /// The line cannot be written; it is then not there at all.
    pub fn append_history<T: Serialize>(&self, name: &str, value: &T) -> Result<(), RunStoreError> {
        let key = history_key(name, "ndjson")?;
        let mut line = Vec::new();
        lines::encode(&key, value, &mut line)?;
        self.disk.append_line(&key, &line)
    }

    /// Reads a growing file of the history, the oldest line first; empty if there is none yet.
    ///
    /// # Errors
    /// The file cannot be read or holds a line that makes no sense. What a killed run left of a last line is
    /// no error: it was never acknowledged.
    pub fn read_history_lines<T: DeserializeOwned>(&self, name: &str) -> Result<Vec<T>, RunStoreError> {
        let key = history_key(name, "ndjson")?;
        let bytes = self.disk.read(&key)?.unwrap_or_default();
        let whole = bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
        let reader = std::io::Cursor::new(bytes.get(..whole).unwrap_or_default().to_vec());
        SpoolReader::over(key, Box::new(reader)).collect()
    }
}

fn run_key(run_id: &RunId) -> Result<String, RunStoreError> {
    RunId::checked(run_id.as_str())
        .map_err(|reason| RunStoreError::UnsafeName { name: run_id.to_string(), reason })?;
    Ok(format!("{RUNS_FOLDER}/{run_id}"))
}

fn history_key(name: &str, ending: &str) -> Result<String, RunStoreError> {
    name.split('/').try_for_each(name::check)?;
    Ok(format!("{HISTORY_FOLDER}/{name}.{ending}"))
}
