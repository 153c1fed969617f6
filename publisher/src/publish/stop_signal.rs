//! How a publication learns that it shall end.

use tokio::sync::watch;

/// A request to stop: once raised, no new batch is begun.
#[derive(Clone, Debug)]
pub struct StopSignal(Option<watch::Receiver<bool>>);

impl StopSignal {
    /// Follows a channel that becomes true when a signal such as SIGTERM arrives.
    pub fn new(raised: watch::Receiver<bool>) -> Self {
        Self(Some(raised))
    }

    /// Is never raised.
    pub fn never() -> Self {
        Self(None)
    }

    /// Tells whether it was raised.
    pub fn is_raised(&self) -> bool {
        self.0.as_ref().is_some_and(|raised| *raised.borrow())
    }
}

impl From<watch::Receiver<bool>> for StopSignal {
    fn from(raised: watch::Receiver<bool>) -> Self {
        Self::new(raised)
    }
}
