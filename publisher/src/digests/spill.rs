//! Parts entries by owner into scratch files: all of an owner's are in one of them.

use std::fs::File;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::io::{self, BufWriter, Write as _};
use std::path::Path;

use super::entry::Entry;
use crate::report::ReportError;

/// So many files are open at once.
const PARTS: usize = 128;

/// The scratch files. They vanish with it.
#[derive(Debug)]
pub(super) struct Spill {
    parts: Vec<BufWriter<File>>,
}

impl Spill {
    /// Makes the files, nameless, in a folder.
    ///
    /// # Errors
    /// The folder takes none.
    pub(super) fn begin(folder: &Path) -> Result<Self, ReportError> {
        let parts: io::Result<_> =
            (0..PARTS).map(|_| tempfile::tempfile_in(folder).map(BufWriter::new)).collect();
        Ok(Self { parts: parts? })
    }

    /// Puts an entry into its owner's part.
    ///
    /// # Errors
    /// Writing fails.
    pub(super) fn add(&mut self, entry: &Entry) -> Result<(), ReportError> {
        let mut hasher = DefaultHasher::new();
        entry.owner.hash(&mut hasher);
        let part = usize::try_from(hasher.finish() % (PARTS as u64)).unwrap_or_default();
        let Some(part) = self.parts.get_mut(part) else { return Ok(()) };
        serde_json::to_writer(&mut *part, entry)
            .map_err(|source| ReportError::Json { what: "digest's entry", source })?;
        Ok(part.write_all(b"\n")?)
    }

    /// Gives the parts, one after the other.
    ///
    /// # Errors
    /// Writing fails.
    pub(super) fn parts(self) -> Result<impl Iterator<Item = Result<File, ReportError>>, ReportError> {
        let finish =
            |part: BufWriter<File>| part.into_inner().map_err(|error| ReportError::Write(error.into()));
        Ok(self.parts.into_iter().map(finish))
    }
}
