//! What the store needs of the place where its files lie, be it a disk or a bucket: whole files under keys.

use std::fmt;
use std::io::Read;
use std::path::PathBuf;

use super::RunStoreError;

/// How far a finished file must have got.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Durability {
    /// Whole under its name; the system writes it out when it likes. For what a new run can read again.
    Whole,
    /// Survives a power failure.
    OnDisk,
}

/// One version of a file, told apart from every other.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Tag(pub(super) String);

/// Whether the last holder of the store can be seen to be alive.
#[derive(Debug)]
pub(super) enum Liveness {
    /// Nobody holds the store on this disk; it is held by whoever has this, until it is dropped.
    Gone(Box<dyn Send + Sync + HeldOpen>),
    /// Its process lives, or is paused.
    Alive,
    /// Nobody can tell: only the end of its lease says anything.
    Untold,
}

/// Something that is held by being kept.
pub(super) trait HeldOpen: fmt::Debug {}

impl HeldOpen for std::fs::File {}

/// A place for files. Keys are paths relative to the store, with `/` between their parts.
///
/// No file is ever visible in part: it grows in a partial file that only this process knows, and gets its name when it
/// is kept.
pub(super) trait Files: fmt::Debug + Send + Sync {
    /// Tells where a file is, for people.
    fn place(&self, key: &str) -> String;

    /// Gives the local file in which a file grows until it is kept; the folders above it exist.
    fn partial(&self, key: &str) -> Result<PathBuf, RunStoreError>;

    /// Gives a file that has grown its name. What was there under the name is replaced.
    fn keep_partial(&self, key: &str, durability: Durability) -> Result<(), RunStoreError>;

    /// Forgets a partial file; that there is none is as good.
    fn drop_partial(&self, key: &str);

    /// Reads a whole file; none if there is none.
    fn read(&self, key: &str) -> Result<Option<Vec<u8>>, RunStoreError>;

    /// Opens a file for reading; [`RunStoreError::Missing`] if there is none.
    fn open(&self, key: &str) -> Result<Box<dyn Read + Send>, RunStoreError>;

    /// Tells whether there is such a file.
    fn exists(&self, key: &str) -> Result<bool, RunStoreError>;

    /// Adds one line, newline included, to a file, durably: it is then there whole, or not at all.
    fn append_line(&self, key: &str, line: &[u8]) -> Result<(), RunStoreError>;

    /// Makes a folder in which files will be kept, and those above it.
    fn ensure_folder(&self, key: &str) -> Result<(), RunStoreError>;

    /// Makes one folder durably; false if it is there already.
    fn create_folder(&self, key: &str) -> Result<bool, RunStoreError>;

    /// Tells whether there is such a folder.
    fn is_folder(&self, key: &str) -> Result<bool, RunStoreError>;

    /// Lists the whole files of a folder that have the ending, without it, sorted. No folder, no files.
    fn files(&self, key: &str, ending: &str) -> Result<Vec<String>, RunStoreError>;

    /// Lists the whole files below a folder at any depth, by their paths from there, sorted, with their sizes in bytes.
    fn tree(&self, key: &str) -> Result<Vec<(String, u64)>, RunStoreError>;

    /// Lists the folders of a folder, sorted.
    fn folders(&self, key: &str) -> Result<Vec<String>, RunStoreError>;

    /// Finds out whether files can be written, and leaves no trace.
    fn probe(&self, key: &str) -> Result<(), RunStoreError>;

    /// Reads a file with the tag of this version of it.
    fn read_tagged(&self, key: &str) -> Result<Option<(Vec<u8>, Tag)>, RunStoreError>;

    /// Writes a file durably if it is still the version that the tag names, or is not there where none is given.
    /// Gives the new version's tag; none if somebody else was faster.
    fn put_if(&self, key: &str, bytes: &[u8], expected: Option<&Tag>) -> Result<Option<Tag>, RunStoreError>;

    /// Tells whether the one who last took the store on this machine still lives.
    fn liveness(&self) -> Result<Liveness, RunStoreError>;
}
