//! A letter for each owner: what of the findings is theirs to mend, the gravest first, as plain text that can be
//! mailed as it is.
//!
//! Findings come as a stream, in no order of owners. They are parted by owner into scratch files, and one part after
//! the other becomes letters, so that memory is bound by a part and not by the run (docs/CORRECTIONS.md).

mod advice;
mod entry;
mod file_name;
mod letter;
mod part;
mod spill;

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::path::Path;

use bestand_model::account::Account;
use bestand_model::finding::Finding;
use bestand_model::run_summary::RunSummary;
use csv::{Terminator, WriterBuilder};

use crate::report::{ReportError, neutral};

pub use file_name::{file_name, is_file_name};

/// A letter tells of at most this many findings, and how many more there are.
pub const MAX_FINDINGS_PER_DIGEST: usize = 100;

/// What a letter says of the run.
#[derive(Clone, Copy, Debug)]
pub struct DigestHead<'a> {
    /// The run in figures.
    pub summary: &'a RunSummary,
    /// The accounts that the directory names.
    pub accounts: &'a [Account],
}

/// What was written, in figures.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct DigestCounts {
    /// Letters.
    pub digests: u64,
    /// Findings that they count.
    pub findings: u64,
}

/// Writes the letters, each through `keep` with the name of its file, and the index of them. `scratch` is a folder for
/// files that are needed meanwhile.
///
/// # Errors
/// Writing fails, or a scratch file cannot be read back.
pub fn write_digests(
    head: &DigestHead<'_>,
    findings: &mut dyn Iterator<Item = Finding>,
    scratch: &Path,
    index: &mut dyn Write,
    keep: &mut dyn FnMut(&str, &str) -> io::Result<()>,
) -> Result<DigestCounts, ReportError> {
    let names: BTreeMap<&str, &str> = head
        .accounts
        .iter()
        .filter_map(|account| Some((account.id.as_str(), account.name.as_deref()?)))
        .collect();
    let mut spill = spill::Spill::begin(scratch)?;
    for finding in findings.filter(advice::is_to_be_told) {
        spill.add(&entry::Entry::of(&finding, &names))?;
    }
    let mut counts = DigestCounts::default();
    let mut index = WriterBuilder::new().terminator(Terminator::CRLF).from_writer(index);
    let columns = ["owner", "file", "findings", "high", "medium", "low", "shown"];
    index.write_record(columns).map_err(failed)?;
    for part in spill.parts()? {
        for (owner, of) in part::read(&part?)? {
            let name = file_name(owner.as_deref());
            keep(&name, &letter::text(head, owner.as_deref(), &of))?;
            counts.digests += 1;
            counts.findings += of.total();
            let owner = owner.as_deref().map(neutral).unwrap_or_default();
            let figures = [of.total(), of.high, of.medium, of.low, of.shown()].map(|count| count.to_string());
            let row = [owner.as_ref(), name.as_str()].into_iter().chain(figures.iter().map(String::as_str));
            index.write_record(row).map_err(failed)?;
        }
    }
    index.flush()?;
    Ok(counts)
}

fn failed(error: csv::Error) -> ReportError {
    ReportError::Write(io::Error::from(error))
}

#[cfg(test)]
mod tests;
