//! One run's directory: the contract between phases, machines and readers.

use std::io::{BufRead, BufReader, Read};
use std::sync::Arc;

use bestand_model::identifiers::RunId;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::root::{FileWriter, Root};
use super::spool::{self, Spool, SpoolWriter};
use super::{PartitionedSpool, RunStoreError, SpoolReader, name};

const INTENTS_FOLDER: &str = "intents";
const RECEIPTS_FOLDER: &str = "receipts";

/// The directory of one run.
#[derive(Clone, Debug)]
pub struct RunDirectory {
    root: Arc<Root>,
    run_id: RunId,
    key: String,
}

impl RunDirectory {
    pub(super) fn new(root: Arc<Root>, run_id: RunId, key: String) -> Self {
        Self { root, run_id, key }
    }

    /// Tells where one of its files is, such as `report.html`: a path, or an `s3://` address.
    pub fn place(&self, name: &str) -> String {
        self.root.files().place(&format!("{}/{name}", self.key))
    }

    /// Gives the run's id.
    pub fn run_id(&self) -> &RunId {
        &self.run_id
    }

    /// Opens the directory of another run of the same store.
    ///
    /// # Errors
    /// There is no such run.
    pub fn of_run(&self, run_id: &RunId) -> Result<Self, RunStoreError> {
        Self::open(&self.root, run_id)
    }

    /// Opens the directory of a run that there is.
    pub(super) fn open(root: &Arc<Root>, run_id: &RunId) -> Result<Self, RunStoreError> {
        let key = super::run_key(run_id)?;
        if !root.files().is_folder(&key)? {
            return Err(RunStoreError::NoSuchRun { run_id: run_id.clone() });
        }
        Ok(Self::new(Arc::clone(root), run_id.clone(), key))
    }

    /// Begins a file of a spool, `<name>.ndjson.zst`.
    ///
    /// # Errors
    /// The name is unsafe, or the file cannot be made.
    pub fn spool<T: Serialize>(&self, spool: Spool, name: &str) -> Result<SpoolWriter<T>, RunStoreError> {
        SpoolWriter::compressed(self.root.create(&self.spool_key(spool, name)?)?, spool.durability())
    }

    /// Begins many files of a spool at once.
    ///
    /// # Errors
    /// The folder cannot be made.
    pub fn partitioned<T: Serialize>(&self, spool: Spool) -> Result<PartitionedSpool<T>, RunStoreError> {
        PartitionedSpool::new(Arc::clone(&self.root), format!("{}/{}", self.key, spool.folder()), spool)
    }

    /// Reads a file of a spool, line by line.
    ///
    /// # Errors
    /// [`RunStoreError::Missing`] if there is none; see [`Self::exists`].
    pub fn read<T: DeserializeOwned>(
        &self,
        spool: Spool,
        name: &str,
    ) -> Result<SpoolReader<T>, RunStoreError> {
        let key = self.spool_key(spool, name)?;
        let failed = |error| RunStoreError::io("read", &key, error);
        let mut file = BufReader::new(self.root.files().open(&key)?);
        // Even a file without lines has a frame.
        if file.fill_buf().map_err(failed)?.is_empty() {
            return Err(RunStoreError::Damaged {
                path: key,
                line: None,
                reason: "the file is empty".to_owned(),
            });
        }
        let decoder = zstd::Decoder::with_buffer(file).map_err(failed)?;
        let lines = BufReader::with_capacity(64 << 10, decoder);
        Ok(SpoolReader::over(key, Box::new(lines)))
    }

    /// Reads the lines of a spool's file in which a text stands, as a value or as part of one.
    ///
    /// # Errors
    /// [`RunStoreError::Missing`] if there is none; see [`Self::exists`].
    pub fn read_with<T: DeserializeOwned>(
        &self,
        spool: Spool,
        name: &str,
        text: &str,
    ) -> Result<SpoolReader<T>, RunStoreError> {
        Ok(self.read(spool, name)?.with(text))
    }

    /// Lists the finished files of a spool, sorted.
    ///
    /// # Errors
    /// The folder cannot be read.
    pub fn names(&self, spool: Spool) -> Result<Vec<String>, RunStoreError> {
        self.root.files().files(&format!("{}/{}", self.key, spool.folder()), spool::ENDING)
    }

    /// Tells whether a spool has a finished file of the name.
    ///
    /// # Errors
    /// The name is unsafe, or the folder cannot be read.
    pub fn exists(&self, spool: Spool, name: &str) -> Result<bool, RunStoreError> {
        self.root.files().exists(&self.spool_key(spool, name)?)
    }

    /// Begins a plain file of lines such as `coverage`, written as `<name>.ndjson`.
    ///
    /// # Errors
    /// The name is unsafe, or the file cannot be made.
    pub fn ndjson<T: Serialize>(&self, name: &str) -> Result<SpoolWriter<T>, RunStoreError> {
        Ok(SpoolWriter::plain(self.root.create(&self.top_key(name, ".ndjson")?)?))
    }

