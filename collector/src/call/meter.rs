//! How often AWS was called.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use bestand_model::run_summary::AwsCalls;

use crate::action::Action;

/// Counts calls and retries by service.
#[derive(Debug, Default)]
pub(crate) struct Meter(Mutex<BTreeMap<&'static str, (u64, u64)>>);

impl Meter {
    /// Counts an attempt: a call, or a retry of one.
    pub(crate) fn count(&self, action: Action, again: bool) {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (calls, retries) = counts.entry(action.service()).or_default();
        *(if again { retries } else { calls }) += 1;
    }

    /// Gives what was counted so far.
    pub(crate) fn read(&self) -> AwsCalls {
        let mut calls = AwsCalls::default();
        for (service, (made, again)) in self.0.lock().unwrap_or_else(PoisonError::into_inner).iter() {
            calls.add(service, *made, *again);
        }
        calls
    }
}
