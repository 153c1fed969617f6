//! The digest over a whole spool: what its files say, line by line, and in which file each line stands.
//!
//! It is the SHA-256 over a list as `sha256sum` writes it, `<SHA-256 of the file's lines> <name>` and a newline for each
//! file, sorted by name. So it depends on no compression, and anybody can reckon it with other tools.

use bestand_model::digest::RunningDigest;
use serde::de::DeserializeOwned;

use super::{RunDirectory, RunStoreError, Spool};

impl RunDirectory {
    /// Reads every line of a spool in the order of its files, gives each away, and digests them all as they lie there.
    /// One line is held at a time.
    ///
    /// # Errors
    /// A file cannot be read, or a line of it makes no sense.
    pub fn sealed<T: DeserializeOwned>(
        &self,
        spool: Spool,
        mut take: impl FnMut(T),
    ) -> Result<String, RunStoreError> {
        let mut all = RunningDigest::default();
        for name in self.names(spool)? {
            let mut lines = self.read::<T>(spool, &name)?.digesting();
            for line in lines.by_ref() {
                take(line?);
            }
            all.add(&format!("{} {name}", lines.digest()));
        }
        Ok(all.finish())
    }
}
