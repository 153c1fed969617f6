//! The run store: one folder, or one prefix of an S3 bucket, that holds every run's directory, the history between
//! runs, and the name of the environment that it belongs to.
//!
//! Nothing is ever visible half-written: files get their names when they are whole. Where a later decision rests on a
//! file (plans, intents, receipts, history), it is on the disk, folder entry included, or acknowledged by S3, before
//! the call returns. Nothing is written by a process that lost the store's lease, but for a request to S3 that was under way
//! when the process was paused: what it says was true then, and is told again by whoever took the lease.

use std::io::BufReader;
use std::path::Path;
use std::sync::Arc;

use bestand_model::identifiers::RunId;
use bestand_model::plan::SCHEMA_VERSION;
use jiff::Timestamp;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

mod bucket;
mod disk;
mod error;
mod files;
mod history_spool;
mod lease;
mod lines;
mod location;
mod name;
mod partitioned;
mod root;
mod run_directory;
mod sealed;
mod spool;
mod tenure;

use bucket::Bucket;
pub use bucket::{BucketOptions, Encryption};
use disk::Disk;
pub use error::RunStoreError;
pub use lease::{Lease, LeaseTerms};
pub use lines::SpoolReader;
use location::Location;
pub use partitioned::PartitionedSpool;
pub use root::FileWriter;
use root::Root;
pub use run_directory::RunDirectory;
pub use spool::{Spool, SpoolWriter};
pub use tenure::Tenure;

const ENVIRONMENT_FILE: &str = "environment.json";
const RUNS_FOLDER: &str = "runs";
const HISTORY_FOLDER: &str = "history";
const INDEX_FILE: &str = "index.html";
const PROBE_FILE: &str = "probe";

pub(crate) use name::check_path;

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

/// A run store, on a disk or in a bucket.
#[derive(Clone, Debug)]
pub struct RunStore {
    // The only way to the files: keys relative to the store.
    root: Arc<Root>,
}

impl RunStore {
    /// Opens the store at `file:relative` (to `base`) or `file:///absolute`. Nothing is read or made yet.
    ///
    /// # Errors
    /// The address names no local folder.
    pub fn open(url: &str, base: &Path) -> Result<Self, RunStoreError> {
        match location::read(url, base)? {
            Location::Folder(folder) => Ok(Self::over(Disk::new(folder))),
            Location::Bucket(address) => Err(RunStoreError::Url {
                url: address.url(),
                reason: "a bucket needs AWS credentials, a folder is wanted here".to_owned(),
            }),
        }
    }

    /// Opens the store at `s3://bucket/prefix`. Nothing is asked for yet.
    ///
    /// # Errors
    /// The address names no bucket, the options make no client, or files cannot be staged on the local disk.
    pub fn open_bucket(url: &str, options: BucketOptions) -> Result<Self, RunStoreError> {
        match location::read(url, Path::new(""))? {
            Location::Bucket(address) => Ok(Self::over(Bucket::new(address, options)?)),
            Location::Folder(_) => Err(RunStoreError::Url {
                url: url.to_owned(),
                reason: "a bucket's address begins with `s3://`".to_owned(),
            }),
        }
    }

    /// Tells whether an address names a bucket, which takes credentials to open.
    pub fn is_bucket(url: &str) -> bool {
        location::is_bucket(url)
    }

    fn over(files: impl files::Files + 'static) -> Self {
        Self { root: Arc::new(Root::new(Box::new(files))) }
    }

