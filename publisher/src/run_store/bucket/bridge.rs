//! From the store's plain calls to requests that are waited for: the store's callers block, its requests do not.

use std::sync::Arc;
use std::sync::mpsc::sync_channel;

use tokio::runtime::{Builder, Handle, Runtime, RuntimeFlavor};

use crate::run_store::RunStoreError;

/// One thread that makes all requests of a store.
#[derive(Clone, Debug)]
pub(super) struct Bridge {
    runtime: Arc<Background>,
}

/// A runtime that may be dropped anywhere, also where nothing may block.
#[derive(Debug)]
struct Background(Option<Runtime>);

impl Drop for Background {
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}

impl Bridge {
    pub(super) fn new() -> Result<Self, RunStoreError> {
        let runtime = Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name("run-store")
            .enable_all()
            .build()
            .map_err(|error| RunStoreError::io("reach", "S3", error))?;
        Ok(Self { runtime: Arc::new(Background(Some(runtime))) })
    }

    /// Makes a request and blocks the caller's thread until it is done. Other tasks of the caller's runtime go on.
    pub(super) fn wait<T: Send + 'static>(
        &self,
        request: impl Future<Output = T> + Send + 'static,
    ) -> Result<T, RunStoreError> {
        let gone = || RunStoreError::io("reach", "S3", std::io::Error::other("its thread has ended"));
        let runtime = self.runtime.0.as_ref().ok_or_else(gone)?;
        let (done, wait) = sync_channel(1);
        runtime.spawn(async move {
            // Whoever asked waits for exactly this.
            let _ = done.send(request.await);
        });
        let blocking =
            Handle::try_current().is_ok_and(|own| own.runtime_flavor() == RuntimeFlavor::MultiThread);
        let answer = if blocking { tokio::task::block_in_place(|| wait.recv()) } else { wait.recv() };
        answer.map_err(|_| gone())
    }
}
