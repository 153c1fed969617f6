//! How long this process may still write, by a clock that nobody can set.

use std::sync::Mutex;
use std::time::{Duration, Instant};

/// What a writer knows of its own lease (SEMANTICS 3.7).
///
/// The end is counted from before the request that renewed the lease, by the monotonic clock: whatever the time of day
/// does, and however long the process was paused, it never believes in its lease longer than others do.
#[derive(Debug)]
pub struct Tenure {
    /// None: somebody else has taken the store.
    until: Mutex<Option<Instant>>,
}

impl Tenure {
    pub(crate) fn until(end: Instant) -> Self {
        Self { until: Mutex::new(Some(end)) }
    }

    /// Tells whether the lease still holds.
    pub fn holds(&self) -> bool {
        !self.left().is_zero()
    }

    /// Gives how long the lease still holds if it is not renewed.
    pub fn left(&self) -> Duration {
        let until = *self.until.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        until.map_or(Duration::ZERO, |until| until.saturating_duration_since(Instant::now()))
    }

    /// Notes a renewal. What was lost stays lost.
    pub(super) fn extend(&self, end: Instant) {
        let mut until = self.until.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if until.is_some() {
            *until = Some(end);
        }
    }

    /// Notes that somebody else has taken the store.
    pub(super) fn lose(&self) {
        *self.until.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = None;
    }
}
