//! Renews a lease beside the work, on a thread of its own: the work may keep all others busy.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::Instant;

use super::record::LeaseRecord;
use super::{LEASE_FILE, LeaseTerms, put, read};
use crate::run_store::RunStoreError;
use crate::run_store::files::Tag;
use crate::run_store::root::Root;
use crate::run_store::tenure::Tenure;

/// A lease is renewed after this part of its term.
const RENEW_AFTER: u32 = 3;
/// Where it could not be renewed, it is tried again after this part of its term.
const TRY_AGAIN_AFTER: u32 = 12;

/// The thread that renews.
#[derive(Debug)]
pub(super) struct Renewal {
    end: Sender<()>,
    thread: JoinHandle<()>,
}

/// What the thread works with.
struct Renewer {
    root: Arc<Root>,
    record: LeaseRecord,
    tag: Tag,
    terms: LeaseTerms,
    tenure: Arc<Tenure>,
}

impl Renewal {
    pub(super) fn begin(
        root: Arc<Root>,
        record: LeaseRecord,
        tag: Tag,
        terms: LeaseTerms,
        tenure: Arc<Tenure>,
    ) -> Result<Self, RunStoreError> {
        let (end, ended) = channel();
        let renewer = Renewer { root, record, tag, terms, tenure };
        let thread = std::thread::Builder::new()
            .name("lease".into())
            .spawn(move || renewer.work(&ended))
            .map_err(|error| RunStoreError::io("renew", LEASE_FILE, error))?;
        Ok(Self { end, thread })
    }

    /// Ends the renewing and gives the lease back, so that the next run need not wait for its end.
    pub(super) fn give_back(self) {
        drop(self.end);
        // It has nothing more to say: a lease that could not be given back ends by itself.
        let _ = self.thread.join();
    }
}

impl Renewer {
    fn work(mut self, ended: &Receiver<()>) {
        let mut wait = self.terms.term / RENEW_AFTER;
        loop {
            match ended.recv_timeout(wait) {
                Err(RecvTimeoutError::Timeout) => {}
                Ok(()) | Err(RecvTimeoutError::Disconnected) => return self.give_back(),
            }
            wait = match self.renew() {
                Ok(true) => self.terms.term / RENEW_AFTER,
                Ok(false) => {
                    tracing::error!(
                        "the lease of the run store was taken by another run: nothing more is written"
                    );
                    self.tenure.lose();
                    return;
                }
                Err(error) => {
                    tracing::warn!(error = %error, left = ?self.tenure.left(), "the lease of the run store is not renewed yet");
                    self.terms.term / TRY_AGAIN_AFTER
                }
            };
        }
    }

    /// False: the lease is somebody else's.
    fn renew(&mut self) -> Result<bool, RunStoreError> {
        let began = Instant::now();
        let mut record = self.record.clone();
        record.renew((self.terms.clock)());
        let tag = match put(&self.root, &record, Some(&self.tag))? {
            Some(tag) => tag,
            // An earlier renewal may have been written although it was answered with an error.
            None => match read(&self.root)? {
                Some((found, tag)) if found.holder == self.record.holder && !found.given_back => {
                    let Some(tag) = put(&self.root, &record, Some(&tag))? else { return Ok(false) };
                    tag
                }
                _ => return Ok(false),
            },
        };
        (self.record, self.tag) = (record, tag);
        self.tenure.extend(began + self.terms.term);
        Ok(true)
    }

    fn give_back(mut self) {
        let now = (self.terms.clock)();
        self.record.given_back = true;
        self.record.expires_at = self.record.expires_at.min(now);
        // What cannot be given back, or is somebody else's by now, needs nothing.
        if let Err(error) = put(&self.root, &self.record, Some(&self.tag)) {
            tracing::warn!(error = %error, "the lease of the run store could not be given back, and ends by itself");
        }
        self.tenure.lose();
    }
}
