//! One run at a time per store (promise 8; SEMANTICS 3.7): whoever works in it holds its lease, and renews it.
//!
//! The lease is one small file, written only if nobody else wrote it since it was read. Its time is up when the holder
//! has not renewed it; on a disk it is over as soon as the holder's process is. A holder that was paused too long finds
//! by the monotonic clock that its time is up, before it writes or sends anything.

mod record;
mod renewal;

use std::sync::Arc;
use std::time::{Duration, Instant};

use bestand_model::identifiers::RunId;
use jiff::Timestamp;

use super::RunStoreError;
use super::files::{HeldOpen, Liveness, Tag};
use super::root::Root;
use super::tenure::Tenure;
use record::LeaseRecord;
use renewal::Renewal;

/// The lease's file.
const LEASE_FILE: &str = "lease.json";
/// So often a lease is looked at while others come and go, before it is said to be theirs.
const ATTEMPTS: usize = 3;

/// Who asks for the store, and for how long at a time.
#[derive(Clone, Debug)]
pub struct LeaseTerms {
    /// The run that will write.
    pub run_id: RunId,
    /// The register that it will write to, where there is one.
    pub register_id: Option<String>,
    /// How long the lease holds without being renewed.
    pub term: Duration,
    /// The time of day, as others read it off the lease.
    pub clock: fn() -> Timestamp,
}

/// The right to write to the store; renewed by itself, and given back when dropped.
#[derive(Debug)]
pub struct Lease {
    tenure: Arc<Tenure>,
    renewal: Option<Renewal>,
    // Closing it tells others on this machine that this process is done.
    _held: Option<Box<dyn HeldOpen + Send + Sync>>,
}

impl Lease {
    /// Gives what tells how long the lease holds.
    pub fn tenure(&self) -> Arc<Tenure> {
        Arc::clone(&self.tenure)
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        if let Some(renewal) = self.renewal.take() {
            renewal.give_back();
        }
    }
}

/// Takes the store, or tells who has it.
pub(super) fn take(root: &Arc<Root>, terms: LeaseTerms) -> Result<Lease, RunStoreError> {
    let liveness = root.files().liveness()?;
    let seen_dead = matches!(liveness, Liveness::Gone(_));
    let mut holder = None;
    for _ in 0..ATTEMPTS {
        let found = read(root)?;
        let now = (terms.clock)();
        if let Some((last, _)) = &found
            && !(last.is_over(now) || (seen_dead && last.on_disk))
        {
            return Err(RunStoreError::Locked { holder: last.to_string() });
        }
        let record = LeaseRecord::new(&terms, now, seen_dead);
        let began = Instant::now();
        let tag = found.as_ref().map(|(_, tag)| tag);
        if let Some(tag) = put(root, &record, tag)? {
            let tenure = Arc::new(Tenure::until(began + terms.term));
            root.bind(Arc::clone(&tenure));
            let renewal = Renewal::begin(Arc::clone(root), record, tag, terms, Arc::clone(&tenure))?;
            let held = match liveness {
                Liveness::Gone(held) => Some(held as Box<dyn HeldOpen + Send + Sync>),
                Liveness::Alive | Liveness::Untold => None,
            };
            return Ok(Lease { tenure, renewal: Some(renewal), _held: held });
        }
        holder = Some(found.map_or_else(|| "another run".to_owned(), |(last, _)| last.to_string()));
    }
    Err(RunStoreError::Locked { holder: holder.unwrap_or_else(|| "another run".to_owned()) })
}

fn read(root: &Root) -> Result<Option<(LeaseRecord, Tag)>, RunStoreError> {
    let Some((bytes, tag)) = root.files().read_tagged(LEASE_FILE)? else { return Ok(None) };
    match serde_json::from_slice(&bytes) {
        Ok(record) => Ok(Some((record, tag))),
        Err(error) => Err(RunStoreError::Damaged {
            path: LEASE_FILE.to_owned(),
            line: None,
            reason: format!("{error}; if no run is at work, delete it"),
        }),
    }
}

/// Writes the lease if it is still the version of the tag. A request that was answered into the void and repeated
/// finds its own record: that is no refusal.
fn put(root: &Root, record: &LeaseRecord, tag: Option<&Tag>) -> Result<Option<Tag>, RunStoreError> {
    let bytes = record.bytes()?;
    if let Some(tag) = root.files().put_if(LEASE_FILE, &bytes, tag)? {
        return Ok(Some(tag));
    }
    let found = root.files().read_tagged(LEASE_FILE)?;
    Ok(found.filter(|(found, _)| *found == bytes).map(|(_, tag)| tag))
}
