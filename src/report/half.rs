//! A file that gets its name when it is whole; an old one of that name is replaced then.

use std::fs;
use std::io::{self, BufWriter, Write};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use bestand_publisher::report::ReportError;
use tempfile::NamedTempFile;

use crate::error::{Error, chain};

/// A file that is being written.
#[derive(Debug)]
pub(super) struct Half {
    out: BufWriter<NamedTempFile>,
    path: PathBuf,
}

impl Half {
    /// Begins a file in a folder that is there.
    pub(super) fn begin(path: &Path) -> Result<Self, Error> {
        let folder = path.parent().unwrap_or(Path::new("."));
        // As any file that a command makes: the umask decides who reads it.
        let half = tempfile::Builder::new()
            .permissions(fs::Permissions::from_mode(0o666))
            .tempfile_in(folder)
            .map_err(|error| cannot_write(path, &error))?;
        Ok(Self { out: BufWriter::new(half), path: path.to_path_buf() })
    }

    /// Gives what takes the file's bytes.
    pub(super) fn out(&mut self) -> &mut BufWriter<NamedTempFile> {
        &mut self.out
    }

    /// Says that writing failed.
    pub(super) fn failed(&self, error: &io::Error) -> Error {
        cannot_write(&self.path, error)
    }

    /// Gives it its name.
    pub(super) fn finish(self) -> Result<PathBuf, Error> {
        let Self { mut out, path } = self;
        out.flush().map_err(|error| cannot_write(&path, &error))?;
        let half = out.into_inner().map_err(|error| cannot_write(&path, error.error()))?;
        half.persist(&path).map_err(|error| cannot_write(&path, &error.error))?;
        Ok(path)
    }
}

/// The folder is the user's: a failure there is of the command line, not of the run store.
pub(super) fn cannot_write(path: &Path, error: &io::Error) -> Error {
    Error::Usage(format!("cannot write {}: {error}", path.display()))
}

/// Tells why a report in some folder was not written.
pub(super) fn report_failed(folder: &Path, error: ReportError) -> Error {
    match error {
        ReportError::Write(error) => cannot_write(folder, &error),
        other => Error::Unexpected(chain(&other)),
    }
}
