//! Ctrl-C and SIGTERM.

use std::sync::OnceLock;

use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

use crate::error::Error;

/// The first signal to stop, once one came.
type Stop = Option<SignalKind>;

/// Listened to once for the whole process: a signal that comes between two waits is not lost.
static STOP: OnceLock<watch::Receiver<Stop>> = OnceLock::new();

/// Begins to listen: from here on a signal no longer ends the process by itself.
pub(crate) fn begin() {
    STOP.get_or_init(listen);
}

/// Waits for a signal to stop, and gives it as the error that ends the command. One that came before counts.
pub(crate) async fn stop_requested() -> Error {
    let mut stop = STOP.get_or_init(listen).clone();
    let kind = match stop.wait_for(Option::is_some).await {
        Ok(kind) => *kind,
        Err(_) => None,
    };
    match kind {
        Some(kind) if kind == SignalKind::interrupt() => Error::Interrupted,
        Some(_) => Error::Terminated,
        // Without handlers the system's defaults hold: the process just ends.
        None => std::future::pending().await,
    }
}

/// Does some work that a signal simply ends.
///
/// # Errors
/// The work's own, or the signal.
pub(crate) async fn unless_stopped<T>(work: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
    tokio::select! {
        biased;
        stopped = stop_requested() => Err(stopped),
        done = work => done,
    }
}

fn listen() -> watch::Receiver<Stop> {
    let (raise, stop) = watch::channel(None);
    let handlers = (signal(SignalKind::interrupt()), signal(SignalKind::terminate()));
    if let (Ok(mut interrupt), Ok(mut terminate)) = handlers {
        tokio::spawn(async move {
            let kind = tokio::select! {
                _ = interrupt.recv() => SignalKind::interrupt(),
                _ = terminate.recv() => SignalKind::terminate(),
            };
            raise.send_replace(Some(kind));
            // Whoever asks later must still find it.
            raise.closed().await;
        });
    }
    stop
}
