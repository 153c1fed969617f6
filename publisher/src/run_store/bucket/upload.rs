//! Sends a local file: small ones in one request, larger ones in parts.

use std::path::PathBuf;

use object_store::path::Path;
use object_store::{Error as StoreError, ObjectStore, ObjectStoreExt as _, PutPayload, WriteMultipart};
use tokio::fs::File;
use tokio::io::AsyncReadExt as _;

/// What is larger goes in parts of this size; S3 takes at most 10,000 of them.
const PART_BYTES: usize = 8 << 20;
/// Parts under way at a time.
const PARTS: usize = 3;

/// Sends the file's content. The object appears when all of it has arrived.
pub(super) async fn send(store: &dyn ObjectStore, path: &Path, file: PathBuf) -> Result<(), StoreError> {
    let local =
        |source: std::io::Error| StoreError::Generic { store: "local file", source: Box::new(source) };
    let mut file = File::open(file).await.map_err(local)?;
    let length = usize::try_from(file.metadata().await.map_err(local)?.len()).unwrap_or(usize::MAX);
    if length <= PART_BYTES {
        let mut bytes = Vec::with_capacity(length);
        file.read_to_end(&mut bytes).await.map_err(local)?;
        store.put(path, PutPayload::from(bytes)).await?;
        return Ok(());
    }
    let part_bytes = PART_BYTES.max(length / 9_000);
    let upload = store.put_multipart(path).await?;
    let mut parts = WriteMultipart::new_with_chunk_size(upload, part_bytes);
    match send_parts(&mut file, &mut parts, part_bytes).await {
        Ok(()) => parts.finish().await.map(|_| ()),
        Err(error) => {
            // Parts that stay behind cost money, and nothing else: the bucket's lifecycle rule takes them away.
            let _ = parts.abort().await;
            Err(error)
        }
    }
}

async fn send_parts(
    file: &mut File,
    parts: &mut WriteMultipart,
    part_bytes: usize,
) -> Result<(), StoreError> {
    loop {
        parts.wait_for_capacity(PARTS).await?;
        let mut part = Vec::with_capacity(part_bytes);
        let read = file.take(part_bytes as u64).read_to_end(&mut part).await;
        read.map_err(|source| StoreError::Generic { store: "local file", source: Box::new(source) })?;
        if part.is_empty() {
            return Ok(());
        }
        parts.put(part.into());
    }
}
