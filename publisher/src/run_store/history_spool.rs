//! History that is too large for one JSON document: lines, compressed, replaced as a whole.

use std::io::BufReader;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::files::Durability;
use super::spool::{self, SpoolWriter};
use super::{HISTORY_FOLDER, RunStore, RunStoreError, SpoolReader, history_key};

impl RunStore {
    /// Begins a file of lines of the history such as `published/111111111111`. The old one stays until the new one is
    /// finished, and may be read meanwhile.
    ///
    /// # Errors
    /// The name is unsafe, or the file cannot be made.
    pub fn write_history_spool<T: Serialize>(&self, name: &str) -> Result<SpoolWriter<T>, RunStoreError> {
        let file = self.root.create(&history_key(name, spool::ENDING.trim_start_matches('.'))?)?;
        SpoolWriter::compressed(file, Durability::OnDisk)
    }

    /// Reads a file of lines of the history, line by line; none if there is none yet.
    ///
    /// # Errors
    /// The file cannot be opened.
    pub fn read_history_spool<T: DeserializeOwned>(
        &self,
        name: &str,
    ) -> Result<Option<SpoolReader<T>>, RunStoreError> {
        let key = history_key(name, spool::ENDING.trim_start_matches('.'))?;
        if !self.root.files().exists(&key)? {
            return Ok(None);
        }
        let failed = |error| RunStoreError::io("read", &key, error);
        let decoder = zstd::Decoder::new(self.root.files().open(&key)?).map_err(failed)?;
        Ok(Some(SpoolReader::over(key, Box::new(BufReader::with_capacity(64 << 10, decoder)))))
    }

    /// Lists the files of lines below a folder of the history, sorted.
    ///
    /// # Errors
    /// The folder cannot be read.
    pub fn history_spools(&self, folder: &str) -> Result<Vec<String>, RunStoreError> {
        super::name::check(folder)?;
        self.root.files().files(&format!("{HISTORY_FOLDER}/{folder}"), spool::ENDING)
    }
}
