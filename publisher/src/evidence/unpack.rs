//! Opening a pack that anybody may have made: every file is held against the manifest, and the archive against the
//! one form that it may have.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::{self, BufReader, Read, Seek, Write};
use std::path::Path;

use bestand_model::digest::ByteDigest;
use zip::ZipArchive;
use zip::result::ZipError;

use super::manifest::{MANIFEST_FILE, Manifest, PACK_SCHEMA_VERSION, PackedFile};
use super::{archive, bounds};
use crate::run_store::check_path;

/// A manifest is read whole: so many bytes hold a few hundred thousand files.
const MANIFEST_MAX_BYTES: u64 = 64 << 20;
/// Beyond so many problems only their number is told.
const MAX_PROBLEMS: usize = 1000;

/// What is in a pack, and what is wrong with it.
#[derive(Debug, Default)]
pub struct Unpacked {
    /// None where there is none that can be read.
    pub manifest: Option<Manifest>,
    /// The manifest's digest.
    pub digest: Option<String>,
    /// What is wrong, a line each. Nothing that was unpacked may be believed as long as there is one.
    pub problems: Vec<String>,
    more: usize,
}

impl Unpacked {
    /// Notes a problem.
    pub fn note(&mut self, problem: impl Into<String>) {
        if self.problems.len() < MAX_PROBLEMS {
            self.problems.push(problem.into());
        } else {
            self.more += 1;
        }
    }

    /// Tells how many problems are not in [`Self::problems`].
    pub fn more(&self) -> usize {
        self.more
    }
}

/// Checks a pack, and unpacks into a folder what the run's own consistency is checked by (the reports are only
/// digested). Nothing is written outside of the folder, and no more than the pack's size allows for.
///
/// # Errors
/// The pack cannot be read at all, or the folder not be written. What is wrong with the pack is no error.
pub fn unpack(file: &File, folder: &Path) -> io::Result<Unpacked> {
    let mut found = Unpacked::default();
    let mut archive = match ZipArchive::new(BufReader::new(file)) {
        Ok(archive) => archive,
        Err(ZipError::Io(error))
            if error.kind() != io::ErrorKind::UnexpectedEof && error.raw_os_error().is_some() =>
        {
            return Err(error);
        }
        Err(error) => {
            found.note(format!("it is no archive, or is cut off: {error}"));
            return Ok(found);
        }
    };
    let Some(manifest) = read_manifest(&mut archive, &mut found) else { return Ok(found) };
    let length = file.metadata()?.len();
    let files = compare(&mut archive, &manifest, length, &mut found);
    // Nothing of an archive is read that claims what cannot be.
    if found.problems.is_empty() {
        for index in 0..archive.len() {
            let Some(packed) = archive.name_for_index(index).and_then(|name| files.get(name)).copied() else {
                continue;
            };
            if let Err(problem) = take(&mut archive, index, packed, folder)? {
                found.note(format!("`{}`: {problem}", packed.path));
            }
        }
    }
    if found.problems.is_empty()
        && let Some(at) = archive::first_difference(&mut archive, file, manifest.run.window.started_at)?
    {
        found.note(format!(
            "the archive is not as bestand writes it, from byte {at} on: something was put into it, or it was packed anew"
        ));
    }
    found.manifest = Some(manifest);
    Ok(found)
}

/// Reads the manifest: the last file, and stored.
fn read_manifest<R: Read + Seek>(archive: &mut ZipArchive<R>, found: &mut Unpacked) -> Option<Manifest> {
    let last = archive.len().checked_sub(1);
    if last.and_then(|last| archive.name_for_index(last)) != Some(MANIFEST_FILE) {
        found.note(format!("its last file is not `{MANIFEST_FILE}`: it is no evidence pack"));
        return None;
    }
    let mut bytes = Vec::new();
    let read = archive.by_index(last?).map_err(io::Error::from).and_then(|file| {
        if file.compression() != archive::method(MANIFEST_FILE) || file.size() > MANIFEST_MAX_BYTES {
            return Err(io::Error::other(format!(
                "it is compressed, or has more than {MANIFEST_MAX_BYTES} bytes"
            )));
        }
        file.take(MANIFEST_MAX_BYTES).read_to_end(&mut bytes)
    });
    if let Err(error) = read {
        found.note(format!("`{MANIFEST_FILE}`: {error}"));
        return None;
    }
    found.digest = Some(Manifest::digest(&bytes));
    let parsed = serde_json::from_slice::<serde_json::Value>(&bytes).and_then(|value| {
        let version = value.get("schema_version").and_then(serde_json::Value::as_u64);
        if let Some(version) = version.filter(|version| *version > u64::from(PACK_SCHEMA_VERSION)) {
            found.note(format!(
                "`{MANIFEST_FILE}`: the pack has schema version {version}, this bestand knows {PACK_SCHEMA_VERSION}: use a newer version"
            ));
            return Ok(None);
        }
        serde_json::from_value::<Manifest>(value).map(Some)
    });
    match parsed {
        Ok(Some(manifest)) if manifest.bytes().is_ok_and(|own| own == bytes) => Some(manifest),
        Ok(Some(_)) => {
            found.note(format!("`{MANIFEST_FILE}`: it is not written as bestand writes it"));
            None
        }
        Ok(None) => None,
        Err(error) => {
            found.note(format!("`{MANIFEST_FILE}`: it makes no sense: {error}"));
            None
        }
    }
}

