//! The one place that touches files: everything above speaks in keys relative to the store's folder, as an
//! object store would.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::RunStoreError;

/// What a file is called until it is whole. The run's lock makes one fixed name per file safe, and a name that
/// a killed run left behind is simply written over.
const PARTIAL_ENDING: &str = ".partial";

/// A folder of the local file system.
#[derive(Debug)]
pub(super) struct Disk {
    root: PathBuf,
}

impl Disk {
    pub(super) fn new(root: PathBuf) -> Self {
        Self { root }
    }

    pub(super) fn root(&self) -> &Path {
        &self.root
    }

    pub(super) fn path(&self, key: &str) -> PathBuf {
        self.root.join(key)
    }

    fn partial(&self, key: &str) -> PathBuf {
        self.root.join(format!("{key}{PARTIAL_ENDING}"))
    }

    /// Reads a whole file; none if there is none.
    pub(super) fn read(&self, key: &str) -> Result<Option<Vec<u8>>, RunStoreError> {
        match fs::read(self.path(key)) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(RunStoreError::io("read", key, error)),
        }
    }

    pub(super) fn read_json<T: DeserializeOwned>(&self, key: &str) -> Result<Option<T>, RunStoreError> {
        let Some(bytes) = self.read(key)? else {
            return Ok(None);
        };
        serde_json::from_slice(&bytes).map(Some).map_err(|error| RunStoreError::Damaged {
            path: key.to_owned(),
            line: None,
            reason: error.to_string(),
        })
    }

    /// Replaces a file: whole and durable, or not at all.
    pub(super) fn write_json<T: Serialize>(
        self: &Arc<Self>,
        key: &str,
        value: &T,
    ) -> Result<(), RunStoreError> {
        let mut bytes = serde_json::to_vec_pretty(value)
            .map_err(|source| RunStoreError::Encode { path: key.to_owned(), source })?;
        bytes.push(b'\n');
        let mut file = self.create(key)?;
        file.put(&bytes)?;
        file.keep(Durability::OnDisk)
    }

    /// Begins a file that becomes visible when it is kept.
    pub(super) fn create(self: &Arc<Self>, key: &str) -> Result<FileWriter, RunStoreError> {
        if let Some((folder, _)) = key.rsplit_once('/') {
            self.ensure_folder(folder)?;
        } else {
            self.ensure_folder("")?;
        }
        let file =
            File::create(self.partial(key)).map_err(|error| RunStoreError::io("create", key, error))?;
        Ok(FileWriter { disk: Arc::clone(self), key: key.to_owned(), file: Some(file) })
    }

    /// Adds to the partial file of a key, and closes it again.
    pub(super) fn append_partial(&self, key: &str, bytes: &[u8]) -> Result<(), RunStoreError> {
        OpenOptions::new()
            .append(true)
            .create(true)
            .open(self.partial(key))
            .and_then(|mut file| file.write_all(bytes))
            .map_err(|error| RunStoreError::io("write", key, error))
    }

    /// Makes a partial file, grown by [`Self::append_partial`], visible.
    pub(super) fn keep_partial(&self, key: &str, durability: Durability) -> Result<(), RunStoreError> {
        let failed = |error| RunStoreError::io("finish", key, error);
        let partial = self.partial(key);
        if durability == Durability::OnDisk {
            File::open(&partial).and_then(|file| file.sync_all()).map_err(failed)?;
        }
        fs::rename(&partial, self.path(key)).map_err(failed)?;
        if durability == Durability::OnDisk {
            self.sync_folder_of(key)?;
        }
        Ok(())
    }

    /// Forgets a partial file; that there is none is as good.
    pub(super) fn drop_partial(&self, key: &str) {
        // It is not visible as complete, and the next writer of the name begins anew: nothing depends on it.
        let _ = fs::remove_file(self.partial(key));
    }

    /// Opens a file for reading.
    pub(super) fn open(&self, key: &str) -> Result<File, RunStoreError> {
        File::open(self.path(key)).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => RunStoreError::Missing { path: key.to_owned() },
            _ => RunStoreError::io("open", key, error),
        })
    }

    pub(super) fn exists(&self, key: &str) -> Result<bool, RunStoreError> {
        self.path(key).try_exists().map_err(|error| RunStoreError::io("find", key, error))
    }

    /// Adds one line, newline included, to a file, durably. A torn line of a killed writer is cut off first.
    pub(super) fn append_line(&self, key: &str, line: &[u8]) -> Result<(), RunStoreError> {
        if let Some((folder, _)) = key.rsplit_once('/') {
            self.ensure_folder(folder)?;
        }
        let append = || -> io::Result<()> {
            let path = self.path(key);
            let mut file =
                OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path)?;
            let mut before = Vec::new();
            file.read_to_end(&mut before)?;
            let whole = before.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
            // A file never exceeds what its 64-bit length can say.
            let whole = u64::try_from(whole).unwrap_or(u64::MAX);
            file.set_len(whole)?;
            file.seek(SeekFrom::Start(whole))?;
            file.write_all(line).and_then(|()| file.sync_all()).inspect_err(|_| {
                // What is there of the line must go; if that fails too, the next reader ignores it.
                let _ = file.set_len(whole);
            })
        };
        append().map_err(|error| RunStoreError::io("append to", key, error))?;
        self.sync_folder_of(key)
    }

    /// Makes a folder and those above it, each durably.
    pub(super) fn ensure_folder(&self, key: &str) -> Result<(), RunStoreError> {
        let path = if key.is_empty() { self.root.clone() } else { self.path(key) };
        ensure(&path).map_err(|error| RunStoreError::io("create folder", shown(key), error))
    }

    /// Makes one folder durably; false if it is there already.
    pub(super) fn create_folder(&self, key: &str) -> Result<bool, RunStoreError> {
        match fs::create_dir(self.path(key)) {
            Ok(()) => self.sync_folder_of(key).map(|()| true),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(false),
            Err(error) => Err(RunStoreError::io("create folder", key, error)),
        }
    }

    pub(super) fn is_folder(&self, key: &str) -> bool {
        self.path(key).is_dir()
    }

    /// Lists the whole files of a folder that have the ending, without it, sorted. No folder, no files.
    pub(super) fn files(&self, key: &str, ending: &str) -> Result<Vec<String>, RunStoreError> {
        self.list(key, |entry| {
            let is_file = entry.file_type()?.is_file();
            let name = entry.file_name();
            Ok(name
                .to_str()
                .and_then(|name| name.strip_suffix(ending))
                .filter(|_| is_file)
                .map(str::to_owned))
        })
    }

    /// Lists the folders of a folder, sorted.
    pub(super) fn folders(&self, key: &str) -> Result<Vec<String>, RunStoreError> {
        self.list(key, |entry| {
            let is_folder = entry.file_type()?.is_dir();
            Ok(entry.file_name().to_str().filter(|_| is_folder).map(str::to_owned))
        })
    }

    fn list(
        &self,
        key: &str,
        pick: impl Fn(&fs::DirEntry) -> io::Result<Option<String>>,
    ) -> Result<Vec<String>, RunStoreError> {
        let list = || -> io::Result<Vec<String>> {
            let mut names = Vec::new();
            for entry in fs::read_dir(self.path(key))? {
                names.extend(pick(&entry?)?);
            }
            names.sort_unstable();
            Ok(names)
        };
        match list() {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
            other => other.map_err(|error| RunStoreError::io("list", key, error)),
        }
    }

    fn sync_folder_of(&self, key: &str) -> Result<(), RunStoreError> {
        let path = self.path(key);
        sync_parent(&path).map_err(|error| RunStoreError::io("sync the folder of", key, error))
    }
}

