//! Which changes are shown: the gravest that fit.

use std::collections::{BTreeMap, BTreeSet};

use bestand_model::change_set::{Change, ChangeCounts};
use bestand_publisher::run_store::{RunDirectory, RunStoreError, Spool};

use super::entry::{Entry, Weight};

/// Streams the change files and gives what may fit into so many lines: the gravest first, in the files' order.
///
/// # Errors
/// A change file cannot be read.
pub(super) fn candidates(
    directory: &RunDirectory,
    counts: &ChangeCounts,
    max_lines: usize,
) -> Result<Vec<Entry>, RunStoreError> {
    let mut kept: BTreeMap<Weight, Vec<Entry>> = BTreeMap::new();
    'files: for file in directory.names(Spool::Changes)? {
        for change in directory.read::<Change>(Spool::Changes, &file)? {
            let change = change?;
            let Some(weight) = Weight::of(&change) else { continue };
            let of_weight = kept.entry(weight).or_default();
            // Each takes a line at least.
            if of_weight.len() < max_lines {
                of_weight.push(Entry::new(&change, weight, &file));
                if is_full(&kept, counts, max_lines) {
                    break 'files;
                }
            }
        }
    }
    let mut left = max_lines;
    let all = kept.into_values().flatten();
    Ok(all
        .take_while(|entry| {
            let fits = entry.lines() <= left;
            left = left.saturating_sub(entry.lines());
            fits
        })
        .collect())
}

/// Leaves out what does not fit once each group has its own line.
pub(super) fn fit(entries: &mut Vec<Entry>, max_lines: usize) {
    let mut groups = BTreeSet::new();
    let mut lines = 0;
    let fitting = entries
        .iter()
        .take_while(|entry| {
            lines += entry.lines() + usize::from(groups.insert(entry.group()));
            lines <= max_lines
        })
        .count();
    entries.truncate(fitting);
}

/// Tells whether nothing that is still to be read could be graver than what fills the lines already.
fn is_full(kept: &BTreeMap<Weight, Vec<Entry>>, counts: &ChangeCounts, max_lines: usize) -> bool {
    let mut lines = 0;
    for (weight, all) in
        [(Weight::Retire, counts.retire), (Weight::Create, counts.create), (Weight::Update, counts.update)]
    {
        let of_weight = kept.get(&weight).map(Vec::as_slice).unwrap_or_default();
        lines += of_weight.iter().map(Entry::lines).sum::<usize>();
        if lines >= max_lines {
            return true;
        }
        if (of_weight.len() as u64) < all {
            return false;
        }
    }
    false
}
