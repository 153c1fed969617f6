//! `digests/`: a letter for each owner, and the index of them.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use bestand_publisher::digests::{DigestHead, is_file_name, write_digests};
use bestand_publisher::report::ReportError;

use super::filed::Filed;
use super::half::{Half, cannot_write};
use super::{Failed, stream};
use crate::error::Error;

/// Writes the letters into a folder of their own, and gives the index: a folder without it is not whole.
pub(super) fn write(filed: &Filed, folder: &Path) -> Result<Vec<PathBuf>, Error> {
    let folder = folder.join("digests");
    let failed = |error: &io::Error| cannot_write(&folder, error);
    fs::create_dir_all(&folder).map_err(|error| failed(&error))?;
    clear(&folder).map_err(|error| failed(&error))?;
    let scratch = tempfile::tempdir_in(&folder).map_err(|error| failed(&error))?;
    let mut index = Half::begin(&folder.join("index.csv"))?;
    let head = DigestHead { summary: &filed.summary, accounts: &filed.accounts };
    let mut keep = |name: &str, text: &str| fs::write(folder.join(name), text);
    let mut counts = None;
    let result = stream(&filed.directory, |findings, _| -> Result<(), ReportError> {
        counts = Some(write_digests(&head, findings, scratch.path(), index.out(), &mut keep)?);
        Ok(())
    });
    match result {
        Ok(()) => {}
        Err(Failed::Write(error)) => return Err(failed(&error)),
        Err(Failed::Made(error)) => return Err(error),
    }
    let counts = counts.unwrap_or_default();
    tracing::info!(digests = counts.digests, findings = counts.findings, "digests for owners");
    Ok(vec![index.finish()?])
}

/// Takes away what an earlier report left there: a letter of yesterday must not be mailed today. The index goes first,
/// and what is not ours stays.
fn clear(folder: &Path) -> io::Result<()> {
    match fs::remove_file(folder.join("index.csv")) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_name().to_str().is_some_and(is_file_name) && entry.file_type()?.is_file() {
            fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}
