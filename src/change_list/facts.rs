//! What a change itself does not say of its asset: a patch names only what it sets. The entries that were read and the
//! findings know the rest.

use std::collections::{BTreeMap, BTreeSet};

use bestand_model::asset::{AssetKey, PublishedAsset};
use bestand_model::attribute;
use bestand_model::change_set::Change;
use bestand_model::finding::Finding;
use bestand_publisher::run_store::{RunDirectory, RunStoreError, Spool};
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::entry::{Entry, Facts};

/// Looks up names, types and keys for what is shown; only in the files of its accounts.
///
/// # Errors
/// A file cannot be read.
pub(super) fn complete(directory: &RunDirectory, entries: &mut [Entry]) -> Result<(), RunStoreError> {
    learn(directory, Spool::Published, entries, |asset: &PublishedAsset, facts| {
        facts.learn_from(|name| asset.attributes.get(name).and_then(Value::as_str));
    })?;
    learn(directory, Spool::Findings, entries, |finding: &Finding, facts| {
        facts.learn_from(|name| match name {
            attribute::NAME => finding.name.as_deref(),
            attribute::RESOURCE_TYPE => finding.resource_type.as_ref().map(|kind| kind.as_str()),
            attribute::ARN => finding.arn.as_ref().map(|arn| arn.as_str()),
            attribute::ASSET_ID => finding.asset_id.as_ref().map(|id| id.as_str()),
            _ => None,
        });
    })?;
    learn(directory, Spool::Changes, entries, |change: &Change, facts| facts.learn(&change.after))
}

/// What tells of an asset.
trait Tells: DeserializeOwned {
    fn asset_key(&self) -> Option<&AssetKey>;
}

impl Tells for PublishedAsset {
    fn asset_key(&self) -> Option<&AssetKey> {
        Some(&self.asset_key)
    }
}

impl Tells for Finding {
    fn asset_key(&self) -> Option<&AssetKey> {
        self.asset_key.as_ref()
    }
}

impl Tells for Change {
    fn asset_key(&self) -> Option<&AssetKey> {
        Some(&self.asset_key)
    }
}

/// Reads a spool as long as something is lacking that it could tell.
fn learn<T: Tells>(
    directory: &RunDirectory,
    spool: Spool,
    entries: &mut [Entry],
    tell: impl Fn(&T, &mut Facts),
) -> Result<(), RunStoreError> {
    let mut lacking = lacking(entries);
    for file in files(entries, &lacking) {
        if !directory.exists(spool, &file)? {
            continue;
        }
        for line in directory.read::<T>(spool, &file)? {
            let line = line?;
            let index = line.asset_key().and_then(|key| lacking.get(key)).copied();
            let Some(entry) = index.and_then(|index| entries.get_mut(index)) else { continue };
            tell(&line, &mut entry.facts);
            if !entry.facts.lack_something() {
                lacking.remove(&entry.asset_key);
            }
        }
    }
    Ok(())
}

/// Gives where the entries stand of which something is not known.
fn lacking(entries: &[Entry]) -> BTreeMap<AssetKey, usize> {
    let all = entries.iter().enumerate();
    all.filter(|(_, entry)| entry.facts.lack_something())
        .map(|(index, entry)| (entry.asset_key, index))
        .collect()
}

fn files(entries: &[Entry], lacking: &BTreeMap<AssetKey, usize>) -> BTreeSet<String> {
    lacking.values().filter_map(|index| entries.get(*index)).map(|entry| entry.file.clone()).collect()
}