/// How far a finished file must have got.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Durability {
    /// Whole under its name; the system writes it out when it likes. For what a new run can read again.
    Whole,
    /// Survives a power failure.
    OnDisk,
}

/// A file that is being written. It gets its name when it is finished; dropped before, it leaves nothing.
#[derive(Debug)]
pub struct FileWriter {
    disk: Arc<Disk>,
    key: String,
    file: Option<File>,
}

impl FileWriter {
    pub(super) fn key(&self) -> &str {
        &self.key
    }

    fn put(&mut self, bytes: &[u8]) -> Result<(), RunStoreError> {
        self.write_all(bytes).map_err(|error| self.failed(error))
    }

    /// Turns an error of writing to this file into the store's own, so that a full disk is told as such.
    pub fn failed(&self, error: io::Error) -> RunStoreError {
        RunStoreError::io("write", &self.key, error)
    }

    /// Gives the file its name, durably.
    ///
    /// # Errors
    /// The file cannot be brought to the disk; nothing then has its name.
    pub fn finish(self) -> Result<(), RunStoreError> {
        self.keep(Durability::OnDisk)
    }

    pub(super) fn keep(mut self, durability: Durability) -> Result<(), RunStoreError> {
        if let Some(file) = &self.file {
            if durability == Durability::OnDisk {
                file.sync_all().map_err(|error| RunStoreError::io("finish", &self.key, error))?;
            }
            fs::rename(self.disk.partial(&self.key), self.disk.path(&self.key))
                .map_err(|error| RunStoreError::io("finish", &self.key, error))?;
        }
        self.file = None;
        if durability == Durability::OnDisk {
            self.disk.sync_folder_of(&self.key)?;
        }
        Ok(())
    }
}

impl Write for FileWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match &mut self.file {
            Some(file) => file.write(bytes),
            None => Err(io::ErrorKind::BrokenPipe.into()),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.as_mut().map_or(Ok(()), File::flush)
    }
}

impl Drop for FileWriter {
    fn drop(&mut self) {
        if self.file.take().is_some() {
            self.disk.drop_partial(&self.key);
        }
    }
}

fn ensure(path: &Path) -> io::Result<()> {
    if path.is_dir() {
        return Ok(());
    }
    if let Some(parent) = path.parent().filter(|parent| !parent.as_os_str().is_empty()) {
        ensure(parent)?;
    }
    match fs::create_dir(path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists && path.is_dir() => Ok(()),
        Err(error) => Err(error),
        Ok(()) => sync_parent(path),
    }
}

fn sync_parent(path: &Path) -> io::Result<()> {
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(parent)?.sync_all()
}

fn shown(key: &str) -> &str {
    if key.is_empty() { "." } else { key }
}
