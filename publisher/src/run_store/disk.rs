//! A folder of the local disk as the place of the store's files.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use bestand_model::digest::sha256_hex;

use super::RunStoreError;
use super::files::{Durability, Files, Liveness, Tag};

/// What a file is called until it is whole. The lease makes one fixed name per file safe, and a name that a killed
/// run left behind is simply written over.
const PARTIAL_ENDING: &str = ".partial";
/// Held open, and locked, by the process that works in the store: the system gives it back when that dies.
const LOCK_FILE: &str = "lock";
/// Locked for the moment in which a file is compared and replaced.
const GUARD_FILE: &str = "lock.guard";

/// A folder of the local file system.
#[derive(Debug)]
pub(super) struct Disk {
    root: PathBuf,
}

impl Disk {
    pub(super) fn new(root: PathBuf) -> Self {
        Self { root }
    }

    fn path(&self, key: &str) -> PathBuf {
        self.root.join(key)
    }

    fn partial_path(&self, key: &str) -> PathBuf {
        self.root.join(format!("{key}{PARTIAL_ENDING}"))
    }

    fn ensure_folder_of(&self, key: &str) -> Result<(), RunStoreError> {
        self.ensure_folder(key.rsplit_once('/').map_or("", |(folder, _)| folder))
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

    fn write_whole(&self, key: &str, bytes: &[u8]) -> Result<(), RunStoreError> {
        let partial = self.partial(key)?;
        fs::write(partial, bytes).map_err(|error| RunStoreError::io("write", key, error))?;
        self.keep_partial(key, Durability::OnDisk)
    }
}

impl Files for Disk {
    fn place(&self, key: &str) -> String {
        self.path(key).display().to_string()
    }

    fn partial(&self, key: &str) -> Result<PathBuf, RunStoreError> {
        self.ensure_folder_of(key)?;
        Ok(self.partial_path(key))
    }

    fn keep_partial(&self, key: &str, durability: Durability) -> Result<(), RunStoreError> {
        let failed = |error| RunStoreError::io("finish", key, error);
        let partial = self.partial_path(key);
        if durability == Durability::OnDisk {
            File::open(&partial).and_then(|file| file.sync_all()).map_err(failed)?;
        }
        fs::rename(&partial, self.path(key)).map_err(failed)?;
        if durability == Durability::OnDisk {
            self.sync_folder_of(key)?;
        }
        Ok(())
    }

    fn drop_partial(&self, key: &str) {
        // It is not visible as complete, and the next writer of the name begins anew: nothing depends on it.
        let _ = fs::remove_file(self.partial_path(key));
    }

    fn read(&self, key: &str) -> Result<Option<Vec<u8>>, RunStoreError> {
        match fs::read(self.path(key)) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(RunStoreError::io("read", key, error)),
        }
    }

    fn open(&self, key: &str) -> Result<Box<dyn Read + Send>, RunStoreError> {
        match File::open(self.path(key)) {
            Ok(file) => Ok(Box::new(file)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                Err(RunStoreError::Missing { path: key.to_owned() })
            }
            Err(error) => Err(RunStoreError::io("open", key, error)),
        }
    }

    fn exists(&self, key: &str) -> Result<bool, RunStoreError> {
        self.path(key).try_exists().map_err(|error| RunStoreError::io("find", key, error))
    }

    /// A torn line of a killed writer is cut off first.
    fn append_line(&self, key: &str, line: &[u8]) -> Result<(), RunStoreError> {
        self.ensure_folder_of(key)?;
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

    /// Each folder is made durably.
    fn ensure_folder(&self, key: &str) -> Result<(), RunStoreError> {
        let path = if key.is_empty() { self.root.clone() } else { self.path(key) };
        ensure(&path).map_err(|error| RunStoreError::io("create folder", shown(key), error))
    }

    fn create_folder(&self, key: &str) -> Result<bool, RunStoreError> {
        match fs::create_dir(self.path(key)) {
            Ok(()) => self.sync_folder_of(key).map(|()| true),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(false),
            Err(error) => Err(RunStoreError::io("create folder", key, error)),
        }
    }

    fn is_folder(&self, key: &str) -> Result<bool, RunStoreError> {
        Ok(self.path(key).is_dir())
    }

    fn files(&self, key: &str, ending: &str) -> Result<Vec<String>, RunStoreError> {
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

    fn tree(&self, key: &str) -> Result<Vec<(String, u64)>, RunStoreError> {
        let mut found = Vec::new();
        collect(&self.path(key), "", &mut found).map_err(|error| RunStoreError::io("list", key, error))?;
        found.sort_unstable();
        Ok(found)
    }

    fn folders(&self, key: &str) -> Result<Vec<String>, RunStoreError> {
        self.list(key, |entry| {
            let is_folder = entry.file_type()?.is_dir();
            Ok(entry.file_name().to_str().filter(|_| is_folder).map(str::to_owned))
        })
    }

    fn probe(&self, key: &str) -> Result<(), RunStoreError> {
        let partial = self.partial(key)?;
        let written = fs::write(partial, b"bestand doctor");
        self.drop_partial(key);
        written.map_err(|error| RunStoreError::io("write", key, error))
    }

    fn read_tagged(&self, key: &str) -> Result<Option<(Vec<u8>, Tag)>, RunStoreError> {
        Ok(self.read(key)?.map(|bytes| {
            let tag = Tag(sha256_hex(&bytes));
            (bytes, tag)
        }))
    }

    fn put_if(&self, key: &str, bytes: &[u8], expected: Option<&Tag>) -> Result<Option<Tag>, RunStoreError> {
        self.ensure_folder("")?;
        let failed = |error| RunStoreError::io("lock", GUARD_FILE, error);
        let guard = open_lock(&self.path(GUARD_FILE)).map_err(failed)?;
        // Held for a few milliseconds by anybody, and given back when this file is closed.
        guard.lock().map_err(failed)?;
        let found = self.read_tagged(key)?.map(|(_, tag)| tag);
        if found.as_ref() != expected {
            return Ok(None);
        }
        self.write_whole(key, bytes)?;
        Ok(Some(Tag(sha256_hex(bytes))))
    }

    fn liveness(&self) -> Result<Liveness, RunStoreError> {
        self.ensure_folder("")?;
        let failed = |error| RunStoreError::io("lock", LOCK_FILE, error);
        let file = open_lock(&self.path(LOCK_FILE)).map_err(failed)?;
        match file.try_lock() {
            Ok(()) => Ok(Liveness::Gone(Box::new(file))),
            Err(TryLockError::WouldBlock) => Ok(Liveness::Alive),
            Err(TryLockError::Error(error)) => Err(failed(error)),
        }
    }
}

/// Collects the whole files of a folder and of those below it. Links are not followed: what they lead to is not the
/// store's.
fn collect(folder: &Path, above: &str, found: &mut Vec<(String, u64)>) -> io::Result<()> {
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        other => other?,
    };
    for entry in entries {
        let entry = entry?;
        let kind = entry.file_type()?;
        let Some(name) = entry.file_name().to_str().map(|name| format!("{above}{name}")) else { continue };
        if kind.is_dir() {
            collect(&entry.path(), &format!("{name}/"), found)?;
        } else if kind.is_file() && !name.ends_with(PARTIAL_ENDING) {
            found.push((name, entry.metadata()?.len()));
        }
    }
    Ok(())
}

fn open_lock(path: &Path) -> io::Result<File> {
    OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path)
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
