//! JSON lines: how a value becomes one, and how they are read back one by one.

use std::fmt;
use std::io::{self, BufRead};
use std::marker::PhantomData;

use bestand_model::digest::ByteDigest;
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
    /// Only lines with this text are read; empty: all.
    needle: String,
    /// Whether a last line without its end is no line.
    leaves_torn_end: bool,
    /// Over all lines so far; none where nobody asks for it.
    digest: Option<ByteDigest>,
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
        Self {
            key,
            source,
            line: Vec::new(),
            needle: String::new(),
            leaves_torn_end: false,
            digest: None,
            read: 0,
            ended: false,
            item: PhantomData,
        }
    }

    /// Skips lines in which the text does not stand as it would be written into one: a cheap first look, many
    /// times faster than reading each line.
    #[must_use]
    pub(super) fn with(mut self, text: &str) -> Self {
        // A text is written with its quotes; what stands between them is what a longer text has too.
        let written = serde_json::to_string(text).unwrap_or_default();
        self.needle =
            written.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or_default().to_owned();
        self
    }

    /// Leaves out what a killed writer left of a last line.
    #[must_use]
    pub(super) fn without_torn_end(mut self) -> Self {
        self.leaves_torn_end = true;
        self
    }

    /// Digests every line as it lies there, its end included.
    #[must_use]
    pub(super) fn digesting(mut self) -> Self {
        self.digest = Some(ByteDigest::default());
        self
    }

    /// Gives the SHA-256 over the lines that were read.
    pub(super) fn digest(self) -> String {
        self.digest.unwrap_or_default().finish()
    }

    fn read_line(&mut self) -> Result<Option<T>, RunStoreError> {
        loop {
            if !self.next_line()? {
                return Ok(None);
            }
            if self.has_needle() {
                break;
            }
            self.read += 1;
        }
        let value = serde_json::from_slice(&self.line).map_err(|error| self.damaged(error.to_string()))?;
        self.read += 1;
        Ok(Some(value))
    }

    /// What is no text is damage, which reading it tells.
    fn has_needle(&self) -> bool {
        self.needle.is_empty()
            || std::str::from_utf8(&self.line).map_or(true, |line| line.contains(&self.needle))
    }

    fn next_line(&mut self) -> Result<bool, RunStoreError> {
        self.line.clear();
        let length = self.source.read_until(b'\n', &mut self.line).map_err(|error| match error.kind() {
            // What the decompressor says of a file that was cut or altered.
            io::ErrorKind::UnexpectedEof | io::ErrorKind::InvalidData | io::ErrorKind::Other => {
                self.damaged(error.to_string())
            }
            _ => RunStoreError::io("read", &self.key, error),
        })?;
        if length == 0 {
            return Ok(false);
        }
        if self.line.last() != Some(&b'\n') {
            if self.leaves_torn_end {
                return Ok(false);
            }
            return Err(self.damaged("the last line is cut off".to_owned()));
        }
        if let Some(digest) = &mut self.digest {
            digest.add(&self.line);
        }
        Ok(true)
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