    /// Tells which environment the store belongs to; none if it was never given to one.
    ///
    /// # Errors
    /// The file cannot be read, or comes from a newer version of bestand.
    pub fn environment(&self) -> Result<Option<StoreEnvironment>, RunStoreError> {
        let Some(found) = self.root.read_json::<StoreEnvironment>(ENVIRONMENT_FILE)? else {
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
        self.root.write_json(ENVIRONMENT_FILE, &made)?;
        Ok(made)
    }

    /// Tells whether the store can be written to: makes a file beside all others, and takes it away again. It takes no
    /// lease: a run at work is not disturbed.
    ///
    /// # Errors
    /// It cannot.
    pub fn check_writable(&self) -> Result<(), RunStoreError> {
        self.root.files().probe(&format!("{PROBE_FILE}-{}", std::process::id()))
    }

    /// Takes the store for one run (promise 8), once per opened store. It is given back when the lease is dropped. If
    /// the process dies, it is free at once on a disk, and when the lease's time is up in a bucket.
    ///
    /// # Errors
    /// [`RunStoreError::Locked`] while another run holds it.
    pub fn lease(&self, terms: LeaseTerms) -> Result<Lease, RunStoreError> {
        lease::take(&self.root, terms)
    }

    /// Makes a new run's directory.
    ///
    /// # Errors
    /// There is such a run already, or its id is no safe folder name.
    pub fn create_run(&self, run_id: &RunId) -> Result<RunDirectory, RunStoreError> {
        let key = run_key(run_id)?;
        self.root.files().ensure_folder(RUNS_FOLDER)?;
        if !self.root.create_folder(&key)? {
            return Err(RunStoreError::RunExists { run_id: run_id.clone() });
        }
        Ok(RunDirectory::new(Arc::clone(&self.root), run_id.clone(), key))
    }

    /// Opens an earlier run's directory.
    ///
    /// # Errors
    /// There is no such run.
    pub fn run(&self, run_id: &RunId) -> Result<RunDirectory, RunStoreError> {
        RunDirectory::open(&self.root, run_id)
    }

    /// Begins the page that lists the store's runs, `index.html` beside them; an old one is replaced whole.
    ///
    /// # Errors
    /// The file cannot be made.
    pub fn write_index(&self) -> Result<FileWriter, RunStoreError> {
        self.root.create(INDEX_FILE)
    }

    /// Lists all runs, sorted by id; ids that bestand makes sort by time.
    ///
    /// # Errors
    /// The folder cannot be read.
    pub fn runs(&self) -> Result<Vec<RunId>, RunStoreError> {
        let folders = self.root.files().folders(RUNS_FOLDER)?;
        Ok(folders.into_iter().filter_map(|name| RunId::checked(&name).ok()).collect())
    }

    /// Reads what earlier runs left under a name such as `accounts/111111111111`, `types` or `source`.
    ///
    /// # Errors
    /// The file is there but cannot be read: history that is damaged is never taken for none.
    pub fn read_history<T: DeserializeOwned>(&self, name: &str) -> Result<Option<T>, RunStoreError> {
        self.root.read_json(&history_key(name, "json")?)
    }

    /// Replaces what is kept under a name, durably.
    ///
    /// # Errors
    /// The file cannot be written; the old one then stays as it was.
    pub fn write_history<T: Serialize>(&self, name: &str, value: &T) -> Result<(), RunStoreError> {
        self.root.write_json(&history_key(name, "json")?, value)
    }

    /// Adds one line to a growing file of the history such as `runs`, durably.
    ///
    /// # Errors
    /// The line cannot be written; it is then not there at all.
    pub fn append_history<T: Serialize>(&self, name: &str, value: &T) -> Result<(), RunStoreError> {
        let key = history_key(name, "ndjson")?;
        let mut line = Vec::new();
        lines::encode(&key, value, &mut line)?;
        self.root.append_line(&key, &line)
    }

    /// Reads a growing file of the history, the oldest line first; empty if there is none yet.
    ///
    /// # Errors
    /// The file cannot be read or holds a line that makes no sense. What a killed run left of a last line is
    /// no error: it was never acknowledged.
    pub fn read_history_lines<T: DeserializeOwned>(&self, name: &str) -> Result<Vec<T>, RunStoreError> {
        self.history_lines(name)?.into_iter().flatten().collect()
    }

    /// Reads a growing file of the history one line at a time, as [`Self::read_history_lines`] does; none if there is
    /// no such file yet.
    ///
    /// # Errors
    /// The file cannot be opened.
    pub fn history_lines<T: DeserializeOwned>(
        &self,
        name: &str,
    ) -> Result<Option<SpoolReader<T>>, RunStoreError> {
        let key = history_key(name, "ndjson")?;
        match self.root.files().open(&key) {
            Ok(file) => {
                let lines = BufReader::with_capacity(64 << 10, file);
                Ok(Some(SpoolReader::over(key, Box::new(lines)).without_torn_end()))
            }
            Err(RunStoreError::Missing { .. }) => Ok(None),
            Err(error) => Err(error),
        }
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

#[cfg(test)]
mod tests;
