//! The reference server of the Register API: a central register on loopback.
//!
//! It keeps the contract in `publisher/openapi/register-api.yaml` with all of its promises, on a SQLite
//! file that survives a restart, and can be told to misbehave ([`RegisterFaults`]). It knows nothing of
//! bestand's client: whoever speaks HTTP may use it.
//!
//! The file is written ahead with `synchronous = FULL`: what was answered survives the end of the process and a power
//! cut. Every change that was asked for is in its audit trail, with what was answered; neither that nor the answers
//! of keys can be changed or deleted in it.

mod access;
mod apply;
mod audit;
mod book;
mod change;
mod clock;
mod faults;
mod problem;
mod request;
mod routes;
mod store;
#[cfg(test)]
mod tests;
mod token;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use axum::serve::ListenerExt;
use jiff::SignedDuration;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

pub use access::{Credential, Role};
pub use book::{Book, BookEntry, book, book_by_audit, copy, write_as_another};
pub use faults::{FaultKind, FaultyCalls, RegisterFault, RegisterFaults, Traffic};

use access::Access;
use store::Store;

/// Most changes in one batch, and most keys in one lookup.
pub const MAX_BATCH: usize = 500;

/// Most entries on one page.
pub const MAX_PAGE: usize = 1_000;

/// Largest body that is taken, in bytes: a full batch of entries with many attributes.
const MAX_BODY_BYTES: usize = 32 * 1024 * 1024;

/// How long open connections may take to end when the server stops.
const STOP_PATIENCE: Duration = Duration::from_secs(2);

/// How a register is started.
#[derive(Debug, Clone)]
pub struct RegisterOptions {
    /// The SQLite file; made if it is not there.
    pub database: PathBuf,
    /// The register's own id.
    pub register_id: String,
    /// The environment the register belongs to, such as `staging`.
    pub environment: String,
    /// Where to listen; port 0 takes a free one.
    pub listen: SocketAddr,
    /// Who may call. Empty: everyone, without a credential, as the source `bestand`.
    pub credentials: Vec<Credential>,
    /// How to misbehave; by default not at all.
    pub faults: RegisterFaults,
}

/// Why a register could not be started.
#[derive(Debug, thiserror::Error)]
pub enum RegisterError {
    /// The database could not be opened or laid out.
    #[error("cannot open the register's database {}", path.display())]
    Database {
        /// The file.
        path: PathBuf,
        /// What the database said.
        source: sqlx::Error,
    },
    /// The address could not be listened on.
    #[error("cannot listen on {address}")]
    Listen {
        /// The address asked for.
        address: SocketAddr,
        /// What the system said.
        source: std::io::Error,
    },
}

/// What every call needs.
struct Register {
    register_id: String,
    environment: String,
    undeclared: Vec<&'static str>,
    store: Store,
    access: Access,
    faults: faults::Injector,
    clock_ahead: SignedDuration,
}

/// A running register; it stops when this is dropped, and in good order by [`RegisterServer::stop`].
#[derive(Debug)]
pub struct RegisterServer {
    url: String,
    stop: Option<oneshot::Sender<()>>,
    task: JoinHandle<()>,
    store: Store,
    traffic: Traffic,
}

impl RegisterServer {
    /// Starts a register and returns once it accepts connections.
    ///
    /// # Errors
    /// When the database cannot be opened or the address cannot be listened on.
    pub async fn start(options: RegisterOptions) -> Result<Self, RegisterError> {
        Self::start_ahead(options, SignedDuration::ZERO).await
    }

    /// The same, with a clock that is ahead of the world's by so much.
    pub(crate) async fn start_ahead(
        options: RegisterOptions,
        clock_ahead: SignedDuration,
    ) -> Result<Self, RegisterError> {
        let RegisterOptions { database, register_id, environment, listen, credentials, faults } = options;
        let store = Store::open(&database)
            .await
            .map_err(|source| RegisterError::Database { path: database, source })?;
        let cannot_listen = |source| RegisterError::Listen { address: listen, source };
        let listener = TcpListener::bind(listen).await.map_err(cannot_listen)?;
        let address = listener.local_addr().map_err(cannot_listen)?;

        let traffic = Traffic::default();
        let register = Arc::new(Register {
            register_id,
            environment: faults.claimed_environment.clone().unwrap_or(environment),
            undeclared: faults.undeclared.clone(),
            store: store.clone(),
            access: Access::new(credentials, faults.token_lifetime),
            faults: faults::Injector::new(faults, traffic.clone()),
            clock_ahead,
        });
        let (stop, stopped) = oneshot::channel::<()>();
        // Small answers on kept-alive connections: without this each would wait for a delayed ACK.
        let listener = listener.tap_io(|stream| {
            if let Err(error) = stream.set_nodelay(true) {
                tracing::debug!(%error, "cannot set TCP_NODELAY");
            }
        });
        let serving = axum::serve(listener, routes::router(register)).with_graceful_shutdown(async {
            // A sender that was dropped stops the server as well.
            stopped.await.ok();
        });
        let task = tokio::spawn(async move {
            if let Err(error) = serving.await {
                tracing::error!(%error, "the register stopped serving");
            }
        });
        Ok(Self { url: format!("http://{address}"), stop: Some(stop), task, store, traffic })
    }

    /// The register's address, without a slash at its end.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// What it has seen so far; goes on counting.
    #[must_use]
    pub fn traffic(&self) -> Traffic {
        self.traffic.clone()
    }

    /// Stops: no new connections, open calls get two seconds, then the database is closed.
    pub async fn stop(mut self) {
        if let Some(stop) = self.stop.take() {
            stop.send(()).ok();
        }
        if tokio::time::timeout(STOP_PATIENCE, &mut self.task).await.is_err() {
            self.task.abort();
        }
        self.store.close().await;
    }
}
