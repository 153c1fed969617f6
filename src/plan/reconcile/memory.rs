//! What bestand published last, as far as an account's judgement needs it.

use std::collections::HashSet;

use bestand_model::asset::{AssetKey, PublishedAsset};
use bestand_model::last_published::{LastPublished, Publications, PublishedMemory};
use bestand_publisher::publish::{PUBLISHED_MEMORY, readable};
use bestand_publisher::run_store::{RunStore, RunStoreError};

/// Reads what is remembered of those entries that somebody else may have touched: mostly none, and then nothing is
/// read. Memory grows with these, not with the account. Of two files that know an entry the later one counts.
pub(super) fn of(
    store: &RunStore,
    publications: &Publications,
    files: &[&str],
    published: &[PublishedAsset],
) -> Result<PublishedMemory, RunStoreError> {
    let touched: HashSet<AssetKey> = published
        .iter()
        .filter(|entry| publications.needs_memory(entry))
        .map(|entry| entry.asset_key)
        .collect();
    let shared = files.iter().any(|file| publications.is_shared(file));
    if touched.is_empty() && !shared {
        return Ok(PublishedMemory::default());
    }
    let all: HashSet<AssetKey> =
        if shared { published.iter().map(|entry| entry.asset_key).collect() } else { HashSet::new() };
    let needed = |line: &LastPublished| {
        touched.contains(&line.asset_key) || (line.shared && all.contains(&line.asset_key))
    };
    let mut lines = Vec::new();
    for file in files {
        lines.extend(readable(store, &format!("{PUBLISHED_MEMORY}/{file}"))?.filter(needed));
    }
    Ok(PublishedMemory::new(publications.clone(), lines))
}
