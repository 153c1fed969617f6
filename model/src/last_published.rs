//! What bestand itself published last, entry by entry: the third side of a comparison (SEMANTICS 3.2).
//!
//! It is noted from applied changes alone, never from what was merely planned. Lost, it only means that nothing can
//! be told of what somebody else changed.

mod publications;

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::asset::{AssetKey, AssetPatch, AssetState, PublishedAsset};
use crate::attribute::same_value;
use crate::change_set::{Change, ChangeKind, Precondition};

pub use publications::{Publications, Standing};

/// The name of the entry's state where attributes are listed.
pub const STATE: &str = "state";

/// A line of `history/published/<account>.ndjson.zst`: what applied changes set of one entry.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct LastPublished {
    /// The entry.
    pub asset_key: AssetKey,
    /// Digest of the plan that wrote last.
    pub plan: String,
    /// When that plan was made: an older plan that is settled later changes nothing here.
    pub planned_at: Timestamp,
    /// The entry's version after it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// Somebody else wrote between two of our writes: then the version tells nothing of what they changed.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub shared: bool,
    /// The state, if bestand ever set it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<AssetState>,
    /// What bestand set last of each attribute; null where it removed one.
    #[serde(default)]
    pub attributes: BTreeMap<String, Value>,
}

/// An applied change.
#[derive(Clone, Debug)]
pub struct Applied<'a> {
    /// Its plan's digest.
    pub plan: &'a str,
    /// When its plan was made.
    pub planned_at: Timestamp,
    /// The change.
    pub change: &'a Change,
    /// The entry's version after it.
    pub version: Option<String>,
}

/// One attribute that somebody else changed.
#[derive(Clone, Debug, PartialEq)]
pub struct Changed {
    /// Its name; [`STATE`] for the state.
    pub attribute: String,
    /// What bestand published last.
    pub last_published: Value,
    /// What is there now.
    pub present: Value,
}

impl LastPublished {
    /// Lays an applied change over what was published before. The same plan again, and an older one, change nothing.
    #[must_use]
    pub fn after(before: Option<Self>, applied: Applied<'_>) -> Self {
        let Applied { plan, planned_at, change, version } = applied;
        let seen = match &change.precondition {
            Some(Precondition::Version(version)) => Some(version),
            Some(Precondition::Absent(_)) | None => None,
        };
        let mut after = match before {
            Some(before) if before.plan == plan || before.planned_at > planned_at => return before,
            // What is made anew has nothing of what was there before.
            Some(before) if change.kind != ChangeKind::Create => {
                Self { shared: before.shared || before.version.as_ref() != seen, ..before }
            }
            Some(_) | None => Self {
                asset_key: change.asset_key,
                plan: String::new(),
                planned_at,
                version: None,
                shared: false,
                state: None,
                attributes: BTreeMap::new(),
            },
        };
        plan.clone_into(&mut after.plan);
        after.planned_at = planned_at;
        after.version = version;
        let AssetPatch { state, account_id: _, attributes } = &change.after;
        let state = if change.kind == ChangeKind::Retire { Some(AssetState::Retired) } else { *state };
        after.state = state.or(after.state);
        after.attributes.extend(attributes.iter().map(|(name, value)| (name.clone(), value.clone())));
        after
    }

    /// Lists what somebody else changed since. Where bestand itself wrote after what is noted here, nothing can be told.
    pub fn changed(&self, entry: &PublishedAsset, publications: &Publications) -> Vec<Changed> {
        let untouched = !self.shared && self.version.as_ref() == Some(&entry.version);
        let noted = entry.last_plan.as_ref() == Some(&self.plan);
        if untouched || (!noted && publications.wrote(entry)) {
            return Vec::new();
        }
        let mut changed: Vec<Changed> = self
            .attributes
            .iter()
            .filter_map(|(name, last)| {
                let present = entry.attributes.get(name).unwrap_or(&Value::Null);
                (!same_value(last, present)).then(|| Changed {
                    attribute: name.clone(),
                    last_published: last.clone(),
                    present: present.clone(),
                })
            })
            .collect();
        if let Some(last) = self.state.filter(|state| *state != entry.state) {
            changed.push(Changed {
                attribute: STATE.to_owned(),
                last_published: state_value(last),
                present: state_value(entry.state),
            });
        }
        changed
    }
}

fn state_value(state: AssetState) -> Value {
    Value::from(match state {
        AssetState::Active => "active",
        AssetState::Retired => "retired",
    })
}

/// What is remembered of those entries of one account that somebody else may have touched.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct PublishedMemory {
    #[serde(default)]
    lines: BTreeMap<AssetKey, LastPublished>,
    #[serde(default)]
    publications: Publications,
}

impl PublishedMemory {
    /// Takes the publications there were, and what is needed of the lines.
    pub fn new(publications: Publications, lines: impl IntoIterator<Item = LastPublished>) -> Self {
        Self { lines: lines.into_iter().map(|line| (line.asset_key, line)).collect(), publications }
    }

    /// Gives what is remembered of each entry.
    pub fn lines(&self) -> impl Iterator<Item = &LastPublished> {
        self.lines.values()
    }

    /// Gives of the publications what counts for these entries: so it can be written down beside them.
    pub fn publications_of(&self, entries: &[PublishedAsset]) -> Publications {
        let remembered = entries.iter().filter(|entry| self.lines.contains_key(&entry.asset_key));
        self.publications.only(&remembered.filter_map(|entry| entry.last_plan.as_deref()).collect())
    }

    /// Tells whether bestand is known to have published the entry.
    pub fn knows(&self, key: AssetKey) -> bool {
        self.lines.contains_key(&key)
    }

    /// Lists what somebody else changed in an entry since bestand published it.
    pub fn changed(&self, entry: &PublishedAsset) -> Vec<Changed> {
        let line = self.lines.get(&entry.asset_key);
        line.map(|line| line.changed(entry, &self.publications)).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests;