/// Holds the archive's own list against the manifest. Nothing is unpacked yet.
fn compare<'a, R: Read + Seek>(
    archive: &mut ZipArchive<R>,
    manifest: &'a Manifest,
    length: u64,
    found: &mut Unpacked,
) -> BTreeMap<&'a str, &'a PackedFile> {
    let mut files = BTreeMap::new();
    for file in &manifest.files {
        if check_path(&file.path).is_err() || file.path == MANIFEST_FILE {
            found.note(format!("`{}`: no file of a pack can be called that", shown(&file.path)));
        } else if files.insert(file.path.as_str(), file).is_some() {
            found.note(format!("`{}`: the manifest names it twice", file.path));
        }
    }
    let mut there = BTreeSet::new();
    let mut packed: u64 = 0;
    for index in 0..archive.len() {
        let entry = match archive.by_index_raw(index) {
            Ok(entry) => entry,
            Err(error) => {
                found.note(format!("file {} cannot be found in the archive: {error}", index + 1));
                continue;
            }
        };
        let name = entry.name();
        packed = packed.saturating_add(entry.compressed_size());
        if name == MANIFEST_FILE {
            continue;
        }
        let Some(file) = files.get(name) else {
            found.note(format!("`{}`: it is in the pack, but not in the manifest", shown(name)));
            continue;
        };
        there.insert(file.path.as_str());
        if entry.encrypted() {
            found.note(format!("`{name}`: it is encrypted"));
        } else if entry.is_symlink() || !entry.is_file() {
            found.note(format!("`{name}`: it is no file"));
        } else if entry.compression() != archive::method(name) {
            found.note(format!("`{name}`: it is compressed by another method ({})", entry.compression()));
        } else if entry.size() != file.bytes {
            found.note(format!("`{name}`: it has {} bytes, the manifest says {}", entry.size(), file.bytes));
        } else if let Some(problem) = bounds::too_large(name, entry.size(), entry.compressed_size()) {
            found.note(problem);
        }
    }
    for path in files.keys().filter(|path| !there.contains(*path)) {
        found.note(format!("`{path}`: it is in the manifest, but not in the pack"));
    }
    if packed > length {
        found.note(format!("its files claim {packed} bytes of its {length}: they overlap"));
    }
    files
}

/// Digests a file of the pack, and unpacks it. Gives what is wrong with it.
fn take<R: Read + Seek>(
    archive: &mut ZipArchive<R>,
    index: usize,
    packed: &PackedFile,
    folder: &Path,
) -> io::Result<Result<(), String>> {
    let mut source = match archive.by_index(index) {
        Ok(source) => source.take(packed.bytes.saturating_add(1)),
        Err(error) => return Ok(Err(format!("it cannot be unpacked: {error}"))),
    };
    let mut out: Box<dyn Write> = if packed.path.starts_with("report.") {
        Box::new(io::sink())
    } else {
        let path = folder.join(&packed.path);
        if let Some(above) = path.parent() {
            fs::create_dir_all(above)?;
        }
        Box::new(File::create_new(path)?)
    };
    let mut digest = ByteDigest::default();
    let mut total: u64 = 0;
    let mut buffer = vec![0; 64 << 10];
    loop {
        let read = match source.read(&mut buffer) {
            Ok(read) => read,
            Err(error) => return Ok(Err(format!("it cannot be unpacked: {error}"))),
        };
        let Some(some) = buffer.get(..read).filter(|some| !some.is_empty()) else { break };
        digest.add(some);
        total += read as u64;
        out.write_all(some)?;
    }
    out.flush()?;
    Ok(if total != packed.bytes {
        Err(format!("it unpacks to other than {} bytes", packed.bytes))
    } else if digest.finish() != packed.sha256 {
        Err("its digest is not the manifest's".to_owned())
    } else {
        Ok(())
    })
}

/// A name that anybody may have chosen, for one line of a terminal.
fn shown(name: &str) -> String {
    name.chars().take(200).flat_map(char::escape_debug).collect()
}
