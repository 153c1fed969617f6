//! The one way to the files: whatever is written passes here, and nothing is once the lease is lost.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::sync::{Arc, OnceLock};

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::RunStoreError;
use super::files::{Durability, Files};
use super::tenure::Tenure;

/// The store's files, and the right to write them.
#[derive(Debug)]
pub(super) struct Root {
    files: Box<dyn Files>,
    /// None as long as this process has not taken the store: `settings --init-store` writes without.
    tenure: OnceLock<Arc<Tenure>>,
}

impl Root {
    pub(super) fn new(files: Box<dyn Files>) -> Self {
        Self { files, tenure: OnceLock::new() }
    }

    /// Gives the files for reading, and for what the lease itself writes.
    pub(super) fn files(&self) -> &dyn Files {
        &*self.files
    }

    /// From here on files are written only while the lease holds. A store is taken once by a process.
    pub(super) fn bind(&self, tenure: Arc<Tenure>) {
        let _ = self.tenure.set(tenure);
    }

    /// A process that was paused and wakes after another one has taken the store writes nothing over what that one
    /// wrote (SEMANTICS 3.7).
    fn check_tenure(&self) -> Result<(), RunStoreError> {
        match self.tenure.get() {
            Some(tenure) if !tenure.holds() => Err(RunStoreError::LeaseLost),
            _ => Ok(()),
        }
    }

    pub(super) fn read_json<T: DeserializeOwned>(&self, key: &str) -> Result<Option<T>, RunStoreError> {
        let Some(bytes) = self.files.read(key)? else {
            return Ok(None);
        };
        serde_json::from_slice(&bytes).map(Some).map_err(|error| RunStoreError::Damaged {
            path: key.to_owned(),
            line: None,
            reason: error.to_string(),
        })
    }

    /// Replaces a file: whole and durable, or not at all.
    pub(super) fn write_json<T: Serialize>(
        self: &Arc<Self>,
        key: &str,
        value: &T,
    ) -> Result<(), RunStoreError> {
        let mut bytes = serde_json::to_vec_pretty(value)
            .map_err(|source| RunStoreError::Encode { path: key.to_owned(), source })?;
        bytes.push(b'\n');
        let mut file = self.create(key)?;
        file.put(&bytes)?;
        file.keep(Durability::OnDisk)
    }

    /// Begins a file that becomes visible when it is kept.
    pub(super) fn create(self: &Arc<Self>, key: &str) -> Result<FileWriter, RunStoreError> {
        let partial = self.files.partial(key)?;
        let file = File::create(partial).map_err(|error| RunStoreError::io("create", key, error))?;
        Ok(FileWriter { root: Arc::clone(self), key: key.to_owned(), file: Some(file) })
    }

    /// Adds to the partial file of a key, and closes it again.
    pub(super) fn append_partial(&self, key: &str, bytes: &[u8]) -> Result<(), RunStoreError> {
        OpenOptions::new()
            .append(true)
            .create(true)
            .open(self.files.partial(key)?)
            .and_then(|mut file| file.write_all(bytes))
            .map_err(|error| RunStoreError::io("write", key, error))
    }

    /// Makes a partial file, grown by [`Self::append_partial`], visible.
    pub(super) fn keep_partial(&self, key: &str, durability: Durability) -> Result<(), RunStoreError> {
        self.check_tenure()?;
        self.files.keep_partial(key, durability)
    }

    /// Adds one line to a file, durably.
    pub(super) fn append_line(&self, key: &str, line: &[u8]) -> Result<(), RunStoreError> {
        self.check_tenure()?;
        self.files.append_line(key, line)
    }

    /// Makes one folder durably; false if it is there already.
    pub(super) fn create_folder(&self, key: &str) -> Result<bool, RunStoreError> {
        self.check_tenure()?;
        self.files.create_folder(key)
    }
}

/// A file that is being written. It gets its name when it is finished; dropped before, it leaves nothing.
#[derive(Debug)]
pub struct FileWriter {
    root: Arc<Root>,
    key: String,
    file: Option<File>,
}

impl FileWriter {
    pub(super) fn key(&self) -> &str {
        &self.key
    }

    fn put(&mut self, bytes: &[u8]) -> Result<(), RunStoreError> {
        self.write_all(bytes).map_err(|error| self.failed(error))
    }

    /// Turns an error of writing to this file into the store's own, so that a full disk is told as such.
    pub fn failed(&self, error: io::Error) -> RunStoreError {
        RunStoreError::io("write", &self.key, error)
    }

    /// Gives the file its name, durably.
    ///
    /// # Errors
    /// The file cannot be brought to its place; nothing then has its name.
    pub fn finish(self) -> Result<(), RunStoreError> {
        self.keep(Durability::OnDisk)
    }

    pub(super) fn keep(mut self, durability: Durability) -> Result<(), RunStoreError> {
        // Closed first: what follows takes the file by its name.
        let Some(file) = self.file.take() else { return Ok(()) };
        drop(file);
        let kept = self.root.keep_partial(&self.key, durability);
        if kept.is_err() {
            self.root.files.drop_partial(&self.key);
        }
        kept
    }
}

impl Write for FileWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match &mut self.file {
            Some(file) => file.write(bytes),
            None => Err(io::ErrorKind::BrokenPipe.into()),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.as_mut().map_or(Ok(()), File::flush)
    }
}

impl Drop for FileWriter {
    fn drop(&mut self) {
        if self.file.take().is_some() {
            self.root.files.drop_partial(&self.key);
        }
    }
}