    /// Reads a plain file of lines.
    ///
    /// # Errors
    /// [`RunStoreError::Missing`] if there is none.
    pub fn read_ndjson<T: DeserializeOwned>(&self, name: &str) -> Result<SpoolReader<T>, RunStoreError> {
        let key = self.top_key(name, ".ndjson")?;
        let file = BufReader::new(self.root.files().open(&key)?);
        Ok(SpoolReader::over(key, Box::new(file)))
    }

    /// Writes `<name>.json` such as `run` or `plan`, durably; an old one is replaced whole.
    ///
    /// # Errors
    /// The file cannot be written; an old one then stays.
    pub fn write_json<T: Serialize>(&self, name: &str, value: &T) -> Result<(), RunStoreError> {
        self.root.write_json(&self.top_key(name, ".json")?, value)
    }

    /// Reads `<name>.json`; none if there is none.
    ///
    /// # Errors
    /// The file cannot be read or makes no sense.
    pub fn read_json<T: DeserializeOwned>(&self, name: &str) -> Result<Option<T>, RunStoreError> {
        self.root.read_json(&self.top_key(name, ".json")?)
    }

    /// Begins a file of any content under its full name, such as `report.html`.
    ///
    /// # Errors
    /// The name is unsafe, or the file cannot be made.
    pub fn write_bytes(&self, name: &str) -> Result<FileWriter, RunStoreError> {
        self.root.create(&self.top_key(name, "")?)
    }

    /// Lists all its files by their paths, sorted, with their sizes in bytes. What bestand cannot have written, by its
    /// name, is left out.
    ///
    /// # Errors
    /// The folder cannot be read.
    pub fn files(&self) -> Result<Vec<(String, u64)>, RunStoreError> {
        let mut files = self.root.files().tree(&self.key)?;
        files.retain(|(path, _)| name::check_path(path).is_ok());
        Ok(files)
    }

    /// Opens one of its files by its path, as it lies there.
    ///
    /// # Errors
    /// [`RunStoreError::Missing`] if there is none.
    pub fn open_file(&self, path: &str) -> Result<Box<dyn Read + Send>, RunStoreError> {
        name::check_path(path)?;
        self.root.files().open(&format!("{}/{path}", self.key))
    }

    /// Writes what is about to be sent, durably.
    ///
    /// # Errors
    /// The file cannot be written; nothing may be sent then.
    pub fn write_intent<T: Serialize>(&self, batch: &str, intent: &T) -> Result<(), RunStoreError> {
        self.root.write_json(&self.document_key(INTENTS_FOLDER, batch)?, intent)
    }

    /// Reads what was about to be sent; none if it never got that far.
    ///
    /// # Errors
    /// The file cannot be read or makes no sense.
    pub fn read_intent<T: DeserializeOwned>(&self, batch: &str) -> Result<Option<T>, RunStoreError> {
        self.root.read_json(&self.document_key(INTENTS_FOLDER, batch)?)
    }

    /// Lists the batches that have an intent, sorted.
    ///
    /// # Errors
    /// The folder cannot be read.
    pub fn intents(&self) -> Result<Vec<String>, RunStoreError> {
        self.root.files().files(&format!("{}/{INTENTS_FOLDER}", self.key), ".json")
    }

    /// Writes what became of a batch, durably; an old receipt is replaced whole.
    ///
    /// # Errors
    /// The file cannot be written; the batch then counts as open.
    pub fn write_receipt<T: Serialize>(&self, batch: &str, receipt: &T) -> Result<(), RunStoreError> {
        self.root.write_json(&self.document_key(RECEIPTS_FOLDER, batch)?, receipt)
    }

    /// Reads what became of a batch; none if that is not known yet.
    ///
    /// # Errors
    /// The file cannot be read or makes no sense.
    pub fn read_receipt<T: DeserializeOwned>(&self, batch: &str) -> Result<Option<T>, RunStoreError> {
        self.root.read_json(&self.document_key(RECEIPTS_FOLDER, batch)?)
    }

    /// Lists the batches that have a receipt, sorted.
    ///
    /// # Errors
    /// The folder cannot be read.
    pub fn receipts(&self) -> Result<Vec<String>, RunStoreError> {
        self.root.files().files(&format!("{}/{RECEIPTS_FOLDER}", self.key), ".json")
    }

    fn spool_key(&self, spool: Spool, name: &str) -> Result<String, RunStoreError> {
        name::check(name)?;
        Ok(format!("{}/{}/{name}{}", self.key, spool.folder(), spool::ENDING))
    }

    fn top_key(&self, name: &str, ending: &str) -> Result<String, RunStoreError> {
        name::check(name)?;
        Ok(format!("{}/{name}{ending}", self.key))
    }

    fn document_key(&self, folder: &str, batch: &str) -> Result<String, RunStoreError> {
        name::check(batch)?;
        Ok(format!("{}/{folder}/{batch}.json", self.key))
    }
}
