//! Streams of lines on their way to the disk: what one account gave, written as it comes.

use std::fmt;
use std::io::{self, BufWriter, Write as _};
use std::marker::PhantomData;

use serde::Serialize;

use super::files::Durability;
use super::root::FileWriter;
use super::{RunStoreError, lines};

/// Fast above all: JSON lines shrink tenfold at the lowest level already.
pub(super) const ZSTD_LEVEL: i32 = 1;
/// The ending of every spooled file.
pub(super) const ENDING: &str = ".ndjson.zst";

/// One kind of spooled lines; a folder of the run directory.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Spool {
    /// Asset records as read.
    Records,
    /// Configuration items as collected.
    Inventory,
    /// Findings.
    Findings,
    /// Changes, planned or withheld.
    Changes,
    /// What the central register said when the plan was made.
    Published,
    /// What else each account was judged by: history, answers, rows that joined it.
    Judged,
}

impl Spool {
    /// Gives the folder's name.
    pub fn folder(self) -> &'static str {
        match self {
            Self::Records => "records",
            Self::Inventory => "inventory",
            Self::Findings => "findings",
            Self::Changes => "changes",
            Self::Published => "published",
            Self::Judged => "judged",
        }
    }

    /// A plan, and later its intents, rest on the changes; everything else a new run reads again.
    pub(super) fn durability(self) -> Durability {
        match self {
            Self::Changes => Durability::OnDisk,
            Self::Records | Self::Inventory | Self::Findings | Self::Published | Self::Judged => {
                Durability::Whole
            }
        }
    }
}

/// Writes lines one by one. The file gets its name when it is finished; dropped before, it leaves nothing.
pub struct SpoolWriter<T> {
    key: String,
    sink: Sink,
    durability: Durability,
    line: Vec<u8>,
    written: u64,
    item: PhantomData<fn(&T)>,
}

enum Sink {
    Plain(BufWriter<FileWriter>),
    Compressed(zstd::Encoder<'static, FileWriter>),
}

impl<T> fmt::Debug for SpoolWriter<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SpoolWriter")
            .field("key", &self.key)
            .field("written", &self.written)
            .finish_non_exhaustive()
    }
}

impl<T: Serialize> SpoolWriter<T> {
    pub(super) fn plain(file: FileWriter) -> Self {
        let key = file.key().to_owned();
        Self::over(key, Sink::Plain(BufWriter::new(file)), Durability::OnDisk)
    }

    pub(super) fn compressed(file: FileWriter, durability: Durability) -> Result<Self, RunStoreError> {
        let key = file.key().to_owned();
        let encoder = zstd::Encoder::new(file, ZSTD_LEVEL).and_then(|mut encoder| {
            // A flipped bit must show as damage, not as another value.
            encoder.include_checksum(true)?;
            Ok(encoder)
        });
        match encoder {
            Ok(encoder) => Ok(Self::over(key, Sink::Compressed(encoder), durability)),
            Err(error) => Err(RunStoreError::io("write", &key, error)),
        }
    }

    fn over(key: String, sink: Sink, durability: Durability) -> Self {
        Self { key, sink, durability, line: Vec::new(), written: 0, item: PhantomData }
    }

    /// Adds one line.
    ///
    /// # Errors
    /// The line cannot be written; the writer should be dropped then.
    pub fn push(&mut self, value: &T) -> Result<(), RunStoreError> {
        self.line.clear();
        lines::encode(&self.key, value, &mut self.line)?;
        match &mut self.sink {
            Sink::Plain(sink) => sink.write_all(&self.line),
            Sink::Compressed(sink) => sink.write_all(&self.line),
        }
        .map_err(|error| RunStoreError::io("write", &self.key, error))?;
        self.written += 1;
        Ok(())
    }

    /// Gives the file its name, and how many lines it has.
    ///
    /// # Errors
    /// What is left cannot be written; nothing then has the name.
    pub fn finish(self) -> Result<u64, RunStoreError> {
        let file = match self.sink {
            Sink::Plain(sink) => sink.into_inner().map_err(io::IntoInnerError::into_error),
            Sink::Compressed(sink) => sink.finish(),
        };
        let file = file.map_err(|error| RunStoreError::io("write", &self.key, error))?;
        file.keep(self.durability)?;
        Ok(self.written)
    }
}
