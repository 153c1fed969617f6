//! One part of the entries, owner by owner: counted all, and the gravest kept.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufRead as _, BufReader, Seek as _};

use bestand_model::finding::{FindingKind, Severity};
use jiff::Timestamp;

use super::MAX_FINDINGS_PER_DIGEST;
use super::entry::Entry;
use crate::report::ReportError;

/// The order of a letter: the gravest first, then by kind, then the oldest.
type Place = (Reverse<Severity>, FindingKind, Option<Timestamp>, String);

/// What one owner is told.
#[derive(Debug, Default)]
pub(super) struct OwnersPart {
    pub(super) high: u64,
    pub(super) medium: u64,
    pub(super) low: u64,
    pub(super) gravest: BTreeMap<Place, String>,
}

impl OwnersPart {
    /// Tells how many findings there are.
    pub(super) fn total(&self) -> u64 {
        self.high + self.medium + self.low
    }

    /// Tells how many of them are in the letter.
    pub(super) fn shown(&self) -> u64 {
        u64::try_from(self.gravest.len()).unwrap_or(u64::MAX)
    }

    fn add(&mut self, entry: Entry) {
        match entry.severity {
            Severity::High => self.high += 1,
            Severity::Medium => self.medium += 1,
            Severity::Low | Severity::Info => self.low += 1,
        }
        let place = (Reverse(entry.severity), entry.kind, entry.since, entry.finding_id);
        self.gravest.insert(place, entry.text);
        if self.gravest.len() > MAX_FINDINGS_PER_DIGEST {
            self.gravest.pop_last();
        }
    }
}

/// Reads a part back.
///
/// # Errors
/// It cannot be read.
pub(super) fn read(mut file: &File) -> Result<BTreeMap<Option<String>, OwnersPart>, ReportError> {
    file.rewind()?;
    let mut owners: BTreeMap<Option<String>, OwnersPart> = BTreeMap::new();
    for line in BufReader::new(file).lines() {
        let mut entry: Entry = serde_json::from_str(&line?)
            .map_err(|source| ReportError::Json { what: "digest's entry", source })?;
        owners.entry(entry.owner.take()).or_default().add(entry);
    }
    Ok(owners)
}
