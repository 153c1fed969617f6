//! A stream that belongs to many files at once: the source register's rows come in its own order, and there may
//! be thousands of accounts.

use std::collections::BTreeMap;
use std::marker::PhantomData;
use std::sync::Arc;
use std::{fmt, mem};

use serde::Serialize;

use super::root::Root;
use super::spool::{self, Spool};
use super::{RunStoreError, lines, name};

/// Lines held back in all, uncompressed. No file is open between two writes, so memory is the only bound.
const BUFFERED_MAX_BYTES: usize = 16 << 20;
/// Lines held back for one partition: a compressed frame as good as those of a plain spool.
const PARTITION_MAX_BYTES: usize = 512 << 10;

/// Writes lines to many files of one spool. None is visible before all are finished; dropped before, it leaves
/// nothing.
///
/// Each partition's lines gather in memory and go to its file as one zstd frame; frames in a row are one valid
/// file. So thousands of partitions need neither thousands of open files nor thousands of compressors.
pub struct PartitionedSpool<T> {
    root: Arc<Root>,
    folder: String,
    spool: Spool,
    compressor: zstd::bulk::Compressor<'static>,
    partitions: BTreeMap<String, Partition>,
    buffered_bytes: usize,
    buffered_max_bytes: usize,
    item: PhantomData<fn(&T)>,
}

#[derive(Default)]
struct Partition {
    waiting: Vec<u8>,
    started: bool,
    lines: u64,
}

impl<T> fmt::Debug for PartitionedSpool<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PartitionedSpool")
            .field("folder", &self.folder)
            .field("partitions", &self.partitions.len())
            .finish_non_exhaustive()
    }
}

impl<T: Serialize> PartitionedSpool<T> {
    pub(super) fn new(root: Arc<Root>, folder: String, spool: Spool) -> Result<Self, RunStoreError> {
        root.files().ensure_folder(&folder)?;
        let mut compressor = zstd::bulk::Compressor::new(spool::ZSTD_LEVEL)
            .map_err(|error| RunStoreError::io("write", &folder, error))?;
        compressor.include_checksum(true).map_err(|error| RunStoreError::io("write", &folder, error))?;
        Ok(Self {
            root,
            folder,
            spool,
            compressor,
            partitions: BTreeMap::new(),
            buffered_bytes: 0,
            buffered_max_bytes: BUFFERED_MAX_BYTES,
            item: PhantomData,
        })
    }

    /// Holds back at most this many bytes of lines in all, for callers with less memory to give.
    #[must_use]
    pub fn with_buffer(mut self, max_bytes: usize) -> Self {
        self.buffered_max_bytes = max_bytes;
        self
    }

    /// Adds one line to a partition.
    ///
    /// # Errors
    /// The name is unsafe, or the line cannot be written; the spool should be dropped then.
    pub fn push(&mut self, partition: &str, value: &T) -> Result<(), RunStoreError> {
        if !self.partitions.contains_key(partition) {
            name::check(partition)?;
            self.partitions.insert(partition.to_owned(), Partition::default());
        }
        let Some(entry) = self.partitions.get_mut(partition) else {
            return Ok(());
        };
        let before = entry.waiting.len();
        lines::encode(partition, value, &mut entry.waiting)?;
        entry.lines += 1;
        self.buffered_bytes += entry.waiting.len() - before;
        if entry.waiting.len() >= PARTITION_MAX_BYTES {
            self.write_out(partition)?;
        } else if self.buffered_bytes > self.buffered_max_bytes {
            self.write_out_fullest()?;
        }
        Ok(())
    }

    /// Gives every partition that got a line its name, and how many lines each has.
    ///
    /// # Errors
    /// What is left cannot be written. Partitions finished before the error keep their names; the caller drops
    /// the run.
    pub fn finish(mut self) -> Result<BTreeMap<String, u64>, RunStoreError> {
        let names: Vec<String> = self.partitions.keys().cloned().collect();
        for partition in &names {
            self.write_out(partition)?;
        }
        let mut written = BTreeMap::new();
        for partition in names {
            self.root.keep_partial(&key(&self.folder, &partition), self.spool.durability())?;
            if let Some(entry) = self.partitions.remove(&partition) {
                written.insert(partition, entry.lines);
            }
        }
        Ok(written)
    }

    /// Writes out the fuller half, so that a scan over all partitions pays for many writes.
    fn write_out_fullest(&mut self) -> Result<(), RunStoreError> {
        let mut sizes: Vec<(usize, String)> =
            self.partitions.iter().map(|(name, entry)| (entry.waiting.len(), name.clone())).collect();
        sizes.sort_unstable_by(|left, right| right.cmp(left));
        for (_, partition) in sizes {
            if self.buffered_bytes <= self.buffered_max_bytes / 2 {
                break;
            }
            self.write_out(&partition)?;
        }
        Ok(())
    }

    fn write_out(&mut self, partition: &str) -> Result<(), RunStoreError> {
        let Some(entry) = self.partitions.get_mut(partition) else {
            return Ok(());
        };
        if entry.waiting.is_empty() {
            return Ok(());
        }
        let key = key(&self.folder, partition);
        let waiting = mem::take(&mut entry.waiting);
        self.buffered_bytes -= waiting.len();
        let frame =
            self.compressor.compress(&waiting).map_err(|error| RunStoreError::io("write", &key, error))?;
        if !mem::replace(&mut entry.started, true) {
            // A killed run may have left a partial file of this name.
            self.root.files().drop_partial(&key);
        }
        self.root.append_partial(&key, &frame)
    }
}

impl<T> Drop for PartitionedSpool<T> {
    fn drop(&mut self) {
        for (partition, _) in self.partitions.iter().filter(|(_, entry)| entry.started) {
            self.root.files().drop_partial(&key(&self.folder, partition));
        }
    }
}

fn key(folder: &str, partition: &str) -> String {
    format!("{folder}/{partition}{}", spool::ENDING)
}
