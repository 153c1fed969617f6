//! What every place for files promises, held against a disk and a bucket alike; and the lease over both.

mod leases;
mod promises;

use std::sync::Arc;

use object_store::memory::InMemory;
use tempfile::TempDir;

use super::bucket::Bucket;
use super::disk::Disk;
use super::files::Files;
use super::location::BucketAddress;
use super::root::Root;

/// A place that several openers share, as processes share a disk or a bucket.
enum Place {
    Folder(TempDir),
    Bucket(Arc<InMemory>),
}

impl Place {
    fn each() -> [Self; 2] {
        [Self::Folder(tempfile::tempdir().unwrap()), Self::Bucket(Arc::new(InMemory::new()))]
    }

    fn files(&self) -> Box<dyn Files> {
        match self {
            Self::Folder(folder) => Box::new(Disk::new(folder.path().join("store"))),
            Self::Bucket(store) => {
                let address = BucketAddress { bucket: "bestand-runs".into(), prefix: "staging".into() };
                Box::new(Bucket::over(Arc::<InMemory>::clone(store), address).unwrap())
            }
        }
    }

    fn open(&self) -> Arc<Root> {
        Arc::new(Root::new(self.files()))
    }
}
