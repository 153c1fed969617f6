//! One run at a time per store (promise 8), by a lock that dies with its process.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read as _, Seek as _, Write as _};

use bestand_model::identifiers::RunId;

use super::RunStoreError;
use super::disk::Disk;

const LOCK_FILE: &str = "lock";

/// The right to write to the store; given back when dropped.
#[derive(Debug)]
pub struct RunLock {
    // Closing the file gives the lock back, whatever else happens.
    file: File,
}

pub(super) fn take(disk: &Disk, run_id: &RunId) -> Result<RunLock, RunStoreError> {
    disk.ensure_folder("")?;
    let failed = |error: io::Error| RunStoreError::io("lock", LOCK_FILE, error);
    let mut file = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .open(disk.path(LOCK_FILE))
        .map_err(failed)?;
    match file.try_lock() {
        Ok(()) => {
            let text = format!("run {run_id}, process {}\n", std::process::id());
            file.set_len(0).and_then(|()| file.write_all(text.as_bytes())).map_err(failed)?;
            Ok(RunLock { file })
        }
        Err(TryLockError::WouldBlock) => Err(RunStoreError::Locked { holder: holder(&mut file) }),
        Err(TryLockError::Error(error)) => Err(failed(error)),
    }
}

fn holder(file: &mut File) -> String {
    let mut text = String::new();
    match file.rewind().and_then(|()| file.read_to_string(&mut text)) {
        Ok(_) if !text.trim().is_empty() => text.trim().to_owned(),
        // The other one has the lock but has not yet written its name.
        Ok(_) | Err(_) => "another run".to_owned(),
    }
}

impl Drop for RunLock {
    fn drop(&mut self) {
        // Only for people who look into the file: the lock itself goes with the file's closing.
        let _ = self.file.set_len(0);
    }
}
