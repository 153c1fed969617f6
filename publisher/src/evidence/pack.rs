//! Writing a pack: the files of a run directory stream into the archive, and are digested on the way.

use std::io::{self, Read, Seek, Write};

use bestand_model::digest::ByteDigest;
use zip::ZipWriter;
use zip::result::ZipError;

use super::archive;
use super::manifest::{MANIFEST_FILE, Manifest, PACK_SCHEMA_VERSION, PackHead, PackedFile};
use crate::run_store::{RunDirectory, RunStoreError};

/// What a run was judged by: the whole estate and the whole register, tags and owners included. It is needed to
/// repeat a judgement, not to show what was decided.
pub const INPUTS: [&str; 4] = ["inventory", "judged", "published", "records"];

/// Why a pack was not written.
#[derive(Debug, thiserror::Error)]
pub enum PackError {
    /// The run directory cannot be read.
    #[error(transparent)]
    Store(#[from] RunStoreError),
    /// The pack cannot be written.
    #[error("cannot write the pack")]
    Write(#[from] io::Error),
    /// A file changed while it was packed.
    #[error("`{path}` changed while it was packed: wait until the run has ended")]
    Changed {
        /// The file.
        path: String,
    },
}

impl From<ZipError> for PackError {
    fn from(error: ZipError) -> Self {
        Self::Write(error.into())
    }
}

/// A pack that was written.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Packed {
    /// SHA-256 of its manifest: who has this knows every byte of every file.
    pub digest: String,
    /// How many files it holds, the manifest left out.
    pub files: usize,
}

/// Packs a run directory; with `inputs` also what the run was judged by.
///
/// # Errors
/// The run directory cannot be read, or changes meanwhile, or the pack cannot be written.
pub fn write_pack<W: Write + Seek>(
    out: W,
    directory: &RunDirectory,
    run: PackHead,
    packed_by: &str,
    inputs: bool,
) -> Result<Packed, PackError> {
    let at = run.window.started_at;
    let left_out: Vec<String> =
        if inputs { Vec::new() } else { INPUTS.iter().map(|name| (*name).to_owned()).collect() };
    let mut archive = ZipWriter::new(out);
    let mut files = Vec::new();
    for (path, bytes) in directory.files()? {
        let folder = path.split_once('/').map_or("", |(folder, _)| folder);
        if left_out.iter().any(|own| own == folder) || path == MANIFEST_FILE {
            continue;
        }
        let mut source = directory.open_file(&path)?;
        archive.start_file(path.as_str(), archive::options(&path, bytes, at))?;
        let packed = copy(&path, &mut *source, &mut archive)?;
        if packed.bytes != bytes {
            return Err(PackError::Changed { path });
        }
        files.push(packed);
    }
    let manifest = Manifest {
        schema_version: PACK_SCHEMA_VERSION,
        packed_by: packed_by.to_owned(),
        run,
        left_out,
        files,
    };
    let bytes = manifest.bytes().map_err(io::Error::from)?;
    archive.start_file(MANIFEST_FILE, archive::options(MANIFEST_FILE, bytes.len() as u64, at))?;
    archive.write_all(&bytes)?;
    archive.finish()?.flush()?;
    Ok(Packed { digest: Manifest::digest(&bytes), files: manifest.files.len() })
}

fn copy(path: &str, source: &mut dyn Read, out: &mut dyn Write) -> Result<PackedFile, PackError> {
    let mut digest = ByteDigest::default();
    let mut total = 0;
    let mut buffer = vec![0; 64 << 10];
    loop {
        let read = source.read(&mut buffer).map_err(|error| RunStoreError::io("read", path, error))?;
        let Some(some) = buffer.get(..read).filter(|some| !some.is_empty()) else { break };
        digest.add(some);
        total += read as u64;
        out.write_all(some)?;
    }
    Ok(PackedFile { path: path.to_owned(), bytes: total, sha256: digest.finish() })
}
