//! JSON lines: how a value becomes one, and how they are read back one by one.

use std::fmt;
use std::io::{self, BufRead};
use std::marker::PhantomData;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::RunStoreError;

/// Adds the value and a newline to the buffer.
pub(super) fn encode<T: Serialize>(key: &str, value: &T, line: &mut Vec<u8>) -> Result<(), RunStoreError> {
    let start = line.len();
    serde_json::to_writer(&mut *line, value).map_err(|source| {
        line.truncate(start);
        RunStoreError::Encode { path: key.to_owned(), source }
    })?;
    line.push(b'\n');
    Ok(())
}

/// Reads a file of lines, one value at a time. After an error it ends.
pub struct SpoolReader<T> {
    key: String,
    source: Box<dyn BufRead + Send>,
    line: Vec<u8>,
    read: u64,
    ended: bool,
    item: PhantomData<fn() -> T>,
}

impl<T> fmt::Debug for SpoolReader<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SpoolReader")
            .field("key", &self.key)
            .field("read", &self.read)
            .finish_non_exhaustive()
    }
}

impl<T: DeserializeOwned> SpoolReader<T> {
    pub(super) fn over(key: String, source: Box<dyn BufRead + Send>) -> Self {
        Self { key, source, line: Vec::new(), read: 0, ended: false, item: PhantomData }
    }

    fn read_line(&mut self) -> Result<Option<T>, RunStoreError> {
        self.line.clear();
        let length = self.source.read_until(b'\n', &mut self.line).map_err(|error| match error.kind() {
            // What the decompressor says of a file that was cut or altered.
            io::ErrorKind::UnexpectedEof | io::ErrorKind::InvalidData | io::ErrorKind::Other => {
                self.damaged(error.to_string())
            }
            _ => RunStoreError::io("read", &self.key, error),
        })?;
        if length == 0 {
            return Ok(None);
        }
        if self.line.last() != Some(&b'\n') {
            return Err(self.damaged("the last line is cut off".to_owned()));
        }
        let value = serde_json::from_slice(&self.line).map_err(|error| self.damaged(error.to_string()))?;
        self.read += 1;
        Ok(Some(value))
    }

    fn damaged(&self, reason: String) -> RunStoreError {
        RunStoreError::Damaged { path: self.key.clone(), line: Some(self.read + 1), reason }
    }
}

impl<T: DeserializeOwned> Iterator for SpoolReader<T> {
    type Item = Result<T, RunStoreError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ended {
            return None;
        }
        let item = self.read_line().transpose();
        self.ended = !matches!(item, Some(Ok(_)));
        item
    }
}
