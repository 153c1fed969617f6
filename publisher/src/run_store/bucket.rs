//! A prefix of an S3 bucket as the place of the store's files.
//!
//! Files grow on the local disk, in a folder that goes with the process, and are sent when they are kept: an object
//! appears whole or not at all, memory stays small, and what could not be sent is sent again from the start.
//! Objects are written and read by `object_store`; the conditional writes that the lease rests on are S3's own.

mod bridge;
mod credentials;
mod errors;
mod options;
mod reader;
mod upload;

use std::io::Read;
use std::path::PathBuf;
use std::sync::Arc;

use bestand_model::digest::sha256_hex;
use futures::TryStreamExt as _;
use object_store::path::Path;
use object_store::{
    Error as StoreError, ObjectStore, ObjectStoreExt as _, PutMode, PutOptions, PutPayload, UpdateVersion,
};
use tempfile::TempDir;

use super::RunStoreError;
use super::files::{Durability, Files, Liveness, Tag};
use super::location::BucketAddress;
use bridge::Bridge;
pub use options::{BucketOptions, Encryption};

/// The object that shows that a run was begun.
const BEGUN: &str = "begun";
/// A line is added to an object that others add to as well so often before that is given up.
const APPEND_ATTEMPTS: usize = 5;

/// A prefix of a bucket.
#[derive(Debug)]
pub(super) struct Bucket {
    store: Arc<dyn ObjectStore>,
    address: BucketAddress,
    bridge: Bridge,
    staging: TempDir,
}

impl Bucket {
    pub(super) fn new(address: BucketAddress, options: BucketOptions) -> Result<Self, RunStoreError> {
        let store = Arc::new(options.client(&address)?);
        Self::over(store, address)
    }

    pub(super) fn over(store: Arc<dyn ObjectStore>, address: BucketAddress) -> Result<Self, RunStoreError> {
        let staging = tempfile::Builder::new()
            .prefix("bestand-")
            .tempdir()
            .map_err(|error| RunStoreError::io("stage", "files that are to be sent to S3", error))?;
        Ok(Self { store, address, bridge: Bridge::new()?, staging })
    }

    fn path(&self, key: &str) -> Result<Path, RunStoreError> {
        Path::parse(self.address.key(key))
            .map_err(|error| RunStoreError::UnsafeName { name: key.to_owned(), reason: error.to_string() })
    }

    /// Lets one request be made, and waits for it.
    fn ask<T: Send + 'static, F>(
        &self,
        action: &'static str,
        key: &str,
        request: impl FnOnce(Arc<dyn ObjectStore>, Path) -> F,
    ) -> Result<T, RunStoreError>
    where
        F: Future<Output = Result<T, StoreError>> + Send + 'static,
    {
        let request = request(Arc::clone(&self.store), self.path(key)?);
        self.bridge.wait(request)?.map_err(|error| errors::sort(action, self.place(key), error))
    }

    fn staged(&self, key: &str) -> PathBuf {
        self.staging.path().join(key)
    }

    /// The names right below a folder: of objects, and of folders.
    fn names(&self, key: &str) -> Result<(Vec<String>, Vec<String>), RunStoreError> {
        let listed =
            self.ask("list", key, |store, path| async move { store.list_with_delimiter(Some(&path)).await })?;
        let mut objects: Vec<String> =
            listed.objects.iter().filter_map(|meta| meta.location.filename().map(str::to_owned)).collect();
        let mut folders: Vec<String> =
            listed.common_prefixes.iter().filter_map(|path| path.filename().map(str::to_owned)).collect();
        objects.sort_unstable();
        folders.sort_unstable();
        Ok((objects, folders))
    }

    fn put(&self, key: &str, bytes: Vec<u8>, mode: PutMode) -> Result<Option<Tag>, RunStoreError> {
        let put = self.ask("write", key, |store, path| async move {
            let options = PutOptions { mode, ..PutOptions::default() };
            match store.put_opts(&path, PutPayload::from(bytes), options).await {
                Ok(result) => Ok(Some(result.e_tag)),
                // Two conditional writes at a time: S3 lets one of them through and answers 409 to the other.
                Err(StoreError::AlreadyExists { .. } | StoreError::Precondition { .. }) => Ok(None),
                Err(error) => Err(error),
            }
        })?;
        match put {
            None => Ok(None),
            Some(Some(tag)) => Ok(Some(Tag(tag))),
            Some(None) => {
                Err(RunStoreError::Unsuited { what: "it gives no ETag for what was written".into() })
            }
        }
    }
}

impl Files for Bucket {
    fn place(&self, key: &str) -> String {
        self.address.url_of(key)
    }

