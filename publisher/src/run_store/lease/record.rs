//! `lease.json`: who works in the store, and until when.

use std::fmt;

use bestand_model::digest::sha256_hex;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::{LEASE_FILE, LeaseTerms};
use crate::run_store::RunStoreError;

/// What the lease's file says.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub(super) struct LeaseRecord {
    /// The run that holds the store, or held it last.
    pub(super) run_id: String,
    /// The register that it writes to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) register_id: Option<String>,
    /// Its process, on its machine.
    pub(super) process: u32,
    /// Tells this holder apart from every other, also of the same run.
    pub(super) holder: String,
    /// Whether the holder's life can be seen on the disk: its lease is then over with it.
    pub(super) on_disk: bool,
    /// When it was taken.
    pub(super) taken_at: Timestamp,
    /// When it was renewed last.
    pub(super) renewed_at: Timestamp,
    /// Until when it holds; when it was given back, if that is earlier.
    pub(super) expires_at: Timestamp,
    /// Seconds that it holds at a time.
    pub(super) term_seconds: u64,
    /// Whether it was given back.
    #[serde(default)]
    pub(super) given_back: bool,
}

impl LeaseRecord {
    pub(super) fn new(terms: &LeaseTerms, now: Timestamp, on_disk: bool) -> Self {
        let process = std::process::id();
        let unique =
            format!("{} {process} {} {:?}", terms.run_id, now.as_nanosecond(), std::time::Instant::now());
        let mut record = Self {
            run_id: terms.run_id.to_string(),
            register_id: terms.register_id.clone(),
            process,
            holder: sha256_hex(unique.as_bytes()).chars().take(16).collect(),
            on_disk,
            taken_at: now,
            renewed_at: now,
            expires_at: now,
            term_seconds: terms.term.as_secs(),
            given_back: false,
        };
        record.renew(now);
        record
    }

    pub(super) fn renew(&mut self, now: Timestamp) {
        self.renewed_at = now;
        self.expires_at = later(now, self.term_seconds);
    }

    /// Tells whether nobody holds the store by this record any more. Clocks of two machines differ: a quarter of the
    /// term is waited besides.
    pub(super) fn is_over(&self, now: Timestamp) -> bool {
        self.given_back || now > later(self.expires_at, self.term_seconds / 4)
    }

    pub(super) fn bytes(&self) -> Result<Vec<u8>, RunStoreError> {
        let mut bytes = serde_json::to_vec_pretty(self)
            .map_err(|source| RunStoreError::Encode { path: LEASE_FILE.to_owned(), source })?;
        bytes.push(b'\n');
        Ok(bytes)
    }
}

impl fmt::Display for LeaseRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "run {}, process {}, until {}", self.run_id, self.process, self.expires_at)
    }
}

fn later(from: Timestamp, seconds: u64) -> Timestamp {
    let by = SignedDuration::from_secs(i64::try_from(seconds).unwrap_or(i64::MAX));
    from.checked_add(by).unwrap_or(Timestamp::MAX)
}
