//! Ctrl-C and SIGTERM.

use tokio::signal::unix::{SignalKind, signal};

use crate::error::Error;

/// Waits for a signal to stop, and gives it as the error that ends the command.
pub(crate) async fn stop_requested() -> Error {
    let interrupt = signal(SignalKind::interrupt());
    let terminate = signal(SignalKind::terminate());
    match (interrupt, terminate) {
        (Ok(mut interrupt), Ok(mut terminate)) => {
            tokio::select! {
                _ = interrupt.recv() => Error::Interrupted,
                _ = terminate.recv() => Error::Terminated,
            }
        }
        // Without handlers the system's defaults hold: the process just ends.
        _ => std::future::pending().await,
    }
}