    fn partial(&self, key: &str) -> Result<PathBuf, RunStoreError> {
        let path = self.staged(key);
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder).map_err(|error| RunStoreError::io("stage", key, error))?;
        }
        Ok(path)
    }

    /// An object that S3 has acknowledged is durable, whatever was asked for.
    fn keep_partial(&self, key: &str, _durability: Durability) -> Result<(), RunStoreError> {
        let staged = self.staged(key);
        let file = staged.clone();
        let sent =
            self.ask("write", key, |store, path| async move { upload::send(&*store, &path, file).await });
        if sent.is_ok() {
            self.drop_partial(key);
        }
        sent
    }

    fn drop_partial(&self, key: &str) {
        // It goes with the folder at the latest.
        let _ = std::fs::remove_file(self.staged(key));
    }

    fn read(&self, key: &str) -> Result<Option<Vec<u8>>, RunStoreError> {
        Ok(self.read_tagged(key)?.map(|(bytes, _)| bytes))
    }

    fn open(&self, key: &str) -> Result<Box<dyn Read + Send>, RunStoreError> {
        let body = self.ask("open", key, |store, path| async move {
            match store.get(&path).await {
                Ok(found) => Ok(Some(found.into_stream())),
                Err(StoreError::NotFound { .. }) => Ok(None),
                Err(error) => Err(error),
            }
        })?;
        match body {
            Some(body) => Ok(Box::new(reader::BodyReader::new(self.bridge.clone(), body))),
            None => Err(RunStoreError::Missing { path: key.to_owned() }),
        }
    }

    fn exists(&self, key: &str) -> Result<bool, RunStoreError> {
        self.ask("find", key, |store, path| async move {
            match store.head(&path).await {
                Ok(_) => Ok(true),
                Err(StoreError::NotFound { .. }) => Ok(false),
                Err(error) => Err(error),
            }
        })
    }

    /// Objects cannot grow: the whole is written anew, if nobody else did meanwhile.
    fn append_line(&self, key: &str, line: &[u8]) -> Result<(), RunStoreError> {
        for _ in 0..APPEND_ATTEMPTS {
            let (mut bytes, tag) = match self.read_tagged(key)? {
                Some((bytes, tag)) => (bytes, Some(tag)),
                None => (Vec::new(), None),
            };
            if tag.is_some() && bytes.ends_with(line) {
                // An earlier attempt was written although its answer was lost.
                return Ok(());
            }
            bytes.extend_from_slice(line);
            if self.put_if(key, &bytes, tag.as_ref())?.is_some() {
                return Ok(());
            }
        }
        let busy = std::io::Error::other("others keep writing it");
        Err(RunStoreError::io("append to", key, busy))
    }

    fn ensure_folder(&self, _key: &str) -> Result<(), RunStoreError> {
        // There are no folders: an object's name is all.
        Ok(())
    }

    fn create_folder(&self, key: &str) -> Result<bool, RunStoreError> {
        let key = format!("{key}/{BEGUN}");
        // Told apart from what another process writes at the same moment.
        let unique = format!("{} {:?}", std::process::id(), std::time::Instant::now());
        let mark = sha256_hex(unique.as_bytes()).into_bytes();
        if self.put_if(&key, &mark, None)?.is_some() {
            return Ok(true);
        }
        // A request that was answered into the void and repeated finds its own mark.
        Ok(self.read(&key)?.is_some_and(|found| found == mark))
    }

    fn is_folder(&self, key: &str) -> Result<bool, RunStoreError> {
        self.ask(
            "find",
            key,
            |store, path| async move { Ok(store.list(Some(&path)).try_next().await?.is_some()) },
        )
    }

    fn files(&self, key: &str, ending: &str) -> Result<Vec<String>, RunStoreError> {
        let (objects, _) = self.names(key)?;
        Ok(objects.iter().filter_map(|name| name.strip_suffix(ending)).map(str::to_owned).collect())
    }

    fn tree(&self, key: &str) -> Result<Vec<(String, u64)>, RunStoreError> {
        let listed: Vec<_> =
            self.ask("list", key, |store, path| async move { store.list(Some(&path)).try_collect().await })?;
        let above = format!("{}/", self.address.key(key));
        let mut found: Vec<(String, u64)> = listed
            .into_iter()
            .filter_map(|meta| Some((meta.location.as_ref().strip_prefix(&above)?.to_owned(), meta.size)))
            .filter(|(path, _)| path != BEGUN)
            .collect();
        found.sort_unstable();
        Ok(found)
    }

    fn folders(&self, key: &str) -> Result<Vec<String>, RunStoreError> {
        Ok(self.names(key)?.1)
    }

    fn probe(&self, key: &str) -> Result<(), RunStoreError> {
        self.put(key, b"bestand doctor".to_vec(), PutMode::Overwrite)?;
        self.ask("delete", key, |store, path| async move { store.delete(&path).await })
    }

    fn read_tagged(&self, key: &str) -> Result<Option<(Vec<u8>, Tag)>, RunStoreError> {
        let found = self.ask("read", key, |store, path| async move {
            match store.get(&path).await {
                Ok(found) => {
                    let tag = found.meta.e_tag.clone();
                    Ok(Some((found.bytes().await?, tag)))
                }
                Err(StoreError::NotFound { .. }) => Ok(None),
                Err(error) => Err(error),
            }
        })?;
        match found {
            None => Ok(None),
            Some((bytes, Some(tag))) => Ok(Some((bytes.to_vec(), Tag(tag)))),
            Some((_, None)) => {
                Err(RunStoreError::Unsuited { what: "it gives no ETag for what is read".into() })
            }
        }
    }

    fn put_if(&self, key: &str, bytes: &[u8], expected: Option<&Tag>) -> Result<Option<Tag>, RunStoreError> {
        let mode = match expected {
            None => PutMode::Create,
            Some(Tag(tag)) => PutMode::Update(UpdateVersion { e_tag: Some(tag.clone()), version: None }),
        };
        self.put(key, bytes.to_vec(), mode)
    }

    fn liveness(&self) -> Result<Liveness, RunStoreError> {
        Ok(Liveness::Untold)
    }
}
